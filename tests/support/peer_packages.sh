# SPDX-License-Identifier: Apache-2.0
# What exports are compared with, from PyPI: the official readers, and a build of stock llama.cpp with its C interface (needs AVX2).
# shellcheck disable=SC2034
peer_packages=(numpy safetensors tokenizers gguf==0.19.0 xllamacpp==2026.10.11549)
