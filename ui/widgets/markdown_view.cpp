// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/markdown_view.h"

#include <QAbstractTextDocumentLayout>
#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QScrollBar>
#include <QTextBlock>
#include <QTextDocumentFragment>
#include <QTextTable>
#include <QVBoxLayout>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

namespace distillix::ui {
namespace {

constexpr int kRenderEveryMs = 120;  // at most, while text streams in; longer where rendering is slow
constexpr int kCopiedMs = 1500;
constexpr int kLinePercent = 145;

/// Lines of which some are further in than the first: code without a fence, as small models write it.
bool isIndented(const QString& text) {
    for (qsizetype at = text.indexOf(QChar::LineSeparator); at >= 0; at = text.indexOf(QChar::LineSeparator, at + 1)) {
        const QStringView line = QStringView(text).mid(at + 1);
        if (line.startsWith(QStringLiteral("\u00a0\u00a0")) ||
            unguarded(line.left(1).toString()) == QStringLiteral("\t"))
            return true;
    }
    return false;
}

}  // namespace

QFont readingFont(const Theme& theme) {
    QFont font = theme.font(Type::Body);
    font.setPixelSize(theme.scaled(14));
    return font;
}

TextBlock::TextBlock(Theme& theme, QWidget* parent) : QTextBrowser(parent), m_theme(theme) {
    setProperty("bare", true);
    setFrameShape(QFrame::NoFrame);
    setOpenLinks(false);
    setOpenExternalLinks(false);
    setUndoRedoEnabled(false);
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setWordWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
    document()->setDocumentMargin(0);
    // One that has nothing to do by keyboard is passed over on the way through the page; a click still gets it.
    setFocusPolicy(Qt::ClickFocus);
    connect(document()->documentLayout(), &QAbstractTextDocumentLayout::documentSizeChanged, this, &TextBlock::fit);
}

QVariant TextBlock::loadResource(int type, const QUrl&) {
    // Not nothing: of a text that gives nothing Qt looks for a file of that name itself.
    if (type != QTextDocument::ImageResource) return QByteArray();
    static const QImage empty = [] {
        QImage image(1, 1, QImage::Format_ARGB32_Premultiplied);
        image.fill(Qt::transparent);
        return image;
    }();
    return empty;
}

QSize TextBlock::sizeHint() const {
    return {200, static_cast<int>(std::ceil(document()->size().height()))};
}
QSize TextBlock::minimumSizeHint() const {
    return {40, 0};
}

void TextBlock::fit() {
    const int height = std::max(1, static_cast<int>(std::ceil(document()->size().height())));
    if (height != maximumHeight() || height != minimumHeight()) setFixedHeight(height);
}

void TextBlock::resizeEvent(QResizeEvent* event) {
    QTextBrowser::resizeEvent(event);
    fit();
}

void TextBlock::wheelEvent(QWheelEvent* event) {
    event->ignore();
}  // the page scrolls, not the text in it

ProseBlock::ProseBlock(Theme& theme, QWidget* parent) : TextBlock(theme, parent) {}

void ProseBlock::render(const QString& markdown) {
    document()->setDefaultFont(readingFont(theme()));
    document()->setMarkdown(
        guardedProse(markdown),
        QTextDocument::MarkdownFeatures(QTextDocument::MarkdownDialectGitHub) | QTextDocument::MarkdownNoHTML);
    tidy();
}

void ProseBlock::setWords(const QString& text, const QFont& font) {
    document()->setDefaultFont(font);
    setPlainText(text);
    QTextBlockFormat lines;
    lines.setLineHeight(kLinePercent, QTextBlockFormat::ProportionalHeight);
    QTextCursor all(document());
    all.select(QTextCursor::Document);
    all.mergeBlockFormat(lines);
}

void ProseBlock::add(const QString& piece) {
    QTextCursor end(document());
    end.movePosition(QTextCursor::End);
    end.insertText(piece);
}

/// What setMarkdown leaves to do: pictures become words, links that are none lose their link, code and tables get a
/// look.
void ProseBlock::tidy() {
    struct Change {
        int from, length;
        QTextCharFormat format;
        QString text;
    };
    QList<Change> changes;
    const QFont mono = theme().font(Type::Mono);
    const QColor ground = theme().colour(Ink::Raised);
    QTextCursor cursor(document());
    cursor.beginEditBlock();
    for (QTextBlock block = document()->begin(); block.isValid(); block = block.next()) {
        QTextBlockFormat lines = block.blockFormat();
        const bool fenced = lines.hasProperty(QTextFormat::BlockCodeFence) ||
                            lines.hasProperty(QTextFormat::BlockCodeLanguage) || lines.nonBreakableLines();
        const int level = lines.headingLevel();
        const bool code = !fenced && isIndented(block.text());
        const bool cell = QTextCursor(block).currentTable();
        lines.setLineHeight(cell ? 100 : level || code ? 120 : kLinePercent, QTextBlockFormat::ProportionalHeight);
        if (fenced) {
            lines.setBackground(ground);
            lines.setNonBreakableLines(false);
        } else if (!cell) {
            lines.setTopMargin(block.position() == 0 ? 0 : theme().scaled(level ? space::l : space::xs));
            lines.setBottomMargin(theme().scaled(block.next().isValid() ? (block.textList() ? 2 : space::s) : 0));
        }
        if (lines.hasProperty(QTextFormat::BlockQuoteLevel)) lines.setLeftMargin(theme().scaled(space::l));
        cursor.setPosition(block.position());
        cursor.setBlockFormat(lines);
        for (auto at = block.begin(); !at.atEnd(); ++at) {
            const QTextFragment fragment = at.fragment();
            if (!fragment.isValid()) continue;
            QTextCharFormat format = fragment.charFormat();
            if (format.isImageFormat()) {
                const QString name = format.toImageFormat().name();
                const QString alt = format.stringProperty(QTextFormat::ImageAltText);
                QTextCharFormat words;
                words.setFont(readingFont(theme()));
                words.setForeground(theme().colour(Ink::Muted));
                changes.append(
                    {fragment.position(), fragment.length(), words,
                     unguarded(tr("[picture: %1]").arg(alt.isEmpty() ? name : alt + QStringLiteral(", ") + name))});
                continue;
            }
            bool changed = false;
            if (format.isAnchor()) {
                format.setAnchorHref(unguarded(format.anchorHref()));
                if (isHarmlessLink(QUrl(format.anchorHref()))) {
                    format.setForeground(theme().colour(Ink::Accent));
                    format.setToolTip(format.anchorHref());
                } else {
                    format.setAnchor(false);
                    format.clearProperty(QTextFormat::AnchorHref);
                    format.clearForeground();
                    format.setFontUnderline(false);
                }
                changed = true;
            }
            if (format.fontFixedPitch() || code) {
                format.setFontFixedPitch(true);
                format.setFontFamilies(mono.families());
                format.setProperty(QTextFormat::FontPixelSize, mono.pixelSize());
                if (!fenced && !code) format.setBackground(ground);
                changed = true;
            }
            if (level) {
                static constexpr int sizes[] = {20, 17, 15};
                format.setProperty(QTextFormat::FontPixelSize, theme().scaled(sizes[std::min(level, 3) - 1]));
                format.clearProperty(QTextFormat::FontSizeAdjustment);
                format.setFontWeight(QFont::DemiBold);
                changed = true;
            }
            if (lines.hasProperty(QTextFormat::BlockQuoteLevel) && !format.isAnchor()) {
                format.setForeground(theme().colour(Ink::Muted));
                changed = true;
            }
            if (changed) changes.append({fragment.position(), fragment.length(), format, {}});
        }
    }
    for (auto change = changes.crbegin(); change != changes.crend(); ++change) {
        cursor.setPosition(change->from);
        cursor.setPosition(change->from + change->length, QTextCursor::KeepAnchor);
        if (change->text.isNull())
            cursor.setCharFormat(change->format);
        else
            cursor.insertText(change->text, change->format);
    }
    for (QTextBlock block = document()->begin(); block.isValid(); block = block.next()) {
        const QString text = block.text();
        for (qsizetype i = text.size() - 1; i >= 0; --i) {
            if (!isGuard(text[i])) continue;
            cursor.setPosition(block.position() + static_cast<int>(i));
            cursor.setPosition(cursor.position() + 1, QTextCursor::KeepAnchor);
            cursor.insertText(unguarded(text[i]), cursor.charFormat());
        }
    }
    const auto frames = document()->rootFrame()->childFrames();
    for (QTextFrame* frame : frames) {
        auto* table = qobject_cast<QTextTable*>(frame);
        if (!table) continue;
        QTextTableFormat format = table->format();
        format.setBorder(1);
        format.setBorderCollapse(true);
        format.setBorderStyle(QTextFrameFormat::BorderStyle_Solid);
        format.setBorderBrush(theme().colour(Ink::Border));
        format.setCellPadding(theme().scaled(6));
        format.setCellSpacing(0);
        format.setTopMargin(theme().scaled(space::xs));
        format.setBottomMargin(theme().scaled(space::s));
        table->setFormat(format);
    }
    cursor.endEditBlock();
}

CodeBlock::CodeBlock(Theme& theme, const QString& language, const QString& code, QWidget* parent)
    : QFrame(parent), m_theme(theme) {
    setObjectName(QStringLiteral("codeBlock"));
    setProperty("code", true);
    setAttribute(Qt::WA_StyledBackground);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    auto* header = new QHBoxLayout;
    header->setContentsMargins(space::m, space::xs, space::xs, 0);
    m_language = new QLabel(this);
    Theme::setType(m_language, Type::Caption);
    Theme::setInk(m_language, Ink::Muted);
    m_language->setTextFormat(Qt::PlainText);
    m_copy = new QPushButton(tr("Copy"), this);
    m_copy->setObjectName(QStringLiteral("copyCode"));
    m_copy->setAccessibleName(tr("Copy code"));
    m_copy->setProperty("small", true);
    Theme::setFlat(m_copy);
    header->addWidget(m_language);
    header->addStretch();
    header->addWidget(m_copy);
    layout->addLayout(header);
    m_text = new QPlainTextEdit(this);
    m_text->setObjectName(QStringLiteral("code"));
    m_text->setAccessibleName(tr("Code"));
    m_text->setProperty("bare", true);
    m_text->setFrameShape(QFrame::NoFrame);
    m_text->setReadOnly(true);
    m_text->setUndoRedoEnabled(false);
    m_text->setLineWrapMode(QPlainTextEdit::NoWrap);
    m_text->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_text->setHorizontalScrollBarPolicy(Qt::ScrollBarAsNeeded);
    m_text->setFocusPolicy(Qt::ClickFocus);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_text->document()->setDocumentMargin(0);
    m_text->viewport()->installEventFilter(this);
    auto* body = new QVBoxLayout;
    body->setContentsMargins(space::m, space::xs, space::m, space::s);
    body->addWidget(m_text);
    layout->addLayout(body);
    m_highlighter = new CodeHighlighter(m_text->document(), codeLanguage(language), theme.isDark());
    m_copied = new QTimer(this);
    m_copied->setSingleShot(true);
    m_copied->setInterval(kCopiedMs);
    connect(m_copied, &QTimer::timeout, this, [this] { m_copy->setText(tr("Copy")); });
    connect(m_copy, &QPushButton::clicked, this, [this] {
        QApplication::clipboard()->setText(m_code);
        m_copy->setText(tr("Copied"));
        m_copied->start();
    });
    connect(m_text->horizontalScrollBar(), &QScrollBar::rangeChanged, this, &CodeBlock::fit);
    setCode(language, code);
    restyle();
}

void CodeBlock::setCode(const QString& language, const QString& code) {
    m_code = code;
    m_language->setText(language.isEmpty() ? tr("text") : language.left(30));
    m_highlighter->setLanguage(codeLanguage(language));
    m_text->setPlainText(code);
    fit();
}

void CodeBlock::add(const QString& piece) {
    m_code += piece;
    QTextCursor end(m_text->document());
    end.movePosition(QTextCursor::End);
    end.insertText(piece);
    fit();
}

void CodeBlock::restyle() {
    m_text->setFont(m_theme.font(Type::Mono));
    m_text->setTabStopDistance(4 * m_text->fontMetrics().horizontalAdvance(QLatin1Char(' ')));
    m_highlighter->setDark(m_theme.isDark());
    fit();
}

void CodeBlock::fit() {
    const int lines = m_text->document()->blockCount();
    const QScrollBar* bar = m_text->horizontalScrollBar();
    const int barHeight = bar->maximum() > bar->minimum() ? bar->sizeHint().height() : 0;
    const int height = static_cast<int>(std::ceil(lines * m_text->fontMetrics().lineSpacing())) + barHeight + 2;
    if (height != m_text->minimumHeight()) m_text->setFixedHeight(height);
}

bool CodeBlock::eventFilter(QObject* watched, QEvent* event) {
    // Up and down belong to the page; sideways to the code.
    if (event->type() == QEvent::Wheel) {
        const auto* wheel = static_cast<QWheelEvent*>(event);
        const QPoint turned = wheel->angleDelta();
        if (std::abs(turned.y()) >= std::abs(turned.x()) && !(wheel->modifiers() & Qt::ShiftModifier)) {
            event->ignore();
            QApplication::sendEvent(this, event);
            return true;
        }
    }
    return QFrame::eventFilter(watched, event);
}

MarkdownView::MarkdownView(Theme& theme, Look look, QWidget* parent) : QWidget(parent), m_theme(theme), m_look(look) {
    m_layout = new QVBoxLayout(this);
    m_layout->setContentsMargins(0, 0, 0, 0);
    m_layout->setSpacing(theme.scaled(space::s));
    m_soon.setSingleShot(true);
    connect(&m_soon, &QTimer::timeout, this, &MarkdownView::render);
    connect(&theme, &Theme::changed, this, [this] {
        m_parts.clear();
        qDeleteAll(m_widgets);
        m_widgets.clear();
        render();
    });
}

void MarkdownView::setText(const QString& text) {
    m_text = text;
    render();
}

void MarkdownView::setLook(Look look) {
    if (look == m_look) return;
    m_look = look;
    m_parts.clear();
    qDeleteAll(m_widgets);
    m_widgets.clear();
    render();
}

void MarkdownView::append(const QString& piece) {
    m_text += piece;
    if (m_text.size() > m_limit) {
        if (!m_soon.isActive()) m_soon.start(m_interval);
        return;
    }
    const QString shown = harmlessText(piece);
    if (!m_widgets.isEmpty()) {
        if (auto* prose = qobject_cast<ProseBlock*>(m_widgets.last())) {
            prose->add(shown);
        } else if (auto* code = qobject_cast<CodeBlock*>(m_widgets.last())) {
            // A fence may be on its way: what could belong to it waits until the whole is read again.
            if (!m_parts.last().closed && !shown.contains(QLatin1Char('`')) && !shown.contains(QLatin1Char('~')))
                code->add(shown);
        }
    }
    if (!m_soon.isActive()) m_soon.start(m_widgets.isEmpty() ? 0 : m_interval);
}

void MarkdownView::finish() {
    if (!m_soon.isActive()) return;
    m_soon.stop();
    render();
}

QWidget* MarkdownView::widgetFor(const MarkdownPart& part) {
    if (part.code) return new CodeBlock(m_theme, part.language, part.text, this);
    auto* prose = new ProseBlock(m_theme, this);
    prose->setObjectName(QStringLiteral("prose"));
    prose->setAccessibleName(tr("Text"));
    connect(prose, &QTextBrowser::anchorClicked, this, [this](const QUrl& url) {
        if (isHarmlessLink(url)) emit linkActivated(url);
    });
    return prose;
}

void MarkdownView::render() {
    QElapsedTimer clock;
    clock.start();
    const QString shown = harmlessText(m_text.size() > m_limit ? m_text.left(m_limit) : m_text);
    const QList<MarkdownPart> parts =
        m_look == Look::Markdown ? splitMarkdown(shown) : QList<MarkdownPart>{MarkdownPart{false, shown, {}, true}};
    // What stands in front of the first difference stays as it is; the last part may have been added to.
    qsizetype same = 0;
    while (same + 1 < std::min(parts.size(), m_parts.size()) && parts[same] == m_parts[same]) ++same;
    for (qsizetype i = same; i < parts.size(); ++i) {
        const bool fits = i < m_widgets.size() && m_parts[i].code == parts[i].code;
        if (!fits) {
            if (i < m_widgets.size()) delete m_widgets.takeAt(i);
            m_widgets.insert(i, widgetFor(parts[i]));
            if (i < m_parts.size()) m_parts[i] = {};
            m_layout->insertWidget(static_cast<int>(i), m_widgets[i]);
        }
        if (auto* code = qobject_cast<CodeBlock*>(m_widgets[i])) {
            if (code->code() != parts[i].text || !fits) code->setCode(parts[i].language, parts[i].text);
        } else {
            auto* prose = static_cast<ProseBlock*>(m_widgets[i]);
            if (m_look == Look::Markdown)
                prose->render(parts[i].text);
            else
                prose->setWords(parts[i].text, m_look == Look::Mono ? m_theme.font(Type::Mono) : readingFont(m_theme));
        }
    }
    while (m_widgets.size() > parts.size()) delete m_widgets.takeLast();
    m_parts = parts;
    const bool more = m_text.size() > m_limit;
    if (more && !m_more) {
        m_more = new QPushButton(this);
        m_more->setObjectName(QStringLiteral("showMore"));
        m_layout->addWidget(m_more, 0, Qt::AlignLeft);
        connect(m_more, &QPushButton::clicked, this, [this] {
            m_limit += kShownAtOnce;
            render();
        });
    }
    if (m_more) {
        m_more->setVisible(more);
        m_more->setText(tr("Show more (%L1 characters are left)").arg(m_text.size() - m_limit));
    }
    // Never more than a tenth of the time.
    m_interval = std::max(kRenderEveryMs, static_cast<int>(clock.elapsed()) * 10);
    emit heightChanged();
}

}  // namespace distillix::ui
