// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/gauge/system_sampler.h"

#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/memory.h"
#include "ui/jobs/background.h"

namespace distillix::ui {

struct SystemSampler::State {
    std::uint64_t busy = 0, all = 0;
    std::int64_t pid = 0;
    double processSeconds = -1, processAt = 0;
    std::unique_ptr<Nvml> nvml;
    bool looked = false;

    /// Jiffies since the start, of all processors together: proc(5), the line "cpu" of /proc/stat.
    double processorShare() {
        std::ifstream file("/proc/stat");
        std::string label;
        file >> label;
        std::uint64_t sum = 0, idle = 0;
        for (int i = 0; i < 8; ++i) {
            std::uint64_t number = 0;
            if (!(file >> number)) break;
            sum += number;
            if (i == 3 || i == 4) idle += number;
        }
        const std::uint64_t busyNow = sum - idle;
        const double share =
            all > 0 && sum > all ? static_cast<double>(busyNow - busy) / static_cast<double>(sum - all) : -1;
        busy = busyNow;
        all = sum;
        return share;
    }

    void process(std::int64_t which, SystemReading& reading) {
        const std::string folder = "/proc/" + std::to_string(which);
        std::ifstream status(folder + "/status");
        for (std::string line; std::getline(status, line);) {
            double kilobytes = 0;
            if (std::sscanf(line.c_str(), "VmRSS: %lf", &kilobytes) == 1) reading.processResident = kilobytes * 1024;
            if (std::sscanf(line.c_str(), "VmHWM: %lf", &kilobytes) == 1) reading.processPeak = kilobytes * 1024;
        }
        std::ifstream file(folder + "/stat");
        std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
        // The name stands in brackets and may hold anything; behind it utime and stime are the 12th and 13th.
        const auto end = text.rfind(')');
        if (end == std::string::npos) return;
        std::istringstream rest(text.substr(end + 1));
        std::string word;
        double ticks = 0;
        for (int i = 1; i <= 13 && rest >> word; ++i)
            if (i >= 12) ticks += std::atof(word.c_str());
        const double seconds = ticks / static_cast<double>(::sysconf(_SC_CLK_TCK)), now = steadyNow();
        if (pid == which && processSeconds >= 0 && now > processAt)
            reading.processProcessors = (seconds - processSeconds) / (now - processAt);
        pid = which;
        processSeconds = seconds;
        processAt = now;
    }
};

SystemSampler::SystemSampler(QObject* parent) : QObject(parent), m_state(std::make_shared<State>()) {
    m_timer.setInterval(1000);
    connect(&m_timer, &QTimer::timeout, this, &SystemSampler::sample);
}

SystemSampler::~SystemSampler() = default;

void SystemSampler::watch(std::int64_t pid) {
    m_pid = pid;
}

void SystemSampler::setRunning(bool on) {
    if (on == m_timer.isActive()) return;
    if (!on) return m_timer.stop();
    m_timer.start();
    sample();
}

void SystemSampler::sample() {
    if (m_sampling) return;
    m_sampling = true;
    background::run(
        [state = m_state, pid = m_pid] {
            SystemReading reading;
            reading.memoryTotal = static_cast<double>(memoryLimit());
            reading.memoryAvailable = static_cast<double>(memoryAvailable());
            reading.processorShare = state->processorShare();
            reading.processors = static_cast<int>(std::thread::hardware_concurrency());
            if (pid > 0) state->process(pid, reading);
            if (!state->looked) state->nvml = Nvml::open();
            state->looked = true;
            if (state->nvml) reading.cards = state->nvml->read(pid);
            return reading;
        },
        this,
        [this](const SystemReading& reading) {
            m_sampling = false;
            emit sampled(reading);
        });
}

}  // namespace distillix::ui
