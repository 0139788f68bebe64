// SPDX-License-Identifier: Apache-2.0
#include "core/jobs/requests.h"

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "core/base/json.h"

namespace distillix {
namespace {
using Json = nlohmann::ordered_json;
constexpr std::size_t kLongestLine = 16u << 20;
}  // namespace

struct RequestReader::State {
    struct Pending {
        Request request;
        StopSource stop;
    };

    State(Reporter& reporterGiven, int input, int outputGiven)
        : reporter(reporterGiven), descriptor(input), output(outputGiven) {}

    Reporter& reporter;
    const int descriptor, output;
    int wake[2] = {-1, -1};  ///< a byte here ends the thread

    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Pending> waiting;  // guarded by mutex, as is what follows
    std::optional<Pending> atWork;
    bool ended = false;

    std::thread thread;

    void end() {
        const std::lock_guard lock(mutex);
        ended = true;
        changed.notify_all();
    }

    void cancelAll() {
        const std::lock_guard lock(mutex);
        if (atWork) atWork->stop.raise();
        waiting.clear();
        ended = true;
        changed.notify_all();
    }

    /// False after "quit".
    bool take(const std::string& line) {
        if (line.find_first_not_of(" \t\r") == std::string::npos) return true;
        Json body = parseJson(line);
        Json id = nullptr;
        if (body.is_object() && body.contains("id")) id = body["id"];
        const bool idFits = id.is_string() || id.is_number_integer();
        const auto refuse = [&](const std::string& why) {
            reporter.requestError(idFits ? id : Json(nullptr), makeError(ErrorCode::InvalidArgument, why));
            return true;
        };
        if (!body.is_object()) return refuse("a request must be a JSON object on one line");
        if (!idFits) return refuse("a request needs an \"id\", a text or a whole number");
        if (!body.contains("request") || !body["request"].is_string())
            return refuse("a request needs a \"request\", its name");
        std::string name = body["request"].get<std::string>();
        if (name == "quit") {
            reporter.requestResult(id, Json::object());
            return false;
        }
        if (name == "cancel") {
            if (!body.contains("target")) return refuse("\"cancel\" needs a \"target\", the id of a request");
            cancel(id, body["target"]);
            return true;
        }
        Pending pending;
        pending.request = {id, std::move(name), std::move(body), pending.stop.token()};
        std::unique_lock lock(mutex);
        bool taken = atWork && atWork->request.id == id;
        for (const auto& other : waiting) taken = taken || other.request.id == id;
        if (taken) {
            lock.unlock();
            return refuse("another request with this \"id\" is not done yet");
        }
        waiting.push_back(std::move(pending));
        changed.notify_all();
        return true;
    }

    void cancel(const Json& id, const Json& target) {
        bool found = false;
        Json dropped;
        {
            const std::lock_guard lock(mutex);
            if (atWork && atWork->request.id == target) {
                atWork->stop.raise();
                found = true;
            }
            for (auto at = waiting.begin(); at != waiting.end(); ++at) {
                if (at->request.id != target) continue;
                dropped = at->request.id;
                waiting.erase(at);
                found = true;
                break;
            }
        }
        reporter.requestResult(id, {{"cancelled", found}});
        if (!dropped.is_null())
            reporter.requestError(dropped, makeError(ErrorCode::Cancelled, "cancelled before it was begun"));
    }

    void read() {
        std::string buffer, block(64 << 10, '\0');
        bool tooLong = false;
        while (true) {
            // A pipe whose reading end was closed says POLLERR unasked.
            pollfd descriptors[3] = {{descriptor, POLLIN, 0}, {wake[0], POLLIN, 0}, {output, 0, 0}};
            const int ready = ::poll(descriptors, 3, -1);
            if (ready < 0 && errno == EINTR) continue;
            if (ready < 0) break;
            if (descriptors[1].revents) return;
            if (descriptors[2].revents & (POLLERR | POLLHUP)) {
                cancelAll();
                return;
            }
            if (!descriptors[0].revents) continue;
            const ssize_t got = ::read(descriptor, block.data(), block.size());
            if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
            if (got <= 0) break;
            buffer.append(block, 0, static_cast<std::size_t>(got));
            std::size_t at = 0;
            for (std::size_t end; (end = buffer.find('\n', at)) != std::string::npos; at = end + 1) {
                if (tooLong) {
                    tooLong = false;  // the rest of a line that was refused
                    continue;
                }
                if (!take(buffer.substr(at, end - at))) {
                    this->end();
                    return;
                }
            }
            buffer.erase(0, at);
            if (buffer.size() > kLongestLine) {
                if (!tooLong)
                    reporter.requestError(nullptr,
                                          makeError(ErrorCode::InvalidArgument,
                                                    "a line has more than " + std::to_string(kLongestLine) + " bytes"));
                tooLong = true;
                buffer.clear();
            }
        }
        if (!buffer.empty() && !tooLong) take(buffer);
        end();
    }
};

RequestReader::RequestReader(Reporter& reporter, int inputDescriptor, int outputDescriptor)
    : m_state(std::make_unique<State>(reporter, inputDescriptor, outputDescriptor)) {
    if (::pipe2(m_state->wake, O_CLOEXEC) != 0)
        m_state->end();  // out of descriptors: no requests can be read
    else
        m_state->thread = std::thread([state = m_state.get()] { state->read(); });
}

RequestReader::~RequestReader() {
    stop();
    if (m_state->thread.joinable()) m_state->thread.join();
    for (const int descriptor : m_state->wake)
        if (descriptor >= 0) ::close(descriptor);
}

std::optional<Request> RequestReader::next() {
    std::unique_lock lock(m_state->mutex);
    m_state->changed.wait(lock, [&] { return m_state->ended || !m_state->waiting.empty(); });
    if (m_state->waiting.empty() || m_state->reporter.readerIsGone()) return {};
    m_state->atWork = std::move(m_state->waiting.front());
    m_state->waiting.pop_front();
    return m_state->atWork->request;
}

void RequestReader::done() {
    const std::lock_guard lock(m_state->mutex);
    m_state->atWork.reset();
}

void RequestReader::stop() {
    m_state->cancelAll();
    if (m_state->wake[1] >= 0) {
        const char byte = 0;
        if (::write(m_state->wake[1], &byte, 1) < 0) return;  // full: a byte is there already
    }
}

}  // namespace distillix
