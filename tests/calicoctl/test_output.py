"""What `get` prints in its formats."""

import json

from conftest import table

POOLS = """
    apiVersion: projectcalico.org/v3
    kind: IPPoolList
    items:
    - apiVersion: projectcalico.org/v3
      kind: IPPool
      metadata: { name: ippool-name1 }
      spec: { cidr: 10.0.1.0/24, nodeSelector: "foo == 'bar'" }
    - apiVersion: projectcalico.org/v3
      kind: IPPool
      metadata: { name: ippool-name2 }
      spec: { cidr: 10.0.2.0/24, ipipMode: Always, natOutgoing: true }
    """


def test_tables(ctl):
    ctl.apply(POOLS)
    ctl.ok("get", "ippools", "ippool-name1", out=(
        "NAME           CIDR          SELECTOR       \n"
        "ippool-name1   10.0.1.0/24   foo == 'bar'   \n"
        "\n"))
    ctl.ok("get", "pools", "-o", "wide", out=(
        "NAME           CIDR          NAT     IPIPMODE   VXLANMODE   DISABLED   DISABLEBGPEXPORT   SELECTOR       "
        "ASSIGNMENTMODE   \n"
        "ippool-name1   10.0.1.0/24   false   Never      Never       false      false              foo == 'bar'   "
        "Automatic        \n"
        "ippool-name2   10.0.2.0/24   true    Always     Never       false      false              all()          "
        "Automatic        \n"
        "\n"))
    ctl.ok("get", "ippool", "ippool-name1", "ippool-name2", "-o", "custom-columns=CIDR", out=(
        "CIDR          \n10.0.1.0/24   \n\nCIDR          \n10.0.2.0/24   \n\n"))
    result = ctl.fails("get", "ippool", "-o", "custom-columns=NAME,NOPE")
    assert result.err.startswith("unknown heading NOPE, valid values are: NAME, CIDR")


def test_documents(ctl):
    ctl.apply(POOLS)
    text = ctl.ok("get", "ippool", "ippool-name1", "--export", "-o", "yaml")
    assert text == table("""
        apiVersion: projectcalico.org/v3
        kind: IPPool
        metadata:
          creationTimestamp: null
          name: ippool-name1
        spec:
          allowedUses:
          - Workload
          - Tunnel
          assignmentMode: Automatic
          blockSize: 26
          cidr: 10.0.1.0/24
          ipipMode: Never
          nodeSelector: foo == 'bar'
          vxlanMode: Never
        """)
    assert ctl.ok("get", "ippool", "ippool-name1", "--export", "-o", "yml") == text
    one = ctl.ok("get", "ippool", "ippool-name1", "-o", "json")
    assert one.startswith('{\n  "kind": "IPPool",\n  "apiVersion": "projectcalico.org/v3",\n  "metadata": {\n'
                          '    "name": "ippool-name1",\n    "uid": ')
    assert one.endswith("}\n")
    assert ctl.ok("--style=head", "get", "ippool", "ippool-name1", "-o", "json") == one[:-1]
    assert [p["metadata"]["name"] for p in json.loads(ctl.ok("get", "ippool", "ippool-name1", "ippool-name2",
                                                             "-o", "json"))] == ["ippool-name1", "ippool-name2"]
    listed = json.loads(ctl.ok("get", "ippool", "-o", "json"))
    assert (listed["kind"], len(listed["items"])) == ("IPPoolList", 2)
    assert int(listed["metadata"]["resourceVersion"]) > 0
    # What is printed can be applied again.
    ctl.ok("apply", "-f", "-", input=ctl.ok("get", "ippool", "-o", "yaml"),
           out="Successfully applied 2 'IPPool' resource(s)\n")
    ctl.ok("apply", "-f", "-", input=ctl.ok("get", "ippool", "-o", "json"),
           out="Successfully applied 2 'IPPool' resource(s)\n")


def test_what_html_would_take_for_its_own(ctl):
    ctl.apply("""
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkSet
        metadata: { name: s, annotations: { note: "<a> & b" } }
        spec: { nets: [10.0.0.0/8] }
        """)
    assert r'"note": "\u003ca\u003e \u0026 b"' in ctl.ok("get", "globalnetworkset", "s", "-o", "json")


