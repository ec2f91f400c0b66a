#include <algorithm>
#include <string>
#include <utility>

#include "birdc/parse.hpp"
#include "birdc/text.hpp"

namespace catflap::birdc {
namespace {

using observe::BgpAttributesView;
using observe::NextHopView;
using observe::RouteType;
using observe::RouteView;

tl::unexpected<Error> not_understood(std::string_view line) {
  return fail(Errc::protocol, "show route: unexpected line '" + std::string(line.substr(0, 120)) + "'");
}

/// The members of "(a, b, c)" or "(a,b)"; takes the list off `text`. Empty if there is none.
std::vector<std::string_view> take_tuple(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const auto close = text.find(')');
  std::vector<std::string_view> members;
  if (text.empty() || text.front() != '(' || close == std::string_view::npos) {
    return members;
  }
  std::string_view inside = text.substr(1, close - 1);
  text.remove_prefix(close + 1);
  while (true) {
    const auto comma = std::min(inside.find(','), inside.size());
    members.push_back(text::trim(inside.substr(0, comma)));
    if (comma == inside.size()) {
      return members;
    }
    inside.remove_prefix(comma + 1);
  }
}

/// Reads a list of tuples with `add`, which returns false for one that it does not take.
template <class F>
bool tuples(std::string_view text, F&& add) {
  while (!text::trim(text).empty()) {
    if (!add(take_tuple(text))) {
      return false;
    }
  }
  return true;
}

bool add_community(const std::vector<std::string_view>& tuple, BgpAttributesView& bgp) {
  const auto high = tuple.size() == 2 ? text::number<std::uint16_t>(tuple[0]) : std::nullopt;
  const auto low = tuple.size() == 2 ? text::number<std::uint16_t>(tuple[1]) : std::nullopt;
  if (!high || !low) {
    return false;
  }
  bgp.communities.push_back(std::uint32_t{*high} << 16U | *low);
  return true;
}

std::optional<std::uint32_t> hex_or_decimal(std::string_view text) {
  return text::take_prefix(text, "0x") ? text::number<std::uint32_t>(text, 16)
                                       : text::number<std::uint32_t>(text);
}

/// RFC 4360 §3.1-3.2, RFC 5668: the administrator decides the type.
std::optional<net::ExtCommunity> ext_community(const std::vector<std::string_view>& tuple) {
  if (tuple.size() != 3) {
    return std::nullopt;
  }
  if (tuple[0] == "generic") {
    const auto high = hex_or_decimal(tuple[1]);
    const auto low = hex_or_decimal(tuple[2]);
    return high && low ? std::optional(std::uint64_t{*high} << 32U | *low) : std::nullopt;
  }
  if (std::string_view kind = tuple[0]; text::take_prefix(kind, "unknown ")) {
    const auto type = hex_or_decimal(kind);
    const auto key = text::number<std::uint32_t>(tuple[1]);
    const auto value = text::number<std::uint32_t>(tuple[2]);
    if (!type || *type > 0xFFFFU || !key || !value) {
      return std::nullopt;
    }
    const bool wide = (*type >> 8U & 0xBFU) != 0;  // 4 octets of key and 2 of value
    return std::uint64_t{*type} << 48U | std::uint64_t{*key} << (wide ? 16U : 32U) | *value;
  }
  const std::uint64_t subtype = tuple[0] == "rt" ? 2 : tuple[0] == "ro" ? 3 : 0;
  const auto value = text::number<std::uint32_t>(tuple[2]);
  if (subtype == 0 || !value) {
    return std::nullopt;
  }
  const std::uint64_t kind = subtype << 48U;
  if (const auto address = net::IpAddr::parse(tuple[1]); address && address->is_v4()) {
    return std::uint64_t{1} << 56U | kind | std::uint64_t{address->v4_value()} << 16U | (*value & 0xFFFFU);
  }
  const auto asn = text::number<std::uint32_t>(tuple[1]);
  if (!asn) {
    return std::nullopt;
  }
  if (*asn > 0xFFFFU) {
    return std::uint64_t{2} << 56U | kind | std::uint64_t{*asn} << 16U | (*value & 0xFFFFU);
  }
  return kind | std::uint64_t{*asn} << 32U | *value;
}

bool add_large_community(const std::vector<std::string_view>& tuple, BgpAttributesView& bgp) {
  std::uint32_t parts[3] = {};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto part = tuple.size() == 3 ? text::number<std::uint32_t>(tuple[i]) : std::nullopt;
    if (!part) {
      return false;
    }
    parts[i] = *part;
  }
  bgp.large_communities.push_back({parts[0], parts[1], parts[2]});
  return true;
}

/// "65001 65002 {65003 65004} (65005) ({65006})"; "..." ends a path that was cut.
std::optional<net::AsPath> parse_as_path(std::string_view text) {
  using Type = net::AsSegmentType;
  net::AsPath path;
  Type type = Type::sequence;
  bool open = false;
  while (!text.empty()) {
    const char c = text.front();
    if (c == ' ') {
      text.remove_prefix(1);
    } else if (c == '{' || c == '(') {
      const bool confed_set = text.starts_with("({");
      if (open) {
        return std::nullopt;
      }
      type = confed_set ? Type::confed_set : c == '{' ? Type::set : Type::confed_sequence;
      path.segments.push_back({type, {}});
      open = true;
      text.remove_prefix(confed_set ? 2 : 1);
    } else if (c == '}' || c == ')') {
      const std::size_t size = text.starts_with("})") ? 2 : 1;
      if (!open || (size == 2) != (type == Type::confed_set)) {
        return std::nullopt;
      }
      open = false;
      type = Type::sequence;
      text.remove_prefix(size);
    } else if (text == "...") {
      break;
    } else {
      const auto end = std::min(text.find_first_of(" {}()"), text.size());
      const auto asn = text::number<std::uint32_t>(text.substr(0, end));
      if (!asn) {
        return std::nullopt;
      }
      const bool fits =
          !path.segments.empty() && path.segments.back().type == type && (open || type == Type::sequence);
      if (!fits) {
        path.segments.push_back({type, {}});
      }
      path.segments.back().asns.push_back(*asn);
      text.remove_prefix(end);
    }
  }
  return open ? std::nullopt : std::optional(std::move(path));
}

bool add_identifiers(std::string_view text, std::vector<std::uint32_t>& ids) {
  for (const std::string_view word : text::words(text)) {
    const auto id = net::IpAddr::parse(word);
    if (!id || !id->is_v4()) {
      return false;
    }
    ids.push_back(id->v4_value());
  }
  return true;
}

bool set_next_hops(std::string_view text, BgpAttributesView& bgp) {
  bgp.next_hop.clear();
  for (const std::string_view word : text::words(text)) {
    const auto hop = net::IpAddr::parse(word);
    if (!hop) {
      return false;
    }
    bgp.next_hop.push_back(*hop);
  }
  return true;
}

bool set_number(std::string_view value, std::optional<std::uint32_t>& into) {
  into = text::number<std::uint32_t>(value);
  return into.has_value();
}

/// `name` without "BGP."; `value` may go on a list that began on the line before.
bool bgp_attribute(std::string_view name, std::string_view value, BgpAttributesView& bgp) {
  if (value.empty() &&
      (name == "as_path" || name == "community" || name == "ext_community" || name == "large_community")) {
    bgp.emptied.push_back("BGP." + std::string(name));
  } else if (name == "origin") {
    bgp.origin = value;
  } else if (name == "as_path") {
    auto path = parse_as_path(value);
    bgp.as_path = path.value_or(net::AsPath());
    return path.has_value();
  } else if (name == "next_hop") {
    return set_next_hops(value, bgp);
  } else if (name == "med") {
    return set_number(value, bgp.med);
  } else if (name == "local_pref") {
    return set_number(value, bgp.local_pref);
  } else if (name == "atomic_aggr") {
    bgp.atomic_aggregate = true;
  } else if (name == "aggregator") {
    bgp.aggregator = value;
  } else if (name == "community") {
    return tuples(value, [&](const auto& tuple) { return add_community(tuple, bgp); });
  } else if (name == "ext_community") {
    return tuples(value, [&](const auto& tuple) {
      const auto community = ext_community(tuple);
      bgp.ext_communities.push_back(community.value_or(0));
      return community.has_value();
    });
  } else if (name == "large_community") {
    return tuples(value, [&](const auto& tuple) { return add_large_community(tuple, bgp); });
  } else if (name == "originator_id") {
    std::vector<std::uint32_t> ids;
    const bool understood = add_identifiers(value, ids) && ids.size() == 1;
    bgp.originator_id = understood ? std::optional(ids.front()) : std::nullopt;
    return understood;
  } else if (name == "cluster_list") {
    return add_identifiers(value, bgp.cluster_list);
  } else if (name == "otc") {
    return set_number(value, bgp.otc);
  } else {
    bgp.other.emplace_back("BGP." + std::string(name), value);
  }
  return true;
}

/// "(100s/-)".
bool preference(std::string_view text, RouteView& route) {
  if (text.size() < 3 || text.front() != '(' || text.back() != ')') {
    return false;
  }
  text = text.substr(1, text.size() - 2);
  const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto value = text::number<std::uint32_t>(text.substr(0, end));
  if (!value) {
    return false;
  }
  route.preference = *value;
  text.remove_prefix(end);
  const auto slash = std::min(text.find('/'), text.size());
  route.stale = text.substr(0, slash).find('s') != std::string_view::npos;
  route.suppressed = text.substr(0, slash).find('-') != std::string_view::npos;
  text.remove_prefix(slash);
  if (text::take_prefix(text, "/")) {
    route.metric_unknown = text == "-" || text == "?";
    route.metric = text::number<std::uint32_t>(text.substr(0, text.find('/')));
  }
  return true;
}

/// "[AS65002i]": only BGP has it.
bool origin(std::string_view text, RouteView& route) {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') {
    return true;
  }
  text = text.substr(1, text.size() - 2);
  BgpAttributesView bgp;
  if (!text.empty() && (text.back() == 'i' || text.back() == 'e' || text.back() == '?')) {
    bgp.origin = text.back() == 'i' ? "IGP" : text.back() == 'e' ? "EGP" : "Incomplete";
    text.remove_suffix(1);
  }
  if (text::take_prefix(text, "AS")) {
    const auto asn = text::number<std::uint32_t>(text);
    if (!asn) {
      return false;
    }
    bgp.as_path.segments = {{net::AsSegmentType::sequence, {*asn}}};
    text = {};
  }
  if (text.empty()) {
    route.bgp = std::move(bgp);
  }
  return true;
}

