// SPDX-License-Identifier: Apache-2.0
// Requests of long-lived verbs, as PROTOCOL.md beside this file has them.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "core/base/stop_token.h"
#include "core/jobs/reporter.h"

namespace distillix {

struct Request {
    nlohmann::ordered_json id;  ///< text or whole number
    std::string name;
    nlohmann::ordered_json body;  ///< the whole object
    StopToken stop;               ///< raised when someone cancels it, or the reader of the answers is gone
};

/// Reads requests in a thread of its own, so that "cancel" gets through while one is at work. "cancel", "quit" and
/// lines that are no requests are answered here. The reporter must outlive it. The owner calls next() and done() in
/// turn.
class RequestReader {
  public:
    /// `outputDescriptor` is where the answers go: when its reader closes it, everything is cancelled.
    explicit RequestReader(Reporter& reporter, int inputDescriptor = 0, int outputDescriptor = 1);
    ~RequestReader();
    RequestReader(const RequestReader&) = delete;
    RequestReader& operator=(const RequestReader&) = delete;

    /// Waits for the next; nothing after "quit", the end of input, stop(), or when the reader of the answers is gone.
    std::optional<Request> next();
    /// The request that next() gave has had its result or error: "cancel" no longer finds it.
    void done();
    /// Ends next(), now or later, and cancels what is at work. From any thread, not from a signal handler.
    void stop();

  private:
    struct State;
    std::unique_ptr<State> m_state;
};

}  // namespace distillix
