#include <algorithm>
#include <array>

#include "expect/pattern.hpp"
#include "topology/reader.hpp"

/// The tables of everything but tests.
namespace catflap::topology {
namespace {

constexpr std::string_view kText = R"({"type":"string"})";
constexpr std::string_view kBool = R"({"type":"boolean"})";
constexpr std::string_view kMap =
    R"({"type":"object","additionalProperties":{"type":["string","integer","boolean"]}})";
constexpr std::string_view kMtu = R"({"type":"integer","minimum":68,"maximum":65535})";

bool plain_name(std::string_view text, std::size_t max) {
  return !text.empty() && text.size() <= max &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; }) &&
         text.front() != '-' && text.back() != '-';
}

bool node_name(std::string_view text) {
  constexpr std::size_t kNameMax = 32;
  return !text.empty() && text.size() <= kNameMax && text.front() != '-' && text.front() != '.' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                  c == '_' || c == '.';
         });
}

void read_lab_name(Reader& r, const YamlNode& v, Topology& t) {
  if (auto text = r.text(v, "the name of the lab")) {
    if (!plain_name(*text, 40)) {
      r.error(v.where, "'" + *text + "' is no name of a lab; use at most 40 of a-z, 0-9 and '-'");
      return;
    }
    t.name = std::move(*text);
  }
}

void read_map_of_texts(Reader& r, const YamlNode& v, std::string_view what,
                       std::map<std::string, std::string>& into) {
  if (!r.is_map(v, what)) {
    return;
  }
  for (const auto& [key, value] : v.entries) {
    if (auto text = r.text(value, "the value of " + key.text)) {
      into[key.text] = std::move(*text);
    }
  }
}

void read_nodes(Reader& r, const YamlNode& v, Topology& t) {
  if (!r.is_map(v, "nodes")) {
    return;
  }
  for (const auto& [key, value] : v.entries) {
    auto names = expect::expand_braces(key.text);
    if (!names) {
      r.error(key.where, names.error().message);
      continue;
    }
    Node model;
    model.where = Place(key.where);
    if (value.kind != YamlNode::Kind::null) {
      r.object(value, "node " + key.text, node_fields(), model);
    }
    for (const std::string& name : *names) {
      if (!node_name(name)) {
        r.error(key.where,
                "'" + name + "' is no name of a node; use at most 32 letters, digits, '-', '_' and '.'");
        break;
      }
      if (t.node(name) != nullptr) {
        r.error(key.where, "node " + name + " is there twice, first on line " +
                               std::to_string(t.node(name)->where.line));
        continue;
      }
      if (t.nodes.size() >= kNodesMax) {
        r.error(key.where, "more than " + std::to_string(kNodesMax) + " nodes");
        return;
      }
      model.name = name;
      t.nodes.push_back(model);
    }
  }
}

void read_peers(Reader& r, const YamlNode& v, Node& n) {
  if (!r.is_map(v, "peers")) {
    return;
  }
  for (const auto& [key, value] : v.entries) {
    auto names = expect::expand_braces(key.text);
    if (!names) {
      r.error(key.where, names.error().message);
      continue;
    }
    PeerOptions options;
    options.where = Place(key.where);
    if (value.kind != YamlNode::Kind::null) {
      r.object(value, "peer " + key.text, peer_fields(), options);
    }
    for (const std::string& name : *names) {
      n.peers[name] = options;
    }
  }
}

std::optional<Duration> whole_seconds(Reader& r, const YamlNode& v, std::int64_t low) {
  const auto read = r.duration(v);
  if (!read) {
    return std::nullopt;
  }
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*read);
  if (seconds != *read || seconds.count() < low || seconds.count() > 65535) {
    r.error(v.where, "'" + v.text + "' must be whole seconds, " + std::to_string(low) + "s to 65535s");
    return std::nullopt;
  }
  return read;
}

void read_links(Reader& r, const YamlNode& v, Topology& t) {
  for (const YamlNode* item : Reader::list(v)) {
    Link link;
    link.where = Place(item->where);
    if (item->kind == YamlNode::Kind::map) {
      r.object(*item, "a link", link_fields(), link);
    } else if (auto ends = read_ends(r, *item)) {
      link.ends = {ends->first, ends->second};
    }
    if (!link.ends[0].node.empty() && !link.ends[1].node.empty()) {
      t.links.push_back(std::move(link));
    }
  }
}

