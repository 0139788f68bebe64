// SPDX-License-Identifier: GPL-3.0-or-later
// The data page, with the real importer behind it.
#include <QAbstractItemModelTester>
#include <QComboBox>
#include <QDropEvent>
#include <QHeaderView>
#include <QJsonDocument>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QMenu>
#include <QMessageBox>
#include <QMimeData>
#include <QProgressBar>
#include <QPushButton>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTabWidget>
#include <QTableView>
#include <clocale>
#include <csignal>

#include "tests/ui/support.h"
#include "ui/data/batch_view.h"
#include "ui/data/dataset_view.h"
#include "ui/data/import_view.h"
#include "ui/data/table_models.h"
#include "ui/widgets/file_questions.h"

namespace distillix::ui {

class DataTest : public QObject {
    Q_OBJECT

    static void write(const QString& path, const QByteArray& bytes) {
        QFile file(path);
        if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size())
            qFatal("cannot write %s", qPrintable(path));
    }

    /// 200 records with columns of unusual names, and two lines that cannot be used.
    static QString questions(StudioFixture& studio) {
        QByteArray text;
        for (int i = 0; i < 200; ++i) {
            text += "{\"Frage\": \"What is " + QByteArray::number(i) + " plus one?\", \"Antwort\": \"It is " +
                    QByteArray::number(i + 1) + ".\", \"note\": \"n" + QByteArray::number(i) + "\"}\n";
            if (i == 20) text += "{\"Frage\": broken\n";
            if (i == 40) text += "{\"Frage\": \"and no answer?\"}\n";
        }
        const QString path = studio.path("questions.jsonl");
        write(path, text);
        return path;
    }

    static bool previewed(StudioFixture& studio) {
        return waitFor([&] {
            return studio.find<QPushButton>("import.start")->isEnabled() &&
                   !studio.find<QProgressBar>("import.busy")->isVisible();
        });
    }

    static void chooseRole(StudioFixture& studio, int section, const QString& role) {
        auto* header = studio.find<QTableView>("import.preview")->horizontalHeader();
        emit header->sectionClicked(section);
        auto* menu = studio.find<QMenu>("import.column-menu");
        menu->findChild<QAction*>("role." + role)->trigger();
        menu->close();
        QCoreApplication::sendPostedEvents(menu, QEvent::DeferredDelete);
    }

    static void importQuestions(StudioFixture& studio) {
        studio.studio().showPage(PageId::Data, {{"files", QStringList{questions(studio)}}});
        QVERIFY(waitFor([&] {
            return !studio.find<QLabel>("import.error")->text().isEmpty() ||
                   studio.find<QPushButton>("import.start")->isEnabled();
        }));
        chooseRole(studio, 0, "prompt");
        chooseRole(studio, 1, "response");
        studio.find<QSpinBox>("import.vocab")->setValue(400);
        QVERIFY(waitFor([&] { return studio.find<QLabel>("import.statistics")->text().contains("200"); }));
        QVERIFY(previewed(studio));
    }

    /// As /proc tells it: T is stopped.
    static char processState(qint64 pid) {
        QFile file(QStringLiteral("/proc/%1/stat").arg(pid));
        if (!file.open(QIODevice::ReadOnly)) return 0;
        const QByteArray text = file.readAll();
        return text.mid(text.lastIndexOf(')') + 2, 1).append('\0').at(0);
    }

  private slots:
    void emptyPageSaysWhatToDo() {
        StudioFixture studio;
        QVERIFY(studio.find<QPushButton>("data.empty.import")->isVisible());
    }

