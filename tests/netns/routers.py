"""Routers in network namespaces of their own, without a lab: for tests that kill, restart and listen in."""

from __future__ import annotations

import pathlib
import shutil
import signal
import subprocess
from typing import Callable, Optional

from catflap_cli import BIN, soon

BGPD = BIN / "catflap-bgpd"
BIRD = shutil.which("bird") or "/usr/sbin/bird"


def ip(*args: str, netns: Optional[str] = None) -> str:
    command = ["ip"] + (["-n", netns] if netns else []) + list(args)
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def wait_for(what: Callable[[], object], why: str, limit: float = 60.0):
    """The first true answer. The limit is generous: machines are slow, and only a failure waits for it."""
    answer = soon(what, limit, step=0.05)
    assert answer, f"never happened: {why}"
    return answer


class Router:
    """A namespace with a speaker: ours, or BIRD."""

    def __init__(self, folder: pathlib.Path, name: str, program: pathlib.Path | str = BGPD) -> None:
        self.name, self.program = name, str(program)
        self.conf, self.socket, self.log = folder / f"{name}.conf", folder / f"{name}.ctl", folder / f"{name}.log"
        self.process: Optional[subprocess.Popen] = None
        ip("netns", "add", name)
        ip("link", "set", "lo", "up", netns=name)

    def run(self, *args: str) -> str:
        return subprocess.run(["ip", "netns", "exec", self.name, *args], check=True, capture_output=True, text=True).stdout

    def popen(self, *args: str, **more) -> subprocess.Popen:
        return subprocess.Popen(["ip", "netns", "exec", self.name, *args], **more)

    def start(self, text: Optional[str] = None, *options: str) -> None:
        if text is not None:
            self.conf.write_text(text)
        with self.log.open("a") as log:
            self.process = self.popen(self.program, "-f", "-c", str(self.conf), "-s", str(self.socket), *options,
                                      stdout=log, stderr=log)
        wait_for(self.answers, f"{self.name} answers\n{self.log.read_text()}")

    def answers(self) -> bool:
        assert self.process is not None and self.process.poll() is None, self.log.read_text()
        return self.socket.exists() and "is up and running" in self.birdc("show status", check=False)

    def kill(self) -> None:
        """As kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None
        self.socket.unlink(missing_ok=True)

    def birdc(self, command: str, check: bool = True) -> str:
        done = subprocess.run(["birdc", "-s", str(self.socket), *command.split()], capture_output=True, text=True)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def established(self, protocol: str) -> bool:
        return "Established" in self.birdc(f"show protocols {protocol}", check=False)

    def close(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        subprocess.run(["ip", "netns", "delete", self.name], check=False)


def link(a: Router, b: Router, a_addresses: list[str], b_addresses: list[str], a_name: str = "", b_name: str = "") -> None:
    """A cable; interfaces are named after the router at the other end."""
    a_name, b_name = a_name or f"to-{b.name}", b_name or f"to-{a.name}"
    ip("link", "add", a_name, "netns", a.name, "type", "veth", "peer", "name", b_name, "netns", b.name)
    for router, interface, addresses in [(a, a_name, a_addresses), (b, b_name, b_addresses)]:
        for address in addresses:
            more = ["nodad"] if ":" in address else []
            ip("address", "add", address, "dev", interface, *more, netns=router.name)
        ip("link", "set", interface, "addrgenmode", "eui64", netns=router.name)
        ip("link", "set", interface, "up", netns=router.name)
