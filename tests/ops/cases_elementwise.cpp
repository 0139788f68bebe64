// SPDX-License-Identifier: Apache-2.0
// Rows for SwiGLU, rotary positions, the embedding look-up and sampling.
#include <algorithm>

#include "tests/ops/op_table.h"

namespace distillix::optable {

namespace {

std::vector<float> reciprocalRms(const std::vector<float>& values, std::size_t rows, std::size_t width) {
    std::vector<float> rstd(rows);
    for (std::size_t m = 0; m < rows; ++m) {
        double squares = 0;
        for (std::size_t i = 0; i < width; ++i)
            squares += static_cast<double>(values[m * width + i]) * values[m * width + i];
        rstd[m] = static_cast<float>(1 / std::sqrt(squares / static_cast<double>(width) + 1e-6));
    }
    return rstd;
}

struct SwigluCase {
    int rows, width;
    bool subNorm, codes;
    double deviation;
};

Workload swigluWorkload(const SwigluCase& shape) {
    Workload workload;
    workload.rows = shape.rows;
    workload.mlp = shape.width;
    workload.training = true;
    return workload;
}

OpCase swigluCase(const std::string& name, const SwigluCase& shape) {
    return {name,
            swigluWorkload(shape),
            [=](OpRun& run) -> Result<void> {
                const std::size_t width = static_cast<std::size_t>(shape.width),
                                  rows = static_cast<std::size_t>(shape.rows);
                // exp within 3 ulp, a sum, a division, two products; the sub-norm's own.
                const double roundings = 12 + (shape.subNorm ? 8 + 4 * std::sqrt(shape.width) : 0);
                SwigluArgs args;
                args.rows = shape.rows;
                args.width = shape.width;
                args.gateUp = run.inputValues(normal(rows * 2 * width, 1, shape.deviation));
                if (shape.subNorm) {
                    args.subNorm = run.input(normal(width, 2, 0.5, 1));
                    args.rstd = run.output("rstd", rows, rounded(roundings));
                }
                if (shape.codes) {
                    args.out.codes = run.codes("codes", rows * width);
                    args.out.alpha = run.output("alpha", rows, rounded(roundings));
                } else {
                    // Below e^-87 the sigmoid is a denormal number; what it is multiplied with is at most 20
                    // deviations.
                    args.out.values = run.outputValues(
                        "values", rows * width, rounded(roundings, 1e-37 * 400 * shape.deviation * shape.deviation));
                }
                return run.backend().swiglu(run.exec(), args);
            },
            {}};
}

OpCase swigluBackwardCase(const std::string& name, const SwigluCase& shape, bool inPlace) {
    return {name,
            swigluWorkload(shape),
            [=](OpRun& run) -> Result<void> {
                const std::size_t width = static_cast<std::size_t>(shape.width),
                                  rows = static_cast<std::size_t>(shape.rows);
                const std::vector<float> gateUp = normal(rows * 2 * width, 1, shape.deviation);
                SwigluBackwardArgs args;
                args.rows = shape.rows;
                args.width = shape.width;
                if (shape.subNorm) {
                    std::vector<float> hidden(rows * width);
                    for (std::size_t m = 0; m < rows; ++m) {
                        for (std::size_t i = 0; i < width; ++i) {
                            const double g = gateUp[m * 2 * width + i], u = gateUp[m * 2 * width + width + i];
                            hidden[m * width + i] = static_cast<float>(g / (1 + std::exp(-g)) * u);
                        }
                    }
                    args.subNorm = run.input(normal(width, 2, 0.5, 1));
                    args.rstd = run.input(reciprocalRms(hidden, rows, width));
                    args.dSubNorm = run.inOut("dSubNorm", normal(width, 5), summed(shape.rows, 24));
                }
                args.dOut = run.inputValues(normal(rows * width, 3));
                // 1 + g·(1-σ) cancels where g is near -1.28: an error of the largest, not of the element's own.
                const Tolerance tolerance = summed(shape.subNorm ? shape.width : 1, 24);
                if (inPlace) {
                    args.gateUp = args.dGateUp = run.inOutValues("dGateUp", gateUp, tolerance);
                } else {
                    args.gateUp = run.inputValues(gateUp);
                    args.dGateUp = run.outputValues("dGateUp", gateUp.size(), tolerance);
                }
                return run.backend().swigluBackward(run.exec(), args);
            },
            {}};
}

struct RopeCase {
    int rows, heads, kvHeads, headDim;
    bool norms;
};

Workload ropeWorkload(const RopeCase& shape) {
    Workload workload;
    workload.rows = shape.rows;
    workload.heads = shape.heads;
    workload.kvHeads = shape.kvHeads;
    workload.headDim = shape.headDim;
    workload.training = true;
    return workload;
}

constexpr int kPositions = 50;

std::vector<float> ropeTable(int headDim) {
    std::vector<float> table;
    for (int pos = 0; pos < kPositions; ++pos) {
        for (int j = 0; j < headDim / 2; ++j) {
            const double angle = pos * std::pow(1e4, -2.0 * j / headDim);
            table.push_back(static_cast<float>(std::cos(angle)));
            table.push_back(static_cast<float>(std::sin(angle)));
        }
    }
    return table;
}

OpCase ropeCase(const std::string& name, const RopeCase& shape) {
    return {
        name,
        ropeWorkload(shape),
        [=](OpRun& run) -> Result<void> {
            const std::size_t rows = static_cast<std::size_t>(shape.rows), h = static_cast<std::size_t>(shape.headDim);
            const std::size_t qkWidth = static_cast<std::size_t>(shape.heads + shape.kvHeads) * h;
            QkNormRopeArgs args;
            args.rows = shape.rows;
            args.heads = shape.heads;
            args.kvHeads = shape.kvHeads;
            args.headDim = shape.headDim;
            args.qkv = run.inputValues(normal(rows * (qkWidth + static_cast<std::size_t>(shape.kvHeads) * h), 1, 2));
            if (shape.norms) {
                args.qNorm = run.input(normal(h, 2, 0.5, 1));
                args.kNorm = run.input(normal(h, 3, 0.5, 1));
            }
            args.positions = run.input(ids(rows, 4, kPositions));
            args.ropeTable = run.input(ropeTable(shape.headDim));
            args.qk = run.outputValues("qk", rows * qkWidth, summed(shape.norms ? shape.headDim : 1));
            return run.backend().qkNormRope(run.exec(), args);
        },
        {}};
}

OpCase ropeBackwardCase(const std::string& name, const RopeCase& shape) {
    return {name,
            ropeWorkload(shape),
            [=](OpRun& run) -> Result<void> {
                const std::size_t rows = static_cast<std::size_t>(shape.rows),
                                  h = static_cast<std::size_t>(shape.headDim);
                const std::size_t qkWidth = static_cast<std::size_t>(shape.heads + shape.kvHeads) * h;
                const std::size_t qkvWidth = qkWidth + static_cast<std::size_t>(shape.kvHeads) * h;
                QkNormRopeBackwardArgs args;
                args.rows = shape.rows;
                args.heads = shape.heads;
                args.kvHeads = shape.kvHeads;
                args.headDim = shape.headDim;
                args.qkv = run.inputValues(normal(rows * qkvWidth, 1, 2));
                if (shape.norms) {
                    args.qNorm = run.input(normal(h, 2, 0.5, 1));
                    args.kNorm = run.input(normal(h, 3, 0.5, 1));
                    args.dQNorm = run.inOut("dQNorm", normal(h, 7), summed(shape.rows * shape.heads, 24));
                    args.dKNorm = run.inOut("dKNorm", normal(h, 8), summed(shape.rows * shape.kvHeads, 24));
                }
                args.positions = run.input(ids(rows, 4, kPositions));
                args.ropeTable = run.input(ropeTable(shape.headDim));
                args.dQk = run.inputValues(normal(rows * qkWidth, 5));
                args.dQkv =
                    run.inOutValues("dQkv", normal(rows * qkvWidth, 6), summed(shape.headDim, 24));  // v's columns stay
                return run.backend().qkNormRopeBackward(run.exec(), args);
            },
            {}};
}

OpCase embedCase(const std::string& name, int rows, int width, int vocabulary) {
    Workload workload;
    workload.rows = rows;
    workload.hidden = width;
    workload.vocabulary = vocabulary;
    workload.training = true;
    return {name,
            workload,
            [=](OpRun& run) -> Result<void> {
                const std::size_t count = static_cast<std::size_t>(rows) * static_cast<std::size_t>(width);
                const std::size_t tableCount = static_cast<std::size_t>(vocabulary) * static_cast<std::size_t>(width);
                const DevicePtr<std::int32_t> tokens = run.input(ids(static_cast<std::size_t>(rows), 1, vocabulary));
                EmbedArgs args;
                args.rows = rows;
                args.width = width;
                args.vocabulary = vocabulary;
                args.ids = tokens;
                args.table = run.input(normal(tableCount, 2));
                args.out = run.output("out", count, exact());
                TRY_VOID(run.backend().embed(run.exec(), args));
                EmbedBackwardArgs backward;
                backward.rows = rows;
                backward.width = width;
                backward.vocabulary = vocabulary;
                backward.ids = tokens;
                backward.dOut = run.input(normal(count, 3));
                backward.dTable = run.inOut("dTable", normal(tableCount, 4), summed(rows));
                return run.backend().embedBackward(run.exec(), backward);
            },
            {}};
}

struct SampleExtras {
    float minP = 0, repetitionPenalty = 1;
    std::vector<std::int32_t> recent{};  ///< the same number for each row
};

OpCase sampleCase(const std::string& name, float temperature, int topK, float topP, std::vector<float> logits,
                  int vocabulary, const SampleExtras& extras = {}) {
    Workload workload;
    workload.rows = static_cast<int>(logits.size()) / vocabulary;
    workload.vocabulary = vocabulary;
    return {name,
            workload,
            [=](OpRun& run) -> Result<void> {
                SampleArgs args;
                args.rows = workload.rows;
                args.vocabulary = vocabulary;
                args.logits = run.input(logits);
                args.temperature = temperature;
                args.topK = topK;
                args.topP = topP;
                args.minP = extras.minP;
                args.repetitionPenalty = extras.repetitionPenalty;
                if (!extras.recent.empty()) {
                    args.recentCount = static_cast<int>(extras.recent.size()) / workload.rows;
                    args.recent = run.input(extras.recent);
                }
                // Away from the borders between tokens by chance: 64 draws, each of them within 1e-5 of one of some 300
                // borders with a probability of 0.2%.
                args.uniform = run.input(uniform(static_cast<std::size_t>(workload.rows), 2, 0, 1));
                args.tokens = run.outputIds("tokens", static_cast<std::size_t>(workload.rows));
                return run.backend().sample(run.exec(), args);
            },
            {}};
}

}  // namespace

std::vector<OpCase> elementwiseCases() {
    std::vector<OpCase> cases;
    for (const SwigluCase& shape : {SwigluCase{1, 1, false, true, 1},
                                    {3, 5, false, true, 2},
                                    {18, 33, false, true, 1},
                                    {40, 352, false, true, 2},
                                    {7, 31, true, true, 1},
                                    {35, 130, true, true, 2},
                                    {5, 39, false, true, 1e9},
                                    {5, 39, true, true, 1e-6}}) {
        const std::string size = std::to_string(shape.rows) + "x" + std::to_string(shape.width) +
                                 (shape.subNorm ? "_SubNorm" : "") +
                                 (shape.deviation > 10    ? "_Huge"
                                  : shape.deviation < 0.1 ? "_Tiny"
                                                          : "");
        SwigluCase values = shape;
        values.codes = false;
        cases.push_back(swigluCase("SwigluCodes_" + size, shape));
        cases.push_back(swigluCase("SwigluValues_" + size, values));
        if (shape.deviation <= 10) {
            cases.push_back(swigluBackwardCase("SwigluBackward_" + size, shape, false));
            cases.push_back(swigluBackwardCase("SwigluBackwardInPlace_" + size, shape, true));
        }
    }
    for (const RopeCase& shape : {RopeCase{1, 1, 1, 2, true},
                                  {5, 2, 1, 6, true},
                                  {19, 4, 2, 16, true},
                                  {33, 3, 1, 64, true},
                                  {20, 4, 4, 80, true},
                                  {9, 2, 2, 34, true},
                                  {19, 4, 2, 16, false},
                                  {21, 2, 1, 22, false},
                                  {3, 12, 4, 128, true}}) {
        const std::string size = std::to_string(shape.rows) + "x" + std::to_string(shape.heads) + "x" +
                                 std::to_string(shape.kvHeads) + "x" + std::to_string(shape.headDim) +
                                 (shape.norms ? "" : "_NoNorm");
        cases.push_back(ropeCase("Rope_" + size, shape));
        cases.push_back(ropeBackwardCase("RopeBackward_" + size, shape));
    }
    cases.push_back(embedCase("Embed_1x1", 1, 1, 3));
    cases.push_back(embedCase("Embed_37x100", 37, 100, 11));
    cases.push_back(embedCase("Embed_200x64", 200, 64, 500));

    const int vocabulary = 301;
    const std::vector<float> logits = normal(64 * static_cast<std::size_t>(vocabulary), 1, 2);
    cases.push_back(sampleCase("Sample_Greedy", 0, 0, 1, logits, vocabulary));
    cases.push_back(sampleCase("Sample_Plain", 1, 0, 1, logits, vocabulary));
    cases.push_back(sampleCase("Sample_Cold", 0.1f, 0, 1, logits, vocabulary));
    cases.push_back(sampleCase("Sample_TopK", 0.8f, 5, 1, logits, vocabulary));
    cases.push_back(sampleCase("Sample_TopKOfOne", 3, 1, 1, logits, vocabulary));
    cases.push_back(sampleCase("Sample_TopKOfMoreThanThereAre", 1, 1000, 1, logits, vocabulary));
    cases.push_back(sampleCase("Sample_TopP", 1, 0, 0.7f, logits, vocabulary));
    cases.push_back(sampleCase("Sample_TopPOfOne", 1, 0, 1e-6f, logits, vocabulary));
    cases.push_back(sampleCase("Sample_TopKThenTopP", 1.3f, 20, 0.5f, logits, vocabulary));
    cases.push_back(sampleCase("Sample_TopPOfNothing", 1, 0, 0, logits, vocabulary));
    cases.push_back(sampleCase("Sample_TopPOfMany", 4, 0, 0.95f, logits, vocabulary));
    cases.push_back(sampleCase("Sample_MinP", 1, 0, 1, logits, vocabulary, {.minP = 0.1f}));
    cases.push_back(sampleCase("Sample_MinPOfHot", 5, 0, 1, logits, vocabulary, {.minP = 0.5f}));
    cases.push_back(sampleCase("Sample_MinPOfOne", 1, 0, 1, logits, vocabulary, {.minP = 1}));
    cases.push_back(sampleCase("Sample_TopKThenTopPThenMinP", 2, 30, 0.9f, logits, vocabulary, {.minP = 0.2f}));
    // Recent ids: ones that come twice, ones that are no tokens, and each row's likeliest, or the penalty would seldom
    // tell.
    std::vector<std::int32_t> recent = ids(64 * 7, 5, vocabulary);
    for (std::size_t row = 0; row < 64; ++row) {
        const auto* first = logits.data() + row * static_cast<std::size_t>(vocabulary);
        recent[row * 7] = static_cast<std::int32_t>(std::max_element(first, first + vocabulary) - first);
        recent[row * 7 + 1] = row % 2 ? recent[row * 7] : -1;
        recent[row * 7 + 2] = vocabulary + static_cast<std::int32_t>(row);
    }
    cases.push_back(
        sampleCase("Sample_GreedyPenalised", 0, 0, 1, logits, vocabulary, {.repetitionPenalty = 3, .recent = recent}));
    cases.push_back(
        sampleCase("Sample_Penalised", 1, 0, 1, logits, vocabulary, {.repetitionPenalty = 1.3f, .recent = recent}));
    cases.push_back(sampleCase("Sample_Favoured", 1, 20, 0.9f, logits, vocabulary,
                               {.minP = 0.01f, .repetitionPenalty = 0.7f, .recent = recent}));
    const std::vector<float> many = normal(8 * 5003, 4, 3);
    cases.push_back(sampleCase("Sample_ManyTopK", 1, 40, 1, many, 5003));
    cases.push_back(sampleCase("Sample_ManyTopP", 1, 0, 0.9f, many, 5003));
    cases.push_back(sampleCase("Sample_ManyTopKThenTopP", 2, 300, 0.9f, many, 5003));
    cases.push_back(sampleCase("Sample_ManyPenalisedWithMinP", 1, 0, 1, many, 5003,
                               {.minP = 0.02f, .repetitionPenalty = 1.5f, .recent = ids(8 * 64, 6, 5003)}));
    cases.push_back(sampleCase("Sample_VocabularyOfOne", 1, 0, 0.9f, {1, -5, 0}, 1));
    // Equal logits: the lower id is kept and taken.
    std::vector<float> equal(4 * 9, 1.5f);
    cases.push_back(sampleCase("Sample_GreedyAmongEquals", 0, 0, 1, equal, 9));
    cases.push_back(sampleCase("Sample_TopKAmongEquals", 1, 3, 1, equal, 9));
    cases.push_back(sampleCase("Sample_TopPAmongEquals", 1, 0, 0.3f, equal, 9));
    // More equals than a list of candidates holds, more candidates than a block has threads, zeros of both signs.
    std::vector<float> manyEqual(2 * 5003, -1);
    for (std::size_t i = 5003; i < manyEqual.size(); i += 1000) manyEqual[i] = 0.5f;
    cases.push_back(sampleCase("Sample_TopKAmongManyEquals", 1, 40, 1, manyEqual, 5003));
    cases.push_back(sampleCase("Sample_TopKThenTopPAmongManyEquals", 1, 40, 0.5f, manyEqual, 5003));
    cases.push_back(sampleCase("Sample_ManyTopKOfMany", 3, 1500, 0.95f, many, 5003));
    std::vector<float> zeros(4 * 9, 0.0f);
    for (std::size_t i = 0; i < zeros.size(); i += 2) zeros[i] = -0.0f;
    cases.push_back(sampleCase("Sample_TopKAmongZeros", 1, 3, 1, zeros, 9));
    // A broken model still gets a token.
    std::vector<float> broken = normal(4 * 9, 3);
    for (std::size_t i = 0; i < 9; ++i) broken[i] = std::nanf("");
    broken[9 + 4] = std::nanf("");
    for (std::size_t i = 18; i < 27; ++i) broken[i] = -INFINITY;
    broken[27 + 5] = INFINITY;
    cases.push_back(sampleCase("Sample_NotNumbers", 1, 4, 0.9f, broken, 9));
    cases.push_back(sampleCase("Sample_GreedyNotNumbers", 0, 0, 1, broken, 9));
    cases.push_back(sampleCase("Sample_PenalisedNotNumbers", 1, 4, 0.9f, broken, 9,
                               {.minP = 0.1f, .repetitionPenalty = 2, .recent = ids(4 * 5, 7, 9)}));
    return cases;
}

}  // namespace distillix::optable
