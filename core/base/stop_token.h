// SPDX-License-Identifier: Apache-2.0
// How long work is asked to stop. The owner keeps a StopSource and raises it; workers look at a StopToken at every
// step, token or file and leave with ErrorCode::Cancelled, or with whatever a clean stop means to them.
#pragma once

#include <atomic>
#include <memory>

namespace distillix {

/// The worker's side: a cheap copyable view. One that was default-constructed is never raised. Any thread may ask.
class StopToken {
  public:
    StopToken() = default;
    bool raised() const noexcept { return m_flag && m_flag->load(std::memory_order_acquire); }

  private:
    friend class StopSource;
    explicit StopToken(std::shared_ptr<const std::atomic<bool>> flag) : m_flag(std::move(flag)) {}
    std::shared_ptr<const std::atomic<bool>> m_flag;
};

/// The owner's side. raise() may be called from any thread and from a signal handler (it stores to a lock-free atomic
/// and does nothing else), as long as this object lives.
class StopSource {
  public:
    void raise() noexcept { m_flag->store(true, std::memory_order_release); }
    bool raised() const noexcept { return m_flag->load(std::memory_order_acquire); }
    StopToken token() const { return StopToken(m_flag); }

  private:
    static_assert(std::atomic<bool>::is_always_lock_free, "raise() is called from signal handlers");
    std::shared_ptr<std::atomic<bool>> m_flag = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace distillix
