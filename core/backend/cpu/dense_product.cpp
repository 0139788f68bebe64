// SPDX-License-Identifier: Apache-2.0
// What was found about oneDNN 2.6.3 (one core of a Xeon with AMX; GFLOP/s at 128x256x768, bf16 / float32):
//   matmul on plain layouts with sizes known only at run time ("gemm:jit")   1015 (AMX), 106 (AVX512-BF16) / 178, AVX2
//   105 matmul with a weight packed beforehand (BA16a64b2a, "brgemm")            1320 at 1024x2048x768, 108 / 165
// The gemm packs its operands as it goes and loses next to nothing by that except with AMX; it takes any strides and
// either operand transposed at much the same speed, and one primitive serves all sizes (1.4 us for 16x64x64). brgemm
// wants a dense C, a primitive for each shape (0.3 ms to make), and silently falls to a reference loop (0.1 GFLOP/s)
// when C has a stride. So everything runs on the gemm, with no cache of shapes and nothing packed beforehand.
#include "core/backend/cpu/dense_product.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <vector>

#include <omp.h>
#include <oneapi/dnnl/dnnl.hpp>

#include "core/backend/cpu/bf16_product.h"
#include "core/backend/cpu/dispatch.h"

namespace distillix::cpu {

namespace {

// Within a chunk of our pool OpenMP must not start threads of its own. The setting belongs to the calling thread; it is
// put back, for the application may use OpenMP for something else.
class OneOpenMpThread {
  public:
    OneOpenMpThread() : m_before(omp_get_max_threads()) {
        if (m_before != 1) omp_set_num_threads(1);
    }
    ~OneOpenMpThread() {
        if (m_before != 1) omp_set_num_threads(m_before);
    }
    OneOpenMpThread(const OneOpenMpThread&) = delete;
    OneOpenMpThread& operator=(const OneOpenMpThread&) = delete;

  private:
    int m_before;
};

using Memory = dnnl::memory;

dnnl::matmul makePrimitive(const dnnl::engine& engine, bool transposeA, bool transposeB, bool accumulate) {
    constexpr auto any = DNNL_RUNTIME_DIM_VAL;
    constexpr auto type = Memory::data_type::f32;
    const Memory::dims rows{any, 1}, columns{1, any};
    const Memory::desc a({any, any}, type, transposeA ? columns : rows);
    const Memory::desc b({any, any}, type, transposeB ? columns : rows);
    const Memory::desc c({any, any}, type, rows);
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    if (accumulate) {
        dnnl::post_ops sum;
        sum.append_sum(1.0f);
        attributes.set_post_ops(sum);
    }
    return dnnl::matmul(dnnl::matmul::primitive_desc(dnnl::matmul::desc(a, b, c), attributes, engine));
}

/// Cuts `size` into equal pieces of at most `most`, each a multiple of `grain` but for the last.
std::int64_t pieceSize(std::int64_t size, std::int64_t most, std::int64_t grain) {
    const std::int64_t pieces = (size + most - 1) / most;
    const std::int64_t even = (size + pieces - 1) / pieces;
    return (even + grain - 1) / grain * grain;
}

}  // namespace

struct DenseProducts::State {
    explicit State(ThreadPool& threadPool) : pool(threadPool), engine(dnnl::engine::kind::cpu, 0) {}

    ThreadPool& pool;
    dnnl::engine engine;
    dnnl::stream stream{engine};
    std::array<dnnl::matmul, 8> primitives;  // [transposed A, transposed B, accumulate]

