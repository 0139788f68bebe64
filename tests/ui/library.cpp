// SPDX-License-Identifier: GPL-3.0-or-later
// The library page, with a model that was really trained.
#include <QAbstractItemModelTester>
#include <QCheckBox>
#include <QComboBox>
#include <QDialog>
#include <QJsonArray>
#include <QLabel>
#include <QLineEdit>
#include <QProcess>
#include <QPushButton>
#include <QSignalSpy>
#include <QTableView>
#include <QTreeView>
#include <clocale>

#include "tests/ui/support.h"
#include "ui/jobs/verb_process.h"
#include "ui/library/library_model.h"
#include "ui/library/model_view.h"

namespace distillix::ui {

class LibraryTest : public QObject {
    Q_OBJECT

    std::unique_ptr<StudioFixture> m_studio;

    static void verb(const QStringList& arguments) {
        QProcess process;
        process.start(VerbProcess::program(), arguments);
        if (!process.waitForFinished(120000) || process.exitCode() != 0)
            qFatal("%s failed: %s", qPrintable(arguments.join(' ')), process.readAllStandardError().constData());
    }
    bool shown(const QString& label, const QString& text) {
        return waitFor([&] { return m_studio->find<QLabel>(label)->text().contains(text); });
    }

  private slots:
    void initTestCase() {
        m_studio = std::make_unique<StudioFixture>();
        const QString project = m_studio->project().path();
        verb({"sample-data", m_studio->path("text"), "--training", "300", "--validation", "60"});
        verb({"import", m_studio->path("text/train.jsonl"), "--validation", m_studio->path("text/validation.jsonl"),
              "--vocab-size", "500", "--out", project + "/datasets/sample"});
        verb({"train",
              "new",
              project + "/runs/tiny",
              "--dataset",
              project + "/datasets/sample",
              "--preset",
              "sample",
              "--batch",
              "2",
              "--tokens",
              "64",
              "--steps",
              "4",
              "--checkpoint-every",
              "2",
              "--validate-every",
              "2",
              "--validation-tokens",
              "512",
              "--sample-every",
              "0"});
        m_studio->project().refresh();
        QVERIFY(waitFor([&] { return m_studio->project().contents().runs.size() == 1; }));
        m_studio->trigger("view.library");
    }
    void cleanupTestCase() { m_studio.reset(); }

    void lineageAndWeightsAreShown() {
        QCOMPARE(m_studio->find<QLabel>("model.title")->text(), QString("tiny"));
        QVERIFY(shown("model.losses", "validation"));
        QVERIFY(m_studio->find<QLabel>("model.data")->text().contains("datasets/sample"));
        QVERIFY(m_studio->find<QLabel>("model.origin")->text().contains("finished"));
        QVERIFY(m_studio->find<QLabel>("model.size")->text().contains("MB"));
        QVERIFY(shown("model.parameters", "1.9 M"));
        auto* weights = m_studio->find<QTableView>("model.weights")->model();
        QVERIFY(waitFor([&] { return weights->rowCount() > 20; }));
        bool ternary = false;
        for (int row = 0; row < weights->rowCount(); ++row)
            ternary = ternary || (weights->index(row, 0).data().toString().contains("q_proj") &&
                                  weights->index(row, 6).data().toString().contains("%"));
        QVERIFY(ternary);
    }

    void aRunThatGoesOnIsReadAgain() {
        QVERIFY(shown("model.step", "4"));
        m_studio->trigger("view.data");
        verb({"train", "resume", m_studio->project().path() + "/runs/tiny", "--steps", "6"});
        m_studio->project().refresh();
        m_studio->trigger("view.library");
        QVERIFY(shown("model.step", "6"));
        QVERIFY(m_studio->find<QLabel>("model.error")->isHidden());
    }

    void checkpointsStandBelowTheirRun() {
        auto* tree = m_studio->find<QTreeView>("library.tree");
        const QModelIndex run = tree->model()->index(0, 0, tree->model()->index(0, 0));
        QVERIFY(tree->model()->rowCount(run) >= 2);
        tree->setCurrentIndex(tree->model()->index(tree->model()->rowCount(run) - 1, 0, run));
        QVERIFY(shown("model.title", "step-00000002"));
        QVERIFY(shown("model.losses", "training"));
        m_studio->click("model.chat");
        QCOMPARE(m_studio->window().currentPage(), PageId::Chat);
        m_studio->trigger("view.library");
        tree->setCurrentIndex(run);
    }

