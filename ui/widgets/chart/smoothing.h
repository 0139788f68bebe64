// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

namespace distillix::ui {

/// The exponential moving average that TensorBoard draws and people expect: bias-corrected, so that it begins at the
/// first value and not at 0.
///     a ← w·a + (1-w)·y;   drawn is a / (1 - wⁿ) behind n finite values.
/// Values that are not finite are passed through and change nothing.
class Smoother {
  public:
    explicit Smoother(double weight = 0) : m_weight(weight) {}
    double next(double value);

  private:
    double m_weight, m_average = 0, m_power = 1;
};

/// Keeps a smoothed copy of a column that grows at its end.
class SmoothedColumn {
  public:
    /// 0 (nothing is smoothed) to below 1.
    void setWeight(double weight);
    double weight() const { return m_weight; }
    /// Rows from `kept` on are not what they were.
    void cut(std::size_t kept);
    /// Computes what is missing.
    void follow(const std::vector<double>& values);
    const std::vector<double>& values() const { return m_values; }

  private:
    double m_weight = 0;
    Smoother m_smoother;
    std::vector<double> m_values;
};

}  // namespace distillix::ui
