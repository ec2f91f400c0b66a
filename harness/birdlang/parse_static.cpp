#include <algorithm>
#include <utility>

#include "birdlang/parser.hpp"

namespace catflap::birdlang {

using intent::RouteTarget;

bool Parser::static_item(intent::StaticIntent& routes) {
  if (words("route")) {
    static_route(routes);
  } else if (words("check link")) {
    routes.check_link = boolean();
  } else if (words("igp table")) {
    routes.igp_table = table_name(net::Family::ipv4, true);
  } else {
    return false;
  }
  return true;
}

void Parser::static_route(intent::StaticIntent& routes) {
  const Token at = peek();
  if (at.kind == TokenKind::symbol && (at.text == "vpn4" || at.text == "flow4" || at.text == "flow6")) {
    fail_here("routes of " + std::string(at.text) + " are not supported", Errc::unsupported);
  }
  intent::StaticRoute route;
  route.where = source_.where(at);
  // A plain address is a host route, in 1.6.
  route.prefix =
      old_ && at.kind == TokenKind::address && !is("/", 1) ? net::Prefix::host(take().address) : prefix();
  if (!routes.roa_table.empty()) {
    return roa_route(routes, route.prefix);
  }
  static_target(route);
  if (words("when")) {
    const Token condition = peek();
    route.when = prefix();
    if (route.when->family() != route.prefix.family()) {
      fail_token(condition, "a route of the other family cannot be the condition");
    }
  }
  if (is("{")) {
    frame_ = Frame();
    frame_.scopes.emplace_back();
    route.body = make_filter("", body());
  }
  routes.routes.push_back(std::move(route));
}

void Parser::static_target(intent::StaticRoute& route) {
  if (words("blackhole") || words("drop")) {
    route.target = RouteTarget::blackhole;
  } else if (words("unreachable") || words("reject")) {
    route.target = RouteTarget::unreachable;
  } else if (words("prohibit")) {
    route.target = RouteTarget::prohibit;
  } else if (words("recursive")) {
    route.target = RouteTarget::recursive;
    route.recursive_via = address();
    if (is_word("mpls")) {
      fail_here("mpls labels of routes are not supported", Errc::unsupported);
    }
  } else {
    if (old_) {
      words("multipath");
    }
    route.target = RouteTarget::via;
    while (words("via")) {
      route.next_hops.push_back(static_next_hop(route));
    }
    if (route.next_hops.empty()) {
      unknown_statement("route");
    }
  }
}

intent::StaticNextHop Parser::static_next_hop(const intent::StaticRoute& route) {
  intent::StaticNextHop hop;
  const Token at = peek();
  if (at.kind == TokenKind::text) {
    hop.interface = text();
  } else {
    hop.via = address();
    if (old_ && hop.via->family() != route.prefix.family()) {
      fail_token(at, "the gateway must be " + std::string(net::to_string(route.prefix.family())));
    }
    if (route.prefix.family() == net::Family::ipv6 && hop.via->is_v4()) {
      fail_token(at, "an IPv6 route cannot have an IPv4 gateway");
    }
    if (accept("%")) {
      hop.interface = name("the name of an interface");
    }
  }
  for (;;) {
    if (words("weight")) {
      hop.weight = number_in(1, 256, "weight");
    } else if (words("onlink")) {
      hop.onlink = boolean();
    } else if (words("bfd")) {
      hop.bfd = boolean();
    } else if (words("mpls")) {
      fail_here("mpls labels of routes are not supported", Errc::unsupported);
    } else {
      return hop;
    }
  }
}

/// `route 10.80.0.0/16 max 24 as 65001;`.
void Parser::roa_route(intent::StaticIntent& routes, const net::Prefix& prefix) {
  intent::RoaEntry entry;
  entry.prefix = prefix;
  if (router_.roa_families[routes.roa_table] != prefix.family()) {
    fail_here("the prefix does not fit the type of table '" + routes.roa_table + "'");
  }
  expect_words("max");
  entry.length_max = static_cast<std::uint8_t>(
      number_in(prefix.length(), net::address_bits(prefix.family()), "maximal prefix length"));
  expect_words("as");
  entry.asn = number();
  routes.roas.push_back(entry);
}

}  // namespace catflap::birdlang
