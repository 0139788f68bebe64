// SPDX-License-Identifier: Apache-2.0
#include "core/base/clock.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include <time.h>

namespace distillix {

double unixNow() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

double steadyNow() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string utcText(double unixSeconds) {
    const auto totalMs = static_cast<long long>(std::floor(unixSeconds * 1000));
    const auto seconds = static_cast<std::time_t>(totalMs >= 0 ? totalMs / 1000 : -((999 - totalMs) / 1000));
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[80];
    std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                  parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                  static_cast<int>(totalMs - static_cast<long long>(seconds) * 1000));
    return text;
}

std::string durationText(double seconds) {
    if (!std::isfinite(seconds)) return "?";
    const auto s = static_cast<long long>(std::llround(std::clamp(seconds, 0.0, 1e12)));
    char text[64];
    if (s < 60)
        std::snprintf(text, sizeof text, "%lld s", s);
    else if (s < 3600)
        std::snprintf(text, sizeof text, "%lld min %02lld s", s / 60, s % 60);
    else if (s < 86400)
        std::snprintf(text, sizeof text, "%lld h %02lld min", s / 3600, s / 60 % 60);
    else
        std::snprintf(text, sizeof text, "%lld d %lld h", s / 86400, s / 3600 % 24);
    return text;
}

}  // namespace distillix
