"""Topologies: read from files, made by shape, or built node by node."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Iterable, Mapping

from . import _catflap
from .errors import Error
from .handles import Link, Node, Session, Sessions, name_of
from .units import Time, optional_seconds

if TYPE_CHECKING:
    from ._catflap import Running
    from .labs import Lab


class Router(Node):
    """A node of a topology that is being built."""

    __slots__ = ()

    def peer(
        self,
        other: Node | str,
        *,
        asn: int | None = None,
        local_as: int | None = None,
        passive: bool = False,
        disabled: bool = False,
        password: str = "",
        hold: Time | None = None,
        keepalive: Time | None = None,
        connect_retry: Time | None = None,
        rr_client: bool = False,
        next_hop_self: bool = False,
        import_only: Iterable[str] = (),
        export_only: Iterable[str] = (),
    ) -> Router:
        """What differs for the sessions with one neighbour; ``asn`` is the AS expected of it."""
        owner = self._owner
        assert isinstance(owner, Topology)
        owner.value.set_peer(
            self.name, name_of(other), asn, local_as, passive, disabled, password, optional_seconds(hold),
            optional_seconds(keepalive), optional_seconds(connect_retry), rr_client, next_hop_self,
            list(import_only), list(export_only),
        )
        return self


class Topology:
    """A lab on paper: nodes and links. Everything that is not said is derived.

    The handles it returns (nodes, links) work in the lab that is made of it.
    """

    def __init__(
        self,
        name: str = "lab",
        *,
        speaker: str | None = None,
        timers: str | None = None,
        mtu: int | None = None,
    ) -> None:
        self.value = _catflap.Topology(name)
        self.value.set_defaults(speaker, timers, mtu)
        self._lab: Lab | None = None

    @classmethod
    def of(cls, value: _catflap.Topology) -> Topology:
        made = cls.__new__(cls)
        made.value = value
        made._lab = None
        return made

    def __repr__(self) -> str:
        return f"<Topology {self.name}: {', '.join(self.nodes)}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Topology) and self.value == other.value

    __hash__ = None  # type: ignore[assignment]

    @property
    def name(self) -> str:
        return self.value.name

    @property
    def file(self) -> str:
        """The file it was read from, or ""."""
        return self.value.file

    @property
    def nodes(self) -> list[str]:
        return self.value.node_names()

    @property
    def links(self) -> list[str]:
        return self.value.link_names()

    def router(
        self,
        name: str,
        asn: int | None = None,
        *,
        announce: Iterable[str] = (),
        lo: Iterable[str] = (),
        speaker: str | None = None,
        timers: str | None = None,
        router_id: str | None = None,
        config: str = "",
        sysctl: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Router:
        """A router: with an AS number, or with a BIRD configuration that is run as it is.

        ``speaker``: "self" (ours), "bird" (BIRD 2), "bird1" (BIRD 1.6), "frr", "gobgp" or "openbgpd".
        """
        self.value.add_node(
            name, asn, list(announce), list(lo), speaker, timers, router_id, config, dict(sysctl or {}),
            dict(env or {}),
        )
        return Router(self, name)

    def host(self, name: str, *, lo: Iterable[str] = (), sysctl: Mapping[str, str] | None = None) -> Router:
        """A node without a speaker."""
        return self.router(name, lo=lo, speaker="none", sysctl=sysctl)

    def link(
        self,
        a: Node | str,
        b: Node | str,
        *,
        interfaces: tuple[str, str] = ("", ""),
        addresses: tuple[Iterable[str], Iterable[str]] = ((), ()),
        subnet: str | Iterable[str] = (),
        mtu: int | None = None,
        bgp: bool = True,
    ) -> Link:
        """A veth pair. Interface names, addresses and the BGP session follow if they are not said."""
        subnets = [subnet] if isinstance(subnet, str) else list(subnet)
        self.value.add_link(
            name_of(a), name_of(b), *interfaces, list(addresses[0]), list(addresses[1]), subnets, mtu, bgp
        )
        return Link(self, self.value.link_names()[-1])

    def __getitem__(self, name: str) -> Router:
        if name not in self.nodes:
            raise Error("invalid", f"no node {name} in topology {self.name}")
        return Router(self, name)

    def session(self, a: Node | str, b: Node | str) -> Session:
        return Session(Node(self, name_of(a)), Node(self, name_of(b)))

    @property
    def sessions(self) -> Sessions:
        return Sessions(self)

    def problems(self) -> list[str]:
        """What is wrong with it, a line each; an empty list if nothing is."""
        return self.value.problems()

    def combinations(self) -> list[tuple[str, dict[str, str]]]:
        """The runs of the file's ``matrix:``: a name, and the speaker of each node. For pytest.mark.parametrize."""
        return self.value.combinations()

    def with_speakers(self, speakers: str | Mapping[str, str]) -> Topology:
        """A copy with these speakers: one for all nodes that have one, or a speaker by node."""
        if isinstance(speakers, str):
            speakers = {name: speakers for name in self.value.speaking_nodes()}
        return Topology.of(self.value.with_speakers(dict(speakers)))

    def to_yaml(self) -> str:
        """A topology file that says the same."""
        return self.value.to_yaml()

    @property
    def running(self) -> Running:
        if self._lab is None:
            raise Error("conflict", f"lab {self.name} is not up: write 'with lab.Lab(topology):'")
        return self._lab.running


def load(path: str | os.PathLike[str]) -> Topology:
    """Reads a topology file; Error tells every mistake in it with its place."""
    return Topology.of(_catflap.load(os.fspath(path)))


def loads(yaml: str, name: str = "<text>") -> Topology:
    """Reads a topology from text; ``name`` stands for the file in messages."""
    return Topology.of(_catflap.load_text(yaml, name))


def chain(nodes: int) -> Topology:
    """r1 -- r2 -- ... in as many ASes; each announces a /24."""
    return Topology.of(_catflap.chain(nodes))


def ring(nodes: int) -> Topology:
    return Topology.of(_catflap.ring(nodes))


def full_mesh(nodes: int) -> Topology:
    return Topology.of(_catflap.full_mesh(nodes))


def star(leaves: int) -> Topology:
    """r1 in the middle."""
    return Topology.of(_catflap.star(leaves))


def clos(spines: int = 2, leaves: int = 4, *, spine_as: int = 65000, leaf_as_first: int = 65101) -> Topology:
    """spine1.., leaf1..: every leaf has a link to every spine."""
    return Topology.of(_catflap.clos(spines, leaves, spine_as, leaf_as_first))
