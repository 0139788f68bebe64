// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cpu/cpu_backend.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include <sys/mman.h>

#include "core/backend/cpu/cpu_attention.h"
#include "core/backend/cpu/cpu_elementwise.h"
#include "core/backend/cpu/cpu_head.h"
#include "core/backend/cpu/cpu_linear.h"
#include "core/backend/cpu/cpu_norms.h"
#include "core/backend/cpu/cpu_optimizer.h"
#include "core/backend/cpu/cpu_sample.h"
#include "core/backend/cpu/cpu_table.h"
#include "core/base/memory.h"

namespace distillix::cpu {

namespace {

constexpr std::size_t kAlignment = 256;  // what ops.h promises
/// Large blocks are aligned to the processor's huge pages and ask for them: matrices are walked by rows kilobytes
/// apart, and with pages of 4 KB nearly every line of a tile would miss the translation cache.
constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::string processorName() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        if (line.rfind("model name", 0) != 0) continue;
        const std::size_t at = line.find_first_not_of(" \t", line.find(':') + 1);
        if (at != std::string::npos) return line.substr(at);
    }
    return "unknown processor";
}

}  // namespace

CpuBackend::CpuBackend(int threads, CpuLevel level) : m_context(threads, level) {
    m_info.name = "cpu";
    m_info.device = processorName();
    m_info.level = level == CpuLevel::Avx512 ? "avx512vnni" : cpuLevelName(level);
    m_info.threads = m_context.pool.threads();
    m_info.weightLayout = "cpu/1";  // to be counted up when linear_kernels.h or weight_format.h lay weights out anew
    m_info.memoryBytes = memoryLimit();
    m_info.hasBf16 = m_context.bf16 != nullptr;
}

CpuBackend::~CpuBackend() = default;

