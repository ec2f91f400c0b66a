#include "sim/reference.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "birdlang/birdlang.hpp"

namespace catflap::sim {
namespace {

constexpr const char* kHead =
    "timeformat protocol iso long;\n"
    "protocol device { }\n"
    "template bgp peer {\n"
    "  hold time 30; connect delay time 1; connect retry time 2; error wait time 1, 2;\n"
    "  ipv4 { import all; export all; };\n"
    "}\n"
    "protocol kernel { scan time 60; ipv4 { export filter { if source = RTS_BGP then accept; reject; }; }; "
    "}\n";

std::string statics(const std::vector<std::string>& prefixes) {
  std::string text = "protocol static nets { ipv4;\n";
  for (const std::string& prefix : prefixes) {
    text += "  route " + prefix + " blackhole;\n";
  }
  return text + "}\n";
}

std::string session(const std::string& name, const std::string& local, const std::string& local_as,
                    const std::string& remote, const std::string& remote_as, const std::string& more) {
  return "protocol bgp " + name + " from peer {\n  local " + local + " as " + local_as + ";\n  neighbor " +
         remote + " as " + remote_as + ";\n" + more + "}\n";
}

// The policies have one stable outcome: r2 prefers r1 for r1's own networks only, so that nobody can be stuck
// in a second one. r1 (65001) and r3 (65003) reach each other over r2, and by a link of their own; r2
// reflects between r4 and r5, which are of its AS.
std::string r1(bool changed) {
  return "router id 10.255.0.1;\n" + std::string(kHead) +
         statics(changed ? std::vector<std::string>{"10.1.0.0/16", "10.1.1.0/24", "10.1.9.0/24"}
                         : std::vector<std::string>{"10.1.0.0/16", "10.1.1.0/24", "10.1.2.0/24"}) +
         "filter for_r2 {\n"
         "  if net = 10.1.1.0/24 then { bgp_path.prepend(65001); bgp_path.prepend(65001); }\n"
         "  if source = RTS_STATIC then bgp_community.add((65001, 100));\n" +
         (changed ? "  if net ~ [ 10.1.0.0/16{16,16} ] then reject;\n" : "") + "  accept;\n}\n" +
         session("to_r2", "192.168.12.1", "65001", "192.168.12.2", "65002",
                 "  ipv4 { export filter for_r2; next hop self; };\n") +
         session("to_r3", "192.168.13.1", "65001", "192.168.13.3", "65003",
                 "  ipv4 { import filter { bgp_local_pref = 90; accept; }; };\n");
}

const char* const kR2Filters =
    "filter from_r1 {\n"
    "  if (65001, 100) ~ bgp_community then bgp_local_pref = 150;\n"
    "  bgp_large_community.add((65002, 1, 1));\n"
    "  accept;\n}\n";

std::string r2() {
  return "router id 10.255.0.2;\n" + std::string(kHead) + statics({"10.2.0.0/16"}) + kR2Filters +
         session("to_r1", "192.168.12.2", "65002", "192.168.12.1", "65001",
                 "  ipv4 { import filter from_r1; };\n") +
         session("to_r3", "192.168.23.2", "65002", "192.168.23.3", "65003", "") +
         session("to_r4", "192.168.24.2", "65002", "192.168.24.4", "65002",
                 "  direct; rr client;\n  ipv4 { next hop self; };\n") +
         session("to_r5", "192.168.25.2", "65002", "192.168.25.5", "65002",
                 "  direct; rr client;\n  ipv4 { next hop self; };\n");
}

std::string r3() {
  return "router id 10.255.0.3;\n" + std::string(kHead) + statics({"10.3.0.0/16", "10.30.0.0/20"}) +
         session("to_r2", "192.168.23.3", "65003", "192.168.23.2", "65002",
                 "  ipv4 { export filter { bgp_med = 20; accept; }; };\n") +
         session("to_r1", "192.168.13.3", "65003", "192.168.13.1", "65001",
                 "  ipv4 { export where net != 10.30.0.0/20; };\n");
}

std::string leaf(const std::string& number, const std::string& prefix) {
  return "router id 10.255.0." + number + ";\n" + kHead + statics({prefix}) +
         session("to_r2", "192.168.2" + number + "." + number, "65002", "192.168.2" + number + ".2", "65002",
                 "  direct;\n  ipv4 { import filter { if bgp_path.len > 4 then reject; accept; }; };\n");
}

}  // namespace

Reference reference_scenario() {
  using What = ReferenceStep::What;
  Reference reference;
  reference.routers = {{"r1", r1(false)},
                       {"r2", r2()},
                       {"r3", r3()},
                       {"r4", leaf("4", "10.4.0.0/16")},
                       {"r5", leaf("5", "10.5.0.0/16")}};
  const auto link = [&](const std::string& a, const std::string& b) {
    const std::string net = "192.168." + a + b + ".";
    reference.links.push_back({"r" + a, "to-r" + b, net + a + "/24", "r" + b, "to-r" + a, net + b + "/24"});
  };
  link("1", "2");
  link("1", "3");
  link("2", "3");
  link("2", "4");
  link("2", "5");
  reference.steps = {{What::configure, "r1", r1(true), "r1 has another filter and other networks"},
                     {What::link_down, "r2", "to-r3", "the link of r2 and r3 goes down"},
                     {What::disable, "r5", "to_r2", "r5 leaves"},
                     {What::link_up, "r2", "to-r3", "the link of r2 and r3 is back"},
                     {What::restart, "r1", "to_r2", "the session of r1 and r2 restarts"},
                     {What::enable, "r5", "to_r2", "r5 is back"},
                     {What::configure, "r1", r1(false), "r1 is as it was"}};
  return reference;
}

intent::RouterIntent parse_config(const std::string& text) {
  auto parsed = birdlang::parse(text, "reference", {});
  CATFLAP_ASSERT(parsed.has_value());
  return std::move(*parsed);
}

void build(const Reference& reference, Fabric& fabric) {
  std::uint64_t seed = 1;
  for (const ReferenceRouter& router : reference.routers) {
    fabric.add_node(router.name, seed++);
  }
  for (const ReferenceLink& link : reference.links) {
    fabric.add_link(link.a, link.a_interface, {link.a_address}, link.b, link.b_interface, {link.b_address});
  }
  for (const ReferenceRouter& router : reference.routers) {
    fabric.configure(router.name, parse_config(router.config));
  }
}

void apply(const ReferenceStep& step, Fabric& fabric) {
  using What = ReferenceStep::What;
  using Verb = bgp::ev::Admin::Verb;
  switch (step.what) {
    case What::configure:
      fabric.configure(step.node, parse_config(step.argument));
      return;
    case What::link_down:
      fabric.set_link(step.node, step.argument, false);
      fabric.set_silent(step.node, step.argument, true);
      return;
    case What::link_up:
      fabric.set_silent(step.node, step.argument, false);
      fabric.set_link(step.node, step.argument, true);
      return;
    case What::restart:
      fabric.admin(step.node, Verb::restart, step.argument);
      return;
    case What::disable:
      fabric.admin(step.node, Verb::disable, step.argument);
      return;
    case What::enable:
      fabric.admin(step.node, Verb::enable, step.argument);
      return;
  }
}

namespace {

template <class List, class Each>
std::string joined(const List& list, Each&& each) {
  std::string text;
  for (const auto& item : list) {
    text += (text.empty() ? "" : ",") + each(item);
  }
  return text;
}

std::string route_line(const observe::RouteView& route) {
  std::string line = net::to_string(route.prefix) + " " + std::string(observe::to_string(route.type)) +
                     " by " + route.protocol + (route.best ? " best" : "");
  line += " next " + joined(route.next_hops, [](const observe::NextHopView& hop) {
            return (hop.via ? net::to_string(*hop.via) : std::string("-")) + "%" + hop.interface;
          });
  if (route.bgp) {
    const observe::BgpAttributesView& bgp = *route.bgp;
    line += " path [" + net::to_string(bgp.as_path) + "] origin " + bgp.origin + " via " +
            joined(bgp.next_hop, [](const net::IpAddr& addr) { return net::to_string(addr); });
    line += " pref " + (bgp.local_pref ? std::to_string(*bgp.local_pref) : std::string("-"));
    line += " med " + (bgp.med ? std::to_string(*bgp.med) : std::string("-"));
    line += " communities " + joined(bgp.communities, [](net::Community c) { return std::to_string(c); });
    line +=
        " large " + joined(bgp.large_communities, [](const net::LargeCommunity& c) {
          return std::to_string(c.global) + ":" + std::to_string(c.local1) + ":" + std::to_string(c.local2);
        });
  }
  return line + "\n";
}

}  // namespace

std::string fib_line(const net::Prefix& prefix, observe::RouteType type,
                     std::vector<std::pair<std::string, std::string>> next_hops) {
  std::sort(next_hops.begin(), next_hops.end());
  return "fib " + net::to_string(prefix) + " " + std::string(observe::to_string(type)) + " " +
         joined(next_hops, [](const auto& hop) { return hop.first + "%" + hop.second; }) + "\n";
}

std::string to_text(const Decisions& decisions) {
  std::vector<std::string> lines = decisions.fib;
  for (const observe::RouteView& route : decisions.routes) {
    lines.push_back("route " + route_line(route));
  }
  for (const auto& [protocol, routes] : decisions.exports) {
    for (const observe::RouteView& route : routes) {
      lines.push_back("export to " + protocol + " " + net::to_string(route.prefix) + " of " + route.protocol +
                      "\n");
    }
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) {
    text += line;
  }
  return text;
}

std::vector<std::string> bgp_protocols(const std::string& config) {
  std::vector<std::string> names;
  for (const intent::ProtocolIntent& protocol : parse_config(config).protocols) {
    if (std::holds_alternative<intent::BgpIntent>(protocol.body)) {
      names.push_back(protocol.name);
    }
  }
  return names;
}

std::string decisions(Fabric& fabric, const Reference& reference, const std::string& node) {
  Decisions result;
  result.routes = fabric.routes(node);
  for (const ReferenceRouter& router : reference.routers) {
    if (router.name != node) {
      continue;
    }
    for (const std::string& protocol : bgp_protocols(router.config)) {
      bgp::RouteQuery query;
      query.export_mode = bgp::RouteQuery::Export::exported;
      query.export_protocol = protocol;
      if (fabric.session(node, protocol) == observe::SessionState::established) {
        result.exports.emplace_back(protocol, fabric.routes(node, query));
      }
    }
  }
  for (const auto& [prefix, route] : fabric.fib(node)) {
    std::vector<std::pair<std::string, std::string>> next_hops;
    for (const auto& hop : route.next_hops) {
      std::string interface;
      for (const ReferenceLink& link : reference.links) {
        if (link.a == node && fabric.index(node, link.a_interface) == hop.interface) {
          interface = link.a_interface;
        } else if (link.b == node && fabric.index(node, link.b_interface) == hop.interface) {
          interface = link.b_interface;
        }
      }
      next_hops.emplace_back(hop.via ? net::to_string(*hop.via) : "-", interface);
    }
    result.fib.push_back(fib_line(prefix, route.type, std::move(next_hops)));
  }
  return to_text(result);
}

}  // namespace catflap::sim
