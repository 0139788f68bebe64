// SPDX-License-Identifier: Apache-2.0
// The one list of operations, written for a GPU and implemented by every backend. The model, the trainer and the
// generator are written over it and never see memory, threads or kernels.
//
// Rules that hold for every operation:
//  - Pointers are the backend's own (DevicePtr): the host never follows one. Bytes cross only by copyToDevice and
//    copyToHost.
//  - An operation is queued on the given stream and may run after the call returns; operations of one stream run in the
//    order they were queued. The argument struct, and any host array it points to (lists of tensors), is read before
//    the call returns. There is no default stream.
//  - Scratch memory comes from Exec::workspace, sized by workspaceBytes() for the largest workload; an operation may
//    use all of it and leaves nothing there. Operations of one stream share it; streams do not.
//  - Buffers do not overlap unless a parameter says that it is in place.
//  - "accumulated" means added to what is there; everything else is overwritten.
//  - A wrong shape or an unsupported type is an InvalidArgument or Unsupported error before anything is queued. A
//    failure of the device may come up at a later call or at synchronize().
//  - Results do not depend on the number of threads or on timing: the same inputs give the same bits on one device.
//
// Shapes use SPEC.md's letters: B batch, T tokens, M = B·T rows, d hidden_dim, H heads, Hkv key/value heads, h
// head_dim, F mlp_hidden_dim, V vocabulary. Matrices are row-major.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/base/result.h"
#include "core/quant/weight_format.h"
#include "core/tensor/dtype.h"

namespace distillix {

/// An address in a backend's memory. It can be moved along and handed to an operation, not followed.
template <typename T>
class DevicePtr {
  public:
    constexpr DevicePtr() = default;
    constexpr DevicePtr(std::nullptr_t) {}  // NOLINT
    constexpr explicit DevicePtr(T* address) : m_address(address) {}
    /// T* to const T*.
    template <typename U, typename = std::enable_if_t<std::is_same_v<const U, T>>>
    constexpr DevicePtr(DevicePtr<U> other) : m_address(other.backendAddress()) {}  // NOLINT
    constexpr explicit operator bool() const { return m_address != nullptr; }
    constexpr DevicePtr operator+(std::ptrdiff_t elements) const { return DevicePtr(m_address + elements); }
    template <typename U>
    constexpr DevicePtr<U> as() const {
        return DevicePtr<U>(reinterpret_cast<U*>(m_address));
    }
    /// For backends only.
    constexpr T* backendAddress() const { return m_address; }

  private:
    T* m_address = nullptr;
};

/// An address whose element type the backend's precision decides.
struct TypedPtr {
    DevicePtr<std::byte> data;
    DType type = DType::F32;

