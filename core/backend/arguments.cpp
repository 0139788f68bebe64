// SPDX-License-Identifier: Apache-2.0
#include "core/backend/arguments.h"

#include <algorithm>
#include <cmath>

namespace distillix {

namespace {

/// Collects the first thing that is wrong, so that a check reads as a list.
class Checker {
  public:
    Checker(const char* operation, const SupportedTypes& types) : m_operation(operation), m_types(types) {}

    Checker& count(const char* name, long long value) {  // may be 0: nothing to do
        if (value < 0) fail(ErrorCode::InvalidArgument, std::string(name) + " is " + std::to_string(value));
        return *this;
    }
    Checker& size(const char* name, long long value) {
        if (value <= 0)
            fail(ErrorCode::InvalidArgument, std::string(name) + " must be positive, is " + std::to_string(value));
        return *this;
    }
    Checker& that(bool condition, const std::string& problem) {
        if (!condition) fail(ErrorCode::InvalidArgument, problem);
        return *this;
    }
    template <typename T>
    Checker& given(const char* name, DevicePtr<T> p) {
        if (!p) fail(ErrorCode::InvalidArgument, std::string(name) + " is missing");
        return *this;
    }
    Checker& given(const char* name, const TypedPtr& p) {
        if (!p) fail(ErrorCode::InvalidArgument, std::string(name) + " is missing");
        return type(name, p);
    }
    Checker& type(const char* name, const TypedPtr& p) { return type(name, p, m_types.activation); }
    Checker& cacheType(const char* name, const TypedPtr& p) { return type(name, p, m_types.cache); }
    Checker& notNegative(const char* name, float value) {
        if (!(value >= 0) || !std::isfinite(value)) {
            fail(ErrorCode::InvalidArgument,
                 std::string(name) + " must be a number of at least 0, is " + std::to_string(value));
        }
        return *this;
    }
    Checker& heads(int heads, int kvHeads, int headDim) {
        size("heads", heads).size("kvHeads", kvHeads).size("headDim", headDim);
        if (m_result.ok() && heads % kvHeads != 0) {
            fail(ErrorCode::InvalidArgument,
                 std::to_string(heads) + " heads cannot share " + std::to_string(kvHeads) + " key/value heads");
        }
        return that(headDim % 2 == 0, "headDim must be even, is " + std::to_string(headDim));
    }
    Checker& stride(const char* name, int stride, long long width) {
        if (stride < width) {
            fail(ErrorCode::InvalidArgument, std::string(name) + " is " + std::to_string(stride) + ", less than the " +
                                                 std::to_string(width) + " elements of a token");
        }
        return *this;
    }
    Checker& merge(Result<void> other) {
        if (m_result.ok() && !other.ok()) m_result = other.takeError();
        return *this;
    }
    Result<void> take() { return std::move(m_result); }

  private:
    void fail(ErrorCode code, const std::string& problem) {
        if (m_result.ok()) m_result = makeError(code, problem, m_operation);
    }
    Checker& type(const char* name, const TypedPtr& p, std::initializer_list<DType> allowed) {
        if (p && std::find(allowed.begin(), allowed.end(), p.type) == allowed.end()) {
            fail(ErrorCode::Unsupported,
                 std::string(name) + " of type " + std::string(dtypeName(p.type)) + " is not offered by this device");
        }
        return *this;
    }

