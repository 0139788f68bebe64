// SPDX-License-Identifier: GPL-3.0-or-later
// Colours for code in Python, C and C++, JavaScript, JSON and shell: keywords, texts, numbers, comments, names that are
// called. A scanner of lines, no parser: what it does not know it leaves as it is.
#pragma once

#include <QSyntaxHighlighter>

namespace distillix::ui {

enum class CodeLanguage { Plain, Python, C, JavaScript, Json, Shell };

/// What the word behind a code fence means: "py", "c++", "TypeScript", …
CodeLanguage codeLanguage(const QString& name);

class CodeHighlighter : public QSyntaxHighlighter {
    Q_OBJECT
  public:
    CodeHighlighter(QTextDocument* document, CodeLanguage language, bool dark);
    /// Colours for a light or a dark ground; highlights anew.
    void setDark(bool dark);
    void setLanguage(CodeLanguage language);

    enum Ink { Keyword, Text, Number, Comment, Called, Constant, kInks };
    static QColor colour(Ink ink, bool dark);

  protected:
    void highlightBlock(const QString& text) override;

  private:
    CodeLanguage m_language;
    bool m_dark;
};

}  // namespace distillix::ui
