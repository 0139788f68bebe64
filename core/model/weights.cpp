// SPDX-License-Identifier: Apache-2.0
#include "core/model/weights.h"

#include <cmath>

#include "core/base/rng.h"

namespace distillix {

namespace {

constexpr std::size_t kAlign = 256;
std::size_t aligned(std::size_t bytes) {
    return (bytes + kAlign - 1) / kAlign * kAlign;
}

std::size_t ropeBytes(const ModelConfig& c, int positions) {
    return static_cast<std::size_t>(positions) * static_cast<std::size_t>(c.headDim) * sizeof(float);
}

}  // namespace

std::vector<float> ropeTable(const ModelConfig& c, int positions) {
    const int half = c.headDim / 2;
    std::vector<float> table(static_cast<std::size_t>(positions) * static_cast<std::size_t>(half) * 2);
    const double scaling = c.ropeScaling.value_or(1.0);
    for (int j = 0; j < half; ++j) {
        const double frequency = std::pow(c.ropeBase, -2.0 * j / c.headDim);
        for (int pos = 0; pos < positions; ++pos) {
            const double angle = pos / scaling * frequency;
            float* entry =
                table.data() +
                (static_cast<std::size_t>(pos) * static_cast<std::size_t>(half) + static_cast<std::size_t>(j)) * 2;
            entry[0] = static_cast<float>(std::cos(angle));
            entry[1] = static_cast<float>(std::sin(angle));
        }
    }
    return table;
}

Result<ModelWeights> ModelWeights::create(Runtime& runtime, const ModelConfig& config, int positions, bool training) {
    ModelWeights w(config);
    Backend& backend = runtime.backend();
    w.m_runtime = &runtime;
    w.m_training = training;
    w.m_positions = positions;
    w.m_parameters = TRY_AT(DeviceBuffer::create(backend, w.m_layout.total * sizeof(float)), "parameters");
    w.m_rope = TRY_AT(DeviceBuffer::create(backend, ropeBytes(config, positions)), "rotary table");
    const std::vector<float> rope = distillix::ropeTable(config, positions);
    TRY_VOID(runtime.upload(w.m_rope.as<float>(), rope.data(), rope.size()));

    const std::size_t layers = static_cast<std::size_t>(config.numLayers);
    const std::array<const LinearShape*, 4> shapes = {&w.m_shapes.qkv, &w.m_shapes.o, &w.m_shapes.gateUp,
                                                      &w.m_shapes.down};
    std::size_t bytes = 0, segments = 0;
    for (const LinearShape* shape : shapes) {
        bytes += aligned(backend.preparedBytes(*shape, runtime.precision(), training)) * layers;
        for (int rows : shape->segments) segments += rows > 0 ? layers : 0;
    }
    bytes += aligned(backend.preparedBytes(w.m_shapes.head, runtime.precision(), training));
    if (bytes > 0) w.m_preparedMemory = TRY_AT(DeviceBuffer::create(backend, bytes), "prepared weights");
    w.m_health = TRY_AT(DeviceBuffer::create(backend, segments * sizeof(WeightHealth)), "weight health");
    TRY_VOID(backend.fillZero(runtime.stream(), w.m_parameters.data(), w.m_parameters.bytes()));
    TRY_VOID(backend.fillZero(runtime.stream(), w.m_health.data(), w.m_health.bytes()));

    std::size_t offset = 0, segment = 0;
    const auto add = [&](const LinearShape& shape, std::size_t latent, bool withHealth) {
        PrepareWeight p;
        p.weight.shape = shape;
        p.weight.latent = w.at(latent);
        const std::size_t size = backend.preparedBytes(shape, runtime.precision(), training);
        if (size > 0) p.weight.prepared = w.m_preparedMemory.data() + static_cast<std::ptrdiff_t>(offset);
        offset += aligned(size);
        if (withHealth) {
            p.health = w.m_health.as<WeightHealth>() + static_cast<std::ptrdiff_t>(segment);
            for (int rows : shape.segments) segment += rows > 0 ? 1 : 0;
        }
        w.m_prepared.push_back(p);
    };
    for (const LayerOffsets& layer : w.m_layout.layers) {
        add(w.m_shapes.qkv, layer.qkv, true);
        add(w.m_shapes.o, layer.o, true);
        add(w.m_shapes.gateUp, layer.gateUp, true);
        add(w.m_shapes.down, layer.down, true);
    }
    add(w.m_shapes.head, w.m_layout.head, false);
    return w;
}

std::vector<float> initialValues(const Parameter& p, std::size_t index, std::uint64_t seed) {
    std::vector<float> out(p.count(), 1.0f);
    Rng rng(seed, index);  // a stream a tensor: the same weights whatever else the model has
    if (p.kind == Parameter::Kind::Embedding) {
        for (float& w : out) w = static_cast<float>(0.02 * rng.normal());
    } else if (p.kind == Parameter::Kind::Projection) {
        const double bound = 1.0 / std::sqrt(static_cast<double>(p.cols));
        for (float& w : out) w = static_cast<float>((2.0 * rng.uniform() - 1.0) * bound);
    }
    return out;
}

Result<void> ModelWeights::initialize(std::uint64_t seed) {
    m_first = true;
    for (std::size_t index = 0; index < m_layout.parameters.size(); ++index) {
        const Parameter& p = m_layout.parameters[index];
        const std::vector<float> values = initialValues(p, index, seed);
        TRY_VOID(m_runtime->upload(at(p.offset), values.data(), values.size()));
    }
    return {};
}

ModelView ModelWeights::view() const {
    ModelView v;
    v.config = m_config;
    v.runtime = m_runtime;
    for (int n = 0; n < m_config.numLayers; ++n) {
        const LayerOffsets& at = m_layout.layers[static_cast<std::size_t>(n)];
        v.layers.push_back({norm(at.inputNorm), norm(at.postNorm), norm(at.qNorm), norm(at.kNorm), norm(at.attnSubNorm),
                            norm(at.mlpSubNorm), qkv(n), o(n), gateUp(n), down(n)});
    }
    v.embedding = at(m_layout.embedding);
    v.norm = norm(m_layout.norm);
    v.head = head();
    v.ropeTable = ropeTable();
    v.positions = m_positions;
    return v;
}

Result<void> ModelWeights::load(const SafetensorsFile& file) {
    for (const SafetensorsEntry& entry : file.entries()) {
        if (!m_layout.find(entry.name))
            return makeError(ErrorCode::InvalidData,
                             "holds a tensor \"" + entry.name + "\" that this configuration has no place for");
    }
    m_first = true;
    for (const Parameter& p : m_layout.parameters) {
        const std::vector<float> tensor = TRY(file.floats(p.name, p.shape()));
        for (std::size_t i = 0; i < tensor.size(); ++i) {
            if (!std::isfinite(tensor[i]))
                return makeError(
                    ErrorCode::InvalidData,
                    "tensor \"" + p.name + "\" holds a value that is not finite, at element " + std::to_string(i));
        }
        TRY_VOID(m_runtime->upload(at(p.offset), tensor.data(), tensor.size()));
        file.forget(p.name);
    }
    return {};
}

Result<void> ModelWeights::upload(const std::vector<float>& values) {
    if (values.size() != m_layout.total)
        return makeError(ErrorCode::Internal, "parameters of another layout: " + std::to_string(values.size()) +
                                                  " floats, not " + std::to_string(m_layout.total));
    m_first = true;
    return m_runtime->upload(m_parameters.as<float>(), values.data(), values.size());
}

Result<std::vector<float>> ModelWeights::download() const {
    std::vector<float> values(m_layout.total);
    TRY_VOID(m_runtime->download(values.data(), DevicePtr<const float>(m_parameters.as<float>()), values.size()));
    return values;
}

Result<void> ModelWeights::download(const Parameter& parameter, std::vector<float>& values) const {
    values.resize(parameter.count());
    return m_runtime->download(values.data(), DevicePtr<const float>(at(parameter.offset)), values.size());
}

Result<void> ModelWeights::prepare() {
    for (PrepareWeight& p : m_prepared) p.first = m_first;
    m_first = false;
    return m_runtime->backend().prepareWeights(m_runtime->exec(), m_prepared, m_training);
}

Result<std::vector<NamedHealth>> ModelWeights::health() const {
    std::vector<WeightHealth> values(m_health.bytes() / sizeof(WeightHealth));
    TRY_VOID(
        m_runtime->download(values.data(), DevicePtr<const WeightHealth>(m_health.as<WeightHealth>()), values.size()));
    std::vector<NamedHealth> named;
    std::size_t next = 0;
    for (const Parameter& p : m_layout.parameters) {
        if (p.kind != Parameter::Kind::Projection) continue;
        named.push_back({p.name, values[next++]});  // file order is the order of the segments
    }
    return named;
}

std::vector<MemoryPart> ModelWeights::memory() const {
    return {{"parameters", m_parameters.bytes()},
            {"prepared weights", m_preparedMemory.bytes()},
            {"rotary table", m_rope.bytes()}};
}

std::vector<MemoryPart> weightsMemory(const Backend& backend, const ModelConfig& config, Precision precision,
                                      int positions, bool training) {
    const ParameterLayout layout(config);
    const LinearShapes shapes(config);
    std::size_t prepared = 0;
    for (const LinearShape* shape : {&shapes.qkv, &shapes.o, &shapes.gateUp, &shapes.down})
        prepared +=
            aligned(backend.preparedBytes(*shape, precision, training)) * static_cast<std::size_t>(config.numLayers);
    prepared += aligned(backend.preparedBytes(shapes.head, precision, training));
    return {{"parameters", layout.total * sizeof(float)},
            {"prepared weights", prepared},
            {"rotary table", ropeBytes(config, positions)}};
}

}  // namespace distillix
