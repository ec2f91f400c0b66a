#include <algorithm>
#include <utility>
#include <variant>

#include "birdlang/birdlang.hpp"
#include "runtime/commands.hpp"
#include "sys/clock.hpp"

/// `show route`: what to walk over is decided at once, the walk itself goes in steps.
namespace catflap::runtime {
namespace {

using birdc::ShowRoute;
using Export = bgp::RouteQuery::Export;

/// One table of the reply.
struct Part {
  bgp::RouteQuery query;
  std::string shown;                          ///< its name in the reply
  std::vector<birdc::RouteWriter::Roa> roas;  ///< of a table of these, which has nothing else
  bool is_roa = false;
};

/// The state of a `show route` between two pieces.
struct Walk {
  std::vector<Part> parts;
  std::size_t at = 0;
  bgp::RouteWalk walk;
  birdc::RouteCount count;
  birdc::RouteWriter writer;
  int last_code = -1;
  std::uint64_t routes_seen = 0;
  std::shared_ptr<const intent::RouterIntent> intent;  ///< of the filter
};

/// Decides which tables a `show route` is about, with BIRD's errors.
class Planner {
 public:
  Planner(DaemonControl& daemon, const ControlView& view, const ShowRoute& command)
      : speaker_(daemon.driver().speaker()),
        intent_(speaker_.intent()),
        protocols_(speaker_.snapshot(sys::monotonic_now()).protocols),
        view_(view),
        command_(command) {}

  /// The error is the complete last line.
  Result<std::vector<Part>> plan() {
    if (command_.filtered && (command_.export_mode != ShowRoute::Export::none || command_.primary)) {
      return error("Incompatible show route options");
    }
    if (auto done = base_query(); !done) {
      return fail(std::move(done.error()));
    }
    if (command_.channel_table != ShowRoute::ChannelTable::none) {
      return channel_table();
    }
    std::vector<std::string> names = named_tables();
    std::vector<Part> parts;
    for (const std::string& name : names) {
      if (query_.export_mode != Export::none && !exports_from(name)) {
        continue;
      }
      if (command_.prefix && !of_family(name, command_.prefix->family())) {
        if (!command_.tables.empty()) {
          return error("Incompatible type of prefix/ip for table " + name);
        }
        continue;
      }
      parts.push_back(part(name));
    }
    if (parts.empty() &&
        (view_.format == birdc::Format::bird2 || command_.export_mode == ShowRoute::Export::none)) {
      return error("No valid tables");
    }
    return parts;
  }

 private:
  static tl::unexpected<Error> error(const std::string& text) { return fail(Errc::invalid, "9001 " + text); }

  Status base_query() {
    switch (command_.target) {
      case ShowRoute::Target::everything:
        break;
      case ShowRoute::Target::exact:
        query_.exact = command_.prefix;
        break;
      case ShowRoute::Target::longest:
        query_.longest_match_for = command_.prefix;
        break;
      case ShowRoute::Target::inside:
        query_.within = command_.prefix;
        break;
    }
    query_.protocol = command_.protocol;
    query_.primary = command_.primary;
    query_.filtered = command_.filtered;
    query_.export_mode = static_cast<Export>(command_.export_mode);
    query_.export_protocol = command_.export_protocol;
    // "peer.ipv4" is a channel of the protocol "peer".
    if (const std::size_t dot = query_.export_protocol.rfind('.'); dot != std::string::npos) {
      const auto family = channel_family(query_.export_protocol.substr(dot + 1));
      if (!family) {
        return error("syntax error, unexpected CF_SYM_UNDEFINED");
      }
      export_family_ = *family;
      query_.export_protocol.resize(dot);
    }
    if (command_.filter.kind != birdc::FilterText::Kind::none) {
      const std::string prefix = command_.filter.kind == birdc::FilterText::Kind::where ? "" : "filter ";
      auto filter = birdlang::parse_filter_expression(prefix + command_.filter.text, *intent_);
      if (!filter) {
        return error(filter.error().message);
      }
      query_.filter = std::move(*filter);
    }
    return {};
  }

  static std::optional<net::Family> channel_family(const std::string& name) {
    if (name == "ipv4") {
      return net::Family::ipv4;
    }
    return name == "ipv6" ? std::optional(net::Family::ipv6) : std::nullopt;
  }

  const observe::ProtocolView* protocol(const std::string& name) const {
    const auto it = std::find_if(protocols_.begin(), protocols_.end(),
                                 [&](const auto& each) { return each.name == name; });
    return it == protocols_.end() ? nullptr : &*it;
  }

