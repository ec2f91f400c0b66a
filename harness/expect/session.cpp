#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "expect/pattern.hpp"
#include "expect/reasons.hpp"

namespace catflap::expect::reasons {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : static_cast<char>(c);
  });
  return out;
}

bool contains_text(std::string_view text, std::string_view part) {
  return lower(text).find(lower(part)) != std::string::npos;
}

Rung rung(bool ok, std::string what) {
  return {ok ? Rung::State::ok : Rung::State::failed, std::move(what)};
}

/// The links between two nodes, as seen from `a`: first end is a's.
std::vector<std::pair<const WiredInterface*, const WiredInterface*>> links_between(const Wiring& wiring,
                                                                                   const NodePair& pair) {
  std::vector<std::pair<const WiredInterface*, const WiredInterface*>> found;
  for (const WiredLink& link : wiring.links) {
    if (link.ends[0].node == pair.a && link.ends[1].node == pair.b) {
      found.emplace_back(&link.ends[0], &link.ends[1]);
    } else if (link.ends[1].node == pair.a && link.ends[0].node == pair.b) {
      found.emplace_back(&link.ends[1], &link.ends[0]);
    }
  }
  return found;
}

/// What is wrong with an end of a link: not there, down, no carrier, an address missing. "" if nothing is
/// known.
std::string interface_problem(const World& world, const WiredInterface& end) {
  const NodeState* node = world.node(end.node);
  if (node == nullptr || !node->links_known) {
    return "";
  }
  const std::string name = end.node + ":" + end.name;
  const auto found = node->links.find(end.name);
  if (found == node->links.end()) {
    return name + " does not exist";
  }
  if (!found->second.up) {
    return name + " is down";
  }
  return found->second.carrier ? "" : name + " has no carrier";
}

std::string address_problem(const World& world, const WiredInterface& end) {
  const NodeState* node = world.node(end.node);
  const auto found = node->links.find(end.name);
  if (!node->links_known || found == node->links.end()) {
    return "";
  }
  for (const net::InterfaceAddress& address : end.addresses) {
    const auto& there = found->second.addresses;
    if (std::find(there.begin(), there.end(), address) == there.end()) {
      return end.node + ":" + end.name + " lacks its address " + to_string(address);
    }
  }
  return "";
}

std::string quote_line(const WiredNode& node) {
  return node.config.empty() ? node.name + ": { bgp: " + std::to_string(node.as.value_or(0)) + " }"
                             : node.name + ": { config: " + node.config + " }";
}

/// The two ends disagree on an AS: named before any NOTIFICATION arrives, because it is always the cause.
std::optional<Reason> as_mismatch(const World& world, const SessionEnd& expects, const SessionEnd& actual) {
  const std::uint32_t want = expects.session().peer_as;
  const std::uint32_t have = actual.session().local_as;
  if (want == 0 || have == 0 || want == have) {
    return std::nullopt;
  }
  Reason reason;
  reason.why = expects.node + " refuses the OPEN of " + actual.node + ": bad peer AS";
  reason.cause = expects.node + " expects AS " + std::to_string(want) + " of " + actual.node + " (" +
                 to_string(expects.session().peer) + "), " + actual.node + " is AS " + std::to_string(have);
  reason.fix = "set the AS that " + expects.node + " expects to " + std::to_string(have) + ", or the AS of " +
               actual.node + " to " + std::to_string(want);
  for (const WiredSession& session : world.wiring().sessions) {
    for (const WiredSessionEnd& end : session.ends) {
      const WiredSessionEnd& other = &end == &session.ends[0] ? session.ends[1] : session.ends[0];
      if (end.node == expects.node && other.node == actual.node && end.expects_as == want) {
        if (end.expects_where.line != 0) {
          reason.quotes.push_back(
              {end.expects_where,
               end.node + ": { peers: { " + other.node + ": { as: " + std::to_string(want) + " } } }",
               "declared"});
          reason.fix = "drop `as: " + std::to_string(want) + "` (it follows from the link) or set it to " +
                       std::to_string(have);
        }
        reason.quotes.push_back(
            {other.as_where, other.node + ": { bgp: " + std::to_string(have) + " }", "actual"});
        return reason;
      }
    }
  }
  for (const auto& [end, note] : {std::pair{&expects, "declared"}, std::pair{&actual, "actual"}}) {
    if (const WiredNode* node = world.wiring().node(end->node)) {
      reason.quotes.push_back(
          {node->config.empty() ? node->where : node->config_where, quote_line(*node), note});
    }
  }
  return reason;
}

