// SPDX-License-Identifier: Apache-2.0
// Rows for the output head: logits, and loss with its gradients.
#include "tests/ops/op_table.h"

namespace distillix::optable {

namespace {

struct HeadCase {
    std::string name;
    int rows, width, vocabulary;
    std::vector<std::int32_t> targetRows;  ///< ascending
    float cap = 0, smoothing = 0;
    bool teacher = false;
    float weight = 1, temperature = 1;
    bool gradients = true;
    Precision precision{};
    double deviation = 1;  ///< of x
};

std::size_t headSize(int a, int b) {
    return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

Workload headWorkload(const HeadCase& c) {
    Workload workload;
    workload.rows = c.rows;
    workload.hidden = c.width;
    workload.vocabulary = c.vocabulary;
    workload.training = true;
    return workload;
}

Result<LinearWeight> preparedHead(OpRun& run, const HeadCase& c) {
    LinearWeight head;
    head.shape.in = c.width;
    head.shape.out = c.vocabulary;
    head.shape.segments = {c.vocabulary, 0, 0};
    head.latent = run.input(normal(headSize(c.vocabulary, c.width), 1));
    if (const std::size_t bytes = run.backend().preparedBytes(head.shape, run.exec().precision, true))
        head.prepared = run.memory(bytes);
    PrepareWeight prepare;
    prepare.weight = head;
    TRY_VOID(run.backend().prepareWeights(run.exec(), {&prepare, 1}, true));
    return head;
}

/// Half a unit of what products read.
double epsOf(const OpRun& run) {
    const DType type = run.exec().precision.product;
    return type == DType::BF16 ? kEpsBf16 : type == DType::F16 ? kEpsF16 : kEps;
}

OpCase logitsCase(const HeadCase& c) {
    return {"HeadLogits_" + c.name, headWorkload(c),
            [=](OpRun& run) -> Result<void> {
                HeadLogitsArgs args;
                args.rows = c.rows;
                args.head = TRY(preparedHead(run, c));
                args.x = run.inputValues(normal(headSize(c.rows, c.width), 2, c.deviation));
                args.softCap = c.cap;
                args.logits = run.output("logits", headSize(c.rows, c.vocabulary), summed(c.width, 8, epsOf(run)));
                return run.backend().headLogits(run.exec(), args);
            },
            c.precision};
}

OpCase lossCase(const HeadCase& c) {
    return {"HeadLoss_" + c.name, headWorkload(c),
            [=](OpRun& run) -> Result<void> {
                const int n = static_cast<int>(c.targetRows.size());
                HeadLossArgs args;
                args.rows = c.rows;
                args.targetCount = n;
                args.head = TRY(preparedHead(run, c));
                args.x = run.inputValues(normal(headSize(c.rows, c.width), 2, c.deviation));
                args.targetRows = run.input(c.targetRows);
                args.targets = run.input(ids(c.targetRows.size(), 3, c.vocabulary));
                args.softCap = c.cap;
                args.labelSmoothing = c.smoothing;
                if (c.teacher) args.teacherLogits = run.input(normal(headSize(n, c.vocabulary), 4, 3));
                args.teacherWeight = c.weight;
                args.temperature = c.temperature;
                // A logit's error, eps·sqrt(d)·|x||e|, goes into the loss as it stands and into the probabilities as
                // a share of them.
                const double eps = epsOf(run), logit = 8 * eps * std::sqrt(c.width) * std::max(1.0, c.deviation);
                args.losses = run.output("losses", c.targetRows.size(), {16 * kEps, 4 * kEps, logit + 1e-6});
                if (c.gradients) {
                    args.gradientScale = 0.125f;
                    const Tolerance tolerance{0, logit + summed(c.vocabulary, 32, eps).largest, 0};
                    args.dX = run.outputValues("dX", headSize(c.rows, c.width), tolerance);
                    args.dHead = run.inOut("dHead", normal(headSize(c.vocabulary, c.width), 5, 0.01),
                                           {0, logit + summed(n, 32, eps).largest, 0});
                }
                return run.backend().headLoss(run.exec(), args);
            },
            c.precision};
}

std::vector<std::int32_t> everyRow(int rows, int step = 1) {
    std::vector<std::int32_t> list;
    for (int r = 0; r < rows; r += step) list.push_back(r);
    return list;
}

}  // namespace

std::vector<OpCase> headCases() {
    const Precision bf16{DType::F32, DType::BF16};
    const std::vector<HeadCase> both = {
        {"1x1x1", 1, 1, 1, {0}},
        {"1x3x5", 1, 3, 5, {0}, 30},
        {"3x17x33", 3, 17, 33, {0, 2}, 5},
        {"5x64x1025", 5, 64, 1025, {1, 2, 3}},
        {"33x31x100", 33, 31, 100, everyRow(33), 2},
        {"70x65x2100", 70, 65, 2100, everyRow(70, 3), 30},
        {"Bf16_33x31x100", 33, 31, 100, everyRow(33), 8, 0, false, 1, 1, true, bf16},
        {"Bf16_70x64x2100", 70, 64, 2100, everyRow(70, 3), 0, 0, false, 1, 1, true, bf16},
        {"LargeLogits", 9, 32, 300, everyRow(9), 0, 0, false, 1, 1, true, {}, 20},
        {"LargeLogitsCapped", 9, 32, 300, everyRow(9), 30, 0, false, 1, 1, true, {}, 20},
    };
    std::vector<OpCase> cases;
    for (const HeadCase& c : both) {
        cases.push_back(logitsCase(c));
        cases.push_back(lossCase(c));
    }
    cases.push_back(lossCase({"NoTargets", 7, 16, 40, {}}));
    cases.push_back(lossCase({"Evaluation", 7, 16, 40, everyRow(7), 30, 0.1f, false, 1, 1, false}));
    cases.push_back(lossCase({"Smoothing", 13, 24, 130, everyRow(13), 0, 0.1f}));
    cases.push_back(lossCase({"SmoothingCapped", 13, 24, 130, everyRow(13), 6, 0.3f}));
    cases.push_back(lossCase({"Teacher", 13, 24, 130, everyRow(13, 2), 0, 0, true, 0.3f, 2}));
    cases.push_back(lossCase({"TeacherAlone", 13, 24, 130, everyRow(13, 2), 8, 0, true, 0, 1}));
    cases.push_back(lossCase({"TeacherSmoothingCapped", 13, 24, 130, everyRow(13), 8, 0.1f, true, 0.5f, 4}));
    cases.push_back(lossCase({"TeacherCold", 13, 24, 130, everyRow(13), 8, 0.1f, true, 0.5f, 0.5f}));
    // More rows than are held at once (32 MiB of logits).
    cases.push_back(lossCase({"SeveralChunks", 1100, 4, 20, everyRow(1100), 30}));
    // More of a vocabulary than a card looks at at once (4 MiB of logits for few rows).
    cases.push_back(lossCase({"SeveralPieces", 40, 4, 30000, everyRow(40, 2), 0, 0}));
    cases.push_back(lossCase({"SeveralPiecesTeacher", 40, 4, 30000, everyRow(40), 20, 0.1f, true, 0.5f, 2}));
    for (const WeightFormat format : {WeightFormat::F16, WeightFormat::I8, WeightFormat::I6, WeightFormat::I4}) {
        for (const int rows : {1, 5}) {
            const int in = rows == 1 ? 45 : 81, out = 131;  // columns of 64 and 96: whole steps, and one half step
            Workload workload;
            workload.rows = rows;
            workload.hidden = in;
            workload.vocabulary = out;
            cases.push_back(
                {std::string("QuantizedHead_") + weightFormatName(format) + "_" + std::to_string(rows),
                 workload,
                 [=](OpRun& run) -> Result<void> {
                     PrepareWeight item;
                     item.weight.shape.in = in;
                     item.weight.shape.out = out;
                     item.weight.shape.segments = {out, 0, 0};
                     item.weight.shape.format = format;
                     item.weight.latent = run.input(normal(static_cast<std::size_t>(in * out), 1, 0.02));
                     item.weight.prepared =
                         run.memory(run.backend().preparedBytes(item.weight.shape, run.exec().precision, false));
                     TRY_VOID(run.backend().prepareWeights(run.exec(), {&item, 1}, false));
                     HeadLogitsArgs args;
                     args.rows = rows;
                     args.head = item.weight;
                     args.x = run.inputValues(normal(static_cast<std::size_t>(rows * in), 2));
                     // Activations are rounded to 15 bits: half a step of the largest, a walk over `in`.
                     args.logits = run.output("logits", static_cast<std::size_t>(rows * out), {0, 8.0 / 32767, 0});
                     TRY_VOID(run.backend().headLogits(run.exec(), args));
                     EmbedArgs embed;
                     embed.rows = rows;
                     embed.width = in;
                     embed.vocabulary = out;
                     embed.ids = run.input(ids(static_cast<std::size_t>(rows), 3, out));
                     embed.quantized = item.weight;
                     embed.out = run.output("embedded", static_cast<std::size_t>(rows * in), exact());
                     return run.backend().embed(run.exec(), embed);
                 },
                 {}});
        }
    }
    return cases;
}

}  // namespace distillix::optable
