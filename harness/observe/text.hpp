#pragma once

#include <string>
#include <vector>

#include "observe/explain.hpp"
#include "observe/snapshot.hpp"

/// The views as plain text for people: what `catflap bgp` prints. Every text ends with a newline, or is
/// empty.
namespace catflap::observe {

/// "  * to_r2      10.2.0.0/24 unicast via 192.168.12.2 on eth2  pref 100 ..."
std::string route_text(const RouteView& route);
std::string explain_text(const std::vector<ExplainView>& views, Instant now);
std::string malformed_text(const std::vector<MalformedView>& views, Instant now);

/// Why a session is not up: what is known, most telling first, and what somebody could do about it.
struct Diagnosis {
  std::vector<std::string> why;
  std::vector<std::string> advice;
  bool operator==(const Diagnosis&) const = default;
};
/// Empty for an established session or a protocol that is not BGP.
Diagnosis diagnose(const ProtocolView& protocol, Instant now);
/// A line for each BGP protocol; with `why` its diagnosis below.
std::string peers_text(const std::vector<ProtocolView>& protocols, bool why, Instant now);

}  // namespace catflap::observe
