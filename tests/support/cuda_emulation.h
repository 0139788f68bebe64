// SPDX-License-Identifier: Apache-2.0
// portable.h as g++ sees it: a device made of fibers, so that kernels are tested where no card is.
//
// Each thread of a block is a fiber; the fibers of one block share one OS thread, blocks spread over a few. A fiber
// runs until it waits (a barrier, a function of the whole warp) or ends; then the next one runs. Warps run one after
// the other between block barriers, lanes one after the other between warp barriers: forward, backward, or shuffled, so
// that a read that lacks a barrier finds stale bytes in at least one order. Shared memory starts as 0xff bytes (NaN).
// Copies by cpAsync16 land when the thread waits for them and not before; in backward order, as soon as they are
// queued. Launches are queued and run when the stream is synchronized, as on a card; a kernel's mistake (lanes that
// part ways, a barrier not all reach) is the error that synchronizing returns. Under the address sanitizer, shared
// arrays and device memory end where they should.
//
// Compiled with DISTILLIX_CUDA_EMULATED. Kernels live in namespace distillix::cuda, where CUDA's names are made up
// here.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __constant__
#define __forceinline__ __attribute__((always_inline)) inline
#define __launch_bounds__(...)

/// One architecture stands for all: the code paths of 8.0.
#define DISTILLIX_DEVICE_ARCH 800

#define threadIdx (::distillix::cuda::emulation::currentThread->threadIndex)
#define blockIdx (::distillix::cuda::emulation::currentThread->block->blockIndex)
#define blockDim (::distillix::cuda::emulation::currentThread->block->blockDimension)
#define gridDim (::distillix::cuda::emulation::currentThread->block->gridDimension)

#define SHARED(type, name, count)          \
    static const char name##SharedTag = 0; \
    type* const name =                     \
        static_cast<type*>(::distillix::cuda::emulation::staticShared(&name##SharedTag, sizeof(type) * (count)))
#define DYNAMIC_SHARED(type, name) \
    type* const name = static_cast<type*>(::distillix::cuda::emulation::currentThread->block->dynamicShared)

namespace distillix::cuda {

struct uint3 {
    unsigned x = 0, y = 0, z = 0;
};
struct dim3 {
    unsigned x = 1, y = 1, z = 1;
    constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}  // NOLINT
};

#define DISTILLIX_VECTOR_TYPES(type, name)                          \
    struct alignas(2 * sizeof(type)) name##2 {                      \
        type x, y;                                                  \
    };                                                              \
    struct alignas(4 * sizeof(type)) name##4 {                      \
        type x, y, z, w;                                            \
    };                                                              \
    inline name##2 make_##name##2(type x, type y) {                 \
        return {x, y};                                              \
    }                                                               \
    inline name##4 make_##name##4(type x, type y, type z, type w) { \
        return {x, y, z, w};                                        \
    }
DISTILLIX_VECTOR_TYPES(float, float)
DISTILLIX_VECTOR_TYPES(int, int)
DISTILLIX_VECTOR_TYPES(unsigned, uint)
DISTILLIX_VECTOR_TYPES(short, short)
DISTILLIX_VECTOR_TYPES(signed char, char)
DISTILLIX_VECTOR_TYPES(unsigned char, uchar)
#undef DISTILLIX_VECTOR_TYPES

namespace emulation {

enum class Order { Forward, Backward, Shuffled };

/// How blocks are run; set between launches, from one thread.
struct Options {
    Order order = Order::Forward;  ///< of blocks, warps and lanes; Backward: and copies land as early as they may
    std::uint64_t seed = 1;        ///< of Shuffled
    int osThreads = 0;             ///< that run blocks; 0: up to four
};
void setOptions(const Options& options);
const Options& options();

/// Kernels run since the process started.
std::uint64_t launchesRun();

/// A stream: work in the order it was queued, run by synchronize(). While it records, work goes into the record.
class Queue {
  public:
    using Work = std::function<Result<void>()>;
    void push(Work work);
    /// Runs all that is queued; the first failure drops the rest and is returned.
    Result<void> synchronize();
    /// The same, but the failure waits for synchronize().
    void drain();
    void beginRecord();
    std::vector<Work> endRecord();
    bool recording() const { return m_recording; }

