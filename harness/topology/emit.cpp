#include <algorithm>

#include <fmt/format.h>

#include "base/overloaded.hpp"
#include "topology/topology.hpp"

/// Prints topologies in the file's syntax: block maps for the outline, flow maps (JSON-like) for the leaves.
namespace catflap::topology {
namespace {

/// In double quotes unless it can only be read as this text.
std::string scalar(std::string_view text) {
  const bool plain = !text.empty() &&
                     ((text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z') ||
                      (text[0] >= '1' && text[0] <= '9')) &&
                     std::all_of(text.begin(), text.end(), [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                              c == '-' || c == '_' || c == '.' || c == '/';
                     });
  if (plain && text != "true" && text != "false" && text != "null") {
    return std::string(text);
  }
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string duration_text(Duration duration) {
  const std::int64_t us = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  return us % 1'000'000 == 0 ? fmt::format("{}s", us / 1'000'000)
         : us % 1000 == 0    ? fmt::format("{}ms", us / 1000)
                             : fmt::format("{}us", us);
}

/// `{ a: 1, b: 2 }`, built entry by entry.
class Flow {
 public:
  void raw(std::string_view key, std::string_view value) {
    body_ += (body_.empty() ? "" : ", ") + scalar(key) + ": " + std::string(value);
  }
  void text(std::string_view key, std::string_view value) {
    if (!value.empty()) {
      raw(key, scalar(value));
    }
  }
  template <class T>
  void number(std::string_view key, const std::optional<T>& value) {
    if (value) {
      raw(key, std::to_string(*value));
    }
  }
  void flag(std::string_view key, bool value) {
    if (value) {
      raw(key, "true");
    }
  }
  void time(std::string_view key, const std::optional<Duration>& value) {
    if (value) {
      raw(key, duration_text(*value));
    }
  }
  template <class T, class F>
  void list(std::string_view key, const std::vector<T>& values, F&& print) {
    if (!values.empty()) {
      raw(key, list_text(values, print));
    }
  }
  template <class T, class F>
  static std::string list_text(const std::vector<T>& values, F&& print) {
    std::string items;
    for (const T& value : values) {
      items += (items.empty() ? "" : ", ") + scalar(print(value));
    }
    return "[" + items + "]";
  }
  bool empty() const { return body_.empty(); }
  std::string str() const { return body_.empty() ? "{}" : "{ " + body_ + " }"; }

 private:
  std::string body_;
};

const auto kPrint = [](const auto& value) { return to_string(value); };
const auto kSame = [](const std::string& value) { return value; };

std::string map_text(const std::map<std::string, std::string>& values) {
  Flow flow;
  for (const auto& [key, value] : values) {
    flow.raw(key, scalar(value));
  }
  return flow.str();
}

std::string_view timers_word(Timers timers) {
  return timers == Timers::fast ? "fast" : "normal";
}

std::string peers_text(const std::map<std::string, PeerOptions>& peers) {
  Flow all;
  for (const auto& [name, options] : peers) {
    Flow flow;
    flow.number("as", options.as);
    flow.number("local-as", options.local_as);
    flow.flag("passive", options.passive);
    flow.flag("disabled", options.disabled);
    flow.text("password", options.password);
    flow.time("hold", options.hold);
    flow.time("keepalive", options.keepalive);
    flow.time("connect-retry", options.connect_retry);
    flow.flag("rr-client", options.rr_client);
    flow.flag("next-hop-self", options.next_hop_self);
    flow.list("import-only", options.import_only, kPrint);
    flow.list("export-only", options.export_only, kPrint);
    all.raw(name, flow.str());
  }
  return all.str();
}

std::string node_text(const Node& node) {
  Flow flow;
  flow.text("description", node.description);
  if (node.speaker) {
    flow.raw("speaker", to_string(*node.speaker));
  }
  if (node.timers) {
    flow.raw("timers", timers_word(*node.timers));
  }
  flow.number("bgp", node.bgp);
  if (node.router_id) {
    flow.raw("router-id", net::router_id_to_string(*node.router_id));
  }
  flow.list("announce", node.announce, kPrint);
  flow.list("lo", node.lo, kPrint);
  flow.text("config", node.config);
  if (!node.peers.empty()) {
    flow.raw("peers", peers_text(node.peers));
  }
  if (!node.sysctl.empty()) {
    flow.raw("sysctl", map_text(node.sysctl));
  }
  if (!node.env.empty()) {
    flow.raw("env", map_text(node.env));
  }
  return flow.str();
}

std::string link_text(const Link& link) {
  const bool addressed = !link.ends[0].addresses.empty() || !link.ends[1].addresses.empty();
  if (!addressed && link.subnets.empty() && !link.mtu && link.bgp) {
    return scalar(to_string(link));
  }
  Flow flow;
  flow.raw("ends", scalar(to_string(link)));
  if (addressed) {
    flow.raw("addresses", "[" + Flow::list_text(link.ends[0].addresses, kPrint) + ", " +
                              Flow::list_text(link.ends[1].addresses, kPrint) + "]");
  }
  flow.list("subnet", link.subnets, kPrint);
  flow.number("mtu", link.mtu);
  if (!link.bgp) {
    flow.raw("bgp", "false");
  }
  return flow.str();
}

std::string_view table_word(expect::RouteTable table) {
  switch (table) {
    case expect::RouteTable::automatic:
      return "";
    case expect::RouteTable::fib:
      return "fib";
    case expect::RouteTable::rib:
      return "rib";
    case expect::RouteTable::both:
      return "both";
  }
  return "";
}

void session_into(const expect::SessionCheck& check, Flow& flow) {
  const bool plain = check.state == observe::SessionState::established && !check.negated;
  const auto pair_text = [](const expect::NodePair& pair) { return pair.a + " ~ " + pair.b; };
  flow.raw(plain ? "established" : "session",
           check.pairs.empty() ? "all" : Flow::list_text(check.pairs, pair_text));
  if (!plain) {
    static constexpr std::string_view kWords[] = {
        "Down", "Idle", "Connect", "Active", "Passive", "OpenSent", "OpenConfirm", "Established", "Close"};
    flow.raw("state",
             (check.negated ? "not " : "") + std::string(kWords[static_cast<std::size_t>(check.state)]));
  }
  flow.text("reason", check.reason);
  if (check.family) {
    flow.raw("family", net::to_string(*check.family));
  }
}

std::string route_text(const expect::RouteCheck& check) {
  Flow flow;
  flow.list("at", check.at, kSame);
  flow.text("to", to_string(check.to));
  flow.list("via", check.via, [](const expect::Target& target) { return expect::to_string(target); });
  flow.list("dev", check.dev, kSame);
  flow.text("proto", check.proto);
  flow.number("metric", check.metric);
  if (check.as_path) {
    flow.raw("as-path",
             Flow::list_text(*check.as_path, [](std::uint32_t asn) { return std::to_string(asn); }));
  }
  if (check.from_peer) {
    flow.text("from-peer", expect::to_string(*check.from_peer));
  }
  flow.number("local-pref", check.local_pref);
  flow.number("med", check.med);
  flow.list("community", check.communities,
            [](net::Community c) { return fmt::format("{}:{}", c >> 16U, c & 0xFFFFU); });
  flow.text("in", table_word(check.in));
  flow.number("table", check.table);
  flow.flag("absent", check.absent);
  flow.number("next-hops", check.next_hops);
  if (check.type) {
    static constexpr std::string_view kWords[] = {"unicast", "blackhole", "unreachable", "prohibit"};
    flow.raw("type", kWords[static_cast<std::size_t>(*check.type)]);
  }
  return flow.str();
}

std::string ping_text(const expect::PingCheck& check) {
  Flow flow;
  flow.list("from", check.from, kSame);
  flow.text("to", expect::to_string(check.to));
  if (check.source) {
    flow.text("source", to_string(*check.source));
  }
  if (check.count != 1) {
    flow.raw("count", std::to_string(check.count));
  }
  if (check.loss_percent_max != 0) {
    flow.raw("loss", std::to_string(check.loss_percent_max) + "%");
  }
  flow.flag("blocked", check.blocked);
  return flow.str();
}

std::string check_text(const expect::Check& check) {
  Flow flow;
  flow.text("name", check.name);
  std::visit(overloaded{[&](const expect::SessionCheck& what) { session_into(what, flow); },
                        [&](const expect::RouteCheck& what) { flow.raw("route", route_text(what)); },
                        [&](const expect::PingCheck& what) { flow.raw("ping", ping_text(what)); },
                        [&](const expect::AliveCheck& what) { flow.list("alive", what.at, kSame); }},
             check.what);
  const char* mode = check.mode == expect::Mode::eventually ? "within"
                     : check.mode == expect::Mode::holds    ? "for"
                                                            : "never";
  flow.time(mode, check.time);
  return flow.str();
}

std::string action_text(const Action& action) {
  Flow flow;
  if (action.verb == Action::Verb::exec) {
    Flow body;
    body.text("at", action.node);
    body.text("run", action.command);
    flow.raw("exec", body.str());
  } else {
    const std::string verb(to_string(action.verb));
    flow.raw(verb, scalar(to_string(action).substr(verb.size() + 1)));
  }
  return flow.str();
}

std::string step_text(const Step& step) {
  if (step.actions.empty() && step.name.empty() && step.checks.size() == 1) {
    return "  - " + check_text(step.checks.front()) + "\n";
  }
  std::string out = "  - name: " + scalar(step.name) + "\n";
  const auto section = [&](std::string_view key, const auto& items, auto&& print) {
    out += fmt::format("    {}:{}\n", key, items.empty() ? " []" : "");
    for (const auto& item : items) {
      out += "      - " + print(item) + "\n";
    }
  };
  if (!step.actions.empty()) {
    section("do", step.actions, action_text);
  }
  if (!step.checks.empty() || step.actions.empty()) {
    section(step.actions.empty() ? "all" : "then", step.checks, check_text);
  }
  return out;
}

}  // namespace

std::string to_yaml(const Topology& topology) {
  std::string out = "lab: " + scalar(topology.name) + "\n";
  if (!topology.description.empty()) {
    out += "description: " + scalar(topology.description) + "\n";
  }
  if (topology.defaults != Defaults{}) {
    Flow flow;
    flow.raw("speaker", to_string(topology.defaults.speaker));
    flow.raw("timers", timers_word(topology.defaults.timers));
    flow.number("mtu", topology.defaults.mtu);
    out += "defaults: " + flow.str() + "\n";
  }
  out += topology.nodes.empty() ? "nodes: {}\n" : "nodes:\n";
  for (const Node& node : topology.nodes) {
    out += "  " + scalar(node.name) + ": " + node_text(node) + "\n";
  }
  out += topology.links.empty() ? "" : "links:\n";
  for (const Link& link : topology.links) {
    out += "  - " + link_text(link) + "\n";
  }
  out += topology.tests.empty() ? "" : "test:\n";
  for (const Step& step : topology.tests) {
    out += step_text(step);
  }
  Flow matrix;
  for (const Axis& axis : topology.matrix) {
    matrix.list(axis.node.empty() ? "speaker" : axis.node, axis.speakers, kPrint);
  }
  return out + (matrix.empty() ? "" : "matrix: " + matrix.str() + "\n");
}

}  // namespace catflap::topology
