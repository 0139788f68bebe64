// SPDX-License-Identifier: Apache-2.0
#include "core/formats/pt.h"

#include "tests/fuzz/fuzz.h"

using namespace distillix;

FUZZ_TARGET(pt) {
    const auto file = PtFile::open(fuzz::fileOf(bytes));
    if (!file.ok()) return;
    for (const PtEntry& entry : file->entries()) {
        const auto floats = file->floats(entry);
        if (!floats.ok()) continue;
        fuzz::require(floats->size() == entry.elements(), "a tensor has its shape's elements");
        fuzz::touch(floats->data(), floats->size() * sizeof(float));
    }
}
