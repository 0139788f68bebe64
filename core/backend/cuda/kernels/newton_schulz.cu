// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cuda/kernels/newton_schulz.cuh"
