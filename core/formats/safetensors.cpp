// SPDX-License-Identifier: Apache-2.0
#include "core/formats/safetensors.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <limits>
#include <optional>
#include <set>

#include <nlohmann/json.hpp>

#include "core/formats/tensor_values.h"

namespace distillix {
namespace {

constexpr std::uint64_t kPrefixBytes = 8;                         ///< the header's length, before the header
constexpr std::uint64_t kHeaderLimit = std::uint64_t{100} << 20;  ///< no real header comes near; keeps memory bounded
constexpr std::uint64_t kDataAlignment = 64;                      ///< of what we write: a cache line, and any SIMD load
constexpr const char* kMetadataKey = "__metadata__";

struct TypeName {
    const char* name;
    DType type;
};
constexpr TypeName kTypeNames[] = {{"F32", DType::F32}, {"F16", DType::F16}, {"BF16", DType::BF16},
                                   {"I8", DType::I8},   {"U8", DType::U8},   {"I32", DType::I32},
                                   {"I64", DType::I64}, {"F64", DType::F64}};

const char* typeNameInFile(DType type) {
    for (const auto& known : kTypeNames) {
        if (known.type == type) return known.name;
    }
    return "?";
}

/// elements * bytes each, or nothing where that overflows.
std::optional<std::uint64_t> tensorBytes(const std::vector<std::int64_t>& shape, DType type) {
    std::uint64_t bytes = dtypeBytes(type);
    for (const std::int64_t extent : shape) {
        if (extent < 0 || __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(extent), &bytes))
            return std::nullopt;
    }
    return bytes;
}

/// Reads the header event by event: no tree is built, so a duplicate key is seen, and depth costs nothing.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
  public:
    std::vector<SafetensorsEntry> entries;
    std::map<std::string, std::string> metadata;
    std::string problem;  ///< why reading stopped
    std::string tensor;   ///< where
    ErrorCode code = ErrorCode::InvalidData;

    bool null() override { return unexpected("null"); }
    bool boolean(bool) override { return unexpected("true or false"); }
    bool number_integer(number_integer_t) override { return unexpected("a negative number"); }
    bool number_float(number_float_t, const string_t& text) override { return unexpected("the number " + text); }
    bool binary(binary_t&) override { return unexpected("binary data"); }

