// SPDX-License-Identifier: Apache-2.0
#include "core/base/utf8.h"
#include "core/data/records.h"
#include "tests/fuzz/fuzz.h"

using namespace distillix;

FUZZ_TARGET(jsonl) {
    auto reader = openJsonl(fuzz::fileOf(bytes));
    if (!reader.ok()) return;
    Record record;
    Refusal refusal;
    while (true) {
        const auto outcome = reader.value()->next(record, refusal);
        if (!outcome.ok() || *outcome == ReadOutcome::End) return;
        if (*outcome != ReadOutcome::Taken) {
            fuzz::require(!refusal.reason.empty(), "a refusal says why");
            continue;
        }
        for (const std::string* text : {&record.text, &record.prompt, &record.response, &record.assertion})
            fuzz::require(utf8FirstInvalid(*text) == std::string::npos, "a record's texts are UTF-8");
    }
}
