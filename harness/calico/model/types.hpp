#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "net/addr.hpp"

/// The small types that fields of Calico's resources have, as Go reads and writes them.
namespace catflap::calico {

/// A whole decimal number of at most `maximum`, digits only (strconv.ParseUint).
std::optional<std::uint64_t> parse_unsigned(std::string_view text, std::uint64_t maximum);

/// "64512", or "1.10" (high.low, 16 bit each: 65546). Errc::invalid: "invalid AS Number format (x)".
Result<std::uint32_t> parse_as_number(std::string_view text);

/// Ports of a rule: a range (one port is a range of itself), or the name of a port.
struct PortRange {
  std::uint16_t low = 0;
  std::uint16_t high = 0;
  std::string name;  ///< not "": then the numbers are 0

  bool operator==(const PortRange&) const = default;
};
/// "80", "80:90" or a name. Errc::invalid with Calico's words. Port 0 is a matter of validation.
Result<PortRange> parse_port(std::string_view text);
std::string to_string(const PortRange& port);

/// Go's durations: "1m30s", "1.5h", "-2ms", "0". Errc::invalid: `time: invalid duration "x"`.
Result<Duration> parse_go_duration(std::string_view text);
/// Go's canonical text: "2m0s", "1.5s", "0s".
std::string to_go_string(Duration duration);

/// A floating point number as Go's %v prints it: "1e+06", "100", "0.5".
std::string to_go_string(double number);

/// A text as Go's %q prints it.
std::string go_quote(std::string_view text);

/// An address as Go's net.ParseIP reads it: IPv4-mapped IPv6 is IPv4.
std::optional<net::IpAddr> parse_go_ip(std::string_view text);

/// A network with the address it was written with, as Calico's ParseCIDROrIP reads it: an address alone is a
/// network of one address.
struct Cidr {
  net::IpAddr address;  ///< host bits kept
  std::uint8_t length = 0;

  net::Prefix network() const { return {address, length}; }
  bool strictly_masked() const { return network().addr() == address; }
  net::Family family() const { return address.family(); }
};
/// "10.0.0.1/8" or "10.0.0.1"; nothing for other texts.
std::optional<Cidr> parse_cidr_or_ip(std::string_view text);
/// The same, but the length must be there.
std::optional<Cidr> parse_cidr(std::string_view text);

/// The peer of a BGPPeer: "192.0.2.1", "192.0.2.1:179" or "[2001:db8::1]:179"; port 0 is none.
struct PeerAddress {
  net::IpAddr address;
  std::uint16_t port = 0;
};
std::optional<PeerAddress> parse_peer_ip(std::string_view text);

/// A DNS label of any length: [a-z0-9]([-a-z0-9]*[a-z0-9])?
bool is_dns_label(std::string_view text);
/// DNS labels joined by dots: what names of resources are.
bool is_dns_subdomain(std::string_view text);
/// What is wrong with a Kubernetes qualified name (key of a label), in Kubernetes' words; "" if nothing.
std::string qualified_name_error(std::string_view text);
/// The same for the value of a label.
std::string label_value_error(std::string_view text);
/// True for Kubernetes' names of ports: at most 15 of a-z, 0-9 and '-', one letter at least.
bool is_port_name(std::string_view text);
/// [a-zA-Z0-9_.-]{1,15}
bool is_interface_name(std::string_view text);
/// "n:n", each below 2^16, or "n:n:n", each below 2^32.
bool is_community(std::string_view text);
/// Hardware addresses as Go's net.ParseMAC reads them: 6, 8 or 20 octets, with ':', '-' or '.'.
bool is_mac(std::string_view text);

}  // namespace catflap::calico
