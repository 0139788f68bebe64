// SPDX-License-Identifier: Apache-2.0
#include "core/backend/registry.h"

#include "core/backend/cpu/cpu_backend.h"
#include "core/backend/reference/reference_backend.h"

namespace distillix {

Result<std::unique_ptr<Backend>> openBackend(const std::string& device, const BackendOptions& options) {
    if (options.threads < 0) {
        return makeError(ErrorCode::InvalidArgument,
                         "The number of threads must be 0 (all cores) or more, not " + std::to_string(options.threads));
    }
    if (device == "cpu" || device == "auto") {
        cpu::CpuOptions cpuOptions;
        cpuOptions.threads = options.threads;
        return cpu::makeCpuBackend(cpuOptions);
    }
    if (device == "reference") return makeReferenceBackend();
    return makeError(ErrorCode::NotFound,
                     "There is no device '" + device + "' here; this build knows cpu, reference and auto");
}

std::vector<BackendInfo> listBackends() {
    std::vector<BackendInfo> infos;
    for (const char* device : {"cpu", "reference"}) {
        BackendOptions options;
        options.threads = 0;
        if (auto backend = openBackend(device, options); backend.ok()) infos.push_back((*backend)->info());
    }
    return infos;
}

Result<DeviceBuffer> DeviceBuffer::create(Backend& backend, std::size_t bytes) {
    DeviceBuffer buffer;
    buffer.m_data = TRY(backend.allocate(bytes));
    buffer.m_backend = &backend;
    buffer.m_bytes = bytes;
    return buffer;
}

}  // namespace distillix
