// SPDX-License-Identifier: Apache-2.0
#include "core/data/batches.h"

namespace distillix {

std::int64_t Batch::validLabels() const {
    std::int64_t valid = 0;
    for (std::size_t m = 0; m + 1 < labels.size(); ++m) {
        const std::size_t t = m % static_cast<std::size_t>(tokens);
        const bool last = t + 1 == static_cast<std::size_t>(tokens);
        valid += !last && labels[m + 1] != kIgnoredLabel && documentStart[m + 1] != static_cast<std::int32_t>(t) + 1;
    }
    return valid;
}

Batch batchFromIds(int batchSize, int tokens, std::vector<std::int32_t> ids, std::vector<std::int32_t> labels,
                   const std::vector<std::int32_t>& documents) {
    Batch batch;
    batch.batch = batchSize;
    batch.tokens = tokens;
    batch.inputIds = std::move(ids);
    batch.labels = labels.empty() ? batch.inputIds : std::move(labels);
    for (int s = 0; s < batchSize; ++s) {
        int start = 0;
        for (int t = 0; t < tokens; ++t) {
            const std::size_t m =
                static_cast<std::size_t>(s) * static_cast<std::size_t>(tokens) + static_cast<std::size_t>(t);
            if (t > 0 && !documents.empty() && documents[m] != documents[m - 1]) start = t;
            batch.documentStart.push_back(start);
            batch.positions.push_back(t - start);
        }
    }
    return batch;
}

}  // namespace distillix
