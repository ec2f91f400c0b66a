"""BIRD and our speaker as a judge of configurations and as a runner of filters."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(os.environ.get("CATFLAP_BIN", ROOT / "build" / "dev" / "bin"))
BIRD1 = ROOT / "build" / "peers" / "bird1" / "usr" / "sbin"  # ci/install-deps unpacks it


@dataclasses.dataclass(frozen=True)
class Dialect:
    name: str  # as tests call it
    bird: pathlib.Path
    options: tuple[str, ...]  # of ours
    version: int = 2
    family: int = 4  # of the only routes that a daemon of 1.6 knows

    @property
    def missing(self) -> str:
        return "" if self.bird.exists() else f"no {self.bird}; run ci/install-deps"


BIRD2 = Dialect("bird2", pathlib.Path(shutil.which("bird", path="/usr/sbin:/usr/bin:/sbin") or "/usr/sbin/bird"), ())
BIRD1_4 = Dialect("bird1", BIRD1 / "bird", ("--dialect", "1.6", "--family", "4"), 1, 4)
BIRD1_6 = Dialect("bird1-ipv6", BIRD1 / "bird6", ("--dialect", "1.6", "--family", "6"), 1, 6)


def ours(dialect: Dialect) -> list[str]:
    return [str(BIN / "catflap-bgpd"), *dialect.options]


def check(argv: list[str], path: pathlib.Path) -> tuple[bool, str]:
    """Whether the program takes the file, and what it says."""
    done = subprocess.run([*argv, "-p", "-c", str(path)], capture_output=True, text=True, errors="replace",
                          timeout=60, check=False)
    assert done.returncode in (0, 1), f"{argv[0]} on {path}: exit {done.returncode}\n{done.stderr}"
    said = (done.stdout + done.stderr).strip().splitlines()
    return done.returncode == 0, said[-1] if said else ""


class Daemon:
    """A daemon with a configuration, a control socket and a log of its own in a folder."""

    def __init__(self, argv: list[str], folder: pathlib.Path, config: str, timeout: float = 30.0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.log_file = folder / "log"
        self.config = folder / "bird.conf"
        self.config.write_text(f'log "{self.log_file}" all;\n' + config)
        self.socket = folder / "ctl"
        self.process = subprocess.Popen([*argv, "-f", "-c", str(self.config), "-s", str(self.socket),
                                         "-P", str(folder / "pid")], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE)
        self.connection = None
        self.buffer = b""
        self.deadline = time.monotonic() + timeout
        try:
            self._connect()
        except BaseException:
            self.close()
            raise

    def _connect(self) -> None:
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.process.args[0]} ended: {self.process.stderr.read().decode()}")
            try:
                self.connection = socket.socket(socket.AF_UNIX)
                self.connection.settimeout(30)
                self.connection.connect(str(self.socket))
                self._reply()
                return
            except OSError:
                self.connection.close()
                if time.monotonic() > self.deadline:
                    raise
                # A socket has no event for "is there now"; that the daemon ends has one.
                select.select([self.process.stderr], [], [], 0.01)

    def _line(self) -> str:
        while b"\n" not in self.buffer:
            more = self.connection.recv(65536)
            if not more:
                raise OSError("closed")
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode(errors="replace")

    def _reply(self) -> list[str]:
        lines = []
        while True:
            line = self._line()
            if re.match(r"\d{4} ", line):
                lines.append(line[5:])
                return lines
            lines.append(line[5:] if re.match(r"\d{4}-", line) else line[1:] if line[:1] in " +" else line)

    def ask(self, command: str) -> list[str]:
        self.connection.sendall(command.encode() + b"\n")
        return self._reply()

    def printed(self) -> list[str]:
        """What filters printed: the texts of INFO lines, as time stamps differ."""
        found = (re.match(r"\S+(?: \S+)? <INFO> (.*)", line)
                 for line in self.log_file.read_text(errors="replace").splitlines())
        return [match.group(1) for match in found if match]

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stderr.close()

    def __enter__(self) -> "Daemon":
        return self

    def __exit__(self, *unused) -> None:
        self.close()
