// SPDX-License-Identifier: Apache-2.0
// safetensors files; the bytes are described in safetensors.md beside this file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/base/result.h"
#include "core/tensor/dtype.h"

namespace distillix {

struct SafetensorsEntry {
    std::string name;
    DType type = DType::F32;
    std::vector<std::int64_t> shape;
    std::uint64_t begin = 0, end = 0;  ///< byte offsets from the header's end
    std::uint64_t elements() const;
};

/// An opened file, memory-mapped and checked whole before anything is handed out: lengths, offsets, overlaps, holes,
/// shapes against sizes, names. Views live as long as the object.
class SafetensorsFile {
  public:
    static Result<SafetensorsFile> open(const std::filesystem::path& path);
    const std::filesystem::path& path() const { return m_path; }
    /// In the order of their data.
    const std::vector<SafetensorsEntry>& entries() const { return m_entries; }
    const std::map<std::string, std::string>& metadata() const { return m_metadata; }
    /// Null where there is none.
    const SafetensorsEntry* find(const std::string& name) const;
    std::span<const std::byte> bytes(const SafetensorsEntry& entry) const;
    /// The tensor converted to float32 (from F32, F16, BF16 or F64). NotFound and InvalidData name file and tensor;
    /// `shape` is checked unless it is empty.
    Result<std::vector<float>> floats(const std::string& name, const std::vector<std::int64_t>& shape = {}) const;
    /// The tensor as int32 (from I32 or I64, range-checked).
    Result<std::vector<std::int32_t>> ints(const std::string& name, const std::vector<std::int64_t>& shape = {}) const;

    /// The tensor was read and is not needed soon: its pages need not stay in this process's memory. It can be read
    /// again all the same.
    void forget(const std::string& name) const;

  private:
    explicit SafetensorsFile(MappedFile file) : m_file(std::move(file)) {}
    Result<const SafetensorsEntry*> need(const std::string& name, const std::vector<std::int64_t>& shape) const;
    std::filesystem::path m_path;
    MappedFile m_file;
    std::uint64_t m_dataStart = 0;
    std::vector<SafetensorsEntry> m_entries;
    std::map<std::string, std::size_t> m_index;  ///< into m_entries, by name
    std::map<std::string, std::string> m_metadata;
};

/// One tensor to write; `bytes` must hold until the write is done. Where `fetch` is set it is asked for the bytes when
/// they are to be written, so that no more than one tensor need be in memory: they must hold until the next is asked.
struct SafetensorsTensor {
    std::string name;
    DType type = DType::F32;
    std::vector<std::int64_t> shape;
    std::span<const std::byte> bytes;
    std::function<Result<std::span<const std::byte>>()> fetch = {};
};

/// Writes `path` whole or not at all (AtomicFile). Data starts at a multiple of 64 bytes, in the order given.
Result<void> writeSafetensors(const std::filesystem::path& path, std::span<const SafetensorsTensor> tensors,
                              const std::map<std::string, std::string>& metadata = {});

}  // namespace distillix
