// SPDX-License-Identifier: Apache-2.0
// Linear layers. Forward of ternary ones is our own (exact int8 sums, scales in the epilogue); backward and plain
// layers are the library's dense products, whose operands are made in scratch memory on the way: the prepared form is 2
// bits a weight and nothing else, in training too.
#include "core/backend/cuda/cuda_linear.h"

#include <algorithm>

#include "core/backend/cuda/cuda_backend.h"
#include "core/backend/cuda/kernels/linear.h"
#include "core/backend/cuda/kernels/table.h"

namespace distillix::cuda {

Result<DType> productType(const CudaContext& context, const Precision& precision, const char* operation) {
    if (precision.product == DType::F32 || precision.product == DType::F16) return precision.product;
    if (precision.product == DType::BF16 && context.hasBf16()) return precision.product;
    return makeError(ErrorCode::Unsupported,
                     "dense products of " + std::string(dtypeName(precision.product)) + " are not offered by " +
                         context.properties.name + "; use --precision float32 or auto",
                     operation);
}

namespace {

/// Rows of activations whose operands are held at once. dX of a layer with 768 inputs has 3 tiles of 128 x 256 for each
/// 128 rows: 16,384 make 2.9 rounds of an H200's 132 multiprocessors, 4,096 would leave a quarter of one round idle;
/// and the fewer pieces, the less often dW is read and written. A training of fewer rows takes no more than it has.
constexpr int kGradientRows = 16384;
/// Rows that the scratch of prepareWeights has room for at least: several layers share a launch.
constexpr std::size_t kPrepareRows = 16384;
constexpr std::size_t kPrepareRowBytes = 2 * sizeof(double) + 2 * sizeof(unsigned);

constexpr int codesStride(int in) {
    return (in + 15) / 16 * 16;
}

/// Whether the library's int8 product takes the shape, and with it the tokens (any number: they are padded to 4).
bool libraryTakes(const LinearShape& shape) {
    return shape.in % 16 == 0 && shape.out % 4 == 0;
}
/// Tokens of one library product: 64 MB of int32 sums for an output of 4,096.
constexpr int kLibraryRows = 4096;

std::size_t forwardScratch(const CudaContext& context, int rows, int in, int out) {
    std::size_t bytes = in % 16 == 0 ? 0 : Scratch::bytes<std::int8_t>(elementCount(rows, codesStride(in)));
    if (context.libraryForward)
        bytes += gemmScratchBytes(rows) + Scratch::bytes<std::int8_t>(elementCount(out, codesStride(in))) +
                 Scratch::bytes<std::int32_t>(elementCount(std::min(rows, kLibraryRows) + 3, out));
    return bytes;
}

/// Plain forward: float32 inputs meet the latent weights as they are, inputs of 16 bits ones of 16 bits, or are made
/// float32 where products are.
std::size_t plainForwardScratch(Precision precision, int rows, int in, int out) {
    const std::size_t library = gemmScratchBytes(rows);
    if (precision.activation == DType::F32) return library;
    if (precision.product == DType::F32) return library + Scratch::bytes<float>(elementCount(rows, in));
    return library + Scratch::bytes<std::uint16_t>(elementCount(in, out)) +
           (precision.activation != precision.product ? Scratch::bytes<std::uint16_t>(elementCount(rows, in)) : 0);
}

std::size_t backwardScratch(DType type, bool floatActivations, int rows, int in, int out) {
    const int piece = std::min(rows, kGradientRows);
    const auto bytes = [type](std::size_t count) {
        return type == DType::F32 ? Scratch::bytes<float>(count) : Scratch::bytes<std::uint16_t>(count);
    };
    const std::size_t operand = std::max(bytes(elementCount(in, out)), bytes(elementCount(piece, in)));
    // dY is there as it is read where activations have the products' type; the residual stream's is always float32.
    const std::size_t outputs = bytes(elementCount(piece, out));
    const std::size_t gradient = floatActivations ? 0 : Scratch::bytes<float>(elementCount(piece, in));
    return gemmScratchBytes(rows) + operand + outputs + gradient;
}

/// A row of the plan of scratch memory: shapes that a workload's layers have.
struct LayerSize {
    int in, out;
    bool residual;  ///< its output joins the residual stream, whose gradient is float32
};
std::array<LayerSize, 4> layerSizes(const Workload& w) {
    const int query = w.heads * w.headDim, key = w.kvHeads * w.headDim;
    return {LayerSize{w.hidden, query + 2 * key, false}, LayerSize{query, w.hidden, true},
            LayerSize{w.hidden, 2 * w.mlp, false}, LayerSize{w.mlp, w.hidden, true}};
}

}  // namespace

std::size_t linearWorkspaceBytes(const CudaContext& context, const Workload& workload, Precision precision) {
    std::size_t prepareRows = std::max(kPrepareRows, static_cast<std::size_t>(workload.vocabulary));
    std::size_t bytes = 0;
    const DType type = precision.product;
    for (const LayerSize& layer : layerSizes(workload)) {
        if (layer.in <= 0 || layer.out <= 0) continue;
        prepareRows = std::max(prepareRows, static_cast<std::size_t>(layer.out));
        bytes = std::max({bytes, forwardScratch(context, workload.rows, layer.in, layer.out),
                          plainForwardScratch(precision, workload.rows, layer.in, layer.out)});
        if (!workload.training) continue;
        // What may be asked for of a layer: dY float32 or as activations are, dX as activations are.
        const bool same = precision.activation == type;
        std::size_t backward =
            backwardScratch(type, same || precision.activation == DType::F32, workload.rows, layer.in, layer.out);
        if (same && type != DType::F32 && !layer.residual)
            backward -= Scratch::bytes<std::uint16_t>(elementCount(std::min(workload.rows, kGradientRows), layer.out));
        bytes = std::max(bytes, backward);
    }
    return std::max(bytes, prepareRows * kPrepareRowBytes + 4 * 256);
}

std::size_t CudaBackend::preparedBytes(const LinearShape& shape, Precision, bool) const {
    if (shape.format != WeightFormat::Latent) return WeightTable::bytes(shape.format, shape.in, shape.out);
    return shape.ternary ? ternaryBytes(shape.in, shape.out) : 0;
}

Result<void> CudaBackend::prepareWeights(const Exec& exec, std::span<const PrepareWeight> weights, bool) {
    for (const PrepareWeight& item : weights) TRY_VOID(checkArguments(item));
    TRY_VOID(enter());
    const char* operation = "prepareWeights";
    Scratch scratch(exec);
    const std::size_t room = scratch.left() < 4 * 256 ? 0 : (scratch.left() - 4 * 256) / kPrepareRowBytes;
    std::size_t most = 0;
    for (const PrepareWeight& item : weights) {
        if (item.weight.shape.format != WeightFormat::Latent) {
            TRY_VOID(named(operation, launchTableQuantize(address(item.weight.latent), deviceTable(item.weight),
                                                          exec.stream.handle)));
        } else if (item.weight.shape.ternary || item.health) {
            most = std::max(most, static_cast<std::size_t>(item.weight.shape.out));
        }
    }
    if (most == 0) return {};
    const std::size_t rows = std::max(most, room);
    PrepareScratch sums{};
    sums.magnitudes = scratch.take<double>(rows);
    sums.squares = scratch.take<double>(rows);
    sums.zeros = scratch.take<unsigned>(rows);
    sums.flips = scratch.take<unsigned>(rows);
    if (!sums.magnitudes || !sums.squares || !sums.zeros || !sums.flips) return scratch.tooSmall(operation);

    PrepareBatch batch{};
    std::size_t taken = 0;
    const auto flush = [&]() -> Result<void> {
        if (batch.count == 0) return {};
        TRY_VOID(named(operation, launchPrepare(batch, sums, exec.stream.handle)));
        batch = PrepareBatch{};
        taken = 0;
        return {};
    };
    for (const PrepareWeight& weight : weights) {
        const LinearShape& shape = weight.weight.shape;
        if (shape.format != WeightFormat::Latent || (!shape.ternary && !weight.health)) continue;
        if (batch.count == kPrepareItems || taken + static_cast<std::size_t>(shape.out) > rows) TRY_VOID(flush());
        PrepareItem& item = batch.items[batch.count++];
        item.latent = address(weight.weight.latent);
        if (shape.ternary) {
            const PreparedTernary prepared(weight.weight);
            item.gamma = prepared.gamma;
            item.packed = prepared.packed;
        }
        item.health = address(weight.health);
        item.in = shape.in;
        item.out = shape.out;
        std::copy(shape.segments.begin(), shape.segments.end(), item.segments);
        item.eps = shape.quantizationEps;
        item.perChannel = shape.perChannel;
        item.first = weight.first;
        item.row = static_cast<int>(taken);
        taken += static_cast<std::size_t>(shape.out);
    }
    return flush();
}

// ---- forward ------------------------------------------------------------------------------------------------------

namespace {

/// The integer product by the library, int32 sums through memory: to be measured beside our own.
Result<void> libraryForward(CudaContext& context, Scratch& scratch, const LinearShape& shape,
                            const TernaryProduct& product, StreamHandle stream) {
    const int stride = codesStride(shape.in);
    const GemmScratch library = takeGemmScratch(scratch, product.rows);
    std::int8_t* weights = scratch.take<std::int8_t>(elementCount(shape.out, stride));
    std::int32_t* sums = scratch.take<std::int32_t>(elementCount(std::min(product.rows, kLibraryRows) + 3, shape.out));
    if (!library || !weights || !sums) return scratch.tooSmall("linearForward");
    TRY_VOID(
        launchUnpackWeights(product.packed, product.gamma, shape.in, 0, shape.out, DType::I8, weights, stride, stream));
    for (int first = 0; first < product.rows; first += kLibraryRows) {
        TernaryProduct piece = product;
        piece.rows = std::min(kLibraryRows, product.rows - first);
        piece.codes += elementCount(first, stride);
        piece.alpha += first;
        if (piece.residual) piece.residual += elementCount(first, shape.out);
        piece.out = static_cast<std::byte*>(piece.out) + elementCount(first, shape.out) * dtypeBytes(piece.outType);
        GemmArgs args;
        args.m = piece.rows;
        args.n = shape.out;
        args.k = stride;
        args.type = DType::I8;
        args.a = {piece.codes, stride, false};
        args.b = {weights, stride, true};
        args.out = sums;
        args.outType = DType::I32;
        args.outStride = shape.out;
        TRY_VOID(context.gemm->run(args, library, stream));
        TRY_VOID(launchTernaryScale(sums, piece, stream));
    }
    return {};
}

TernaryProduct ternaryProduct(const LinearForwardArgs& args) {
    const LinearShape& shape = args.weight.shape;
    const PreparedTernary prepared(args.weight);
    TernaryProduct product{};
    product.codes = address(args.input.codes);
    product.stride = codesStride(shape.in);
    product.alpha = address(args.input.alpha);
    product.packed = prepared.packed;
    product.gamma = prepared.gamma;
    product.residual = address(args.residual);
    product.out = args.out.data.backendAddress();
    product.outType = args.out.type;
    product.rows = args.rows;
    product.blocks = packedColumns(shape.in) / kPackedBlock;
    product.outputs = shape.out;
    return product;
}

Result<void> ternaryForward(CudaContext& context, const Exec& exec, const LinearForwardArgs& args) {
    const LinearShape& shape = args.weight.shape;
    const StreamHandle stream = exec.stream.handle;
    TernaryProduct product = ternaryProduct(args);
    Scratch scratch(exec);
    if (shape.in != product.stride) {
        std::int8_t* padded = scratch.take<std::int8_t>(elementCount(args.rows, product.stride));
        if (!padded) return scratch.tooSmall("linearForward");
        TRY_VOID(launchPadCodes(product.codes, args.rows, shape.in, product.stride, padded, stream));
        product.codes = padded;
    }
    if (args.rows <= kFewTokens) return launchTernaryFew(product, stream);
    if (context.libraryForward && libraryTakes(shape) && args.rows % 4 == 0)
        return libraryForward(context, scratch, shape, product, stream);
    return launchTernaryProduct(product, context.properties.multiprocessors, context.hasAsyncCopies(), stream);
}

Result<void> plainForward(CudaContext& context, const Exec& exec, DType wanted, const LinearForwardArgs& args) {
    const LinearShape& shape = args.weight.shape;
    const StreamHandle stream = exec.stream.handle;
    // Forward is float32 (what 16 bits are for is backward) unless its input has 16 bits already.
    const DType type = args.input.values.type == DType::F32 ? DType::F32 : wanted;
    if (args.out.type != DType::F32 && args.out.type != type)
        return makeError(ErrorCode::Unsupported, "a plain layer's output of " + std::string(dtypeName(args.out.type)) +
                                                     " from products of " + std::string(dtypeName(type)));
    Scratch scratch(exec);
    GemmArgs product;
    product.m = args.rows;
    product.n = shape.out;
    product.k = shape.in;
    product.type = type;
    product.a = {args.input.values.data.backendAddress(), shape.in, false};
    product.b = {address(args.weight.latent), shape.in, true};
    product.out = args.out.data.backendAddress();
    product.outType = args.out.type;
    product.outStride = shape.out;
    if (args.residual) {
        product.beta = 1;
        product.addend = address(args.residual);
        if (args.out.type != DType::F32) {  // what is added has the result's type
            TRY_VOID(launchConvert(product.addend, DType::F32, elementCount(args.rows, shape.out), product.out,
                                   args.out.type, stream));
            product.addend = nullptr;
        }
    }
    const GemmScratch library = takeGemmScratch(scratch, args.rows);
    const std::size_t inputs = elementCount(args.rows, shape.in), weights = elementCount(shape.in, shape.out);
    if (args.input.values.type != type) {
        std::byte* converted = scratch.take<std::byte>(inputs * dtypeBytes(type));
        if (!converted) return scratch.tooSmall("linearForward");
        TRY_VOID(launchConvert(product.a.data, args.input.values.type, inputs, converted, type, stream));
        product.a.data = converted;
    }
    if (type != DType::F32) {
        std::byte* converted = scratch.take<std::byte>(weights * dtypeBytes(type));
        if (!converted) return scratch.tooSmall("linearForward");
        TRY_VOID(launchConvert(product.b.data, DType::F32, weights, converted, type, stream));
        product.b.data = converted;
    }
    if (!library) return scratch.tooSmall("linearForward");
    return context.gemm->run(product, library, stream);
}

}  // namespace

Result<void> CudaBackend::linearForward(const Exec& exec, const LinearForwardArgs& args) {
    const char* operation = "linearForward";
    TRY_VOID(checkArguments(args, m_context.types()));
    const DType type = TRY(productType(m_context, exec.precision, operation));
    if (args.rows == 0) return {};
    TRY_VOID(enter());
    return named(operation, args.weight.shape.ternary ? ternaryForward(m_context, exec, args)
                                                      : plainForward(m_context, exec, type, args));
}

// ---- forward with what stands in front ----------------------------------------------------------------------------

namespace {

/// Whether the row's product makes its own codes: one token, a ternary layer, whole pieces of codes.
bool rowTakes(int rows, int width, const LinearInput& made, const LinearForwardArgs& linear) {
    const LinearShape& shape = linear.weight.shape;
    return rows == 1 && linear.rows == 1 && shape.ternary && shape.in == width && width % 16 == 0 && made.codes &&
           made.codes.backendAddress() == linear.input.codes.backendAddress() &&
           made.alpha.backendAddress() == linear.input.alpha.backendAddress();
}

}  // namespace

Result<void> CudaBackend::normLinear(const Exec& exec, const NormQuantizeArgs& norm, const LinearForwardArgs& linear) {
    if (!rowTakes(norm.rows, norm.width, norm.out, linear)) return Backend::normLinear(exec, norm, linear);
    TRY_VOID(checkArguments(norm, m_context.types()));
    TRY_VOID(checkArguments(linear, m_context.types()));
    TRY_VOID(productType(m_context, exec.precision, "normLinear"));
    TRY_VOID(enter());
    const RowSource source{
        constValues(norm.x), false,     address(norm.weight), norm.normEps, rowOut(norm.out, norm.quantizationEps),
        address(norm.rstd),  norm.width};
    return named("normLinear", launchRowLinear(source, ternaryProduct(linear), exec.stream.handle));
}

Result<void> CudaBackend::swigluLinear(const Exec& exec, const SwigluArgs& swiglu, const LinearForwardArgs& linear) {
    if (!rowTakes(swiglu.rows, swiglu.width, swiglu.out, linear)) return Backend::swigluLinear(exec, swiglu, linear);
    TRY_VOID(checkArguments(swiglu, m_context.types()));
    TRY_VOID(checkArguments(linear, m_context.types()));
    TRY_VOID(productType(m_context, exec.precision, "swigluLinear"));
    TRY_VOID(enter());
    const RowSource source{constValues(swiglu.gateUp),
                           true,
                           address(swiglu.subNorm),
                           swiglu.normEps,
                           rowOut(swiglu.out, swiglu.quantizationEps),
                           address(swiglu.rstd),
                           swiglu.width};
    return named("swigluLinear", launchRowLinear(source, ternaryProduct(linear), exec.stream.handle));
}

// ---- backward -----------------------------------------------------------------------------------------------------

namespace {

/// The operands of one layer's backward products, a piece of the rows at a time.
class Backward {
  public:
    Backward(CudaContext& context, const Exec& exec, DType type, const LinearBackwardArgs& args)
        : m_context(context),
          m_args(args),
          m_type(type),
          m_scratch(exec),
          m_stream(exec.stream.handle),
          m_in(args.weight.shape.in),
          m_out(args.weight.shape.out),
          m_piece(std::min(args.rows, kGradientRows)) {}

