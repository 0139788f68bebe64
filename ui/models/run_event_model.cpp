// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/run_event_model.h"

#include <QDateTime>
#include <QLocale>

#include "ui/format.h"
#include "ui/widgets/config_form/form_fields.h"

namespace distillix::ui {
namespace {

using Json = nlohmann::ordered_json;

QString number(const Json& line, const char* key) {
    const auto found = line.find(key);
    return found != line.end() && found->is_number() ? formatNumber(found->get<double>()) : QStringLiteral("–");
}

}  // namespace

QString runEventText(const RunEvent& event) {
    const auto with = [&](const QString& what) {
        return event.message.isEmpty() ? what : what + QStringLiteral(": ") + event.message;
    };
    const QString& type = event.type;
    if (type == QLatin1String("validation"))
        return RunEventModel::tr("Validation loss %1, %2 bits per byte")
            .arg(number(event.line, "loss"), number(event.line, "bitsPerByte"));
    if (type == QLatin1String("checkpoint")) return RunEventModel::tr("Checkpoint");
    if (type == QLatin1String("started")) return RunEventModel::tr("Started");
    if (type == QLatin1String("resumed")) return RunEventModel::tr("Resumed");
    if (type == QLatin1String("set")) {
        QStringList parts;
        const auto values = event.line.find("values");
        if (values != event.line.end() && values->is_object())
            for (const auto& [key, value] : values->items())
                parts += fieldLabel(QString::fromStdString(key)) + QStringLiteral(" ") +
                         (value.is_number() ? formatNumber(value.get<double>()) : QString::fromStdString(value.dump()));
        return parts.isEmpty() ? with(RunEventModel::tr("Settings changed")) : parts.join(QStringLiteral(", "));
    }
    if (type == QLatin1String("switch")) return with(RunEventModel::tr("Schedule"));
    if (type == QLatin1String("skipped")) return with(RunEventModel::tr("Step skipped"));
    if (type == QLatin1String("paused")) return with(RunEventModel::tr("Paused"));
    if (type == QLatin1String("continued")) return with(RunEventModel::tr("Continued"));
    if (type == QLatin1String("warning")) return with(RunEventModel::tr("Warning"));
    if (type == QLatin1String("crashed")) return with(RunEventModel::tr("Crashed before"));
    if (type == QLatin1String("finished")) return with(RunEventModel::tr("Finished"));
    if (type == QLatin1String("stopped")) return with(RunEventModel::tr("Stopped"));
    if (type == QLatin1String("failed")) return with(RunEventModel::tr("Failed"));
    if (type == QLatin1String("command")) {
        const auto command = event.line.find("command");
        const QString name = command != event.line.end() && command->is_string()
                                 ? QString::fromStdString(command->get<std::string>())
                                 : QString();
        const bool done = event.line.contains("ok") && event.line["ok"] == true;
        return with(done ? RunEventModel::tr("Did “%1”").arg(name) : RunEventModel::tr("Refused “%1”").arg(name));
    }
    return with(type);
}

std::optional<ChartMark::Kind> runEventMark(const RunEvent& event) {
    const QString& type = event.type;
    if (type == QLatin1String("checkpoint")) return ChartMark::Kind::Checkpoint;
    if (type == QLatin1String("set")) return ChartMark::Kind::Change;
    if (type == QLatin1String("switch")) return ChartMark::Kind::Switch;
    if (type == QLatin1String("skipped")) return ChartMark::Kind::Skipped;
    if (type == QLatin1String("resumed") || type == QLatin1String("paused") || type == QLatin1String("crashed") ||
        type == QLatin1String("warning"))
        return ChartMark::Kind::Other;
    return {};
}

void RunEventModel::setEvents(const std::vector<RunEvent>& events) {
    std::vector<Row> rows;
    rows.reserve(events.size());
    for (const RunEvent& event : events) rows.push_back({event.time, runEventText(event), event.step});
    const bool grows = rows.size() >= m_rows.size() && std::equal(m_rows.begin(), m_rows.end(), rows.begin());
    if (grows) {
        const int fresh = static_cast<int>(rows.size() - m_rows.size());
        if (fresh == 0) return;
        beginInsertRows({}, 0, fresh - 1);
        m_rows = std::move(rows);
        endInsertRows();
        return;
    }
    beginResetModel();
    m_rows = std::move(rows);
    endResetModel();
}

int RunEventModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int RunEventModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : 3;
}

QVariant RunEventModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount()) return {};
    const Row& row = m_rows[m_rows.size() - 1 - static_cast<std::size_t>(index.row())];
    if (role == Qt::TextAlignmentRole)
        return static_cast<int>((index.column() == 1 ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    if (role != Qt::DisplayRole && !(role == Qt::ToolTipRole && index.column() == 2)) return {};
    if (index.column() == 0)
        return QLocale().toString(QDateTime::fromString(row.time, Qt::ISODateWithMs).toLocalTime(), "d MMM HH:mm:ss");
    return index.column() == 1 ? QVariant(formatExact(row.step)) : QVariant(row.text);
}

QVariant RunEventModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
    return section == 0 ? tr("When") : section == 1 ? tr("Step") : section == 2 ? tr("What") : QVariant();
}

}  // namespace distillix::ui
