// SPDX-License-Identifier: Apache-2.0
// A stand-in for NVIDIA's libnvidia-ml.so.1, so that what reads it can be tested on machines without a card.
#include <cstring>

extern "C" {

struct Memory {
    unsigned long long total, free, used;
};
struct Utilization {
    unsigned int gpu, memory;
};
struct ProcessInfo {
    unsigned int pid;
    unsigned long long usedGpuMemory;
    unsigned int gpuInstanceId, computeInstanceId;
};

static char g_first, g_second;

int nvmlInit_v2() {
    return 0;
}
int nvmlShutdown() {
    return 0;
}
int nvmlDeviceGetCount_v2(unsigned int* count) {
    *count = 2;
    return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void** device) {
    *device = index == 0 ? &g_first : &g_second;
    return 0;
}
int nvmlDeviceGetName(void* device, char* name, unsigned int length) {
    std::strncpy(name, device == &g_first ? "NVIDIA Stand-in 1" : "NVIDIA Stand-in 2", length);
    return 0;
}
int nvmlDeviceGetMemoryInfo(void*, Memory* memory) {
    *memory = {8000000000ull, 5000000000ull, 3000000000ull};
    return 0;
}
int nvmlDeviceGetUtilizationRates(void* device, Utilization* utilization) {
    *utilization = {87, 40};
    return device == &g_first ? 0 : 3;  // not supported
}
int nvmlDeviceGetTemperature(void* device, unsigned int, unsigned int* celsius) {
    *celsius = 71;
    return device == &g_first ? 0 : 3;
}
int nvmlDeviceGetPowerUsage(void*, unsigned int* milliwatts) {
    *milliwatts = 215000;
    return 0;
}
int nvmlDeviceGetEnforcedPowerLimit(void*, unsigned int* milliwatts) {
    *milliwatts = 250000;
    return 0;
}
int nvmlDeviceGetComputeRunningProcesses_v3(void*, unsigned int* count, ProcessInfo* processes) {
    // More than are asked for at first: the caller has to come again with more room.
    if (*count < 70) {
        *count = 70;
        return 7;
    }
    for (unsigned int i = 0; i < 70; ++i) processes[i] = {i == 69 ? 4711u : i + 100, 2000000000ull, 0, 0};
    *count = 70;
    return 0;
}
int nvmlDeviceGetClockInfo(void* device, unsigned int type, unsigned int* megahertz) {
    *megahertz = type == 1 ? 1650 : 7750;  // the multiprocessors', the memory's
    return device == &g_first ? 0 : 3;
}
int nvmlDeviceGetMaxClockInfo(void* device, unsigned int, unsigned int* megahertz) {
    *megahertz = 1815;
    return device == &g_first ? 0 : 3;
}
int nvmlDeviceGetCurrentClocksThrottleReasons(void*, unsigned long long* reasons) {
    *reasons = 0x04 | 0x20 | 0x1;  // power cap, software thermal slowdown, idle
    return 0;
}
}