std::string error_of(const observe::SessionView& session) {
  if (session.last_notification) {
    const auto& n = *session.last_notification;
    return std::string(n.received ? "received" : "sent") + " NOTIFICATION " + std::to_string(n.code) + "/" +
           std::to_string(n.subcode) + (n.text.empty() ? "" : " " + n.text);
  }
  return session.last_error;
}

Reason state_reason(const SessionEnd& end, const std::string& peer) {
  const observe::SessionView& session = end.session();
  Reason reason;
  const std::string error = error_of(session);
  if (session.state == observe::SessionState::down && error.empty()) {
    reason.why = end.node + "'s " + end.protocol->name + " is disabled";
    reason.fix = "enable it: birdc enable " + end.protocol->name;
    return reason;
  }
  const bool hold = (session.last_notification && session.last_notification->code == 4) ||
                    contains_text(error, "hold timer");
  if (!error.empty()) {
    reason.why = end.node + ": " + error;
    if (hold) {
      reason.cause =
          "nothing came from " + peer + " for the hold time: its speaker hangs, or packets are lost";
    } else if (contains_text(error, "connection refused")) {
      reason.cause = "nothing listens on TCP port 179 of " + to_string(session.peer) + " (" + peer + ")";
    } else if (contains_text(error, "no route") || contains_text(error, "unreachable")) {
      reason.cause = end.node + " cannot reach " + to_string(session.peer);
    }
  } else {
    reason.why = end.node + " is in state " + std::string(to_string(session.state)) + " with " +
                 to_string(session.peer) +
                 (session.connect_attempts > 0
                      ? " after " + std::to_string(session.connect_attempts) + " connection attempts"
                      : "");
  }
  return reason;
}

/// Every unordered pair of nodes that the patterns of `check` stand for and that could have a session.
std::vector<NodePair> node_pairs(const SessionCheck& check, const World& world) {
  std::vector<NodePair> pairs;
  std::set<std::pair<std::string, std::string>> seen;
  const auto add = [&](const std::string& a, const std::string& b) {
    if (a != b && seen.insert(std::minmax(a, b)).second) {
      pairs.push_back({a, b});
    }
  };
  if (check.pairs.empty()) {
    for (const WiredSession& session : world.wiring().sessions) {
      add(session.ends[0].node, session.ends[1].node);
    }
    for (const WiredNode& node : world.wiring().nodes) {
      for (const auto& [name, protocol] : world.node(node.name)->protocols) {
        const std::string peer = protocol.session ? owner(world, protocol.session->peer) : "";
        if (!peer.empty()) {
          add(node.name, peer);
        }
      }
    }
    return pairs;
  }
  for (const NodePair& pair : check.pairs) {
    for (const std::string& a : world.wiring().match({pair.a})) {
      for (const std::string& b : world.wiring().match({pair.b})) {
        add(a, b);
      }
    }
  }
  return pairs;
}

bool is_speaker(const World& world, const std::string& name) {
  const WiredNode* node = world.wiring().node(name);
  return node != nullptr && node->speaker != SpeakerKind::none;
}

bool stopped(const World& world, const std::string& name) {
  const NodeState* node = world.node(name);
  return node != nullptr && node->process_known && !node->process.running;
}

/// Whether `node`'s sessions with `peer` are in the state asked for.
bool end_holds(const SessionCheck& check, const World& world, const std::string& node,
               const std::string& peer) {
  if (!is_speaker(world, node)) {
    return true;
  }
  const auto ends = session_ends(world, node, peer, check.family);
  if (check.negated) {
    if (world.node(node)->paused) {
      return true;  // it cannot tell that its session is gone: the other end decides
    }
    const bool known = stopped(world, node) || world.node(node)->protocols_known;
    return known && std::none_of(ends.begin(), ends.end(),
                                 [&](const SessionEnd& end) { return end.session().state == check.state; });
  }
  return !ends.empty() && std::all_of(ends.begin(), ends.end(), [&](const SessionEnd& end) {
    return end.session().state == check.state;
  });
}

