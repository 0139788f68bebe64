// SPDX-License-Identifier: Apache-2.0
#include "core/model/block.h"

namespace distillix {

namespace {

LinearInput carveInput(Carver& carve, const char* part, std::size_t rows, std::size_t width, bool ternary,
                       DType activation) {
    LinearInput input;
    if (ternary) {
        input.codes = carve.array<std::int8_t>(part, rows * width);
        input.alpha = carve.array<float>(part, rows);
    } else {
        input.values = carve.typedArray(part, rows * width, activation);
    }
    return input;
}

/// RMSNorm where `norm` is there, then codes or values.
NormQuantizeArgs normArgs(const ModelView& model, int rows, TypedPtr x, DevicePtr<const float> norm, int width,
                          const LinearInput& out, DevicePtr<float> rstd) {
    NormQuantizeArgs a;
    a.rows = rows;
    a.width = width;
    a.x = x;
    a.weight = norm;
    a.normEps = static_cast<float>(model.config.normEps);
    a.quantizationEps = static_cast<float>(model.config.quantizationEps);
    a.out = out;
    a.rstd = rstd;
    return a;
}

}  // namespace

void carveBlock(Carver& carve, const ModelConfig& c, DType activation, std::size_t rows, const char* part,
                BlockBuffers& block) {
    const std::size_t d = static_cast<std::size_t>(c.hiddenDim), f = static_cast<std::size_t>(c.mlpHiddenDim);
    const std::size_t q = static_cast<std::size_t>(c.queryWidth()), kv = static_cast<std::size_t>(c.keyWidth());
    block.attnIn = carveInput(carve, part, rows, d, c.useBitlinear, activation);
    block.attnRstd = carve.array<float>(part, rows);
    block.qkv = carve.typedArray(part, rows * (q + 2 * kv), activation);
    block.qk = carve.typedArray(part, rows * (q + kv), activation);
    block.attn = carve.typedArray(part, rows * q, activation);
    block.lse = carve.array<float>(part, rows * static_cast<std::size_t>(c.numHeads));
    if (c.useBitlinear || c.useSubNorm) {
        block.oIn = carveInput(carve, part, rows, q, c.useBitlinear, activation);
    } else {
        block.oIn.values = block.attn;  // a plain layer reads the attention's output as it is
    }
    if (c.useSubNorm) block.oRstd = carve.array<float>(part, rows);
    block.mlpIn = carveInput(carve, part, rows, d, c.useBitlinear, activation);
    block.mlpRstd = carve.array<float>(part, rows);
    block.gateUp = carve.typedArray(part, rows * 2 * f, activation);
    block.downIn = carveInput(carve, part, rows, f, c.useBitlinear, activation);
    if (c.useSubNorm) block.downRstd = carve.array<float>(part, rows);
}

QkNormRopeArgs blockRopeArgs(const ModelView& model, int layer, int rows, const BlockBuffers& block,
                             DevicePtr<const std::int32_t> positions) {
    const ModelConfig& config = model.config;
    const LayerView& at = model.layers[static_cast<std::size_t>(layer)];
    QkNormRopeArgs a;
    a.rows = rows;
    a.heads = config.numHeads;
    a.kvHeads = config.numKvHeads;
    a.headDim = config.headDim;
    a.qkv = block.qkv;
    a.qNorm = at.qNorm;
    a.kNorm = at.kNorm;
    a.normEps = static_cast<float>(config.normEps);
    a.positions = positions;
    a.ropeTable = model.ropeTable;
    a.qk = block.qk;
    return a;
}

Result<void> blockForward(const ModelView& model, int layer, int rows, const BlockBuffers& k,
                          DevicePtr<const std::int32_t> positions, DevicePtr<float> out,
                          FunctionRef<Result<void>()> attend) {
    TRY_VOID(blockProjection(model, layer, rows, k));
    TRY_VOID(
        model.runtime->backend().qkNormRope(model.runtime->exec(), blockRopeArgs(model, layer, rows, k, positions)));
    TRY_VOID(attend());
    return blockFromAttention(model, layer, rows, k, out);
}

Result<void> blockProjection(const ModelView& model, int layer, int rows, const BlockBuffers& k) {
    const LayerView& at = model.layers[static_cast<std::size_t>(layer)];
    return model.runtime->backend().normLinear(
        model.runtime->exec(),
        normArgs(model, rows, typed(k.x), at.inputNorm, model.config.hiddenDim, k.attnIn, k.attnRstd),
        {rows, at.qkv, k.attnIn, k.qkv, nullptr});
}

Result<void> blockFromAttention(const ModelView& model, int layer, int rows, const BlockBuffers& k,
                                DevicePtr<float> out) {
    const ModelConfig& config = model.config;
    const LayerView& at = model.layers[static_cast<std::size_t>(layer)];
    Backend& backend = model.runtime->backend();
    const Exec& exec = model.runtime->exec();
    const LinearForwardArgs o{rows, at.o, k.oIn, typed(k.xMid), k.x};
    if (config.useBitlinear || config.useSubNorm) {
        TRY_VOID(backend.normLinear(
            exec, normArgs(model, rows, k.attn, at.attnSubNorm, config.queryWidth(), k.oIn, k.oRstd), o));
    } else {
        TRY_VOID(backend.linearForward(exec, o));
    }
    TRY_VOID(backend.normLinear(exec,
                                normArgs(model, rows, typed(k.xMid), at.postNorm, config.hiddenDim, k.mlpIn, k.mlpRstd),
                                {rows, at.gateUp, k.mlpIn, k.gateUp, nullptr}));
    SwigluArgs s;
    s.rows = rows;
    s.width = config.mlpHiddenDim;
    s.gateUp = k.gateUp;
    s.subNorm = at.mlpSubNorm;
    s.normEps = static_cast<float>(config.normEps);
    s.quantizationEps = static_cast<float>(config.quantizationEps);
    s.out = k.downIn;
    s.rstd = k.downRstd;
    if (!out) return backend.swiglu(exec, s);
    return backend.swigluLinear(exec, s, {rows, at.down, k.downIn, typed(out), k.xMid});
}

Result<void> embedForward(const ModelView& model, int rows, DevicePtr<const std::int32_t> ids, DevicePtr<float> out) {
    EmbedArgs e;
    e.rows = rows;
    e.width = model.config.hiddenDim;
    e.vocabulary = model.config.vocabSize;
    e.ids = ids;
    e.table = model.embedding;
    e.quantized = model.embeddingTable;
    e.out = out;
    return model.runtime->backend().embed(model.runtime->exec(), e);
}

Result<void> finalNormForward(const ModelView& model, int rows, DevicePtr<float> x, TypedPtr out,
                              DevicePtr<float> rstd) {
    LinearInput output;
    output.values = out;
    return model.runtime->backend().normQuantize(
        model.runtime->exec(), normArgs(model, rows, typed(x), model.norm, model.config.hiddenDim, output, rstd));
}

Result<void> headLogitsForward(const ModelView& model, int rows, TypedPtr normed, DevicePtr<float> logits) {
    HeadLogitsArgs a;
    a.rows = rows;
    a.head = model.head;
    a.x = normed;
    a.softCap = static_cast<float>(model.config.finalLogitSoftCap.value_or(0.0));
    a.logits = logits;
    return model.runtime->backend().headLogits(model.runtime->exec(), a);
}

}  // namespace distillix
