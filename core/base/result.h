// SPDX-License-Identifier: Apache-2.0
// How the engine fails: every fallible function returns Result<T>; exceptions stay inside the libraries that throw
// them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace distillix {

/// What kind of failure; the command line's exit codes and the window's advice follow from it.
enum class ErrorCode {
    InvalidArgument,  ///< the caller or the user asked for something that makes no sense
    NotFound,         ///< a file, run, tensor or device that is not there
    AlreadyExists,    ///< something stands where the result should go
    InvalidData,      ///< a file's content breaks its format (the message says where)
    Unsupported,      ///< well-formed, but this build or device cannot do it
    OutOfMemory,      ///< host or device; the message holds the bytes that were asked for
    DiskFull,         ///< no room; what was there before is untouched
    Io,               ///< any other failure of the operating system's files
    Busy,             ///< another process holds it (a run's lock)
    Cancelled,        ///< a stop token was raised
    Device,           ///< a backend's device failed
    Internal,         ///< a bug of ours
};

const char* errorCodeName(ErrorCode code);

/// A failure as a person should read it: what is wrong, where, what to do.
struct Error {
    ErrorCode code = ErrorCode::Internal;
    std::string message;  ///< one or more sentences, no trailing newline
    std::string where;    ///< file, line, tensor or byte; may be empty

    /// "where: message", or the message alone.
    std::string text() const { return where.empty() ? message : where + ": " + message; }
    /// Puts a place in front of what is already known of the place.
    Error&& at(const std::string& place) && {
        where = where.empty() ? place : place + ": " + where;
        return std::move(*this);
    }
};

inline Error makeError(ErrorCode code, std::string message, std::string where = {}) {
    return Error{code, std::move(message), std::move(where)};
}

/// A value or an Error. Test it, then take value(); both of value() and error() on the wrong side are bugs.
template <typename T>
class [[nodiscard]] Result {
  public:
    Result(T value) : m_value(std::move(value)) {}                               // NOLINT
    Result(Error error) : m_error(std::make_unique<Error>(std::move(error))) {}  // NOLINT
    bool ok() const { return !m_error; }
    explicit operator bool() const { return ok(); }
    T& value() & { return *m_value; }
    const T& value() const& { return *m_value; }
    T&& value() && { return std::move(*m_value); }
    T& operator*() { return *m_value; }
    const T& operator*() const { return *m_value; }
    T* operator->() { return &*m_value; }
    const T* operator->() const { return &*m_value; }
    const Error& error() const { return *m_error; }
    Error takeError() { return std::move(*m_error); }

  private:
    std::optional<T> m_value;
    std::unique_ptr<Error> m_error;
};

template <>
class [[nodiscard]] Result<void> {
  public:
    Result() = default;
    Result(Error error) : m_error(std::make_unique<Error>(std::move(error))) {}  // NOLINT
    bool ok() const { return !m_error; }
    explicit operator bool() const { return ok(); }
    const Error& error() const { return *m_error; }
    Error takeError() { return std::move(*m_error); }

  private:
    std::unique_ptr<Error> m_error;
};

}  // namespace distillix

/// TRY(expression): the expression's value, or return its error from the enclosing function.
#define TRY(expression)                                      \
    __extension__({                                          \
        auto tryResult_ = (expression);                      \
        if (!tryResult_.ok()) return tryResult_.takeError(); \
        std::move(tryResult_).value();                       \
    })
/// The same for Result<void>.
#define TRY_VOID(expression)                                 \
    do {                                                     \
        auto tryResult_ = (expression);                      \
        if (!tryResult_.ok()) return tryResult_.takeError(); \
    } while (0)
/// As TRY, with a place put in front of the error's.
#define TRY_AT(expression, place)                                      \
    __extension__({                                                    \
        auto tryResult_ = (expression);                                \
        if (!tryResult_.ok()) return tryResult_.takeError().at(place); \
        std::move(tryResult_).value();                                 \
    })
