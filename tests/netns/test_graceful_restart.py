"""A speaker that is killed and started again under traffic: nobody notices (RFC 4724, both sides)."""

import re
import signal
import subprocess

import pytest

from catflap_cli import have
from routers import Router, ip, link, wait_for

pytestmark = pytest.mark.skipif(not have("birdc", "ping", "ip"), reason="needs birdc, ping and ip")

COMMON = """
protocol device {{ }}
protocol kernel {{ ipv4 {{ export where source != RTS_DEVICE; }}; persist; graceful restart; }}
protocol direct {{ ipv4; interface "lo"; }}
graceful restart wait 20;
router id {id};
"""
PEER = """
protocol bgp {name} {{
  local {local} as {own};
  neighbor {remote} as {other};
  connect retry time 1; error wait time 1, 2; hold time 30;
  graceful restart on; graceful restart time 60;
  ipv4 {{ import all; export where net ~ [ 10.0.0.0/8+ ]; next hop self; }};
}}
"""


@pytest.fixture
def chain(tmp_path):
    """left - middle - right, each with its own AS; left has 10.1.0.1 and right 10.3.0.1 on lo."""
    routers = [Router(tmp_path, name) for name in ["left", "middle", "right"]]
    left, middle, right = routers
    link(left, middle, ["192.0.2.1/30"], ["192.0.2.2/30"])
    link(middle, right, ["192.0.2.5/30"], ["192.0.2.6/30"])
    ip("address", "add", "10.1.0.1/32", "dev", "lo", netns="left")
    ip("address", "add", "10.3.0.1/32", "dev", "lo", netns="right")
    middle.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    yield routers
    for router in routers:
        router.close()


def config(number: int, *peers: dict) -> str:
    return COMMON.format(id=f"10.0.0.{number}") + "".join(PEER.format(**peer) for peer in peers)


def test_killed_under_traffic(chain):
    left, middle, right = chain
    left.start(config(1, dict(name="m", local="192.0.2.1", own=65001, remote="192.0.2.2", other=65002)))
    right.start(config(3, dict(name="m", local="192.0.2.6", own=65003, remote="192.0.2.5", other=65002)))
    middle.start(config(2, dict(name="l", local="192.0.2.2", own=65002, remote="192.0.2.1", other=65001),
                        dict(name="r", local="192.0.2.5", own=65002, remote="192.0.2.6", other=65003)))
    wait_for(lambda: "10.3.0.1" in ip("route", "show", "proto", "bird", netns="left"), "left knows the way")
    wait_for(lambda: "10.1.0.1" in ip("route", "show", "proto", "bird", netns="right"), "right knows the way")

    monitors = [router.popen("ip", "-4", "monitor", "route", stdout=subprocess.PIPE, text=True) for router in chain]
    ping = left.popen("ping", "-n", "-i", "0.02", "-I", "10.1.0.1", "10.3.0.1", stdout=subprocess.PIPE, text=True)
    try:
        for _ in range(2):
            middle.kill()
            wait_for(lambda: "Neighbor graceful restart active" in left.birdc("show protocols all m"),
                     "left helps")
            middle.start(None, "-R")
            wait_for(lambda: left.established("m") and right.established("m"), "the sessions are back")
            wait_for(lambda: "recovery in progress" not in middle.birdc("show status"), "the recovery ends")
            wait_for(lambda: re.search(r"Routes: +1 imported", left.birdc("show protocols all m")),
                     "left has the route again")
            wait_for(lambda: "10.1.0.1" in middle.birdc("show route") and "10.3.0.1" in middle.birdc("show route"),
                     "the middle has both routes again")
    finally:
        ping.send_signal(signal.SIGINT)
        statistics = ping.communicate(timeout=30)[0].splitlines()[-3:]
        for monitor in monitors:
            monitor.terminate()
    sent, received = map(int, re.search(r"(\d+) packets transmitted, (\d+) received", "\n".join(statistics)).groups())
    assert sent - received <= 1, statistics  # the last one may still be on its way
    assert " 0% packet loss" in "\n".join(statistics) or sent - received == 1, statistics
    for router, monitor in zip(chain, monitors):
        assert monitor.communicate(timeout=30)[0] == "", f"{router.name}: routes changed"


def test_without_restart_the_route_goes(chain):
    """The same without -R and without graceful restart on the left: the helper is what keeps the way open."""
    left, middle, _ = chain
    left.start(config(1, dict(name="m", local="192.0.2.1", own=65001, remote="192.0.2.2", other=65002))
               .replace("graceful restart on;", "graceful restart off;"))
    middle.start(config(2, dict(name="l", local="192.0.2.2", own=65002, remote="192.0.2.1", other=65001))
                 .replace('interface "lo"', 'interface "to-right"').replace("10.0.0.0/8+", "0.0.0.0/0+"))
    wait_for(lambda: "192.0.2.4/30" in ip("route", "show", "proto", "bird", netns="left"), "left knows the way")
    middle.kill()
    wait_for(lambda: "192.0.2.4/30" not in ip("route", "show", "proto", "bird", netns="left"), "the route goes")
