#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "birdlang/birdlang.hpp"

/// Options that our speaker has and BIRD 2.0.12 has not.
namespace catflap::birdlang {
namespace {

std::string first_extension(const intent::BgpIntent& bgp) {
  const std::pair<bool, const char*> options[] = {
      {bgp.send_hold_time.has_value(), "send hold time"},
      {bgp.min_hold_time.has_value(), "min hold time"},
      {bgp.delay_open_time.has_value(), "delay open time"},
      {bgp.limit_restart_time.has_value(), "limit restart time"},
      {bgp.stale_path_time.has_value(), "graceful restart stale time"},
      {!bgp.restart_notification, "graceful restart notification"},
      {bgp.graceful_shutdown, "graceful shutdown"},
      {!bgp.unknown_well_known_resets, "unknown well known reset"},
      {bgp.as_override, "as override"},
      {bgp.remove_private_as != intent::RemovePrivateAs::off || bgp.replace_private_as, "remove private as"},
      {!bgp.require_policy, "require policy"},
      {bgp.require.route_refresh, "require route refresh"},
      {bgp.require.enhanced_refresh, "require enhanced route refresh"},
      {bgp.require.as4, "require as4"},
      {bgp.require.extended_messages, "require extended messages"},
      {bgp.require.hostname, "require hostname"},
      {bgp.require.graceful_restart, "require graceful restart"},
      {bgp.require.llgr, "require long lived graceful restart"},
  };
  for (const auto& [used, name] : options) {
    if (used) {
      return name;
    }
  }
  return "";
}

std::string first_extension(const intent::KernelIntent& kernel) {
  if (kernel.max_paths_external) {
    return "max paths external";
  }
  if (kernel.max_paths_internal) {
    return "max paths internal";
  }
  return kernel.as_path_relax ? "" : "as path relax";
}

std::string first_extension(const intent::StaticIntent& routes) {
  return std::any_of(routes.routes.begin(), routes.routes.end(),
                     [](const intent::StaticRoute& route) { return route.when.has_value(); })
             ? "when"
             : "";
}

}  // namespace

Status fits_bird(const intent::RouterIntent& router) {
  for (const intent::ProtocolIntent& protocol : router.protocols) {
    std::string option;
    if (const auto* bgp = std::get_if<intent::BgpIntent>(&protocol.body)) {
      option = first_extension(*bgp);
    } else if (const auto* kernel = std::get_if<intent::KernelIntent>(&protocol.body)) {
      option = first_extension(*kernel);
    } else if (const auto* routes = std::get_if<intent::StaticIntent>(&protocol.body)) {
      option = first_extension(*routes);
    }
    if (!option.empty()) {
      return fail(Errc::unsupported, "protocol " + protocol.name + ": BIRD has no option '" + option +
                                         "'; leave it out or run the node with our own speaker");
    }
  }
  return {};
}

}  // namespace catflap::birdlang
