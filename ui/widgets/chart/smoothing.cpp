// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/chart/smoothing.h"

#include <cmath>

namespace distillix::ui {

double Smoother::next(double value) {
    if (!std::isfinite(value)) return value;
    m_average = m_weight * m_average + (1 - m_weight) * value;
    m_power *= m_weight;
    return m_average / (1 - m_power);
}

void SmoothedColumn::setWeight(double weight) {
    if (weight == m_weight) return;
    m_weight = weight;
    cut(0);
}

void SmoothedColumn::cut(std::size_t kept) {
    // The average behind a row in the middle is not kept: a cut is rare, and a million values take some milliseconds.
    if (kept >= m_values.size()) return;
    m_values.clear();
    m_smoother = Smoother(m_weight);
}

void SmoothedColumn::follow(const std::vector<double>& values) {
    if (m_values.size() > values.size()) cut(0);
    if (m_values.empty()) m_smoother = Smoother(m_weight);
    m_values.reserve(values.size());
    for (std::size_t i = m_values.size(); i < values.size(); ++i) m_values.push_back(m_smoother.next(values[i]));
}

}  // namespace distillix::ui
