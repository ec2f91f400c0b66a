"""How sessions come up, and how they end: TCP options, capabilities of OPEN, Cease and its texts, the hold timer."""

import pytest

from bench import plain, wearing
from model import LONG, Route

FAMILIES = ("ipv4", "ipv6")


def pair(bench, ours=None, theirs=None, over=("ipv4",)):
    """Routers s and p with a session over each of these, with options for each side."""
    def one(name, other, options):
        router = bench.router(name, other, [Route(plain(name, f)) for f in FAMILIES], over)
        return router.with_neighbors(**(options or {}))
    return one("s", "p", ours), one("p", "s", theirs)


def both_ways(bench, family="ipv4"):
    bench.established("s", f"p{family[-1]}")
    bench.established("p", f"s{family[-1]}")
    bench.has("s", plain("p", family), f"p{family[-1]}")
    bench.has("p", plain("s", family), f"s{family[-1]}")


def test_peer_connects(bench):
    """Peer opens the TCP connection"""
    lab = bench()
    if not lab.p.connects:
        lab.p.cannot("open a connection within seconds of its start")
    lab.start(*pair(lab, ours={"passive": True}))
    both_ways(lab)


def test_we_connect(bench):
    """We open the TCP connection"""
    lab = bench()
    lab.start(*pair(lab, theirs={"passive": True}))
    both_ways(lab)


def test_both_families_to_peer(bench):
    """Both families over one IPv4 session, to the peer"""
    lab = two_families(bench, "ipv4")
    path = lab.has("p", plain("s", "ipv6"), "s4")
    assert path.next_hop == lab.lan.nodes["s"].v6, path
    lab.established("s", "p4")


def test_both_families_from_peer(bench):
    """Both families over one IPv4 session, from the peer"""
    lab = two_families(bench, "ipv4")
    if lab.p.foreign_family:
        lab.p.cannot(f"be understood: it {lab.p.foreign_family}")
    path = lab.has("s", plain("p", "ipv6"), "p4")
    assert path.next_hop == lab.lan.nodes["p"].v6, path
    lab.established("s", "p4")


def test_both_families_over_ipv6(bench):
    """Both families over one IPv6 session: the IPv6 routes arrive, and the session stays"""
    lab = two_families(bench, "ipv6")
    lab.never("s", lambda: not lab.session("s", "p6").up, "went down", 0.3)
    lab.established("s", "p6")


def two_families(bench, over):
    """What IPv4 next hops a daemon has over an IPv6 session, if any, is its own business."""
    lab = bench()
    if over == "ipv6" and lab.p.foreign_family6:
        lab.p.cannot(f"be a neighbour like that: it {lab.p.foreign_family6}")
    lab.start(*pair(lab, {"families": FAMILIES}, {"families": FAMILIES}, (over,)))
    name = over[-1]
    lab.has("s", plain("p", over), f"p{name}")
    lab.has("p", plain("s", over), f"s{name}")
    return lab


@pytest.mark.parametrize("family", FAMILIES)
def test_md5(bench, family):
    """MD5: wrong password keeps the session down, right one brings it up"""
    lab = bench()
    name = family[-1]
    ours = {"password": "not this", "passive": not lab.p.md5_incoming}
    s, p = pair(lab, ours, {"password": "Geheim"}, (family,))
    lab.start(s, p, wait=False)
    lab.never("s", lambda: lab.session("s", f"p{name}").up, "established with a wrong password", 1.2)
    right = s.with_neighbors(password="Geheim")
    lab.routers["s"] = right
    lab.s.configure(right)
    both_ways(lab, family)


def test_md5_missing(bench):
    """MD5: none on one side keeps the session down"""
    lab = bench()
    lab.start(*pair(lab, {"passive": not lab.p.md5_incoming}, {"password": "Geheim"}), wait=False)
    lab.never("s", lambda: lab.session("s", "p4").up, "established without a password", 1.2)


@pytest.mark.parametrize("family", FAMILIES)
def test_gtsm(bench, family):
    """GTSM on both sides"""
    lab = bench()
    lab.start(*pair(lab, {"gtsm": True}, {"gtsm": True}, (family,)))
    both_ways(lab, family)


def test_gtsm_refuses(bench):
    """GTSM on our side only: what the peer sends with TTL 1 does not count"""
    lab = bench()
    lab.start(*pair(lab, {"gtsm": True}, {}), wait=False)
    lab.never("s", lambda: lab.session("s", "p4").up, "established with TTL 1", 1.2)


