// SPDX-License-Identifier: Apache-2.0
#include "core/bench/op_bench.h"

#include <algorithm>
#include <numeric>

#include "core/base/clock.h"
#include "core/base/rng.h"
#include "core/model/block.h"
#include "core/model/training_pass.h"

namespace distillix {

namespace {

/// Runs operations over one layer's buffers and writes down how long they take.
class OpBench {
  public:
    OpBench(Runtime& runtime, int repeat, const std::vector<Peak>& peaks,
            const std::function<void(const std::string&)>& progress, StopToken stop)
        : m_runtime(runtime),
          m_queued(runtime.backend().info().name != "cpu"),
          m_repeat(repeat),
          m_peaks(peaks),
          m_progress(progress),
          m_stop(std::move(stop)) {}

    Result<void> measure(const std::string& operation, const std::string& shape, const std::string& type, double work,
                         const std::function<Result<void>()>& run) {
        if (m_stop.raised()) return makeError(ErrorCode::Cancelled, "the benchmark was stopped");
        if (m_progress) m_progress(operation + " " + shape);
        const auto timed = [&](int runs) -> Result<double> {
            const double start = steadyNow();
            for (int n = 0; n < runs; ++n) TRY_VOID(run());
            TRY_VOID(m_runtime.synchronize());
            return (steadyNow() - start) / runs;
        };
        TRY(timed(1));  // warms up
        int runs = 1;
        if (m_queued) runs = std::clamp(static_cast<int>(kQueuedSeconds / TRY(timed(1))), 1, 200);
        std::vector<double> seconds;
        for (int n = 0; n < m_repeat; ++n) seconds.push_back(TRY(timed(runs)));
        std::nth_element(seconds.begin(), seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2),
                         seconds.end());
        OpBenchRow row{operation, shape, seconds[seconds.size() / 2], type, work, 0};
        double peak = 0;
        for (const Peak& p : m_peaks)
            if (p.type == type) peak = std::max(peak, p.perSecond);
        if (peak > 0) row.share = work / row.seconds / peak;
        rows.push_back(row);
        return {};
    }

    std::vector<OpBenchRow> rows;

  private:
    /// On a device that works behind a queue, so many seconds of one operation are queued at once: starting the first
    /// and waiting for the last take microseconds each, as small operations do.
    static constexpr double kQueuedSeconds = 0.005;

    Runtime& m_runtime;
    bool m_queued;
    int m_repeat;
    const std::vector<Peak>& m_peaks;
    const std::function<void(const std::string&)>& m_progress;
    StopToken m_stop;
};

std::string shapeText(std::initializer_list<int> sizes) {
    std::string text;
    for (const int size : sizes) text += (text.empty() ? "" : " x ") + std::to_string(size);
    return text;
}

}  // namespace

