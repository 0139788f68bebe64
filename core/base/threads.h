// SPDX-License-Identifier: Apache-2.0
// The engine's own thread pool. Work is cut into chunks whose borders depend on the work alone, never on the number of
// threads, so that every result is the same, to the bit, on one thread and on many.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>

namespace distillix {

/// A non-owning reference to a callable, cheaper than std::function; it must not outlive the callable.
template <typename Signature>
class FunctionRef;
template <typename R, typename... Args>
class FunctionRef<R(Args...)> {
  public:
    template <typename F, typename = std::enable_if_t<!std::is_same_v<std::decay_t<F>, FunctionRef>>>
    FunctionRef(F&& f)  // NOLINT: implicit by design
        : m_object(const_cast<void*>(static_cast<const void*>(&f))), m_call([](void* object, Args... args) -> R {
              return (*static_cast<std::remove_reference_t<F>*>(object))(std::forward<Args>(args)...);
          }) {}
    R operator()(Args... args) const { return m_call(m_object, std::forward<Args>(args)...); }

  private:
    void* m_object;
    R (*m_call)(void*, Args...);
};

/// A fixed set of workers; the calling thread is one of them. One parallelFor at a time (calls from several threads
/// queue up); a call from inside a chunk runs its chunks in place.
class ThreadPool {
  public:
    /// `threads` in all, the caller included; 0 means one for each core this process may run on.
    explicit ThreadPool(int threads = 0);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int threads() const;
    /// Calls `chunk(index, worker)` once for each index in [0, count), on any thread, in any order, and returns when
    /// all are done. `worker` lies in [0, threads()): no two running chunks share one, so it may index scratch memory.
    /// Chunks must not throw.
    void parallelFor(std::size_t count, FunctionRef<void(std::size_t index, int worker)> chunk);

  private:
    struct State;
    std::unique_ptr<State> m_state;
};

/// Cores this process may run on (its affinity mask and cgroup quota), at least 1.
int availableCores();

namespace detail {
/// Cores that the CPU quota of a control group allows (rounded up), or nothing where there is no quota. `mount` is
/// where cgroups are mounted, `selfCgroup` the text of /proc/self/cgroup. Both versions of cgroups are understood, and
/// the groups above are looked at too: the tightest counts.
std::optional<int> cgroupCores(const std::filesystem::path& mount, std::string_view selfCgroup);
}  // namespace detail

}  // namespace distillix