  private:
    std::vector<Work> m_work, m_record;
    bool m_recording = false;
    Result<void> m_failure;
};

struct BlockState {
    uint3 blockIndex;
    dim3 blockDimension, gridDimension;
    void* dynamicShared = nullptr;
    int anyFlag[3] = {0, 0, 0};  ///< of __syncthreads_or, by the number of the barrier
    unsigned barriers = 0;
    class BlockRunner* runner = nullptr;
};

struct WarpState;

/// What a lane waits in.
enum class Meeting : int { None, SyncWarp, Shuffle, Ballot, MmaI8, MmaF16, MmaBf16, Ldmatrix, Block, Ended };

struct PendingCopy {
    void* target;
    const void* source;  ///< null: zeros
    int group;
};

struct ThreadState {
    uint3 threadIndex;
    unsigned lane = 0;
    BlockState* block = nullptr;
    WarpState* warp = nullptr;
    Meeting meeting = Meeting::None;
    std::uint64_t values[2] = {0, 0};  ///< what a shuffle or ballot publishes, by the parity of the warp's meetings
    void* data = nullptr;              ///< what mma and ldmatrix publish: the lane's own arguments
    void* context = nullptr;
    void* sanitizerStack = nullptr;
    void* stackBottom = nullptr;
    std::size_t stackBytes = 0;
    int copyGroup = 0;
    std::vector<PendingCopy> copies;
};

struct WarpState {
    ThreadState* lanes = nullptr;
    unsigned count = 0;  ///< lanes there are, 32 but for the last warp of an odd block
    unsigned meetings = 0;
    unsigned char order[32] = {};
    unsigned active = 0, position = 0;
};

extern constinit thread_local ThreadState* currentThread;

void* staticShared(const void* tag, std::size_t bytes);
/// Waits for the other lanes of the warp. The last to come runs `complete` for all of them.
void meet(Meeting meeting, void (*complete)(WarpState&));
/// Waits for the other threads of the block.
void meetBlock();
/// Ends the launch with an error that names the block and the thread. The fibers are left as they stand, so the texts
/// are not owned by any of them.
[[noreturn]] void fail(const char* what, const char* more = "", const char* andMore = "");

struct Launch {
    dim3 grid, block;
    std::size_t dynamicSharedBytes = 0;
    std::function<void()> body;
};
/// Runs every block of the launch; returns when all are done.
Result<void> runLaunch(const Launch& launch);
/// Why the launch could not run on any card, or ok.
Result<void> checkLaunch(dim3 grid, dim3 block, std::size_t dynamicSharedBytes);

void checkMask(unsigned mask);

/// Publishes `value`; the values of all lanes, valid until the warp's next meeting but one.
template <typename T>
const WarpState& exchange(Meeting meeting, T value, unsigned& parity) {
    static_assert(sizeof(T) <= 8 && std::is_trivially_copyable_v<T>);
    ThreadState& self = *currentThread;
    parity = self.warp->meetings & 1;
    std::memcpy(&self.values[parity], &value, sizeof(T));
    meet(meeting, nullptr);
    return *self.warp;
}

template <typename T>
T shuffle(unsigned mask, T value, unsigned source) {
    checkMask(mask);
    unsigned parity = 0;
    const WarpState& warp = exchange(Meeting::Shuffle, value, parity);
    T result;
    std::memcpy(&result, &warp.lanes[source].values[parity], sizeof(T));
    return result;
}

struct MmaArguments {
    void* d;
    const unsigned* a;
    const unsigned* b;
};
void completeMmaI8(WarpState& warp);
void completeMmaF16(WarpState& warp);
void completeMmaBf16(WarpState& warp);

struct LdmatrixArguments {
    unsigned* r;
    const void* row;
    int matrices;
    bool trans;
};
void completeLdmatrix(WarpState& warp);
void ldmatrix(unsigned* r, const void* row, int matrices, bool trans);

}  // namespace emulation