/// "c1 06:36:07.829 from 10.70.1.2".
bool provenance(const Clock& clock, std::string_view text, RouteView& route) {
  route.protocol = text::take_word(text);
  const auto from = text.find(" from ");
  const auto since = parse_time(clock, text.substr(0, from));
  if (!since || route.protocol.empty()) {
    return false;
  }
  route.since = *since;
  if (from != std::string_view::npos) {
    std::string_view neighbor = text::trim(text.substr(from + 6));
    neighbor = neighbor.substr(0, neighbor.find('%'));
    const auto addr = net::IpAddr::parse(neighbor);
    if (!addr) {
      return false;
    }
    route.from = *addr;
  }
  return true;
}

bool is_count_line(std::string_view line) {
  return line.find(" routes for ") != std::string_view::npos && line.find(" of ") != std::string_view::npos;
}

}  // namespace

Status RouteParser::line(int code, std::string_view line) {
  if (code == 1008 || code == 1012) {
    return skipping_ || attribute(line) ? Status() : not_understood(line);
  }
  if (code != 1007) {
    return not_understood(line);
  }
  if (line.empty() || is_count_line(line)) {
    return {};
  }
  if (line.front() == '\t') {
    if (skipping_) {
      return {};
    }
    return !routes_.empty() && next_hop(line.substr(1), routes_.back()) ? Status() : not_understood(line);
  }
  finish_route();
  std::string_view table = line;
  if (text::take_prefix(table, "Table ") && !table.empty() && table.back() == ':') {
    table.remove_suffix(1);
    table_ = table;
    prefix_.reset();
    return {};
  }
  return row(line);
}

