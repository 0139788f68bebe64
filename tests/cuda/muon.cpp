// SPDX-License-Identifier: Apache-2.0
// Muon on the emulated card: the same bits in every order of threads, and whether a tensor is updated alone or together
// with others of its shape.
#include "tests/cuda/device_fixture.h"

namespace distillix::cuda {
namespace {

struct Muon : OnEmulatedCard {
    struct Shape {
        int rows, cols;
    };
    /// The weights behind one update of all tensors in one call, or of each in a call of its own.
    std::vector<std::vector<float>> update(const std::vector<Shape>& shapes, Precision precision, bool together,
                                           float scale) {
        std::vector<MuonTensor> tensors;
        for (std::size_t i = 0; i < shapes.size(); ++i) {
            const std::size_t count = static_cast<std::size_t>(shapes[i].rows * shapes[i].cols);
            MuonTensor tensor;
            tensor.rows = shapes[i].rows;
            tensor.cols = shapes[i].cols;
            tensor.weight = upload(normalValues(count, 3 * i, 0.02));
            tensor.gradient = upload(normalValues(count, 3 * i + 1, scale));
            tensor.momentum = upload(normalValues(count, 3 * i + 2, scale));
            tensors.push_back(tensor);
        }
        Workload workload;
        workload.training = true;
        workload.hidden = 64;
        workload.mlp = 150;
        Exec exec = execFor(workload, precision);
        MuonArgs args;
        args.learningRate = 0.02f;
        args.weightDecay = 0.1f;
        const std::span<const MuonTensor> all(tensors);
        for (std::size_t i = 0; i < tensors.size(); i += together ? tensors.size() : 1) {
            args.tensors = all.subspan(i, together ? tensors.size() : 1);
            EXPECT_OK(backend->muon(exec, args));
        }
        std::vector<std::vector<float>> weights;
        for (const MuonTensor& tensor : tensors)
            weights.push_back(download(tensor.weight, static_cast<std::size_t>(tensor.rows * tensor.cols)));
        return weights;
    }
};

const std::vector<Muon::Shape> kShapes = {{40, 64}, {64, 40}, {40, 64}, {64, 150}, {40, 64}, {150, 64}};

TEST_F(Muon, GroupsAndOrdersOfThreadsChangeNoBit) {
    for (const Precision precision :
         {Precision{}, Precision{DType::BF16, DType::BF16}, Precision{DType::F16, DType::F16}}) {
        SCOPED_TRACE(std::string(dtypeName(precision.product)));
        const auto expected = update(kShapes, precision, false, 1);
        for (const emulation::Order order :
             {emulation::Order::Forward, emulation::Order::Backward, emulation::Order::Shuffled}) {
            emulation::setOptions({order, 11, 0});
            EXPECT_EQ(update(kShapes, precision, true, 1), expected);
        }
    }
}

TEST_F(Muon, WhatIsNotFiniteBecomesNoStepOfZero) {
    for (const auto& weights : update({{40, 64}}, {}, true, INFINITY)) {
        EXPECT_FALSE(std::isfinite(weights[0]));
    }
}

TEST_F(Muon, AWorkspaceThatIsTooSmallSaysByHowMuch) {
    MuonTensor tensor;
    tensor.rows = tensor.cols = 64;
    tensor.weight = tensor.gradient = tensor.momentum = device<float>(64 * 64);
    MuonArgs args;
    args.tensors = {&tensor, 1};
    Exec exec;
    exec.stream = stream;
    exec.workspace = device<std::byte>(4096);
    exec.workspaceBytes = 4096;
    const Result<void> refused = backend->muon(exec, args);
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().text().find("too small by"), std::string::npos) << refused.error().text();
}

}  // namespace
}  // namespace distillix::cuda
