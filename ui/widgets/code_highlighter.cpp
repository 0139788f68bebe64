// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/code_highlighter.h"

#include <QSet>

namespace distillix::ui {
namespace {

constexpr qsizetype kLongestLine = 4000;  // a longer one is data and is left plain

// What a line leaves open for the next.
enum State { Nothing = 0, InComment, InTripleSingle, InTripleDouble, InTemplate };

QSet<QString> words(const char* list) {
    const QStringList parts = QString::fromLatin1(list).split(QLatin1Char(' '));
    return QSet<QString>(parts.begin(), parts.end());
}

const QSet<QString>& keywords(CodeLanguage language) {
    static const QSet<QString> python = words(
        "and as assert async await break class continue def del elif else except finally for from global if import in "
        "is "
        "lambda match case nonlocal not or pass raise return try while with yield");
    static const QSet<QString> c = words(
        "alignas alignof auto bool break case catch char class concept const consteval constexpr constinit const_cast "
        "continue co_await co_return co_yield decltype default delete do double dynamic_cast else enum explicit export "
        "extern float for friend goto if inline int long mutable namespace new noexcept operator private protected "
        "public "
        "register reinterpret_cast requires return short signed sizeof static static_assert static_cast struct switch "
        "template thread_local throw try typedef typeid typename union unsigned using virtual void volatile while");
    static const QSet<QString> javaScript = words(
        "as async await break case catch class const continue debugger default delete do else enum export extends "
        "finally "
        "for from function get if implements import in instanceof interface let new of private public return set "
        "static "
        "super switch throw try type typeof var void while with yield");
    static const QSet<QString> shell = words(
        "case do done elif else esac export fi for function if in local readonly return select set shift then trap "
        "unset "
        "until while exec exit source eval");
    static const QSet<QString> none;
    switch (language) {
        case CodeLanguage::Python:
            return python;
        case CodeLanguage::C:
            return c;
        case CodeLanguage::JavaScript:
            return javaScript;
        case CodeLanguage::Shell:
            return shell;
        default:
            return none;
    }
}

const QSet<QString>& constants(CodeLanguage language) {
    static const QSet<QString> python = words("True False None self cls");
    static const QSet<QString> c = words("true false nullptr NULL this");
    static const QSet<QString> javaScript = words("true false null undefined NaN Infinity this");
    static const QSet<QString> json = words("true false null");
    static const QSet<QString> none;
    switch (language) {
        case CodeLanguage::Python:
            return python;
        case CodeLanguage::C:
            return c;
        case CodeLanguage::JavaScript:
            return javaScript;
        case CodeLanguage::Json:
            return json;
        default:
            return none;
    }
}

bool begins(QChar c) {
    return c.isLetter() || c == QLatin1Char('_') || c == QLatin1Char('$');
}
bool continues(QChar c) {
    return c.isLetterOrNumber() || c == QLatin1Char('_') || c == QLatin1Char('$');
}

}  // namespace

CodeLanguage codeLanguage(const QString& name) {
    static const QHash<QString, CodeLanguage> known{{"python", CodeLanguage::Python},
                                                    {"py", CodeLanguage::Python},
                                                    {"python3", CodeLanguage::Python},
                                                    {"c", CodeLanguage::C},
                                                    {"h", CodeLanguage::C},
                                                    {"c++", CodeLanguage::C},
                                                    {"cpp", CodeLanguage::C},
                                                    {"cc", CodeLanguage::C},
                                                    {"cxx", CodeLanguage::C},
                                                    {"hpp", CodeLanguage::C},
                                                    {"cuda", CodeLanguage::C},
                                                    {"javascript", CodeLanguage::JavaScript},
                                                    {"js", CodeLanguage::JavaScript},
                                                    {"jsx", CodeLanguage::JavaScript},
                                                    {"typescript", CodeLanguage::JavaScript},
                                                    {"ts", CodeLanguage::JavaScript},
                                                    {"json", CodeLanguage::Json},
                                                    {"jsonl", CodeLanguage::Json},
                                                    {"shell", CodeLanguage::Shell},
                                                    {"sh", CodeLanguage::Shell},
                                                    {"bash", CodeLanguage::Shell},
                                                    {"zsh", CodeLanguage::Shell},
                                                    {"console", CodeLanguage::Shell}};
    return known.value(name.toLower(), CodeLanguage::Plain);
}

QColor CodeHighlighter::colour(Ink ink, bool dark) {
    // Each at 4.5 to 1 or better on the code's ground (Ink::Raised of the theme).
    static constexpr const char* light[kInks] = {"#8250a8", "#0b6b3a", "#9a4a00", "#686b76", "#1f55b5", "#a3264a"};
    static constexpr const char* dusk[kInks] = {"#c9a6f5", "#8fd6a4", "#f0b27a", "#989ca8", "#8fb6ff", "#f59ab0"};
    return QColor(QLatin1String(dark ? dusk[ink] : light[ink]));
}

CodeHighlighter::CodeHighlighter(QTextDocument* document, CodeLanguage language, bool dark)
    : QSyntaxHighlighter(document), m_language(language), m_dark(dark) {}

void CodeHighlighter::setDark(bool dark) {
    if (dark == m_dark) return;
    m_dark = dark;
    rehighlight();
}

void CodeHighlighter::setLanguage(CodeLanguage language) {
    if (language == m_language) return;
    m_language = language;
    rehighlight();
}

void CodeHighlighter::highlightBlock(const QString& text) {
    int state = std::max(previousBlockState(), 0);
    setCurrentBlockState(Nothing);
    if (m_language == CodeLanguage::Plain || text.size() > kLongestLine) return;
    const bool python = m_language == CodeLanguage::Python, c = m_language == CodeLanguage::C;
    const bool javaScript = m_language == CodeLanguage::JavaScript, shell = m_language == CodeLanguage::Shell;
    const bool json = m_language == CodeLanguage::Json;
    const auto paint = [&](qsizetype from, qsizetype to, Ink ink) {
        setFormat(static_cast<int>(from), static_cast<int>(to - from), colour(ink, m_dark));
    };
    const qsizetype size = text.size();
    qsizetype at = 0;
    /// Paints up to and with `end`; false where the line ends before it.
    const auto through = [&](qsizetype from, qsizetype search, const QString& end, Ink ink) {
        const qsizetype found = text.indexOf(end, search);
        at = found < 0 ? size : found + end.size();
        paint(from, at, ink);
        return found >= 0;
    };
    const auto ending = [](int open) {
        switch (open) {
            case InComment:
                return QStringLiteral("*/");
            case InTripleSingle:
                return QStringLiteral("'''");
            case InTripleDouble:
                return QStringLiteral("\"\"\"");
            default:
                return QStringLiteral("`");
        }
    };
    const auto open = [&](qsizetype from, qsizetype search, int what) {
        if (!through(from, search, ending(what), what == InComment ? Comment : Text)) setCurrentBlockState(what);
    };
    if (state != Nothing) open(0, 0, state);
    while (at < size) {
        const QChar here = text[at], next = at + 1 < size ? text[at + 1] : QChar();
        const bool hash = here == QLatin1Char('#');
        if (hash && (python || (shell && (at == 0 || text[at - 1].isSpace())))) return paint(at, size, Comment);
        if (hash && c && text.left(at).trimmed().isEmpty()) {
            qsizetype end = at + 1;
            while (end < size && (text[end].isLetter() || (end == at + 1 && text[end].isSpace()))) ++end;
            paint(at, end, Keyword);
            at = end;
            continue;
        }
        if ((c || javaScript || json) && here == QLatin1Char('/') && next == QLatin1Char('/'))
            return paint(at, size, Comment);
        if ((c || javaScript) && here == QLatin1Char('/') && next == QLatin1Char('*')) {
            open(at, at + 2, InComment);
            continue;
        }
        if (javaScript && here == QLatin1Char('`')) {
            open(at, at + 1, InTemplate);
            continue;
        }
        if (here == QLatin1Char('"') || here == QLatin1Char('\'')) {
            const QString triple(3, here);
            if (python && text.mid(at, 3) == triple) {
                open(at, at + 3, here == QLatin1Char('"') ? InTripleDouble : InTripleSingle);
                continue;
            }
            qsizetype end = at + 1;
            while (end < size && text[end] != here) {
                const bool escapes = text[end] == QLatin1Char('\\') && !(shell && here == QLatin1Char('\''));
                end += escapes ? 2 : 1;
            }
            end = std::min(end + 1, size);
            const bool key = json && text.mid(end).trimmed().startsWith(QLatin1Char(':'));
            paint(at, end, key ? Called : Text);
            at = end;
            continue;
        }
        if (here.isDigit() || (here == QLatin1Char('.') && next.isDigit())) {
            qsizetype end = at + 1;
            while (end < size &&
                   (text[end].isLetterOrNumber() || text[end] == QLatin1Char('.') ||
                    ((text[end] == QLatin1Char('-') || text[end] == QLatin1Char('+')) &&
                     text[end - 1].toLower() == QLatin1Char('e') && !text.mid(at, 2).contains(QLatin1Char('x')))))
                ++end;
            paint(at, end, Number);
            at = end;
            continue;
        }
        if (shell && here == QLatin1Char('$')) {
            qsizetype end = at + 1;
            if (end < size && text[end] == QLatin1Char('{'))
                end = text.indexOf(QLatin1Char('}'), end) < 0 ? size : text.indexOf(QLatin1Char('}'), end) + 1;
            else
                while (end < size && (text[end].isLetterOrNumber() || text[end] == QLatin1Char('_'))) ++end;
            paint(at, end, Constant);
            at = end;
            continue;
        }
        if (begins(here)) {
            qsizetype end = at + 1;
            while (end < size && continues(text[end])) ++end;
            const QString word = text.mid(at, end - at);
            if (keywords(m_language).contains(word))
                paint(at, end, Keyword);
            else if (constants(m_language).contains(word))
                paint(at, end, Constant);
            else if (!shell && end < size && text[end] == QLatin1Char('('))
                paint(at, end, Called);
            at = end;
            continue;
        }
        if (python && here == QLatin1Char('@') && text.left(at).trimmed().isEmpty()) {
            qsizetype end = at + 1;
            while (end < size && (continues(text[end]) || text[end] == QLatin1Char('.'))) ++end;
            paint(at, end, Called);
            at = end;
            continue;
        }
        ++at;
    }
}

}  // namespace distillix::ui
