"""catflap bgp: what our speaker tells beyond birdc, and what it can learn from BIRD."""

import json
import re
import select
import subprocess

import pytest

from catflap_cli import BAD_INPUT, BIN, OK, Cli, have, soon, write

LAB = """
    lab: client
    defaults: { timers: fast }
    nodes:
      r1: { bgp: 65001, announce: [203.0.113.0/24] }
      r2: { bgp: 65002, announce: [198.51.100.0/24] }
      r3: { bgp: 65003, announce: [192.0.2.0/24], speaker: bird }
    links:
      - { ends: "r1:eth0 -- r2:eth0", subnet: 10.0.12.0/30 }
      - { ends: "r1:eth1 -- r3:eth0", subnet: 10.0.13.0/30 }
      - { ends: "r2:eth1 -- r3:eth1", subnet: 10.0.23.0/30 }
    """


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    if not have("bird"):
        pytest.skip("BIRD 2 (package bird2) is not installed")
    folder = tmp_path_factory.mktemp("client")
    tool = Cli(folder / "run")
    tool.run_dir.mkdir()
    tool("up", write(folder / "lab.yaml", LAB), code=OK)
    for node in ["r2", "r3"]:
        tool.expect(f"route: {{ at: r1, to: {'198.51.100.0/24' if node == 'r2' else '192.0.2.0/24'}, via: {node} }}", code=OK)
    tool.expect("route: { at: r2, to: 192.0.2.0/24, via: r3 }", code=OK)
    yield tool
    tool("down", "--all", code=OK)


def peer_of(lab, node: str, asn: int) -> str:
    return next(p["name"] for p in lab.json("bgp", node, "peers")["peers"] if p["session"]["peer_as"] == asn)


def test_explain(lab):
    peer = peer_of(lab, "r1", 65002)
    assert soon(lambda: len(lab.json("bgp", "r1", "explain", "198.51.100.7")["explain"][0]["candidates"]) == 2)
    view = lab.json("bgp", "r1", "explain", "198.51.100.7")["explain"][0]
    assert view["prefix"] == "198.51.100.0/24"
    best, other = view["candidates"]
    assert best["route"]["protocol"] == peer and best["lost_at"] == ""
    assert "AS path" in other["why"]
    assert best["import"]["accepted"]
    told = {e["protocol"]: e for e in view["exports"]}
    assert told[peer]["verdict"] == "refused" and "split horizon" in told[peer]["why"]
    to_r3 = told[peer_of(lab, "r1", 65003)]
    assert to_r3["verdict"] == "told" and to_r3["sent"]["bgp"]["as_path"] == [{"sequence": [65001, 65002]}]
    text = lab("bgp", "r1", "explain", "198.51.100.7", code=OK).out
    assert f"  * {peer}" in text and "lost at" in text and "told to" in text
    assert lab.json("bgp", "r1", "explain", "198.51.100.7", "--exact")["explain"][0]["candidates"] == []


def test_routes_received_advertised(lab):
    peer = peer_of(lab, "r1", 65002)
    routes = lab.json("bgp", "r1", "routes", "--protocol", peer, "--primary")["routes"]
    assert "198.51.100.0/24" in [r["prefix"] for r in routes] and all(r["protocol"] == peer for r in routes)
    assert [r["prefix"] for r in lab.json("bgp", "r1", "routes", "203.0.113.9", "--primary")["routes"]] == \
        ["203.0.113.0/24"]
    only = lab.json("bgp", "r1", "routes", "--where", "net = 192.0.2.0/24", "--primary")["routes"]
    assert [r["prefix"] for r in only] == ["192.0.2.0/24"]
    assert "198.51.100.0/24" in [r["prefix"] for r in lab.json("bgp", "r1", "received", peer)["routes"]]
    assert [r["prefix"] for r in lab.json("bgp", "r1", "received", peer, "198.51.100.0/24")["routes"]] == \
        ["198.51.100.0/24"]
    sent = lab.json("bgp", "r1", "advertised", peer, "203.0.113.0/24")["routes"]
    assert [(r["prefix"], r["bgp"]["as_path"]) for r in sent] == [("203.0.113.0/24", [{"sequence": [65001]}])]
    assert "203.0.113.0/24" in lab("bgp", "r1", "advertised", peer, code=OK).out


