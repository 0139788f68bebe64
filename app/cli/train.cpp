// SPDX-License-Identifier: Apache-2.0
// train new, train resume: training into a run folder, told as it goes.
#include <cmath>
#include <cstdio>

#include "app/cli/field_flags.h"
#include "app/cli/table.h"
#include "app/cli/verb.h"
#include "core/base/clock.h"
#include "core/train/trainer.h"

namespace distillix::cli {
using Json = nlohmann::ordered_json;
namespace {

std::string fixedText(double number, int digits) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", digits, number);
    return text;
}

/// Every line of `text` behind four spaces.
std::string indented(const std::string& text) {
    std::string out = "    ";
    for (const char c : text) {
        out += c;
        if (c == '\n') out += "    ";
    }
    return out;
}

std::string eventText(const std::string& type, std::int64_t step, const Json& fields) {
    const std::string at = "step " + groupedText(step) + ": ";
    if (type == "validation")
        return at + "validation loss " + fixedText(fields.value("loss", 0.0), 4) + ", perplexity " +
               fixedText(fields.value("perplexity", 0.0), 2) + ", " + fixedText(fields.value("bitsPerByte", 0.0), 3) +
               " bits per byte";
    if (type == "checkpoint") return at + "checkpoint " + fields.value("path", "");
    if (type == "warning" || type == "skipped") return at + "warning: " + fields.value("message", "");
    return {};
}

TrainObserver observerFor(Reporter& reporter) {
    TrainObserver observer;
    observer.plan = [&reporter](const std::vector<MemoryPart>& parts) {
        std::size_t total = 0;
        Json fields = Json::object();
        std::string text;
        for (const auto& part : parts) {
            total += part.bytes;
            fields[part.name] = fields.value(part.name, std::size_t{0}) + part.bytes;
        }
        for (const auto& [name, bytes] : fields.items())
            text += (text.empty() ? "" : ", ") + name + " " + bytesText(bytes.get<double>());
        reporter.event("memoryPlan", {{"totalBytes", total}, {"parts", fields}},
                       "memory: " + bytesText(static_cast<double>(total)) + " (" + text + ")");
    };
    observer.step = [&reporter](const StepMetrics& metrics, std::int64_t totalSteps, double remaining) {
        Progress progress;
        progress.phase = "train";
        progress.done = static_cast<double>(metrics.step);
        if (totalSteps > 0) progress.total = static_cast<double>(totalSteps);
        progress.unit = "steps";
        progress.tokensPerSecond = metrics.tokensPerSecond;
        if (remaining >= 0) progress.secondsLeft = remaining;
        progress.fields = {{"loss", std::isfinite(metrics.loss) ? Json(metrics.loss) : Json(nullptr)},
                           {"lr", metrics.learningRate},
                           {"tokens", metrics.tokens},
                           {"elapsed", metrics.elapsedSeconds}};
        progress.detail = "loss " + fixedText(metrics.loss, 3);
        reporter.progress(progress);
    };
    observer.event = [&reporter](const std::string& type, std::int64_t step, const Json& fields) {
        Json all = {{"step", step}};
        for (const auto& [key, value] : fields.items()) all[key] = value;
        reporter.event(type, all, eventText(type, step, fields));
    };
    observer.sample = [&reporter](std::int64_t step, const std::string& prompt, const std::string& text) {
        reporter.event("sample", {{"step", step}, {"prompt", prompt}, {"text", text}},
                       "step " + groupedText(step) + ": asked\n" + indented(prompt) + "\n  it says\n" + indented(text));
    };
    return observer;
}

/// The end of a training, finished or stopped.
int tellOutcome(Reporter& reporter, const std::string& run, const TrainOutcome& outcome) {
    Json result = {{"run", run},
                   {"state", runStateName(outcome.state)},
                   {"step", outcome.step},
                   {"loss", std::isfinite(outcome.loss) ? Json(outcome.loss) : Json(nullptr)},
                   {"checkpoint", outcome.checkpoint.string()}};
    std::string text =
        "The run is " + std::string(runStateName(outcome.state)) + " at step " + groupedText(outcome.step) + ".\n";
    if (outcome.validation) {
        result["validation"] = {{"loss", outcome.validation->loss()},
                                {"perplexity", outcome.validation->perplexity()},
                                {"bitsPerByte", outcome.validation->bitsPerByte()}};
        text += "Validation loss " + fixedText(outcome.validation->loss(), 4) + ", " +
                fixedText(outcome.validation->bitsPerByte(), 3) + " bits per byte.\n";
    }
    text += "Model: " + outcome.checkpoint.string() + "\n";
    if (outcome.state == RunState::Stopped) text += "Go on with: distillix train resume " + run + "\n";
    reporter.result(result, text);
    return outcome.state == RunState::Stopped ? exitCodeFor(ErrorCode::Cancelled) : 0;
}

struct NewFlags {
    std::string run, dataset, preset = "sample", config;
    FieldFlags<ModelConfig> model;
    FieldFlags<TrainConfig> training;
    DeviceFlags device;
};

/// Refuses at once what cannot fit: Linux hands out more memory than there is, and kills when it is used.
Result<void> checkMemory(const ModelConfig& model, const TrainConfig& config, const DeviceFlags& device) {
    const auto backend = TRY(device.open());
    double bytes = 0;
    for (const auto& part : trainingMemory(*backend, model, config)) bytes += static_cast<double>(part.bytes);
    const double there = static_cast<double>(backend->info().memoryBytes);
    if (there == 0 || bytes <= there) return {};
    return makeError(ErrorCode::OutOfMemory,
                     "this training needs " + bytesText(bytes) + ", " + backend->info().name + " has " +
                         bytesText(there) +
                         "; a smaller --batch (with more --accumulation), fewer --tokens, --recompute or a "
                         "smaller model needs less");
}

Result<int> newVerb(VerbContext& context, const NewFlags& flags) {
    ModelConfig model;
    if (flags.config.empty())
        model = TRY(findModelPreset(flags.preset)).config;
    else
        model = TRY(loadModelConfig(flags.config));
    // A width or a number of heads of one's own decides the heads' width anew.
    const Json& given = flags.model.given();
    if ((given.contains("hidden_dim") || given.contains("num_heads")) && !given.contains("head_dim")) model.headDim = 0;
    TRY_VOID(flags.model.apply(model));
    const TokenDataset dataset = TRY(TokenDataset::open(flags.dataset, "train"));
    model.vocabSize = dataset.vocabSize();
    TRY_VOID(model.normalize());
    TrainConfig config = suggestedTraining(flags.config.empty() ? flags.preset : "", model);
    TRY_VOID(flags.training.apply(config));
    // Steps of one's own are meant to be done: the suggested time is no limit to them.
    if (flags.training.given().contains("steps") && !flags.training.given().contains("minutes")) config.minutes = 0;
    TRY_VOID(checkMemory(model, config, flags.device));
    context.reporter.info("Training " + groupedText(model.parameterCount()) + " parameters on " +
                          groupedText(dataset.tokens()) + " tokens into " + flags.run + ".");
    const TrainOutcome outcome =
        TRY(trainNew(flags.run, model, config, flags.dataset, {flags.device.device, flags.device.threads},
                     observerFor(context.reporter), context.stopOnSignals()));
    return tellOutcome(context.reporter, flags.run, outcome);
}

struct ResumeFlags {
    std::string run;
    ResumeOptions options;
    std::string dataset;
    DeviceFlags device;
};

Result<int> resumeVerb(VerbContext& context, const ResumeFlags& flags) {
    ResumeOptions options = flags.options;
    options.dataset = flags.dataset;
    options.device = {flags.device.device, flags.device.threads};
    const TrainOutcome outcome =
        TRY(trainResume(flags.run, options, observerFor(context.reporter), context.stopOnSignals()));
    return tellOutcome(context.reporter, flags.run, outcome);
}

std::string presetNames() {
    std::string names;
    for (const auto& preset : modelPresets()) names += (names.empty() ? "" : ", ") + preset.name;
    return names;
}

}  // namespace