    explicit operator bool() const { return static_cast<bool>(data); }
    TypedPtr operator+(std::ptrdiff_t elements) const {
        return {data + elements * static_cast<std::ptrdiff_t>(dtypeBytes(type)), type};
    }
};
inline TypedPtr typed(DevicePtr<float> p) {
    return {p.as<std::byte>(), DType::F32};
}

/// A queue of operations on one device; made and destroyed by its backend.
struct Stream {
    void* handle = nullptr;
};

/// Operations recorded once, to be queued again together; made and destroyed by its backend.
struct Graph {
    void* handle = nullptr;
    explicit operator bool() const { return handle != nullptr; }
};

/// The types a model computes in. Residual stream, statistics, latent weights, gradients of weights and optimizer state
/// are float32 always; sums are accumulated in float32 always.
struct Precision {
    DType activation = DType::F32;  ///< q, k, v, attention output, gate, up, and their gradients
    DType product = DType::F32;     ///< what dense products read: backward, head, Newton-Schulz
    bool operator==(const Precision&) const = default;
};

/// Where and how an operation runs.
struct Exec {
    Stream stream;
    DevicePtr<std::byte> workspace;
    std::size_t workspaceBytes = 0;
    Precision precision;
};

struct BackendInfo {
    std::string name;    ///< "cpu", "cuda", "reference"
    std::string device;  ///< the processor's or card's own name
    std::string level;   ///< "avx512vnni", "avx2", "scalar"; "sm_90"
    int threads = 1;     ///< host threads that work; 1 on a card
    /// Names the layout of prepared weights, version included: bytes kept in a file serve a backend of the same name.
    std::string weightLayout;
    std::uint64_t memoryBytes = 0;
    bool hasBf16 = false;                      ///< 16 bits (those of `mixed`) are faster than F32
    Precision mixed{DType::F32, DType::BF16};  ///< what 16-bit training computes in on this device
};

/// The largest sizes that will be asked for; workspaceBytes() and memory plans are made from it.
struct Workload {
    int rows = 0;      ///< M, tokens of a micro-step or of a prefill chunk
    int sequence = 0;  ///< T
    int hidden = 0, heads = 0, kvHeads = 0, headDim = 0, mlp = 0, vocabulary = 0;
    bool training = false;  ///< backward and optimizer too
    bool losses = true;     ///< headLoss too, which holds many rows' logits at once
};

// ---- linear layers ------------------------------------------------------------------------------------------------

/// A linear layer y = x·Wᵀ, or up to three that share an input, stacked along `out` (q, k, v; gate, up).
struct LinearShape {
    int in = 0;
    int out = 0;                    ///< the sum of `segments`
    std::array<int, 3> segments{};  ///< rows of each stacked matrix; each ternary one has its own γ
    bool ternary = false;           ///< SPEC's BitLinear; false is a plain product
    bool perChannel = false;        ///< γ per output row instead of per matrix
    float quantizationEps = 1e-8f;
    /// How a plain matrix is kept. Other than Latent, the latent weights are read by prepareWeights alone; the head and
    /// the embedding may be kept so, and nothing has a gradient.
    WeightFormat format = WeightFormat::Latent;
};

/// A weight as products read it: the latent matrix and the form that prepareWeights made from it.
struct LinearWeight {
    LinearShape shape;
    DevicePtr<const float> latent;  ///< [out, in]; only prepareWeights needs a ternary or quantized matrix's
    DevicePtr<std::byte> prepared;  ///< preparedBytes() bytes, the backend's own layout; null if that is 0
};

/// What the input of a linear layer is, and what forward keeps of it for backward. Ternary layers use codes and alpha,
/// plain ones use values.
struct LinearInput {
    DevicePtr<std::int8_t> codes;  ///< [M, in] Xq
    DevicePtr<float> alpha;        ///< [M] α = max|x| + eps
    TypedPtr values;               ///< [M, in]
};

/// Health of one prepared matrix (one per segment), so that weights that die are seen.
struct WeightHealth {
    float rms = 0;           ///< of the latent weights
    float meanAbs = 0;       ///< γ without eps
    float zeroFraction = 0;  ///< share of ternary zeros
    float flipFraction = 0;  ///< share of ternary weights that differ from the form prepared before; 0 the first time
};

struct PrepareWeight {
    LinearWeight weight;
    DevicePtr<WeightHealth> health;  ///< one for each segment, or null
    bool first = true;               ///< nothing was prepared here before, so that no flips are counted
};

struct LinearForwardArgs {
    int rows = 0;  ///< M
    LinearWeight weight;
    LinearInput input;
    TypedPtr out;                     ///< [M, out]: x·Wᵀ, plus residual if there is one
    DevicePtr<const float> residual;  ///< [M, out] or null; may be `out` itself (then in place), which is F32 then
};

struct LinearBackwardArgs {
    int rows = 0;
    LinearWeight weight;
    LinearInput input;         ///< as forward kept it
    TypedPtr dOut;             ///< [M, out]
    TypedPtr dInput;           ///< [M, in], or null where nobody needs it
    DevicePtr<float> dWeight;  ///< [out, in] accumulated, or null
};

// ---- norms, activations, rotary positions -------------------------------------------------------------------------

/// RMSNorm (where weight is given), then what the linear layer behind it reads: int8 codes, or values where
/// out.codes is null.
struct NormQuantizeArgs {
    int rows = 0;
    int width = 0;
    TypedPtr x;                     ///< [M, width]
    DevicePtr<const float> weight;  ///< [width], or null: no norm
    float normEps = 1e-6f;
    float quantizationEps = 1e-8f;
    LinearInput out;
    DevicePtr<float> rstd;  ///< [M] 1/sqrt(mean x² + eps), kept for backward; null: not kept
};

struct NormBackwardArgs {
    int rows = 0;
    int width = 0;
    TypedPtr x;                     ///< [M, width] the norm's input
    DevicePtr<const float> weight;  ///< [width]
    DevicePtr<const float> rstd;    ///< [M]
    TypedPtr dOut;                  ///< [M, width]
    TypedPtr dX;                    ///< [M, width]
    bool accumulate = false;        ///< dX += instead of dX = (the residual stream's gradient, in place)
    DevicePtr<float> dWeight;       ///< [width] accumulated
};

/// hidden = silu(gate)·up, then the sub-norm where its weight is given, then codes or values as in NormQuantizeArgs.
struct SwigluArgs {
    int rows = 0;
    int width = 0;                   ///< F
    TypedPtr gateUp;                 ///< [M, 2F]: gate in the first F columns
    DevicePtr<const float> subNorm;  ///< [F] or null
    float normEps = 1e-6f;
    float quantizationEps = 1e-8f;
    LinearInput out;        ///< [M, F]
    DevicePtr<float> rstd;  ///< [M] of the sub-norm; null without it
};

struct SwigluBackwardArgs {
    int rows = 0;
    int width = 0;
    TypedPtr gateUp;  ///< [M, 2F] as forward read it
    DevicePtr<const float> subNorm;
    DevicePtr<const float> rstd;
    TypedPtr dOut;              ///< [M, F] gradient of what the down projection read
    TypedPtr dGateUp;           ///< [M, 2F]; may be gateUp itself (in place)
    DevicePtr<float> dSubNorm;  ///< [F] accumulated; null without it
};

/// Splits [M, (H+2·Hkv)·h] rows (q, then k, then v heads), norms each q and k head where norms are given, and rotates.
struct QkNormRopeArgs {
    int rows = 0;
    int heads = 0, kvHeads = 0, headDim = 0;
    TypedPtr qkv;                  ///< [M, (H+2Hkv)·h], untouched: kept raw for backward; v is read from here
    DevicePtr<const float> qNorm;  ///< [h], or null for none (both or neither)
    DevicePtr<const float> kNorm;  ///< [h]
    float normEps = 1e-6f;
    DevicePtr<const std::int32_t> positions;  ///< [M] position of each token within its document
    DevicePtr<const float> ropeTable;         ///< [positions, h/2, 2]: cos, sin of pos/scaling·base^(-2j/h)
    TypedPtr qk;                              ///< [M, (H+Hkv)·h] out: rotated q, then k
};

struct QkNormRopeBackwardArgs {
    int rows = 0;
    int heads = 0, kvHeads = 0, headDim = 0;
    TypedPtr qkv;  ///< as forward read it
    DevicePtr<const float> qNorm, kNorm;
    float normEps = 1e-6f;
    DevicePtr<const std::int32_t> positions;
    DevicePtr<const float> ropeTable;
    TypedPtr dQk;                     ///< [M, (H+Hkv)·h] gradient of the rotated q and k
    TypedPtr dQkv;                    ///< [M, (H+2Hkv)·h]: q and k columns are written, v's are left alone
    DevicePtr<float> dQNorm, dKNorm;  ///< [h] accumulated; null without norms
};

// ---- attention ----------------------------------------------------------------------------------------------------

/// Causal grouped-query attention over packed documents. No T x T matrix is kept: backward recomputes from lse.
struct AttentionArgs {
    int batch = 0, tokens = 0;  ///< B, T
    int heads = 0, kvHeads = 0, headDim = 0;
    TypedPtr q, k, v;                             ///< head i of token m at [m·stride + i·h]
    int qStride = 0, kStride = 0, vStride = 0;    ///< elements from one token to the next
    DevicePtr<const std::int32_t> documentStart;  ///< [B, T] index in its sequence of the first token of a token's
                                                  ///< document; null: every sequence is one document
    float softCap = 0;                            ///< cap·tanh(s/cap) before the mask; 0: none
    TypedPtr out;                                 ///< [M, H·h]
    DevicePtr<float> lse;                         ///< [B, H, T] log of the sum of exp of a row's capped scores
};

struct AttentionBackwardArgs {
    AttentionArgs forward;  ///< as forward was called, with its `out` and `lse`
    TypedPtr dOut;          ///< [M, H·h]
    TypedPtr dQ, dK, dV;    ///< laid out as q, k, v, with strides of their own; overwritten
    int dQStride = 0, dKStride = 0, dVStride = 0;
};

/// Keys and values of the tokens so far, of one layer: F32, F16 or I8.
struct KvCache {
    TypedPtr keys, values;                    ///< [B, capacity, Hkv, h]
    DevicePtr<float> keyScales, valueScales;  ///< [B, capacity, Hkv], I8 only: value = code·scale, scale = max / 127
    int capacity = 0;
};

/// Writes the new tokens' rotated keys and values behind those that are there.
struct KvAppendArgs {
    int batch = 0, tokens = 0;  ///< T new tokens a sequence
    int kvHeads = 0, headDim = 0;
    TypedPtr k, v;  ///< strided as in AttentionArgs
    int kStride = 0, vStride = 0;
    DevicePtr<const std::int32_t> past;  ///< [B] tokens in the cache before
    KvCache cache;
};

/// Attention of T new tokens (already appended) over everything in the cache: T = 1 decodes, more is a prefill chunk.
struct CachedAttentionArgs {
    int batch = 0, tokens = 0;
    int heads = 0, kvHeads = 0, headDim = 0;
    TypedPtr q;
    int qStride = 0;
    KvCache cache;
    DevicePtr<const std::int32_t> past;  ///< [B] tokens in the cache before these
    float softCap = 0;
    TypedPtr out;  ///< [M, H·h]
};

// ---- embedding, head, loss, sampling ------------------------------------------------------------------------------

struct EmbedArgs {
    int rows = 0, width = 0, vocabulary = 0;
    DevicePtr<const std::int32_t> ids;  ///< [M], each in [0, V): the host checks before it uploads
    DevicePtr<const float> table;       ///< [V, d], or null where `quantized` is read instead
    LinearWeight quantized;             ///< in d, out V, prepared, of a format other than Latent
    DevicePtr<float> out;               ///< [M, d]
};

struct EmbedBackwardArgs {
    int rows = 0, width = 0, vocabulary = 0;
    DevicePtr<const std::int32_t> ids;
    DevicePtr<const float> dOut;  ///< [M, d]
    DevicePtr<float> dTable;      ///< [V, d] accumulated
};

/// logits = cap(x·Eᵀ), all of them.
struct HeadLogitsArgs {
    int rows = 0;
    LinearWeight head;  ///< in d, out V, never ternary; of any format
    TypedPtr x;         ///< [M, d] behind the last norm
    float softCap = 0;
    DevicePtr<float> logits;  ///< [M, V]
};

/// Head, cap, cross-entropy and their gradients, in chunks: logits are never kept. Only the rows that have a target
/// are looked at. The loss of a row is (1-ε)·CE + ε·mean over V of (-log p); with a teacher, w·that + (1-w)·τ²·KL.
struct HeadLossArgs {
    int rows = 0;                              ///< M
    int targetCount = 0;                       ///< n
    LinearWeight head;                         ///< of any format where no gradient is asked for
    TypedPtr x;                                ///< [M, d]
    DevicePtr<const std::int32_t> targetRows;  ///< [n] ascending rows of x that have a target
    DevicePtr<const std::int32_t> targets;     ///< [n] token ids in [0, V)
    float softCap = 0;
    float labelSmoothing = 0;              ///< ε
    DevicePtr<const float> teacherLogits;  ///< [n, V] capped, or null
    float teacherWeight = 1;               ///< w
    float temperature = 1;                 ///< τ
    DevicePtr<float> losses;               ///< [n]
    // Gradients of gradientScale · (sum of the losses); all null for evaluation.
    float gradientScale = 0;  ///< 1 / the step's valid labels
    TypedPtr dX;              ///< [M, d]; rows without a target are set to zero
    DevicePtr<float> dHead;   ///< [V, d] accumulated
};

/// Draws one token a row. First the repetition penalty (Keskar et al. 2019, "CTRL", 4.1, with the sign heeded): the
/// logit z of every id in `recent` becomes z/penalty where z > 0 and z·penalty elsewhere, once however often the id
/// stands there. Candidates then rank by their logits, the lower id first among equals; a NaN ranks last. temperature 0
/// takes the first. Otherwise topK, topP and minP each keep the first so many of what is left, and the draw walks those
/// kept by ascending id and takes the first whose running sum of probabilities exceeds `uniform` times the whole.
struct SampleArgs {
    int rows = 0, vocabulary = 0;
    DevicePtr<const float> logits;  ///< [rows, V]
    float temperature = 1;
    int topK = 0;                 ///< keep the k largest; 0: all
    float topP = 1;               ///< then the smallest set whose probabilities reach p; at least one
    float minP = 0;               ///< then those at least this many times as likely as the likeliest; 0: all
    float repetitionPenalty = 1;  ///< over 0; 1: none
    int recentCount = 0;
    DevicePtr<const std::int32_t> recent;  ///< [rows, recentCount] ids; what is no token id (-1) fills up
    DevicePtr<const float> uniform;        ///< [rows] in [0, 1), from the caller's generator
    DevicePtr<std::int32_t> tokens;        ///< [rows]
};

// ---- optimizer ----------------------------------------------------------------------------------------------------

struct TensorSpan {
    DevicePtr<float> data;
    std::size_t count = 0;
};

struct GradientNormArgs {
    std::span<const TensorSpan> gradients;
    float limit = 0;        ///< clip to this norm; 0: never
    DevicePtr<float> norm;  ///< [2]: unscale·‖g‖, and unscale·min(1, limit/norm), which the optimizers multiply by
    float unscale = 1;      ///< undoes the scale that a loss was given, so that 16-bit gradients do not vanish
};

struct MuonTensor {
    DevicePtr<float> weight, gradient, momentum;  ///< [rows, cols]
    int rows = 0, cols = 0;
};
struct MuonArgs {
    std::span<const MuonTensor> tensors;
    float learningRate = 0, weightDecay = 0, momentum = 0.95f;
    bool matchRmsAdamW = true;             ///< 0.2·sqrt(max(rows, cols)); else sqrt(max(1, rows/cols))
    DevicePtr<const float> gradientScale;  ///< [1] or null for 1
};

struct AdamWTensor {
    DevicePtr<float> weight, gradient, firstMoment, secondMoment;
    std::size_t count = 0;
    bool decay = false;
};
struct AdamWArgs {
    std::span<const AdamWTensor> tensors;
    float learningRate = 0, weightDecay = 0, beta1 = 0.9f, beta2 = 0.95f, eps = 1e-8f;
    std::int64_t step = 1;  ///< 1 for the first update
    DevicePtr<const float> gradientScale;
};

// ---- the backend --------------------------------------------------------------------------------------------------

/// One device. Methods may be called from one thread at a time.
class Backend {
  public:
    virtual ~Backend() = default;
    virtual const BackendInfo& info() const = 0;

