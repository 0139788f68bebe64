// SPDX-License-Identifier: Apache-2.0
// A run's summary as JSON and as text, for `runs` and `info run`.
#pragma once

#include <string>

#include "core/train/run_folder.h"

namespace distillix::cli {

nlohmann::ordered_json runJson(const RunSummary& run);
std::string runText(const RunSummary& run);
/// A number of the last metrics line; "-" where there is none.
std::string metricText(const RunSummary& run, const char* key, int digits);

}  // namespace distillix::cli
