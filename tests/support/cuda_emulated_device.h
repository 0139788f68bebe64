// SPDX-License-Identifier: Apache-2.0
// The emulated card as a device of the registry: the whole CUDA backend over fibers (cuda_emulation.h). Programs that
// link it know openBackend("cuda-emulated"); DISTILLIX_TEST_DEVICE=cuda-emulated runs the tables of cases on it.
#pragma once

#include <cstddef>

namespace distillix::cuda {

inline constexpr const char* kEmulatedDevice = "cuda-emulated";

/// What the card pretends to be; set while no backend is open.
struct EmulatedCard {
    int count = 1;
    int architecture = 80;
    std::size_t memoryBytes = std::size_t{8} << 30;
};
void setEmulatedCard(const EmulatedCard& card);
/// Memory that is allocated and not freed.
std::size_t emulatedBytesInUse();
/// Shapes of products asked for since the process started: a card's library keeps a plan for each.
std::size_t emulatedProductShapes();

}  // namespace distillix::cuda
