#pragma once

#include <string_view>

/// Help texts of `ipam`; <P> is the program's name.
namespace catflap::calico::ctl {

inline constexpr std::string_view kShowHelp = R"help(
Examples:
  <P> ipam show
  <P> ipam show --show-blocks
  <P> ipam show --ip=192.168.71.3

Options:
     --ip=<IP>                 Whether this address is in use, and with what it was assigned.
     --show-blocks             The blocks of the pools, too.
     --show-borrowed           Addresses that a node uses from a block of another one.
     --show-configuration      The settings of IPAM.
  -c --config=<CONFIG>         The file with the connection. [default: /etc/calico/calicoctl.cfg]
     --allow-version-mismatch  Do not compare the versions of client and cluster.
  -h --help                    Show this screen.

Description:
  Shows how full the IP pools are.
)help";

inline constexpr std::string_view kCheckHelp = R"help(
Examples:
  <P> ipam check --show-problem-ips
  <P> ipam check -o report.json

Options:
     --show-all-ips            All addresses, what they were assigned with and whose they are.
     --show-problem-ips        Addresses that are leaked, or in use without being assigned.
  -o --output=<FILE>           A report in JSON, for `ipam release --from-report`.
  -c --config=<CONFIG>         The file with the connection. [default: /etc/calico/calicoctl.cfg]
     --allow-version-mismatch  Do not compare the versions of client and cluster.
  -h --help                    Show this screen.

Description:
  Compares blocks, handles, nodes and workloads, and shows what does not fit. Exits with 0 whatever is found.
)help";

inline constexpr std::string_view kReleaseHelp = R"help(
Examples:
  <P> ipam release --ip=192.168.71.3
  <P> datastore migrate lock && <P> ipam check -o report.json && <P> ipam release --from-report=report.json

Options:
     --ip=<IP>                 This address.
     --from-report=<REPORT>    What `ipam check -o` found to be leaked. Several files, separated by commas: what is
                               leaked in all of them.
     --force                   Also while the datastore is not locked, and from reports of another version.
  -c --config=<CONFIG>         The file with the connection. [default: /etc/calico/calicoctl.cfg]
     --allow-version-mismatch  Do not compare the versions of client and cluster.
  -h --help                    Show this screen.

Description:
  Gives addresses back. Nobody asks whether a workload still uses them.
)help";

inline constexpr std::string_view kConfigureHelp = R"help(
Examples:
  <P> ipam configure --strictaffinity=true
  <P> ipam configure --strictaffinity=true --max-blocks-per-host=4

Options:
     --strictaffinity=<true|false>
                               Whether addresses may not be borrowed from blocks of other nodes.
     --max-blocks-per-host=<N>
                               How many blocks a node may have; 0 for Calico's 20. Only with strict affinity.
     --ip-cooldown-seconds=<N>
                               How long a released address is kept from new owners.
     --kubevirt-ip-persistence=<Enabled|Disabled>
                               Whether virtual machines keep their addresses.
  -c --config=<CONFIG>         The file with the connection. [default: /etc/calico/calicoctl.cfg]
     --allow-version-mismatch  Do not compare the versions of client and cluster.
  -h --help                    Show this screen.

Description:
  Changes the settings of IPAM that are given.
)help";

inline constexpr std::string_view kSplitHelp = R"help(
Examples:
  <P> datastore migrate lock
  <P> ipam split 4 --name=default-ipv4-ippool
  <P> datastore migrate unlock

Options:
     --cidr=<CIDR>             The pool with this CIDR.
     --name=<POOL>             The pool with this name.
  -c --config=<CONFIG>         The file with the connection. [default: /etc/calico/calicoctl.cfg]
     --allow-version-mismatch  Do not compare the versions of client and cluster.
  -h --help                    Show this screen.

Description:
  Replaces a pool by <NUMBER> pools of equal size with the same settings; <NUMBER> is a power of two. The datastore
  must be locked.
)help";

}  // namespace catflap::calico::ctl
