// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/ui/support.h"

#include <QElapsedTimer>
#include <QStandardPaths>
#include <clocale>

namespace distillix::ui {

bool waitFor(const std::function<bool()>& condition, int milliseconds) {
    return QTest::qWaitFor(condition, milliseconds);
}

void prepareTestProcess() {
    QStandardPaths::setTestModeEnabled(true);
    // No desktop's wishes: the theme is the light one unless a test sets it.
    qputenv("DBUS_SESSION_BUS_ADDRESS", "disabled:");
}

StudioFixture::StudioFixture(bool withProject) : m_withProject(withProject) {
    open();
}

StudioFixture::~StudioFixture() {
    m_window.reset();
    m_studio.reset();
}

void StudioFixture::open() {
    m_studio = std::make_unique<Studio>(path("settings.ini"));
    m_window = std::make_unique<MainWindow>(*m_studio);
    m_window->show();
    if (!m_withProject) return;
    m_studio->openProject(path("project"));
    if (!waitFor([this] { return m_studio->project() != nullptr; })) qFatal("the project did not open");
}

void StudioFixture::restart() {
    m_window->close();
    m_window.reset();
    m_studio.reset();
    open();
}

}  // namespace distillix::ui
