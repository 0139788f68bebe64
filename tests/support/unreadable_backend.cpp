// SPDX-License-Identifier: Apache-2.0
#include "tests/support/unreadable_backend.h"

#include <cstring>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

namespace distillix {

namespace {

constexpr std::size_t kAlignment = 256;
constexpr std::size_t kWatchedBefore = 256;
constexpr unsigned char kSentinel = 0xa5, kFresh = 0xff;

std::size_t roundUp(std::size_t bytes, std::size_t unit) {
    return (bytes + unit - 1) / unit * unit;
}

/// One allocation: guard page, watched bytes and data up to the page's end, guard page. The data ends as near the upper
/// guard as its alignment allows, and the bytes between are watched.
struct Block {
    unsigned char* pages = nullptr;  // the accessible part
    std::size_t pageBytes = 0;
    unsigned char* data = nullptr;
    std::size_t bytes = 0;

    void protect(int protection) const { mprotect(pages, pageBytes, protection); }
    bool intact() const {
        for (const unsigned char* p = data - kWatchedBefore; p < data; ++p) {
            if (*p != kSentinel) return false;
        }
        for (const unsigned char* p = data + bytes; p < pages + pageBytes; ++p) {
            if (*p != kSentinel) return false;
        }
        return true;
    }
};

struct Task {
    const char* name;
    std::function<Result<void>()> run;
};

struct Queue {
    Stream inner;
    std::vector<Task> tasks;
};

class UnreadableBackend final : public Backend {
  public:
    explicit UnreadableBackend(std::unique_ptr<Backend> inner)
        : m_inner(std::move(inner)), m_page(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
        m_info = m_inner->info();
        m_info.name = "unreadable " + m_info.name;
    }
    ~UnreadableBackend() override {
        for (const auto& [address, block] : m_blocks) unmap(block);
        for (const Block& block : m_freed) unmap(block);
    }

    const BackendInfo& info() const override { return m_info; }

