#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/instant.hpp"
#include "intent/router.hpp"
#include "net/addr.hpp"
#include "observe/snapshot.hpp"

/// Everything that crosses the boundary of the speaker. Nothing else goes in or out, so a record of the
/// events is a record of the run (ADR 0001).
namespace catflap::bgp {

/// A TCP connection: chosen by the core for dials (even), by the driver for accepts (odd). Never reused.
using ConnId = std::uint64_t;
using IfIndex = std::uint32_t;

/// Why a connection ended, in the words of errno where there is one.
struct CloseReason {
  int sys_errno = 0;  ///< 0: the peer closed in order
  bool dial_failed = false;
  std::string text;  ///< "Connection refused", "Connection closed"
};

/// Options of a connection or a listener.
struct TcpOptions {
  std::optional<std::string> md5_password;  ///< RFC 2385
  std::uint8_t ttl = 0;                     ///< 0: the system's
  std::uint8_t ttl_min = 0;                 ///< RFC 5082: accept only from this TTL up; 0: any
  std::string bind_interface;               ///< "" or SO_BINDTODEVICE
  bool operator==(const TcpOptions&) const = default;
};

/// A route of the kernel, as read from it or as asked for.
struct KernelRouteSpec {
  std::uint32_t table = 254;
  net::Prefix prefix;
  observe::RouteType type = observe::RouteType::unicast;
  struct NextHop {
    std::optional<net::IpAddr> via;
    IfIndex interface = 0;
    std::uint32_t weight = 1;  ///< 1..256
    bool onlink = false;
    auto operator<=>(const NextHop&) const = default;
  };
  std::vector<NextHop> next_hops;
  std::uint32_t metric = 0;
  std::uint8_t protocol = 12;  ///< rtm_protocol; 12 = RTPROT_BIRD
  std::uint8_t scope = 0;      ///< rtm_scope of a route read from the kernel
  std::optional<net::IpAddr> prefsrc;
  std::optional<std::uint32_t> realm;
  std::optional<std::uint32_t> mtu;
  bool operator==(const KernelRouteSpec&) const = default;
};

namespace ev {
struct TcpOpened {
  ConnId conn = 0;
  net::Endpoint local, remote;
  bool inbound = false;
};
struct TcpBytes {
  ConnId conn = 0;
  Bytes bytes;
};
/// How much the connection takes now. Before the first one the core assumes 64 KiB.
struct TcpWritable {
  ConnId conn = 0;
  std::uint32_t bytes_free = 0;
};
/// After this the connection is unknown to both sides. Also the answer to a dial that failed.
struct TcpClosed {
  ConnId conn = 0;
  CloseReason reason;
};
/// The complete desired state; the core finds what changed. `soft`: filters are changed without a re-feed.
/// `recover`: the first one after a restart (bird -R): graceful restart of our own, RFC 4724 §4.1.
struct Configure {
  std::shared_ptr<const intent::RouterIntent> intent;
  bool soft = false;
  bool recover = false;
};
/// State of an interface. `gone`: it was deleted.
struct Interface {
  IfIndex index = 0;
  std::string name;
  bool up = false;  ///< administratively up and with carrier
  bool loopback = false;
  bool gone = false;
  std::uint32_t mtu = 0;
  std::vector<net::InterfaceAddress> addresses;
  bool point_to_point = false;  ///< a tunnel, say: one neighbour, who needs no address
};
/// A route that the kernel has (`added`) or lost. Our own (protocol 12) are told too, so that leftovers can
/// be removed.
struct KernelRoute {
  KernelRouteSpec route;
  bool added = true;
};
/// All interfaces and kernel routes that were there at the start, or at a rescan, have been told.
struct KernelScanDone {};
/// The kernel refused a route that we asked for (act::KernelRoute). `sys_errno` 0: it took it.
struct KernelRouteResult {
  std::uint32_t table = 254;
  net::Prefix prefix;
  int sys_errno = 0;
};
/// `enable`, `disable`, `restart`, `reload` of birdc for one protocol. `text` goes out as RFC 9003
/// communication.
struct Admin {
  enum class Verb : std::uint8_t {
    enable,
    disable,
    restart,
    reload,
    reload_in,
    reload_out
  } verb = Verb::restart;
  std::string protocol;
  std::string text;
};
/// Cease/Administrative Shutdown to all, withdraw kernel routes (unless `persist`), then act::ShutDownDone.
struct ShutDown {
  std::string text;
  bool graceful_restart = false;
};
/// A UDP datagram to a port of act::UdpListen.
struct Datagram {
  std::uint16_t port = 0;  ///< where it arrived
  net::IpAddr local;       ///< the address that it was sent to
  net::Endpoint remote;
  IfIndex interface = 0;  ///< over which it came
  std::uint8_t ttl = 0;   ///< as it arrived
  Bytes bytes;
};
}  // namespace ev

using Event = std::variant<ev::TcpOpened, ev::TcpBytes, ev::TcpWritable, ev::TcpClosed, ev::Configure,
                           ev::Interface, ev::KernelRoute, ev::KernelScanDone, ev::KernelRouteResult,
                           ev::Admin, ev::ShutDown, ev::Datagram>;

namespace act {
struct TcpConnect {
  ConnId conn = 0;
  net::Endpoint local, remote;
  TcpOptions options;
};  ///< local port 0: any
/// The octets of whole messages; shared because one encoding may go to a whole group.
struct TcpSend {
  ConnId conn = 0;
  std::shared_ptr<const Bytes> bytes;
};
/// graceful: deliver what was sent, shut down, drain, close. Otherwise close at once. No TcpClosed event
/// follows.
struct TcpClose {
  ConnId conn = 0;
  bool graceful = true;
};
/// Where to accept connections; the complete list, which replaces the one before.
struct Listen {
  struct Socket {
    net::Endpoint local;  ///< the unspecified address of a family: all addresses
    struct Key {
      net::Prefix peer;
      std::string password;
      bool operator==(const Key&) const = default;
    };
    std::vector<Key> md5_keys;
    bool operator==(const Socket&) const = default;
  };
  std::vector<Socket> sockets;
};
/// Options that the peer of an accepted connection asks for (TTL, GTSM).
struct TcpSetOptions {
  ConnId conn = 0;
  TcpOptions options;
};
/// Install or replace (`present`) or remove a route of ours. Many routes differ in nothing but their prefix,
/// and share the rest.
struct KernelRoute {
  KernelRoute(const net::Prefix& of, std::shared_ptr<const KernelRouteSpec> rest, bool present_then)
      : prefix(of), body(std::move(rest)), present(present_then) {}
  KernelRoute(const KernelRouteSpec& route, bool present_then)
      : prefix(route.prefix), body(std::make_shared<const KernelRouteSpec>(route)), present(present_then) {}

