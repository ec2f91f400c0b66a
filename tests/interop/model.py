"""What an interop case asks of a router and sees of it, whatever daemon it runs."""

from __future__ import annotations

import dataclasses
import ipaddress
from typing import Optional, Sequence

import pytest


def unsupported(who: str, what: str):
    """Skips the case by name: `who` cannot do `what`."""
    pytest.skip(f"{who}: {what}")


def family_of(prefix_or_address: str) -> str:
    return "ipv6" if ":" in prefix_or_address else "ipv4"


@dataclasses.dataclass(frozen=True)
class Route:
    """An announcement of a router's own."""

    prefix: str
    med: Optional[int] = None
    prepend: int = 0  # times the own AS is put in front, in addition to the usual one
    origin: str = "igp"  # "igp" or "incomplete"
    communities: tuple[str, ...] = ()  # "65001:1"
    large: tuple[str, ...] = ()  # "65001:1:2"
    ext: tuple[str, ...] = ()  # "rt:65001:7"
    local_pref: Optional[int] = None

    @property
    def family(self) -> str:
        return family_of(self.prefix)

    @property
    def stays(self) -> bool:
        """It must not be passed on (RFC 1997). Some daemons then do not announce it themselves either, unless the
        community comes with an export filter."""
        return not {"65535:65281", "65535:65282"}.isdisjoint(self.communities)


@dataclasses.dataclass(frozen=True)
class Neighbor:
    """A session as its own router sees it. Its name is also that of the protocol, where daemons name them."""

    name: str
    remote: str
    remote_as: int
    local: str
    local_as: int
    families: tuple[str, ...] = ()  # (): the one of the addresses
    passive: bool = False
    hold: int = 9
    password: Optional[str] = None
    gtsm: bool = False
    add_path: bool = False
    graceful_restart: Optional[int] = None  # seconds
    long_lived: Optional[int] = None  # seconds that routes of a neighbour are kept after that (RFC 9494)
    rr_client: bool = False
    cluster_id: Optional[str] = None
    max_prefix: Optional[int] = None
    extended_next_hop: bool = False
    extended_messages: bool = False
    range: str = ""  # accepts connections from this prefix, `remote` among others
    as4: bool = True
    bfd: bool = False
    capabilities: bool = True
    export_only: Optional[tuple[str, ...]] = None  # own prefixes that this neighbour gets; None: all
    disabled: bool = False

    def __post_init__(self):
        if not self.families:
            object.__setattr__(self, "families", (family_of(self.remote),))

    @property
    def internal(self) -> bool:
        return self.local_as == self.remote_as

    @property
    def remote_as2(self) -> int:
        """What a side that does not speak 4-octet AS numbers sees as the neighbour's."""
        return self.remote_as if self.as4 or self.remote_as < 65536 else 23456

    @property
    def protocol(self) -> str:
        """What daemons that name their sessions call this one: those from a prefix get a number."""
        return self.name + ("_1" if self.range else "")

    def but(self, **changes) -> "Neighbor":
        return dataclasses.replace(self, **changes)


@dataclasses.dataclass(frozen=True)
class Router:
    name: str
    asn: int
    id: str
    neighbors: tuple[Neighbor, ...] = ()
    announce: tuple[Route, ...] = ()

    @property
    def graceful_restart(self) -> bool:
        return any(n.graceful_restart is not None for n in self.neighbors)

    def but(self, **changes) -> "Router":
        return dataclasses.replace(self, **changes)

    def with_neighbors(self, **changes) -> "Router":
        return self.but(neighbors=tuple(n.but(**changes) for n in self.neighbors))

    def neighbor(self, name: str) -> Neighbor:
        return next(n for n in self.neighbors if n.name == name)


@dataclasses.dataclass(frozen=True)
class Path:
    """A route of a daemon's table that it has learnt from a neighbour."""

    prefix: str
    peer: str  # address of the neighbour, or name of the protocol
    as_path: tuple[int, ...] = ()
    next_hop: str = ""
    origin: str = ""
    med: Optional[int] = None
    local_pref: Optional[int] = None
    communities: frozenset[str] = frozenset()
    large: frozenset[str] = frozenset()
    ext: frozenset[str] = frozenset()
    originator: str = ""
    cluster_list: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Session:
    """A session as the daemon tells it."""

    state: str  # "Established", or the daemon's word
    error: str = ""  # why it is down, or was last
    text: str = ""  # everything the daemon says of it, to look for words
    capabilities: frozenset[str] = frozenset()  # that the neighbour has sent, in the words below

    @property
    def up(self) -> bool:
        return self.state == "Established"


# Words for capabilities.
REFRESH, ENHANCED, AS4, ADD_PATH, RESTART, LLGR, EXTENDED, LONG = (
    "refresh", "enhanced refresh", "4-octet AS", "ADD-PATH", "graceful restart", "LLGR", "extended next hop",
    "extended messages")


def prefix(text: str) -> str:
    """One spelling for each prefix."""
    return str(ipaddress.ip_network(text, strict=False))


def as_numbers(text: str | Sequence) -> tuple[int, ...]:
    items = text.split() if isinstance(text, str) else text
    return tuple(int(str(item).strip("{}(),")) for item in items)
