// SPDX-License-Identifier: Apache-2.0
// Which instructions the CPU backend's kernels use. Chosen once, when a backend is opened; each topic (linear, norms,
// …) has a table of function pointers per level, `xKernels(level)`, whose functions live in x_kernels_scalar.cpp,
// x_kernels_avx2.cpp and x_kernels_avx512.cpp. The latter two are compiled for their level alone: they hold intrinsics
// and functions of internal linkage only, for a shared inline function (std:: templates too) compiled for AVX-512 could
// win at link time and run on a machine that has none.
#pragma once

#include "core/base/result.h"

namespace distillix::cpu {

enum class CpuLevel {
    Scalar,  ///< plain C++ for the baseline of the architecture
    Avx2,    ///< AVX2, FMA, F16C
    Avx512,  ///< AVX-512 F, BW, VL, DQ and VNNI; with bf16 products where there is AVX512-BF16
    Amx,     ///< the same with AMX's tiles of int8 and bf16 in the products; elsewhere as Avx512
};

/// "scalar", "avx2", "avx512", "amx".
const char* cpuLevelName(CpuLevel level);

/// The highest level that this processor and its operating system offer.
CpuLevel bestCpuLevel();

/// The level to use: the best there is, or the one named by `wish` (null or empty: no wish). Unsupported for a level
/// that this processor lacks, InvalidArgument for a name that is none.
Result<CpuLevel> chooseCpuLevel(const char* wish);

/// The environment variable whose value is the wish of openBackend("cpu").
inline constexpr const char* kCpuLevelVariable = "DISTILLIX_CPU";

}  // namespace distillix::cpu
