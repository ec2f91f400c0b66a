#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "bgp/wire/codec.hpp"
#include "bgp/wire/framer.hpp"
#include "sim/testing.hpp"

namespace catflap::bgp::testing {

/// A peer by hand on a VirtualNetwork: the test writes its messages and reads those of the speaker.
class RawPeer {
 public:
  RawPeer(VirtualNetwork& net, std::string node, const std::string& from, const std::string& to)
      : net_(net), node_(std::move(node)) {
    conn_ = net_.connect_raw(node_, {addr(from), 33333, 0}, {addr(to), 179, 0});
    net_.run_for(std::chrono::milliseconds(5));
  }

  /// An OPEN of a peer with 4-octet AS numbers, IPv4 and IPv6, and refresh.
  static wire::Open open(std::uint32_t asn, std::uint32_t router_id, std::uint16_t hold_time_s = 90) {
    wire::Open open;
    open.as2 = asn > 0xFFFF ? static_cast<std::uint16_t>(wire::kAsTrans) : static_cast<std::uint16_t>(asn);
    open.hold_time_s = hold_time_s;
    open.router_id = router_id;
    open.capabilities.as4 = asn;
    open.capabilities.multiprotocol = {wire::kIpv4Unicast, wire::kIpv6Unicast};
    open.capabilities.route_refresh = open.capabilities.enhanced_refresh = true;
    return open;
  }
  void send(BytesView bytes) {
    net_.inject(node_, ev::TcpBytes{conn_, Bytes(bytes.begin(), bytes.end())});
    net_.run_for(std::chrono::milliseconds(5));
  }
  void send(const wire::Message& message, const wire::EncodeContext& context = {}) {
    ByteSink sink;
    CATFLAP_ASSERT(wire::encode(message, context, sink));
    send(sink.view());
  }
  void establish(const wire::Open& open) {
    send(open);
    send(wire::Keepalive{});
  }
  void close() {
    net_.inject(node_, ev::TcpClosed{conn_, {104, false, "Connection reset by peer"}});
    net_.run_for(std::chrono::milliseconds(5));
  }
  bool closed() const { return net_.raw_closed(conn_); }

  /// Everything that came so far. Messages are read with the session's families and 4-octet AS numbers.
  std::vector<wire::Message> received(bool internal = false) const {
    wire::DecodeContext context;
    context.as4 = context.extended_message = true;
    context.internal = internal;
    context.accept_local_pref = true;
    context.families = {wire::kIpv4Unicast, wire::kIpv6Unicast};
    context.extended_next_hop = {wire::kIpv4Unicast};
    wire::Framer framer;
    framer.set_extended(true);
    framer.push(raw_ = net_.raw_received(conn_));
    std::vector<wire::Message> messages;
    for (auto next = framer.next(); next && *next; next = framer.next()) {
      const auto message = wire::decode(**next, context);
      CATFLAP_ASSERT(message.has_value());
      messages.push_back(*message);
    }
    return messages;
  }
  template <class T>
  std::vector<T> all(bool internal = false) const {
    std::vector<T> found;
    for (const wire::Message& message : received(internal)) {
      if (const T* each = std::get_if<T>(&message)) {
        found.push_back(*each);
      }
    }
    return found;
  }
  std::optional<wire::Notification> notification() const {
    const auto found = all<wire::Notification>();
    return found.empty() ? std::nullopt : std::optional(found.back());
  }
  /// What the peer was told last of a prefix; nullopt: nothing, or that it is gone.
  std::optional<wire::Attributes> route(const std::string& text, bool internal = false) const {
    std::optional<wire::Attributes> found;
    for (const wire::Update& update : all<wire::Update>(internal)) {
      for (const wire::Nlri& nlri : update.withdrawn) {
        found = nlri.prefix == prefix(text) ? std::nullopt : found;
      }
      for (const wire::Nlri& nlri : update.announced) {
        found = nlri.prefix == prefix(text) ? std::optional(update.attributes) : found;
      }
    }
    return found;
  }

 private:
  VirtualNetwork& net_;
  std::string node_;
  ConnId conn_ = 0;
  mutable Bytes raw_;
};

/// An UPDATE that announces an IPv4 prefix.
inline wire::Update announcement(const std::string& text, const std::string& next_hop,
                                 const std::vector<std::uint32_t>& path) {
  wire::Update update;
  update.announced = {{prefix(text), 0}};
  update.attributes.origin = wire::Origin::igp;
  update.attributes.as_path.emplace();
  for (auto it = path.rbegin(); it != path.rend(); ++it) {
    update.attributes.as_path->prepend(*it);
  }
  update.attributes.next_hop = addr(next_hop);
  return update;
}

}  // namespace catflap::bgp::testing