  /// `import table P.C`, `export table P.C`.
  Result<std::vector<Part>> channel_table() {
    const bool import = command_.channel_table == ShowRoute::ChannelTable::import_table;
    const auto family = channel_family(command_.channel);
    if (!family) {
      return error("syntax error, unexpected CF_SYM_UNDEFINED");
    }
    bool kept = false;
    for (const auto& each : intent_->protocols) {
      for (const auto& channel : each.channels) {
        if (each.name == command_.channel_protocol && channel.family == *family) {
          kept = import ? channel.bgp.import_table : channel.bgp.export_table;
        }
      }
    }
    if (!kept) {
      return error(std::string("No ") + (import ? "import" : "export") + " table in channel " +
                   command_.channel_protocol + "." + command_.channel);
    }
    Part part;
    part.query = query_;
    part.query.adjacent =
        import ? bgp::RouteQuery::Adjacent::received : bgp::RouteQuery::Adjacent::advertised;
    part.query.adjacent_protocol = command_.channel_protocol;
    part.query.adjacent_family = *family;
    part.shown = import ? "import" : "export";
    return std::vector<Part>{std::move(part)};
  }

  bool of_family(const std::string& table, net::Family family) const {
    return std::any_of(intent_->tables.begin(), intent_->tables.end(),
                       [&](const auto& each) { return each.name == table && each.family == family; });
  }

  /// The names that a socket of one family uses for the default tables.
  std::string real_name(const std::string& name) const {
    if (view_.format == birdc::Format::bird1 && name == "master") {
      for (const auto& table : intent_->tables) {
        if (view_.shows(table.family) && shown_table(view_, table.name) == name) {
          return table.name;
        }
      }
    }
    return name;
  }

  std::vector<std::string> named_tables() const {
    std::vector<std::string> names;
    for (const std::string& table : command_.tables) {
      names.push_back(real_name(table));
    }
    if (!names.empty()) {
      return names;
    }
    if (command_.all_tables) {
      for (const auto& table : intent_->tables) {
        names.push_back(table.name);
      }
      for (const auto& [name, entries] : intent_->roa_tables) {
        names.push_back(name);
      }
    } else if (query_.export_mode != Export::none) {
      names = tables_of(query_.export_protocol, true);
    } else if (!command_.protocol.empty()) {
      names = tables_of(command_.protocol, false);
    } else {
      default_tables(names);
    }
    names.erase(std::remove_if(names.begin(), names.end(),
                               [&](const std::string& name) {
                                 return std::any_of(intent_->tables.begin(), intent_->tables.end(),
                                                    [&](const auto& table) {
                                                      return table.name == name && !view_.shows(table.family);
                                                    });
                               }),
                names.end());
    return names;
  }

  /// The first table of each kind.
  void default_tables(std::vector<std::string>& names) const {
    for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
      const auto table = std::find_if(intent_->tables.begin(), intent_->tables.end(),
                                      [&](const auto& each) { return each.family == family; });
      if (table != intent_->tables.end()) {
        names.push_back(table->name);
      }
    }
    for (const net::Family family : {net::Family::ipv4, net::Family::ipv6}) {
      const auto table = std::find_if(intent_->roa_families.begin(), intent_->roa_families.end(),
                                      [&](const auto& each) { return each.second == family; });
      if (table != intent_->roa_families.end() && view_.format == birdc::Format::bird2) {
        names.push_back(table->first);
      }
    }
  }

  std::vector<std::string> tables_of(const std::string& name, bool only_up) const {
    std::vector<std::string> names;
    if (const observe::ProtocolView* found = protocol(name)) {
      for (const observe::ChannelView& channel : found->channels) {
        if ((channel.up || !only_up) && (!only_up || !export_family_ || *export_family_ == channel.family)) {
          names.push_back(channel.table);
        }
      }
    }
    return names;
  }

  bool exports_from(const std::string& table) const {
    using Kind = observe::ProtocolKind;
    const observe::ProtocolView* found = protocol(query_.export_protocol);
    // Nothing is ever exported to these, so BIRD knows no table for them here.
    if (found == nullptr || found->kind == Kind::direct || found->kind == Kind::static_ ||
        found->kind == Kind::device) {
      return false;
    }
    return std::any_of(found->channels.begin(), found->channels.end(),
                       [&](const auto& channel) { return channel.table == table; });
  }