    const char* m_operation;
    const SupportedTypes& m_types;
    Result<void> m_result;
};

const SupportedTypes kNoTypes{};

/// What a linear layer reads, or a norm writes for it.
void linearInput(Checker& check, const char* name, const LinearInput& input, bool codes) {
    const std::string prefix = std::string(name) + ".";
    if (codes) {
        check.given((prefix + "codes").c_str(), input.codes).given((prefix + "alpha").c_str(), input.alpha);
    } else {
        check.given((prefix + "values").c_str(), input.values);
    }
}

void linearWeight(Checker& check, const LinearWeight& weight, const char* operation) {
    check.merge(checkArguments(weight.shape, operation));
    if (weight.shape.ternary || weight.shape.format != WeightFormat::Latent) {
        check.given("weight.prepared", weight.prepared);
    } else {
        check.given("weight.latent", weight.latent);
    }
}

void cacheTypes(Checker& check, const KvCache& cache) {
    check.cacheType("cache.keys", cache.keys).cacheType("cache.values", cache.values);
    check.that(cache.keys.type == cache.values.type, "keys and values have different types");
    if (cache.keys.type == DType::I8)
        check.given("cache.keyScales", cache.keyScales).given("cache.valueScales", cache.valueScales);
}

}  // namespace

Result<void> checkArguments(const LinearShape& shape, const char* operation) {
    Checker check(operation, kNoTypes);
    check.size("in", shape.in).size("out", shape.out).notNegative("quantizationEps", shape.quantizationEps);
    long long sum = 0;
    for (int rows : shape.segments) {
        check.count("a segment", rows);
        sum += rows;
    }
    check.that(sum == shape.out,
               "the segments have " + std::to_string(sum) + " rows together, out is " + std::to_string(shape.out));
    return check.take();
}

Result<void> checkArguments(const PrepareWeight& args) {
    Checker check("prepareWeights", kNoTypes);
    linearWeight(check, args.weight, "prepareWeights");
    check.given("weight.latent", args.weight.latent);
    check.that(!args.weight.shape.ternary || args.weight.shape.format == WeightFormat::Latent,
               "a ternary weight has a format of its own");
    return check.take();
}

Result<void> checkArguments(const LinearForwardArgs& args, const SupportedTypes& types) {
    Checker check("linearForward", types);
    check.count("rows", args.rows);
    linearWeight(check, args.weight, "linearForward");
    check.that(args.weight.shape.format == WeightFormat::Latent, "only the head and the embedding may be quantized");
    linearInput(check, "input", args.input, args.weight.shape.ternary);
    check.given("out", args.out);
    check.that(!args.residual ||
                   args.residual.as<const std::byte>().backendAddress() != args.out.data.backendAddress() ||
                   args.out.type == DType::F32,
               "an in-place residual must be f32");
    return check.take();
}

Result<void> checkArguments(const LinearBackwardArgs& args, const SupportedTypes& types) {
    Checker check("linearBackward", types);
    check.count("rows", args.rows);
    linearWeight(check, args.weight, "linearBackward");
    if (args.dWeight) linearInput(check, "input", args.input, args.weight.shape.ternary);
    check.given("dOut", args.dOut).type("dInput", args.dInput);
    return check.take();
}

Result<void> checkArguments(const NormQuantizeArgs& args, const SupportedTypes& types) {
    Checker check("normQuantize", types);
    check.count("rows", args.rows).size("width", args.width).given("x", args.x);
    check.notNegative("normEps", args.normEps).notNegative("quantizationEps", args.quantizationEps);
    linearInput(check, "out", args.out, static_cast<bool>(args.out.codes));
    check.that(!args.rstd || args.weight, "rstd is asked for without a norm");
    return check.take();
}

Result<void> checkArguments(const NormBackwardArgs& args, const SupportedTypes& types) {
    Checker check("normBackward", types);
    check.count("rows", args.rows).size("width", args.width);
    check.given("x", args.x)
        .given("weight", args.weight)
        .given("rstd", args.rstd)
        .given("dOut", args.dOut)
        .given("dX", args.dX);
    check.given("dWeight", args.dWeight);
    return check.take();
}

Result<void> checkArguments(const SwigluArgs& args, const SupportedTypes& types) {
    Checker check("swiglu", types);
    check.count("rows", args.rows).size("width", args.width).given("gateUp", args.gateUp);
    check.notNegative("normEps", args.normEps).notNegative("quantizationEps", args.quantizationEps);
    linearInput(check, "out", args.out, static_cast<bool>(args.out.codes));
    check.that(!args.rstd || args.subNorm, "rstd is asked for without a sub-norm");
    return check.take();
}

Result<void> checkArguments(const SwigluBackwardArgs& args, const SupportedTypes& types) {
    Checker check("swigluBackward", types);
    check.count("rows", args.rows).size("width", args.width);
    check.given("gateUp", args.gateUp).given("dOut", args.dOut).given("dGateUp", args.dGateUp);
    if (args.subNorm) check.given("rstd", args.rstd).given("dSubNorm", args.dSubNorm);
    return check.take();
}

Result<void> checkArguments(const QkNormRopeArgs& args, const SupportedTypes& types) {
    Checker check("qkNormRope", types);
    check.count("rows", args.rows).heads(args.heads, args.kvHeads, args.headDim).notNegative("normEps", args.normEps);
    check.given("qkv", args.qkv)
        .given("positions", args.positions)
        .given("ropeTable", args.ropeTable)
        .given("qk", args.qk);
    check.that(static_cast<bool>(args.qNorm) == static_cast<bool>(args.kNorm), "qNorm and kNorm belong together");
    return check.take();
}

Result<void> checkArguments(const QkNormRopeBackwardArgs& args, const SupportedTypes& types) {
    Checker check("qkNormRopeBackward", types);
    check.count("rows", args.rows).heads(args.heads, args.kvHeads, args.headDim).notNegative("normEps", args.normEps);
    check.given("qkv", args.qkv).given("positions", args.positions).given("ropeTable", args.ropeTable);
    check.given("dQk", args.dQk).given("dQkv", args.dQkv);
    check.that(static_cast<bool>(args.qNorm) == static_cast<bool>(args.kNorm), "qNorm and kNorm belong together");
    if (args.qNorm) check.given("dQNorm", args.dQNorm).given("dKNorm", args.dKNorm);
    return check.take();
}

Result<void> checkArguments(const AttentionArgs& args, const SupportedTypes& types) {
    Checker check("attention", types);
    check.count("batch", args.batch).count("tokens", args.tokens).heads(args.heads, args.kvHeads, args.headDim);
    check.notNegative("softCap", args.softCap).given("q", args.q).given("k", args.k).given("v", args.v);
    const long long queryWidth = 1LL * args.heads * args.headDim, keyWidth = 1LL * args.kvHeads * args.headDim;
    check.stride("qStride", args.qStride, queryWidth)
        .stride("kStride", args.kStride, keyWidth)
        .stride("vStride", args.vStride, keyWidth);
    check.given("out", args.out).given("lse", args.lse);
    return check.take();
}

Result<void> checkArguments(const AttentionBackwardArgs& args, const SupportedTypes& types) {
    Checker check("attentionBackward", types);
    check.merge(checkArguments(args.forward, types));
    const long long queryWidth = 1LL * args.forward.heads * args.forward.headDim,
                    keyWidth = 1LL * args.forward.kvHeads * args.forward.headDim;
    check.given("dOut", args.dOut).given("dQ", args.dQ).given("dK", args.dK).given("dV", args.dV);
    check.stride("dQStride", args.dQStride, queryWidth)
        .stride("dKStride", args.dKStride, keyWidth)
        .stride("dVStride", args.dVStride, keyWidth);
    return check.take();
}

Result<void> checkArguments(const KvAppendArgs& args, const SupportedTypes& types) {
    Checker check("kvAppend", types);
    check.count("batch", args.batch)
        .count("tokens", args.tokens)
        .size("kvHeads", args.kvHeads)
        .size("headDim", args.headDim);
    const long long keyWidth = 1LL * args.kvHeads * args.headDim;
    check.given("k", args.k)
        .given("v", args.v)
        .stride("kStride", args.kStride, keyWidth)
        .stride("vStride", args.vStride, keyWidth);
    check.given("past", args.past);
    check.that(args.cache.keys && args.cache.values, "the cache is missing")
        .that(args.tokens <= args.cache.capacity, "more tokens than the cache holds");
    cacheTypes(check, args.cache);
    return check.take();
}

Result<void> checkArguments(const CachedAttentionArgs& args, const SupportedTypes& types) {
    Checker check("cachedAttention", types);
    check.count("batch", args.batch).count("tokens", args.tokens).heads(args.heads, args.kvHeads, args.headDim);
    check.notNegative("softCap", args.softCap)
        .given("q", args.q)
        .stride("qStride", args.qStride, 1LL * args.heads * args.headDim);
    check.given("past", args.past).given("out", args.out);
    check.that(args.cache.keys && args.cache.values, "the cache is missing")
        .that(args.tokens <= args.cache.capacity, "more tokens than the cache holds");
    cacheTypes(check, args.cache);
    return check.take();
}

Result<void> checkArguments(const EmbedArgs& args) {
    Checker check("embed", kNoTypes);
    check.count("rows", args.rows).size("width", args.width).size("vocabulary", args.vocabulary);
    check.given("ids", args.ids).given("out", args.out);
    if (args.table) return check.take();
    linearWeight(check, args.quantized, "embed");
    check.that(args.quantized.shape.format != WeightFormat::Latent, "table is missing")
        .that(args.quantized.shape.in == args.width && args.quantized.shape.out == args.vocabulary,
              "the table is not of vocabulary x width");
    return check.take();
}

Result<void> checkArguments(const EmbedBackwardArgs& args) {
    Checker check("embedBackward", kNoTypes);
    check.count("rows", args.rows).size("width", args.width).size("vocabulary", args.vocabulary);
    check.given("ids", args.ids).given("dOut", args.dOut).given("dTable", args.dTable);
    return check.take();
}

Result<void> checkArguments(const HeadLogitsArgs& args, const SupportedTypes& types) {
    Checker check("headLogits", types);
    check.count("rows", args.rows).notNegative("softCap", args.softCap);
    linearWeight(check, args.head, "headLogits");
    check.that(!args.head.shape.ternary, "the head is never ternary").given("x", args.x).given("logits", args.logits);
    return check.take();
}

Result<void> checkArguments(const HeadLossArgs& args, const SupportedTypes& types) {
    Checker check("headLoss", types);
    check.count("rows", args.rows).count("targetCount", args.targetCount).notNegative("softCap", args.softCap);
    check.that(args.targetCount <= args.rows, "more targets than rows");
    linearWeight(check, args.head, "headLoss");
    check.that(!args.head.shape.ternary, "the head is never ternary").given("x", args.x).given("losses", args.losses);
    check.given("targetRows", args.targetRows).given("targets", args.targets);
    check.that(args.labelSmoothing >= 0 && args.labelSmoothing <= 1, "labelSmoothing must lie in [0, 1]");
    check.that(args.teacherWeight >= 0 && args.teacherWeight <= 1, "teacherWeight must lie in [0, 1]");
    check.that(args.temperature > 0, "temperature must be positive").type("dX", args.dX);
    check.that(static_cast<bool>(args.dX) == static_cast<bool>(args.dHead), "dX and dHead belong together");
    check.that(!args.dX || args.head.shape.format == WeightFormat::Latent, "a quantized head has no gradient");
    return check.take();
}

Result<void> checkArguments(const SampleArgs& args) {
    Checker check("sample", kNoTypes);
    check.count("rows", args.rows)
        .size("vocabulary", args.vocabulary)
        .given("logits", args.logits)
        .given("tokens", args.tokens);
    check.notNegative("temperature", args.temperature).count("topK", args.topK);
    check.that(args.topP >= 0 && args.topP <= 1, "topP must lie in [0, 1], is " + std::to_string(args.topP));
    check.that(args.minP >= 0 && args.minP <= 1, "minP must lie in [0, 1], is " + std::to_string(args.minP));
    check.that(args.repetitionPenalty > 0 && std::isfinite(args.repetitionPenalty),
               "repetitionPenalty must be a number over 0, is " + std::to_string(args.repetitionPenalty));
    check.count("recentCount", args.recentCount);
    if (args.recentCount > 0) check.given("recent", args.recent);
    if (args.temperature > 0) check.given("uniform", args.uniform);
    return check.take();
}

Result<void> checkArguments(const GradientNormArgs& args) {
    Checker check("gradientNorm", kNoTypes);
    for (const TensorSpan& tensor : args.gradients) {
        if (tensor.count > 0) check.given("a gradient", tensor.data);
    }
    check.notNegative("limit", args.limit).notNegative("unscale", args.unscale).given("norm", args.norm);
    return check.take();
}

Result<void> checkArguments(const MuonArgs& args) {
    Checker check("muon", kNoTypes);
    for (const MuonTensor& tensor : args.tensors) {
        check.size("a tensor's rows", tensor.rows).size("a tensor's cols", tensor.cols);
        check.given("a weight", tensor.weight)
            .given("a gradient", tensor.gradient)
            .given("a momentum", tensor.momentum);
    }
    check.notNegative("learningRate", args.learningRate).notNegative("weightDecay", args.weightDecay);
    check.that(args.momentum >= 0 && args.momentum < 1, "momentum must lie in [0, 1)");
    return check.take();
}

Result<void> checkArguments(const AdamWArgs& args) {
    Checker check("adamw", kNoTypes);
    for (const AdamWTensor& tensor : args.tensors) {
        if (tensor.count == 0) continue;
        check.given("a weight", tensor.weight).given("a gradient", tensor.gradient);
        check.given("a first moment", tensor.firstMoment).given("a second moment", tensor.secondMoment);
    }
    check.notNegative("learningRate", args.learningRate)
        .notNegative("weightDecay", args.weightDecay)
        .notNegative("eps", args.eps);
    check.that(args.beta1 >= 0 && args.beta1 < 1 && args.beta2 >= 0 && args.beta2 < 1, "the betas must lie in [0, 1)");
    check.that(args.step >= 1, "the first step is 1");
    return check.take();
}

}  // namespace distillix
