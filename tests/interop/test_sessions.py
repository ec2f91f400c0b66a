"""Sessions between our speaker and BIRD: what BGP can be told to do, on either side."""

import re

import pytest

from catflap_cli import OK, have, soon, write

pytestmark = pytest.mark.skipif(not have("bird"), reason="BIRD 2 (package bird2) is not installed")

PAIRS = [("self", "bird"), ("bird", "self"), ("self", "self")]


def lab_file(tmp_path, r1="bgp: 65001", r2="bgp: 65002", link="subnet: 192.0.2.0/30", defaults="timers: fast"):
    return write(tmp_path / "lab.yaml", f"""
        lab: interop
        defaults: {{ {defaults} }}
        nodes:
          r1: {{ {r1}, announce: [203.0.113.0/24] }}
          r2: {{ {r2}, announce: [198.51.100.0/24] }}
        links:
          - {{ ends: "r1:eth0 -- r2:eth0", {link} }}
        """)


def up(cli, file, pair, *more, code=OK):
    return cli("up", file, "--speaker", f"r1={pair[0]}", "--speaker", f"r2={pair[1]}", *more, code=code)


def both_ways(cli):
    cli.expect("established: r1 ~ r2", code=OK)
    cli.expect("route: { at: r1, to: 198.51.100.0/24, via: r2 }", code=OK)
    cli.expect("route: { at: r2, to: 203.0.113.0/24, via: r1 }", code=OK)
    cli.expect("ping: { from: r1, to: 198.51.100.1, source: 203.0.113.1 }", code=OK)


CASES = {
    "plain": {},
    "iBGP": {"r2": "bgp: 65001"},
    "4-octet AS": {"r1": "bgp: 4200000001", "r2": "bgp: 4200000002"},
    "4-octet and 2-octet AS": {"r1": "bgp: 4200000001"},
    "MD5": {"r1": "bgp: 65001, peers: { r2: { password: secret } }",
            "r2": "bgp: 65002, peers: { r1: { password: secret } }"},
    "r1 passive": {"r1": "bgp: 65001, peers: { r2: { passive: true } }"},
    "r2 passive": {"r2": "bgp: 65002, peers: { r1: { passive: true } }"},
}


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
@pytest.mark.parametrize("name", CASES)
def test_comes_up(cli, tmp_path, pair, name):
    up(cli, lab_file(tmp_path, **CASES[name]), pair)
    both_ways(cli)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_ipv6_session(cli, tmp_path, pair):
    file = write(tmp_path / "lab.yaml", """
        lab: six
        defaults: { timers: fast }
        nodes:
          r1: { bgp: 65001, announce: ["fd01::/64"] }
          r2: { bgp: 65002, announce: ["fd02::/64"] }
        links:
          - { ends: "r1:eth0 -- r2:eth0", subnet: "fd00::/64" }
        """)
    up(cli, file, pair)
    cli.expect("{ established: r1 ~ r2, family: ipv6 }", code=OK)
    cli.expect("route: { at: r1, to: 'fd02::/64', dev: eth0, as-path: [65002], proto: bird }", code=OK)
    cli.expect("route: { at: r2, to: 'fd01::/64', dev: eth0, as-path: [65001], proto: bird }", code=OK)
    cli.expect("ping: { from: r1, to: 'fd02::1', source: 'fd01::1' }", code=OK)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_wrong_md5_password(cli, tmp_path, pair):
    file = lab_file(tmp_path, r1="bgp: 65001, peers: { r2: { password: secret } }",
                    r2="bgp: 65002, peers: { r1: { password: wrong } }")
    up(cli, file, pair, "--no-wait")
    cli.expect("{ established: r1 ~ r2, never: 1500ms }", code=OK)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_hold_timer(cli, tmp_path, pair):
    """The neighbour hangs: after the hold time of 3 s the session is down and its routes are gone."""
    up(cli, lab_file(tmp_path), pair)
    both_ways(cli)
    cli("do", "pause: r2/speaker", code=OK)
    cli.expect("{ route: { at: r1, to: 198.51.100.0/24, absent: true }, within: 6s }", code=OK)
    assert soon(lambda: "old timer" in cli.birdc("r1", "show", "protocols", "all").out)
    cli("do", "resume: r2/speaker", code=OK)
    both_ways(cli)
    if pair[0] == "self":  # BIRD does not count them
        assert next(s["flaps"] for s in cli.status()["sessions"] if s["node"] == "r1") >= 1


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_shutdown_in_good_order(cli, tmp_path, pair):
    """SIGTERM: the neighbour is told with a NOTIFICATION, and loses the routes at once."""
    up(cli, lab_file(tmp_path, defaults="timers: normal"), pair)
    both_ways(cli)
    cli("do", "stop: r2/speaker", code=OK)
    cli.expect("{ route: { at: r1, to: 198.51.100.0/24, absent: true }, within: 2s }", code=OK)
    text = soon(lambda: re.search(r"Last error: .*", cli.birdc("r1", "show", "protocols", "all").out))
    assert text and "dministrative shutdown" in text.group(0), text


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_shutdown_text(cli, tmp_path, pair):
    """RFC 9003: why an operator disables a session arrives on the other side, in the words typed."""
    up(cli, lab_file(tmp_path), pair)
    both_ways(cli)
    name = next(s["protocol"] for s in cli.status()["sessions"] if s["node"] == "r2")
    assert f"{name}: disabled" in cli.birdc("r2", "disable", name, '"tomorrow again, Jürgen"').out
    assert soon(lambda: "tomorrow again, Jürgen" in cli.birdc("r1", "show", "protocols", "all").out)
    cli.birdc("r2", "enable", name)
    both_ways(cli)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_killed_and_started_again(cli, tmp_path, pair):
    up(cli, lab_file(tmp_path), pair)
    for _ in range(2):
        both_ways(cli)
        cli("do", "kill: r2/speaker", code=OK)
        cli.expect("{ route: { at: r1, to: 198.51.100.0/24, absent: true }, within: 6s }", code=OK)
        cli("do", "restart: r2/speaker", code=OK)
    both_ways(cli)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_link_down_and_up_again_and_again(cli, tmp_path, pair):
    up(cli, lab_file(tmp_path), pair)
    for _ in range(3):
        both_ways(cli)
        cli("do", "down: r1 -- r2", code=OK)
        cli.expect("{ session: r1 ~ r2, state: not Established, within: 6s }", code=OK)
        cli.expect("{ route: { at: r1, to: 198.51.100.0/24, absent: true }, within: 6s }", code=OK)
        cli("do", "up: r1 -- r2", code=OK)
    both_ways(cli)
