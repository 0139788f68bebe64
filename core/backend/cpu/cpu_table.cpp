// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/cpu_table.h"

#include <algorithm>
#include <cmath>

#include "core/backend/cpu/head_kernels.h"
#include "core/backend/cpu/row_chunks.h"
#include "core/backend/cpu/table_kernels.h"

namespace distillix::cpu {

namespace {

const TableKernels& tableKernels(CpuLevel level) {
#if defined(__x86_64__)
    if (level >= CpuLevel::Avx512) return kTableKernelsAvx512;
    if (level == CpuLevel::Avx2) return kTableKernelsAvx2;
#endif
    static_cast<void>(level);
    return kTableKernelsScalar;
}

/// Rows of a chunk: some 48 KB of an int8 table of width 768, so that a batch of tokens meets them in the cache.
constexpr std::int64_t kRows = 64;

std::int64_t columnsOf(std::int64_t in) {
    return (in + 31) / 32 * 32;
}
std::size_t sizeOf(std::int64_t n) {
    return static_cast<std::size_t>(n);
}

/// The largest code: the sums of a row of int8 weights stay within 32 bits.
int largestCode(WeightFormat format, std::int64_t columns) {
    if (format != WeightFormat::I8) return 32767;
    return static_cast<int>(std::min<std::int64_t>(32767, ((std::int64_t{1} << 31) - 1) / (127 * columns)));
}

}  // namespace

std::size_t tableScratch(std::int64_t rows, std::int64_t in) {
    const std::size_t all = sizeOf(rows * columnsOf(in));
    return Scratch::bytes<std::int16_t>(all) + Scratch::bytes<float>(all) + Scratch::bytes<TableInput>(sizeOf(rows));
}

std::size_t tableWorkspaceBytes(const CpuContext&, const Workload& workload, Precision) {
    return Scratch::kSkew + tableScratch(workload.rows, workload.hidden);
}

Result<void> prepareTable(CpuContext& context, const LinearWeight& weight) {
    if (!weight.prepared) return badArgument("prepareWeights", "weight.prepared is missing");
    const WeightTable table(weight.shape.format, weight.shape.in, weight.shape.out, weight.prepared.backendAddress());
    const float* latent = weight.latent.backendAddress();
    context.pool.parallelFor(chunkCount(sizeOf(table.out), sizeOf(kRows)), [&](std::size_t chunk, int) {
        const std::int64_t first = static_cast<std::int64_t>(chunk) * kRows;
        for (std::int64_t r = first; r < std::min<std::int64_t>(table.out, first + kRows); ++r)
            table.quantize(r, latent + r * table.in);
    });
    return {};
}

Result<void> tableProduct(CpuContext& context, Scratch& scratch, const char* operation, const TableProductArgs& args) {
    const WeightTable table(args.weight.shape.format, args.weight.shape.in, args.weight.shape.out,
                            args.weight.prepared.backendAddress());
    const std::int64_t columns = table.columns, rows = args.rows;
    std::int16_t* codes = scratch.take<std::int16_t>(sizeOf(rows * columns));
    float* values = scratch.take<float>(sizeOf(rows * columns));
    TableInput* inputs = scratch.take<TableInput>(sizeOf(rows));
    if (!codes || !values || !inputs) return scratch.tooSmall(operation);
    const int most = largestCode(table.format, columns);
    context.pool.parallelFor(chunkCount(sizeOf(rows), 16), [&](std::size_t chunk, int) {
        for (std::int64_t m = static_cast<std::int64_t>(chunk) * 16;
             m < std::min<std::int64_t>(rows, static_cast<std::int64_t>(chunk) * 16 + 16); ++m) {
            const float* x = args.x + m * table.in;
            float* v = values + m * columns;
            std::int16_t* q = codes + m * columns;
            float largest = 0;
            for (int i = 0; i < table.in; ++i) largest = std::max(largest, std::fabs(x[i]));
            const float inverse = largest > 0 ? static_cast<float>(most) / largest : 0.0f;
            for (std::int64_t i = 0; i < columns; ++i) {
                v[i] = i < table.in ? x[i] : 0.0f;
                // The float that is rounded lies within `most`, up to a rounding that the clamp takes back.
                const float scaled = std::clamp(v[i] * inverse, -static_cast<float>(most), static_cast<float>(most));
                q[i] = static_cast<std::int16_t>(static_cast<int>(scaled + (scaled < 0 ? -0.5f : 0.5f)));
            }
            inputs[m] = {q, v, largest / static_cast<float>(most)};
        }
    });
    const TableKernels& kernels = tableKernels(context.level);
    const HeadKernels& head = headKernels(context.level);
    context.pool.parallelFor(chunkCount(sizeOf(table.out), sizeOf(kRows)), [&](std::size_t chunk, int) {
        const std::int64_t first = static_cast<std::int64_t>(chunk) * kRows,
                           last = std::min<std::int64_t>(table.out, first + kRows);
        for (std::int64_t m = 0; m < rows; ++m) {
            float* out = args.out + m * table.out;
            switch (table.format) {
                case WeightFormat::F16:
                    kernels.f16(reinterpret_cast<const std::uint16_t*>(table.rows), columns, first, last, inputs[m],
                                out);
                    break;
                case WeightFormat::I6:
                    kernels.i6(reinterpret_cast<const std::uint8_t*>(table.rows), columns, first, last, inputs[m], out);
                    break;
                case WeightFormat::I4:
                    kernels.i4(reinterpret_cast<const std::uint8_t*>(table.rows), columns, first, last, inputs[m], out);
                    break;
                case WeightFormat::I8:
                case WeightFormat::Latent:  // refused by checkArguments
                    kernels.i8(reinterpret_cast<const std::int8_t*>(table.rows), table.scales, columns, first, last,
                               inputs[m], out);
                    break;
            }
            if (args.softCap > 0) head.cap(out + first, sizeOf(last - first), args.softCap);
        }
    });
    return {};
}

}  // namespace distillix::cpu
