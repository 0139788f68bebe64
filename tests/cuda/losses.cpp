// SPDX-License-Identifier: Apache-2.0
// The same training on the processor and on the emulated card: how far the losses of 200 steps lie apart.
#include <cmath>

#include "tests/support/cuda_emulated_device.h"
#include "tests/train/trainer_fixture.h"

namespace distillix::cuda {
namespace {

class CudaLosses : public Trainer {
  protected:
    std::vector<double> lossesOn(const std::string& device, const std::string& precision) {
        m_device.device = device;
        m_config.precision = precision;
        const std::string run = device + "-" + precision;
        const auto outcome = train(run);
        EXPECT_TRUE(outcome.ok()) << (outcome.ok() ? "" : outcome.error().text());
        return losses(run);
    }
};

TEST_F(CudaLosses, LieBesideTheProcessorsOver200Steps) {
    m_config.steps = 200;
    m_config.accumulation = 1;
    m_config.sampleEvery = m_config.checkpointEvery = m_config.validateEvery = 0;
    const std::vector<double> expected = lossesOn("cpu", "float32");
    ASSERT_EQ(expected.size(), 200u);
    EXPECT_LT(expected.back(), 0.7 * expected.front()) << "nothing was learnt";
    for (const std::string precision : {"float32", "bfloat16"}) {
        SCOPED_TRACE(precision);
        const std::vector<double> ours = lossesOn(kEmulatedDevice, precision);
        ASSERT_EQ(ours.size(), expected.size());
        double sum = 0, most = 0;
        for (std::size_t i = 0; i < ours.size(); ++i) {
            const double apart = std::abs(ours[i] - expected[i]) / expected[i];
            sum += apart;
            most = std::max(most, apart);
        }
        const double mean = sum / static_cast<double>(ours.size());
        std::printf("%s: apart by %.1e in the mean, %.1e at most; the last %.4f, the processor's %.4f\n",
                    precision.c_str(), mean, most, ours.back(), expected.back());
        // An activation that rounds the other way leads to other weights soon: they part as two seeds' rounding does.
        EXPECT_LT(mean, 0.03);
    }
}

}  // namespace
}  // namespace distillix::cuda