    void exportIsPlannedDoneAndVerified() {
        m_studio->trigger("file.export-gguf");
        QVERIFY(shown("export.size", "about"));
        auto* type = m_studio->find<QComboBox>("export.type");
        const QString small = m_studio->find<QLabel>("export.size")->text();
        type->setCurrentIndex(type->findData("F16"));
        QVERIFY(shown("export.size", "MB"));
        QVERIFY(m_studio->find<QLabel>("export.size")->text() != small);
        QVERIFY(m_studio->find<QLabel>("export.who")->text().contains("Ollama"));
        m_studio->find<QCheckBox>("export.ollama")->setChecked(true);
        const QString path = m_studio->find<QLineEdit>("export.path")->text();
        QVERIFY(path.startsWith(m_studio->project().exportsDir()) && path.endsWith("-F16.gguf"));
        m_studio->click("export.start");
        QVERIFY(waitFor(
            [&] {
                return m_studio->find<QLabel>("export.result")->isVisible() ||
                       m_studio->find<QLabel>("export.error")->isVisible();
            },
            60000));
        QVERIFY2(!m_studio->find<QLabel>("export.error")->isVisible(),
                 qPrintable(m_studio->find<QLabel>("export.error")->text()));
        QVERIFY(m_studio->find<QLabel>("export.result")->text().contains("same first choice"));
        QVERIFY(QFileInfo(path).size() > 1000000);
        // A second time something stands there: it is told, and stays.
        m_studio->click("export.start");
        QVERIFY(waitFor([&] { return m_studio->find<QLabel>("export.error")->isVisible(); }));
        QPointer<QDialog> dialog = m_studio->find<QDialog>("export");
        m_studio->click("export.cancel");
        QVERIFY(waitFor([&] { return dialog.isNull(); }));
    }

    void exportOffersWhatTheCommandLineHas() {
        VerbProcess list;
        QSignalSpy ended(&list, &VerbProcess::finished);
        list.start({"info", "formats"});
        QVERIFY(waitFor([&] { return !ended.isEmpty(); }));
        const QJsonArray formats = ended[0][0].value<VerbOutcome>().result.value("formats").toArray();
        QVERIFY(formats.size() >= 4);
        m_studio->trigger("file.export-pt");
        QVERIFY(shown("export.size", "about"));
        auto* format = m_studio->find<QComboBox>("export.format");
        QCOMPARE(format->currentData().toString(), QString("pt"));
        QCOMPARE(format->count(), formats.size());
        const auto texts = [this](const char* name) {
            QJsonArray all;
            auto* box = m_studio->find<QComboBox>(name);
            for (int i = 0; i < box->count(); ++i) all.append(box->itemData(i).toString());
            return all;
        };
        for (int i = 0; i < format->count(); ++i) {
            const QJsonObject one = formats[i].toObject();
            const QString name = one.value("name").toString();
            QCOMPARE(format->itemData(i).toString(), name);
            // Each has words of our own and a place in the menus.
            QVERIFY2(format->itemText(i) != name, qPrintable(name));
            QVERIFY2(m_studio->window().findChild<QAction*>("model.export." + name), qPrintable(name));
            format->setCurrentIndex(i);
            QCOMPARE(texts("export.type"), one.value("types").toArray());
            QCOMPARE(texts("export.embedding"), one.value("embeddings").toArray());
            auto* type = m_studio->find<QComboBox>("export.type");
            for (int j = 0; j < type->count(); ++j) {
                type->setCurrentIndex(j);
                QVERIFY2(shown("export.size", "about"), qPrintable(name + " " + type->currentText()));
            }
        }
        format->setCurrentIndex(format->findData("pt"));
        QVERIFY(shown("export.size", "about"));
        const QString path = m_studio->find<QLineEdit>("export.path")->text();
        QVERIFY2(path.endsWith("tiny-F32.pt"), qPrintable(path));
        m_studio->click("export.start");
        QVERIFY(waitFor([&] { return m_studio->find<QLabel>("export.result")->isVisible(); }, 60000));
        QVERIFY(QFileInfo(path).size() > 1000000);
        QPointer<QDialog> dialog = m_studio->find<QDialog>("export");
        m_studio->click("export.cancel");
        QVERIFY(waitFor([&] { return dialog.isNull(); }));
    }

