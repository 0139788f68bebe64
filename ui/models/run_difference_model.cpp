// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/run_difference_model.h"

#include <QFileInfo>

#include "ui/widgets/config_form/form_fields.h"

namespace distillix::ui {
namespace {

using Json = nlohmann::ordered_json;

QString shown(const Json& value) {
    if (value.is_null()) return RunDifferenceModel::tr("none");
    if (value.is_boolean()) return value.get<bool>() ? RunDifferenceModel::tr("on") : RunDifferenceModel::tr("off");
    if (value.is_string()) return QString::fromStdString(value.get<std::string>());
    if (value.is_number_float()) return QString::number(value.get<double>(), 'g', 7);
    return QString::fromStdString(value.dump());
}

/// Everything that decides a run, by name.
std::vector<std::pair<QString, QString>> settingsOf(const RunFollower& run) {
    const RunInfo& info = run.summary().info;
    Json training = info.training;
    for (const RunEvent& event : run.events())
        if (event.type == QLatin1String("set") && event.line.contains("values") && event.line["values"].is_object())
            for (const auto& [key, value] : event.line["values"].items()) training[key] = value;
    std::vector<std::pair<QString, QString>> settings;
    settings.emplace_back(RunDifferenceModel::tr("Dataset"),
                          QFileInfo(QString::fromStdString(info.datasetPath)).fileName() + QStringLiteral(" · ") +
                              QString::fromStdString(info.datasetHash).left(8));
    for (const Json* part : {&info.model, static_cast<const Json*>(&training), &info.versions})
        for (const auto& [key, value] : part->items())
            if (!value.is_object() && !value.is_array())
                settings.emplace_back(fieldLabel(QString::fromStdString(key)), shown(value));
    return settings;
}

}  // namespace

void RunDifferenceModel::setRuns(const std::vector<const RunFollower*>& runs) {
    beginResetModel();
    m_names.clear();
    m_rows.clear();
    std::vector<std::vector<std::pair<QString, QString>>> settings;
    for (const RunFollower* run : runs) {
        m_names += run->name();
        settings.push_back(settingsOf(*run));
    }
    QStringList keys;
    for (const auto& one : settings)
        for (const auto& [key, value] : one)
            if (!keys.contains(key)) keys += key;
    for (const QString& key : keys) {
        Row row{key, {}};
        bool differs = runs.size() < 2;
        for (const auto& one : settings) {
            const auto found =
                std::find_if(one.begin(), one.end(), [&](const auto& pair) { return pair.first == key; });
            row.values += found == one.end() ? QStringLiteral("–") : found->second;
            differs = differs || row.values.back() != row.values.front();
        }
        if (differs) m_rows.push_back(std::move(row));
    }
    endResetModel();
}

int RunDifferenceModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int RunDifferenceModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_names.size()) + 1;
}

QVariant RunDifferenceModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount()) return {};
    if (role != Qt::DisplayRole && role != Qt::ToolTipRole) return {};
    const Row& row = m_rows[static_cast<std::size_t>(index.row())];
    return index.column() == 0 ? row.key : row.values.value(index.column() - 1);
}

QVariant RunDifferenceModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
    return section == 0 ? tr("Setting") : m_names.value(section - 1);
}

}  // namespace distillix::ui
