// SPDX-License-Identifier: Apache-2.0
#include "core/optim/optimizer.h"

#include <cmath>
#include <utility>

namespace distillix {

namespace {
using Kind = Parameter::Kind;

std::size_t roundUp(std::size_t floats) {
    return (floats + 63) / 64 * 64;
}
}  // namespace

std::size_t Optimizer::stateBytes(const ModelConfig& config) {
    std::size_t floats = 0;
    for (const Parameter& p : ParameterLayout(config).parameters)
        floats += roundUp(p.count()) * (p.kind == Kind::Projection ? 1 : 2);
    return floats * sizeof(float);
}

Result<Optimizer> Optimizer::create(ModelWeights& weights) {
    Optimizer o;
    o.m_weights = &weights;
    std::size_t next = 0;
    const auto add = [&](const Parameter& p, const char* prefix) {
        o.m_slots.push_back({&p, prefix + p.name, next});
        next += roundUp(p.count());
    };
    for (const Parameter& p : weights.layout().parameters) {
        if (p.kind == Kind::Projection) {
            add(p, "muon.");
        } else {
            add(p, "adam_m.");
            add(p, "adam_v.");
        }
    }
    Backend& backend = weights.runtime().backend();
    o.m_state = TRY_AT(DeviceBuffer::create(backend, next * sizeof(float)), "optimizer state");
    o.m_norm = TRY(DeviceBuffer::create(backend, 2 * sizeof(float)));
    TRY_VOID(backend.fillZero(weights.runtime().stream(), o.m_state.data(), o.m_state.bytes()));
    return o;
}

Result<double> Optimizer::gradientNorm(Gradients& gradients, double clip, double unscale) {
    Runtime& runtime = m_weights->runtime();
    std::vector<TensorSpan> spans;
    const Parameter* last = nullptr;
    for (const Slot& slot : m_slots) {
        if (std::exchange(last, slot.parameter) == slot.parameter) continue;  // AdamW has two slots for one
        spans.push_back({gradients.at(slot.parameter->offset), slot.parameter->count()});
    }
    GradientNormArgs g;
    g.gradients = spans;
    g.limit = static_cast<float>(clip);
    g.norm = m_norm.as<float>();
    g.unscale = static_cast<float>(unscale);
    TRY_VOID(runtime.backend().gradientNorm(runtime.exec(), g));
    float norm[2] = {0, 0};
    TRY_VOID(runtime.download(norm, DevicePtr<const float>(m_norm.as<float>()), 2));
    return static_cast<double>(norm[0]);
}

Result<void> Optimizer::apply(Gradients& gradients, const OptimizerStep& hyper) {
    Runtime& runtime = m_weights->runtime();
    Backend& backend = runtime.backend();
    std::vector<MuonTensor> muon;
    std::vector<AdamWTensor> adam;
    for (std::size_t i = 0; i < m_slots.size(); ++i) {
        const Parameter& p = *m_slots[i].parameter;
        const DevicePtr<float> weight = m_weights->at(p.offset), gradient = gradients.at(p.offset);
        if (p.kind == Kind::Projection) {
            muon.push_back({weight, gradient, state(m_slots[i].offset), p.rows, p.cols});
        } else {
            adam.push_back({weight, gradient, state(m_slots[i].offset), state(m_slots[i + 1].offset), p.count(),
                            p.kind == Kind::Embedding});
            ++i;  // the second moment's slot
        }
    }
    const DevicePtr<const float> scale(m_norm.as<float>() + 1);
    MuonArgs m;
    m.tensors = muon;
    m.learningRate = static_cast<float>(hyper.muonLearningRate);
    m.weightDecay = static_cast<float>(hyper.muonWeightDecay);
    m.momentum = static_cast<float>(hyper.momentum);
    m.matchRmsAdamW = hyper.matchRmsAdamW;
    m.gradientScale = scale;
    TRY_VOID(backend.muon(runtime.exec(), m));
    AdamWArgs a;
    a.tensors = adam;
    a.learningRate = static_cast<float>(hyper.adamLearningRate);
    a.weightDecay = static_cast<float>(hyper.adamWeightDecay);
    a.beta1 = static_cast<float>(hyper.beta1);
    a.beta2 = static_cast<float>(hyper.beta2);
    a.eps = static_cast<float>(hyper.adamEps);
    a.step = hyper.step;
    a.gradientScale = scale;
    TRY_VOID(backend.adamw(runtime.exec(), a));
    return m_weights->prepare();
}

Result<double> Optimizer::step(Gradients& gradients, const OptimizerStep& hyper) {
    const double norm = TRY(gradientNorm(gradients, hyper.clip));
    if (std::isfinite(norm)) TRY_VOID(apply(gradients, hyper));
    return norm;
}

std::vector<Optimizer::Tensor> Optimizer::tensors() const {
    std::vector<Tensor> tensors;
    for (const Slot& slot : m_slots) tensors.push_back({slot.name, slot.parameter->shape(), slot.offset});
    return tensors;
}

Result<void> Optimizer::download(const Tensor& tensor, std::vector<float>& values) const {
    std::size_t count = 1;
    for (const std::int64_t size : tensor.shape) count *= static_cast<std::size_t>(size);
    values.resize(count);
    return m_weights->runtime().download(values.data(), DevicePtr<const float>(state(tensor.offset)), count);
}

Result<void> Optimizer::load(const SafetensorsFile& file) {
    for (const Slot& slot : m_slots) {
        const std::vector<float> values = TRY(file.floats(slot.name, slot.parameter->shape()));
        TRY_VOID(m_weights->runtime().upload(state(slot.offset), values.data(), values.size()));
        file.forget(slot.name);
    }
    return {};
}

}  // namespace distillix