def test_four_octet_as(bench):
    """4-octet AS numbers on both sides"""
    lab = bench("spt")
    lab.asn.update(s=4200000001, p=4200000002, t=70003)
    lab.start(lab.router("s", "pt", [Route(plain("s"))], ("ipv4",)), lab.router("p", "s", [Route(plain("p"))], ("ipv4",)),
              lab.router("t", "s", [Route(plain("t"))], ("ipv4",)))
    assert lab.has("s", plain("p"), "p4").as_path == (4200000002,)
    assert lab.has("p", plain("s"), "s4").as_path == (4200000001,)
    assert lab.has("p", plain("t"), "s4").as_path == (4200000001, 70003)


def test_as_trans(bench):
    """AS_TRANS: our 4-octet AS towards a peer that speaks 2-octet AS numbers only"""
    lab = bench()
    if lab.p.trans:
        lab.p.cannot(f"talk to a 4-octet AS with 2-octet numbers: it {lab.p.trans}")
    lab.asn.update(s=4200000001)
    lab.start(lab.router("s", "p", [Route(plain("s"))], ("ipv4",)),
              lab.router("p", "s", [Route(plain("p"))], ("ipv4",), as4=False))
    assert lab.has("s", plain("p"), "p4").as_path == (65002,)
    # A daemon that merges AS4_PATH although it does not send the capability shows the real one.
    assert lab.has("p", plain("s"), "s4").as_path in ((23456,), (4200000001,))


def test_as4_path(bench):
    """AS4_PATH: 4-octet AS numbers survive a peer that speaks 2-octet ones only"""
    lab = bench("sptu")
    lab.needs_transit("p")
    if lab.p.as4_path:
        lab.p.cannot(f"carry AS4_PATH: it {lab.p.as4_path}")
    lab.asn.update(t=4200000003)
    p = lab.router("p", "su", [], ("ipv4",), as4=False)
    lab.start(lab.router("t", "s", [Route(plain("t"))], ("ipv4",)), lab.router("s", "tp", [], ("ipv4",)), p,
              lab.router("u", "p", [], ("ipv4",)))
    lab.has("u", plain("t"), "p4", where=lambda path: path.as_path == (65002, 65001, 4200000003))


def test_no_capabilities(bench):
    """Peer sends no capabilities at all"""
    lab = bench()
    lab.start(*pair(lab, {}, {"capabilities": False}))
    both_ways(lab)


def test_max_prefix_ours(bench):
    """Too many prefixes for us: Cease 1, and the peer knows why"""
    lab = bench()
    s, p = pair(lab, {"max_prefix": 3}, {})
    lab.start(s, p.but(announce=tuple(Route(f"10.2.{i}.0/24") for i in range(5))), wait=False)
    lab.down("s", "p4")
    lab.until("s", lambda: "oute limit exceeded" in lab.session("s", "p4").text, "why it is down",
              seen=lambda: lab.session("s", "p4").text)
    lab.lacks("s", "10.2.0.0/24")
    tells(lab, "p", "s4", "aximum", "prefix", "code 6, subcode 1", "(6,1)", "limit", "1")


def test_max_prefix_theirs(bench):
    """Too many prefixes for the peer: we take its Cease 1"""
    lab = bench()
    s, p = pair(lab, {}, {"max_prefix": 3})
    lab.start(s.but(announce=tuple(Route(f"10.1.{i}.0/24") for i in range(5))), p, wait=False)
    lab.until("s", lambda: "aximum number of prefixes reached" in lab.session("s", "p4").error, "Cease 1 received",
              seen=lambda: lab.session("s", "p4").text)
    lab.lacks("p", "10.1.0.0/24")


TEXT = "back at 12, Jürgen"


def test_shutdown_text_ours(bench):
    """Shutdown text (RFC 9003) that we send"""
    lab = bench()
    if lab.p.deaf:
        lab.p.cannot(f"read a shutdown text: {lab.p.deaf}")
    lab.start(*pair(lab))
    both_ways(lab)
    lab.s.shutdown(lab.routers["s"].neighbor("p4"), TEXT)
    lab.down("p", "s4")
    lab.lacks("p", plain("s"))
    # Some escape what is not ASCII.
    tells(lab, "p", "s4", TEXT, *(TEXT.replace("ü", ue) for ue in ("\\u00fc", "\\xc3\\xbc", "\\303\\274")))


def test_shutdown_text_theirs(bench):
    """Shutdown text (RFC 9003) that the peer sends"""
    lab = bench()
    lab.start(*pair(lab))
    both_ways(lab)
    lab.p.shutdown(lab.routers["p"].neighbor("s4"), TEXT)
    lab.until("s", lambda: TEXT in lab.session("s", "p4").text, "the text", seen=lambda: lab.session("s", "p4").text)
    lab.lacks("s", plain("p"))


