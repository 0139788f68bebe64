// SPDX-License-Identifier: Apache-2.0
#include "core/infer/packed_model.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "core/base/files.h"
#include "core/base/sha256.h"
#include "core/formats/safetensors.h"
#include "core/model/weights.h"

namespace distillix {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// Where each section lies on the device.
struct PackedModel::Sections {
    std::map<std::string, std::pair<DevicePtr<std::byte>, std::size_t>> at;
};

namespace {

constexpr std::size_t kHeader = 4096;
constexpr std::size_t kAlign = 256;
constexpr std::uint32_t kVersion = 1;
constexpr char kMagic[] = "DXPACKED";
constexpr std::size_t kMostFiles = 16;  // the oldest are removed beyond

std::size_t aligned(std::size_t bytes, std::size_t to) {
    return (bytes + to - 1) / to * to;
}

/// The layers' linear weights and the tables of a packed model.
struct PackedShapes {
    PackedShapes(const ModelConfig& config, WeightFormat format) : layout(config), shapes(config) {
        shapes.head.format = format;
        embedding = shapes.head;
        embedding.format = format == WeightFormat::F16 ? WeightFormat::F16 : WeightFormat::I8;
        separate = !config.tieWordEmbeddings || embedding.format != format;
        for (const Parameter& p : layout.parameters)
            if (p.kind == Parameter::Kind::Norm) norms += p.count();
    }
    ParameterLayout layout;
    LinearShapes shapes;
    LinearShape embedding;
    bool separate;          ///< the embedding has a table of its own
    std::size_t norms = 0;  ///< floats

