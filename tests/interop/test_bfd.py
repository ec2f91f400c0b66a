"""BFD with BIRD's: what RFC 5880 to 5883 leave to be agreed upon the wire."""

import re
import signal

import pytest

from catflap_cli import have
from routers import BGPD, BIRD, Router, link, wait_for

pytestmark = pytest.mark.skipif(not have("bird", "birdc", "ip"), reason="BIRD 2 (package bird2) is not installed")

CONFIG = """
router id {id};
protocol device {{ }}
protocol direct {{ ipv4; ipv6; }}
protocol bfd {{ {bfd} }}
protocol bgp peer {{
  local {local} as {own};
  neighbor {remote} as {other};
  connect retry time 1; error wait time 1, 2; connect delay time 1; hold time 240;
  {more}
  ipv4 {{ import all; export all; }};
}}
"""
INTERVALS = "interval 200 ms; multiplier 4;"
CASES = {
    "one hop": dict(ends=("192.0.2.1", "192.0.2.2"), more="bfd on;",
                    bfd='interface "*" { %s };' % INTERVALS),
    "IPv6": dict(ends=("2001:db8::1", "2001:db8::2"), more="bfd on;", bfd='interface "*" { %s };' % INTERVALS),
    "several hops": dict(ends=("192.0.2.1", "192.0.2.2"), more="multihop; bfd on;", bfd="multihop { %s };" % INTERVALS),
    "password": dict(ends=("192.0.2.1", "192.0.2.2"), more="bfd on;",
                     bfd='interface "*" { %s authentication simple; password "secret"; };' % INTERVALS),
}
HANGING = ("one hop", "several hops")
ALONE = """
router id {id};
protocol device {{ }}
protocol bfd {{ interface "*" {{ %s authentication {kind}; password "{password}"; }}; neighbor {remote} dev "{dev}"; }}
""" % INTERVALS


@pytest.fixture
def pair(tmp_path):
    routers = [Router(tmp_path, "ours", BGPD), Router(tmp_path, "bird", BIRD)]
    link(*routers, ["192.0.2.1/24", "2001:db8::1/64"], ["192.0.2.2/24", "2001:db8::2/64"])
    yield routers
    for router in routers:
        router.close()


def bfd_state(router: Router) -> str:
    rows = re.findall(r"^[0-9a-f.:]+ +\S+ +(\S+) ", router.birdc("show bfd sessions"), re.M)
    return rows[0] if rows else ""


@pytest.mark.parametrize("name", CASES)
def test_with_bird(pair, name):
    ours, bird = pair
    case = CASES[name]
    here, there = case["ends"]
    same = dict(bfd=case["bfd"], more=case["more"])
    bird.start(CONFIG.format(id="2.2.2.2", local=there, own=65002, remote=here, other=65001, **same))
    ours.start(CONFIG.format(id="1.1.1.1", local=here, own=65001, remote=there, other=65002, **same))
    wait_for(lambda: ours.established("peer"), "the BGP session")
    wait_for(lambda: bfd_state(bird) == "Up", "BIRD's BFD session")
    interval, timeout = re.search(r" Up +\S+ +([\d.]+) +([\d.]+)", bird.birdc("show bfd sessions")).groups()
    wait_for(lambda: re.search(r" Up +\S+ +0\.200 +0\.800", bird.birdc("show bfd sessions")),
             f"the interval of 200 ms, four times; it was {interval}, {timeout}")
    if name not in HANGING:
        return
    # The other side hangs: BFD notices long before the hold timer of 240 s.
    bird.process.send_signal(signal.SIGSTOP)
    wait_for(lambda: not ours.established("peer"), "our session goes down")
    assert "BFD session down" in ours.birdc("show protocols all peer")
    bird.process.send_signal(signal.SIGCONT)
    wait_for(lambda: ours.established("peer"), "it comes back")
    wait_for(lambda: bfd_state(bird) == "Up", "so does BFD")
    # And the other way round.
    ours.process.send_signal(signal.SIGSTOP)
    wait_for(lambda: "BFD session down" in bird.birdc("show protocols all peer"), "BIRD's session goes down")
    ours.process.send_signal(signal.SIGCONT)
    wait_for(lambda: ours.established("peer") and bfd_state(bird) == "Up", "and comes back")


@pytest.mark.parametrize("kind", ["keyed md5", "meticulous keyed md5", "keyed sha1", "meticulous keyed sha1"])
def test_keys_with_bird(pair, kind):
    ours, bird = pair
    here, there = "192.0.2.1", "192.0.2.2"
    ours.start(ALONE.format(id="1.1.1.1", dev="to-bird", remote=there, kind=kind, password="secret"))
    bird.start(ALONE.format(id="2.2.2.2", dev="to-ours", remote=here, kind=kind, password="secret"))
    for router in pair:
        wait_for(lambda: re.search(r" Up +\S+ +0\.200 +0\.800", router.birdc("show bfd sessions")), f"{kind}: up")
    # Another password: neither takes what the other sends.
    ours.conf.write_text(ALONE.format(id="1.1.1.1", dev="to-bird", remote=there, kind=kind, password="Secret"))
    assert "Reconfigured" in ours.birdc("configure")
    for router in pair:
        wait_for(lambda: bfd_state(router) == "Down", "it goes down")
