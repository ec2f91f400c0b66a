#include <algorithm>
#include <utility>

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

}  // namespace

bool is_speaker(const World& world, const std::string& name) {
  const WiredNode* node = world.wiring().node(name);
  return node != nullptr && node->speaker != SpeakerKind::none;
}

bool contains_text(std::string_view text, std::string_view part) {
  return lower(text).find(lower(part)) != std::string::npos;
}

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

}  // namespace catflap::expect::reasons
