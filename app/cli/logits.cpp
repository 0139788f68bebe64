// SPDX-License-Identifier: Apache-2.0
// logits: what a model says of given ids, as a file, for comparing with other programs.
#include <algorithm>

#include "app/cli/model_source.h"
#include "app/cli/verb.h"
#include "core/model/training_pass.h"

namespace distillix::cli {
namespace {

struct LogitsFlags {
    std::string model, ids, out;
    DeviceFlags device;
    KeepFlags keep;
};

Result<int> logitsVerb(VerbContext& context, const LogitsFlags& flags) {
    const SafetensorsFile file = TRY(SafetensorsFile::open(flags.ids));
    const SafetensorsEntry* entry = file.find("input_ids");
    if (!entry || entry->shape.size() != 2 || entry->shape[0] < 1 || entry->shape[1] < 1)
        return makeError(ErrorCode::InvalidData, "needs a tensor input_ids[B,T] of int32", flags.ids);
    if (entry->shape[0] > 1 << 20 || entry->shape[1] > 1 << 24)
        return makeError(ErrorCode::InvalidData,
                         "input_ids is larger than 1,048,576 sequences or 16,777,216 tokens in one", flags.ids);
    const int sequences = static_cast<int>(entry->shape[0]), tokens = static_cast<int>(entry->shape[1]);
    const std::vector<std::int32_t> ids = TRY(file.ints("input_ids"));
    std::vector<std::int32_t> documents;
    if (file.find("document_ids")) documents = TRY(file.ints("document_ids", entry->shape));

    PassOptions options;
    options.batch = 1;
    options.tokens = tokens;
    options.keep = PassOptions::Keep::Nothing;
    auto backend = TRY(flags.device.open());
    const auto model = TRY(OpenModel::open(
        flags.model, std::move(backend), [&](const ModelConfig& config) { return passWorkload(config, options); },
        [&](const ModelConfig&) { return tokens; }, flags.keep.head));
    const std::size_t v = static_cast<std::size_t>(model->config.vocabSize);
    for (std::size_t i = 0; i < ids.size(); ++i)
        if (ids[i] < 0 || ids[i] >= model->config.vocabSize)
            return makeError(ErrorCode::InvalidData,
                             "input_ids[" + std::to_string(i / static_cast<std::size_t>(tokens)) + "," +
                                 std::to_string(i % static_cast<std::size_t>(tokens)) + "] is " +
                                 std::to_string(ids[i]) + ", outside the vocabulary of " + std::to_string(v),
                             flags.ids);
    TrainingPass pass = TRY(TrainingPass::create(model->view, options));
    std::vector<float> logits(ids.size() * v);
    const StopToken stop = context.stopOnSignals();
    for (int s = 0; s < sequences; ++s) {
        if (stop.raised()) return makeError(ErrorCode::Cancelled, "stopped; nothing was written");
        const auto slice = [&](const std::vector<std::int32_t>& all) {
            const auto begin = all.begin() + static_cast<std::ptrdiff_t>(s) * tokens;
            return all.empty() ? all : std::vector<std::int32_t>(begin, begin + tokens);
        };
        const Batch batch = batchFromIds(1, tokens, slice(ids), {}, slice(documents));
        float* target = logits.data() + static_cast<std::size_t>(s) * static_cast<std::size_t>(tokens) * v;
        TRY_VOID(pass.logits(batch, [&](int first, int rows, const float* values) -> Result<void> {
            std::copy(values, values + static_cast<std::size_t>(rows) * v,
                      target + static_cast<std::size_t>(first) * v);
            return {};
        }));
        Progress progress;
        progress.phase = "logits";
        progress.done = s + 1;
        progress.total = sequences;
        progress.unit = "sequences";
        context.reporter.progress(progress);
    }
    const SafetensorsTensor tensor{
        "logits", DType::F32, {sequences, tokens, model->config.vocabSize}, std::as_bytes(std::span(logits))};
    TRY_VOID(writeSafetensors(flags.out, std::span(&tensor, 1)));
    context.reporter.result({{"out", flags.out}, {"shape", {sequences, tokens, model->config.vocabSize}}},
                            "Wrote " + flags.out + ".");
    return 0;
}

}  // namespace

void addLogitsVerb(VerbSet& verbs) {
    auto flags = std::make_shared<LogitsFlags>();
    CLI::App* verb =
        verbs.add("logits", "Write a model's logits for given token ids, for comparing with other programs",
                  "distillix logits runs/first --ids ids.safetensors --out logits.safetensors",
                  [flags](VerbContext& context) { return logitsVerb(context, *flags); });
    verb->add_option("model", flags->model, "Model folder, or a run")->required();
    verb->add_option("--ids", flags->ids,
                     "safetensors file with input_ids[B,T] int32, and document_ids[B,T] where documents are packed")
        ->required();
    verb->add_option("--out", flags->out, "File to write: logits[B,T,V] float32")->required();
    flags->device.addTo(*verb);
    flags->keep.addTo(*verb, true);
}

}  // namespace distillix::cli
