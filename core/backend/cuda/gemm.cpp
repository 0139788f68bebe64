// SPDX-License-Identifier: Apache-2.0
// Dense products over cuBLASLt. The library thinks in columns: a row-major matrix is its transpose there, so that
// C = op(A)·op(B) is asked for as Cᵀ = op(B)ᵀ·op(A)ᵀ, which moves no byte. Never run on a GPU.
#include "core/backend/cuda/gemm.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <memory>
#include <tuple>

#include <cublasLt.h>

namespace distillix::cuda {

namespace {

Error failed(const std::string& what, cublasStatus_t status) {
    return makeError(status == CUBLAS_STATUS_NOT_SUPPORTED ? ErrorCode::Unsupported : ErrorCode::Device,
                     what + ": " + cublasLtGetStatusString(status) + " (" + cublasLtGetStatusName(status) + ")",
                     "cuBLASLt");
}

#define DISTILLIX_TRY_CUBLAS(what, call)                                    \
    do {                                                                    \
        const cublasStatus_t status_ = (call);                              \
        if (status_ != CUBLAS_STATUS_SUCCESS) return failed(what, status_); \
    } while (0)

cudaDataType_t dataType(DType type) {
    switch (type) {
        case DType::BF16:
            return CUDA_R_16BF;
        case DType::F16:
            return CUDA_R_16F;
        case DType::I8:
            return CUDA_R_8I;
        case DType::I32:
            return CUDA_R_32I;
        default:
            return CUDA_R_32F;
    }
}

/// The largest power of two up to 256 that divides both an address and the bytes from one matrix to the next.
std::uint32_t alignmentOf(const void* address, std::int64_t bytesApart) {
    const std::uint64_t bits =
        reinterpret_cast<std::uintptr_t>(address) | static_cast<std::uint64_t>(bytesApart) | 256u;
    return std::uint32_t{1} << std::countr_zero(bits);
}

/// All that the choice of an algorithm depends on.
using Key =
    std::tuple<int, int, int, int, int, int, bool, bool, bool, std::int64_t, std::int64_t, std::int64_t, std::int64_t,
               std::int64_t, std::int64_t, std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t, std::size_t>;

struct DestroyDescription {
    void operator()(cublasLtMatmulDescOpaque_t* d) const { cublasLtMatmulDescDestroy(d); }
};
struct DestroyLayout {
    void operator()(cublasLtMatrixLayoutOpaque_t* d) const { cublasLtMatrixLayoutDestroy(d); }
};
struct DestroyPreference {
    void operator()(cublasLtMatmulPreferenceOpaque_t* d) const { cublasLtMatmulPreferenceDestroy(d); }
};
using Layout = std::unique_ptr<cublasLtMatrixLayoutOpaque_t, DestroyLayout>;

struct Plan {
    std::unique_ptr<cublasLtMatmulDescOpaque_t, DestroyDescription> description;
    Layout a, b, c;
    cublasLtMatmulAlgo_t algorithm{};
};

/// A row-major [rows, cols] matrix, as the library's [cols, rows].
Result<Layout> makeLayout(DType type, std::int64_t rows, std::int64_t cols, std::int64_t stride, int batch,
                          std::int64_t batchStride) {
    cublasLtMatrixLayout_t layout = nullptr;
    DISTILLIX_TRY_CUBLAS("describing a matrix",
                         cublasLtMatrixLayoutCreate(&layout, dataType(type), static_cast<std::uint64_t>(cols),
                                                    static_cast<std::uint64_t>(rows), stride));
    Layout owned(layout);
    if (batch > 1) {
        DISTILLIX_TRY_CUBLAS(
            "describing a batch",
            cublasLtMatrixLayoutSetAttribute(layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &batch, sizeof(batch)));
        DISTILLIX_TRY_CUBLAS("describing a batch",
                             cublasLtMatrixLayoutSetAttribute(layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET,
                                                              &batchStride, sizeof(batchStride)));
    }
    return owned;
}

class CublasGemm final : public Gemm {
  public:
    explicit CublasGemm(cublasLtHandle_t handle) : m_handle(handle) {}
    ~CublasGemm() override {
        m_plans.clear();
        cublasLtDestroy(m_handle);
    }

    Result<void> run(const GemmArgs& args, const GemmScratch& scratch, StreamHandle stream) override {
        TRY_VOID(checkGemm(args));
        const Plan* const plan = TRY_AT(planFor(args, scratch.bytes), gemmText(args));
        const void* const addend = args.addend ? args.addend : args.out;
        const std::int32_t one = 1, zero = 0;  // of an integer product
        const bool integers = args.type == DType::I8;
        const void* alpha = integers ? static_cast<const void*>(&one) : &args.alpha;
        const void* beta = integers ? static_cast<const void*>(&zero) : &args.beta;
        const cublasStatus_t status =
            cublasLtMatmul(m_handle, plan->description.get(), alpha, args.b.data, plan->a.get(), args.a.data,
                           plan->b.get(), beta, addend, plan->c.get(), args.out, plan->c.get(), &plan->algorithm,
                           scratch.memory, scratch.bytes, static_cast<cudaStream_t>(stream));
        if (status != CUBLAS_STATUS_SUCCESS) return failed(gemmText(args), status);
        return {};
    }

