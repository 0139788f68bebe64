// SPDX-License-Identifier: Apache-2.0
// Rows for attention, its backward, and the key/value cache.
#include <algorithm>

#include "tests/ops/op_table.h"

namespace distillix::optable {

namespace {

struct AttentionCase {
    std::string name;
    int batch, tokens, heads, kvHeads, headDim;
    float cap = 0;
    bool documents = false;
    double deviation = 1;  ///< of q and k
};

std::size_t size(int n) {
    return static_cast<std::size_t>(n);
}

Workload attentionWorkload(const AttentionCase& shape) {
    Workload workload;
    workload.rows = shape.batch * shape.tokens;
    workload.sequence = shape.tokens;
    workload.heads = shape.heads;
    workload.kvHeads = shape.kvHeads;
    workload.headDim = shape.headDim;
    workload.training = true;
    return workload;
}

/// The largest score that normal numbers give: six deviations, or the cap.
double largestScore(const AttentionCase& shape) {
    const double score = 6 * shape.deviation * shape.deviation;
    return shape.cap > 0 ? std::min<double>(shape.cap, score) : std::max(1.0, score);
}

/// A score is off by the rounding of its sum of h products, a probability by as much relative to itself; then come the
/// sums over the keys.
Tolerance tolerance(const AttentionCase& shape) {
    Tolerance sums = summed(shape.tokens, 16);
    sums.largest += (4 * std::sqrt(shape.headDim) + 16) * largestScore(shape) * kEps;
    return sums;
}

std::vector<std::int32_t> documentStarts(const AttentionCase& shape) {
    Rng rng(11);
    std::vector<std::int32_t> starts;
    for (int b = 0; b < shape.batch; ++b) {
        int start = 0;
        for (int t = 0; t < shape.tokens; ++t) {
            if (rng.below(size(std::max(2, shape.tokens / 4))) == 0) start = t;
            starts.push_back(start);
        }
    }
    return starts;
}

/// q and k as qkNormRope leaves them, v in the raw rows: three strides.
AttentionArgs inputs(OpRun& run, const AttentionCase& shape) {
    const std::size_t rows = size(shape.batch * shape.tokens), h = size(shape.headDim);
    const std::size_t qkWidth = size(shape.heads + shape.kvHeads) * h, qkvWidth = qkWidth + size(shape.kvHeads) * h;
    AttentionArgs args;
    args.batch = shape.batch;
    args.tokens = shape.tokens;
    args.heads = shape.heads;
    args.kvHeads = shape.kvHeads;
    args.headDim = shape.headDim;
    args.softCap = shape.cap;
    const TypedPtr qk = run.inputValues(normal(rows * qkWidth, 1, shape.deviation)),
                   qkv = run.inputValues(normal(rows * qkvWidth, 2));
    args.q = qk;
    args.k = qk + static_cast<std::ptrdiff_t>(size(shape.heads) * h);
    args.v = qkv + static_cast<std::ptrdiff_t>(qkWidth);
    args.qStride = args.kStride = static_cast<int>(qkWidth);
    args.vStride = static_cast<int>(qkvWidth);
    if (shape.documents) args.documentStart = run.input(documentStarts(shape));
    return args;
}

Tolerance lseTolerance(const AttentionCase& shape) {
    return {0, 0, ((4 * std::sqrt(shape.headDim) + 16) * largestScore(shape) + 4 * std::sqrt(shape.tokens)) * kEps};
}

OpCase attentionForwardCase(const AttentionCase& shape) {
    return {"Attention_" + shape.name,
            attentionWorkload(shape),
            [=](OpRun& run) -> Result<void> {
                const std::size_t rows = size(shape.batch * shape.tokens);
                AttentionArgs args = inputs(run, shape);
                args.out = run.outputValues("out", rows * size(shape.heads * shape.headDim), tolerance(shape));
                args.lse = run.output("lse", rows * size(shape.heads), lseTolerance(shape));
                return run.backend().attention(run.exec(), args);
            },
            {}};
}

/// Forward on the device itself, so that backward gets the out and lse of its own kind.
OpCase attentionBackwardCase(const AttentionCase& shape) {
    return {"AttentionBackward_" + shape.name,
            attentionWorkload(shape),
            [=](OpRun& run) -> Result<void> {
                const std::size_t rows = size(shape.batch * shape.tokens), h = size(shape.headDim),
                                  qWidth = size(shape.heads) * h;
                const std::size_t qkWidth = qWidth + size(shape.kvHeads) * h,
                                  qkvWidth = qkWidth + size(shape.kvHeads) * h;
                AttentionBackwardArgs args;
                args.forward = inputs(run, shape);
                args.forward.out = run.outputValues("out", rows * qWidth, tolerance(shape));
                args.forward.lse = run.output("lse", rows * size(shape.heads), lseTolerance(shape));
                TRY_VOID(run.backend().attention(run.exec(), args.forward));
                args.dOut = run.inputValues(normal(rows * qWidth, 3));
                // dS = p·(dP - mean) takes the difference of two sums over h; dQ and dK sum it over keys and heads.
                Tolerance gradient = tolerance(shape);
                gradient.largest =
                    4 * gradient.largest + summed(shape.headDim + shape.tokens * shape.heads / shape.kvHeads).largest;
                const TypedPtr dQk = run.inOutValues("dQk", std::vector<float>(rows * qkWidth, 7.0f), gradient);
                const TypedPtr dQkv =
                    run.inOutValues("dQkv", std::vector<float>(rows * qkvWidth, 7.0f), gradient);  // q, k stay 7
                args.dQ = dQk;
                args.dK = dQk + static_cast<std::ptrdiff_t>(qWidth);
                args.dV = dQkv + static_cast<std::ptrdiff_t>(qkWidth);
                args.dQStride = args.dKStride = static_cast<int>(qkWidth);
                args.dVStride = static_cast<int>(qkvWidth);
                return run.backend().attentionBackward(run.exec(), args);
            },
            {}};
}

/// `count` keys and values of a narrow type, rows of h with a scale each.
KvCache unwrittenCache(OpRun& run, std::size_t count, std::size_t h, int capacity, DType type) {
    KvCache cache;
    cache.capacity = capacity;
    cache.keys = {run.memory(count * dtypeBytes(type)), type};
    cache.values = {run.memory(count * dtypeBytes(type)), type};
    cache.keyScales = run.memory(count / h * sizeof(float)).as<float>();
    cache.valueScales = run.memory(count / h * sizeof(float)).as<float>();
    return cache;
}

/// Fills a cache in steps of the given sizes and attends to it after each; sequences start with different pasts.
OpCase cacheCase(const std::string& name, const AttentionCase& shape, const std::vector<int>& steps, int capacity,
                 DType type = DType::F32) {
    AttentionCase longest = shape;
    longest.tokens = capacity;
    Workload workload = attentionWorkload(longest);
    workload.training = false;
    workload.rows = shape.batch * *std::max_element(steps.begin(), steps.end());
    return {"CachedAttention_" + name,
            workload,
            [=](OpRun& run) -> Result<void> {
                const std::size_t h = size(shape.headDim), keyWidth = size(shape.kvHeads) * h,
                                  qkWidth = size(shape.heads) * h + keyWidth;
                const std::size_t cacheCount = size(shape.batch * capacity) * keyWidth;
                KvCache cache;
                cache.capacity = capacity;
                if (type == DType::F32) {
                    cache.keys = typed(run.inOut("keys", normal(cacheCount, 21), exact()));
                    cache.values = typed(run.inOut("values", normal(cacheCount, 22), exact()));
                } else {  // other pasts than 0 would read what was never written
                    cache = unwrittenCache(run, cacheCount, h, capacity, type);
                }
                std::vector<std::int32_t> past(size(shape.batch));
                for (std::size_t b = 0; b < past.size(); ++b)
                    past[b] = type == DType::F32 ? static_cast<std::int32_t>(2 * b) : 0;
                for (std::size_t s = 0; s < steps.size(); ++s) {
                    const std::size_t rows = size(shape.batch * steps[s]);
                    const DevicePtr<std::int32_t> pastOnDevice = run.input(past);
                    const TypedPtr qk = run.inputValues(normal(rows * qkWidth, 30 + s, shape.deviation));
                    const TypedPtr v = run.inputValues(normal(rows * keyWidth, 60 + s));
                    KvAppendArgs append;
                    append.batch = shape.batch;
                    append.tokens = steps[s];
                    append.kvHeads = shape.kvHeads;
                    append.headDim = shape.headDim;
                    append.k = qk + static_cast<std::ptrdiff_t>(size(shape.heads) * h);
                    append.v = v;
                    append.kStride = static_cast<int>(qkWidth);
                    append.vStride = static_cast<int>(keyWidth);
                    append.past = pastOnDevice;
                    append.cache = cache;
                    TRY_VOID(run.backend().kvAppend(run.exec(), append));
                    CachedAttentionArgs args;
                    args.batch = shape.batch;
                    args.tokens = steps[s];
                    args.heads = shape.heads;
                    args.kvHeads = shape.kvHeads;
                    args.headDim = shape.headDim;
                    args.q = qk;
                    args.qStride = static_cast<int>(qkWidth);
                    args.cache = cache;
                    args.past = pastOnDevice;
                    args.softCap = shape.cap;
                    args.out =
                        run.outputValues("out" + std::to_string(s), rows * size(shape.heads) * h, tolerance(longest));
                    TRY_VOID(run.backend().cachedAttention(run.exec(), args));
                    for (std::int32_t& p : past) p += steps[s];
                }
                return {};
            },
            {}};
}

/// New tokens from the projection's raw rows, in steps of the given sizes.
OpCase extendCase(const std::string& name, const AttentionCase& shape, const std::vector<int>& steps, int capacity,
                  DType type) {
    AttentionCase longest = shape;
    longest.tokens = capacity;
    Workload workload = attentionWorkload(longest);
    workload.training = false;
    workload.rows = shape.batch * *std::max_element(steps.begin(), steps.end());
    return {"ExtendAttention_" + name,
            workload,
            [=](OpRun& run) -> Result<void> {
                const std::size_t h = size(shape.headDim), keyWidth = size(shape.kvHeads) * h,
                                  queryWidth = size(shape.heads) * h;
                const std::size_t cacheCount = size(shape.batch * capacity) * keyWidth;
                KvCache cache;
                cache.capacity = capacity;
                if (type == DType::F32) {
                    cache.keys = typed(run.inOut("keys", std::vector<float>(cacheCount, 0.5f), summed(shape.headDim)));
                    cache.values = typed(run.inOut("values", std::vector<float>(cacheCount, 0.5f), exact()));
                } else {
                    cache = unwrittenCache(run, cacheCount, h, capacity, type);
                }
                std::vector<float> table(size(capacity) * h);
                for (std::size_t i = 0; i < table.size(); i += 2) {
                    const double angle = static_cast<double>(i / h) *
                                         std::pow(1e4, -static_cast<double>(i % h) / static_cast<double>(h));
                    table[i] = static_cast<float>(std::cos(angle));
                    table[i + 1] = static_cast<float>(std::sin(angle));
                }
                const DevicePtr<float> ropeTable = run.input(table);
                const DevicePtr<float> qNorm = run.input(normal(h, 2, 0.5, 1)), kNorm = run.input(normal(h, 3, 0.5, 1));
                std::int32_t past = 0;
                for (std::size_t s = 0; s < steps.size(); ++s) {
                    const std::size_t rows = size(shape.batch * steps[s]);
                    const DevicePtr<std::int32_t> pastOnDevice =
                        run.input(std::vector<std::int32_t>(size(shape.batch), past));
                    std::vector<std::int32_t> positions(rows);
                    for (std::size_t m = 0; m < rows; ++m)
                        positions[m] = past + static_cast<std::int32_t>(m % size(steps[s]));
                    QkNormRopeArgs rope;
                    rope.rows = static_cast<int>(rows);
                    rope.heads = shape.heads;
                    rope.kvHeads = shape.kvHeads;
                    rope.headDim = shape.headDim;
                    rope.qkv = run.inputValues(normal(rows * (queryWidth + 2 * keyWidth), 30 + s));
                    rope.qNorm = qNorm;
                    rope.kNorm = kNorm;
                    rope.positions = run.input(positions);
                    rope.ropeTable = ropeTable;
                    rope.qk = run.outputValues("", rows * (queryWidth + keyWidth), exact());
                    KvAppendArgs append;
                    append.batch = shape.batch;
                    append.tokens = steps[s];
                    append.kvHeads = shape.kvHeads;
                    append.headDim = shape.headDim;
                    append.k = rope.qk + static_cast<std::ptrdiff_t>(queryWidth);
                    append.v = rope.qkv + static_cast<std::ptrdiff_t>(queryWidth + keyWidth);
                    append.kStride = static_cast<int>(queryWidth + keyWidth);
                    append.vStride = static_cast<int>(queryWidth + 2 * keyWidth);
                    append.past = pastOnDevice;
                    append.cache = cache;
                    CachedAttentionArgs args;
                    args.batch = shape.batch;
                    args.tokens = steps[s];
                    args.heads = shape.heads;
                    args.kvHeads = shape.kvHeads;
                    args.headDim = shape.headDim;
                    args.q = rope.qk;
                    args.qStride = append.kStride;
                    args.cache = cache;
                    args.past = pastOnDevice;
                    args.softCap = shape.cap;
                    // A key that moved by a step of its type moves scores, and with them everything, by as much.
                    Tolerance close = tolerance(longest);
                    close.largest += type == DType::I8 ? 0.03 : type == DType::F16 ? 2e-3 : 1e-5;
                    args.out = run.outputValues("out" + std::to_string(s), rows * queryWidth, close);
                    TRY_VOID(run.backend().extendAttention(run.exec(), rope, append, args));
                    past += steps[s];
                }
                return {};
            },
            {}};
}

}  // namespace

std::vector<OpCase> attentionCases() {
    std::vector<OpCase> cases;
    const std::vector<AttentionCase> shapes = {
        {"OneToken", 1, 1, 1, 1, 2},
        {"OneHead", 1, 5, 1, 1, 4},
        {"Group3", 2, 37, 3, 1, 16},
        {"Capped", 2, 37, 4, 2, 16, 5},
        {"CapBites", 1, 70, 2, 2, 32, 2, false, 3},
        {"WideCap", 1, 70, 2, 1, 32, 500, false, 2},
        {"Documents", 3, 90, 4, 2, 16, 0, true},
        {"DocumentsCapped", 2, 200, 3, 1, 22, 50, true},
        {"HeadOf6", 2, 30, 2, 2, 6},
        {"HeadOf80", 1, 67, 4, 2, 80, 50},
        {"HeadOf128", 1, 65, 2, 1, 128},
        {"HeadOf64", 2, 129, 6, 2, 64, 50},
        {"Group70", 1, 9, 70, 1, 8},
        {"Sharp", 1, 100, 2, 1, 16, 0, false, 6},
        {"Flat", 1, 100, 2, 1, 16, 0, false, 1e-4},
        {"PastTheKeysOfOnePart", 1, 1100, 2, 1, 8, 20},
        {"DocumentsInParts", 1, 1050, 1, 1, 4, 0, true},
    };
    for (const AttentionCase& shape : shapes) {
        cases.push_back(attentionForwardCase(shape));
        cases.push_back(attentionBackwardCase(shape));
    }
    cases.push_back(cacheCase("Decode", {"", 1, 0, 6, 2, 64, 50}, {1, 1, 1}, 8));
    cases.push_back(cacheCase("DecodeBatch", {"", 3, 0, 4, 1, 22}, {1, 1, 1, 1}, 12));
    cases.push_back(cacheCase("PrefillThenDecode", {"", 2, 0, 6, 2, 16, 50}, {100, 1, 70, 1}, 180));
    cases.push_back(cacheCase("Chunks", {"", 1, 0, 3, 3, 34}, {65, 64, 3}, 132));
    for (const DType type : {DType::F16, DType::I8}) {
        const std::string name(dtypeName(type));
        cases.push_back(cacheCase("Decode_" + name, {"", 1, 0, 6, 2, 64, 50}, {1, 1, 1}, 8, type));
        cases.push_back(cacheCase("PrefillThenDecode_" + name, {"", 2, 0, 6, 2, 22}, {100, 1, 70, 1}, 180, type));
    }
    for (const DType type : {DType::F32, DType::F16, DType::I8}) {
        const std::string name(dtypeName(type));
        cases.push_back(extendCase("Group3_" + name, {"", 1, 0, 6, 2, 64, 50}, {1, 1, 70, 1, 1}, 80, type));
        cases.push_back(extendCase("Batch_" + name, {"", 3, 0, 5, 1, 22}, {2, 1, 1}, 9, type));
        cases.push_back(extendCase("HeadOf128_" + name, {"", 1, 0, 2, 2, 128}, {40, 1, 1}, 50, type));
    }
    return cases;
}

}  // namespace distillix::optable
