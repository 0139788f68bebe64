// SPDX-License-Identifier: Apache-2.0
#include "core/train/guards.h"

#include <algorithm>
#include <cmath>

#include "core/base/json.h"

namespace distillix {
using Json = nlohmann::ordered_json;

std::optional<double> OutlierWindow::add(double value) {
    if (!std::isfinite(value)) return {};
    m_values.push_back(value);
    if (m_values.size() > kSize) m_values.pop_front();
    if (m_values.size() < kSize) return {};
    // Summed anew each time and in order: running sums would differ between a run and its resumption.
    double sum = 0, squares = 0;
    for (const double v : m_values) sum += v;
    const double mean = sum / kSize;
    for (const double v : m_values) squares += (v - mean) * (v - mean);
    const double deviation = std::sqrt(squares / kSize);
    return deviation > 0 ? (value - mean) / deviation : 0.0;
}

Json OutlierWindow::toJson() const {
    return Json(std::vector<double>(m_values.begin(), m_values.end()));
}

void OutlierWindow::load(const Json& json) {
    m_values.clear();
    if (!json.is_array()) return;
    for (const auto& value : json)
        if (value.is_number()) m_values.push_back(value.get<double>());
    while (m_values.size() > kSize) m_values.pop_front();
}

bool LossScale::overflowed() {
    m_steps = 0;
    if (!m_on || m_value <= 1) return false;
    m_value /= 2;
    return true;
}

void LossScale::fitted() {
    if (!m_on || ++m_steps < kSteps) return;
    m_steps = 0;
    m_value = std::min(m_value * 2, kMost);
}

nlohmann::ordered_json LossScale::toJson() const {
    return {{"value", m_value}, {"steps", m_steps}};
}

void LossScale::load(const nlohmann::ordered_json& json) {
    if (!m_on || !json.is_object()) return;
    m_value = std::clamp(json.value("value", kFirst), 1.0, kMost);
    m_steps = std::clamp(json.value("steps", 0), 0, kSteps);
}

bool EarlyStop::add(double loss, std::int64_t step, bool counts) {
    if (loss < m_best) {
        m_best = loss;
        m_bestStep = step;
        m_waited = 0;
        return true;
    }
    m_waited = counts ? m_waited + 1 : 0;
    return false;
}

Json EarlyStop::toJson() const {
    return {
        {"best", std::isfinite(m_best) ? Json(m_best) : Json(nullptr)}, {"bestStep", m_bestStep}, {"waited", m_waited}};
}

void EarlyStop::load(const Json& json) {
    *this = EarlyStop();
    if (!json.is_object() || !json.contains("best") || !json["best"].is_number()) return;
    m_best = json["best"].get<double>();
    m_bestStep = memberOr(json, "bestStep", std::int64_t{0});
    m_waited = memberOr(json, "waited", 0);
}

std::vector<std::string> DecayAlarm::add(const std::vector<NamedHealth>& health, double decay) {
    constexpr double kWindow = 0.05;    // of the weights' size: the RMS, a float32, is then known to 1e-5 of it
    constexpr double kShare = 0.97;     // of the fall that decay alone explains
    constexpr double kFlipping = 1e-5;  // summed over a window; a matrix that learns flips that much in a few steps
    std::vector<std::string> found;
    for (const NamedHealth& h : health) {
        Watched& matrix = m_matrices[h.name];
        const double rms = static_cast<double>(h.health.rms);
        if (matrix.rms == 0) {
            matrix.rms = rms;
            continue;
        }
        if (decay > 0 && decay < 1) matrix.decay -= std::log1p(-decay);
        matrix.flips += static_cast<double>(h.health.flipFraction);
        if (matrix.decay < kWindow || !(rms > 0)) continue;
        const double fall = std::log(matrix.rms / rms);
        if (!matrix.told && matrix.flips < kFlipping && fall > kShare * matrix.decay && fall < matrix.decay / kShare) {
            matrix.told = true;
            found.push_back(h.name);
        }
        matrix.rms = rms;
        matrix.decay = matrix.flips = 0;
    }
    return found;
}

}  // namespace distillix
