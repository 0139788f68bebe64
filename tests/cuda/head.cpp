// SPDX-License-Identifier: Apache-2.0
// What the table of cases has not of the head on a card: activations of 16 bits, inputs that are not finite, how many
// shapes of products there are.
#include <cmath>
#include <numeric>

#include "core/backend/cuda/loss_plan.h"
#include "core/backend/reference/reference_backend.h"
#include "tests/cuda/device_fixture.h"

namespace distillix::cuda {
namespace {

struct Head : OnEmulatedCard {
    LinearWeight head(int width, int vocabulary, const std::vector<float>& latent) {
        LinearWeight weight;
        weight.shape.in = width;
        weight.shape.out = vocabulary;
        weight.shape.segments = {vocabulary, 0, 0};
        weight.latent = upload(latent);
        return weight;
    }
};

constexpr int kRows = 40, kWidth = 48, kVocabulary = 300;

struct LossResult {
    std::vector<float> losses, dX, dHead;
};

TEST_F(Head, SixteenBitActivationsComeNearTheReference) {
    std::vector<std::int32_t> targetRows, targets;
    for (int r = 0; r < kRows; r += 3) {
        targetRows.push_back(r);
        targets.push_back(r * 7 % kVocabulary);
    }
    const std::vector<float> latent = normalValues(std::size_t{kWidth} * kVocabulary, 1, 0.3);
    const std::vector<float> before = normalValues(latent.size(), 2, 0.01);
    Workload workload;
    workload.rows = kRows;
    workload.hidden = kWidth;
    workload.vocabulary = kVocabulary;
    workload.training = true;
    for (const DType type : {DType::BF16, DType::F16}) {
        SCOPED_TRACE(std::string(dtypeName(type)));
        const std::vector<std::uint16_t> x = asBits(normalValues(std::size_t{kRows} * kWidth, 3, 1), type);
        HeadLossArgs args;
        args.rows = kRows;
        args.targetCount = static_cast<int>(targets.size());
        args.softCap = 10;
        args.labelSmoothing = 0.1f;
        args.gradientScale = 0.5f;

        LossResult expected;
        {
            const auto reference = makeReferenceBackend();
            std::vector<float> values = asFloats(x, type), weights = latent;
            std::vector<std::int32_t> rows = targetRows, ids = targets;
            expected.losses.resize(targets.size());
            expected.dX.resize(values.size());
            expected.dHead = before;
            HeadLossArgs plain = args;
            plain.head.shape.in = kWidth;
            plain.head.shape.out = kVocabulary;
            plain.head.shape.segments = {kVocabulary, 0, 0};
            plain.head.latent = DevicePtr<const float>(weights.data());
            plain.x = typed(DevicePtr<float>(values.data()));
            plain.targetRows = DevicePtr<const std::int32_t>(rows.data());
            plain.targets = DevicePtr<const std::int32_t>(ids.data());
            plain.losses = DevicePtr<float>(expected.losses.data());
            plain.dX = typed(DevicePtr<float>(expected.dX.data()));
            plain.dHead = DevicePtr<float>(expected.dHead.data());
            EXPECT_OK(reference->headLoss({}, plain));
        }
        args.head = head(kWidth, kVocabulary, latent);
        args.x = {upload(x).as<std::byte>(), type};
        args.targetRows = upload(targetRows);
        args.targets = upload(targets);
        const DevicePtr<float> losses = device<float>(targets.size()), dHead = upload(before);
        const DevicePtr<std::uint16_t> dX = device<std::uint16_t>(x.size());
        args.losses = losses;
        args.dX = {dX.as<std::byte>(), type};
        args.dHead = dHead;
        EXPECT_OK(backend->headLoss(execFor(workload, {type, type}), args));
        expectClose(download(losses, targets.size()), expected.losses, type, 2);
        // Products of rounded operands: a walk of sqrt(d) roundings in a logit, which goes into the gradients.
        expectClose(asFloats(download(dX, x.size()), type), expected.dX, type, 8);
        expectClose(download(dHead, latent.size()), expected.dHead, type, 8);
        const std::vector<float> gradient = asFloats(download(dX, x.size()), type);
        for (int i = 0; i < kWidth; ++i) EXPECT_EQ(gradient[static_cast<std::size_t>(kWidth + i)], 0) << "no target";
    }
}

/// An overflow far below must reach the loss and the gradients, or a step would be taken on it.
TEST_F(Head, WhatIsNotFiniteShows) {
    const std::vector<std::int32_t> rows = {0, 1, 2}, targets = {3, 4, 5};
    Workload workload;
    workload.rows = 3;
    workload.hidden = kWidth;
    workload.vocabulary = kVocabulary;
    workload.training = true;
    for (const float bad : {std::nanf(""), INFINITY, -INFINITY}) {
        for (const float cap : {0.0f, 30.0f}) {
            std::vector<float> x = normalValues(3 * kWidth, 1, 1);
            x[kWidth + 5] = bad;
            HeadLossArgs args;
            args.rows = args.targetCount = 3;
            args.head = head(kWidth, kVocabulary, normalValues(std::size_t{kWidth} * kVocabulary, 2, 1));
            args.x = typed(upload(x));
            args.targetRows = upload(rows);
            args.targets = upload(targets);
            args.softCap = cap;
            args.gradientScale = 1;
            const DevicePtr<float> losses = device<float>(3), dX = device<float>(x.size());
            args.losses = losses;
            args.dX = typed(dX);
            args.dHead = upload(std::vector<float>(std::size_t{kWidth} * kVocabulary, 0.0f));
            EXPECT_OK(backend->headLoss(execFor(workload, {}), args));
            const std::vector<float> result = download(losses, 3), gradient = download(dX, x.size());
            EXPECT_TRUE(std::isfinite(result[0]));
            EXPECT_FALSE(std::isfinite(result[1])) << bad << " with cap " << cap;
            EXPECT_TRUE(std::isfinite(result[2]));
            EXPECT_TRUE(std::isfinite(gradient[0]));
            EXPECT_FALSE(std::isfinite(gradient[kWidth]));
        }
    }
}

/// Codes of a row hide what is not a number, so its scale must not.
TEST_F(Head, QuantizedHeadsShowWhatIsNotFinite) {
    for (const WeightFormat format : {WeightFormat::F16, WeightFormat::I8, WeightFormat::I6, WeightFormat::I4}) {
        PrepareWeight item;
        item.weight = head(kWidth, kVocabulary, normalValues(std::size_t{kWidth} * kVocabulary, 2, 1));
        item.weight.shape.format = format;
        item.weight.prepared = device<std::byte>(backend->preparedBytes(item.weight.shape, {}, false));
        Workload workload;
        workload.rows = 12;
        workload.hidden = kWidth;
        workload.vocabulary = kVocabulary;
        const Exec exec = execFor(workload, {});
        EXPECT_OK(backend->prepareWeights(exec, {&item, 1}, false));
        for (const int count : {2, 12}) {  // few rows read the table, more a float copy of it
            std::vector<float> x = normalValues(static_cast<std::size_t>(count * kWidth), 1, 1);
            x[kWidth + 5] = std::nanf("");
            HeadLogitsArgs args;
            args.rows = count;
            args.head = item.weight;
            args.x = typed(upload(x));
            const DevicePtr<float> logits = device<float>(static_cast<std::size_t>(count * kVocabulary));
            args.logits = logits;
            EXPECT_OK(backend->headLogits(exec, args));
            const std::vector<float> result = download(logits, static_cast<std::size_t>(count * kVocabulary));
            EXPECT_TRUE(std::isfinite(result[0]));
            EXPECT_FALSE(std::isfinite(result[kVocabulary]));
        }
    }
}

/// Micro-steps have their own numbers of targets, and every shape of product costs a search for its algorithm.
TEST_F(Head, TargetsOfAnyNumberNeedFewProducts) {
    constexpr int kMost = 400;
    Workload workload;
    workload.rows = kMost;
    workload.hidden = kWidth;
    workload.vocabulary = kVocabulary;
    workload.training = true;
    const Exec exec = execFor(workload, {DType::F32, DType::BF16});
    HeadLossArgs args;
    args.rows = kMost;
    args.head = head(kWidth, kVocabulary, normalValues(std::size_t{kWidth} * kVocabulary, 1, 0.3));
    args.x = typed(upload(normalValues(std::size_t{kMost} * kWidth, 2, 1)));
    args.gradientScale = 1;
    std::vector<std::int32_t> rows(kMost);
    std::iota(rows.begin(), rows.end(), 0);
    args.targetRows = upload(rows);
    args.targets = upload(std::vector<std::int32_t>(kMost, 7));
    const DevicePtr<float> losses = device<float>(kMost), dX = device<float>(std::size_t{kMost} * kWidth);
    args.losses = losses;
    args.dX = typed(dX);
    const std::size_t before = emulatedProductShapes();
    for (int count = 260; count <= 380; count += 15) {  // a piece of 256 and what is left
        const DevicePtr<float> dHead = upload(std::vector<float>(std::size_t{kWidth} * kVocabulary, 0.0f));
        args.dHead = dHead;
        args.targetCount = count;
        EXPECT_OK(backend->headLoss(exec, args));
        // A row's gradients sum to nothing over the vocabulary, and so do those of all rows.
        const std::vector<float> gradient = download(dHead, std::size_t{kWidth} * kVocabulary);
        for (int i = 0; i < kWidth; ++i) {
            double sum = 0;
            for (int v = 0; v < kVocabulary; ++v)
                sum += static_cast<double>(gradient[static_cast<std::size_t>(v * kWidth + i)]);
            EXPECT_NEAR(sum, 0, 0.02 * std::sqrt(count)) << count;
        }
    }
    EXPECT_LE(emulatedProductShapes() - before, 6u);
}

/// A micro-step of many rows makes the head's operand once, one of very many the logits too; one of few rows makes them
/// for each piece.
TEST_F(Head, WhatIsKeptGivesTheSameLoss) {
    constexpr int kIn = 16, kWords = 5000;
    ASSERT_TRUE(lossPlan(8192, kIn, kWords).keepsHead);
    ASSERT_LT(lossPlan(8192, kIn, kWords).columns, kWords);
    ASSERT_FALSE(lossPlan(4096, kIn, kWords).keepsHead);
    ASSERT_EQ(lossPlan(32768, kIn, kWords).columns, kWords);
    const std::vector<std::int32_t> targetRows = {0, 7, 4000}, targets = {4999, 2048, 0};
    const Precision precision{DType::F32, DType::BF16};
    std::vector<LossResult> results;
    for (const int count : {4096, 8192, 32768}) {
        Workload workload;
        workload.rows = count;
        workload.hidden = kIn;
        workload.vocabulary = kWords;
        workload.training = true;
        const std::size_t inputs = static_cast<std::size_t>(count) * kIn;
        std::vector<float> x = normalValues(std::size_t{4096} * kIn, 3, 1);
        x.resize(inputs, 1.0f);
        HeadLossArgs args;
        args.rows = count;
        args.targetCount = 3;
        args.head = head(kIn, kWords, normalValues(std::size_t{kIn} * kWords, 1, 0.3));
        args.x = typed(upload(x));
        args.targetRows = upload(targetRows);
        args.targets = upload(targets);
        args.gradientScale = 0.5f;
        const DevicePtr<float> losses = device<float>(3), dX = device<float>(inputs),
                               dHead = upload(std::vector<float>(std::size_t{kIn} * kWords, 0.0f));
        args.losses = losses;
        args.dX = typed(dX);
        args.dHead = dHead;
        const Result<void> queued = backend->headLoss(execFor(workload, precision), args);
        ASSERT_TRUE(queued.ok()) << queued.error().text();
        results.push_back(
            {download(losses, 3), download(dX, std::size_t{4096} * kIn), download(dHead, std::size_t{kIn} * kWords)});
    }
    for (const std::size_t more : {1, 2}) {
        expectClose(results[more].losses, results[0].losses, DType::F16, 0.1f);
        expectClose(results[more].dX, results[0].dX, DType::F16, 0.1f);
        expectClose(results[more].dHead, results[0].dHead, DType::F16, 0.1f);
    }
}

}  // namespace
}  // namespace distillix::cuda
