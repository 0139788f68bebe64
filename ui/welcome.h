// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include "ui/jobs/verb_process.h"
#include "ui/studio.h"

class QLabel;
class QProgressBar;
class QPushButton;

namespace distillix::ui {

/// What a first start shows: one click to a running training of the sample, or a project of one's own.
class Welcome : public QWidget {
    Q_OBJECT
  public:
    explicit Welcome(Studio& studio, QWidget* parent = nullptr);
    /// Where the sample project goes: the environment's DISTILLIX_SAMPLE_PROJECT, else a folder in the person's
    /// documents.
    static QString sampleFolder();

  private:
    void startSample();
    void next();
    void fail(const QString& message);

    Studio& m_studio;
    VerbProcess m_verb;
    int m_step = -1, m_job = 0;  ///< composing, importing, training
    QLabel *m_progressText, *m_error;
    QProgressBar* m_progress;
    QPushButton *m_sample, *m_new, *m_open;
};

}  // namespace distillix::ui