def test_peers_why(lab):
    tool = lab
    peer = peer_of(tool, "r1", 65002)
    assert "Established" in tool("bgp", "r1", "peers", code=OK).out
    tool.birdc("r2", "disable", peer_of(tool, "r2", 65001), '"new cables"')
    try:
        assert soon(lambda: "new cables" in tool("bgp", "r1", "peers", "--why").out)
        down = next(p for p in tool.json("bgp", "r1", "peers", "--why")["peers"] if p["name"] == peer)
        assert any("from the peer" in line and "6/2" in line for line in down["why"]), down
        assert any("on purpose" in line for line in down["advice"]), down
    finally:
        tool.birdc("r2", "enable", peer_of(tool, "r2", 65001))
        tool.expect("established: r1 ~ r2", code=OK)


def test_hits(lab):
    """What r1's filters do: of a plain router nothing, then a filter that both of its peers share."""
    assert "no protocol has a filter" in lab("bgp", "r1", "hits", code=OK).out
    config = next(lab.run_dir.glob("**/nodes/r1/bird.conf"))
    plain = config.read_text()
    mine = "filter of_peers {\n  if net = 198.51.100.0/24 then accept;\n  reject;\n}\n"
    try:
        config.write_text(plain.replace("protocol device", mine + "protocol device", 1)
                          .replace("import all;\n    export all;", "import filter of_peers;\n    export all;"))
        assert "Reconfigured" in lab.birdc("r1", "configure").out
        assert soon(lambda: lab.json("bgp", "r1", "hits")["hits"][0]["rejected"] >= 2)
        shared, = lab.json("bgp", "r1", "hits")["hits"]
        assert shared["filter"] == "of_peers" and not shared["exports"] and len(shared["protocols"]) == 2, shared
        choose, accept, reject = shared["lines"]
        assert choose["text"].startswith("if net = 198.51.100.0/24") and re.search(r"bird.conf:\d+:3$", choose["where"])
        assert choose["taken"] == accept["reached"] == shared["accepted"] == 2, shared
        assert choose["reached"] - choose["taken"] == reject["reached"] == shared["rejected"], shared
        peer = peer_of(lab, "r1", 65002)
        text = lab("bgp", "r1", "hits", peer, code=OK).out
        assert f"import of_peers of {peer}: " in text and "1 accepted" in text and f"export ACCEPT of {peer}: " in text
    finally:
        config.write_text(plain)
        lab.birdc("r1", "configure")


def test_malformed(lab):
    peer = peer_of(lab, "r1", 65002)
    view = lab.json("bgp", "r1", "malformed", peer)["malformed"]
    assert [v["protocol"] for v in view] == [peer]
    assert f"{peer} (" in lab("bgp", "r1", "malformed", code=OK).out


def test_watch(lab):
    with lab.start("--json", "bgp", "r1", "watch", "--sessions", "--count", "1") as watching:
        try:
            assert select.select([watching.stdout], [], [], 20)[0]
            assert json.loads(watching.stdout.readline())["type"] == "synced"
            lab.birdc("r1", "disable", peer_of(lab, "r1", 65003))
            assert select.select([watching.stdout], [], [], 20)[0]
            assert json.loads(watching.stdout.readline())["type"] in ["protocol", "note"]
            assert watching.wait(20) == OK
        finally:
            watching.kill()
            lab.birdc("r1", "enable", peer_of(lab, "r1", 65003))
            lab.expect("established: r1 ~ r3", code=OK)


def test_nodes_with_bird(lab):
    peer = peer_of(lab, "r3", 65001)
    assert "203.0.113.0/24" in [r["prefix"] for r in lab.json("bgp", "r3", "routes", "--primary")["routes"]]
    assert "192.0.2.0/24" in [r["prefix"] for r in lab.json("bgp", "r3", "advertised", peer)["routes"]]
    for words in [["explain", "10.0.0.1"], ["hits"], ["malformed"], ["watch"], ["received", peer]]:
        told = lab("bgp", "r3", *words, code=BAD_INPUT)
        assert "runs BIRD" in told.err and "--speaker r3=self" in told.err


