// SPDX-License-Identifier: Apache-2.0
// A backend with the stream and the scratch memory that one job's operations run on, and memory planned before it is
// taken.
#pragma once

#include <string>
#include <vector>

#include "core/backend/registry.h"

namespace distillix {

/// One line of a memory plan.
struct MemoryPart {
    std::string name;  ///< "parameters", "activations", …
    std::size_t bytes = 0;
};

/// Offsets in one block of device memory that is allocated when all of them are known.
class ArenaPlan {
  public:
    /// Room for `bytes`, aligned; counted under `part` in the plan.
    std::size_t reserve(const std::string& part, std::size_t bytes);
    std::size_t totalBytes() const { return m_total; }
    const std::vector<MemoryPart>& parts() const { return m_parts; }

  private:
    std::size_t m_total = 0;
    std::vector<MemoryPart> m_parts;
};

/// Owns a stream and the workspace; everything made over it must be destroyed before it. One thread at a time.
class Runtime {
  public:
    /// `backend` must outlive the runtime. The workspace serves any workload up to `largest`.
    static Result<Runtime> create(Backend& backend, Precision precision, const Workload& largest);
    Runtime(Runtime&& other) noexcept { *this = std::move(other); }
    Runtime& operator=(Runtime&& other) noexcept;
    ~Runtime();

    Backend& backend() const { return *m_backend; }
    Precision precision() const { return m_precision; }
    const Exec& exec() const { return m_exec; }
    Stream stream() const { return m_exec.stream; }
    std::size_t workspaceBytes() const { return m_workspace.bytes(); }

    Result<void> synchronize() const { return m_backend->synchronize(m_exec.stream); }
    template <typename T>
    Result<void> upload(DevicePtr<T> target, const T* source, std::size_t count) const {
        return m_backend->copyToDevice(m_exec.stream, target.template as<std::byte>(), source, count * sizeof(T));
    }
    /// Waits: `target` is filled when this returns.
    template <typename T>
    Result<void> download(T* target, DevicePtr<const T> source, std::size_t count) const {
        TRY_VOID(m_backend->copyToHost(
            m_exec.stream, target,
            DevicePtr<const std::byte>(reinterpret_cast<const std::byte*>(source.backendAddress())),
            count * sizeof(T)));
        return synchronize();
    }

  private:
    Runtime() = default;
    Backend* m_backend = nullptr;
    Precision m_precision;
    DeviceBuffer m_workspace;
    Exec m_exec;
};

/// What training computes in on this device for this model: "float32"; "mixed": BackendInfo::mixed (16 bits in the
/// dense products of backward and head, on a card in the activations too); "auto": mixed where the device is fast at it
/// and the model is of BitLinear layers or the device a card, else float32; "bfloat16" and "float16": mixed with this
/// type, on a card only.
Result<Precision> choosePrecision(const Backend& backend, const std::string& name, bool bitlinear);

}  // namespace distillix
