// SPDX-License-Identifier: Apache-2.0
// A model folder of random weights, for tests of how a model is asked and not of what it says.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace distillix::test {

/// Writes one of 340 pieces over words from "one" to "seven", with these control pieces and so many positions.
void makeSmallModel(const std::filesystem::path& path, const std::vector<std::string>& special, int context);

}  // namespace distillix::test
