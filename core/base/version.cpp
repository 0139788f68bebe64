// SPDX-License-Identifier: Apache-2.0
#include "core/base/version.h"

namespace distillix {

const char* programVersion() {
    return DISTILLIX_VERSION;
}

}  // namespace distillix
