// SPDX-License-Identifier: Apache-2.0
// A model with its tokenizer, template and cache, ready to answer: what generate and chat share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/cli/field_flags.h"
#include "app/cli/model_source.h"
#include "app/cli/verb.h"
#include "core/data/stored_template.h"
#include "core/infer/generator.h"

namespace distillix::cli {

/// The flags that both verbs have.
struct SpeakerFlags {
    std::string model, chatTemplate = "auto";
    std::vector<std::string> stops;
    int context = 0;
    FieldFlags<SamplingConfig> sampling;
    DeviceFlags device;
    KeepFlags keep;
    void addTo(CLI::App& verb);
};

struct Speaker {
    std::unique_ptr<OpenModel> model;
    std::unique_ptr<Tokenizer> tokenizer;
    ChosenTemplate templated;
    std::unique_ptr<InferenceSession> session;

    /// Warns where the model brings a template that is not known.
    static Result<Speaker> open(const SpeakerFlags& flags, Reporter& reporter);

    /// A conversation whose next words are the assistant's. Without a template only a single question can be put: it
    /// is continued as it is.
    Result<Prompt> conversation(std::vector<ChatMessage> messages) const;
    /// A text that is simply to be continued.
    Prompt continuation(const std::string& text) const;
    /// A request with what the model and its template say about ends.
    GenerationRequest request(Prompt prompt, const SamplingConfig& sampling,
                              const std::vector<std::string>& stops) const;
    /// How the model is kept, and how long that took; null where it is not packed.
    nlohmann::ordered_json packedJson() const;
    Result<Generation> answer(GenerationRequest request) { return generate(*session, *tokenizer, std::move(request)); }
};

nlohmann::ordered_json generationJson(const Generation& generation, const SamplingConfig& sampling);
nlohmann::ordered_json promptJson(const PromptFigures& figures);
nlohmann::ordered_json tokenJson(const EmittedToken& token, const Tokenizer& tokenizer);

/// Text for people goes out as it comes, piece by piece; false when nobody reads it.
bool emitText(std::string_view text);

}  // namespace distillix::cli
