#include <algorithm>
#include <utility>

#include "base/overloaded.hpp"
#include "birdlang/printer.hpp"

namespace catflap::birdlang {
namespace {

using intent::RouteTarget;

class ProtocolPrinter {
 public:
  ProtocolPrinter(TextWriter& out, const intent::RouterIntent& router, Dialect dialect)
      : out_(out), router_(router), old_(dialect == Dialect::bird1), dialect_(dialect) {}

  void print(const intent::ProtocolIntent& protocol);

 private:
  void common(const intent::ProtocolIntent& protocol);
  void channel(const intent::ProtocolIntent& protocol, const intent::ChannelIntent& channel);
  void channel_body(const intent::ProtocolIntent& protocol, const intent::ChannelIntent& channel);
  void limit(std::string_view what, const std::optional<intent::Limit>& limit);
  void device(const intent::DeviceIntent& body);
  void direct(const intent::DirectIntent& body);
  void kernel(const intent::KernelIntent& body);
  void routes(const intent::StaticIntent& body);
  void route(const intent::StaticRoute& route);
  void bfd(const intent::BfdIntent& body);
  void mrt(const intent::MrtIntent& body);
  void bmp(const intent::BmpIntent& body);
  void option(bool on, std::string_view name) {
    if (on) {
      out_.line(std::string(name) + ";");
    }
  }

