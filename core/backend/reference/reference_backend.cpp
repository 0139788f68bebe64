// SPDX-License-Identifier: Apache-2.0
#include "core/backend/reference/reference_backend.h"

#include <cstring>
#include <new>

#include "core/backend/arguments.h"
#include "core/backend/reference/reference_kernels.h"

namespace distillix {

namespace {

constexpr std::align_val_t kAlignment{256};

Error outOfMemory(const std::string& what) {
    return makeError(ErrorCode::OutOfMemory, "not enough memory for " + what, "reference");
}

/// Runs an operation whose arguments were found right; a failed std::vector becomes an Error.
template <typename Args>
Result<void> run(Result<void> check, Result<void> (*operation)(const Args&), const Args& args) {
    TRY_VOID(std::move(check));
    try {
        return operation(args);
    } catch (const std::bad_alloc&) {
        return outOfMemory("an operation's temporary values");
    }
}

template <typename Args>
Result<void> run(Result<void> (*operation)(const Args&), const Args& args) {
    return run(checkArguments(args), operation, args);
}

class ReferenceBackend final : public Backend {
  public:
    ReferenceBackend() {
        m_info.name = "reference";
        m_info.device = "plain loops";
        m_info.level = "scalar";
        m_info.weightLayout = "reference/1";
    }

    const BackendInfo& info() const override { return m_info; }

    Result<DevicePtr<std::byte>> allocate(std::size_t bytes) override {
        void* memory = ::operator new(bytes > 0 ? bytes : 1, kAlignment, std::nothrow);
        if (!memory) return outOfMemory(std::to_string(bytes) + " bytes");
        return DevicePtr<std::byte>(static_cast<std::byte*>(memory));
    }
    void free(DevicePtr<std::byte> memory) override { ::operator delete(memory.backendAddress(), kAlignment); }

    Result<Stream> createStream() override { return Stream{}; }
    void destroyStream(Stream) override {}
    Result<void> synchronize(Stream) override { return {}; }
    Result<void> copyToDevice(Stream, DevicePtr<std::byte> target, const void* source, std::size_t bytes) override {
        if (bytes > 0) std::memcpy(target.backendAddress(), source, bytes);
        return {};
    }
    Result<void> copyToHost(Stream, void* target, DevicePtr<const std::byte> source, std::size_t bytes) override {
        if (bytes > 0) std::memcpy(target, source.backendAddress(), bytes);
        return {};
    }
    Result<void> copyOnDevice(Stream, DevicePtr<std::byte> target, DevicePtr<const std::byte> source,
                              std::size_t bytes) override {
        if (bytes > 0) std::memcpy(target.backendAddress(), source.backendAddress(), bytes);
        return {};
    }
    Result<void> fillZero(Stream, DevicePtr<std::byte> target, std::size_t bytes) override {
        if (bytes > 0) std::memset(target.backendAddress(), 0, bytes);
        return {};
    }

    std::size_t workspaceBytes(const Workload&, Precision) const override { return 0; }
    std::size_t preparedBytes(const LinearShape& shape, Precision, bool) const override {
        return reference::preparedBytes(shape);
    }

    Result<void> prepareWeights(const Exec&, std::span<const PrepareWeight> weights, bool) override {
        for (const PrepareWeight& weight : weights) {
            TRY_VOID(checkArguments(weight));
            TRY_VOID(checkPrepared(weight.weight, "prepareWeights"));
        }
        return reference::prepareWeights(weights);
    }
    Result<void> linearForward(const Exec&, const LinearForwardArgs& args) override {
        TRY_VOID(checkPrepared(args.weight, "linearForward"));
        return run(reference::linearForward, args);
    }
    Result<void> linearBackward(const Exec&, const LinearBackwardArgs& args) override {
        TRY_VOID(checkPrepared(args.weight, "linearBackward"));
        return run(reference::linearBackward, args);
    }
    Result<void> normQuantize(const Exec&, const NormQuantizeArgs& args) override {
        return run(reference::normQuantize, args);
    }
    Result<void> normBackward(const Exec&, const NormBackwardArgs& args) override {
        return run(reference::normBackward, args);
    }
    Result<void> swiglu(const Exec&, const SwigluArgs& args) override { return run(reference::swiglu, args); }
    Result<void> swigluBackward(const Exec&, const SwigluBackwardArgs& args) override {
        return run(reference::swigluBackward, args);
    }
    Result<void> qkNormRope(const Exec&, const QkNormRopeArgs& args) override {
        return run(reference::qkNormRope, args);
    }
    Result<void> qkNormRopeBackward(const Exec&, const QkNormRopeBackwardArgs& args) override {
        return run(reference::qkNormRopeBackward, args);
    }
    Result<void> attention(const Exec&, const AttentionArgs& args) override { return run(reference::attention, args); }
    Result<void> attentionBackward(const Exec&, const AttentionBackwardArgs& args) override {
        return run(reference::attentionBackward, args);
    }
    Result<void> kvAppend(const Exec&, const KvAppendArgs& args) override { return run(reference::kvAppend, args); }
    Result<void> cachedAttention(const Exec&, const CachedAttentionArgs& args) override {
        return run(reference::cachedAttention, args);
    }
    Result<void> embed(const Exec&, const EmbedArgs& args) override { return run(reference::embed, args); }
    Result<void> embedBackward(const Exec&, const EmbedBackwardArgs& args) override {
        return run(reference::embedBackward, args);
    }
    Result<void> headLogits(const Exec&, const HeadLogitsArgs& args) override {
        return run(reference::headLogits, args);
    }
    Result<void> headLoss(const Exec&, const HeadLossArgs& args) override { return run(reference::headLoss, args); }
    Result<void> sample(const Exec&, const SampleArgs& args) override { return run(reference::sample, args); }
    Result<void> gradientNorm(const Exec&, const GradientNormArgs& args) override {
        return run(reference::gradientNorm, args);
    }
    Result<void> muon(const Exec&, const MuonArgs& args) override { return run(reference::muon, args); }
    Result<void> adamw(const Exec&, const AdamWArgs& args) override { return run(reference::adamw, args); }

  private:
    static Result<void> checkPrepared(const LinearWeight& weight, const char* operation) {
        if (weight.shape.ternary && !weight.prepared)
            return makeError(ErrorCode::InvalidArgument, "weight.prepared is missing", operation);
        return {};
    }

    BackendInfo m_info;
};

}  // namespace

std::unique_ptr<Backend> makeReferenceBackend() {
    return std::make_unique<ReferenceBackend>();
}

}  // namespace distillix
