// SPDX-License-Identifier: Apache-2.0
#include "core/formats/pt.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <limits>
#include <set>

#include <zip.h>

#include "core/base/utf8.h"
#include "core/formats/pickle.h"
#include "core/formats/tensor_values.h"

namespace distillix {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPickleName = "/data.pkl";
constexpr std::int64_t kMostEntries = 1 << 18;
constexpr std::size_t kMostDimensions = 16;

Error badAt(const fs::path& path, std::string what) {
    return makeError(ErrorCode::InvalidData, std::move(what), path.string());
}

Error badTensor(const fs::path& path, const std::string& name, std::string what) {
    return makeError(ErrorCode::InvalidData, std::move(what), path.string() + ": tensor \"" + name + "\"");
}

struct ZipError {
    zip_error_t error;
    ZipError() { zip_error_init(&error); }
    ~ZipError() { zip_error_fini(&error); }
    ZipError(const ZipError&) = delete;
    ZipError& operator=(const ZipError&) = delete;
};

}  // namespace

/// The zip: entries by their names behind "ARCHIVE/".
struct PtFile::Archive {
    struct Entry {
        zip_uint64_t index = 0, bytes = 0;
    };
    fs::path path;
    zip_t* zip = nullptr;
    std::map<std::string, Entry> entries;

    Archive() = default;
    Archive(const Archive&) = delete;
    Archive& operator=(const Archive&) = delete;
    ~Archive() {
        if (zip) zip_discard(zip);
    }

    static Result<std::unique_ptr<Archive>> open(const fs::path& path) {
        auto archive = std::make_unique<Archive>();
        archive->path = path;
        std::uint64_t fileBytes = 0;
        {
            const MappedFile file = TRY(MappedFile::open(path));  // refuses folders and pipes, by name
            fileBytes = file.bytes().size();
            const auto begins = [&](std::string_view magic) { return file.text().substr(0, magic.size()) == magic; };
            if (begins("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46"))
                return makeError(ErrorCode::Unsupported,
                                 "is a .pt file of before PyTorch 1.6, which is no zip; load it in PyTorch and save it "
                                 "again",
                                 path.string());
            if (!begins("PK")) return badAt(path, "is no .pt file: it does not begin as a zip");
        }
        int code = 0;
        archive->zip = zip_open(path.c_str(), ZIP_RDONLY, &code);
        if (!archive->zip) {
            ZipError error;
            zip_error_init_with_code(&error.error, code);
            return badAt(path, std::string("is no whole zip: ") + zip_error_strerror(&error.error));
        }
        TRY_VOID(archive->list(fileBytes));
        return archive;
    }

    Result<void> list(std::uint64_t fileBytes) {
        const zip_int64_t count = zip_get_num_entries(zip, 0);
        if (count > kMostEntries) return badAt(path, "its zip has over " + std::to_string(kMostEntries) + " entries");
        std::map<std::string, Entry> all;
        std::vector<std::string> pickles;
        std::uint64_t total = 0;
        for (zip_int64_t i = 0; i < count; ++i) {
            zip_stat_t stat;
            zip_stat_init(&stat);
            if (zip_stat_index(zip, static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW, &stat) != 0 || !stat.name)
                return badAt(path, "entry " + std::to_string(i) + " of its zip is damaged");
            const std::string name = stat.name, shown = utf8Replaced(name.substr(0, 80));
            const auto bad = [&](const std::string& what) {
                return badAt(path, "the zip's entry \"" + shown + "\" " + what);
            };
            constexpr zip_uint64_t needed =
                ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
            if ((stat.valid & needed) != needed) return bad("lacks its size");
            if (stat.encryption_method != ZIP_EM_NONE) return bad("is encrypted");
            // torch.save stores; and what is not compressed cannot unfold into more than the file.
            if (stat.comp_method != ZIP_CM_STORE) return bad("is compressed, which torch.save never does");
            if (stat.size != stat.comp_size || stat.size > fileBytes) return bad("is larger than the file");
            total += stat.size;
            if (total > fileBytes) return bad("overlaps another: all entries together are larger than the file");
            if (!all.emplace(name, Entry{static_cast<zip_uint64_t>(i), stat.size}).second) return bad("is there twice");
            if (name.ends_with(kPickleName) && std::count(name.begin(), name.end(), '/') == 1) pickles.push_back(name);
        }
        if (pickles.size() != 1)
            return badAt(path, pickles.empty() ? "is a zip, but no .pt file: it holds no ARCHIVE/data.pkl"
                                               : "holds two archives: " + utf8Replaced(pickles[0].substr(0, 80)) +
                                                     " and " + utf8Replaced(pickles[1].substr(0, 80)));
        const std::string prefix = pickles[0].substr(0, pickles[0].size() - kPickleName.size() + 1);
        for (auto& [name, entry] : all)
            if (name.starts_with(prefix)) entries.emplace(name.substr(prefix.size()), entry);
        return {};
    }