    // Memory. Addresses are aligned to 256 bytes; contents are undefined.
    virtual Result<DevicePtr<std::byte>> allocate(std::size_t bytes) = 0;
    virtual void free(DevicePtr<std::byte> memory) = 0;  ///< after the work that uses it is done

    virtual Result<Stream> createStream() = 0;
    virtual void destroyStream(Stream stream) = 0;
    /// Waits for everything queued, and reports what failed.
    virtual Result<void> synchronize(Stream stream) = 0;
    /// `source` may be reused when the call returns.
    virtual Result<void> copyToDevice(Stream stream, DevicePtr<std::byte> target, const void* source,
                                      std::size_t bytes) = 0;
    /// `target` holds the bytes after synchronize().
    virtual Result<void> copyToHost(Stream stream, void* target, DevicePtr<const std::byte> source,
                                    std::size_t bytes) = 0;
    virtual Result<void> copyOnDevice(Stream stream, DevicePtr<std::byte> target, DevicePtr<const std::byte> source,
                                      std::size_t bytes) = 0;
    virtual Result<void> fillZero(Stream stream, DevicePtr<std::byte> target, std::size_t bytes) = 0;

    // Graphs, where starting operations one by one costs as much as running them (a token's decoding on a card).
    // Between beginGraph and endGraph the operations of the stream are recorded with their arguments (addresses, sizes,
    // the workspace) and do not run; copies to or from the host and synchronize() are refused or undefined there. What
    // an operation reads from the backend's memory it reads when the graph runs.
    virtual bool recordsGraphs() const { return false; }
    virtual Result<void> beginGraph(Stream) { return noGraphs(); }
    /// Ends what beginGraph began, also where an operation in between failed.
    virtual Result<Graph> endGraph(Stream) { return noGraphs().takeError(); }
    virtual Result<void> queueGraph(Stream, Graph) { return noGraphs(); }
    virtual void destroyGraph(Graph) {}  ///< after the work that uses it is done

