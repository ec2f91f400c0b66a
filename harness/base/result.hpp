#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace catflap {

/// What kind of thing went wrong; decides the exit code of a program and what a caller may do about it.
enum class Errc : std::uint8_t {
  invalid,      ///< the input is wrong; the user can mend it
  not_found,    ///< a thing that should exist does not
  exists,       ///< a thing that should not exist does
  denied,       ///< privilege or permission is missing
  timeout,      ///< a deadline passed
  protocol,     ///< the other side broke a protocol
  io,           ///< the system refused an operation
  conflict,     ///< somebody else changed it first
  unsupported,  ///< understood, but this part of the system cannot do it
};

/// The name of `code`, as in error output and JSON: "invalid", "not_found", ...
std::string_view to_string(Errc code);

/// A place in a text that a person wrote. 1-based; 0 means unknown.
struct SourcePos {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  bool operator==(const SourcePos&) const = default;
};

/// "file:line:column", without the parts that are unknown.
std::string to_string(const SourcePos& where);

/// An error is a value: what happened, where, and a context that grows on the way up.
struct Error {
  Errc code = Errc::io;
  std::string message;  ///< lower case and without a full stop, so that it composes with context()
  int sys_errno = 0;    ///< 0 when it did not come from a system call
  std::optional<SourcePos> where{};

  /// "what: message", e.g. "node r1: link eth0: file exists".
  [[nodiscard]] Error context(std::string_view what) &&;
};

/// "file:line:column: message", or the message alone where no position is known.
std::string to_string(const Error& error);

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}
inline tl::unexpected<Error> fail(Errc code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}
/// An error at a place in a text.
inline tl::unexpected<Error> fail_at(SourcePos where, std::string message, Errc code = Errc::invalid) {
  return tl::unexpected<Error>(Error{code, std::move(message), 0, std::move(where)});
}

/// Adds context to the error of `result`, if it has one. (tl::expected 1.0.0 lacks transform_error.)
template <class T>
Result<T> with_context(Result<T> result, std::string_view what) {
  if (result) {
    return result;
  }
  return fail(std::move(result.error()).context(what));
}

}  // namespace catflap
