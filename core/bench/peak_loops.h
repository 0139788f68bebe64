// SPDX-License-Identifier: Apache-2.0
// The loops of peaks.cpp, one file an instruction set. No other header may be included here: these files are compiled
// for processors that the rest is not.
#pragma once

namespace distillix::peaks {

/// Runs `rounds` rounds of independent instructions on registers and returns the operations done. `sink` receives
/// something of the result, so that nothing is optimised away.
using Loop = double (*)(long rounds, float* sink);

double fmaAvx2(long rounds, float* sink);
double int8Avx2(long rounds, float* sink);
double fixedAvx2(long rounds, float* sink);
double fmaAvx512(long rounds, float* sink);
double int8Avx512(long rounds, float* sink);
double bf16Avx512(long rounds, float* sink);
double int8Amx(long rounds, float* sink);
double bf16Amx(long rounds, float* sink);

}  // namespace distillix::peaks
