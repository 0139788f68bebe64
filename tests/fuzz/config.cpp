// SPDX-License-Identifier: Apache-2.0
#include "core/model/config.h"

#include "tests/fuzz/fuzz.h"

using namespace distillix;

FUZZ_TARGET(config) {
    const auto config = loadModelConfig(fuzz::fileOf(bytes));
    if (!config.ok()) return;
    fuzz::require(config->parameterCount() > 0, "a model has parameters");
    fuzz::require(config->headDim % 2 == 0 && config->numHeads % config->numKvHeads == 0, "heads are whole");
    // What is written of it is read back as the same.
    const auto again = modelConfigFromJson(modelConfigToJson(*config));
    fuzz::require(again.ok(), "a configuration can be written and read");
    fuzz::require(modelConfigToJson(*again) == modelConfigToJson(*config), "and stays the same");
}
