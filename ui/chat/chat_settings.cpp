// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/chat_settings.h"

#include <QAbstractItemView>
#include <QButtonGroup>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QInputDialog>
#include <QJsonDocument>
#include <QLabel>
#include <QMenu>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QToolButton>
#include <QVBoxLayout>
#include <QWheelEvent>
#include <cmath>

#include "core/data/chat_template.h"
#include "core/data/stored_template.h"
#include "core/infer/sampling.h"

namespace distillix::ui {
namespace {

const QString kPresetsKey = QStringLiteral("chat/presets");

QString fieldLabel(const QString& name) {
    static const QHash<QString, const char*> labels{
        {"max_tokens", QT_TRANSLATE_NOOP("distillix::ui::ChatSettings", "Longest answer (tokens)")},
        {"temperature", QT_TRANSLATE_NOOP("distillix::ui::ChatSettings", "Temperature")},
        {"top_k", QT_TRANSLATE_NOOP("distillix::ui::ChatSettings", "Top k")},
        {"top_p", QT_TRANSLATE_NOOP("distillix::ui::ChatSettings", "Top p")},
        {"min_p", QT_TRANSLATE_NOOP("distillix::ui::ChatSettings", "Min p")},
        {"repetition_penalty", QT_TRANSLATE_NOOP("distillix::ui::ChatSettings", "Repetition penalty")},
        {"repetition_window", QT_TRANSLATE_NOOP("distillix::ui::ChatSettings", "Penalty window (tokens)")},
        {"seed", QT_TRANSLATE_NOOP("distillix::ui::ChatSettings", "Seed")},
        {"overflow", QT_TRANSLATE_NOOP("distillix::ui::ChatSettings", "When the context is full")},
        {"logprobs", QT_TRANSLATE_NOOP("distillix::ui::ChatSettings", "Alternatives kept per token")}};
    const char* label = labels.value(name);
    return label ? ChatSettings::tr(label) : name;
}

/// The values that a preset of the program starts from: the engine's own.
QJsonObject engineDefaults() {
    QJsonObject json;
    const SamplingConfig defaults;
    SamplingConfig::forEachField(defaults, [&](const auto& value, const Field& field) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::string>)
            json[QLatin1String(field.name)] = QString::fromStdString(value);
        else
            json[QLatin1String(field.name)] = static_cast<double>(value);
    });
    json.remove(QStringLiteral("seed"));  // a new one for each answer
    json[QStringLiteral("logprobs")] = 6;
    return json;
}

const QList<std::pair<const char*, QJsonObject>>& builtIn() {
    static const QList<std::pair<const char*, QJsonObject>> presets = [] {
        const auto with = [](std::initializer_list<std::pair<QString, QJsonValue>> changes) {
            QJsonObject values = engineDefaults();
            for (const auto& [key, value] : changes) values[key] = value;
            return values;
        };
        return QList<std::pair<const char*, QJsonObject>>{
            {QT_TRANSLATE_NOOP("distillix::ui::ChatSettings", "Balanced"), with({})},
            {QT_TRANSLATE_NOOP("distillix::ui::ChatSettings", "Precise"), with({{"temperature", 0.0}})},
            {QT_TRANSLATE_NOOP("distillix::ui::ChatSettings", "Inventive"),
             with({{"temperature", 1.1}, {"top_k", 0}, {"top_p", 1.0}, {"min_p", 0.05}})}};
    }();
    return presets;
}

/// Combo boxes and number fields change by the wheel only when they have the focus; else the panel scrolls.
class WheelGuard : public QObject {
  public:
    using QObject::QObject;
    bool eventFilter(QObject* watched, QEvent* event) override {
        if (event->type() != QEvent::Wheel || static_cast<QWidget*>(watched)->hasFocus()) return false;
        event->ignore();
        return true;
    }
};

}  // namespace

SamplingPresets::SamplingPresets(Settings& settings) : m_settings(settings) {
    m_own = QJsonDocument::fromJson(settings.value(kPresetsKey).toString().toUtf8()).object();
}

QString SamplingPresets::first() {
    return ChatSettings::tr(builtIn().first().first);
}

