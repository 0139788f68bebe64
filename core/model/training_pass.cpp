// SPDX-License-Identifier: Apache-2.0
#include "core/model/training_pass.h"

#include <algorithm>
#include <utility>

#include "core/model/block.h"

namespace distillix {

namespace {

struct Buffers {
    std::vector<BlockBuffers> layers;                                            // one a layer, or all the same
    DevicePtr<float> xOut;                                                       // [M, d] behind the last layer
    DevicePtr<float> finalRstd;                                                  // [M]
    TypedPtr normed;                                                             // [M, d] behind the last norm
    DevicePtr<std::int32_t> ids, positions, documentStart, targetRows, targets;  // [M]
    DevicePtr<float> losses;                                                     // [M]
    DevicePtr<float> logits;                                                     // [kLogitRows, V], forward only
    // Backward.
    DevicePtr<float> dx;       // [M, d] gradient of the residual stream
    TypedPtr dNorm;            // [M, d]
    TypedPtr dQkv, dQk;        // [M, (H+2Hkv)·h], [M, (H+Hkv)·h]
    TypedPtr dAttn, dAttnSub;  // [M, H·h]
    TypedPtr dHidden;          // [M, F]
};

constexpr int kLogitRows = 64;  // enough for a matrix product to be efficient; V floats each

Buffers carveBuffers(Carver& carve, const ModelConfig& c, Precision precision, const PassOptions& options) {
    using Keep = PassOptions::Keep;
    Buffers b;
    const std::size_t rows = static_cast<std::size_t>(options.batch) * static_cast<std::size_t>(options.tokens);
    const std::size_t d = static_cast<std::size_t>(c.hiddenDim), f = static_cast<std::size_t>(c.mlpHiddenDim);
    const std::size_t q = static_cast<std::size_t>(c.queryWidth()), kv = static_cast<std::size_t>(c.keyWidth());
    const DType act = precision.activation;
    const char* kept = "activations";

    b.layers.resize(static_cast<std::size_t>(c.numLayers));
    if (options.keep == Keep::Everything) {
        for (BlockBuffers& k : b.layers) {
            k.x = carve.array<float>(kept, rows * d);
            k.xMid = carve.array<float>(kept, rows * d);
            carveBlock(carve, c, act, rows, kept, k);
        }
        b.xOut = carve.array<float>(kept, rows * d);
    } else {
        BlockBuffers shared;
        carveBlock(carve, c, act, rows, kept, shared);
        if (options.keep == Keep::LayerInputs) {
            shared.xMid = carve.array<float>(kept, rows * d);
            for (BlockBuffers& k : b.layers) {
                k = shared;
                k.x = carve.array<float>(kept, rows * d);
            }
            b.xOut = carve.array<float>(kept, rows * d);
        } else {
            // Nothing is kept: the residual stream is updated in place.
            shared.x = shared.xMid = b.xOut = carve.array<float>(kept, rows * d);
            std::fill(b.layers.begin(), b.layers.end(), shared);
        }
    }
    b.finalRstd = carve.array<float>(kept, rows);
    b.normed = carve.typedArray(kept, rows * d, act);
    const char* io = "batch";
    b.ids = carve.array<std::int32_t>(io, rows);
    b.positions = carve.array<std::int32_t>(io, rows);
    b.documentStart = carve.array<std::int32_t>(io, rows);
    b.targetRows = carve.array<std::int32_t>(io, rows);
    b.targets = carve.array<std::int32_t>(io, rows);
    b.losses = carve.array<float>(io, rows);
    if (options.keep == Keep::Nothing) {
        b.logits =
            carve.array<float>("logits", static_cast<std::size_t>(kLogitRows) * static_cast<std::size_t>(c.vocabSize));
        return b;
    }
    const char* scratch = "activation gradients";
    b.dx = carve.array<float>(scratch, rows * d);
    b.dNorm = carve.typedArray(scratch, rows * d, act);
    // The MLP's gradient has been read before attention's are written: they share their place.
    const std::size_t item = dtypeBytes(act), qkvBytes = (rows * (q + 2 * kv) * item + 255) / 256 * 256;
    const DevicePtr<std::byte> shared =
        carve.bytes(scratch, std::max(qkvBytes + rows * (q + kv) * item, rows * f * item));
    b.dHidden = b.dQkv = {shared, act};
    b.dQk = {shared ? shared + static_cast<std::ptrdiff_t>(qkvBytes) : shared, act};
    b.dAttn = carve.typedArray(scratch, rows * q, act);
    if (c.useSubNorm) b.dAttnSub = carve.typedArray(scratch, rows * q, act);
    return b;
}

}  // namespace

std::vector<MemoryPart> passMemory(const ModelConfig& config, Precision precision, const PassOptions& options) {
    ArenaPlan plan;
    Carver carve(plan, nullptr);
    carveBuffers(carve, config, precision, options);
    return plan.parts();
}

Workload passWorkload(const ModelConfig& config, const PassOptions& options) {
    Workload w;
    w.rows = options.batch * options.tokens;
    w.sequence = options.tokens;
    w.hidden = config.hiddenDim;
    w.heads = config.numHeads;
    w.kvHeads = config.numKvHeads;
    w.headDim = config.headDim;
    w.mlp = config.mlpHiddenDim;
    w.vocabulary = config.vocabSize;
    w.training = options.keep != PassOptions::Keep::Nothing;
    return w;
}

Result<Gradients> Gradients::create(Runtime& runtime, const ParameterLayout& layout) {
    Gradients g;
    g.m_runtime = &runtime;
    g.m_memory = TRY_AT(DeviceBuffer::create(runtime.backend(), layout.total * sizeof(float)), "gradients");
    TRY_VOID(g.zero());
    return g;
}

Result<void> Gradients::zero() {
    return m_runtime->backend().fillZero(m_runtime->stream(), m_memory.data(), m_memory.bytes());
}

Result<std::vector<float>> Gradients::download() const {
    std::vector<float> values(m_memory.bytes() / sizeof(float));
    TRY_VOID(m_runtime->download(values.data(), DevicePtr<const float>(m_memory.as<float>()), values.size()));
    return values;
}

struct TrainingPass::State {
    ModelView model;
    const ModelWeights* weights;  // null where there is nothing to train
    Runtime& runtime;
    Backend& backend;
    const ModelConfig& config;
    PassOptions options;
    DeviceBuffer memory;
    Buffers buffers;
    // Of the batch at hand.
    int batch = 0, tokens = 0, rows = 0, targetCount = 0;
    bool packed = false;
    std::vector<std::int32_t> targetRows, targets;
    std::vector<float> losses;

