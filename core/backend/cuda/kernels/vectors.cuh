// SPDX-License-Identifier: Apache-2.0
// Rows of activations whose type is known at run time only. Kernels bound by memory choose it by a branch that all
// threads take alike, outside their inner loops: that costs nothing beside the loads, and spares a kernel for each pair
// of types.
#pragma once

#include "core/backend/cuda/kernels/launchers.h"
#include "core/backend/cuda/kernels/portable.h"

namespace distillix::cuda {

/// Four neighbouring elements, aligned to their whole.
__device__ __forceinline__ void load4(const float* p, float (&v)[4]) {
    const float4 q = *reinterpret_cast<const float4*>(p);
    v[0] = q.x;
    v[1] = q.y;
    v[2] = q.z;
    v[3] = q.w;
}
template <typename T>
__device__ __forceinline__ void load4(const T* p, float (&v)[4]) {
    const uint2 q = *reinterpret_cast<const uint2*>(p);
    unpackPair<T>(q.x, v[0], v[1]);
    unpackPair<T>(q.y, v[2], v[3]);
}
__device__ __forceinline__ void store4(float* p, const float (&v)[4]) {
    *reinterpret_cast<float4*>(p) = make_float4(v[0], v[1], v[2], v[3]);
}
template <typename T>
__device__ __forceinline__ void store4(T* p, const float (&v)[4]) {
    *reinterpret_cast<uint2*>(p) = make_uint2(packPair<T>(v[0], v[1]), packPair<T>(v[2], v[3]));
}

/// VEC neighbouring elements of values whose type is known at run time.
template <int VEC>
__device__ __forceinline__ void loadAny(const ConstValues& x, std::size_t at, float (&v)[VEC]) {
    const auto load = [&](const auto* p) {
        if constexpr (VEC == 4) {
            load4(p + at, v);
        } else {
            v[0] = toFloat(p[at]);
        }
    };
    if (x.type == ValueType::F32) {
        load(static_cast<const float*>(x.data));
    } else if (x.type == ValueType::BF16) {
        load(static_cast<const bf16_t*>(x.data));
    } else {
        load(static_cast<const half_t*>(x.data));
    }
}
template <int VEC>
__device__ __forceinline__ void storeAny(const Values& x, std::size_t at, const float (&v)[VEC]) {
    const auto store = [&](auto* p) {
        if constexpr (VEC == 4) {
            store4(p + at, v);
        } else {
            p[at] = fromFloat<std::remove_reference_t<decltype(*p)>>(v[0]);
        }
    };
    if (x.type == ValueType::F32) {
        store(static_cast<float*>(x.data));
    } else if (x.type == ValueType::BF16) {
        store(static_cast<bf16_t*>(x.data));
    } else {
        store(static_cast<half_t*>(x.data));
    }
}

/// A single value of a type that is known at run time.
__device__ __forceinline__ float readValue(const void* values, DType type, std::ptrdiff_t at) {
    return type == DType::F32   ? static_cast<const float*>(values)[at]
           : type == DType::F16 ? toFloat(static_cast<const half_t*>(values)[at])
                                : toFloat(static_cast<const bf16_t*>(values)[at]);
}
__device__ __forceinline__ void writeValue(void* values, DType type, std::ptrdiff_t at, float value) {
    if (type == DType::F32) {
        static_cast<float*>(values)[at] = value;
    } else if (type == DType::F16) {
        static_cast<half_t*>(values)[at] = fromFloat<half_t>(value);
    } else {
        static_cast<bf16_t*>(values)[at] = fromFloat<bf16_t>(value);
    }
}

/// Elements of a row that one thread of a group of THREADS holds: VEC neighbours, THREADS·VEC further on the next.
template <int THREADS, int VEC, int ITEMS>
struct RowPart {
    static constexpr int kWidth = THREADS * VEC * ITEMS;  ///< the widest row
    float v[ITEMS][VEC];

    static __device__ __forceinline__ int column(int thread, int item) { return (item * THREADS + thread) * VEC; }

    /// Columns past `width` become zero. VEC 4 asks for a width and a row start that 4 divides.
    template <typename T>
    __device__ __forceinline__ void loadTyped(const T* row, int width, int thread) {
#pragma unroll
        for (int i = 0; i < ITEMS; ++i) {
            const int c = column(thread, i);
            if constexpr (VEC == 4) {
                if (c < width) {
                    load4(row + c, v[i]);
                } else {
                    v[i][0] = v[i][1] = v[i][2] = v[i][3] = 0;
                }
            } else {
                v[i][0] = c < width ? toFloat(row[c]) : 0.0f;
            }
        }
    }
    template <typename T>
    __device__ __forceinline__ void storeTyped(T* row, int width, int thread) const {
#pragma unroll
        for (int i = 0; i < ITEMS; ++i) {
            const int c = column(thread, i);
            if (c >= width) continue;
            if constexpr (VEC == 4) {
                store4(row + c, v[i]);
            } else {
                row[c] = fromFloat<T>(v[i][0]);
            }
        }
    }
    __device__ __forceinline__ void load(const ConstValues& x, std::size_t offset, int width, int thread) {
        if (x.type == ValueType::F32) {
            loadTyped(static_cast<const float*>(x.data) + offset, width, thread);
        } else if (x.type == ValueType::BF16) {
            loadTyped(static_cast<const bf16_t*>(x.data) + offset, width, thread);
        } else {
            loadTyped(static_cast<const half_t*>(x.data) + offset, width, thread);
        }
    }
    __device__ __forceinline__ void store(const Values& x, std::size_t offset, int width, int thread) const {
        if (x.type == ValueType::F32) {
            storeTyped(static_cast<float*>(x.data) + offset, width, thread);
        } else if (x.type == ValueType::BF16) {
            storeTyped(static_cast<bf16_t*>(x.data) + offset, width, thread);
        } else {
            storeTyped(static_cast<half_t*>(x.data) + offset, width, thread);
        }
    }
};

}  // namespace distillix::cuda