    std::array<const LinearShape*, 4> projections() const {
        return {&shapes.qkv, &shapes.o, &shapes.gateUp, &shapes.down};
    }
};

/// What a section must hold, by name.
std::map<std::string, std::size_t> sectionBytes(const Backend& backend, const PackedShapes& p) {
    std::size_t layer = 0;
    for (const LinearShape* shape : p.projections()) layer += aligned(backend.preparedBytes(*shape, {}, false), kAlign);
    std::map<std::string, std::size_t> sizes = {
        {"norms", p.norms * sizeof(float)},
        {"projections", layer * p.layout.layers.size()},
        {"head", backend.preparedBytes(p.shapes.head, {}, false)},
    };
    if (p.separate) sizes["embedding"] = backend.preparedBytes(p.embedding, {}, false);
    return sizes;
}

/// What changes whenever a file does, and is had without reading it.
Json stampOf(const struct stat& s) {
    return {{"size", s.st_size},
            {"mtime", static_cast<std::int64_t>(s.st_mtim.tv_sec) * 1'000'000'000 + s.st_mtim.tv_nsec},
            {"ctime", static_cast<std::int64_t>(s.st_ctim.tv_sec) * 1'000'000'000 + s.st_ctim.tv_nsec},
            {"inode", s.st_ino},
            {"device", s.st_dev}};
}

Result<Json> stampOf(const fs::path& path) {
    struct stat s {};
    if (::stat(path.c_str(), &s) != 0) return errnoError("cannot look at", path, errno);
    return stampOf(s);
}

Result<std::string> contentHash(const fs::path& path) {
    const MappedFile file = TRY(MappedFile::open(path));
    return std::to_string(file.bytes().size()) + "-" + std::to_string(crc32c(file.bytes()));
}

std::string headerBytes(const Json& json) {
    const std::string text = json.dump();
    std::string header(kHeader, '\0');
    const std::uint32_t numbers[3] = {kVersion, static_cast<std::uint32_t>(text.size()),
                                      crc32c(std::as_bytes(std::span(text)))};
    std::memcpy(header.data(), kMagic, 8);
    std::memcpy(header.data() + 8, numbers, sizeof numbers);
    std::memcpy(header.data() + 20, text.data(), std::min(text.size(), kHeader - 20));
    return header;
}

/// Where a section lies in the file.
struct Part {
    std::uint64_t offset = 0, bytes = 0;
    std::uint32_t crc = 0;
};

struct Header {
    Json json;  // all of it
    Json key, stamp;
    std::string config, content;
    std::map<std::string, Part> parts;
};

/// The file's header, or why the file is of no use.
Result<Header> parseHeader(std::span<const std::byte> bytes) {
    const auto bad = [](const std::string& what) { return makeError(ErrorCode::InvalidData, what); };
    if (bytes.size() < kHeader || std::memcmp(bytes.data(), kMagic, 8) != 0) return bad("it is no packed model");
    std::uint32_t numbers[3];
    std::memcpy(numbers, bytes.data() + 8, sizeof numbers);
    if (numbers[0] != kVersion) return bad("it is of version " + std::to_string(numbers[0]));
    if (numbers[1] > kHeader - 20) return bad("its header is damaged");
    const std::span<const std::byte> text = bytes.subspan(20, numbers[1]);
    if (crc32c(text) != numbers[2]) return bad("its header is damaged");
    Json json = Json::parse(std::string_view(reinterpret_cast<const char*>(text.data()), text.size()), nullptr, false);
    Header header;
    try {
        header.json = json;
        header.key = json.at("key");
        header.stamp = json.at("stamp");
        header.config = json.at("config").get<std::string>();
        header.content = json.at("content").get<std::string>();
        for (const auto& [name, part] : json.at("sections").items())
            header.parts[name] = {part.at("offset").get<std::uint64_t>(), part.at("bytes").get<std::uint64_t>(),
                                  part.at("crc32c").get<std::uint32_t>()};
    } catch (const Json::exception&) {
        return bad("its header is damaged");
    }
    return header;
}

void removeOldest(const fs::path& folder) {
    std::error_code ignored;
    std::vector<std::pair<fs::file_time_type, fs::path>> files;
    for (const auto& entry : fs::directory_iterator(folder, ignored))
        if (entry.path().extension() == ".packed")
            files.emplace_back(fs::last_write_time(entry.path(), ignored), entry.path());
    std::sort(files.begin(), files.end());
    for (std::size_t i = 0; i + kMostFiles < files.size(); ++i) fs::remove(files[i].second, ignored);
}

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

fs::path packedCacheFolder() {
    const auto variable = [](const char* name) {
        const char* value = std::getenv(name);
        return fs::path(value ? value : "");
    };
    if (const fs::path own = variable("DISTILLIX_CACHE"); !own.empty()) return own / "packed";
    if (const fs::path cache = variable("XDG_CACHE_HOME"); !cache.empty()) return cache / "distillix" / "packed";
    if (const fs::path home = variable("HOME"); !home.empty()) return home / ".cache" / "distillix" / "packed";
    return {};
}

Result<void> PackedModel::build(Runtime& runtime, const ModelConfig& config, WeightFormat head, const Source& source,
                                const Sink& sink) {
    const PackedShapes p(config, head);
    Backend& backend = runtime.backend();
    std::map<std::string, std::size_t> indices;
    for (std::size_t i = 0; i < p.layout.parameters.size(); ++i) indices[p.layout.parameters[i].name] = i;

    std::vector<float> norms;
    for (std::size_t i = 0; i < p.layout.parameters.size(); ++i) {
        const Parameter& parameter = p.layout.parameters[i];
        if (parameter.kind != Parameter::Kind::Norm) continue;
        const std::vector<float> values = TRY(source(parameter, i));
        norms.insert(norms.end(), values.begin(), values.end());
    }
    TRY_VOID(sink("norms", std::as_bytes(std::span(norms))));

    // The prepared form of the matrix, or of those that stand side by side, that begins at parameter `name`.
    const auto prepare = [&](const std::string& section, const LinearShape& shape, std::size_t first) -> Result<void> {
        std::vector<float> latent;
        for (std::size_t i = first, rows = 0; rows < static_cast<std::size_t>(shape.out); ++i) {
            const std::vector<float> part = TRY(source(p.layout.parameters[i], i));
            rows += static_cast<std::size_t>(p.layout.parameters[i].rows);
            if (latent.empty() && rows == static_cast<std::size_t>(shape.out)) {
                latent = part;
            } else {
                latent.insert(latent.end(), part.begin(), part.end());
            }
        }
        const std::size_t bytes = backend.preparedBytes(shape, {}, false);
        const DeviceBuffer values = TRY_AT(DeviceBuffer::create(backend, latent.size() * sizeof(float)), "packing");
        const DeviceBuffer prepared = TRY_AT(DeviceBuffer::create(backend, bytes), "packing");
        TRY_VOID(runtime.upload(values.as<float>(), latent.data(), latent.size()));
        PrepareWeight item;
        item.weight.shape = shape;
        item.weight.latent = values.as<float>();
        item.weight.prepared = prepared.data();
        TRY_VOID(backend.prepareWeights(runtime.exec(), {&item, 1}, false));
        std::vector<std::byte> host(aligned(bytes, section == "projections" ? kAlign : 1));
        TRY_VOID(runtime.download(host.data(), DevicePtr<const std::byte>(prepared.data()), bytes));
        return sink(section, host);
    };
    for (int n = 0; n < config.numLayers; ++n) {
        const std::string prefix = "layers." + std::to_string(n) + ".";
        TRY_VOID(prepare("projections", p.shapes.qkv, indices.at(prefix + "self_attn.q_proj.weight")));
        TRY_VOID(prepare("projections", p.shapes.o, indices.at(prefix + "self_attn.o_proj.weight")));
        TRY_VOID(prepare("projections", p.shapes.gateUp, indices.at(prefix + "mlp.gate_proj.weight")));
        TRY_VOID(prepare("projections", p.shapes.down, indices.at(prefix + "mlp.down_proj.weight")));
    }
    const std::size_t embedding = indices.at("embed_tokens.weight");
    TRY_VOID(prepare("head", p.shapes.head, config.tieWordEmbeddings ? embedding : indices.at("lm_head.weight")));
    if (p.separate) TRY_VOID(prepare("embedding", p.embedding, embedding));
    return {};
}

Result<void> PackedModel::attach(Runtime& runtime, const ModelConfig& config, int positions, WeightFormat head,
                                 const Sections& sections) {
    const PackedShapes p(config, head);
    Backend& backend = runtime.backend();
    m_view.config = config;
    m_view.runtime = &runtime;
    m_view.positions = positions;
    const std::vector<float> rope = ropeTable(config, positions);
    m_rope = TRY_AT(DeviceBuffer::create(backend, rope.size() * sizeof(float)), "rotary table");
    TRY_VOID(runtime.upload(m_rope.as<float>(), rope.data(), rope.size()));
    m_view.ropeTable = m_rope.as<float>();

    DevicePtr<const float> norm = sections.at.at("norms").first.as<float>();
    std::map<std::size_t, DevicePtr<const float>> norms;  // by the layout's offset
    for (const Parameter& parameter : p.layout.parameters) {
        if (parameter.kind != Parameter::Kind::Norm) continue;
        norms[parameter.offset] = norm;
        norm = norm + static_cast<std::ptrdiff_t>(parameter.count());
    }
    const auto normAt = [&](std::size_t offset) {
        return offset == LayerOffsets::npos ? DevicePtr<const float>() : norms.at(offset);
    };
    DevicePtr<std::byte> next = sections.at.at("projections").first;
    const auto take = [&](const LinearShape& shape) {
        LinearWeight weight;
        weight.shape = shape;
        weight.prepared = next;
        next = next + static_cast<std::ptrdiff_t>(aligned(backend.preparedBytes(shape, {}, false), kAlign));
        return weight;
    };
    for (const LayerOffsets& at : p.layout.layers) {
        LayerView layer;
        layer.inputNorm = normAt(at.inputNorm);
        layer.postNorm = normAt(at.postNorm);
        layer.qNorm = normAt(at.qNorm);
        layer.kNorm = normAt(at.kNorm);
        layer.attnSubNorm = normAt(at.attnSubNorm);
        layer.mlpSubNorm = normAt(at.mlpSubNorm);
        layer.qkv = take(p.shapes.qkv);
        layer.o = take(p.shapes.o);
        layer.gateUp = take(p.shapes.gateUp);
        layer.down = take(p.shapes.down);
        m_view.layers.push_back(layer);
    }
    m_view.norm = normAt(p.layout.norm);
    m_view.head.shape = p.shapes.head;
    m_view.head.prepared = sections.at.at("head").first;
    m_view.embeddingTable.shape = p.embedding;
    m_view.embeddingTable.prepared = sections.at.at(p.separate ? "embedding" : "head").first;
    return runtime.synchronize();
}

std::vector<MemoryPart> PackedModel::memory() const {
    std::size_t bytes = 0;
    for (const DeviceBuffer& buffer : m_memory) bytes += buffer.bytes();
    return {{"packed weights", bytes}, {"rotary table", m_rope.bytes()}};
}

Result<PackedModel> PackedModel::inMemory(Runtime& runtime, const ModelConfig& config, int positions, WeightFormat head,
                                          const Source& source) {
    PackedModel model;
    const PackedShapes p(config, head);
    Sections sections;
    std::map<std::string, std::size_t> filled;
    for (const auto& [name, bytes] : sectionBytes(runtime.backend(), p)) {
        model.m_memory.push_back(TRY_AT(DeviceBuffer::create(runtime.backend(), bytes), "packed weights"));
        sections.at[name] = {model.m_memory.back().data(), bytes};
    }
    const auto sink = [&](const std::string& section, std::span<const std::byte> bytes) -> Result<void> {
        std::size_t& at = filled[section];
        TRY_VOID(runtime.upload(sections.at.at(section).first + static_cast<std::ptrdiff_t>(at), bytes.data(),
                                bytes.size()));
        at += bytes.size();
        return {};
    };
    TRY_VOID(build(runtime, config, head, source, sink));
    TRY_VOID(model.attach(runtime, config, positions, head, sections));
    return model;
}

Result<PackedModel> PackedModel::random(Runtime& runtime, const ModelConfig& config, int positions, std::uint64_t seed,
                                        WeightFormat head) {
    return inMemory(runtime, config, positions, head,
                    [&](const Parameter& p, std::size_t index) -> Result<std::vector<float>> {
                        return initialValues(p, index, seed);
                    });
}

Result<PackedModel> PackedModel::open(Runtime& runtime, const ModelConfig& config, const fs::path& weightsFile,
                                      int positions, const PackOptions& options) {
    const double start = now();
    if (!config.useBitlinear)
        return makeError(ErrorCode::Unsupported, "a model without ternary weights (use_bitlinear) is not packed");
    if (options.head == WeightFormat::Latent)
        return makeError(ErrorCode::InvalidArgument, "a packed model's head is float16, int8, int6 or int4");
    Backend& backend = runtime.backend();
    const PackedShapes p(config, options.head);
    const auto sizes = sectionBytes(backend, p);
    const std::string configText = modelConfigToJson(config).dump();

    // Everything is checked as ModelWeights::load does, before it is prepared.
    std::optional<SafetensorsFile> file;
    const Source source = [&](const Parameter& parameter, std::size_t) -> Result<std::vector<float>> {
        std::vector<float> values = TRY(file->floats(parameter.name, parameter.shape()));
        const auto bad = std::find_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); });
        if (bad != values.end())
            return makeError(ErrorCode::InvalidData, "tensor \"" + parameter.name +
                                                         "\" holds a value that is not finite, at element " +
                                                         std::to_string(bad - values.begin()));
        file->forget(parameter.name);  // as much memory as the model was trained in is not needed here
        return values;
    };
    const auto openSource = [&]() -> Result<void> {
        file = TRY(SafetensorsFile::open(weightsFile));
        for (const SafetensorsEntry& entry : file->entries())
            if (!p.layout.find(entry.name))
                return makeError(ErrorCode::InvalidData,
                                 "holds a tensor \"" + entry.name + "\" that this configuration has no place for");
        return {};
    };
    const auto withoutCache = [&](const std::string& note) -> Result<PackedModel> {
        TRY_VOID(openSource());
        PackedModel model = TRY(inMemory(runtime, config, positions, options.head, source));
        model.m_note = note;
        model.m_seconds = now() - start;
        return model;
    };
    const fs::path folder = options.cacheFolder.empty() ? packedCacheFolder() : options.cacheFolder;
    if (!options.useCache) return withoutCache("");
    if (folder.empty()) return withoutCache("no cache folder is known (set DISTILLIX_CACHE)");

