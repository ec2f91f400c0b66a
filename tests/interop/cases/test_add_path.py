"""ADD-PATH (RFC 7911): two routers announce the same prefix to one of us only; the other sees both paths."""

import pytest

from bench import Bench
from model import ADD_PATH, Route

FAMILIES = ("ipv4", "ipv6")
SHARED_NODES = "sptu"


def prefixes(family, at):
    return {"s": "10.50.0.0/24", "p": "10.60.0.0/24"}[at] if family == "ipv4" else {"s": "fd50:1::/48",
                                                                                  "p": "fd60:1::/48"}[at]


def shared_lab(bench: Bench):
    """t and u announce one prefix to s and another to p; s and p speak ADD-PATH with each other."""
    routers = []
    for name, other in (("s", "p"), ("p", "s")):
        router = bench.router(name, "tu", ())
        with_paths = bench.router(name, other, (), add_path=True)
        routers.append(router.but(neighbors=(*with_paths.neighbors, *router.neighbors)))
    for name in "tu":
        router = bench.router(name, "sp", [Route(prefixes(family, at)) for at in "sp" for family in FAMILIES])
        routers.append(router.but(neighbors=tuple(
            n.but(export_only=tuple(prefixes(family, n.name[0]) for family in FAMILIES)) for n in router.neighbors)))
    bench.start(*routers)


@pytest.mark.parametrize("family", FAMILIES)
def test_capability(shared, family):
    """ADD-PATH capability, both directions"""
    assert ADD_PATH in shared.session("s", f"p{family[-1]}").capabilities
    assert ADD_PATH in shared.session("p", f"s{family[-1]}").capabilities


def both_paths(shared, at, via, family):
    """`at` has the paths of t and u that `via` knows."""
    neighbor = shared.routers[at].neighbor(f"{via}{family[-1]}")
    asn = shared.asn[via]
    def complete():
        paths = {path.as_path for path in shared.daemons[at].paths(prefixes(family, via), neighbor)}
        return paths == {(asn, shared.asn["t"]), (asn, shared.asn["u"])}
    shared.until(at, complete, "both paths", seen=lambda: shared.daemons[at].paths(prefixes(family, via)))


@pytest.mark.parametrize("family", FAMILIES)
def test_we_send(shared, family):
    """ADD-PATH: we send all paths"""
    both_paths(shared, "p", "s", family)


@pytest.mark.parametrize("family", FAMILIES)
def test_peer_sends(shared, family):
    """ADD-PATH: the peer sends all paths"""
    shared.needs_transit("p")
    both_paths(shared, "s", "p", family)


def test_one_path_goes(shared):
    """ADD-PATH: a path that ends is withdrawn alone, both directions"""
    shared.needs_transit("p")
    for family in FAMILIES:
        both_paths(shared, "p", "s", family)
        both_paths(shared, "s", "p", family)
    router = shared.u.router
    shared.u.configure(router.but(announce=()))
    for at, via in (("p", "s"), ("s", "p")):
        for family in FAMILIES:
            where = prefixes(family, via)
            neighbor = shared.routers[at].neighbor(f"{via}{family[-1]}")
            def alone():
                found = {path.as_path for path in shared.daemons[at].paths(where, neighbor)}
                return found == {(shared.asn[via], shared.asn["t"])}
            shared.until(at, alone, "only the path of t", seen=lambda: shared.daemons[at].paths(where))
    shared.u.configure(router)
    for family in FAMILIES:
        both_paths(shared, "p", "s", family)
        both_paths(shared, "s", "p", family)