@pytest.mark.parametrize("words, text", [
    (["r1"], "is none of explain"), (["r1", "frobnicate"], "is none of explain"),
    (["r1", "explain"], "takes 1 to 1 arguments"), (["r1", "explain", "ten"], "is no prefix"),
    (["r9", "peers"], "no node r9"), (["r1", "received", "nobody"], "nobody"), (["r1", "malformed", "nobody"], "nobody"),
    (["r1", "hits", "nobody"], "nobody"),
    (["r1", "routes", "--where", "1 +"], "where"), (["r1", "routes", "--table", "nonesuch"], "nonesuch"),
    (["--socket", "/nonesuch/events.sock", "peers"], "/nonesuch/events.sock")])
def test_mistakes(lab, words, text):
    told = lab("bgp", *words)
    assert told.code != OK and text in told.err, str(told)


CALICO_HEADER = ["name", "proto", "table", "state", "since", "info"]


def calico_peers(reply: str, family: int):
    """What calicoctl node status makes of `show protocols`: strict about the heading, as it is."""
    lines = reply.splitlines()
    assert re.match(r"0001 BIRD v?\d", lines[0]), lines[0]
    assert lines[1][:5] == "2002-" and lines[1][5:].split() == CALICO_HEADER, "unknown BIRD table output format"
    peers = []
    for line in lines[2:]:
        if line.startswith("0000"):
            return peers
        assert line.startswith(("1002-", " ")), line
        columns = line[5:].split() if line.startswith("1002-") else line[1:].split()
        if columns[1] != "BGP":
            continue
        match = re.match(r"(Global|Node|Mesh)_(.+)$", columns[0])
        assert len(columns) >= 6 and match, line
        peers.append((match.group(1), match.group(2).replace("_", "." if family == 4 else ":"), columns[3], columns[5]))
    raise AssertionError("no end")


def test_sockets_for_calicos_tools(tmp_path):
    """One speaker, two sockets in the format of 1.6, one for each family."""
    from birdc_control import Control  # noqa: PLC0415
    conf = write(tmp_path / "bird.conf", """
        router id 10.0.0.1;
        protocol device {}
        protocol static s4 { ipv4; route 10.1.0.0/24 blackhole; }
        protocol static s6 { ipv6; route fd01::/64 blackhole; }
        template bgp t { local as 64512; multihop; connect delay time 1000; }
        protocol bgp Mesh_10_0_0_2 from t { neighbor 10.0.0.2 as 64512; ipv4 { import all; }; }
        protocol bgp Mesh_fd00__2 from t { neighbor fd00::2 as 64512; ipv6 { import all; }; }
        """)
    daemon = subprocess.Popen([BIN / "catflap-bgpd", "-f", "-c", conf, "-s", tmp_path / "main.ctl", "--bird1-sockets",
                               tmp_path], stdin=subprocess.DEVNULL)
    try:
        assert soon((tmp_path / "bird6.ctl").exists)
        for name, family, peer, route in [("bird.ctl", 4, "10.0.0.2", "10.1.0.0/24"), ("bird6.ctl", 6, "fd00::2", "fd01::/64")]:
            with Control(tmp_path / name) as control:
                replies = control.welcome + "\n" + control.ask("show protocols")
                assert [p[:2] for p in calico_peers(replies, family)] == [("Mesh", peer)]
                status = control.ask("show status").splitlines()
                assert {line[:4] for line in status if line[:4].isdigit()} == {"1000", "1011", "0013"}
                assert not any("Hostname" in line for line in status)
                shown = control.ask("show route")
                assert re.match(rf"1007-{re.escape(route)} +blackhole \[s{family} .*\] \* \(200\)\n0000 $", shown), shown
                assert control.ask("show route 9.9.9.9").startswith("8001 " if family == 4 else "9001 ")
        with Control(tmp_path / "main.ctl") as control:
            assert control.ask("show protocols").startswith("2002-Name ")
    finally:
        daemon.terminate()
        daemon.wait(10)