  Part part(const std::string& name) const {
    Part part;
    part.query = query_;
    part.query.tables = {name};
    part.shown = shown_table(view_, name);
    const auto roas = intent_->roa_tables.find(name);
    part.is_roa = roas != intent_->roa_tables.end();
    if (!part.is_roa || query_.filtered) {
      return part;
    }
    for (const auto& each : intent_->protocols) {
      const auto* body = std::get_if<intent::StaticIntent>(&each.body);
      const observe::ProtocolView* running = body == nullptr ? nullptr : protocol(each.name);
      if (running == nullptr || body->roa_table != name || running->state != observe::ProtocolState::up ||
          (!query_.protocol.empty() && query_.protocol != each.name)) {
        continue;
      }
      constexpr std::uint32_t kStaticPreference = 200;
      for (const intent::RoaEntry& roa : body->roas) {
        part.roas.push_back(
            {roa.prefix, roa.length_max, roa.asn, each.name, running->since, kStaticPreference});
      }
    }
    return part;
  }

  const bgp::Speaker& speaker_;
  std::shared_ptr<const intent::RouterIntent> intent_;
  std::vector<observe::ProtocolView> protocols_;
  const ControlView& view_;
  const ShowRoute& command_;
  bgp::RouteQuery query_;
  std::optional<net::Family> export_family_;
};

/// Makes pieces of a reply.
class RouteReply {
 public:
  RouteReply(DaemonControl& daemon, ControlView view, ShowRoute command, Walk walk)
      : daemon_(daemon), view_(view), command_(std::move(command)), state_(std::move(walk)) {}

  bool more(std::string& text) {
    birdc::ReplyWriter out(text, state_.last_code);
    const bool go_on = next(out);
    state_.last_code = out.last_code();
    return go_on;
  }

 private:
  bool counts() const { return command_.count || command_.stats; }
  bool single() const {
    return command_.target == ShowRoute::Target::exact || command_.target == ShowRoute::Target::longest;
  }

  bool next(birdc::ReplyWriter& out) {
    if (state_.at == state_.parts.size()) {
      const bool not_found = single() && state_.routes_seen == 0;
      state_.writer.end(out, not_found, counts() && !single());
      return false;
    }
    Part& part = state_.parts[state_.at];
    const bgp::Speaker& speaker = daemon_.driver().speaker();
    if (part.query.filter != nullptr && speaker.intent() != state_.intent) {
      out.end(8004, "Stopped due to reconfiguration");
      return false;
    }
    if (!state_.walk.after) {
      state_.writer.table(part.shown);
    }
    if (part.is_roa) {
      for (const birdc::RouteWriter::Roa& roa : part.roas) {
        count_roa(out, roa, part.query.filter == nullptr);
      }
      finish(out);
      return true;
    }
    const Status walked = speaker.routes(part.query, state_.walk, CommandRunner::kPrefixesPerPiece,
                                         [&](observe::RouteView route) {
                                           ++state_.count.shown;
                                           if (!command_.count) {
                                             route.kernel_refused = route.kernel_refused && route.best;
                                             state_.writer.route(out, route);
                                           }
                                           return true;
                                         });
    if (!walked) {
      out.end(8004, "Stopped due to reconfiguration");  // the table or the protocol is gone
      return false;
    }
    if (state_.walk.done) {
      finish(out);
    }
    return true;
  }

  /// Filters know attributes of routes only, so what they say of an authorization is no.
  void count_roa(birdc::ReplyWriter& out, const birdc::RouteWriter::Roa& roa, bool shown) {
    state_.count.shown += shown ? 1U : 0U;
    ++state_.walk.routes;
    ++state_.walk.networks;
    if (shown && !command_.count) {
      state_.writer.roa(out, roa);
    }
  }

  /// A table is through.
  void finish(birdc::ReplyWriter& out) {
    if (command_.all_tables && !command_.count) {
      state_.writer.announce_table(out);
    }
    state_.routes_seen += state_.walk.routes;
    if (counts() && !single()) {
      state_.count.routes = state_.walk.routes;
      state_.count.networks = state_.walk.networks;
      state_.writer.count(out, state_.count);
    }
    state_.count = {};
    state_.walk = {};
    ++state_.at;
  }

  DaemonControl& daemon_;
  ControlView view_;
  ShowRoute command_;
  Walk state_;
};

}  // namespace

void CommandRunner::show_route(birdc::ReplyWriter& out, const birdc::ShowRoute& command) {
  auto parts = Planner(daemon_, view_, command).plan();
  if (!parts) {
    return out.end_with(parts.error().message);
  }
  Walk walk{std::move(*parts),
            0,
            {},
            {},
            birdc::RouteWriter(format_, clock(), command.all, command.stats && !command.count),
            -1,
            0,
            daemon_.driver().speaker().intent()};
  auto reply = std::make_shared<RouteReply>(daemon_, view_, command, std::move(walk));
  go_on_with([reply](std::string& text) { return reply->more(text); });
}

}  // namespace catflap::runtime
