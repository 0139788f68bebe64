// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace distillix {

/// Seconds since 1970, UTC.
double unixNow();
/// "2025-01-31T12:00:00.000Z" of seconds since 1970.
std::string utcText(double unixSeconds);
inline std::string utcNow() {
    return utcText(unixNow());
}
/// Seconds of a clock that never jumps; only differences mean something.
double steadyNow();
/// "45 s", "3 min 20 s", "2 h 05 min", "3 d 4 h": for people.
std::string durationText(double seconds);

}  // namespace distillix
