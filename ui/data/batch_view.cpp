// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/data/batch_view.h"

#include <QJsonArray>
#include <QPointer>
#include <QTextCursor>
#include <QTextDocument>
#include <algorithm>

namespace distillix::ui {

namespace {
constexpr int kTints = 4;
constexpr int kMostTokens = 2048;  // more than a person reads, and laid out in some milliseconds

/// `over` laid thinly over `under`.
QColor mixed(const QColor& under, const QColor& over, double share) {
    const auto mix = [share](int a, int b) { return static_cast<int>(std::lround(a + (b - a) * share)); };
    return QColor(mix(under.red(), over.red()), mix(under.green(), over.green()), mix(under.blue(), over.blue()));
}
}  // namespace

BatchView::BatchView(Theme& theme, QWidget* parent) : QTextEdit(parent), m_theme(theme) {
    setReadOnly(true);
    setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    setAccessibleName(tr("The first batch as the model sees it"));
    document()->setUndoRedoEnabled(false);
    document()->setDocumentMargin(space::m);
    connect(&m_theme, &Theme::changed, this, &BatchView::render);
}

void BatchView::setBatch(const QJsonObject& batch) {
    if (batch == m_batch) return;
    m_batch = batch;
    render();
}

void BatchView::render() {
    m_tokens = m_documents = 0;
    const QColor ground = m_theme.colour(Ink::Surface);
    QTextCharFormat plain;
    // Not JetBrains Mono, whose ligatures draw "<|" as one sign and hide where a token ends.
    QFont letters = m_theme.font(Type::Mono);
    letters.setFamilies(
        {QStringLiteral("DejaVu Sans Mono"), QStringLiteral("Liberation Mono"), QStringLiteral("monospace")});
    plain.setFont(letters);
    plain.setForeground(m_theme.colour(Ink::Muted));
    QTextCharFormat tints[kTints];
    for (int i = 0; i < kTints; ++i) {
        tints[i] = plain;
        tints[i].setForeground(m_theme.colour(Ink::Text));
        tints[i].setBackground(mixed(ground, m_theme.seriesColour(i), m_theme.isDark() ? 0.34 : 0.20));
    }
    QTextCharFormat heading;
    heading.setFont(m_theme.font(Type::Caption));
    heading.setForeground(m_theme.colour(Ink::Accent));
    QTextBlockFormat normalBlock, headingBlock;
    normalBlock.setLineHeight(150, QTextBlockFormat::ProportionalHeight);
    headingBlock.setTopMargin(space::m);

    auto* document = new QTextDocument(this);
    document->setUndoRedoEnabled(false);
    document->setDocumentMargin(space::m);
    document->setDefaultFont(m_theme.font(Type::Mono));
    QTextCursor cursor(document);
    cursor.beginEditBlock();
    int rowNumber = 0;
    const auto head = [&](const QString& text) {
        if (document->isEmpty())
            cursor.setBlockFormat(headingBlock);
        else
            cursor.insertBlock(headingBlock);
        cursor.insertText(text, heading);
        cursor.insertBlock(normalBlock);
    };
    for (const QJsonValue& value : m_batch.value(QStringLiteral("rows")).toArray()) {
        const QJsonObject row = value.toObject();
        const QJsonArray pieces = row.value(QStringLiteral("pieces")).toArray();
        const QJsonArray learnt = row.value(QStringLiteral("learnt")).toArray();
        const QJsonArray documents = row.value(QStringLiteral("documents")).toArray();
        ++rowNumber;
        QList<int> begins;
        for (const QJsonValue& entry : documents)
            begins.append(entry.toObject().value(QStringLiteral("begin")).toInt());
        int shownDocument = 0;
        const qsizetype count = std::min<qsizetype>(pieces.size(), kMostTokens - m_tokens);
        for (qsizetype i = 0; i < count; ++i) {
            if (begins.contains(static_cast<int>(i))) {
                ++shownDocument;
                ++m_documents;
                head(tr("Sequence %1, document %2").arg(rowNumber).arg(shownDocument));
            } else if (i == 0) {
                head(tr("Sequence %1").arg(rowNumber));
            }
            QString text = pieces[i].toString();
            const bool isLearnt = learnt[i].toInt() != 0;
            // What fills a sequence up is told once, with how often.
            qsizetype same = 1;
            if (!isLearnt && text.startsWith(QLatin1Char('<')))
                while (i + same < count && pieces[i + same] == pieces[i] && learnt[i + same].toInt() == 0 &&
                       !begins.contains(static_cast<int>(i + same)))
                    ++same;
            if (same > 1) text += QStringLiteral(" × %1").arg(same);
            // SentencePiece's mark of a space.
            text.replace(QChar(0x2581), QLatin1Char(' ')).replace(QLatin1Char('\n'), QStringLiteral("↵\n"));
            cursor.insertText(text, isLearnt ? tints[m_tokens % kTints] : plain);
            m_tokens += static_cast<int>(same);
            i += same - 1;
        }
    }
    cursor.endEditBlock();
    // The first document is the editor's own, and goes with the change; later ones are ours.
    const QPointer<QTextDocument> before = this->document();
    setDocument(document);
    if (before) before->deleteLater();
}

}  // namespace distillix::ui