    Result<DevicePtr<std::byte>> allocate(std::size_t bytes) override {
        const std::size_t inside = roundUp(kWatchedBefore + roundUp(bytes, kAlignment), m_page);
        void* mapped = bytes < std::size_t{1} << 46
                           ? mmap(nullptr, inside + 2 * m_page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                           : MAP_FAILED;
        if (mapped == MAP_FAILED)
            return makeError(ErrorCode::OutOfMemory, "No memory for " + std::to_string(bytes) + " bytes");
        Block block;
        block.pages = static_cast<unsigned char*>(mapped) + m_page;
        block.pageBytes = inside;
        block.data = block.pages + inside - roundUp(bytes, kAlignment);
        block.bytes = bytes;
        block.protect(PROT_READ | PROT_WRITE);
        std::memset(block.data - kWatchedBefore, kSentinel, kWatchedBefore);
        std::memset(block.data, kFresh, bytes);
        std::memset(block.data + bytes, kSentinel,
                    static_cast<std::size_t>(block.pages + inside - (block.data + bytes)));
        block.protect(PROT_NONE);
        m_blocks.emplace(block.data, block);
        return DevicePtr<std::byte>(reinterpret_cast<std::byte*>(block.data));
    }

    void free(DevicePtr<std::byte> memory) override {
        const auto found = m_blocks.find(reinterpret_cast<unsigned char*>(memory.backendAddress()));
        if (found == m_blocks.end()) return;
        bool idle = true;
        for (const auto& [handle, queue] : m_queues) idle = idle && queue->tasks.empty();
        // Left mapped and locked while work is queued: an operation that still uses it faults.
        if (idle) {
            unmap(found->second);
        } else {
            m_freed.push_back(found->second);
        }
        m_blocks.erase(found);
    }

    Result<Stream> createStream() override {
        auto queue = std::make_unique<Queue>();
        queue->inner = TRY(m_inner->createStream());
        const Stream stream{queue.get()};
        m_queues.emplace(stream.handle, std::move(queue));
        return stream;
    }
    void destroyStream(Stream stream) override {
        m_inner->destroyStream(queueOf(stream).inner);
        m_queues.erase(stream.handle);
    }

    Result<void> synchronize(Stream stream) override {
        Queue& queue = queueOf(stream);
        const std::vector<Task> tasks = std::exchange(queue.tasks, {});
        for (const auto& [address, block] : m_blocks) block.protect(PROT_READ | PROT_WRITE);
        Result<void> result;
        for (const Task& task : tasks) {
            if (result = task.run(); !result.ok()) break;
            if (result = m_inner->synchronize(queue.inner); !result.ok()) break;
            if (result = intact(task.name); !result.ok()) break;
        }
        for (const auto& [address, block] : m_blocks) block.protect(PROT_NONE);
        return result;
    }

    Result<void> copyToDevice(Stream stream, DevicePtr<std::byte> target, const void* source,
                              std::size_t bytes) override {
        const auto* begin = static_cast<const std::byte*>(source);
        return queueTask(stream, "copyToDevice",
                         [this, stream, target, bytes, held = std::vector<std::byte>(begin, begin + bytes)] {
                             return m_inner->copyToDevice(queueOf(stream).inner, target, held.data(), bytes);
                         });
    }
    Result<void> copyToHost(Stream stream, void* target, DevicePtr<const std::byte> source,
                            std::size_t bytes) override {
        return queueTask(stream, "copyToHost", [this, stream, target, source, bytes] {
            return m_inner->copyToHost(queueOf(stream).inner, target, source, bytes);
        });
    }
    Result<void> copyOnDevice(Stream stream, DevicePtr<std::byte> target, DevicePtr<const std::byte> source,
                              std::size_t bytes) override {
        return queueTask(stream, "copyOnDevice", [this, stream, target, source, bytes] {
            return m_inner->copyOnDevice(queueOf(stream).inner, target, source, bytes);
        });
    }
    Result<void> fillZero(Stream stream, DevicePtr<std::byte> target, std::size_t bytes) override {
        return queueTask(stream, "fillZero", [this, stream, target, bytes] {
            return m_inner->fillZero(queueOf(stream).inner, target, bytes);
        });
    }

    std::size_t workspaceBytes(const Workload& workload, Precision precision) const override {
        return m_inner->workspaceBytes(workload, precision);
    }
    std::size_t preparedBytes(const LinearShape& shape, Precision precision, bool training) const override {
        return m_inner->preparedBytes(shape, precision, training);
    }

    Result<void> prepareWeights(const Exec& exec, std::span<const PrepareWeight> weights, bool training) override {
        return queueTask(exec.stream, "prepareWeights",
                         [this, exec, training, held = std::vector<PrepareWeight>(weights.begin(), weights.end())] {
                             return m_inner->prepareWeights(innerExec(exec), held, training);
                         });
    }
    Result<void> gradientNorm(const Exec& exec, const GradientNormArgs& args) override {
        return queueList("gradientNorm", &Backend::gradientNorm, exec, args, &GradientNormArgs::gradients);
    }
    Result<void> muon(const Exec& exec, const MuonArgs& args) override {
        return queueList("muon", &Backend::muon, exec, args, &MuonArgs::tensors);
    }
    Result<void> adamw(const Exec& exec, const AdamWArgs& args) override {
        return queueList("adamw", &Backend::adamw, exec, args, &AdamWArgs::tensors);
    }

// The operations whose arguments hold no lists.
#define DISTILLIX_QUEUED(operation, Args)                                                           \
    Result<void> operation(const Exec& exec, const Args& args) override {                           \
        return queueTask(exec.stream, #operation,                                                   \
                         [this, exec, args] { return m_inner->operation(innerExec(exec), args); }); \
    }
    DISTILLIX_QUEUED(linearForward, LinearForwardArgs)
    DISTILLIX_QUEUED(linearBackward, LinearBackwardArgs)
    DISTILLIX_QUEUED(normQuantize, NormQuantizeArgs)
    DISTILLIX_QUEUED(normBackward, NormBackwardArgs)
    DISTILLIX_QUEUED(swiglu, SwigluArgs)
    DISTILLIX_QUEUED(swigluBackward, SwigluBackwardArgs)
    DISTILLIX_QUEUED(qkNormRope, QkNormRopeArgs)
    DISTILLIX_QUEUED(qkNormRopeBackward, QkNormRopeBackwardArgs)
    DISTILLIX_QUEUED(attention, AttentionArgs)
    DISTILLIX_QUEUED(attentionBackward, AttentionBackwardArgs)
    DISTILLIX_QUEUED(kvAppend, KvAppendArgs)
    DISTILLIX_QUEUED(cachedAttention, CachedAttentionArgs)
    DISTILLIX_QUEUED(embed, EmbedArgs)
    DISTILLIX_QUEUED(embedBackward, EmbedBackwardArgs)
    DISTILLIX_QUEUED(headLogits, HeadLogitsArgs)
    DISTILLIX_QUEUED(headLoss, HeadLossArgs)
    DISTILLIX_QUEUED(sample, SampleArgs)
#undef DISTILLIX_QUEUED

  private:
    Queue& queueOf(Stream stream) const {
        return *m_queues.at(stream.handle);
    }
    Exec innerExec(Exec exec) const {
        exec.stream = queueOf(exec.stream).inner;
        return exec;
    }
    Result<void> queueTask(Stream stream, const char* name, std::function<Result<void>()> run) {
        queueOf(stream).tasks.push_back({name, std::move(run)});
        return {};
    }
    /// An operation over a list of tensors: the list is copied with the arguments.
    template <typename Args, typename Item>
    Result<void> queueList(const char* name, Result<void> (Backend::*operation)(const Exec&, const Args&),
                           const Exec& exec, const Args& args, std::span<const Item> Args::*list) {
        return queueTask(
            exec.stream, name,
            [this, operation, exec, args, list, held = std::vector<Item>((args.*list).begin(), (args.*list).end())] {
                Args copy = args;
                copy.*list = held;
                return (m_inner.get()->*operation)(innerExec(exec), copy);
            });
    }
    Result<void> intact(const char* task) const {
        for (const auto& [address, block] : m_blocks) {
            if (!block.intact()) {
                return makeError(ErrorCode::Internal, std::string(task) + " wrote outside of an allocation of " +
                                                          std::to_string(block.bytes) + " bytes");
            }
        }
        return {};
    }
    void unmap(const Block& block) const {
        munmap(block.pages - m_page, block.pageBytes + 2 * m_page);
    }

    std::unique_ptr<Backend> m_inner;
    std::size_t m_page;
    BackendInfo m_info;
    std::map<unsigned char*, Block> m_blocks;
    std::vector<Block> m_freed;
    std::map<void*, std::unique_ptr<Queue>> m_queues;
};

}  // namespace

std::unique_ptr<Backend> makeUnreadableBackend(std::unique_ptr<Backend> inner) {
    return std::make_unique<UnreadableBackend>(std::move(inner));
}

}  // namespace distillix
