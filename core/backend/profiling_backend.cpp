// SPDX-License-Identifier: Apache-2.0
#include "core/backend/profiling_backend.h"

#include <chrono>

namespace distillix {

template <typename Call>
Result<void> ProfilingBackend::timed(Stream stream, const char* name, Call call) {
    if (!m_measuring) return call();
    const auto start = std::chrono::steady_clock::now();
    TRY_VOID(call());
    TRY_VOID(m_inner.synchronize(stream));
    OperationTime& time = m_times[name];
    time.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    ++time.calls;
    return {};
}

Result<void> ProfilingBackend::copyToDevice(Stream stream, DevicePtr<std::byte> target, const void* source,
                                            std::size_t bytes) {
    return timed(stream, "copyToDevice", [&] { return m_inner.copyToDevice(stream, target, source, bytes); });
}
Result<void> ProfilingBackend::copyToHost(Stream stream, void* target, DevicePtr<const std::byte> source,
                                          std::size_t bytes) {
    return timed(stream, "copyToHost", [&] { return m_inner.copyToHost(stream, target, source, bytes); });
}
Result<void> ProfilingBackend::copyOnDevice(Stream stream, DevicePtr<std::byte> target,
                                            DevicePtr<const std::byte> source, std::size_t bytes) {
    return timed(stream, "copyOnDevice", [&] { return m_inner.copyOnDevice(stream, target, source, bytes); });
}
Result<void> ProfilingBackend::fillZero(Stream stream, DevicePtr<std::byte> target, std::size_t bytes) {
    return timed(stream, "fillZero", [&] { return m_inner.fillZero(stream, target, bytes); });
}
Result<void> ProfilingBackend::prepareWeights(const Exec& exec, std::span<const PrepareWeight> weights, bool training) {
    return timed(exec.stream, "prepareWeights", [&] { return m_inner.prepareWeights(exec, weights, training); });
}
Result<void> ProfilingBackend::linearForward(const Exec& exec, const LinearForwardArgs& args) {
    return timed(exec.stream, "linearForward", [&] { return m_inner.linearForward(exec, args); });
}
Result<void> ProfilingBackend::linearBackward(const Exec& exec, const LinearBackwardArgs& args) {
    return timed(exec.stream, "linearBackward", [&] { return m_inner.linearBackward(exec, args); });
}
Result<void> ProfilingBackend::normQuantize(const Exec& exec, const NormQuantizeArgs& args) {
    return timed(exec.stream, "normQuantize", [&] { return m_inner.normQuantize(exec, args); });
}
Result<void> ProfilingBackend::normBackward(const Exec& exec, const NormBackwardArgs& args) {
    return timed(exec.stream, "normBackward", [&] { return m_inner.normBackward(exec, args); });
}
Result<void> ProfilingBackend::swiglu(const Exec& exec, const SwigluArgs& args) {
    return timed(exec.stream, "swiglu", [&] { return m_inner.swiglu(exec, args); });
}
Result<void> ProfilingBackend::swigluBackward(const Exec& exec, const SwigluBackwardArgs& args) {
    return timed(exec.stream, "swigluBackward", [&] { return m_inner.swigluBackward(exec, args); });
}
Result<void> ProfilingBackend::qkNormRope(const Exec& exec, const QkNormRopeArgs& args) {
    return timed(exec.stream, "qkNormRope", [&] { return m_inner.qkNormRope(exec, args); });
}
Result<void> ProfilingBackend::qkNormRopeBackward(const Exec& exec, const QkNormRopeBackwardArgs& args) {
    return timed(exec.stream, "qkNormRopeBackward", [&] { return m_inner.qkNormRopeBackward(exec, args); });
}
Result<void> ProfilingBackend::attention(const Exec& exec, const AttentionArgs& args) {
    return timed(exec.stream, "attention", [&] { return m_inner.attention(exec, args); });
}
Result<void> ProfilingBackend::attentionBackward(const Exec& exec, const AttentionBackwardArgs& args) {
    return timed(exec.stream, "attentionBackward", [&] { return m_inner.attentionBackward(exec, args); });
}
Result<void> ProfilingBackend::kvAppend(const Exec& exec, const KvAppendArgs& args) {
    return timed(exec.stream, "kvAppend", [&] { return m_inner.kvAppend(exec, args); });
}
Result<void> ProfilingBackend::cachedAttention(const Exec& exec, const CachedAttentionArgs& args) {
    return timed(exec.stream, "cachedAttention", [&] { return m_inner.cachedAttention(exec, args); });
}
Result<void> ProfilingBackend::embed(const Exec& exec, const EmbedArgs& args) {
    return timed(exec.stream, "embed", [&] { return m_inner.embed(exec, args); });
}
Result<void> ProfilingBackend::embedBackward(const Exec& exec, const EmbedBackwardArgs& args) {
    return timed(exec.stream, "embedBackward", [&] { return m_inner.embedBackward(exec, args); });
}
Result<void> ProfilingBackend::headLogits(const Exec& exec, const HeadLogitsArgs& args) {
    return timed(exec.stream, "headLogits", [&] { return m_inner.headLogits(exec, args); });
}
Result<void> ProfilingBackend::headLoss(const Exec& exec, const HeadLossArgs& args) {
    return timed(exec.stream, "headLoss", [&] { return m_inner.headLoss(exec, args); });
}
Result<void> ProfilingBackend::sample(const Exec& exec, const SampleArgs& args) {
    return timed(exec.stream, "sample", [&] { return m_inner.sample(exec, args); });
}
Result<void> ProfilingBackend::gradientNorm(const Exec& exec, const GradientNormArgs& args) {
    return timed(exec.stream, "gradientNorm", [&] { return m_inner.gradientNorm(exec, args); });
}
Result<void> ProfilingBackend::muon(const Exec& exec, const MuonArgs& args) {
    return timed(exec.stream, "muon", [&] { return m_inner.muon(exec, args); });
}
Result<void> ProfilingBackend::adamw(const Exec& exec, const AdamWArgs& args) {
    return timed(exec.stream, "adamw", [&] { return m_inner.adamw(exec, args); });
}

}  // namespace distillix
