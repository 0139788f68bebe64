// SPDX-License-Identifier: Apache-2.0
// Plain loops over SPEC.md's formulas: slow, single-threaded, and what every other backend is tested against.
#pragma once

#include <memory>

#include "core/backend/ops.h"

namespace distillix {

std::unique_ptr<Backend> makeReferenceBackend();

}  // namespace distillix
