// SPDX-License-Identifier: Apache-2.0
// A model with a key/value cache: tokens go in once, each next token costs one row.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/model/weights.h"

namespace distillix {

/// The workload of a session, for Runtime::create.
Workload sessionWorkload(const ModelConfig& config, int chunk);

/// How a token is drawn: the fields of SampleArgs (core/backend/ops.h), for one row.
struct TokenChoice {
    float temperature = 1;
    int topK = 0;
    float topP = 1, minP = 0, repetitionPenalty = 1;
    std::span<const std::int32_t> recent{};  ///< what the penalty is on; at most a session's capacity of ids
    float uniform = 0;                       ///< in [0, 1)
};

/// One sequence. The model must outlive it; its weights may be prepared anew between calls if reset() follows.
/// One thread at a time.
class InferenceSession {
  public:
    /// Room for `capacity` tokens (at most the weights' positions); prefill runs in chunks of `chunk` rows.
    /// `cache` is the key/value cache's type: F32, F16 (the usual) or I8 (half of that, one scale a key).
    static Result<InferenceSession> create(const ModelView& model, int capacity, int chunk, DType cache);
    /// Over trainable weights, with a cache of float32: as exact as training is.
    static Result<InferenceSession> create(const ModelWeights& weights, int capacity, int chunk);
    InferenceSession(InferenceSession&&) noexcept;
    InferenceSession& operator=(InferenceSession&&) noexcept;
    ~InferenceSession();

    int capacity() const;
    int length() const;  ///< tokens in the cache
    const std::vector<std::int32_t>& tokens() const;

    /// Appends tokens, so that logits() and sample() give what the last of them leads to. It queues the work: what
    /// fails on the device shows there, or at wait(). InvalidArgument where they do not fit or are no tokens: the cache
    /// is then as it was.
    Result<void> append(std::span<const std::int32_t> ids);
    /// Waits until what was appended is computed: for those who measure.
    Result<void> wait();
    /// Forgets all but the first `length` tokens.
    void truncate(int length);
    void reset() { truncate(0); }
    /// Makes the cache hold exactly `ids`: keeps what it shares with them from the start and computes the rest; the
    /// last token is always computed, so that its logits are at hand. Returns how many were kept.
    Result<int> setTokens(std::span<const std::int32_t> ids);

    /// Logits [V] behind the last appended token, after the cap.
    Result<std::vector<float>> logits();
    /// Draws the next token from them. It is not appended.
    Result<std::int32_t> sample(const TokenChoice& choice);

  private:
    struct State;
    explicit InferenceSession(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

}  // namespace distillix
