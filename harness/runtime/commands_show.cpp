#include <malloc.h>

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "runtime/commands.hpp"
#include "sys/clock.hpp"

/// Commands that show the state of the daemon, routes and protocols aside.
namespace catflap::runtime {
namespace {

/// BIRD's words; private addresses (RFC 1918, RFC 4193) belong to the site.
const char* scope_of(const net::IpAddr& addr) {
  if (addr.is_loopback()) {
    return "host";
  }
  if (addr.is_link_local()) {
    return "link";
  }
  const bool site = addr.is_v4() ? addr.v4_value() >> 24U == 10 || addr.v4_value() >> 20U == 0xAC1 ||
                                       addr.v4_value() >> 16U == 0xC0A8
                                 : addr.high() >> 57U == 0xFC >> 1U;
  return site ? "site" : "univ";
}

/// The other end of a point-to-point address or of a subnet with two hosts; "" if there is none.
std::string opposite_of(const net::InterfaceAddress& own) {
  if (own.peer) {
    return net::to_string(*own.peer);
  }
  const unsigned hosts = net::address_bits(own.addr.family()) - own.length;
  if (own.addr.is_v4() && (hosts == 1 || hosts == 2)) {
    return net::to_string(net::IpAddr::v4(own.addr.v4_value() ^ (hosts == 1 ? 1U : 3U)));
  }
  return own.addr.is_v6() && hosts == 1
             ? net::to_string(net::IpAddr::v6(own.addr.high(), own.addr.low() ^ 1U))
             : "";
}

/// Wider scopes come later.
int width_of(std::string_view scope) {
  return scope == "host" ? 0 : scope == "link" ? 1 : scope == "site" ? 2 : 3;
}

/// 1.6 has one primary address for each interface, the first of the widest scope, and prints it first.
void mark_primary(std::vector<birdc::InterfaceView::Address>& addresses) {
  const auto primary = std::max_element(addresses.begin(), addresses.end(), [](const auto& a, const auto& b) {
    return width_of(a.scope) < width_of(b.scope);
  });
  for (auto it = addresses.begin(); it != addresses.end(); ++it) {
    it->role = it == primary ? "Primary" : "Unselected";
  }
  if (primary != addresses.end()) {
    std::rotate(addresses.begin(), primary, primary + 1);
  }
}

/// 2.x has one of each kind: IPv4, IPv6, link-local.
void mark_preferred(std::vector<birdc::InterfaceView::Address>& addresses) {
  std::set<std::pair<net::Family, bool>> preferred;
  for (auto& address : addresses) {
    const net::IpAddr& addr = address.address.addr;
    const bool first = preferred.emplace(addr.family(), addr.is_link_local()).second;
    address.role = first ? "Preferred" : "";
  }
}

observe::RouteType type_of(intent::RouteTarget target) {
  switch (target) {
    case intent::RouteTarget::blackhole:
      return observe::RouteType::blackhole;
    case intent::RouteTarget::unreachable:
      return observe::RouteType::unreachable;
    case intent::RouteTarget::prohibit:
      return observe::RouteType::prohibit;
    case intent::RouteTarget::via:
    case intent::RouteTarget::recursive:
      break;
  }
  return observe::RouteType::unicast;
}

bool is_in_table(const bgp::Speaker& speaker, const intent::ProtocolIntent& protocol,
                 const net::Prefix& prefix) {
  bgp::RouteQuery query;
  query.exact = prefix;
  query.protocol = protocol.name;
  for (const intent::ChannelIntent& channel : protocol.channels) {
    if (channel.family == prefix.family()) {
      query.tables = {channel.table};
      bool found = false;
      (void)speaker.routes(query, [&](const observe::RouteView&) {  // the table is of the configuration
        found = true;
        return false;
      });
      return found;
    }
  }
  return false;
}

}  // namespace

std::vector<birdc::InterfaceView> CommandRunner::interfaces() const {
  std::vector<birdc::InterfaceView> views;
  const Kernel& kernel = daemon_.driver().kernel();
  for (const auto& [index, interface] : kernel.interfaces()) {
    birdc::InterfaceView view;
    view.name = interface.name;
    view.index = index;
    view.up = interface.up;
    view.mtu = interface.mtu;
    const auto link = kernel.links().find(index);
    const bool known = link != kernel.links().end();
    if (known && link->second.master != 0) {
      view.master = kernel.interface_name(link->second.master);
    }
    view.flags.emplace_back(interface.point_to_point ? "PtP" : "MultiAccess");
    if (known && link->second.broadcast) {
      view.flags.emplace_back("Broadcast");
    }
    if (interface.point_to_point || (known && (link->second.broadcast || link->second.multicast))) {
      view.flags.emplace_back("Multicast");
    }
    if (known && link->second.up) {
      view.flags.emplace_back("AdminUp");
    }
    if (known && link->second.carrier) {
      view.flags.emplace_back("LinkUp");
    }
    if (interface.loopback) {
      view.flags.insert(view.flags.end(), {"Loopback", "Ignored"});
    }
    for (const net::InterfaceAddress& address : interface.addresses) {
      if (view_.shows(address.addr.family())) {
        view.addresses.push_back({address, "", scope_of(address.addr), opposite_of(address)});
      }
    }
    if (format_ == birdc::Format::bird1) {
      mark_primary(view.addresses);
    } else {
      mark_preferred(view.addresses);
    }
    views.push_back(std::move(view));
  }
  return views;
}

void CommandRunner::show_interfaces(birdc::ReplyWriter& out, bool summary) {
  if (summary) {
    birdc::write_interfaces_summary(out, format_, interfaces());
  } else {
    birdc::write_interfaces(out, format_, interfaces());
  }
}

void CommandRunner::show_symbols(birdc::ReplyWriter& out, const birdc::ShowSymbols& command) {
  const auto intent = daemon_.driver().speaker().intent();
  std::vector<birdc::SymbolView> symbols;
  for (const observe::ProtocolView& protocol : protocols()) {
    symbols.push_back({protocol.name, "protocol"});
  }
  for (const auto& table : intent->tables) {
    if (view_.shows(table.family)) {
      symbols.push_back({shown_table(view_, table.name), "routing table"});
    }
  }
  for (const auto& [name, entries] : intent->roa_tables) {
    symbols.push_back({name, format_ == birdc::Format::bird2 ? "routing table" : "roa table"});
  }
  for (const auto& [name, filter] : intent->filters) {
    symbols.push_back({name, "filter"});
  }
  for (const auto& [name, function] : intent->functions) {
    symbols.push_back({name, "function"});
  }
  for (const auto& [name, value] : intent->constants) {
    symbols.push_back({name, "constant"});
  }
  if (!command.what.empty() && !command.of_kind()) {
    const auto found =
        std::find_if(symbols.begin(), symbols.end(), [&](const auto& s) { return s.name == command.what; });
    return birdc::write_symbol(
        out, found != symbols.end() ? *found : birdc::SymbolView{command.what, "undefined"});
  }
  const std::string kind = command.what == "table"      ? "routing table"
                           : command.what == "template" ? "protocol template"
                           : command.what == "roa"      ? "roa table"
                                                        : command.what;
  symbols.erase(std::remove_if(symbols.begin(), symbols.end(),
                               [&](const auto& symbol) { return !kind.empty() && symbol.kind != kind; }),
                symbols.end());
  birdc::write_symbols(out, symbols);
}

void CommandRunner::show_static(birdc::ReplyWriter& out, const birdc::ShowStatic& command) {
  const bgp::Speaker& speaker = daemon_.driver().speaker();
  const auto intent = speaker.intent();
  bool any = false;
  for (const auto& protocol : intent->protocols) {
    const auto* body = std::get_if<intent::StaticIntent>(&protocol.body);
    const bool other_family = !protocol.channels.empty() && !view_.shows(protocol.channels.front().family);
    if (body == nullptr || other_family || (!command.protocol.empty() && protocol.name != command.protocol)) {
      continue;
    }
    if (std::exchange(any, true)) {
      out.line(1009, "");
    }
    std::vector<birdc::StaticRouteView> views;
    for (const intent::StaticRoute& route : body->routes) {
      birdc::StaticRouteView view;
      view.prefix = route.prefix;
      view.recursive = route.recursive_via;
      view.type = type_of(route.target);
      view.active = route.target != intent::RouteTarget::via || is_in_table(speaker, protocol, route.prefix);
      for (const intent::StaticNextHop& hop : route.next_hops) {
        view.next_hops.push_back({hop.via, hop.interface, hop.weight, hop.onlink});
      }
      views.push_back(std::move(view));
    }
    birdc::write_static_routes(out, format_, views);
    for (const intent::RoaEntry& roa : body->roas) {
      birdc::write_static_roa(out, {roa.prefix, roa.length_max, roa.asn, {}, {}, 0});
    }
  }
  if (any) {
    return out.end();
  }
  out.end(9001, command.protocol.empty() ? "There is no Static protocol running"
                                         : command.protocol + ": Not a Static protocol");
}

void CommandRunner::show_roa(birdc::ReplyWriter& out, const birdc::ShowRoa& command) {
  const auto intent = daemon_.driver().speaker().intent();
  const auto& tables = intent->roa_tables;
  const auto table = command.table.empty() ? tables.begin() : tables.find(command.table);
  if (table == tables.end()) {
    return out.end(9001,
                   command.table.empty() ? "No ROA table defined" : command.table + " is not a roa table");
  }
  const auto matches = [&](const intent::RoaEntry& roa) {
    if (command.asn && roa.asn != *command.asn) {
      return false;
    }
    if (!command.prefix) {
      return true;
    }
    switch (command.target) {
      case birdc::ShowRoute::Target::everything:
        return true;
      case birdc::ShowRoute::Target::exact:
        return roa.prefix == *command.prefix;
      case birdc::ShowRoute::Target::longest:
        return roa.prefix.covers(*command.prefix);
      case birdc::ShowRoute::Target::inside:
        return command.prefix->covers(roa.prefix);
    }
    return true;
  };
  for (const intent::RoaEntry& roa : table->second) {
    if (view_.shows(roa.prefix.family()) && matches(roa)) {
      birdc::write_roa(out, roa.prefix, roa.length_max, roa.asn);
    }
  }
  out.end();
}

void CommandRunner::show_bfd(birdc::ReplyWriter& out, const birdc::ShowBfdSessions& command) {
  for (const observe::ProtocolView& protocol : protocols()) {
    if (!command.protocol.empty() && protocol.name != command.protocol) {
      continue;
    }
    if (protocol.kind != observe::ProtocolKind::bfd) {
      if (command.protocol.empty()) {
        continue;
      }
      return out.end(9001, protocol.name + ": Not a BFD protocol");
    }
    std::vector<birdc::BfdSessionView> sessions;
    for (const observe::BfdSessionView& session : protocol.bfd_sessions) {
      if (view_.shows(session.peer.family())) {
        sessions.push_back({session.peer, session.interface, session.state, session.since, session.interval,
                            session.timeout});
      }
    }
    return birdc::write_bfd_sessions(out, format_, clock(), protocol.name, sessions);
  }
  out.end(9001, "There is no BFD protocol running");
}

std::vector<birdc::MemoryRow> CommandRunner::memory() const {
  // Estimates from counts; what the heap holds besides are the attributes, above all.
  constexpr std::uint64_t kRouteOctets = 96;
  constexpr std::uint64_t kProtocolOctets = 6 * 1024;
  constexpr std::uint64_t kStatementOctets = 512;
  const struct mallinfo2 heap = ::mallinfo2();
  const auto intent = daemon_.driver().speaker().intent();
  std::uint64_t routes = 0;
  std::uint64_t protocols = 0;
  for (const auto& protocol : daemon_.driver().speaker().snapshot(sys::monotonic_now()).protocols) {
    ++protocols;
    for (const observe::ChannelView& channel : protocol.channels) {
      routes += channel.imported + channel.filtered;
    }
  }
  std::uint64_t roas = 0;
  for (const auto& [name, entries] : intent->roa_tables) {
    roas += entries.size() * sizeof(intent::RoaEntry);
  }
  const std::uint64_t tables = routes * kRouteOctets;
  const std::uint64_t config =
      (intent->protocols.size() + intent->filters.size() + intent->functions.size()) * kStatementOctets;
  const std::uint64_t used = heap.uordblks + heap.hblkhd;
  const std::uint64_t known = tables + protocols * kProtocolOctets + config + roas;
  std::vector<birdc::MemoryRow> rows{{"Routing tables", tables, 0},
                                     {"Route attributes", used > known ? used - known : 0, 0}};
  if (format_ == birdc::Format::bird1) {
    rows.push_back({"ROA tables", roas, 0});
  }
  rows.push_back({"Protocols", protocols * kProtocolOctets, 0});
  if (format_ == birdc::Format::bird2) {
    rows.push_back({"Current config", config, 0});
    rows.push_back({"Standby memory", 0, heap.fordblks});
  }
  return rows;
}

void CommandRunner::show_memory(birdc::ReplyWriter& out) {
  birdc::write_memory(out, format_, memory());
}

void CommandRunner::dump_text(const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    daemon_.log(bgp::act::NoteLevel::debug, std::string_view(text).substr(at, end - at));
    at = end + 1;
  }
}

