// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/markdown_text.h"

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

bool isHarmlessLink(const QUrl& url) {
    if (!url.isValid()) return false;
    const QString scheme = url.scheme().toLower();
    if (scheme == QLatin1String("mailto")) return url.path().contains(QLatin1Char('@'));
    return (scheme == QLatin1String("http") || scheme == QLatin1String("https")) && !url.host().isEmpty();
}

}  // namespace distillix::ui
