// SPDX-License-Identifier: Apache-2.0
#include "core/train/crash_record.h"

#include <array>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <exception>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "core/base/json.h"
#include "core/jobs/reporter.h"

namespace distillix {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

// What a signal handler may touch: plain memory, prepared beforehand.
std::array<char, 4096> g_path{};
std::array<char, 256> g_message{};
std::atomic<std::int64_t> g_step{0};
std::atomic<bool> g_active{false};
std::terminate_handler g_terminateBefore = nullptr;
std::array<struct sigaction, std::size(kSignals)> g_before{};
std::array<bool, std::size(kSignals)> g_installed{};

const char* signalName(int number) {
    switch (number) {
        case SIGSEGV:
            return "SIGSEGV";
        case SIGBUS:
            return "SIGBUS";
        case SIGFPE:
            return "SIGFPE";
        case SIGILL:
            return "SIGILL";
        case SIGABRT:
            return "SIGABRT";
        default:
            return "";
    }
}

/// A line put together without the standard library, which a handler must not call.
class Line {
  public:
    void text(const char* words) {
        while (*words && m_size < m_bytes.size()) m_bytes[m_size++] = *words++;
    }
    void number(std::int64_t value) {
        char digits[24];
        std::size_t count = 0;
        auto rest = static_cast<std::uint64_t>(value < 0 ? 0 : value);
        do digits[count++] = static_cast<char>('0' + rest % 10);
        while (rest /= 10);
        while (count > 0 && m_size < m_bytes.size()) m_bytes[m_size++] = digits[--count];
    }
    const char* data() const { return m_bytes.data(); }
    std::size_t size() const { return m_size; }

  private:
    std::array<char, 1024> m_bytes{};
    std::size_t m_size = 0;
};

void record(int number) {
    const int fd = ::open(g_path.data(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) return;
    Line line;
    line.text("{\"signal\":");
    line.number(number);
    line.text(",\"name\":\"");
    line.text(signalName(number));
    line.text("\",\"step\":");
    line.number(g_step.load(std::memory_order_relaxed));
    line.text(",\"message\":\"");
    line.text(g_message.data());
    line.text("\"}\n");
    // Nothing can be done about a failure here.
    const ssize_t written = ::write(fd, line.data(), line.size());
    (void)written;
    ::close(fd);
}

void onSignal(int number) {
    record(number);
    // SA_RESETHAND has put the default back: raised again, the signal ends the process as it would have.
    ::raise(number);
}

/// An exception that nobody caught: its text goes into the record that SIGABRT will leave.
[[noreturn]] void onTerminate() {
    try {
        if (const auto exception = std::current_exception()) std::rethrow_exception(exception);
    } catch (const std::exception& exception) {
        std::size_t at = 0;
        for (const char* c = exception.what(); *c && at + 1 < g_message.size(); ++c)
            if (*c >= ' ' && *c <= '~' && *c != '"' && *c != '\\') g_message[at++] = *c;
        g_message[at] = '\0';
    } catch (...) {
        std::strcpy(g_message.data(), "an exception of a foreign kind");
    }
    std::abort();
}

const char* signalMeaning(int number) {
    switch (number) {
        case SIGSEGV:
            return "an invalid memory access: a bug, or a broken machine";
        case SIGBUS:
            return "memory behind a mapped file that is not there: a file was shortened, or its disk failed";
        case SIGFPE:
            return "a forbidden calculation: a bug";
        case SIGILL:
            return "an instruction that this processor does not have";
        case SIGABRT:
            return "the program gave up";
        default:
            return "";
    }
}

}  // namespace

CrashRecorder::CrashRecorder(const fs::path& file) : m_active(!g_active.exchange(true)) {
    if (!m_active) return;
    std::snprintf(g_path.data(), g_path.size(), "%s", file.c_str());
    g_message[0] = '\0';
    g_step = 0;
    // A stack that overflowed has no room for a handler: it runs on one of its own.
    static std::vector<char> stack(64 << 10);
    stack_t alternative{};
    alternative.ss_sp = stack.data();
    alternative.ss_size = stack.size();
    const bool ownStack = ::sigaltstack(&alternative, nullptr) == 0;
    struct sigaction action {};
    sigemptyset(&action.sa_mask);
    action.sa_handler = onSignal;
    action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_NODEFER | (ownStack ? SA_ONSTACK : 0);
    for (std::size_t i = 0; i < std::size(kSignals); ++i) {
        g_installed[i] = ::sigaction(kSignals[i], nullptr, &g_before[i]) == 0 && g_before[i].sa_handler == SIG_DFL &&
                         ::sigaction(kSignals[i], &action, nullptr) == 0;
    }
    g_terminateBefore = std::set_terminate(onTerminate);
}

CrashRecorder::~CrashRecorder() {
    if (!m_active) return;
    for (std::size_t i = 0; i < std::size(kSignals); ++i)
        if (g_installed[i]) ::sigaction(kSignals[i], &g_before[i], nullptr);
    std::set_terminate(g_terminateBefore);
    g_active = false;
}

void CrashRecorder::setStep(std::int64_t step) {
    g_step.store(step, std::memory_order_relaxed);
}

std::string crashText(const CrashEvidence& evidence) {
    const auto number = [](const Json& json, const char* key) -> std::optional<double> {
        if (!json.is_object()) return {};
        const auto found = json.find(key);
        return found != json.end() && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
    };
    if (const int which = memberOr(evidence.record, "signal", 0); which > 0) {
        const std::string message = memberOr(evidence.record, "message", "");
        return "ended by signal " + std::to_string(which) + " (" + signalName(which) + ": " +
               (message.empty() ? signalMeaning(which) : message) + ") behind step " +
               std::to_string(memberOr(evidence.record, "step", std::int64_t{0}));
    }
    if (evidence.letGo)
        return "it ended in order but could not write its last word" +
               (evidence.status.empty() ? std::string("; the disk may have been full") : ": " + evidence.status);
    if (evidence.rebooted) return "its machine was restarted, or lost power, while it trained";
    const auto resident = number(evidence.heartbeat, "residentBytes");
    const auto available = number(evidence.heartbeat, "availableBytes");
    const auto kills = number(evidence.heartbeat, "oomKills");
    const std::string held = resident && available ? " At its last sign of life it held " + bytesText(*resident) +
                                                         " of memory, and " + bytesText(*available) + " were available."
                                                   : "";
    if (kills && evidence.oomKillsNow && static_cast<double>(*evidence.oomKillsNow) > *kills)
        return "most likely out of memory: since its last sign of life the system's out-of-memory killer has ended a "
               "process." +
               held;
    if (resident && available && *available < 0.1 * *resident)
        return "perhaps out of memory: it ended without a word when hardly any memory was available." + held;
    return "killed from outside (SIGKILL, or a second Ctrl-C): it left no word of its own, and the out-of-memory "
           "killer "
           "is not known to have ended anything." +
           held;
}

}  // namespace distillix