std::vector<RouteView> RouteParser::take() {
  finish_route();
  return std::exchange(routes_, {});
}

/// BIRD prints "from" only where the neighbour is not the next hop.
void RouteParser::finish_route() {
  if (routes_.empty() || skipping_) {
    return;
  }
  RouteView& route = routes_.back();
  if (route.bgp && !route.from && !route.next_hops.empty()) {
    route.from = route.next_hops.front().via;
  }
}

Status RouteParser::row(std::string_view line) {
  std::string_view rest = line;
  if (line.front() != ' ') {
    const auto prefix = net::Prefix::parse(text::take_word(rest));
    prefix_ = prefix ? std::optional(*prefix) : std::nullopt;
  }
  skipping_ = !prefix_.has_value();
  if (skipping_) {
    ++skipped_;
    return {};
  }
  const auto open = rest.find('[');
  const auto close = open == std::string_view::npos ? open : rest.find(']', open);
  if (close == std::string_view::npos) {
    return not_understood(line);
  }
  RouteView route;
  route.prefix = *prefix_;
  route.table = table_;
  if (!destination(text::trim(rest.substr(0, open)), route) ||
      !provenance(clock_, rest.substr(open + 1, close - open - 1), route)) {
    return not_understood(line);
  }
  bool has_preference = false;
  for (const std::string_view word : text::words(rest.substr(close + 1))) {
    bool understood = true;
    if (word == "*" || word == "!") {
      route.best = true;
      route.kernel_refused = word == "!";
    } else if (word.front() == '(') {
      has_preference = understood = preference(word, route);
    } else if (word.front() == '[') {
      understood = origin(word, route);
    }
    if (!understood) {
      return not_understood(line);
    }
  }
  if (!has_preference) {
    return not_understood(line);
  }
  routes_.push_back(std::move(route));
  last_attribute_.clear();
  return {};
}