    static std::size_t index(bool transposeA, bool transposeB, bool accumulate) {
        return (transposeA ? 4u : 0u) + (transposeB ? 2u : 0u) + (accumulate ? 1u : 0u);
    }
};

DenseProducts::DenseProducts(ThreadPool& pool) : m_state(std::make_unique<State>(pool)) {
    const OneOpenMpThread guard;
    for (const bool a : {false, true}) {
        for (const bool b : {false, true}) {
            for (const bool accumulate : {false, true})
                m_state->primitives[State::index(a, b, accumulate)] = makePrimitive(m_state->engine, a, b, accumulate);
        }
    }
}

DenseProducts::~DenseProducts() = default;

const char* DenseProducts::instructionSet() const {
    switch (dnnl::get_effective_cpu_isa()) {
        case dnnl::cpu_isa::avx512_core_amx:
            return "avx512_core_amx";
        case dnnl::cpu_isa::avx512_core_bf16:
            return "avx512_core_bf16";
        case dnnl::cpu_isa::avx512_core_vnni:
            return "avx512_core_vnni";
        case dnnl::cpu_isa::avx512_core:
            return "avx512_core";
        case dnnl::cpu_isa::avx2_vnni:
            return "avx2_vnni";
        case dnnl::cpu_isa::avx2:
            return "avx2";
        default:
            return "sse41";
    }
}

Result<void> DenseProducts::productHere(const DenseProductArgs& args) const {
    if (args.m == 0 || args.n == 0) return {};
    constexpr auto element = Memory::data_type::f32;
    const OneOpenMpThread guard;
    try {
        const auto describe = [&](std::int64_t rows, std::int64_t columns, const DenseOperand& operand) {
            return Memory::desc({rows, columns}, element,
                                operand.transposed ? Memory::dims{1, operand.stride} : Memory::dims{operand.stride, 1});
        };
        // oneDNN's memory takes a plain pointer for operands that it only reads.
        const Memory a(describe(args.m, args.k, args.a), m_state->engine, const_cast<float*>(args.a.data));
        const Memory b(describe(args.k, args.n, args.b), m_state->engine, const_cast<float*>(args.b.data));
        const Memory c(Memory::desc({args.m, args.n}, element, Memory::dims{args.cStride, 1}), m_state->engine, args.c);
        const Memory scratch(Memory::desc(), m_state->engine, nullptr);
        m_state->primitives[State::index(args.a.transposed, args.b.transposed, args.accumulate)].execute(
            m_state->stream,
            {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, c}, {DNNL_ARG_SCRATCHPAD, scratch}});
    } catch (const std::exception& error) {
        return makeError(ErrorCode::Device, std::string("oneDNN could not run a product: ") + error.what());
    }
    return {};
}

namespace {

struct Tile {
    std::int64_t row, column, rows, columns;
};

/// The part of a product that computes one tile of C.
DenseProductArgs tileOf(const DenseProductArgs& args, const Tile& tile) {
    const auto advance = [&](DenseOperand operand, std::int64_t along, bool byRow) {
        operand.data += byRow != operand.transposed ? along * operand.stride : along;
        return operand;
    };
    DenseProductArgs part = args;
    part.m = tile.rows;
    part.n = tile.columns;
    part.a = advance(args.a, tile.row, true);
    part.b = advance(args.b, tile.column, false);
    part.c = args.c + tile.row * args.cStride + tile.column;
    return part;
}

std::vector<Tile> tilesOf(const DenseProductArgs& args) {
    // Tiles large enough that packing is paid off, small enough that a few cores find work. Below some 30 us a product
    // is not worth cutting.
    constexpr std::int64_t kSmall = std::int64_t{1} << 21;
    std::int64_t tileM = args.m, tileN = args.n;
    if (args.symmetric) {
        tileM = tileN = pieceSize(args.m, args.m * args.m * args.k > kSmall ? 192 : args.m, 16);
    } else if (args.m * args.n * args.k > kSmall) {
        tileM = pieceSize(args.m, 256, 16);
        tileN = pieceSize(args.n, 384, 16);
        if ((args.m + tileM - 1) / tileM * ((args.n + tileN - 1) / tileN) < 4) {
            if (args.n >= args.m) {
                tileN = pieceSize(args.n, 96, 16);
            } else {
                tileM = pieceSize(args.m, 96, 16);
            }
        }
    }
    std::vector<Tile> tiles;
    for (std::int64_t row = 0; row < args.m; row += tileM) {
        for (std::int64_t column = args.symmetric ? row : 0; column < args.n; column += tileN)
            tiles.push_back({row, column, std::min(tileM, args.m - row), std::min(tileN, args.n - column)});
    }
    return tiles;
}

}  // namespace

Result<void> DenseProducts::product(const DenseProductArgs& args) {
    if (args.m == 0 || args.n == 0) return {};
    const std::vector<Tile> tiles = tilesOf(args);
    std::vector<Result<void>> results(tiles.size());
    m_state->pool.parallelFor(tiles.size(), [&](std::size_t index, int) {
        const Tile& tile = tiles[index];
        results[index] = productHere(tileOf(args, tile));
        if (args.symmetric && tile.row != tile.column)
            mirrorBlock(args.c, args.cStride, tile.row, tile.column, tile.rows, tile.columns);
    });
    for (auto& result : results) {
        if (!result.ok()) return std::move(result);
    }
    return {};
}

void capDenseProducts(CpuLevel level) {
    // Fails once the library has made its first primitive, and then there is nothing left to decide.
    switch (level) {
        case CpuLevel::Scalar:
            dnnl_set_max_cpu_isa(dnnl_cpu_isa_sse41);
            break;
        case CpuLevel::Avx2:
            dnnl_set_max_cpu_isa(dnnl_cpu_isa_avx2);
            break;
        case CpuLevel::Avx512:
        case CpuLevel::Amx:
            break;
    }
}

}  // namespace distillix::cpu
