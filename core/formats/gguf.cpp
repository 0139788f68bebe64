// SPDX-License-Identifier: Apache-2.0
#include "core/formats/gguf.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <exception>
#include <limits>
#include <optional>
#include <set>

#include "core/base/utf8.h"
#include "core/formats/tensor_values.h"

namespace distillix {
namespace {

constexpr char kMagic[] = {'G', 'G', 'U', 'F'};
constexpr std::uint32_t kVersion = 3, kOldestVersion = 2;  // 2 has the same layout
constexpr std::uint64_t kDefaultAlignment = 32;
constexpr const char* kAlignmentKey = "general.alignment";
constexpr std::uint64_t kArrayLimit = std::uint64_t{1} << 24;         // elements; the largest vocabulary of a model
constexpr std::uint64_t kGgufHeaderLimit = std::uint64_t{512} << 20;  // bytes; keeps memory bounded
constexpr std::uint64_t kCountLimit = std::uint64_t{1} << 17;         // keys, tensors
constexpr std::uint64_t kKeyLimit = 65535;                            // bytes of a key, by the format
constexpr std::uint64_t kNameLimit = 63;                              // bytes of a tensor's name that ggml holds
constexpr std::uint32_t kMaxDimensions = 4;

std::string printable(std::string_view name) {
    std::string out;
    for (const char c : name.substr(0, 80)) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    return utf8Replaced(out);
}

/// A key's or tensor's name that the format allows.
std::optional<std::string> nameProblem(std::string_view name, std::uint64_t limit) {
    if (name.empty()) return "is empty";
    if (name.size() > limit) return "is longer than " + std::to_string(limit) + " bytes";
    for (const char c : name) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return "holds a control character";
    }
    return std::nullopt;
}

std::uint64_t alignedUp(std::uint64_t value, std::uint64_t alignment) {
    return (value + alignment - 1) / alignment * alignment;
}

/// Bytes of a tensor, or nothing where that overflows or the row is no multiple of the block.
std::optional<std::uint64_t> ggufTensorBytes(const std::vector<std::int64_t>& shape, GgmlType type) {
    const GgmlTypeFacts& facts = ggmlTypeFacts(type);
    if (shape.empty() || shape.back() % facts.blockElements != 0) return std::nullopt;
    std::uint64_t elements = 1, bytes = 0;
    for (const std::int64_t extent : shape) {
        if (extent < 1 || __builtin_mul_overflow(elements, static_cast<std::uint64_t>(extent), &elements))
            return std::nullopt;
    }
    if (__builtin_mul_overflow(elements / static_cast<std::uint64_t>(facts.blockElements),
                               static_cast<std::uint64_t>(facts.blockBytes), &bytes) ||
        elements > std::numeric_limits<std::uint64_t>::max() / sizeof(float))  // it may be decoded
        return std::nullopt;
    return bytes;
}

std::size_t scalarBytes(GgufValueType type) {
    switch (type) {
        case GgufValueType::U8:
        case GgufValueType::I8:
        case GgufValueType::Bool:
            return 1;
        case GgufValueType::U16:
        case GgufValueType::I16:
            return 2;
        case GgufValueType::U32:
        case GgufValueType::I32:
        case GgufValueType::F32:
            return 4;
        case GgufValueType::U64:
        case GgufValueType::I64:
        case GgufValueType::F64:
            return 8;
        default:
            return 0;
    }
}

// ---- reading --------------------------------------------------------------------------------------------------------

/// Walks the header; every read is checked against what is left. After a failure `problem` tells what and where.
class GgufHeaderReader {
  public:
    explicit GgufHeaderReader(std::string_view bytes) : m_bytes(bytes) {}
    std::uint64_t at() const { return m_at; }
    std::uint64_t left() const { return m_bytes.size() - m_at; }
    const std::string& problem() const { return m_problem; }
    bool fail(std::string what) {
        if (m_problem.empty()) m_problem = std::move(what) + ", at byte " + std::to_string(m_at);
        return false;
    }

    template <typename T>
    bool read(T& value) {
        if (left() < sizeof(T)) return fail("the file is cut short");
        std::memcpy(&value, m_bytes.data() + m_at, sizeof(T));
        m_at += sizeof(T);
        return true;
    }