    Result<void> run() {
        const bool ternary = m_args.weight.shape.ternary;
        const std::size_t item = dtypeBytes(m_type);
        const bool ownWeights = m_args.dInput && (ternary || m_type != DType::F32);
        const bool ownInputs = m_args.dWeight && (ternary || m_args.input.values.type != m_type);
        m_library = takeGemmScratch(m_scratch, m_args.rows);
        const std::size_t operand = std::max(ownWeights ? elementCount(m_in, m_out) * item : 0,
                                             ownInputs ? elementCount(m_piece, m_in) * item : 0);
        if (operand > 0) m_operand = m_scratch.take<std::byte>(operand);
        if (m_args.dOut.type != m_type) m_dOut = m_scratch.take<std::byte>(elementCount(m_piece, m_out) * item);
        m_narrow = m_args.dInput && m_args.dInput.type != DType::F32 && m_args.dInput.type != m_type;
        if (m_narrow) m_gradient = m_scratch.take<float>(elementCount(m_piece, m_in));
        if (!m_library || (operand > 0 && !m_operand) || (m_args.dOut.type != m_type && !m_dOut) ||
            (m_narrow && !m_gradient))
            return m_scratch.tooSmall("linearBackward");
        if (m_args.dInput) TRY_VOID(inputGradient());
        if (m_args.dWeight) TRY_VOID(weightGradient());
        return {};
    }

