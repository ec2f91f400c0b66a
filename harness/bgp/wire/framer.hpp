#pragma once

#include <cstddef>
#include <optional>

#include <tl/expected.hpp>

#include "base/bytes.hpp"
#include "bgp/wire/codec.hpp"

namespace catflap::bgp::wire {

/// Cuts a byte stream into BGP messages. Costs O(1) amortised per octet; holds less than one message besides
/// what was pushed and not yet taken out.
///
///   framer.push(bytes);
///   while (true) {
///     auto message = framer.next();
///     if (!message) { send(message.error().notification); break; }
///     if (!*message) break;           // more octets are needed
///     handle(decode(**message, context));
///   }
///
/// Invariant: after an error the framer stays in error; the connection is lost.
class Framer {
 public:
  /// RFC 8654: from now on messages may have 65535 octets instead of 4096. May change between two messages.
  void set_extended(bool extended) { extended_ = extended; }

  /// Takes any number of octets.
  void push(BytesView bytes);

  /// The next complete message, header included; the view is valid until the next push(). nullopt: not there
  /// yet. An error is reported as soon as a header shows it, without waiting for the octets that it promises.
  tl::expected<std::optional<BytesView>, DecodeError> next();

  /// What was pushed and not yet taken out, to show it after an error; valid until the next push().
  BytesView pending() const { return BytesView(buffer_).subspan(begin_); }
  /// Octets that were pushed and not yet taken out.
  std::size_t buffered() const { return buffer_.size() - begin_; }

 private:
  Bytes buffer_;
  std::size_t begin_ = 0;
  bool extended_ = false;
  std::optional<DecodeError> error_;
};

}  // namespace catflap::bgp::wire
