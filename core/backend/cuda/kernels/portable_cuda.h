// SPDX-License-Identifier: Apache-2.0
// portable.h as nvcc sees it.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>

#include <cuda_runtime.h>

/// What the device code is compiled for, 750 to 1200; 0 in host code.
#ifdef __CUDA_ARCH__
#define DISTILLIX_DEVICE_ARCH __CUDA_ARCH__
#else
#define DISTILLIX_DEVICE_ARCH 0
#endif

/// A static array in shared memory, of `count` elements, 16-byte aligned; `name` is used as a pointer.
#define SHARED(type, name, count) __shared__ __align__(16) type name[count]
/// The dynamic shared memory of the launch, 16-byte aligned, as a pointer to `type`.
#define DYNAMIC_SHARED(type, name)                                                 \
    extern __shared__ __align__(128) unsigned char distillixDynamicSharedMemory[]; \
    type* const name = reinterpret_cast<type*>(distillixDynamicSharedMemory)

namespace distillix::cuda {

__device__ __forceinline__ float toFloat(float value) {
    return value;
}
__device__ __forceinline__ float toFloat(half_t value) {
    float result;
    asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(value.bits));
    return result;
}
__device__ __forceinline__ float toFloat(bf16_t value) {
    return __uint_as_float(static_cast<unsigned>(value.bits) << 16);
}

/// Rounds to nearest, ties to even.
template <typename T>
__device__ __forceinline__ T fromFloat(float value) {
    if constexpr (std::is_same_v<T, half_t>) {
        half_t result;
        asm("cvt.rn.f16.f32 %0, %1;" : "=h"(result.bits) : "f"(value));
        return result;
    } else if constexpr (std::is_same_v<T, bf16_t>) {
        bf16_t result;
#if DISTILLIX_DEVICE_ARCH >= 800
        asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(result.bits) : "f"(value));
#else
        __trap();  // 7.5 has no bfloat16, and the host launches no kernel for it
        result.bits = 0;
#endif
        return result;
    } else {
        static_assert(std::is_same_v<T, float>);
        return value;
    }
}

/// Two values of 16 bits in a register, `low` in the lower half (the element that lies first in memory).
template <typename T>
__device__ __forceinline__ unsigned packPair(float low, float high) {
#if DISTILLIX_DEVICE_ARCH >= 800
    unsigned result;
    if constexpr (std::is_same_v<T, half_t>) {
        asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(high), "f"(low));
    } else {
        asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(high), "f"(low));
    }
    return result;
#else
    return static_cast<unsigned>(fromFloat<T>(low).bits) | static_cast<unsigned>(fromFloat<T>(high).bits) << 16;
#endif
}
template <typename T>
__device__ __forceinline__ void unpackPair(unsigned pair, float& low, float& high) {
    low = toFloat(T{static_cast<std::uint16_t>(pair & 0xffffu)});
    high = toFloat(T{static_cast<std::uint16_t>(pair >> 16)});
}

// ---- tensor cores: lanes hold what the PTX ISA says of the shape ---------------------------------------------------

/// d += a·b, m16n8k32, int8 with int32 sums. On 7.5 the same from four m8n8k16.
__device__ __forceinline__ void mmaI8(int (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
#if DISTILLIX_DEVICE_ARCH >= 800
    asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                 : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
#pragma unroll
    for (int k = 0; k < 2; ++k) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            asm volatile("mma.sync.aligned.m8n8k16.row.col.s32.s8.s8.s32 {%0,%1}, {%2}, {%3}, {%0,%1};"
                         : "+r"(d[2 * half]), "+r"(d[2 * half + 1])
                         : "r"(a[2 * k + half]), "r"(b[k]));
        }
    }
#endif
}

/// d += a·b, m16n8k16, binary16 with float sums. On 7.5 the same from two m16n8k8.
__device__ __forceinline__ void mmaF16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
#if DISTILLIX_DEVICE_ARCH >= 800
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
#pragma unroll
    for (int k = 0; k < 2; ++k) {
        asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
                     : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                     : "r"(a[2 * k]), "r"(a[2 * k + 1]), "r"(b[k]));
    }
#endif
}

/// d += a·b, m16n8k16, bfloat16 with float sums. 8.0 and up: the host launches no such kernel on 7.5.
__device__ __forceinline__ void mmaBf16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
#if DISTILLIX_DEVICE_ARCH >= 800
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
    __trap();
#endif
}

