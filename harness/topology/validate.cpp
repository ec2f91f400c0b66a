#include <algorithm>
#include <set>
#include <utility>

#include "base/glob.hpp"
#include "expect/pattern.hpp"
#include "topology/load.hpp"
#include "topology/reader.hpp"

namespace catflap::topology {
namespace {

constexpr std::size_t kInterfaceNameMax = 15;  // IFNAMSIZ without its zero

class Validator {
 public:
  explicit Validator(const Topology& topology) : topology_(topology) {
    for (const Node& node : topology.nodes) {
      names_.push_back(node.name);
    }
  }

  std::vector<Diagnostic> run() {
    for (const Node& node : topology_.nodes) {
      check_node(node);
    }
    for (const Link& link : topology_.links) {
      check_link(link);
    }
    check_addresses();
    for (const Step& step : topology_.tests) {
      for (const Action& action : step.actions) {
        check_action(action);
      }
      for (const expect::Check& check : step.checks) {
        std::visit([&](const auto& what) { check_what(what, check.where); }, check.what);
      }
    }
    for (const Axis& axis : topology_.matrix) {
      if (!axis.node.empty()) {
        known(axis.node, {}, "matrix");
      }
    }
    return std::move(out_);
  }

 private:
  void add(Level level, const SourcePos& where, std::string message, std::string hint = "") {
    out_.push_back({level, where, std::move(message), std::move(hint)});
  }
  void error(const SourcePos& where, std::string message, std::string hint = "") {
    add(Level::error, where, std::move(message), std::move(hint));
  }

  bool known(const std::string& name, const SourcePos& where, std::string_view what) {
    if (topology_.node(name) != nullptr) {
      return true;
    }
    error(where, std::string(what) + ": no node '" + name + "'", hint_for(name, names_));
    return false;
  }
  /// A pattern must stand for at least one node; each name that braces give is asked for by itself.
  bool known_pattern(const std::string& pattern, const SourcePos& where, std::string_view what) {
    const auto globs = expect::expand_braces(pattern);
    if (!globs) {
      error(where, std::string(what) + ": " + globs.error().message);
      return false;
    }
    bool fine = true;
    for (const std::string& glob : *globs) {
      if (glob.find_first_of("*?") == std::string::npos) {
        fine = known(glob, where, what) && fine;
      } else if (std::none_of(names_.begin(), names_.end(),
                              [&](std::string_view name) { return glob_match(glob, name); })) {
        error(where, std::string(what) + ": no node matches '" + glob + "'");
        fine = false;
      }
    }
    return fine;
  }

  void check_node(const Node& node) {
    if (!node.config.empty() && node.bgp) {
      error(node.config_where,
            "node " + node.name + " has both bgp: and config:; its configuration file says its AS");
    }
    if (!node.config.empty() && !node.announce.empty()) {
      error(node.config_where,
            "node " + node.name + " has both announce: and config:; announce it in the file");
    }
    if (!node.config.empty() && !node.peers.empty()) {
      error(node.config_where,
            "node " + node.name + " has both peers: and config:; its configuration file says its peers");
    }
    if (node.config.empty() && !node.bgp && !node.announce.empty()) {
      error(node.where, "node " + node.name + " has announce: but no bgp:");
    }
    if (node.speaker == SpeakerKind::none && (node.bgp || !node.config.empty())) {
      error(node.where, "node " + node.name + " has speaker: none, so bgp: and config: mean nothing");
    }
    std::set<net::Prefix> announced;
    for (const net::Prefix& prefix : node.announce) {
      if (!announced.insert(prefix).second) {
        error(node.where, "node " + node.name + " announces " + to_string(prefix) + " twice");
      }
    }
    for (const auto& [peer, options] : node.peers) {
      if (peer == node.name) {
        error(options.where, "node " + node.name + " cannot be its own peer");
        continue;
      }
      if (!known(peer, options.where, "peers of " + node.name)) {
        continue;
      }
      const Node& other = *topology_.node(peer);
      if (std::none_of(
              topology_.links.begin(), topology_.links.end(),
              [&, &peer_name = peer](const Link& link) { return joins(link, node.name, peer_name); })) {
        error(options.where, "peers of " + node.name + ": no link joins it with " + peer);
      }
      const auto back = other.peers.find(node.name);
      const auto actual =
          back != other.peers.end() && back->second.local_as ? back->second.local_as : other.bgp;
      if (options.as && actual && *options.as != *actual) {
        add(Level::warning, options.as_where,
            node.name + " expects AS " + std::to_string(*options.as) + " of " + peer + ", which is AS " +
                std::to_string(*actual) + ": the session cannot come up");
      }
    }
  }

