// SPDX-License-Identifier: Apache-2.0
// How an operation divides the workspace it is given (Exec::workspace).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/backend/ops.h"

namespace distillix {

/// Hands out pieces of Exec::workspace, each aligned to `Alignment` bytes, in order; nothing is given back.
template <std::size_t Alignment>
class ScratchPieces {
  public:
    /// A workspace that is not aligned may lose this much at its start.
    static constexpr std::size_t kSkew = Alignment;

    explicit ScratchPieces(const Exec& exec)
        : m_next(exec.workspace.backendAddress()), m_left(exec.workspace ? exec.workspaceBytes : 0) {
        const std::size_t skew = (Alignment - reinterpret_cast<std::uintptr_t>(m_next) % Alignment) % Alignment;
        m_next += skew < m_left ? skew : m_left;
        m_left -= skew < m_left ? skew : m_left;
    }
    /// Bytes that take<T>(count) uses up; workspace functions add these up.
    template <typename T>
    static constexpr std::size_t bytes(std::size_t count) {
        return (count * sizeof(T) + Alignment - 1) / Alignment * Alignment;
    }
    /// `count` elements, or null where the workspace is too small: then tooSmall() is the error to return.
    template <typename T>
    T* take(std::size_t count) {
        const std::size_t size = bytes<T>(count);
        if (size > m_left) {
            m_missing += size - m_left;
            return nullptr;
        }
        T* piece = reinterpret_cast<T*>(m_next);
        m_next += size;
        m_left -= size;
        return piece;
    }
    std::size_t left() const { return m_left; }
    Error tooSmall(const char* operation) const {
        return makeError(
            ErrorCode::InvalidArgument,
            "its workspace is too small by " + std::to_string(m_missing) + " bytes; size it by workspaceBytes()",
            operation);
    }

  private:
    std::byte* m_next;
    std::size_t m_left;
    std::size_t m_missing = 0;
};

}  // namespace distillix
