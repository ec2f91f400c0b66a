"""A few daemons on one segment, for the length of a case."""

from __future__ import annotations

import os
import pathlib

from catflap_cli import soon
from drivers import Daemon, Self
from lan import Lan
from model import Neighbor, Path, Route, Router, Session

PATIENCE = float(os.environ.get("CATFLAP_PATIENCE", "30"))  # for what must happen; only failures take that long
STEP = 0.03  # between two questions to a daemon

ASN = {"s": 65001, "p": 65002, "t": 65003, "u": 65004}

# What each router of the labs announces, per family: a plain route and one with everything.
SECOND = {"s": "1", "p": "2", "t": "3", "u": "4"}


def plain(name: str, family: str = "ipv4") -> str:
    return f"10.{SECOND[name]}.0.0/24" if family == "ipv4" else f"fd0{SECOND[name]}:1::/48"


def dressed(name: str, family: str = "ipv4") -> str:
    return f"10.{SECOND[name]}.1.0/24" if family == "ipv4" else f"fd0{SECOND[name]}:2::/48"


def wearing(name: str, asn: int, family: str, **more) -> Route:
    """The route with everything."""
    return Route(dressed(name, family), med=50, prepend=2, origin="incomplete",
                 communities=(f"{asn & 0xffff}:100", f"{asn & 0xffff}:200"), large=(f"{asn}:7:4294967295",),
                 ext=(f"rt:{asn & 0xffff}:77", f"ro:{asn & 0xffff}:78"), **more)


class Bench:
    """Nodes `names` on a segment; `p` runs the peer, all others run our speaker."""

    def __init__(self, folder: pathlib.Path, peer: type[Daemon], names: str = "sp") -> None:
        self.lan = Lan(folder, names)
        self.daemons: dict[str, Daemon] = {}
        self.asn = dict(ASN)
        for name in names:
            node = self.lan.nodes[name]
            self.daemons[name] = peer(node) if name == "p" else Self(node)
        self.routers: dict[str, Router] = {}

    def __getattr__(self, name: str) -> Daemon:
        try:
            return self.__dict__["daemons"][name]
        except KeyError:
            raise AttributeError(name) from None

    def neighbor(self, own: str, other: str, family: str, **options) -> Neighbor:
        """The session of node `own` with node `other` over addresses of `family`, named "p4", "t6"."""
        return Neighbor(f"{other}{family[-1]}", self.lan.nodes[other].address(family), self.asn[other],
                        self.lan.nodes[own].address(family), self.asn[own], **options)

    def router(self, name: str, others: str, announce=(), families=("ipv4", "ipv6"), **options) -> Router:
        """A router with sessions to `others`, all with the same options."""
        return Router(name, self.asn[name], f"10.255.0.{SECOND[name]}",
                      tuple(self.neighbor(name, other, family, **options) for other in others for family in families),
                      tuple(announce))

    def start(self, *routers: Router, wait: bool = True) -> None:
        """The peer first: ours connect to it. Returns when all sessions are up."""
        self.routers.update((router.name, router) for router in routers)
        for router in sorted(routers, key=lambda r: r.name != "p"):
            self.daemons[router.name].check(router)
        for router in sorted(routers, key=lambda r: r.name != "p"):
            self.daemons[router.name].start(router)
        if wait:
            for router in routers:
                for neighbor in router.neighbors:
                    self.established(router.name, neighbor.name)

    def session(self, name: str, neighbor: str) -> Session:
        return self.daemons[name].session(self.routers[name].neighbor(neighbor))

    def established(self, name: str, neighbor: str, limit: float = PATIENCE) -> Session:
        return self.until(name, lambda: (session := self.session(name, neighbor)).up and session,
                          f"{neighbor} established", limit, lambda: self.session(name, neighbor))

    def down(self, name: str, neighbor: str, limit: float = PATIENCE) -> Session:
        return self.until(name, lambda: not (session := self.session(name, neighbor)).up and session,
                          f"{neighbor} down", limit, lambda: self.session(name, neighbor))

    def has(self, name: str, prefix: str, via: str | None = None, limit: float = PATIENCE,
            where=lambda path: True) -> Path:
        """Waits for a path to `prefix`, from neighbour `via`, that is as `where` says."""
        neighbor = self.routers[name].neighbor(via) if via else None
        daemon = self.daemons[name]
        return self.until(name, lambda: next((p for p in daemon.paths(prefix, neighbor) if where(p)), None),
                          f"{prefix} via {via or 'anybody'}", limit, lambda: daemon.paths(prefix))

    def needs_transit(self, name: str) -> None:
        """Skips the case if this daemon passes nothing on."""
        if not self.daemons[name].transit:
            self.daemons[name].cannot("pass routes on: it has no table")

    def lacks(self, name: str, prefix: str, via: str | None = None, limit: float = PATIENCE) -> None:
        neighbor = self.routers[name].neighbor(via) if via else None
        daemon = self.daemons[name]
        self.until(name, lambda: not daemon.paths(prefix, neighbor), f"no {prefix} via {via or 'anybody'}", limit,
                   lambda: daemon.paths(prefix))

    def until(self, name: str, what, why: str, limit: float = PATIENCE, seen=lambda: ""):
        daemon = self.daemons[name]
        value = soon(what, limit, STEP)
        if not value:
            daemon.assert_runs()
        assert value, f"{daemon.title} ({name}): not so after {limit} s: {why}\nseen: {seen()}\n{self.logs()}"
        return value

    def never(self, name: str, what, why: str, seconds: float) -> None:
        assert not soon(what, seconds, STEP), f"{self.daemons[name].title} ({name}): {why}\n{self.logs()}"

    def logs(self) -> str:
        return "".join(f"=== {name}: {d.title}\n{d.log()}" for name, d in self.daemons.items())

    def kernel(self, name: str, prefix: str) -> str:
        """What the kernel of a node has for `prefix`."""
        family = "-6" if ":" in prefix else "-4"
        return self.lan.nodes[name].run(["ip", family, "route", "show", prefix, "proto", "bird"]).strip()

    def close(self) -> None:
        for daemon in self.daemons.values():
            daemon.kill()
        self.lan.close()
