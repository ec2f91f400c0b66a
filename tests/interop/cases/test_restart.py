"""Graceful restart (RFC 4724) in both roles: each side is killed with SIGKILL and started again."""

import pytest

from bench import plain
from model import Route

FAMILIES = ("ipv4", "ipv6")
GONE = {"s": {"ipv4": "10.1.9.0/24", "ipv6": "fd01:9::/48"}, "p": {"ipv4": "10.2.9.0/24", "ipv6": "fd02:9::/48"}}


def start(lab, families=FAMILIES):
    """Each announces a route that stays and one that is gone after the restart."""
    lab.start(*(lab.router(name, other, [Route(prefix) for family in families
                                         for prefix in (plain(name, family), GONE[name][family])],
                           families, graceful_restart=30) for name, other in (("s", "p"), ("p", "s"))))
    for family in families:
        for at, source in (("s", "p"), ("p", "s")):
            lab.has(at, plain(source, family), f"{source}{family[-1]}")
            lab.has(at, GONE[source][family], f"{source}{family[-1]}")


def shrunk(router):
    """The router without the routes that are gone."""
    return router.but(announce=tuple(r for r in router.announce if r.prefix not in GONE[router.name].values()))


def test_peer_restarts(bench):
    """Graceful restart: the peer is killed, we keep its routes, then sweep what it no longer has"""
    lab = bench()
    start(lab)
    if lab.p.restarts:
        lab.p.cannot(f"restart gracefully: {lab.p.restarts}")
    kept = watch(lab, "s", [plain("p", family) for family in FAMILIES])
    lab.p.kill()
    for family in FAMILIES:
        lab.down("s", f"p{family[-1]}")
        assert lab.s.paths(plain("p", family)) and lab.s.paths(GONE["p"][family]), "routes of a peer that restarts"
        assert lab.kernel("s", plain("p", family))
        assert lab.s.stale(lab.routers["s"].neighbor(f"p{family[-1]}"))
    lab.routers["p"] = shrunk(lab.routers["p"])
    lab.p.start(lab.routers["p"], recover=True)
    for family in FAMILIES:
        lab.established("s", f"p{family[-1]}")
        lab.lacks("s", GONE["p"][family])
        lab.has("s", plain("p", family), f"p{family[-1]}")
    lab.until("s", lambda: not any(lab.s.stale(n) for n in lab.routers["s"].neighbors), "nothing is stale any longer")
    assert kept() == [], "kernel routes that were lost for a while"


def test_peer_never_comes_back(bench):
    """Graceful restart: the peer is killed and stays away, its routes go when its time is over"""
    lab = bench()
    s, p = (lab.router(name, other, [Route(plain(name))], ("ipv4",), graceful_restart=3)
            for name, other in (("s", "p"), ("p", "s")))
    lab.start(s, p)
    lab.has("s", plain("p"), "p4")
    if lab.p.restarts:
        lab.p.cannot(f"restart gracefully: {lab.p.restarts}")
    lab.p.kill()
    lab.down("s", "p4")
    assert lab.s.paths(plain("p"))
    lab.lacks("s", plain("p"))
    lab.until("s", lambda: not lab.kernel("s", plain("p")), "no kernel route")


LLGR_STALE = "65535:6"


def test_peer_stays_away_long(bench):
    """Long-lived graceful restart (RFC 9494): the peer is killed and stays away, its routes become stale, then go"""
    lab = bench("sptu")
    start_long(lab)
    if lab.p.restarts or lab.p.long_restarts:
        lab.p.cannot(f"restart gracefully: {lab.p.restarts or lab.p.long_restarts}")
    lab.p.kill()
    lab.down("s", "p4")
    assert lab.s.paths(plain("p"))
    lab.has("s", plain("p"), "p4", where=lambda path: LLGR_STALE in path.communities)
    assert lab.kernel("s", plain("p"))
    # Who takes part in it hears of such a route, who does not loses it.
    lab.has("t", plain("p"), where=lambda path: LLGR_STALE in path.communities)
    lab.lacks("u", plain("p"))
    lab.lacks("s", plain("p"))
    lab.lacks("t", plain("p"))


def test_we_stay_away_long(bench):
    """Long-lived graceful restart (RFC 9494): we are killed and stay away, the peer keeps our routes as stale"""
    lab = bench()
    if lab.p.helps or lab.p.long_helps:
        lab.p.cannot(f"help a neighbour that stays away: {lab.p.helps or lab.p.long_helps}")
    start_long(lab)
    lab.s.kill()
    lab.down("p", "s4")
    lab.has("p", plain("s"), "s4", where=lambda path: LLGR_STALE in path.communities)
    lab.lacks("p", plain("s"))


def start_long(lab):
    """s and p keep each other's routes a second, and then some more. In the lab with t and u, these know the routes from
    s; only t takes part."""
    s, p = (lab.router(name, other, [Route(plain(name))], ("ipv4",), graceful_restart=1, long_lived=2)
            for name, other in (("s", "p"), ("p", "s")))
    if "t" in lab.daemons:
        more = lab.neighbor("s", "t", "ipv4", graceful_restart=1, long_lived=9), lab.neighbor("s", "u", "ipv4")
        lab.start(s.but(neighbors=(*s.neighbors, *more)), p,
                  lab.router("t", "s", [], ("ipv4",), graceful_restart=1, long_lived=9), lab.router("u", "s", [], ("ipv4",)))
        lab.has("t", plain("p"))
        lab.has("u", plain("p"))
    else:
        lab.start(s, p)
    lab.has("s", plain("p"), "p4")
    lab.has("p", plain("s"), "s4")


def test_we_restart(bench):
    """Graceful restart: we are killed, the peer keeps our routes, then sweeps what we no longer have"""
    lab = bench()
    if lab.p.helps:
        lab.p.cannot(f"help a neighbour that restarts: {lab.p.helps}")
    start(lab)
    kept = watch(lab, "s", [plain("p", family) for family in FAMILIES])
    names = [f"s{family[-1]}" for family in FAMILIES]
    lab.s.kill()
    for name, family in zip(names, FAMILIES):
        lab.down("p", name)
        assert lab.p.paths(plain("s", family)) and lab.p.paths(GONE["s"][family]), "routes of ours, which restarts"
        assert lab.kernel("s", plain("p", family)), "our kernel routes stay"
    lab.routers["s"] = shrunk(lab.routers["s"])
    lab.s.start(lab.routers["s"], recover=True)
    for name, family in zip(names, FAMILIES):
        lab.established("p", name)
        lab.lacks("p", GONE["s"][family])
        lab.has("p", plain("s", family), name)
        lab.has("s", plain("p", family), f"p{family[-1]}")
    lab.until("s", lambda: "recovery in progress" not in "".join(lab.s.tell("show status")), "recovery is over")
    assert kept() == [], "kernel routes that were lost for a while"


def watch(lab, name, prefixes):
    """Watches the kernel of a node; the function that it returns tells which of the prefixes were deleted meanwhile."""
    node = lab.lan.nodes[name]
    monitor = node.start(["ip", "monitor", "route"], log="routes-monitor")
    lab.until(name, lambda: monitor.poll() is None, "ip monitor runs")

    def deleted():
        # A route of our own marks the end of what there is to read.
        node.run(["ip", "route", "add", "blackhole", "192.0.2.99/32"])
        path = node.folder / "routes-monitor"
        lab.until(name, lambda: "192.0.2.99" in path.read_text(), "ip monitor has told all")
        monitor.kill()
        monitor.wait()
        return [line for line in path.read_text().splitlines()
                if line.startswith("Deleted") and any(prefix in line for prefix in prefixes)]
    return deleted
