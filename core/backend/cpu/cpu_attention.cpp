// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/cpu_attention.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/backend/arguments.h"
#include "core/backend/cpu/attention_kernels.h"
#include "core/backend/cpu/norms_kernels.h"
#include "core/backend/cpu/row_chunks.h"

namespace distillix::cpu {

extern const AttentionKernels kAttentionKernelsScalar, kAttentionKernelsAvx2, kAttentionKernelsAvx512;

const AttentionKernels& attentionKernels(CpuLevel level) {
#if defined(__x86_64__)
    if (level >= CpuLevel::Avx512) return kAttentionKernelsAvx512;
    if (level == CpuLevel::Avx2) return kAttentionKernelsAvx2;
#endif
    static_cast<void>(level);
    return kAttentionKernelsScalar;
}

namespace {

/// Rows (tokens times heads of a group) of a block: enough that each key and value read is used often, few enough that
/// queries, sums and scores of a block stay in the second-level cache.
constexpr std::size_t kBlockRows = 64;
/// Keys whose gradients one call of the backward kernel gathers. Sequences up to this length need no partial dQ.
constexpr std::size_t kBackwardKeys = 512;

std::size_t size(int n) {
    return static_cast<std::size_t>(n);
}

std::size_t padded(std::size_t n) {
    return (n + kAttentionPad - 1) / kAttentionPad * kAttentionPad;
}

/// How tokens are cut into blocks of rows.
struct Blocks {
    Blocks(int heads, int kvHeads)
        : group(size(heads / kvHeads)), tokens(std::max<std::size_t>(1, kBlockRows / group)) {}
    std::size_t group, tokens;
    std::size_t rows(std::size_t sequence) const { return padded(std::min(tokens, sequence) * group); }
};

AttentionShape shapeOf(const Blocks& blocks, std::size_t sequence, int headDim, float softCap) {
    return {blocks.group, size(headDim), blocks.rows(sequence), 1.0f / std::sqrt(static_cast<float>(headDim)), softCap};
}

/// Floats of AttentionForwardBlock::scratch, as attentionForward() lays them out, in whole cache lines.
std::size_t forwardScratch(std::size_t rows, std::size_t headDim) {
    const std::size_t wide = padded(headDim);
    return padded(headDim * rows + kAttentionKeys * rows + 2 * kAttentionKeys * wide + rows * wide + 5 * rows);
}

/// The same for the kernel that decodes.
std::size_t decodeScratch(std::size_t group, std::size_t headDim) {
    const std::size_t wide = padded(headDim);
    return padded(group * (2 * wide + kAttentionKeys + 2) + kAttentionKeys * wide);
}

/// The same for the backward kernel over `keys` keys.
std::size_t backwardScratch(std::size_t rows, std::size_t headDim, std::size_t keys) {
    const std::size_t wide = padded(headDim);
    return padded(3 * rows * wide + 2 * headDim * rows + 2 * kAttentionKeys * rows + 3 * keys * wide + 4 * rows);
}

}  // namespace

Result<void> attention(CpuContext& context, const Exec& exec, const AttentionArgs& args) {
    TRY_VOID(checkArguments(args));
    const Blocks blocks(args.heads, args.kvHeads);
    const std::size_t tokens = size(args.tokens), kvHeads = size(args.kvHeads), h = size(args.headDim),
                      group = blocks.group;
    const std::size_t outWidth = size(args.heads) * h;
    const AttentionShape shape = shapeOf(blocks, tokens, args.headDim, args.softCap);
    const std::size_t scratchFloats = forwardScratch(shape.rows, h);
    Scratch scratch(exec);
    float* work = scratch.take<float>(scratchFloats * size(context.pool.threads()));
    if (!work) return scratch.tooSmall("attention");
    const AttentionKernels& kernels = attentionKernels(context.level);
    const std::size_t perSequence = chunkCount(tokens, blocks.tokens), pairs = size(args.batch) * kvHeads;
    context.pool.parallelFor(perSequence * pairs, [&](std::size_t index, int worker) {
        // The last blocks see the most keys: they go first, so that no thread is left alone with one at the end.
        const std::size_t at = perSequence - 1 - index / pairs, b = index % pairs / kvHeads, kvHead = index % kvHeads;
        AttentionForwardBlock block{};
        block.shape = shape;
        block.qStride = size(args.qStride);
        block.kStride = size(args.kStride);
        block.vStride = size(args.vStride);
        block.q = floats(args.q) + b * tokens * block.qStride + kvHead * group * h;
        block.k = floats(args.k) + b * tokens * block.kStride + kvHead * h;
        block.v = floats(args.v) + b * tokens * block.vStride + kvHead * h;
        block.first = at * blocks.tokens;
        block.last = std::min(tokens, block.first + blocks.tokens);
        block.past = 0;
        block.firstKey = args.documentStart ? args.documentStart.backendAddress() + b * tokens : nullptr;
        block.out = floats(args.out) + b * tokens * outWidth + kvHead * group * h;
        block.outStride = outWidth;
        block.lse = args.lse.backendAddress() + (b * size(args.heads) + kvHead * group) * tokens;
        block.lseStride = tokens;
        block.scratch = work + static_cast<std::size_t>(worker) * scratchFloats;
        kernels.forward(block);
    });
    return {};
}

Result<void> attentionBackward(CpuContext& context, const Exec& exec, const AttentionBackwardArgs& args) {
    TRY_VOID(checkArguments(args));
    const AttentionArgs& forward = args.forward;
    const Blocks blocks(forward.heads, forward.kvHeads);
    const std::size_t batch = size(forward.batch), tokens = size(forward.tokens), kvHeads = size(forward.kvHeads),
                      h = size(forward.headDim);
    const std::size_t group = blocks.group, outWidth = size(forward.heads) * h;
    const AttentionShape shape = shapeOf(blocks, tokens, forward.headDim, forward.softCap);
    const std::size_t parts = chunkCount(tokens, kBackwardKeys);
    const std::size_t scratchFloats = backwardScratch(shape.rows, h, std::min(tokens, kBackwardKeys));
    Scratch scratch(exec);
    float* work = scratch.take<float>(scratchFloats * size(context.pool.threads()));
    // dQ of each part of the keys but the first, [parts - 1, M, H·h]: added up in order afterwards.
    float* partials = scratch.take<float>(parts > 1 ? (parts - 1) * batch * tokens * outWidth : 0);
    if (!work || !partials) return scratch.tooSmall("attentionBackward");
    const AttentionKernels& kernels = attentionKernels(context.level);
    const std::size_t pairs = batch * kvHeads;
    context.pool.parallelFor(parts * pairs, [&](std::size_t index, int worker) {
        const std::size_t part = index / pairs, b = index % pairs / kvHeads, kvHead = index % kvHeads;
        AttentionBackwardBlock block;
        block.shape = shape;
        block.qStride = size(forward.qStride);
        block.kStride = size(forward.kStride);
        block.vStride = size(forward.vStride);
        block.outStride = outWidth;
        block.lseStride = tokens;
        block.dKStride = size(args.dKStride);
        block.dVStride = size(args.dVStride);
        block.q = floats(forward.q) + b * tokens * block.qStride + kvHead * group * h;
        block.k = floats(forward.k) + b * tokens * block.kStride + kvHead * h;
        block.v = floats(forward.v) + b * tokens * block.vStride + kvHead * h;
        block.out = floats(forward.out) + b * tokens * outWidth + kvHead * group * h;
        block.dOut = floats(args.dOut) + b * tokens * outWidth + kvHead * group * h;
        block.lse = forward.lse.backendAddress() + (b * size(forward.heads) + kvHead * group) * tokens;
        block.dK = floats(args.dK) + b * tokens * block.dKStride + kvHead * h;
        block.dV = floats(args.dV) + b * tokens * block.dVStride + kvHead * h;
        if (part == 0) {
            block.dQStride = size(args.dQStride);
            block.dQ = floats(args.dQ) + b * tokens * block.dQStride + kvHead * group * h;
        } else {
            block.dQStride = outWidth;
            block.dQ = partials + ((part - 1) * batch + b) * tokens * outWidth + kvHead * group * h;
        }
        block.first = part * kBackwardKeys;
        block.last = std::min(tokens, block.first + kBackwardKeys);
        block.tokens = tokens;
        block.blockTokens = blocks.tokens;
        block.firstKey = forward.documentStart ? forward.documentStart.backendAddress() + b * tokens : nullptr;
        block.scratch = work + static_cast<std::size_t>(worker) * scratchFloats;
        kernels.backward(block);
    });
    if (parts == 1) return {};
    const NormKernels& norms = normKernels(context.level);
    const RowChunks chunks(forward.batch * forward.tokens);
    context.pool.parallelFor(chunks.count(), [&](std::size_t chunk, int) {
        for (std::size_t m = chunks.first(chunk); m < chunks.last(chunk); ++m) {
            // Keys of a part are seen from its first token on.
            for (std::size_t part = 1; part <= m % tokens / kBackwardKeys; ++part) {
                norms.addInto(floats(args.dQ) + m * size(args.dQStride),
                              partials + ((part - 1) * batch * tokens + m) * outWidth, outWidth);
            }
        }
    });
    return {};
}

namespace {

Result<void> checkPast(const char* operation, const std::int32_t* past, int batch, int tokens, const KvCache& cache) {
    for (int b = 0; b < batch; ++b) {
        if (past[b] < 0 || past[b] > cache.capacity - tokens) {
            return badArgument(operation, "sequence " + std::to_string(b) + " has " + std::to_string(past[b]) +
                                              " tokens; " + std::to_string(tokens) + " more do not fit a cache of " +
                                              std::to_string(cache.capacity));
        }
    }
    return {};
}

CacheType cacheType(const KvCache& cache) {
    return cache.keys.type == DType::F16  ? CacheType::F16
           : cache.keys.type == DType::I8 ? CacheType::I8
                                          : CacheType::F32;
}

}  // namespace

Result<void> kvAppend(CpuContext& context, const Exec&, const KvAppendArgs& args) {
    TRY_VOID(checkArguments(args));
    const std::int32_t* past = args.past.backendAddress();
    TRY_VOID(checkPast("kvAppend", past, args.batch, args.tokens, args.cache));
    const std::size_t heads = size(args.kvHeads), h = size(args.headDim), tokens = size(args.tokens),
                      capacity = size(args.cache.capacity);
    const RowChunks chunks(args.batch * args.tokens);
    const AttentionKernels& kernels = attentionKernels(context.level);
    const CacheType type = cacheType(args.cache);
    context.pool.parallelFor(chunks.count(), [&](std::size_t chunk, int) {
        for (std::size_t m = chunks.first(chunk); m < chunks.last(chunk); ++m) {
            const std::size_t b = m / tokens, slot = b * capacity + size(past[b]) + m % tokens;
            for (std::size_t head = 0; head < heads; ++head) {
                const std::size_t row = slot * heads + head;
                const auto put = [&](const TypedPtr& cache, DevicePtr<float> scales, const float* x) {
                    kernels.storeRow(type, x, h, (cache + static_cast<std::ptrdiff_t>(row * h)).data.backendAddress(),
                                     scales ? scales.backendAddress() + row : nullptr);
                };
                put(args.cache.keys, args.cache.keyScales, floats(args.k) + m * size(args.kStride) + head * h);
                put(args.cache.values, args.cache.valueScales, floats(args.v) + m * size(args.vStride) + head * h);
            }
        }
    });
    return {};
}

// The forward kernel over the cache, or for one token that which decodes.
Result<void> cachedAttention(CpuContext& context, const Exec& exec, const CachedAttentionArgs& args) {
    TRY_VOID(checkArguments(args));
    const std::int32_t* past = args.past.backendAddress();
    TRY_VOID(checkPast("cachedAttention", past, args.batch, args.tokens, args.cache));
    const Blocks blocks(args.heads, args.kvHeads);
    const std::size_t tokens = size(args.tokens), kvHeads = size(args.kvHeads), h = size(args.headDim),
                      group = blocks.group;
    const std::size_t outWidth = size(args.heads) * h, cacheWidth = kvHeads * h, capacity = size(args.cache.capacity);
    const AttentionShape shape = shapeOf(blocks, tokens, args.headDim, args.softCap);
    const bool decode = args.tokens == 1;
    const CacheType type = cacheType(args.cache);
    const std::size_t scratchFloats = decode ? decodeScratch(group, h) : forwardScratch(shape.rows, h);
    Scratch scratch(exec);
    float* work = scratch.take<float>(scratchFloats * size(context.pool.threads()));
    if (!work) return scratch.tooSmall("cachedAttention");
    const AttentionKernels& kernels = attentionKernels(context.level);
    const std::size_t perSequence = chunkCount(tokens, blocks.tokens), pairs = size(args.batch) * kvHeads;
    context.pool.parallelFor(perSequence * pairs, [&](std::size_t index, int worker) {
        const std::size_t at = perSequence - 1 - index / pairs, b = index % pairs / kvHeads, kvHead = index % kvHeads;
        AttentionForwardBlock block{};
        block.shape = shape;
        block.qStride = size(args.qStride);
        block.kStride = block.vStride = cacheWidth;
        block.q = floats(args.q) + b * tokens * block.qStride + kvHead * group * h;
        const std::ptrdiff_t offset = static_cast<std::ptrdiff_t>(b * capacity * cacheWidth + kvHead * h);
        block.type = type;
        if (type == CacheType::F32) {
            block.k = floats(args.cache.keys) + offset;
            block.v = floats(args.cache.values) + offset;
        } else {
            const auto rows = [&](const TypedPtr& cache, DevicePtr<float> scales) {
                return CacheRows{(cache + offset).data.backendAddress(),
                                 scales ? scales.backendAddress() + b * capacity * kvHeads + kvHead : nullptr,
                                 cacheWidth, kvHeads};
            };
            block.keys = rows(args.cache.keys, args.cache.keyScales);
            block.values = rows(args.cache.values, args.cache.valueScales);
        }
        block.first = at * blocks.tokens;
        block.last = std::min(tokens, block.first + blocks.tokens);
        block.past = size(past[b]);
        block.firstKey = nullptr;
        block.out = floats(args.out) + b * tokens * outWidth + kvHead * group * h;
        block.outStride = outWidth;
        block.lse = nullptr;
        block.lseStride = 0;
        block.scratch = work + static_cast<std::size_t>(worker) * scratchFloats;
        decode ? kernels.decode(block) : kernels.forward(block);
    });
    return {};
}

std::size_t attentionWorkspaceBytes(const CpuContext& context, const Workload& workload, Precision) {
    if (workload.heads <= 0 || workload.kvHeads <= 0) return 0;
    const Blocks blocks(workload.heads, workload.kvHeads);
    const std::size_t h = size(workload.headDim), threads = size(context.pool.threads());
    const std::size_t sequence = size(workload.sequence > 0 ? workload.sequence : workload.rows);
    const std::size_t rows = blocks.rows(size(workload.rows));
    const std::size_t forward =
        Scratch::bytes<float>(std::max(forwardScratch(rows, h), decodeScratch(blocks.group, h)) * threads);
    if (!workload.training) return Scratch::kSkew + forward;
    const std::size_t parts = chunkCount(sequence, kBackwardKeys);
    const std::size_t backward =
        Scratch::bytes<float>(backwardScratch(rows, h, std::min(sequence, kBackwardKeys)) * threads) +
        Scratch::bytes<float>(parts > 1 ? (parts - 1) * size(workload.rows) * size(workload.heads) * h : 0);
    return Scratch::kSkew + std::max(forward, backward);
}

}  // namespace distillix::cpu