  private:
    Result<const Plan*> planFor(const GemmArgs& args, std::size_t scratchBytes) {
        const std::int64_t itemBytes = static_cast<std::int64_t>(dtypeBytes(args.type)),
                           outBytes = static_cast<std::int64_t>(dtypeBytes(args.outType));
        const void* const addend = args.addend ? args.addend : args.out;
        const std::uint32_t alignments[4] = {
            alignmentOf(args.b.data, args.batch > 1 ? args.b.batchStride * itemBytes : 0),
            alignmentOf(args.a.data, args.batch > 1 ? args.a.batchStride * itemBytes : 0),
            alignmentOf(addend, args.batch > 1 ? args.outBatchStride * outBytes : 0),
            alignmentOf(args.out, args.batch > 1 ? args.outBatchStride * outBytes : 0)};
        const Key key{args.m,
                      args.n,
                      args.k,
                      args.batch,
                      static_cast<int>(args.type),
                      static_cast<int>(args.outType),
                      args.a.transposed,
                      args.b.transposed,
                      args.beta != 0,
                      args.a.stride,
                      args.b.stride,
                      args.outStride,
                      args.a.batchStride,
                      args.b.batchStride,
                      args.outBatchStride,
                      alignments[0],
                      alignments[1],
                      alignments[2],
                      alignments[3],
                      scratchBytes};
        if (const auto known = m_plans.find(key); known != m_plans.end()) return &known->second;

        Plan plan;
        const bool integers = args.type == DType::I8;
        cublasLtMatmulDesc_t description = nullptr;
        // Plain float32, and no TF32: what was asked for as float32 is summed and multiplied as such.
        DISTILLIX_TRY_CUBLAS("describing a product",
                             cublasLtMatmulDescCreate(&description, integers ? CUBLAS_COMPUTE_32I : CUBLAS_COMPUTE_32F,
                                                      integers ? CUDA_R_32I : CUDA_R_32F));
        plan.description.reset(description);
        const cublasOperation_t first = args.b.transposed ? CUBLAS_OP_T : CUBLAS_OP_N,
                                second = args.a.transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
        DISTILLIX_TRY_CUBLAS(
            "describing a product",
            cublasLtMatmulDescSetAttribute(description, CUBLASLT_MATMUL_DESC_TRANSA, &first, sizeof(first)));
        DISTILLIX_TRY_CUBLAS(
            "describing a product",
            cublasLtMatmulDescSetAttribute(description, CUBLASLT_MATMUL_DESC_TRANSB, &second, sizeof(second)));
        plan.a = TRY(makeLayout(args.type, args.b.transposed ? args.n : args.k, args.b.transposed ? args.k : args.n,
                                args.b.stride, args.batch, args.b.batchStride));
        plan.b = TRY(makeLayout(args.type, args.a.transposed ? args.k : args.m, args.a.transposed ? args.m : args.k,
                                args.a.stride, args.batch, args.a.batchStride));
        plan.c = TRY(makeLayout(args.outType, args.m, args.n, args.outStride, args.batch, args.outBatchStride));

        cublasLtMatmulPreference_t wishes = nullptr;
        DISTILLIX_TRY_CUBLAS("choosing an algorithm", cublasLtMatmulPreferenceCreate(&wishes));
        const std::unique_ptr<cublasLtMatmulPreferenceOpaque_t, DestroyPreference> owned(wishes);
        const std::uint64_t room = scratchBytes;
        // Sums that are split over blocks are put together in a second pass, in order: the same bits every time.
        const std::uint32_t reductions = CUBLASLT_REDUCTION_SCHEME_NONE | CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
        const auto wish = [&](cublasLtMatmulPreferenceAttributes_t name, const auto& value) {
            return cublasLtMatmulPreferenceSetAttribute(wishes, name, &value, sizeof(value));
        };
        DISTILLIX_TRY_CUBLAS("choosing an algorithm", wish(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, room));
        DISTILLIX_TRY_CUBLAS("choosing an algorithm", wish(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, reductions));
        DISTILLIX_TRY_CUBLAS("choosing an algorithm", wish(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, alignments[0]));
        DISTILLIX_TRY_CUBLAS("choosing an algorithm", wish(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, alignments[1]));
        DISTILLIX_TRY_CUBLAS("choosing an algorithm", wish(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, alignments[2]));
        DISTILLIX_TRY_CUBLAS("choosing an algorithm", wish(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, alignments[3]));

        cublasLtMatmulHeuristicResult_t best{};
        int found = 0;
        DISTILLIX_TRY_CUBLAS("choosing an algorithm",
                             cublasLtMatmulAlgoGetHeuristic(m_handle, description, plan.a.get(), plan.b.get(),
                                                            plan.c.get(), plan.c.get(), wishes, 1, &best, &found));
        if (found == 0 || best.state != CUBLAS_STATUS_SUCCESS)
            return failed("no algorithm for this product", CUBLAS_STATUS_NOT_SUPPORTED);
        plan.algorithm = best.algo;
        return &m_plans.emplace(key, std::move(plan)).first->second;
    }

    cublasLtHandle_t m_handle;
    std::map<Key, Plan> m_plans;
};

}  // namespace

Result<std::unique_ptr<Gemm>> makeGemm() {
    cublasLtHandle_t handle = nullptr;
    DISTILLIX_TRY_CUBLAS("opening the library of dense products", cublasLtCreate(&handle));
    return std::unique_ptr<Gemm>(std::make_unique<CublasGemm>(handle));
}

}  // namespace distillix::cuda