  KernelRouteSpec route() const {
    KernelRouteSpec whole = *body;
    whole.prefix = prefix;
    return whole;
  }

  net::Prefix prefix;
  std::shared_ptr<const KernelRouteSpec> body;  ///< never nullptr; its prefix means nothing
  bool present = true;
};
/// A protocol changed its state; for the event stream, logs and the harness.
struct ProtocolChanged {
  std::string protocol;
  observe::ProtocolKind kind = observe::ProtocolKind::other;
  observe::ProtocolState state = observe::ProtocolState::down;
  std::optional<observe::SessionState> session;
  std::string reason;  ///< as SessionView::last_error
};
/// A table's entries for a prefix changed; only while Speaker::watch_routes is on. Read them with
/// Speaker::routes.
struct RouteChanged {
  std::string table;
  net::Prefix prefix;
};
enum class NoteLevel : std::uint8_t { debug, info, warning, error };
struct Note {
  NoteLevel level = NoteLevel::info;
  std::string protocol;
  std::string text;
};
struct ShutDownDone {};
/// What an MRT file says of a session (RFC 6396 §4.4).
struct MrtSession {
  std::uint32_t peer_as = 0, local_as = 0;
  net::Endpoint peer, local;
};
/// A message that came, of a protocol with `mrtdump messages`.
struct MrtMessage {
  MrtSession session;
  bool as4 = true;
  bool add_path = false;
  Bytes octets;  ///< the whole message
};
/// A change of state, of a protocol with `mrtdump states`: 1 Idle to 6 Established.
struct MrtState {
  MrtSession session;
  std::uint16_t from = 1, to = 1;
};
/// Where datagrams are taken, on all addresses; the complete list, which replaces the one before.
struct UdpListen {
  struct Socket {
    std::uint16_t port = 0;
    net::Family family = net::Family::ipv4;
    auto operator<=>(const Socket&) const = default;
  };
  std::vector<Socket> sockets;
};
/// A datagram from a source port in 49152..65535, the same for all from one (local, interface) (RFC 5881 §4).
struct UdpSend {
  net::IpAddr local;  ///< unspecified: the kernel's choice
  net::Endpoint remote;
  IfIndex interface = 0;  ///< 0: where the route leads
  std::uint8_t ttl = 255;
  Bytes bytes;
};
}  // namespace act

using Action = std::variant<act::TcpConnect, act::TcpSend, act::TcpClose, act::Listen, act::TcpSetOptions,
                            act::KernelRoute, act::ProtocolChanged, act::RouteChanged, act::Note,
                            act::ShutDownDone, act::MrtMessage, act::MrtState, act::UdpListen, act::UdpSend>;

}  // namespace catflap::bgp