  private:
    /// Rows first .. first + count - 1 of dY, as the products read them.
    Result<const void*> dOut(int first, int count) {
        const std::byte* source = behind(m_args.dOut, elementCount(first, m_out));
        if (m_args.dOut.type == m_type) return static_cast<const void*>(source);
        if (m_converted != first)
            TRY_VOID(launchConvert(source, m_args.dOut.type, elementCount(count, m_out), m_dOut, m_type, m_stream));
        m_converted = first;
        return static_cast<const void*>(m_dOut);
    }

    /// dX = dY·W.
    Result<void> inputGradient() {
        const void* weights = address(m_args.weight.latent);
        if (m_args.weight.shape.ternary) {
            const PreparedTernary prepared(m_args.weight);
            TRY_VOID(launchUnpackWeights(prepared.packed, prepared.gamma, m_in, 0, m_out, m_type, m_operand, m_in,
                                         m_stream));
            weights = m_operand;
        } else if (m_type != DType::F32) {
            TRY_VOID(launchConvert(weights, DType::F32, elementCount(m_in, m_out), m_operand, m_type, m_stream));
            weights = m_operand;
        }
        // From the last piece to the first, whose dY then is there for dW.
        for (int first = (m_args.rows - 1) / m_piece * m_piece; first >= 0; first -= m_piece) {
            const int count = std::min(m_piece, m_args.rows - first);
            std::byte* target = behind(m_args.dInput, elementCount(first, m_in));
            GemmArgs product;
            product.m = count;
            product.n = m_in;
            product.k = m_out;
            product.type = m_type;
            product.a = {TRY(dOut(first, count)), m_out, false};
            product.b = {weights, m_in, false};
            product.out = m_narrow ? static_cast<void*>(m_gradient) : target;
            product.outType = m_narrow ? DType::F32 : m_args.dInput.type;
            product.outStride = m_in;
            TRY_VOID(m_context.gemm->run(product, m_library, m_stream));
            if (m_narrow)
                TRY_VOID(launchConvert(m_gradient, DType::F32, elementCount(count, m_in), target, m_args.dInput.type,
                                       m_stream));
        }
        return {};
    }