void read_link_ends(Reader& r, const YamlNode& v, Link& l) {
  if (v.kind == YamlNode::Kind::scalar) {
    if (auto ends = read_ends(r, v)) {
      ends->first.addresses = std::move(l.ends[0].addresses);
      ends->second.addresses = std::move(l.ends[1].addresses);
      l.ends = {std::move(ends->first), std::move(ends->second)};
    }
    return;
  }
  if (v.kind != YamlNode::Kind::sequence || v.items.size() != 2) {
    r.error(v.where, "ends must be two, such as [r1:eth0, r2:eth0]");
    return;
  }
  for (std::size_t i = 0; i < 2; ++i) {
    if (const auto text = r.name(v.items[i], "an end of a link")) {
      LinkEnd end = split_end(*text, v.items[i].where);
      end.addresses = std::move(l.ends[i].addresses);
      l.ends[i] = std::move(end);
    }
  }
}

void read_addresses(Reader& r, const YamlNode& v, Link& l) {
  if (v.kind != YamlNode::Kind::sequence || v.items.size() != 2) {
    r.error(v.where, "addresses must be two, one for each end (each may be a list)");
    return;
  }
  for (std::size_t i = 0; i < 2; ++i) {
    l.ends[i].addresses = r.all(v.items[i], [&](const YamlNode& item) { return r.interface_address(item); });
  }
}

void read_subnet(Reader& r, const YamlNode& v, Link& l) {
  for (const YamlNode* item : Reader::list(v)) {
    const auto prefix = r.prefix(*item);
    if (!prefix) {
      continue;
    }
    if (prefix->is_host()) {
      r.error(item->where, "subnet " + to_string(*prefix) + " has no room for two addresses");
    } else if (std::any_of(l.subnets.begin(), l.subnets.end(),
                           [&](const net::Prefix& p) { return p.family() == prefix->family(); })) {
      r.error(item->where, "a link has at most one subnet of a family");
    } else {
      l.subnets.push_back(*prefix);
    }
  }
}

void read_matrix(Reader& r, const YamlNode& v, Topology& t) {
  if (!r.is_map(v, "matrix")) {
    return;
  }
  for (const auto& [key, value] : v.entries) {
    Axis axis;
    axis.node = key.text == "speaker" ? "" : key.text;
    axis.speakers = r.all(value, [&](const YamlNode& item) { return r.speaker(item); });
    if (axis.speakers.empty() && value.kind == YamlNode::Kind::null) {
      r.error(key.where, "matrix of " + key.text + " is empty; write [self, bird]");
    }
    if (!axis.node.empty() && t.node(axis.node) == nullptr && !t.nodes.empty()) {
      std::vector<std::string_view> names;
      for (const Node& node : t.nodes) {
        names.push_back(node.name);
      }
      names.push_back("speaker");
      r.error(key.where, "matrix: no node '" + key.text + "'", hint_for(key.text, names));
      continue;
    }
    if (!axis.speakers.empty()) {
      t.matrix.push_back(std::move(axis));
    }
  }
}

void read_tests(Reader& r, const YamlNode& v, Topology& t) {
  for (const YamlNode* item : Reader::list(v)) {
    if (auto step = read_step(r, *item)) {
      t.tests.push_back(std::move(*step));
    }
  }
}

void read_router_id(Reader& r, const YamlNode& v, Node& n) {
  if (const auto addr = r.address(v)) {
    if (!addr->is_v4() || addr->is_unspecified()) {
      r.error(v.where, "a router id is a dotted quad other than 0.0.0.0");
      return;
    }
    n.router_id = addr->v4_value();
  }
}

constexpr Field<Topology> kTopology[] = {
    {"lab", R"({"type":"string","pattern":"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$","maxLength":40})",
     "Name of the lab: a-z, 0-9 and '-'.", read_lab_name, true},
    {"description", kText, "What the lab shows.",
     [](Reader& r, const YamlNode& v, Topology& t) {
       t.description = r.text(v, "description").value_or("");
     }},
    {"defaults", R"({"$ref":"#/$defs/defaults"})",
     "What holds for every node and link that does not say otherwise.",
     [](Reader& r, const YamlNode& v, Topology& t) {
       r.object(v, "defaults", defaults_fields(), t.defaults);
     }},
    {"nodes",
     R"({"type":"object","additionalProperties":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}})",
     "The nodes by name. node{1-4} and r{a,b} stand for several.", read_nodes, true},
    {"links", R"({"type":"array","items":{"anyOf":[{"type":"string"},{"$ref":"#/$defs/link"}]}})",
     "The links: 'r1 -- r2', 'r1:eth0 -- r2:eth0', or maps.", read_links},
    {"test", R"({"type":"array","items":{"$ref":"#/$defs/step"}})", "Checks and actions, in order.",
     read_tests},
    {"matrix", R"({"type":"object","additionalProperties":{"$ref":"#/$defs/speakers"}})",
     "Speakers to run the lab with: for every node (speaker: [self, bird]) or by node (r1: [self, bird]). "
     "Every "
     "combination is one run.",
     read_matrix},
};

