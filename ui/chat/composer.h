// SPDX-License-Identifier: GPL-3.0-or-later
// Where a question is written: grows with its text, Return sends, Shift+Return breaks the line; the same button stops
// an answer. Under it, how full the model's context is.
#pragma once

#include <QFrame>

#include "ui/theme.h"

class QLabel;
class QPlainTextEdit;
class QProgressBar;
class QPushButton;

namespace distillix::ui {

class Composer : public QFrame {
    Q_OBJECT
  public:
    explicit Composer(Theme& theme, QWidget* parent = nullptr);
    QString text() const;
    void setText(const QString& text);
    void clear();
    void focusText();
    /// Stop instead of send.
    void setBusy(bool busy);
    /// May be sent with no text: a completion goes on.
    void setCompletion(bool completion);
    /// `context` 0: not known.
    void setGauge(int used, int context, const QString& more);

  signals:
    void sent();
    void stopWanted();
    void textChanged();

  protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

  private:
    void fit();
    void hint();
    void restyle();
    Theme& m_theme;
    QPlainTextEdit* m_text;
    QPushButton* m_send;
    QProgressBar* m_gauge;
    QLabel *m_gaugeText, *m_hint;
    bool m_busy = false, m_completion = false, m_full = false;
};

}  // namespace distillix::ui
