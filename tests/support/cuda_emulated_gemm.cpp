// SPDX-License-Identifier: Apache-2.0
// Dense products of the emulated card: plain loops, queued as kernels are. What the real library refuses is refused.
#include <cstring>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "core/backend/cuda/gemm.h"
#include "core/backend/cuda/kernels/portable.h"
#include "tests/support/cuda_emulated_device.h"

namespace distillix::cuda {

namespace {

float valueAt(const void* data, DType type, std::int64_t index) {
    switch (type) {
        case DType::BF16:
            return toFloat(static_cast<const bf16_t*>(data)[index]);
        case DType::F16:
            return toFloat(static_cast<const half_t*>(data)[index]);
        default:
            return static_cast<const float*>(data)[index];
    }
}

void store(void* data, DType type, std::int64_t index, float value) {
    switch (type) {
        case DType::BF16:
            static_cast<bf16_t*>(data)[index] = fromFloat<bf16_t>(value);
            break;
        case DType::F16:
            static_cast<half_t*>(data)[index] = fromFloat<half_t>(value);
            break;
        default:
            static_cast<float*>(data)[index] = value;
    }
}

/// op(M) [rows, cols] as floats.
std::vector<float> dense(const GemmOperand& operand, DType type, int batch, int rows, int cols) {
    std::vector<float> values(static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols));
    const std::int64_t start = batch * operand.batchStride;
    for (int r = 0; r < rows; ++r) {
        for (int c = 0; c < cols; ++c) {
            const std::int64_t place = operand.transposed ? c * operand.stride + r : r * operand.stride + c;
            values[static_cast<std::size_t>(r) * static_cast<std::size_t>(cols) + static_cast<std::size_t>(c)] =
                valueAt(operand.data, type, start + place);
        }
    }
    return values;
}

void multiplyFloats(const GemmArgs& args) {
    const std::size_t n = static_cast<std::size_t>(args.n), k = static_cast<std::size_t>(args.k);
    const void* const addend = args.addend ? args.addend : args.out;
    std::vector<float> sums(n);
    for (int batch = 0; batch < args.batch; ++batch) {
        const std::vector<float> a = dense(args.a, args.type, batch, args.m, args.k);
        const std::vector<float> b = dense(args.b, args.type, batch, args.k, args.n);
        for (int r = 0; r < args.m; ++r) {
            sums.assign(n, 0.0f);
            for (std::size_t i = 0; i < k; ++i) {
                const float factor = a[static_cast<std::size_t>(r) * k + i];
                const float* row = b.data() + i * n;
                for (std::size_t c = 0; c < n; ++c) sums[c] += factor * row[c];
            }
            const std::int64_t start = batch * args.outBatchStride + r * args.outStride;
            for (int c = 0; c < args.n; ++c) {
                float value = args.alpha * sums[static_cast<std::size_t>(c)];
                if (args.beta != 0) value += args.beta * valueAt(addend, args.outType, start + c);
                store(args.out, args.outType, start + c, value);
            }
        }
    }
}

void multiplyCodes(const GemmArgs& args) {
    const std::int8_t* a = static_cast<const std::int8_t*>(args.a.data);
    const std::int8_t* b = static_cast<const std::int8_t*>(args.b.data);
    for (int r = 0; r < args.m; ++r) {
        for (int c = 0; c < args.n; ++c) {
            std::int32_t sum = 0;
            for (int i = 0; i < args.k; ++i) sum += std::int32_t{a[r * args.a.stride + i]} * b[c * args.b.stride + i];
            static_cast<std::int32_t*>(args.out)[r * args.outStride + c] = sum;
        }
    }
}

std::mutex shapesMutex;
std::set<std::string> shapes;

class EmulatedGemm final : public Gemm {
  public:
    Result<void> run(const GemmArgs& args, const GemmScratch& scratch, StreamHandle stream) override {
        TRY_VOID(checkGemm(args));
        {
            const std::lock_guard lock(shapesMutex);
            shapes.insert(gemmText(args));
        }
        if (!scratch || reinterpret_cast<std::uintptr_t>(scratch.memory) % 256 != 0)
            return makeError(ErrorCode::Internal, "a product without scratch memory", gemmText(args));
        static_cast<emulation::Queue*>(stream)->push([args, scratch]() -> Result<void> {
            std::memset(scratch.memory, 0xff, scratch.bytes);  // the library may use all of it
            args.type == DType::I8 ? multiplyCodes(args) : multiplyFloats(args);
            return {};
        });
        return {};
    }
};

}  // namespace

std::size_t emulatedProductShapes() {
    const std::lock_guard lock(shapesMutex);
    return shapes.size();
}

Result<std::unique_ptr<Gemm>> makeGemm() {
    return std::unique_ptr<Gemm>(std::make_unique<EmulatedGemm>());
}

}  // namespace distillix::cuda