    bool number_unsigned(number_unsigned_t value) override {
        if (m_state == State::Shape) {
            if (value > static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max()))
                return fail("\"shape\" holds " + std::to_string(value) + ", which is too large");
            m_entry.shape.push_back(static_cast<std::int64_t>(value));
            return true;
        }
        if (m_state == State::Offsets) {
            if (m_offsets.size() == 2) return fail("\"data_offsets\" must be two numbers");
            m_offsets.push_back(value);
            return true;
        }
        return unexpected("a number");
    }

    bool string(string_t& value) override {
        if (m_state == State::Metadata) {
            metadata[m_key] = value;
            return true;
        }
        if (m_state == State::Tensor && m_key == "dtype") {
            for (const auto& known : kTypeNames) {
                if (value == known.name) {
                    m_entry.type = known.type;
                    return true;
                }
            }
            code = ErrorCode::Unsupported;
            return fail("its type \"" + value.substr(0, 32) + "\" is not one of F32, F16, BF16, F64, I8, U8, I32, I64");
        }
        return unexpected("a text");
    }

    bool key(string_t& value) override {
        m_key = value;
        switch (m_state) {
            case State::Top:
                tensor = value;
                if (!m_names.insert(value).second) return fail("stands in the header twice");
                if (value == kMetadataKey) return true;
                if (auto name = tensorNameProblem(value)) {
                    tensor.clear();
                    return fail(*name);
                }
                return true;
            case State::Tensor:
                if (value != "dtype" && value != "shape" && value != "data_offsets")
                    return fail("has the unknown key \"" + value.substr(0, 64) + "\"");
                [[fallthrough]];
            case State::Metadata:
                if (!m_keys.insert(value).second) return fail("has the key \"" + value.substr(0, 64) + "\" twice");
                return true;
            default:
                return unexpected("an object");
        }
    }

    bool start_object(std::size_t) override {
        if (m_state == State::Start) {
            m_state = State::Top;
            return true;
        }
        if (m_state != State::Top) return unexpected("an object");
        m_keys.clear();
        m_offsets.clear();
        m_state = m_key == kMetadataKey ? State::Metadata : State::Tensor;
        m_entry = {};
        m_entry.name = m_key;
        return true;
    }

    bool end_object() override {
        if (m_state == State::Top) {
            m_state = State::Done;
            return true;
        }
        if (m_state == State::Tensor) {
            for (const char* needed : {"dtype", "shape", "data_offsets"}) {
                if (!m_keys.count(needed)) return fail(std::string("has no \"") + needed + "\"");
            }
            if (m_offsets.size() != 2) return fail("\"data_offsets\" must be two numbers");
            m_entry.begin = m_offsets[0];
            m_entry.end = m_offsets[1];
            entries.push_back(std::move(m_entry));
        }
        m_state = State::Top;
        return true;
    }

    bool start_array(std::size_t) override {
        if (m_state != State::Tensor || m_key == "dtype") return unexpected("an array");
        m_state = m_key == "shape" ? State::Shape : State::Offsets;
        return true;
    }

    bool end_array() override {
        m_state = State::Tensor;
        return true;
    }

    bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override {
        tensor.clear();
        return fail("the header is no valid JSON at byte " + std::to_string(kPrefixBytes + position));
    }

  private:
    enum class State { Start, Top, Tensor, Metadata, Shape, Offsets, Done };

    bool fail(std::string what) {
        problem = std::move(what);
        return false;
    }

    bool unexpected(const std::string& what) {
        switch (m_state) {
            case State::Start:
            case State::Done:
                return fail("the header must be one JSON object, not " + what);
            case State::Top:
                return fail("must be an object with dtype, shape and data_offsets, not " + what);
            case State::Metadata:
                return fail("\"" + m_key.substr(0, 64) + "\" must be a text, not " + what);
            case State::Tensor:
                return fail("\"" + m_key + "\" cannot be " + what);
            case State::Shape:
                return fail("\"shape\" must hold whole numbers from 0 up, not " + what);
            case State::Offsets:
                return fail("\"data_offsets\" must hold whole numbers from 0 up, not " + what);
        }
        return fail("unexpected " + what);
    }

    State m_state = State::Start;
    std::string m_key;
    std::set<std::string> m_names;  ///< of tensors so far
    std::set<std::string> m_keys;   ///< of the object being read
    SafetensorsEntry m_entry;
    std::vector<std::uint64_t> m_offsets;
};

std::string tensorPlace(const std::filesystem::path& path, const std::string& tensor) {
    return path.string() + ": " + (tensor == kMetadataKey ? std::string(kMetadataKey) : "tensor \"" + tensor + "\"");
}

/// Each entry's size against its shape, then all of them together against the data: no byte twice, none unclaimed.
Result<void> checkLayout(const std::filesystem::path& path, std::vector<SafetensorsEntry>& entries,
                         std::uint64_t dataBytes) {
    const auto bad = [&](const SafetensorsEntry& entry, std::string what) {
        return makeError(ErrorCode::InvalidData, std::move(what), tensorPlace(path, entry.name));
    };
    for (const auto& entry : entries) {
        if (entry.begin > entry.end)
            return bad(entry, "its data ends (" + std::to_string(entry.end) + ") before it begins (" +
                                  std::to_string(entry.begin) + ")");
        if (entry.end > dataBytes)
            return bad(entry, "its data ends at byte " + std::to_string(entry.end) +
                                  " of the data, but the file holds only " + std::to_string(dataBytes) +
                                  "; it is cut short or damaged");
        const auto expected = tensorBytes(entry.shape, entry.type);
        if (!expected) return bad(entry, "its shape " + shapeText(entry.shape) + " is too large");
        if (*expected != entry.end - entry.begin)
            return bad(entry, "shape " + shapeText(entry.shape) + " of " + typeNameInFile(entry.type) + " needs " +
                                  std::to_string(*expected) + " bytes, but " + std::to_string(entry.end - entry.begin) +
                                  " are given");
    }
    std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
        return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
    });
    std::uint64_t at = 0;
    for (const auto& entry : entries) {
        if (entry.begin < at) return bad(entry, "its data overlaps that of the tensor before it");
        if (entry.begin > at)
            return bad(entry, std::to_string(entry.begin - at) + " bytes before its data belong to no tensor");
        at = entry.end;
    }
    if (at != dataBytes)
        return makeError(ErrorCode::InvalidData,
                         std::to_string(dataBytes - at) + " bytes at the end belong to no tensor", path.string());
    return {};
}

