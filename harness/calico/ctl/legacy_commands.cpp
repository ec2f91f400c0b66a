#include <array>

#include <fmt/format.h>

#include "calico/client/legacy_config.hpp"
#include "calico/client/legacy_peers.hpp"
#include "calico/ctl/command.hpp"
#include "calico/ctl/node_status.hpp"

namespace catflap::calico::ctl {

namespace {

constexpr Option kConfig{"config", 'c', true};
constexpr std::array kConfigOptions{kConfig, Option{"node", 'n', true}, Option{"raw", '\0', true}};
constexpr std::array kConfigOnly{kConfig};
constexpr std::array kPeerOptions{kConfig, Option{"node", 'n', true}};
constexpr std::array kFamilyOptions{kConfig, Option{"ipv4"}, Option{"ipv6"}, Option{"node", 'n', true}};
constexpr std::array kPoolOptions{kConfig, Option{"ipip"}, Option{"nat-outgoing"}, Option{"ipv4"},
                                  Option{"ipv6"}};

constexpr std::string_view kConfigHelp = R"(
Examples:
  <P> config set asNumber 64512
  <P> config get asNumber
  <P> config set nodeToNodeMesh off
  <P> config set logLevel debug --node=node1
  <P> config get as_num --raw=bgp

Options:
  -n --node=<NODE>             The node whose setting it is; of logLevel.
     --raw=<COMPONENT>         bgp or felix: <NAME> is a key of that component.
  -c --config=<CONFIG>         The file with the connection. [default: /etc/calico/calicoctl.cfg]
  -h --help                    Show this screen.

Description:
  The settings of calicoctl 1.x. Names are compared in any case.

    logLevel                   none debug info warning error critical   (of all nodes, or of one)
    nodeToNodeMesh             on off
    asNumber                   the AS number of nodes without their own
    ipip                       on off
)";

constexpr std::string_view kBgpHelp = R"(
Examples:
  <P> bgp node-mesh off
  <P> bgp peer add 172.17.42.40 as 65100
  <P> bgp peer show
  <P> bgp default-node-as 64512

Options:
     --ipv4, --ipv6            Only this family.
  -c --config=<CONFIG>         The file with the connection. [default: /etc/calico/calicoctl.cfg]
  -h --help                    Show this screen.

Description:
  The commands of calicoctl 0.x for peers of all nodes, of one node (node bgp peer), for the mesh and for the AS
  number of nodes without their own.
)";

constexpr std::string_view kPoolHelp = R"(
Examples:
  <P> pool add 192.168.0.0/16 --nat-outgoing
  <P> pool range add 10.0.0.0 10.0.255.255
  <P> pool show

Options:
     --ipip                    Tunnel between the nodes.
     --nat-outgoing            Masquerade what leaves the pools.
     --ipv4, --ipv6            Only this family, of show.
  -c --config=<CONFIG>         The file with the connection. [default: /etc/calico/calicoctl.cfg]
  -h --help                    Show this screen.

Description:
  The commands of calicoctl 0.x for IP pools.
)";

/// Where the old programs wrote their errors: to standard output.
Status on_output(const World& world, const Error& error, std::string_view prefix = "") {
  world.say(std::string(prefix) + error.message);
  return refuse("");
}

template <class F>
Status with_client(Call& call, std::string_view prefix, F body) {
  Result<Session> session = open_session(call.world, call.arguments.text("config"));
  if (!session) {
    return on_output(call.world, session.error(), prefix);
  }
  const Status done = body(*session->client);
  return done ? done : on_output(call.world, done.error(), prefix);
}

constexpr std::string_view kExecuting = "Error executing command: ";

ConfigItem item_of(const Call& call) {
  return {call.arguments.positional[0], call.arguments.text("node"), call.arguments.text("raw")};
}

