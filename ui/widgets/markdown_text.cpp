// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/markdown_text.h"

#include <QRegularExpression>

namespace distillix::ui {
namespace {

constexpr qsizetype kLongProse = 2500;  // characters that are laid out within a few milliseconds

struct Fence {
    QChar sign;
    qsizetype length = 0;
    QString info;
    bool isThere() const { return length > 0; }
};

Fence fenceOf(QStringView line) {
    qsizetype at = 0;
    while (at < line.size() && at < 3 && line[at] == QLatin1Char(' ')) ++at;
    if (at >= line.size() || (line[at] != QLatin1Char('`') && line[at] != QLatin1Char('~'))) return {};
    Fence fence{line[at], 0, {}};
    while (at < line.size() && line[at] == fence.sign) ++at, ++fence.length;
    if (fence.length < 3) return {};
    fence.info = line.mid(at).trimmed().toString();
    if (fence.sign == QLatin1Char('`') && fence.info.contains(QLatin1Char('`'))) return {};  // code within a line
    return fence;
}

/// True where a new paragraph may begin another part: not inside a list or a quote, and not code by indentation.
bool beginsAnew(QStringView line) {
    if (line.isEmpty() || line[0].isSpace()) return false;
    if (line[0] == QLatin1Char('>') || line[0] == QLatin1Char('|')) return false;
    if ((line[0] == QLatin1Char('-') || line[0] == QLatin1Char('*') || line[0] == QLatin1Char('+')) &&
        line.size() > 1 && line[1].isSpace())
        return false;
    return !line[0].isDigit();
}

// Signs that harmlessText() leaves in no text, in place of those that Markdown would take for its own.
constexpr QChar kUnderscore(0xfdd5), kAsterisk(0xfdd6), kTab(0xfdd7);
constexpr QChar kBreak(0x2028), kHardSpace(0x00a0);

bool isWord(QChar c) {
    return c.unicode() < 0x80 && c.isLetterOrNumber();
}

/// One line whose underscores and asterisks mean what they mean in a name or a product. Addresses stay as they are.
QString guardedLine(QStringView line) {
    QString out = line.toString();
    for (qsizetype at = 0; at < out.size();) {
        const QChar sign = out[at];
        if (sign != QLatin1Char('_') && sign != QLatin1Char('*')) {
            ++at;
            continue;
        }
        qsizetype end = at;
        while (end < out.size() && out[end] == sign) ++end;
        const QChar before = at > 0 ? out[at - 1] : QLatin1Char(' '),
                    behind = end < out.size() ? out[end] : QLatin1Char(' ');
        // Of underscores within a word Markdown makes nothing by itself.
        const bool guard = sign == QLatin1Char('_')
                               ? !(before.isLetterOrNumber() && behind.isLetterOrNumber())
                               : (isWord(before) || QStringLiteral("_)]").contains(before) || before == kUnderscore) &&
                                     (isWord(behind) || QStringLiteral("_([").contains(behind));
        const qsizetype word = out.lastIndexOf(QLatin1Char(' '), at) + 1;
        if (guard && !QStringView(out).mid(word, at - word).contains(QLatin1String("://")))
            for (qsizetype i = at; i < end; ++i) out[i] = sign == QLatin1Char('_') ? kUnderscore : kAsterisk;
        at = end;
    }
    return out;
}

bool isTableRule(QStringView line) {
    static const QRegularExpression rule(QStringLiteral("^\\s*\\|?\\s*:?-+:?\\s*(\\|\\s*:?-+:?\\s*)*\\|?\\s*$"));
    return line.contains(QLatin1Char('|')) && rule.match(line.toString()).hasMatch();
}

bool isListItem(QStringView body) {
    static const QRegularExpression item(QStringLiteral("^([-*+]|\\d{1,9}[.)])(\\s|$)"));
    return item.match(body.toString()).hasMatch();
}

/// A rule, or what underlines a title.
bool isRule(QStringView body) {
    static const QRegularExpression rule(QStringLiteral("^(=+|-+|([-*])(\\s*\\2){2,})\\s*$"));
    return rule.match(body.toString()).hasMatch();
}

bool isTitle(QStringView body) {
    static const QRegularExpression title(QStringLiteral("^#{1,6}(\\s|$)"));
    return title.match(body.toString()).hasMatch();
}

bool isReference(QStringView body) {
    static const QRegularExpression reference(QStringLiteral("^\\[[^\\]]+\\]:"));
    return reference.match(body.toString()).hasMatch();
}

}  // namespace

QString harmlessText(const QString& text) {
    QString out;
    out.reserve(text.size());
    for (qsizetype i = 0; i < text.size(); ++i) {
        const QChar c = text[i];
        const char16_t code = c.unicode();
        if (code == '\n' || code == '\t') {
            out += c;
        } else if (code == '\r') {
            if (i + 1 >= text.size() || text[i + 1] != QLatin1Char('\n')) out += QLatin1Char('\n');
        } else if (code == 0x2028 || code == 0x2029) {
            out += QLatin1Char('\n');
        } else if (code < 0x20) {
            out += QChar(0x2400 + code);  // the pictures of control characters
        } else if (code == 0x7f) {
            out += QChar(0x2421);
        } else if (code >= 0x80 && code < 0xa0) {
            out += QChar(0xfffd);
        } else if ((code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069)) {
            out += QStringLiteral("\u27e8U+%1\u27e9").arg(int(code), 4, 16, QLatin1Char('0')).toUpper();
        } else if (code == 0xfffc || (code >= 0xfdd0 && code <= 0xfdef) || code >= 0xfffe) {
            out += QChar(0xfffd);  // Qt's own signs for objects and frames
        } else if (c.isHighSurrogate() && i + 1 < text.size() && text[i + 1].isLowSurrogate()) {
            out += c;
            out += text[++i];
        } else if (c.isSurrogate()) {
            out += QChar(0xfffd);
        } else {
            out += c;
        }
    }
    return out;
}

QList<MarkdownPart> splitMarkdown(const QString& text) {
    QList<MarkdownPart> parts;
    QString prose, code;
    Fence open;
    bool blank = false;
    const auto endProse = [&] {
        if (!prose.trimmed().isEmpty()) parts.append({false, prose, {}, true});
        prose.clear();
    };
    const auto endCode = [&](bool closed) {
        if (code.endsWith(QLatin1Char('\n'))) code.chop(1);
        parts.append({true, code, open.info.section(QLatin1Char(' '), 0, 0), closed});
        code.clear();
        open = {};
    };
    for (qsizetype at = 0; at < text.size();) {
        qsizetype end = text.indexOf(QLatin1Char('\n'), at);
        if (end < 0) end = text.size();
        const QStringView line = QStringView(text).mid(at, end - at);
        const QStringView whole = QStringView(text).mid(at, std::min(end + 1, text.size()) - at);
        at = end + 1;
        const Fence fence = fenceOf(line);
        if (open.isThere()) {
            if (fence.isThere() && fence.sign == open.sign && fence.length >= open.length && fence.info.isEmpty())
                endCode(true);
            else
                code += whole;
            continue;
        }
        if (fence.isThere()) {
            endProse();
            open = fence;
            continue;
        }
        if (blank && prose.size() > kLongProse && beginsAnew(line)) endProse();
        blank = line.trimmed().isEmpty();
        prose += whole;
    }
    if (open.isThere())
        endCode(false);
    else
        endProse();
    return parts;
}

QString guardedProse(const QString& text) {
    const QList<QStringView> lines = QStringView(text).split(QLatin1Char('\n'));
    QString out;
    Fence open;  // of code within a list or a quote
    bool inText = false, inList = false, inTable = false;
    const auto verbatim = [&](QStringView line) {
        out += line;
        out += QLatin1Char('\n');
        inText = false;
    };
    for (qsizetype i = 0; i < lines.size(); ++i) {
        const QStringView line = lines[i];
        const QStringView body = line.trimmed();
        QStringView code = body;
        while (code.startsWith(QLatin1Char('>')) || isListItem(code)) {
            qsizetype marker = 0;
            while (marker < code.size() && !code[marker].isSpace()) ++marker;
            code = code.mid(std::max<qsizetype>(marker, 1)).trimmed();
        }
        const Fence fence = fenceOf(code);
        if (open.isThere()) {
            if (fence.isThere() && fence.sign == open.sign && fence.length >= open.length && fence.info.isEmpty())
                open = {};
            verbatim(line);
            continue;
        }
        if (fence.isThere()) {
            open = fence;
            verbatim(line);
            continue;
        }
        if (body.isEmpty()) {
            inTable = false;
            verbatim({});
            continue;
        }
        if (!inTable && body.contains(QLatin1Char('|')) && i + 1 < lines.size() && isTableRule(lines[i + 1])) {
            // A table begins a paragraph, or it is none.
            if (inText) out += QLatin1Char('\n');
            inTable = true;
        }
        if (inTable && body.contains(QLatin1Char('|'))) {
            verbatim(guardedLine(line));
            continue;
        }
        inTable = false;
        qsizetype indent = 0;
        while (line[indent].isSpace()) ++indent;
        const bool prompt = body.startsWith(QLatin1String(">>>"));
        const bool quote = body.startsWith(QLatin1Char('>')) && !prompt;
        if (isListItem(body) || quote) {
            inList = inList || !quote;
            verbatim(guardedLine(line));
            inText = true;
            continue;
        }
        if (isRule(body) || isReference(body) || (!inText && indent == 0 && isTitle(body))) {
            inList = inList && indent > 0;
            verbatim(isRule(body) ? line.toString() : guardedLine(line));
            continue;
        }
        if (inText) {
            while (out.endsWith(QLatin1Char('\n')) || out.endsWith(QLatin1Char(' '))) out.chop(1);
            out += kBreak;
        } else {
            inList = inList && indent > 0;
        }
        if (inList) {
            // In a list, spaces say what a line belongs to.
            if (!inText) out += line.left(indent);
        } else {
            for (const QChar c : line.left(indent)) out += c == QLatin1Char('\t') ? kTab : kHardSpace;
        }
        if (prompt && !inText && indent == 0) out += QLatin1Char('\\');
        out += guardedLine(body);
        out += QLatin1Char('\n');
        inText = true;
    }
    return out;
}

bool isGuard(QChar c) {
    return c == kUnderscore || c == kAsterisk || c == kTab;
}

QString unguarded(QString text) {
    text.replace(kUnderscore, QLatin1Char('_'));
    text.replace(kAsterisk, QLatin1Char('*'));
    text.replace(kTab, QLatin1Char('\t'));
    return text;
}

bool isHarmlessLink(const QUrl& url) {
    if (!url.isValid()) return false;
    const QString scheme = url.scheme().toLower();
    if (scheme == QLatin1String("mailto")) return url.path().contains(QLatin1Char('@'));
    return (scheme == QLatin1String("http") || scheme == QLatin1String("https")) && !url.host().isEmpty();
}

}  // namespace distillix::ui
