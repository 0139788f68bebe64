// SPDX-License-Identifier: Apache-2.0
// PyTorch's .pt files, read as data and written so that torch.load(FILE, weights_only=True) takes them; the bytes and
// what is checked are described in pt.md beside this file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/formats/safetensors.h"

namespace distillix {

struct PtEntry {
    std::string name;
    DType type = DType::F32;
    std::vector<std::int64_t> shape;
    std::vector<std::int64_t> strides;  ///< in elements, as many as `shape` has
    std::uint64_t offset = 0;           ///< of the first element in its storage, in elements
    std::string storage;                ///< key of the storage; tied weights share one
    std::uint64_t elements() const;
};

/// An opened file, its zip and its pickle checked whole before anything is handed out. Tensors are read when asked for.
class PtFile {
  public:
    static Result<PtFile> open(const std::filesystem::path& path);
    PtFile(PtFile&&) noexcept;
    PtFile& operator=(PtFile&&) noexcept;
    ~PtFile();

    /// In the order of the state dict.
    const std::vector<PtEntry>& entries() const { return m_entries; }
    /// Null where there is none.
    const PtEntry* find(const std::string& name) const;
    /// The tensor as float32, row-major (from F32, F16, BF16 or F64).
    Result<std::vector<float>> floats(const PtEntry& entry) const;
    /// Where the weights stood: "" at the top, or "model_state_dict".
    const std::string& place() const { return m_place; }
    /// Keys beside the weights that were passed over ("step", "loss", …).
    const std::vector<std::string>& others() const { return m_others; }

  private:
    struct Archive;
    explicit PtFile(std::unique_ptr<Archive> archive);
    std::filesystem::path m_path;
    std::unique_ptr<Archive> m_archive;
    std::vector<PtEntry> m_entries;
    std::map<std::string, std::size_t> m_index;  ///< into m_entries, by name
    std::string m_place;
    std::vector<std::string> m_others;
};

/// Writes a state dict (weights at the top) whole or not at all. Types: F32, F16, BF16, F64, I8, U8, I32, I64.
Result<void> writePt(const std::filesystem::path& path, std::span<const SafetensorsTensor> tensors);

}  // namespace distillix
