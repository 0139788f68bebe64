// SPDX-License-Identifier: Apache-2.0
// A model that only answers: ternary weights as its device's kernels read them (2 bits each on the CPU), the head and
// the embedding quantized, nothing trainable. The 100M preset is 44 MB of it where its latent weights are 400.
//
// It is made once from a model folder and kept in a file of the user's cache folder, from which it is copied (through a
// mapping) from then on. The file is named after the weights' path, the head's type and the device's layout
// (BackendInfo::weightLayout). It is good as long as the weights file's size, times, inode and device are those that
// were noted, or, where they are not (a copy, a touch), its content has the checksum that was noted: hashing 400 MB at
// every start would cost more than the rest.
//
// FILE (little-endian): 4096 bytes of header: "DXPACKED", version u32 (1), JSON length u32, CRC-32C of the JSON u32,
// JSON, zeros; then sections, each at a multiple of 4096 with its CRC-32C in the JSON:
//   norms      every norm of the layout, float32, one behind the other
//   projections  qkv, o, gateUp, down of each layer, prepared, each at a multiple of 256
//   head       prepared; the embedding too where it is tied and of 8 bits or more
//   embedding  otherwise: a table of its own (int8, or float16 beside a float16 head)
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/model/parameters.h"
#include "core/model/view.h"

namespace distillix {

struct PackOptions {
    WeightFormat head = WeightFormat::I8;  ///< not Latent
    bool useCache = true;                  ///< false: made in memory each time
    std::filesystem::path cacheFolder;     ///< empty: packedCacheFolder()
};

/// $DISTILLIX_CACHE, or $XDG_CACHE_HOME/distillix, or ~/.cache/distillix; plus "/packed". Empty where none is known.
std::filesystem::path packedCacheFolder();

class PackedModel {
  public:
    /// `weightsFile` is a model.safetensors that `config` belongs to. Rotary tables reach `positions` tokens. Refuses
    /// what ModelWeights::load refuses; a cache file that is damaged, stale or of another version is made anew, and one
    /// that cannot be written is done without (note() says so). Unsupported for a model without ternary weights. The
    /// runtime must have been made for a workload with the model's widths.
    static Result<PackedModel> open(Runtime& runtime, const ModelConfig& config,
                                    const std::filesystem::path& weightsFile, int positions,
                                    const PackOptions& options = {});
    /// SPEC's initial weights, in memory: for measuring without a model.
    static Result<PackedModel> random(Runtime& runtime, const ModelConfig& config, int positions, std::uint64_t seed,
                                      WeightFormat head = WeightFormat::I8);

    /// For InferenceSession and TrainingPass. Stays good when this object is moved.
    const ModelView& view() const { return m_view; }
    std::vector<MemoryPart> memory() const;

    bool fromCache() const { return m_fromCache; }  ///< nothing had to be prepared
    double openSeconds() const { return m_seconds; }
    const std::filesystem::path& cacheFile() const { return m_cacheFile; }  ///< empty: in memory
    const std::string& note() const { return m_note; }  ///< why the cache was made anew or not used; may be empty

  private:
    PackedModel() = default;
    using Source = std::function<Result<std::vector<float>>(const Parameter&, std::size_t index)>;
    using Sink = std::function<Result<void>(const std::string& section, std::span<const std::byte> bytes)>;
    struct Sections;

    static Result<void> build(Runtime& runtime, const ModelConfig& config, WeightFormat head, const Source& source,
                              const Sink& sink);
    Result<void> attach(Runtime& runtime, const ModelConfig& config, int positions, WeightFormat head,
                        const Sections& sections);
    static Result<PackedModel> inMemory(Runtime& runtime, const ModelConfig& config, int positions, WeightFormat head,
                                        const Source& source);

    ModelView m_view;
    std::vector<DeviceBuffer> m_memory;
    DeviceBuffer m_rope;
    bool m_fromCache = false;
    double m_seconds = 0;
    std::filesystem::path m_cacheFile;
    std::string m_note;
};

}  // namespace distillix
