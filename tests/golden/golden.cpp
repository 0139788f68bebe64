// SPDX-License-Identifier: Apache-2.0
// Holds the engine to figures computed by an independent implementation: logits, loss, every gradient, and the weights
// after one and five optimizer steps. Cases: tests/golden/cases, or every folder under DISTILLIX_GOLDEN_DIR. Devices:
// the CPU in float32 and mixed precision and the reference, or the one that DISTILLIX_TEST_DEVICE names.
// DISTILLIX_GOLDEN_CASES (names with commas between) takes some of the cases.
// Prints a line a case and device with the worst figure of each kind; exits 1 when one lies outside its tolerance.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "core/data/batches.h"
#include "core/formats/safetensors.h"
#include "core/model/training_pass.h"
#include "core/optim/optimizer.h"

namespace fs = std::filesystem;
using namespace distillix;

namespace {

/// The README's table: what two correct implementations keep to.
struct Tolerances {
    double logits, loss, gradient, step1, step5, trainLosses;
};
constexpr Tolerances kDense{1e-5, 1e-5, 1e-4, 1e-5, 1e-4, 1e-5};
constexpr Tolerances kTernary{1e-2, 1e-3, 5e-2, 1e-2, 0.4, 5e-2};
/// Where activations are kept in 16 bits: 2e-3 a rounding in bfloat16, of which a gradient has been through hundreds.
constexpr Tolerances kSixteenBits{3e-2, 3e-3, 0.25, 4e-2, 0.5, 5e-2};

/// ‖Δ‖/‖figure‖; where the figure is zero throughout, so must ours be.
double relative(const float* ours, const std::vector<float>& figure) {
    double delta = 0, norm = 0;
    for (std::size_t i = 0; i < figure.size(); ++i) {
        const double d = static_cast<double>(ours[i]) - figure[i];
        delta += d * d;
        norm += static_cast<double>(figure[i]) * figure[i];
    }
    if (!std::isfinite(delta)) return INFINITY;
    if (norm == 0) return delta == 0 ? 0 : INFINITY;
    return std::sqrt(delta / norm);
}

/// The worst figure of a kind and whose it is.
struct Worst {
    double value = 0;
    std::string name;
    void take(double v, const std::string& n) {
        if (!(v <= value)) value = v, name = n;
    }
};

double number(const SafetensorsFile& file, const std::string& key, double otherwise) {
    const auto found = file.metadata().find(key);
    return found == file.metadata().end() ? otherwise : std::strtod(found->second.c_str(), nullptr);
}

struct Device {
    std::string name, precision;
};

Result<bool> runCase(const fs::path& folder, const Device& device) {
    const ModelConfig config = TRY(loadModelConfig(folder / "config.json"));
    const SafetensorsFile model = TRY(SafetensorsFile::open(folder / "model.safetensors"));
    const SafetensorsFile golden = TRY(SafetensorsFile::open(folder / "golden.safetensors"));
    if (device.precision == "mixed" && !config.useBitlinear) return true;  // plain models train in float32
    const auto backend = TRY(openBackend(device.name));
    if (device.precision == "float16" && backend->info().mixed.activation == DType::F32) return true;
    const Precision precision = TRY(choosePrecision(*backend, device.precision, config.useBitlinear));

    const SafetensorsEntry* idsEntry = golden.find("input_ids");
    if (!idsEntry || idsEntry->shape.size() != 2)
        return makeError(ErrorCode::InvalidData, "golden.safetensors lacks input_ids[B,T]");
    const int b = static_cast<int>(idsEntry->shape[0]), t = static_cast<int>(idsEntry->shape[1]);
    std::vector<std::int32_t> documents;
    if (golden.find("document_ids")) documents = TRY(golden.ints("document_ids", {b, t}));
    const Batch batch =
        batchFromIds(b, t, TRY(golden.ints("input_ids")), TRY(golden.ints("labels", {b, t})), documents);

    PassOptions options;
    options.batch = b;
    options.tokens = t;
    options.labelSmoothing = number(golden, "label_smoothing", 0);
    Runtime runtime = TRY(Runtime::create(*backend, precision, passWorkload(config, options)));
    ModelWeights weights = TRY(ModelWeights::create(runtime, config, std::max(t, config.maxSeqLen), true));
    TRY_VOID(weights.load(model));
    TRY_VOID(weights.prepare());
    PassOptions forwardOptions = options;
    forwardOptions.keep = PassOptions::Keep::Nothing;
    TrainingPass forward = TRY(TrainingPass::create(weights, forwardOptions));
    TrainingPass pass = TRY(TrainingPass::create(weights, options));
    Gradients gradients = TRY(Gradients::create(runtime, weights.layout()));
    Optimizer optimizer = TRY(Optimizer::create(weights));

    std::vector<float> logits(static_cast<std::size_t>(b) * static_cast<std::size_t>(t) *
                              static_cast<std::size_t>(config.vocabSize));
    TRY_VOID(forward.logits(batch, [&](int first, int rows, const float* values) -> Result<void> {
        const std::size_t v = static_cast<std::size_t>(config.vocabSize);
        std::copy(values, values + static_cast<std::size_t>(rows) * v,
                  logits.data() + static_cast<std::size_t>(first) * v);
        return {};
    }));
    Worst worstLogits, worstLoss, worstGradient, worstStep1, worstStep5, worstTraining;
    worstLogits.take(relative(logits.data(), TRY(golden.floats("logits", {b, t, config.vocabSize}))), "logits");

    OptimizerStep hyper;
    hyper.muonLearningRate = number(golden, "muon_lr", 0.02);
    hyper.muonWeightDecay = number(golden, "muon_wd", 0);
    hyper.momentum = number(golden, "momentum", 0.95);
    const auto adjust = golden.metadata().find("adjust_lr");
    hyper.matchRmsAdamW = adjust == golden.metadata().end() || adjust->second != "original";
    hyper.adamLearningRate = number(golden, "adam_lr", 1e-3);
    hyper.adamWeightDecay = number(golden, "adam_wd", 0);
    hyper.beta1 = number(golden, "beta1", 0.9);
    hyper.beta2 = number(golden, "beta2", 0.95);
    hyper.adamEps = number(golden, "adam_eps", 1e-8);
    hyper.clip = 0;
    const std::vector<float> figureLoss = TRY(golden.floats("loss", {1}));
    const std::vector<float> trainLosses = TRY(golden.floats("train_losses", {5}));
    const double valid = static_cast<double>(batch.validLabels());
    for (int step = 1; step <= 5; ++step) {
        TRY_VOID(gradients.zero());
        const double loss = TRY(pass.run(batch, static_cast<float>(1.0 / valid), gradients)) / valid;
        if (step == 1) {
            worstLoss.take(std::abs(loss - figureLoss[0]) / std::abs(figureLoss[0]), "loss");
            const std::vector<float> ours = TRY(gradients.download());
            for (const Parameter& p : weights.layout().parameters)
                worstGradient.take(relative(ours.data() + p.offset, TRY(golden.floats("grad." + p.name, p.shape()))),
                                   p.name);
        }
        const double figure = trainLosses[static_cast<std::size_t>(step) - 1];
        worstTraining.take(std::abs(loss - figure) / std::abs(figure), "step " + std::to_string(step));
        hyper.step = step;
        TRY(optimizer.step(gradients, hyper));
        if (step == 1 || step == 5) {
            const std::vector<float> ours = TRY(weights.download());
            Worst& worst = step == 1 ? worstStep1 : worstStep5;
            for (const Parameter& p : weights.layout().parameters)
                worst.take(relative(ours.data() + p.offset,
                                    TRY(golden.floats("step" + std::to_string(step) + "." + p.name, p.shape()))),
                           p.name);
        }
    }

    const Tolerances& limit = precision.activation != DType::F32 ? kSixteenBits
                              : config.useBitlinear              ? kTernary
                                                                 : kDense;
    bool good = true;
    std::string line = folder.filename().string() + " on " + device.name + " (" + device.precision + "):";
    const auto tell = [&](const char* kind, const Worst& worst, double tolerance) {
        char text[256];
        const bool within = worst.value <= tolerance;
        std::snprintf(text, sizeof text, " %s %.1e%s", kind, worst.value,
                      within ? "" : (" > " + std::to_string(tolerance) + " at " + worst.name).c_str());
        line += text;
        good = good && within;
    };
    tell("logits", worstLogits, limit.logits);
    tell("loss", worstLoss, limit.loss);
    tell("gradients", worstGradient, limit.gradient);
    tell("step1", worstStep1, limit.step1);
    tell("step5", worstStep5, limit.step5);
    tell("losses", worstTraining, limit.trainLosses);
    std::printf("%s %s\n", good ? "ok  " : "FAIL", line.c_str());
    return good;
}

}  // namespace

