// SPDX-License-Identifier: GPL-3.0-or-later
// Work that would make the window wait: disk, parsing, anything that reads a run. It is done on a pool of threads and
// its result comes back on the window's thread.
#pragma once

#include <QCoreApplication>
#include <QObject>
#include <QPointer>
#include <QThreadPool>
#include <memory>
#include <type_traits>
#include <utility>

namespace distillix::ui::background {

/// The pool of this module: a few threads, of lower priority than the window's.
QThreadPool& pool();
/// Waits for what is under way; what has not begun is dropped. For the program's end.
void finish();

/// Runs `function` on the pool, then `callback(result)` on the window's thread, unless `receiver` is gone by then. Call
/// it on the window's thread. `function` must not touch widgets and must own what it reads.
template <typename Function, typename Callback>
void run(Function function, QObject* receiver, Callback callback) {
    using Value = std::invoke_result_t<Function>;
    // Shared, because QThreadPool copies functions and a Result cannot be copied.
    auto task = std::make_shared<std::pair<Function, Callback>>(std::move(function), std::move(callback));
    pool().start([task, guard = QPointer<QObject>(receiver)] {
        // Posted to the application, which outlives every receiver; the guard is looked at on the window's thread only.
        if constexpr (std::is_void_v<Value>) {
            task->first();
            QMetaObject::invokeMethod(
                QCoreApplication::instance(),
                [task, guard] {
                    if (guard) task->second();
                },
                Qt::QueuedConnection);
        } else {
            auto value = std::make_shared<Value>(task->first());
            QMetaObject::invokeMethod(
                QCoreApplication::instance(),
                [task, guard, value] {
                    if (guard) task->second(std::move(*value));
                },
                Qt::QueuedConnection);
        }
    });
}

}  // namespace distillix::ui::background
