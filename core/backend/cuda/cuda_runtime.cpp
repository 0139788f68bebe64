// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include <cuda_runtime_api.h>

#include "core/backend/cuda/device_runtime.h"

namespace distillix::cuda::device {

namespace {

Error failed(const std::string& what, cudaError_t status) {
    cudaGetLastError();  // one that does not stick would come up again at the next launch
    return makeError(status == cudaErrorMemoryAllocation ? ErrorCode::OutOfMemory : ErrorCode::Device,
                     what + ": " + cudaGetErrorString(status) + " (" + cudaGetErrorName(status) + ")");
}
Result<void> check(const char* what, cudaError_t status) {
    if (status == cudaSuccess) return {};
    return failed(what, status);
}

cudaStream_t streamOf(StreamHandle stream) {
    return static_cast<cudaStream_t>(stream);
}

std::string versionText(int version) {  // 13000 is 13.0
    return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

}  // namespace

Result<int> count() {
    int devices = 0;
    const cudaError_t status = cudaGetDeviceCount(&devices);
    if (status == cudaErrorInsufficientDriver) {
        int driver = 0;
        cudaDriverGetVersion(&driver);
        if (driver == 0)
            return makeError(ErrorCode::NotFound,
                             "There is no NVIDIA driver here (libcuda.so.1); install the driver of the card");
        return makeError(ErrorCode::NotFound, "The NVIDIA driver is too old: it knows CUDA " + versionText(driver) +
                                                  ", this program needs CUDA " + versionText(CUDART_VERSION) +
                                                  "; install a newer driver");
    }
    if (status == cudaErrorNoDevice || (status == cudaSuccess && devices == 0)) {
        const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
        return makeError(ErrorCode::NotFound,
                         "The NVIDIA driver is there, but it shows no card" +
                             (visible ? " (CUDA_VISIBLE_DEVICES is \"" + std::string(visible) + "\")" : std::string()));
    }
    if (status != cudaSuccess) {
        Error error = failed("The NVIDIA driver does not answer", status);
        error.code = ErrorCode::NotFound;
        return error;
    }
    return devices;
}

Result<Properties> properties(int device) {
    cudaDeviceProp facts{};
    TRY_VOID(check("Asking a card what it is", cudaGetDeviceProperties(&facts, device)));
    Properties result;
    result.name = facts.name;
    result.architecture = facts.major * 10 + facts.minor;
    result.multiprocessors = facts.multiProcessorCount;
    result.memoryBytes = facts.totalGlobalMem;
    return result;
}

Result<void> checkRunnable(const Properties& properties) {
    // The architectures that the module was compiled for, as "80;90": each runs on its own and later minor versions.
    const std::string built = std::string(";") + DISTILLIX_CUDA_BUILT_FOR + ";";
    if (built.find(";native;") != std::string::npos) return {};
    for (int architecture = properties.architecture; architecture / 10 == properties.architecture / 10;
         --architecture) {
        if (built.find(";" + std::to_string(architecture) + ";") != std::string::npos) return {};
        if (architecture % 10 == 0) break;
    }
    return makeError(
        ErrorCode::Unsupported,
        properties.name + " has compute capability " + std::to_string(properties.architecture / 10) + "." +
            std::to_string(properties.architecture % 10) + "; this build holds code for " + DISTILLIX_CUDA_BUILT_FOR +
            " only: build with -DDISTILLIX_CUDA_ARCHITECTURES=" + std::to_string(properties.architecture) + " or all");
}

Result<void> select(int device) {
    static thread_local int selected = -1;
    if (selected == device) return {};
    TRY_VOID(check("Selecting a card", cudaSetDevice(device)));
    selected = device;
    return {};
}

Result<Memory> memory() {
    Memory result;
    TRY_VOID(check("Asking for the free memory", cudaMemGetInfo(&result.free, &result.total)));
    return result;
}

Result<void*> allocate(std::size_t bytes) {
    void* memory = nullptr;
    const cudaError_t status = cudaMalloc(&memory, bytes > 0 ? bytes : 1);
    if (status != cudaSuccess) return failed("Allocating " + std::to_string(bytes) + " bytes", status);
    return memory;
}

// While the process ends, the runtime may be gone before the last object: what then fails does not matter.
void release(void* memory) {
    (void)cudaFree(memory);
}

Result<void*> allocateHost(std::size_t bytes) {
    void* memory = nullptr;
    const cudaError_t status = cudaHostAlloc(&memory, bytes, cudaHostAllocDefault);
    if (status != cudaSuccess)
        return failed("Allocating " + std::to_string(bytes) + " bytes of page-locked host memory", status);
    return memory;
}

void releaseHost(void* memory) {
    (void)cudaFreeHost(memory);
}

Result<StreamHandle> createStream() {
    cudaStream_t stream = nullptr;
    TRY_VOID(check("Making a stream", cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking)));
    return static_cast<StreamHandle>(stream);
}

void destroyStream(StreamHandle stream) {
    (void)cudaStreamDestroy(streamOf(stream));
}

Result<void> synchronize(StreamHandle stream) {
    return check("The card failed at work queued before", cudaStreamSynchronize(streamOf(stream)));
}

Result<void> copyToDevice(StreamHandle stream, void* target, const void* source, std::size_t bytes) {
    return check("Copying to the card",
                 cudaMemcpyAsync(target, source, bytes, cudaMemcpyHostToDevice, streamOf(stream)));
}

Result<void> copyToHost(StreamHandle stream, void* target, const void* source, std::size_t bytes) {
    return check("Copying from the card",
                 cudaMemcpyAsync(target, source, bytes, cudaMemcpyDeviceToHost, streamOf(stream)));
}

Result<void> copyOnDevice(StreamHandle stream, void* target, const void* source, std::size_t bytes) {
    return check("Copying on the card",
                 cudaMemcpyAsync(target, source, bytes, cudaMemcpyDeviceToDevice, streamOf(stream)));
}

Result<void> fill(StreamHandle stream, void* target, int byte, std::size_t bytes) {
    return check("Filling memory of the card", cudaMemsetAsync(target, byte, bytes, streamOf(stream)));
}

Result<EventHandle> createEvent() {
    cudaEvent_t event = nullptr;
    TRY_VOID(check("Making an event", cudaEventCreateWithFlags(&event, cudaEventDisableTiming)));
    return static_cast<EventHandle>(event);
}

void destroyEvent(EventHandle event) {
    (void)cudaEventDestroy(static_cast<cudaEvent_t>(event));
}

Result<void> record(EventHandle event, StreamHandle stream) {
    return check("Recording an event", cudaEventRecord(static_cast<cudaEvent_t>(event), streamOf(stream)));
}

Result<void> wait(EventHandle event) {
    return check("The card failed at work queued before", cudaEventSynchronize(static_cast<cudaEvent_t>(event)));
}

Result<void> beginCapture(StreamHandle stream) {
    return check("Beginning to record a graph",
                 cudaStreamBeginCapture(streamOf(stream), cudaStreamCaptureModeThreadLocal));
}

Result<GraphHandle> endCapture(StreamHandle stream) {
    cudaGraph_t graph = nullptr;
    TRY_VOID(check("Recording a graph", cudaStreamEndCapture(streamOf(stream), &graph)));
    cudaGraphExec_t executable = nullptr;
    const cudaError_t status = cudaGraphInstantiate(&executable, graph, 0);
    (void)cudaGraphDestroy(graph);
    if (status != cudaSuccess) return failed("Preparing a recorded graph", status);
    return static_cast<GraphHandle>(executable);
}

Result<void> launchGraph(GraphHandle graph, StreamHandle stream) {
    return check("Starting a recorded graph", cudaGraphLaunch(static_cast<cudaGraphExec_t>(graph), streamOf(stream)));
}

void destroyGraph(GraphHandle graph) {
    (void)cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(graph));
}

}  // namespace distillix::cuda::device
