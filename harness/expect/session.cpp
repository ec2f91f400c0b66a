#include <algorithm>
#include <set>
#include <utility>

#include "expect/reasons.hpp"

namespace catflap::expect::reasons {
namespace {

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
