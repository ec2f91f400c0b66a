#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "bgp/speaker/protocol.hpp"

namespace catflap::bgp::internal {

/// `protocol static`: a route with gateways is there while one of them is a neighbour on an interface that is
/// up, one with a condition (intent::StaticRoute::when) while that holds.
class StaticProtocol final : public Protocol {
 public:
  using Protocol::Protocol;
  observe::ProtocolKind kind() const override { return observe::ProtocolKind::static_; }
  void interfaces_changed() override { announce(false); }
  observe::ProtocolView view() const override;
  void route_changed(Channel& channel, const rib::Change& change) override;
  void flush() override;
  void bfd_changed(const BfdTarget&, bool) override { announce(false); }

 protected:
  void on_start() override;
  void on_stop(StopReason reason, const std::string& text) override;
  bool on_reconfigure(const intent::ProtocolIntent& next) override;

 private:
  using Key = std::pair<net::Prefix, rib::PathId>;  ///< path id: how many of the same prefix came before

  void announce(bool all);
  /// nullopt: not now.
  std::optional<policy::RouteAttrs> attrs_of(const intent::StaticRoute& route, const Channel& channel,
                                             std::vector<BfdRequest>& watched) const;
  std::optional<policy::Forwarding> forwarding_of(const intent::StaticRoute& route,
                                                  std::vector<BfdRequest>& watched) const;

  /// Whether another protocol has a usable route to `prefix` in the channel's table.
  bool holds(const Channel& channel, const net::Prefix& prefix) const;
  void note_conditions();

  std::map<Key, rib::AttrRef> announced_;
  std::set<net::Prefix> conditions_;
  bool condition_changed_ = false;
};

}  // namespace catflap::bgp::internal
