// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLabel>
#include <QPointer>
#include <QWidget>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "ui/widgets/config_form/form_fields.h"

class QToolButton;
class QVBoxLayout;

namespace distillix::ui {

class FieldRow;

/// A form made from configuration structs: a section a struct, a row a field. Values that are not the default are
/// marked and can be put back one by one; what makes no sense is said at its row. Simple shows what is not `advanced`,
/// and whatever was changed. The help of the row that has the focus (or the mouse) stands in helpLabel().
class ConfigForm : public QWidget {
    Q_OBJECT
  public:
    explicit ConfigForm(QWidget* parent = nullptr);
    ~ConfigForm() override;

    /// Fields in `without` get no row. A section can be folded.
    void addSection(const QString& title, const std::vector<FormField>& fields, const std::set<QString>& without = {},
                    bool folded = false);
    /// Words below a row, for what a one-line help cannot explain.
    void setNote(const QString& key, const QString& text);
    void setFolded(const QString& title, bool folded);

    /// What rows say as long as nobody changed them. Rows that stand at their former default follow.
    void setDefaults(const nlohmann::ordered_json& defaults);
    /// As if typed. Keys without a row are passed over.
    void setValues(const nlohmann::ordered_json& values);
    void reset();
    /// All rows; those that make no sense are left out.
    nlohmann::ordered_json values() const;
    /// Those that differ from the default.
    nlohmann::ordered_json changed() const;
    /// The first row that makes no sense, by name and reason; empty where all do.
    QString problem() const;

    void setAdvanced(bool on);
    bool isAdvanced() const { return m_advanced; }
    FieldRow* row(const QString& key) const;
    QLabel* helpLabel() const { return m_help; }

  signals:
    /// A value changed, by whomever.
    void edited();

  private:
    struct Section;
    void applyVisibility();
    void showHelp(const FieldRow* row);

    std::vector<std::unique_ptr<Section>> m_sections;
    std::map<QString, FieldRow*> m_rows;
    QVBoxLayout* m_layout = nullptr;
    QPointer<QLabel> m_help;
    bool m_advanced = false;
    bool m_quiet = false;
};

/// One field: its name, its editor, the mark, and what is wrong with it. Object names: "field_KEY" (the editor),
/// "reset_KEY", "problem_KEY".
class FieldRow : public QWidget {
    Q_OBJECT
  public:
    FieldRow(FormField field, QWidget* parent);
    const FormField& field() const { return m_field; }
    /// Discarded where the text makes no sense.
    nlohmann::ordered_json value() const;
    void setValue(const nlohmann::ordered_json& value);
    void setDefault(const nlohmann::ordered_json& value);
    const nlohmann::ordered_json& defaultValue() const { return m_default; }
    bool isChanged() const;
    QString problem() const;
    void setNote(const QString& text);
    /// Help, range, default.
    QString helpText() const;

  signals:
    void edited();
    void pointedAt();

  protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void enterEvent(QEnterEvent* event) override;

  private:
    void refresh();
    QString textOf(const nlohmann::ordered_json& value) const;

    FormField m_field;
    nlohmann::ordered_json m_default;
    QWidget* m_editor = nullptr;
    QLabel* m_name = nullptr;
    QToolButton* m_reset = nullptr;
    QLabel* m_problem = nullptr;
    QLabel* m_note = nullptr;
    QVBoxLayout* m_layout = nullptr;
};

}  // namespace distillix::ui