    void importShowsThenOverridesThenImports() {
        StudioFixture studio;
        importQuestions(studio);
        // The mapping stands in the table's header.
        auto* table = studio.find<QTableView>("import.preview");
        QVERIFY(table->model()->headerData(0, Qt::Horizontal, Qt::DisplayRole).toString().contains("Prompt"));
        QVERIFY(table->model()->headerData(1, Qt::Horizontal, Qt::DisplayRole).toString().contains("Response"));
        QVERIFY(table->model()->headerData(2, Qt::Horizontal, Qt::DisplayRole).toString().contains("not used"));
        QCOMPARE(table->model()->index(0, 1).data().toString(), QString("It is 1."));
        // Refused lines with their numbers and reasons.
        auto* refused = studio.find<QTableView>("import.refused")->model();
        QCOMPARE(refused->rowCount(), 2);
        QVERIFY(refused->index(0, 1).data().toString().startsWith("22"));
        QVERIFY(!refused->index(0, 2).data().toString().isEmpty());
        QVERIFY(refused->index(1, 1).data().toString().startsWith("43"));
        QVERIFY(studio.find<QTabWidget>("import.tabs")->tabText(3).contains("2"));
        // The first batch as the model sees it.
        auto* batch = studio.find<BatchView>("import.batch");
        QCOMPARE(batch->tokensShown(), 512);
        QVERIFY(batch->documentsShown() > 4);
        QVERIFY(batch->toPlainText().contains("plus one?"));

        studio.find<QLineEdit>("import.name")->setText("sums");
        studio.click("import.start");
        QVERIFY(studio.find<QPushButton>("import.cancel")->isVisible());
        auto* dataset = studio.find<DatasetView>("dataset");
        QVERIFY(waitFor([&] {
            return dataset->isVisible() &&
                   studio.find<QLabel>("dataset.tokenizer")->text().contains("pieces, trained on");
        }));
        QVERIFY(studio.find<QLabel>("dataset.compression")->text().contains("bytes of text a token"));
        QVERIFY(studio.find<QLabel>("dataset.padding")->text().contains("256"));
        QVERIFY(studio.find<BatchView>("dataset.batch")->tokensShown() > 100);
        QVERIFY(waitFor([&] { return studio.find<QTableView>("dataset.refused")->model()->rowCount() == 2; }));
        QVERIFY(waitFor([&] { return studio.find<QListWidget>("data.list")->count() == 1; }));
        QVERIFY(QFileInfo::exists(studio.project().datasetsDir() + "/sums/dataset.json"));
        studio.click("dataset.train");
        QCOMPARE(studio.window().currentPage(), PageId::Train);
    }