bool reason_holds(const SessionCheck& check, const World& world, const NodePair& pair) {
  if (check.reason.empty()) {
    return true;
  }
  for (const auto& [node, peer] : {std::pair{pair.a, pair.b}, std::pair{pair.b, pair.a}}) {
    for (const SessionEnd& end : session_ends(world, node, peer, check.family)) {
      const observe::SessionView& s = end.session();
      if (contains_text(s.last_error, check.reason) || contains_text(s.message, check.reason) ||
          (s.last_notification && contains_text(s.last_notification->text, check.reason))) {
        return true;
      }
    }
  }
  return false;
}

bool pair_holds(const SessionCheck& check, const World& world, const NodePair& pair) {
  // Established and "not ..." are facts about both ends; any other state is asked of the end that is named
  // first.
  const bool both = check.negated || check.state == observe::SessionState::established;
  return end_holds(check, world, pair.a, pair.b) && (!both || end_holds(check, world, pair.b, pair.a)) &&
         (is_speaker(world, pair.a) || is_speaker(world, pair.b)) && reason_holds(check, world, pair);
}

std::string state_word(const World& world, const std::string& node, const std::string& peer,
                       std::optional<net::Family> family) {
  if (!is_speaker(world, node)) {
    return node + ": no speaker";
  }
  if (stopped(world, node)) {
    return node + ": not running";
  }
  const auto ends = session_ends(world, node, peer, family);
  std::string words;
  for (const SessionEnd& end : ends) {
    words += (words.empty() ? "" : "/") + std::string(to_string(end.session().state));
  }
  return node + ": " + (words.empty() ? "no session" : words);
}

}  // namespace

std::string owner(const World& world, const net::IpAddr& addr) {
  std::string name = world.wiring().owner(addr);
  if (!name.empty()) {
    return name;
  }
  for (const WiredNode& node : world.wiring().nodes) {
    for (const auto& [link_name, link] : world.node(node.name)->links) {
      for (const net::InterfaceAddress& address : link.addresses) {
        if (address.addr == addr) {
          return node.name;
        }
      }
    }
  }
  return "";
}

bool has_address(const World& world, std::string_view node, const net::IpAddr& addr) {
  for (const net::InterfaceAddress& address : world.wiring().addresses(node)) {
    if (address.addr == addr) {
      return true;
    }
  }
  const NodeState* state = world.node(node);
  if (state == nullptr) {
    return false;
  }
  for (const auto& [name, link] : state->links) {
    for (const net::InterfaceAddress& address : link.addresses) {
      if (address.addr == addr) {
        return true;
      }
    }
  }
  return false;
}

std::vector<SessionEnd> session_ends(const World& world, std::string_view node, std::string_view peer,
                                     std::optional<net::Family> family) {
  std::vector<SessionEnd> ends;
  const NodeState* state = world.node(node);
  if (state == nullptr) {
    return ends;
  }
  for (const auto& [name, protocol] : state->protocols) {
    if (protocol.session && (!family || protocol.session->peer.family() == *family) &&
        has_address(world, peer, protocol.session->peer)) {
      ends.push_back({std::string(node), &protocol});
    }
  }
  return ends;
}

std::vector<std::string> neighbours(const World& world, std::string_view node) {
  std::vector<std::string> names;
  for (const WiredNode& other : world.wiring().nodes) {
    const NodePair pair{std::string(node), other.name};
    if (other.name != node &&
        (!links_between(world.wiring(), pair).empty() || !session_ends(world, node, other.name).empty())) {
      names.push_back(other.name);
    }
  }
  return names;
}

