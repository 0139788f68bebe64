// SPDX-License-Identifier: Apache-2.0
// What watches over a training: outliers of loss and gradient, the validation loss that no longer falls, weights that
// only decay. All but the last decide what is computed, so what they remember belongs to a checkpoint: a resumed run
// decides as one that was never interrupted.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/model/weights.h"

namespace distillix {

/// How far a value lies from the ones before, as llm.c's outlier detector tells it: over the last 128 values, the new
/// one among them, z = (value - mean) / deviation. With the value itself in the window, z is at most sqrt(127) = 11.3.
class OutlierWindow {
  public:
    static constexpr std::size_t kSize = 128;
    /// Takes the value in. Nothing until the window is full, and for a value that is not finite, which is left out.
    std::optional<double> add(double value);
    nlohmann::ordered_json toJson() const;
    void load(const nlohmann::ordered_json& json);

  private:
    std::deque<double> m_values;  ///< oldest first
};

/// The factor of the loss where gradients are kept in half precision, whose smallest number is 6e-8: high enough that
/// they do not vanish, low enough that they do not overflow. Powers of two, so that it changes no digit.
class LossScale {
  public:
    /// Off, the factor is 1 and stays so.
    explicit LossScale(bool on = false) : m_on(on), m_value(on ? kFirst : 1) {}
    double value() const { return m_value; }
    /// A step's gradients are not finite. Halves the factor and is true where that may help: the step is done again.
    bool overflowed();
    /// A step's gradients were finite; after kSteps of these in a row the factor doubles.
    void fitted();
    nlohmann::ordered_json toJson() const;
    void load(const nlohmann::ordered_json& json);

  private:
    static constexpr double kFirst = 65536, kMost = 16777216;
    static constexpr int kSteps = 1000;
    bool m_on;
    double m_value;
    int m_steps = 0;
};

/// Early stopping: validations in a row that did not better the best one. Those before `from` of the schedule's way
/// count for the best alone: the loss of a two-stage or decaying schedule falls at its switch.
class EarlyStop {
  public:
    /// True if it is the best so far.
    bool add(double loss, std::int64_t step, bool counts);
    bool due(int patience) const { return patience > 0 && m_waited >= patience; }
    int waited() const { return m_waited; }
    double best() const { return m_best; }
    std::int64_t bestStep() const { return m_bestStep; }
    nlohmann::ordered_json toJson() const;
    void load(const nlohmann::ordered_json& json);

  private:
    double m_best = std::numeric_limits<double>::infinity();
    std::int64_t m_bestStep = 0;
    int m_waited = 0;
};

/// Tells matrices that shrink by nothing but weight decay: their RMS falls as (1 - lr·wd) per step and no ternary
/// weight flips. That is how training dies unseen, for decay alone keeps every ternary weight as it is while the loss
/// stays low on what was learnt. A matrix that gets updates leaves that line at once, as updates add to its RMS.
class DecayAlarm {
  public:
    /// After a step with this decay (learning rate times weight decay). Returns the names of matrices found so, each
    /// once.
    std::vector<std::string> add(const std::vector<NamedHealth>& health, double decay);

  private:
    struct Watched {
        double rms = 0;    ///< at the window's begin
        double decay = 0;  ///< since then: the sum of -ln(1 - lr·wd)
        double flips = 0;  ///< shares, summed
        bool told = false;
    };
    std::map<std::string, Watched> m_matrices;
};

}  // namespace distillix
