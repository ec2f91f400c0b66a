#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "daemons/frr_link.hpp"

namespace catflap::daemons {
namespace {

using nlohmann::json;

std::string text_of(const json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_string() ? at->get<std::string>() : "";
}

std::optional<std::uint32_t> number_of(const json& object, const char* key) {
  const auto at = object.find(key);
  if (at == object.end() || !at->is_number_integer() || *at < 0 || *at > 0xFFFFFFFFLL) {
    return std::nullopt;
  }
  return at->get<std::uint32_t>();
}

observe::ChannelView channel(net::Family family, const json& said, bool up) {
  observe::ChannelView out;
  out.family = family;
  out.name = family == net::Family::ipv4 ? "ipv4" : "ipv6";
  out.table = family == net::Family::ipv4 ? "master4" : "master6";
  out.up = up;
  out.imported = number_of(said, "acceptedPrefixCounter").value_or(0);
  out.exported = number_of(said, "sentPrefixCounter").value_or(0);
  return out;
}

std::string last_error(const json& said) {
  const std::string reason = text_of(said, "lastNotificationReason");
  const std::string due = text_of(said, "lastResetDueTo");
  if (due == "BGP Notification received") {
    return "Received: " + reason;
  }
  return due == "BGP Notification send" ? "BGP Error: " + reason : due;
}

observe::SessionView session(const json& said) {
  observe::SessionView out;
  out.state = observe::parse_session_state(text_of(said, "bgpState")).value_or(observe::SessionState::idle);
  out.peer_as = number_of(said, "remoteAs").value_or(0);
  out.local_as = number_of(said, "localAs").value_or(0);
  if (const auto id = net::IpAddr::parse(text_of(said, "remoteRouterId")); id && id->is_v4()) {
    out.peer_id = id->v4_value();
  }
  if (out.state != observe::SessionState::established) {
    out.last_error = last_error(said);
    out.message = text_of(said, "lastShutdownDescription");
  }
  const auto stats = said.find("messageStats");
  if (stats != said.end() && stats->is_object()) {
    out.messages_in = number_of(*stats, "totalRecv").value_or(0);
    out.messages_out = number_of(*stats, "totalSent").value_or(0);
    out.updates_in = number_of(*stats, "updatesRecv").value_or(0);
    out.updates_out = number_of(*stats, "updatesSent").value_or(0);
  }
  out.flaps = number_of(said, "connectionsDropped").value_or(0);
  return out;
}

net::AsPath as_path(const json& path) {
  net::AsPath out;
  const auto at = path.find("aspath");
  if (at == path.end() || !at->is_object() || !at->contains("segments") || !(*at)["segments"].is_array()) {
    return out;
  }
  for (const json& segment : (*at)["segments"]) {
    net::AsSegment one;
    one.type = text_of(segment, "type") == "as-set" ? net::AsSegmentType::set : net::AsSegmentType::sequence;
    if (const auto list = segment.find("list"); list != segment.end() && list->is_array()) {
      for (const json& asn : *list) {
        if (asn.is_number_unsigned()) {
          one.asns.push_back(asn.get<std::uint32_t>());
        }
      }
    }
    out.segments.push_back(std::move(one));
  }
  return out;
}

std::vector<net::Community> communities(const json& path) {
  std::vector<net::Community> out;
  const auto at = path.find("community");
  if (at == path.end() || !at->is_object() || !at->contains("list") || !(*at)["list"].is_array()) {
    return out;
  }
  for (const json& one : (*at)["list"]) {
    const std::string text = one.is_string() ? one.get<std::string>() : "";
    unsigned high = 0;
    unsigned low = 0;
    if (std::sscanf(text.c_str(), "%u:%u", &high, &low) == 2) {
      out.push_back(static_cast<net::Community>((high << 16U) | low));
    }
  }
  return out;
}

observe::RouteView route(const net::Prefix& prefix, const json& path) {
  observe::RouteView out;
  out.prefix = prefix;
  out.source = "BGP";
  out.preference = 100;
  out.best = path.contains("bestpath") && path["bestpath"].value("overall", false);
  out.stale = path.value("stale", false);
  observe::BgpAttributesView bgp;
  bgp.origin = text_of(path, "origin");
  if (bgp.origin == "incomplete") {
    bgp.origin = "Incomplete";
  }
  bgp.as_path = as_path(path);
  bgp.med = number_of(path, "metric");
  bgp.local_pref = number_of(path, "locPrf");
  bgp.communities = communities(path);
  if (const auto hops = path.find("nexthops"); hops != path.end() && hops->is_array()) {
    for (const json& hop : *hops) {
      if (const auto via = net::IpAddr::parse(text_of(hop, "ip"))) {
        bgp.next_hop.push_back(*via);
        if (hop.value("used", false)) {
          out.next_hops.push_back({*via, "", 1, false});
        }
      }
    }
  }
  out.bgp = std::move(bgp);
  return out;
}

}  // namespace

Result<std::vector<observe::ProtocolView>> frr_sessions(std::string_view text, Instant now) {
  const json all = json::parse(text, nullptr, false);
  if (!all.is_object()) {
    return fail(Errc::protocol, "FRR's neighbours are no JSON object");
  }
  std::vector<observe::ProtocolView> out;
  for (const auto& [address, said] : all.items()) {
    const auto peer = net::IpAddr::parse(address);
    if (!peer || !said.is_object()) {
      continue;
    }
    observe::ProtocolView one;
    one.kind = observe::ProtocolKind::bgp;
    one.name = text_of(said, "nbrDesc").empty() ? address : text_of(said, "nbrDesc");
    one.table = "---";
    one.session = session(said);
    one.session->peer = *peer;
    const bool up = one.session->state == observe::SessionState::established;
    one.state = up ? observe::ProtocolState::up : observe::ProtocolState::start;
    one.since = now - std::chrono::milliseconds(up ? number_of(said, "bgpTimerUpMsec").value_or(0) : 0);
    const auto families = said.find("addressFamilyInfo");
    if (families != said.end() && families->is_object()) {
      for (const auto& [name, family] :
           {std::pair{"ipv4Unicast", net::Family::ipv4}, std::pair{"ipv6Unicast", net::Family::ipv6}}) {
        if (const auto at = families->find(name); at != families->end()) {
          one.channels.push_back(channel(family, *at, up));
        }
      }
    }
    out.push_back(std::move(one));
  }
  return out;
}

Result<std::vector<observe::RouteView>> frr_routes(std::string_view text, std::string_view table,
                                                   const std::vector<observe::ProtocolView>& sessions) {
  const json all = json::parse(text, nullptr, false);
  if (!all.is_object()) {
    return fail(Errc::protocol, "FRR's routes are no JSON object");
  }
  std::vector<observe::RouteView> out;
  const auto routes = all.find("routes");
  if (routes == all.end() || !routes->is_object()) {
    return out;  // no route yet
  }
  for (const auto& [where, paths] : routes->items()) {
    const auto prefix = net::Prefix::parse(where);
    if (!prefix || !paths.is_array()) {
      continue;
    }
    for (const json& path : paths) {
      const auto peer = path.is_object() ? path.find("peer") : path.end();
      if (!path.is_object() || peer == path.end() || !peer->is_object()) {
        continue;  // the first element is about the prefix
      }
      observe::RouteView one = route(*prefix, path);
      one.table = table;
      const auto from = net::IpAddr::parse(text_of(*peer, "peerId"));
      const auto known = std::find_if(sessions.begin(), sessions.end(), [&](const auto& each) {
        return from && each.session && each.session->peer == *from;
      });
      if (known != sessions.end()) {
        one.from = from.value();
        one.protocol = known->name;
      } else {
        one.protocol = "own";
        one.source = "static";
        one.type = observe::RouteType::blackhole;
        one.next_hops.clear();
        one.bgp.reset();
      }
      out.push_back(std::move(one));
    }
  }
  return out;
}

}  // namespace catflap::daemons