std::string process_problem(const World& world, std::string_view node) {
  const NodeState* state = world.node(node);
  if (state == nullptr || !state->process_known || state->process.running) {
    return "";
  }
  const observe::ProcessView& process = state->process;
  const WiredNode* wired = world.wiring().node(node);
  const std::string who = std::string(node) + "'s speaker (" +
                          std::string(wired == nullptr ? "" : to_string(wired->speaker)) + ")";
  if (process.signal) {
    return who + " was ended by signal " + std::to_string(*process.signal);
  }
  if (process.exit_code) {
    return who + " exited with code " + std::to_string(*process.exit_code);
  }
  return who + " is not running";
}

std::string describe_end(const SessionEnd& end) {
  const observe::SessionView& session = end.session();
  std::string text = end.node + ": " + end.protocol->name + " " + std::string(to_string(session.state)) +
                     ", neighbour " + to_string(session.peer);
  if (session.peer_as != 0) {
    text += " AS " + std::to_string(session.peer_as);
  }
  const std::string error = error_of(session);
  return text + (error.empty() ? "" : ", last error: " + error) +
         (session.message.empty() ? "" : " \"" + session.message + "\"");
}

Reason session_reason(const World& world, const NodePair& pair, std::optional<net::Family> family,
                      std::vector<Rung>& ladder) {
  Reason reason;
  const auto fail_at = [&](const std::string& problem) {
    ladder.push_back(rung(false, problem));
    reason.why = problem;
  };
  for (const std::string& name : {pair.a, pair.b}) {
    const std::string problem = process_problem(world, name);
    if (!problem.empty()) {
      fail_at(problem);
      const std::string& log = world.node(name)->process.log_tail;
      reason.cause =
          log.empty() ? "" : "its last output: " + log.substr(log.size() > 600 ? log.size() - 600 : 0);
      reason.fix = "look at its log: catflap logs " + name;
      reason.hopeless = true;
      return reason;
    }
  }
  ladder.push_back(rung(true, "processes"));
  const auto links = links_between(world.wiring(), pair);
  std::string link_problem;
  for (const auto& [here, there] : links) {
    std::string problem = interface_problem(world, *here);
    problem = problem.empty() ? interface_problem(world, *there) : problem;
    link_problem = link_problem.empty() ? problem : link_problem;
    if (problem.empty()) {
      ladder.push_back(
          rung(true, "link " + here->node + ":" + here->name + " -- " + there->node + ":" + there->name));
    }
  }
  if (!link_problem.empty()) {
    fail_at(link_problem);
    return reason;
  }
  for (const auto& [here, there] : links) {
    for (const WiredInterface* end : {here, there}) {
      const std::string problem = address_problem(world, *end);
      if (!problem.empty()) {
        fail_at(problem);
        return reason;
      }
    }
  }
  ladder.push_back(rung(true, "addresses"));
  std::vector<SessionEnd> all;
  for (const auto& [node, peer] : {std::pair{pair.a, pair.b}, std::pair{pair.b, pair.a}}) {
    const NodeState* state = world.node(node);
    const auto ends = session_ends(world, node, peer, family);
    if (is_speaker(world, node) && state != nullptr && state->protocols_known && ends.empty()) {
      fail_at(node + " has no BGP session with " + peer + " configured");
      const WiredNode* wired = world.wiring().node(node);
      if (wired != nullptr) {
        reason.quotes.push_back(
            {wired->config.empty() ? wired->where : wired->config_where, quote_line(*wired), ""});
      }
      reason.fix = links.empty() ? "link the two nodes and give both a `bgp:`" : "";
      return reason;
    }
    if (is_speaker(world, node) && ends.empty()) {
      ladder.push_back({Rung::State::unknown, "speaker of " + node + " has not reported yet"});
      reason.why = reason.why.empty() ? "the speaker of " + node + " has not reported yet" : reason.why;
    }
    all.insert(all.end(), ends.begin(), ends.end());
  }
  for (const SessionEnd& one : all) {
    for (const SessionEnd& other : all) {
      if (one.node == other.node || !has_address(world, other.node, one.session().peer) ||
          one.session().peer.family() != other.session().peer.family()) {
        continue;
      }
      if (auto mismatch = as_mismatch(world, one, other)) {
        ladder.push_back(rung(false, "OPEN"));
        return *mismatch;
      }
    }
  }
  // The end that knows more speaks first: a NOTIFICATION or an error beats a bare state.
  std::stable_sort(all.begin(), all.end(), [](const SessionEnd& a, const SessionEnd& b) {
    return error_of(a.session()).empty() < error_of(b.session()).empty();
  });
  for (const SessionEnd& end : all) {
    if (end.session().state != observe::SessionState::established) {
      ladder.push_back(rung(false, end.node + " " + std::string(to_string(end.session().state))));
      return state_reason(end, end.node == pair.a ? pair.b : pair.a);
    }
  }
  return reason;
}

