#include "bgp/speaker/direct_protocol.hpp"

#include "bgp/speaker/addresses.hpp"

namespace catflap::bgp::internal {

void DirectProtocol::on_start() {
  set_state(observe::ProtocolState::up);
  for (const auto& channel : channels_) {
    channel->up();
  }
  interfaces_changed();
}

void DirectProtocol::on_stop(StopReason, const std::string&) {
  announced_.clear();
}

bool DirectProtocol::on_reconfigure(const intent::ProtocolIntent& next) {
  intent_.body = next.body;
  interfaces_changed();
  return true;
}

void DirectProtocol::interfaces_changed() {
  if (state() != observe::ProtocolState::up) {
    return;
  }
  const auto& patterns = std::get<intent::DirectIntent>(intent_.body).interfaces;
  std::map<std::pair<net::Prefix, IfIndex>, bool> wanted;
  for (const auto& [index, interface] : core_.interfaces.all()) {
    for (const net::InterfaceAddress& address : interface.addresses) {
      const bool local = address.addr.is_loopback() || (address.addr.is_v6() && address.addr.is_link_local());
      if (interface.up && !local && matches(patterns, interface.name, address)) {
        wanted[{address.network(), index}] = true;
      }
    }
  }
  for (const auto& channel : channels_) {
    for (const auto& [key, unused] : announced_) {
      if (key.first.family() == channel->intent().family && wanted.count(key) == 0) {
        channel->withdraw(key.first, key.second);
      }
    }
    for (const auto& [key, unused] : wanted) {
      if (key.first.family() != channel->intent().family || announced_.count(key) != 0) {
        continue;
      }
      policy::RouteAttrs attrs;
      attrs.source = intent::RouteSource::device;
      attrs.forwarding.destination = policy::Destination::unicast;
      attrs.forwarding.next_hops = {policy::NextHop{std::nullopt, key.second, 1, false}};
      channel->update(key.first, key.second, std::move(attrs));
    }
  }
  announced_ = std::move(wanted);
}

}  // namespace catflap::bgp::internal
