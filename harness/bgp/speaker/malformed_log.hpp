#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/instant.hpp"
#include "bgp/wire/codec.hpp"
#include "observe/snapshot.hpp"

namespace catflap::bgp::internal {

/// The malformed messages of one peer: a counter for every (attribute, reaction), and the last kMessagesMax
/// with their octets (RFC 7606 §8 wants them to be found again). Outlives sessions. Memory is bounded by
/// kMessagesMax messages of kOctetsMax octets; 256 types and 4 reactions bound the counters.
class MalformedLog {
 public:
  static constexpr std::size_t kMessagesMax = 64;
  static constexpr std::size_t kOctetsMax = 4096;  ///< of a longer message the beginning is kept

  /// Precondition: update.errors is not empty.
  void add(Instant now, const wire::Update& update, BytesView octets);
  void add(Instant now, const wire::DecodeError& error, BytesView octets);

  std::vector<observe::MalformedCount> counts() const;
  /// All but the name and address of the peer.
  observe::MalformedView view() const;

 private:
  struct Message {
    Instant at;
    std::uint64_t number = 0;
    std::vector<observe::MalformedMessage::Error> errors;
    Bytes octets;
  };
  void keep(Instant now, std::vector<observe::MalformedMessage::Error> errors, BytesView octets);

  std::uint64_t total_ = 0;
  std::map<std::pair<std::uint8_t, observe::MalformedAction>, std::uint64_t> counts_;
  std::deque<Message> messages_;
};

}  // namespace catflap::bgp::internal
