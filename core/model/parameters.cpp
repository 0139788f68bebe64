// SPDX-License-Identifier: Apache-2.0
#include "core/model/parameters.h"

namespace distillix {

namespace {
constexpr std::size_t kAlignFloats = 64;  // 256 bytes: a GPU's widest aligned load, and whole cache lines
std::size_t alignUp(std::size_t n) {
    return (n + kAlignFloats - 1) / kAlignFloats * kAlignFloats;
}
}  // namespace

std::vector<std::int64_t> Parameter::shape() const {
    if (kind == Kind::Norm) return {cols};
    return {rows, cols};
}

ParameterLayout::ParameterLayout(const ModelConfig& c) {
    std::size_t end = 0;
    const auto add = [&](std::string name, Parameter::Kind kind, int rows, int cols, bool join = false) {
        Parameter p{std::move(name), kind, rows, cols, join ? end : alignUp(end)};
        end = p.offset + p.count();
        parameters.push_back(p);
        return p.offset;
    };
    using Kind = Parameter::Kind;
    const int d = c.hiddenDim, q = c.queryWidth(), kv = c.keyWidth(), f = c.mlpHiddenDim;
    embedding = add("embed_tokens.weight", Kind::Embedding, c.vocabSize, d);
    for (int n = 0; n < c.numLayers; ++n) {
        const std::string prefix = "layers." + std::to_string(n) + ".";
        LayerOffsets layer;
        layer.inputNorm = add(prefix + "input_layernorm.weight", Kind::Norm, 1, d);
        layer.qkv = add(prefix + "self_attn.q_proj.weight", Kind::Projection, q, d);
        add(prefix + "self_attn.k_proj.weight", Kind::Projection, kv, d, true);
        add(prefix + "self_attn.v_proj.weight", Kind::Projection, kv, d, true);
        if (c.useQkNorm) {
            layer.qNorm = add(prefix + "self_attn.q_norm.weight", Kind::Norm, 1, c.headDim);
            layer.kNorm = add(prefix + "self_attn.k_norm.weight", Kind::Norm, 1, c.headDim);
        }
        if (c.useSubNorm) layer.attnSubNorm = add(prefix + "self_attn.sub_norm.weight", Kind::Norm, 1, q);
        layer.o = add(prefix + "self_attn.o_proj.weight", Kind::Projection, d, q);
        layer.postNorm = add(prefix + "post_attention_layernorm.weight", Kind::Norm, 1, d);
        layer.gateUp = add(prefix + "mlp.gate_proj.weight", Kind::Projection, f, d);
        add(prefix + "mlp.up_proj.weight", Kind::Projection, f, d, true);
        if (c.useSubNorm) layer.mlpSubNorm = add(prefix + "mlp.sub_norm.weight", Kind::Norm, 1, f);
        layer.down = add(prefix + "mlp.down_proj.weight", Kind::Projection, d, f);
        layers.push_back(layer);
    }
    norm = add("norm.weight", Kind::Norm, 1, d);
    head = c.tieWordEmbeddings ? embedding : add("lm_head.weight", Kind::Embedding, c.vocabSize, d);
    total = alignUp(end);
}

const Parameter* ParameterLayout::find(const std::string& name) const {
    for (const auto& p : parameters)
        if (p.name == name) return &p;
    return nullptr;
}

LinearShapes::LinearShapes(const ModelConfig& c) {
    const auto shape = [&](int in, std::array<int, 3> segments, bool ternary) {
        LinearShape s;
        s.in = in;
        s.segments = segments;
        s.out = segments[0] + segments[1] + segments[2];
        s.ternary = ternary;
        s.perChannel = c.bitlinearPerChannel;
        s.quantizationEps = static_cast<float>(c.quantizationEps);
        return s;
    };
    const bool ternary = c.useBitlinear;
    qkv = shape(c.hiddenDim, {c.queryWidth(), c.keyWidth(), c.keyWidth()}, ternary);
    o = shape(c.queryWidth(), {c.hiddenDim, 0, 0}, ternary);
    gateUp = shape(c.hiddenDim, {c.mlpHiddenDim, c.mlpHiddenDim, 0}, ternary);
    down = shape(c.mlpHiddenDim, {c.hiddenDim, 0, 0}, ternary);
    head = shape(c.hiddenDim, {c.vocabSize, 0, 0}, false);
}

}  // namespace distillix
