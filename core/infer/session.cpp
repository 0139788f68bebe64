// SPDX-License-Identifier: Apache-2.0
#include "core/infer/session.h"

#include <algorithm>
#include <utility>

#include "core/model/block.h"
#include "core/model/weights.h"

namespace distillix {

namespace {

struct Buffers {
    BlockBuffers block;
    std::vector<KvCache> caches;   // [1, capacity, Hkv, h] a layer
    DevicePtr<std::int32_t> step;  // [2 + 2·chunk] past, that of the last row alone, then ids, then positions
    DevicePtr<std::int32_t> sampled;
    DevicePtr<std::int32_t> recent;  // [capacity]
    DevicePtr<float> uniform;
    TypedPtr normed;          // [chunk, d]
    DevicePtr<float> logits;  // [1, V]
};

Buffers carveBuffers(Carver& carve, const ModelConfig& c, Precision precision, int capacity, int chunk, DType type) {
    Buffers b;
    const std::size_t rows = static_cast<std::size_t>(chunk);
    carveBlock(carve, c, precision.activation, rows, "activations", b.block);
    b.block.x = b.block.xMid = carve.array<float>("activations", rows * static_cast<std::size_t>(c.hiddenDim));
    b.normed = carve.typedArray("activations", rows * static_cast<std::size_t>(c.hiddenDim), precision.activation);
    const std::size_t cache = static_cast<std::size_t>(capacity) * static_cast<std::size_t>(c.keyWidth());
    for (int layer = 0; layer < c.numLayers; ++layer) {
        KvCache kv;
        kv.keys = carve.typedArray("key/value cache", cache, type);
        kv.values = carve.typedArray("key/value cache", cache, type);
        if (type == DType::I8) {
            const std::size_t scales = static_cast<std::size_t>(capacity) * static_cast<std::size_t>(c.numKvHeads);
            kv.keyScales = carve.array<float>("key/value cache", scales);
            kv.valueScales = carve.array<float>("key/value cache", scales);
        }
        kv.capacity = capacity;
        b.caches.push_back(kv);
    }
    b.step = carve.array<std::int32_t>("batch", 2 + 2 * rows);
    b.sampled = carve.array<std::int32_t>("batch", 1);
    b.recent = carve.array<std::int32_t>("batch", static_cast<std::size_t>(capacity));
    b.uniform = carve.array<float>("batch", 1);
    b.logits = carve.array<float>("logits", static_cast<std::size_t>(c.vocabSize));
    return b;
}

}  // namespace

Workload sessionWorkload(const ModelConfig& c, int chunk) {
    Workload w;
    w.rows = chunk;
    w.sequence = c.maxSeqLen;
    w.hidden = c.hiddenDim;
    w.heads = c.numHeads;
    w.kvHeads = c.numKvHeads;
    w.headDim = c.headDim;
    w.mlp = c.mlpHiddenDim;
    w.vocabulary = c.vocabSize;
    w.losses = false;
    return w;
}

struct InferenceSession::State {
    ModelView model;
    Runtime& runtime;
    Backend& backend;
    const ModelConfig& config;
    int capacity, chunk;
    DeviceBuffer memory;
    Buffers buffers;
    std::vector<std::int32_t> tokens;
    bool logitsReady = false;
    Graph decode;          // one token's step, where the backend records graphs
    bool decoded = false;  // one such step has run

    ~State() {
        if (!decode) return;
        const auto finished = runtime.synchronize();
        (void)finished;  // what failed has been told to whoever queued it
        backend.destroyGraph(decode);
    }
    State(const ModelView& view, int cap, int rows)
        : model(view),
          runtime(*view.runtime),
          backend(view.runtime->backend()),
          config(model.config),
          capacity(cap),
          chunk(rows) {}