void addTrainVerbs(VerbSet& verbs) {
    CLI::App* group = verbs.addGroup("train", "Train a model, or go on with a run");
    {
        auto flags = std::make_shared<NewFlags>();
        CLI::App* verb = verbs.add(group, "new", "Train a model from nothing. Ctrl-C stops it after a checkpoint",
                                   "distillix train new runs/first --dataset data/sample --preset sample --minutes 2",
                                   [flags](VerbContext& context) { return newVerb(context, *flags); });
        verb->add_option("run", flags->run, "Folder to make for the run")->required();
        verb->add_option("--dataset", flags->dataset, "Imported dataset (distillix import)")->required();
        auto* preset =
            verb->add_option("--preset", flags->preset, "Model to start from: " + presetNames() + " [sample]")
                ->type_name("NAME");
        verb->add_option("--config", flags->config, "config.json to start from instead")
            ->type_name("FILE")
            ->excludes(preset);
        flags->device.addTo(*verb);
        flags->training.addTo(*verb, {{}, "Training (where not given: what suits the preset)", false});
        flags->model.addTo(*verb, {{"vocab_size", "dropout"}, "Model (where not given: the preset's)", false});
    }
    {
        auto flags = std::make_shared<ResumeFlags>();
        CLI::App* verb = verbs.add(
            group, "resume", "Go on from a run's newest whole checkpoint, bit for bit as if it had never ended",
            "distillix train resume runs/first", [flags](VerbContext& context) { return resumeVerb(context, *flags); });
        verb->add_option("run", flags->run, "Run folder")->required();
        verb->add_option("--steps", flags->options.steps, "Train up to this many steps in all instead")
            ->check(CLI::Range(1.0, 1e12).description(""));
        verb->add_option("--minutes", flags->options.minutes, "Train up to this much time in all instead")
            ->check(CLI::Range(1e-3, 1e7).description(""));
        verb->add_option("--dataset", flags->dataset, "Where the same dataset lies now")->type_name("FOLDER");
        verb->add_flag("--take-over", flags->options.takeOver,
                       "Take the run although its trainer on another machine cannot be seen from here");
        flags->device.addTo(*verb);
    }
}

}  // namespace distillix::cli
