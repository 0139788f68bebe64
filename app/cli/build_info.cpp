// SPDX-License-Identifier: Apache-2.0
#include "app/cli/build_info.h"

namespace distillix::cli {

const char* buildCommit() {
    return
#include "commit.inc"
        ;
}

const char* buildCompiler() {
#if defined(__clang__)
    return "Clang " __clang_version__;
#else
    return "GCC " __VERSION__;
#endif
}

}  // namespace distillix::cli