void CommandRunner::dump(birdc::ReplyWriter& out, const birdc::Dump& command) {
  if (command.what == "routes" || command.what == "attributes") {
    return dump_routes();
  }
  std::string text = "dump " + command.what + "\n";
  birdc::ReplyWriter writer(text);
  const bgp::Speaker& speaker = daemon_.driver().speaker();
  if (command.what == "resources") {
    birdc::write_memory(writer, format_, memory());
  } else if (command.what == "interfaces") {
    birdc::write_interfaces(writer, format_, interfaces());
  } else if (command.what == "filter all") {
    for (const auto& [name, filter] : speaker.intent()->filters) {
      text +=
          fmt::format("filter {}: {} statements, {} variables\n", name, filter->body.size(), filter->slots);
    }
  } else {
    // Protocols, and what hangs on them: connections, neighbours, timers.
    birdc::write_protocols(writer, format_, clock(), protocols(), true);
    const Instant deadline = speaker.deadline();
    if (command.what == "events" && !deadline.is_never()) {
      text += fmt::format("next deadline in {} ms\n",
                          (deadline - sys::monotonic_now()) / std::chrono::milliseconds(1));
    }
  }
  dump_text(text);
  out.end();
}

void CommandRunner::dump_routes() {
  struct State {
    std::vector<std::string> tables;
    bgp::RouteWalk walk;
    birdc::RouteWriter writer;
    int last_code = -1;
  };
  auto state = std::make_shared<State>(State{{}, {}, birdc::RouteWriter(format_, clock(), true), -1});
  const auto& tables = daemon_.driver().speaker().intent()->tables;
  for (auto table = tables.rbegin(); table != tables.rend(); ++table) {
    state->tables.push_back(table->name);
  }
  go_on_with([this, state](std::string& out) {
    if (state->tables.empty()) {
      birdc::ReplyWriter(out).end();
      return false;
    }
    bgp::RouteQuery query;
    query.tables = {state->tables.back()};
    std::string text;
    birdc::ReplyWriter writer(text, state->last_code);
    if (!state->walk.after) {
      state->writer.table(query.tables.front());
    }
    const Status walked = daemon_.driver().speaker().routes(query, state->walk, kPrefixesPerPiece,
                                                            [&](const observe::RouteView& route) {
                                                              state->writer.route(writer, route);
                                                              return true;
                                                            });
    state->last_code = writer.last_code();
    dump_text(text);
    if (!walked || state->walk.done) {  // a table that a reconfiguration removed has no more routes
      state->tables.pop_back();
      state->walk = {};
    }
    return true;
  });
}

}  // namespace catflap::runtime
