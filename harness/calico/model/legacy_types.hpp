#pragma once

#include "calico/model/field.hpp"

/// The types that fields of v1 objects have. For the .cpp files with their tables.
namespace catflap::calico::v1 {

extern const TypeInfo kName;            ///< [a-zA-Z0-9_.-]{1,128}
extern const TypeInfo kNamespacedName;  ///< with "/" too
extern const TypeInfo kNamespacedNames;
extern const TypeInfo kTags;
extern const TypeInfo kTag;
extern const TypeInfo kLabels;
extern const TypeInfo kSelector;
extern const TypeInfo kInterface;
extern const TypeInfo kIpVersion;
extern const TypeInfo kIcmpType;
extern const TypeInfo kIcmpCode;
extern const TypeInfo kProtocol;
extern const TypeInfo kPorts;
extern const TypeInfo kPortNumber;
extern const TypeInfo kCidr;  ///< or an address
extern const TypeInfo kCidrs;
extern const TypeInfo kAddress;
extern const TypeInfo kAddresses;
extern const TypeInfo kMac;

/// The member is a v1 name that must be there: Go's tag without "omitempty".
void require_name(const Json& object, std::string_view member, std::string_view go_name, Report& report);
bool is_name(std::string_view text);
/// 4 or 6, 0 for what is no address or network.
int ip_version(const Json& text);
/// True for tcp, udp, sctp and their numbers.
bool has_ports(const Json& protocol);

}  // namespace catflap::calico::v1
