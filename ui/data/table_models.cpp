// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/data/table_models.h"

#include <QFileInfo>
#include <QLocale>
#include <algorithm>

#include "ui/data/import_request.h"

namespace distillix::ui {

namespace {
constexpr int kLongestCell = 300;  // what a cell shows; the tooltip has more
constexpr int kLongestTip = 3000;

QString oneLine(const QString& text) {
    QString line = text.left(kLongestCell);
    line.replace(QLatin1Char('\n'), QStringLiteral(" ⏎ ")).replace(QLatin1Char('\t'), QLatin1Char(' '));
    return text.size() > kLongestCell ? line + QStringLiteral("…") : line;
}
}  // namespace

void PreviewModel::setSource(const QJsonObject& source) {
    beginResetModel();
    m_columns.clear();
    m_roles.clear();
    m_rows.clear();
    for (const QJsonValue& column : source.value(QStringLiteral("columns")).toArray()) m_columns << column.toString();
    const QJsonObject roles = source.value(QStringLiteral("roles")).toObject();
    for (auto role = roles.begin(); role != roles.end(); ++role) m_roles.insert(role.value().toString(), role.key());
    for (const QJsonValue& row : source.value(QStringLiteral("rows")).toArray()) {
        QStringList cells;
        for (const QJsonValue& cell : row.toArray()) cells << cell.toString();
        m_rows.append(cells);
    }
    endResetModel();
}

int PreviewModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int PreviewModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_columns.size());
}

QVariant PreviewModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= m_rows.size()) return {};
    const QString text = m_rows[index.row()].value(index.column());
    if (role == Qt::DisplayRole) return oneLine(text);
    if (role == Qt::ToolTipRole) return text.left(kLongestTip);
    return {};
}

QVariant PreviewModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation == Qt::Vertical) return role == Qt::DisplayRole ? QVariant(section + 1) : QVariant();
    const QString name = column(section);
    const QString use = this->role(name);
    const QString useName = use.isEmpty() ? tr("not used") : columnRoleName(use);
    if (role == Qt::DisplayRole) return useName + QStringLiteral("  ▾\n") + name;
    if (role == Qt::AccessibleTextRole) return tr("%1, used as: %2").arg(name, useName);
    if (role == Qt::ToolTipRole) return tr("Click to use the column \"%1\" as something else").arg(name);
    if (role == Qt::TextAlignmentRole) return int(Qt::AlignLeft | Qt::AlignVCenter);
    return {};
}

void RefusalModel::clear() {
    beginResetModel();
    m_refusals.clear();
    endResetModel();
}

void RefusalModel::append(const QList<QJsonObject>& refusals) {
    const auto first = static_cast<int>(m_refusals.size());
    const auto count = static_cast<int>(std::min<qsizetype>(refusals.size(), kMost - first));
    if (count <= 0) return;
    beginInsertRows({}, first, first + count - 1);
    for (int i = 0; i < count; ++i) {
        const QJsonObject& refusal = refusals[i];
        const QJsonValue column = refusal.value(QStringLiteral("column"));
        m_refusals.append(
            {refusal.value(QStringLiteral("file")).toString(), refusal.value(QStringLiteral("line")).toInteger(),
             column.isString()        ? column.toString()
             : column.toInteger() > 0 ? QString::number(column.toInteger())
                                      : QString(),
             refusal.value(QStringLiteral("reason")).toString(), refusal.value(QStringLiteral("detail")).toString()});
    }
    endInsertRows();
}

int RefusalModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_refusals.size());
}

int RefusalModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : 4;
}

QVariant RefusalModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= m_refusals.size()) return {};
    const Refusal& refusal = m_refusals[index.row()];
    if (role == Qt::ToolTipRole)
        return index.column() == 0 ? refusal.file : index.column() == 3 ? refusal.detail.left(kLongestTip) : QVariant();
    if (role == Qt::TextAlignmentRole && index.column() == 1) return int(Qt::AlignRight | Qt::AlignVCenter);
    if (role != Qt::DisplayRole) return {};
    switch (index.column()) {
        case 0:
            return QFileInfo(refusal.file).fileName();
        case 1:
            return (refusal.line > 0 ? QLocale().toString(refusal.line) : QString()) +
                   (refusal.column.isEmpty() ? QString() : QLatin1Char(':') + refusal.column);
        case 2:
            return refusal.reason;
        case 3:
            return oneLine(refusal.detail);
    }
    return {};
}

QVariant RefusalModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    if (role == Qt::TextAlignmentRole) return int((section == 1 ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    if (role != Qt::DisplayRole) return {};
    switch (section) {
        case 0:
            return tr("File");
        case 1:
            return tr("Line");
        case 2:
            return tr("Why it cannot be used");
        case 3:
            return tr("More");
    }
    return {};
}

}  // namespace distillix::ui
