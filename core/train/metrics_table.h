// SPDX-License-Identifier: Apache-2.0
// The numbers of a run's metrics.jsonl as columns, for whoever draws or compares them. It follows the file by offset as
// RunTail does, and is some twenty times as fast: half a million steps (twelve hours of a small model) take well under
// a second.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace distillix {

/// Rows are the steps that count, ascending; what a resume made void is gone. Not thread-safe.
class MetricsTable {
  public:
    explicit MetricsTable(const std::filesystem::path& run);
    ~MetricsTable();
    MetricsTable(MetricsTable&&) noexcept;
    MetricsTable& operator=(MetricsTable&&) noexcept;

    struct Change {
        std::size_t kept = 0;  ///< rows from before that stand unchanged
        std::size_t rows = 0;  ///< rows now; those from `kept` on are new
        bool atEnd = true;     ///< false: there is more to read, call again
        bool any(std::size_t before) const { return kept != before || rows != before; }
    };
    /// Reads on, some `atMostBytes` at a time. A file that is not there yet has nothing; one that became shorter (the
    /// folder was replaced) is read anew. Lines that are no metrics, and steps that do not ascend, are counted and
    /// passed over; half a line at the end waits.
    Result<Change> poll(std::size_t atMostBytes = std::size_t{64} << 20);

    std::size_t rows() const;
    /// Names as the file has them ("step" first), in the order in which they first appeared.
    const std::vector<std::string>& names() const;
    /// As many values as rows; NaN where a line has none or null. Null for a name that no line has.
    const std::vector<double>* column(std::string_view name) const;
    const std::vector<double>& column(std::size_t index) const;

    std::int64_t brokenLines() const;

  private:
    struct State;
    std::unique_ptr<State> m_state;
};

}  // namespace distillix
