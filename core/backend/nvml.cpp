// SPDX-License-Identifier: Apache-2.0
#include "core/backend/nvml.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <dlfcn.h>

namespace distillix {
namespace {

// Declarations of our own, after NVIDIA's "NVML API Reference Guide": the header is not in the toolkit.
using Device = void*;
struct Memory {
    unsigned long long total, free, used;
};
struct Utilization {
    unsigned int gpu, memory;  // percent
};
struct ProcessInfo {  // nvmlProcessInfo_v2_t
    unsigned int pid;
    unsigned long long usedGpuMemory;
    unsigned int gpuInstanceId, computeInstanceId;
};
constexpr int kSuccess = 0, kInsufficientSize = 7;
constexpr unsigned int kTemperatureOfChip = 0, kClockOfMultiprocessors = 1, kClockOfMemory = 2;
constexpr unsigned long long kNotAvailable = ~0ull;

// Reasons of nvmlDeviceGetCurrentClocksThrottleReasons that mean that a card is held back.
struct Reason {
    unsigned long long bit;
    const char* text;
};
constexpr Reason kReasons[] = {{0x04, "power limit"},
                               {0x08, "slowed down by the hardware"},
                               {0x20, "temperature"},
                               {0x40, "temperature (hardware)"},
                               {0x80, "power brake"}};

}  // namespace

struct Nvml::Functions {
    void* library = nullptr;
    int (*init)() = nullptr;
    int (*shutdown)() = nullptr;
    int (*count)(unsigned int*) = nullptr;
    int (*handle)(unsigned int, Device*) = nullptr;
    int (*name)(Device, char*, unsigned int) = nullptr;
    int (*memory)(Device, Memory*) = nullptr;
    int (*utilization)(Device, Utilization*) = nullptr;
    int (*temperature)(Device, unsigned int, unsigned int*) = nullptr;
    int (*power)(Device, unsigned int*) = nullptr;
    int (*powerLimit)(Device, unsigned int*) = nullptr;
    int (*clock)(Device, unsigned int, unsigned int*) = nullptr;
    int (*clockLimit)(Device, unsigned int, unsigned int*) = nullptr;
    int (*processes)(Device, unsigned int*, ProcessInfo*) = nullptr;
    int (*throttle)(Device, unsigned long long*) = nullptr;

    template <typename Function>
    void find(Function& function, const char* name_) {
        function = reinterpret_cast<Function>(::dlsym(library, name_));
    }
};

std::unique_ptr<Nvml> Nvml::open(const char* library) {
    auto f = std::make_unique<Functions>();
    f->library = ::dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!f->library) return nullptr;
    f->find(f->init, "nvmlInit_v2");
    f->find(f->shutdown, "nvmlShutdown");
    f->find(f->count, "nvmlDeviceGetCount_v2");
    f->find(f->handle, "nvmlDeviceGetHandleByIndex_v2");
    f->find(f->name, "nvmlDeviceGetName");
    f->find(f->memory, "nvmlDeviceGetMemoryInfo");
    f->find(f->utilization, "nvmlDeviceGetUtilizationRates");
    f->find(f->temperature, "nvmlDeviceGetTemperature");
    f->find(f->power, "nvmlDeviceGetPowerUsage");
    f->find(f->powerLimit, "nvmlDeviceGetEnforcedPowerLimit");
    f->find(f->clock, "nvmlDeviceGetClockInfo");
    f->find(f->clockLimit, "nvmlDeviceGetMaxClockInfo");
    f->find(f->processes, "nvmlDeviceGetComputeRunningProcesses_v3");
    f->find(f->throttle, "nvmlDeviceGetCurrentClocksThrottleReasons");
    // Without these there is nothing to show; the others may be missing in older drivers.
    if (!f->init || !f->shutdown || !f->count || !f->handle || !f->memory || f->init() != kSuccess) {
        ::dlclose(f->library);
        return nullptr;
    }
    return std::unique_ptr<Nvml>(new Nvml(std::move(f)));
}

Nvml::Nvml(std::unique_ptr<Functions> functions) : m_functions(std::move(functions)) {}

Nvml::~Nvml() {
    m_functions->shutdown();
    ::dlclose(m_functions->library);
}

