// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/jobs/background.h"

namespace distillix::ui::background {

QThreadPool& pool() {
    static QThreadPool* const threads = [] {
        // Never destroyed: a task that is still at work when the program ends must find it.
        auto* made = new QThreadPool;
        made->setMaxThreadCount(4);
        made->setThreadPriority(QThread::LowPriority);
        return made;
    }();
    return *threads;
}

void finish() {
    pool().clear();
    pool().waitForDone();
}

}  // namespace distillix::ui::background
