"""Network namespaces on one Ethernet segment, and programs in them. All of it is gone with close()."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pathlib
import signal
import subprocess

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000


def _check(result: int, what: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def _new_namespace() -> int:
    """A descriptor of a new network namespace; nothing else keeps it alive."""
    with open("/proc/thread-self/ns/net") as own:
        _check(_libc.unshare(_CLONE_NEWNET), "unshare")
        try:
            return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            _check(_libc.setns(own.fileno(), _CLONE_NEWNET), "setns")


class Node:
    """A namespace with `eth0` on the segment: 10.9.0.N/24 and fd09::N/64."""

    def __init__(self, name: str, number: int, folder: pathlib.Path) -> None:
        self.name, self.number = name, number
        self.folder = folder
        folder.mkdir(mode=0o777)
        folder.chmod(0o777)  # daemons that give up root write here
        self.ns = _new_namespace()
        self.v4, self.v6 = f"10.9.0.{number}", f"fd09::{number}"

    def address(self, family: str) -> str:
        return self.v6 if family == "ipv6" else self.v4

    def argv(self, argv) -> list[str]:
        return ["nsenter", f"--net=/proc/{os.getpid()}/fd/{self.ns}", "--", *map(str, argv)]

    def start(self, argv, log: str = "log", env=None, **more) -> subprocess.Popen:
        """A program that stays; its output goes to `log` in the node's folder."""
        with open(self.folder / log, "ab") as out:
            return subprocess.Popen(self.argv(argv), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                    env={**os.environ, **(env or {})}, cwd=self.folder, start_new_session=True, **more)

    def run(self, argv, check: bool = True, timeout: float = 20.0) -> str:
        done = subprocess.run(self.argv(argv), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)
        assert not check or done.returncode == 0, f"{self.name}: {argv}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def ip(self, batch: str) -> None:
        done = subprocess.run(self.argv(["ip", "-batch", "-"]), input=batch, capture_output=True, text=True)
        assert done.returncode == 0, f"{batch}: {done.stderr}"

    def close(self) -> None:
        os.close(self.ns)


class Lan:
    """A bridge and the nodes on it."""

    def __init__(self, folder: pathlib.Path, names) -> None:
        self.switch = Node("switch", 250, folder / "switch")
        self.switch.ip("link add br0 type bridge\nlink set br0 up\nlink set lo up\n")
        self.nodes: dict[str, Node] = {}
        for number, name in enumerate(names, 1):
            node = self.nodes[name] = Node(name, number, folder / name)
            there = f"/proc/{os.getpid()}/fd/{node.ns}"
            self.switch.ip(f"link add name {name} master br0 type veth peer eth0 netns {there}\n"
                           f"link set dev {name} up\n")
            # Link-local addresses by hand: the kernel's own are not usable at once (duplicate address detection).
            node.ip("link set lo up\nlink set eth0 addrgenmode none\nlink set eth0 up\n"
                    f"addr add fe80::{number}/64 dev eth0 nodad\n"
                    f"addr add {node.v4}/24 dev eth0\naddr add {node.v6}/64 dev eth0 nodad\n")

    def close(self) -> None:
        for node in (*self.nodes.values(), self.switch):
            node.close()


def end(process: subprocess.Popen, number: int = signal.SIGTERM, limit: float = 10.0) -> None:
    """Ends a process and whatever it has started (its session)."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGCONT)
            os.kill(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(limit)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