Status config_get(Call& call) {
  return with_client(call, kExecuting, [&call](Client& client) {
    const Result<std::string> value = get_config(client, item_of(call));
    if (value) {
      call.world.say(*value);
    }
    return value ? Status() : Status(fail(value.error()));
  });
}

Status config_set(Call& call) {
  return with_client(call, kExecuting, [&call](Client& client) {
    return set_config(client, item_of(call), call.arguments.positional[1]);
  });
}

Status config_unset(Call& call) {
  return with_client(call, kExecuting,
                     [&call](Client& client) { return unset_config(client, item_of(call)); });
}

Status print_text(const World& world, const Result<std::string>& text) {
  if (!text) {
    return fail(text.error());
  }
  world.out(text->empty() || text->back() == '\n' ? *text : *text + "\n");
  return {};
}

/// Of `node bgp peer`: --node, or the machine's name as calicoctl 0.x took it.
std::string node_of(const Call& call) {
  if (const auto node = call.arguments.value("node")) {
    return *node;
  }
  for (const char* const name : {"CATFLAP_NODE", "NODENAME", "HOSTNAME"}) {
    const auto found = call.world.environment.find(name);
    if (found != call.world.environment.end() && !found->second.empty()) {
      return found->second;
    }
  }
  return "";
}

Status add_peer(Call& call, const std::string& node) {
  const std::vector<std::string>& words = call.arguments.positional;
  if (words[1] != "as") {
    return refuse(fmt::format(
        "invalid option: 'calicoctl {}'. Use flag '--help' to read about a specific subcommand", call.line));
  }
  return with_client(call, "",
                     [&](Client& client) { return add_legacy_peer(client, words[0], words[2], node); });
}

Status remove_peer(Call& call, const std::string& node) {
  return with_client(call, "", [&](Client& client) {
    return print_text(call.world, remove_legacy_peer(client, call.arguments.positional[0], node));
  });
}

std::optional<net::Family> family_of(const Call& call) {
  const bool ipv4 = call.arguments.flag("ipv4");
  const bool ipv6 = call.arguments.flag("ipv6");
  return ipv4 == ipv6 ? std::nullopt : std::optional(ipv4 ? net::Family::ipv4 : net::Family::ipv6);
}

Status show_peers(Call& call, const std::string& node) {
  return with_client(call, "", [&](Client& client) {
    return print_text(call.world, show_legacy_peers(client, family_of(call), node));
  });
}

Status need_node(const std::string& node) {
  return node.empty() ? Status(refuse("the name of the node is not known: give --node=<NODE>")) : Status();
}

Status node_peer_add(Call& call) {
  const Status known = need_node(node_of(call));
  return known ? add_peer(call, node_of(call)) : known;
}
Status node_peer_remove(Call& call) {
  const Status known = need_node(node_of(call));
  return known ? remove_peer(call, node_of(call)) : known;
}
Status node_peer_show(Call& call) {
  const Status known = need_node(node_of(call));
  return known ? show_peers(call, node_of(call)) : known;
}
Status bgp_peer_add(Call& call) {
  return add_peer(call, "");
}
Status bgp_peer_remove(Call& call) {
  return remove_peer(call, "");
}
Status bgp_peer_show(Call& call) {
  return show_peers(call, "");
}

std::string first_word(const Call& call) {
  return call.arguments.positional.empty() ? "" : call.arguments.positional.front();
}

Status bgp_node_mesh(Call& call) {
  return with_client(
      call, "", [&](Client& client) { return print_text(call.world, node_mesh(client, first_word(call))); });
}

Status bgp_default_node_as(Call& call) {
  return with_client(call, "", [&](Client& client) {
    return print_text(call.world, default_node_as(client, first_word(call)));
  });
}

LegacyPool pool_options(const Call& call) {
  return {call.arguments.flag("ipip"), call.arguments.flag("nat-outgoing")};
}