    /// Scratch that the largest operation of this workload needs.
    virtual std::size_t workspaceBytes(const Workload& workload, Precision precision) const = 0;
    /// Bytes of LinearWeight::prepared. `training` includes what backward reads.
    virtual std::size_t preparedBytes(const LinearShape& shape, Precision precision, bool training) const = 0;

    virtual Result<void> prepareWeights(const Exec& exec, std::span<const PrepareWeight> weights, bool training) = 0;
    virtual Result<void> linearForward(const Exec& exec, const LinearForwardArgs& args) = 0;
    virtual Result<void> linearBackward(const Exec& exec, const LinearBackwardArgs& args) = 0;
    virtual Result<void> normQuantize(const Exec& exec, const NormQuantizeArgs& args) = 0;
    virtual Result<void> normBackward(const Exec& exec, const NormBackwardArgs& args) = 0;
    virtual Result<void> swiglu(const Exec& exec, const SwigluArgs& args) = 0;
    virtual Result<void> swigluBackward(const Exec& exec, const SwigluBackwardArgs& args) = 0;
    virtual Result<void> qkNormRope(const Exec& exec, const QkNormRopeArgs& args) = 0;
    virtual Result<void> qkNormRopeBackward(const Exec& exec, const QkNormRopeBackwardArgs& args) = 0;
    virtual Result<void> attention(const Exec& exec, const AttentionArgs& args) = 0;
    virtual Result<void> attentionBackward(const Exec& exec, const AttentionBackwardArgs& args) = 0;
    virtual Result<void> kvAppend(const Exec& exec, const KvAppendArgs& args) = 0;
    virtual Result<void> cachedAttention(const Exec& exec, const CachedAttentionArgs& args) = 0;
    virtual Result<void> embed(const Exec& exec, const EmbedArgs& args) = 0;
    virtual Result<void> embedBackward(const Exec& exec, const EmbedBackwardArgs& args) = 0;
    virtual Result<void> headLogits(const Exec& exec, const HeadLogitsArgs& args) = 0;
    virtual Result<void> headLoss(const Exec& exec, const HeadLossArgs& args) = 0;
    virtual Result<void> sample(const Exec& exec, const SampleArgs& args) = 0;

