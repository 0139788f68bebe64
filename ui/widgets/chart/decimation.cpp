// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/chart/decimation.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace distillix::ui {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kRangeSample = 20000;

bool seen(double y, const ChartView& view) {
    return std::isfinite(y) && (!view.logY || y > 0);
}

/// What is kept of one column of pixels.
struct Column {
    std::size_t first = 0, least = 0, greatest = 0, last = 0;
    bool any = false;   ///< a value that is seen
    bool rows = false;  ///< a row at all
    std::size_t firstRow = 0;

    void add(std::size_t row, double y, bool visible, std::span<const double> values) {
        if (!rows) {
            rows = true;
            firstRow = row;
        }
        if (!visible) return;
        if (!any) {
            any = true;
            first = least = greatest = row;
        }
        if (y < values[least]) least = row;
        if (y > values[greatest]) greatest = row;
        last = row;
    }

    void tell(std::span<const double> x, std::span<const double> y, std::vector<ChartPoint>& out) {
        if (rows && !any) out.push_back({x[firstRow], kNaN});
        if (any) {
            std::size_t order[4] = {first, std::min(least, greatest), std::max(least, greatest), last};
            for (int i = 0; i < 4; ++i)
                if (i == 0 || order[i] != order[i - 1]) out.push_back({x[order[i]], y[order[i]]});
        }
        *this = {};
    }
};

}  // namespace

RowRange visibleRows(std::span<const double> x, double low, double high) {
    const auto first = std::lower_bound(x.begin(), x.end(), low);
    const auto last = std::upper_bound(first, x.end(), high);
    RowRange rows{static_cast<std::size_t>(first - x.begin()), static_cast<std::size_t>(last - x.begin())};
    if (rows.begin > 0) --rows.begin;
    if (rows.end < x.size()) ++rows.end;
    return rows;
}

void decimate(std::span<const double> x, std::span<const double> y, const ChartView& view,
              std::vector<ChartPoint>& out) {
    out.clear();
    if (x.size() != y.size() || x.empty() || !(view.high > view.low)) return;
    RowRange rows = visibleRows(x, view.low, view.high);
    // In log x what lies at 0 and below has no place.
    while (view.logX && rows.begin < rows.end && !(x[rows.begin] > 0)) ++rows.begin;
    const auto columns = static_cast<std::size_t>(std::max(1, view.columns));
    if (rows.end - rows.begin <= columns * 4) {
        for (std::size_t i = rows.begin; i < rows.end; ++i) out.push_back({x[i], seen(y[i], view) ? y[i] : kNaN});
        return;
    }
    out.reserve(columns * 4 + 8);
    const double logLow = view.logX ? std::log(std::max(view.low, x[rows.begin])) : 0;
    const double width = view.logX ? (std::log(view.high) - logLow) / static_cast<double>(columns)
                                   : (view.high - view.low) / static_cast<double>(columns);
    double number = 0;
    const auto boundaryOf = [&](double column) {
        return view.logX ? std::exp(logLow + width * column) : view.low + width * column;
    };
    double boundary = boundaryOf(0);
    Column column;
    for (std::size_t i = rows.begin; i < rows.end; ++i) {
        if (x[i] >= boundary) {
            column.tell(x, y, out);
            if (view.logX)
                number = std::floor((std::log(x[i]) - logLow) / width) + 1;
            else
                number = std::floor((x[i] - view.low) / width) + 1;
            boundary = boundaryOf(number);
            // Rounding may leave the boundary at the point itself.
            if (boundary <= x[i]) boundary = boundaryOf(number + 1);
            // Whatever lies behind the picture is one column.
            if (number > static_cast<double>(columns)) boundary = std::numeric_limits<double>::infinity();
        }
        column.add(i, y[i], seen(y[i], view), y);
    }
    column.tell(x, y, out);
}

ValueRange innerRange(std::span<const double> values, bool positiveOnly) {
    std::vector<double> some;
    const std::size_t stride = std::max<std::size_t>(1, values.size() / kRangeSample);
    some.reserve(values.size() / stride + 1);
    for (std::size_t i = 0; i < values.size(); i += stride)
        if (std::isfinite(values[i]) && (!positiveOnly || values[i] > 0)) some.push_back(values[i]);
    ValueRange range;
    if (some.empty()) return range;
    const auto at = [&](double share) {
        const auto index = static_cast<std::ptrdiff_t>(share * static_cast<double>(some.size() - 1) + 0.5);
        std::nth_element(some.begin(), some.begin() + index, some.end());
        return some[static_cast<std::size_t>(index)];
    };
    range.add(at(0.01));
    range.add(at(0.99));
    return range;
}

}  // namespace distillix::ui
