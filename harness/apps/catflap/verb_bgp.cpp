#include <chrono>
#include <cstdio>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "apps/catflap/bgp_client.hpp"
#include "apps/catflap/malformed_mrt.hpp"
#include "birdc/parse.hpp"
#include "daemons/links.hpp"
#include "observe/filter_hits.hpp"
#include "observe/json.hpp"
#include "observe/stream.hpp"
#include "observe/text.hpp"
#include "sys/clock.hpp"
#include "sys/files.hpp"

/// `catflap bgp`: what our speaker knows beyond birdc.
namespace catflap::app {
namespace {

using nlohmann::json;

/// Prints a list of things: as text, or as one JSON object with the list.
class Printer {
 public:
  Printer(bool as_json, const char* name) : json_(as_json) {
    if (json_) {
      fmt::print("{{\"{}\":[", name);
    }
  }
  void add(const json& value, const std::string& text) {
    if (json_) {
      fmt::print("{}{}", first_ ? "" : ",", value.dump(-1, ' ', false, json::error_handler_t::replace));
    } else {
      fmt::print("{}", text);
    }
    first_ = false;
  }
  ~Printer() {
    if (json_) {
      fmt::print("]}}\n");
    }
  }
  Printer(const Printer&) = delete;
  Printer& operator=(const Printer&) = delete;

