"""Each kind of check, passing and failing: what is told when it fails, and what within, for and never mean."""

import os
import re
import time

import pytest

from catflap_cli import FAILED, OK, TOPOLOGIES, TWO_ROUTER, soon, write

SPEAKERS = ["self", "bird"]


@pytest.fixture(params=SPEAKERS)
def lab(cli, request, tmp_path):
    """Two routers with fast timers."""
    file = write(tmp_path / "lab.yaml", """
        lab: checks
        defaults: { timers: fast }
        nodes:
          r1: { bgp: 65001, announce: [203.0.113.0/24, "fd01::/64"] }
          r2: { bgp: 65002 }
        links:
          - { ends: "r1:eth0 -- r2:eth0", subnet: [192.0.2.0/30, "fd00::/64"] }
        """)
    cli("up", file, "--speaker", request.param, code=OK)
    cli.expect("route: { at: r2, to: 203.0.113.0/24 }", code=OK)
    cli.expect("route: { at: r2, to: 'fd01::/64' }", code=OK)
    cli.speaker = request.param
    return cli


PASSING = [
    "established: r1 ~ r2", "established: all", "established: 'r* ~ r*'", "{ established: r1 ~ r2, family: ipv4 }",
    "{ session: r1 ~ r2, state: Established }", "alive: 'r{1,2}'",
    "route: { at: r2, to: 203.0.113.0/24, via: r1, dev: eth0, proto: bird, metric: 32, as-path: [65001], next-hops: 1 }",
    "route: { at: r2, to: 'fd01::/64', dev: eth0, as-path: [65001] }",
    "route: { at: r2, to: 198.51.100.0/24, absent: true }", "ping: { from: r2, to: 203.0.113.1 }",
    "ping: { from: r2, to: 203.0.113.1, count: 200, loss: 0% }", "ping: { from: r2, to: 'fd01::1' }",
    "ping: { from: r2, to: r1 }", "{ ping: { from: r2, to: 198.51.100.1, blocked: true }, for: 100ms }",
    "{ route: { at: r2, to: 203.0.113.0/24 }, for: 100ms }", "{ route: { at: r2, to: 198.51.100.0/24 }, never: 100ms }",
]

# check: what the explanation must contain
FAILING = {
    "{ session: r1 ~ r2, state: not Established }": ["r1 ~ r2", "Established"],
    "route: { at: r2, to: 203.0.113.0/24, via: 192.0.2.9 }": ["via 192.0.2.9", "192.0.2.1"],
    "route: { at: r2, to: 203.0.113.0/24, dev: eth7 }": ["dev eth7", "eth0"],
    "route: { at: r2, to: 203.0.113.0/24, proto: kernel }": ["proto kernel", "bird"],
    "route: { at: r2, to: 203.0.113.0/24, metric: 7 }": ["metric 7", "32"],
    "route: { at: r2, to: 203.0.113.0/24, as-path: [65001, 65009] }": ["65001 65009", "65001"],
    "route: { at: r2, to: 203.0.113.0/24, absent: true }": ["203.0.113.0/24"],
    "route: { at: r2, to: 198.51.100.0/24 }": ["r2 has no kernel route to 198.51.100.0/24",
                                                "no node of the lab announces 198.51.100.0/24"],
    "ping: { from: r2, to: 198.51.100.1 }": ["198.51.100.1", "unreachable"],
    "ping: { from: r2, to: 203.0.113.1, blocked: true }": ["203.0.113.1"],
}


def test_checks_that_pass(lab):
    for check in PASSING:
        lab.expect(check, code=OK)


def test_checks_that_fail_say_why(lab):
    for check, words in FAILING.items():
        text = lab("expect", check, "--within", "30ms", code=FAILED).out
        for word in words:
            assert word in text, f"{check}: {text}"


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def test_within_for_and_never(lab):
    """eventually: as soon as it is true; for: from now on, all the time; never: at no time."""
    absent = "route: { at: r1, to: 198.51.100.0/24, dev: lo }"
    begun = time.monotonic()
    lab.expect("{ " + absent + ", within: 200ms }", code=FAILED)
    assert 0.2 <= time.monotonic() - begun < 5
    supervisor = lab.supervisor("checks")
    connections = soon(lambda: descriptors(supervisor))
    begun = time.monotonic()
    lab.expect("{ " + absent + ", for: 20s }", code=FAILED)
    assert time.monotonic() - begun < 5, "what does not hold now is decided now"
    waiting = lab.start("expect", "{ " + absent + ", within: 20s }")
    holds = lab.start("expect", "{ route: { at: r1, to: 198.51.100.0/24, absent: true }, for: 20s }")
    never = lab.start("expect", "{ " + absent + ", never: 20s }")
    soon(lambda: descriptors(supervisor) >= connections + 3, 1)  # all three have reached the lab
    assert waiting.poll() is None and holds.poll() is None and never.poll() is None
    begun = time.monotonic()
    lab("do", "exec: { at: r1, run: 'ip route add 198.51.100.0/24 dev lo' }", code=OK)
    for tool, code in [(waiting, OK), (holds, FAILED), (never, FAILED)]:
        tool.communicate(timeout=10)
        assert tool.returncode == code
    assert time.monotonic() - begun < 5, "decided by the event, not by the time"


