// SPDX-License-Identifier: Apache-2.0
#include "core/bench/peaks.h"

namespace distillix {

namespace {

struct Card {
    const char* name;
    double float32, sixteen, int8, bytes;  ///< a second
};
/// A name that holds another one stands before it.
constexpr Card kCards[] = {
    {"H200", 67e12, 989e12, 1979e12, 4.8e12},       {"H100 PCIe", 51e12, 756e12, 1513e12, 2.0e12},
    {"H100", 67e12, 989e12, 1979e12, 3.35e12},      {"A100", 19.5e12, 312e12, 624e12, 2.04e12},
    {"L40S", 91.6e12, 362e12, 733e12, 0.864e12},    {"RTX 4090", 82.6e12, 165e12, 661e12, 1.008e12},
    {"RTX 3090", 35.6e12, 71e12, 284e12, 0.936e12}, {"RTX 2080 SUPER", 11.2e12, 44.6e12, 178e12, 0.496e12},
};

}  // namespace

std::vector<Peak> cardPeaks(const std::string& device) {
    for (const Card& card : kCards) {
        if (device.find(card.name) == std::string::npos) continue;
        return {{"float32", "float32", card.float32},
                {"16-bit tensor cores", "16-bit", card.sixteen},
                {"int8 tensor cores", "int8", card.int8},
                {"memory", "bytes", card.bytes}};
    }
    return {};
}

}  // namespace distillix
