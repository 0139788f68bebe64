// SPDX-License-Identifier: Apache-2.0
#include "core/train/time_left.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace distillix {
using Json = nlohmann::ordered_json;

void TimeLeft::add(Mean& mean, double seconds) {
    // The plain mean of the first ten, then one that follows.
    mean.count = std::min(mean.count + 1, 10);
    mean.seconds += (seconds - mean.seconds) / mean.count;
}

double TimeLeft::seconds(const TrainConfig& config, std::int64_t step, double elapsed, std::int64_t validationTokens,
                         bool samples) const {
    if (m_step.count == 0) return -1;
    const double tokens = static_cast<double>(config.batch) * config.tokens * config.accumulation;
    // A validation is a forward, a step a forward and twice that in backward.
    const double validation = m_validation.count > 0
                                  ? m_validation.seconds
                                  : m_step.seconds * static_cast<double>(validationTokens) / tokens / 3;
    const double atTheEnd = validation + m_checkpoint.seconds + (samples ? m_samples.seconds : 0);
    double left = INFINITY;
    // The time given covers what happens on the way; what the end brings comes on top.
    if (config.minutes > 0) left = std::max(0.0, config.minutes * 60 - elapsed) + atTheEnd;
    if (config.steps > 0) {
        const std::int64_t end = config.steps;
        // Multiples of `every` that are still to come, the end itself left out.
        const auto times = [&](std::int64_t every) {
            return every > 0 ? std::max<std::int64_t>(0, (end - 1) / every - step / every) : 0;
        };
        // A checkpoint is validated too; where both fall on one step it is done once.
        std::int64_t both = 0;
        if (config.validateEvery > 0 && config.checkpointEvery > 0) {
            const std::int64_t divisor = std::gcd(config.validateEvery, config.checkpointEvery);
            if (config.validateEvery / divisor <= end / config.checkpointEvery)
                both = times(config.validateEvery / divisor * config.checkpointEvery);
        }
        const auto validations =
            static_cast<double>(times(config.validateEvery) + times(config.checkpointEvery) - both);
        const auto checkpoints = static_cast<double>(times(config.checkpointEvery));
        double way = static_cast<double>(std::max<std::int64_t>(0, end - step)) * m_step.seconds +
                     validations * validation + checkpoints * m_checkpoint.seconds;
        if (samples) way += static_cast<double>(times(config.sampleEvery)) * m_samples.seconds;
        if (config.checkpointMinutes > 0)
            way +=
                std::max(0.0, std::floor(way / (config.checkpointMinutes * 60)) - checkpoints) * m_checkpoint.seconds;
        left = std::min(left, way + atTheEnd);
    }
    return left;
}

Json TimeLeft::toJson() const {
    Json json = Json::object();
    for (const auto& [name, mean] : {std::pair("step", &m_step), std::pair("validation", &m_validation),
                                     std::pair("samples", &m_samples), std::pair("checkpoint", &m_checkpoint)})
        if (mean->count > 0) json[name] = mean->seconds;
    return json;
}

void TimeLeft::load(const Json& json) {
    for (const auto& [name, mean] : {std::pair("step", &m_step), std::pair("validation", &m_validation),
                                     std::pair("samples", &m_samples), std::pair("checkpoint", &m_checkpoint)}) {
        const auto found = json.find(name);
        *mean = found != json.end() && found->is_number() ? Mean{found->get<double>(), 1} : Mean{};
    }
}

}  // namespace distillix
