#include "replay/describe.hpp"

#include <array>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/bytes.hpp"
#include "trace/checksum.hpp"

namespace catflap::replay {
namespace {

/// "key=value" behind the name of what is described.
class Line {
 public:
  explicit Line(std::string name) : text_(std::move(name)) {}
  Line& add(std::string_view key, std::string_view value) {
    text_ += ' ';
    text_ += key;
    text_ += '=';
    text_ += value;
    return *this;
  }
  template <class T>
  requires std::is_integral_v<T> Line& add(std::string_view key, T value) {
    return add(key, std::string_view(std::to_string(value)));
  }
  Line& quote(std::string_view key, std::string_view value) {
    return value.empty() ? *this : add(key, "\"" + std::string(value) + "\"");
  }
  Line& flag(std::string_view name, bool on) {
    if (on) {
      text_ += ' ';
      text_ += name;
    }
    return *this;
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

/// The types of the messages that start in `stream`, if it begins with one: " OPEN KEEPALIVE".
std::string message_types(BytesView stream) {
  static constexpr std::array<const char*, 6> kNames = {"?",         "OPEN",         "UPDATE", "NOTIFICATION",
                                                        "KEEPALIVE", "ROUTE-REFRESH"};
  std::string names;
  std::size_t updates = 0;
  while (stream.size() >= 19 && std::to_integer<unsigned>(stream[0]) == 0xFF) {
    const auto length =
        std::to_integer<std::size_t>(stream[16]) << 8U | std::to_integer<std::size_t>(stream[17]);
    const auto type = std::to_integer<std::size_t>(stream[18]);
    if (type == 2) {
      ++updates;
    } else {
      names += ' ';
      names += kNames[type < kNames.size() ? type : 0];
    }
    if (length < 19 || length > stream.size()) {
      break;
    }
    stream = stream.subspan(length);
  }
  return (updates > 0 ? " UPDATE*" + std::to_string(updates) : std::string()) + names;
}

std::string hex(std::uint64_t value) {
  ByteSink sink;
  sink.u64(value);
  return to_hex(sink.view());
}

std::string describe_route(const char* name, const bgp::KernelRouteSpec& route, bool present) {
  Line line(name);
  line.flag(present ? "add" : "remove", true)
      .add("prefix", net::to_string(route.prefix))
      .add("table", route.table);
  line.add("type", observe::to_string(route.type));
  for (const auto& hop : route.next_hops) {
    line.add("via", hop.via ? net::to_string(*hop.via) : std::string("-")).add("dev", hop.interface);
  }
  return line.add("metric", route.metric).add("proto", unsigned{route.protocol}).take();
}

struct Describe {
  std::uint64_t sent_octets = 0, sent_hash = 0;  ///< where the octets of a TcpSend are not there

  std::string operator()(const bgp::ev::TcpOpened& e) const {
    return Line("TcpOpened")
        .add("conn", e.conn)
        .add("local", net::to_string(e.local))
        .add("remote", net::to_string(e.remote))
        .flag("inbound", e.inbound)
        .take();
  }
  std::string operator()(const bgp::ev::TcpBytes& e) const {
    return Line("TcpBytes").add("conn", e.conn).add("octets", e.bytes.size()).take() + message_types(e.bytes);
  }
  std::string operator()(const bgp::ev::TcpWritable& e) const {
    return Line("TcpWritable").add("conn", e.conn).add("free", e.bytes_free).take();
  }
  std::string operator()(const bgp::ev::TcpClosed& e) const {
    return Line("TcpClosed").add("conn", e.conn).quote("reason", e.reason.text).take();
  }
  std::string operator()(const bgp::ev::Configure& e) const {
    return Line("Configure")
        .add("protocols", e.intent == nullptr ? 0 : e.intent->protocols.size())
        .flag("soft", e.soft)
        .flag("recover", e.recover)
        .take();
  }
  std::string operator()(const bgp::ev::Interface& e) const {
    Line line("Interface");
    line.add("index", e.index).add("name", e.name).flag("up", e.up).flag("gone", e.gone);
    for (const net::InterfaceAddress& address : e.addresses) {
      line.add("addr", net::to_string(address));
    }
    return line.take();
  }
  std::string operator()(const bgp::ev::KernelRoute& e) const {
    return describe_route("KernelRoute", e.route, e.added);
  }
  std::string operator()(const bgp::ev::KernelScanDone&) const { return "KernelScanDone"; }
  std::string operator()(const bgp::ev::KernelRouteResult& e) const {
    return Line("KernelRouteResult")
        .add("prefix", net::to_string(e.prefix))
        .add("table", e.table)
        .add("errno", e.sys_errno)
        .take();
  }
  std::string operator()(const bgp::ev::Admin& e) const {
    return Line("Admin").add("verb", static_cast<int>(e.verb)).add("protocol", e.protocol).take();
  }
  std::string operator()(const bgp::ev::ShutDown& e) const {
    return Line("ShutDown").flag("graceful-restart", e.graceful_restart).take();
  }
  std::string operator()(const bgp::ev::Datagram& e) const {
    return Line("Datagram")
        .add("port", e.port)
        .add("local", net::to_string(e.local))
        .add("remote", net::to_string(e.remote))
        .add("interface", e.interface)
        .add("ttl", unsigned{e.ttl})
        .add("octets", e.bytes.size())
        .take();
  }
  std::string operator()(const bgp::act::UdpListen& a) const {
    Line line("UdpListen");
    for (const auto& socket : a.sockets) {
      line.add("port", socket.port).add("family", net::to_string(socket.family));
    }
    return line.take();
  }
  std::string operator()(const bgp::act::UdpSend& a) const {
    return Line("UdpSend")
        .add("local", net::to_string(a.local))
        .add("remote", net::to_string(a.remote))
        .add("interface", a.interface)
        .add("octets", a.bytes.size())
        .take();
  }
  std::string operator()(const bgp::act::TcpConnect& a) const {
    return Line("TcpConnect")
        .add("conn", a.conn)
        .add("local", net::to_string(a.local))
        .add("remote", net::to_string(a.remote))
        .flag("md5", a.options.md5_password.has_value())
        .add("ttl", unsigned{a.options.ttl})
        .add("ttl-min", unsigned{a.options.ttl_min})
        .quote("dev", a.options.bind_interface)
        .take();
  }
  std::string operator()(const bgp::act::TcpSend& a) const {
    const bool known = a.bytes != nullptr;
    return Line("TcpSend")
               .add("conn", a.conn)
               .add("octets", known ? a.bytes->size() : sent_octets)
               .add("hash", hex(known ? trace::hash64(*a.bytes) : sent_hash))
               .take() +
           (known ? message_types(*a.bytes) : std::string());
  }
  std::string operator()(const bgp::act::TcpClose& a) const {
    return Line("TcpClose").add("conn", a.conn).flag("graceful", a.graceful).take();
  }
  std::string operator()(const bgp::act::Listen& a) const {
    Line line("Listen");
    for (const auto& socket : a.sockets) {
      line.add("local", net::to_string(socket.local)).add("keys", socket.md5_keys.size());
    }
    return line.take();
  }
  std::string operator()(const bgp::act::TcpSetOptions& a) const {
    return Line("TcpSetOptions")
        .add("conn", a.conn)
        .add("ttl", unsigned{a.options.ttl})
        .add("ttl-min", unsigned{a.options.ttl_min})
        .take();
  }
  std::string operator()(const bgp::act::KernelRoute& a) const {
    return describe_route("KernelRoute", a.route(), a.present);
  }
  std::string operator()(const bgp::act::ProtocolChanged& a) const {
    return Line("ProtocolChanged")
        .add("protocol", a.protocol)
        .add("state", observe::to_string(a.state))
        .add("session", a.session ? observe::to_string(*a.session) : std::string_view("-"))
        .quote("reason", a.reason)
        .take();
  }
  std::string operator()(const bgp::act::RouteChanged& a) const {
    return Line("RouteChanged").add("table", a.table).add("prefix", net::to_string(a.prefix)).take();
  }
  std::string operator()(const bgp::act::Note& a) const {
    return Line("Note").quote("protocol", a.protocol).quote("text", a.text).take();
  }
  std::string operator()(const bgp::act::ShutDownDone&) const { return "ShutDownDone"; }
  std::string operator()(const bgp::act::MrtMessage& a) const {
    return Line("MrtMessage")
               .add("peer", net::to_string(a.session.peer))
               .add("octets", a.octets.size())
               .take() +
           message_types(a.octets);
  }
  std::string operator()(const bgp::act::MrtState& a) const {
    return Line("MrtState")
        .add("peer", net::to_string(a.session.peer))
        .add("from", a.from)
        .add("to", a.to)
        .take();
  }
};

}  // namespace

std::string describe(const bgp::Event& event) {
  return std::visit(Describe{}, event);
}

std::string describe(const bgp::Action& action) {
  return std::visit(Describe{}, action);
}

std::string describe(const bgp::Action& action, std::uint64_t sent_octets, std::uint64_t sent_hash) {
  return std::visit(Describe{sent_octets, sent_hash}, action);
}

}  // namespace catflap::replay
