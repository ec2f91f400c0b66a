"""Namespaces, daemons and control sockets for tests that compare what birdc is told."""

from __future__ import annotations

import pathlib
import shutil
import socket
import subprocess
import time

from birdc_control import Control
from catflap_cli import BIN, ROOT, soon

BIRD1 = ROOT / "build" / "peers" / "bird1" / "usr" / "sbin"
BIRD2 = pathlib.Path(shutil.which("bird") or "/usr/sbin/bird")


class Netns:
    """A network (and host name) namespace that lives as long as this object: a process holds it that ends with its
    standard input."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.holder = subprocess.Popen(
            ["unshare", "--net", "--uts", "sh", "-c", f"hostname {name} && ip link set lo up && sysctl -qw net.ipv6.conf.default.accept_dad=0 && "
             "echo ready && exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.holder.stdout.readline() == "ready\n", "cannot make a namespace"

    def enter(self, *command) -> list[str]:
        return ["nsenter", f"--target={self.holder.pid}", "--net", "--uts", "--", *map(str, command)]

    def run(self, *command) -> str:
        done = subprocess.run(self.enter(*command), text=True, capture_output=True, timeout=20)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def close(self) -> None:
        self.holder.stdin.close()
        self.holder.wait(10)
        self.holder.stdout.close()


class Daemon:
    """A speaker in the foreground, with its configuration and control socket in `folder`."""

    def __init__(self, netns: Netns, folder: pathlib.Path, conf: str, program: list, name: str = "bird") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.netns = folder, netns
        self.conf, self.socket = folder / f"{name}.conf", folder / f"{name}.ctl"
        self.events = folder / f"{name}.events"
        self.log = folder / f"{name}.log"
        self.conf.write_text(conf)
        self.stderr = (folder / f"{name}.stderr").open("w")
        self.argv = netns.enter(*[str(word).format(conf=self.conf, socket=self.socket, events=self.events)
                                  for word in program])
        self.process = None

    def start(self) -> "Daemon":
        self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=self.stderr, stderr=self.stderr)
        assert soon(self.answers, 15), f"{self.argv} does not answer: {pathlib.Path(self.stderr.name).read_text()}"
        return self

    def answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(str(self.socket))
                s.settimeout(10)
                return bool(s.recv(100))
        except OSError:
            return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def close(self) -> None:
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
        self.stderr.close()

    def ask(self, command: str) -> str:
        """The octets of the reply to one command, on a connection of its own."""
        with Control(self.socket) as control:
            return control.ask(command)


SELF = [BIN / "catflap-bgpd", "-f", "-c", "{conf}", "-s", "{socket}", "--events", "{events}"]
SELF1 = [*SELF, "--dialect", "1.6"]
BIRD2_ARGV = [BIRD2, "-f", "-c", "{conf}", "-s", "{socket}"]
BIRD1_ARGV = [BIRD1 / "bird", "-f", "-c", "{conf}", "-s", "{socket}"]
BIRD6_ARGV = [BIRD1 / "bird6", "-f", "-c", "{conf}", "-s", "{socket}"]


def veth(a: Netns, a_name: str, b: Netns, b_name: str, a_addresses, b_addresses) -> None:
    """A cable between two namespaces, with addresses on both ends."""
    a.run("ip", "link", "add", a_name, "type", "veth", "peer", "name", b_name, "netns", str(b.holder.pid))
    for side, name, addresses in [(a, a_name, a_addresses), (b, b_name, b_addresses)]:
        side.run("ip", "link", "set", name, "up")
        for address in addresses:
            side.run("ip", "address", "add", address, "dev", name, *(["nodad"] if ":" in address else []))


def wait_established(daemon: Daemon, protocols, limit: float = 40) -> None:
    """Until all of these are, and their routes have settled for half a second."""
    def missing():
        text = daemon.ask("show protocols")
        return [p for p in protocols
                if not any(p == line.lstrip("0123456789- ").split()[0] and "Established" in line
                           for line in text.splitlines() if len(line.split()) > 4 and p in line)]
    assert soon(lambda: not missing(), limit, 0.1), f"{missing()} not established:\n{daemon.ask('show protocols')}"
    state = {"text": "", "since": time.monotonic()}

    def settled():
        now = daemon.ask("show route count")
        if now != state["text"]:
            state.update(text=now, since=time.monotonic())
        return time.monotonic() - state["since"] > 0.5
    assert soon(settled, limit, 0.05), "routes go on changing"