Result<OpBenchResult> benchOperations(Backend& backend, const ModelConfig& given, int rows, int tokens, int repeat,
                                      const std::string& precisionName,
                                      const std::function<void(const std::string&)>& progress, StopToken stop) {
    OpBenchResult result;
    if (backend.info().name == "cpu") {
        if (progress) progress("the processor's peaks");
        result.peaks = measurePeaks(backend.info().threads);
    } else {
        result.peaks = cardPeaks(backend.info().device);
    }

    ModelConfig model = given;
    model.numLayers = 1;  // all layers are alike
    const int d = model.hiddenDim, f = model.mlpHiddenDim, q = model.queryWidth(), kv = model.keyWidth(), qk = q + kv;
    const Precision precision = TRY(choosePrecision(backend, precisionName, model.useBitlinear));
    const std::string product = precision.product == DType::F32 ? "float32" : "16-bit";
    PassOptions options;
    options.tokens = std::min(tokens, rows);
    options.batch = std::max(1, rows / options.tokens);
    rows = options.batch * options.tokens;
    Runtime runtime = TRY(Runtime::create(backend, precision, passWorkload(model, options)));
    ModelWeights weights = TRY(ModelWeights::create(runtime, model, options.tokens, true));
    TRY_VOID(weights.initialize(1));
    TRY_VOID(weights.prepare());
    Gradients gradients = TRY(Gradients::create(runtime, weights.layout()));

    const std::size_t count = static_cast<std::size_t>(rows);
    ArenaPlan plan;
    const auto layOut = [&](Carver& carve, BlockBuffers& block, std::vector<TypedPtr>& wide,
                            std::vector<DevicePtr<std::int32_t>>& ints, DevicePtr<float>& losses) {
        carveBlock(carve, model, precision.activation, count, "bench", block);
        block.x = carve.array<float>("bench", count * static_cast<std::size_t>(d));
        block.xMid = carve.array<float>("bench", count * static_cast<std::size_t>(d));
        for (int i = 0; i < 3; ++i)
            wide.push_back(carve.typedArray("bench", count * static_cast<std::size_t>(std::max(2 * f, qk + kv)),
                                            precision.activation));
        for (int i = 0; i < 3; ++i) ints.push_back(carve.array<std::int32_t>("bench", count));
        losses = carve.array<float>("bench", count);
    };
    BlockBuffers block;
    std::vector<TypedPtr> wide;
    std::vector<DevicePtr<std::int32_t>> ints;
    DevicePtr<float> losses;
    Carver measure(plan, nullptr);
    layOut(measure, block, wide, ints, losses);
    const DeviceBuffer memory = TRY(DeviceBuffer::create(backend, plan.totalBytes()));
    wide.clear();
    ints.clear();
    ArenaPlan again;
    Carver carve(again, memory.data());
    layOut(carve, block, wide, ints, losses);

    // Ordinary numbers everywhere, read as 16 or 32 bits: speed must not depend on them, but denormals would.
    std::vector<BFloat16> noise(plan.totalBytes() / sizeof(BFloat16));
    Rng rng(1);
    for (BFloat16& value : noise) {
        const double magnitude = 0.25 + 0.25 * rng.uniform();
        value = BFloat16(static_cast<float>(rng.below(2) ? magnitude : -magnitude));
    }
    TRY_VOID(backend.copyToDevice(runtime.stream(), memory.data(), noise.data(), noise.size() * sizeof(BFloat16)));
    std::vector<std::int32_t> positions(count), ids(count), every(count);
    for (std::size_t i = 0; i < count; ++i)
        positions[i] = static_cast<std::int32_t>(i % static_cast<std::size_t>(options.tokens));
    for (auto& id : ids) id = static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(model.vocabSize)));
    std::iota(every.begin(), every.end(), 0);
    TRY_VOID(runtime.upload(ints[0], positions.data(), count));
    TRY_VOID(runtime.upload(ints[1], ids.data(), count));
    TRY_VOID(runtime.upload(ints[2], every.data(), count));

    const Exec& exec = runtime.exec();
    OpBench bench(runtime, repeat, result.peaks, progress, std::move(stop));
    const auto bytes = [&](double perRow) { return perRow * rows; };
    const double element = static_cast<double>(dtypeBytes(precision.activation));
    const std::string attentionType = precision.activation == DType::F32 ? "float32" : "16-bit";

    NormQuantizeArgs norm;
    norm.rows = rows;
    norm.width = d;
    norm.x = typed(block.x);
    norm.weight = weights.norm(weights.layout().layers[0].inputNorm);
    norm.out = block.attnIn;
    norm.rstd = block.attnRstd;
    TRY_VOID(bench.measure("normQuantize", shapeText({rows, d}), "bytes", bytes(5.0 * d),
                           [&] { return backend.normQuantize(exec, norm); }));
    // Valid codes and scales for the layers that follow.
    norm.out = block.mlpIn;
    TRY_VOID(backend.normQuantize(exec, norm));
    norm.x = block.attn;
    norm.width = q;
    norm.weight = nullptr;
    norm.rstd = nullptr;
    norm.out = block.oIn;
    if (block.oIn.codes) TRY_VOID(backend.normQuantize(exec, norm));

    SwigluArgs swiglu;
    swiglu.rows = rows;
    swiglu.width = f;
    swiglu.gateUp = block.gateUp;
    swiglu.subNorm = weights.norm(weights.layout().layers[0].mlpSubNorm);
    swiglu.out = block.downIn;
    swiglu.rstd = block.downRstd;
    TRY_VOID(bench.measure("swiglu", shapeText({rows, f}), "bytes", bytes((2 * element + 1) * f),
                           [&] { return backend.swiglu(exec, swiglu); }));

    const std::string forwardType = model.useBitlinear ? "int8" : "float32";
    struct Layer {
        const char* name;
        LinearWeight weight;
        LinearInput input;
        std::size_t gradient;
    };
    const LayerOffsets& offsets = weights.layout().layers[0];
    const std::vector<Layer> layers = {{"q, k, v", weights.qkv(0), block.attnIn, offsets.qkv},
                                       {"o", weights.o(0), block.oIn, offsets.o},
                                       {"gate, up", weights.gateUp(0), block.mlpIn, offsets.gateUp},
                                       {"down", weights.down(0), block.downIn, offsets.down}};
    for (const Layer& layer : layers) {
        const LinearShape& s = layer.weight.shape;
        const double work = 2.0 * rows * s.in * s.out;
        TRY_VOID(bench.measure(
            std::string("linearForward ") + layer.name, shapeText({rows, s.in, s.out}), forwardType, work, [&] {
                return backend.linearForward(exec, {rows, layer.weight, layer.input, wide[0], nullptr});
            }));
        TRY_VOID(bench.measure(
            std::string("linearBackward ") + layer.name, shapeText({rows, s.in, s.out}), product, 2 * work, [&] {
                return backend.linearBackward(
                    exec, {rows, layer.weight, layer.input, wide[0], wide[1], gradients.at(layer.gradient)});
            }));
    }
    for (const Layer& layer : layers) {
        // One token: the weights are read once, at two bits (or four bytes) each.
        const LinearShape& s = layer.weight.shape;
        TRY_VOID(bench.measure(std::string("linearForward ") + layer.name, shapeText({1, s.in, s.out}), "bytes",
                               static_cast<double>(s.in) * s.out * (model.useBitlinear ? 0.25 : 4.0), [&] {
                                   return backend.linearForward(exec, {1, layer.weight, layer.input, wide[0], nullptr});
                               }));
    }

    const QkNormRopeArgs rope = blockRopeArgs(weights.view(), 0, rows, block, ints[0]);
    TRY_VOID(bench.measure("qkNormRope", shapeText({rows, qk}), "bytes", bytes(2 * element * qk),
                           [&] { return backend.qkNormRope(exec, rope); }));
    AttentionArgs attention;
    attention.batch = options.batch;
    attention.tokens = options.tokens;
    attention.heads = model.numHeads;
    attention.kvHeads = model.numKvHeads;
    attention.headDim = model.headDim;
    attention.q = block.qk;
    attention.k = block.qk + q;
    attention.v = block.qkv + qk;
    attention.qStride = attention.kStride = qk;
    attention.vStride = qk + kv;
    attention.softCap = static_cast<float>(model.attnLogitSoftCap.value_or(0.0));
    attention.out = block.attn;
    attention.lse = block.lse;
    const double scores = 2.0 * 2.0 * 0.5 * options.tokens * rows * q;
    const std::string attentionShape = shapeText({options.batch, options.tokens, model.numHeads, model.headDim});
    TRY_VOID(bench.measure("attention", attentionShape, attentionType, scores,
                           [&] { return backend.attention(exec, attention); }));
    AttentionBackwardArgs backward;
    backward.forward = attention;
    backward.dOut = wide[2];
    backward.dQ = wide[0];
    backward.dK = wide[0] + q;
    backward.dV = wide[1] + qk;
    backward.dQStride = backward.dKStride = qk;
    backward.dVStride = qk + kv;
    TRY_VOID(bench.measure("attentionBackward", attentionShape, attentionType, 2.5 * scores,
                           [&] { return backend.attentionBackward(exec, backward); }));

    HeadLossArgs head;
    head.rows = head.targetCount = rows;
    head.head = weights.head();
    head.x = wide[2];
    head.targetRows = ints[2];
    head.targets = ints[1];
    head.softCap = static_cast<float>(model.finalLogitSoftCap.value_or(0.0));
    head.losses = losses;
    head.gradientScale = 1.0f / static_cast<float>(rows);
    head.dX = wide[1];
    head.dHead = gradients.at(weights.layout().head);
    TRY_VOID(bench.measure("headLoss with gradients", shapeText({rows, d, model.vocabSize}), product,
                           6.0 * rows * d * model.vocabSize, [&] { return backend.headLoss(exec, head); }));
    result.rows = std::move(bench.rows);
    return result;
}

}  // namespace distillix