    std::error_code failed;
    const fs::path absolute = fs::weakly_canonical(weightsFile, failed);
    const Json stamp = TRY(stampOf(weightsFile));
    const Json key = {{"layout", backend.info().weightLayout},
                      {"head", weightFormatName(options.head)},
                      {"weights", absolute.string()}};
    const fs::path path = folder / (sha256Hex(key.dump()).substr(0, 32) + ".packed");

    /// The model from the file, or why it is of no use.
    const auto load = [&]() -> Result<PackedModel> {
        const auto stale = [](const std::string& what) { return makeError(ErrorCode::InvalidData, what); };
        PackedModel model;
        const MappedFile mapped = TRY(MappedFile::open(path));
        const std::span<const std::byte> bytes = mapped.bytes();
        Header header = TRY(parseHeader(bytes));
        if (header.key != key || header.config != configText) return stale("it is of another configuration");
        if (header.stamp != stamp) {
            const std::string content = TRY(contentHash(weightsFile));
            if (header.content != content) return stale("the weights have changed");
            // The same bytes at another time or place: noted, so that they are not hashed again.
            header.json["stamp"] = stamp;
            const auto write = [&]() -> Result<void> {
                AtomicFile again = TRY(AtomicFile::create(path));
                TRY_VOID(again.write(headerBytes(header.json)));
                TRY_VOID(again.write(bytes.subspan(kHeader)));
                return again.commit();
            };
            // The file is as good as before where this cannot be noted.
            if (const auto noted = write(); !noted.ok())
                model.m_note =
                    "that the weights are still the same could not be noted, so that they are read whole at "
                    "each start: " +
                    noted.error().text();
        }
        Sections sections;
        for (const auto& [name, size] : sizes) {
            const Part at = header.parts[name];
            if (at.offset % kHeader != 0 || at.offset < kHeader || at.offset > bytes.size() ||
                bytes.size() - at.offset < size || at.bytes != size)
                return stale("its part \"" + name + "\" is cut off or of another size");
            const std::span<const std::byte> part = bytes.subspan(at.offset, size);
            if (crc32c(part) != at.crc) return stale("its part \"" + name + "\" is damaged");
            // Copied, not read where it is mapped: 15 ms, and the device's memory has huge pages. A token reads all of
            // it, and from a file's small pages a Zen 3 got a quarter less of its memory's bandwidth.
            model.m_memory.push_back(TRY_AT(DeviceBuffer::create(backend, size), "packed weights"));
            TRY_VOID(runtime.upload(model.m_memory.back().data(), part.data(), size));
            sections.at[name] = {model.m_memory.back().data(), size};
        }
        TRY_VOID(model.attach(runtime, config, positions, options.head, sections));  // waits for the copies
        model.m_cacheFile = path;
        return model;
    };
    std::string note;
    if (fs::exists(path, failed)) {
        Result<PackedModel> model = load();
        if (model.ok()) {
            model->m_fromCache = true;
            model->m_seconds = now() - start;
            return model;
        }
        note = "the packed model was made anew: " + model.error().message;
    }

