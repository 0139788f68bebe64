// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/training/run_dialogs.h"

#include <QComboBox>
#include <QCoreApplication>
#include <QDialog>
#include <QDialogButtonBox>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSpinBox>
#include <QVBoxLayout>
#include <cmath>

#include "ui/format.h"
#include "ui/theme.h"
#include "ui/widgets/dialog_draft.h"

namespace distillix::ui {
namespace {

/// Texts of this file, which has no class of its own.
struct RunDialogs {
    Q_DECLARE_TR_FUNCTIONS(RunDialogs)
};

QDialog* dialogOf(QWidget* parent, const char* name, const QString& title) {
    auto* dialog = new QDialog(parent);
    dialog->setObjectName(name);
    dialog->setWindowTitle(title);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setMinimumWidth(440);
    auto* rows = new QVBoxLayout(dialog);
    rows->setContentsMargins(space::l, space::l, space::l, space::l);
    rows->setSpacing(space::m);
    return dialog;
}

QLabel* words(const QString& text, Ink ink = Ink::Text) {
    auto* label = new QLabel(text);
    label->setWordWrap(true);
    label->setTextFormat(Qt::PlainText);
    Theme::setInk(label, ink);
    return label;
}

QPushButton* addButtons(QDialog* dialog, const QString& ok, const char* okName) {
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Cancel);
    QPushButton* button = buttons->addButton(ok, QDialogButtonBox::AcceptRole);
    button->setObjectName(okName);
    button->setDefault(true);
    Theme::setPrimary(button);
    QObject::connect(buttons, &QDialogButtonBox::accepted, dialog, &QDialog::accept);
    QObject::connect(buttons, &QDialogButtonBox::rejected, dialog, &QDialog::reject);
    dialog->layout()->addWidget(buttons);
    return button;
}

QString plain(double number) {
    return QString::number(number, 'g', 7);
}

}  // namespace

double settingNow(const RunFollower& run, const char* name) {
    double value = std::nan("");
    const auto& training = run.summary().info.training;
    if (const auto found = training.find(name); found != training.end() && found->is_number())
        value = found->get<double>();
    for (const RunEvent& event : run.events()) {
        if (event.type != QLatin1String("set")) continue;
        const auto values = event.line.find("values");
        if (values == event.line.end() || !values->is_object()) continue;
        if (const auto found = values->find(name); found != values->end() && found->is_number())
            value = found->get<double>();
    }
    return value;
}

void askToStop(QWidget* parent, const RunFollower& run, std::function<void()> stop) {
    QDialog* dialog = dialogOf(parent, "stopDialog", RunDialogs::tr("Stop the training"));
    const RunSummary& summary = run.summary();
    QString kept = RunDialogs::tr(
        "It finishes its step and writes a checkpoint, from which it can be resumed at any time, bit for bit.");
    QStringList steps;
    for (const auto& checkpoint : summary.checkpoints) steps += formatExact(checkpoint.step);
    if (!steps.isEmpty())
        kept += QStringLiteral("\n\n") +
                RunDialogs::tr("Kept besides: the checkpoints of step %1; all metrics, samples and the log.")
                    .arg(steps.join(QStringLiteral(", ")));
    else
        kept += QStringLiteral("\n\n") + RunDialogs::tr("Kept besides: all metrics, samples and the log.");
    QLabel* text = words(kept);
    text->setObjectName("stopKept");
    auto* title = words(RunDialogs::tr("Stop “%1” at step %2?").arg(run.name(), formatExact(summary.step)));
    Theme::setType(title, Type::Subtitle);
    dialog->layout()->addWidget(title);
    dialog->layout()->addWidget(text);
    addButtons(dialog, RunDialogs::tr("Stop and keep"), "stopOk");
    QObject::connect(dialog, &QDialog::accepted, parent, std::move(stop));
    dialog->open();
}

