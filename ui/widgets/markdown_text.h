// SPDX-License-Identifier: GPL-3.0-or-later
// What a model said, made fit to be shown. It is a stranger's text: nothing in it is a command, a file or a page to
// load.
#pragma once

#include <QList>
#include <QString>
#include <QUrl>

namespace distillix::ui {

/// Control characters, those that turn the direction of writing, and what Qt's text engine takes for structure become
/// visible signs of one or a few characters; tabs and line breaks (of every kind) stay.
QString harmlessText(const QString& text);

/// Prose and code of a Markdown text, cut at its code fences.
struct MarkdownPart {
    bool code = false;
    QString text;        ///< of code: what is between the fences, without the last line break
    QString language;    ///< of code: the first word behind the fence
    bool closed = true;  ///< false: the text ended within the code
    bool operator==(const MarkdownPart&) const = default;
};

/// Fences are lines that begin (behind at most three spaces) with three or more ` or ~; one that is never closed runs
/// to the end. Fences inside lists and quotes stay part of the prose. Long prose is cut between paragraphs, so that
/// none of the parts takes long to lay out.
QList<MarkdownPart> splitMarkdown(const QString& text);

/// Prose as a Markdown reader is to be given it, so that what a model wrote is seen as it wrote it: a line break within
/// a paragraph stays one (as U+2028), and so do spaces in front of a line; underscores make no emphasis where they may
/// be part of a name (__init__), nor asterisks within a word or a product; >>> is no quote. Lists, titles, quotes,
/// tables, rules and code in lists stay Markdown. Give it what harmlessText() gave; unguarded() takes the signs out
/// again that stand in for those that the reader must not see.
QString guardedProse(const QString& text);
QString unguarded(QString text);
bool isGuard(QChar c);

/// A link that a click may offer to open: http, https and mailto, with a host or an address. Everything else (file:,
/// javascript:, data:, relative paths) is shown as text.
bool isHarmlessLink(const QUrl& url);

}  // namespace distillix::ui
