#pragma once

#include <string_view>

/// Help texts: <P> is the program's name, <KINDS> the list of the kinds.
namespace catflap::calico::ctl {

inline constexpr std::string_view kCreateHelp = R"help(
Examples:
  <P> create -f ./policy.yaml
  cat policy.json | <P> create -f -

Options:
  -f --filename=<FILENAME>     The file with the resources; "-" is standard input. Of a folder the files
                               that end with .yaml, .yml or .json, in lexical order.
  -R --recursive               Follow the folders below that folder.
     --skip-empty              A file or folder without resources is no error.
     --skip-exists             Pass over what exists, and count it as created.
  -c --config=<CONFIG>         The file with the connection. [default: /etc/calico/calicoctl.cfg]
  -n --namespace=<NS>          Namespace of NetworkPolicy, NetworkSet and WorkloadEndpoint. [default: default]
     --allow-version-mismatch  Do not compare the versions of client and cluster.
  -h --help                    Show this screen.

Description:
  Creates the resources of a file, one after the other. One that exists is an error, and the others are
  created all the same. JSON and YAML are accepted.

  Kinds:

<KINDS>)help";

inline constexpr std::string_view kReplaceHelp = R"help(
Examples:
  <P> replace -f ./policy.yaml
  cat policy.json | <P> replace -f -

Options:
  -f --filename=<FILENAME>     The file with the resources; "-" is standard input. Of a folder the files
                               that end with .yaml, .yml or .json, in lexical order.
  -R --recursive               Follow the folders below that folder.
     --skip-empty              A file or folder without resources is no error.
  -c --config=<CONFIG>         The file with the connection. [default: /etc/calico/calicoctl.cfg]
  -n --namespace=<NS>          Namespace of NetworkPolicy, NetworkSet and WorkloadEndpoint. [default: default]
     --allow-version-mismatch  Do not compare the versions of client and cluster.
  -h --help                    Show this screen.

Description:
  Replaces resources that exist, as a whole; ends at the first that does not, or that cannot be written. With
  metadata.resourceVersion only that version is replaced.

  Kinds:

<KINDS>)help";

inline constexpr std::string_view kApplyHelp = R"help(
Examples:
  <P> apply -f ./bgppeer.yaml
  <P> apply -R -f manifests/
  <P> apply -f - <<EOF
  apiVersion: projectcalico.org/v3
  kind: BGPPeer
  metadata: { name: my-global-peer }
  spec: { peerIP: 172.100.102.73, asNumber: 64520 }
  EOF

Options:
  -f --filename=<FILENAME>     The file with the resources; "-" is standard input. Of a folder the files
                               that end with .yaml, .yml or .json, in lexical order.
  -R --recursive               Follow the folders below that folder.
     --skip-empty              A file or folder without resources is no error.
  -c --config=<CONFIG>         The file with the connection. [default: /etc/calico/calicoctl.cfg]
  -n --namespace=<NS>          Namespace of NetworkPolicy, NetworkSet and WorkloadEndpoint. [default: default]
     --allow-version-mismatch  Do not compare the versions of client and cluster.
  -h --help                    Show this screen.

Description:
  Creates resources, or replaces the whole spec of those that exist. With metadata.resourceVersion only that
  version is replaced; without, a conflict with another writer is tried again.

  Kinds:

<KINDS>)help";

inline constexpr std::string_view kPatchHelp = R"help(
Examples:
  <P> patch node node-0 -p '{"spec":{"bgp": {"routeReflectorClusterID": "244.0.0.1"}}}'
  <P> patch bgppeer tor --patch='{"spec":{"password":null}}'

Options:
  -p --patch=<PATCH>           What changes, in JSON; null takes a field away.
  -t --type=<TYPE>             strategic (default); json and merge are done as strategic, too.
  -c --config=<CONFIG>         The file with the connection. [default: /etc/calico/calicoctl.cfg]
  -n --namespace=<NS>          Namespace of NetworkPolicy, NetworkSet and WorkloadEndpoint. [default: default]
     --allow-version-mismatch  Do not compare the versions of client and cluster.
  -h --help                    Show this screen.

Description:
  Changes fields of one resource by a strategic merge patch.

  Kinds:

<KINDS>)help";

inline constexpr std::string_view kDeleteHelp = R"help(
Examples:
  <P> delete -f ./policy.yaml
  cat policy.yaml | <P> delete -f -
  <P> delete policy foo bar

