// SPDX-License-Identifier: Apache-2.0
// Products with quantized tables (core/quant/weight_format.h): the head of a packed model.
#pragma once

#include "core/backend/cpu/context.h"

namespace distillix::cpu {

struct TableProductArgs {
    int rows;
    const LinearWeight& weight;
    const float* x;  ///< [rows, in]
    float softCap;   ///< 0: none
    float* out;      ///< [rows, out]
};

Result<void> prepareTable(CpuContext& context, const LinearWeight& weight);
Result<void> tableProduct(CpuContext& context, Scratch& scratch, const char* operation, const TableProductArgs& args);
/// Bytes that tableProduct takes of the workspace.
std::size_t tableScratch(std::int64_t rows, std::int64_t in);
std::size_t tableWorkspaceBytes(const CpuContext& context, const Workload& workload, Precision precision);

}  // namespace distillix::cpu
