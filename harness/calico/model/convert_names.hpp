#pragma once

#include <string>
#include <string_view>

#include "net/addr.hpp"

/// The names that v1 objects get in v3, as Calico's upgrade gives them (`calicoctl convert`). v1 names are
/// free of most rules; v3 names are DNS subdomains.
namespace catflap::calico {

/// Of a node: lower case; `/` becomes `.`; any run of other characters outside [a-z0-9.-] becomes one `-`; a
/// run of `.` and `-` with a `.` in it becomes one `.`; `.` and `-` at both ends are cut. May be empty, and
/// two names may become one.
std::string convert_node_name(std::string_view v1_name);

/// The same for everything else; a name that had to change gets `-` and the first 8 hex digits of the SHA-1
/// of the original, so that different names stay different.
std::string convert_name(std::string_view v1_name);

/// As convert_name, and dots become dashes: a v3 policy has a dot only behind its tier.
std::string convert_name_without_dots(std::string_view v1_name);

/// Of a profile: as convert_name; the profile of a Kubernetes namespace, "k8s_ns.x", is "kns.x" in v3.
std::string convert_profile_name(std::string_view v1_name);

/// "192-168-0-1", or all 8 groups of an IPv6 address in full: "00aa-00bb-0000-0000-0000-0000-0000-0000".
std::string address_name(const net::IpAddr& address);

/// The name of a pool: "10-1-0-0-16", "2001---120".
std::string cidr_name(const net::Prefix& cidr);

}  // namespace catflap::calico
