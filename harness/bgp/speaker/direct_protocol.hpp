#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "bgp/speaker/protocol.hpp"

namespace catflap::bgp::internal {

/// `protocol device`: the interfaces themselves are the router's; this is the name under which they are
/// shown. Also stands for `mrt`, whose dumps the driver writes.
class DeviceProtocol final : public Protocol {
 public:
  using Protocol::Protocol;
  observe::ProtocolKind kind() const override {
    return std::holds_alternative<intent::DeviceIntent>(intent_.body) ? observe::ProtocolKind::device
                                                                      : observe::ProtocolKind::other;
  }

 protected:
  void on_start() override { set_state(observe::ProtocolState::up); }
  void on_stop(StopReason, const std::string&) override {}
  bool on_reconfigure(const intent::ProtocolIntent&) override { return true; }
};

/// `protocol direct`: a route for each network of an interface that is up and matches. Addresses of the host
/// and of a link (127/8, fe80::/10) give none, as in BIRD. The path id is the interface, so that two
/// interfaces may have the same network.
class DirectProtocol final : public Protocol {
 public:
  using Protocol::Protocol;
  observe::ProtocolKind kind() const override { return observe::ProtocolKind::direct; }
  void interfaces_changed() override;

 protected:
  void on_start() override;
  void on_stop(StopReason reason, const std::string& text) override;
  bool on_reconfigure(const intent::ProtocolIntent& next) override;

 private:
  std::map<std::pair<net::Prefix, IfIndex>, bool> announced_;
};

}  // namespace catflap::bgp::internal