  static bool joins(const Link& link, std::string_view a, std::string_view b) {
    return (link.ends[0].node == a && link.ends[1].node == b) ||
           (link.ends[0].node == b && link.ends[1].node == a);
  }

  void check_link(const Link& link) {
    bool fine = true;
    for (const LinkEnd& end : link.ends) {
      fine = known(end.node, end.where, "link " + to_string(link)) && fine;
      check_interface(end);
    }
    if (fine && link.ends[0].node == link.ends[1].node) {
      error(link.where, "link " + to_string(link) + " joins " + link.ends[0].node + " with itself");
    }
    const bool addressed = !link.ends[0].addresses.empty() || !link.ends[1].addresses.empty();
    if (addressed && !link.subnets.empty()) {
      error(link.where, "link " + to_string(link) + " has both addresses: and subnet:; say one");
    }
    for (const net::InterfaceAddress& a : link.ends[0].addresses) {
      const auto same_family = [&](const net::InterfaceAddress& b) {
        return b.addr.family() == a.addr.family();
      };
      const auto& others = link.ends[1].addresses;
      if (std::any_of(others.begin(), others.end(), same_family) &&
          std::none_of(others.begin(), others.end(),
                       [&](const auto& b) { return b.network() == a.network(); })) {
        const auto other = std::find_if(others.begin(), others.end(), same_family);
        add(Level::warning, link.where,
            "link " + to_string(link) + ": " + to_string(a) + " and " + to_string(*other) +
                " are not in one network");
      }
    }
  }

  void check_interface(const LinkEnd& end) {
    if (end.interface.empty()) {
      return;
    }
    const std::string full = end.node + ":" + end.interface;
    if (end.interface.size() > kInterfaceNameMax) {
      error(end.where, "interface name '" + end.interface + "' is longer than 15 characters");
    } else if (end.interface == "lo" || end.interface == "." || end.interface == ".." ||
               end.interface == "all" || end.interface == "default" ||
               end.interface.find_first_of("/: \t\n") != std::string::npos) {
      error(end.where, "'" + end.interface + "' cannot be the name of a link's interface");
    } else if (!interfaces_.insert(full).second) {
      error(end.where, "interface " + full + " is used by two links");
    }
  }

  void check_addresses() {
    std::map<net::IpAddr, std::string> seen;
    const auto check = [&](const net::InterfaceAddress& address, const std::string& who,
                           const SourcePos& where, bool lo) {
      const net::IpAddr& addr = address.addr;
      if (addr.is_unspecified() || addr.is_multicast() || (addr.is_loopback() && !lo)) {
        error(where, to_string(addr) + " cannot be the address of " + who);
        return;
      }
      const auto [other, added] = seen.emplace(addr, who);
      if (!added && !addr.is_link_local()) {
        error(where,
              "address " + to_string(addr) + " of " + who + " is that of " + other->second + " already");
      }
      const std::uint8_t bits = net::address_bits(addr.family());
      if (lo || !addr.is_v4() || address.length + 1 >= bits) {
        return;
      }
      if (addr == address.network().addr()) {
        add(Level::warning, where,
            to_string(address) + " of " + who + " is the address of the network itself");
      } else if ((addr.v4_value() | (UINT32_MAX << (32U - address.length))) == UINT32_MAX) {
        add(Level::warning, where,
            to_string(address) + " of " + who + " is the broadcast address of its network");
      }
    };
    for (const Node& node : topology_.nodes) {
      for (const net::InterfaceAddress& address : node.lo) {
        check(address, "lo of " + node.name, node.where, true);
      }
    }
    for (const Link& link : topology_.links) {
      for (const LinkEnd& end : link.ends) {
        for (const net::InterfaceAddress& address : end.addresses) {
          check(address, end.node + (end.interface.empty() ? "" : ":" + end.interface), end.where, false);
        }
      }
    }
    check_networks();
  }

