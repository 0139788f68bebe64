// SPDX-License-Identifier: Apache-2.0
// train new, resume, plan: training into a run folder, told as it goes, and what it needs.
#include <charconv>
#include <cmath>
#include <cstdio>

#include "app/cli/field_flags.h"
#include "app/cli/table.h"
#include "app/cli/verb.h"
#include "core/base/clock.h"
#include "core/base/memory.h"
#include "core/train/edits.h"
#include "core/train/trainer.h"

namespace distillix::cli {
using Json = nlohmann::ordered_json;
namespace {

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
    if (type == "paused" || type == "continued" || type == "set" || type == "switch")
        return at + type + ": " + fields.value("message", "");
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
    if (!outcome.message.empty()) {
        result["message"] = outcome.message;
        text += "It was " + outcome.message + ".\n";
    }
    if (outcome.peakBytes > 0) {
        result["peakBytes"] = outcome.peakBytes;
        text += "Memory at most: " + bytesText(outcome.peakBytes) + ".\n";
    }
    text += "Model: " + outcome.checkpoint.string() + "\n";
    if (outcome.state == RunState::Stopped) text += "Go on with: distillix train resume " + run + "\n";
    reporter.result(result, text);
    return outcome.state == RunState::Stopped ? exitCodeFor(ErrorCode::Cancelled) : 0;
}

struct NewFlags {
    std::string run, dataset, preset = "sample", config, microBatch;
    bool dryRun = false, measure = false;
    FieldFlags<ModelConfig> model;
    FieldFlags<TrainConfig> training;
    DeviceFlags device;
};

/// What is to be trained and how, from presets, files and flags.
struct Plan {
    ModelConfig model;
    TrainConfig config;
    std::int64_t tokens = 0;  ///< of the dataset; 0 where none is given
    std::unique_ptr<Backend> backend;
};

Result<Plan> planOf(const NewFlags& flags) {
    Plan plan;
    ModelConfig& model = plan.model;
    if (flags.config.empty())
        model = TRY(findModelPreset(flags.preset)).config;
    else
        model = TRY(loadModelConfig(flags.config));
    // A width or a number of heads of one's own decides the heads' width anew.
    const Json& given = flags.model.given();
    if ((given.contains("hidden_dim") || given.contains("num_heads")) && !given.contains("head_dim")) model.headDim = 0;
    TRY_VOID(flags.model.apply(model));
    if (!flags.dataset.empty()) {
        const TokenDataset dataset = TRY(TokenDataset::open(flags.dataset, "train"));
        model.vocabSize = dataset.vocabSize();
        plan.tokens = dataset.tokens();
    }
    TRY_VOID(model.normalize());
    TrainConfig& config = plan.config;
    config = suggestedTraining(flags.config.empty() ? flags.preset : "", model);
    TRY_VOID(flags.training.apply(config));
    // Steps of one's own are meant to be done: the suggested time is no limit to them.
    if (flags.training.given().contains("steps") && !flags.training.given().contains("minutes")) config.minutes = 0;
    plan.backend = TRY(flags.device.open());
    if (flags.microBatch == "auto") {
        TRY_VOID(fitMicroBatch(*plan.backend, model, config, memoryToFill(*plan.backend)));
    } else if (!flags.microBatch.empty()) {
        const std::int64_t sequences = static_cast<std::int64_t>(config.batch) * config.accumulation;
        int batch = 0;
        const char* end = flags.microBatch.data() + flags.microBatch.size();
        const auto parsed = std::from_chars(flags.microBatch.data(), end, batch);
        if (parsed.ec != std::errc() || parsed.ptr != end || batch < 1 || sequences % batch != 0)
            return makeError(ErrorCode::InvalidArgument,
                             "--micro-batch must be auto or divide the " + std::to_string(sequences) +
                                 " sequences of an optimizer step (--batch times --accumulation), not \"" +
                                 flags.microBatch + "\"");
        config.batch = batch;
        config.accumulation = static_cast<int>(sequences / batch);
    }
    return plan;
}

/// The memory plan as a verb's result; with a measurement where it is asked for.
Result<int> tellPlan(Reporter& reporter, const Plan& plan, bool measure) {
    const auto parts = trainingMemory(*plan.backend, plan.model, plan.config);
    const auto total = static_cast<double>(totalBytes(parts));
    Json byPart = Json::object();
    Table table({"part", "bytes", ""});
    for (const auto& part : parts) {
        byPart[part.name] = byPart.value(part.name, std::size_t{0}) + part.bytes;
        table.add({part.name, groupedText(static_cast<std::int64_t>(part.bytes)),
                   bytesText(static_cast<double>(part.bytes))});
    }
    table.add({"in all", groupedText(static_cast<std::int64_t>(total)), bytesText(total)});
    const BackendInfo& info = plan.backend->info();
    const bool fits = info.memoryBytes == 0 || total <= static_cast<double>(info.memoryBytes);
    Json result = {{"parameters", plan.model.parameterCount()},
                   {"batch", plan.config.batch},
                   {"accumulation", plan.config.accumulation},
                   {"tokens", plan.config.tokens},
                   {"totalBytes", total},
                   {"parts", byPart},
                   {"memoryBytes", info.memoryBytes},
                   {"availableBytes", memoryAvailable()},
                   {"fits", fits},
                   {"checkpointBytes", checkpointBytes(plan.model, 0)},
                   {"training", fieldsToJson(plan.config)},
                   {"model", modelConfigToJson(plan.model)}};
    std::string text = groupedText(plan.model.parameterCount()) + " parameters, " + std::to_string(plan.config.batch) +
                       " x " + std::to_string(plan.config.tokens) + " tokens a micro-step, " +
                       std::to_string(plan.config.accumulation) + " of them a step.\n" + table.text() + info.name +
                       " has " + bytesText(static_cast<double>(info.memoryBytes)) + ", of which " +
                       bytesText(static_cast<double>(memoryAvailable())) + " are free: it " +
                       (fits ? "fits" : "does not fit") + ".\n";
    if (measure) {
        const auto measured = static_cast<double>(TRY(measureTrainingMemory(*plan.backend, plan.model, plan.config)));
        if (measured == 0)
            return makeError(ErrorCode::Unsupported, "this system does not tell how much memory a process took");
        result["measuredBytes"] = measured;
        result["measuredShare"] = measured / total;
        char share[64];
        std::snprintf(share, sizeof share, " (%.1f%% of the plan)", 100 * measured / total);
        text += "Measured over two steps: " + bytesText(measured) + share + ".\n";
    }
    reporter.result(result, text);
    return 0;
}

Result<int> newVerb(VerbContext& context, const NewFlags& flags) {
    Plan plan = TRY(planOf(flags));
    TRY_VOID(plan.config.validate(plan.model));
    if (flags.dryRun) return tellPlan(context.reporter, plan, false);
    TRY_VOID(checkTrainingMemory(*plan.backend, plan.model, plan.config));
    plan.backend.reset();  // the trainer opens its own
    context.reporter.info("Training " + groupedText(plan.model.parameterCount()) + " parameters on " +
                          groupedText(plan.tokens) + " tokens into " + flags.run + ".");
    const TrainOutcome outcome =
        TRY(trainNew(flags.run, plan.model, plan.config, flags.dataset, {flags.device.device, flags.device.threads},
                     observerFor(context.reporter), context.stopOnSignals()));
    return tellOutcome(context.reporter, flags.run, outcome);
}

Result<int> planVerb(VerbContext& context, const NewFlags& flags) {
    const Plan plan = TRY(planOf(flags));
    if (flags.measure) TRY_VOID(checkTrainingMemory(*plan.backend, plan.model, plan.config));
    return tellPlan(context.reporter, plan, flags.measure);
}

struct ResumeFlags {
    std::string run;
    ResumeOptions options;
    std::vector<std::string> edits;
    std::string dataset;
    DeviceFlags device;
};

Result<int> resumeVerb(VerbContext& context, const ResumeFlags& flags) {
    ResumeOptions options = flags.options;
    options.dataset = flags.dataset;
    options.edits = TRY(editFromText(flags.edits));
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

/// The flags that `new` and `plan` share.
void addModelFlags(NewFlags& flags, CLI::App* verb) {
    auto* preset = verb->add_option("--preset", flags.preset, "Model to start from: " + presetNames() + " [sample]")
                       ->type_name("NAME");
    verb->add_option("--config", flags.config, "config.json to start from instead")
        ->type_name("FILE")
        ->excludes(preset);
    verb->add_option("--micro-batch", flags.microBatch,
                     "auto: the largest batch that fits into the memory that is free, with as much accumulation as "
                     "keeps --batch times --accumulation; a number: that many sequences")
        ->type_name("auto|NUMBER");
    flags.device.addTo(*verb);
    flags.training.addTo(*verb, {{}, "Training (where not given: what suits the preset)", false});
    flags.model.addTo(*verb, {{"vocab_size", "dropout"}, "Model (where not given: the preset's)", false});
}

void addTrainVerbs(VerbSet& verbs) {
    CLI::App* group = verbs.addGroup("train", "Train a model, or go on with a run");
    {
        auto flags = std::make_shared<NewFlags>();
        CLI::App* verb = verbs.add(group, "new", "Train a model from nothing. Ctrl-C stops it after a checkpoint",
                                   "distillix train new runs/first --dataset data/sample --preset sample --minutes 2",
                                   [flags](VerbContext& context) { return newVerb(context, *flags); });
        verb->add_option("run", flags->run, "Folder to make for the run")->required();
        verb->add_option("--dataset", flags->dataset, "Imported dataset (distillix import)")->required();
        verb->add_flag("--dry-run", flags->dryRun, "Only tell what it would need, by part");
        addModelFlags(*flags, verb);
    }
    {
        auto flags = std::make_shared<NewFlags>();
        CLI::App* verb = verbs.add(group, "plan", "Tell what a training needs in memory, by part, before it starts",
                                   "distillix train plan --preset 100M --batch 2 --tokens 1024 --recompute",
                                   [flags](VerbContext& context) { return planVerb(context, *flags); });
        verb->add_option("--dataset", flags->dataset, "Dataset whose tokenizer decides the vocabulary [the preset's]")
            ->type_name("FOLDER");
        verb->add_flag("--measure", flags->measure, "Do two steps on random tokens and tell what they really took");
        addModelFlags(*flags, verb);
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
        verb->add_option("--set", flags->edits,
                         "Settings given anew from its next step on, as learning_rate=0.005 (see runs set)")
            ->type_name("NAME=VALUE");
        verb->add_option("--dataset", flags->dataset, "Where the same dataset lies now")->type_name("FOLDER");
        verb->add_flag("--take-over", flags->options.takeOver,
                       "Take the run although its trainer on another machine cannot be seen from here");
        flags->device.addTo(*verb);
    }
}

}  // namespace distillix::cli