// ---- barriers and the warp's functions -----------------------------------------------------------------------------

inline void __syncthreads() {
    emulation::meetBlock();
}
inline int __syncthreads_or(int flag) {
    emulation::BlockState& block = *emulation::currentThread->block;
    const unsigned slot = block.barriers % 3;
    if (flag) block.anyFlag[slot] = 1;
    emulation::meetBlock();
    return block.anyFlag[slot];
}
inline void __syncwarp(unsigned mask = kFullMask) {
    emulation::checkMask(mask);
    emulation::meet(emulation::Meeting::SyncWarp, nullptr);
}
inline void __threadfence() {
    std::atomic_thread_fence(std::memory_order_seq_cst);
}
inline void __threadfence_block() {}

template <typename T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32) {
    const unsigned lane = emulation::currentThread->lane, group = lane & ~static_cast<unsigned>(width - 1);
    return emulation::shuffle(mask, value, group + (static_cast<unsigned>(source) & static_cast<unsigned>(width - 1)));
}
template <typename T>
T __shfl_xor_sync(unsigned mask, T value, int laneMask, int width = 32) {
    const unsigned lane = emulation::currentThread->lane, other = lane ^ static_cast<unsigned>(laneMask);
    const bool within = (other & ~static_cast<unsigned>(width - 1)) <= (lane & ~static_cast<unsigned>(width - 1));
    return emulation::shuffle(mask, value, within ? other : lane);
}
template <typename T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32) {
    const unsigned lane = emulation::currentThread->lane, inGroup = lane & static_cast<unsigned>(width - 1);
    return emulation::shuffle(mask, value, inGroup + delta < static_cast<unsigned>(width) ? lane + delta : lane);
}
template <typename T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32) {
    const unsigned lane = emulation::currentThread->lane, inGroup = lane & static_cast<unsigned>(width - 1);
    return emulation::shuffle(mask, value, inGroup >= delta ? lane - delta : lane);
}
inline unsigned __ballot_sync(unsigned mask, int predicate) {
    emulation::checkMask(mask);
    unsigned parity = 0, result = 0;
    const emulation::WarpState& warp =
        emulation::exchange(emulation::Meeting::Ballot, std::uint64_t{predicate != 0}, parity);
    for (unsigned i = 0; i < 32; ++i) result |= static_cast<unsigned>(warp.lanes[i].values[parity]) << i;
    return result;
}
inline int __any_sync(unsigned mask, int predicate) {
    return __ballot_sync(mask, predicate) != 0;
}
inline int __all_sync(unsigned mask, int predicate) {
    return __ballot_sync(mask, predicate) == kFullMask;
}

// ---- atomics: blocks run on several OS threads ---------------------------------------------------------------------

template <typename T>
requires std::is_arithmetic_v<T> T atomicAdd(T* address, std::type_identity_t<T> value) {
    return std::atomic_ref<T>(*address).fetch_add(value);
}
template <typename T>
requires std::is_integral_v<T> T atomicMax(T* address, std::type_identity_t<T> value) {
    std::atomic_ref<T> reference(*address);
    T before = reference.load();
    while (before < value && !reference.compare_exchange_weak(before, value)) {
    }
    return before;
}
template <typename T>
requires std::is_integral_v<T> T atomicMin(T* address, std::type_identity_t<T> value) {
    std::atomic_ref<T> reference(*address);
    T before = reference.load();
    while (before > value && !reference.compare_exchange_weak(before, value)) {
    }
    return before;
}
template <typename T>
requires std::is_integral_v<T> T atomicOr(T* address, std::type_identity_t<T> value) {
    return std::atomic_ref<T>(*address).fetch_or(value);
}
template <typename T>
T atomicExch(T* address, std::type_identity_t<T> value) {
    return std::atomic_ref<T>(*address).exchange(value);
}
template <typename T>
T atomicCAS(T* address, std::type_identity_t<T> expected, std::type_identity_t<T> value) {
    std::atomic_ref<T>(*address).compare_exchange_strong(expected, value);
    return expected;
}