    Result<std::string> read(const std::string& name) const {
        const auto found = entries.find(name);
        if (found == entries.end())
            return badAt(path, "its zip has no entry \"" + utf8Replaced(name.substr(0, 80)) + "\"");
        const auto damaged = [&](const std::string& why) {
            return badAt(path, "the zip's entry \"" + utf8Replaced(name.substr(0, 80)) + "\" cannot be read: " + why);
        };
        std::string bytes;
        try {
            bytes.resize(static_cast<std::size_t>(found->second.bytes));
        } catch (const std::exception&) {
            return makeError(ErrorCode::OutOfMemory, std::to_string(found->second.bytes) + " bytes are needed",
                             path.string());
        }
        zip_file_t* file = zip_fopen_index(zip, found->second.index, 0);
        if (!file) return damaged(zip_strerror(zip));
        std::size_t used = 0;
        std::string why;
        while (true) {
            char beyond = 0;  // the end must be reached, for only there the checksum is compared
            const bool full = used == bytes.size();
            const zip_int64_t got =
                zip_fread(file, full ? &beyond : bytes.data() + used, full ? 1 : bytes.size() - used);
            if (got < 0) why = zip_file_strerror(file);
            if (got > 0 && full) why = "it is longer than it says";
            if (got == 0 && !full) why = "it is cut short";
            if (got <= 0 || full) break;
            used += static_cast<std::size_t>(got);
        }
        zip_fclose(file);
        if (!why.empty()) return damaged(why);
        return bytes;
    }
};

PtFile::PtFile(std::unique_ptr<Archive> archive) : m_archive(std::move(archive)) {}
PtFile::PtFile(PtFile&&) noexcept = default;
PtFile& PtFile::operator=(PtFile&&) noexcept = default;
PtFile::~PtFile() = default;

std::uint64_t PtEntry::elements() const {
    return elementsOf(shape).value_or(0);
}

namespace {

using Kind = PickleNode::Kind;

/// What a tree says of tensors, checked as far as it goes without the storages themselves.
class StateDictReader {
  public:
    StateDictReader(const PickleTree& tree, const fs::path& path) : m_tree(tree), m_path(path) {}

    std::vector<PtEntry> entries;
    std::map<std::string, std::pair<DType, std::uint64_t>> storages;  ///< type and elements, by key
    std::string place;
    std::vector<std::string> others;

    Result<void> run() {
        const PickleNode& root = m_tree.at(m_tree.root);
        if (root.kind != Kind::Dict) return badAt(m_path, "its pickle is no dict, so it is no state dict");
        const PickleNode* weights = &root;
        for (std::size_t i = 0; i < root.items.size(); i += 2) {
            const PickleNode& key = m_tree.at(root.items[i]);
            if (key.kind == Kind::Text && key.text == "model_state_dict") {
                weights = &m_tree.at(root.items[i + 1]);
                place = key.text;
                if (weights->kind != Kind::Dict) return badAt(m_path, "its \"model_state_dict\" is no dict");
            }
        }
        if (weights != &root) noteOthers(root);
        std::set<std::string> names;
        for (std::size_t i = 0; i < weights->items.size(); i += 2) {
            const PickleNode& key = m_tree.at(weights->items[i]);
            const PickleNode& value = m_tree.at(weights->items[i + 1]);
            if (value.kind != Kind::Call && weights == &root) {
                if (key.kind == Kind::Text) others.push_back(key.text);
                continue;
            }
            if (key.kind != Kind::Text) return badAt(m_path, "its state dict has a key that is no text");
            if (const auto problem = tensorNameProblem(key.text)) return badAt(m_path, *problem);
            if (!names.insert(key.text).second) return badTensor(m_path, key.text, "stands in the state dict twice");
            entries.push_back(TRY(tensor(key.text, value)));
        }
        if (entries.empty()) return badAt(m_path, "holds no tensor, neither at the top nor under \"model_state_dict\"");
        return {};
    }

