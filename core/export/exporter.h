// SPDX-License-Identifier: Apache-2.0
// Models for other programs. An export is planned (which costs nothing and tells the size), written beside its place,
// read back, compared with the model, and only then renamed into place.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/data/tokenizer.h"
#include "core/export/compare.h"
#include "core/export/model_values.h"

namespace distillix {

struct ExportOptions {
    std::string type;       ///< of the projections' weights; empty: the format's default
    std::string embedding;  ///< of the embedding and an untied head; empty: the format's default
    std::string name;       ///< what the file calls the model; empty: after its run or folder
    bool ollama = false;    ///< GGUF: an Ollama Modelfile beside it
};

/// What is exported, without its weights: read once, then constant.
struct ExportSource {
    std::filesystem::path folder;  ///< the model folder
    std::filesystem::path run;     ///< the run whose checkpoint it is; empty where it is none's
    ModelConfig config;
    std::optional<Tokenizer> tokenizer;
    std::string templateName;        ///< ChatTemplate's, or "none"
    std::string chatTemplate;        ///< in Jinja; empty: none
    std::vector<std::string> stops;  ///< texts at which an answer ends, EOS among them
    std::string name;

    /// Checks that vocabulary and tokenizer agree. `name` as in ExportOptions.
    static Result<ExportSource> open(const std::filesystem::path& folder, const std::string& name);
};

/// How far a value read back may lie from what was to be written: |Δ| ≤ relative·|value| + ofLargest·(largest magnitude
/// in its row) + absolute.
struct Tolerance {
    double relative = 0, ofLargest = 0, absolute = 0;
};

struct PlannedTensor {
    std::string parameter;  ///< its name in model.safetensors
    std::string name;       ///< its name in the export
    std::string type;       ///< "TQ2_0", "F16", …
    std::uint64_t elements = 0, bytes = 0;
    Tolerance tolerance;
};

struct PlannedFile {
    std::string name;  ///< within the folder, or the file's own
    std::uint64_t bytes = 0;
};

struct ExportPlan {
    std::string architecture;  ///< as the reading program calls it
    std::string type, embedding;
    std::vector<PlannedTensor> tensors;
    std::vector<PlannedFile> files;  ///< texts around the weights are estimates, all else is to the byte
    std::vector<std::string> notes;  ///< what is other than asked for or than the model, in sentences
    bool approximate = false;        ///< the reading program cannot compute what the model computes (soft-caps)
    std::uint64_t bytes() const;
    /// {"TQ2_0": {"tensors", "weights", "bytes"}, …}
    nlohmann::ordered_json types() const;
};

/// What was compared and how it came out.
struct ExportReport {
    std::filesystem::path out;
    std::uint64_t bytes = 0;         ///< of all files, measured
    std::vector<PlannedFile> files;  ///< measured
    std::string text;                ///< what was compared on, for people
    LogitDifference difference;
};

/// What every step of one export shares.
struct ExportJob {
    const ExportSource& source;
    const ExportOptions& options;
    const ExportPlan& plan;
};

/// One format. Objects are constant and live forever.
class ExportFormat {
  public:
    virtual ~ExportFormat() = default;
    virtual const char* name() const = 0;                ///< as --format has it
    virtual const char* help() const = 0;                ///< one line
    virtual bool isFolder() const = 0;                   ///< else one file
    virtual std::vector<std::string> types() const = 0;  ///< for the projections, the default first
    virtual std::vector<std::string> embeddings()
        const = 0;  ///< for the embedding, the default first; empty: no choice
    /// Unsupported and InvalidArgument tell why this model cannot be had in this format.
    virtual Result<ExportPlan> plan(const ExportSource& source, const ExportOptions& options) const = 0;
    /// What a reader of the format should find, up to the plan's tolerances. Without another word: γ·Wq, a plain model.
    virtual Result<ModelValues> expected(const ExportJob&, ModelValues latent) const {
        return plainValues(std::move(latent));
    }
    /// Writes the file, or into the empty folder, `target`.
    virtual Result<void> write(const ExportJob& job, const ModelValues& expected,
                               const std::filesystem::path& target) const = 0;
    /// Reads it again as a stranger would: from its bytes alone, configuration included where the format holds it. The
    /// values are laid out as expected()'s. The configuration is the one that readers of the format compute with.
    virtual Result<ModelValues> readBack(const ExportJob& job, const std::filesystem::path& target) const = 0;
    /// Adds to `target` what needs the comparison's figures (a model card), or, for a file, what stands beside it in
    /// `target`'s folder under names beginning with `target`'s stem.
    virtual Result<void> finish(const ExportJob&, const ExportReport&, const std::filesystem::path& /*target*/) const {
        return {};
    }
};

/// Every format there is.
const std::vector<const ExportFormat*>& exportFormats();
Result<const ExportFormat*> findExportFormat(const std::string& name);

/// Tokens to compare on, and where they come from.
struct HeldOutText {
    std::vector<Batch> batches;  ///< one sequence each
    int tokens = 0;              ///< the longest
    std::string source;          ///< for people
};
/// About `positions` positions of the dataset's validation part. `dataset` empty: that of the model's run where it is
/// still there and has the model's tokenizer, else a short text of the program's own, else (no tokenizer) random ids.
Result<HeldOutText> heldOutText(const ExportSource& source, const std::filesystem::path& dataset,
                                std::int64_t positions);

struct ExportRequest {
    std::filesystem::path out;
    bool overwrite = false;  ///< a file may be replaced; a folder never is
    std::filesystem::path dataset;
    std::int64_t positions = 2048;
};

/// Does all of it. `progress` gets a phase ("read", "write", "verify") and how much of it is done. InvalidData and
/// Internal: what was read back is not what was to be written; then nothing is left behind.
Result<ExportReport> exportModel(Backend& backend, const ExportFormat& format, const ExportJob& job,
                                 const ExportRequest& request, StopToken stop,
                                 const std::function<void(const char*, double, double)>& progress);

// The formats, each in a file of its own.
std::unique_ptr<ExportFormat> makeGgufFormat();
std::unique_ptr<ExportFormat> makeHuggingFaceFormat();
std::unique_ptr<ExportFormat> makeSafetensorsFormat();
std::unique_ptr<ExportFormat> makePtFormat();

}  // namespace distillix
