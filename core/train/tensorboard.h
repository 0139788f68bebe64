// SPDX-License-Identifier: Apache-2.0
// Event files that TensorBoard reads (events.out.tfevents.*). The format, from TensorFlow's record_writer.h and
// event.proto: a sequence of records
//
//     uint64 length   little-endian
//     uint32 masked CRC-32C of those 8 bytes        masked(c) = ((c >> 15) | (c << 17)) + 0xa282ead8
//     byte   data[length]
//     uint32 masked CRC-32C of data
//
// each of which holds one Event in protobuf's wire format:
//
//     Event      1: double wall_time   2: int64 step   3: string file_version   5: Summary summary   7: SessionLog
//     Summary    1: repeated Value value
//     Value      1: string tag   2: float simple_value
//     SessionLog 1: enum status (START = 1)
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace distillix {

/// One Event as bytes, for the writer and its tests.
std::string tensorBoardScalars(double wallTime, std::int64_t step,
                               const std::vector<std::pair<std::string, double>>& values);
/// A record around `data`.
std::string tensorBoardRecord(std::string_view data);

/// One event file of one training session. Records are appended by one write() each; one that finds no room is taken
/// back. Not thread-safe.
class TensorBoardWriter {
  public:
    /// A new file in `folder` (made where missing) that says: what an earlier file holds of steps behind `fromStep` is
    /// void.
    static Result<TensorBoardWriter> create(const std::filesystem::path& folder, std::int64_t fromStep);
    TensorBoardWriter(TensorBoardWriter&& other) noexcept;
    TensorBoardWriter& operator=(TensorBoardWriter&& other) noexcept;
    ~TensorBoardWriter();
    /// Values that are not finite are left out.
    Result<void> scalars(std::int64_t step, const std::vector<std::pair<std::string, double>>& values);

  private:
    TensorBoardWriter() = default;
    Result<void> append(const std::string& record);
    int m_fd = -1;
    std::filesystem::path m_path;
};

}  // namespace distillix