template <typename T>
T readAt(std::span<const std::byte> bytes, std::size_t index) {
    T value;  // tensors of other types may leave this one unaligned
    std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
    return value;
}

}  // namespace

std::uint64_t SafetensorsEntry::elements() const {
    std::uint64_t count = 1;
    for (const std::int64_t extent : shape) count *= static_cast<std::uint64_t>(extent);
    return count;
}

Result<SafetensorsFile> SafetensorsFile::open(const std::filesystem::path& path) try {
    SafetensorsFile file(TRY(MappedFile::open(path)));
    file.m_path = path;
    const auto bad = [&](std::string what) {
        return makeError(ErrorCode::InvalidData, std::move(what), path.string());
    };

    const auto bytes = file.m_file.bytes();
    if (bytes.size() < kPrefixBytes)
        return bad("is no safetensors file: it has " + std::to_string(bytes.size()) +
                   " bytes, fewer than the 8 that begin one");
    std::uint64_t headerBytes = 0;
    for (std::size_t i = 0; i < kPrefixBytes; ++i)
        headerBytes |= std::uint64_t{std::to_integer<std::uint8_t>(bytes[i])} << (8 * i);
    if (headerBytes > bytes.size() - kPrefixBytes)
        return bad("is no safetensors file, or is cut short: its header would have " + std::to_string(headerBytes) +
                   " bytes and the file has " + std::to_string(bytes.size()));
    if (headerBytes > kHeaderLimit)
        return bad("its header of " + std::to_string(headerBytes) + " bytes is over the limit of 100 MiB");

    const std::string_view header = file.m_file.text().substr(kPrefixBytes, headerBytes);
    if (header.empty() || header.front() != '{')
        return bad("is no safetensors file: its header does not begin with '{'");
    // The JSON reader takes a NUL for the end of its input and would not look at what follows.
    if (const auto nul = header.find('\0'); nul != std::string_view::npos)
        return bad("the header is no valid JSON at byte " + std::to_string(kPrefixBytes + nul));

    HeaderReader reader;
    if (!nlohmann::json::sax_parse(header.begin(), header.end(), &reader)) {
        return makeError(reader.code, reader.problem,
                         reader.tensor.empty() ? path.string() : tensorPlace(path, reader.tensor));
    }
    file.m_dataStart = kPrefixBytes + headerBytes;
    file.m_entries = std::move(reader.entries);
    file.m_metadata = std::move(reader.metadata);
    TRY_VOID(checkLayout(path, file.m_entries, bytes.size() - file.m_dataStart));
    for (std::size_t i = 0; i < file.m_entries.size(); ++i) file.m_index.emplace(file.m_entries[i].name, i);
    return file;
} catch (const std::exception& error) {
    return makeError(ErrorCode::OutOfMemory, std::string("the header cannot be read: ") + error.what(), path.string());
}

const SafetensorsEntry* SafetensorsFile::find(const std::string& name) const {
    const auto found = m_index.find(name);
    return found == m_index.end() ? nullptr : &m_entries[found->second];
}

std::span<const std::byte> SafetensorsFile::bytes(const SafetensorsEntry& entry) const {
    return m_file.bytes().subspan(m_dataStart + entry.begin, entry.end - entry.begin);
}

Result<const SafetensorsEntry*> SafetensorsFile::need(const std::string& name,
                                                      const std::vector<std::int64_t>& shape) const {
    const SafetensorsEntry* entry = find(name);
    if (!entry) return makeError(ErrorCode::NotFound, "the file has no such tensor", tensorPlace(m_path, name));
    if (!shape.empty() && entry->shape != shape)
        return makeError(ErrorCode::InvalidData,
                         "has the shape " + shapeText(entry->shape) + ", but " + shapeText(shape) + " is needed",
                         tensorPlace(m_path, name));
    return entry;
}

Result<std::vector<float>> SafetensorsFile::floats(const std::string& name,
                                                   const std::vector<std::int64_t>& shape) const {
    const SafetensorsEntry& entry = *TRY(need(name, shape));
    if (!isFloating(entry.type))
        return makeError(
            ErrorCode::InvalidData,
            std::string("is of type ") + typeNameInFile(entry.type) + ", but F32, F16, BF16 or F64 is needed",
            tensorPlace(m_path, name));
    const auto data = bytes(entry);
    const std::size_t count = entry.elements();
    std::vector<float> values;
    try {
        values.resize(count);
    } catch (const std::exception&) {
        return makeError(ErrorCode::OutOfMemory, std::to_string(count * sizeof(float)) + " bytes are needed",
                         tensorPlace(m_path, name));
    }
    floatsFrom(entry.type, data, values);
    return values;
}