def test_link_down(lab):
    lab("do", "down: r1:eth0", code=OK)
    lab.expect("{ session: r1 ~ r2, state: not Established }", code=OK)
    text = lab("expect", "established: r1 ~ r2", "--within", "50ms", code=FAILED).out
    assert re.search(r"r1:eth0.*down|link.*down", text), text
    text = lab("expect", "ping: { from: r2, to: 203.0.113.1 }", "--within", "50ms", code=FAILED).out
    assert "203.0.113.1" in text
    lab("do", "up: r1:eth0", code=OK)
    lab.expect("established: r1 ~ r2", code=OK)


def test_speaker_killed(lab):
    lab("do", "kill: r2/speaker", code=OK)
    lab.expect("{ session: r1 ~ r2, state: not Established }", code=OK)
    text = lab("expect", "established: r1 ~ r2", "--within", "200ms", code=FAILED).out
    assert re.search(r"r2.*(SIGKILL|killed|not run)", text), text
    text = lab("expect", "alive: r2", "--within", "50ms", code=FAILED).out
    assert f"r2's speaker ({lab.speaker}) was ended by signal 9" in text, text
    lab("do", "restart: r2/speaker", code=OK)
    lab.expect("established: r1 ~ r2", code=OK)
    lab.expect("route: { at: r2, to: 203.0.113.0/24 }", code=OK)


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_peer_as_mismatch(cli, tmp_path, speaker):
    """The cause, with both places where it is written down."""
    file = write(tmp_path / "lab.yaml", """
        lab: mismatch
        defaults: { timers: fast }
        nodes:
          r1: { bgp: 65001 }
          r2: { bgp: 65002, peers: { r1: { as: 65009 } } }
        links: [r1 -- r2]
        test:
          - { established: r1 ~ r2, within: 3s }
        """)
    told = cli("test", file, "--speaker", speaker, cwd=tmp_path, code=FAILED).out
    assert "Bad peer AS" in told or "Bad Peer AS" in told, told
    assert "r2 expects AS 65009" in told and "65001" in told, told
    assert f"{file}:4" in told and f"{file}:5" in told, told


def test_configured_files_that_disagree(cli, tmp_path):
    """The same with BIRD files of the user."""
    text = {n: (TOPOLOGIES.parent / "bird-configs" / "two-router" / f"{n}.conf").read_text() for n in ["r1", "r2"]}
    write(tmp_path / "bird-configs" / "two-router" / "r1.conf", text["r1"].replace("as 64513", "as 64599"))
    write(tmp_path / "bird-configs" / "two-router" / "r2.conf", text["r2"])
    file = write(tmp_path / "topologies" / "lab.yaml", TWO_ROUTER.read_text())
    cli("up", file, "--no-wait", code=OK)
    told = cli("expect", "established: r1 ~ r2", "--within", "300ms", code=FAILED).out
    assert "Bad peer AS" in told or "Bad Peer AS" in told, told


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_triangle_fails_over_with_a_running_ping(cli, speaker):
    """Probes go on while the link dies; when the other way is there they arrive again."""
    cli("up", TOPOLOGIES / "triangle.yaml", "--speaker", speaker, code=OK)
    ping = "ping: { from: r1, to: 10.2.0.1, source: 10.1.0.1 }"
    cli.expect("route: { at: r2, to: 10.1.0.0/24, via: r1 }", code=OK)
    cli.expect("route: { at: r1, to: 10.2.0.0/24, via: r2 }", code=OK)
    cli.expect(ping, code=OK)
    watch = cli.start("expect", "{ " + ping + ", for: 400ms }")
    watch.communicate(timeout=10)
    assert watch.returncode == OK, "nothing is lost while nothing happens"
    cli("do", "down: r1 -- r2", code=OK)
    cli.expect("{ route: { at: r1, to: 10.2.0.0/24, via: r3 }, within: 5s }", code=OK)
    cli.expect("{ " + ping + ", within: 5s }", code=OK)
    cli("do", "down: r1 -- r3", code=OK)
    cut_off = cli("expect", ping, "--within", "300ms", code=FAILED).out
    assert "10.2.0.1" in cut_off
    cli("do", "{ up: [r1 -- r2, r1 -- r3] }", code=OK)
    cli.expect("established: all", code=OK)
    cli.expect("route: { at: r1, to: 10.2.0.0/24, via: r2 }", code=OK)
    cli.expect(ping, code=OK)
