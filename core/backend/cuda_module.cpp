// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cuda_module.h"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <vector>

#include <dlfcn.h>

#include "core/backend/cuda/module.h"

namespace distillix {

namespace {

constexpr const char* kModuleFile = "libdistillix_cuda.so";

std::string lastLoaderError() {
    const char* text = ::dlerror();
    return text ? text : "unknown";
}

/// The places where the module may lie, the first that exists is taken.
std::vector<std::filesystem::path> modulePlaces() {
    if (const char* file = std::getenv(kCudaModuleVariable); file && *file) return {file};
    std::error_code failed;
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", failed);
    if (failed) return {};
    const std::filesystem::path folder = program.parent_path();
    return {folder / kModuleFile, folder.parent_path() / "lib" / "distillix" / kModuleFile};
}

Result<const CudaModule*> openModule() {
    // Cheaper to ask than the module, whose libraries take a tenth of a second and more to map.
    if (!::dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL))
        return makeError(ErrorCode::NotFound,
                         "There is no NVIDIA driver here (" + lastLoaderError() + "); install the driver of the card");
    const std::vector<std::filesystem::path> places = modulePlaces();
    std::filesystem::path found;
    std::string looked;
    for (const std::filesystem::path& place : places) {
        std::error_code failed;
        if (found.empty() && std::filesystem::exists(place, failed)) found = place;
        looked += (looked.empty() ? "" : " or ") + place.string();
    }
    if (found.empty())
        return makeError(ErrorCode::NotFound, "The CUDA module is not there (" + looked +
                                                  "): this program was built without nvcc, or " + kCudaModuleVariable +
                                                  " names no file");
    void* const library = ::dlopen(found.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const std::string why = lastLoaderError();
        const bool blas = why.find("libcublasLt") != std::string::npos;
        return makeError(ErrorCode::NotFound,
                         "The CUDA module cannot be opened: " + why +
                             (blas ? "; cuBLASLt comes with NVIDIA's CUDA toolkit (libcublas), or put its folder into "
                                     "LD_LIBRARY_PATH"
                                   : ""),
                         found.string());
    }
    const auto function = reinterpret_cast<CudaModuleFunction>(::dlsym(library, kCudaModuleSymbol));
    const CudaModule* const table = function ? function() : nullptr;
    if (!table || std::string(table->build) != DISTILLIX_BACKEND_BUILD)
        return makeError(ErrorCode::NotFound,
                         "The CUDA module is of another build than this program; build and install them together",
                         found.string());
    return table;
}

/// Opened once; what is missing then stays missing for this process.
const Result<const CudaModule*>& openedModule() {
    static const Result<const CudaModule*> opened = openModule();
    return opened;
}

Error copyOf(const Error& error) {
    return makeError(error.code, error.message, error.where);
}

}  // namespace

Result<int> countCudaCards() {
    if (!openedModule().ok()) return copyOf(openedModule().error());
    int code = 0;
    std::array<char, 1024> text{};
    const int cards = (*openedModule())->count(&code, text.data(), text.size());
    if (cards < 0) return makeError(static_cast<ErrorCode>(code), text.data());
    return cards;
}

Result<std::unique_ptr<Backend>> openCudaCard(int device) {
    if (!openedModule().ok()) return copyOf(openedModule().error());
    int code = 0;
    std::array<char, 1024> text{};
    std::unique_ptr<Backend> backend((*openedModule())->open(device, &code, text.data(), text.size()));
    if (!backend) return makeError(static_cast<ErrorCode>(code), text.data());
    return backend;
}

}  // namespace distillix