Result<std::vector<std::int32_t>> SafetensorsFile::ints(const std::string& name,
                                                        const std::vector<std::int64_t>& shape) const {
    const SafetensorsEntry& entry = *TRY(need(name, shape));
    const auto data = bytes(entry);
    const std::size_t count = entry.elements();
    if (entry.type != DType::I32 && entry.type != DType::I64)
        return makeError(ErrorCode::InvalidData,
                         std::string("is of type ") + typeNameInFile(entry.type) + ", but I32 or I64 is needed",
                         tensorPlace(m_path, name));
    std::vector<std::int32_t> values;
    try {
        values.resize(count);
    } catch (const std::exception&) {
        return makeError(ErrorCode::OutOfMemory, std::to_string(count * sizeof(std::int32_t)) + " bytes are needed",
                         tensorPlace(m_path, name));
    }
    for (std::size_t i = 0; i < count; ++i) {
        const std::int64_t value =
            entry.type == DType::I32 ? readAt<std::int32_t>(data, i) : readAt<std::int64_t>(data, i);
        if (value < std::numeric_limits<std::int32_t>::min() || value > std::numeric_limits<std::int32_t>::max())
            return makeError(
                ErrorCode::InvalidData,
                "element " + std::to_string(i) + " is " + std::to_string(value) + ", which does not fit 32 bits",
                tensorPlace(m_path, name));
        values[i] = static_cast<std::int32_t>(value);
    }
    return values;
}

void SafetensorsFile::forget(const std::string& name) const {
    if (const SafetensorsEntry* entry = find(name)) m_file.forget(bytes(*entry));
}

Result<void> writeSafetensors(const std::filesystem::path& path, std::span<const SafetensorsTensor> tensors,
                              const std::map<std::string, std::string>& metadata) try {
    nlohmann::ordered_json header = nlohmann::ordered_json::object();
    if (!metadata.empty()) header[kMetadataKey] = metadata;
    std::set<std::string> names;
    std::uint64_t at = 0;
    for (const auto& tensor : tensors) {
        const auto bad = [&](std::string what) {
            return makeError(ErrorCode::InvalidArgument, std::move(what), tensorPlace(path, tensor.name));
        };
        if (auto problem = tensorNameProblem(tensor.name)) return bad(*problem);
        if (tensor.name == kMetadataKey || !names.insert(tensor.name).second) return bad("the name is taken");
        const auto needed = tensorBytes(tensor.shape, tensor.type);
        if (!needed || (!tensor.fetch && *needed != tensor.bytes.size()))
            return bad("shape " + shapeText(tensor.shape) + " of " + typeNameInFile(tensor.type) + " does not make " +
                       std::to_string(tensor.bytes.size()) + " bytes");
        header[tensor.name] = {
            {"dtype", typeNameInFile(tensor.type)}, {"shape", tensor.shape}, {"data_offsets", {at, at + *needed}}};
        at += *needed;
    }
    std::string text = header.dump();
    text.append((kDataAlignment - (kPrefixBytes + text.size()) % kDataAlignment) % kDataAlignment, ' ');

    std::string prefix(kPrefixBytes, '\0');
    for (std::size_t i = 0; i < kPrefixBytes; ++i)
        prefix[i] = static_cast<char>((std::uint64_t{text.size()} >> (8 * i)) & 0xff);
    AtomicFile file = TRY(AtomicFile::create(path));
    TRY_VOID(file.write(prefix));
    TRY_VOID(file.write(text));
    for (const auto& tensor : tensors) {
        const std::span<const std::byte> bytes = tensor.fetch ? TRY(tensor.fetch()) : tensor.bytes;
        if (bytes.size() != *tensorBytes(tensor.shape, tensor.type))
            return makeError(ErrorCode::Internal, "was fetched as " + std::to_string(bytes.size()) + " bytes",
                             tensorPlace(path, tensor.name));
        TRY_VOID(file.write(bytes));
    }
    return file.commit();
} catch (const std::exception& error) {  // a name or a metadata text that is no UTF-8
    return makeError(ErrorCode::InvalidArgument, std::string("the header cannot be written: ") + error.what(),
                     path.string());
}

}  // namespace distillix
