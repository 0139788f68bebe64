// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/training/samples_view.h"

#include <QComboBox>
#include <QPlainTextEdit>
#include <QScrollBar>
#include <QSignalBlocker>
#include <QTextBlock>
#include <QTextCursor>
#include <QVBoxLayout>

#include "ui/format.h"

namespace distillix::ui {
namespace {

constexpr std::size_t kMostShown = 200;  ///< of the newest: nobody reads more, and each costs layout

QString oneLine(QString text) {
    text = text.simplified();
    return text.size() > 70 ? text.left(69) + QStringLiteral("…") : text;
}

}  // namespace

SamplesView::SamplesView(Studio& studio, QWidget* parent) : QWidget(parent), m_studio(studio) {
    m_prompt = new QComboBox;
    m_prompt->setObjectName("samplePrompt");
    m_prompt->setAccessibleName(tr("Prompt"));
    m_prompt->setFocusPolicy(Qt::StrongFocus);
    m_prompt->addItem(tr("All prompts"));
    m_prompt->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_text = new QPlainTextEdit;
    m_text->setObjectName("sampleText");
    m_text->setReadOnly(true);
    m_text->setAccessibleName(tr("Samples"));
    m_text->setPlaceholderText(tr("Answers to the fixed prompts appear here as the run makes them (“sample_every”)."));
    Theme::setType(m_text, Type::Mono);
    auto* all = new QVBoxLayout(this);
    all->setContentsMargins(space::m, space::xs, space::m, space::s);
    all->setSpacing(space::xs);
    all->addWidget(m_prompt);
    all->addWidget(m_text, 1);
    connect(m_prompt, &QComboBox::currentIndexChanged, this, &SamplesView::rebuild);
    connect(&m_studio.theme(), &Theme::changed, this, &SamplesView::rebuild);
}

void SamplesView::setSamples(const std::vector<RunSample>& samples) {
    m_samples = samples;
    const QSignalBlocker quiet(m_prompt);
    const QString chosen = m_prompt->currentData().toString();
    QStringList prompts;
    for (const RunSample& sample : m_samples)
        if (!prompts.contains(sample.prompt)) prompts += sample.prompt;
    while (m_prompt->count() > 1) m_prompt->removeItem(1);
    for (const QString& prompt : prompts) m_prompt->addItem(oneLine(prompt), prompt);
    m_prompt->setCurrentIndex(std::max(0, chosen.isEmpty() ? 0 : m_prompt->findData(chosen)));
    rebuild();
}

void SamplesView::rebuild() {
    // Whoever has scrolled to read something stays there: what is new comes in above.
    QScrollBar* bar = m_text->verticalScrollBar();
    const int fromEnd = bar->value() > 0 ? bar->maximum() - bar->value() : -1;
    QTextCharFormat head, plain, muted;
    head.setFontWeight(QFont::DemiBold);
    head.setForeground(m_studio.theme().colour(Ink::Accent));
    muted.setForeground(m_studio.theme().colour(Ink::Muted));
    plain.setForeground(m_studio.theme().colour(Ink::Text));
    m_text->setUpdatesEnabled(false);
    m_text->clear();
    QTextCursor cursor(m_text->document());
    cursor.beginEditBlock();
    const QString only = m_prompt->currentIndex() > 0 ? m_prompt->currentData().toString() : QString();
    std::size_t shown = 0;
    for (auto sample = m_samples.rbegin(); sample != m_samples.rend() && shown < kMostShown; ++sample) {
        if (!only.isEmpty() && sample->prompt != only) continue;
        if (shown++) cursor.insertText(QStringLiteral("\n\n"), plain);
        cursor.insertText(tr("step %1").arg(formatExact(sample->step)), head);
        if (only.isEmpty()) cursor.insertText(QStringLiteral("   ") + sample->prompt, muted);
        cursor.insertText(QStringLiteral("\n") + sample->text, plain);
    }
    cursor.endEditBlock();
    m_text->setUpdatesEnabled(true);
    bar->setValue(fromEnd < 0 ? 0 : std::max(0, bar->maximum() - fromEnd));
}

}  // namespace distillix::ui