std::vector<CardReading> Nvml::read(std::int64_t pid) const {
    const Functions& f = *m_functions;
    std::vector<CardReading> cards;
    unsigned int count = 0;
    if (f.count(&count) != kSuccess) return cards;
    for (unsigned int i = 0; i < std::min(count, 64u); ++i) {
        Device device = nullptr;
        if (f.handle(i, &device) != kSuccess) continue;
        CardReading card;
        std::array<char, 128> name{};
        if (f.name && f.name(device, name.data(), name.size() - 1) == kSuccess) card.name = name.data();
        Memory memory{};
        if (f.memory(device, &memory) == kSuccess) {
            card.memoryTotal = static_cast<double>(memory.total);
            card.memoryUsed = static_cast<double>(memory.used);
            card.memoryFree = static_cast<double>(memory.free);
        }
        Utilization utilization{};
        if (f.utilization && f.utilization(device, &utilization) == kSuccess)
            card.utilisation = utilization.gpu / 100.0;
        unsigned int number = 0;
        if (f.temperature && f.temperature(device, kTemperatureOfChip, &number) == kSuccess) card.celsius = number;
        if (f.power && f.power(device, &number) == kSuccess) card.watts = number / 1000.0;
        if (f.powerLimit && f.powerLimit(device, &number) == kSuccess) card.wattLimit = number / 1000.0;
        if (f.clock && f.clock(device, kClockOfMultiprocessors, &number) == kSuccess) card.clockMhz = number;
        if (f.clock && f.clock(device, kClockOfMemory, &number) == kSuccess) card.memoryClockMhz = number;
        if (f.clockLimit && f.clockLimit(device, kClockOfMultiprocessors, &number) == kSuccess)
            card.clockLimitMhz = number;
        unsigned long long reasons = 0;
        if (f.throttle && f.throttle(device, &reasons) == kSuccess)
            for (const Reason& reason : kReasons)
                if (reasons & reason.bit)
                    card.throttle += (card.throttle.empty() ? "" : ", ") + std::string(reason.text);
        if (f.processes && pid > 0) {
            std::vector<ProcessInfo> processes(64);
            auto there = static_cast<unsigned int>(processes.size());
            int result = f.processes(device, &there, processes.data());
            if (result == kInsufficientSize && there <= 4096) {
                processes.resize(there + 16);
                there = static_cast<unsigned int>(processes.size());
                result = f.processes(device, &there, processes.data());
            }
            if (result == kSuccess)
                for (unsigned int p = 0; p < there; ++p)
                    if (processes[p].pid == static_cast<unsigned int>(pid) &&
                        processes[p].usedGpuMemory != kNotAvailable)
                        card.memoryOfProcess = static_cast<double>(processes[p].usedGpuMemory);
        }
        cards.push_back(std::move(card));
    }
    return cards;
}

double statedPeakOperations(const std::string& card) {
    // Data sheets: H100 and H200 SXM 989.4, H100 PCIe 756, A100 312, L40S 362, L4 121, T4 65 (float16), RTX 4090 165.2,
    // RTX 3090 71 (16-bit inputs, 32-bit sums), in 10^12. More special names come first.
    struct Peak {
        const char* name;
        double operations;
    };
    static constexpr Peak peaks[] = {{"h100 pcie", 756e12}, {"h200", 989.4e12},     {"h100", 989.4e12},
                                     {"a100", 312e12},      {"l40s", 362e12},       {"nvidia l4", 121e12},
                                     {"tesla t4", 65e12},   {"rtx 4090", 165.2e12}, {"rtx 3090", 71e12}};
    std::string lower = card;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
    for (const Peak& peak : peaks) {
        const auto at = lower.find(peak.name);
        if (at == std::string::npos) continue;
        // "RTX 3090 Ti" and "RTX 4090 D", "… Laptop GPU" are other cards.
        const std::string behind = lower.substr(at + std::string_view(peak.name).size());
        if (std::string_view(peak.name).starts_with("rtx") && !behind.empty() &&
            behind.find_first_not_of(' ') != std::string::npos)
            continue;
        if (std::string_view(peak.name) == "nvidia l4" && !behind.empty() && behind[0] != ' ') continue;
        return peak.operations;
    }
    return 0;
}

}  // namespace distillix