Status pool_add(Call& call) {
  return with_client(call, "", [&](Client& client) {
    return add_legacy_pools(client, call.arguments.positional, pool_options(call));
  });
}
Status pool_range_add(Call& call) {
  return with_client(call, "", [&](Client& client) {
    return add_legacy_range(client, call.arguments.positional[0], call.arguments.positional[1],
                            pool_options(call));
  });
}
Status pool_remove(Call& call) {
  return with_client(call, "",
                     [&](Client& client) { return remove_legacy_pools(client, call.arguments.positional); });
}
Status pool_show(Call& call) {
  return with_client(call, "", [&](Client& client) {
    return print_text(call.world, show_legacy_pools(client, family_of(call)));
  });
}

constexpr std::array kCommands{
    Command{"config set", "Settings of calicoctl 1.x: set one.",
            "<NAME> <VALUE> [--node=<NODE>] [--raw=(bgp|felix)]", kConfigHelp, kConfigOptions, 2, 2,
            config_set},
    Command{"config get", "Settings of calicoctl 1.x: show one.",
            "<NAME> [--node=<NODE>] [--raw=(bgp|felix)]", kConfigHelp, kConfigOptions, 1, 1, config_get},
    Command{"config unset", "Settings of calicoctl 1.x: take one back.",
            "<NAME> [--node=<NODE>] [--raw=(bgp|felix)]", kConfigHelp, kConfigOptions, 1, 1, config_unset},
    Command{"bgp peer add", "calicoctl 0.x: add a peer of all nodes.", "<IP> as <ASN>", kBgpHelp, kConfigOnly,
            3, 3, bgp_peer_add},
    Command{"bgp peer remove", "calicoctl 0.x: remove a peer of all nodes.", "<IP>", kBgpHelp, kConfigOnly, 1,
            1, bgp_peer_remove},
    Command{"bgp peer show", "calicoctl 0.x: show the peers of all nodes.", "[--ipv4|--ipv6]", kBgpHelp,
            kFamilyOptions, 0, 0, bgp_peer_show},
    Command{"bgp node-mesh", "calicoctl 0.x: show or switch the mesh of the nodes.", "[on|off]", kBgpHelp,
            kConfigOnly, 0, 1, bgp_node_mesh},
    Command{"bgp default-node-as", "calicoctl 0.x: show or set the AS number of nodes.", "[<ASN>]", kBgpHelp,
            kConfigOnly, 0, 1, bgp_default_node_as},
    Command{"node bgp peer add", "calicoctl 0.x: add a peer of one node.", "<IP> as <ASN> [--node=<NODE>]",
            kBgpHelp, kPeerOptions, 3, 3, node_peer_add},
    Command{"node bgp peer remove", "calicoctl 0.x: remove a peer of one node.", "<IP> [--node=<NODE>]",
            kBgpHelp, kPeerOptions, 1, 1, node_peer_remove},
    Command{"node bgp peer show", "calicoctl 0.x: show the peers of one node.",
            "[--ipv4|--ipv6] [--node=<NODE>]", kBgpHelp, kFamilyOptions, 0, 0, node_peer_show},
    Command{"pool add", "calicoctl 0.x: add IP pools.", "<CIDR>... [--ipip] [--nat-outgoing]", kPoolHelp,
            kPoolOptions, 1, 1000, pool_add},
    Command{"pool range add", "calicoctl 0.x: add the IP pools of a range.",
            "<FIRST> <LAST> [--ipip] [--nat-outgoing]", kPoolHelp, kPoolOptions, 2, 2, pool_range_add},
    Command{"pool remove", "calicoctl 0.x: remove IP pools.", "<CIDR>...", kPoolHelp, kPoolOptions, 1, 1000,
            pool_remove},
    Command{"pool show", "calicoctl 0.x: show the IP pools.", "[--ipv4|--ipv6]", kPoolHelp, kPoolOptions, 0,
            0, pool_show},
};

}  // namespace

std::span<const Command> legacy_commands() {
  return kCommands;
}

}  // namespace catflap::calico::ctl
