#include "runtime/commands.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "base/overloaded.hpp"
#include "bgp/policy/filter.hpp"
#include "birdlang/birdlang.hpp"
#include "sys/clock.hpp"

namespace catflap::runtime {
namespace {

/// What `show` and the banner tell; tools read the version to know which commands and formats there are.
constexpr const char* version_of(birdc::Format format) {
  return format == birdc::Format::bird2 ? "2.0.12" : "1.6.8";
}

constexpr const char* kNoValidTables = "No valid tables";  // of Speaker::routes()

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

}  // namespace

birdc::Clock CommandRunner::clock() const {
  birdc::Clock clock;
  clock.now = sys::monotonic_now();
  const auto wall = sys::wall_now();
  clock.wall_now_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(wall.time_since_epoch()).count();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(wall);
  std::tm local{};
  if (::localtime_r(&seconds, &local) != nullptr) {
    clock.utc_offset_s = static_cast<std::int32_t>(local.tm_gmtoff);
  }
  return clock;
}

birdc::SymbolKind CommandRunner::symbol(std::string_view name) const {
  const auto intent = daemon_.driver().speaker().intent();
  for (const auto& protocol : daemon_.driver().speaker().snapshot(sys::monotonic_now()).protocols) {
    if (protocol.name == name) {
      return birdc::SymbolKind::protocol;
    }
  }
  if (intent == nullptr) {
    return birdc::SymbolKind::undefined;
  }
  for (const intent::TableIntent& table : intent->tables) {
    if (table.name == name) {
      return birdc::SymbolKind::table;
    }
  }
  const std::string key(name);
  if (intent->roa_tables.count(key) != 0) {
    return birdc::SymbolKind::table;
  }
  const bool other = intent->filters.count(key) != 0 || intent->functions.count(key) != 0 ||
                     intent->constants.count(key) != 0;
  return other ? birdc::SymbolKind::other : birdc::SymbolKind::undefined;
}

bool CommandRunner::run(std::string_view line, std::string& out_text) {
  birdc::ReplyWriter out(out_text);
  auto command = birdc::parse_command(line, format_, [this](std::string_view name) { return symbol(name); });
  if (!command) {
    out.end_with(command.error().message);
    return true;
  }
  if (restricted_ && birdc::changes_daemon(*command)) {
    out.end(8007, "Access denied");
    return true;
  }
  bool go_on = true;
  std::visit(overloaded{
                 [&](const birdc::ShowStatus&) { show_status(out); },
                 [&](const birdc::ShowMemory&) { show_memory(out); },
                 [&](const birdc::ShowProtocols& c) { show_protocols(out, c); },
                 [&](const birdc::ShowInterfaces& c) { show_interfaces(out, c.summary); },
                 [&](const birdc::ShowRoute& c) { show_route(out, c); },
                 [&](const birdc::ShowSymbols& c) { show_symbols(out, c); },
                 [&](const birdc::ShowStatic& c) { show_static(out, c); },
                 [&](const birdc::ShowBfdSessions&) { out.end(9001, "There is no BFD protocol running"); },
                 [&](const birdc::Configure& c) { configure(out, c); },
                 [&](const birdc::Act& c) { act(out, c); },
                 [&](const birdc::Down&) {
                   daemon_.shut_down(false);
                   out.end(7, "Shutdown requested");
                 },
                 [&](const birdc::GracefulRestart&) {
                   daemon_.shut_down(true);
                   out.end(25, "Graceful restart requested");
                 },
                 [&](const birdc::Restrict&) {
                   restricted_ = true;
                   out.end(16, "Access restricted");
                 },
                 [&](const birdc::Eval& c) { eval(out, c); },
                 [&](const birdc::Help&) { out.end(0); },
                 [&](const birdc::Quit&) {
                   out.end(0);
                   go_on = false;
                 },
                 [&](const birdc::Echo&) { out.end(9001, "echo is not supported: see the log"); },
                 [&](const birdc::Debug&) { out.end(9001, "debug is not supported: see the log"); },
                 [&](const birdc::MrtDumpFlags&) { out.end(9001, "mrtdump is not supported"); },
                 [&](const birdc::MrtDumpTable&) { out.end(9001, "mrt dump is not supported"); },
                 [&](const birdc::Dump&) { out.end(9001, "dump is not supported"); },
             },
             *command);
  return go_on;
}

bool CommandRunner::more(std::string& out) {
  if (!rest_) {
    return false;
  }
  if (!rest_(out)) {
    rest_ = nullptr;
  }
  return true;
}

void CommandRunner::show_status(birdc::ReplyWriter& out) {
  birdc::StatusView status;
  status.version = version_of(format_);
  status.router_id = net::router_id_to_string(daemon_.driver().speaker().router_id());
  if (const auto intent = daemon_.driver().speaker().intent()) {
    status.hostname = intent->hostname;
  }
  status.server_time = sys::monotonic_now();
  status.last_reboot = daemon_.started();
  status.last_reconfiguration = daemon_.configured();
  if (daemon_.shutting_down()) {
    status.state = "Shutdown in progress";
  }
  birdc::write_status(out, format_, clock(), status);
}

void CommandRunner::show_protocols(birdc::ReplyWriter& out, const birdc::ShowProtocols& command) {
  auto protocols = daemon_.driver().speaker().snapshot(sys::monotonic_now()).protocols;
  protocols.erase(std::remove_if(protocols.begin(), protocols.end(),
                                 [&](const auto& protocol) { return !command.which.matches(protocol.name); }),
                  protocols.end());
  if (protocols.empty() && command.which.kind != birdc::ProtocolSelector::Kind::all) {
    return out.end(8003, "No protocols match");
  }
  birdc::write_protocols(out, format_, clock(), protocols, command.all);
}

/// Nothing is ever exported to these, so BIRD knows no table for them here.
bool CommandRunner::takes_no_routes(const std::string& protocol) const {
  using Kind = observe::ProtocolKind;
  const auto protocols = daemon_.driver().speaker().snapshot(sys::monotonic_now()).protocols;
  return std::any_of(protocols.begin(), protocols.end(), [&](const auto& each) {
    return each.name == protocol &&
           (each.kind == Kind::direct || each.kind == Kind::static_ || each.kind == Kind::device);
  });
}

void CommandRunner::show_route(birdc::ReplyWriter& out, const birdc::ShowRoute& command) {
  const bgp::Speaker& speaker = daemon_.driver().speaker();
  const auto intent = speaker.intent();
  bgp::RouteQuery query;
  switch (command.target) {
    case birdc::ShowRoute::Target::everything:
      break;
    case birdc::ShowRoute::Target::exact:
      query.exact = command.prefix;
      break;
    case birdc::ShowRoute::Target::longest:
      query.longest_match_for = command.prefix;
      break;
    case birdc::ShowRoute::Target::inside:
      query.within = command.prefix;
      break;
  }
  query.protocol = command.protocol;
  query.primary = command.primary;
  query.filtered = command.filtered;
  query.export_mode = static_cast<bgp::RouteQuery::Export>(command.export_mode);
  query.export_protocol = command.export_protocol;
  if (command.channel_table != birdc::ShowRoute::ChannelTable::none) {
    return out.end(8001, "No " +
                             std::string(command.channel_table == birdc::ShowRoute::ChannelTable::import_table
                                             ? "import"
                                             : "export") +
                             " table in channel " + command.channel_protocol +
                             (command.channel.empty() ? "" : "." + command.channel));
  }
  if (command.filter.kind != birdc::FilterText::Kind::none) {
    const std::string prefix = command.filter.kind == birdc::FilterText::Kind::where ? "" : "filter ";
    auto filter = birdlang::parse_filter_expression(prefix + command.filter.text, *intent);
    if (!filter) {
      return out.end(9001, filter.error().message);
    }
    query.filter = std::move(*filter);
  }
  std::vector<std::string> tables = command.tables;
  if (tables.empty()) {
    for (const intent::TableIntent& table : intent->tables) {
      if (!command.prefix || command.prefix->family() == table.family) {
        tables.push_back(table.name);
      }
    }
  }
  // "peer.ipv4" is a channel of the protocol "peer".
  if (const std::size_t dot = query.export_protocol.rfind('.'); dot != std::string::npos) {
    const std::string channel = query.export_protocol.substr(dot + 1);
    query.export_protocol.resize(dot);
    const net::Family family = channel == "ipv6" ? net::Family::ipv6 : net::Family::ipv4;
    tables.erase(std::remove_if(tables.begin(), tables.end(),
                                [&](const std::string& name) {
                                  const auto& all = intent->tables;
                                  return std::any_of(all.begin(), all.end(), [&](const auto& table) {
                                    return table.name == name && table.family != family;
                                  });
                                }),
                 tables.end());
  }
  const bool exported = query.export_mode != bgp::RouteQuery::Export::none;
  if (exported && takes_no_routes(query.export_protocol)) {
    return out.end(9001, kNoValidTables);
  }
  birdc::RouteWriter writer(format_, clock(), command.all, command.stats);
  bool any = false;
  bool any_table = false;
  for (const std::string& table : tables) {
    query.tables = {table};
    writer.table(table);
    birdc::RouteCount count;
    std::optional<net::Prefix> last;
    const Status walked = speaker.routes(query, [&](const observe::RouteView& route) {
      any = true;
      ++count.shown;
      if (!command.count) {
        writer.route(out, route);
      }
      return true;
    });
    if (!walked && exported && command.tables.empty() && walked.error().message == kNoValidTables) {
      continue;  // no channel of the protocol is connected to this one
    }
    if (!walked) {
      return out.end(walked.error().code == Errc::not_found ? 8001 : 9001, walked.error().message);
    }
    any_table = true;
    if (command.all_tables && !command.count) {
      writer.announce_table(out);
    }
    if (command.count || command.stats) {
      bgp::RouteQuery everything;
      everything.tables = {table};
      (void)speaker.routes(everything, [&](const observe::RouteView& route) {  // the table is known by now
        ++count.routes;
        if (last != route.prefix) {
          ++count.networks;
          last = route.prefix;
        }
        return true;
      });
      writer.count(out, count);
    }
  }
  if (exported && !any_table) {
    return out.end(9001, kNoValidTables);
  }
  writer.end(out, !any && command.prefix.has_value(), command.count || command.stats);
}

void CommandRunner::show_interfaces(birdc::ReplyWriter& out, bool summary) {
  std::vector<birdc::InterfaceView> views;
  const Kernel& kernel = daemon_.driver().kernel();
  for (const auto& [index, interface] : kernel.interfaces()) {
    birdc::InterfaceView view;
    view.name = interface.name;
    view.index = index;
    view.up = interface.up;
    view.mtu = interface.mtu;
    const auto link = kernel.links().find(index);
    const bool admin_up = link != kernel.links().end() && link->second.up;
    const bool carrier = link != kernel.links().end() && link->second.carrier;
    if (link != kernel.links().end() && link->second.master != 0) {
      view.master = kernel.interface_name(link->second.master);
    }
    view.flags.emplace_back("MultiAccess");
    if (!interface.loopback) {
      view.flags.insert(view.flags.end(), {"Broadcast", "Multicast"});
    }
    if (admin_up) {
      view.flags.emplace_back("AdminUp");
    }
    if (carrier) {
      view.flags.emplace_back("LinkUp");
    }
    if (interface.loopback) {
      view.flags.insert(view.flags.end(), {"Loopback", "Ignored"});
    }
    std::set<std::pair<net::Family, bool>> preferred;
    for (const net::InterfaceAddress& address : interface.addresses) {
      const bool link_local = address.addr.is_link_local();
      const char* scope = scope_of(address.addr);
      const bool first = preferred.emplace(address.addr.family(), link_local).second;
      view.addresses.push_back({address, first ? "Preferred" : "", scope, ""});
    }
    views.push_back(std::move(view));
  }
  if (summary) {
    birdc::write_interfaces_summary(out, format_, views);
  } else {
    birdc::write_interfaces(out, format_, views);
  }
}

void CommandRunner::show_symbols(birdc::ReplyWriter& out, const birdc::ShowSymbols& command) {
  const auto intent = daemon_.driver().speaker().intent();
  std::vector<birdc::SymbolView> symbols;
  for (const auto& protocol : intent->protocols) {
    symbols.push_back({protocol.name, "protocol"});
  }
  for (const auto& table : intent->tables) {
    symbols.push_back({table.name, "routing table"});
  }
  for (const auto& [name, entries] : intent->roa_tables) {
    symbols.push_back({name, "routing table"});
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
  const std::string kind = command.what == "table" ? "routing table" : command.what;
  symbols.erase(std::remove_if(symbols.begin(), symbols.end(),
                               [&](const birdc::SymbolView& symbol) {
                                 return !kind.empty() && symbol.kind != kind && symbol.name != kind;
                               }),
                symbols.end());
  birdc::write_symbols(out, symbols);
}

void CommandRunner::show_static(birdc::ReplyWriter& out, const birdc::ShowStatic& command) {
  const auto intent = daemon_.driver().speaker().intent();
  const intent::StaticIntent* found = nullptr;
  for (const auto& protocol : intent->protocols) {
    const auto* body = std::get_if<intent::StaticIntent>(&protocol.body);
    if (body != nullptr && (command.protocol.empty() || protocol.name == command.protocol)) {
      found = body;
      break;
    }
  }
  if (found == nullptr) {
    return out.end(9001, command.protocol.empty() ? "There is no Static protocol running"
                                                  : command.protocol + ": is not a static protocol");
  }
  std::vector<birdc::StaticRouteView> views;
  for (const intent::StaticRoute& route : found->routes) {
    birdc::StaticRouteView view;
    view.prefix = route.prefix;
    view.recursive = route.recursive_via;
    view.type = route.target == intent::RouteTarget::blackhole     ? observe::RouteType::blackhole
                : route.target == intent::RouteTarget::unreachable ? observe::RouteType::unreachable
                : route.target == intent::RouteTarget::prohibit    ? observe::RouteType::prohibit
                                                                   : observe::RouteType::unicast;
    for (const intent::StaticNextHop& hop : route.next_hops) {
      view.next_hops.push_back({hop.via, hop.interface, hop.weight, hop.onlink});
    }
    views.push_back(std::move(view));
  }
  birdc::write_static_routes(out, format_, views);
}

void CommandRunner::show_memory(birdc::ReplyWriter& out) {
  std::uint64_t routes = 0;
  (void)daemon_.driver().speaker().routes({}, [&](const observe::RouteView&) {  // names no table
    ++routes;
    return true;
  });
  const auto intent = daemon_.driver().speaker().intent();
  birdc::write_memory(out, format_,
                      {{"Routing tables", routes * sizeof(observe::RouteView), 0},
                       {"Protocols", intent->protocols.size() * sizeof(intent::ProtocolIntent), 0}});
}

void CommandRunner::configure(birdc::ReplyWriter& out, const birdc::Configure& command) {
  using Mode = birdc::Configure::Mode;
  switch (command.mode) {
    case Mode::confirm:
      return daemon_.confirm() ? out.end(18, "Reconfiguration confirmed") : out.end(19, "Nothing to do");
    case Mode::undo:
      out.line(21, "Undo requested");
      return daemon_.undo() ? out.end(3, "Reconfigured") : out.end(19, "Nothing to do");
    case Mode::status:
      out.line(3, daemon_.shutting_down() ? "Shutdown in progress" : "Daemon is up and running");
      return out.end(0);
    case Mode::apply:
    case Mode::soft:
    case Mode::check:
      break;
  }
  const std::string file = command.file.empty() ? daemon_.config_file() : command.file;
  out.line(2, "Reading configuration from " + file);
  auto intent = daemon_.read_config(file);
  if (!intent) {
    const Error& error = intent.error();
    // BIRD's form: one blank between the position and the text.
    return out.end(8002, error.where ? to_string(*error.where) + " " + error.message : error.message);
  }
  if (command.mode == Mode::check) {
    return out.end(20, "Configuration OK");
  }
  if (daemon_.shutting_down()) {
    return out.end(6, "Reconfiguration ignored, shutting down");
  }
  if (command.timeout_s) {
    out.line(22, "Undo scheduled in " + std::to_string(*command.timeout_s) + " s");
  }
  daemon_.apply(std::move(*intent), command.mode == Mode::soft, command.timeout_s);
  out.end(3, "Reconfigured");
}

void CommandRunner::act(birdc::ReplyWriter& out, const birdc::Act& command) {
  using Verb = birdc::Act::Verb;
  using Outcome = birdc::ActOutcome;
  bool any = false;
  SpeakerDriver& driver = daemon_.driver();
  for (const auto& protocol : driver.speaker().snapshot(sys::monotonic_now()).protocols) {
    if (!command.which.matches(protocol.name)) {
      continue;
    }
    any = true;
    const bool down = protocol.state == observe::ProtocolState::down;
    Outcome outcome = Outcome::reloading;
    switch (command.verb) {
      case Verb::enable:
        outcome = down ? Outcome::enabled : Outcome::already_enabled;
        break;
      case Verb::disable:
        outcome = down ? Outcome::already_disabled : Outcome::disabled;
        break;
      case Verb::restart:
        outcome = down ? Outcome::already_disabled : Outcome::restarted;
        break;
      case Verb::reload:
      case Verb::reload_in:
      case Verb::reload_out:
        outcome = down                                             ? Outcome::already_disabled
                  : protocol.kind == observe::ProtocolKind::direct ? Outcome::reload_failed
                                                                   : Outcome::reloading;
        break;
    }
    birdc::write_act(out, protocol.name, outcome);
    if (outcome != Outcome::already_enabled && outcome != Outcome::already_disabled &&
        outcome != Outcome::reload_failed) {
      driver.tell(
          bgp::ev::Admin{static_cast<bgp::ev::Admin::Verb>(command.verb), protocol.name, command.message});
    }
  }
  any ? out.end(0) : out.end(8003, "No protocols match");
}

void CommandRunner::eval(birdc::ReplyWriter& out, const birdc::Eval& command) {
  const auto intent = daemon_.driver().speaker().intent();
  auto expression = birdlang::parse_expression(command.expression, *intent);
  if (!expression) {
    return out.end(9001, expression.error().message);
  }
  bgp::policy::FilterEnvironment environment;
  environment.roa_tables = &intent->roa_tables;
  auto value = bgp::policy::evaluate(**expression, intent->functions, environment);
  if (!value) {
    return out.end(8008, "runtime error");
  }
  out.end(23, intent::to_string(*value));
}

}  // namespace catflap::runtime
