#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <utility>

#include "bgp/speaker/protocol.hpp"

namespace catflap::bgp::internal {

/// `protocol static`: a route with gateways is there while one of them is a neighbour on an interface that is
/// up.
class StaticProtocol final : public Protocol {
 public:
  using Protocol::Protocol;
  observe::ProtocolKind kind() const override { return observe::ProtocolKind::static_; }
  void interfaces_changed() override { announce(false); }
  observe::ProtocolView view() const override;
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

  std::map<Key, rib::AttrRef> announced_;
};

}  // namespace catflap::bgp::internal
