// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include "core/backend/cuda/cuda_backend.h"
#include "core/backend/cuda/kernels/attention.h"

namespace distillix::cuda {

namespace {

/// What the kernels ask beyond checkArguments(): heads that fit, and one type for all activations.
Result<void> checkKernelsTake(const char* operation, int headDim, std::initializer_list<TypedPtr> activations) {
    if (headDim > kMaxHeadDim) {
        return makeError(ErrorCode::Unsupported,
                         "heads of " + std::to_string(headDim) + " elements are wider than the " +
                             std::to_string(kMaxHeadDim) + " that a card's kernels take: use --device cpu",
                         operation);
    }
    for (const TypedPtr& p : activations) {
        if (p.type == activations.begin()->type) continue;
        return makeError(ErrorCode::InvalidArgument,
                         "activations of " + std::string(dtypeName(activations.begin()->type)) + " and of " +
                             std::string(dtypeName(p.type)) + " are mixed",
                         operation);
    }
    return {};
}

/// Blocks that decoding aims at: as many as the card holds.
int decodeBlocks(const CudaContext& context) {
    return kDecodeBlocks * std::max(1, context.properties.multiprocessors);
}

AttentionForward forwardOf(const CudaContext& context, const AttentionArgs& args) {
    AttentionForward forward;
    forward.type = args.q.type;
    forward.q = address(args.q.data);
    forward.k = address(args.k.data);
    forward.v = address(args.v.data);
    forward.out = address(args.out.data);
    forward.lse = address(args.lse);
    forward.documentStart = address(args.documentStart);
    forward.batch = args.batch;
    forward.tokens = args.tokens;
    forward.heads = args.heads;
    forward.kvHeads = args.kvHeads;
    forward.headDim = args.headDim;
    forward.qStride = args.qStride;
    forward.kStride = args.kStride;
    forward.vStride = args.vStride;
    forward.softCap = args.softCap;
    forward.multiprocessors = context.properties.multiprocessors;
    forward.asyncCopies = context.hasAsyncCopies();
    return forward;
}

/// Rows of h elements behind an address: all start at multiples of 16 bytes (of 8 for I8), in chunks of 8 elements.
bool chunked(const TypedPtr& rows, int headDim) {
    const std::size_t chunk = std::min<std::size_t>(16, 8 * dtypeBytes(rows.type));
    return headDim % 8 == 0 && reinterpret_cast<std::uintptr_t>(address(rows.data)) % chunk == 0;
}

CacheView viewOf(const CachedAttentionArgs& args) {
    CacheView cache;
    cache.keys = address(args.cache.keys.data);
    cache.values = address(args.cache.values.data);
    cache.keyScales = address(args.cache.keyScales);
    cache.valueScales = address(args.cache.valueScales);
    cache.past = address(args.past);
    cache.capacity = args.cache.capacity;
    cache.type = args.cache.keys.type;
    cache.aligned = chunked(args.cache.keys, args.headDim) && chunked(args.cache.values, args.headDim);
    return cache;
}

/// A chunk of new tokens over the cache.
AttentionForward prefillOf(const CudaContext& context, const CachedAttentionArgs& args) {
    AttentionArgs rows;  // keys and values come from the cache
    rows.batch = args.batch;
    rows.tokens = args.tokens;
    rows.heads = args.heads;
    rows.kvHeads = args.kvHeads;
    rows.headDim = args.headDim;
    rows.q = args.q;
    rows.qStride = args.qStride;
    rows.softCap = args.softCap;
    rows.out = args.out;
    AttentionForward forward = forwardOf(context, rows);
    forward.cache = viewOf(args);
    return forward;
}

Result<AttentionDecode> decodeOf(const CudaContext& context, const Exec& exec, const CachedAttentionArgs& args) {
    AttentionDecode decode;
    decode.type = args.q.type;
    decode.q = address(args.q.data);
    decode.out = address(args.out.data);
    decode.batch = args.batch;
    decode.tokens = args.tokens;
    decode.heads = args.heads;
    decode.kvHeads = args.kvHeads;
    decode.headDim = args.headDim;
    decode.qStride = args.qStride;
    decode.softCap = args.softCap;
    decode.cache = viewOf(args);
    const int rows = args.batch * args.tokens;
    decode.splits = decodeSplits(rows, decodeUnits(args.heads, args.kvHeads), args.cache.capacity,
                                 decodeLanes(args.headDim), decodeBlocks(context));
    Scratch scratch(exec);
    if (decode.splits > 1) {
        decode.partial = scratch.take<float>(decodeWorkspaceFloats(rows, args.heads, decode.splits, args.headDim));
        if (!decode.partial) return scratch.tooSmall("cachedAttention");
    }
    return decode;
}

/// Whether the three are a step of decoding: one new token a sequence, each reading what the one before writes.
bool decodeTakes(const QkNormRopeArgs& rope, const KvAppendArgs& append, const CachedAttentionArgs& attention) {
    const auto same = [](const TypedPtr& a, const TypedPtr& b) {
        return address(a.data) == address(b.data) && a.type == b.type;
    };
    const int query = rope.heads * rope.headDim, key = rope.kvHeads * rope.headDim;
    return append.tokens == 1 && attention.tokens == 1 && rope.rows == attention.batch &&
           append.batch == attention.batch && rope.headDim <= kMaxHeadDim && attention.heads == rope.heads &&
           attention.kvHeads == rope.kvHeads && append.kvHeads == rope.kvHeads && attention.headDim == rope.headDim &&
           append.headDim == rope.headDim && same(attention.q, rope.qk) && attention.qStride == query + key &&
           same(append.k, rope.qk + query) && append.kStride == query + key &&
           same(append.v, rope.qkv + (query + key)) && append.vStride == query + 2 * key &&
           rope.qkv.type == rope.qk.type && address(append.past) == address(attention.past) &&
           same(append.cache.keys, attention.cache.keys) && same(append.cache.values, attention.cache.values) &&
           append.cache.capacity == attention.cache.capacity;
}

}  // namespace

std::size_t attentionWorkspaceBytes(const CudaContext& context, const Workload& workload, Precision) {
    if (workload.heads <= 0 || workload.kvHeads <= 0 || workload.headDim <= 0) return 0;
    // The cache's capacity is not part of a workload: the most splits that any has.
    const std::size_t decode = Scratch::bytes<float>(
        decodeWorkspaceBound(workload.rows, workload.heads, workload.kvHeads, std::numeric_limits<int>::max() / 2,
                             workload.headDim, decodeBlocks(context)));
    const std::size_t backward =
        Scratch::bytes<float>(static_cast<std::size_t>(workload.rows) * static_cast<std::size_t>(workload.heads));
    return workload.training ? std::max(decode, backward) : decode;
}

Result<void> CudaBackend::attention(const Exec& exec, const AttentionArgs& args) {
    TRY_VOID(enter());
    TRY_VOID(checkArguments(args, m_context.types()));
    TRY_VOID(checkKernelsTake("attention", args.headDim, {args.q, args.k, args.v, args.out}));
    return named("attention", startAttention(exec.stream.handle, forwardOf(m_context, args)));
}

Result<void> CudaBackend::attentionBackward(const Exec& exec, const AttentionBackwardArgs& args) {
    TRY_VOID(enter());
    TRY_VOID(checkArguments(args, m_context.types()));
    const AttentionArgs& forward = args.forward;
    TRY_VOID(checkKernelsTake("attentionBackward", forward.headDim,
                              {forward.q, forward.k, forward.v, forward.out, args.dOut, args.dQ, args.dK, args.dV}));
    Scratch scratch(exec);
    AttentionBackward backward;
    backward.forward = forwardOf(m_context, forward);
    backward.dOut = address(args.dOut.data);
    backward.dQ = address(args.dQ.data);
    backward.dK = address(args.dK.data);
    backward.dV = address(args.dV.data);
    backward.dQStride = args.dQStride;
    backward.dKStride = args.dKStride;
    backward.dVStride = args.dVStride;
    backward.delta =
        scratch.take<float>(static_cast<std::size_t>(forward.batch) * static_cast<std::size_t>(forward.tokens) *
                            static_cast<std::size_t>(forward.heads));
    if (!backward.delta) return scratch.tooSmall("attentionBackward");
    return named("attentionBackward", startAttentionBackward(exec.stream.handle, backward));
}

Result<void> CudaBackend::cachedAttention(const Exec& exec, const CachedAttentionArgs& args) {
    TRY_VOID(enter());
    TRY_VOID(checkArguments(args, m_context.types()));
    TRY_VOID(checkKernelsTake("cachedAttention", args.headDim, {args.q, args.out}));
    if (args.tokens > kMaxDecodeTokens) {
        return named("cachedAttention", startAttention(exec.stream.handle, prefillOf(m_context, args)));
    }
    const AttentionDecode decode = TRY(decodeOf(m_context, exec, args));
    return named("cachedAttention", startDecode(exec.stream.handle, decode));
}

Result<void> CudaBackend::extendAttention(const Exec& exec, const QkNormRopeArgs& rope, const KvAppendArgs& append,
                                          const CachedAttentionArgs& args) {
    if (!decodeTakes(rope, append, args)) return Backend::extendAttention(exec, rope, append, args);
    TRY_VOID(enter());
    TRY_VOID(checkArguments(rope, m_context.types()));
    TRY_VOID(checkArguments(append, m_context.types()));
    TRY_VOID(checkArguments(args, m_context.types()));
    TRY_VOID(checkKernelsTake("extendAttention", args.headDim, {rope.qkv, args.q, args.out}));
    AttentionDecode decode = TRY(decodeOf(m_context, exec, args));
    decode.fresh.qkv = address(rope.qkv.data);
    decode.fresh.qNorm = address(rope.qNorm);
    decode.fresh.kNorm = address(rope.kNorm);
    decode.fresh.eps = rope.normEps;
    decode.fresh.positions = address(rope.positions);
    decode.fresh.ropeTable = address(rope.ropeTable);
    return named("extendAttention", startDecode(exec.stream.handle, decode));
}

}  // namespace distillix::cuda