    bool text(std::string_view& value, std::uint64_t limit = std::numeric_limits<std::uint64_t>::max()) {
        std::uint64_t length = 0;
        if (!read(length)) return false;
        if (length > left())
            return fail("a text of " + std::to_string(length) + " bytes does not fit the " + std::to_string(left()) +
                        " that are left");
        if (length > limit) return fail("a name of " + std::to_string(length) + " bytes is too long");
        value = m_bytes.substr(m_at, length);
        m_at += length;
        return true;
    }

    /// A number or a text of a type that is no array.
    bool scalar(GgufValueType type, GgufValue& value) {
        switch (type) {
            case GgufValueType::U8:
                return whole<std::uint8_t>(value.integer);
            case GgufValueType::I8:
                return whole<std::int8_t>(value.integer);
            case GgufValueType::U16:
                return whole<std::uint16_t>(value.integer);
            case GgufValueType::I16:
                return whole<std::int16_t>(value.integer);
            case GgufValueType::U32:
                return whole<std::uint32_t>(value.integer);
            case GgufValueType::I32:
                return whole<std::int32_t>(value.integer);
            case GgufValueType::I64:
                return whole<std::int64_t>(value.integer);
            case GgufValueType::U64: {
                std::uint64_t number = 0;
                if (!read(number)) return false;
                if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
                    return fail("the number " + std::to_string(number) + " is too large");
                value.integer = static_cast<std::int64_t>(number);
                return true;
            }
            case GgufValueType::Bool: {
                std::uint8_t number = 0;
                if (!read(number)) return false;
                if (number > 1) return fail("a truth value is " + std::to_string(number) + ", neither 0 nor 1");
                value.integer = number;
                return true;
            }
            case GgufValueType::F32: {
                float number = 0;
                if (!read(number)) return false;
                value.real = number;
                return true;
            }
            case GgufValueType::F64:
                return read(value.real);
            case GgufValueType::Text: {
                std::string_view view;
                if (!text(view)) return false;
                value.text = view;
                return true;
            }
            default:
                return fail("an array stands where a single value belongs");
        }
    }

    bool value(GgufValue& value) {
        std::uint32_t type = 0;
        if (!read(type)) return false;
        if (type > static_cast<std::uint32_t>(GgufValueType::F64))
            return fail("the value's type " + std::to_string(type) + " is unknown");
        value.type = static_cast<GgufValueType>(type);
        if (value.type != GgufValueType::Array) return scalar(value.type, value);

        std::uint32_t element = 0;
        std::uint64_t count = 0;
        if (!read(element) || !read(count)) return false;
        if (element > static_cast<std::uint32_t>(GgufValueType::F64))
            return fail("the elements' type " + std::to_string(element) + " is unknown");
        value.element = static_cast<GgufValueType>(element);
        if (value.element == GgufValueType::Array) return fail("an array of arrays is not read");
        const bool isText = value.element == GgufValueType::Text;
        const std::uint64_t each = isText ? sizeof(std::uint64_t) : scalarBytes(value.element);
        if (count > left() / each)
            return fail("an array of " + std::to_string(count) + " elements does not fit the " +
                        std::to_string(left()) + " bytes that are left");
        if (count > kArrayLimit)
            return fail("an array of " + std::to_string(count) + " elements is over the limit of " +
                        std::to_string(kArrayLimit));
        const bool isReal = value.element == GgufValueType::F32 || value.element == GgufValueType::F64;
        if (isText)
            value.texts.reserve(count);
        else if (isReal)
            value.reals.reserve(count);
        else
            value.integers.reserve(count);
        GgufValue one;
        for (std::uint64_t i = 0; i < count; ++i) {
            if (!scalar(value.element, one)) return false;
            if (isText)
                value.texts.push_back(std::move(one.text));
            else if (isReal)
                value.reals.push_back(static_cast<float>(one.real));
            else
                value.integers.push_back(one.integer);
        }
        return true;
    }

  private:
    template <typename T>
    bool whole(std::int64_t& value) {
        T number = 0;
        if (!read(number)) return false;
        value = number;
        return true;
    }