  private:
    void noteOthers(const PickleNode& dict) {
        for (std::size_t i = 0; i < dict.items.size(); i += 2) {
            const PickleNode& key = m_tree.at(dict.items[i]);
            if (key.kind == Kind::Text && key.text != place) others.push_back(key.text);
        }
    }

    /// Of a tuple of at least `count` items.
    const std::vector<std::uint32_t>* tupleOf(const PickleNode& node, std::size_t least, std::size_t most) const {
        return node.kind == Kind::Tuple && node.items.size() >= least && node.items.size() <= most ? &node.items
                                                                                                   : nullptr;
    }

    Result<std::vector<std::int64_t>> integers(const std::string& name, const PickleNode& node,
                                               const char* what) const {
        const auto* items = tupleOf(node, 0, kMostDimensions);
        if (!items) return badTensor(m_path, name, std::string("its ") + what + " is no tuple of at most 16 numbers");
        std::vector<std::int64_t> values;
        for (const std::uint32_t item : *items) {
            const PickleNode& value = m_tree.at(item);
            if (value.kind != Kind::Integer || value.integer < 0)
                return badTensor(m_path, name,
                                 std::string("its ") + what + " holds something else than whole numbers from 0 up");
            values.push_back(value.integer);
        }
        return values;
    }

    Result<PtEntry> tensor(const std::string& name, const PickleNode& given) {
        const PickleNode* node = &given;
        const auto isCall = [&](PickleName which) { return node->kind == Kind::Call && node->name == which; };
        if (isCall(PickleName::RebuildParameter)) {
            const auto* arguments = tupleOf(m_tree.at(node->items[1]), 1, 3);
            if (!arguments) return badTensor(m_path, name, "is a parameter of no tensor");
            node = &m_tree.at((*arguments)[0]);  // once: a parameter of a parameter is nothing PyTorch writes
        }
        if (!isCall(PickleName::RebuildTensor)) return badTensor(m_path, name, "is no tensor");
        const auto* arguments = tupleOf(m_tree.at(node->items[1]), 4, 7);
        if (!arguments) return badTensor(m_path, name, "its description has too few or too many parts");

        PtEntry entry;
        entry.name = name;
        const std::uint64_t available = TRY(storage(entry, m_tree.at((*arguments)[0])));
        const PickleNode& offset = m_tree.at((*arguments)[1]);
        if (offset.kind != Kind::Integer || offset.integer < 0)
            return badTensor(m_path, name, "its offset is no whole number from 0 up");
        entry.offset = static_cast<std::uint64_t>(offset.integer);
        entry.shape = TRY(integers(name, m_tree.at((*arguments)[2]), "shape"));
        entry.strides = TRY(integers(name, m_tree.at((*arguments)[3]), "strides"));
        if (entry.shape.size() != entry.strides.size())
            return badTensor(m_path, name,
                             "has " + std::to_string(entry.shape.size()) + " dimensions, but " +
                                 std::to_string(entry.strides.size()) + " strides");
        TRY_VOID(checkExtent(entry, available));
        return entry;
    }

    /// Fills the type and the key; returns how many elements the storage has.
    Result<std::uint64_t> storage(PtEntry& entry, const PickleNode& node) {
        const auto bad = [&](const char* what) { return badTensor(m_path, entry.name, what); };
        if (node.kind != Kind::Persistent) return bad("has no storage");
        const auto* parts = tupleOf(m_tree.at(node.items[0]), 5, 5);
        if (!parts) return bad("its storage is not described by five parts");
        const PickleNode &tag = m_tree.at((*parts)[0]), &type = m_tree.at((*parts)[1]), &key = m_tree.at((*parts)[2]),
                         &count = m_tree.at((*parts)[4]);
        if (tag.kind != Kind::Text || tag.text != "storage") return bad("its storage is called something else");
        if (type.kind != Kind::Name || type.name != PickleName::Storage) return bad("its storage has no type");
        if (key.kind != Kind::Text || key.text.empty() || key.text.find('/') != std::string::npos)
            return bad("its storage has no key");
        if (count.kind != Kind::Integer || count.integer < 0) return bad("its storage has no length");
        entry.type = type.type;
        entry.storage = key.text;
        const auto elements = static_cast<std::uint64_t>(count.integer);
        const auto known = storages.emplace(key.text, std::pair(type.type, elements));
        if (!known.second && known.first->second != std::pair(type.type, elements))
            return bad("its storage is described in two ways");
        return elements;
    }

