// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/welcome.h"

#include <QDir>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QStandardPaths>
#include <QVBoxLayout>

#include "ui/format.h"
#include "ui/jobs/background.h"
#include "ui/widgets/labels.h"

namespace distillix::ui {

Welcome::Welcome(Studio& studio, QWidget* parent) : QWidget(parent), m_studio(studio) {
    setObjectName("welcome");
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(space::xxl, space::xxl, space::xxl, space::xxl);
    layout->setSpacing(space::m);
    auto* mark = new QLabel;
    mark->setPixmap(QIcon(QStringLiteral(":/icons/distillix.svg")).pixmap(QSize(72, 72)));
    QLabel* title = makeLabel(tr("Train a small language model"), Type::Display);
    QLabel* text =
        makeParagraph(tr("Bring text or code, train a ternary model on it on this machine, watch it learn, talk with "
                         "it, and take it with you as GGUF. "
                         "Nothing leaves this computer."));
    m_sample = new QPushButton(tr("Try it with the sample project"));
    m_sample->setObjectName("welcome.sample");
    Theme::setPrimary(m_sample);
    QLabel* sampleText =
        makeParagraph(tr("Composes small Python exercises in %1, makes a dataset of them and trains a model of two "
                         "million parameters for two minutes.")
                          .arg(formatPath(sampleFolder())),
                      Type::Caption);
    m_new = new QPushButton(tr("New project…"));
    m_new->setObjectName("welcome.new");
    m_open = new QPushButton(tr("Open project…"));
    m_open->setObjectName("welcome.open");
    auto* buttons = new QHBoxLayout;
    buttons->setSpacing(space::s);
    buttons->addStretch(1);
    for (QPushButton* button : {m_sample, m_new, m_open}) buttons->addWidget(button);
    buttons->addStretch(1);
    m_progressText = makeLabel({}, Type::Body, Ink::Muted);
    m_progressText->setObjectName("welcome.progress-text");
    m_progress = new QProgressBar;
    m_progress->setObjectName("welcome.progress");
    m_progress->setTextVisible(false);
    m_progress->setFixedWidth(360);
    m_progress->setAccessibleName(tr("Progress of the sample project"));
    m_error = makeParagraph({}, Type::Body, Ink::Bad);
    m_error->setObjectName("welcome.error");
    m_error->setTextInteractionFlags(Qt::TextSelectableByMouse);
    layout->addStretch(2);
    layout->addWidget(mark, 0, Qt::AlignHCenter);
    layout->addWidget(title, 0, Qt::AlignHCenter);
    layout->addLayout(centred(text, m_studio.theme().scaled(560)));
    layout->addSpacing(space::m);
    layout->addLayout(buttons);
    layout->addLayout(centred(sampleText, m_studio.theme().scaled(520)));
    layout->addSpacing(space::m);
    layout->addWidget(m_progressText, 0, Qt::AlignHCenter);
    layout->addWidget(m_progress, 0, Qt::AlignHCenter);
    layout->addLayout(centred(m_error, m_studio.theme().scaled(560)));
    layout->addStretch(3);
    m_progressText->hide();
    m_progress->hide();
    m_error->hide();
    setFocusProxy(m_sample);
    connect(m_sample, &QPushButton::clicked, this, &Welcome::startSample);
    connect(m_new, &QPushButton::clicked, m_studio.actions().find("file.new"), &QAction::trigger);
    connect(m_open, &QPushButton::clicked, m_studio.actions().find("file.open"), &QAction::trigger);
    connect(&m_verb, &VerbProcess::progressed, this, [this](const QJsonObject& line) {
        const double done = line.value("done").toDouble(), total = line.value("total").toDouble();
        m_progress->setRange(0, total > 0 ? 1000 : 0);
        if (total > 0) m_progress->setValue(static_cast<int>(1000 * done / total));
    });
    connect(&m_verb, &VerbProcess::finished, this, [this](const VerbOutcome& outcome) {
        // What an earlier try has made is as good.
        if (!outcome.ok && outcome.code != QStringLiteral("already_exists")) return fail(outcome.text());
        next();
    });
}

QString Welcome::sampleFolder() {
    const QString named = qEnvironmentVariable("DISTILLIX_SAMPLE_PROJECT");
    if (!named.isEmpty()) return QDir(named).absolutePath();
    QString documents = QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation);
    if (documents.isEmpty()) documents = QDir::homePath();
    return documents + QStringLiteral("/Distillix/sample");
}

void Welcome::startSample() {
    m_sample->setEnabled(false);
    m_error->hide();
    m_progress->show();
    m_progressText->show();
    m_job = m_studio.jobs().begin(tr("Preparing the sample project"), PageId::Data);
    m_step = -1;
    next();
}

void Welcome::next() {
    const QString folder = sampleFolder();
    const QString text = folder + QStringLiteral("/text");
    m_progress->setRange(0, 0);
    switch (++m_step) {
        case 0:
            m_progressText->setText(tr("Composing exercises…"));
            background::run(
                [folder] { return QDir().mkpath(folder + QStringLiteral("/datasets")); }, this,
                [this, text, folder](bool made) {
                    if (!made)
                        return fail(tr("%1 cannot be made. DISTILLIX_SAMPLE_PROJECT names another place.").arg(folder));
                    m_verb.start({"sample-data", text});
                });
            break;
        case 1:
            m_progressText->setText(tr("Making a dataset of them…"));
            m_verb.start({"import", text + "/train.jsonl", "--validation", text + "/validation.jsonl", "--out",
                          folder + "/datasets/sample"});
            break;
        case 2: {
            m_progressText->setText(tr("Starting the training…"));
            struct Started {
                qint64 pid = 0;
                QString run, error;
            };
            background::run(
                [folder] {
                    Started started;
                    QDir().mkpath(folder + QStringLiteral("/runs"));
                    started.run = folder + QStringLiteral("/runs/first");
                    // A second first start: the run of the first one stays.
                    for (int number = 2; QFileInfo::exists(started.run); ++number)
                        started.run = folder + QStringLiteral("/runs/first-%1").arg(number);
                    started.pid = VerbProcess::startDetached(
                        {"train", "new", started.run, "--dataset", folder + "/datasets/sample", "--preset", "sample",
                         "--minutes", "2", "--json"},
                        started.run + QStringLiteral(".log"), &started.error);
                    return started;
                },
                this,
                [this, folder](const Started& started) {
                    if (!started.error.isEmpty()) return fail(started.error);
                    m_studio.jobs().end(m_job);
                    m_sample->setEnabled(true);
                    m_progress->hide();
                    m_progressText->hide();
                    m_studio.openProject(folder);
                    m_studio.showPage(PageId::Train, {{"run", started.run}});
                });
            break;
        }
    }
    m_studio.jobs().update(m_job, -1, m_progressText->text());
}

void Welcome::fail(const QString& message) {
    m_studio.jobs().end(m_job);
    m_sample->setEnabled(true);
    m_progress->hide();
    m_progressText->hide();
    m_error->setText(message);
    m_error->show();
}

}  // namespace distillix::ui
