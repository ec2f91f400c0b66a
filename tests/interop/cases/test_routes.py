"""eBGP in a triangle: ours (s), the peer (p) and a third of ours (t) that sees what the first two pass on."""

import pytest

from bench import dressed, plain, wearing
from model import AS4, ENHANCED, REFRESH, Route

FAMILIES = ("ipv4", "ipv6")
SHARED_NODES = "spt"

pytestmark = pytest.mark.parametrize("family", FAMILIES)


def announcements(bench, name):
    return [route for family in FAMILIES
            for route in (Route(plain(name, family)), wearing(name, bench.asn[name], family))]


def shared_lab(bench):
    bench.start(*(bench.router(name, "spt".replace(name, ""), announcements(bench, name)) for name in "spt"))


def test_session(shared, family):
    """Session comes up, both say so"""
    shared.established("s", f"p{family[-1]}")
    shared.established("p", f"s{family[-1]}")


def test_capabilities(shared, family):
    """Capabilities of the other are understood"""
    ours = shared.established("s", f"p{family[-1]}").capabilities
    theirs = shared.established("p", f"s{family[-1]}").capabilities
    assert {AS4, REFRESH} <= ours and {AS4, REFRESH} <= theirs, (ours, theirs)


def test_routes_to_peer(shared, family):
    """Routes: peer has ours"""
    path = shared.has("p", plain("s", family), f"s{family[-1]}")
    assert path.as_path == (65001,) and path.origin == "igp", path


def test_routes_from_peer(shared, family):
    """Routes: we have the peer's, and our kernel too"""
    path = shared.has("s", plain("p", family), f"p{family[-1]}")
    assert path.as_path == (65002,) and path.origin == "igp", path
    shared.until("s", lambda: shared.kernel("s", plain("p", family)), "kernel route")
    assert "dev eth0" in shared.kernel("s", plain("p", family))


def test_routes_through_peer(shared, family):
    """Routes: through the peer to a third"""
    shared.needs_transit("p")
    path = shared.has("t", plain("s", family), f"p{family[-1]}")
    assert path.as_path == (65002, 65001), path


def test_routes_through_us(shared, family):
    """Routes: through us to a third"""
    path = shared.has("t", plain("p", family), f"s{family[-1]}")
    assert path.as_path == (65001, 65002), path


WAYS = {"to peer": ("p", "s", "s"), "from peer": ("s", "p", "p"),
        "through peer": ("t", "s", "p"), "through us": ("t", "p", "s")}


@pytest.fixture(params=WAYS)
def way(request):
    return request.param


def seen(shared, family, way):
    """The dressed route at the end of `way`, and the AS of its origin."""
    at, source, via = WAYS[way]
    if at == "t":
        shared.needs_transit(via)
    return shared.has(at, dressed(source, family), f"{via}{family[-1]}"), shared.asn[source], source


def test_communities(shared, family, way):
    """Communities"""
    path, asn, _ = seen(shared, family, way)
    assert path.communities == {f"{asn}:100", f"{asn}:200"}, path


def test_large_communities(shared, family, way):
    """Large communities"""
    path, asn, _ = seen(shared, family, way)
    assert path.large == {f"{asn}:7:4294967295"}, path


def test_extended_communities(shared, family, way):
    """Extended communities"""
    path, asn, _ = seen(shared, family, way)
    assert path.ext == {f"rt:{asn}:77", f"ro:{asn}:78"}, path


def test_prepend(shared, family, way):
    """AS path with own AS prepended, and origin"""
    path, asn, source = seen(shared, family, way)
    via = WAYS[way][2]
    expected = (asn,) * 3 if source == via else (shared.asn[via], *(asn,) * 3)
    assert path.as_path == expected and path.origin == "incomplete", path


def test_med(shared, family):
    """MED reaches the neighbour AS, and no further"""
    for at, source in (("p", "s"), ("s", "p")):
        path = shared.has(at, dressed(source, family), f"{source}{family[-1]}")
        assert path.med == 50, path
    for source, via in (("s", "p"), ("p", "s")):
        if not shared.daemons[via].transit:
            continue
        path = shared.has("t", dressed(source, family), f"{via}{family[-1]}")
        assert path.med in (None, 0), path


def test_withdraw_to_peer(shared, family):
    """Withdrawal and change, ours"""
    name, router = f"s{family[-1]}", shared.s.router
    extra = Route("10.1.77.0/24" if family == "ipv4" else "fd01:77::/48")
    shared.s.configure(router.but(announce=(*router.announce, extra)))
    shared.has("p", extra.prefix, name)
    changed = Route(extra.prefix, med=9, communities=("65001:9",))
    shared.s.configure(router.but(announce=(*router.announce, changed)))
    path = shared.has("p", extra.prefix, name, where=lambda path: path.med == 9)
    assert path.communities == {"65001:9"}, path
    shared.s.configure(router)
    shared.lacks("p", extra.prefix, name)
    shared.lacks("t", extra.prefix)
    shared.established("s", f"p{family[-1]}")


def test_withdraw_from_peer(shared, family):
    """Withdrawal and change, the peer's"""
    name, router = f"p{family[-1]}", shared.p.router
    extra = Route("10.2.77.0/24" if family == "ipv4" else "fd02:77::/48")
    shared.p.configure(router.but(announce=(*router.announce, extra)))
    shared.has("s", extra.prefix, name)
    shared.p.configure(router)
    shared.lacks("s", extra.prefix, name)
    shared.lacks("t", extra.prefix)
    shared.established("s", name)


def test_refresh_from_us(shared, family):
    """Route refresh that we ask for"""
    if shared.p.unrefreshed:
        shared.p.cannot(f"answer a ROUTE-REFRESH: {shared.p.unrefreshed}")
    refreshed(shared, "s", "p", family)


def test_refresh_from_peer(shared, family):
    """Route refresh that the peer asks for"""
    refreshed(shared, "p", "s", family)


def test_enhanced_refresh_from_us(shared, family):
    """Enhanced route refresh (RFC 7313): the peer marks the beginning and the end"""
    if shared.p.unrefreshed:
        shared.p.cannot(f"answer a ROUTE-REFRESH: {shared.p.unrefreshed}")
    demarcated(shared, "s", "p", family)


def test_enhanced_refresh_from_peer(shared, family):
    """Enhanced route refresh (RFC 7313): we mark the beginning and the end for the peer"""
    demarcated(shared, "p", "s", family)


def demarcated(shared, asking, asked, family):
    if shared.p.enhanced:
        shared.p.cannot(f"refresh with marks: {shared.p.enhanced}")
    name = f"{asked}{family[-1]}"
    daemon, neighbor = shared.daemons[asking], shared.routers[asking].neighbor(name)
    assert ENHANCED in shared.established(asking, name).capabilities
    daemon.refresh(neighbor)
    shared.until(asking, lambda: daemon.demarcated(neighbor), f"beginning and end of the routes of {asked}",
                 seen=lambda: daemon.session(neighbor).text)
    shared.established(asking, name)


def refreshed(shared, asking, asked, family):
    name = f"{asked}{family[-1]}"
    daemon, neighbor = shared.daemons[asking], shared.routers[asking].neighbor(name)
    shared.has(asking, dressed(asked, family), name)
    before = daemon.updates(neighbor)
    daemon.refresh(neighbor)
    # Two own routes with different attributes, and one through: three UPDATEs or more.
    shared.until(asking, lambda: daemon.updates(neighbor) >= before + 2, f"{asked} sends its routes again",
                 seen=lambda: daemon.session(neighbor).text)
    shared.has(asking, dressed(asked, family), name)
    shared.established(asking, name)
