"""iBGP and route reflection (RFC 4456), with ours and the peer in each role."""

import dataclasses

from bench import dressed, plain, wearing
from model import Route

FAMILIES = ("ipv4", "ipv6")


def one_as(bench, names="spt"):
    lab = bench(names)
    lab.asn.update(dict.fromkeys(names, 65000))
    return lab


def routes(lab, name):
    return [route for family in FAMILIES for route in (
        Route(plain(name, family)),
        dataclasses.replace(wearing(name, lab.asn[name], family, local_pref=150), prepend=0))]


def reflecting(lab, reflector, client, other):
    """`reflector` has two clients, which have no session with each other."""
    lab.start(lab.router(reflector, client + other, (), rr_client=True, cluster_id="10.255.9.9"),
              lab.router(client, reflector, routes(lab, client)), lab.router(other, reflector, routes(lab, other)))


def test_ibgp(bench):
    """iBGP: local preference, MED, communities and next hops arrive"""
    lab = one_as(bench, "sp")
    lab.start(lab.router("s", "p", routes(lab, "s")), lab.router("p", "s", routes(lab, "p")))
    for family in FAMILIES:
        for at, source in (("s", "p"), ("p", "s")):
            name = f"{source}{family[-1]}"
            path = lab.has(at, plain(source, family), name)
            assert path.as_path == () and path.local_pref in (100, None), path
            path = lab.has(at, dressed(source, family), name)
            assert (path.local_pref, path.med) == (150, 50), path
            assert path.communities == {"65000:100", "65000:200"}, path
            assert path.next_hop == lab.lan.nodes[source].address(family), path


def test_no_reflection(bench):
    """iBGP: without reflection nothing is passed on"""
    lab = one_as(bench, "spt")
    lab.start(lab.router("s", "pt", routes(lab, "s")), lab.router("p", "s", routes(lab, "p")),
              lab.router("t", "s", routes(lab, "t")))
    lab.has("t", plain("s"), "s4")
    lab.has("p", plain("s"), "s4")
    lab.has("s", plain("p"), "p4")
    assert not lab.t.paths(plain("p"))
    assert not lab.p.paths(plain("t"))


def test_we_reflect(bench):
    """Route reflection: we reflect, the peer is a client"""
    lab = one_as(bench)
    reflecting(lab, "s", "p", "t")
    for family in FAMILIES:
        reflected(lab, "s", "p", "t", family)


def test_peer_reflects(bench):
    """Route reflection: the peer reflects, we are clients"""
    lab = one_as(bench)
    reflecting(lab, "p", "s", "t")
    for family in FAMILIES:
        reflected(lab, "p", "s", "t", family)


def reflected(lab, reflector, one, other, family):
    for at, source in ((one, other), (other, one)):
        path = lab.has(at, dressed(source, family), f"{reflector}{family[-1]}")
        assert path.originator == lab.routers[source].id, path
        assert path.cluster_list == ("10.255.9.9",), path
        assert (path.local_pref, path.med) == (150, 50), path
        # BIRD 1.6 puts itself there when it knows no link-local address of the next hop on a shared segment.
        assert path.next_hop == lab.lan.nodes[source].address(family) or (
            family == "ipv6" and path.next_hop == lab.lan.nodes[reflector].v6), path
        assert path.communities == {"65000:100", "65000:200"}, path


def test_reflectors_in_a_ring(bench):
    """Route reflection: two reflectors of one cluster, no route comes back"""
    lab = one_as(bench, "sptu")
    if lab.p.ring:
        lab.p.cannot(f"reflect beside another reflector of its cluster: it {lab.p.ring}")
    # s and p reflect for t and u, and to each other: what one got of a client, the other has from that client too.
    clients = {"rr_client": True, "cluster_id": "10.255.9.9"}
    s, p = (lab.router(name, "tu", (), ("ipv4",), **clients) for name in "sp")
    lab.start(s.but(neighbors=(*s.neighbors, lab.neighbor("s", "p", "ipv4", cluster_id="10.255.9.9"))),
              p.but(neighbors=(*p.neighbors, lab.neighbor("p", "s", "ipv4", cluster_id="10.255.9.9"))),
              lab.router("t", "sp", [Route(plain("t"))], ("ipv4",)),
              lab.router("u", "sp", [Route(plain("u"))], ("ipv4",)))
    for at, other in (("t", "u"), ("u", "t")):
        for via in ("s4", "p4"):
            lab.has(at, plain(other), via)
    # The cluster list holds the own cluster: neither uses what the other has reflected.
    for at, via in (("s", "p4"), ("p", "s4")):
        neighbor = lab.routers[at].neighbor(via)
        best = [path for path in lab.daemons[at].paths(plain("t"), neighbor) if "10.255.9.9" in path.cluster_list]
        assert at == "p" or not best, best
    # Nobody gets its own route back.
    for at in "tu":
        assert not lab.daemons[at].paths(plain(at)), lab.daemons[at].paths(plain(at))
