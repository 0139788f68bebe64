// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "core/backend/reference/reference_kernels.h"

namespace distillix::reference {

namespace {

/// One query against the keys [first, last], a head each.
struct Row {
    std::vector<double> capped;       // the scores after scaling and cap
    std::vector<double> probability;  // their softmax
    double lse = 0;
};

/// SPEC 1: s = q·kᵀ/sqrt(h); s = cap·tanh(s/cap); softmax over the keys that the mask leaves.
void softmaxRow(const float* q, const float* k, std::size_t keyStride, std::size_t first, std::size_t last,
                std::size_t h, double cap, Row& row) {
    row.capped.clear();
    row.probability.clear();
    double largest = -INFINITY;
    for (std::size_t j = first; j <= last; ++j) {
        double s = 0;
        for (std::size_t i = 0; i < h; ++i) s += static_cast<double>(q[i]) * k[j * keyStride + i];
        s /= std::sqrt(static_cast<double>(h));
        if (cap > 0) s = cap * std::tanh(s / cap);
        row.capped.push_back(s);
        largest = std::max(largest, s);
    }
    double sum = 0;
    for (double s : row.capped) sum += std::exp(s - largest);
    row.lse = largest + std::log(sum);
    for (double s : row.capped) row.probability.push_back(std::exp(s - row.lse));
}

std::size_t documentFirst(const AttentionArgs& args, std::size_t b, std::size_t t) {
    if (!args.documentStart) return 0;
    return static_cast<std::size_t>(args.documentStart.backendAddress()[b * static_cast<std::size_t>(args.tokens) + t]);
}

}  // namespace

// Query head i uses key/value head i / (H/Hkv); a token sees its own document up to itself.
Result<void> attention(const AttentionArgs& args) {
    const std::size_t tokens = static_cast<std::size_t>(args.tokens), heads = static_cast<std::size_t>(args.heads);
    const std::size_t h = static_cast<std::size_t>(args.headDim),
                      group = heads / static_cast<std::size_t>(args.kvHeads);
    const std::size_t qStride = static_cast<std::size_t>(args.qStride),
                      kStride = static_cast<std::size_t>(args.kStride),
                      vStride = static_cast<std::size_t>(args.vStride);
    Row row;
    std::vector<double> sum(h);
    for (std::size_t b = 0; b < static_cast<std::size_t>(args.batch); ++b) {
        for (std::size_t head = 0; head < heads; ++head) {
            const float* k = readF32(args.k) + b * tokens * kStride + head / group * h;
            const float* v = readF32(args.v) + b * tokens * vStride + head / group * h;
            for (std::size_t t = 0; t < tokens; ++t) {
                const float* q = readF32(args.q) + (b * tokens + t) * qStride + head * h;
                const std::size_t first = documentFirst(args, b, t);
                softmaxRow(q, k, kStride, first, t, h, args.softCap, row);
                args.lse.backendAddress()[(b * heads + head) * tokens + t] = static_cast<float>(row.lse);
                sum.assign(h, 0.0);
                for (std::size_t j = first; j <= t; ++j) {
                    for (std::size_t i = 0; i < h; ++i) sum[i] += row.probability[j - first] * v[j * vStride + i];
                }
                float* out = writeF32(args.out) + ((b * tokens + t) * heads + head) * h;
                for (std::size_t i = 0; i < h; ++i) out[i] = static_cast<float>(sum[i]);
            }
        }
    }
    return {};
}

// dV_j = Σ p·dO; dP = dO·v; dS = p·(dP - Σ p·dP), times 1 - (s/cap)² under a cap; dQ = Σ dS·k/sqrt(h), dK = Σ
// dS·q/sqrt(h). The probabilities are worked out again in double, not taken from the float32 lse.
Result<void> attentionBackward(const AttentionBackwardArgs& args) {
    const AttentionArgs& fwd = args.forward;
    const std::size_t tokens = static_cast<std::size_t>(fwd.tokens), heads = static_cast<std::size_t>(fwd.heads);
    const std::size_t kvHeads = static_cast<std::size_t>(fwd.kvHeads), h = static_cast<std::size_t>(fwd.headDim),
                      group = heads / kvHeads;
    const std::size_t qStride = static_cast<std::size_t>(fwd.qStride), kStride = static_cast<std::size_t>(fwd.kStride),
                      vStride = static_cast<std::size_t>(fwd.vStride);
    const double scale = 1.0 / std::sqrt(static_cast<double>(h)), cap = fwd.softCap;
    Row row;
    std::vector<double> dP, dQ(h), dK(tokens * h), dV(tokens * h);
    for (std::size_t b = 0; b < static_cast<std::size_t>(fwd.batch); ++b) {
        for (std::size_t kvHead = 0; kvHead < kvHeads; ++kvHead) {
            const float* k = readF32(fwd.k) + b * tokens * kStride + kvHead * h;
            const float* v = readF32(fwd.v) + b * tokens * vStride + kvHead * h;
            dK.assign(tokens * h, 0.0);
            dV.assign(tokens * h, 0.0);
            for (std::size_t head = kvHead * group; head < (kvHead + 1) * group; ++head) {
                for (std::size_t t = 0; t < tokens; ++t) {
                    const float* q = readF32(fwd.q) + (b * tokens + t) * qStride + head * h;
                    const float* dOut = readF32(args.dOut) + ((b * tokens + t) * heads + head) * h;
                    const std::size_t first = documentFirst(fwd, b, t);
                    softmaxRow(q, k, kStride, first, t, h, cap, row);
                    dP.assign(t - first + 1, 0.0);
                    double mean = 0;
                    for (std::size_t j = first; j <= t; ++j) {
                        const double p = row.probability[j - first];
                        for (std::size_t i = 0; i < h; ++i) {
                            dP[j - first] += static_cast<double>(dOut[i]) * v[j * vStride + i];
                            dV[j * h + i] += p * dOut[i];
                        }
                        mean += p * dP[j - first];
                    }
                    dQ.assign(h, 0.0);
                    for (std::size_t j = first; j <= t; ++j) {
                        double dS = row.probability[j - first] * (dP[j - first] - mean) * scale;
                        if (cap > 0) dS *= 1.0 - row.capped[j - first] / cap * (row.capped[j - first] / cap);
                        for (std::size_t i = 0; i < h; ++i) {
                            dQ[i] += dS * k[j * kStride + i];
                            dK[j * h + i] += dS * q[i];
                        }
                    }
                    float* dQOut =
                        writeF32(args.dQ) + (b * tokens + t) * static_cast<std::size_t>(args.dQStride) + head * h;
                    for (std::size_t i = 0; i < h; ++i) dQOut[i] = static_cast<float>(dQ[i]);
                }
            }
            for (std::size_t t = 0; t < tokens; ++t) {
                float* dKOut =
                    writeF32(args.dK) + (b * tokens + t) * static_cast<std::size_t>(args.dKStride) + kvHead * h;
                float* dVOut =
                    writeF32(args.dV) + (b * tokens + t) * static_cast<std::size_t>(args.dVStride) + kvHead * h;
                for (std::size_t i = 0; i < h; ++i) {
                    dKOut[i] = static_cast<float>(dK[t * h + i]);
                    dVOut[i] = static_cast<float>(dV[t * h + i]);
                }
            }
        }
    }
    return {};
}

namespace {

/// One head of one token, as KvCache keeps it; `row` counts rows of h.
void storeRow(const TypedPtr& cache, DevicePtr<float> scales, std::size_t row, const float* x, std::size_t h) {
    if (cache.type == DType::F32) {
        std::copy(x, x + h, writeF32(cache) + row * h);
    } else if (cache.type == DType::F16) {
        std::uint16_t* out = cache.data.as<std::uint16_t>().backendAddress() + row * h;
        for (std::size_t i = 0; i < h; ++i) out[i] = Float16(x[i]).bits;
    } else {
        float largest = 0;
        for (std::size_t i = 0; i < h; ++i) largest = std::max(largest, std::fabs(x[i]));
        const float scale = largest / 127.0f;
        scales.backendAddress()[row] = scale;
        std::int8_t* out = cache.data.as<std::int8_t>().backendAddress() + row * h;
        for (std::size_t i = 0; i < h; ++i)
            out[i] = scale > 0 ? static_cast<std::int8_t>(std::nearbyint(x[i] / scale)) : std::int8_t{0};
    }
}

/// The rows of one key/value head, `stride` rows apart, as float32.
std::vector<float> loadRows(const TypedPtr& cache, DevicePtr<float> scales, std::size_t firstRow, std::size_t stride,
                            std::size_t count, std::size_t h) {
    std::vector<float> values(count * h);
    for (std::size_t j = 0; j < count; ++j) {
        const std::size_t row = firstRow + j * stride;
        for (std::size_t i = 0; i < h; ++i) {
            float& value = values[j * h + i];
            if (cache.type == DType::F32) {
                value = readF32(cache)[row * h + i];
            } else if (cache.type == DType::F16) {
                Float16 half;
                half.bits = cache.data.as<std::uint16_t>().backendAddress()[row * h + i];
                value = static_cast<float>(half);
            } else {
                value = static_cast<float>(cache.data.as<std::int8_t>().backendAddress()[row * h + i]) *
                        scales.backendAddress()[row];
            }
        }
    }
    return values;
}

}  // namespace

Result<void> kvAppend(const KvAppendArgs& args) {
    const std::size_t tokens = static_cast<std::size_t>(args.tokens),
                      width = static_cast<std::size_t>(args.kvHeads) * static_cast<std::size_t>(args.headDim);
    for (std::size_t b = 0; b < static_cast<std::size_t>(args.batch); ++b) {
        const std::int64_t past = args.past.backendAddress()[b];
        if (past < 0 || past + args.tokens > args.cache.capacity) {
            return makeError(ErrorCode::InvalidArgument,
                             "sequence " + std::to_string(b) + " has " + std::to_string(past) + " tokens; " +
                                 std::to_string(args.tokens) + " more do not fit a cache of " +
                                 std::to_string(args.cache.capacity),
                             "kvAppend");
        }
        for (std::size_t t = 0; t < tokens; ++t) {
            const std::size_t slot =
                b * static_cast<std::size_t>(args.cache.capacity) + static_cast<std::size_t>(past) + t;
            const float* k = readF32(args.k) + (b * tokens + t) * static_cast<std::size_t>(args.kStride);
            const float* v = readF32(args.v) + (b * tokens + t) * static_cast<std::size_t>(args.vStride);
            const std::size_t heads = static_cast<std::size_t>(args.kvHeads), h = width / heads;
            for (std::size_t head = 0; head < heads; ++head) {
                storeRow(args.cache.keys, args.cache.keyScales, slot * heads + head, k + head * h, h);
                storeRow(args.cache.values, args.cache.valueScales, slot * heads + head, v + head * h, h);
            }
        }
    }
    return {};
}

// The same attention; new token t of sequence b stands at past[b] + t and sees everything up to itself.
Result<void> cachedAttention(const CachedAttentionArgs& args) {
    const std::size_t tokens = static_cast<std::size_t>(args.tokens), heads = static_cast<std::size_t>(args.heads);
    const std::size_t kvHeads = static_cast<std::size_t>(args.kvHeads), h = static_cast<std::size_t>(args.headDim),
                      group = heads / kvHeads;
    const std::size_t capacity = static_cast<std::size_t>(args.cache.capacity);
    Row row;
    std::vector<double> sum(h);
    for (std::size_t b = 0; b < static_cast<std::size_t>(args.batch); ++b) {
        const std::int64_t past = args.past.backendAddress()[b];
        if (past < 0 || past + args.tokens > args.cache.capacity) {
            return makeError(ErrorCode::InvalidArgument,
                             "sequence " + std::to_string(b) + " has " + std::to_string(past) +
                                 " tokens before these " + std::to_string(args.tokens) + "; the cache holds " +
                                 std::to_string(args.cache.capacity),
                             "cachedAttention");
        }
        for (std::size_t head = 0; head < heads; ++head) {
            const std::size_t first = b * capacity * kvHeads + head / group,
                              count = static_cast<std::size_t>(past) + tokens;
            const std::vector<float> k = loadRows(args.cache.keys, args.cache.keyScales, first, kvHeads, count, h);
            const std::vector<float> v = loadRows(args.cache.values, args.cache.valueScales, first, kvHeads, count, h);
            for (std::size_t t = 0; t < tokens; ++t) {
                const float* q = readF32(args.q) + (b * tokens + t) * static_cast<std::size_t>(args.qStride) + head * h;
                const std::size_t last = static_cast<std::size_t>(past) + t;
                softmaxRow(q, k.data(), h, 0, last, h, args.softCap, row);
                sum.assign(h, 0.0);
                for (std::size_t j = 0; j <= last; ++j) {
                    for (std::size_t i = 0; i < h; ++i) sum[i] += row.probability[j] * v[j * h + i];
                }
                float* out = writeF32(args.out) + ((b * tokens + t) * heads + head) * h;
                for (std::size_t i = 0; i < h; ++i) out[i] = static_cast<float>(sum[i]);
            }
        }
    }
    return {};
}

}  // namespace distillix::reference