def test_templates(ctl):
    ctl.apply(POOLS)
    ctl.ok("get", "ippool", "-o", "go-template={{range .}}{{range .Items}}{{.ObjectMeta.Name}} {{.Spec.CIDR}};{{end}}{{end}}",
           out="ippool-name1 10.0.1.0/24;ippool-name2 10.0.2.0/24;")
    ctl.write("t.tmpl", "{{range .}}{{.Name}}={{.Spec.IPIPMode}}\n{{end}}")
    ctl.ok("get", "ippool", "ippool-name2", "-o", "go-template-file=t.tmpl", out="ippool-name2=Always\n")
    ctl.ok("get", "ippool", "-o", 'go-template={{config "asNumber"}}', out="64512")
    ctl.fails("get", "ippool", "-o", "go-template={{.x", err="template: get:1:1: unclosed action\n")


def test_policies(ctl):
    ctl.apply("""
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: { name: a }
        spec: { selector: all(), order: 1000000 }
        ---
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: { name: b }
        spec: { selector: all() }
        ---
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: { name: c }
        spec: { selector: all(), order: 0.5 }
        """)
    ctl.ok("get", "gnp", "-o", "wide", out=(
        "NAME   TIER      ORDER   SELECTOR   \n"
        "a      default   1e+06   all()      \n"
        "b      default   <nil>   all()      \n"
        "c      default   0.5     all()      \n"
        "\n"))


def test_convert(ctl):
    ctl.ok("convert", "-f", "-", input=table("""
        apiVersion: v1
        kind: bgpPeer
        metadata: { peerIP: 10.0.0.1, scope: global }
        spec: { asNumber: 64512 }
        """), out=table("""
        apiVersion: projectcalico.org/v3
        kind: BGPPeer
        metadata:
          creationTimestamp: null
          name: 10-0-0-1
        spec:
          asNumber: 64512
          peerIP: 10.0.0.1
        """))
    ctl.fails("convert", "-f", "-", "-o", "wide", input="", err="unrecognized output format 'wide'\n")


def test_addresses(ctl):
    ctl.apply(POOLS)
    ctl.ok("ipam", "show", "--ip=10.0.1.5", out="10.0.1.5 is not assigned\n")
    ctl.fails("ipam", "show", "--ip=nonsense",
              out="Error executing command: invalid IP address specified: nonsense\n", err="")
    ctl.fails("ipam", "release", "--ip=10.0.1.5", err="IP address 10.0.1.5 is not assigned\n")
    ctl.ok("ipam", "configure", "--strictaffinity=true", out="Successfully set StrictAffinity to: true\n")
    ctl.fails("ipam", "configure", err="at least one configuration option must be specified\n")
    ctl.fails("ipam", "configure", "--strictaffinity=x",
              err="invalid value. Use true or false to set strictaffinity\n")
    ctl.ok("--style=head", "ipam", "show", out=table("""
        +----------+-------------+-----------+------------+--------------+------------+
        | GROUPING | CIDR        | IPS TOTAL | IPS IN USE | IPS RESERVED | IPS FREE   |
        +----------+-------------+-----------+------------+--------------+------------+
        | IP Pool  | 10.0.1.0/24 |       256 |     0 (0%) |       0 (0%) | 256 (100%) |
        | IP Pool  | 10.0.2.0/24 |       256 |     0 (0%) |       0 (0%) | 256 (100%) |
        +----------+-------------+-----------+------------+--------------+------------+
        """))
    assert ctl.ok("ipam", "check").endswith("Check complete; found 0 problems.\n")
    result = ctl.fails("ipam", "split", "2", "--name=ippool-name1")
    assert result.err.startswith("datastore is not locked. Run the `calicoctl datastore migrate lock` command")
    ctl.ok("datastore", "migrate", "lock")
    ctl.ok("ipam", "split", "2", "--name=ippool-name1", out=(
        "IP Pool ippool-name1 was successfully split into 2 smaller pools."
        "Created split-ippool-name1-0 with CIDR 10.0.1.0/25.\nCreated split-ippool-name1-1 with CIDR 10.0.1.128/25.\n"
        "Please refer to the documentation for final steps.\n"))
    for count in ("3", "1", "x"):
        result = ctl.fails("ipam", "split", count, "--name=ippool-name2")
        assert result.err.endswith(f"number to split CIDR into is not a valid power of 2: {count}\n")