int main() {
    const char* given = std::getenv("DISTILLIX_GOLDEN_DIR");
    const fs::path root = given && *given ? fs::path(given) : fs::path(DISTILLIX_TEST_DATA) / "golden" / "cases";
    std::vector<fs::path> cases;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(root, error))
        if (entry.is_directory() && fs::exists(entry.path() / "golden.safetensors")) cases.push_back(entry.path());
    if (const char* names = std::getenv("DISTILLIX_GOLDEN_CASES"); names && *names) {
        const std::string wanted = "," + std::string(names) + ",";
        std::erase_if(cases, [&](const fs::path& folder) {
            return wanted.find("," + folder.filename().string() + ",") == std::string::npos;
        });
    }
    std::sort(cases.begin(), cases.end());
    if (cases.empty()) {
        std::printf("no golden cases under %s\n", root.c_str());
        return 1;
    }
    std::vector<Device> devices = {{"reference", "float32"}, {"cpu", "float32"}, {"cpu", "mixed"}};
    if (const char* name = std::getenv("DISTILLIX_TEST_DEVICE"); name && *name)
        devices = {{name, "auto"}, {name, "float32"}, {name, "float16"}};
    bool good = true;
    for (const Device& device : devices) {
        for (const fs::path& folder : cases) {
            const Result<bool> result = runCase(folder, device);
            if (!result.ok())
                std::printf("FAIL %s on %s: %s\n", folder.filename().c_str(), device.name.c_str(),
                            result.error().text().c_str());
            good = good && result.ok() && *result;
        }
    }
    return good ? 0 : 1;
}
