// SPDX-License-Identifier: Apache-2.0
// What the CUDA backend asks of the runtime, so that its host side too is tested where no card is: cuda_runtime.cpp
// implements this over cudart, the tests' tests/support/cuda_emulated_runtime.cpp over the emulated card. Every call of
// the runtime is checked here, and its error says what was tried.
//
// All functions but count() and properties() act on the device that the calling thread selected.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace distillix::cuda::device {

using StreamHandle = void*;
using EventHandle = void*;
using GraphHandle = void*;

struct Properties {
    std::string name;
    int architecture = 0;  ///< 75, 80, … 120
    int multiprocessors = 0;
    std::size_t memoryBytes = 0;
};

/// NotFound with the reason where there is no driver, the driver is older than the module, or there is no card.
Result<int> count();
Result<Properties> properties(int device);
/// The module holds code for this architecture (or code that the driver can compile for it).
Result<void> checkRunnable(const Properties& properties);
Result<void> select(int device);

struct Memory {
    std::size_t free = 0, total = 0;
};
Result<Memory> memory();
/// Aligned to 256 bytes. OutOfMemory where there is no room.
Result<void*> allocate(std::size_t bytes);
void release(void* memory);
/// Page-locked host memory, which copies need to run beside the host.
Result<void*> allocateHost(std::size_t bytes);
void releaseHost(void* memory);

/// A stream that waits for no other (cudaStreamNonBlocking).
Result<StreamHandle> createStream();
void destroyStream(StreamHandle stream);
Result<void> synchronize(StreamHandle stream);

// Queued. Host memory is page-locked, or the call may wait until the copy is done.
Result<void> copyToDevice(StreamHandle stream, void* target, const void* source, std::size_t bytes);
Result<void> copyToHost(StreamHandle stream, void* target, const void* source, std::size_t bytes);
Result<void> copyOnDevice(StreamHandle stream, void* target, const void* source, std::size_t bytes);
Result<void> fill(StreamHandle stream, void* target, int byte, std::size_t bytes);

Result<EventHandle> createEvent();
void destroyEvent(EventHandle event);
Result<void> record(EventHandle event, StreamHandle stream);
/// The host waits until what was queued before record() is done; at once for an event never recorded.
Result<void> wait(EventHandle event);

/// Between begin and end, what is queued on the stream is recorded and not run. The graph keeps the arguments of its
/// kernels and the addresses of its copies.
Result<void> beginCapture(StreamHandle stream);
Result<GraphHandle> endCapture(StreamHandle stream);
/// Queues everything that was recorded.
Result<void> launchGraph(GraphHandle graph, StreamHandle stream);
void destroyGraph(GraphHandle graph);

}  // namespace distillix::cuda::device
