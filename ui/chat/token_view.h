// SPDX-License-Identifier: GPL-3.0-or-later
// An answer token by token: the ground of each says how sure the model was; a click (or the arrow keys and Return)
// shows its probability and what else might have stood there, and going on from one of those.
#pragma once

#include "ui/models/conversation.h"
#include "ui/widgets/markdown_view.h"

class QLabel;
class QTableWidget;

namespace distillix::ui {

/// "83.2%" of a natural logarithm.
QString probabilityText(double logprob);
/// A token as it is shown within text: line breaks and tabs are seen.
QString tokenText(const QString& shown);

class TokenView : public TextBlock {
    Q_OBJECT
  public:
    explicit TokenView(Theme& theme, QWidget* parent = nullptr);
    void setTokens(const QList<AnswerToken>& tokens);
    const QList<AnswerToken>& tokens() const { return m_tokens; }
    int current() const { return m_current; }
    void setCurrent(int index);
    /// Where the token is, in the viewport.
    QRect tokenRect(int index) const;

  signals:
    void activated(int index);

  protected:
    void keyPressEvent(QKeyEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    bool event(QEvent* event) override;

  private:
    int indexAt(const QPoint& place) const;
    void render();
    QList<AnswerToken> m_tokens;
    QList<int> m_starts;  // of each token in the document, and its end behind them
    int m_current = -1;
    QPoint m_pressed;
};

/// A token's probability and its alternatives, beside it.
class TokenPopup : public QFrame {
    Q_OBJECT
  public:
    TokenPopup(Theme& theme, const AnswerToken& token, int index, QWidget* parent);

  signals:
    /// Go on with that one in the token's place.
    void chosen(int index, const distillix::ui::TokenAlternative& alternative);

  private:
    QTableWidget* m_table;
    bool m_done = false;
};

}  // namespace distillix::ui
