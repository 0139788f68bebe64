// SPDX-License-Identifier: Apache-2.0
#include "core/backend/reference/reference_backend.h"

namespace distillix {

std::unique_ptr<Backend> makeReferenceBackend() {
    return nullptr;
}

}  // namespace distillix