    void droppedFilesAreImported() {
        StudioFixture studio;
        studio.trigger("view.chat");
        QMimeData data;
        data.setUrls({QUrl::fromLocalFile(questions(studio))});
        QDragEnterEvent enter(QPoint(400, 300), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QCoreApplication::sendEvent(&studio.window(), &enter);
        QVERIFY(enter.isAccepted());
        QDropEvent drop(QPointF(400, 300), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QCoreApplication::sendEvent(&studio.window(), &drop);
        QCOMPARE(studio.window().currentPage(), PageId::Data);
        QVERIFY(studio.find<ImportView>("import")->isVisible());
        QCOMPARE(studio.find<QLabel>("import.title")->text(), QString("questions.jsonl"));
    }

    void fileThatIsNoDataIsTold() {
        StudioFixture studio;
        const QString path = studio.path("noise.jsonl");
        write(path, QByteArray("\x00\x01\x02\xff\xfe garbage\n\x80\x81", 16));
        studio.studio().showPage(PageId::Data, {{"files", QStringList{path}}});
        QVERIFY(waitFor([&] {
            return studio.find<QLabel>("import.error")->isVisible() ||
                   studio.find<QTableView>("import.refused")->model()->rowCount() > 0;
        }));
        // The window is as usable as before.
        studio.click("import.discard");
        QVERIFY(studio.find<QPushButton>("data.empty.import")->isVisible());
    }

    void fileThatIsGoneIsTold() {
        StudioFixture studio;
        studio.studio().showPage(PageId::Data, {{"files", QStringList{studio.path("nothing.jsonl")}}});
        QVERIFY(waitFor([&] { return studio.find<QLabel>("import.error")->isVisible(); }));
        QVERIFY(studio.find<QLabel>("import.error")->text().contains("nothing.jsonl"));
        QVERIFY(!studio.find<QPushButton>("import.start")->isEnabled());
    }

    void cancelledImportLeavesNoDataset() {
        StudioFixture studio;
        QByteArray text;
        for (int i = 0; i < 300000; ++i)
            text += "{\"text\": \"a line that is worth some tokens, number " + QByteArray::number(i) + "\"}\n";
        write(studio.path("long.jsonl"), text);
        studio.studio().showPage(PageId::Data, {{"files", QStringList{studio.path("long.jsonl")}}});
        QVERIFY(previewed(studio));
        studio.click("import.start");
        auto* view = studio.find<ImportView>("import");
        QVERIFY(view->isImporting());
        QCOMPARE(studio.studio().jobs().jobs().size(), 1);
        studio.click("import.cancel");
        QVERIFY(waitFor([&] { return !view->isImporting(); }));
        QVERIFY(studio.studio().jobs().jobs().isEmpty());
        QVERIFY(QDir(studio.project().datasetsDir()).isEmpty());
        // And it can be begun again.
        QVERIFY(studio.find<QPushButton>("import.start")->isEnabled());
    }

    void hungImportIsEnded() {
        // A child that is stopped from outside does nothing any more: cancelling ends it all the same, and says so.
        StudioFixture studio;
        QByteArray text;
        for (int i = 0; i < 300000; ++i) text += "{\"text\": \"line number " + QByteArray::number(i) + "\"}\n";
        write(studio.path("long.jsonl"), text);
        studio.studio().showPage(PageId::Data, {{"files", QStringList{studio.path("long.jsonl")}}});
        QVERIFY(previewed(studio));
        auto* view = studio.find<ImportView>("import");
        studio.click("import.start");
        QVERIFY(waitFor([&] { return view->childId() > 0; }));
        ::kill(static_cast<pid_t>(view->childId()), SIGSTOP);
        QTRY_COMPARE(processState(view->childId()), 'T');
        // The window goes on meanwhile.
        studio.trigger("view.library");
        QCOMPARE(studio.window().currentPage(), PageId::Library);
        studio.trigger("view.data");
        QSignalSpy notices(&studio.studio(), &Studio::noticed);
        studio.click("import.cancel");
        QVERIFY(waitFor([&] { return !view->isImporting(); }));
        QVERIFY(QDir(studio.project().datasetsDir()).isEmpty());
        QVERIFY(!notices.isEmpty() && notices[0][0].toString().contains("Nothing of the import was kept"));
        QVERIFY(studio.find<QPushButton>("import.start")->isEnabled());
    }

    void whatIsPreparedComesBack() {
        StudioFixture studio;
        importQuestions(studio);
        studio.find<QLineEdit>("import.name")->setText("my sums");
        studio.find<QSpinBox>("import.validation")->setValue(12);
        studio.restart();
        QVERIFY(studio.find<ImportView>("import")->isVisible());
        QVERIFY(previewed(studio));
        QCOMPARE(studio.find<QLabel>("import.title")->text(), QString("questions.jsonl"));
        QCOMPARE(studio.find<QLineEdit>("import.name")->text(), QString("my sums"));
        QCOMPARE(studio.find<QSpinBox>("import.validation")->value(), 12);
        QCOMPARE(studio.find<QSpinBox>("import.vocab")->value(), 400);
        QCOMPARE(studio.find<ImportView>("import")->request().columns.value("response"), QString("Antwort"));
        // What is discarded does not come back.
        studio.click("import.discard");
        studio.restart();
        QVERIFY(studio.find<QPushButton>("data.empty.import")->isVisible());
    }

    void tokenizerIsTrainedByItself() {
        StudioFixture studio;
        const QString source = questions(studio);
        studio.click("data.train-tokenizer");
        answerNextFileQuestion({source});
        studio.click("tokenizer.files");
        QCOMPARE(studio.find<QLineEdit>("tokenizer.name")->text(), QString("questions"));
        studio.find<QSpinBox>("tokenizer.pieces")->setValue(380);
        // Closed and opened again, after a restart too, it is as it was left.
        QPointer<QDialog> dialog = studio.find<QDialog>("tokenizer");
        studio.click("tokenizer.cancel");
        QVERIFY(waitFor([&] { return dialog.isNull(); }));
        studio.restart();
        studio.click("data.train-tokenizer");
        QCOMPARE(studio.find<QLineEdit>("tokenizer.sources")->text(), source);
        QCOMPARE(studio.find<QSpinBox>("tokenizer.pieces")->value(), 380);
        // Records without a column that could be text are told.
        studio.click("tokenizer.start");
        const auto ended = [&] {
            return studio.find<QLabel>("tokenizer.result")->isVisible() ||
                   studio.find<QLabel>("tokenizer.error")->isVisible();
        };
        QVERIFY(waitFor(ended));
        QVERIFY(studio.find<QLabel>("tokenizer.error")->isVisible());
        QByteArray text;
        for (int i = 0; i < 500; ++i)
            text += "The quick brown fox jumps over the lazy dog number " + QByteArray::number(i) + ".\n";
        write(studio.path("foxes.txt"), text);
        answerNextFileQuestion({studio.path("foxes.txt")});
        studio.click("tokenizer.files");
        studio.click("tokenizer.start");
        QVERIFY(waitFor([&] { return studio.find<QLabel>("tokenizer.result")->isVisible(); }));
        const QString report = studio.find<QLabel>("tokenizer.result")->text();
        QVERIFY2(report.contains("380 pieces") && report.contains("bytes become one token"), qPrintable(report));
        QVERIFY(QFileInfo(studio.project().tokenizersDir() + "/foxes.model").size() > 1000);
        dialog = studio.find<QDialog>("tokenizer");
        studio.click("tokenizer.cancel");
        QVERIFY(waitFor([&] { return dialog.isNull(); }));
        // It is offered to an import, and used there.
        studio.studio().showPage(PageId::Data, {{"files", QStringList{studio.path("foxes.txt")}}});
        auto* choice = studio.find<QComboBox>("import.tokenizer");
        QVERIFY(waitFor([&] { return choice->findText("foxes") > 0; }));
        choice->setCurrentIndex(choice->findText("foxes"));
        emit choice->activated(choice->currentIndex());
        QVERIFY(
            waitFor([&] { return studio.find<ImportView>("import")->request().tokenizer.endsWith("foxes.model"); }));
        // Once it was done, the dialog begins anew.
        studio.trigger("file.train-tokenizer");
        QVERIFY(studio.find<QLineEdit>("tokenizer.sources")->text().isEmpty());
    }

    void deletingAsks() {
        StudioFixture studio;
        importQuestions(studio);
        studio.click("import.start");
        QVERIFY(waitFor([&] {
            return studio.find<QListWidget>("data.list")->count() == 1 &&
                   studio.find<DatasetView>("dataset")->isVisible();
        }));
        const QString path = studio.find<DatasetView>("dataset")->path();
        studio.click("dataset.delete");
        QVERIFY(waitFor([&] { return studio.window().findChild<QPushButton*>("confirm.keep"); }));
        studio.click("confirm.keep");
        QVERIFY(QFileInfo::exists(path + "/dataset.json"));
        QVERIFY(waitFor([&] { return !studio.window().findChild<QPushButton*>("confirm.keep"); }));
        studio.click("dataset.delete");
        QVERIFY(waitFor([&] { return studio.window().findChild<QPushButton*>("confirm.delete"); }));
        studio.click("confirm.delete");
        QVERIFY(
            waitFor([&] { return !QFileInfo::exists(path) && studio.find<QListWidget>("data.list")->count() == 0; }));
        QVERIFY(QDir(studio.project().datasetsDir()).isEmpty());
    }

    void modelsKeepTheirPromises() {
        PreviewModel preview;
        QAbstractItemModelTester previewTester(&preview, QAbstractItemModelTester::FailureReportingMode::QtTest);
        preview.setSource(
            QJsonDocument::fromJson(R"({"columns":["a","b"],"rows":[["1","2"],["3"],[]],"roles":{"prompt":"a"}})")
                .object());
        QCOMPARE(preview.rowCount(), 3);
        QCOMPARE(preview.index(1, 1).data().toString(), QString());
        preview.setSource({});
        QCOMPARE(preview.rowCount(), 0);
        RefusalModel refusals;
        QAbstractItemModelTester refusalTester(&refusals, QAbstractItemModelTester::FailureReportingMode::QtTest);
        refusals.append({{{"file", "/a/b.jsonl"}, {"line", 1}, {"reason", "r"}}});
        refusals.append(
            QList<QJsonObject>(RefusalModel::kMost + 10, {{"file", "/a/b.jsonl"}, {"line", 2}, {"reason", "r"}}));
        refusals.append({{{"file", "/a/b.jsonl"}, {"line", 3}, {"reason", "r"}}});
        QCOMPARE(refusals.rowCount(), RefusalModel::kMost);
        QCOMPARE(refusals.index(0, 0).data().toString(), QString("b.jsonl"));
        refusals.clear();
        QCOMPARE(refusals.rowCount(), 0);
    }

    void dataIsNeverTakenForHtml() {
        StudioFixture studio;
        write(studio.path("html.jsonl"),
              "{\"text\": \"<b>bold</b> <img src=x> and more of it\"}\n{\"text\": \"<i>another</i> one to fill a "
              "batch\"}\n");
        studio.find<QSpinBox>("import.vocab")->setValue(340);
        studio.studio().showPage(PageId::Data, {{"files", QStringList{studio.path("html.jsonl")}}});
        auto* batch = studio.find<BatchView>("import.batch");
        QVERIFY(waitFor([&] { return batch->tokensShown() > 0 || studio.find<QLabel>("import.error")->isVisible(); }));
        QVERIFY2(batch->tokensShown() > 0, qPrintable(studio.find<QLabel>("import.error")->text()));
        QVERIFY(batch->toPlainText().contains("<b>bold</b>"));
    }
};

}  // namespace distillix::ui

UI_TEST_MAIN(distillix::ui::DataTest)
#include "data.moc"
