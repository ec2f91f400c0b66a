"""Sessions over link-local addresses that carry IPv4, with BIRD and between two of ours (RFC 8950)."""

import pytest

from catflap_cli import have
from routers import BGPD, BIRD, Router, ip, link, wait_for

pytestmark = pytest.mark.skipif(not have("bird", "birdc", "ip", "ping"), reason="BIRD 2 (package bird2) is not installed")

CONFIG = """
router id {id};
protocol device {{ }}
protocol direct {{ ipv4; ipv6; interface "lo"; }}
protocol kernel {{ ipv4 {{ export where source = RTS_BGP; }}; }}
protocol kernel {{ ipv6 {{ export where source = RTS_BGP; }}; }}
protocol bgp peer {{
  local {local} as {own};
  neighbor {remote} as {other};
  interface "cable"; direct;
  connect retry time 1; error wait time 1, 2; connect delay time 1;
  ipv4 {{ import all; export all; extended next hop on; }};
  ipv6 {{ import all; export all; }};
}}
"""


@pytest.mark.parametrize("programs", [(BGPD, BIRD), (BIRD, BGPD), (BGPD, BGPD)], ids=["self-bird", "bird-self", "self-self"])
@pytest.mark.parametrize("by_range", [False, True], ids=["address", "range"])
def test_ipv4_over_link_local(tmp_path, programs, by_range):
    if by_range and programs[0] == BIRD:
        pytest.skip("BIRD needs a router with an address there")
    one, two = Router(tmp_path, "one", programs[0]), Router(tmp_path, "two", programs[1])
    try:
        link(one, two, ["fe80::1/64"], ["fe80::2/64"], "cable", "cable")
        for router, number in [(one, 1), (two, 2)]:
            ip("address", "add", f"10.{number}.0.1/32", "dev", "lo", netns=router.name)
            ip("address", "add", f"fd0{number}::1/128", "dev", "lo", netns=router.name)
        remote = "range fe80::/64" if by_range else "fe80::2"
        one.start(CONFIG.format(id="1.1.1.1", local="fe80::1", own=65001, remote=remote, other=65002))
        two.start(CONFIG.format(id="2.2.2.2", local="fe80::2", own=65002, remote="fe80::1", other=65001))
        wait_for(lambda: two.established("peer"), "the session")
        wait_for(lambda: "10.2.0.1 via inet6 fe80::2 dev cable" in ip("route", netns="one"), "IPv4 on the first")
        wait_for(lambda: "10.1.0.1 via inet6 fe80::1 dev cable" in ip("route", netns="two"), "IPv4 on the second")
        wait_for(lambda: "fd02::1 via fe80::2 dev cable" in ip("-6", "route", netns="one"), "IPv6 on the first")
        one.run("ping", "-c", "1", "-W", "5", "-I", "10.1.0.1", "10.2.0.1")
    finally:
        one.close()
        two.close()