/// The type, or in 1.6 the next hop.
bool RouteParser::destination(std::string_view text, RouteView& route) const {
  if (text == "multipath") {
    return true;
  }
  if (const auto type = observe::parse_route_type(text)) {
    route.type = *type;
    return true;
  }
  return next_hop(text, route);
}

/// "via 10.70.1.2 on r-c1 onlink weight 2", "dev r-c1".
bool RouteParser::next_hop(std::string_view line, RouteView& route) const {
  NextHopView hop;
  const std::string_view kind = text::take_word(line);
  if (kind == "via") {
    const auto via = net::IpAddr::parse(text::take_word(line));
    if (!via || text::take_word(line) != "on") {
      return false;
    }
    hop.via = *via;
  } else if (kind != "dev") {
    return false;
  }
  hop.interface = text::take_word(line);
  while (!line.empty()) {
    const std::string_view word = text::take_word(line);
    if (word == "onlink") {
      hop.onlink = true;
    } else if (word == "weight") {
      const auto weight = text::number<std::uint32_t>(text::take_word(line));
      if (!weight) {
        return false;
      }
      hop.weight = *weight;
    }
  }
  route.next_hops.push_back(std::move(hop));
  return true;
}

/// "\tType: BGP univ", "\tBGP.med: 77", or "\t\t" and the rest of a list.
bool RouteParser::attribute(std::string_view line) {
  if (routes_.empty() || !text::take_prefix(line, "\t")) {
    return false;
  }
  RouteView& route = routes_.back();
  if (text::take_prefix(line, "\t")) {
    std::string_view name = last_attribute_;
    return !text::take_prefix(name, "BGP.") || !route.bgp || bgp_attribute(name, line, *route.bgp);
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) {
    return false;
  }
  std::string_view name = line.substr(0, colon);
  std::string_view value = line.substr(colon + 1);
  text::take_prefix(value, " ");
  last_attribute_ = name;
  if (name == "Type") {
    route.source = text::take_word(value);
    const auto words = text::words(value);
    route.source_detail = words.empty() ? "" : words.back();
    if (route.source == "BGP") {
      route.bgp.emplace();  // the attributes follow in full
    }
    return true;
  }
  if (text::take_prefix(name, "BGP.")) {
    if (!route.bgp) {
      route.bgp.emplace();
    }
    return bgp_attribute(name, value, *route.bgp);
  }
  route.kernel.emplace_back(name, value);
  return true;
}

}  // namespace catflap::birdc
