"""What all drivers share."""

from __future__ import annotations

import abc
import os
import pathlib
import shutil
import signal
import subprocess
from typing import ClassVar, Optional

from catflap_cli import ROOT, soon
from lan import Node, end
from model import Neighbor, Path, Router, Session, unsupported


class Daemon(abc.ABC):
    """A BGP daemon in a node. Routers are values: start() and configure() take one as a whole."""

    kind: ClassVar[str]  # as in the matrix and on the command line
    title: ClassVar[str]
    connects: ClassVar[bool] = False  # opens sessions by itself soon enough to be waited for
    kernel: ClassVar[bool] = False  # writes kernel routes
    transit: ClassVar[bool] = True  # passes routes on
    restarts: ClassVar[str] = ""  # why nobody keeps its routes over a restart of it
    md5_incoming: ClassVar[bool] = True  # asks for the password when others connect
    foreign_family: ClassVar[str] = ""  # what is wrong with its IPv6 routes over an IPv4 session
    foreign_family6: ClassVar[str] = ""  # and with its IPv4 routes over an IPv6 session
    trans: ClassVar[str] = ""  # why its own side of a session cannot do with 2-octet AS numbers towards a 4-octet AS
    as4_path: ClassVar[str] = ""  # why it loses AS4_PATH
    ring: ClassVar[str] = ""  # what it does wrong with two reflectors in one cluster
    unrefreshed: ClassVar[str] = ""  # what it does with a ROUTE-REFRESH
    enhanced: ClassVar[str] = ""  # why its route refresh is the plain one
    long_restarts: ClassVar[str] = ""  # why nobody keeps its routes beyond the restart time
    long_helps: ClassVar[str] = ""  # why it keeps no routes beyond the restart time
    leaks: ClassVar[str] = ""  # what it does with routes that are not to be passed on
    deaf: ClassVar[str] = ""  # why it does not understand a shutdown text
    helps: ClassVar[str] = ""  # why it keeps no routes of a neighbour that restarts
    package: ClassVar[str]

    def __init__(self, node: Node) -> None:
        self.node = node
        self.folder: pathlib.Path = node.folder
        self.router: Optional[Router] = None
        self.processes: list[subprocess.Popen] = []

    # -- what there is

    @classmethod
    @abc.abstractmethod
    def program(cls) -> Optional[str]:
        """Its path, or None."""

    @classmethod
    @abc.abstractmethod
    def version(cls) -> str:
        """As in "BIRD 2.0.12"."""

    # -- life

    @abc.abstractmethod
    def check(self, router: Router) -> None:
        """Skips the case where this daemon cannot be told `router`."""

    @abc.abstractmethod
    def start(self, router: Router, recover: bool = False) -> None:
        """Runs it; returns when it can be asked. `recover`: after a crash, with graceful restart."""

    def configure(self, router: Router) -> None:
        """Changes what differs."""
        self.cannot("be configured anew")

    def kill(self) -> None:
        """SIGKILL, as in a crash: no NOTIFICATION, no cleaning up."""
        for process in self.processes:
            end(process, signal.SIGKILL)
        self.processes.clear()

    def stop(self) -> None:
        for process in self.processes:
            end(process)
        self.processes.clear()

    def pause(self) -> None:
        """It hangs until resume()."""
        for process in self.processes:
            os.killpg(process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        for process in self.processes:
            os.killpg(process.pid, signal.SIGCONT)

    def assert_runs(self) -> None:
        for process in self.processes:
            assert process.poll() is None, f"{self.title} in {self.node.name} ended with {process.poll()}:\n{self.log()}"

    def log(self) -> str:
        """The last of what it has logged."""
        return "".join(f"--- {path}\n{path.read_text(errors='replace')[-6000:]}\n"
                       for path in sorted(self.folder.glob("*log*")) if path.is_file())

    # -- what it sees

    @abc.abstractmethod
    def session(self, neighbor: Neighbor) -> Session: ...

    @abc.abstractmethod
    def routes(self, family: str) -> list[Path]:
        """All paths that neighbours have announced and that it has accepted."""

    def paths(self, prefix: str, neighbor: Optional[Neighbor] = None) -> list[Path]:
        family = "ipv6" if ":" in prefix else "ipv4"
        return [path for path in self.routes(family)
                if path.prefix == prefix and (neighbor is None or path.peer in (neighbor.protocol, neighbor.remote))]

    @abc.abstractmethod
    def updates(self, neighbor: Neighbor) -> int:
        """A count that grows with every UPDATE, or every route in one, that the neighbour sends."""

    def stale(self, neighbor: Neighbor) -> bool:
        """It keeps routes of a neighbour that restarts."""
        self.cannot("tell whether routes are stale")

    # -- what it can be told

    def refresh(self, neighbor: Neighbor) -> None:
        """Asks the neighbour for its routes again."""
        self.cannot("send ROUTE-REFRESH on request")

    def demarcated(self, neighbor: Neighbor) -> bool:
        """It has seen the beginning and the end of a refresh (RFC 7313)."""
        self.cannot("tell how a refresh begins and ends")

    def bfd(self, neighbor: Neighbor) -> str:
        """State of the BFD session, or ""."""
        self.cannot("speak BFD")

    def shutdown(self, neighbor: Neighbor, text: str) -> None:
        """Closes the session with a Cease that has this text."""
        self.cannot("send a shutdown text")

    def cannot(self, what: str):
        unsupported(self.title, f"cannot {what}")

    # -- for subclasses

    def write(self, name: str, text: str) -> pathlib.Path:
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o644)
        return path

    def wait(self, what, why: str, limit: float = 20.0):
        def ready():
            self.assert_runs()
            return what()
        value = soon(ready, limit, 0.02)
        assert value, f"{self.title} in {self.node.name}: {why}\n{self.log()}"
        return value


def find(name: str, *places: str) -> Optional[str]:
    """A program, in these places or on the path."""
    for place in places:
        if (path := pathlib.Path(place)).is_file() and os.access(path, os.X_OK):
            return str(path)
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")


def bird1_folder() -> pathlib.Path:
    """Where BIRD 1.6 is unpacked: it cannot be installed beside BIRD 2."""
    named = os.environ.get("CATFLAP_BIRD1")
    return pathlib.Path(named).parent if named else ROOT / "build" / "peers" / "bird1" / "usr" / "sbin"