    void importedModelAppears() {
        m_studio->trigger("file.import-model");
        // One begins at the form; the buttons come last.
        auto* form = m_studio->find<QDialog>("import-model");
        QWidget* first = form->nextInFocusChain();
        while (!(first->focusPolicy() & Qt::TabFocus)) first = first->nextInFocusChain();
        QCOMPARE(first, m_studio->find<QLineEdit>("import-model.source"));
        QCOMPARE(form->previousInFocusChain(), m_studio->find<QPushButton>("import-model.start"));
        m_studio->find<QLineEdit>("import-model.source")->setText(m_studio->project().exportsDir() + "/tiny-F16.gguf");
        m_studio->find<QLineEdit>("import-model.name")->setText("back");
        m_studio->click("import-model.start");
        QVERIFY(waitFor(
            [&] {
                return m_studio->find<QLabel>("import-model.result")->isVisible() ||
                       m_studio->find<QLabel>("import-model.error")->isVisible();
            },
            60000));
        QVERIFY2(m_studio->find<QLabel>("import-model.result")->isVisible(),
                 qPrintable(m_studio->find<QLabel>("import-model.error")->text()));
        QPointer<QDialog> dialog = m_studio->find<QDialog>("import-model");
        m_studio->click("import-model.cancel");
        QVERIFY(waitFor([&] { return dialog.isNull(); }));
        QVERIFY(shown("model.title", "back"));
        QVERIFY(shown("model.origin", "tiny-F16.gguf"));
        QVERIFY(m_studio->find<QLabel>("model.origin")->toolTip().contains("SHA-256"));
        QVERIFY(shown("model.parameters", "1.9 M"));
    }

    void brokenModelIsTold() {
        const QString folder = m_studio->project().modelsDir() + "/broken";
        QVERIFY(QDir().mkpath(folder));
        QFile config(folder + "/config.json");
        QVERIFY(config.open(QIODevice::WriteOnly) && config.write("{\"hidden_dim\": \"wide\"}") > 0);
        config.close();
        m_studio->studio().showPage(PageId::Library, {{"model", folder}});
        m_studio->project().refresh();
        QVERIFY(waitFor([&] { return m_studio->find<QLabel>("model.error")->isVisible(); }));
        QVERIFY(m_studio->find<QLabel>("model.error")->text().contains("hidden_dim"));
    }

    void deletingACheckpointAsks() {
        auto* tree = m_studio->find<QTreeView>("library.tree");
        const QModelIndex run = tree->model()->index(0, 0, tree->model()->index(0, 0));
        tree->setCurrentIndex(tree->model()->index(tree->model()->rowCount(run) - 1, 0, run));
        const QString path = tree->currentIndex().data(LibraryModel::PathRole).toString();
        const int before = tree->model()->rowCount(run);
        QVERIFY(waitFor([&] { return m_studio->find<QPushButton>("model.delete")->isEnabled(); }));
        m_studio->click("model.delete");
        QVERIFY(waitFor([&] { return m_studio->window().findChild<QPushButton*>("confirm.delete"); }));
        m_studio->click("confirm.delete");
        QVERIFY(waitFor([&] { return !QFileInfo::exists(path); }));
        QVERIFY(waitFor([&] {
            return tree->model()->rowCount(tree->model()->index(0, 0, tree->model()->index(0, 0))) == before - 1;
        }));
    }

    void modelsKeepTheirPromises() {
        LibraryModel model;
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        ProjectContents contents;
        contents.runs = {
            {"a", "/r/a", "running", 5, {}, "/d", {{"/r/a/checkpoints/step-1", 1}, {"/r/a/checkpoints/step-2", 2}}},
            {"b", "/r/b", "finished", 9, {}, "/d", {}}};
        contents.models = {{"m", "/m/m", {}}};
        model.setContents(contents);
        QCOMPARE(model.rowCount(model.index(0, 0)), 2);
        const QModelIndex newest = model.index(0, 0, model.index(0, 0, model.index(0, 0)));
        QCOMPARE(newest.data(LibraryModel::PathRole).toString(), QString("/r/a/checkpoints/step-2"));
        QCOMPARE(model.indexOf("/r/a/checkpoints/step-2"), newest);
        QCOMPARE(model.indexOf("/m/m").parent().row(), 1);
        QVERIFY(!model.indexOf("/nowhere").isValid());
        contents.runs.removeFirst();
        model.setContents(contents);
        model.setContents({});
        WeightsModel weights;
        QAbstractItemModelTester weightsTester(&weights, QAbstractItemModelTester::FailureReportingMode::QtTest);
        weights.setWeights(
            QJsonArray{QJsonObject{{"name", "n"}, {"rows", 2}, {"cols", 3}, {"rms", 0.1}, {"largest", 1}}});
        QCOMPARE(weights.rowCount(), 1);
        QCOMPARE(weights.index(0, 4).data().toString(), QString());
    }
};

}  // namespace distillix::ui

UI_TEST_MAIN(distillix::ui::LibraryTest)
#include "library.moc"
