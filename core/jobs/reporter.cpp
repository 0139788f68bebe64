// SPDX-License-Identifier: Apache-2.0
#include "core/jobs/reporter.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <map>
#include <mutex>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/version.h"

namespace distillix {
namespace {
using Json = nlohmann::ordered_json;

constexpr double kJsonSeconds = 0.1;    // between two progress lines of a phase, as PROTOCOL.md promises
constexpr double kLiveSeconds = 0.1;    // between two redraws
constexpr double kPlainSeconds = 10.0;  // between two progress lines in a log

bool isLast(const Progress& progress) {
    return progress.total && progress.done >= *progress.total;
}

/// Whole, or not at all: false when nobody can read it any more.
bool writeText(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(descriptor, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

class JsonReporter final : public Reporter {
  public:
    JsonReporter(const std::string& verb, int output) : m_output(output) {
        say({{"type", "hello"},
             {"protocol", kProtocolVersion},
             {"program", "distillix"},
             {"version", programVersion()},
             {"verb", verb},
             {"pid", ::getpid()}});
    }
    bool isJson() const override { return true; }

    void progress(const Progress& progress) override {
        {
            const std::lock_guard lock(m_mutex);
            double& last = m_lastProgress.try_emplace(progress.phase, -1e9).first->second;
            const double now = steadyNow();
            if (now - last < kJsonSeconds && !isLast(progress)) return;
            last = now;
        }
        Json line = {{"type", "progress"}, {"phase", progress.phase}, {"done", progress.done}};
        if (progress.total) line["total"] = *progress.total;
        if (!progress.unit.empty()) line["unit"] = progress.unit;
        if (progress.tokensPerSecond) line["tokensPerSecond"] = *progress.tokensPerSecond;
        if (progress.secondsLeft) line["secondsLeft"] = *progress.secondsLeft;
        say(with(std::move(line), progress.fields));
    }
    void event(const std::string& name, const Json& fields, const std::string&) override {
        say(with({{"type", "event"}, {"event", name}}, fields));
    }
    void info(const std::string& text) override { say({{"type", "log"}, {"level", "info"}, {"message", text}}); }
    void warning(const std::string& text) override { say({{"type", "log"}, {"level", "warning"}, {"message", text}}); }
    void result(const Json& result, const std::string&) override { say({{"type", "result"}, {"result", result}}); }
    void error(const Error& error) override {
        Json line = errorLine(error);
        line["exitCode"] = exitCodeFor(error.code);
        say(line);
    }
    void usageError(const std::string& message) override {
        say({{"type", "error"}, {"code", "usage"}, {"message", message}, {"where", ""}, {"exitCode", kExitUsage}});
    }
    bool readerIsGone() const override {
        const std::lock_guard lock(m_mutex);
        return m_gone;
    }

    void requestEvent(const Json& id, const std::string& name, const Json& fields) override {
        say(with({{"type", "event"}, {"id", id}, {"event", name}}, fields));
    }
    void requestResult(const Json& id, const Json& result) override {
        say({{"type", "result"}, {"id", id}, {"result", result}});
    }
    void requestError(const Json& id, const Error& error) override {
        Json line = {{"type", "error"}, {"id", id}};
        say(with(std::move(line), errorLine(error)));
    }

  private:
    static Json errorLine(const Error& error) {
        return {
            {"type", "error"}, {"code", errorCodeName(error.code)}, {"message", error.message}, {"where", error.where}};
    }
    /// The keys of `fields` behind those of `line`, whose own come first and are not replaced.
    static Json with(Json line, const Json& fields) {
        for (const auto& [key, value] : fields.items())
            if (!line.contains(key)) line[key] = value;
        return line;
    }
    void say(const Json& line) {
        const std::string text = line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
        const std::lock_guard lock(m_mutex);
        if (!m_gone && !writeText(m_output, text)) m_gone = true;
    }

    const int m_output;
    mutable std::mutex m_mutex;
    bool m_gone = false;                           // guarded by m_mutex
    std::map<std::string, double> m_lastProgress;  // guarded by m_mutex
};

class TextReporter final : public Reporter {
  public:
    TextReporter(int output, int error) : m_output(output), m_error(error), m_terminal(::isatty(error) == 1) {}
    ~TextReporter() override { endLive(); }
    bool isJson() const override { return false; }

    void progress(const Progress& progress) override {
        const std::lock_guard lock(m_mutex);
        const double now = steadyNow();
        const bool newPhase = progress.phase != m_phase;
        if (newPhase) endLive();
        m_phase = progress.phase;
        const double wait = m_terminal ? kLiveSeconds : kPlainSeconds;
        if (!newPhase && now - m_lastProgress < wait && !isLast(progress)) return;
        m_lastProgress = now;
        const std::string line = progressText(progress);
        if (!m_terminal) {
            writeText(m_error, line + "\n");
            return;
        }
        std::string redrawn = "\r";
        redrawn += fitted(line);
        redrawn += "\x1b[K";
        writeText(m_error, redrawn);
        m_live = true;
        if (isLast(progress)) endLive();
    }
    void event(const std::string&, const Json&, const std::string& text) override {
        if (!text.empty()) sayError(text);
    }
    void info(const std::string& text) override { sayError(text); }
    void warning(const std::string& text) override { sayError("warning: " + text); }
    void result(const Json&, const std::string& text) override {
        const std::lock_guard lock(m_mutex);
        endLive();
        if (!text.empty() && !writeText(m_output, text.back() == '\n' ? text : text + "\n")) m_gone = true;
    }
    void error(const Error& error) override { sayError("distillix: " + error.text()); }
    void usageError(const std::string& message) override { sayError("distillix: " + message); }
    bool readerIsGone() const override {
        const std::lock_guard lock(m_mutex);
        return m_gone;
    }
    // Requests come over JSON only.
    void requestEvent(const Json&, const std::string&, const Json&) override {}
    void requestResult(const Json&, const Json&) override {}
    void requestError(const Json&, const Error& error) override { sayError("distillix: " + error.text()); }

  private:
    static std::string progressText(const Progress& progress) {
        std::string line = progress.phase + "  ";
        if (progress.total) {
            line += shortOrWhole(progress.done) + "/" + shortOrWhole(*progress.total) +
                    (progress.unit.empty() ? "" : " " + progress.unit);
            if (*progress.total > 0) {
                char percent[16];
                std::snprintf(percent, sizeof percent, "  %.0f%%",
                              100 * std::min(1.0, progress.done / *progress.total));
                line += percent;
            }
        } else {
            line += shortOrWhole(progress.done) + (progress.unit.empty() ? "" : " " + progress.unit);
        }
        if (!progress.detail.empty()) line += "  " + progress.detail;
        if (progress.tokensPerSecond) line += "  " + groupedText(std::llround(*progress.tokensPerSecond)) + " tokens/s";
        if (progress.secondsLeft) line += "  " + durationText(*progress.secondsLeft) + " left";
        return line;
    }
    static std::string shortOrWhole(double number) {
        if (number == std::floor(number) && std::abs(number) < 1e15)
            return groupedText(static_cast<std::int64_t>(number));
        char text[32];
        std::snprintf(text, sizeof text, "%.1f", number);
        return text;
    }
    /// Cut to the terminal's width, or redrawing would leave a trail of broken lines.
    std::string fitted(const std::string& line) const {
        winsize size{};
        const std::size_t width = ::ioctl(m_error, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1u : 79u;
        std::size_t columns = 0, at = 0;
        while (at < line.size()) {
            if ((static_cast<unsigned char>(line[at]) & 0xc0) != 0x80 && ++columns > width) break;
            ++at;
        }
        return line.substr(0, at);
    }
    void endLive() {
        if (m_live) writeText(m_error, "\n");
        m_live = false;
    }
    void sayError(const std::string& text) {
        const std::lock_guard lock(m_mutex);
        if (m_live) writeText(m_error, "\r\x1b[K");
        m_live = false;
        writeText(m_error, text + "\n");
    }

    const int m_output, m_error;
    const bool m_terminal;
    mutable std::mutex m_mutex;
    bool m_live = false, m_gone = false;  // guarded by m_mutex, as is what follows
    std::string m_phase;
    double m_lastProgress = 0;
};

}  // namespace

int exitCodeFor(ErrorCode code) {
    switch (code) {
        case ErrorCode::InvalidArgument:
            return 2;
        case ErrorCode::InvalidData:
            return 3;
        case ErrorCode::NotFound:
            return 4;
        case ErrorCode::AlreadyExists:
            return 5;
        case ErrorCode::Unsupported:
            return 6;
        case ErrorCode::OutOfMemory:
            return 7;
        case ErrorCode::DiskFull:
            return 8;
        case ErrorCode::Busy:
            return 9;
        case ErrorCode::Cancelled:
            return 10;
        case ErrorCode::Io:
        case ErrorCode::Device:
        case ErrorCode::Internal:
            return 1;
    }
    return 1;
}

std::unique_ptr<Reporter> makeJsonReporter(const std::string& verb, int outputDescriptor) {
    return std::make_unique<JsonReporter>(verb, outputDescriptor);
}

std::unique_ptr<Reporter> makeTextReporter(int outputDescriptor, int errorDescriptor) {
    return std::make_unique<TextReporter>(outputDescriptor, errorDescriptor);
}

std::string groupedText(std::int64_t number) {
    const std::string digits = std::to_string(number);
    const std::size_t sign = number < 0 ? 1 : 0;
    std::string text;
    for (std::size_t at = 0; at < digits.size(); ++at) {
        if (at > sign && (digits.size() - at) % 3 == 0) text += ',';
        text += digits[at];
    }
    return text;
}

std::string shortCountText(double number) {
    char text[32];
    const double size = std::abs(number);
    if (size < 1000)
        std::snprintf(text, sizeof text, "%.0f", number);
    else if (size < 1e6)
        std::snprintf(text, sizeof text, "%.1fk", number / 1e3);
    else if (size < 1e9)
        std::snprintf(text, sizeof text, "%.1fM", number / 1e6);
    else
        std::snprintf(text, sizeof text, "%.2fG", number / 1e9);
    return text;
}

std::string bytesText(double bytes) {
    char text[32];
    if (bytes < 1000)
        std::snprintf(text, sizeof text, "%.0f B", bytes);
    else if (bytes < 1e6)
        std::snprintf(text, sizeof text, "%.1f kB", bytes / 1e3);
    else if (bytes < 1e9)
        std::snprintf(text, sizeof text, "%.1f MB", bytes / 1e6);
    else
        std::snprintf(text, sizeof text, "%.2f GB", bytes / 1e9);
    return text;
}

}  // namespace distillix
