#include "daemons/plain_router.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include <fmt/format.h>

namespace catflap::daemons {
namespace {

std::uint32_t whole_seconds(Duration duration) {
  return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

/// "" or what is in the way.
std::string_view obstacle(const PlainRouter& router, const intent::ProtocolIntent& protocol,
                          const intent::BgpIntent& bgp) {
  using Kind = intent::FilterRef::Kind;
  if (!bgp.neighbor) {
    return "a range of neighbours";
  }
  if (bgp.neighbor->is_link_local()) {
    return "a link-local neighbour";
  }
  if (router.asn != 0 && router.asn != bgp.local_as) {
    return "another AS number of its own (local-as)";
  }
  for (const intent::ChannelIntent& channel : protocol.channels) {
    if (channel.import_filter.kind != Kind::all || channel.export_filter.kind != Kind::all) {
      return "a filter (import-only, export-only)";
    }
  }
  return "";
}

}  // namespace

bool PlainRouter::Session::carries(net::Family family) const {
  return std::any_of(protocol->channels.begin(), protocol->channels.end(),
                     [&](const auto& channel) { return channel.family == family; });
}

Result<PlainRouter> plain_router(const intent::RouterIntent& router, std::string_view daemon) {
  PlainRouter plain;
  plain.name = router.hostname;
  plain.id = router.router_id;
  const auto cannot = [&](const std::string& protocol, std::string_view what) {
    return fail(Errc::unsupported,
                fmt::format("{0}: {1}: {2} cannot be told to {0} here", daemon, protocol, what));
  };
  for (const auto& protocol : router.protocols) {
    if (const auto* bgp = std::get_if<intent::BgpIntent>(&protocol.body)) {
      if (const std::string_view what = obstacle(plain, protocol, *bgp); !what.empty()) {
        return cannot(protocol.name, what);
      }
      plain.asn = bgp->local_as;
      PlainRouter::Session session{&protocol, bgp};
      session.hold_s = whole_seconds(bgp->hold_time.value_or(std::chrono::seconds(90)));
      session.keepalive_s = bgp->keepalive_time ? whole_seconds(*bgp->keepalive_time) : session.hold_s / 3;
      session.next_hop_self =
          session.internal() &&
          std::any_of(protocol.channels.begin(), protocol.channels.end(), [](const auto& channel) {
            return channel.bgp.next_hop_self == intent::NextHopSelf::on ||
                   channel.bgp.next_hop_self == intent::NextHopSelf::ibgp;
          });
      plain.sessions.push_back(session);
    } else if (const auto* routes = std::get_if<intent::StaticIntent>(&protocol.body)) {
      for (const auto& route : routes->routes) {
        if (route.target != intent::RouteTarget::blackhole || route.body != nullptr) {
          return cannot(protocol.name, "a static route to anywhere");
        }
        plain.networks.push_back(route.prefix);
      }
    }
  }
  return plain;
}

}  // namespace catflap::daemons
