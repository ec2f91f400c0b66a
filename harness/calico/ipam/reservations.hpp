#pragma once

#include <algorithm>
#include <vector>

#include "net/addr.hpp"

namespace catflap::calico::ipam {

/// The addresses that IPReservations keep from automatic assignment.
struct Reservations {
  std::vector<net::Prefix> cidrs{};

  bool matches(const net::IpAddr& address) const {
    return std::any_of(cidrs.begin(), cidrs.end(), [&](const net::Prefix& p) { return p.contains(address); });
  }
  /// The reservation that covers all of `block`, or nullptr.
  const net::Prefix* cover(const net::Prefix& block) const {
    const auto found =
        std::find_if(cidrs.begin(), cidrs.end(), [&](const net::Prefix& p) { return p.covers(block); });
    return found == cidrs.end() ? nullptr : &*found;
  }
  bool matches_some(const net::Prefix& block) const {
    return std::any_of(cidrs.begin(), cidrs.end(),
                       [&](const net::Prefix& p) { return p.covers(block) || block.covers(p); });
  }
};

}  // namespace catflap::calico::ipam
