"""Nodes, links, sessions and tables: small values that point into a lab.

Those of a topology work as soon as a lab is made of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, Protocol, Sequence, Union

from .errors import Error
from .units import Time, seconds

if TYPE_CHECKING:
    from ._catflap import Route, Running, SessionEnd


class Owner(Protocol):
    """What handles point into: a Lab, or a Topology of which a lab is made."""

    @property
    def running(self) -> Running: ...


class Output:
    """What a command printed and how it ended."""

    __slots__ = ("code", "err", "out")

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    def __repr__(self) -> str:
        return f"Output(code={self.code}, out={self.out!r}, err={self.err!r})"


class Node:
    """A node by name."""

    __slots__ = ("_owner", "name")

    def __init__(self, owner: Owner, name: str) -> None:
        self._owner = owner
        self.name = name

    def __repr__(self) -> str:
        return f"<Node {self.name}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and other.name == self.name and other._owner is self._owner

    def __hash__(self) -> int:
        return hash((id(self._owner), self.name))

    @property
    def fib(self) -> Fib:
        """The kernel's routes."""
        return Fib(self)

    @property
    def rib(self) -> Rib:
        """The routes of the node's speaker, with their BGP attributes."""
        return Rib(self)

    def session(self, other: Node | str) -> Session:
        """The BGP sessions with another node."""
        return Session(self, other if isinstance(other, Node) else Node(self._owner, other))

    def link(self, other: Node | str) -> Link:
        """All links to another node."""
        return Link(self._owner, f"{self.name} -- {name_of(other)}")

    def kill(self) -> None:
        """SIGKILL for the speaker."""
        self._perform("kill")

    def stop(self) -> None:
        """Ends the speaker in good order and waits for it."""
        self._perform("stop")

    def restart(self) -> None:
        """Starts the speaker anew, or at all."""
        self._perform("restart")

    def pause(self) -> None:
        """The speaker hangs until resume()."""
        self._perform("pause")

    def resume(self) -> None:
        self._perform("resume")

    def down(self) -> None:
        """Sets all interfaces of the node down."""
        self._perform("down")

    def up(self) -> None:
        self._perform("up")

    def exec(self, command: str, *, timeout: Time = 10.0, check: bool = True) -> Output:
        """Runs ``/bin/sh -c command`` in the node and waits for its end.

        ``check``: an exit code other than 0 raises Error.
        """
        code, out, err = self._owner.running.exec(self.name, command, seconds(timeout))
        output = Output(code, out.decode(errors="replace"), err.decode(errors="replace"))
        if check and code != 0:
            said = (output.err or output.out).rstrip()
            raise Error("io", f"node {self.name}: '{command}' ended with {code}" + (f":\n{said}" if said else ""))
        return output

    def _perform(self, verb: str) -> None:
        self._owner.running.perform(verb, self.name)


def name_of(node: Node | str) -> str:
    return node.name if isinstance(node, Node) else node


class Link:
    """A link, or an interface: "r1 -- r2", "r1:eth0 -- r2", "r1:eth0"."""

    __slots__ = ("_owner", "name")

    def __init__(self, owner: Owner, name: str) -> None:
        self._owner = owner
        self.name = name

    def __repr__(self) -> str:
        return f"<Link {self.name}>"

    def down(self) -> None:
        self._owner.running.perform("down", self.name)

    def up(self) -> None:
        self._owner.running.perform("up", self.name)


class Session:
    """The BGP sessions between two nodes, one for each family."""

    __slots__ = ("a", "b")

    def __init__(self, a: Node, b: Node) -> None:
        self.a, self.b = a, b

    def __repr__(self) -> str:
        return f"<Session {self.a.name} ~ {self.b.name}>"

    @property
    def ends(self) -> list[SessionEnd]:
        """What the speakers of both nodes report now."""
        return self.a._owner.running.sessions(self.a.name, self.b.name)


class Sessions:
    """Every BGP session of a lab."""

    __slots__ = ("_owner",)

    def __init__(self, owner: Owner) -> None:
        self._owner = owner

    def __iter__(self) -> Iterator[SessionEnd]:
        return iter(self._owner.running.sessions("", ""))


class _Table:
    __slots__ = ("node",)
    _kernel = True

    def __init__(self, node: Node) -> None:
        self.node = node

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.node.name}>"

    def __iter__(self) -> Iterator[Route]:
        return iter(self.node._owner.running.routes(self.node.name, self._kernel))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return True

    def __contains__(self, prefix: object) -> bool:
        return any(route.prefix == str(prefix) for route in self)

    def __getitem__(self, prefix: str) -> list[Route]:
        """The routes to exactly this prefix, now; an empty list if there are none."""
        return [route for route in self if route.prefix == str(prefix)]


class Fib(_Table):
    """The kernel's routes, of all its tables."""

    __slots__ = ()


class Rib(_Table):
    """The routes of a speaker."""

    __slots__ = ()
    _kernel = False


Target = Union[Node, str]
Targets = Union[Node, str, Sequence[Union[Node, str]]]


def target_names(targets: Targets | None) -> list[str]:
    if targets is None:
        return []
    if isinstance(targets, (Node, str)):
        return [name_of(targets)]
    return [name_of(target) for target in targets]


__all__ = ["Fib", "Link", "Node", "Output", "Rib", "Session", "Sessions"]
