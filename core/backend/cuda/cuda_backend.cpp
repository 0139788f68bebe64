// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cuda/cuda_backend.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

namespace distillix::cuda {

// ---- staging -------------------------------------------------------------------------------------------------------

/// A stream's page-locked memory between the host's pages and the card. Uploads go through slots in turn: what is small
/// shares one, what is large takes one after the other, and a slot is used again when the copies out of it are done.
/// Small downloads land in a slot of their own and are handed on by synchronize().
class Staging {
  public:
    explicit Staging(StreamHandle stream) : m_stream(stream) {}
    ~Staging() {
        for (Slot& slot : m_slots) {
            if (slot.event) device::destroyEvent(slot.event);
            if (slot.memory) device::releaseHost(slot.memory);
        }
        if (m_downloads) device::releaseHost(m_downloads);
    }
    Staging(const Staging&) = delete;
    Staging& operator=(const Staging&) = delete;

    StreamHandle stream() const { return m_stream; }

    Result<void> upload(std::byte* target, const std::byte* source, std::size_t bytes) {
        while (bytes > 0) {
            if (m_used == kSlotBytes || !m_slots[m_slot].memory) TRY_VOID(nextSlot());
            const std::size_t piece = std::min(bytes, kSlotBytes - m_used);
            std::byte* const staged = static_cast<std::byte*>(m_slots[m_slot].memory) + m_used;
            std::memcpy(staged, source, piece);
            TRY_VOID(device::copyToDevice(m_stream, target, staged, piece));
            m_used = std::min(kSlotBytes, m_used + (piece + 255) / 256 * 256);
            target += piece;
            source += piece;
            bytes -= piece;
        }
        return {};
    }

    Result<void> download(void* target, const std::byte* source, std::size_t bytes) {
        const std::size_t padded = (bytes + 63) / 64 * 64;
        if (padded > kSlotBytes - m_downloaded) return device::copyToHost(m_stream, target, source, bytes);
        if (!m_downloads) m_downloads = TRY(device::allocateHost(kSlotBytes));
        std::byte* const staged = static_cast<std::byte*>(m_downloads) + m_downloaded;
        TRY_VOID(device::copyToHost(m_stream, staged, source, bytes));
        m_pending.push_back({target, staged, bytes});
        m_downloaded += padded;
        return {};
    }

    Result<void> synchronize() {
        Result<void> done = device::synchronize(m_stream);
        if (done.ok()) {
            for (const Pending& one : m_pending) std::memcpy(one.target, one.staged, one.bytes);
        }
        m_pending.clear();
        m_downloaded = 0;
        return done;
    }

  private:
    // Large enough that a copy's start-up (some 10 µs) is nothing beside its 80 µs at 50 GB/s; four keep both sides
    // busy.
    static constexpr std::size_t kSlotBytes = std::size_t{4} << 20;
    struct Slot {
        void* memory = nullptr;
        device::EventHandle event = nullptr;
    };
    struct Pending {
        void* target;
        const std::byte* staged;
        std::size_t bytes;
    };

    /// Closes the slot at hand and waits until the next one is free.
    Result<void> nextSlot() {
        if (m_slots[m_slot].memory) {
            TRY_VOID(device::record(m_slots[m_slot].event, m_stream));
            m_slot = (m_slot + 1) % m_slots.size();
        }
        Slot& slot = m_slots[m_slot];
        if (!slot.event) slot.event = TRY(device::createEvent());
        if (!slot.memory) slot.memory = TRY(device::allocateHost(kSlotBytes));
        TRY_VOID(device::wait(slot.event));
        m_used = 0;
        return {};
    }