 private:
  bool json_;
  bool first_ = true;
};

/// Asks for all, then prints, so that an error is not half a list.
template <class View, class Decode, class ToText>
Status print_all(const Common& common, const Target& target, const json& question, const char* name,
                 Decode decode, ToText to_text) {
  auto views = collect<View>(target, question, decode);
  if (!views) {
    return fail(std::move(views.error()));
  }
  if (!common.json) {
    fmt::print("{}", to_text(*views));
    return {};
  }
  json values = json::array();
  for (const View& view : *views) {
    values.push_back(observe::to_json_value(view));
  }
  fmt::print("{}\n", json{{name, std::move(values)}}.dump(-1, ' ', false, json::error_handler_t::replace));
  return {};
}

Status explain(const Common& common, const Target& target, const BgpOptions& options,
               const std::string& prefix) {
  if (!target.bird.empty()) {
    return fail(needs_self(target, "why a route was chosen"));
  }
  const json question{
      {"ask", "explain"}, {"prefix", prefix}, {"exactly", options.exact}, {"table", options.table}};
  return print_all<observe::ExplainView>(
      common, target, question, "explain", observe::explain_from_json,
      [](const auto& views) { return observe::explain_text(views, sys::monotonic_now()); });
}

/// Writes them to a file.
Status write_mrt(const Common& common, const std::string& file,
                 const std::vector<observe::MalformedView>& views,
                 const std::vector<observe::ProtocolView>& protocols) {
  const MalformedMrt mrt = malformed_mrt(views, protocols);
  if (auto done = sys::write_file_atomic(file, as_text(mrt.octets)); !done) {
    return done;
  }
  if (common.json) {
    fmt::print("{}\n", json{{"file", file}, {"messages", mrt.written}, {"left_out", mrt.left_out}}.dump());
  } else {
    fmt::print("{}: {} messages, {} left out that are not whole\n", file, mrt.written, mrt.left_out);
  }
  return {};
}

Status malformed(const Common& common, const Target& target, const BgpOptions& options,
                 const std::string& peer) {
  if (!target.bird.empty()) {
    return fail(needs_self(target, "which messages were malformed"));
  }
  if (!options.mrt.empty()) {
    auto views = collect<observe::MalformedView>(target, {{"ask", "malformed"}, {"protocol", peer}},
                                                 observe::malformed_from_json);
    auto protocols =
        collect<observe::ProtocolView>(target, {{"ask", "protocols"}}, observe::protocol_from_json);
    return !views       ? fail(std::move(views.error()))
           : !protocols ? fail(std::move(protocols.error()))
                        : write_mrt(common, options.mrt, *views, *protocols);
  }
  return print_all<observe::MalformedView>(
      common, target, {{"ask", "malformed"}, {"protocol", peer}}, "malformed", observe::malformed_from_json,
      [](const auto& views) { return observe::malformed_text(views, sys::monotonic_now()); });
}

Status hits(const Common& common, const Target& target, const std::string& protocol) {
  if (!target.bird.empty()) {
    return fail(needs_self(target, "which lines of filters decide"));
  }
  return print_all<observe::FilterHitsView>(common, target, {{"ask", "hits"}, {"protocol", protocol}}, "hits",
                                            observe::filter_hits_from_json, observe::filter_hits_text);
}

void print_peers(const Common& common, const std::vector<observe::ProtocolView>& protocols, bool why) {
  const Instant now = sys::monotonic_now();
  if (!common.json) {
    fmt::print("{}", observe::peers_text(protocols, why, now));
    return;
  }
  json peers = json::array();
  for (const observe::ProtocolView& protocol : protocols) {
    if (protocol.session) {
      json peer = observe::to_json_value(protocol);
      if (why) {
        const observe::Diagnosis diagnosis = observe::diagnose(protocol, now);
        peer["why"] = diagnosis.why;
        peer["advice"] = diagnosis.advice;
      }
      peers.push_back(std::move(peer));
    }
  }
  fmt::print("{}\n", json{{"peers", std::move(peers)}}.dump(-1, ' ', false, json::error_handler_t::replace));
}

Status peers(const Common& common, const Target& target, const BgpOptions& options) {
  std::vector<observe::ProtocolView> protocols;
  if (!target.bird.empty()) {
    auto reply = ask_bird(common, target.bird, "show protocols all");
    if (!reply) {
      return fail(std::move(reply.error()));
    }
    auto parsed = birdc::parse_protocols(daemons::local_clock(sys::monotonic_now()), *reply);
    if (!parsed) {
      return fail(std::move(parsed.error()));
    }
    protocols = std::move(*parsed);
  } else {
    auto done = ask(target, {{"ask", "protocols"}}, [&](const json& value) -> Status {
      auto protocol = observe::protocol_from_json(value);
      if (!protocol) {
        return fail(std::move(protocol.error()));
      }
      protocols.push_back(std::move(*protocol));
      return {};
    });
    if (!done) {
      return done;
    }
  }
  print_peers(common, protocols, options.why);
  return {};
}

Status print_bird_routes(const Common& common, const std::string& node, const std::string& command) {
  auto reply = ask_bird(common, node, command);
  if (!reply) {
    return fail(std::move(reply.error()));
  }
  auto routes = birdc::parse_routes(daemons::local_clock(sys::monotonic_now()), *reply, "master");
  if (!routes) {
    return fail(std::move(routes.error()));
  }
  Printer printer(common.json, "routes");
  for (const observe::RouteView& route : *routes) {
    printer.add(observe::to_json_value(route), observe::route_text(route));
  }
  return {};
}

/// Routes come and go out one by one, however many they are.
Status print_routes(const Common& common, const Target& target, const json& question) {
  std::unique_ptr<Printer> printer;
  const auto start = [&] {
    if (printer == nullptr) {
      printer = std::make_unique<Printer>(common.json, "routes");
    }
  };
  auto done = ask(target, question, [&](const json& value) -> Status {
    auto route = observe::route_from_json(value);
    if (!route) {
      return fail(std::move(route.error()));
    }
    start();
    printer->add(value, common.json ? "" : observe::route_text(*route));
    return {};
  });
  if (done) {
    start();
  }
  return done;
}

Status routes(const Common& common, const Target& target, const BgpOptions& options,
              const std::string& prefix) {
  if (!target.bird.empty()) {
    const auto word = [](const char* name, const std::string& value) {
      return value.empty() ? std::string() : fmt::format(" {} {}", name, value);
    };
    return print_bird_routes(common, target.bird,
                             "show route" + word(options.exact ? "" : "for", prefix) +
                                 word("in", options.in) + word("table", options.table) +
                                 word("protocol", options.protocol) + word("export", options.exported) +
                                 word("where", options.where) + (options.primary ? " primary" : "") +
                                 (options.filtered ? " filtered" : "") + " all");
  }
  json question{{"ask", "routes"},
                {"table", options.table},
                {"in", options.in},
                {"protocol", options.protocol},
                {"export", options.exported},
                {"where", options.where},
                {"primary", options.primary},
                {"filtered", options.filtered}};
  question[options.exact ? "exact" : "for"] = prefix;
  return print_routes(common, target, question);
}

Status adjacent(const Common& common, const Target& target, const BgpOptions& options, bool received,
                const std::string& peer, const std::string& prefix) {
  if (!target.bird.empty()) {
    if (received) {
      return fail(needs_self(target, "what a peer sent before the import filter"));
    }
    return print_bird_routes(common, target.bird,
                             "show route export " + peer + (prefix.empty() ? "" : " " + prefix) + " all");
  }
  return print_routes(common, target,
                      {{"ask", received ? "received" : "advertised"},
                       {"protocol", peer},
                       {"exact", prefix},
                       {"in", options.in},
                       {"where", options.where}});
}

/// A line for a change; "" for what was not asked for.
std::string change_text(const observe::StreamMessage& message, const BgpOptions& options) {
  const bool all = !options.only_routes && !options.only_sessions;
  if (const auto* routes = std::get_if<observe::RoutesChanged>(&message); routes != nullptr) {
    if (!all && !options.only_routes) {
      return "";
    }
    if (routes->routes.empty()) {
      return fmt::format("route    {} {} gone\n", routes->table, net::to_string(routes->prefix));
    }
    return fmt::format("route    {} {}", routes->table, observe::route_text(routes->routes.front()));
  }
  if (!all && !options.only_sessions) {
    return "";
  }
  if (const auto* changed = std::get_if<observe::ProtocolChanged>(&message); changed != nullptr) {
    const observe::ProtocolView& protocol = changed->protocol;
    std::string text = fmt::format("protocol {} {}", protocol.name, observe::to_string(protocol.state));
    if (protocol.session) {
      text +=
          fmt::format(" {} {}", observe::to_string(protocol.session->state), protocol.session->last_error);
    }
    return text + "\n";
  }
  if (const auto* gone = std::get_if<observe::ProtocolGone>(&message); gone != nullptr) {
    return fmt::format("protocol {} gone\n", gone->name);
  }
  if (const auto* note = std::get_if<observe::Note>(&message); note != nullptr) {
    return fmt::format("note     {}: {}\n", note->level, note->text);
  }
  return "";
}

Status watch(const Common& common, const Target& target, const BgpOptions& options) {
  if (!target.bird.empty()) {
    return fail(needs_self(target, "changes as they happen"));
  }
  auto fd = connect_to(target.events);
  if (!fd) {
    return fail(std::move(fd.error()));
  }
  bool synced = false;
  std::uint64_t count = 0;
  return read_lines(fd->get(), [&](std::string_view line) -> Result<bool> {
    const auto message = observe::decode_stream_line(line);
    if (!message) {
      return fail(message.error());
    }
    if (std::holds_alternative<observe::Bye>(*message)) {
      return false;
    }
    if (!synced) {
      synced = std::holds_alternative<observe::Synced>(*message);
      if (synced) {  // from here on everything is a change
        fmt::print("{}", common.json ? std::string(line) + "\n" : "watching\n");
        std::fflush(stdout);
      }
      return true;
    }
    const std::string text = change_text(*message, options);
    if (text.empty()) {
      return true;
    }
    fmt::print("{}", common.json ? std::string(line) + "\n" : text);
    std::fflush(stdout);
    return options.count == 0 || ++count < options.count;
  });
}

Status run(const Common& common, const BgpOptions& options) {
  std::vector<std::string> words = options.words;
  std::string node;
  if (options.socket.empty()) {
    node = words.front();
    words.erase(words.begin());
  }
  const std::string verb = words.empty() ? "" : words.front();
  const auto argument = [&](std::size_t index) {
    return index < words.size() ? words[index] : std::string();
  };
  struct Known {
    const char* name;
    std::size_t least, most;  ///< arguments
  };
  static constexpr Known kVerbs[] = {{"explain", 1, 1},    {"malformed", 0, 1}, {"peers", 0, 0},
                                     {"watch", 0, 0},      {"routes", 0, 1},    {"received", 1, 2},
                                     {"advertised", 1, 2}, {"hits", 0, 1}};
  const Known* known = nullptr;
  for (const Known& each : kVerbs) {
    if (verb == each.name) {
      known = &each;
    }
  }
  if (known == nullptr) {
    return fail(Errc::invalid,
                "bgp: '" + verb +
                    "' is none of explain, hits, malformed, peers, watch, routes, received, advertised;"
                    " see catflap bgp --help");
  }
  if (words.size() - 1 < known->least || words.size() - 1 > known->most) {
    return fail(Errc::invalid, fmt::format("bgp {}: takes {} to {} arguments; see catflap bgp --help", verb,
                                           known->least, known->most));
  }
  auto target = find_target(common, options, node);
  if (!target) {
    return fail(std::move(target.error()));
  }
  if (verb == "explain") {
    return explain(common, *target, options, argument(1));
  }
  if (verb == "hits") {
    return hits(common, *target, argument(1));
  }
  if (verb == "malformed") {
    return malformed(common, *target, options, argument(1));
  }
  if (verb == "peers") {
    return peers(common, *target, options);
  }
  if (verb == "watch") {
    return watch(common, *target, options);
  }
  if (verb == "routes") {
    return routes(common, *target, options, argument(1));
  }
  return adjacent(common, *target, options, verb == "received", argument(1), argument(2));
}

}  // namespace

int bgp(const Common& common, const BgpOptions& options) {
  const Status done = run(common, options);
  return done ? kExitOk : report_error(common, done.error());
}

}  // namespace catflap::app