void askForSample(QWidget* parent, Settings& settings, const RunFollower& run,
                  std::function<void(const QStringList&)> ask) {
    QDialog* dialog = dialogOf(parent, "sampleDialog", RunDialogs::tr("Ask the model as it is now"));
    auto* kind = new QComboBox;
    kind->setObjectName("sampleKind");
    kind->addItem(RunDialogs::tr("A question, as its chat template puts it"), "--prompt");
    kind->addItem(RunDialogs::tr("A text to go on from"), "--text");
    auto* prompt = new QPlainTextEdit;
    prompt->setObjectName("samplePromptText");
    prompt->setAccessibleName(RunDialogs::tr("Prompt"));
    prompt->setFixedHeight(90);
    prompt->setTabChangesFocus(true);
    if (!run.samples().empty()) prompt->setPlainText(run.samples().back().prompt);
    auto* temperature = new QDoubleSpinBox;
    temperature->setObjectName("sampleTemperature");
    temperature->setRange(0, 5);
    temperature->setSingleStep(0.1);
    temperature->setValue(0);
    auto* length = new QSpinBox;
    length->setObjectName("sampleLength");
    length->setRange(1, 100000);
    length->setValue(64);
    auto* form = new QFormLayout;
    form->addRow(RunDialogs::tr("Temperature"), temperature);
    form->addRow(RunDialogs::tr("Longest answer, tokens"), length);
    dialog->layout()->addWidget(kind);
    dialog->layout()->addWidget(prompt);
    static_cast<QVBoxLayout*>(dialog->layout())->addLayout(form);
    dialog->layout()->addWidget(
        words(RunDialogs::tr("It is answered between two steps and stands among the samples."), Ink::Muted));
    QPushButton* ok = addButtons(dialog, RunDialogs::tr("Ask"), "sampleOk");
    const auto check = [ok, prompt] { ok->setEnabled(!prompt->toPlainText().isEmpty()); };
    QObject::connect(prompt, &QPlainTextEdit::textChanged, dialog, check);
    check();
    QObject::connect(dialog, &QDialog::accepted, parent, [=, ask = std::move(ask)] {
        ask({kind->currentData().toString(), prompt->toPlainText(), "--temperature", plain(temperature->value()),
             "--max-tokens", QString::number(length->value())});
    });
    auto* draft = new DialogDraft(dialog, settings);
    for (QWidget* widget : std::initializer_list<QWidget*>{kind, prompt, temperature, length}) draft->keep(widget);
    QObject::connect(dialog, &QDialog::accepted, draft, &DialogDraft::forget);
    dialog->open();
    prompt->setFocus();
    prompt->selectAll();
}

void askForSettings(QWidget* parent, const RunFollower& run, std::function<void(const QStringList&)> set) {
    QDialog* dialog = dialogOf(parent, "settingsDialog", RunDialogs::tr("Change the training"));
    const double rateNow = settingNow(run, "muon_learning_rate"), stepsNow = settingNow(run, "steps"),
                 minutesNow = settingNow(run, "minutes");
    auto* rate = new QLineEdit(plain(rateNow));
    rate->setObjectName("settingsRate");
    rate->setAccessibleName(RunDialogs::tr("Learning rate"));
    auto* half = new QPushButton(RunDialogs::tr("÷ 2"));
    half->setObjectName("settingsHalf");
    auto* twice = new QPushButton(RunDialogs::tr("× 2"));
    twice->setObjectName("settingsTwice");
    auto* rates = new QHBoxLayout;
    rates->addWidget(rate, 1);
    rates->addWidget(half);
    rates->addWidget(twice);
    const auto times = [rate](double factor) {
        bool ok = false;
        const double now = QLocale::c().toDouble(rate->text(), &ok);
        if (ok) rate->setText(plain(now * factor));
    };
    QObject::connect(half, &QPushButton::clicked, dialog, [times] { times(0.5); });
    QObject::connect(twice, &QPushButton::clicked, dialog, [times] { times(2); });
    auto* steps = new QLineEdit(std::isfinite(stepsNow) ? QString::number(stepsNow, 'f', 0) : QString());
    steps->setObjectName("settingsSteps");
    auto* minutes = new QLineEdit(std::isfinite(minutesNow) ? plain(minutesNow) : QString());
    minutes->setObjectName("settingsMinutes");
    auto* form = new QFormLayout;
    form->addRow(RunDialogs::tr("Peak learning rate"), rates);
    form->addRow(RunDialogs::tr("Steps in all (0: by time)"), steps);
    form->addRow(RunDialogs::tr("Minutes in all (0: by steps)"), minutes);
    static_cast<QVBoxLayout*>(dialog->layout())->addLayout(form);
    QLabel* note = words(
        RunDialogs::tr("Holds from the next step on. AdamW's rate changes in the same proportion; the schedule goes on "
                       "from where it is. It is marked on the curves, and a resumed run does the same."),
        Ink::Muted);
    dialog->layout()->addWidget(note);
    QPushButton* ok = addButtons(dialog, RunDialogs::tr("Change"), "settingsOk");
    const auto changes = [=] {
        QStringList values;
        bool sane = true;
        const auto look = [&](const QLineEdit* edit, double now, const char* name, bool positive) {
            bool isNumber = false;
            const double value = QLocale::c().toDouble(edit->text(), &isNumber);
            sane = sane && isNumber && (positive ? value > 0 : value >= 0);
            if (isNumber && plain(value) != plain(now))
                values += QLatin1String(name) + QLatin1Char('=') + edit->text().trimmed();
        };
        look(rate, rateNow, "learning_rate", true);
        look(steps, stepsNow, "steps", false);
        look(minutes, minutesNow, "minutes", false);
        return sane ? values : QStringList();
    };
    const auto check = [=] { ok->setEnabled(!changes().isEmpty()); };
    for (QLineEdit* edit : {rate, steps, minutes}) QObject::connect(edit, &QLineEdit::textChanged, dialog, check);
    check();
    QObject::connect(dialog, &QDialog::accepted, parent, [changes, set = std::move(set)] { set(changes()); });
    dialog->open();
    rate->setFocus();
    rate->selectAll();
}

}  // namespace distillix::ui
