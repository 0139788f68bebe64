// SPDX-License-Identifier: Apache-2.0
#include "core/model/runtime.h"

namespace distillix {

std::size_t ArenaPlan::reserve(const std::string& part, std::size_t bytes) {
    constexpr std::size_t kAlign = 256;
    const std::size_t offset = m_total;
    const std::size_t rounded = (bytes + kAlign - 1) / kAlign * kAlign;
    m_total += rounded;
    for (auto& p : m_parts) {
        if (p.name == part) {
            p.bytes += rounded;
            return offset;
        }
    }
    m_parts.push_back({part, rounded});
    return offset;
}

Result<Runtime> Runtime::create(Backend& backend, Precision precision, const Workload& largest) {
    Runtime runtime;
    runtime.m_backend = &backend;
    runtime.m_precision = precision;
    runtime.m_exec.precision = precision;
    runtime.m_exec.stream = TRY(backend.createStream());
    const std::size_t bytes = backend.workspaceBytes(largest, precision);
    if (bytes > 0) runtime.m_workspace = TRY_AT(DeviceBuffer::create(backend, bytes), "workspace");
    runtime.m_exec.workspace = runtime.m_workspace.data();
    runtime.m_exec.workspaceBytes = bytes;
    return runtime;
}

Runtime& Runtime::operator=(Runtime&& other) noexcept {
    std::swap(m_backend, other.m_backend);
    std::swap(m_precision, other.m_precision);
    std::swap(m_workspace, other.m_workspace);
    std::swap(m_exec, other.m_exec);
    return *this;
}

Runtime::~Runtime() {
    if (m_backend && m_exec.stream.handle) {
        const auto finished = m_backend->synchronize(m_exec.stream);
        (void)finished;  // whoever queued the work has had its error, or is unwinding from it
        m_backend->destroyStream(m_exec.stream);
    }
}

Result<Precision> choosePrecision(const Backend& backend, const std::string& name, bool bitlinear) {
    const Precision mixed = backend.info().mixed;
    if (name == "float32") return Precision{};
    if (name == "mixed") return mixed;
    // Plain linear layers lose by 16 bits what a ternary one has lost already, but on a card all else is slow.
    if (name == "auto")
        return backend.info().hasBf16 && (bitlinear || mixed.activation != DType::F32) ? mixed : Precision{};
    if (name == "bfloat16" || name == "float16") {
        const DType type = name == "float16" ? DType::F16 : DType::BF16;
        if (mixed.activation == DType::F32)
            return makeError(ErrorCode::Unsupported, "precision \"" + name + "\" is for a CUDA card; " +
                                                         backend.info().name + " has float32 and mixed");
        return Precision{type, type};
    }
    return makeError(ErrorCode::InvalidArgument, "there is no precision \"" + name +
                                                     "\"; there are auto, float32, mixed, and on a CUDA card bfloat16 "
                                                     "and float16");
}

}  // namespace distillix
