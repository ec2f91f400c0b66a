#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "expect/check.hpp"
#include "net/addr.hpp"

/// A lab with nothing left to derive: every interface has its name, addresses and MAC, every session its two
/// ends. topology::wire() makes it; lab builds it; checks reason over it.
namespace catflap::expect {

/// What runs as a node's router.
enum class SpeakerKind : std::uint8_t { self, bird, bird1, frr, gobgp, openbgpd, none };
inline constexpr std::array<SpeakerKind, 7> kSpeakerKinds{
    SpeakerKind::self,  SpeakerKind::bird,     SpeakerKind::bird1, SpeakerKind::frr,
    SpeakerKind::gobgp, SpeakerKind::openbgpd, SpeakerKind::none};
/// Their words in files and options, in the same order.
inline constexpr std::array<std::string_view, 7> kSpeakerWords{"self",  "bird",     "bird1", "frr",
                                                               "gobgp", "openbgpd", "none"};
std::string_view to_string(SpeakerKind kind);  ///< as in kSpeakerWords
std::optional<SpeakerKind> parse_speaker_kind(std::string_view text);

struct WiredInterface {
  std::string node;
  std::string name;  ///< at most 15 characters
  std::vector<net::InterfaceAddress> addresses;
  std::array<std::uint8_t, 6> mac{};  ///< locally administered
  std::uint32_t mtu = 0;              ///< 0: the kernel's default
  Place where;
};

struct WiredLink {
  std::string name;  ///< "r1:eth0 -- r2:eth0"
  std::array<WiredInterface, 2> ends;
  Place where;
};

struct WiredNode {
  std::string name;
  SpeakerKind speaker = SpeakerKind::self;
  std::optional<std::uint32_t> as;  ///< nullopt: not a BGP router made from this file
  std::uint32_t router_id = 0;      ///< host order
  std::vector<net::InterfaceAddress>
      lo;  ///< said, and the first host of announced prefixes; not 127.0.0.1, ::1
  std::vector<net::Prefix> announce;
  std::string config;  ///< BIRD configuration file as written, relative to the topology file; or ""
  Place config_where;
  std::map<std::string, std::string> sysctl;  ///< "net.ipv4.ip_forward" -> "1"; defaults of routers included
  std::map<std::string, std::string> env;
  Place where;
  Place as_where;  ///< of `bgp:`
};

/// One end of a session that follows from a link.
struct WiredSessionEnd {
  std::string node;
  std::string protocol;  ///< name of the BGP protocol: "peer_r2", "peer_r2_v6"
  std::string interface;
  net::IpAddr addr;
  std::uint32_t as = 0;          ///< own
  std::uint32_t expects_as = 0;  ///< of the other end, from `peers:` or its `bgp:`
  Place as_where;                ///< of own `bgp:`
  Place expects_where;  ///< of `peers: {..: {as: N}}`; without a line if it followed from the other's `bgp:`
};

struct WiredSession {
  net::Family family = net::Family::ipv4;
  std::size_t link = 0;
  std::array<WiredSessionEnd, 2> ends;
};

struct Wiring {
  std::string lab;
  std::vector<WiredNode> nodes;  ///< in the order of the file
  std::vector<WiredLink> links;
  std::vector<WiredSession> sessions;

  const WiredNode* node(std::string_view name) const;
  /// The interface `name` of `node`, or nullptr.
  const WiredInterface* interface(std::string_view node, std::string_view name) const;
  /// The node that has `addr` on an interface or lo; "" if none.
  std::string owner(const net::IpAddr& addr) const;
  /// Nodes that match one of `patterns`, in order, each once.
  std::vector<std::string> match(const std::vector<std::string>& patterns) const;
  /// The addresses of `node`: those of lo first, then of its interfaces in the order of the links.
  std::vector<net::InterfaceAddress> addresses(std::string_view node) const;
};

}  // namespace catflap::expect
