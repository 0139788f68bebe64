// SPDX-License-Identifier: Apache-2.0
// A backend that adds up how long each operation of another one takes. It waits behind every operation, so that the
// sum is more than the work takes undisturbed on a card: for that, let it only hand on. On a processor there is no
// difference.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/backend/ops.h"

namespace distillix {

struct OperationTime {
    double seconds = 0;
    std::int64_t calls = 0;
};

class ProfilingBackend final : public Backend {
  public:
    /// `inner` must outlive this.
    explicit ProfilingBackend(Backend& inner) : m_inner(inner) {}

    const std::map<std::string, OperationTime>& times() const { return m_times; }
    /// From here on operations are timed, from nothing, or only handed on (as at first).
    void measure(bool on) {
        m_measuring = on;
        if (on) m_times.clear();
    }

    const BackendInfo& info() const override { return m_inner.info(); }
    Result<DevicePtr<std::byte>> allocate(std::size_t bytes) override { return m_inner.allocate(bytes); }
    void free(DevicePtr<std::byte> memory) override { m_inner.free(memory); }
    Result<Stream> createStream() override { return m_inner.createStream(); }
    void destroyStream(Stream stream) override { m_inner.destroyStream(stream); }
    Result<void> synchronize(Stream stream) override { return m_inner.synchronize(stream); }
    Result<void> copyToDevice(Stream stream, DevicePtr<std::byte> target, const void* source,
                              std::size_t bytes) override;
    Result<void> copyToHost(Stream stream, void* target, DevicePtr<const std::byte> source, std::size_t bytes) override;
    Result<void> copyOnDevice(Stream stream, DevicePtr<std::byte> target, DevicePtr<const std::byte> source,
                              std::size_t bytes) override;
    Result<void> fillZero(Stream stream, DevicePtr<std::byte> target, std::size_t bytes) override;
    std::size_t workspaceBytes(const Workload& w, Precision p) const override { return m_inner.workspaceBytes(w, p); }
    std::size_t preparedBytes(const LinearShape& s, Precision p, bool training) const override {
        return m_inner.preparedBytes(s, p, training);
    }
    Result<void> prepareWeights(const Exec& exec, std::span<const PrepareWeight> weights, bool training) override;
    Result<void> linearForward(const Exec& exec, const LinearForwardArgs& args) override;
    Result<void> linearBackward(const Exec& exec, const LinearBackwardArgs& args) override;
    Result<void> normQuantize(const Exec& exec, const NormQuantizeArgs& args) override;
    Result<void> normBackward(const Exec& exec, const NormBackwardArgs& args) override;
    Result<void> swiglu(const Exec& exec, const SwigluArgs& args) override;
    Result<void> swigluBackward(const Exec& exec, const SwigluBackwardArgs& args) override;
    Result<void> qkNormRope(const Exec& exec, const QkNormRopeArgs& args) override;
    Result<void> qkNormRopeBackward(const Exec& exec, const QkNormRopeBackwardArgs& args) override;
    Result<void> attention(const Exec& exec, const AttentionArgs& args) override;
    Result<void> attentionBackward(const Exec& exec, const AttentionBackwardArgs& args) override;
    Result<void> kvAppend(const Exec& exec, const KvAppendArgs& args) override;
    Result<void> cachedAttention(const Exec& exec, const CachedAttentionArgs& args) override;
    Result<void> embed(const Exec& exec, const EmbedArgs& args) override;
    Result<void> embedBackward(const Exec& exec, const EmbedBackwardArgs& args) override;
    Result<void> headLogits(const Exec& exec, const HeadLogitsArgs& args) override;
    Result<void> headLoss(const Exec& exec, const HeadLossArgs& args) override;
    Result<void> sample(const Exec& exec, const SampleArgs& args) override;
    Result<void> gradientNorm(const Exec& exec, const GradientNormArgs& args) override;
    Result<void> muon(const Exec& exec, const MuonArgs& args) override;
    Result<void> adamw(const Exec& exec, const AdamWArgs& args) override;

  private:
    template <typename Call>
    Result<void> timed(Stream stream, const char* name, Call call);

    Backend& m_inner;
    bool m_measuring = false;
    std::map<std::string, OperationTime> m_times;
};

}  // namespace distillix