    Result<void> checkExtent(const PtEntry& entry, std::uint64_t available) const {
        const auto elements = elementsOf(entry.shape);
        if (!elements) return badTensor(m_path, entry.name, "its shape " + shapeText(entry.shape) + " is too large");
        if (entry.offset > available)
            return badTensor(
                m_path, entry.name,
                "begins at element " + std::to_string(entry.offset) + " of a storage of " + std::to_string(available));
        if (*elements == 0) return {};
        // A stride of 0 repeats elements without end, so the number of elements is held to the storage's, too.
        std::uint64_t last = entry.offset;
        for (std::size_t i = 0; i < entry.shape.size(); ++i) {
            std::uint64_t reach = 0;
            if (__builtin_mul_overflow(static_cast<std::uint64_t>(entry.shape[i] - 1),
                                       static_cast<std::uint64_t>(entry.strides[i]), &reach) ||
                __builtin_add_overflow(last, reach, &last))
                last = std::numeric_limits<std::uint64_t>::max();
            if (last == std::numeric_limits<std::uint64_t>::max()) break;
        }
        if (last >= available || *elements > available)
            return badTensor(m_path, entry.name,
                             "of shape " + shapeText(entry.shape) + " and strides " + shapeText(entry.strides) +
                                 " reaches beyond its storage of " + std::to_string(available) + " elements");
        return {};
    }

    const PickleTree& m_tree;
    const fs::path& m_path;
};

}  // namespace

Result<PtFile> PtFile::open(const fs::path& path) try {
    PtFile file(TRY(Archive::open(path)));
    file.m_path = path;
    const Archive& archive = *file.m_archive;
    if (archive.entries.count("byteorder") && TRY(archive.read("byteorder")) != "little")
        return makeError(ErrorCode::Unsupported, "was written on a big-endian machine", path.string());
    const std::string pickle = TRY(archive.read("data.pkl"));
    const PickleTree tree = TRY_AT(readPickle(pickle), path.string());
    StateDictReader reader(tree, path);
    TRY_VOID(reader.run());
    for (const auto& [key, storage] : reader.storages) {
        const auto found = archive.entries.find("data/" + key);
        if (found == archive.entries.end())
            return badAt(path, "the storage \"" + key.substr(0, 80) + "\" is missing from its zip");
        std::uint64_t bytes = 0;
        if (__builtin_mul_overflow(storage.second, dtypeBytes(storage.first), &bytes) || bytes != found->second.bytes)
            return badAt(path, "the storage \"" + key.substr(0, 80) + "\" of " + std::to_string(storage.second) +
                                   " elements has " + std::to_string(found->second.bytes) + " bytes in the zip");
    }
    file.m_entries = std::move(reader.entries);
    file.m_place = std::move(reader.place);
    file.m_others = std::move(reader.others);
    for (std::size_t i = 0; i < file.m_entries.size(); ++i) file.m_index.emplace(file.m_entries[i].name, i);
    return file;
} catch (const std::exception& error) {
    return makeError(ErrorCode::OutOfMemory, std::string("cannot be read: ") + error.what(), path.string());
}

const PtEntry* PtFile::find(const std::string& name) const {
    const auto found = m_index.find(name);
    return found == m_index.end() ? nullptr : &m_entries[found->second];
}

Result<std::vector<float>> PtFile::floats(const PtEntry& entry) const try {
    if (!isFloating(entry.type))
        return badTensor(
            m_path, entry.name,
            "is of type " + std::string(dtypeName(entry.type)) + ", but floating-point numbers are needed");
    const std::string bytes = TRY(m_archive->read("data/" + entry.storage));
    const auto* data = reinterpret_cast<const std::byte*>(bytes.data());
    std::vector<float> values(entry.elements());
    if (values.empty()) return values;
    std::int64_t dense = 1;
    bool contiguous = true;
    for (std::size_t i = entry.shape.size(); i-- > 0;) {
        contiguous = contiguous && (entry.shape[i] == 1 || entry.strides[i] == dense);
        dense *= entry.shape[i];
    }
    if (contiguous) {
        const std::size_t width = dtypeBytes(entry.type);
        floatsFrom(entry.type, std::span(data + entry.offset * width, values.size() * width), values);
        return values;
    }
    std::vector<std::int64_t> index(entry.shape.size(), 0);
    std::uint64_t at = entry.offset;
    for (float& value : values) {
        value = floatAt(entry.type, data, at);
        for (std::size_t i = index.size(); i-- > 0;) {  // the next index, innermost first
            at += static_cast<std::uint64_t>(entry.strides[i]);
            if (++index[i] < entry.shape[i]) break;
            at -= static_cast<std::uint64_t>(entry.strides[i] * entry.shape[i]);
            index[i] = 0;
        }
    }
    return values;
} catch (const std::exception& error) {
    return makeError(ErrorCode::OutOfMemory, std::string("cannot be read: ") + error.what(),
                     m_path.string() + ": tensor \"" + entry.name + "\"");
}

