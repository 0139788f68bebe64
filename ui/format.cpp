// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/format.h"

#include <QCoreApplication>
#include <QDir>
#include <QLocale>
#include <cmath>

namespace distillix::ui {

namespace {

struct FormatTexts {
    Q_DECLARE_TR_FUNCTIONS(format)
};
QString unknown() {
    return QStringLiteral("–");
}

/// Three significant digits at most, in the application's locale: 1.23, 12.3, 123.
QString threeDigits(double value) {
    const int decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    QString text = QLocale().toString(value, 'f', decimals);
    const QString point = QLocale().decimalPoint();
    if (text.contains(point)) {
        while (text.endsWith(QLatin1Char('0'))) text.chop(1);
        if (text.endsWith(point)) text.chop(point.size());
    }
    return text;
}

}  // namespace

QString formatCount(double count) {
    if (!std::isfinite(count) || count < 0) return unknown();
    if (count < 99999.5) return QLocale().toString(static_cast<qlonglong>(std::llround(count)));
    if (count < 999.5e3) return threeDigits(count / 1e3) + QStringLiteral(" k");
    if (count < 999.5e6) return threeDigits(count / 1e6) + QStringLiteral(" M");
    if (count < 999.5e9) return threeDigits(count / 1e9) + QStringLiteral(" B");
    return threeDigits(count / 1e12) + QStringLiteral(" T");
}

QString formatExact(qint64 count) {
    return count < 0 ? unknown() : QLocale().toString(count);
}

QString formatBytes(double bytes) {
    if (!std::isfinite(bytes) || bytes < 0) return unknown();
    if (bytes < 1000) return FormatTexts::tr("%1 bytes").arg(std::llround(bytes));
    if (bytes < 999.5e3) return threeDigits(bytes / 1e3) + QStringLiteral(" kB");
    if (bytes < 999.5e6) return threeDigits(bytes / 1e6) + QStringLiteral(" MB");
    if (bytes < 999.5e9) return threeDigits(bytes / 1e9) + QStringLiteral(" GB");
    return threeDigits(bytes / 1e12) + QStringLiteral(" TB");
}

QString formatDuration(double seconds) {
    if (!std::isfinite(seconds) || seconds < 0) return unknown();
    if (seconds < 9.95) return FormatTexts::tr("%1 s").arg(QLocale().toString(seconds, 'f', 1));
    const auto whole = static_cast<qint64>(std::llround(seconds));
    if (whole < 60) return FormatTexts::tr("%1 s").arg(whole);
    const qint64 minutes = whole / 60;
    if (minutes < 60) {
        if (whole % 60 == 0) return FormatTexts::tr("%1 min").arg(minutes);
        return FormatTexts::tr("%1 min %2 s").arg(minutes).arg(whole % 60);
    }
    const qint64 hours = minutes / 60;
    if (hours < 48)
        return minutes % 60 == 0 ? FormatTexts::tr("%1 h").arg(hours)
                                 : FormatTexts::tr("%1 h %2 min").arg(hours).arg(minutes % 60);
    return FormatTexts::tr("%1 d %2 h").arg(hours / 24).arg(hours % 24);
}

QString formatShare(double share) {
    if (!std::isfinite(share)) return unknown();
    return QLocale().toString(share * 100, 'f', std::abs(share) < 0.0995 ? 2 : 1) + QLatin1Char('%');
}

QString formatNumber(double value, int digits) {
    if (!std::isfinite(value)) return unknown();
    return QLocale().toString(value, 'g', digits);
}

QString formatAgo(const QDateTime& time) {
    if (!time.isValid()) return unknown();
    const qint64 seconds = time.secsTo(QDateTime::currentDateTimeUtc());
    if (seconds < 60) return FormatTexts::tr("just now");
    if (seconds < 3600) return FormatTexts::tr("%1 min ago").arg(seconds / 60);
    const QDate day = time.toLocalTime().date();
    const QDate today = QDate::currentDate();
    const QString clock = QLocale().toString(time.toLocalTime().time(), QLocale::ShortFormat);
    if (day == today) return FormatTexts::tr("today %1").arg(clock);
    if (day.addDays(1) == today) return FormatTexts::tr("yesterday %1").arg(clock);
    return QLocale().toString(day, QLocale::ShortFormat);
}

QString formatPath(const QString& path, int longest) {
    QString shown = QDir::toNativeSeparators(path);
    const QString home = QDir::homePath();
    if (home.size() > 1 && (shown == home || shown.startsWith(home + QLatin1Char('/'))))
        shown.replace(0, home.size(), QStringLiteral("~"));
    if (shown.size() <= longest) return shown;
    const int head = longest / 3;
    return shown.left(head) + QStringLiteral("…") + shown.right(longest - head - 1);
}

}  // namespace distillix::ui
