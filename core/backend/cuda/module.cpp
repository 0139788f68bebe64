// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cuda/module.h"

#include <algorithm>
#include <cstring>
#include <exception>

#include "core/backend/cuda/cuda_backend.h"

namespace {

using namespace distillix;

void tell(const Error& error, int* errorCode, char* text, std::size_t textBytes) {
    *errorCode = static_cast<int>(error.code);
    const std::string message = error.text();
    const std::size_t length = std::min(message.size(), textBytes - 1);
    std::memcpy(text, message.data(), length);
    text[length] = '\0';
}

Backend* openCard(int device, int* errorCode, char* text, std::size_t textBytes) {
    try {
        auto backend = cuda::makeCudaBackend(device);
        if (backend.ok()) return std::move(backend).value().release();
        tell(backend.error(), errorCode, text, textBytes);
    } catch (const std::exception& error) {  // no exception crosses the border
        tell(makeError(ErrorCode::Internal, error.what()), errorCode, text, textBytes);
    }
    return nullptr;
}

int countCards(int* errorCode, char* text, std::size_t textBytes) {
    try {
        const auto cards = cuda::device::count();
        if (cards.ok()) return *cards;
        tell(cards.error(), errorCode, text, textBytes);
    } catch (const std::exception& error) {
        tell(makeError(ErrorCode::Internal, error.what()), errorCode, text, textBytes);
    }
    return -1;
}

constexpr CudaModule kModule{DISTILLIX_BACKEND_BUILD, openCard, countCards};

}  // namespace

extern "C" __attribute__((visibility("default"))) const distillix::CudaModule* distillix_cuda_module() {
    return &kModule;
}
