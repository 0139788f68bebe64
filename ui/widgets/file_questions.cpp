// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/file_questions.h"

#include <QFileDialog>
#include <optional>

namespace distillix::ui {

namespace {

std::optional<QStringList>& nextAnswer() {
    static std::optional<QStringList> answer;
    return answer;
}

void ask(QFileDialog* dialog, std::function<void(const QStringList&)> done) {
    if (nextAnswer()) {
        const QStringList answer = *nextAnswer();
        nextAnswer().reset();
        delete dialog;
        if (!answer.isEmpty()) done(answer);
        return;
    }
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    QObject::connect(dialog, &QFileDialog::filesSelected, dialog, [done](const QStringList& files) {
        if (!files.isEmpty()) done(files);
    });
    dialog->open();
}

}  // namespace

void answerNextFileQuestion(const QStringList& paths) {
    nextAnswer() = paths;
}

void askForFolder(QWidget* parent, const QString& title, const QString& start,
                  std::function<void(const QString&)> done) {
    auto* dialog = new QFileDialog(parent, title, start);
    dialog->setFileMode(QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    ask(dialog, [done](const QStringList& files) { done(files.first()); });
}

void askForFiles(QWidget* parent, const QString& title, const QString& start, const QString& filter,
                 std::function<void(const QStringList&)> done) {
    auto* dialog = new QFileDialog(parent, title, start, filter);
    dialog->setFileMode(QFileDialog::ExistingFiles);
    ask(dialog, std::move(done));
}

void askForNewFile(QWidget* parent, const QString& title, const QString& suggestion, const QString& filter,
                   std::function<void(const QString&)> done) {
    auto* dialog = new QFileDialog(parent, title, {}, filter);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setFileMode(QFileDialog::AnyFile);
    dialog->selectFile(suggestion);
    ask(dialog, [done](const QStringList& files) { done(files.first()); });
}

}  // namespace distillix::ui
