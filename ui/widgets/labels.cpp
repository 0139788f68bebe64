// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/labels.h"

#include <QEvent>
#include <QFormLayout>
#include <QHBoxLayout>

namespace distillix::ui {

namespace {
class WheelFilter : public QObject {
  public:
    using QObject::QObject;
    bool eventFilter(QObject* watched, QEvent* event) override {
        if (event->type() != QEvent::Wheel) return QObject::eventFilter(watched, event);
        event->ignore();
        return true;
    }
};
}  // namespace

QLabel* makeLabel(const QString& text, Type type, Ink ink) {
    auto* label = new QLabel(text);
    label->setTextFormat(Qt::PlainText);
    Theme::setType(label, type);
    if (ink != Ink::Text) Theme::setInk(label, ink);
    return label;
}

QLabel* makeParagraph(const QString& text, Type type, Ink ink) {
    QLabel* label = makeLabel(text, type, ink);
    label->setWordWrap(true);
    return label;
}

QLayout* centred(QLabel* paragraph, int width) {
    auto* line = new QHBoxLayout;
    line->addStretch(1);
    line->addWidget(paragraph);
    line->addStretch(1);
    paragraph->setFixedWidth(width);
    paragraph->setAlignment(Qt::AlignHCenter | Qt::AlignTop);
    return line;
}

QFormLayout* makeForm() {
    auto* form = new QFormLayout;
    form->setContentsMargins(0, 0, 0, 0);
    form->setHorizontalSpacing(space::l);
    form->setVerticalSpacing(space::s);
    form->setLabelAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    return form;
}

QLabel* addFact(QFormLayout* form, const QString& name, const QString& value) {
    QLabel* shown = makeParagraph(value, Type::Body, Ink::Text);
    shown->setTextInteractionFlags(Qt::TextSelectableByMouse);
    shown->setAccessibleName(name);
    form->addRow(makeLabel(name, Type::Body, Ink::Muted), shown);
    return shown;
}

void ignoreWheel(QWidget* widget) {
    widget->setFocusPolicy(Qt::StrongFocus);
    widget->installEventFilter(new WheelFilter(widget));
}

}  // namespace distillix::ui
