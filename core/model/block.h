// SPDX-License-Identifier: Apache-2.0
// One layer's forward, as training, evaluation and generation share it; they differ in how they attend.
#pragma once

#include "core/base/threads.h"
#include "core/model/parameters.h"
#include "core/model/view.h"

namespace distillix {

/// Lays buffers out in one block of memory: first without it, to learn the size, then again over it.
class Carver {
  public:
    Carver(ArenaPlan& plan, DevicePtr<std::byte> base) : m_plan(plan), m_base(base) {}
    DevicePtr<std::byte> bytes(const char* part, std::size_t count) {
        const std::size_t offset = m_plan.reserve(part, count);
        return m_base ? m_base + static_cast<std::ptrdiff_t>(offset) : DevicePtr<std::byte>();
    }
    template <typename T>
    DevicePtr<T> array(const char* part, std::size_t count) {
        return bytes(part, count * sizeof(T)).template as<T>();
    }
    TypedPtr typedArray(const char* part, std::size_t count, DType type) {
        return {bytes(part, count * dtypeBytes(type)), type};
    }

  private:
    ArenaPlan& m_plan;
    DevicePtr<std::byte> m_base;
};

/// Activations of one layer; in training, what its forward leaves for its backward.
struct BlockBuffers {
    DevicePtr<float> x;         ///< [M, d] the layer's input
    DevicePtr<float> xMid;      ///< [M, d] behind attention; may be x itself where no backward follows
    LinearInput attnIn;         ///< [M, d] behind input_layernorm
    DevicePtr<float> attnRstd;  ///< [M]
    TypedPtr qkv;               ///< [M, (H+2Hkv)·h] raw
    TypedPtr qk;                ///< [M, (H+Hkv)·h] normed and rotated
    TypedPtr attn;              ///< [M, H·h]
    DevicePtr<float> lse;       ///< [B, H, T]
    LinearInput oIn;            ///< [M, H·h]
    DevicePtr<float> oRstd;     ///< [M], sub-norm only
    LinearInput mlpIn;          ///< [M, d] behind post_attention_layernorm
    DevicePtr<float> mlpRstd;   ///< [M]
    TypedPtr gateUp;            ///< [M, 2F]
    LinearInput downIn;         ///< [M, F]
    DevicePtr<float> downRstd;  ///< [M], sub-norm only
};

/// Room for everything but x and xMid.
void carveBlock(Carver& carve, const ModelConfig& config, DType activation, std::size_t rows, const char* part,
                BlockBuffers& block);

QkNormRopeArgs blockRopeArgs(const ModelView& model, int layer, int rows, const BlockBuffers& block,
                             DevicePtr<const std::int32_t> positions);

/// block.x → out [M, d] (may be x where no backward follows). `attend` turns block.qk and the v columns of block.qkv
/// into block.attn. `out` null: the output is known already, and only what backward reads is made again.
///
/// It is blockProjection, qkNormRope, `attend` and blockFromAttention.
Result<void> blockForward(const ModelView& model, int layer, int rows, const BlockBuffers& block,
                          DevicePtr<const std::int32_t> positions, DevicePtr<float> out,
                          FunctionRef<Result<void>()> attend);
/// block.x → block.qkv.
Result<void> blockProjection(const ModelView& model, int layer, int rows, const BlockBuffers& block);
/// block.x and block.attn → out.
Result<void> blockFromAttention(const ModelView& model, int layer, int rows, const BlockBuffers& block,
                                DevicePtr<float> out);

/// embed_tokens[ids] → out [M, d].
Result<void> embedForward(const ModelView& model, int rows, DevicePtr<const std::int32_t> ids, DevicePtr<float> out);
/// The last RMSNorm: x [M, d] → out [M, d]; rstd [M] or null.
Result<void> finalNormForward(const ModelView& model, int rows, DevicePtr<float> x, TypedPtr out,
                              DevicePtr<float> rstd);
/// Logits after the cap of normed rows [M, d] → logits [M, V].
Result<void> headLogitsForward(const ModelView& model, int rows, TypedPtr normed, DevicePtr<float> logits);

}  // namespace distillix
