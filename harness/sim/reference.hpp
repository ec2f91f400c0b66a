#pragma once

#include <string>
#include <vector>

#include "observe/snapshot.hpp"
#include "sim/fabric.hpp"

/// One scripted scenario for all drivers: a few routers with filters, iBGP, reflection and several paths, and
/// what happens to them. At each point of rest every driver must have come to the same decisions.
namespace catflap::sim {

struct ReferenceRouter {
  std::string name;
  std::string config;  ///< BIRD 2
};
struct ReferenceLink {
  std::string a, a_interface, a_address;
  std::string b, b_interface, b_address;
};
struct ReferenceStep {
  enum class What { configure, link_down, link_up, restart, disable, enable } what = What::configure;
  std::string node;
  std::string argument;  ///< a configuration, an interface, or a protocol
  std::string name;      ///< for messages
};
struct Reference {
  std::vector<ReferenceRouter> routers;
  std::vector<ReferenceLink> links;
  std::vector<ReferenceStep> steps;
};

Reference reference_scenario();

/// Makes the routers and gives them their first configuration.
void build(const Reference& reference, Fabric& fabric);
void apply(const ReferenceStep& step, Fabric& fabric);

/// What a router decided, as sorted lines: its routes with their attributes, what it exports, its kernel's
/// routes. Equal texts, equal decisions.
struct Decisions {
  std::vector<observe::RouteView> routes;
  std::vector<std::pair<std::string, std::vector<observe::RouteView>>> exports;  ///< by protocol
  std::vector<std::string> fib;                                                  ///< fib_line()
};
std::string to_text(const Decisions& decisions);
std::string fib_line(const net::Prefix& prefix, observe::RouteType type,
                     std::vector<std::pair<std::string, std::string>> next_hops);  ///< gateway, interface
/// The BGP protocols of a configuration, in their order.
std::vector<std::string> bgp_protocols(const std::string& config);

std::string decisions(Fabric& fabric, const Reference& reference, const std::string& node);

/// A configuration of the reference; parsing it cannot fail.
intent::RouterIntent parse_config(const std::string& text);

}  // namespace catflap::sim
