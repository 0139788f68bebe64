// SPDX-License-Identifier: GPL-3.0-or-later
// A million points on a thousand pixels: of those that fall into one column of pixels only the first, the least, the
// greatest and the last can be seen, so only those are drawn. The picture is the same.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace distillix::ui {

struct ChartView {
    double low = 0, high = 1;  ///< range of x that is seen
    int columns = 1;           ///< of pixels
    bool logX = false;         ///< columns are of equal width in log x; points at x <= 0 cannot be seen
    bool logY = false;         ///< values <= 0 cannot be seen: as NaN
};

struct ChartPoint {
    double x, y;
};

/// Rows whose x is seen, and one more on either side, so that lines leave the picture where they should. `x` ascends.
struct RowRange {
    std::size_t begin = 0, end = 0;
};
RowRange visibleRows(std::span<const double> x, double low, double high);

/// At most four points a column (and the rows just outside), in order. NaN where a line breaks. `out` is filled anew.
/// `x` ascends, `y` is as long.
void decimate(std::span<const double> x, std::span<const double> y, const ChartView& view,
              std::vector<ChartPoint>& out);

struct ValueRange {
    double low = 0, high = 0;
    bool empty = true;
    void add(double value) {
        if (empty || value < low) low = value;
        if (empty || value > high) high = value;
        empty = false;
    }
};
/// From the 1st to the 99th hundredth of the finite values: a range that outliers do not stretch. Of many values a
/// regular sample is looked at.
ValueRange innerRange(std::span<const double> values, bool positiveOnly);

}  // namespace distillix::ui
