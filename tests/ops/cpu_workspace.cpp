// SPDX-License-Identifier: Apache-2.0
// Workspaces are sized for the most rows that will come, and must then do for fewer.
#include <gtest/gtest.h>

#include "core/backend/cpu/cpu_attention.h"
#include "core/backend/cpu/cpu_elementwise.h"
#include "core/backend/cpu/cpu_head.h"
#include "core/backend/cpu/cpu_linear.h"
#include "core/backend/cpu/cpu_norms.h"
#include "core/backend/cpu/cpu_optimizer.h"
#include "core/backend/cpu/cpu_sample.h"
#include "core/backend/cpu/row_chunks.h"

namespace distillix::cpu {
namespace {

TEST(CpuWorkspace, NeverShrinksWithMoreRows) {
    CpuContext context(2, CpuLevel::Scalar);
    Workload workload;
    workload.hidden = workload.mlp = 48;
    workload.heads = 4;
    workload.kvHeads = 2;
    workload.headDim = 12;
    workload.vocabulary = 100;
    workload.sequence = 600;
    workload.training = true;
    for (const auto bytes : {normsWorkspaceBytes, elementwiseWorkspaceBytes, attentionWorkspaceBytes,
                             linearWorkspaceBytes, headWorkspaceBytes, optimizerWorkspaceBytes, sampleWorkspaceBytes}) {
        std::size_t before = 0;
        for (workload.rows = 1; workload.rows < 3000; ++workload.rows) {
            const std::size_t now = bytes(context, workload, {});
            ASSERT_GE(now, before) << workload.rows << " rows";
            before = now;
        }
    }
    for (int rows = 1; rows < 3000; ++rows) {
        const RowChunks chunks(rows);
        ASSERT_LE(chunks.count(), RowChunks::most(rows));
        ASSERT_EQ(chunks.last(chunks.count() - 1), static_cast<std::size_t>(rows));
    }
}

}  // namespace
}  // namespace distillix::cpu
