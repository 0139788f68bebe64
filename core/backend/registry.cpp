// SPDX-License-Identifier: Apache-2.0
#include "core/backend/registry.h"

#include <charconv>
#include <map>

#include "core/backend/cpu/cpu_backend.h"
#include "core/backend/cuda_module.h"
#include "core/backend/reference/reference_backend.h"

namespace distillix {

namespace {

std::map<std::string, BackendOpener>& furtherDevices() {
    static std::map<std::string, BackendOpener> devices;
    return devices;
}

/// N of "cuda:N", 0 of "cuda"; negative for another name.
int cardNumber(const std::string& device) {
    if (device == "cuda") return 0;
    constexpr std::string_view prefix = "cuda:";
    if (!device.starts_with(prefix)) return -1;
    int number = -1;
    const char* const end = device.data() + device.size();
    const auto [rest, failed] = std::from_chars(device.data() + prefix.size(), end, number);
    return failed == std::errc() && rest == end ? number : -1;
}

}  // namespace

bool addBackend(const std::string& device, BackendOpener open) {
    return furtherDevices().emplace(device, std::move(open)).second;
}

Result<std::unique_ptr<Backend>> openBackend(const std::string& device, const BackendOptions& options) {
    if (options.threads < 0) {
        return makeError(ErrorCode::InvalidArgument,
                         "The number of threads must be 0 (all cores) or more, not " + std::to_string(options.threads));
    }
    if (const int card = cardNumber(device); card >= 0) return openCudaCard(card);
    if (device == "auto") {
        if (auto card = openCudaCard(0); card.ok()) return card;
    }
    if (device == "cpu" || device == "auto") {
        cpu::CpuOptions cpuOptions;
        cpuOptions.threads = options.threads;
        return cpu::makeCpuBackend(cpuOptions);
    }
    if (device == "reference") return makeReferenceBackend();
    if (const auto further = furtherDevices().find(device); further != furtherDevices().end())
        return further->second(options);
    return makeError(ErrorCode::NotFound, "There is no device '" + device +
                                              "'; there are cpu, cuda, cuda:N (the card of number N, from 0), "
                                              "reference and auto");
}

std::vector<BackendInfo> listBackends(std::vector<MissingDevice>* missing) {
    std::vector<BackendInfo> infos;
    const auto look = [&](const std::string& device) {
        auto backend = openBackend(device);
        if (backend.ok()) {
            infos.push_back((*backend)->info());
            infos.back().name = device;
        } else if (missing) {
            missing->push_back({device, backend.error().text()});
        }
    };
    if (const auto cards = countCudaCards(); cards.ok()) {
        for (int card = 0; card < *cards; ++card) look("cuda:" + std::to_string(card));
    } else if (missing) {
        missing->push_back({"cuda", cards.error().text()});
    }
    look("cpu");
    look("reference");
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
