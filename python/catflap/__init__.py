"""catflap: network labs in tests.

    import catflap as lab
    from catflap import expect, ms, s

    with lab.Lab("two-router.yaml") as net:
        r1, r2 = net.nodes("r1", "r2")
        expect(r1.session(r2)).to_be_established()
        expect(r2.fib).to_have("203.0.113.0/24", via=r1)

Labs need root. In pytest use the marker ``lab`` and the fixtures ``net`` and ``lab_up``.
"""

from ._catflap import CheckResult, Event, Route, SessionEnd, __version__
from .errors import CheckFailed, Error, Place
from .expectations import Reason, expect, verify_soft
from .handles import Fib, Link, Node, Output, Rib, Session, Sessions
from .labs import Lab
from .topology import Router, Topology, chain, clos, full_mesh, load, loads, ring, star
from .units import ms, s

__all__ = [
    "CheckFailed",
    "CheckResult",
    "Error",
    "Event",
    "Fib",
    "Lab",
    "Link",
    "Node",
    "Output",
    "Place",
    "Reason",
    "Rib",
    "Route",
    "Router",
    "Session",
    "SessionEnd",
    "Sessions",
    "Topology",
    "__version__",
    "chain",
    "clos",
    "expect",
    "full_mesh",
    "load",
    "loads",
    "ms",
    "ring",
    "s",
    "star",
    "verify_soft",
]
