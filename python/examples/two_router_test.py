"""Two routers, built in Python, with our speaker and with BIRD.

    sudo PYTHONPATH=build/dev/python python3 -m pytest python/examples/two_router_test.py
"""

import catflap as lab
import pytest
from catflap import expect, s


@pytest.mark.parametrize("speaker", ["self", "bird"])
def test_two_routers(lab_up, speaker):
    topology = lab.Topology("two-router")
    r1 = topology.router("r1", asn=65001, announce=["203.0.113.0/24"])
    r2 = topology.router("r2", asn=65002, speaker=speaker)
    wire = topology.link(r1, r2)
    with lab_up(topology):
        expect(r1.session(r2)).to_be_established()
        expect(r2.fib).to_have("203.0.113.0/24", via=r1).dev("eth0")
        expect(r2.rib).to_have("203.0.113.0/24").from_peer(r1).as_path(65001)
        expect(r2).to_ping("203.0.113.1")

        wire.down()
        expect(r1.session(r2)).to_leave_established()
        expect(r2.fib).to_lack("203.0.113.0/24")
        wire.up()
        expect(r2.fib).to_have("203.0.113.0/24", via=r1)

        r1.pause()  # the speaker hangs: only the hold timer can tell
        expect(r2.session(r1)).to_leave_established(reason=lab.Reason.HOLD_TIMER, within=6 * s)
        r1.resume()
        expect(r1.session(r2)).to_be_established()
