// SPDX-License-Identifier: Apache-2.0
#include "core/formats/gguf.h"

#include "core/interchange/gguf_model.h"
#include "core/model/parameters.h"
#include "tests/fuzz/fuzz.h"

using namespace distillix;

FUZZ_TARGET(gguf) {
    const auto file = GgufFile::open(fuzz::fileOf(bytes));
    if (!file.ok()) return;
    for (const GgufEntry& entry : file->entries()) {
        const auto data = file->bytes(entry);
        fuzz::touch(data.data(), data.size());
        const auto floats = file->floats(entry.name);
        if (floats.ok()) fuzz::require(floats->size() == entry.elements(), "a tensor has its shape's elements");
    }
    for (const auto& [key, value] : file->metadata())
        fuzz::require(file->value(key) == &value, "a key finds its value");
    const auto config = ggufModelConfig(*file);
    if (!config.ok()) return;
    const auto parameters = ggufParameters(*file, *config);
    if (parameters.ok())
        fuzz::require(parameters->size() == ParameterLayout(*config).total, "the parameters have their layout");
}
