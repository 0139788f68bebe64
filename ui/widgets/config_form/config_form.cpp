// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/config_form/config_form.h"

#include <QCheckBox>
#include <QComboBox>
#include <QCoreApplication>
#include <QEnterEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QSignalBlocker>
#include <QToolButton>
#include <QVBoxLayout>
#include <cmath>

#include "ui/theme.h"

namespace distillix::ui {
namespace {

using Json = nlohmann::ordered_json;

/// Numbers as they are typed and as files have them, whatever the locale.
QString plainNumber(double number) {
    if (number == std::floor(number) && std::fabs(number) < 1e15) return QString::number(number, 'f', 0);
    return QString::number(number, 'g', 7);
}

/// 2.0 and 2 are the same value, and so are 2/3 and what is shown of it.
bool same(const Json& a, const Json& b) {
    if (!a.is_number() || !b.is_number()) return a == b;
    // A default may have more digits than the row shows.
    const double left = a.get<double>(), right = b.get<double>();
    return std::fabs(left - right) <= 1e-6 * std::max(std::fabs(left), std::fabs(right)) &&
           (left == right || left != std::floor(left));
}

}  // namespace

QString fieldLabel(const QString& key) {
    static const std::map<QString, const char*> names = {
        {"tokens", QT_TRANSLATE_NOOP("fields", "Sequence length")},
        {"num_kv_heads", QT_TRANSLATE_NOOP("fields", "Key/value heads")},
        {"num_heads", QT_TRANSLATE_NOOP("fields", "Query heads")},
        {"num_layers", QT_TRANSLATE_NOOP("fields", "Layers")},
        {"hidden_dim", QT_TRANSLATE_NOOP("fields", "Width")},
        {"head_dim", QT_TRANSLATE_NOOP("fields", "Head width")},
        {"mlp_hidden_dim", QT_TRANSLATE_NOOP("fields", "MLP width")},
        {"max_seq_len", QT_TRANSLATE_NOOP("fields", "Longest sequence")},
        {"rope_base", QT_TRANSLATE_NOOP("fields", "RoPE base")},
        {"rope_scaling", QT_TRANSLATE_NOOP("fields", "RoPE scaling")},
        {"use_bitlinear", QT_TRANSLATE_NOOP("fields", "Ternary (BitLinear)")},
        {"bitlinear_per_channel", QT_TRANSLATE_NOOP("fields", "A scale per channel")},
        {"quantization_eps", QT_TRANSLATE_NOOP("fields", "Quantization ε")},
        {"norm_eps", QT_TRANSLATE_NOOP("fields", "Norm ε")},
        {"tie_word_embeddings", QT_TRANSLATE_NOOP("fields", "Tied embeddings")},
        {"use_qk_norm", QT_TRANSLATE_NOOP("fields", "QK norm")},
        {"use_sub_norm", QT_TRANSLATE_NOOP("fields", "Sub-norm")},
        {"attn_logit_soft_cap", QT_TRANSLATE_NOOP("fields", "Attention soft-cap")},
        {"final_logit_soft_cap", QT_TRANSLATE_NOOP("fields", "Logit soft-cap")},
        {"adam_eps", QT_TRANSLATE_NOOP("fields", "AdamW ε")},
        {"adam_beta1", QT_TRANSLATE_NOOP("fields", "AdamW β₁")},
        {"adam_beta2", QT_TRANSLATE_NOOP("fields", "AdamW β₂")},
        {"adam_learning_rate", QT_TRANSLATE_NOOP("fields", "AdamW learning rate")},
        {"adam_weight_decay", QT_TRANSLATE_NOOP("fields", "AdamW weight decay")},
        {"clip", QT_TRANSLATE_NOOP("fields", "Clip gradients at")},
        {"tensorboard", QT_TRANSLATE_NOOP("fields", "TensorBoard files")},
    };
    const auto found = names.find(key);
    if (found != names.end()) return QCoreApplication::translate("fields", found->second);
    QString text = key;
    text.replace('_', ' ');
    if (!text.isEmpty()) text[0] = text[0].toUpper();
    return text;
}

// ---- a row ----------------------------------------------------------------------------------------------------------

FieldRow::FieldRow(FormField field, QWidget* parent)
    : QWidget(parent), m_field(std::move(field)), m_default(m_field.initial) {
    const QString label = fieldLabel(m_field.key);
    m_name = new QLabel(label);
    m_name->setTextFormat(Qt::PlainText);
    switch (m_field.kind) {
        case FormField::Kind::Switch: {
            auto* box = new QCheckBox;
            connect(box, &QCheckBox::toggled, this, &FieldRow::refresh);
            m_editor = box;
            break;
        }
        case FormField::Kind::Choice: {
            auto* box = new QComboBox;
            box->addItems(m_field.choices);
            // A wheel over a box that is passed by must not change it.
            box->setFocusPolicy(Qt::StrongFocus);
            connect(box, &QComboBox::currentIndexChanged, this, &FieldRow::refresh);
            m_editor = box;
            break;
        }
        default: {
            auto* line = new QLineEdit;
            line->setAlignment(m_field.kind == FormField::Kind::Text ? Qt::AlignLeft : Qt::AlignRight);
            if (m_field.kind == FormField::Kind::OptionalNumber) line->setPlaceholderText(tr("none"));
            connect(line, &QLineEdit::textChanged, this, &FieldRow::refresh);
            m_editor = line;
            break;
        }
    }
    m_editor->setObjectName("field_" + m_field.key);
    m_editor->setAccessibleName(m_field.unit.isEmpty() ? label : tr("%1, in %2").arg(label, m_field.unit));
    m_editor->setAccessibleDescription(helpText());
    m_editor->installEventFilter(this);
    m_editor->setToolTip(helpText());
    m_name->setToolTip(helpText());
    m_name->setBuddy(m_editor);
    if (m_field.kind != FormField::Kind::Switch) m_editor->setFixedWidth(112);

    m_reset = new QToolButton;
    m_reset->setObjectName("reset_" + m_field.key);
    m_reset->setText(QStringLiteral("↺"));
    m_reset->setAutoRaise(true);
    m_reset->setFixedSize(20, 20);
    m_reset->setAccessibleName(tr("Back to the default of %1").arg(label));
    QSizePolicy keeps = m_reset->sizePolicy();
    keeps.setRetainSizeWhenHidden(true);
    m_reset->setSizePolicy(keeps);
    connect(m_reset, &QToolButton::clicked, this, [this] { setValue(m_default); });

    auto* row = new QHBoxLayout;
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(space::xs);
    row->addWidget(m_name, 1);
    row->addWidget(m_reset);
    row->addWidget(m_editor);
    m_problem = new QLabel;
    m_problem->setObjectName("problem_" + m_field.key);
    m_problem->setWordWrap(true);
    m_problem->setTextFormat(Qt::PlainText);
    Theme::setType(m_problem, Type::Caption);
    Theme::setInk(m_problem, Ink::Bad);
    m_problem->hide();
    m_layout = new QVBoxLayout(this);
    m_layout->setContentsMargins(0, 2, 0, 2);
    m_layout->setSpacing(2);
    m_layout->addLayout(row);
    m_layout->addWidget(m_problem);
    setValue(m_field.initial);
    refresh();
}

QString FieldRow::textOf(const Json& value) const {
    if (value.is_null()) return {};
    if (value.is_string()) return QString::fromStdString(value.get<std::string>());
    return value.is_number() ? plainNumber(value.get<double>()) : QString();
}

Json FieldRow::value() const {
    switch (m_field.kind) {
        case FormField::Kind::Switch:
            return static_cast<QCheckBox*>(m_editor)->isChecked();
        case FormField::Kind::Choice:
            return static_cast<QComboBox*>(m_editor)->currentText().toStdString();
        default:
            break;
    }
    QString text = static_cast<QLineEdit*>(m_editor)->text().trimmed();
    if (m_field.kind == FormField::Kind::Text) return text.toStdString();
    if (m_field.kind == FormField::Kind::OptionalNumber && (text.isEmpty() || text == tr("none") || text == "none"))
        return nullptr;
    text.remove(QLatin1Char(',')).remove(QLatin1Char(' ')).remove(QLatin1Char('_'));
    bool ok = false;
    const double number = QLocale::c().toDouble(text, &ok);
    if (!ok) return Json(Json::value_t::discarded);
    if (m_field.kind == FormField::Kind::Whole && number == std::floor(number) && std::fabs(number) < 9e15)
        return static_cast<std::int64_t>(number);
    return number;
}

void FieldRow::setValue(const Json& value) {
    switch (m_field.kind) {
        case FormField::Kind::Switch:
            static_cast<QCheckBox*>(m_editor)->setChecked(value.is_boolean() && value.get<bool>());
            break;
        case FormField::Kind::Choice:
            static_cast<QComboBox*>(m_editor)->setCurrentText(textOf(value));
            break;
        default:
            static_cast<QLineEdit*>(m_editor)->setText(textOf(value));
    }
}

void FieldRow::setDefault(const Json& value) {
    const bool followed = !isChanged();
    m_default = value;
    if (followed)
        setValue(value);
    else
        refresh();
    m_editor->setToolTip(helpText());
    m_name->setToolTip(helpText());
}

bool FieldRow::isChanged() const {
    const Json now = value();
    return now.is_discarded() || !same(now, m_default);
}

QString FieldRow::problem() const {
    const Json now = value();
    if (now.is_discarded()) return tr("must be a number");
    return m_field.check ? m_field.check(now) : QString();
}

void FieldRow::setNote(const QString& text) {
    if (!m_note) {
        m_note = new QLabel;
        m_note->setObjectName("note_" + m_field.key);
        m_note->setWordWrap(true);
        m_note->setTextFormat(Qt::PlainText);
        Theme::setType(m_note, Type::Caption);
        Theme::setInk(m_note, Ink::Muted);
        m_layout->addWidget(m_note);
    }
    m_note->setText(text);
}

QString FieldRow::helpText() const {
    QStringList parts;
    if (!m_field.help.isEmpty()) parts += m_field.help + QLatin1Char('.');
    if (!m_field.unit.isEmpty()) parts += tr("In %1.").arg(m_field.unit);
    const bool number = m_field.kind == FormField::Kind::Whole || m_field.kind == FormField::Kind::Number ||
                        m_field.kind == FormField::Kind::OptionalNumber;
    if (number && std::isfinite(m_field.min) && std::isfinite(m_field.max))
        parts += tr("%1 to %2.").arg(plainNumber(m_field.min), plainNumber(m_field.max));
    QString standard = textOf(m_default);
    if (m_default.is_null()) standard = tr("none");
    if (m_default.is_boolean()) standard = m_default.get<bool>() ? tr("on") : tr("off");
    parts += tr("Default: %1.").arg(standard);
    return parts.join(QLatin1Char(' '));
}

void FieldRow::refresh() {
    const bool changed = isChanged();
    const QString wrong = problem();
    m_reset->setVisible(changed);
    m_reset->setToolTip(tr("Back to the default: %1").arg(m_default.is_null() ? tr("none") : textOf(m_default)));
    if (m_name->property("changed").toBool() != changed) {
        m_name->setProperty("changed", changed);
        Theme::setType(m_name, changed ? Type::BodyStrong : Type::Body);
        Theme::setInk(m_name, changed ? Ink::Accent : Ink::Text);
    }
    m_problem->setText(wrong);
    m_problem->setVisible(!wrong.isEmpty());
    emit edited();
}

bool FieldRow::eventFilter(QObject* watched, QEvent* event) {
    if (watched == m_editor) {
        if (event->type() == QEvent::FocusIn) emit pointedAt();
        if (event->type() == QEvent::Wheel && !m_editor->hasFocus()) {
            event->ignore();
            return true;
        }
    }
    return QWidget::eventFilter(watched, event);
}

void FieldRow::enterEvent(QEnterEvent* event) {
    QWidget::enterEvent(event);
    emit pointedAt();
}

// ---- the form -------------------------------------------------------------------------------------------------------

struct ConfigForm::Section {
    QString title;
    QToolButton* head = nullptr;
    QWidget* body = nullptr;
    std::vector<FieldRow*> rows;
};

ConfigForm::ConfigForm(QWidget* parent) : QWidget(parent) {
    m_layout = new QVBoxLayout(this);
    m_layout->setContentsMargins(0, 0, 0, 0);
    m_layout->setSpacing(space::xs);
    // Placed by whoever shows the form: it should stay in sight while the form scrolls.
    m_help = new QLabel;
    m_help->setObjectName("formHelp");
    m_help->setWordWrap(true);
    m_help->setTextFormat(Qt::PlainText);
    m_help->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    Theme::setType(m_help, Type::Caption);
    Theme::setInk(m_help, Ink::Muted);
}

ConfigForm::~ConfigForm() {
    if (m_help && !m_help->parent()) delete m_help;
}

void ConfigForm::addSection(const QString& title, const std::vector<FormField>& fields,
                            const std::set<QString>& without, bool folded) {
    auto section = std::make_unique<Section>();
    section->title = title;
    section->head = new QToolButton;
    section->head->setObjectName("section_" + title);
    section->head->setText(title);
    section->head->setCheckable(true);
    section->head->setChecked(!folded);
    section->head->setAutoRaise(true);
    section->head->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    section->head->setArrowType(folded ? Qt::RightArrow : Qt::DownArrow);
    section->head->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    Theme::setType(section->head, Type::BodyStrong);
    section->body = new QWidget;
    auto* rows = new QVBoxLayout(section->body);
    rows->setContentsMargins(space::xs, 0, 0, space::s);
    rows->setSpacing(0);
    for (const FormField& field : fields) {
        if (without.count(field.key)) continue;
        auto* row = new FieldRow(field, section->body);
        rows->addWidget(row);
        section->rows.push_back(row);
        m_rows[field.key] = row;
        connect(row, &FieldRow::edited, this, [this] {
            if (m_quiet) return;
            emit edited();
        });
        connect(row, &FieldRow::pointedAt, this, [this, row] { showHelp(row); });
    }
    section->body->setVisible(!folded);
    connect(section->head, &QToolButton::toggled, this, [head = section->head, body = section->body](bool open) {
        head->setArrowType(open ? Qt::DownArrow : Qt::RightArrow);
        body->setVisible(open);
    });
    m_layout->addWidget(section->head);
    m_layout->addWidget(section->body);
    m_sections.push_back(std::move(section));
    applyVisibility();
}

void ConfigForm::setFolded(const QString& title, bool folded) {
    for (const auto& section : m_sections)
        if (section->title == title) section->head->setChecked(!folded);
}

void ConfigForm::setNote(const QString& key, const QString& text) {
    if (FieldRow* found = row(key)) found->setNote(text);
}

FieldRow* ConfigForm::row(const QString& key) const {
    const auto found = m_rows.find(key);
    return found == m_rows.end() ? nullptr : found->second;
}

void ConfigForm::setDefaults(const Json& defaults) {
    m_quiet = true;
    for (const auto& [key, value] : defaults.items())
        if (FieldRow* found = row(QString::fromStdString(key))) found->setDefault(value);
    m_quiet = false;
    applyVisibility();
    emit edited();
}

void ConfigForm::setValues(const Json& values) {
    m_quiet = true;
    for (const auto& [key, value] : values.items())
        if (FieldRow* found = row(QString::fromStdString(key))) found->setValue(value);
    m_quiet = false;
    applyVisibility();
    emit edited();
}

void ConfigForm::reset() {
    m_quiet = true;
    for (const auto& [key, found] : m_rows) found->setValue(found->defaultValue());
    m_quiet = false;
    applyVisibility();
    emit edited();
}

Json ConfigForm::values() const {
    Json values = Json::object();
    for (const auto& section : m_sections)
        for (const FieldRow* found : section->rows) {
            const Json value = found->value();
            if (!value.is_discarded() && found->problem().isEmpty()) values[found->field().key.toStdString()] = value;
        }
    return values;
}

Json ConfigForm::changed() const {
    Json values = Json::object();
    for (const auto& section : m_sections)
        for (const FieldRow* found : section->rows)
            if (found->isChanged() && found->problem().isEmpty())
                values[found->field().key.toStdString()] = found->value();
    return values;
}

QString ConfigForm::problem() const {
    for (const auto& section : m_sections)
        for (const FieldRow* found : section->rows)
            if (const QString wrong = found->problem(); !wrong.isEmpty())
                return fieldLabel(found->field().key) + QLatin1Char(' ') + wrong;
    return {};
}

void ConfigForm::setAdvanced(bool on) {
    m_advanced = on;
    applyVisibility();
}

void ConfigForm::applyVisibility() {
    // What was changed stays in sight: a setting that nobody sees is a trap.
    for (const auto& section : m_sections)
        for (FieldRow* found : section->rows)
            found->setVisible(m_advanced || !found->field().advanced || found->isChanged());
}

void ConfigForm::showHelp(const FieldRow* found) {
    m_help->setText(fieldLabel(found->field().key) + QStringLiteral(": ") + found->helpText());
}

}  // namespace distillix::ui
