"""calicoctl and kubectl inside of a running lab."""

import re

from catflap_cli import TWO_ROUTER, soon


def test_commands_act_on_the_store_of_the_lab(cli):
    with cli.lab(TWO_ROUTER):
        node = "apiVersion: projectcalico.org/v3\nkind: Node\nmetadata: { name: n1 }\n" \
               "spec: { bgp: { ipv4Address: 10.0.0.1/24 } }\n"
        assert cli("ctl", "--", "apply", "-f", "-", input=node, code=0).out == \
            "Successfully applied 1 'Node' resource(s)\n"
        assert cli("kubectl", "label", "node", "n1", "rack=one", code=0).out == "node/n1 labeled\n"
        wide = cli("ctl", "get", "nodes", "-o", "wide", code=0).out
        assert "n1     (64512)   10.0.0.1/24" in wide
        assert cli("ctl", "two-router", "--", "get", "nodes", "-o", "wide", code=0).out == wide
        assert cli("--lab", "two-router", "ctl", "get", "nodes", "-o", "wide", code=0).out == wide
        assert cli.exec("r1", "calicoctl", "get", "nodes", "-o", "wide").out == wide
        assert "  calicoctl get " in cli("ctl", "get", "--help", code=0).out
        assert cli("ctl", "get", "nothing").code == 1
    refused = cli("ctl", "get", "nodes")
    assert refused.code == 3 and "no lab is up" in refused.err
    assert cli.labs() == [], "the store goes with the lab"


def test_status_of_a_node_is_that_of_its_speaker(cli, tmp_path):
    """The names that Calico gives to protocols, in a lab of two routers."""
    for name, address, other in (("r1", "10.0.0.1", "10.0.0.2"), ("r2", "10.0.0.2", "10.0.0.1")):
        (tmp_path / f"{name}.conf").write_text(f"""
            router id {address};
            protocol device {{}}
            protocol bgp Mesh_{other.replace('.', '_')} {{
              local {address} as 64512;
              neighbor {other} as 64512;
              ipv4 {{ import all; export all; }};
            }}
            """)
    (tmp_path / "lab.yaml").write_text("""
        lab: mesh
        nodes:
          r1: { config: r1.conf }
          r2: { config: r2.conf }
        links:
          - { ends: [r1, r2], addresses: [10.0.0.1/24, 10.0.0.2/24] }
        """)
    with cli.lab(tmp_path / "lab.yaml"):
        row = re.compile(r"\| 10\.0\.0\.2     \| node-to-node mesh \| up    \| [0-9:.-]+ +\| Established \|\n")
        assert soon(lambda: row.search(cli.exec("r1", "calicoctl", "node", "status").out))
        text = cli.exec("r1", "calicoctl", "node", "status").out
        assert text.startswith("Calico process is running.\n\nIPv4 BGP status\n+-")
        assert text.endswith("\nIPv6 BGP status\nNo IPv6 peers found.\n\n")