    std::string_view m_bytes;
    std::uint64_t m_at = 0;
    std::string m_problem;
};

/// Tensors by their data: none outside the file, none overlapping, no more than padding between and behind them.
Result<void> checkGgufLayout(std::vector<GgufEntry>& entries, std::uint64_t dataBytes, std::uint64_t alignment) {
    const auto bad = [](const GgufEntry& entry, std::string what) {
        return makeError(ErrorCode::InvalidData, std::move(what), "tensor \"" + entry.name + "\"");
    };
    for (const GgufEntry& entry : entries) {
        if (entry.offset % alignment != 0)
            return bad(entry, "its data begin at " + std::to_string(entry.offset) + ", which is no multiple of " +
                                  std::to_string(alignment));
        if (entry.offset > dataBytes || entry.bytes > dataBytes - entry.offset)
            return bad(entry, "its data reach to byte " + std::to_string(entry.offset) + " + " +
                                  std::to_string(entry.bytes) + " of the data, but the file holds only " +
                                  std::to_string(dataBytes) + "; it is cut short or damaged");
    }
    std::stable_sort(entries.begin(), entries.end(),
                     [](const GgufEntry& a, const GgufEntry& b) { return a.offset < b.offset; });
    std::uint64_t at = 0;
    for (const GgufEntry& entry : entries) {
        if (entry.offset < at) return bad(entry, "its data overlap those of the tensor before it");
        if (entry.offset - at >= alignment)
            return bad(entry, std::to_string(entry.offset - at) + " bytes before its data belong to no tensor");
        at = entry.offset + entry.bytes;
    }
    if (dataBytes - at >= alignment)
        return makeError(ErrorCode::InvalidData,
                         std::to_string(dataBytes - at) + " bytes at the end belong to no tensor");
    return {};
}

}  // namespace

std::uint64_t GgufEntry::elements() const {
    std::uint64_t count = 1;
    for (const std::int64_t extent : shape) count *= static_cast<std::uint64_t>(extent);
    return count;
}

GgufValue GgufValue::u32(std::uint32_t value) {
    GgufValue v;
    v.type = GgufValueType::U32;
    v.integer = value;
    return v;
}
GgufValue GgufValue::f32(float value) {
    GgufValue v;
    v.type = GgufValueType::F32;
    v.real = value;
    return v;
}
GgufValue GgufValue::boolean(bool value) {
    GgufValue v;
    v.integer = value;
    return v;
}
GgufValue GgufValue::string(std::string value) {
    GgufValue v;
    v.type = GgufValueType::Text;
    v.text = std::move(value);
    return v;
}
GgufValue GgufValue::strings(std::vector<std::string> values) {
    GgufValue v;
    v.type = GgufValueType::Array;
    v.element = GgufValueType::Text;
    v.texts = std::move(values);
    return v;
}
GgufValue GgufValue::f32s(std::vector<float> values) {
    GgufValue v;
    v.type = GgufValueType::Array;
    v.element = GgufValueType::F32;
    v.reals = std::move(values);
    return v;
}
GgufValue GgufValue::i32s(std::vector<std::int64_t> values) {
    GgufValue v;
    v.type = GgufValueType::Array;
    v.element = GgufValueType::I32;
    v.integers = std::move(values);
    return v;
}

