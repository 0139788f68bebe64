// SPDX-License-Identifier: Apache-2.0
// device_runtime.h over the emulated card, and the card's place in the registry: "cuda-emulated".
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <set>

#include "core/backend/cuda/cuda_backend.h"
#include "core/backend/cuda/device_runtime.h"
#include "core/backend/cuda/kernels/portable.h"
#include "core/backend/registry.h"
#include "tests/support/cuda_emulated_device.h"

namespace distillix::cuda {

namespace {

/// DISTILLIX_EMULATED_ORDER=backward or shuffled runs the threads of every block so.
const bool g_ordered = [] {
    const char* const name = std::getenv("DISTILLIX_EMULATED_ORDER");
    const std::string order = name ? name : "";
    if (order == "backward") emulation::setOptions({emulation::Order::Backward, 1, 0});
    if (order == "shuffled") emulation::setOptions({emulation::Order::Shuffled, 1, 0});
    return true;
}();
const bool g_known = addBackend(kEmulatedDevice, [](const BackendOptions&) { return makeCudaBackend(0); });

EmulatedCard g_card;
std::mutex g_mutex;
std::map<void*, std::size_t> g_allocated;  // guarded by g_mutex
std::size_t g_allocatedBytes = 0;          // guarded by g_mutex
std::set<emulation::Queue*> g_queues;      // guarded by g_mutex

emulation::Queue& queueOf(device::StreamHandle stream) {
    return *static_cast<emulation::Queue*>(stream);
}

}  // namespace

void setEmulatedCard(const EmulatedCard& card) {
    g_card = card;
}
std::size_t emulatedBytesInUse() {
    const std::lock_guard lock(g_mutex);
    return g_allocatedBytes;
}

namespace device {

Result<int> count() {
    if (g_card.count > 0) return g_card.count;
    return makeError(ErrorCode::NotFound, "The NVIDIA driver is there, but it shows no card");
}

Result<Properties> properties(int) {
    return Properties{"emulated card", g_card.architecture, 4, g_card.memoryBytes};
}

Result<void> checkRunnable(const Properties&) {
    return {};
}

Result<void> select(int) {
    return {};
}

Result<Memory> memory() {
    const std::lock_guard lock(g_mutex);
    return Memory{g_card.memoryBytes - g_allocatedBytes, g_card.memoryBytes};
}

Result<void*> allocate(std::size_t bytes) {
    const std::lock_guard lock(g_mutex);
    void* memory = nullptr;
    if (bytes > g_card.memoryBytes - g_allocatedBytes || posix_memalign(&memory, 256, bytes > 0 ? bytes : 1) != 0)
        return makeError(ErrorCode::OutOfMemory, "Allocating " + std::to_string(bytes) + " bytes: out of memory");
    std::memset(memory, 0xff, bytes);  // NaN: what nobody wrote shows
    g_allocated[memory] = bytes;
    g_allocatedBytes += bytes;
    return memory;
}

/// As cudaFree does, after all that was queued.
void release(void* memory) {
    const std::lock_guard lock(g_mutex);
    for (emulation::Queue* const queue : g_queues) queue->drain();
    const auto found = g_allocated.find(memory);
    if (found == g_allocated.end()) std::abort();  // freed twice, or never ours
    g_allocatedBytes -= found->second;
    g_allocated.erase(found);
    std::free(memory);
}

Result<void*> allocateHost(std::size_t bytes) {
    return std::malloc(bytes);
}
void releaseHost(void* memory) {
    std::free(memory);
}

Result<StreamHandle> createStream() {
    const std::lock_guard lock(g_mutex);
    return static_cast<StreamHandle>(*g_queues.insert(new emulation::Queue).first);
}
void destroyStream(StreamHandle stream) {
    const std::lock_guard lock(g_mutex);
    g_queues.erase(&queueOf(stream));
    delete &queueOf(stream);
}
Result<void> synchronize(StreamHandle stream) {
    return queueOf(stream).synchronize();
}

Result<void> copyToDevice(StreamHandle stream, void* target, const void* source, std::size_t bytes) {
    queueOf(stream).push([=]() -> Result<void> {
        std::memcpy(target, source, bytes);
        return {};
    });
    return {};
}
Result<void> copyToHost(StreamHandle stream, void* target, const void* source, std::size_t bytes) {
    return copyToDevice(stream, target, source, bytes);
}
Result<void> copyOnDevice(StreamHandle stream, void* target, const void* source, std::size_t bytes) {
    return copyToDevice(stream, target, source, bytes);
}
Result<void> fill(StreamHandle stream, void* target, int byte, std::size_t bytes) {
    queueOf(stream).push([=]() -> Result<void> {
        std::memset(target, byte, bytes);
        return {};
    });
    return {};
}

/// Waiting for an event runs its stream, which holds no more than what came before.
Result<EventHandle> createEvent() {
    return static_cast<EventHandle>(new StreamHandle(nullptr));
}
void destroyEvent(EventHandle event) {
    delete static_cast<StreamHandle*>(event);
}
Result<void> record(EventHandle event, StreamHandle stream) {
    *static_cast<StreamHandle*>(event) = stream;
    return {};
}
Result<void> wait(EventHandle event) {
    const StreamHandle stream = *static_cast<StreamHandle*>(event);
    return stream ? queueOf(stream).synchronize() : Result<void>{};
}

Result<void> beginCapture(StreamHandle stream) {
    queueOf(stream).beginRecord();
    return {};
}
Result<GraphHandle> endCapture(StreamHandle stream) {
    return static_cast<GraphHandle>(new std::vector<emulation::Queue::Work>(queueOf(stream).endRecord()));
}
Result<void> launchGraph(GraphHandle graph, StreamHandle stream) {
    for (const auto& work : *static_cast<const std::vector<emulation::Queue::Work>*>(graph)) queueOf(stream).push(work);
    return {};
}
void destroyGraph(GraphHandle graph) {
    delete static_cast<std::vector<emulation::Queue::Work>*>(graph);
}

}  // namespace device

}  // namespace distillix::cuda
