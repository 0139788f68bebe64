// SPDX-License-Identifier: GPL-3.0-or-later
// What tests of the window share.
#pragma once

#include <QTemporaryDir>
#include <QTest>
#include <QWidget>
#include <functional>

#include "ui/main_window.h"
#include "ui/studio.h"

namespace distillix::ui {

/// Spins the event loop until `condition` holds; false where it does not within `milliseconds`.
bool waitFor(const std::function<bool()>& condition, int milliseconds = 30000);

/// A studio with settings and a project of its own in a temporary folder, and its window, shown offscreen.
class StudioFixture {
  public:
    /// Without a project where `withProject` is false.
    explicit StudioFixture(bool withProject = true);
    ~StudioFixture();
    /// Closes the window and opens another with the same settings and project, as after a restart.
    void restart();
    QString path(const QString& name) const { return m_folder.filePath(name); }
    Studio& studio() { return *m_studio; }
    MainWindow& window() { return *m_window; }
    Project& project() { return *m_studio->project(); }
    /// The widget of that object name, which must be there; a test that asks for a wrong type fails by name.
    template <typename Widget>
    Widget* find(const QString& name) {
        auto* found = m_window->findChild<Widget*>(name);
        if (!found) QTest::qFail(qPrintable(QStringLiteral("there is no widget %1").arg(name)), __FILE__, __LINE__);
        return found;
    }
    void click(const QString& name) {
        if (auto* widget = find<QWidget>(name)) QTest::mouseClick(widget, Qt::LeftButton);
    }
    void trigger(const QString& action) { m_studio->actions().find(action)->trigger(); }

  private:
    void open();
    QTemporaryDir m_folder;
    bool m_withProject;
    std::unique_ptr<Studio> m_studio;
    std::unique_ptr<MainWindow> m_window;
};

/// main() of a test of the window: an application, the engine's locale, an own place for settings.
#define UI_TEST_MAIN(Class)                     \
    int main(int argc, char** argv) {           \
        distillix::ui::prepareTestProcess();    \
        QApplication application(argc, argv);   \
        std::setlocale(LC_NUMERIC, "C");        \
        Class test;                             \
        return QTest::qExec(&test, argc, argv); \
    }
void prepareTestProcess();

}  // namespace distillix::ui