    // Operations that follow one another. Where starting one costs as much as running it (a token's decoding on a
    // card), a device may do them in one go.
    /// A norm or SwiGLU, then the layer that reads what it made. `linear.out` is not what the first reads.
    virtual Result<void> normLinear(const Exec& exec, const NormQuantizeArgs& norm, const LinearForwardArgs& linear) {
        TRY_VOID(normQuantize(exec, norm));
        return linearForward(exec, linear);
    }
    virtual Result<void> swigluLinear(const Exec& exec, const SwigluArgs& hidden, const LinearForwardArgs& linear) {
        TRY_VOID(swiglu(exec, hidden));
        return linearForward(exec, linear);
    }
    /// New tokens' queries and keys, the keys and values into the cache, attention over it (for all new tokens, or the
    /// last). What `rope.qk` holds behind it is not said.
    virtual Result<void> extendAttention(const Exec& exec, const QkNormRopeArgs& rope, const KvAppendArgs& append,
                                         const CachedAttentionArgs& attention) {
        TRY_VOID(qkNormRope(exec, rope));
        TRY_VOID(kvAppend(exec, append));
        return cachedAttention(exec, attention);
    }

    virtual Result<void> gradientNorm(const Exec& exec, const GradientNormArgs& args) = 0;
    virtual Result<void> muon(const Exec& exec, const MuonArgs& args) = 0;
    virtual Result<void> adamw(const Exec& exec, const AdamWArgs& args) = 0;

  private:
    static Result<void> noGraphs() {
        return makeError(ErrorCode::Unsupported, "this backend records no graphs: ask recordsGraphs() first");
    }
};

}  // namespace distillix