// ---- writing ------------------------------------------------------------------------------------------------------

namespace {

const char* storageName(DType type) {
    switch (type) {
        case DType::F32:
            return "FloatStorage";
        case DType::F16:
            return "HalfStorage";
        case DType::BF16:
            return "BFloat16Storage";
        case DType::F64:
            return "DoubleStorage";
        case DType::I8:
            return "CharStorage";
        case DType::U8:
            return "ByteStorage";
        case DType::I32:
            return "IntStorage";
        case DType::I64:
            return "LongStorage";
    }
    return "?";
}

Result<std::string> stateDictPickle(const fs::path& path, std::span<const SafetensorsTensor> tensors) {
    PickleWriter pickle;
    std::set<std::string> names;
    pickle.emptyOrderedDict();
    pickle.mark();
    for (std::size_t t = 0; t < tensors.size(); ++t) {
        const SafetensorsTensor& tensor = tensors[t];
        const auto bad = [&](const std::string& what) {
            return makeError(ErrorCode::InvalidArgument, what, path.string() + ": tensor \"" + tensor.name + "\"");
        };
        if (const auto problem = tensorNameProblem(tensor.name)) return bad(*problem);
        if (utf8FirstInvalid(tensor.name) != std::string::npos) return bad("the name is no UTF-8");
        if (!names.insert(tensor.name).second) return bad("the name is taken");
        const auto elements = elementsOf(tensor.shape);
        if (!elements || *elements * dtypeBytes(tensor.type) != tensor.bytes.size())
            return bad("shape " + shapeText(tensor.shape) + " does not make " + std::to_string(tensor.bytes.size()) +
                       " bytes");
        std::vector<std::int64_t> strides(tensor.shape.size(), 1);
        for (std::size_t i = strides.size(); i-- > 1;)
            strides[i - 1] = strides[i] * std::max<std::int64_t>(tensor.shape[i], 1);
        pickle.text(tensor.name);
        pickle.name("torch._utils", "_rebuild_tensor_v2");
        pickle.mark();
        pickle.mark();
        pickle.text("storage");
        pickle.name("torch", storageName(tensor.type));
        pickle.text(std::to_string(t));
        pickle.text("cpu");
        pickle.integer(static_cast<std::int64_t>(*elements));
        pickle.tuple();
        pickle.persistent();
        pickle.integer(0);
        pickle.integers(tensor.shape);
        pickle.integers(strides);
        pickle.boolean(false);      // requires_grad
        pickle.emptyOrderedDict();  // backward hooks
        pickle.tuple();
        pickle.call();
    }
    pickle.setItems();
    return pickle.finish();
}

/// Lets libzip write into an AtomicFile. libzip writes an entry's header anew when its checksum is known.
struct ZipTarget {
    AtomicFile* file = nullptr;
    std::uint64_t at = 0;
    std::optional<Error> failure;
    ZipError error;

    static zip_int64_t callback(void* self, void* data, zip_uint64_t length, zip_source_cmd_t command) {
        return static_cast<ZipTarget*>(self)->answer(data, length, command);
    }

    zip_int64_t failed(Error why) {
        if (!failure) failure = std::move(why);
        zip_error_set(&error.error, ZIP_ER_WRITE, EIO);
        return -1;
    }

    zip_int64_t write(std::span<const std::byte> bytes) {
        const std::uint64_t before = std::min<std::uint64_t>(bytes.size(), file->size() - at);
        if (before > 0) {
            auto written = file->writeAt(at, bytes.first(before));
            if (!written.ok()) return failed(written.takeError());
        }
        if (before < bytes.size()) {
            auto written = file->write(bytes.subspan(before));
            if (!written.ok()) return failed(written.takeError());
        }
        at += bytes.size();
        return static_cast<zip_int64_t>(bytes.size());
    }