    Result<void> forward(std::span<const std::int32_t> ids, bool last);
    Result<void> compute(int rows, bool last);
    Result<void> decodeStep();
};

InferenceSession::InferenceSession(std::unique_ptr<State> state) : m_state(std::move(state)) {}
InferenceSession::InferenceSession(InferenceSession&&) noexcept = default;
InferenceSession& InferenceSession::operator=(InferenceSession&&) noexcept = default;
InferenceSession::~InferenceSession() = default;

Result<InferenceSession> InferenceSession::create(const ModelWeights& weights, int capacity, int chunk) {
    return create(weights.view(), capacity, chunk, DType::F32);
}

Result<InferenceSession> InferenceSession::create(const ModelView& model, int capacity, int chunk, DType cache) {
    if (capacity < 1 || chunk < 1 || capacity > model.positions)
        return makeError(ErrorCode::InvalidArgument, "a context of " + std::to_string(capacity) +
                                                         " tokens is outside 1 to " + std::to_string(model.positions));
    auto state = std::make_unique<State>(model, capacity, std::min(chunk, capacity));
    ArenaPlan plan;
    Carver measure(plan, nullptr);
    carveBuffers(measure, state->config, state->runtime.precision(), capacity, state->chunk, cache);
    state->memory = TRY_AT(DeviceBuffer::create(state->backend, plan.totalBytes()), "context");
    ArenaPlan again;
    Carver carve(again, state->memory.data());
    state->buffers = carveBuffers(carve, state->config, state->runtime.precision(), capacity, state->chunk, cache);
    return InferenceSession(std::move(state));
}

int InferenceSession::capacity() const {
    return m_state->capacity;
}
int InferenceSession::length() const {
    return static_cast<int>(m_state->tokens.size());
}
const std::vector<std::int32_t>& InferenceSession::tokens() const {
    return m_state->tokens;
}

Result<void> InferenceSession::State::forward(std::span<const std::int32_t> ids, bool last) {
    const int rows = static_cast<int>(ids.size());
    const std::int32_t past = static_cast<std::int32_t>(tokens.size());
    // One upload: on a card each costs as much as a kernel.
    std::vector<std::int32_t> step = {past, past + rows - 1};
    step.insert(step.end(), ids.begin(), ids.end());
    for (int i = 0; i < rows; ++i) step.push_back(past + i);
    TRY_VOID(runtime.upload(buffers.step, step.data(), step.size()));
    TRY_VOID(rows == 1 && last && backend.recordsGraphs() ? decodeStep() : compute(rows, last));
    tokens.insert(tokens.end(), ids.begin(), ids.end());
    return {};
}

/// One token's step is the same every time: position and number of past tokens are read from the backend's memory. So
/// it is recorded the second time and queued as a whole from then on. The first time it runs as it is: what a device
/// loads or looks up when an operation is first used is then there before anything is recorded.
Result<void> InferenceSession::State::decodeStep() {
    if (!decoded) {
        TRY_VOID(compute(1, true));
        decoded = true;
        return {};
    }
    if (!decode) {
        TRY_VOID(backend.beginGraph(runtime.stream()));
        Result<void> recorded = compute(1, true);
        auto graph = backend.endGraph(runtime.stream());
        if (!recorded.ok()) {
            if (graph.ok()) backend.destroyGraph(*graph);
            return recorded;
        }
        decode = TRY(std::move(graph));
    }
    return backend.queueGraph(runtime.stream(), decode);
}

/// What stands in the buffers' ids, through all layers. Without `last` up to the last layer's keys and values.
Result<void> InferenceSession::State::compute(int rows, bool last) {
    const DevicePtr<const std::int32_t> past = buffers.step, lastPast = past + 1, ids = past + 2,
                                        positions = ids + rows;
    TRY_VOID(embedForward(model, rows, ids, buffers.block.x));
    const int qk = config.queryWidth() + config.keyWidth(), qkv = qk + config.keyWidth();
    BlockBuffers block = buffers.block;
    for (int layer = 0; layer < config.numLayers; ++layer) {
        TRY_VOID(blockProjection(model, layer, rows, block));
        const QkNormRopeArgs rope = blockRopeArgs(model, layer, rows, block, positions);
        KvAppendArgs append;
        append.batch = 1;
        append.tokens = rows;
        append.kvHeads = config.numKvHeads;
        append.headDim = config.headDim;
        append.k = block.qk + config.queryWidth();
        append.v = block.qkv + qk;
        append.kStride = qk;
        append.vStride = qkv;
        append.past = past;
        append.cache = buffers.caches[static_cast<std::size_t>(layer)];
        const bool ends = layer + 1 == config.numLayers;
        if (ends && !last) {  // nothing but keys and values is needed
            TRY_VOID(backend.qkNormRope(runtime.exec(), rope));
            return backend.kvAppend(runtime.exec(), append);
        }
        const int count = ends ? 1 : rows;  // rows that go on: behind the last layer's keys and values one is needed
        block.qk = block.qk + static_cast<std::ptrdiff_t>(rows - count) * qk;
        CachedAttentionArgs a;
        a.batch = 1;
        a.tokens = count;
        a.heads = config.numHeads;
        a.kvHeads = config.numKvHeads;
        a.headDim = config.headDim;
        a.q = block.qk;
        a.qStride = qk;
        a.cache = append.cache;
        a.past = count == rows ? past : lastPast;
        a.softCap = static_cast<float>(config.attnLogitSoftCap.value_or(0.0));
        a.out = block.attn;
        TRY_VOID(backend.extendAttention(runtime.exec(), rope, append, a));
        block.x = block.xMid = block.x + static_cast<std::ptrdiff_t>(rows - count) * config.hiddenDim;
        TRY_VOID(blockFromAttention(model, layer, count, block, block.x));
    }
    TRY_VOID(finalNormForward(model, 1, block.x, buffers.normed, nullptr));
    return headLogitsForward(model, 1, buffers.normed, buffers.logits);
}

Result<void> InferenceSession::append(std::span<const std::int32_t> ids) {
    State& s = *m_state;
    if (ids.empty()) return {};
    if (s.tokens.size() + ids.size() > static_cast<std::size_t>(s.capacity))
        return makeError(ErrorCode::InvalidArgument,
                         std::to_string(s.tokens.size() + ids.size()) + " tokens do not fit the context of " +
                             std::to_string(s.capacity) + "; shorten the prompt or start a new conversation");
    for (const std::int32_t id : ids) {
        if (id < 0 || id >= s.config.vocabSize)
            return makeError(ErrorCode::InvalidData, "token id " + std::to_string(id) +
                                                         " lies outside the model's vocabulary of " +
                                                         std::to_string(s.config.vocabSize));
    }
    const std::size_t before = s.tokens.size();
    s.logitsReady = false;
    for (std::size_t done = 0; done < ids.size();) {
        const std::size_t count = std::min(static_cast<std::size_t>(s.chunk), ids.size() - done);
        auto result = s.forward(ids.subspan(done, count), done + count == ids.size());
        if (!result.ok()) {
            s.tokens.resize(before);
            return result;
        }
        done += count;
    }
    s.logitsReady = true;
    return {};
}

Result<void> InferenceSession::wait() {
    return m_state->runtime.synchronize();
}

void InferenceSession::truncate(int length) {
    if (length < this->length()) {
        m_state->tokens.resize(static_cast<std::size_t>(std::max(length, 0)));
        m_state->logitsReady = false;
    }
}

Result<int> InferenceSession::setTokens(std::span<const std::int32_t> ids) {
    std::size_t shared = 0;
    while (shared < ids.size() && shared < m_state->tokens.size() && ids[shared] == m_state->tokens[shared]) ++shared;
    if (shared == ids.size() && shared > 0) --shared;
    truncate(static_cast<int>(shared));
    TRY_VOID(append(ids.subspan(shared)));
    return static_cast<int>(shared);
}

Result<std::vector<float>> InferenceSession::logits() {
    State& s = *m_state;
    if (!s.logitsReady) return makeError(ErrorCode::Internal, "no token has been appended since the context changed");
    std::vector<float> values(static_cast<std::size_t>(s.config.vocabSize));
    TRY_VOID(s.runtime.download(values.data(), DevicePtr<const float>(s.buffers.logits), values.size()));
    return values;
}

Result<std::int32_t> InferenceSession::sample(const TokenChoice& choice) {
    State& s = *m_state;
    if (!s.logitsReady) return makeError(ErrorCode::Internal, "no token has been appended since the context changed");
    if (choice.recent.size() > static_cast<std::size_t>(s.capacity))
        return makeError(ErrorCode::InvalidArgument, "the repetition penalty looks back further than the context");
    TRY_VOID(s.runtime.upload(s.buffers.uniform, &choice.uniform, 1));
    SampleArgs a;
    a.rows = 1;
    a.vocabulary = s.config.vocabSize;
    a.logits = s.buffers.logits;
    a.temperature = choice.temperature;
    a.topK = choice.topK;
    a.topP = choice.topP;
    a.minP = choice.minP;
    a.repetitionPenalty = choice.repetitionPenalty;
    if (choice.repetitionPenalty != 1 && !choice.recent.empty()) {
        TRY_VOID(s.runtime.upload(s.buffers.recent, choice.recent.data(), choice.recent.size()));
        a.recent = s.buffers.recent;
        a.recentCount = static_cast<int>(choice.recent.size());
    }
    a.uniform = s.buffers.uniform;
    a.tokens = s.buffers.sampled;
    TRY_VOID(s.backend.sample(s.runtime.exec(), a));
    std::int32_t token = 0;
    TRY_VOID(s.runtime.download(&token, DevicePtr<const std::int32_t>(s.buffers.sampled), 1));
    return token;
}

}  // namespace distillix