constexpr Field<Defaults> kDefaults[] = {
    {"speaker", R"({"$ref":"#/$defs/speaker"})",
     "What runs as a router: self (catflap-bgpd), bird (BIRD 2), bird1 (BIRD 1.6), frr, gobgp, openbgpd, "
     "none.",
     [](Reader& r, const YamlNode& v, Defaults& d) { d.speaker = r.speaker(v).value_or(d.speaker); }},
    {"timers", R"({"$ref":"#/$defs/timers"})",
     "fast: connect at once, retry after 1 s, keepalive 1 s, hold 3 s; normal: the daemon's defaults.",
     [](Reader& r, const YamlNode& v, Defaults& d) { d.timers = r.timers(v).value_or(d.timers); }},
    {"mtu", kMtu, "MTU of links.",
     [](Reader& r, const YamlNode& v, Defaults& d) { d.mtu = r.number(v, "mtu", 68, 65535); }},
};

constexpr Field<Node> kNode[] = {
    {"description", kText, "What the node is for.",
     [](Reader& r, const YamlNode& v, Node& n) { n.description = r.text(v, "description").value_or(""); }},
    {"speaker", R"({"$ref":"#/$defs/speaker"})",
     "What runs as its router: self (catflap-bgpd), bird (BIRD 2), bird1 (BIRD 1.6), frr, gobgp, openbgpd, "
     "none.",
     [](Reader& r, const YamlNode& v, Node& n) { n.speaker = r.speaker(v); }},
    {"timers", R"({"$ref":"#/$defs/timers"})", "Timers of its sessions.",
     [](Reader& r, const YamlNode& v, Node& n) { n.timers = r.timers(v); }},
    {"bgp", R"({"$ref":"#/$defs/asn"})",
     "AS number: makes the node a BGP router with a session over each of its links.",
     [](Reader& r, const YamlNode& v, Node& n) {
       n.bgp = r.asn(v);
       n.bgp_where = Place(v.where);
     }},
    {"router-id", R"({"type":"string","format":"ipv4"})", "BGP identifier.", read_router_id},
    {"announce", R"({"$ref":"#/$defs/prefixes"})",
     "Prefixes that it originates. Their first host is put on lo, so that it can be pinged.",
     [](Reader& r, const YamlNode& v, Node& n) {
       n.announce = r.all(v, [&](const YamlNode& item) { return r.prefix(item); });
     }},
    {"lo", R"({"$ref":"#/$defs/addresses"})", "Addresses of its loopback interface.",
     [](Reader& r, const YamlNode& v, Node& n) {
       n.lo = r.all(v, [&](const YamlNode& item) { return r.interface_address(item); });
     }},
    {"config", kText, "BIRD configuration file that is run as it is; relative to this file.",
     [](Reader& r, const YamlNode& v, Node& n) {
       n.config = r.text(v, "config").value_or("");
       n.config_where = Place(v.where);
       if (v.kind == YamlNode::Kind::scalar && n.config.empty()) {
         r.error(v.where, "config must name a file");
       }
     }},
    {"peers",
     R"({"type":"object","additionalProperties":{"anyOf":[{"$ref":"#/$defs/peer"},{"type":"null"}]}})",
     "What differs for the sessions with a neighbour, by its name.", read_peers},
    {"sysctl", kMap, "Kernel settings: net.ipv4.ip_forward: 1.",
     [](Reader& r, const YamlNode& v, Node& n) { read_map_of_texts(r, v, "sysctl", n.sysctl); }},
    {"env", kMap, "Environment of its speaker.",
     [](Reader& r, const YamlNode& v, Node& n) { read_map_of_texts(r, v, "env", n.env); }},
};

