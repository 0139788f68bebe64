// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/cli/verb.h"

namespace distillix::cli {

/// bench ops, under the group `bench`.
void addBenchOpsVerb(VerbSet& verbs, CLI::App* group);

}  // namespace distillix::cli
