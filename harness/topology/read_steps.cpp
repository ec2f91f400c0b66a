#include <algorithm>
#include <array>

#include "expect/pattern.hpp"
#include "topology/reader.hpp"

/// The tables of `test:`.
namespace catflap::topology {
namespace {

using expect::Check;
using expect::PingCheck;
using expect::RouteCheck;
using expect::SessionCheck;

constexpr std::string_view kText = R"({"type":"string"})";
constexpr std::string_view kBool = R"({"type":"boolean"})";
constexpr std::string_view kU32 = R"({"type":"integer","minimum":0,"maximum":4294967295})";
constexpr std::string_view kNames = R"({"$ref":"#/$defs/texts"})";
constexpr std::string_view kDuration = R"({"$ref":"#/$defs/duration"})";
constexpr std::string_view kTarget = R"({"$ref":"#/$defs/texts"})";

std::vector<std::string> read_patterns(Reader& r, const YamlNode& v) {
  return r.all(v, [&](const YamlNode& item) -> std::optional<std::string> {
    auto text = r.name(item, "a node");
    if (text) {
      const auto expanded = expect::expand_braces(*text);
      if (!expanded) {
        r.error(item.where, expanded.error().message);
        return std::nullopt;
      }
    }
    return text;
  });
}

std::optional<net::Prefix> read_destination(Reader& r, const YamlNode& v) {
  const auto addr = net::IpAddr::parse(v.text);
  return addr && v.kind == YamlNode::Kind::scalar ? std::optional(net::Prefix::host(*addr)) : r.prefix(v);
}

void read_type(Reader& r, const YamlNode& v, RouteCheck& c) {
  static constexpr std::array<std::string_view, 4> kWords{"unicast", "blackhole", "unreachable", "prohibit"};
  if (const auto index = r.word(v, "type", kWords)) {
    c.type = static_cast<observe::RouteType>(*index);
  }
}

void read_in(Reader& r, const YamlNode& v, RouteCheck& c) {
  static constexpr std::array<std::string_view, 3> kWords{"fib", "rib", "both"};
  if (const auto index = r.word(v, "in", kWords)) {
    c.in = static_cast<expect::RouteTable>(*index + 1);
  }
}

std::optional<net::Community> read_community(Reader& r, const YamlNode& v) {
  const std::size_t colon = v.text.find(':');
  YamlNode high = v;
  YamlNode low = v;
  if (v.kind != YamlNode::Kind::scalar || colon == std::string::npos) {
    r.error(v.where, "a community must be two numbers, such as 65001:100");
    return std::nullopt;
  }
  high.text = v.text.substr(0, colon);
  low.text = v.text.substr(colon + 1);
  const auto a = r.number(high, "the first half of a community", 0, 65535);
  const auto b = r.number(low, "the second half of a community", 0, 65535);
  return a && b ? std::optional<net::Community>(*a << 16U | *b) : std::nullopt;
}

void read_loss(Reader& r, const YamlNode& v, PingCheck& c) {
  const YamlNode* amount = &v;
  if (v.kind == YamlNode::Kind::map) {
    amount = Reader::find(v, "at-most");
    if (amount == nullptr || v.entries.size() != 1) {
      r.error(v.where, "loss must be a percentage, such as 10% or { at-most: 10% }");
      return;
    }
  }
  YamlNode digits = *amount;
  if (!digits.text.empty() && digits.text.back() == '%') {
    digits.text.pop_back();
  }
  c.loss_percent_max = r.number(digits, "loss in percent", 0, 100).value_or(0);
}

constexpr Field<RouteCheck> kRoute[] = {
    {"at", kNames, "Nodes that must have the route: names, globs, node{1-4}.",
     [](Reader& r, const YamlNode& v, RouteCheck& c) { c.at = read_patterns(r, v); }, true},
    {"to", kText, "Destination: exactly this prefix (an address is its /32 or /128).",
     [](Reader& r, const YamlNode& v, RouteCheck& c) {
       c.to = read_destination(r, v).value_or(net::Prefix());
     },
     true},
    {"via", kTarget, "Next hop: an address, or a node that has it. A list: each is one.",
     [](Reader& r, const YamlNode& v, RouteCheck& c) {
       for (std::string& name : r.all(v, [&](const YamlNode& item) { return r.name(item, "a next hop"); })) {
         c.via.push_back(expect::make_target(std::move(name)));
       }
     }},
    {"dev", kNames, "Interface of the next hop.",
     [](Reader& r, const YamlNode& v, RouteCheck& c) {
       c.dev = r.all(v, [&](const YamlNode& item) { return r.name(item, "an interface"); });
     }},
    {"proto", kText, "Kernel: bird, kernel, static; RIB: name of the protocol, or BGP, static, ...",
     [](Reader& r, const YamlNode& v, RouteCheck& c) { c.proto = r.text(v, "proto").value_or(""); }},
    {"metric", kU32, "Metric of the kernel's route.",
     [](Reader& r, const YamlNode& v, RouteCheck& c) { c.metric = r.number(v, "metric", 0); }},
    {"as-path", R"({"anyOf":[{"$ref":"#/$defs/asn"},{"type":"array","items":{"$ref":"#/$defs/asn"}}]})",
     "AS path, nearest first.",
     [](Reader& r, const YamlNode& v, RouteCheck& c) {
       c.as_path = r.all(v, [&](const YamlNode& item) { return r.asn(item); });
     }},
    {"from-peer", kText, "The neighbour that sent it: a node or an address.",
     [](Reader& r, const YamlNode& v, RouteCheck& c) {
       if (auto name = r.name(v, "a neighbour")) {
         c.from_peer = expect::make_target(std::move(*name));
       }
     }},
    {"local-pref", kU32, "LOCAL_PREF.",
     [](Reader& r, const YamlNode& v, RouteCheck& c) { c.local_pref = r.number(v, "local-pref", 0); }},
    {"med", kU32, "MULTI_EXIT_DISC.",
     [](Reader& r, const YamlNode& v, RouteCheck& c) { c.med = r.number(v, "med", 0); }},
    {"community", kNames, "Community that the route has: 65001:100.",
     [](Reader& r, const YamlNode& v, RouteCheck& c) {
       c.communities = r.all(v, [&](const YamlNode& item) { return read_community(r, item); });
     }},
    {"in", R"({"enum":["fib","rib","both"]})",
     "fib: the kernel; rib: the daemon; both. Not said: fib, and rib too if BGP attributes are asked.",
     read_in},
    {"table", kU32, "Kernel table; main (254) if not said.",
     [](Reader& r, const YamlNode& v, RouteCheck& c) { c.table = r.number(v, "table", 0); }},
    {"absent", kBool, "No such route.",
     [](Reader& r, const YamlNode& v, RouteCheck& c) { c.absent = r.boolean(v, "absent").value_or(false); }},
    {"next-hops", kU32, "How many next hops.",
     [](Reader& r, const YamlNode& v, RouteCheck& c) { c.next_hops = r.number(v, "next-hops", 0, 256); }},
    {"type", R"({"enum":["unicast","blackhole","unreachable","prohibit"]})", "Kind of route.", read_type},
};

constexpr Field<PingCheck> kPing[] = {
    {"from", kNames, "Nodes that ping.",
     [](Reader& r, const YamlNode& v, PingCheck& c) { c.from = read_patterns(r, v); }, true},
    {"to", kText, "An address, or nodes.",
     [](Reader& r, const YamlNode& v, PingCheck& c) {
       c.to = expect::make_target(r.name(v, "a target").value_or(""));
     },
     true},
    {"source", kText, "Source address.",
     [](Reader& r, const YamlNode& v, PingCheck& c) { c.source = r.address(v); }},
    {"count", R"({"type":"integer","minimum":1,"maximum":100000})", "Echo requests in one go.",
     [](Reader& r, const YamlNode& v, PingCheck& c) {
       c.count = r.number(v, "count", 1, 100000).value_or(1);
     }},
    {"loss",
     R"({"anyOf":[{"type":["string","integer"]},{"type":"object","properties":{"at-most":{"type":["string","integer"]}},"additionalProperties":false}]})",
     "How much may be lost: 10% or { at-most: 10% }; nothing if not said.", read_loss},
    {"blocked", kBool, "No answer must come.",
     [](Reader& r, const YamlNode& v, PingCheck& c) { c.blocked = r.boolean(v, "blocked").value_or(false); }},
};

std::optional<expect::NodePair> read_pair(Reader& r, const YamlNode& v) {
  const auto text = r.text(v, "a session");
  if (!text) {
    return std::nullopt;
  }
  const std::size_t tilde = text->find(" ~ ");
  const expect::NodePair pair{text->substr(0, tilde),
                              tilde == std::string::npos ? "" : text->substr(tilde + 3)};
  if (pair.a.empty() || pair.b.empty() || pair.a.find(' ') != std::string::npos ||
      pair.b.find(' ') != std::string::npos) {
    r.error(v.where, "'" + *text + "' is no session; write r1 ~ r2, or all");
    return std::nullopt;
  }
  return pair;
}

void add_session(Reader& r, const YamlNode& v, StepDraft& d, const char* key) {
  SessionCheck session;
  if (!(v.kind == YamlNode::Kind::scalar && v.text == "all")) {
    session.pairs = r.all(v, [&](const YamlNode& item) { return read_pair(r, item); });
    if (session.pairs.empty()) {
      if (v.kind == YamlNode::Kind::null) {
        r.error(v.where, std::string(key) + " must name sessions: r1 ~ r2, or all");
      }
      return;
    }
  }
  Check check;
  check.what = std::move(session);
  check.where = Place(v.where);
  d.checks.emplace_back(key, std::move(check));
}

template <class T>
void add_check(Reader& r, const YamlNode& v, StepDraft& d, const char* key,
               std::span<const Field<T>> fields) {
  T what;
  r.object(v, std::string("a ") + key + " check", fields, what);
  Check check;
  check.what = std::move(what);
  check.where = Place(v.where);
  d.checks.emplace_back(key, std::move(check));
}

void read_state(Reader& r, const YamlNode& v, StepDraft& d) {
  static constexpr std::array<std::string_view, 9> kWords{
      "Down", "Idle", "Connect", "Active", "Passive", "OpenSent", "OpenConfirm", "Established", "Close"};
  YamlNode word = v;
  const bool negated = word.text.rfind("not ", 0) == 0;
  word.text = negated ? word.text.substr(4) : word.text;
  if (const auto index = r.word(word, "state", kWords)) {
    d.state = std::pair(negated, static_cast<observe::SessionState>(*index));
  }
}

void add_time(Reader& r, const YamlNode& v, StepDraft& d, expect::Mode mode) {
  d.times.emplace_back(mode, r.duration(v));
}

void read_actions(Reader& r, const YamlNode& v, StepDraft& d) {
  d.has_actions = true;
  for (const YamlNode* item : Reader::list(v)) {
    r.object(*item, "do", action_fields(), d.actions);
  }
}

/// `r1 -- r2`, `r1:eth0 -- r2`, `r1:eth0`, `r1`.
void add_link_action(Reader& r, const YamlNode& v, std::vector<Action>& into, Action::Verb verb) {
  for (const YamlNode* item : Reader::list(v)) {
    const auto text = r.text(*item, to_string(verb));
    if (!text) {
      continue;
    }
    Action action;
    action.verb = verb;
    action.where = Place(item->where);
    if (text->find(" -- ") != std::string::npos) {
      const auto ends = read_ends(r, *item);
      if (!ends) {
        continue;
      }
      action.node = ends->first.node;
      action.interface = ends->first.interface;
      action.peer = ends->second.node;
      action.peer_interface = ends->second.interface;
    } else {
      const LinkEnd end = split_end(*text, item->where);
      action.node = end.node;
      action.interface = end.interface;
    }
    into.push_back(std::move(action));
  }
}

void add_speaker_action(Reader& r, const YamlNode& v, std::vector<Action>& into, Action::Verb verb) {
  for (const YamlNode* item : Reader::list(v)) {
    const auto text = r.name(*item, "a node");
    if (!text) {
      continue;
    }
    const std::size_t slash = text->find('/');
    if (slash != std::string::npos && text->substr(slash) != "/speaker") {
      r.error(item->where, "'" + *text + "' is nothing to " + std::string(to_string(verb)) + "; write " +
                               text->substr(0, slash) + "/speaker");
      continue;
    }
    Action action;
    action.verb = verb;
    action.node = text->substr(0, slash);
    action.where = Place(item->where);
    into.push_back(std::move(action));
  }
}

constexpr Field<std::vector<Action>> kActions[] = {
    {"down", kNames, "Set down: the link 'r1 -- r2', the interface 'r1:eth0', or all interfaces of 'r1'.",
     [](Reader& r, const YamlNode& v, std::vector<Action>& a) {
       add_link_action(r, v, a, Action::Verb::down);
     }},
    {"up", kNames, "Set up again.",
     [](Reader& r, const YamlNode& v, std::vector<Action>& a) {
       add_link_action(r, v, a, Action::Verb::up);
     }},
    {"kill", kNames, "Kill the speaker of a node (SIGKILL): r1/speaker.",
     [](Reader& r, const YamlNode& v, std::vector<Action>& a) {
       add_speaker_action(r, v, a, Action::Verb::kill);
     }},
    {"stop", kNames, "Stop the speaker of a node in good order (SIGTERM).",
     [](Reader& r, const YamlNode& v, std::vector<Action>& a) {
       add_speaker_action(r, v, a, Action::Verb::stop);
     }},
    {"restart", kNames, "Start the speaker of a node anew.",
     [](Reader& r, const YamlNode& v, std::vector<Action>& a) {
       add_speaker_action(r, v, a, Action::Verb::restart);
     }},
    {"pause", kNames, "Let the speaker of a node hang (SIGSTOP).",
     [](Reader& r, const YamlNode& v, std::vector<Action>& a) {
       add_speaker_action(r, v, a, Action::Verb::pause);
     }},
    {"resume", kNames, "Let it go on (SIGCONT).",
     [](Reader& r, const YamlNode& v, std::vector<Action>& a) {
       add_speaker_action(r, v, a, Action::Verb::resume);
     }},
    {"exec", R"({"$ref":"#/$defs/exec"})", "Run a command in a node.",
     [](Reader& r, const YamlNode& v, std::vector<Action>& a) {
       Action action;
       action.verb = Action::Verb::exec;
       action.where = Place(v.where);
       r.object(v, "exec", exec_fields(), action);
       a.push_back(std::move(action));
     }},
};

constexpr Field<Action> kExec[] = {
    {"at", kText, "The node.",
     [](Reader& r, const YamlNode& v, Action& a) { a.node = r.name(v, "a node").value_or(""); }, true},
    {"run", kText, "Command for /bin/sh -c; must end with 0.",
     [](Reader& r, const YamlNode& v, Action& a) { a.command = r.text(v, "run").value_or(""); }, true},
};

constexpr Field<StepDraft> kStep[] = {
    {"name", kText, "Name for reports.",
     [](Reader& r, const YamlNode& v, StepDraft& d) { d.name = r.text(v, "name").value_or(""); }},
    {"established", kNames, "Sessions that are up at both ends: 'r1 ~ r2', a list, or all.",
     [](Reader& r, const YamlNode& v, StepDraft& d) { add_session(r, v, d, "established"); }},
    {"session", kNames, "Sessions whose state is checked; see state and reason.",
     [](Reader& r, const YamlNode& v, StepDraft& d) { add_session(r, v, d, "session"); }},
    {"state", kText,
     "Idle, Active, Established, ..., or 'not Established'. As the first end reports it; Established "
     "and 'not ...' at both ends.",
     read_state},
    {"reason", kText, "Part of the last error or NOTIFICATION of an end.",
     [](Reader& r, const YamlNode& v, StepDraft& d) { d.reason = r.text(v, "reason").value_or(""); }},
    {"family", R"({"enum":["ipv4","ipv6"]})", "Only sessions over this family.",
     [](Reader& r, const YamlNode& v, StepDraft& d) {
       static constexpr std::array<std::string_view, 2> kWords{"ipv4", "ipv6"};
       if (const auto index = r.word(v, "family", kWords)) {
         d.family = static_cast<net::Family>(*index);
       }
     }},
    {"route", R"({"$ref":"#/$defs/route"})", "A route of a node.",
     [](Reader& r, const YamlNode& v, StepDraft& d) { add_check(r, v, d, "route", route_fields()); }},
    {"ping", R"({"$ref":"#/$defs/ping"})", "Whether ping gets an answer.",
     [](Reader& r, const YamlNode& v, StepDraft& d) { add_check(r, v, d, "ping", ping_fields()); }},
    {"alive", kNames, "Nodes whose speaker runs.",
     [](Reader& r, const YamlNode& v, StepDraft& d) {
       Check check;
       check.what = expect::AliveCheck{read_patterns(r, v)};
       check.where = Place(v.where);
       d.checks.emplace_back("alive", std::move(check));
     }},
    {"within", kDuration, "Must become true in this time. What a check does if nothing is said.",
     [](Reader& r, const YamlNode& v, StepDraft& d) { add_time(r, v, d, expect::Mode::eventually); }},
    {"for", kDuration, "Must be true now and stay true for this time.",
     [](Reader& r, const YamlNode& v, StepDraft& d) { add_time(r, v, d, expect::Mode::holds); }},
    {"never", kDuration, "Must not become true in this time.",
     [](Reader& r, const YamlNode& v, StepDraft& d) { add_time(r, v, d, expect::Mode::never); }},
    {"all", R"({"type":"array","items":{"$ref":"#/$defs/step"}})", "Checks that run at the same time.",
     [](Reader& r, const YamlNode& v, StepDraft& d) { d.all = read_checks(r, v); }},
    {"do", R"({"anyOf":[{"$ref":"#/$defs/do"},{"type":"array","items":{"$ref":"#/$defs/do"}}]})",
     "Actions, in order.", read_actions},
    {"then", R"({"type":"array","items":{"$ref":"#/$defs/step"}})",
     "Checks after the actions, at the same time.",
     [](Reader& r, const YamlNode& v, StepDraft& d) { d.then = read_checks(r, v); }},
};

/// Puts what stands beside a check's key into it.
void finish_check(Reader& r, const YamlNode& value, StepDraft& draft) {
  auto& [key, check] = draft.checks.front();
  check.name = draft.name;
  if (auto* session = std::get_if<SessionCheck>(&check.what)) {
    if (key == "session" && !draft.state && draft.reason.empty() && !Reader::has_key(value, "state")) {
      r.error(value.where, "session needs a state, such as state: Idle or state: not Established");
    }
    if (key == "established" && Reader::has_key(value, "state")) {
      r.error(Reader::find(value, "state")->where,
              "established says the state already; use session: with state:");
    }
    if (draft.state) {
      session->negated = draft.state->first;
      session->state = draft.state->second;
    } else if (key == "session") {
      session->negated = true;
    }
    session->reason = draft.reason;
    session->family = draft.family;
  } else {
    for (const char* word : {"state", "reason", "family"}) {
      if (const YamlNode* stray = Reader::find(value, word)) {
        r.error(stray->where, std::string(word) + " belongs to session checks, not to " + key);
      }
    }
  }
  if (draft.times.size() > 1) {
    r.error(value.where, "only one of within, for and never can be said");
  } else if (!draft.times.empty()) {
    check.mode = draft.times.front().first;
    check.time = draft.times.front().second;
  }
}

}  // namespace

std::optional<Step> read_step(Reader& reader, const YamlNode& value) {
  StepDraft draft;
  if (value.kind != YamlNode::Kind::map) {
    reader.error(value.where, "a test must be a map, such as established: r1 ~ r2");
    return std::nullopt;
  }
  reader.object(value, "a test", step_fields(), draft);
  Step step;
  step.where = Place(value.where);
  if (draft.all || draft.has_actions || draft.then) {
    step.name = draft.name;
    if (!draft.checks.empty() || !draft.times.empty() || (draft.all && draft.has_actions) ||
        (draft.all && draft.then)) {
      reader.error(value.where, "a test is one check, or all: [...], or do: with then: [...]");
    }
    if (draft.then && !draft.has_actions) {
      reader.error(value.where, "then needs a do before it; use all: [...] for checks only");
    }
    step.actions = std::move(draft.actions);
    step.checks = draft.all    ? std::move(*draft.all)
                  : draft.then ? std::move(*draft.then)
                               : std::vector<Check>{};
    return step;
  }
  if (draft.checks.size() != 1) {
    const bool tried = std::any_of(value.entries.begin(), value.entries.end(), [](const auto& entry) {
      return std::none_of(std::begin(kStep), std::end(kStep),
                          [&](const auto& f) { return f.key == entry.key.text; }) ||
             entry.key.text == "established" || entry.key.text == "session";
    });
    if (draft.checks.size() > 1) {
      reader.error(value.where, "several checks in one: " + draft.checks[0].first + " and " +
                                    draft.checks[1].first + "; write all: [...]");
    } else if (!tried) {
      // An unknown key or a wrong session has been reported already and is the likelier mistake.
      reader.error(value.where,
                   "a test without a check; write established, session, route, ping, alive, all or do");
    }
    return std::nullopt;
  }
  finish_check(reader, value, draft);
  step.checks.push_back(std::move(draft.checks.front().second));
  return step;
}

std::vector<Check> read_checks(Reader& reader, const YamlNode& value) {
  std::vector<Check> checks;
  for (const YamlNode* item : Reader::list(value)) {
    auto step = read_step(reader, *item);
    if (!step) {
      continue;
    }
    if (!step->actions.empty() || step->checks.size() != 1 || Reader::has_key(*item, "all")) {
      reader.error(item->where, "only checks can stand here");
      continue;
    }
    checks.push_back(std::move(step->checks.front()));
  }
  return checks;
}

std::span<const Field<RouteCheck>> route_fields() {
  return kRoute;
}
std::span<const Field<PingCheck>> ping_fields() {
  return kPing;
}
std::span<const Field<StepDraft>> step_fields() {
  return kStep;
}
std::span<const Field<std::vector<Action>>> action_fields() {
  return kActions;
}
std::span<const Field<Action>> exec_fields() {
  return kExec;
}

}  // namespace catflap::topology
