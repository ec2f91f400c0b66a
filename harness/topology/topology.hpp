#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/instant.hpp"
#include "expect/check.hpp"
#include "expect/wiring.hpp"
#include "intent/router.hpp"
#include "net/addr.hpp"

/// A lab as a person writes it: nodes, links, tests. YAML files, Python and C++ make the same values. What is
/// not said stays empty here and is derived by wire(). Values compare without the places where they were
/// written.
namespace catflap::topology {

using expect::Place;
using expect::SpeakerKind;

/// fast: connect at once, retry after 1 s, keepalive 1 s, hold 3 s. normal: the daemon's defaults.
enum class Timers : std::uint8_t { fast, normal };

struct Defaults {
  SpeakerKind speaker = SpeakerKind::self;
  Timers timers = Timers::fast;
  std::optional<std::uint32_t> mtu;
  bool operator==(const Defaults&) const = default;
};

/// What differs for the sessions of a node with one neighbour.
struct PeerOptions {
  std::optional<std::uint32_t> as;        ///< expected of the neighbour, instead of its `bgp:`
  std::optional<std::uint32_t> local_as;  ///< own, instead of the node's `bgp:`
  bool passive = false;
  bool disabled = false;                                   ///< no session from this node
  std::string password;                                    ///< TCP MD5 (RFC 2385)
  std::optional<Duration> hold, keepalive, connect_retry;  ///< whole seconds
  bool rr_client = false;
  bool next_hop_self = false;
  std::vector<net::Prefix> import_only;  ///< not empty: accept exactly these
  std::vector<net::Prefix> export_only;  ///< not empty: send exactly these
  Place where, as_where;
  bool operator==(const PeerOptions&) const = default;
};

struct Node {
  std::string name;
  std::string description;
  std::optional<SpeakerKind> speaker;
  std::optional<Timers> timers;
  std::optional<std::uint32_t> bgp;        ///< AS number
  std::optional<std::uint32_t> router_id;  ///< host order
  std::vector<net::Prefix> announce;
  std::vector<net::InterfaceAddress> lo;
  std::string config;  ///< BIRD configuration, run as it is; relative to the topology file
  std::map<std::string, PeerOptions> peers;
  std::map<std::string, std::string> sysctl;
  std::map<std::string, std::string> env;
  Place where, bgp_where, config_where;
  bool operator==(const Node&) const = default;
};

struct LinkEnd {
  std::string node;
  std::string interface;  ///< "": derived, eth0, eth1, ... of each node
  std::vector<net::InterfaceAddress> addresses;
  Place where;
  bool operator==(const LinkEnd&) const = default;
};

struct Link {
  std::array<LinkEnd, 2> ends;
  std::vector<net::Prefix> subnets;  ///< addresses of both ends follow from these; at most one per family
  std::optional<std::uint32_t> mtu;
  bool bgp = true;  ///< false: no session follows from it
  Place where;
  bool operator==(const Link&) const = default;
};

/// Names a link by its ends as written: "r1 -- r2", "r1:eth0 -- r2:eth0".
std::string to_string(const Link& link);

/// Something that a test does to the lab.
struct Action {
  enum class Verb : std::uint8_t { down, up, kill, stop, restart, pause, resume, exec } verb = Verb::down;
  std::string node;       ///< of an interface, a speaker, a command
  std::string interface;  ///< down, up: of this interface; "" with peer "": all interfaces of the node
  std::string peer;       ///< down, up: the links between node and peer
  std::string peer_interface;
  std::string command;  ///< exec: run by /bin/sh -c in the node; must exit with 0
  Place where;
  bool operator==(const Action&) const = default;
};
std::string_view to_string(Action::Verb verb);
std::string to_string(const Action& action);  ///< "down r1 -- r2", "kill r1/speaker"

/// Actions in order, then checks that run at the same time. A lone check is a step without actions.
struct Step {
  std::string name;
  std::vector<Action> actions;
  std::vector<expect::Check> checks;
  Place where;
  bool operator==(const Step&) const = default;
};

/// One dimension of `matrix:`.
struct Axis {
  std::string node;  ///< "": every node that has a speaker
  std::vector<SpeakerKind> speakers;
  bool operator==(const Axis&) const = default;
};

struct Topology {
  std::string name;
  std::string description;
  Defaults defaults;
  std::vector<Node> nodes;
  std::vector<Link> links;
  std::vector<Step> tests;
  std::vector<Axis> matrix;
  std::string file;  ///< as given to load(); "" if built in code; does not count in ==

  bool operator==(const Topology& other) const;

  const Node* node(std::string_view name_of) const;
  Node* node(std::string_view name_of);
  /// For building in code. The references stay valid until the next call of the same function.
  Node& add_node(std::string name_of);
  Node& add_router(std::string name_of, std::uint32_t as, std::vector<net::Prefix> announced = {});
  Link& add_link(std::string a, std::string b);
};

/// A run of `matrix:`: a speaker for some nodes.
struct Combination {
  std::string name;  ///< "r1=self,r2=bird"; "speaker=bird"; "" without a matrix
  std::map<std::string, SpeakerKind> speakers;
  bool operator==(const Combination&) const = default;
};
/// All combinations, the last axis fastest; one without a name if there is no matrix. At most
/// kCombinationsMax.
std::vector<Combination> combinations(const Topology& topology);
inline constexpr std::size_t kCombinationsMax = 256;
/// The topology with those speakers.
Topology with_speakers(Topology topology, const std::map<std::string, SpeakerKind>& speakers);

/// Derives everything that was not said. Deterministic. Precondition: validate() finds no errors.
///  * interfaces eth0, eth1, ... per node in the order of the links, skipping names that are taken;
///  * addresses: a /31 of 10.0.0.0/16 (then 100.64.0.0/10) and, if the lab uses IPv6 (an `announce` or `lo`
///  address),
///    a /127 of fd00::/64 per link that says none, skipping networks that the file uses;
///  * router ids 10.255.0.1, ... in the order of the nodes;
///  * lo: the first host of each announced prefix (so that it can be pinged), unless lo has an address in it;
///  * one session per family between neighbours with `bgp:`, over the addresses of the link;
///  * MACs 02:.. from the lab's name, node and interface; forwarding sysctls.
expect::Wiring wire(const Topology& topology);

/// What the plain router `node` should do: device, kernel (export all), a blackhole route per announced
/// prefix (more specific lo addresses win in the kernel), and its BGP sessions. Errc::not_found for no such
/// node; Errc::invalid if it has no `bgp:` (its configuration is its file).
Result<intent::RouterIntent> router_intent(const Topology& topology, std::string_view node);

/// How long to wait for `check` when it does not say: from connect-retry, hold and connect delay of the
/// sessions.
Duration default_deadline(const Topology& topology, const expect::Check& check);

/// A file that load() reads back as an equal value.
std::string to_yaml(const Topology& topology);

}  // namespace catflap::topology