  TextWriter& out_;
  const intent::RouterIntent& router_;
  bool old_;
  Dialect dialect_;
};

std::string_view kind_of(const intent::ProtocolIntent& protocol) {
  return std::visit(overloaded{
                        [](const intent::DeviceIntent&) { return std::string_view("device"); },
                        [](const intent::DirectIntent&) { return std::string_view("direct"); },
                        [](const intent::KernelIntent&) { return std::string_view("kernel"); },
                        [](const intent::StaticIntent&) { return std::string_view("static"); },
                        [](const intent::PipeIntent&) { return std::string_view("pipe"); },
                        [](const intent::BgpIntent&) { return std::string_view("bgp"); },
                        [](const intent::BfdIntent&) { return std::string_view("bfd"); },
                        [](const intent::MrtIntent&) { return std::string_view("mrt"); },
                        [](const intent::BmpIntent&) { return std::string_view("bmp"); },
                    },
                    protocol.body);
}

void ProtocolPrinter::print(const intent::ProtocolIntent& protocol) {
  out_.open("protocol " + std::string(kind_of(protocol)) +
            (protocol.name.empty() ? std::string() : " " + symbol_text(protocol.name)));
  common(protocol);
  const auto* pipe = std::get_if<intent::PipeIntent>(&protocol.body);
  if (const auto* bgp = std::get_if<intent::BgpIntent>(&protocol.body)) {
    print_bgp(out_, *bgp);
  }
  if (const auto* statics = std::get_if<intent::StaticIntent>(&protocol.body);
      statics != nullptr && !statics->roa_table.empty() && !old_) {
    const auto family = router_.roa_families.find(statics->roa_table);
    const bool six = family != router_.roa_families.end() && family->second == net::Family::ipv6;
    out_.line(std::string(six ? "roa6" : "roa4") + " { table " + symbol_text(statics->roa_table) + "; };");
  }
  if (old_ || pipe != nullptr) {
    if (!protocol.channels.empty()) {
      channel_body(protocol, protocol.channels.front());
    }
    if (pipe != nullptr) {
      out_.line("peer table " + symbol_text(pipe->peer_table) + ";");
      option(old_ && pipe->opaque, "mode opaque");
    }
  } else {
    for (const intent::ChannelIntent& item : protocol.channels) {
      channel(protocol, item);
    }
  }
  std::visit(overloaded{
                 [&](const intent::DeviceIntent& body) { device(body); },
                 [&](const intent::DirectIntent& body) { direct(body); },
                 [&](const intent::KernelIntent& body) { kernel(body); },
                 [&](const intent::StaticIntent& body) { routes(body); },
                 [&](const intent::PipeIntent&) {},
                 [&](const intent::BgpIntent&) {},
                 [&](const intent::BfdIntent& body) { bfd(body); },
                 [&](const intent::MrtIntent& body) { mrt(body); },
                 [&](const intent::BmpIntent& body) { bmp(body); },
             },
             protocol.body);
  out_.close();
}

void ProtocolPrinter::common(const intent::ProtocolIntent& protocol) {
  option(protocol.disabled, "disabled");
  if (!protocol.description.empty()) {
    out_.line("description " + quoted_text(protocol.description) + ";");
  }
  if (protocol.debug != router_.debug_protocols) {
    out_.line("debug " + flags_text(protocol.debug, 6) + ";");
  }
  if (protocol.mrtdump != router_.mrtdump_protocols) {
    out_.line("mrtdump " + flags_text(protocol.mrtdump, 2) + ";");
  }
  if (protocol.router_id) {
    out_.line("router id " + net::router_id_to_string(*protocol.router_id) + ";");
  }
  if (protocol.vrf_default) {
    out_.line("vrf default;");
  } else if (!protocol.vrf.empty()) {
    out_.line("vrf " + quoted_text(protocol.vrf) + ";");
  }
}

void ProtocolPrinter::channel(const intent::ProtocolIntent& protocol, const intent::ChannelIntent& item) {
  out_.open(net::to_string(item.family));
  channel_body(protocol, item);
  out_.close(";");
}

void ProtocolPrinter::channel_body(const intent::ProtocolIntent& protocol,
                                   const intent::ChannelIntent& item) {
  const bool bgp = std::holds_alternative<intent::BgpIntent>(protocol.body);
  const bool plain = item.family == net::Family::ipv4 ? item.table == "master4" : item.table == "master6";
  if (std::holds_alternative<intent::PipeIntent>(protocol.body) || !(old_ ? item.table == "master" : plain)) {
    out_.line("table " + symbol_text(item.table) + ";");
  }
  if (item.preference) {
    out_.line("preference " + std::to_string(*item.preference) + ";");
  }
  print_filter_ref(out_, "import", item.import_filter);
  print_filter_ref(out_, "export", item.export_filter);
  limit("receive limit", item.receive_limit);
  limit("import limit", item.import_limit);
  limit("export limit", item.export_limit);
  option(item.import_keep_filtered, "import keep filtered on");
  if (!old_) {
    option(!item.rpki_reload, "rpki reload off");
    if (item.debug != router_.debug_channels) {
      out_.line("debug " + flags_text(item.debug, 6) + ";");
    }
  }
  if (bgp) {
    print_bgp_channel(out_, item.bgp, dialect_);
  }
}

void ProtocolPrinter::limit(std::string_view what, const std::optional<intent::Limit>& value) {
  if (!value) {
    return;
  }
  std::string action;
  switch (value->action) {
    case intent::LimitAction::warn:
      action = "warn";
      break;
    case intent::LimitAction::block:
      action = "block";
      break;
    case intent::LimitAction::restart:
      action = "restart";
      break;
    case intent::LimitAction::disable:
      action = "disable";
      break;
  }
  out_.line(std::string(what) + " " + std::to_string(value->routes) + " action " + action + ";");
}

void ProtocolPrinter::device(const intent::DeviceIntent& body) {
  if (body.scan_time != intent::DeviceIntent().scan_time) {
    out_.line("scan time " + time_text(body.scan_time) + ";");
  }
  for (const intent::PreferredAddress& preferred : body.preferred) {
    if (old_) {
      for (const net::IpAddr& addr : preferred.addresses) {
        const bool named = !preferred.interfaces.empty() && preferred.interfaces.front().glob;
        out_.line("primary " +
                  (named ? quoted_text(*preferred.interfaces.front().glob) + " " : std::string()) +
                  net::to_string(addr) + ";");
      }
      continue;
    }
    out_.open("interface " + interfaces_text(preferred.interfaces));
    for (const net::IpAddr& addr : preferred.addresses) {
      out_.line("preferred " + net::to_string(addr) + ";");
    }
    out_.close(";");
  }
}

void ProtocolPrinter::direct(const intent::DirectIntent& body) {
  if (!body.interfaces.empty()) {
    out_.line("interface " + interfaces_text(body.interfaces) + ";");
  }
  option(body.check_link, "check link on");
}

void ProtocolPrinter::kernel(const intent::KernelIntent& body) {
  const intent::KernelIntent usual;
  if (body.scan_time != usual.scan_time) {
    out_.line("scan time " + time_text(body.scan_time) + ";");
  }
  if (body.learn) {
    out_.line(body.learn_all ? "learn all;" : "learn;");
  }
  option(body.persist, "persist");
  option(body.graceful_restart, "graceful restart on");
  if (body.merge_paths || body.merge_paths_limit != usual.merge_paths_limit) {
    out_.line("merge paths on limit " + std::to_string(body.merge_paths_limit) + ";");
    option(!body.merge_paths, "merge paths off");
  }
  if (body.max_paths_external) {
    out_.line("max paths external " + std::to_string(*body.max_paths_external) + ";");
  }
  if (body.max_paths_internal) {
    out_.line("max paths internal " + std::to_string(*body.max_paths_internal) + ";");
  }
  option(!body.as_path_relax, "as path relax off");
  if (body.kernel_table != usual.kernel_table) {
    out_.line("kernel table " + std::to_string(body.kernel_table) + ";");
  }
  if (body.metric && !(old_ && *body.metric == 0)) {
    out_.line("metric " + std::to_string(*body.metric) + ";");
  }
  if (body.netlink_rx_buffer) {
    out_.line("netlink rx buffer " + std::to_string(*body.netlink_rx_buffer) + ";");
  }
  option(old_ && body.device_routes, "device routes on");
}

void ProtocolPrinter::routes(const intent::StaticIntent& body) {
  option(body.check_link, "check link on");
  if (!body.igp_table.empty()) {
    out_.line("igp table " + symbol_text(body.igp_table) + ";");
  }
  for (const intent::StaticRoute& item : body.routes) {
    route(item);
  }
  for (const intent::RoaEntry& entry : body.roas) {
    out_.line("route " + net::to_string(entry.prefix) + " max " + std::to_string(entry.length_max) + " as " +
              std::to_string(entry.asn) + ";");
  }
}

std::string target_text(const intent::StaticRoute& route, bool old) {
  switch (route.target) {
    case RouteTarget::blackhole:
      return " blackhole";
    case RouteTarget::unreachable:
      return " unreachable";
    case RouteTarget::prohibit:
      return " prohibit";
    case RouteTarget::recursive:
      return " recursive " +
             (route.recursive_via ? net::to_string(*route.recursive_via) : std::string("0.0.0.0"));
    case RouteTarget::via:
      break;
  }
  std::string text = old && route.next_hops.size() > 1 ? " multipath" : "";
  for (const intent::StaticNextHop& hop : route.next_hops) {
    if (hop.via) {
      text += " via " + net::to_string(*hop.via);
      text += hop.interface.empty() ? "" : "%" + symbol_text(hop.interface);
    } else {
      text += " via " + quoted_text(hop.interface);
    }
    text += hop.onlink ? " onlink" : "";
    text += hop.bfd ? " bfd" : "";
    text += hop.weight != 1 ? " weight " + std::to_string(hop.weight) : "";
  }
  return text;
}

void ProtocolPrinter::route(const intent::StaticRoute& item) {
  const std::string head = "route " + net::to_string(item.prefix) + target_text(item, old_) +
                           (item.when ? " when " + net::to_string(*item.when) : "");
  if (item.body == nullptr) {
    out_.line(head + ";");
    return;
  }
  out_.open(head);
  print_body(out_, item.body->body);
  out_.close(";");
}

void ProtocolPrinter::bfd(const intent::BfdIntent& body) {
  if (!(body.accept_ipv4 && body.accept_ipv6 && body.accept_direct && body.accept_multihop)) {
    out_.line(std::string("accept") + (body.accept_ipv4 ? "" : " ipv6") + (body.accept_ipv6 ? "" : " ipv4") +
              (body.accept_direct ? "" : " multihop") + (body.accept_multihop ? "" : " direct") + ";");
  }
  option(body.strict_bind, "strict bind on");
  for (const intent::BfdInterface& item : body.interfaces) {
    out_.open("interface " + interfaces_text(item.interfaces));
    print_bfd_options(out_, item.options);
    out_.close(";");
  }
  if (body.multihop) {
    out_.open("multihop");
    print_bfd_options(out_, *body.multihop);
    out_.close(";");
  }
  for (const intent::BfdNeighbor& neighbor : body.neighbors) {
    out_.line("neighbor " + net::to_string(neighbor.addr) +
              (neighbor.interface.empty() ? "" : " dev " + quoted_text(neighbor.interface)) +
              (neighbor.local ? " local " + net::to_string(*neighbor.local) : "") +
              (neighbor.multihop ? " multihop on" : "") + ";");
  }
}

void ProtocolPrinter::mrt(const intent::MrtIntent& body) {
  out_.line("table " + quoted_text(body.table) + ";");
  out_.line("filename " + quoted_text(body.filename) + ";");
  out_.line("period " + std::to_string(body.period_s) + ";");
  if (body.filter.kind == intent::FilterRef::Kind::filter) {
    print_filter_ref(out_, "", body.filter);
  }
  option(body.always_add_path, "always add path on");
}

void ProtocolPrinter::bmp(const intent::BmpIntent& body) {
  out_.line("station address ip " + net::to_string(body.station) + " port " + std::to_string(body.port) +
            ";");
  option(body.pre_policy, "monitoring rib in pre_policy on");
  option(body.post_policy, "monitoring rib in post_policy on");
  option(body.loc_rib, "monitoring rib local on");
  if (!body.system_name.empty()) {
    out_.line("system name " + quoted_text(body.system_name) + ";");
  }
  if (!body.system_description.empty()) {
    out_.line("system description " + quoted_text(body.system_description) + ";");
  }
  if (body.tx_buffer_limit_mib != intent::BmpIntent().tx_buffer_limit_mib) {
    out_.line("tx buffer limit " + std::to_string(body.tx_buffer_limit_mib) + ";");
  }
}

}  // namespace

void print_protocol(TextWriter& out, const intent::RouterIntent& router,
                    const intent::ProtocolIntent& protocol, Dialect dialect) {
  ProtocolPrinter(out, router, dialect).print(protocol);
}

}  // namespace catflap::birdlang