  /// Two links with one network, or one inside another: routes would be ambiguous.
  void check_networks() {
    std::map<net::Prefix, const Link*> networks;
    for (const Link& link : topology_.links) {
      std::set<net::Prefix> own(link.subnets.begin(), link.subnets.end());
      for (const LinkEnd& end : link.ends) {
        for (const net::InterfaceAddress& address : end.addresses) {
          if (!address.network().is_host() && !address.addr.is_link_local()) {
            own.insert(address.network());
          }
        }
      }
      for (const net::Prefix& network : own) {
        // Sorted by address: a network that covers this one stands at one of its shorter lengths.
        for (std::uint8_t length = network.length();; --length) {
          const auto found = networks.find(net::Prefix(network.addr(), length));
          if (found != networks.end() && found->second != &link) {
            add(Level::warning, link.where,
                "network " + to_string(network) + " of link " + to_string(link) + " overlaps " +
                    to_string(found->first) + " of link " + to_string(*found->second));
            break;
          }
          if (length == 0) {
            break;
          }
        }
        networks.emplace(network, &link);
      }
    }
  }

  void check_action(const Action& action) {
    const std::string what(to_string(action.verb));
    const bool link_verb = action.verb == Action::Verb::down || action.verb == Action::Verb::up;
    const bool fine = known(action.node, action.where, what);
    if (action.verb == Action::Verb::exec && action.command.empty()) {
      error(action.where, "exec has nothing to run");
    }
    if (!fine) {
      return;
    }
    if (!link_verb) {
      const Node& node = *topology_.node(action.node);
      const bool speaks = node.bgp || !node.config.empty();
      if (action.verb != Action::Verb::exec && !speaks) {
        error(action.where, what + ": node " + action.node + " has no speaker");
      }
      return;
    }
    if (!action.peer.empty()) {
      if (known(action.peer, action.where, what) &&
          std::none_of(topology_.links.begin(), topology_.links.end(),
                       [&](const Link& link) { return joins(link, action.node, action.peer); })) {
        error(action.where, what + ": no link joins " + action.node + " with " + action.peer);
      }
    }
    if (!action.interface.empty()) {
      const expect::Wiring wiring = wired();
      if (wiring.interface(action.node, action.interface) == nullptr) {
        std::vector<std::string_view> names;
        for (const expect::WiredLink& link : wiring.links) {
          for (const expect::WiredInterface& end : link.ends) {
            if (end.node == action.node) {
              names.push_back(end.name);
            }
          }
        }
        error(action.where, what + ": node " + action.node + " has no interface '" + action.interface + "'",
              hint_for(action.interface, names));
      }
    }
  }

  /// The wiring if every link joins known nodes; an empty one otherwise, which has been reported already.
  expect::Wiring wired() const {
    const bool fine = std::all_of(topology_.links.begin(), topology_.links.end(), [&](const Link& link) {
      return topology_.node(link.ends[0].node) != nullptr && topology_.node(link.ends[1].node) != nullptr;
    });
    return fine ? wire(topology_) : expect::Wiring{};
  }

  void check_what(const expect::SessionCheck& check, const SourcePos& where) {
    for (const expect::NodePair& pair : check.pairs) {
      known_pattern(pair.a, where, "session");
      known_pattern(pair.b, where, "session");
      if (pair.a == pair.b && pair.a.find_first_of("*?{") == std::string::npos) {
        error(where, "session: " + pair.a + " has no session with itself");
      }
    }
  }
  void check_what(const expect::RouteCheck& check, const SourcePos& where) {
    for (const std::string& pattern : check.at) {
      known_pattern(pattern, where, "route at");
    }
    for (const expect::Target& via : check.via) {
      if (!via.addr) {
        known(via.node, where, "route via");
      }
    }
  }
  void check_what(const expect::PingCheck& check, const SourcePos& where) {
    for (const std::string& pattern : check.from) {
      known_pattern(pattern, where, "ping from");
    }
    if (!check.to.addr && !check.to.node.empty()) {
      known_pattern(check.to.node, where, "ping to");
    }
  }
  void check_what(const expect::AliveCheck& check, const SourcePos& where) {
    for (const std::string& pattern : check.at) {
      known_pattern(pattern, where, "alive");
    }
  }

  const Topology& topology_;
  std::vector<std::string_view> names_;
  std::set<std::string> interfaces_;
  std::vector<Diagnostic> out_;
};

}  // namespace

std::vector<Diagnostic> validate(const Topology& topology) {
  return Validator(topology).run();
}

}  // namespace catflap::topology