// ---- arithmetic ----------------------------------------------------------------------------------------------------

using std::max;
using std::min;

inline float rsqrtf(float x) {
    return 1.0f / std::sqrt(x);
}
inline float __expf(float x) {
    return std::exp(x);
}
inline float __logf(float x) {
    return std::log(x);
}
inline float __fdividef(float a, float b) {
    return a / b;
}
inline float __fadd_rn(float a, float b) {
    return a + b;
}
inline float __fsub_rn(float a, float b) {
    return a - b;
}
inline float __fmul_rn(float a, float b) {
    return a * b;
}
inline float __fdiv_rn(float a, float b) {
    return a / b;
}
inline float __fmaf_rn(float a, float b, float c) {
    return std::fma(a, b, c);
}
inline float __fsqrt_rn(float a) {
    return std::sqrt(a);
}
inline int __float2int_rn(float x) {
    return static_cast<int>(std::nearbyint(x));
}
inline float __int2float_rn(int x) {
    return static_cast<float>(x);
}
inline unsigned __float_as_uint(float x) {
    return std::bit_cast<unsigned>(x);
}
inline int __float_as_int(float x) {
    return std::bit_cast<int>(x);
}
inline float __uint_as_float(unsigned x) {
    return std::bit_cast<float>(x);
}
inline float __int_as_float(int x) {
    return std::bit_cast<float>(x);
}
inline int __popc(unsigned x) {
    return std::popcount(x);
}
inline int __clz(int x) {
    return std::countl_zero(static_cast<unsigned>(x));
}
inline int __ffs(int x) {
    return x == 0 ? 0 : std::countr_zero(static_cast<unsigned>(x)) + 1;
}
inline int __dp4a(int a, int b, int c) {
    for (int i = 0; i < 4; ++i) {
        c += static_cast<int>(static_cast<signed char>(a >> (8 * i))) * static_cast<signed char>(b >> (8 * i));
    }
    return c;
}
/// Bytes of x (0 to 3) and y (4 to 7) by the four selectors' lowest three bits.
inline unsigned __byte_perm(unsigned x, unsigned y, unsigned selector) {
    const std::uint64_t bytes = std::uint64_t{y} << 32 | x;
    unsigned result = 0;
    for (int i = 0; i < 4; ++i)
        result |= static_cast<unsigned>(bytes >> (8 * ((selector >> (4 * i)) & 7)) & 0xff) << (8 * i);
    return result;
}
template <typename T>
T __ldg(const T* address) {
    return *address;
}
template <typename T>
T __ldcs(const T* address) {
    return *address;
}
template <typename T>
T __ldcg(const T* address) {
    return *address;
}
template <typename T>
void __stcs(T* address, std::type_identity_t<T> value) {
    *address = value;
}
[[noreturn]] inline void __trap() {
    emulation::fail("__trap()");
}

