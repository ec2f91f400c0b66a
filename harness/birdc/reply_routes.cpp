#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "birdc/reply.hpp"

namespace catflap::birdc {
namespace {

using observe::NextHopView;
using observe::RouteType;
using observe::RouteView;

/// BIRD prints an attribute into a line of 500 octets and goes on with the next line when less than this is
/// left.
constexpr std::size_t kLineOctets = 500;
constexpr std::size_t kReserveCommunity = 24;
constexpr std::size_t kReserveLong = 64;

/// An attribute that is a list. A line is full when it has outgrown its share; the next ones start with two
/// tabs.
void write_list(ReplyWriter& out, std::string_view name, const std::vector<std::string>& items,
                std::size_t reserve) {
  std::string line = fmt::format("{}: ", name);
  std::size_t limit = kLineOctets - reserve;
  bool first = true;
  std::string indent = "\t";
  for (const std::string& item : items) {
    if (line.size() > limit) {
      out.line(1012, indent + line);
      line.clear();
      indent = "\t\t";
      limit = kLineOctets - reserve - 1;
      first = true;
    }
    line.append(first ? "" : " ").append(item);
    first = false;
  }
  out.line(1012, indent + line);
}

void write_attribute(ReplyWriter& out, std::string_view name, std::string_view value) {
  out.line(1012, fmt::format("\t{}: {}", name, value));
}

template <class T, class F>
std::vector<std::string> texts(const std::vector<T>& values, F&& to_text) {
  std::vector<std::string> result;
  result.reserve(values.size());
  for (const T& value : values) {
    result.push_back(to_text(value));
  }
  return result;
}

/// A path that is too long for a line is cut behind an AS, as BIRD does.
std::string path_text(const net::AsPath& path) {
  std::string text = net::to_string(path);
  constexpr std::size_t kPathOctets = kLineOctets - 32;
  if (text.size() > kPathOctets) {
    text.resize(text.rfind(' ', kPathOctets));
    text += " ...";
  }
  return text;
}

/// A list without items is there if a filter left it so.
template <class T>
bool has_list(const observe::BgpAttributesView& bgp, const std::vector<T>& items, std::string_view name) {
  return !items.empty() || std::find(bgp.emptied.begin(), bgp.emptied.end(), name) != bgp.emptied.end();
}

/// Filters can give BGP attributes to any route; only BGP's own ones show their origin in the row.
bool is_from_bgp(const RouteView& route) {
  return route.source == "BGP" || route.source.empty();  // empty: read from a reply that does not tell
}

void write_bgp_attributes(ReplyWriter& out, const observe::BgpAttributesView& bgp) {
  if (!bgp.origin.empty()) {
    write_attribute(out, "BGP.origin", bgp.origin);
  }
  if (has_list(bgp, bgp.as_path.segments, "BGP.as_path")) {
    write_attribute(out, "BGP.as_path", path_text(bgp.as_path));
  }
  if (!bgp.next_hop.empty()) {
    const auto hops = texts(bgp.next_hop, [](const net::IpAddr& hop) { return net::to_string(hop); });
    write_attribute(out, "BGP.next_hop", fmt::format("{}", fmt::join(hops, " ")));
  }
  if (bgp.med) {
    write_attribute(out, "BGP.med", std::to_string(*bgp.med));
  }
  if (bgp.local_pref) {
    write_attribute(out, "BGP.local_pref", std::to_string(*bgp.local_pref));
  }
  if (bgp.atomic_aggregate) {
    write_attribute(out, "BGP.atomic_aggr", "");
  }
  if (bgp.aggregator) {
    write_attribute(out, "BGP.aggregator", *bgp.aggregator);
  }
  if (has_list(bgp, bgp.communities, "BGP.community")) {
    write_list(out, "BGP.community", texts(bgp.communities, net::community_to_string), kReserveCommunity);
  }
  if (bgp.originator_id) {
    write_attribute(out, "BGP.originator_id", net::router_id_to_string(*bgp.originator_id));
  }
  if (!bgp.cluster_list.empty()) {
    write_list(out, "BGP.cluster_list", texts(bgp.cluster_list, net::router_id_to_string), kReserveCommunity);
  }
  if (has_list(bgp, bgp.ext_communities, "BGP.ext_community")) {
    write_list(out, "BGP.ext_community", texts(bgp.ext_communities, net::ext_community_to_string),
               kReserveLong);
  }
  if (has_list(bgp, bgp.large_communities, "BGP.large_community")) {
    write_list(
        out, "BGP.large_community",
        texts(bgp.large_communities, [](const net::LargeCommunity& large) { return net::to_string(large); }),
        kReserveLong);
  }
  if (bgp.otc) {
    write_attribute(out, "BGP.otc", std::to_string(*bgp.otc));
  }
  for (const auto& [name, value] : bgp.other) {
    write_attribute(out, name, value);
  }
}

std::string from_text(const RouteView& route) {
  const bool same = !route.from || (!route.next_hops.empty() && route.next_hops.front().via == route.from);
  return same ? "" : " from " + net::to_string(*route.from);
}

/// "(100/-) [AS65002i]": preference, metric, origin.
std::string info_text(Format format, const RouteView& route) {
  std::string text = fmt::format("({}", route.preference);
  if (route.suppressed) {
    text += "-";
  }
  if (route.stale) {
    text += "s";
  }
  if (route.metric_unknown) {
    // 2.x says nothing of a next hop to which there is no route at all.
    const bool told = format == Format::bird1 || route.metric;
    text += route.type != RouteType::unreachable ? "/?" : told ? "/-" : "";
  } else if (route.metric && (format == Format::bird1 || *route.metric != 0)) {
    text += fmt::format("/{}", *route.metric);
  }
  text += ")";
  if (route.bgp && is_from_bgp(route)) {
    const auto origin_as = route.bgp->as_path.last();
    const std::string& origin = route.bgp->origin;
    const char* letter = origin == "IGP" ? "i" : origin == "EGP" ? "e" : origin.empty() ? "" : "?";
    text += fmt::format(" [{}{}]", origin_as ? fmt::format("AS{}", *origin_as) : "", letter);
  }
  return text;
}

std::string hop_text(const NextHopView& hop, bool with_weight) {
  std::string text =
      hop.via ? fmt::format("via {} on {}", net::to_string(*hop.via), hop.interface) : "dev " + hop.interface;
  if (hop.onlink) {
    text += " onlink";
  }
  if (with_weight) {
    text += fmt::format(" weight {}", hop.weight);
  }
  return text;
}

/// 1.6 has the next hop in the place of the type.
std::string destination_text(Format format, const RouteView& route) {
  if (format == Format::bird2 || route.type != RouteType::unicast) {
    return std::string(observe::to_string(route.type));
  }
  if (route.next_hops.size() > 1) {
    return "multipath";
  }
  return route.next_hops.empty() ? "unicast" : hop_text(route.next_hops.front(), false);
}

}  // namespace

void write_route_details(ReplyWriter& out, Format format, const RouteView& route) {
  std::string scope = route.source_detail.empty() ? "univ" : route.source_detail;
  out.line(1008,
           fmt::format("\tType: {} {}{}", route.source, format == Format::bird1 ? "unicast " : "", scope));
  if (route.bgp) {
    write_bgp_attributes(out, *route.bgp);
  }
  for (const auto& [name, value] : route.kernel) {
    write_attribute(out, name, value);
  }
}

void RouteWriter::table(std::string_view name) {
  table_ = name;
  table_announced_ = false;
  last_prefix_.reset();
}

void RouteWriter::announce_table(ReplyWriter& out) {
  if (format_ == Format::bird1 || table_announced_) {
    return;
  }
  if (any_announced_) {
    out.line(1007, "");
  }
  out.line(1007, fmt::format("Table {}:", table_));
  table_announced_ = any_announced_ = true;
}

void RouteWriter::route(ReplyWriter& out, const RouteView& route) {
  announce_table(out);
  const std::string prefix = last_prefix_ == route.prefix ? "" : net::to_string(route.prefix);
  last_prefix_ = route.prefix;
  any_route_ = true;
  const char* mark = route.kernel_refused ? " !" : route.best ? " *" : "";
  out.line(1007, fmt::format("{:<{}} {} [{} {}{}]{} {}", prefix, format_ == Format::bird2 ? 20 : 18,
                             destination_text(format_, route), route.protocol,
                             format_short_time(format_, clock_, route.since), from_text(route), mark,
                             info_text(format_, route)));
  const bool multipath = route.next_hops.size() > 1;
  if (route.type == RouteType::unicast && (format_ == Format::bird2 || multipath)) {
    for (const NextHopView& hop : route.next_hops) {
      out.line(1007, "\t" + hop_text(hop, multipath));
    }
  }
  if (all_) {
    write_route_details(out, format_, route);
  }
}

void RouteWriter::roa(ReplyWriter& out, const Roa& roa) {
  announce_table(out);
  any_route_ = true;
  out.line(1007, fmt::format("{:<20}  [{} {}] * ({})",
                             fmt::format("{}-{} AS{}", net::to_string(roa.prefix), roa.length_max, roa.asn),
                             roa.protocol, format_short_time(format_, clock_, roa.since), roa.preference));
  if (all_) {
    out.line(1008, "\tType: static univ");
  }
}

void RouteWriter::count(ReplyWriter& out, const RouteCount& count) {
  total_.shown += count.shown;
  total_.routes += count.routes;
  total_.networks += count.networks;
  ++tables_;
  if (stats_) {
    announce_table(out);
  }
  if (format_ == Format::bird2) {
    out.line(1007, fmt::format("{} of {} routes for {} networks in table {}", count.shown, count.routes,
                               count.networks, table_));
  }
}

void RouteWriter::end(ReplyWriter& out, bool not_found, bool with_count) {
  if (with_count && format_ == Format::bird1) {
    out.end(14, fmt::format("{} of {} routes for {} networks", total_.shown, total_.routes, total_.networks));
  } else if (with_count && tables_ > 1) {
    if (any_announced_) {
      out.line(1007, "");
    }
    out.end(14, fmt::format("Total: {} of {} routes for {} networks in {} tables", total_.shown,
                            total_.routes, total_.networks, tables_));
  } else if (not_found && !any_route_) {
    out.end(8001, format_ == Format::bird2 ? "Network not found" : "Network not in table");
  } else {
    out.end();
  }
}

}  // namespace catflap::birdc