    /// dW += dYᵀ·X.
    Result<void> weightGradient() {
        const LinearInput& input = m_args.input;
        for (int first = 0; first < m_args.rows; first += m_piece) {
            const int count = std::min(m_piece, m_args.rows - first);
            const void* inputs = m_operand;
            if (m_args.weight.shape.ternary) {
                TRY_VOID(launchDequantizeCodes(address(input.codes) + elementCount(first, m_in),
                                               address(input.alpha) + first, count, m_in, m_type, m_operand, m_stream));
            } else if (input.values.type != m_type) {
                TRY_VOID(launchConvert(behind(input.values, elementCount(first, m_in)), input.values.type,
                                       elementCount(count, m_in), m_operand, m_type, m_stream));
            } else {
                inputs = behind(input.values, elementCount(first, m_in));
            }
            GemmArgs product;
            product.m = m_out;
            product.n = m_in;
            product.k = count;
            product.type = m_type;
            product.a = {TRY(dOut(first, count)), m_out, true};
            product.b = {inputs, m_in, false};
            product.out = address(m_args.dWeight);
            product.outStride = m_in;
            product.beta = 1;
            TRY_VOID(m_context.gemm->run(product, m_library, m_stream));
        }
        return {};
    }

    CudaContext& m_context;
    const LinearBackwardArgs& m_args;
    DType m_type;
    Scratch m_scratch;
    StreamHandle m_stream;
    int m_in, m_out, m_piece;
    bool m_narrow = false;  // dX goes through float32
    int m_converted = -1;   // the first row of what m_dOut holds
    GemmScratch m_library;
    std::byte* m_operand = nullptr;  // W, then X
    std::byte* m_dOut = nullptr;
    float* m_gradient = nullptr;
};

}  // namespace

Result<void> CudaBackend::linearBackward(const Exec& exec, const LinearBackwardArgs& args) {
    const char* operation = "linearBackward";
    TRY_VOID(checkArguments(args, m_context.types()));
    const DType type = TRY(productType(m_context, exec.precision, operation));
    if (args.rows == 0) return {};
    TRY_VOID(enter());
    return named(operation, Backward(m_context, exec, type, args).run());
}

}  // namespace distillix::cuda