inline float toFloat(float value) {
    return value;
}
inline float toFloat(half_t value) {
    const unsigned magnitude = (value.bits & 0x7fffu) << 13;
    float result = std::bit_cast<float>(magnitude) * 0x1p112f;  // exact, subnormals too
    if (magnitude >= 0x1fu << 23) result = std::bit_cast<float>(magnitude | 0x7f800000u);
    return std::bit_cast<float>(std::bit_cast<unsigned>(result) | static_cast<unsigned>(value.bits & 0x8000u) << 16);
}
inline float toFloat(bf16_t value) {
    return std::bit_cast<float>(static_cast<unsigned>(value.bits) << 16);
}
namespace emulation {
std::uint16_t halfBits(float value);
}
template <typename T>
T fromFloat(float value) {
    if constexpr (std::is_same_v<T, half_t>) {
        return {emulation::halfBits(value)};
    } else if constexpr (std::is_same_v<T, bf16_t>) {
        const unsigned u = std::bit_cast<unsigned>(value);
        return {static_cast<std::uint16_t>((u & 0x7fffffffu) > 0x7f800000u ? (u >> 16) | 0x40u
                                                                           : (u + 0x7fffu + ((u >> 16) & 1u)) >> 16)};
    } else {
        static_assert(std::is_same_v<T, float>);
        return value;
    }
}
template <typename T>
unsigned packPair(float low, float high) {
    return static_cast<unsigned>(fromFloat<T>(low).bits) | static_cast<unsigned>(fromFloat<T>(high).bits) << 16;
}
template <typename T>
void unpackPair(unsigned pair, float& low, float& high) {
    low = toFloat(T{static_cast<std::uint16_t>(pair & 0xffffu)});
    high = toFloat(T{static_cast<std::uint16_t>(pair >> 16)});
}

// ---- tensor cores, computed by the last lane to come for all of them -----------------------------------------------

inline void mmaI8(int (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    emulation::MmaArguments arguments{d, a, b};
    emulation::currentThread->data = &arguments;
    emulation::meet(emulation::Meeting::MmaI8, emulation::completeMmaI8);
}
inline void mmaF16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    emulation::MmaArguments arguments{d, a, b};
    emulation::currentThread->data = &arguments;
    emulation::meet(emulation::Meeting::MmaF16, emulation::completeMmaF16);
}
inline void mmaBf16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    emulation::MmaArguments arguments{d, a, b};
    emulation::currentThread->data = &arguments;
    emulation::meet(emulation::Meeting::MmaBf16, emulation::completeMmaBf16);
}
inline void ldmatrixX4(unsigned (&r)[4], const void* sharedRow) {
    emulation::ldmatrix(r, sharedRow, 4, false);
}
inline void ldmatrixX4Trans(unsigned (&r)[4], const void* sharedRow) {
    emulation::ldmatrix(r, sharedRow, 4, true);
}
inline void ldmatrixX2(unsigned (&r)[2], const void* sharedRow) {
    emulation::ldmatrix(r, sharedRow, 2, false);
}
inline void ldmatrixX2Trans(unsigned (&r)[2], const void* sharedRow) {
    emulation::ldmatrix(r, sharedRow, 2, true);
}

void cpAsync16(void* shared, const void* global, bool valid = true);
void cpAsyncCommit();
namespace emulation {
void waitForCopies(int groupsLeft);
}
inline void refuseToRun() {
    emulation::fail("a kernel that no card runs was started");
}
template <int N>
void cpAsyncWait() {
    emulation::waitForCopies(N);
}

template <typename... Parameters, typename... Arguments>
Result<void> launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t dynamicSharedBytes,
                    StreamHandle stream, Arguments&&... args) {
    static_assert(sizeof...(Parameters) == sizeof...(Arguments));
    static_assert((sizeof(Parameters) + ... + 0) <= 4000, "a kernel's parameters are at most 4 KB");
    if (Result<void> possible = emulation::checkLaunch(grid, block, dynamicSharedBytes); !possible.ok())
        return possible;
    if (stream == nullptr)
        return makeError(ErrorCode::Internal, "a kernel was launched without a stream: there is no default one");
    emulation::Launch work{grid, block, dynamicSharedBytes,
                           [kernel, values = std::tuple<std::decay_t<Parameters>...>(static_cast<Parameters>(
                                        std::forward<Arguments>(args))...)] { std::apply(kernel, values); }};
    static_cast<emulation::Queue*>(stream)->push([work = std::move(work)] { return emulation::runLaunch(work); });
    return {};
}

}  // namespace distillix::cuda
