// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTimer>

#include "ui/widgets/verb_dialog.h"

class QCheckBox;
class QComboBox;
class QFormLayout;

namespace distillix::ui {

/// A model for other programs: which program takes what, how large it will be (`export --dry-run`), progress, what the
/// comparison with the model found, and where the file is.
class ExportDialog : public VerbDialog {
    Q_OBJECT
  public:
    /// `format`: one of formats().
    ExportDialog(Studio& studio, const QString& model, const QString& format, QWidget* parent);
    /// What menus offer: the name of the format, and the text for it.
    static QList<QPair<QString, QString>> formats();

  private:
    void showFormats(const VerbOutcome& outcome, const QString& wanted);
    /// What `info formats` says of the format.
    QJsonObject chosen() const;
    void formatChanged();
    void optionChanged();
    void suggestPath();
    QStringList arguments() const;
    void estimate();
    void showEstimate(const VerbOutcome& outcome);
    bool canStart() const override;
    void start() override;
    QStringList succeeded(const QJsonObject& result) override;
    QString progressText(const QJsonObject& line) const override;
    void updateButtons() override;

    QString m_model;
    VerbProcess m_list, m_plan;
    QTimer m_soon;
    QString m_suggested, m_written;
    bool m_planned = false;
    QFormLayout* m_form;
    QComboBox *m_format, *m_type, *m_embedding;
    QLabel *m_who, *m_typeHelp, *m_size, *m_notes;
    QLineEdit* m_path;
    QCheckBox* m_ollama;
    QPushButton *m_browse, *m_show, *m_copy;
};

}  // namespace distillix::ui
