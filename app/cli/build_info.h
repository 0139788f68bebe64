// SPDX-License-Identifier: Apache-2.0
// What this program was built from and with, for benchmarks that are kept.
#pragma once

namespace distillix::cli {

/// Short hash of the commit, "+" behind it where the source differed; empty where it was not built in a repository.
const char* buildCommit();
/// "GCC 12.2.0".
const char* buildCompiler();

}  // namespace distillix::cli
