// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDialog>

#include "ui/jobs/verb_process.h"
#include "ui/studio.h"

class QLabel;
class QLineEdit;
class QProgressBar;
class QPushButton;
class QSpinBox;

namespace distillix::ui {

class DialogDraft;

/// A tokenizer by itself (`tokenizer train`): of which files, how many pieces, progress, and how well it compresses
/// what it was made of. It becomes one of the project's, and every import offers it.
class TokenizerDialog : public QDialog {
    Q_OBJECT
  public:
    TokenizerDialog(Studio& studio, QWidget* parent);
    void reject() override;

  signals:
    void trained(const QString& file);

  private:
    void setSources(const QStringList& sources);
    void start();
    void ended(const VerbOutcome& outcome);
    void updateButtons();

    Studio& m_studio;
    VerbProcess m_train;
    QStringList m_sources;
    QString m_out;
    int m_job = 0;
    bool m_done = false;
    DialogDraft* m_draft;
    QLineEdit *m_source, *m_extensions, *m_name;
    QSpinBox* m_pieces;
    QLabel *m_progressText, *m_error, *m_result;
    QProgressBar* m_progress;
    QPushButton *m_start, *m_cancel;
};

}  // namespace distillix::ui