QStringList SamplingPresets::names() const {
    QStringList names;
    for (const auto& [name, values] : builtIn()) names.append(ChatSettings::tr(name));
    for (const QString& name : m_own.keys())
        if (!names.contains(name)) names.append(name);
    return names;
}

QJsonObject SamplingPresets::values(const QString& name) const {
    QJsonObject values = engineDefaults();
    if (m_own.contains(name)) {
        const QJsonObject own = m_own[name].toObject();
        for (auto at = own.begin(); at != own.end(); ++at) values[at.key()] = at.value();
        return values;
    }
    for (const auto& [key, preset] : builtIn())
        if (ChatSettings::tr(key) == name) return preset;
    return values;
}

void SamplingPresets::save(const QString& name, const QJsonObject& values) {
    m_own[name] = values;
    write();
}

void SamplingPresets::remove(const QString& name) {
    m_own.remove(name);
    write();
}

void SamplingPresets::write() {
    m_settings.setValue(kPresetsKey, QString::fromUtf8(QJsonDocument(m_own).toJson(QJsonDocument::Compact)));
}

ChatSettings::ChatSettings(Theme& theme, Settings& settings, QWidget* parent)
    : QScrollArea(parent), m_theme(theme), m_presets(settings) {
    setObjectName(QStringLiteral("chatSettings"));
    setAccessibleName(tr("How the model is asked"));
    setWidgetResizable(true);
    setFrameShape(QFrame::NoFrame);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    auto* content = new QWidget;
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(space::l, space::l, space::l, space::l);
    layout->setSpacing(space::xs);
    auto* guard = new WheelGuard(this);

    auto* mode = new QHBoxLayout;
    mode->setSpacing(0);
    m_chat = new QPushButton(tr("Chat"), content);
    m_chat->setObjectName(QStringLiteral("chatMode"));
    m_chat->setToolTip(tr("Questions and answers, put as the model's template has them"));
    m_completion = new QPushButton(tr("Completion"), content);
    m_completion->setObjectName(QStringLiteral("completionMode"));
    m_completion->setToolTip(tr("The text is simply continued, without a template: for base models"));
    auto* group = new QButtonGroup(this);
    for (QPushButton* button : {m_chat, m_completion}) {
        button->setCheckable(true);
        group->addButton(button);
        mode->addWidget(button, 1);
    }
    m_chat->setProperty("segment", "first");
    m_completion->setProperty("segment", "last");
    m_chat->setChecked(true);
    layout->addLayout(mode);
    layout->addSpacing(space::m);

    m_system = new QPlainTextEdit(content);
    m_system->setObjectName(QStringLiteral("systemPrompt"));
    m_system->setPlaceholderText(tr("What the model is told before the conversation"));
    m_system->setTabChangesFocus(true);
    m_system->setFixedHeight(theme.scaled(76));
    m_chatOnly.append(
        row(layout, tr("System prompt"), m_system, tr("Put in front of every question of this conversation")));
    m_template = new QComboBox(content);
    m_template->setObjectName(QStringLiteral("template"));
    m_template->addItem(tr("The model's own"), QStringLiteral("auto"));
    for (const std::string& name : ChatTemplate::names())
        m_template->addItem(QString::fromStdString(name), QString::fromStdString(name));
    m_template->addItem(tr("None"), QLatin1String(kNoTemplate));
    m_chatOnly.append(row(layout, tr("Chat template"), m_template, tr("How questions and answers become one text")));
    m_used = new QLabel(content);
    m_used->setObjectName(QStringLiteral("usedTemplate"));
    m_used->setTextFormat(Qt::PlainText);
    m_used->setWordWrap(true);
    Theme::setType(m_used, Type::Caption);
    Theme::setInk(m_used, Ink::Muted);
    layout->addWidget(m_used);
    m_chatOnly.append(m_used);
    layout->addSpacing(space::s);

    auto* presetRow = new QWidget(content);
    auto* presetLayout = new QHBoxLayout(presetRow);
    presetLayout->setContentsMargins(0, 0, 0, 0);
    presetLayout->setSpacing(space::xs);
    m_preset = new QComboBox(presetRow);
    m_preset->setObjectName(QStringLiteral("preset"));
    m_presetMenu = new QToolButton(presetRow);
    m_presetMenu->setObjectName(QStringLiteral("presetMenu"));
    m_presetMenu->setAccessibleName(tr("Save or delete a preset"));
    m_presetMenu->setToolTip(tr("Save or delete a preset"));
    m_presetMenu->setPopupMode(QToolButton::InstantPopup);
    m_presetMenu->setIcon(theme.icon(QStringLiteral("more")));
    auto* menu = new QMenu(m_presetMenu);
    QAction* save = menu->addAction(tr("Save as a preset…"));
    QAction* remove = menu->addAction(tr("Delete this preset"));
    connect(menu, &QMenu::aboutToShow, this,
            [this, remove] { remove->setEnabled(m_presets.isOwn(m_preset->currentText())); });
    connect(save, &QAction::triggered, this, [this] {
        auto* ask = new QInputDialog(this);
        ask->setAttribute(Qt::WA_DeleteOnClose);
        ask->setWindowTitle(tr("Save as a preset"));
        ask->setLabelText(tr("Name of the preset"));
        connect(ask, &QInputDialog::textValueSelected, this, &ChatSettings::savePreset);
        ask->open();
    });
    connect(remove, &QAction::triggered, this, [this] {
        m_presets.remove(m_preset->currentText());
        listPresets({});
        edited();
    });
    m_presetMenu->setMenu(menu);
    presetLayout->addWidget(m_preset, 1);
    presetLayout->addWidget(m_presetMenu);
    row(layout, tr("Sampling preset"), presetRow, {});

    const SamplingConfig defaults;
    SamplingConfig::forEachField(defaults, [&](const auto& value, const Field& field) {
        using T = std::decay_t<decltype(value)>;
        const QString name = QLatin1String(field.name);
        const QString help = QString::fromUtf8(field.help);
        if constexpr (std::is_same_v<T, std::string>) {
            auto* box = new QComboBox(content);
            for (const std::string& choice : field.choices)
                box->addItem(choice == "drop"   ? tr("Drop the oldest turns")
                             : choice == "stop" ? tr("Stop")
                                                : QString::fromStdString(choice),
                             QString::fromStdString(choice));
            box->setObjectName(name);
            box->installEventFilter(guard);
            connect(box, &QComboBox::currentIndexChanged, this, &ChatSettings::edited);
            m_choices.insert(name, box);
            row(layout, fieldLabel(name), box, help);
        } else {
            auto* spin = new QDoubleSpinBox(content);
            const bool whole = std::is_integral_v<T>, seed = name == QLatin1String("seed");
            spin->setObjectName(name);
            spin->setDecimals(whole ? 0 : 2);
            spin->setRange(seed ? -1 : field.min, field.max);
            spin->setSingleStep(whole ? 1 : 0.05);
            spin->setGroupSeparatorShown(!seed);
            spin->setKeyboardTracking(false);
            if (seed) spin->setSpecialValueText(tr("A new one each time"));
            if (name == QLatin1String("top_k")) spin->setSpecialValueText(tr("All"));
            if (name == QLatin1String("logprobs")) spin->setSpecialValueText(tr("None"));
            spin->installEventFilter(guard);
            connect(spin, &QDoubleSpinBox::valueChanged, this, &ChatSettings::edited);
            m_numbers.insert(name, spin);
            row(layout, fieldLabel(name), spin, help);
        }
    });
    layout->addStretch();
    setWidget(content);

    m_template->installEventFilter(guard);
    m_preset->installEventFilter(guard);
    connect(m_system, &QPlainTextEdit::textChanged, this, &ChatSettings::edited);
    connect(m_template, &QComboBox::currentIndexChanged, this, &ChatSettings::edited);
    connect(group, &QButtonGroup::idToggled, this, [this](int, bool on) {
        if (!on) return;
        show(m_completion->isChecked());
        edited();
    });
    connect(m_preset, &QComboBox::activated, this, [this] {
        m_setting = true;
        setSampling(m_presets.values(m_preset->currentText()));
        m_setting = false;
        emit changed();
    });
    connect(&theme, &Theme::changed, this, [this] { m_presetMenu->setIcon(m_theme.icon(QStringLiteral("more"))); });
    listPresets(SamplingPresets::first());
    m_setting = true;
    setSampling(m_presets.values(SamplingPresets::first()));
    m_setting = false;
}

