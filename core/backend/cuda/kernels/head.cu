// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cuda/kernels/head.cuh"
