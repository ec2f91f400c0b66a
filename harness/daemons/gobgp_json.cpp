#include <algorithm>
#include <chrono>
#include <utility>

#include "daemons/gobgp.hpp"
#include "daemons/json_read.hpp"

namespace catflap::daemons {
namespace {

using json_read::flag;
using json_read::json;
using json_read::member;
using json_read::number;
using json_read::number32;
using json_read::text;

/// Numbers of its API.
observe::SessionState state_of(std::uint64_t number) {
  using observe::SessionState;
  static constexpr SessionState kStates[] = {
      SessionState::down,      SessionState::idle,         SessionState::connect,    SessionState::active,
      SessionState::open_sent, SessionState::open_confirm, SessionState::established};
  return number < std::size(kStates) ? kStates[number] : SessionState::down;
}

Instant at(const json& seconds, Instant now, std::int64_t wall_s) {
  const auto then = static_cast<std::int64_t>(number(seconds, "seconds").value_or(0));
  return then == 0 || then > wall_s ? now : now - std::chrono::seconds(wall_s - then);
}

observe::ProtocolView protocol(const json& said, const net::IpAddr& peer, Instant now, std::int64_t wall_s) {
  const json& conf = member(said, "conf");
  const json& state = member(said, "state");
  observe::ProtocolView out;
  out.kind = observe::ProtocolKind::bgp;
  out.name = text(conf, "description").empty() ? to_string(peer) : text(conf, "description");
  out.table = "---";
  observe::SessionView session;
  session.state = state_of(number(state, "session_state").value_or(0));
  const bool up = session.state == observe::SessionState::established;
  session.peer = peer;
  session.peer_as = number32(state, "peer_asn").value_or(number32(conf, "peer_asn").value_or(0));
  session.local_as = number32(conf, "local_asn").value_or(0);
  if (const auto id = net::IpAddr::parse(text(state, "router_id")); id && id->is_v4()) {
    session.peer_id = id->v4_value();
  }
  const json& messages = member(state, "messages");
  session.messages_in = number(member(messages, "received"), "total").value_or(0);
  session.messages_out = number(member(messages, "sent"), "total").value_or(0);
  session.updates_in = number(member(messages, "received"), "update").value_or(0);
  session.updates_out = number(member(messages, "sent"), "update").value_or(0);
  session.flaps = number(state, "flops").value_or(0);
  out.session = std::move(session);
  out.state = up ? observe::ProtocolState::up : observe::ProtocolState::start;
  const json& times = member(member(said, "timers"), "state");
  out.since = at(member(times, up ? "uptime" : "downtime"), now, wall_s);
  for (const json& each : member(said, "afi_safis")) {
    const json& told = member(each, "state");
    const auto afi = number(member(told, "family"), "afi");
    observe::ChannelView channel;
    channel.family = afi == 2U ? net::Family::ipv6 : net::Family::ipv4;
    channel.name = afi == 2U ? "ipv6" : "ipv4";
    channel.table = afi == 2U ? "master6" : "master4";
    channel.up = up;
    channel.imported = number32(told, "accepted").value_or(0);
    channel.exported = number32(told, "advertised").value_or(0);
    out.channels.push_back(std::move(channel));
  }
  return out;
}

void take_attribute(const json& said, observe::BgpAttributesView& out) {
  enum : std::uint64_t { origin = 1, as_path, next_hop, med, local_pref, communities = 8, mp_reach = 14 };
  switch (number(said, "type").value_or(0)) {
    case origin: {
      static constexpr const char* kOrigins[] = {"IGP", "EGP", "Incomplete"};
      out.origin = kOrigins[std::min<std::uint64_t>(number(said, "value").value_or(2), 2)];
      break;
    }
    case as_path:
      for (const json& segment : member(said, "as_paths")) {
        net::AsSegment one;
        one.type =
            number(segment, "segment_type") == 1U ? net::AsSegmentType::set : net::AsSegmentType::sequence;
        for (const json& asn : member(segment, "asns")) {
          one.asns.push_back(asn.is_number_unsigned() ? asn.get<std::uint32_t>() : 0);
        }
        out.as_path.segments.push_back(std::move(one));
      }
      break;
    case next_hop:
    case mp_reach:
      if (const auto via = net::IpAddr::parse(text(said, "nexthop")); via && !via->is_unspecified()) {
        out.next_hop = {*via};
      }
      break;
    case med:
      out.med = number32(said, "metric");
      break;
    case local_pref:
      out.local_pref = number32(said, "value");
      break;
    case communities:
      for (const json& one : member(said, "communities")) {
        out.communities.push_back(
            static_cast<net::Community>(one.is_number_unsigned() ? one.get<std::uint32_t>() : 0));
      }
      break;
    default:
      break;
  }
}

void take_routes(const json& table, const std::vector<observe::ProtocolView>& sessions, Instant now,
                 std::int64_t wall_s, std::vector<observe::RouteView>& out) {
  for (const auto& [where, paths] : table.items()) {
    const auto prefix = net::Prefix::parse(where);
    for (const json& path : prefix ? paths : json::array()) {
      if (!path.is_object()) {
        continue;
      }
      observe::RouteView route;
      route.prefix = *prefix;
      route.table = prefix->family() == net::Family::ipv4 ? "master4" : "master6";
      route.preference = 100;
      route.best = flag(path, "best");
      route.stale = flag(path, "stale");
      const auto age = static_cast<std::int64_t>(number(path, "age").value_or(0));
      route.since = age > 0 && age <= wall_s ? now - std::chrono::seconds(wall_s - age) : now;
      const auto from = net::IpAddr::parse(text(path, "neighbor-ip"));
      const auto known = std::find_if(sessions.begin(), sessions.end(), [&](const auto& each) {
        return from && each.session && each.session->peer == *from;
      });
      if (known == sessions.end()) {
        route.protocol = "own";
        route.source = "static";
        route.type = observe::RouteType::blackhole;
      } else {
        route.from = *from;
        route.protocol = known->name;
        route.source = "BGP";
        observe::BgpAttributesView bgp;
        for (const json& attribute : member(path, "attrs")) {
          take_attribute(attribute, bgp);
        }
        for (const net::IpAddr& via : bgp.next_hop) {
          route.next_hops.push_back({via, "", 1, false});
        }
        route.bgp = std::move(bgp);
      }
      out.push_back(std::move(route));
    }
  }
}

}  // namespace

Result<CliClient::View> read_gobgp(std::string_view neighbors, std::string_view ipv4, std::string_view ipv6,
                                   Instant now, std::int64_t wall_s) {
  const json sessions = json::parse(neighbors, nullptr, false);
  if (!sessions.is_array() && !sessions.is_null()) {  // without neighbours it says null
    return fail(Errc::protocol, "GoBGP's neighbours are no JSON list");
  }
  CliClient::View view;
  for (const json& said : sessions) {
    std::string address = text(member(said, "conf"), "neighbor_address");
    if (address.empty()) {
      address = text(member(said, "state"), "neighbor_address");
    }
    if (const auto peer = net::IpAddr::parse(address)) {
      view.protocols.push_back(protocol(said, *peer, now, wall_s));
    }
  }
  for (const std::string_view rib : {ipv4, ipv6}) {
    const json table = json::parse(rib, nullptr, false);
    if (!table.is_object()) {
      return fail(Errc::protocol, "GoBGP's routes are no JSON object");
    }
    take_routes(table, view.protocols, now, wall_s, view.routes);
  }
  return view;
}

}  // namespace catflap::daemons
