// SPDX-License-Identifier: GPL-3.0-or-later
// Numbers as people read them. In the application's language; a figure that is unknown (negative, not finite) is "–".
#pragma once

#include <QDateTime>
#include <QString>

namespace distillix::ui {

/// 950, "12,345", "1.2 M", "3.4 B".
QString formatCount(double count);
/// All digits, with separators: "1,234,567".
QString formatExact(qint64 count);
/// "512 bytes", "1.4 MB", "3.2 GB": powers of 1000, as disks and the command line have it.
QString formatBytes(double bytes);
/// "0.8 s", "48 s", "2 min 5 s", "2 h 13 min", "3 d 4 h".
QString formatDuration(double seconds);
/// 0..1 as "12.3%".
QString formatShare(double share);
/// Up to `digits` significant digits, without trailing zeros: losses, rates.
QString formatNumber(double value, int digits = 4);
/// "just now", "5 min ago", "yesterday", else the date.
QString formatAgo(const QDateTime& time);
/// A path as people read it: the home folder is ~, a long one is cut in its middle.
QString formatPath(const QString& path, int longest = 60);

}  // namespace distillix::ui