constexpr Field<PeerOptions> kPeer[] = {
    {"as", R"({"$ref":"#/$defs/asn"})",
     "AS number expected of the neighbour; follows from its bgp: otherwise.",
     [](Reader& r, const YamlNode& v, PeerOptions& p) {
       p.as = r.asn(v);
       p.as_where = Place(v.where);
     }},
    {"local-as", R"({"$ref":"#/$defs/asn"})", "Own AS number in these sessions.",
     [](Reader& r, const YamlNode& v, PeerOptions& p) { p.local_as = r.asn(v); }},
    {"passive", kBool, "Wait for the neighbour to connect.",
     [](Reader& r, const YamlNode& v, PeerOptions& p) {
       p.passive = r.boolean(v, "passive").value_or(false);
     }},
    {"disabled", kBool, "Start with the session disabled.",
     [](Reader& r, const YamlNode& v, PeerOptions& p) {
       p.disabled = r.boolean(v, "disabled").value_or(false);
     }},
    {"password", R"({"type":"string","maxLength":80})", "TCP MD5 password (RFC 2385).",
     [](Reader& r, const YamlNode& v, PeerOptions& p) {
       p.password = r.text(v, "password").value_or("");
       if (p.password.size() > 80) {
         r.error(v.where, "a password has at most 80 octets (TCP MD5)");
       }
     }},
    {"hold", R"({"$ref":"#/$defs/duration"})", "Hold time, whole seconds, at least 3s.",
     [](Reader& r, const YamlNode& v, PeerOptions& p) { p.hold = whole_seconds(r, v, 3); }},
    {"keepalive", R"({"$ref":"#/$defs/duration"})", "Keepalive time, whole seconds.",
     [](Reader& r, const YamlNode& v, PeerOptions& p) { p.keepalive = whole_seconds(r, v, 1); }},
    {"connect-retry", R"({"$ref":"#/$defs/duration"})", "Time between connection attempts, whole seconds.",
     [](Reader& r, const YamlNode& v, PeerOptions& p) { p.connect_retry = whole_seconds(r, v, 1); }},
    {"rr-client", kBool, "The neighbour is a client of this route reflector.",
     [](Reader& r, const YamlNode& v, PeerOptions& p) {
       p.rr_client = r.boolean(v, "rr-client").value_or(false);
     }},
    {"next-hop-self", kBool, "Send own address as next hop always.",
     [](Reader& r, const YamlNode& v, PeerOptions& p) {
       p.next_hop_self = r.boolean(v, "next-hop-self").value_or(false);
     }},
    {"import-only", R"({"$ref":"#/$defs/prefixes"})", "Accept exactly these prefixes.",
     [](Reader& r, const YamlNode& v, PeerOptions& p) {
       p.import_only = r.all(v, [&](const YamlNode& item) { return r.prefix(item); });
     }},
    {"export-only", R"({"$ref":"#/$defs/prefixes"})", "Send exactly these prefixes.",
     [](Reader& r, const YamlNode& v, PeerOptions& p) {
       p.export_only = r.all(v, [&](const YamlNode& item) { return r.prefix(item); });
     }},
};

constexpr Field<Link> kLink[] = {
    {"ends",
     R"({"anyOf":[{"type":"string"},{"type":"array","items":{"type":"string"},"minItems":2,"maxItems":2}]})",
     "The two ends: [r1:eth0, r2:eth0] or 'r1 -- r2'.", read_link_ends, true},
    {"addresses", R"({"type":"array","items":{"$ref":"#/$defs/addresses"},"minItems":2,"maxItems":2})",
     "Addresses of each end, one or a list: [192.168.1.1/24, 192.168.1.2/24].", read_addresses},
    {"subnet", R"({"$ref":"#/$defs/prefixes"})",
     "Network that both ends take their addresses from; one per family.", read_subnet},
    {"mtu", kMtu, "MTU of both ends.",
     [](Reader& r, const YamlNode& v, Link& l) { l.mtu = r.number(v, "mtu", 68, 65535); }},
    {"bgp", kBool, "false: no BGP session follows from this link.",
     [](Reader& r, const YamlNode& v, Link& l) { l.bgp = r.boolean(v, "bgp").value_or(true); }},
};

}  // namespace

LinkEnd split_end(std::string_view text, const SourcePos& where) {
  LinkEnd end;
  const std::size_t colon = text.find(':');
  end.node = std::string(text.substr(0, colon));
  end.interface = colon == std::string_view::npos ? "" : std::string(text.substr(colon + 1));
  end.where = Place(where);
  return end;
}

std::optional<std::pair<LinkEnd, LinkEnd>> read_ends(Reader& reader, const YamlNode& value) {
  const auto text = reader.text(value, "a link");
  if (!text) {
    return std::nullopt;
  }
  const std::size_t dashes = text->find(" -- ");
  const auto bad = [](std::string_view end) {
    return end.empty() || end.find_first_of(" \t\n") != std::string_view::npos || end.front() == ':' ||
           end.back() == ':';
  };
  const std::string_view view = *text;
  if (dashes == std::string::npos || bad(view.substr(0, dashes)) || bad(view.substr(dashes + 4))) {
    reader.error(value.where, "'" + *text + "' is no link; write r1 -- r2 or r1:eth0 -- r2:eth0");
    return std::nullopt;
  }
  return std::pair{split_end(view.substr(0, dashes), value.where),
                   split_end(view.substr(dashes + 4), value.where)};
}

std::span<const Field<Topology>> topology_fields() {
  return kTopology;
}
std::span<const Field<Defaults>> defaults_fields() {
  return kDefaults;
}
std::span<const Field<Node>> node_fields() {
  return kNode;
}
std::span<const Field<PeerOptions>> peer_fields() {
  return kPeer;
}
std::span<const Field<Link>> link_fields() {
  return kLink;
}

}  // namespace catflap::topology
