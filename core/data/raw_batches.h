// SPDX-License-Identifier: Apache-2.0
// Reads sources ahead on a thread of its own, so that the others need not wait for the disk or for unpacking.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/base/result.h"
#include "core/data/source.h"

namespace distillix {

struct RawBatch {
    std::size_t source = 0;  ///< which of the plans
    std::vector<RawRecord> records;
    bool last = false;   ///< of its source
    std::string digest;  ///< of the source, if last
};

/// One thread asks. Holds at most two batches that were not asked for, each of `batchBytes` and one record more.
class RawBatches {
  public:
    /// The plans must outlive it. `wanted[i]` false: plan i is left out.
    RawBatches(const std::vector<SourcePlan>& plans, std::vector<bool> wanted, std::size_t batchBytes);
    ~RawBatches();
    RawBatches(const RawBatches&) = delete;
    RawBatches& operator=(const RawBatches&) = delete;
    /// The next batch; none at the end. Fails where a source cannot be read.
    Result<std::optional<RawBatch>> next();

  private:
    void readAll();
    Result<void> readSource(std::size_t index);
    bool hand(RawBatch batch);

    const std::vector<SourcePlan>& m_plans;
    std::vector<bool> m_wanted;
    std::size_t m_batchBytes;
    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::vector<RawBatch> m_ready;  ///< guarded by m_mutex, as is all below
    std::optional<Error> m_failure;
    bool m_ended = false, m_stop = false;
    std::thread m_thread;
};

}  // namespace distillix
