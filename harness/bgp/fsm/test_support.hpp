#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bgp/fsm/peer.hpp"
#include "bgp/wire/codec.hpp"

/// What the tests of the state machine share. Not part of the library.
namespace catflap::bgp::fsm::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline Instant at(Duration since_origin) {
  return Instant(since_origin);
}

inline Bytes encoded(const wire::Message& message) {
  ByteSink sink;
  static_cast<void>(wire::encode(message, {}, sink));
  return sink.release();
}

/// AS 64512, id 10.0.0.1, against AS 64513, id 10.0.0.2; hold time 90 s.
inline PeerConfig basic_config() {
  PeerConfig config;
  config.local_as = 64512;
  config.local_id = 0x0A000001;
  config.peer_as = 64513;
  config.capabilities.multiprotocol = {wire::kIpv4Unicast, wire::kIpv6Unicast};
  config.capabilities.route_refresh = true;
  config.capabilities.enhanced_refresh = true;
  return config;
}

/// The other side of basic_config().
inline wire::Open basic_open() {
  wire::Open open;
  open.as2 = 64513;
  open.hold_time_s = 90;
  open.router_id = 0x0A000002;
  open.capabilities.multiprotocol = {wire::kIpv4Unicast, wire::kIpv6Unicast};
  open.capabilities.route_refresh = true;
  open.capabilities.enhanced_refresh = true;
  open.capabilities.as4 = 64513;
  return open;
}

/// An offer of graceful restart, with the N bit or without.
inline wire::Capabilities::GracefulRestart graceful_restart(bool notification = false) {
  return {false, notification, 120, {}};
}

inline wire::Update end_of_rib() {
  wire::Update update;
  update.end_of_rib = wire::kIpv4Unicast;
  return update;
}

inline std::string_view name_of(DownReason::Kind kind) {
  using Kind = DownReason::Kind;
  switch (kind) {
    case Kind::none:
      return "none";
    case Kind::socket:
      return "socket";
    case Kind::notification_received:
      return "received";
    case Kind::notification_sent:
      return "sent";
    case Kind::hold_timer:
      return "hold";
    case Kind::admin:
      return "admin";
    case Kind::collision:
      return "collision";
    case Kind::reconfigured:
      return "reconfigured";
    case Kind::limit:
      return "limit";
    case Kind::peer_restarted:
      return "restarted";
    case Kind::bfd:
      return "bfd";
  }
  return "?";
}

/// 'o' for a connection that we dialled (even id), 'i' for one that was accepted.
inline std::string side(ConnId conn) {
  return conn % 2 == 0 ? "o" : "i";
}

/// The message in `bytes`: "OPEN", "KEEPALIVE", "6/7", ...
inline std::string message_name(const Bytes& bytes) {
  switch (std::to_integer<int>(bytes.at(18))) {
    case 1:
      return "OPEN";
    case 2:
      return "UPDATE";
    case 3:
      return std::to_string(std::to_integer<int>(bytes.at(19))) + "/" +
             std::to_string(std::to_integer<int>(bytes.at(20)));
    case 4:
      return "KEEPALIVE";
    default:
      return "REFRESH";
  }
}

/// One word for an output: "dial", "OPENo", "6/7i", "closei", "aborto", "UPo", "update", "down:hold",
/// "fail:socket". State changes and copies of malformed messages are left out.
inline std::string word(const Output& output) {
  struct Words {
    std::string operator()(const out::Dial&) const { return "dial"; }
    std::string operator()(const out::Send& send) const {
      return message_name(*send.bytes) + side(send.conn);
    }
    std::string operator()(const out::Close& close) const {
      return (close.graceful ? "close" : "abort") + side(close.conn);
    }
    std::string operator()(const out::Established& up) const { return "UP" + side(up.conn); }
    std::string operator()(const out::Received&) const { return "update"; }
    std::string operator()(const out::RefreshReceived&) const { return "refresh"; }
    std::string operator()(const out::Down& down) const {
      return "down:" + std::string(name_of(down.reason.kind));
    }
    std::string operator()(const out::StateChanged&) const { return ""; }
    std::string operator()(const out::Malformed&) const { return ""; }
    std::string operator()(const out::Failed& failed) const {
      return "fail:" + std::string(name_of(failed.reason.kind));
    }
  };
  return std::visit(Words{}, output);
}

inline std::string words(const Outputs& outputs) {
  std::string text;
  for (const Output& output : outputs) {
    const std::string next = word(output);
    if (!next.empty()) {
      text += (text.empty() ? "" : " ") + next;
    }
  }
  return text;
}

template <class T>
std::vector<T> all(const Outputs& outputs) {
  std::vector<T> found;
  for (const Output& output : outputs) {
    if (const T* each = std::get_if<T>(&output)) {
      found.push_back(*each);
    }
  }
  return found;
}

/// A Peer at a point of virtual time, with the outputs of the last step. The first dial is connection 2; an
/// accepted one is what the test names, 1 usually.
class Bench {
 public:
  explicit Bench(PeerConfig config = basic_config(), std::uint64_t seed = 1)
      : peer(std::move(config), seed, &next_dial) {}

  Bench& start() {
    return step([&] { peer.start(now, out); });
  }
  Bench& opened(ConnId conn) {
    return step([&] { peer.tcp_opened(now, conn, conn % 2 != 0, out); });
  }
  Bench& closed(ConnId conn, int sys_errno = 104) {
    return step([&] { peer.tcp_closed(now, conn, sys_errno, "Connection reset by peer", out); });
  }
  Bench& bytes(ConnId conn, BytesView octets) {
    return step([&] { peer.tcp_bytes(now, conn, octets, out); });
  }
  Bench& message(ConnId conn, const wire::Message& each) { return bytes(conn, encoded(each)); }
  Bench& stop(std::uint8_t subcode = 2, std::string_view text = "") {
    return step([&] { peer.stop(now, subcode, text, out); });
  }
  /// Virtual time goes to `then`, deadline by deadline.
  Bench& until(Instant then) {
    return step([&] {
      while (peer.deadline() <= then) {
        now = std::max(now, peer.deadline());
        peer.run(now, out);
      }
      now = then;
      peer.run(now, out);
    });
  }
  Bench& after(Duration delay) { return until(now + delay); }
  /// One deadline.
  Bench& fire() {
    return step([&] {
      now = std::max(now, peer.deadline());
      peer.run(now, out);
    });
  }
  /// Opens `conn` and exchanges OPEN and KEEPALIVE on it.
  Bench& establish(ConnId conn, const wire::Open& open = basic_open()) {
    opened(conn);
    message(conn, open);
    return message(conn, wire::Keepalive{});
  }
  std::string last() const { return words(out); }

  ConnId next_dial = 2;
  Instant now = at(seconds(1000));
  Outputs out;
  Peer peer;

 private:
  template <class Step>
  Bench& step(Step&& act) {
    out.clear();
    act();
    return *this;
  }
};

}  // namespace catflap::bgp::fsm::test