Result<GgufFile> GgufFile::open(const std::filesystem::path& path) try {
    GgufFile file(TRY(MappedFile::open(path)));
    file.m_path = path;
    const auto bad = [&](std::string what) {
        return makeError(ErrorCode::InvalidData, std::move(what), path.string());
    };
    const std::string_view all = file.m_file.text();
    GgufHeaderReader reader(all.substr(0, std::min<std::uint64_t>(all.size(), kGgufHeaderLimit)));
    char magic[4];
    std::uint32_t version = 0;
    if (!reader.read(magic) || std::memcmp(magic, kMagic, sizeof magic) != 0)
        return bad("is no GGUF file: it does not begin with \"GGUF\"");
    if (!reader.read(version)) return bad(reader.problem());
    if (version == __builtin_bswap32(kVersion))
        return makeError(ErrorCode::Unsupported, "is a big-endian GGUF file; only little-endian ones are read",
                         path.string());
    if (version < kOldestVersion || version > kVersion)
        return makeError(ErrorCode::Unsupported,
                         "is GGUF version " + std::to_string(version) + "; versions 2 and 3 are read", path.string());
    std::uint64_t tensors = 0, keys = 0;
    if (!reader.read(tensors) || !reader.read(keys)) return bad(reader.problem());
    // The smallest key (one letter, a byte) takes 14 bytes, the smallest tensor (one letter, one dimension) 33.
    if (keys > reader.left() / 14 || tensors > reader.left() / 33)
        return bad("would have " + std::to_string(keys) + " keys and " + std::to_string(tensors) +
                   " tensors, more than its bytes can hold");
    if (keys > kCountLimit || tensors > kCountLimit)
        return bad("has " + std::to_string(keys) + " keys and " + std::to_string(tensors) + " tensors; at most " +
                   std::to_string(kCountLimit) + " of each are read");

    file.m_metadata.reserve(keys);
    for (std::uint64_t i = 0; i < keys; ++i) {
        std::string_view key;
        if (!reader.text(key, kKeyLimit)) return bad(reader.problem());
        if (const auto problem = nameProblem(key, kKeyLimit))
            return bad("the name of key " + std::to_string(i) + " " + *problem);
        GgufValue value;
        if (!reader.value(value))
            return makeError(ErrorCode::InvalidData, reader.problem(),
                             path.string() + ": key \"" + printable(key) + "\"");
        if (!file.m_keys.emplace(key, file.m_metadata.size()).second)
            return bad("the key \"" + printable(key) + "\" stands in it twice");
        file.m_metadata.emplace_back(key, std::move(value));
    }

    std::uint64_t alignment = kDefaultAlignment;
    if (const GgufValue* value = file.value(kAlignmentKey)) {
        if (value->type != GgufValueType::U32 || value->integer < 8 || value->integer > 1 << 20 ||
            (value->integer & (value->integer - 1)) != 0)
            return bad("its general.alignment is no power of two between 8 and 1,048,576");
        alignment = static_cast<std::uint64_t>(value->integer);
    }

    file.m_entries.reserve(tensors);
    std::set<std::string> names;
    for (std::uint64_t i = 0; i < tensors; ++i) {
        std::string_view name;
        std::uint32_t dimensions = 0, type = 0;
        GgufEntry entry;
        if (!reader.text(name, kKeyLimit)) return bad(reader.problem());
        if (const auto problem = nameProblem(name, kNameLimit))
            return bad("the name of tensor " + std::to_string(i) + " " + *problem);
        const std::string place = path.string() + ": tensor \"" + printable(name) + "\"";
        const auto badTensor = [&](std::string what) {
            return makeError(ErrorCode::InvalidData, std::move(what), place);
        };
        entry.name = name;
        if (!names.insert(entry.name).second) return badTensor("stands in the file twice");
        if (!reader.read(dimensions)) return badTensor(reader.problem());
        if (dimensions < 1 || dimensions > kMaxDimensions)
            return badTensor("has " + std::to_string(dimensions) + " dimensions; there can be one to four");
        for (std::uint32_t d = 0; d < dimensions; ++d) {
            std::uint64_t extent = 0;
            if (!reader.read(extent)) return badTensor(reader.problem());
            if (extent < 1 || extent > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
                return badTensor("has an extent of " + std::to_string(extent));
            entry.shape.insert(entry.shape.begin(), static_cast<std::int64_t>(extent));
        }
        if (!reader.read(type) || !reader.read(entry.offset)) return badTensor(reader.problem());
        if (!findGgmlType(type)) {
            std::string known;
            for (const auto& facts : ggmlTypes()) known += (known.empty() ? "" : ", ") + std::string(facts.name);
            return makeError(ErrorCode::Unsupported,
                             "is of type " + ggmlTypeName(type) + ", which is not read; " + known + " are", place);
        }
        entry.type = static_cast<GgmlType>(type);
        const auto bytes = ggufTensorBytes(entry.shape, entry.type);
        if (!bytes)
            return badTensor("has the shape " + shapeText(entry.shape) + ", which is too large or no multiple of the " +
                             std::to_string(ggmlTypeFacts(entry.type).blockElements) + " weights in a block of " +
                             ggmlTypeFacts(entry.type).name);
        entry.bytes = *bytes;
        file.m_entries.push_back(std::move(entry));
    }

    file.m_dataStart = alignedUp(reader.at(), alignment);
    if (file.m_dataStart > all.size()) {
        if (!file.m_entries.empty()) return bad("is cut short: it ends before its data begin");
        file.m_dataStart = all.size();
    }
    auto layout = checkGgufLayout(file.m_entries, all.size() - file.m_dataStart, alignment);
    if (!layout.ok()) return layout.takeError().at(path.string());
    for (std::size_t i = 0; i < file.m_entries.size(); ++i) file.m_tensors.emplace(file.m_entries[i].name, i);
    return file;
} catch (const std::exception& error) {
    return makeError(ErrorCode::OutOfMemory, std::string("the header cannot be read: ") + error.what(), path.string());
}

const GgufValue* GgufFile::value(const std::string& key) const {
    const auto found = m_keys.find(key);
    return found == m_keys.end() ? nullptr : &m_metadata[found->second].second;
}

Result<const GgufValue*> GgufFile::need(const std::string& key, const char* what,
                                        bool (*fits)(const GgufValue&)) const {
    const GgufValue* found = value(key);
    if (!found) return makeError(ErrorCode::NotFound, "the file lacks the key \"" + key + "\"", m_path.string());
    if (!fits(*found))
        return makeError(ErrorCode::InvalidData, "the key \"" + key + "\" is no " + what, m_path.string());
    return found;
}

namespace {
bool isWhole(const GgufValue& v) {
    return v.type != GgufValueType::F32 && v.type != GgufValueType::F64 && v.type != GgufValueType::Text &&
           v.type != GgufValueType::Array && v.type != GgufValueType::Bool;
}
bool isNumber(const GgufValue& v) {
    return isWhole(v) || v.type == GgufValueType::F32 || v.type == GgufValueType::F64;
}
}  // namespace

Result<std::int64_t> GgufFile::integer(const std::string& key) const {
    return TRY(need(key, "whole number", isWhole))->integer;
}
Result<double> GgufFile::number(const std::string& key) const {
    const GgufValue* v = TRY(need(key, "number", isNumber));
    return isWhole(*v) ? static_cast<double>(v->integer) : v->real;
}
Result<bool> GgufFile::boolean(const std::string& key) const {
    return TRY(need(key, "truth value", [](const GgufValue& v) { return v.type == GgufValueType::Bool; }))->integer !=
           0;
}
Result<std::string> GgufFile::text(const std::string& key) const {
    return TRY(need(key, "text", [](const GgufValue& v) { return v.type == GgufValueType::Text; }))->text;
}

const GgufEntry* GgufFile::find(const std::string& name) const {
    const auto found = m_tensors.find(name);
    return found == m_tensors.end() ? nullptr : &m_entries[found->second];
}

std::span<const std::byte> GgufFile::bytes(const GgufEntry& entry) const {
    return m_file.bytes().subspan(m_dataStart + entry.offset, entry.bytes);
}

Result<std::vector<float>> GgufFile::floats(const std::string& name, const std::vector<std::int64_t>& shape) const {
    const std::string place = m_path.string() + ": tensor \"" + name + "\"";
    const GgufEntry* entry = find(name);
    if (!entry) return makeError(ErrorCode::NotFound, "the file has no such tensor", place);
    if (!shape.empty() && entry->shape != shape)
        return makeError(ErrorCode::InvalidData,
                         "has the shape " + shapeText(entry->shape) + ", but " + shapeText(shape) + " is needed",
                         place);
    std::vector<float> values;
    try {
        values.resize(entry->elements());
    } catch (const std::exception&) {
        return makeError(ErrorCode::OutOfMemory,
                         std::to_string(entry->elements() * sizeof(float)) + " bytes are needed", place);
    }
    ggmlDecode(entry->type, bytes(*entry).data(), values);
    return values;
}

// ---- writing --------------------------------------------------------------------------------------------------------

namespace {

template <typename T>
void put(std::string& out, T value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void putText(std::string& out, std::string_view text) {
    put<std::uint64_t>(out, text.size());
    out += text;
}

void putWhole(std::string& out, GgufValueType type, std::int64_t value) {
    out.append(reinterpret_cast<const char*>(&value), scalarBytes(type));  // little-endian: the low bytes come first
}

void putReal(std::string& out, GgufValueType type, double value) {
    if (type == GgufValueType::F32)
        put(out, static_cast<float>(value));
    else
        put(out, value);
}

void putValue(std::string& out, const GgufValue& value) {
    put(out, static_cast<std::uint32_t>(value.type));
    const auto isReal = [](GgufValueType t) { return t == GgufValueType::F32 || t == GgufValueType::F64; };
    if (value.type == GgufValueType::Text) {
        putText(out, value.text);
    } else if (isReal(value.type)) {
        putReal(out, value.type, value.real);
    } else if (value.type != GgufValueType::Array) {
        putWhole(out, value.type, value.integer);
    } else {
        put(out, static_cast<std::uint32_t>(value.element));
        put<std::uint64_t>(out, value.texts.size() + value.reals.size() + value.integers.size());
        for (const auto& text : value.texts) putText(out, text);
        for (const float number : value.reals) putReal(out, value.element, number);
        for (const std::int64_t number : value.integers) putWhole(out, value.element, number);
    }
}

/// Everything before the data, padded to where they begin; `dataBytes` gets their length.
Result<std::string> headerOf(const std::vector<std::pair<std::string, GgufValue>>& metadata,
                             std::span<const GgufTensor> tensors, std::uint64_t& dataBytes) {
    const auto bad = [](std::string what, const std::string& place) {
        return makeError(ErrorCode::InvalidArgument, std::move(what), place);
    };
    std::string header(kMagic, sizeof kMagic);
    put(header, kVersion);
    put<std::uint64_t>(header, tensors.size());
    put<std::uint64_t>(header, metadata.size());
    std::set<std::string> names;
    for (const auto& [key, value] : metadata) {
        const std::string place = "key \"" + printable(key) + "\"";
        if (const auto problem = nameProblem(key, kKeyLimit)) return bad("the name " + *problem, place);
        if (key == kAlignmentKey || !names.insert(key).second) return bad("the name is taken", place);
        if (value.type == GgufValueType::Array && value.element == GgufValueType::Array)
            return bad("an array of arrays is not written", place);
        putText(header, key);
        putValue(header, value);
    }
    names.clear();
    std::uint64_t at = 0;
    for (const GgufTensor& tensor : tensors) {
        const std::string place = "tensor \"" + printable(tensor.name) + "\"";
        if (const auto problem = nameProblem(tensor.name, kNameLimit)) return bad("the name " + *problem, place);
        if (!names.insert(tensor.name).second) return bad("the name is taken", place);
        if (tensor.shape.size() > kMaxDimensions) return bad("has more than four dimensions", place);
        const auto bytes = ggufTensorBytes(tensor.shape, tensor.type);
        if (!bytes)
            return bad(
                "the shape " + shapeText(tensor.shape) + " cannot be written as " + ggmlTypeFacts(tensor.type).name,
                place);
        putText(header, tensor.name);
        put(header, static_cast<std::uint32_t>(tensor.shape.size()));
        for (auto extent = tensor.shape.rbegin(); extent != tensor.shape.rend(); ++extent)
            put(header, static_cast<std::uint64_t>(*extent));
        put(header, static_cast<std::uint32_t>(tensor.type));
        put(header, at);
        at = alignedUp(at + *bytes, kDefaultAlignment);
    }
    header.resize(alignedUp(header.size(), kDefaultAlignment), '\0');
    dataBytes = at;  // the last tensor is padded as well
    return header;
}

}  // namespace

Result<std::uint64_t> ggufFileBytes(const std::vector<std::pair<std::string, GgufValue>>& metadata,
                                    std::span<const GgufTensor> tensors) {
    std::uint64_t dataBytes = 0;
    const std::string header = TRY(headerOf(metadata, tensors, dataBytes));
    return header.size() + dataBytes;
}

Result<void> writeGguf(const std::filesystem::path& path,
                       const std::vector<std::pair<std::string, GgufValue>>& metadata,
                       std::span<const GgufTensor> tensors) {
    std::uint64_t dataBytes = 0;
    const std::string header = TRY_AT(headerOf(metadata, tensors, dataBytes), path.string());
    AtomicFile file = TRY(AtomicFile::create(path));
    TRY_VOID(file.write(header));
    std::vector<std::byte> row;
    for (const GgufTensor& tensor : tensors) {
        const auto columns = static_cast<std::size_t>(tensor.shape.back());
        const std::string place = path.string() + ": tensor \"" + tensor.name + "\"";
        if (tensor.values.size() % columns != 0 || ggmlBytes(tensor.type, tensor.values.size() / columns, columns) !=
                                                       ggufTensorBytes(tensor.shape, tensor.type))
            return makeError(
                ErrorCode::InvalidArgument,
                std::to_string(tensor.values.size()) + " values do not make the shape " + shapeText(tensor.shape),
                place);
        row.resize(ggmlBytes(tensor.type, 1, columns));
        for (std::size_t at = 0; at < tensor.values.size(); at += columns) {
            ggmlEncode(tensor.type, tensor.values.subspan(at, columns), row.data());
            TRY_VOID(file.write(row));
        }
        const std::string padding(alignedUp(file.size(), kDefaultAlignment) - file.size(), '\0');
        TRY_VOID(file.write(padding));
    }
    return file.commit();
}

}  // namespace distillix
