// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace distillix {

/// "0.1.0", as the build names it.
const char* programVersion();

}  // namespace distillix
