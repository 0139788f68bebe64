// SPDX-License-Identifier: Apache-2.0
// The backend on an NVIDIA card. Memory, streams and copies live in cuda_backend.cpp; the operations are methods whose
// definitions lie by room in cuda_ROOM.cpp, as on the CPU: each checks its arguments, cuts its workspace and calls the
// room's launch functions (kernels/ROOM.h). No stream is implied anywhere, every call of the runtime is checked.
// Never run on a card yet: tested on the emulated one.
#pragma once

#include <memory>
#include <vector>

#include "core/backend/cuda/context.h"
#include "core/backend/ops.h"

namespace distillix::cuda {

/// Opens card number `device`. NotFound where there is none, with what is missing.
Result<std::unique_ptr<Backend>> makeCudaBackend(int device);

// Scratch that the operations of a room need for this workload.
std::size_t linearWorkspaceBytes(const CudaContext& context, const Workload& workload, Precision precision);
std::size_t headWorkspaceBytes(const CudaContext& context, const Workload& workload, Precision precision);
std::size_t optimizerWorkspaceBytes(const CudaContext& context, const Workload& workload, Precision precision);
std::size_t muonWorkspaceBytes(const CudaContext& context, const Workload& workload, Precision precision);
std::size_t attentionWorkspaceBytes(const CudaContext& context, const Workload& workload, Precision precision);
std::size_t normsWorkspaceBytes(const CudaContext& context, const Workload& workload, Precision precision);
std::size_t embedWorkspaceBytes(const CudaContext& context, const Workload& workload, Precision precision);
std::size_t sampleWorkspaceBytes(const CudaContext& context, const Workload& workload, Precision precision);

class Staging;

class CudaBackend final : public Backend {
  public:
    static Result<std::unique_ptr<Backend>> open(int device);
    ~CudaBackend() override;

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

    bool recordsGraphs() const override { return true; }
    Result<void> beginGraph(Stream stream) override;
    Result<Graph> endGraph(Stream stream) override;
    Result<void> queueGraph(Stream stream, Graph graph) override;
    void destroyGraph(Graph graph) override;

    std::size_t workspaceBytes(const Workload& workload, Precision precision) const override;

    // cuda_linear.cpp
    std::size_t preparedBytes(const LinearShape& shape, Precision precision, bool training) const override;
    Result<void> prepareWeights(const Exec& exec, std::span<const PrepareWeight> weights, bool training) override;
    Result<void> linearForward(const Exec& exec, const LinearForwardArgs& args) override;
    Result<void> linearBackward(const Exec& exec, const LinearBackwardArgs& args) override;
    Result<void> normLinear(const Exec& exec, const NormQuantizeArgs& norm, const LinearForwardArgs& linear) override;
    Result<void> swigluLinear(const Exec& exec, const SwigluArgs& swiglu, const LinearForwardArgs& linear) override;
    // cuda_norms.cpp
    Result<void> normQuantize(const Exec& exec, const NormQuantizeArgs& args) override;
    Result<void> normBackward(const Exec& exec, const NormBackwardArgs& args) override;
    Result<void> swiglu(const Exec& exec, const SwigluArgs& args) override;
    Result<void> swigluBackward(const Exec& exec, const SwigluBackwardArgs& args) override;
    Result<void> qkNormRope(const Exec& exec, const QkNormRopeArgs& args) override;
    Result<void> qkNormRopeBackward(const Exec& exec, const QkNormRopeBackwardArgs& args) override;
    // cuda_attention.cpp
    Result<void> attention(const Exec& exec, const AttentionArgs& args) override;
    Result<void> attentionBackward(const Exec& exec, const AttentionBackwardArgs& args) override;
    Result<void> cachedAttention(const Exec& exec, const CachedAttentionArgs& args) override;
    Result<void> extendAttention(const Exec& exec, const QkNormRopeArgs& rope, const KvAppendArgs& append,
                                 const CachedAttentionArgs& attention) override;
    // cuda_embed.cpp
    Result<void> embed(const Exec& exec, const EmbedArgs& args) override;
    Result<void> embedBackward(const Exec& exec, const EmbedBackwardArgs& args) override;
    Result<void> kvAppend(const Exec& exec, const KvAppendArgs& args) override;
    // cuda_sample.cpp
    Result<void> sample(const Exec& exec, const SampleArgs& args) override;
    // cuda_head.cpp
    Result<void> headLogits(const Exec& exec, const HeadLogitsArgs& args) override;
    Result<void> headLoss(const Exec& exec, const HeadLossArgs& args) override;
    // cuda_optimizer.cpp (the element-wise steps) and cuda_muon.cpp
    Result<void> gradientNorm(const Exec& exec, const GradientNormArgs& args) override;
    Result<void> adamw(const Exec& exec, const AdamWArgs& args) override;
    Result<void> muon(const Exec& exec, const MuonArgs& args) override;

  private:
    explicit CudaBackend(CudaContext context);
    /// Makes this card the calling thread's; every method that reaches the runtime begins with it.
    Result<void> enter() const { return device::select(m_context.device); }
    Staging* stagingOf(Stream stream);

    CudaContext m_context;
    BackendInfo m_info;
    std::vector<std::unique_ptr<Staging>> m_staging;  // one a stream
};

}  // namespace distillix::cuda
