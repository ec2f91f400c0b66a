"""Three routers from a topology file: a link fails, and traffic takes the other way.

    sudo PYTHONPATH=build/dev/python python3 -m pytest python/examples/triangle_test.py
    ... --lab-speaker=bird        the same with BIRD
"""

import pytest
from catflap import expect, ms

pytestmark = pytest.mark.lab("../../topologies/triangle.yaml")


def test_traffic_takes_the_direct_link(net):
    r1, r2 = net.nodes("r1", "r2")
    expect(net.sessions).to_be_established()
    expect(r1.fib).to_have("10.2.0.0/24", via=r2, dev="to-r2").as_path(65002)
    expect(r1.fib).to_have("fd01:2::/64", dev="to-r2")
    expect(r1).to_ping("10.2.0.1", source="10.1.0.1")


def test_a_link_fails(net):
    r1, r2, r3 = net.nodes("r1", "r2", "r3")
    expect(net.sessions).to_be_established()
    net.down("r1 -- r2")
    expect(r1.session(r2)).to_leave_established()
    expect(r1.fib).to_have("10.2.0.0/24", via=r3, dev="to-r3").as_path(65003, 65002)
    expect(r2.fib).to_have("10.1.0.0/24", via=r3)
    expect(r1).to_ping("10.2.0.1", source="10.1.0.1")

    net.up("r1 -- r2")
    expect(r1.fib).to_have("10.2.0.0/24", via=r2).as_path(65002).stays(200 * ms)


def test_a_router_dies(net):
    """The lab is that of the tests before; it was reset, so that every link is up again."""
    r1, r2, r3 = net.nodes("r1", "r2", "r3")
    expect(net.sessions).to_be_established()
    r3.kill()
    expect(r1.fib).to_lack("10.3.0.0/24")
    expect(r1).to_ping("10.2.0.1", source="10.1.0.1")
    expect(r1.session(r2)).now().to_be_established()
