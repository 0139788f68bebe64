// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/small_model.h"

#include "core/backend/registry.h"
#include "core/data/tokenizer.h"
#include "core/infer/session.h"
#include "core/train/checkpoint.h"
#include "tests/support/temporary_folder.h"

namespace distillix::test {

void makeSmallModel(const std::filesystem::path& path, const std::vector<std::string>& special, int context) {
    TokenizerTraining options{.vocabSize = 340, .specialTokens = special};
    int n = 0;
    auto tokenizer = trainTokenizer(options, [&](std::string& text) {
        text = "one two three four five six seven\n";
        return n++ < 50;
    });
    ASSERT_OK(tokenizer);
    ModelConfig config;
    config.vocabSize = tokenizer->size();
    config.hiddenDim = 32;
    config.numLayers = 2;
    config.numHeads = 2;
    config.numKvHeads = 1;
    config.mlpHiddenDim = 64;
    config.maxSeqLen = context;
    ASSERT_OK(config.normalize());
    const auto backend = openBackend("cpu");
    ASSERT_OK(backend);
    auto runtime = Runtime::create(**backend, {}, sessionWorkload(config, 16));
    ASSERT_OK(runtime);
    auto weights = ModelWeights::create(*runtime, config, context, false);
    ASSERT_OK(weights);
    ASSERT_OK(weights->initialize(5));
    ASSERT_OK(weights->prepare());
    ASSERT_OK(writeCheckpoint(path, *weights, tokenizer->serialized(), nullptr, nullptr));
}

}  // namespace distillix::test