    zip_int64_t answer(void* data, zip_uint64_t length, zip_source_cmd_t command) {
        switch (command) {
            case ZIP_SOURCE_SUPPORTS:
                return zip_source_make_command_bitmap(
                    ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR,
                    ZIP_SOURCE_FREE, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL, ZIP_SOURCE_BEGIN_WRITE, ZIP_SOURCE_WRITE,
                    ZIP_SOURCE_COMMIT_WRITE, ZIP_SOURCE_ROLLBACK_WRITE, ZIP_SOURCE_SEEK_WRITE, ZIP_SOURCE_TELL_WRITE,
                    ZIP_SOURCE_REMOVE, -1);
            case ZIP_SOURCE_STAT:  // nothing is there yet
                zip_error_set(&error.error, ZIP_ER_READ, ENOENT);
                return -1;
            case ZIP_SOURCE_ERROR:
                return zip_error_to_data(&error.error, data, length);
            case ZIP_SOURCE_WRITE:
                return write({static_cast<const std::byte*>(data), static_cast<std::size_t>(length)});
            case ZIP_SOURCE_SEEK_WRITE: {
                const zip_int64_t target = zip_source_seek_compute_offset(at, file->size(), data, length, &error.error);
                if (target < 0) return -1;
                at = static_cast<std::uint64_t>(target);
                return 0;
            }
            case ZIP_SOURCE_TELL_WRITE:
                return static_cast<zip_int64_t>(at);
            case ZIP_SOURCE_BEGIN_WRITE:
            case ZIP_SOURCE_COMMIT_WRITE:
            case ZIP_SOURCE_ROLLBACK_WRITE:
            case ZIP_SOURCE_REMOVE:
            case ZIP_SOURCE_FREE:
                return 0;
            default:
                zip_error_set(&error.error, ZIP_ER_OPNOTSUPP, 0);
                return -1;
        }
    }
};

}  // namespace

Result<void> writePt(const fs::path& path, std::span<const SafetensorsTensor> tensors) {
    const std::string pickle = TRY(stateDictPickle(path, tensors));
    AtomicFile file = TRY(AtomicFile::create(path));
    ZipTarget target;
    target.file = &file;
    const auto failed = [&](const char* what) {
        return target.failure
                   ? std::move(*target.failure)
                   : makeError(ErrorCode::Io, std::string("the zip cannot be written: ") + what, path.string());
    };

    ZipError error;
    zip_source_t* source = zip_source_function_create(&ZipTarget::callback, &target, &error.error);
    if (!source) return failed(zip_error_strerror(&error.error));
    zip_t* zip = zip_open_from_source(source, ZIP_CREATE | ZIP_TRUNCATE, &error.error);
    if (!zip) {
        zip_source_free(source);
        return failed(zip_error_strerror(&error.error));
    }
    const std::string archive = "archive/";
    const auto add = [&](const std::string& name, const void* data, std::size_t bytes) {
        zip_source_t* buffer = zip_source_buffer(zip, data, bytes, 0);  // not copied: `tensors` outlives the zip
        if (!buffer) return false;
        const zip_int64_t index = zip_file_add(zip, (archive + name).c_str(), buffer, ZIP_FL_ENC_UTF_8);
        if (index < 0) {
            zip_source_free(buffer);
            return false;
        }
        // No time of day: the same weights make the same file.
        return zip_set_file_compression(zip, static_cast<zip_uint64_t>(index), ZIP_CM_STORE, 0) == 0 &&
               zip_file_set_mtime(zip, static_cast<zip_uint64_t>(index), 315532800, 0) == 0;
    };
    static constexpr char kVersion[] = "3\n", kByteOrder[] = "little";
    bool added = add("data.pkl", pickle.data(), pickle.size()) && add("byteorder", kByteOrder, sizeof kByteOrder - 1);
    for (std::size_t t = 0; added && t < tensors.size(); ++t)
        added = add("data/" + std::to_string(t), tensors[t].bytes.data(), tensors[t].bytes.size());
    added = added && add("version", kVersion, sizeof kVersion - 1);
    if (!added || zip_close(zip) != 0) {
        const std::string why = zip_strerror(zip);
        zip_discard(zip);
        return failed(why.c_str());
    }
    return file.commit();
}

}  // namespace distillix
