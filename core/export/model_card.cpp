// SPDX-License-Identifier: Apache-2.0
#include "core/export/model_card.h"

#include <cmath>
#include <cstdio>

#include "core/base/version.h"
#include "core/data/dataset.h"
#include "core/jobs/reporter.h"
#include "core/train/checkpoint.h"
#include "core/train/run_folder.h"

namespace distillix {
namespace fs = std::filesystem;
namespace {

std::string fixed(double number, int digits) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", digits, number);
    return text;
}

/// The last part of a path: a card that is published names no folders of this machine.
std::string lastName(const std::string& path) {
    const fs::path p = fs::path(path).lexically_normal();
    return (p.has_filename() ? p : p.parent_path()).filename().string();
}

std::string durationText(double seconds) {
    if (seconds < 120) return fixed(seconds, 0) + " seconds";
    if (seconds < 7200) return fixed(seconds / 60, 0) + " minutes";
    return fixed(seconds / 3600, 1) + " hours";
}

void addTraining(const ExportSource& source, std::string& card) {
    const auto state = readTrainerState(source.folder);
    const auto run = source.run.empty() ? Result<RunInfo>(makeError(ErrorCode::NotFound, "")) : readRunInfo(source.run);
    if (!state.ok() && !run.ok()) return;
    card += "\n## Training\n\n";
    if (state.ok()) {
        card += "- " + groupedText(state->step) + " optimizer steps, " + groupedText(state->tokens) + " tokens, " +
                durationText(state->elapsedSeconds) + "\n";
        if (state->validationLoss)
            card += "- validation loss " + fixed(*state->validationLoss, 4) + " nats a token (perplexity " +
                    fixed(std::exp(*state->validationLoss), 2) + ")\n";
    }
    if (!run.ok()) return;
    for (const char* key : {"device", "backend", "program"})
        if (const auto value = run->versions.find(key); value != run->versions.end() && value->is_string())
            card += std::string("- ") + key + ": " + value->get<std::string>() + "\n";
    if (const auto data = loadDatasetInfo(run->datasetPath); data.ok()) {
        card += "- data: ";
        for (std::size_t i = 0; i < data->sources.size(); ++i)
            card += (i ? ", " : "") + lastName(data->sources[i].path);
        card += " (" + data->kind + "): " + groupedText(static_cast<std::int64_t>(data->train.documents)) +
                " documents, " + groupedText(static_cast<std::int64_t>(data->train.tokens)) + " tokens to train on, " +
                groupedText(static_cast<std::int64_t>(data->validation.documents)) + " documents held out\n";
    }
    card += "\nEvery field of the training:\n\n```json\n" + run->training.dump(2) + "\n```\n";
}

}  // namespace

std::string modelCard(const ExportJob& job, const ExportReport& report) {
    const ExportSource& source = job.source;
    const ModelConfig& c = source.config;
    std::int64_t ternary = 0;
    for (const Parameter& p : ParameterLayout(c).parameters)
        if (p.kind == Parameter::Kind::Projection && c.useBitlinear) ternary += static_cast<std::int64_t>(p.count());
    std::string card = "---\nlibrary_name: transformers\npipeline_tag: text-generation\ntags:\n";
    if (c.useBitlinear) card += "- bitnet\n- ternary\n";
    card += "- distillix\n---\n\n# " + source.name + "\n\nA language model of " + groupedText(c.parameterCount()) +
            " parameters";
    if (c.useBitlinear)
        card += ", of which " + groupedText(ternary) +
                " are ternary (BitNet b1.58: each weight of a projection is -1, 0 or 1 times one scale " +
                (c.bitlinearPerChannel ? "a row" : "a matrix") + ")";
    card += ". Trained and exported by Distillix Studio (distillix " + std::string(programVersion()) + ").\n\n";
    card += "| | |\n|---|---|\n";
    const auto row = [&](const char* name, const std::string& value) {
        card += std::string("| ") + name + " | " + value + " |\n";
    };
    row("architecture here", job.plan.architecture);
    row("layers, width, SwiGLU width",
        std::to_string(c.numLayers) + ", " + std::to_string(c.hiddenDim) + ", " + std::to_string(c.mlpHiddenDim));
    row("query heads, key/value heads, head width",
        std::to_string(c.numHeads) + ", " + std::to_string(c.numKvHeads) + ", " + std::to_string(c.headDim));
    row("longest sequence", std::to_string(c.maxSeqLen) + " tokens");
    row("vocabulary",
        std::to_string(c.vocabSize) + " pieces" + (source.tokenizer ? " (" + source.tokenizer->modelType() + ")" : ""));
    addTraining(source, card);

    card += "\n## This export\n\n";
    if (c.useBitlinear)
        card += "Each projection holds its scale times the ternary weights, as " + job.plan.type +
                ", for an ordinary linear layer. In training its input was rounded to eight bits a token, which an "
                "ordinary layer does not do: that is most of the difference below.\n\n";
    const LogitDifference& d = report.difference;
    card += "Read back and compared with the model at " + groupedText(d.positions) + " positions of " +
            (report.text.find('/') == std::string::npos ? report.text : "held-out text") + ":\n\n";
    card += "| | |\n|---|---|\n";
    char small[64];
    std::snprintf(small, sizeof small, "%.2e", d.klMean);
    row("KL(model, export), nats a position", small);
    row("same most likely token", fixed(d.topAgreement() * 100, 2) + "%");
    row("loss of the model, of the export", fixed(d.ourLoss(), 4) + ", " + fixed(d.theirLoss(), 4));
    for (const auto& note : job.plan.notes) card += "\n" + note + "\n";
    if (!source.chatTemplate.empty())
        card +=
            "\n## Use\n\n```python\nfrom transformers import AutoModelForCausalLM, AutoTokenizer\n\ntokenizer = "
            "AutoTokenizer.from_pretrained(\"PATH\")\nmodel = AutoModelForCausalLM.from_pretrained(\"PATH\")\nids = "
            "tokenizer.apply_chat_template([{\"role\": \"user\", \"content\": \"...\"}], add_generation_prompt=True, "
            "return_tensors=\"pt\", return_dict=True)\nprint(tokenizer.decode(model.generate(**ids, "
            "max_new_tokens=100)[0]))\n```\n";
    return card;
}

}  // namespace distillix
