#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/instant.hpp"

namespace catflap::bgp::internal {

/// One ordered index of everything that waits for an instant. Setting and taking cost O(log n); the hash map
/// is for look-up only.
class Deadlines {
 public:
  using Key = std::uint32_t;  ///< rib::ProtocolId

  /// never() forgets the key.
  void set(Key key, Instant at) {
    const auto it = at_.find(key);
    if (it != at_.end()) {
      if (it->second == at) {
        return;
      }
      order_.erase({it->second, key});
      at_.erase(it);
    }
    if (!at.is_never()) {
      order_.emplace(at, key);
      at_.emplace(key, at);
    }
  }
  Instant earliest() const { return order_.empty() ? Instant::never() : order_.begin()->first; }
  /// Takes out one key that is due, earliest first.
  std::optional<Key> take_due(Instant now) {
    if (order_.empty() || order_.begin()->first > now) {
      return std::nullopt;
    }
    const Key key = order_.begin()->second;
    order_.erase(order_.begin());
    at_.erase(key);
    return key;
  }

 private:
  std::set<std::pair<Instant, Key>> order_;
  std::unordered_map<Key, Instant> at_;
};

}  // namespace catflap::bgp::internal