    StreamHandle m_stream;
    std::array<Slot, 4> m_slots;
    std::size_t m_slot = 0, m_used = 0;
    void* m_downloads = nullptr;
    std::size_t m_downloaded = 0;
    std::vector<Pending> m_pending;
};

// ---- the card ------------------------------------------------------------------------------------------------------

namespace {

std::string mebibytes(std::size_t bytes) {
    return std::to_string((bytes + (std::size_t{1} << 20) - 1) >> 20) + " MiB";
}

}  // namespace

CudaBackend::CudaBackend(CudaContext context) : m_context(std::move(context)) {
    m_info.name = "cuda";
    m_info.device = m_context.properties.name;
    m_info.level = "sm_" + std::to_string(m_context.properties.architecture);
    m_info.weightLayout = "cuda/1";  // to be counted up when kernels/linear.h lays prepared weights out anew
    m_info.memoryBytes = m_context.properties.memoryBytes;
    m_info.hasBf16 = true;  // or half precision on 7.5: 16 bits are what the tensor cores are fast at
    const DType sixteen = m_context.hasBf16() ? DType::BF16 : DType::F16;
    m_info.mixed = {sixteen, sixteen};
}

CudaBackend::~CudaBackend() {
    (void)enter();
    m_staging.clear();
}

Result<std::unique_ptr<Backend>> CudaBackend::open(int device) {
    const int devices = TRY(device::count());
    if (device < 0 || device >= devices)
        return makeError(ErrorCode::NotFound, "There is no card cuda:" + std::to_string(device) +
                                                  ": the driver shows " + std::to_string(devices) +
                                                  " (cuda:0 to cuda:" + std::to_string(devices - 1) + ")");
    CudaContext context;
    context.device = device;
    context.properties = TRY(device::properties(device));
    TRY_VOID(device::checkRunnable(context.properties));
    TRY_VOID(device::select(device));
    // The first call that needs the card makes its context; what is wrong with it shows here and not in the first step.
    TRY_AT(device::memory(), context.properties.name);
    context.gemm = TRY_AT(makeGemm(), context.properties.name);
    const char* const forward = std::getenv("DISTILLIX_CUDA_FORWARD");
    context.libraryForward = forward && std::string(forward) == "library";
    return std::unique_ptr<Backend>(new CudaBackend(std::move(context)));
}

Result<std::unique_ptr<Backend>> makeCudaBackend(int device) {
    return CudaBackend::open(device);
}

Result<DevicePtr<std::byte>> CudaBackend::allocate(std::size_t bytes) {
    TRY_VOID(enter());
    auto memory = device::allocate(bytes);
    if (memory.ok()) return DevicePtr<std::byte>(static_cast<std::byte*>(*memory));
    if (memory.error().code != ErrorCode::OutOfMemory) return memory.takeError();
    const auto room = device::memory();
    std::string text =
        m_context.properties.name + " has no room for " + std::to_string(bytes) + " bytes (" + mebibytes(bytes) + ")";
    if (room.ok()) {
        text += ": " + mebibytes(room->free) + " of its " + mebibytes(room->total) + " are free";
        if (bytes > room->free) text += ", " + mebibytes(bytes - room->free) + " are missing";
    }
    return makeError(ErrorCode::OutOfMemory,
                     text +
                         ". Lower the batch or the sequence length (training), keep fewer activations "
                         "(recomputation), or shorten the context (answering); or end other programs on the card");
}

void CudaBackend::free(DevicePtr<std::byte> memory) {
    if (!memory || !enter().ok()) return;
    device::release(memory.backendAddress());
}

Result<Stream> CudaBackend::createStream() {
    TRY_VOID(enter());
    const StreamHandle handle = TRY(device::createStream());
    m_staging.push_back(std::make_unique<Staging>(handle));
    return Stream{handle};
}

void CudaBackend::destroyStream(Stream stream) {
    if (!stream.handle || !enter().ok()) return;
    // Copies may still read or write the staging memory.
    (void)device::synchronize(stream.handle);
    std::erase_if(m_staging, [&](const auto& staging) { return staging->stream() == stream.handle; });
    device::destroyStream(stream.handle);
}

Staging* CudaBackend::stagingOf(Stream stream) {
    for (const auto& staging : m_staging) {
        if (staging->stream() == stream.handle) return staging.get();
    }
    return nullptr;
}

namespace {

Error strangeStream() {
    return makeError(ErrorCode::Internal, "a stream that this card did not make");
}

}  // namespace

Result<void> CudaBackend::synchronize(Stream stream) {
    TRY_VOID(enter());
    Staging* const staging = stagingOf(stream);
    if (!staging) return strangeStream();
    return staging->synchronize();
}

Result<void> CudaBackend::copyToDevice(Stream stream, DevicePtr<std::byte> target, const void* source,
                                       std::size_t bytes) {
    TRY_VOID(enter());
    Staging* const staging = stagingOf(stream);
    if (!staging) return strangeStream();
    return named("copyToDevice",
                 staging->upload(target.backendAddress(), static_cast<const std::byte*>(source), bytes));
}

Result<void> CudaBackend::copyToHost(Stream stream, void* target, DevicePtr<const std::byte> source,
                                     std::size_t bytes) {
    if (bytes == 0) return {};
    TRY_VOID(enter());
    Staging* const staging = stagingOf(stream);
    if (!staging) return strangeStream();
    return named("copyToHost", staging->download(target, source.backendAddress(), bytes));
}

Result<void> CudaBackend::copyOnDevice(Stream stream, DevicePtr<std::byte> target, DevicePtr<const std::byte> source,
                                       std::size_t bytes) {
    if (bytes == 0) return {};
    TRY_VOID(enter());
    return named("copyOnDevice",
                 device::copyOnDevice(stream.handle, target.backendAddress(), source.backendAddress(), bytes));
}

Result<void> CudaBackend::fillZero(Stream stream, DevicePtr<std::byte> target, std::size_t bytes) {
    if (bytes == 0) return {};
    TRY_VOID(enter());
    return named("fillZero", device::fill(stream.handle, target.backendAddress(), 0, bytes));
}

Result<void> CudaBackend::beginGraph(Stream stream) {
    TRY_VOID(enter());
    return named("beginGraph", device::beginCapture(stream.handle));
}

Result<Graph> CudaBackend::endGraph(Stream stream) {
    TRY_VOID(enter());
    return Graph{TRY_AT(device::endCapture(stream.handle), "endGraph")};
}

Result<void> CudaBackend::queueGraph(Stream stream, Graph graph) {
    TRY_VOID(enter());
    return named("queueGraph", device::launchGraph(graph.handle, stream.handle));
}

void CudaBackend::destroyGraph(Graph graph) {
    if (!graph || !enter().ok()) return;
    device::destroyGraph(graph.handle);
}

std::size_t CudaBackend::workspaceBytes(const Workload& workload, Precision precision) const {
    std::size_t bytes = 0;
    for (const auto room : {linearWorkspaceBytes, headWorkspaceBytes, optimizerWorkspaceBytes, muonWorkspaceBytes,
                            attentionWorkspaceBytes, normsWorkspaceBytes, embedWorkspaceBytes, sampleWorkspaceBytes}) {
        bytes = std::max(bytes, room(m_context, workload, precision));
    }
    return bytes;
}

}  // namespace distillix::cuda
