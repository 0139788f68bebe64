// SPDX-License-Identifier: Apache-2.0
// Rows for RMSNorm and the activation quantizer.
#include "tests/ops/op_table.h"

namespace distillix::optable {

namespace {

struct NormShape {
    int rows, width;
};
// Odd tails for vectors of 4, 8 and 16, one element, and more rows than chunks of 16.
const std::vector<NormShape> kShapes = {{1, 1}, {3, 7}, {5, 16}, {17, 33}, {40, 100}, {2, 768}, {130, 257}};

Workload normWorkload(const NormShape& shape) {
    Workload workload;
    workload.rows = shape.rows;
    workload.hidden = shape.width;
    workload.training = true;
    return workload;
}

/// rstd and y = x·rstd·w: a sum of `width` squares, a root, a division.
double roundingsOfNorm(int width) {
    return 8 + 4 * std::sqrt(width);
}

OpCase quantizeCase(const std::string& name, const NormShape& shape, bool norm, std::vector<float> x) {
    return {name,
            normWorkload(shape),
            [=](OpRun& run) -> Result<void> {
                const std::size_t count = x.size();
                NormQuantizeArgs args;
                args.rows = shape.rows;
                args.width = shape.width;
                args.x = run.inputValues(x);
                if (norm) {
                    args.weight = run.input(normal(static_cast<std::size_t>(shape.width), 2, 0.5, 1));
                    args.rstd =
                        run.output("rstd", static_cast<std::size_t>(shape.rows), rounded(roundingsOfNorm(shape.width)));
                }
                args.out.codes = run.codes("codes", count, norm);
                args.out.alpha = run.output("alpha", static_cast<std::size_t>(shape.rows),
                                            rounded(norm ? roundingsOfNorm(shape.width) : 1));
                return run.backend().normQuantize(run.exec(), args);
            },
            {}};
}

OpCase valuesCase(const std::string& name, const NormShape& shape, bool norm, std::vector<float> x) {
    return {name,
            normWorkload(shape),
            [=](OpRun& run) -> Result<void> {
                NormQuantizeArgs args;
                args.rows = shape.rows;
                args.width = shape.width;
                args.x = run.inputValues(x);
                if (norm) args.weight = run.input(normal(static_cast<std::size_t>(shape.width), 2, 0.5, 1));
                args.out.values =
                    run.outputValues("values", x.size(), norm ? rounded(roundingsOfNorm(shape.width)) : exact());
                return run.backend().normQuantize(run.exec(), args);
            },
            {}};
}

OpCase normBackwardCase(const std::string& name, const NormShape& shape, bool accumulate) {
    return {name,
            normWorkload(shape),
            [=](OpRun& run) -> Result<void> {
                const std::size_t width = static_cast<std::size_t>(shape.width),
                                  rows = static_cast<std::size_t>(shape.rows);
                NormBackwardArgs args;
                args.rows = shape.rows;
                args.width = shape.width;
                const std::vector<float> x = normal(rows * width, 1, 3);
                std::vector<float> rstd(rows);
                for (std::size_t m = 0; m < rows; ++m) {
                    double squares = 0;
                    for (std::size_t i = 0; i < width; ++i)
                        squares += static_cast<double>(x[m * width + i]) * x[m * width + i];
                    rstd[m] = static_cast<float>(1 / std::sqrt(squares / static_cast<double>(width) + 1e-6));
                }
                args.x = run.inputValues(x);
                args.weight = run.input(normal(width, 2, 0.5, 1));
                args.rstd = run.input(rstd);
                args.dOut = run.inputValues(normal(rows * width, 3));
                args.accumulate = accumulate;
                args.dX = run.inOutValues("dX", normal(rows * width, 4), summed(shape.width));
                args.dWeight = run.inOut("dWeight", normal(width, 5), summed(shape.rows));
                return run.backend().normBackward(run.exec(), args);
            },
            {}};
}

}  // namespace

std::vector<OpCase> normCases() {
    std::vector<OpCase> cases;
    for (const NormShape& shape : kShapes) {
        const std::string size = std::to_string(shape.rows) + "x" + std::to_string(shape.width);
        const std::size_t count = static_cast<std::size_t>(shape.rows) * static_cast<std::size_t>(shape.width);
        cases.push_back(quantizeCase("NormCodes_" + size, shape, true, normal(count, 1, 3)));
        cases.push_back(quantizeCase("Codes_" + size, shape, false, normal(count, 1, 3)));
        cases.push_back(valuesCase("NormValues_" + size, shape, true, normal(count, 1, 3)));
        cases.push_back(valuesCase("Values_" + size, shape, false, normal(count, 1, 3)));
        if (shape.width == 1) continue;  // the norm of one number has no gradient but what rounding leaves
        cases.push_back(normBackwardCase("NormBackward_" + size, shape, false));
        cases.push_back(normBackwardCase("NormBackwardAccumulate_" + size, shape, true));
    }
    const NormShape odd{5, 37};
    const std::size_t count = 5 * 37;
    cases.push_back(quantizeCase("NormCodes_Zeros", odd, true, std::vector<float>(count, 0.0f)));
    cases.push_back(quantizeCase("NormCodes_Huge", odd, true, normal(count, 1, 1e17)));
    cases.push_back(quantizeCase("NormCodes_Tiny", odd, true, normal(count, 1, 1e-25)));
    cases.push_back(quantizeCase("Codes_Zeros", odd, false, std::vector<float>(count, 0.0f)));
    cases.push_back(quantizeCase("Codes_Huge", odd, false, normal(count, 1, 1e36)));
    cases.push_back(quantizeCase("Codes_Tiny", odd, false, normal(count, 1, 1e-30)));
    cases.push_back(quantizeCase("Codes_OneOutlier", odd, false, [] {
        std::vector<float> x = normal(5 * 37, 1, 1e-3);
        for (std::size_t m = 0; m < 5; ++m) x[m * 37 + 36] = -1e4f;
        return x;
    }()));
    // α = 127 makes x·127/α x itself: halves are boundaries, and so are their neighbours on either side.
    std::vector<float> boundaries;
    for (int code = -127; code < 127; ++code) {
        const float half = static_cast<float>(code) + 0.5f;
        for (const float x : {half, std::nextafter(half, -200.0f), std::nextafter(half, 200.0f)})
            boundaries.push_back(x);
    }
    boundaries.push_back(127.0f);
    cases.push_back(quantizeCase("Codes_Boundaries", {1, static_cast<int>(boundaries.size())}, false, boundaries));
    for (float& x : boundaries) x *= 0.037f;
    cases.push_back(
        quantizeCase("Codes_ScaledBoundaries", {1, static_cast<int>(boundaries.size())}, false, boundaries));
    return cases;
}

}  // namespace distillix::optable
