// SPDX-License-Identifier: Apache-2.0
#include "core/formats/safetensors.h"

#include "tests/fuzz/fuzz.h"

using namespace distillix;

FUZZ_TARGET(safetensors) {
    const auto file = SafetensorsFile::open(fuzz::fileOf(bytes));
    if (!file.ok()) return;
    for (const SafetensorsEntry& entry : file->entries()) {
        const auto data = file->bytes(entry);
        fuzz::touch(data.data(), data.size());
        // Whatever the type, one of the two refuses it by name.
        const auto floats = file->floats(entry.name);
        if (floats.ok()) fuzz::require(floats->size() == entry.elements(), "a tensor has its shape's elements");
        (void)file->ints(entry.name).ok();
    }
}
