// SPDX-License-Identifier: Apache-2.0
// The plain reading of SPEC.md: one thread, one loop after the other, float32 in memory and double in between. It is
// what the fast backends are tested against, so nothing in it is clever. Operations run when they are called.
#pragma once

#include <memory>

#include "core/backend/ops.h"

namespace distillix {

/// Activations must be float32; Precision::product is ignored (everything is computed in double). Device addresses are
/// ordinary host addresses. Uses no workspace.
std::unique_ptr<Backend> makeReferenceBackend();

}  // namespace distillix
