#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "bgp/wire/attributes.hpp"
#include "bgp/wire/message.hpp"
#include "net/addr.hpp"
#include "trace/mrt.hpp"

namespace catflap::trace::mrt {

/// Turns records into the UPDATE messages of an eBGP speaker that announces their routes: 4-octet AS numbers,
/// no path ids, next hops and the first AS its own. Tables are packed, the prefixes of equal attributes into
/// the same messages; recorded UPDATEs of sessions follow each other as they did.
class RouteSource {
 public:
  struct Options {
    std::optional<std::uint16_t> peer;     ///< only routes of this peer of the index; nullopt: all
    std::uint64_t routes_max = 0;          ///< 0: all
    std::uint32_t local_as = 0;            ///< put in front of AS paths that do not begin with it
    std::optional<net::IpAddr> next_hop4;  ///< instead of those in the file
    std::optional<net::IpAddr> next_hop6;
  };
  explicit RouteSource(Options options) : options_(std::move(options)) {}

  /// Appends the messages that are complete with this record.
  void take(const Record& record, ByteSink& out);
  /// Appends what waits to be packed. At the end.
  void flush(ByteSink& out);

  std::uint64_t announced() const { return announced_; }
  std::uint64_t withdrawn() const { return withdrawn_; }
  /// Routes that could not be said: malformed, or without a next hop.
  std::uint64_t skipped() const { return skipped_; }
  bool full() const { return options_.routes_max != 0 && announced_ >= options_.routes_max; }

 private:
  /// Prefixes that wait; more are sent.
  static constexpr std::size_t kPendingMax = 200000;

  struct Group {
    bgp::wire::Attributes attributes;
    net::Family family = net::Family::ipv4;
    std::vector<bgp::wire::Nlri> nlri;
  };

  void route(const net::Prefix& prefix, BytesView attributes, bool as4, ByteSink& out);
  void message(const Message& message, ByteSink& out);
  bool make_own(bgp::wire::Attributes& attributes, net::Family family) const;
  void announce(const Group& group, ByteSink& out);

  Options options_;
  std::vector<Group> groups_;  ///< in the order of their first route
  std::map<std::pair<net::Family, std::string>, std::size_t> by_attributes_;  ///< octets to the group
  std::size_t pending_ = 0;
  std::uint64_t announced_ = 0, withdrawn_ = 0, skipped_ = 0;
};

}  // namespace catflap::trace::mrt
