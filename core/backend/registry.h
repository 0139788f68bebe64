// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/backend/ops.h"

namespace distillix {

struct BackendOptions {
    int threads = 0;  ///< host threads; 0: all cores this process may use
};

/// Opens a device by name: "cpu" (the fast path), "reference" (plain loops, slow, what the others are tested
/// against), "cuda" or "cuda:N" (an NVIDIA card, the first or number N), "auto" (the first card where one can be
/// opened, else the CPU). NotFound, with what is missing, for one that cannot be opened here.
Result<std::unique_ptr<Backend>> openBackend(const std::string& device, const BackendOptions& options = {});

/// A device that was looked for and cannot be opened.
struct MissingDevice {
    std::string device;  ///< "cuda", "cuda:1"
    std::string reason;
};

/// Every device that openBackend would take here, each opened once to describe itself; `missing` gets those it would
/// not.
std::vector<BackendInfo> listBackends(std::vector<MissingDevice>* missing = nullptr);

/// Makes openBackend know a further name: for devices that tests bring along. Before any thread opens a device.
using BackendOpener = std::function<Result<std::unique_ptr<Backend>>(const BackendOptions&)>;
bool addBackend(const std::string& device, BackendOpener open);

/// Memory of a backend, freed with the object. Move-only. The backend must outlive it.
class DeviceBuffer {
  public:
    DeviceBuffer() = default;
    static Result<DeviceBuffer> create(Backend& backend, std::size_t bytes);
    DeviceBuffer(DeviceBuffer&& other) noexcept { *this = std::move(other); }
    DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
        std::swap(m_backend, other.m_backend);
        std::swap(m_data, other.m_data);
        std::swap(m_bytes, other.m_bytes);
        return *this;
    }
    ~DeviceBuffer() {
        if (m_backend && m_data) m_backend->free(m_data);
    }
    DevicePtr<std::byte> data() const { return m_data; }
    template <typename T>
    DevicePtr<T> as() const {
        return m_data.as<T>();
    }
    std::size_t bytes() const { return m_bytes; }

  private:
    Backend* m_backend = nullptr;
    DevicePtr<std::byte> m_data;
    std::size_t m_bytes = 0;
};

}  // namespace distillix
