#include <array>

#include "calico/ctl/command.hpp"
#include "calico/ctl/node_status.hpp"
#include "calico/ctl/node_system.hpp"

namespace catflap::calico::ctl {

namespace {

constexpr std::string_view kStatusHelp = R"(
Examples:
  <P> node status
  catflap exec node1 -- <P> node status

Options:
     --table-style=<style>     classic (default) or plain.
  -h --help                    Show this screen.

Description:
  Shows whether the Calico node runs here, and the BGP peers that its BIRD has by Calico's names for them. Needs
  root. Asks the socket /var/run/calico/bird.ctl (bird6.ctl), else /var/run/bird/bird.ctl; inside a node of a lab,
  the speaker of that node.
)";

constexpr std::string_view kCheckHelp = R"(
Options:
  -f --kernel-config=<FILE>    The file with the kernel's configuration, where it is at no usual place.
  -h --help                    Show this screen.

Description:
  Checks the version of the kernel and whether it has the modules that Calico needs.
)";

constexpr std::string_view kDiagsHelp = R"(
Options:
     --log-dir=<DIR>           Logs that are taken along. [default: /var/log/calico]
  -h --help                    Show this screen.

Description:
  Collects addresses, routes, sockets, rules and what BIRD says into an archive under /tmp.
)";

constexpr std::string_view kRunHelp = R"(
Description:
  There is no container to run: nodes are part of a lab. `catflap up LAB.yaml` starts them all, and
  `catflap exec NODE -- <P> node status` shows one.
)";

constexpr std::array kCheckOptions{Option{"kernel-config", 'f', true}};
constexpr std::array kDiagsOptions{Option{"log-dir", '\0', true}};
/// What calicoctl's `node run` takes, so that its command lines are answered with the one clear text.
constexpr std::array kRunOptions{
    Option{"ip", '\0', true},
    Option{"ip6", '\0', true},
    Option{"as", '\0', true},
    Option{"name", '\0', true},
    Option{"config", 'c', true},
    Option{"log-dir", '\0', true},
    Option{"node-image", '\0', true},
    Option{"backend", '\0', true},
    Option{"ip-autodetection-method", '\0', true},
    Option{"ip6-autodetection-method", '\0', true},
    Option{"no-default-ippools"},
    Option{"init-system"},
    Option{"dryrun"},
    Option{"disable-docker-networking"},
    Option{"docker-networking-ifprefix", '\0', true},
    Option{"use-docker-networking-container-labels"},
    Option{"felix-config", '\0', true},
};

constexpr std::array kCommands{
    Command{"node status",
            "View the current status of this node and its BGP peers.",
            "",
            kStatusHelp,
            {},
            0,
            0,
            node_status},
    Command{"node checksystem", "Verify that this machine can run Calico.", "[--kernel-config=<FILE>]",
            kCheckHelp, kCheckOptions, 0, 0, node_checksystem},
    Command{"node diags", "Gather diagnostics of this node.", "[--log-dir=<LOG_DIR>]", kDiagsHelp,
            kDiagsOptions, 0, 0, node_diags},
    Command{"node run", "Nodes are run by a lab.", "", kRunHelp, kRunOptions, 0, 0, node_run},
};

}  // namespace

std::span<const Command> node_commands() {
  return kCommands;
}

}  // namespace catflap::calico::ctl
