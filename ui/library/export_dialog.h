// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDialog>
#include <QTimer>

#include "ui/jobs/verb_process.h"
#include "ui/studio.h"

class QCheckBox;
class QComboBox;
class QFormLayout;
class QLabel;
class QLineEdit;
class QProgressBar;
class QPushButton;

namespace distillix::ui {

/// A model for other programs: which program takes what, how large it will be (`export --dry-run`), progress, what the
/// comparison with the model found, and where the file is.
class ExportDialog : public QDialog {
    Q_OBJECT
  public:
    /// `format`: one of formats().
    ExportDialog(Studio& studio, const QString& model, const QString& format, QWidget* parent);
    void reject() override;
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
    void start();
    void ended(const VerbOutcome& outcome);
    void updateButtons();

    Studio& m_studio;
    QString m_model;
    VerbProcess m_list, m_plan, m_export;
    QTimer m_soon;
    QString m_suggested, m_written;
    int m_job = 0;
    bool m_planned = false, m_done = false;
    QFormLayout* m_form;
    QComboBox *m_format, *m_type, *m_embedding;
    QLabel *m_who, *m_typeHelp, *m_size, *m_notes, *m_error, *m_progressText, *m_result;
    QLineEdit* m_path;
    QCheckBox* m_ollama;
    QProgressBar* m_progress;
    QPushButton *m_browse, *m_start, *m_cancel, *m_show, *m_copy;
};

}  // namespace distillix::ui