    TRY_VOID(openSource());
    fs::create_directories(folder, failed);
    const auto write = [&]() -> Result<void> {
        removeStalePartials(folder);
        AtomicFile out = TRY(AtomicFile::create(path));
        const std::string content = TRY(contentHash(weightsFile));
        Json header = {{"key", key}, {"config", configText}, {"stamp", stamp}, {"content", content}};
        TRY_VOID(out.write(std::string(kHeader, '\0')));
        std::string current;
        std::uint32_t crc = 0;
        std::uint64_t offset = 0;
        const auto finish = [&] {
            if (!current.empty())
                header["sections"][current] = {{"offset", offset}, {"bytes", out.size() - offset}, {"crc32c", crc}};
        };
        const auto sink = [&](const std::string& section, std::span<const std::byte> bytes) -> Result<void> {
            if (section != current) {
                finish();
                TRY_VOID(out.write(std::string(aligned(out.size(), kHeader) - out.size(), '\0')));
                current = section;
                offset = out.size();
                crc = 0;
            }
            crc = crc32c(bytes, crc);
            return out.write(bytes);
        };
        TRY_VOID(build(runtime, config, options.head, source, sink));
        finish();
        // Whoever changed the weights meanwhile gets a file that is stale at once.
        const std::string first = headerBytes(header);
        TRY_VOID(out.writeAt(0, std::as_bytes(std::span(first))));
        return out.commit();
    };
    const Result<void> written = write();
    // What is wrong with the weights is found, and told, by reading them again.
    if (!written.ok())
        return withoutCache("the packed model could not be kept, so that it is made anew at each start: " +
                            written.error().text());
    removeOldest(folder);
    Result<PackedModel> model = load();
    if (!model.ok()) return withoutCache("the packed model was kept, but cannot be read: " + model.error().text());
    if (model->m_note.empty()) model->m_note = note;
    model->m_seconds = now() - start;
    return model;
}

}  // namespace distillix
