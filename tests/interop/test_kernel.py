"""What speakers put into kernels, and what they take out again: many routes, lost ones, foreign ones."""

import json

import pytest

from catflap_cli import OK, have, soon, write

pytestmark = pytest.mark.skipif(not have("bird"), reason="BIRD 2 (package bird2) is not installed")

PAIRS = [("self", "bird"), ("bird", "self"), ("self", "self")]
MANY = 2000


def conf(me, peer, own_as, peer_as, routes):
    text = "\n".join(f"  route {route} blackhole;" for route in routes)
    return f"""
router id {me};
protocol device {{ scan time 1; }}
protocol kernel {{ ipv4 {{ import none; export where source = RTS_BGP; }}; scan time 1; }}
protocol static many {{
  ipv4;
{text}
}}
protocol bgp peer {{
  local {me} as {own_as};
  neighbor {peer} as {peer_as};
  connect delay time 1;
  ipv4 {{ import all; export all; }};
}}
"""


def block(first):
    return [f"{first}.{i // 256}.{i % 256}.0/24" for i in range(MANY)]


@pytest.fixture(params=PAIRS, ids="-".join)
def lab(cli, request, tmp_path):
    """Both announce MANY routes."""
    (tmp_path / "r1.conf").write_text(conf("192.0.2.1", "192.0.2.2", 65001, 65002, block(20)))
    (tmp_path / "r2.conf").write_text(conf("192.0.2.2", "192.0.2.1", 65002, 65001, block(30)))
    file = write(tmp_path / "lab.yaml", """
        lab: many-routes
        nodes:
          r1: { config: r1.conf }
          r2: { config: r2.conf }
        links:
          - { ends: "r1:eth0 -- r2:eth0", addresses: [192.0.2.1/30, 192.0.2.2/30] }
        """)
    cli("up", file, "--speaker", f"r1={request.param[0]}", "--speaker", f"r2={request.param[1]}", "--no-wait", code=OK)
    cli.expect("{ established: r1 ~ r2, within: 20s }", code=OK)
    cli.pair = request.param
    return cli


def kernel(tool, node):
    """Destinations of the routes that a speaker has put there."""
    return {route["dst"] for route in json.loads(
        tool.exec(node, "ip", "-j", "route", "show", "proto", "bird", code=OK).out or "[]")}


def test_many_routes_each_way(lab):
    assert soon(lambda: kernel(lab, "r1") == set(block(30)), 20)
    assert soon(lambda: kernel(lab, "r2") == set(block(20)), 20)
    route = json.loads(lab.exec("r1", "ip", "-j", "route", "get", "30.0.7.1", code=OK).out)[0]
    assert (route["gateway"], route["dev"]) == ("192.0.2.2", "eth0")
    # The neighbour dies: everything learnt from it goes, in one go.
    lab("do", "stop: r2/speaker", code=OK)
    assert soon(lambda: not kernel(lab, "r1"), 20)
    # What the speaker that ended had put into its own kernel it took away with it.
    assert soon(lambda: not kernel(lab, "r2"), 20)
    lab("do", "restart: r2/speaker", code=OK)
    assert soon(lambda: kernel(lab, "r1") == set(block(30)), 30)


def test_routes_deleted_behind_the_back_come_back(lab):
    assert soon(lambda: kernel(lab, "r1") == set(block(30)), 20)
    lab.exec("r1", "ip", "route", "del", "30.0.0.0/24", code=OK)
    lab.exec("r1", "ip", "route", "del", "30.0.1.0/24", code=OK)
    lab.expect("{ route: { at: r1, to: 30.0.0.0/24, via: 192.0.2.2 }, within: 5s }", code=OK)
    lab.expect("{ route: { at: r1, to: 30.0.1.0/24, via: 192.0.2.2 }, within: 5s }", code=OK)
    # All at once.
    lab.exec("r1", "ip", "route", "flush", "proto", "bird", code=OK)
    assert soon(lambda: kernel(lab, "r1") == set(block(30)), 20)


def test_foreign_routes_stay(lab):
    """Of the administrator, in the same table, even with the same destination."""
    assert soon(lambda: len(kernel(lab, "r1")) == MANY, 20)
    lab.exec("r1", "ip", "route", "add", "30.0.5.0/24", "via", "192.0.2.2", "metric", "5", "proto", "static", code=OK)
    lab.exec("r1", "ip", "route", "add", "172.31.0.0/16", "via", "192.0.2.2", code=OK)
    lab("do", "stop: r2/speaker", code=OK)
    assert soon(lambda: not kernel(lab, "r1"), 20)
    lab("do", "stop: r1/speaker", code=OK)
    left = lab.exec("r1", "ip", "route", code=OK).out
    assert "30.0.5.0/24 via 192.0.2.2 dev eth0 proto static metric 5" in left
    assert "172.31.0.0/16 via 192.0.2.2 dev eth0" in left