Explanation evaluate_session(const SessionCheck& check, const World& world) {
  Explanation out;
  out.expected = describe(Check{"", check, {}, {}, {}});
  const std::vector<NodePair> pairs = node_pairs(check, world);
  if (pairs.empty()) {
    out.title = check.pairs.empty() ? "no BGP session is known in this lab" : "no two nodes match";
    out.verdict = check.pairs.empty() ? Verdict::not_yet : Verdict::impossible;
    out.why = check.pairs.empty()
                  ? "no link joins two nodes with `bgp:`, and no speaker has reported a session with a node"
                  : "no node has such a name";
    return out;
  }
  std::vector<NodePair> failing;
  std::copy_if(pairs.begin(), pairs.end(), std::back_inserter(failing),
               [&](const NodePair& pair) { return !pair_holds(check, world, pair); });
  const std::string state(to_string(check.state));
  if (failing.empty()) {
    out.verdict = Verdict::holds;
    out.title = std::to_string(pairs.size()) + (pairs.size() == 1 ? " session pair " : " session pairs ") +
                (check.negated ? "not " : "") + state;
    for (const NodePair& pair : pairs) {
      out.found.push_back(state_word(world, pair.a, pair.b, check.family) + ", " +
                          state_word(world, pair.b, pair.a, check.family));
    }
    return out;
  }
  const NodePair& first = failing.front();
  out.title = "BGP session " + first.a + " ~ " + first.b +
              (check.family ? " (" + std::string(net::to_string(*check.family)) + ")" : "") +
              (check.negated ? " is " : " is not ") + state;
  if (failing.size() > 1 || pairs.size() > 1) {
    out.title += " (" + std::to_string(pairs.size() - failing.size()) + " of " +
                 std::to_string(pairs.size()) + " pairs as expected)";
  }
  for (const NodePair& pair : failing) {
    out.found.push_back(state_word(world, pair.a, pair.b, check.family) + "   " +
                        state_word(world, pair.b, pair.a, check.family));
  }
  for (const auto& [node, peer] : {std::pair{first.a, first.b}, std::pair{first.b, first.a}}) {
    for (const SessionEnd& end : session_ends(world, node, peer, check.family)) {
      out.found.push_back(describe_end(end));
    }
  }
  if (check.negated) {
    out.why = "the session is up";
    return out;
  }
  take(out, session_reason(world, first, check.family, out.ladder));
  if (out.why.empty() && !reason_holds(check, world, first)) {
    out.why = "no end gives '" + check.reason + "' as its reason";
  }
  return out;
}

Explanation evaluate_alive(const AliveCheck& check, const World& world) {
  Explanation out;
  out.expected = describe(Check{"", check, {}, {}, {}});
  const auto names = world.wiring().match(check.at);
  out.verdict = names.empty() ? Verdict::impossible : Verdict::holds;
  out.title = names.empty() ? "no node matches" : "speakers run";
  for (const std::string& name : names) {
    const NodeState* node = world.node(name);
    if (node->process_known && node->process.running) {
      continue;
    }
    std::string problem = process_problem(world, name);
    problem = problem.empty() ? name + "'s speaker has not been seen yet" : problem;
    if (out.verdict == Verdict::holds) {
      out.verdict = node->process_known ? Verdict::impossible : Verdict::not_yet;
      out.title = out.why = problem;
      out.cause = node->process.log_tail.empty() ? "" : "its last output: " + node->process.log_tail;
    }
    out.found.push_back(problem);
  }
  return out;
}

}  // namespace catflap::expect::reasons
