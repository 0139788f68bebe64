// SPDX-License-Identifier: GPL-3.0-or-later
// A text that a model wrote, as Markdown: prose that can be selected, code in boxes of its own with colours and a
// button that copies it. HTML in it stays text, nothing in it is loaded, and links other than to the web are no links.
// It grows cheaply while the text streams in: pieces are put behind what is there, and only the last part is rendered
// anew, now and then.
#pragma once

#include <QElapsedTimer>
#include <QFrame>
#include <QPlainTextEdit>
#include <QTextBrowser>
#include <QTimer>
#include <QWidget>

#include "ui/theme.h"
#include "ui/widgets/code_highlighter.h"
#include "ui/widgets/markdown_text.h"

class QLabel;
class QPushButton;
class QToolButton;
class QVBoxLayout;

namespace distillix::ui {

/// What running text is set in.
QFont readingFont(const Theme& theme);

/// A text as high as its content, without scroll bars of its own. Loads nothing and opens nothing.
class TextBlock : public QTextBrowser {
    Q_OBJECT
  public:
    explicit TextBlock(Theme& theme, QWidget* parent = nullptr);
    QVariant loadResource(int type, const QUrl& name) override;
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

  protected:
    void wheelEvent(QWheelEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    Theme& theme() const { return m_theme; }

  private:
    void fit();
    Theme& m_theme;
};

class ProseBlock : public TextBlock {
    Q_OBJECT
  public:
    explicit ProseBlock(Theme& theme, QWidget* parent = nullptr);
    void render(const QString& markdown);
    /// As it is: no Markdown.
    void setWords(const QString& text, const QFont& font);
    /// Behind what is there, plain until it is rendered.
    void add(const QString& piece);

  private:
    void tidy();
};

class CodeBlock : public QFrame {
    Q_OBJECT
  public:
    CodeBlock(Theme& theme, const QString& language, const QString& code, QWidget* parent = nullptr);
    void setCode(const QString& language, const QString& code);
    void add(const QString& piece);
    QString code() const { return m_code; }
    void restyle();

  protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

  private:
    void fit();
    Theme& m_theme;
    QString m_code;
    QLabel* m_language;
    QPushButton* m_copy;
    QPlainTextEdit* m_text;
    CodeHighlighter* m_highlighter;
    QTimer* m_copied;
};

class MarkdownView : public QWidget {
    Q_OBJECT
  public:
    enum class Look { Markdown, Plain, Mono };
    static constexpr qsizetype kShownAtOnce = 40000;  ///< characters; the rest is a button away

    explicit MarkdownView(Theme& theme, Look look = Look::Markdown, QWidget* parent = nullptr);

    const QString& text() const { return m_text; }
    void setText(const QString& text);
    void append(const QString& piece);
    /// Renders what was appended and is still plain.
    void finish();
    void setLook(Look look);

  signals:
    void linkActivated(const QUrl& url);
    void heightChanged();

  private:
    void render();
    QWidget* widgetFor(const MarkdownPart& part);

    Theme& m_theme;
    Look m_look;
    QString m_text;
    qsizetype m_limit = kShownAtOnce;
    QVBoxLayout* m_layout;
    QList<MarkdownPart> m_parts;
    QList<QWidget*> m_widgets;
    QPushButton* m_more = nullptr;
    QTimer m_soon;
    int m_interval = 0;  // between two renderings, milliseconds
};

}  // namespace distillix::ui
