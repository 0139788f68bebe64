// SPDX-License-Identifier: Apache-2.0
#include "core/data/records.h"
#include "core/data/row.h"
#include "tests/fuzz/fuzz.h"

using namespace distillix;

FUZZ_TARGET(jsonl) {
    auto source = ByteSource::open(fuzz::fileOf(bytes));
    if (!source.ok()) return;
    const auto reader = readJsonl(std::move(*source));
    simdjson::dom::parser parser;
    RawRecord raw;
    while (true) {
        const auto more = reader->next(raw);
        if (!more.ok() || !*more) return;
        Row row;
        Refusal refusal;
        if (raw.state == RawRecord::State::Whole && !Row::ofJson(raw, parser, row, refusal))
            fuzz::require(!refusal.reason.empty(), "a refusal says why");
    }
}
