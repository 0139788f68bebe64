// SPDX-License-Identifier: Apache-2.0
// The fast backend on the processor: always there. Every operation runs at once on the calling thread and the pool, so
// a stream has nothing queued; the arithmetic lives in the topic files cpu_*.cpp.
#pragma once

#include <memory>
#include <optional>

#include "core/backend/cpu/context.h"
#include "core/backend/ops.h"

namespace distillix::cpu {

struct CpuOptions {
    int threads = 0;                ///< the caller included; 0: all cores this process may use
    std::optional<CpuLevel> level;  ///< empty: DISTILLIX_CPU's, or the best there is
};

/// Unsupported or InvalidArgument where the level asked for cannot be had.
Result<std::unique_ptr<Backend>> makeCpuBackend(const CpuOptions& options = {});

class CpuBackend final : public Backend {
  public:
    CpuBackend(int threads, CpuLevel level);
    ~CpuBackend() override;

    const BackendInfo& info() const override { return m_info; }
    Result<DevicePtr<std::byte>> allocate(std::size_t bytes) override;
    void free(DevicePtr<std::byte> memory) override;
    Result<Stream> createStream() override;
    void destroyStream(Stream stream) override;
    Result<void> synchronize(Stream stream) override;
    Result<void> copyToDevice(Stream stream, DevicePtr<std::byte> target, const void* source,
                              std::size_t bytes) override;
    Result<void> copyToHost(Stream stream, void* target, DevicePtr<const std::byte> source, std::size_t bytes) override;
    Result<void> copyOnDevice(Stream stream, DevicePtr<std::byte> target, DevicePtr<const std::byte> source,
                              std::size_t bytes) override;
    Result<void> fillZero(Stream stream, DevicePtr<std::byte> target, std::size_t bytes) override;

    std::size_t workspaceBytes(const Workload& workload, Precision precision) const override;
    std::size_t preparedBytes(const LinearShape& shape, Precision precision, bool training) const override;

    Result<void> prepareWeights(const Exec& exec, std::span<const PrepareWeight> weights, bool training) override;
    Result<void> linearForward(const Exec& exec, const LinearForwardArgs& args) override;
    Result<void> linearBackward(const Exec& exec, const LinearBackwardArgs& args) override;
    Result<void> normQuantize(const Exec& exec, const NormQuantizeArgs& args) override;
    Result<void> normBackward(const Exec& exec, const NormBackwardArgs& args) override;
    Result<void> swiglu(const Exec& exec, const SwigluArgs& args) override;
    Result<void> swigluBackward(const Exec& exec, const SwigluBackwardArgs& args) override;
    Result<void> qkNormRope(const Exec& exec, const QkNormRopeArgs& args) override;
    Result<void> qkNormRopeBackward(const Exec& exec, const QkNormRopeBackwardArgs& args) override;
    Result<void> embed(const Exec& exec, const EmbedArgs& args) override;
    Result<void> embedBackward(const Exec& exec, const EmbedBackwardArgs& args) override;
    Result<void> attention(const Exec& exec, const AttentionArgs& args) override;
    Result<void> attentionBackward(const Exec& exec, const AttentionBackwardArgs& args) override;
    Result<void> kvAppend(const Exec& exec, const KvAppendArgs& args) override;
    Result<void> cachedAttention(const Exec& exec, const CachedAttentionArgs& args) override;
    Result<void> headLogits(const Exec& exec, const HeadLogitsArgs& args) override;
    Result<void> headLoss(const Exec& exec, const HeadLossArgs& args) override;
    Result<void> sample(const Exec& exec, const SampleArgs& args) override;
    Result<void> gradientNorm(const Exec& exec, const GradientNormArgs& args) override;
    Result<void> muon(const Exec& exec, const MuonArgs& args) override;
    Result<void> adamw(const Exec& exec, const AdamWArgs& args) override;

  private:
    CpuContext m_context;
    BackendInfo m_info;
};

}  // namespace distillix::cpu
