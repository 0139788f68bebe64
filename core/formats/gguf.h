// SPDX-License-Identifier: Apache-2.0
// GGUF files, version 3; the bytes are described in gguf.md beside this file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/base/files.h"
#include "core/base/result.h"
#include "core/formats/ggml_types.h"

namespace distillix {

/// The numbers are GGUF's, as they stand in the file.
enum class GgufValueType : std::uint32_t {
    U8 = 0,
    I8 = 1,
    U16 = 2,
    I16 = 3,
    U32 = 4,
    I32 = 5,
    F32 = 6,
    Bool = 7,
    Text = 8,
    Array = 9,
    U64 = 10,
    I64 = 11,
    F64 = 12
};

/// A value of the metadata. Whole numbers of every width stand in `integer` (an U64 past 2^63 is refused by the
/// reader), F32 and F64 in `real`; an array has one of the three vectors filled.
struct GgufValue {
    GgufValueType type = GgufValueType::Bool;     ///< of an array: Array
    GgufValueType element = GgufValueType::Bool;  ///< of an array's elements; never Array
    std::int64_t integer = 0;                     ///< whole numbers, and 0 or 1 of a Bool
    double real = 0;
    std::string text;
    std::vector<std::int64_t> integers;
    std::vector<float> reals;
    std::vector<std::string> texts;

    static GgufValue u32(std::uint32_t value);
    static GgufValue f32(float value);
    static GgufValue boolean(bool value);
    static GgufValue string(std::string value);
    static GgufValue strings(std::vector<std::string> values);
    static GgufValue f32s(std::vector<float> values);
    static GgufValue i32s(std::vector<std::int64_t> values);
};

struct GgufEntry {
    std::string name;
    GgmlType type = GgmlType::F32;
    std::vector<std::int64_t> shape;  ///< as everywhere here, outermost first; the file has them the other way round
    std::uint64_t offset = 0;         ///< in bytes, from where the data begin
    std::uint64_t bytes = 0;
    std::uint64_t elements() const;
};

/// An opened file, memory-mapped and checked whole before anything is handed out (gguf.md tells what is checked). Reads
/// only, from any number of threads; views live as long as the object.
class GgufFile {
  public:
    static Result<GgufFile> open(const std::filesystem::path& path);

    const std::vector<std::pair<std::string, GgufValue>>& metadata() const { return m_metadata; }
    /// Null where there is none.
    const GgufValue* value(const std::string& key) const;
    // A key's value as what is asked for: NotFound and InvalidData name file and key.
    Result<std::int64_t> integer(const std::string& key) const;
    Result<double> number(const std::string& key) const;  ///< whole or not
    Result<bool> boolean(const std::string& key) const;
    Result<std::string> text(const std::string& key) const;

    /// In the order of their data.
    const std::vector<GgufEntry>& entries() const { return m_entries; }
    const GgufEntry* find(const std::string& name) const;
    std::span<const std::byte> bytes(const GgufEntry& entry) const;
    /// The tensor decoded to float32. NotFound and InvalidData name file and tensor; `shape` is checked unless empty.
    Result<std::vector<float>> floats(const std::string& name, const std::vector<std::int64_t>& shape = {}) const;

  private:
    explicit GgufFile(MappedFile file) : m_file(std::move(file)) {}
    Result<const GgufValue*> need(const std::string& key, const char* what, bool (*fits)(const GgufValue&)) const;
    std::filesystem::path m_path;
    MappedFile m_file;
    std::uint64_t m_dataStart = 0;
    std::vector<std::pair<std::string, GgufValue>> m_metadata;
    std::map<std::string, std::size_t> m_keys;  ///< into m_metadata
    std::vector<GgufEntry> m_entries;
    std::map<std::string, std::size_t> m_tensors;  ///< into m_entries
};

/// One tensor to write: `values` must hold until the write is done; they are encoded a row at a time.
struct GgufTensor {
    std::string name;
    GgmlType type = GgmlType::F32;
    std::vector<std::int64_t> shape;  ///< outermost first, one to four; the last is a multiple of the type's block
    std::span<const float> values;
};

/// Writes a version 3 file with the alignment of 32, whole or not at all. Deterministic: the same input gives the same
/// bytes. InvalidArgument names what cannot be written (names, shapes, nested arrays).
Result<void> writeGguf(const std::filesystem::path& path,
                       const std::vector<std::pair<std::string, GgufValue>>& metadata,
                       std::span<const GgufTensor> tensors);

/// The size of that file, without the values.
Result<std::uint64_t> ggufFileBytes(const std::vector<std::pair<std::string, GgufValue>>& metadata,
                                    std::span<const GgufTensor> tensors);

}  // namespace distillix