/// Four (two) 8 x 8 matrices of 16-bit elements: lane 8·i + r gives the address of row r of matrix i (16 bytes,
/// aligned; of X2 lanes 16 to 31 are not looked at, but must give addresses within the array); r[i] holds this lane's
/// two elements of matrix i: row lane/4, columns 2·(lane%4) and the next; Trans: of the transposed matrix.
__device__ __forceinline__ void ldmatrixX4(unsigned (&r)[4], const void* sharedRow) {
    const unsigned address = static_cast<unsigned>(__cvta_generic_to_shared(sharedRow));
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(address)
                 : "memory");
}
__device__ __forceinline__ void ldmatrixX4Trans(unsigned (&r)[4], const void* sharedRow) {
    const unsigned address = static_cast<unsigned>(__cvta_generic_to_shared(sharedRow));
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(address)
                 : "memory");
}
__device__ __forceinline__ void ldmatrixX2(unsigned (&r)[2], const void* sharedRow) {
    const unsigned address = static_cast<unsigned>(__cvta_generic_to_shared(sharedRow));
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];"
                 : "=r"(r[0]), "=r"(r[1])
                 : "r"(address)
                 : "memory");
}
__device__ __forceinline__ void ldmatrixX2Trans(unsigned (&r)[2], const void* sharedRow) {
    const unsigned address = static_cast<unsigned>(__cvta_generic_to_shared(sharedRow));
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
                 : "=r"(r[0]), "=r"(r[1])
                 : "r"(address)
                 : "memory");
}

// ---- copies into shared memory that run beside the arithmetic -------------------------------------------------------

/// Queues a copy of 16 bytes; where not valid, 16 zero bytes are written and `global` is not read (it must be an
/// address all the same). What was copied may be read behind cpAsyncWait by this thread, and behind a barrier too by
/// others.
__device__ __forceinline__ void cpAsync16(void* shared, const void* global, bool valid = true) {
#if DISTILLIX_DEVICE_ARCH >= 800
    const unsigned address = static_cast<unsigned>(__cvta_generic_to_shared(shared));
    const int bytes = valid ? 16 : 0;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(global), "r"(bytes) : "memory");
#else
    *static_cast<uint4*>(shared) = valid ? *static_cast<const uint4*>(global) : make_uint4(0, 0, 0, 0);
#endif
}
/// Closes the group of the copies queued since the last one.
__device__ __forceinline__ void cpAsyncCommit() {
#if DISTILLIX_DEVICE_ARCH >= 800
    asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}
/// Waits until at most N of this thread's closed groups are under way.
template <int N>
__device__ __forceinline__ void cpAsyncWait() {
#if DISTILLIX_DEVICE_ARCH >= 800
    asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
#endif
}

/// Of a kernel that this card's host never starts.
__device__ __forceinline__ void refuseToRun() {
    __trap();
}

// ---- the one way to start a kernel ---------------------------------------------------------------------------------

/// A kernel that wants more dynamic shared memory than 48 KiB must say so, once on each device: the most that it has
/// wanted, for what is said last counts.
inline cudaError_t allowDynamicShared(const void* kernel, std::size_t bytes) {
    static std::mutex mutex;
    static std::map<std::pair<const void*, int>, std::size_t> allowed;  // guarded by mutex
    int device = 0;
    if (const cudaError_t status = cudaGetDevice(&device); status != cudaSuccess) return status;
    const std::lock_guard lock(mutex);
    std::size_t& most = allowed[{kernel, device}];
    if (bytes <= most) return cudaSuccess;
    const cudaError_t status =
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes));
    if (status == cudaSuccess) {
        most = bytes;
    } else {
        (void)cudaGetLastError();  // or the next launch would report it as its own
    }
    return status;
}

/// Queues kernel(args...) on the stream. The error is the runtime's about the launch, or an earlier kernel's failure.
template <typename... Parameters, typename... Arguments>
Result<void> launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t dynamicSharedBytes,
                    StreamHandle stream, Arguments&&... args) {
    static_assert(sizeof...(Parameters) == sizeof...(Arguments));
    static_assert((sizeof(Parameters) + ... + 0) <= 4000, "a kernel's parameters are at most 4 KB");
    cudaError_t status = cudaSuccess;
    // Of the 48 KiB that need no word, no kernel with dynamic memory has more than 8 in static arrays.
    if (dynamicSharedBytes > 28 * 1024)
        status = allowDynamicShared(reinterpret_cast<const void*>(kernel), dynamicSharedBytes);
    if (status == cudaSuccess) {
        kernel<<<grid, block, dynamicSharedBytes, static_cast<cudaStream_t>(stream)>>>(
            static_cast<Parameters>(std::forward<Arguments>(args))...);
        status = cudaGetLastError();
    }
    if (status == cudaSuccess) return {};
    return makeError(ErrorCode::Device, std::string("starting a kernel failed: ") + cudaGetErrorString(status) +
                                            " (grid " + std::to_string(grid.x) + " x " + std::to_string(grid.y) +
                                            " x " + std::to_string(grid.z) + ", block " + std::to_string(block.x) +
                                            " x " + std::to_string(block.y) + " x " + std::to_string(block.z) + ", " +
                                            std::to_string(dynamicSharedBytes) + " bytes of shared memory)");
}

}  // namespace distillix::cuda