QWidget* ChatSettings::row(QVBoxLayout* layout, const QString& label, QWidget* field, const QString& help) {
    auto* holder = new QWidget(field->parentWidget());
    auto* inside = new QVBoxLayout(holder);
    inside->setContentsMargins(0, space::xs, 0, space::xs);
    inside->setSpacing(space::xs);
    auto* name = new QLabel(label, holder);
    Theme::setType(name, Type::Caption);
    Theme::setInk(name, Ink::Muted);
    name->setBuddy(field);
    inside->addWidget(name);
    inside->addWidget(field);
    if (field->accessibleName().isEmpty()) field->setAccessibleName(label);
    field->setToolTip(help);
    name->setToolTip(help);
    layout->addWidget(holder);
    return holder;
}

void ChatSettings::listPresets(const QString& current) {
    const QSignalBlocker quiet(m_preset);
    m_preset->clear();
    m_preset->addItems(m_presets.names());
    m_preset->setPlaceholderText(tr("Own values"));
    m_preset->setCurrentIndex(m_preset->findText(current));
}

QJsonObject ChatSettings::sampling() const {
    QJsonObject values;
    for (auto at = m_numbers.cbegin(); at != m_numbers.cend(); ++at) {
        const QDoubleSpinBox* spin = at.value();
        if (at.key() == QLatin1String("seed") && spin->value() < 0) continue;
        if (spin->decimals() == 0)
            values[at.key()] = static_cast<qint64>(std::llround(spin->value()));
        else
            values[at.key()] = std::round(spin->value() * 100) / 100;
    }
    for (auto at = m_choices.cbegin(); at != m_choices.cend(); ++at)
        values[at.key()] = at.value()->currentData().toString();
    return values;
}