Result<DevicePtr<std::byte>> CpuBackend::allocate(std::size_t bytes) {
    // The operating system would promise it all the same, and end the process when it is used.
    if (m_info.memoryBytes && bytes > m_info.memoryBytes) {
        return makeError(ErrorCode::OutOfMemory, "No memory for " + std::to_string(bytes) +
                                                     " bytes: this machine has " + std::to_string(m_info.memoryBytes));
    }
    const bool large = bytes >= kHugePage;
    void* memory = nullptr;
    if (posix_memalign(&memory, large ? kHugePage : kAlignment, std::max<std::size_t>(bytes, 1)) != 0)
        return makeError(ErrorCode::OutOfMemory, "No memory for " + std::to_string(bytes) + " bytes");
    // Advice, not a demand: where the system has no huge pages to give, small ones do.
    if (large) madvise(memory, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
    return DevicePtr<std::byte>(static_cast<std::byte*>(memory));
}

void CpuBackend::free(DevicePtr<std::byte> memory) {
    std::free(memory.backendAddress());
}

Result<Stream> CpuBackend::createStream() {
    return Stream{this};
}

void CpuBackend::destroyStream(Stream) {}

Result<void> CpuBackend::synchronize(Stream) {
    return {};
}

Result<void> CpuBackend::copyToDevice(Stream, DevicePtr<std::byte> target, const void* source, std::size_t bytes) {
    if (bytes) std::memcpy(target.backendAddress(), source, bytes);
    return {};
}

Result<void> CpuBackend::copyToHost(Stream, void* target, DevicePtr<const std::byte> source, std::size_t bytes) {
    if (bytes) std::memcpy(target, source.backendAddress(), bytes);
    return {};
}

Result<void> CpuBackend::copyOnDevice(Stream, DevicePtr<std::byte> target, DevicePtr<const std::byte> source,
                                      std::size_t bytes) {
    if (bytes) std::memcpy(target.backendAddress(), source.backendAddress(), bytes);
    return {};
}

Result<void> CpuBackend::fillZero(Stream, DevicePtr<std::byte> target, std::size_t bytes) {
    if (bytes) std::memset(target.backendAddress(), 0, bytes);
    return {};
}

std::size_t CpuBackend::workspaceBytes(const Workload& workload, Precision precision) const {
    std::size_t bytes = 0;
    for (const auto topic :
         {linearWorkspaceBytes, normsWorkspaceBytes, elementwiseWorkspaceBytes, attentionWorkspaceBytes,
          headWorkspaceBytes, tableWorkspaceBytes, sampleWorkspaceBytes, optimizerWorkspaceBytes}) {
        bytes = std::max(bytes, topic(m_context, workload, precision));
    }
    return bytes;
}

std::size_t CpuBackend::preparedBytes(const LinearShape& shape, Precision precision, bool training) const {
    return cpu::preparedBytes(m_context, shape, precision, training);
}

Result<void> CpuBackend::prepareWeights(const Exec& exec, std::span<const PrepareWeight> weights, bool training) {
    return cpu::prepareWeights(m_context, exec, weights, training);
}
Result<void> CpuBackend::linearForward(const Exec& exec, const LinearForwardArgs& args) {
    return cpu::linearForward(m_context, exec, args);
}
Result<void> CpuBackend::linearBackward(const Exec& exec, const LinearBackwardArgs& args) {
    return cpu::linearBackward(m_context, exec, args);
}
Result<void> CpuBackend::normQuantize(const Exec& exec, const NormQuantizeArgs& args) {
    return cpu::normQuantize(m_context, exec, args);
}
Result<void> CpuBackend::normBackward(const Exec& exec, const NormBackwardArgs& args) {
    return cpu::normBackward(m_context, exec, args);
}
Result<void> CpuBackend::swiglu(const Exec& exec, const SwigluArgs& args) {
    return cpu::swiglu(m_context, exec, args);
}
Result<void> CpuBackend::swigluBackward(const Exec& exec, const SwigluBackwardArgs& args) {
    return cpu::swigluBackward(m_context, exec, args);
}
Result<void> CpuBackend::qkNormRope(const Exec& exec, const QkNormRopeArgs& args) {
    return cpu::qkNormRope(m_context, exec, args);
}
Result<void> CpuBackend::qkNormRopeBackward(const Exec& exec, const QkNormRopeBackwardArgs& args) {
    return cpu::qkNormRopeBackward(m_context, exec, args);
}
Result<void> CpuBackend::embed(const Exec& exec, const EmbedArgs& args) {
    return cpu::embed(m_context, exec, args);
}
Result<void> CpuBackend::embedBackward(const Exec& exec, const EmbedBackwardArgs& args) {
    return cpu::embedBackward(m_context, exec, args);
}
Result<void> CpuBackend::attention(const Exec& exec, const AttentionArgs& args) {
    return cpu::attention(m_context, exec, args);
}
Result<void> CpuBackend::attentionBackward(const Exec& exec, const AttentionBackwardArgs& args) {
    return cpu::attentionBackward(m_context, exec, args);
}
Result<void> CpuBackend::kvAppend(const Exec& exec, const KvAppendArgs& args) {
    return cpu::kvAppend(m_context, exec, args);
}
Result<void> CpuBackend::cachedAttention(const Exec& exec, const CachedAttentionArgs& args) {
    return cpu::cachedAttention(m_context, exec, args);
}
Result<void> CpuBackend::headLogits(const Exec& exec, const HeadLogitsArgs& args) {
    return cpu::headLogits(m_context, exec, args);
}
Result<void> CpuBackend::headLoss(const Exec& exec, const HeadLossArgs& args) {
    return cpu::headLoss(m_context, exec, args);
}
Result<void> CpuBackend::sample(const Exec& exec, const SampleArgs& args) {
    return cpu::sample(m_context, exec, args);
}
Result<void> CpuBackend::gradientNorm(const Exec& exec, const GradientNormArgs& args) {
    return cpu::gradientNorm(m_context, exec, args);
}
Result<void> CpuBackend::muon(const Exec& exec, const MuonArgs& args) {
    return cpu::muon(m_context, exec, args);
}
Result<void> CpuBackend::adamw(const Exec& exec, const AdamWArgs& args) {
    return cpu::adamw(m_context, exec, args);
}

Result<std::unique_ptr<Backend>> makeCpuBackend(const CpuOptions& options) {
    CpuLevel level = CpuLevel::Scalar;
    if (options.level) {
        level = TRY(chooseCpuLevel(cpuLevelName(*options.level)));
    } else {
        const char* wish = std::getenv(kCpuLevelVariable);
        level = TRY(chooseCpuLevel(wish));
        // Asked for from outside, a level holds for all that runs in this process.
        if (wish && *wish) capDenseProducts(level);
    }
    try {
        return std::unique_ptr<Backend>(std::make_unique<CpuBackend>(options.threads, level));
    } catch (const std::exception& error) {  // a thread that could not be started; oneDNN
        return makeError(ErrorCode::Device, std::string("The CPU backend could not be opened: ") + error.what());
    }
}

}  // namespace distillix::cpu
