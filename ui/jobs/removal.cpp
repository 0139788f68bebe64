// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/jobs/removal.h"

#include <QCoreApplication>
#include <QMessageBox>
#include <QPushButton>
#include <filesystem>

#include "ui/format.h"
#include "ui/jobs/background.h"
#include "ui/theme.h"

namespace distillix::ui {

namespace {

struct RemovalTexts {
    Q_DECLARE_TR_FUNCTIONS(removal)
};

QString removeFromDisk(const QString& path) {
    const std::filesystem::path whole = path.toStdString();
    const std::filesystem::path doomed = whole.string() + ".partial-removed";
    std::error_code error;
    std::filesystem::remove_all(doomed, error);
    std::filesystem::rename(whole, doomed, error);
    if (error)
        return RemovalTexts::tr("%1 could not be deleted: %2").arg(path, QString::fromStdString(error.message()));
    std::filesystem::remove_all(doomed, error);
    return error ? RemovalTexts::tr("%1 could not be deleted whole: %2")
                       .arg(path, QString::fromStdString(error.message()))
                 : QString();
}

}  // namespace

double bytesOnDisk(const QString& path) {
    std::error_code error;
    const std::filesystem::path start = path.toStdString();
    if (std::filesystem::is_regular_file(start, error))
        return static_cast<double>(std::filesystem::file_size(start, error));
    double bytes = 0;
    std::filesystem::recursive_directory_iterator entries(start, error), end;
    while (!error && entries != end) {
        std::error_code ignored;
        if (entries->is_regular_file(ignored)) bytes += static_cast<double>(entries->file_size(ignored));
        entries.increment(error);
    }
    return bytes;
}

void askAndRemove(QWidget* parent, const QString& question, const QString& consequence, const QString& path,
                  std::function<void(const QString&)> done) {
    background::run([path] { return bytesOnDisk(path); }, parent,
                    [=](double bytes) {
                        auto* dialog = new QMessageBox(QMessageBox::Warning, RemovalTexts::tr("Delete"), question,
                                                       QMessageBox::NoButton, parent);
                        dialog->setObjectName("confirm");
                        dialog->setAttribute(Qt::WA_DeleteOnClose);
                        dialog->setTextFormat(Qt::PlainText);
                        dialog->setInformativeText(
                            RemovalTexts::tr("%1 will be freed. This cannot be undone.").arg(formatBytes(bytes)) +
                            (consequence.isEmpty() ? QString() : QLatin1Char('\n') + consequence));
                        QPushButton* remove =
                            dialog->addButton(RemovalTexts::tr("Delete"), QMessageBox::DestructiveRole);
                        remove->setObjectName("confirm.delete");
                        Theme::setDanger(remove);
                        QPushButton* keep = dialog->addButton(RemovalTexts::tr("Keep"), QMessageBox::RejectRole);
                        keep->setObjectName("confirm.keep");
                        dialog->setDefaultButton(keep);
                        dialog->setEscapeButton(keep);
                        QObject::connect(remove, &QPushButton::clicked, parent, [=] {
                            background::run([path] { return removeFromDisk(path); }, parent,
                                            [done](const QString& error) { done(error); });
                        });
                        dialog->open();
                    });
}

}  // namespace distillix::ui
