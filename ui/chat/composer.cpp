// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/composer.h"

#include <QKeyEvent>
#include <QLabel>
#include <QLocale>
#include <QPlainTextEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QStyle>
#include <QVBoxLayout>

#include "ui/widgets/markdown_view.h"

namespace distillix::ui {
namespace {
constexpr int kMostLines = 9;
}

Composer::Composer(Theme& theme, QWidget* parent) : QFrame(parent), m_theme(theme) {
    setObjectName(QStringLiteral("composer"));
    Theme::setCard(this);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(space::m, space::s, space::s, space::s);
    layout->setSpacing(space::xs);
    m_text = new QPlainTextEdit(this);
    m_text->setObjectName(QStringLiteral("question"));
    m_text->setProperty("bare", true);
    m_text->setFrameShape(QFrame::NoFrame);
    m_text->setTabChangesFocus(true);
    m_text->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_text->document()->setDocumentMargin(2);
    m_text->installEventFilter(this);
    layout->addWidget(m_text);
    auto* row = new QHBoxLayout;
    row->setSpacing(space::s);
    m_gauge = new QProgressBar(this);
    m_gauge->setObjectName(QStringLiteral("contextGauge"));
    m_gauge->setTextVisible(false);
    m_gauge->setFixedWidth(theme.scaled(72));
    m_gaugeText = new QLabel(this);
    m_gaugeText->setObjectName(QStringLiteral("contextText"));
    m_hint = new QLabel(tr("Return sends, Shift+Return breaks the line"), this);
    for (QLabel* label : {m_gaugeText, m_hint}) {
        Theme::setType(label, Type::Caption);
        Theme::setInk(label, Ink::Muted);
    }
    m_send = new QPushButton(this);
    m_send->setObjectName(QStringLiteral("send"));
    Theme::setPrimary(m_send);
    row->addWidget(m_gauge);
    row->addWidget(m_gaugeText);
    row->addStretch();
    row->addWidget(m_hint);
    row->addWidget(m_send);
    layout->addLayout(row);
    connect(m_send, &QPushButton::clicked, this, [this] { m_busy ? emit stopWanted() : emit sent(); });
    connect(m_text, &QPlainTextEdit::textChanged, this, [this] {
        fit();
        restyle();
        emit textChanged();
    });
    connect(&theme, &Theme::changed, this, &Composer::restyle);
    setCompletion(false);
    setGauge(0, 0, {});
}

QString Composer::text() const {
    return m_text->toPlainText();
}
void Composer::setText(const QString& text) {
    if (text != m_text->toPlainText()) m_text->setPlainText(text);
}
void Composer::clear() {
    m_text->clear();
}
void Composer::focusText() {
    m_text->setFocus();
}

void Composer::setBusy(bool busy) {
    m_busy = busy;
    restyle();
}

void Composer::setCompletion(bool completion) {
    m_completion = completion;
    m_text->setPlaceholderText(completion ? tr("Text to be continued; empty: go on") : tr("Ask something"));
    m_text->setAccessibleName(completion ? tr("Text to be continued") : tr("Your question"));
    restyle();
}

void Composer::restyle() {
    m_text->setFont(m_completion ? m_theme.font(Type::Mono) : readingFont(m_theme));
    m_send->setText(m_busy ? tr("Stop") : m_completion ? tr("Continue") : tr("Send"));
    m_send->setToolTip(m_busy ? tr("Stop the answer (Escape)") : QString());
    m_send->setIcon(m_theme.icon(m_busy ? QStringLiteral("stop") : QStringLiteral("send"), Ink::OnAccent));
    m_send->setEnabled(m_busy || m_completion || !text().trimmed().isEmpty());
    fit();
}

void Composer::fit() {
    const int line = m_text->fontMetrics().lineSpacing();
    const int lines = std::clamp(static_cast<int>(std::ceil(m_text->document()->size().height())), 1, kMostLines);
    const int height = lines * line + 8;
    if (m_text->height() != height) m_text->setFixedHeight(height);
}

void Composer::setGauge(int used, int context, const QString& more) {
    const bool known = context > 0;
    m_gauge->setVisible(known);
    m_gauge->setMaximum(std::max(1, context));
    m_gauge->setValue(std::min(used, context));
    const QLocale locale;
    QString text = known ? tr("%1 of %2 tokens").arg(locale.toString(used), locale.toString(context)) : QString();
    if (known && used > context) text += tr(": the oldest will be dropped");
    if (!more.isEmpty()) text += (text.isEmpty() ? QString() : QStringLiteral("  ·  ")) + more;
    m_gaugeText->setText(text);
    m_gauge->setAccessibleName(tr("Context in use"));
    m_gauge->setAccessibleDescription(text);
    m_gauge->setToolTip(tr("How much of what the model can see at once is filled"));
    const bool full = known && used * 10 > context * 9;
    if (m_gauge->property("full").toBool() != full) {
        m_gauge->setProperty("full", full);
        Theme::setInk(m_gaugeText, full ? Ink::Warning : Ink::Muted);
        m_gauge->style()->unpolish(m_gauge);
        m_gauge->style()->polish(m_gauge);
    }
    m_full = known && used > context;
    hint();
}

/// The hint goes where there is no room for it.
void Composer::hint() {
    m_hint->setVisible(!m_full && width() > m_theme.scaled(520));
}

bool Composer::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::KeyPress || event->type() == QEvent::ShortcutOverride) {
        const auto* key = static_cast<QKeyEvent*>(event);
        const bool enter = key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter;
        if (event->type() == QEvent::ShortcutOverride) {
            // Ctrl+Return starts a training elsewhere; here it sends.
            if (!enter) return QFrame::eventFilter(watched, event);
            event->accept();
            return true;
        }
        if (enter && !(key->modifiers() & (Qt::ShiftModifier | Qt::AltModifier))) {
            if (!m_busy && m_send->isEnabled()) emit sent();
            return true;
        }
        if (key->key() == Qt::Key_Escape && m_busy) {
            emit stopWanted();
            return true;
        }
    }
    if (event->type() == QEvent::Resize) {
        fit();
        hint();
    }
    return QFrame::eventFilter(watched, event);
}

}  // namespace distillix::ui