Options:
  -s --skip-not-exists         Pass over what does not exist, and count it as deleted.
  -f --filename=<FILENAME>     The file with the resources; "-" is standard input. Of a folder the files
                               that end with .yaml, .yml or .json, in lexical order.
  -R --recursive               Follow the folders below that folder.
     --skip-empty              A file or folder without resources is no error.
  -c --config=<CONFIG>         The file with the connection. [default: /etc/calico/calicoctl.cfg]
  -n --namespace=<NS>          Namespace of NetworkPolicy, NetworkSet and WorkloadEndpoint. [default: default]
     --allow-version-mismatch  Do not compare the versions of client and cluster.
  -h --help                    Show this screen.

Description:
  Deletes resources by kind and name, or those that a file names. A Node takes along its addresses, endpoints,
  peers and configurations.

  Kinds:

<KINDS>)help";

inline constexpr std::string_view kGetHelp = R"help(
Examples:
  <P> get nodes -o wide
  <P> get policy -A
  <P> get -o yaml policy my-policy-1 my-policy-2
  <P> get node n1 -o yaml --export > n1.yaml
  <P> get bgppeer -o custom-columns=NAME,PEERIP
  <P> get nodes -o go-template='{{range .}}{{range .Items}}{{.Name}} {{.Spec.BGP.IPv4Address}}{{"\n"}}{{end}}{{end}}'

Options:
  -o --output=<FORMAT>         ps, wide, yaml, json, custom-columns=..., go-template=..., go-template-file=...
                               [default: ps]
  -A --all-namespaces          Of all namespaces. Also -a.
     --export                  Without what only this cluster knows of it: uid, resourceVersion, ... Only of
                               resources that are named.
  -f --filename=<FILENAME>     The file with the resources; "-" is standard input. Of a folder the files
                               that end with .yaml, .yml or .json, in lexical order.
  -R --recursive               Follow the folders below that folder.
     --skip-empty              A file or folder without resources is no error.
  -c --config=<CONFIG>         The file with the connection. [default: /etc/calico/calicoctl.cfg]
  -n --namespace=<NS>          Namespace of NetworkPolicy, NetworkSet and WorkloadEndpoint. [default: default]
     --allow-version-mismatch  Do not compare the versions of client and cluster.
  -h --help                    Show this screen.

Description:
  Shows resources by kind, by kind and name, or those that a file names.

    ps                    A table.
    wide                  A table with more columns.
    custom-columns        A table with the columns that are named, separated by commas.
    go-template           By a template of Go. The data are a list of results: lists of a kind (.Items) or
                          single resources. Functions beside Go's: join, joinAndTruncate, config "asNumber".
    go-template-file      The same by the template in a file.
    yaml, json            As documents, which all commands read.

  Kinds:

<KINDS>)help";

inline constexpr std::string_view kLabelHelp = R"help(
Examples:
  <P> label nodes node1 route-reflector=true
  <P> label nodes node1 cluster=frontend --overwrite
  <P> label nodes node1 cluster --remove
  <P> label workloadendpoints nginx --namespace=default app=web

Options:
     --overwrite               Change the value of a label that is there.
     --remove                  Take the label away; an error if it is not there.
  -c --config=<CONFIG>         The file with the connection. [default: /etc/calico/calicoctl.cfg]
  -n --namespace=<NS>          Namespace of NetworkPolicy, NetworkSet and WorkloadEndpoint. [default: default]
     --allow-version-mismatch  Do not compare the versions of client and cluster.
  -h --help                    Show this screen.

Description:
  Adds, changes or removes one label of a resource.

  Kinds:

<KINDS>)help";

inline constexpr std::string_view kValidateHelp = R"help(
Examples:
  <P> validate -f ./policy.yaml
  cat policy.json | <P> validate -f -

Options:
  -f --filename=<FILENAME>     The file with the resources; "-" is standard input. Of a folder the files
                               that end with .yaml, .yml or .json, in lexical order.
  -R --recursive               Follow the folders below that folder.
     --skip-empty              A file or folder without resources is no error.
     --allow-version-mismatch  Do not compare the versions of client and cluster.
  -h --help                    Show this screen.

Description:
  Reads and validates resources without a datastore. What is wrong is told with its place in the file.

  Kinds:

<KINDS>)help";

inline constexpr std::string_view kConvertHelp = R"help(
Examples:
  <P> convert -f ./policy-v1.yaml > policy.yaml
  cat policy.json | <P> convert -f - -o json

Options:
  -f --filename=<FILENAME>     The file with resources of the v1 API; "-" is standard input.
  -o --output=<FORMAT>         yaml or json. [default: yaml]
     --ignore-validation       Show results that the v3 API would not accept.
     --allow-version-mismatch  Do not compare the versions of client and cluster.
  -h --help                    Show this screen.

Description:
  Converts resources of the v1 API, and NetworkPolicy of Kubernetes, to projectcalico.org/v3.
)help";

}  // namespace catflap::calico::ctl
