// SPDX-License-Identifier: Apache-2.0
// Linear layers of the CUDA backend on the emulated card: the layout's arithmetic, exact integers from every kernel in
// every order of threads, codes that are the CPU's to the bit, and activations of 16 bits, which the table of cases has
// not.
#include "core/backend/cuda/kernels/linear.h"

#include <cstring>
#include <set>

#include "core/backend/cuda/gemm.h"
#include "core/backend/cuda/loss_plan.h"
#include "core/quant/ternary.h"
#include "tests/cuda/device_fixture.h"

namespace distillix::cuda {
namespace {

// ---- arithmetic of tiles ------------------------------------------------------------------------------------------

TEST(TernaryLayout, EveryColumnHasItsOwnBits) {
    for (const int in : {1, 5, 16, 63, 64, 65, 768, 2048}) {
        std::set<std::pair<int, int>> seen;
        for (int column = 0; column < packedColumns(in); ++column) {
            const int word = packedWord(column), shift = packedShift(column);
            ASSERT_LT(word, packedColumns(in) / 16);
            ASSERT_EQ(shift % 2, 0);
            ASSERT_LT(shift, 32);
            ASSERT_TRUE(seen.insert({word, shift}).second) << "column " << column;
            bool found = false;
            for (int group = 0; group < 4; ++group) {
                const int first = packedColumn(word, group);
                found = found || (column >= first && column < first + 4);
            }
            ASSERT_TRUE(found) << "column " << column;
        }
        EXPECT_EQ(packedRowBytes(in) % 16, 0u);
    }
    EXPECT_EQ(ternaryBytes(768, 1280), 1280u * 4 + 1280u * 192);
}

TEST(TernaryLayout, TileRowsAvoidOneAnothersBanks) {
    for (int piece = 0; piece < 4; ++piece) {
        for (int first = 0; first < 128; first += 8) {
            std::set<int> banks;
            for (int row = first; row < first + 8; ++row) banks.insert(tilePlace(row, piece) / 16 % 8);
            EXPECT_EQ(banks.size(), 8u) << "rows from " << first << ", piece " << piece;
        }
    }
    std::set<int> places;
    for (int row = 0; row < 128; ++row) {
        for (int piece = 0; piece < 4; ++piece) places.insert(tilePlace(row, piece));
    }
    EXPECT_EQ(places.size(), 512u);
    EXPECT_EQ(*places.rbegin(), 128 * 64 - 16);
}

TEST(TernaryLayout, LargeTilesAreForWhatFillsTheCard) {
    EXPECT_EQ(ternaryTileFor(8192, 4096, 132, true).tokens, kLargeTile.tokens);
    EXPECT_EQ(ternaryTileFor(512, 768, 132, true).tokens, kSmallTile.tokens);
    EXPECT_EQ(ternaryTileFor(8192, 4096, 48, false).tokens, kSmallTile.tokens);
}

TEST(LossPlan, CoversAndStaysWithinWhatWasPlanned) {
    for (const int width : {1, 64, 768, 1024, 4096}) {
        for (const int vocabulary : {1, 63, 2100, 32000, 200000}) {
            LossPlan before;
            for (const int rows : {1, 7, 255, 256, 1024, 2048, 8192, 32767, 32768, 65536}) {
                const LossPlan plan = lossPlan(rows, width, vocabulary);
                ASSERT_GE(plan.rows, 1);
                ASSERT_LE(plan.rows, rows);
                ASSERT_GE(plan.columns, 1);
                ASSERT_LE(plan.columns, vocabulary);
                ASSERT_EQ(plan.stride % 8, 0);
                ASSERT_LE(static_cast<std::size_t>(plan.rows) * static_cast<std::size_t>(plan.stride), plan.logits);
                ASSERT_LE(static_cast<std::size_t>(plan.columns) * static_cast<std::size_t>(width), plan.headElements);
                // A workspace for many rows serves fewer.
                ASSERT_GE(plan.logits, before.logits);
                ASSERT_GE(plan.headElements, before.headElements);
                ASSERT_GE(plan.rows, before.rows);
                before = plan;
            }
        }
    }
    const LossPlan published = lossPlan(2048, 768, 32000);
    EXPECT_LE(published.logits * 4 + published.headElements * 2, 14u << 20);
}

// ---- on the emulated card -----------------------------------------------------------------------------------------

using Linear = OnEmulatedCard;

struct Size {
    int rows, in, out;
};

std::vector<std::int8_t> randomCodes(std::size_t count, std::uint64_t seed, int low, int high) {
    Rng rng(seed);
    std::vector<std::int8_t> codes(count);
    for (std::int8_t& code : codes)
        code = static_cast<std::int8_t>(low + static_cast<int>(rng.below(static_cast<std::uint64_t>(high - low + 1))));
    return codes;
}

std::vector<unsigned> packOnHost(const std::vector<std::int8_t>& weights, int in, int out) {
    const int words = packedColumns(in) / 16;
    std::vector<unsigned> packed(static_cast<std::size_t>(words * out), 0u);
    for (int row = 0; row < out; ++row) {
        for (int column = 0; column < in; ++column) {
            const std::int8_t code = weights[static_cast<std::size_t>(row * in + column)];
            packed[static_cast<std::size_t>(row * words + packedWord(column))] |= (code == 0  ? 0u
                                                                                   : code > 0 ? 1u
                                                                                              : 2u)
                                                                                  << packedShift(column);
        }
    }
    return packed;
}

/// The integer sums come out as they are: γ = 1, α = 127.
TEST_F(Linear, IntegerProductsAreExactInEveryOrder) {
    const std::vector<Size> sizes = {{1, 64, 8},     {2, 48, 5},     {3, 128, 33},   {8, 1100 / 16 * 16, 40},
                                     {17, 16, 3},    {65, 100, 100}, {130, 192, 70}, {9, 2048, 64},
                                     {70, 336, 130}, {128, 64, 128}};
    for (const Size& size : sizes) {
        SCOPED_TRACE(std::to_string(size.rows) + "x" + std::to_string(size.in) + "x" + std::to_string(size.out));
        const int stride = (size.in + 15) / 16 * 16;
        const std::size_t inputs = static_cast<std::size_t>(size.rows * stride);
        std::vector<std::int8_t> codes = randomCodes(inputs, 1, -128, 127);
        const std::vector<std::int8_t> weights = randomCodes(static_cast<std::size_t>(size.in * size.out), 2, -1, 1);
        std::vector<float> expected(static_cast<std::size_t>(size.rows * size.out));
        for (int r = 0; r < size.rows; ++r) {
            for (int o = 0; o < size.out; ++o) {
                int sum = 0;
                for (int i = 0; i < size.in; ++i)
                    sum += codes[static_cast<std::size_t>(r * stride + i)] *
                           weights[static_cast<std::size_t>(o * size.in + i)];
                expected[static_cast<std::size_t>(r * size.out + o)] = static_cast<float>(sum);
            }
        }
        TernaryProduct product{};
        product.codes = upload(codes).backendAddress();
        product.stride = stride;
        product.alpha = upload(std::vector<float>(static_cast<std::size_t>(size.rows), 127.0f)).backendAddress();
        product.gamma = upload(std::vector<float>(static_cast<std::size_t>(size.out), 1.0f)).backendAddress();
        product.packed = upload(packOnHost(weights, size.in, size.out)).backendAddress();
        product.rows = size.rows;
        product.blocks = packedColumns(size.in) / kPackedBlock;
        product.outputs = size.out;
        product.outType = DType::F32;
        for (const emulation::Order order :
             {emulation::Order::Forward, emulation::Order::Backward, emulation::Order::Shuffled}) {
            emulation::setOptions({order, 5, 0});
            // One multiprocessor asks for the large tile, very many for the small one.
            for (const int multiprocessors : {1, 1000000}) {
                const DevicePtr<float> out = upload(std::vector<float>(expected.size(), -1.5f));
                product.out = out.backendAddress();
                ASSERT_TRUE(launchTernaryProduct(product, multiprocessors, true, stream.handle).ok());
                ASSERT_EQ(download(out, expected.size()), expected) << "tensor cores";
            }
            if (size.rows > kFewTokens) continue;
            const DevicePtr<float> out = upload(std::vector<float>(expected.size(), -1.5f));
            product.out = out.backendAddress();
            ASSERT_TRUE(launchTernaryFew(product, stream.handle).ok());
            ASSERT_EQ(download(out, expected.size()), expected) << "few tokens";
        }
    }
}

LinearShape ternaryShape(int in, std::array<int, 3> segments, bool perChannel) {
    LinearShape shape;
    shape.in = in;
    shape.segments = segments;
    shape.out = segments[0] + segments[1] + segments[2];
    shape.ternary = true;
    shape.perChannel = perChannel;
    return shape;
}

TEST_F(Linear, GammaAndCodesHaveTheBitsOfTheCpus) {
    for (const bool perChannel : {false, true}) {
        std::vector<PrepareWeight> list;
        std::vector<std::vector<float>> latents;
        // More matrices than one launch takes, of sizes around a word and a block.
        for (int i = 0; i < 27; ++i) {
            const int in = std::vector<int>{1, 15, 16, 63, 64, 65, 100, 260, 301}[static_cast<std::size_t>(i % 9)];
            PrepareWeight item;
            item.weight.shape = ternaryShape(in, {3 + i, i % 3 == 0 ? 0 : 5, i % 3 == 2 ? 17 : 0}, perChannel);
            latents.push_back(normalValues(static_cast<std::size_t>(in * item.weight.shape.out),
                                           static_cast<std::uint64_t>(i), 0.02));
            item.weight.latent = upload(latents.back());
            item.weight.prepared = device<std::byte>(backend->preparedBytes(item.weight.shape, {}, true));
            list.push_back(item);
        }
        Workload workload;
        workload.hidden = 301;
        workload.mlp = 40;
        const Exec exec = execFor(workload, {});
        emulation::setOptions({emulation::Order::Shuffled, 3, 0});
        const Result<void> queued = backend->prepareWeights(exec, list, true);
        ASSERT_TRUE(queued.ok()) << queued.error().text();
        for (std::size_t i = 0; i < list.size(); ++i) {
            SCOPED_TRACE("matrix " + std::to_string(i));
            const LinearShape& shape = list[i].weight.shape;
            const std::size_t in = static_cast<std::size_t>(shape.in), words = packedRowBytes(shape.in) / 4;
            const std::vector<std::byte> bytes = download(list[i].weight.prepared, ternaryBytes(shape.in, shape.out));
            const float* gammas = reinterpret_cast<const float*>(bytes.data());
            const unsigned* packed = reinterpret_cast<const unsigned*>(bytes.data() + gammaBytes(shape.out));
            std::size_t row = 0;
            for (const int rows : shape.segments) {
                const float* w = latents[i].data() + row * in;
                const double sum = absSum(w, static_cast<std::size_t>(rows), in);
                for (std::size_t r = 0; r < static_cast<std::size_t>(rows); ++r) {
                    const float gamma =
                        perChannel ? ternaryGamma(absSumRow(w + r * in, in), in, shape.quantizationEps)
                                   : ternaryGamma(sum, static_cast<std::size_t>(rows) * in, shape.quantizationEps);
                    ASSERT_EQ(gammas[row + r], gamma);
                    for (std::size_t c = 0; c < in; ++c) {
                        const int column = static_cast<int>(c);
                        const unsigned word = packed[(row + r) * words + static_cast<std::size_t>(packedWord(column))];
                        const int code = ternaryCode(w[r * in + c], gamma);
                        ASSERT_EQ(word >> packedShift(column) & 3u, code == 0 ? 0u : code > 0 ? 1u : 2u);
                    }
                }
                row += static_cast<std::size_t>(rows);
            }
        }
    }
}

TEST_F(Linear, SixteenBitActivationsAreTheFloatResultsRounded) {
    for (const Size& size : {Size{5, 64, 40}, Size{70, 96, 72}, Size{130, 51, 37}}) {
        SCOPED_TRACE(std::to_string(size.rows) + "x" + std::to_string(size.in) + "x" + std::to_string(size.out));
        const std::size_t outputs = static_cast<std::size_t>(size.rows * size.out);
        const std::size_t inputs = static_cast<std::size_t>(size.rows * size.in);
        Workload workload;
        workload.rows = size.rows;
        workload.hidden = size.in;
        workload.heads = 1;
        workload.headDim = workload.mlp = size.out;
        workload.training = true;
        const std::vector<float> latent = normalValues(static_cast<std::size_t>(size.in * size.out), 1, 0.02);
        const std::vector<std::int8_t> codes = randomCodes(inputs, 2, -128, 127);
        const std::vector<float> alpha(static_cast<std::size_t>(size.rows), 3.0f);
        for (const DType type : {DType::BF16, DType::F16}) {
            SCOPED_TRACE(std::string(dtypeName(type)));
            const Exec exact = execFor(workload, {}), narrow = execFor(workload, {type, type});
            PrepareWeight prepare;
            prepare.weight.shape = ternaryShape(size.in, {size.out, 0, 0}, false);
            prepare.weight.latent = upload(latent);
            prepare.weight.prepared =
                device<std::byte>(backend->preparedBytes(prepare.weight.shape, {type, type}, true));
            ASSERT_TRUE(backend->prepareWeights(narrow, {&prepare, 1}, true).ok());
            LinearForwardArgs forward;
            forward.rows = size.rows;
            forward.weight = prepare.weight;
            forward.input.codes = upload(codes);
            forward.input.alpha = upload(alpha);
            const DevicePtr<float> wide = device<float>(outputs);
            forward.out = typed(wide);
            ASSERT_TRUE(backend->linearForward(exact, forward).ok());
            const DevicePtr<std::uint16_t> thin = device<std::uint16_t>(outputs);
            forward.out = {thin.as<std::byte>(), type};
            ASSERT_TRUE(backend->linearForward(narrow, forward).ok());
            const std::vector<float> results = download(wide, outputs);
            ASSERT_EQ(download(thin, outputs), asBits(results, type));

            // Backward: the same dY in both, so that what differs is the rounding of γ·Wq, of X and of dX.
            const std::vector<std::uint16_t> dOut = asBits(normalValues(outputs, 3, 0.5), type);
            LinearBackwardArgs backward;
            backward.rows = size.rows;
            backward.weight = prepare.weight;
            backward.input = forward.input;
            backward.dOut = typed(upload(asFloats(dOut, type)));
            const DevicePtr<float> dInput = device<float>(inputs);
            const DevicePtr<float> dWeight = upload(std::vector<float>(latent.size(), 0.25f));
            backward.dInput = typed(dInput);
            backward.dWeight = dWeight;
            ASSERT_TRUE(backend->linearBackward(exact, backward).ok());
            backward.dOut = {upload(dOut).as<std::byte>(), type};
            const DevicePtr<std::uint16_t> thinInput = device<std::uint16_t>(inputs);
            const DevicePtr<float> thinWeight = upload(std::vector<float>(latent.size(), 0.25f));
            backward.dInput = {thinInput.as<std::byte>(), type};
            backward.dWeight = thinWeight;
            const Result<void> queued = backend->linearBackward(narrow, backward);
            ASSERT_TRUE(queued.ok()) << queued.error().text();
            expectClose(asFloats(download(thinInput, inputs), type), download(dInput, inputs), type, 3);
            expectClose(download(thinWeight, latent.size()), download(dWeight, latent.size()), type, 3);
        }
    }
}

/// Backward goes over 16,384 rows at a time: the same as going over two ranges of rows, one call each.
TEST_F(Linear, BackwardOfManyRowsIsThatOfTheirRanges) {
    constexpr int kTokens = 16384 + 37, kIns = 16, kOuts = 8, kAtOnce = 16384;
    const std::size_t inputs = std::size_t{kTokens} * kIns, outputs = std::size_t{kTokens} * kOuts;
    Workload workload;
    workload.rows = kTokens;
    workload.hidden = kIns;
    workload.heads = 1;
    workload.headDim = workload.mlp = kOuts;
    workload.training = true;
    const Precision precision{DType::F32, DType::BF16};
    const Exec exec = execFor(workload, precision);
    PrepareWeight prepare;
    prepare.weight.shape = ternaryShape(kIns, {kOuts, 0, 0}, false);
    prepare.weight.latent = upload(normalValues(std::size_t{kIns * kOuts}, 1, 0.02));
    prepare.weight.prepared = device<std::byte>(backend->preparedBytes(prepare.weight.shape, precision, true));
    EXPECT_OK(backend->prepareWeights(exec, {&prepare, 1}, true));
    const DevicePtr<std::int8_t> codes = upload(randomCodes(inputs, 2, -128, 127));
    const DevicePtr<float> alpha = upload(std::vector<float>(kTokens, 3.0f)),
                           dOut = upload(normalValues(outputs, 3, 1));
    const auto backward = [&](int first, int count, DevicePtr<float> dInput, DevicePtr<float> dWeight) {
        LinearBackwardArgs args;
        args.rows = count;
        args.weight = prepare.weight;
        args.input.codes = codes + std::ptrdiff_t{first} * kIns;
        args.input.alpha = alpha + first;
        args.dOut = typed(dOut + std::ptrdiff_t{first} * kOuts);
        args.dInput = typed(dInput + std::ptrdiff_t{first} * kIns);
        args.dWeight = dWeight;
        EXPECT_OK(backend->linearBackward(exec, args));
    };
    const DevicePtr<float> whole = device<float>(inputs), parts = device<float>(inputs);
    const DevicePtr<float> wholeWeight = upload(std::vector<float>(kIns * kOuts, 0.25f)),
                           partsWeight = upload(std::vector<float>(kIns * kOuts, 0.25f));
    backward(0, kTokens, whole, wholeWeight);
    backward(0, kAtOnce, parts, partsWeight);
    backward(kAtOnce, kTokens - kAtOnce, parts, partsWeight);
    EXPECT_EQ(download(whole, inputs), download(parts, inputs));
    EXPECT_EQ(download(wholeWeight, std::size_t{kIns * kOuts}), download(partsWeight, std::size_t{kIns * kOuts}));
}

/// DISTILLIX_CUDA_FORWARD=library: the library's integer product and a pass of scaling, with the bits of our own
/// kernel.
TEST_F(Linear, TheLibrarysForwardGivesTheSameBits) {
    const Size size{68, 96, 44};
    const std::size_t inputs = 68 * 96, outputs = 68 * 44;
    Workload workload;
    workload.rows = size.rows;
    workload.hidden = size.in;
    workload.heads = 1;
    workload.headDim = workload.mlp = size.out;
    PrepareWeight prepare;
    prepare.weight.shape = ternaryShape(size.in, {20, 24, 0}, false);
    LinearForwardArgs args;
    args.rows = size.rows;
    std::vector<std::vector<float>> results;
    for (const char* way : {"", "library"}) {
        backend->destroyStream(stream);
        for (const DevicePtr<std::byte>& memory : allocated) backend->free(memory);
        allocated.clear();
        ASSERT_EQ(setenv("DISTILLIX_CUDA_FORWARD", way, 1), 0);
        backend = openBackend(kEmulatedDevice).value();
        unsetenv("DISTILLIX_CUDA_FORWARD");
        stream = backend->createStream().value();
        prepare.weight.latent = upload(normalValues(std::size_t{96 * 44}, 1, 0.02));
        prepare.weight.prepared = device<std::byte>(backend->preparedBytes(prepare.weight.shape, {}, false));
        const Exec exec = execFor(workload, {});
        EXPECT_OK(backend->prepareWeights(exec, {&prepare, 1}, false));
        args.weight = prepare.weight;
        args.input.codes = upload(randomCodes(inputs, 2, -128, 127));
        args.input.alpha = upload(std::vector<float>(68, 2.5f));
        args.residual = upload(normalValues(outputs, 3, 1));
        const DevicePtr<float> out = device<float>(outputs);
        args.out = typed(out);
        EXPECT_OK(backend->linearForward(exec, args));
        results.push_back(download(out, outputs));
    }
    EXPECT_EQ(results[0], results[1]);
}

TEST_F(Linear, TheLibrarysProductWantsItsSizes) {
    GemmArgs args;
    args.m = 16;
    args.n = 32;
    args.k = 20;
    args.type = DType::I8;
    args.outType = DType::I32;
    int something = 0;
    args.a = {&something, 20, false};
    args.b = {&something, 20, true};
    args.out = &something;
    args.outStride = 32;
    const Result<void> refused = checkGemm(args);
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().text().find("[16, 20]"), std::string::npos) << refused.error().text();
    args.k = 32;
    args.a.stride = args.b.stride = 32;
    EXPECT_TRUE(checkGemm(args).ok());
}

}  // namespace
}  // namespace distillix::cuda