def tells(lab, name, neighbor, *words):
    """Somewhere, in what it says of the session or in its log, the daemon has one of these."""
    def said():
        text = lab.session(name, neighbor).text + lab.daemons[name].log()
        return any(word in text for word in words)
    lab.until(name, said, f"says one of {words}", seen=lambda: lab.session(name, neighbor).text)


def test_hold_time_ours(bench):
    """Hold time: peer hangs, we close with Hold Timer Expired"""
    lab = bench()
    lab.start(*pair(lab, {"hold": 3}, {"hold": 3}))
    both_ways(lab)
    lab.p.pause()
    lab.down("s", "p4")
    lab.lacks("s", plain("p"))
    assert "old timer expired" in lab.session("s", "p4").error
    lab.p.resume()
    both_ways(lab)


def test_hold_time_theirs(bench):
    """Hold time: we hang, the peer closes and comes back"""
    lab = bench()
    lab.start(*pair(lab, {"hold": 3}, {"hold": 3}))
    both_ways(lab)
    lab.s.pause()
    lab.down("p", "s4")
    lab.lacks("p", plain("s"))
    lab.s.resume()
    both_ways(lab)


def test_killed(bench):
    """Killed and started again, without graceful restart: routes go and come back"""
    lab = bench()
    lab.start(*pair(lab))
    both_ways(lab)
    lab.p.kill()
    lab.lacks("s", plain("p"))
    lab.p.start(lab.routers["p"])
    both_ways(lab)
    lab.s.kill()
    lab.lacks("p", plain("s"))
    lab.s.start(lab.routers["s"])
    both_ways(lab)


def test_extended_next_hop(bench):
    """IPv4 routes with IPv6 next hops (RFC 8950)"""
    lab = bench()
    options = {"extended_next_hop": True, "families": FAMILIES}
    lab.start(*pair(lab, options, options, ("ipv6",)))
    assert lab.has("s", plain("p"), "p6").next_hop == lab.lan.nodes["p"].v6
    assert lab.has("p", plain("s"), "s6").next_hop == lab.lan.nodes["s"].v6
    lab.until("s", lambda: "via inet6" in lab.kernel("s", plain("p")), "kernel route",
              seen=lambda: lab.kernel("s", plain("p")))


@pytest.mark.parametrize("family", FAMILIES)
def test_bfd(bench, family):
    """BFD tells of a peer that hangs long before the hold time, and the peer of us"""
    lab = bench()
    lab.start(*pair(lab, {"bfd": True, "hold": 240}, {"bfd": True, "hold": 240}, (family,)))
    both_ways(lab, family)
    name = family[-1]
    neighbors = {"s": lab.routers["s"].neighbor(f"p{name}"), "p": lab.routers["p"].neighbor(f"s{name}")}

    def up():
        for at, neighbor in neighbors.items():
            daemon = lab.daemons[at]
            lab.until(at, lambda: daemon.bfd(neighbor).lower() == "up", "BFD session up", seen=lambda: daemon.bfd(neighbor))
    up()
    for hangs, notices in (("p", "s"), ("s", "p")):
        lab.daemons[hangs].pause()
        lab.down(notices, neighbors[notices].name)
        lab.lacks(notices, plain(hangs, family))
        lab.daemons[hangs].resume()
        both_ways(lab, family)
        up()


@pytest.mark.parametrize("family", FAMILIES)
def test_from_a_prefix_ours(bench, family):
    """Neighbours from a prefix: we accept the peer's connection"""
    lab = bench()
    if not lab.p.connects:
        lab.p.cannot("open a connection within seconds of its start")
    s, p = pair(lab, {"range": RANGES[family], "passive": True}, {}, (family,))
    lab.start(s, p)
    both_ways(lab, family)


@pytest.mark.parametrize("family", FAMILIES)
def test_from_a_prefix_theirs(bench, family):
    """Neighbours from a prefix: the peer accepts our connection"""
    lab = bench()
    lab.start(*pair(lab, {}, {"range": RANGES[family], "passive": True}, (family,)))
    both_ways(lab, family)


RANGES = {"ipv4": "10.9.0.0/24", "ipv6": "fd09::/64"}


def test_extended_messages(bench):
    """Messages of more than 4096 octets (RFC 8654), both directions"""
    lab = bench()
    many = tuple(f"65009:{n}" for n in range(1100))
    s, p = pair(lab, {"extended_messages": True}, {"extended_messages": True})
    lab.start(s.but(announce=(Route(plain("s"), communities=many),)), p.but(announce=(Route(plain("p"), communities=many),)))
    for at, via in (("s", "p"), ("p", "s")):
        assert lab.has(at, plain(via), f"{via}4").communities == set(many)
    assert LONG in lab.session("s", "p4").capabilities
