// SPDX-License-Identifier: Apache-2.0
#include "core/data/raw_batches.h"

#include <exception>
#include <new>

namespace distillix {
namespace {

constexpr std::size_t kMostRecords = 8192;
constexpr std::size_t kMostAhead = 2;

}  // namespace

RawBatches::RawBatches(const std::vector<SourcePlan>& plans, std::vector<bool> wanted, std::size_t batchBytes)
    : m_plans(plans), m_wanted(std::move(wanted)), m_batchBytes(batchBytes), m_thread([this] { readAll(); }) {}

RawBatches::~RawBatches() {
    {
        const std::lock_guard lock(m_mutex);
        m_stop = true;
    }
    m_changed.notify_all();
    m_thread.join();
}

void RawBatches::readAll() {
    std::optional<Error> failure;
    try {
        for (std::size_t i = 0; i < m_plans.size() && !failure; ++i) {
            if (!m_wanted[i]) continue;
            if (Result<void> read = readSource(i); !read.ok()) failure = read.takeError();
        }
    } catch (const std::bad_alloc&) {
        failure = makeError(ErrorCode::OutOfMemory, "no memory is left for reading");
    } catch (const std::exception& error) {
        failure = makeError(ErrorCode::Io, std::string("reading failed: ") + error.what());
    }
    const std::lock_guard lock(m_mutex);
    m_failure = std::move(failure);
    m_ended = true;
    m_changed.notify_all();
}

Result<void> RawBatches::readSource(std::size_t index) {
    const auto reader = TRY(openSource(m_plans[index]));
    RawBatch batch;
    batch.source = index;
    std::size_t bytes = 0;
    while (true) {
        RawRecord record;
        if (!TRY(reader->next(record))) break;
        bytes += record.bytes.size();
        batch.records.push_back(std::move(record));
        if (bytes < m_batchBytes && batch.records.size() < kMostRecords) continue;
        if (!hand(std::move(batch))) return {};
        batch = {};
        batch.source = index;
        bytes = 0;
    }
    batch.last = true;
    batch.digest = reader->digest();
    hand(std::move(batch));
    return {};
}

/// False where nobody wants any more.
bool RawBatches::hand(RawBatch batch) {
    std::unique_lock lock(m_mutex);
    m_changed.wait(lock, [&] { return m_ready.size() < kMostAhead || m_stop; });
    if (m_stop) return false;
    m_ready.push_back(std::move(batch));
    m_changed.notify_all();
    return true;
}

Result<std::optional<RawBatch>> RawBatches::next() {
    std::unique_lock lock(m_mutex);
    m_changed.wait(lock, [&] { return !m_ready.empty() || m_ended; });
    if (m_ready.empty()) {
        if (m_failure) return *m_failure;
        return std::optional<RawBatch>();
    }
    std::optional<RawBatch> batch(std::move(m_ready.front()));
    m_ready.erase(m_ready.begin());
    m_changed.notify_all();
    return batch;
}

}  // namespace distillix
