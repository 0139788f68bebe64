// SPDX-License-Identifier: Apache-2.0
// Finds and opens the CUDA module (core/backend/cuda/module.h). What is missing is said as it is: the driver, the
// module, a library that the module needs, a card.
#pragma once

#include <memory>

#include "core/backend/ops.h"

namespace distillix {

/// The environment variable that names the module's file; otherwise it is looked for beside the program and in
/// ../lib/distillix from there.
inline constexpr const char* kCudaModuleVariable = "DISTILLIX_CUDA_MODULE";

/// Cards that can be asked for; NotFound with what is missing where there is none. Threads may call it at once.
Result<int> countCudaCards();
Result<std::unique_ptr<Backend>> openCudaCard(int device);

}  // namespace distillix
