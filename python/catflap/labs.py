"""Labs that run."""

from __future__ import annotations

import atexit
import json
import os
import pathlib
import weakref
from types import TracebackType
from typing import TYPE_CHECKING, Any

from . import _catflap
from .errors import CheckFailed, Error
from .expectations import verify_soft
from .handles import Link, Node, Session, Sessions, name_of
from .topology import Topology, load
from .units import Time, optional_seconds

if TYPE_CHECKING:
    from ._catflap import CheckResult, Event, Running

_up: weakref.WeakSet[Lab] = weakref.WeakSet()


def find_speaker() -> None:
    """Names our speaker to the engine if nobody has: beside this package, or in the build folder it is in."""
    if os.environ.get("CATFLAP_BGPD"):
        return
    here = pathlib.Path(_catflap.__file__).parent
    for folder in (here, here.parent / "bin", here.parent.parent / "bin"):
        program = folder / "catflap-bgpd"
        if program.is_file():
            os.environ["CATFLAP_BGPD"] = str(program)
            return


class Lab:
    """A lab of a topology. Up from ``with`` (or up()) on; gone with the block, or with the process.

        with lab.Lab("two-router.yaml") as net:
            r1, r2 = net.nodes("r1", "r2")
            expect(r1.session(r2)).to_be_established()
    """

    def __init__(
        self,
        topology: Topology | str | os.PathLike[str],
        *,
        run_dir: str | os.PathLike[str] | None = None,
        base_dir: str | os.PathLike[str] | None = None,
        ready_timeout: Time | None = None,
    ) -> None:
        self.topology = topology if isinstance(topology, Topology) else load(topology)
        self._run_dir = None if run_dir is None else os.fspath(run_dir)
        self._base_dir = None if base_dir is None else os.fspath(base_dir)
        self._ready_timeout = optional_seconds(ready_timeout)
        self._running: Running | None = None

    def __repr__(self) -> str:
        return f"<Lab {self.topology.name} {'up' if self.is_up else 'down'}>"

    def up(self, link: str | None = None) -> Lab:
        """Brings the lab up; returns when every speaker answers (sessions may still be on their way).

        With a name ("r1 -- r2", "r1:eth0", "r1"): sets that link of a lab that is up, up again.
        """
        if link is not None:
            self.running.perform("up", link)
        elif not self.is_up:
            find_speaker()
            self._running = _catflap.Running.up(
                self.topology.value, self._run_dir, self._base_dir, self._ready_timeout
            )
            self.topology._lab = self
            _up.add(self)
        return self

    def down(self, link: str | None = None) -> None:
        """Takes the lab down. Idempotent; checks that wait in other threads fail.

        With a name ("r1 -- r2", "r1:eth0", "r1"): sets that link, interface, or all of a node, down.
        """
        if link is not None:
            self.running.perform("down", link)
            return
        if self._running is not None:
            self._running.down()
        if self.topology._lab is self:
            self.topology._lab = None

    def __enter__(self) -> Lab:
        return self.up()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.down()
        if error is None:
            verify_soft()

    @property
    def is_up(self) -> bool:
        return self._running is not None and self._running.is_up()

    @property
    def running(self) -> Running:
        if self._running is None:
            raise Error("conflict", f"lab {self.topology.name} is not up: write 'with lab.Lab(topology):'")
        return self._running

    def __getitem__(self, name: str) -> Node:
        if name not in self.topology.nodes:
            raise Error("invalid", self.running.no_such_node(name))
        return Node(self, name)

    def nodes(self, *names: str) -> list[Node]:
        """The nodes of these names; all without names."""
        return [self[name] for name in names or self.topology.nodes]

    def link(self, name: str) -> Link:
        """"r1 -- r2", "r1:eth0 -- r2", "r1:eth0"."""
        return Link(self, name)

    def session(self, a: Node | str, b: Node | str) -> Session:
        return Session(self[name_of(a)], self[name_of(b)])

    @property
    def sessions(self) -> Sessions:
        """Every BGP session."""
        return Sessions(self)

    def check(self, yaml: str) -> CheckResult:
        """A check in the syntax of topology files: ``net.check("{ established: r1 ~ r2, within: 5s }")``."""
        __tracebackhide__ = True
        result = self.running.check_all([_catflap.parse_check(yaml)])[0]
        if not result.passed:
            raise CheckFailed(result.text, result.json)
        return result

    def reset(self) -> None:
        """Undoes what a test did: links up, paused speakers resumed, ended ones started."""
        self.running.reset()

    @property
    def timeline(self) -> list[Event]:
        """What happened so far, oldest first; ``at`` is in seconds since the start."""
        return self.running.timeline()

    @property
    def status(self) -> dict[str, Any]:
        """Nodes with their processes, and sessions, as ``catflap status --json`` tells them."""
        status: dict[str, Any] = json.loads(self.running.status_json())
        return status

    @property
    def dir(self) -> pathlib.Path:
        """The lab's folder: a folder for each node with its configuration and log. Gone with the lab."""
        return pathlib.Path(self.running.run_dir())


def _all_down() -> None:
    for lab in list(_up):
        lab.down()


# The namespaces and processes would vanish with us anyway; this takes the folders along.
atexit.register(_all_down)
