"""Well-known communities (RFC 1997): routes that are not to be passed on, with ours and the peer in the middle."""

import pytest

from bench import dressed, plain
from model import Route

KINDS = {"NO_EXPORT": "65535:65281", "NO_ADVERTISE": "65535:65282"}


def chain(bench, source, middle):
    """`source` announces to `middle`, which tells t in its own AS and u in another one."""
    lab = bench("sptu")
    lab.needs_transit("p")
    lab.asn["t"] = lab.asn[middle]
    lab.start(lab.router(middle, source + "tu", (), ("ipv4",)), lab.router(source, middle, (), ("ipv4",)),
              *(lab.router(name, middle, (), ("ipv4",)) for name in "tu"))
    return lab


def stays(lab, source, middle, community):
    name = f"{source}4"
    router = lab.routers[source]
    marked = Route(dressed(source), communities=(community,))
    lab.daemons[source].configure(router.but(announce=(marked,)))
    lab.has(middle, dressed(source), name)
    # What comes after it has passed: so would it have.
    lab.daemons[source].configure(router.but(announce=(marked, Route(plain(source)))))
    for at in "tu":
        lab.has(at, plain(source), f"{middle}4")
    inside = bool(lab.t.paths(dressed(source)))
    assert inside == (community == KINDS["NO_EXPORT"]), "the neighbour in the own AS"
    assert not lab.u.paths(dressed(source)), "the neighbour in another AS"


@pytest.mark.parametrize("kind", KINDS)
def test_at_peer(bench, kind):
    """Well-known communities: the peer does not pass on what must stay with it"""
    lab = chain(bench, "s", "p")
    if lab.p.leaks:
        lab.p.cannot(f"keep a route to itself: {lab.p.leaks}")
    stays(lab, "s", "p", KINDS[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_at_us(bench, kind):
    """Well-known communities: we do not pass on what must stay with us"""
    lab = bench("sptu")
    lab.asn["t"] = lab.asn["s"]
    lab.start(lab.router("s", "ptu", (), ("ipv4",)), lab.router("p", "s", (), ("ipv4",)),
              *(lab.router(name, "s", (), ("ipv4",)) for name in "tu"))
    stays(lab, "p", "s", KINDS[kind])
