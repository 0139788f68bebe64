// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/train/edits.h"
#include "core/train/training.h"

namespace distillix {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
namespace {

constexpr int kSamplePrompts = 3;
constexpr int kSampleContextTokens = 16;  // of a plain text that a sample goes on from

std::vector<SamplePrompt> samplePrompts(const TokenDataset& dataset, const Tokenizer& tokenizer, int longest) {
    std::vector<SamplePrompt> prompts;
    for (std::int64_t d = 0; d < dataset.documents() && prompts.size() < kSamplePrompts; ++d) {
        const auto tokens = dataset.documentTokens(d);
        const auto mask = dataset.documentMask(d);
        std::size_t length = 1;
        while (length < mask.size() && !mask[length]) ++length;
        if (length == 1) length = std::min<std::size_t>(kSampleContextTokens, tokens.size() / 2);
        if (length < 1 || length >= tokens.size() || length > static_cast<std::size_t>(longest)) continue;
        SamplePrompt prompt;
        prompt.ids.assign(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(length));
        prompt.text = tokenizer.decode(prompt.ids);
        prompts.push_back(std::move(prompt));
    }
    return prompts;
}

}  // namespace

Training::Training(RunFolder folder, ModelConfig model, TrainConfig config, const TrainObserver& observer,
                   StopToken stop)
    : m_folder(std::move(folder)),
      m_model(std::move(model)),
      m_config(std::move(config)),
      m_observer(observer),
      m_stop(std::move(stop)) {
    installFullDiskHandler();
}

Result<void> Training::prepare(const fs::path& datasetPath, const DeviceOptions& device) {
    std::error_code failure;
    if (!fs::is_directory(datasetPath, failure))
        return makeError(ErrorCode::NotFound,
                         "the dataset is not there; say where it lies now (train resume --dataset FOLDER)",
                         datasetPath.string());
    m_train = TRY(TokenDataset::open(datasetPath, "train"));
    m_validation = TRY(TokenDataset::open(datasetPath, "validation"));
    m_tokenizer = TRY(Tokenizer::load(datasetPath / "tokenizer.model"));
    if (m_train->tokenizerHash() != m_tokenizer->hash())
        return makeError(ErrorCode::InvalidData,
                         "is not the tokenizer that the dataset was made with; import the data again",
                         (datasetPath / "tokenizer.model").string());
    if (m_tokenizer->size() != m_model.vocabSize)
        return makeError(ErrorCode::InvalidData,
                         "the dataset's tokenizer has " + std::to_string(m_tokenizer->size()) +
                             " pieces, the model a vocabulary of " + std::to_string(m_model.vocabSize),
                         datasetPath.string());
    // Once, at a few gigabytes a second: a flipped byte would otherwise be trained on for days.
    TRY_VOID(m_train->verify());
    TRY_VOID(m_validation->verify());
    m_state.datasetHash = TRY(datasetHash(datasetPath));
    m_state.tokenizerHash = m_tokenizer->hash();
    if (m_train->documents() == 0)
        return makeError(ErrorCode::InvalidData, "the training part holds no document", datasetPath.string());

    m_backend = TRY(openBackend(device.device, {device.threads}));
    TRY_VOID(checkTrainingMemory(*m_backend, m_model, m_config));
    m_loader.emplace(*m_train, m_config.batch, m_config.tokens, static_cast<std::uint64_t>(m_config.seed));
    BatchLoader validationLoader(*m_validation, m_config.batch, m_config.tokens, 0);
    m_validationBatches = validationLoader.onePass(m_config.validationTokens);
    if (m_config.sampleEvery > 0) {
        const int longest = std::max(1, m_model.maxSeqLen - m_config.sampleTokens);
        m_prompts = samplePrompts(*m_validation, *m_tokenizer, longest);
    }
    if (m_observer.plan) m_observer.plan(trainingMemory(*m_backend, m_model, m_config));
    resetPeakMemory();
    m_baselineBytes = static_cast<double>(processMemory().resident);
    return {};
}

Result<void> Training::takeMemory() {
    const Precision precision = TRY(choosePrecision(*m_backend, m_config.precision, m_model.useBitlinear));
    m_runtime = TRY(Runtime::create(*m_backend, precision, trainingWorkload(m_model, m_config)));
    m_weights = TRY(ModelWeights::create(*m_runtime, m_model, m_model.maxSeqLen, true));
    m_optimizer = TRY(Optimizer::create(*m_weights));
    return {};
}

void Training::giveMemoryBack() {
    m_session.reset();
    m_pass.reset();
    m_gradients.reset();
    m_optimizer.reset();
    m_weights.reset();
    m_runtime.reset();
    m_microBatches.clear();
    releaseFreeMemory();
}

Result<void> Training::loadFrom(const RunCheckpoint& checkpoint) {
    TRY_VOID(loadCheckpoint(checkpoint.path, *m_weights, &*m_optimizer));
    return {};
}

Result<InferenceSession*> Training::session(int capacity) {
    // The projections' packed form is the one that the last step's prepareWeights made: samples read it as chat does.
    // Only the head is the one that is trained, because quantizing it anew would cost more than a sample's tokens gain.
    capacity = std::clamp(capacity, 1, m_model.maxSeqLen);
    if (!m_session || m_session->capacity() < capacity) {
        m_session.reset();
        m_session = TRY(InferenceSession::create(*m_weights, capacity, std::min(capacity, 64)));
    }
    m_session->reset();
    return &*m_session;
}

Result<void> Training::restore(bool resuming, const Json& edits) {
    TRY_VOID(takeMemory());
    const std::vector<RunCheckpoint> checkpoints = runCheckpoints(m_folder.path());
    std::vector<std::string> damaged;
    for (auto it = checkpoints.rbegin(); it != checkpoints.rend(); ++it) {
        Result<TrainerState> state = checkTrainerState(it->path);
        if (!state.ok()) {
            // Falling back costs steps; a model of another run or a newer format must not be trained over.
            if (state.error().code == ErrorCode::Unsupported) return state.takeError();
            damaged.push_back(state.error().text());
            continue;
        }
        if (state->tokenizerHash != m_state.tokenizerHash)
            return makeError(ErrorCode::InvalidData,
                             "was trained with another tokenizer than the dataset given has; give the dataset that the "
                             "run was started with (another dataset makes another model)",
                             it->path.string());
        if (state->datasetHash != m_state.datasetHash)
            return makeError(ErrorCode::InvalidData,
                             "was trained on another dataset than the one given; give the one it was started with",
                             it->path.string());
        TRY_VOID(loadFrom(*it));
        m_state = *state;
        m_checkpointStep = state->step;
        break;
    }
    if (m_checkpointStep < 0) {
        TRY_VOID(m_weights->initialize(static_cast<std::uint64_t>(m_config.seed)));
        TRY_VOID(m_weights->prepare());
    }
    // Behind the loading, which needs room for a tensor at a time.
    m_gradients = TRY(Gradients::create(*m_runtime, m_weights->layout()));
    m_pass = TRY(TrainingPass::create(*m_weights, passOptions(m_config)));

    m_losses.load(m_state.guards.value("losses", Json()));
    m_lossScale = LossScale(m_runtime->precision().activation == DType::F16);
    m_lossScale.load(m_state.guards.value("lossScale", Json()));
    m_norms.load(m_state.guards.value("gradientNorms", Json()));
    m_earlyStop.load(m_state.guards.value("earlyStop", Json()));
    m_skipped = memberOr(m_state.guards, "skipped", 0);
    m_timeLeft.load(m_state.timing);

    if (resuming) TRY_VOID(m_folder.resumeFrom(m_state.step));
    const std::vector<Json> events = TRY(readRunLines(m_folder.path(), RunLog::Events));
    TRY_VOID(replayEdits(m_config, m_model, events));
    if (!edits.empty()) TRY_VOID(setValues(edits));
    for (const std::string& what : damaged)
        TRY_VOID(event("warning", {{"message", "a checkpoint was passed over: " + what}}));
    if (m_config.tensorboard) {
        const auto open = [&]() -> Result<void> {
            m_tensorBoard = TRY(TensorBoardWriter::create(m_folder.path() / "tensorboard", m_state.step));
            return {};
        };
        TRY_VOID(m_folder.whenThereIsRoom(open));
    }
    const auto room = checkRoomForCheckpoint();
    if (!room.ok()) TRY_VOID(event("warning", {{"message", room.error().text()}}));
    return {};
}

}  // namespace distillix
