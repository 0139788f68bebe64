// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cuda/gemm.h"

namespace distillix::cuda {

namespace {

std::string sizes(int rows, int cols) {
    return "[" + std::to_string(rows) + ", " + std::to_string(cols) + "]";
}

std::string operandText(const GemmOperand& operand) {
    return std::string(operand.transposed ? "ᵀ" : "") + "/" + std::to_string(operand.stride);
}

Error refused(const GemmArgs& args, const std::string& why) {
    return makeError(ErrorCode::InvalidArgument, gemmText(args) + ": " + why, "dense product");
}

}  // namespace

std::string gemmText(const GemmArgs& args) {
    const std::string type(dtypeName(args.type));
    return "c" + sizes(args.m, args.n) + "/" + std::to_string(args.outStride) + " " +
           std::string(dtypeName(args.outType)) + " = " + std::to_string(args.batch) + " x a" + sizes(args.m, args.k) +
           operandText(args.a) + " · b" + sizes(args.k, args.n) + operandText(args.b) + " " + type +
           (args.beta != 0 ? " + beta·c" : "");
}

Result<void> checkGemm(const GemmArgs& args) {
    if (args.m <= 0 || args.n <= 0 || args.k <= 0 || args.batch <= 0) return refused(args, "nothing to multiply");
    if (!args.a.data || !args.b.data || !args.out) return refused(args, "an operand is missing");
    if (args.a.stride < (args.a.transposed ? args.m : args.k) ||
        args.b.stride < (args.b.transposed ? args.k : args.n) || args.outStride < args.n)
        return refused(args, "rows overlap");
    if (args.type == DType::I8) {
        const bool aligned = args.k % 16 == 0 && args.a.stride % 16 == 0 && args.b.stride % 16 == 0 &&
                             args.m % 4 == 0 && args.n % 4 == 0 && args.outStride % 4 == 0;
        if (!aligned || args.a.transposed || !args.b.transposed || args.outType != DType::I32 || args.alpha != 1 ||
            args.beta != 0)
            return refused(args, "int8 products want x·Wᵀ with sizes that are multiples of 16 (of 4 in the result)");
        return {};
    }
    if (args.type != DType::F32 && args.type != DType::BF16 && args.type != DType::F16)
        return refused(args, "operands of another type than f32, bf16, f16, i8");
    if (args.outType != DType::F32 && args.outType != args.type)
        return refused(args, "the result is float32 or of the operands' type");
    return {};
}

}  // namespace distillix::cuda
