// SPDX-License-Identifier: Apache-2.0
#include "core/backend/cuda/kernels/linear_convert.cuh"
#include "core/backend/cuda/kernels/linear_prepare.cuh"
#include "core/backend/cuda/kernels/linear_product.cuh"
