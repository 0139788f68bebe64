// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDialog>

#include "ui/jobs/verb_process.h"
#include "ui/studio.h"

class QLabel;
class QLineEdit;
class QProgressBar;
class QPushButton;

namespace distillix::ui {

class DialogDraft;

/// Another program's model made a model folder of the project (`distillix import-model`).
class ImportModelDialog : public QDialog {
    Q_OBJECT
  public:
    explicit ImportModelDialog(Studio& studio, QWidget* parent);
    void reject() override;

  signals:
    void imported(const QString& model);

  private:
    void setSource(const QString& path);
    void start();
    void ended(const VerbOutcome& outcome);
    void updateButtons();

    Studio& m_studio;
    VerbProcess m_import;
    DialogDraft* m_draft = nullptr;
    QString m_out;
    int m_job = 0;
    bool m_done = false;
    QLineEdit *m_source, *m_name, *m_tokenizer, *m_config;
    QLabel *m_error, *m_result;
    QProgressBar* m_progress;
    QPushButton *m_start, *m_cancel;
};

}  // namespace distillix::ui
