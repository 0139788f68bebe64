// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>

#include "ui/models/run_follower.h"
#include "ui/studio.h"

class QLabel;
class QProgressBar;
class QPushButton;
class QPlainTextEdit;
class QToolButton;

namespace distillix::ui {

/// What a run is and how far, what can be asked of it now, and where it ended badly: how, its last words, what to
/// change.
class RunHeader : public QWidget {
    Q_OBJECT
  public:
    explicit RunHeader(Studio& studio, QWidget* parent = nullptr);
    /// Null: no run.
    void setRun(const RunFollower* run);
    void refresh();
    /// A command is under way, or a trainer is starting: said where the state stands.
    void setBusy(const QString& text);

  signals:
    void pauseAsked(bool release);
    void resumeAsked();
    void stopAsked();
    void checkpointAsked();
    void sampleAsked();
    void settingsAsked();
    void chatAsked();
    /// The same run again with less memory.
    void smallerAsked();

  private:
    void retint();

    Studio& m_studio;
    const RunFollower* m_run = nullptr;
    QString m_busy;
    QLabel *m_name = nullptr, *m_state = nullptr, *m_detail = nullptr;
    QProgressBar* m_progress = nullptr;
    QToolButton *m_pause = nullptr, *m_release = nullptr, *m_resume = nullptr, *m_stop = nullptr,
                *m_checkpoint = nullptr, *m_sample = nullptr, *m_settings = nullptr, *m_chat = nullptr;
    QFrame* m_banner = nullptr;
    QLabel *m_bannerTitle = nullptr, *m_bannerAdvice = nullptr;
    QPlainTextEdit* m_bannerLog = nullptr;
    QPushButton *m_bannerResume = nullptr, *m_bannerSmaller = nullptr;
};

}  // namespace distillix::ui