void ChatSettings::setSampling(const QJsonObject& values) {
    for (auto at = m_numbers.cbegin(); at != m_numbers.cend(); ++at) {
        if (at.key() == QLatin1String("seed"))
            at.value()->setValue(values.contains(at.key()) ? values[at.key()].toDouble() : -1);
        else if (values.contains(at.key()))
            at.value()->setValue(values[at.key()].toDouble());
    }
    for (auto at = m_choices.cbegin(); at != m_choices.cend(); ++at) {
        const int place = at.value()->findData(values[at.key()].toString());
        if (place >= 0) at.value()->setCurrentIndex(place);
    }
}

ChatSettings::Values ChatSettings::values() const {
    return {m_completion->isChecked(), m_system->toPlainText(), m_template->currentData().toString(),
            m_preset->currentText(), sampling()};
}

void ChatSettings::setValues(const Values& values) {
    m_setting = true;
    (values.completion ? m_completion : m_chat)->setChecked(true);
    show(values.completion);
    if (m_system->toPlainText() != values.systemPrompt) m_system->setPlainText(values.systemPrompt);
    m_template->setCurrentIndex(std::max(0, m_template->findData(values.templateName)));
    QJsonObject all = m_presets.values(SamplingPresets::first());
    for (auto at = values.sampling.begin(); at != values.sampling.end(); ++at) all[at.key()] = at.value();
    setSampling(all);
    listPresets(values.preset);
    m_setting = false;
}

void ChatSettings::setUsedTemplate(const QString& name) {
    const bool none = name == QLatin1String(kNoTemplate);
    m_used->setVisible(!name.isEmpty() && !m_completion->isChecked());
    m_used->setText(none ? tr("The model has no template: what is said is continued as one text.")
                         : tr("In use: %1").arg(name));
}

void ChatSettings::savePreset(const QString& name) {
    if (name.trimmed().isEmpty()) return;
    m_presets.save(name.trimmed(), sampling());
    listPresets(name.trimmed());
    emit changed();
}

void ChatSettings::edited() {
    if (m_setting) return;
    // Values that are no longer a preset's are one's own.
    const QString preset = m_preset->currentText();
    if (m_preset->currentIndex() >= 0 && m_presets.values(preset) != sampling()) m_preset->setCurrentIndex(-1);
    emit changed();
}

void ChatSettings::show(bool completion) {
    for (QWidget* widget : std::as_const(m_chatOnly)) widget->setVisible(!completion);
    if (!completion && m_used->text().isEmpty()) m_used->hide();
}

}  // namespace distillix::ui
