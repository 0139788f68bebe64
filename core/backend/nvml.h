// SPDX-License-Identifier: Apache-2.0
// What NVIDIA's driver tells of its cards, through libnvidia-ml.so.1, which comes with the driver and is looked for at
// run time. Never seen on a card: written after the library's published interface, and tested against a stand-in of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace distillix {

struct CardReading {
    std::string name;
    double memoryTotal = 0, memoryUsed = 0, memoryFree = 0;  ///< bytes, everyone's
    double memoryOfProcess = -1;  ///< of the process that was asked for; negative: it has none, or is not told
    double utilisation = -1;      ///< 0..1; negative, as all below, where the card does not tell
    double celsius = -1;
    double watts = -1, wattLimit = -1;
    double clockMhz = -1, clockLimitMhz = -1;  ///< of the multiprocessors
    double memoryClockMhz = -1;
    std::string throttle;  ///< why the card is slower than it could be; empty where it is not, or is not told
};

/// Blocks for some milliseconds: of a worker. Not thread-safe.
class Nvml {
  public:
    /// Null where there is no driver; looking again later is cheap.
    static std::unique_ptr<Nvml> open(const char* library = "libnvidia-ml.so.1");
    ~Nvml();
    std::vector<CardReading> read(std::int64_t pid) const;

  private:
    struct Functions;
    explicit Nvml(std::unique_ptr<Functions> functions);
    std::unique_ptr<Functions> m_functions;
};

/// Dense floating-point operations a second in 16 bits that the maker states for a card, tensor cores counted, without
/// sparsity; 0 for a card that is not in the table: no figure is made up.
double statedPeakOperations(const std::string& card);

}  // namespace distillix
