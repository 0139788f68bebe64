// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/dispatch.h"

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
    }
    return "scalar";
}

CpuLevel bestCpuLevel() {
#if defined(__x86_64__)
    // These ask the operating system (xgetbv) too, not the processor alone.
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vnni");
    if (avx512) return CpuLevel::Avx512;
    if (avx2) return CpuLevel::Avx2;
#endif
    return CpuLevel::Scalar;
}

Result<CpuLevel> chooseCpuLevel(const char* wish) {
    const CpuLevel best = bestCpuLevel();
    const std::string_view name = wish ? wish : "";
    if (name.empty()) return best;
    for (const CpuLevel level : {CpuLevel::Scalar, CpuLevel::Avx2, CpuLevel::Avx512}) {
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
                     "'" + std::string(name) + "' is no level of the CPU backend; it takes scalar, avx2 or avx512",
                     kCpuLevelVariable);
}

}  // namespace distillix::cpu
