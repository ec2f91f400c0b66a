#include "observe/text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace catflap::observe {
namespace {

/// "12.3 s ago", "4 min ago"; whoever reads it wants to know how long, not when.
std::string age_text(Instant at, Instant now) {
  const auto ms = std::max(now - at, Duration{}) / std::chrono::milliseconds(1);
  if (ms < 60'000) {
    return fmt::format("{}.{} s", ms / 1000, ms % 1000 / 100);
  }
  const auto minutes = ms / 60'000;
  return minutes < 120 ? fmt::format("{} min", minutes)
                       : fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

std::string target_text(const RouteView& route) {
  std::string text(to_string(route.type));
  for (const NextHopView& hop : route.next_hops) {
    text += hop.via ? fmt::format(" via {} on {}", net::to_string(*hop.via), hop.interface)
                    : fmt::format(" dev {}", hop.interface);
    if (route.next_hops.size() > 1) {
      text += fmt::format(" weight {}", hop.weight);
    }
  }
  return text;
}

std::string attributes_text(const RouteView& route) {
  std::string text = fmt::format("preference {}", route.preference);
  if (!route.bgp) {
    return text;
  }
  const BgpAttributesView& bgp = *route.bgp;
  if (bgp.local_pref) {
    text += fmt::format(", local-pref {}", *bgp.local_pref);
  }
  const std::string path = net::to_string(bgp.as_path);
  text += ", AS path " + (path.empty() ? "empty" : path);
  if (!bgp.origin.empty()) {
    text += ", origin " + bgp.origin;
  }
  if (bgp.med) {
    text += fmt::format(", MED {}", *bgp.med);
  }
  for (const net::Community community : bgp.communities) {
    text += ", " + net::community_to_string(community);
  }
  for (const net::LargeCommunity& large : bgp.large_communities) {
    text += ", " + net::to_string(large);
  }
  return text;
}

std::string filter_text(const FilterVerdictView& verdict) {
  std::string text = fmt::format("{} by {}", verdict.accepted ? "accepted" : "rejected", verdict.filter);
  if (!verdict.where.empty()) {
    text += " at " + verdict.where;
  }
  if (verdict.changed) {
    text += ", attributes changed";
  }
  if (!verdict.message.empty()) {
    text += ": " + verdict.message;
  }
  return text;
}

std::string sent_text(const RouteView& sent) {
  std::string text;
  if (sent.bgp && !sent.bgp->next_hop.empty()) {
    text = " with next hop " + net::to_string(sent.bgp->next_hop.front());
  }
  const std::string path = sent.bgp ? net::to_string(sent.bgp->as_path) : "";
  return text + (path.empty() ? "" : ", AS path " + path);
}

void add_candidate(std::string& text, const CandidateView& candidate, Instant now) {
  const RouteView& route = candidate.route;
  text += fmt::format("  {} {:<12} {}, {} old\n", route.best ? "*" : " ", route.protocol, target_text(route),
                      age_text(route.since, now));
  text += fmt::format("      {}\n", attributes_text(route));
  if (!candidate.lost_at.empty()) {
    text += fmt::format("      lost at {}: {}\n", candidate.lost_at, candidate.why);
  }
  if (!candidate.next_hop.empty()) {
    text += fmt::format("      next hop {}\n", candidate.next_hop);
  }
  if (route.kernel_refused) {
    text += "      the kernel did not take it\n";
  }
  if (route.stale) {
    text += "      stale: its session is down, graceful restart keeps it\n";
  }
  if (candidate.import) {
    text += fmt::format("      import: {}\n", filter_text(*candidate.import));
  }
}

void add_export(std::string& text, const ExportView& one) {
  text += fmt::format("    {:<12} {}", one.protocol, one.verdict);
  if (!one.why.empty()) {
    text += ": " + one.why;
  }
  if (one.sent) {
    text += sent_text(*one.sent);
  }
  if (one.filter) {
    text += " (" + filter_text(*one.filter) + ")";
  }
  text += "\n";
}

}  // namespace

std::string route_text(const RouteView& route) {
  return fmt::format("{:<20} {} {:<12} {}  {}\n", net::to_string(route.prefix), route.best ? "*" : " ",
                     route.protocol, target_text(route), attributes_text(route));
}

std::string explain_text(const std::vector<ExplainView>& views, Instant now) {
  std::string text;
  for (const ExplainView& view : views) {
    if (!view.prefix && view.refused.empty()) {
      text += fmt::format("{}: no route\n", view.table);
      continue;
    }
    text += view.prefix ? fmt::format("{}: {}\n", view.table, net::to_string(*view.prefix))
                        : fmt::format("{}: no route\n", view.table);
    for (const CandidateView& candidate : view.candidates) {
      add_candidate(text, candidate, now);
    }
    for (const RefusedView& refused : view.refused) {
      text += fmt::format("    {:<12} not taken {} ago: {}\n", refused.protocol, age_text(refused.at, now),
                          refused.why);
    }
    if (!view.exports.empty()) {
      text += "  told to\n";
    }
    for (const ExportView& one : view.exports) {
      add_export(text, one);
    }
  }
  return text;
}

std::string malformed_text(const std::vector<MalformedView>& views, Instant now) {
  std::string text;
  for (const MalformedView& view : views) {
    text += fmt::format("{} ({}): {} malformed {}\n", view.protocol, net::to_string(view.peer), view.total,
                        view.total == 1 ? "message" : "messages");
    for (const MalformedCount& count : view.counts) {
      text += fmt::format("  {:>6} x {}: {}\n", count.count, count.name, to_string(count.action));
    }
    for (const MalformedMessage& message : view.messages) {
      text += fmt::format("  #{} {} ago\n", message.number, age_text(message.at, now));
      for (const MalformedMessage::Error& error : message.errors) {
        text += fmt::format("    {}: {}: {}{}\n", error.name, to_string(error.action), error.what,
                            error.attribute_hex.empty() ? "" : " [" + error.attribute_hex + "]");
      }
      text += fmt::format("    {}\n", message.hex);
    }
  }
  return text;
}

Diagnosis diagnose(const ProtocolView& protocol, Instant now) {
  Diagnosis found;
  if (!protocol.session || protocol.session->state == SessionState::established) {
    return found;
  }
  const SessionView& session = *protocol.session;
  const std::string peer = net::to_string(session.peer);
  const auto has = [&](std::string_view part) { return session.last_error.find(part) != std::string::npos; };
  const auto say = [&](std::string why, std::string advice) {
    found.why.push_back(std::move(why));
    if (!advice.empty()) {
      found.advice.push_back(std::move(advice));
    }
  };
  if (protocol.state == ProtocolState::down) {
    say("it is disabled" + (session.message.empty() ? "" : ": " + session.message),
        has("limit") ? "raise the limit or find out why the peer has so many routes, then enable it"
                     : "enable it: birdc enable " + protocol.name);
  }
  if (session.last_notification) {
    const auto& last = *session.last_notification;
    say(fmt::format("the last NOTIFICATION, {} ago, was {}: {} ({}/{})", age_text(last.at, now),
                    last.received ? "from the peer" : "ours", last.text, last.code, last.subcode),
        last.code == 2 && last.subcode == 2   ? "compare the AS numbers of both sides"
        : last.code == 2 && last.subcode == 3 ? "give the routers different router ids"
        : last.code == 4 ? "nothing arrived for a hold time: look at the link and at the peer's load"
        : last.code == 6 && last.received ? "the peer ended it on purpose: ask its operator"
                                          : "");
  }
  if (!session.last_error.empty()) {
    say("last error: " + session.last_error,
        has("refused") ? "nothing listens at " + peer + ", or it does not know us: look at its configuration"
        : has("No route") || has("unreachable")
            ? "there is no way to " + peer + ": look at addresses, links and routes"
        : has("MD5") || has("timed out")
            ? "no answer from " + peer + ": a password that differs, a packet filter, or it is off"
        : has("Neighbor lost") || has("Link down")
            ? "the interface to " + peer + " is down or has no address of its network"
        : has("BFD") ? "BFD lost the peer: look at the link"
                     : "");
  }
  switch (session.state) {
    case SessionState::idle:
      say("it waits before it tries again, or for its interface", "");
      break;
    case SessionState::passive:
      say("it is passive: it waits for the peer to connect", "let one of the two sides be active");
      break;
    case SessionState::active:
    case SessionState::connect:
      say(fmt::format("no TCP connection to {} yet, {} attempts", peer, session.connect_attempts), "");
      break;
    case SessionState::open_sent:
      say("the connection is there, the peer's OPEN is not",
          "the peer may not speak BGP at this port, or ignores us");
      break;
    case SessionState::open_confirm:
      say("the OPENs were exchanged, the peer's KEEPALIVE is missing", "");
      break;
    case SessionState::down:
    case SessionState::established:
    case SessionState::close:
      break;
  }
  if (session.error_wait) {
    found.why.push_back(
        fmt::format("the next attempt is in {} ms", session.error_wait->left / std::chrono::milliseconds(1)));
  } else if (session.connect_delay) {
    found.why.push_back(fmt::format("the next attempt is in {} ms",
                                    session.connect_delay->left / std::chrono::milliseconds(1)));
  }
  if (session.graceful_restart_active) {
    found.why.push_back("graceful restart: its routes are kept meanwhile");
  }
  return found;
}

std::string peers_text(const std::vector<ProtocolView>& protocols, bool why, Instant now) {
  std::string text;
  for (const ProtocolView& protocol : protocols) {
    if (!protocol.session) {
      continue;
    }
    const SessionView& session = *protocol.session;
    text += fmt::format("{:<16} {:<24} AS {:<10} {:<12} {}\n", protocol.name, net::to_string(session.peer),
                        session.peer_as, to_string(session.state), age_text(protocol.since, now));
    if (!why) {
      continue;
    }
    const Diagnosis diagnosis = diagnose(protocol, now);
    for (const std::string& line : diagnosis.why) {
      text += "    " + line + "\n";
    }
    for (const std::string& line : diagnosis.advice) {
      text += "    -> " + line + "\n";
    }
  }
  return text;
}

}  // namespace catflap::observe