    State(ModelView view, const ModelWeights* trained, const PassOptions& o)
        : model(std::move(view)),
          weights(trained),
          runtime(*model.runtime),
          backend(model.runtime->backend()),
          config(model.config),
          options(o) {}

    float normEps() const { return static_cast<float>(config.normEps); }
    int qkvWidth() const { return config.queryWidth() + 2 * config.keyWidth(); }
    int qkWidth() const { return config.queryWidth() + config.keyWidth(); }

    Result<void> takeBatch(const Batch& input);
    AttentionArgs attentionArgs(int layer) const;
    /// `out` null: the layer's output is known already, and what backward reads is made again.
    Result<void> layerForward(int layer, DevicePtr<float> out);
    Result<void> layerBackward(int layer, Gradients& gradients);
    Result<void> forward();
    HeadLossArgs lossArgs(float smoothing) const;
    Result<double> sumLosses();
};

Result<TrainingPass> TrainingPass::create(const ModelWeights& weights, const PassOptions& options) {
    if (options.keep != PassOptions::Keep::Nothing && !weights.training())
        return makeError(ErrorCode::Internal, "a pass with backward needs weights prepared for training");
    return create(std::make_unique<State>(weights.view(), &weights, options));
}

Result<TrainingPass> TrainingPass::create(const ModelView& model, PassOptions options) {
    options.keep = PassOptions::Keep::Nothing;
    return create(std::make_unique<State>(model, nullptr, options));
}

Result<TrainingPass> TrainingPass::create(std::unique_ptr<State> state) {
    const PassOptions& options = state->options;
    if (options.tokens > state->model.positions)
        return makeError(ErrorCode::InvalidArgument,
                         "sequences of " + std::to_string(options.tokens) + " tokens are longer than the " +
                             std::to_string(state->model.positions) + " positions prepared");
    ArenaPlan plan;
    Carver measure(plan, nullptr);
    carveBuffers(measure, state->config, state->runtime.precision(), options);
    state->memory = TRY_AT(DeviceBuffer::create(state->backend, plan.totalBytes()), "activations");
    ArenaPlan again;
    Carver carve(again, state->memory.data());
    state->buffers = carveBuffers(carve, state->config, state->runtime.precision(), options);
    return TrainingPass(std::move(state));
}

TrainingPass::TrainingPass(std::unique_ptr<State> state) : m_state(std::move(state)) {}
TrainingPass::TrainingPass(TrainingPass&&) noexcept = default;
TrainingPass& TrainingPass::operator=(TrainingPass&&) noexcept = default;
TrainingPass::~TrainingPass() = default;

Result<void> TrainingPass::State::takeBatch(const Batch& input) {
    const std::size_t count = static_cast<std::size_t>(input.batch) * static_cast<std::size_t>(input.tokens);
    if (input.batch < 1 || input.tokens < 1 || input.tokens > options.tokens ||
        count > static_cast<std::size_t>(options.batch) * static_cast<std::size_t>(options.tokens) ||
        input.inputIds.size() != count || input.labels.size() != count || input.documentStart.size() != count ||
        input.positions.size() != count)
        return makeError(ErrorCode::InvalidArgument,
                         "a batch of " + std::to_string(input.batch) + " x " + std::to_string(input.tokens) +
                             " tokens does not fit a pass made for " + std::to_string(options.batch) + " x " +
                             std::to_string(options.tokens));
    batch = input.batch;
    tokens = input.tokens;
    rows = batch * tokens;
    packed = false;
    targetRows.clear();
    targets.clear();
    for (int s = 0; s < batch; ++s) {
        for (int t = 0; t < tokens; ++t) {
            const std::size_t m =
                static_cast<std::size_t>(s) * static_cast<std::size_t>(tokens) + static_cast<std::size_t>(t);
            const auto place = [&] { return "sequence " + std::to_string(s) + ", token " + std::to_string(t); };
            if (input.inputIds[m] < 0 || input.inputIds[m] >= config.vocabSize)
                return makeError(ErrorCode::InvalidData,
                                 "token id " + std::to_string(input.inputIds[m]) + " lies outside the vocabulary of " +
                                     std::to_string(config.vocabSize),
                                 place());
            if (input.documentStart[m] < 0 || input.documentStart[m] > t || input.positions[m] < 0 ||
                input.positions[m] >= model.positions)
                return makeError(ErrorCode::InvalidData,
                                 "a document starts at " + std::to_string(input.documentStart[m]) +
                                     " or its position " + std::to_string(input.positions[m]) + " is out of range",
                                 place());
            packed = packed || input.documentStart[m] != 0;
            if (t + 1 == tokens) continue;
            const std::int32_t label = input.labels[m + 1];
            // A document's first token is never a label, whatever the file says.
            if (label == kIgnoredLabel || input.documentStart[m + 1] == t + 1) continue;
            if (label < 0 || label >= config.vocabSize)
                return makeError(ErrorCode::InvalidData,
                                 "label " + std::to_string(label) + " lies outside the vocabulary", place());
            targetRows.push_back(static_cast<std::int32_t>(m));
            targets.push_back(label);
        }
    }
    targetCount = static_cast<int>(targets.size());
    TRY_VOID(runtime.upload(buffers.ids, input.inputIds.data(), count));
    TRY_VOID(runtime.upload(buffers.positions, input.positions.data(), count));
    if (packed) TRY_VOID(runtime.upload(buffers.documentStart, input.documentStart.data(), count));
    if (targetCount > 0) {
        TRY_VOID(runtime.upload(buffers.targetRows, targetRows.data(), targetRows.size()));
        TRY_VOID(runtime.upload(buffers.targets, targets.data(), targets.size()));
    }
    return {};
}

AttentionArgs TrainingPass::State::attentionArgs(int layer) const {
    const BlockBuffers& k = buffers.layers[static_cast<std::size_t>(layer)];
    AttentionArgs a;
    a.batch = batch;
    a.tokens = tokens;
    a.heads = config.numHeads;
    a.kvHeads = config.numKvHeads;
    a.headDim = config.headDim;
    a.q = k.qk;
    a.k = k.qk + config.queryWidth();
    a.v = k.qkv + qkWidth();
    a.qStride = a.kStride = qkWidth();
    a.vStride = qkvWidth();
    if (packed) a.documentStart = buffers.documentStart;
    a.softCap = static_cast<float>(config.attnLogitSoftCap.value_or(0.0));
    a.out = k.attn;
    a.lse = k.lse;
    return a;
}

Result<void> TrainingPass::State::layerForward(int layer, DevicePtr<float> out) {
    return blockForward(model, layer, rows, buffers.layers[static_cast<std::size_t>(layer)], buffers.positions, out,
                        [&] { return backend.attention(runtime.exec(), attentionArgs(layer)); });
}

Result<void> TrainingPass::State::layerBackward(int layer, Gradients& gradients) {
    const BlockBuffers& k = buffers.layers[static_cast<std::size_t>(layer)];
    const LayerOffsets& offsets = weights->layout().layers[static_cast<std::size_t>(layer)];
    const Exec& exec = runtime.exec();
    const auto gradient = [&](std::size_t offset) {
        return offset == LayerOffsets::npos ? DevicePtr<float>() : gradients.at(offset);
    };
    const auto normBackward = [&](TypedPtr x, std::size_t norm, int width, DevicePtr<float> rstd, TypedPtr dOut,
                                  TypedPtr dX, bool accumulate) {
        NormBackwardArgs a;
        a.rows = rows;
        a.width = width;
        a.x = x;
        a.weight = weights->norm(norm);
        a.rstd = rstd;
        a.dOut = dOut;
        a.dX = dX;
        a.accumulate = accumulate;
        a.dWeight = gradient(norm);
        return backend.normBackward(exec, a);
    };

    // The MLP half: dx is the gradient of the layer's output, and reaches xMid through the residual unchanged.
    TRY_VOID(backend.linearBackward(
        exec, {rows, weights->down(layer), k.downIn, typed(buffers.dx), buffers.dHidden, gradient(offsets.down)}));
    SwigluBackwardArgs s;
    s.rows = rows;
    s.width = config.mlpHiddenDim;
    s.gateUp = k.gateUp;
    s.subNorm = weights->norm(offsets.mlpSubNorm);
    s.rstd = k.downRstd;
    s.dOut = buffers.dHidden;
    s.dGateUp = k.gateUp;  // in place: nothing reads gate and up again
    s.dSubNorm = gradient(offsets.mlpSubNorm);
    TRY_VOID(backend.swigluBackward(exec, s));
    TRY_VOID(backend.linearBackward(
        exec, {rows, weights->gateUp(layer), k.mlpIn, k.gateUp, buffers.dNorm, gradient(offsets.gateUp)}));
    TRY_VOID(normBackward(typed(k.xMid), offsets.postNorm, config.hiddenDim, k.mlpRstd, buffers.dNorm,
                          typed(buffers.dx), true));

    // The attention half.
    TRY_VOID(backend.linearBackward(
        exec, {rows, weights->o(layer), k.oIn, typed(buffers.dx), buffers.dAttn, gradient(offsets.o)}));
    TypedPtr dAttn = buffers.dAttn;
    if (config.useSubNorm) {
        TRY_VOID(normBackward(k.attn, offsets.attnSubNorm, config.queryWidth(), k.oRstd, buffers.dAttn,
                              buffers.dAttnSub, false));
        dAttn = buffers.dAttnSub;
    }
    AttentionBackwardArgs a;
    a.forward = attentionArgs(layer);
    a.dOut = dAttn;
    a.dQ = buffers.dQk;
    a.dK = buffers.dQk + config.queryWidth();
    a.dV = buffers.dQkv + qkWidth();
    a.dQStride = a.dKStride = qkWidth();
    a.dVStride = qkvWidth();
    TRY_VOID(backend.attentionBackward(exec, a));
    const QkNormRopeArgs rope = blockRopeArgs(model, layer, rows, k, buffers.positions);
    QkNormRopeBackwardArgs r;
    r.rows = rows;
    r.heads = rope.heads;
    r.kvHeads = rope.kvHeads;
    r.headDim = rope.headDim;
    r.qkv = rope.qkv;
    r.qNorm = rope.qNorm;
    r.kNorm = rope.kNorm;
    r.normEps = rope.normEps;
    r.positions = rope.positions;
    r.ropeTable = rope.ropeTable;
    r.dQk = buffers.dQk;
    r.dQkv = buffers.dQkv;
    r.dQNorm = gradient(offsets.qNorm);
    r.dKNorm = gradient(offsets.kNorm);
    TRY_VOID(backend.qkNormRopeBackward(exec, r));
    TRY_VOID(backend.linearBackward(
        exec, {rows, weights->qkv(layer), k.attnIn, buffers.dQkv, buffers.dNorm, gradient(offsets.qkv)}));
    return normBackward(typed(k.x), offsets.inputNorm, config.hiddenDim, k.attnRstd, buffers.dNorm, typed(buffers.dx),
                        true);
}

Result<void> TrainingPass::State::forward() {
    TRY_VOID(embedForward(model, rows, buffers.ids, buffers.layers.front().x));
    for (int layer = 0; layer < config.numLayers; ++layer)
        TRY_VOID(layerForward(layer, layer + 1 < config.numLayers
                                         ? buffers.layers[static_cast<std::size_t>(layer) + 1].x
                                         : buffers.xOut));
    return finalNormForward(model, rows, buffers.xOut, buffers.normed, buffers.finalRstd);
}

HeadLossArgs TrainingPass::State::lossArgs(float smoothing) const {
    HeadLossArgs a;
    a.rows = rows;
    a.targetCount = targetCount;
    a.head = model.head;
    a.x = buffers.normed;
    a.targetRows = buffers.targetRows;
    a.targets = buffers.targets;
    a.softCap = static_cast<float>(config.finalLogitSoftCap.value_or(0.0));
    a.labelSmoothing = smoothing;
    a.losses = buffers.losses;
    return a;
}

Result<double> TrainingPass::State::sumLosses() {
    losses.resize(static_cast<std::size_t>(targetCount));
    TRY_VOID(runtime.download(losses.data(), DevicePtr<const float>(buffers.losses), losses.size()));
    double sum = 0;
    for (const float loss : losses) sum += loss;
    return sum;
}

Result<double> TrainingPass::run(const Batch& batch, float gradientScale, Gradients& gradients) {
    State& s = *m_state;
    if (s.options.keep == PassOptions::Keep::Nothing)
        return makeError(ErrorCode::Internal, "this pass was made for evaluation");
    TRY_VOID(s.takeBatch(batch));
    if (s.targetCount == 0)
        return 0.0;  // nothing to learn from; a step without any label at all is the trainer's error
    TRY_VOID(s.forward());
    HeadLossArgs a = s.lossArgs(static_cast<float>(s.options.labelSmoothing));
    a.gradientScale = gradientScale;
    a.dX = s.buffers.dNorm;
    a.dHead = gradients.at(s.weights->layout().head);
    TRY_VOID(s.backend.headLoss(s.runtime.exec(), a));
    NormBackwardArgs n;
    n.rows = s.rows;
    n.width = s.config.hiddenDim;
    n.x = typed(s.buffers.xOut);
    n.weight = s.weights->norm(s.weights->layout().norm);
    n.rstd = s.buffers.finalRstd;
    n.dOut = s.buffers.dNorm;
    n.dX = typed(s.buffers.dx);
    n.dWeight = gradients.at(s.weights->layout().norm);
    TRY_VOID(s.backend.normBackward(s.runtime.exec(), n));
    for (int layer = s.config.numLayers - 1; layer >= 0; --layer) {
        // What the last layer's forward left is still there.
        const bool recompute = s.options.keep == PassOptions::Keep::LayerInputs && layer + 1 < s.config.numLayers;
        if (recompute) TRY_VOID(s.layerForward(layer, nullptr));
        TRY_VOID(s.layerBackward(layer, gradients));
    }
    EmbedBackwardArgs e;
    e.rows = s.rows;
    e.width = s.config.hiddenDim;
    e.vocabulary = s.config.vocabSize;
    e.ids = s.buffers.ids;
    e.dOut = s.buffers.dx;
    e.dTable = gradients.at(s.weights->layout().embedding);
    TRY_VOID(s.backend.embedBackward(s.runtime.exec(), e));
    return s.sumLosses();
}

Result<double> TrainingPass::evaluate(const Batch& batch) {
    State& s = *m_state;
    TRY_VOID(s.takeBatch(batch));
    if (s.targetCount == 0) return 0.0;
    TRY_VOID(s.forward());
    TRY_VOID(s.backend.headLoss(s.runtime.exec(), s.lossArgs(0.0f)));
    return s.sumLosses();
}

Result<void> TrainingPass::logits(const Batch& batch, const std::function<Result<void>(int, int, const float*)>& take) {
    State& s = *m_state;
    if (!s.buffers.logits)
        return makeError(ErrorCode::Internal, "this pass was made for training and has no room for logits");
    TRY_VOID(s.takeBatch(batch));
    TRY_VOID(s.forward());
    std::vector<float> host(take ? static_cast<std::size_t>(kLogitRows) * static_cast<std::size_t>(s.config.vocabSize)
                                 : 0);
    for (int first = 0; first < s.rows; first += kLogitRows) {
        const int count = std::min(kLogitRows, s.rows - first);
        TRY_VOID(headLogitsForward(s.model, count,
                                   s.buffers.normed + static_cast<std::ptrdiff_t>(first) * s.config.hiddenDim,
                                   s.buffers.logits));
        if (!take) continue;
        TRY_VOID(s.runtime.download(host.data(), DevicePtr<const float>(s.buffers.logits),
                                    static_cast<std::size_t>(count) * static_cast<std::size_t>(s.config.vocabSize)));
        TRY_VOID(take(first, count, host.data()));
    }
    return s.runtime.synchronize();
}

}  // namespace distillix
