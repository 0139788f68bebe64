// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/dispatch.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <string_view>

namespace distillix::cpu {

const char* cpuLevelName(CpuLevel level) {
    switch (level) {
        case CpuLevel::Scalar:
            return "scalar";
        case CpuLevel::Avx2:
            return "avx2";
        case CpuLevel::Avx512:
            return "avx512";
        case CpuLevel::Amx:
            return "amx";
    }
    return "scalar";
}

namespace {

#if defined(__x86_64__)
/// AMX for bf16 and int8, and the operating system's leave to use its registers (Linux gives it to the whole process).
/// GCC 12's __builtin_cpu_supports does not know AMX.
bool mayUseAmx() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
    constexpr unsigned kBf16 = 1u << 22, kTile = 1u << 24, kInt8 = 1u << 25;
    if ((d & (kBf16 | kTile | kInt8)) != (kBf16 | kTile | kInt8)) return false;
    constexpr long kRequestPermission = 0x1023, kTileData = 18;
    static const bool granted = syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
    return granted;
}
#endif

}  // namespace

CpuLevel bestCpuLevel() {
#if defined(__x86_64__)
    // These ask the operating system (xgetbv) too, not the processor alone.
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vnni");
    if (avx512 && __builtin_cpu_supports("avx512bf16") && mayUseAmx()) return CpuLevel::Amx;
    if (avx512) return CpuLevel::Avx512;
    if (avx2) return CpuLevel::Avx2;
#endif
    return CpuLevel::Scalar;
}

Result<CpuLevel> chooseCpuLevel(const char* wish) {
    const CpuLevel best = bestCpuLevel();
    const std::string_view name = wish ? wish : "";
    if (name.empty()) return best;
    for (const CpuLevel level : {CpuLevel::Scalar, CpuLevel::Avx2, CpuLevel::Avx512, CpuLevel::Amx}) {
        if (name != cpuLevelName(level)) continue;
        if (level > best) {
            return makeError(ErrorCode::Unsupported,
                             "This processor offers no " + std::string(name) + "; the best it has is " +
                                 cpuLevelName(best) + ". Unset the variable to use that.",
                             kCpuLevelVariable);
        }
        return level;
    }
    return makeError(ErrorCode::InvalidArgument,
                     "'" + std::string(name) + "' is no level of the CPU backend; it takes scalar, avx2, avx512 or amx",
                     kCpuLevelVariable);
}

}  // namespace distillix::cpu
