"""What the dialogues need: run calicoctl against a store of its own, and compare what it prints."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import socket
import subprocess
import textwrap
import threading
from typing import Optional

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("CATFLAP_BIN", ROOT / "build" / "dev" / "bin"))


@dataclasses.dataclass
class Result:
    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"exit {self.code}\n--- out\n{self.out}--- err\n{self.err}"


def table(text: str) -> str:
    """An expected text: indentation and the newline at its front are those of the test."""
    return textwrap.dedent(text).lstrip("\n")


def unpadded(text: str) -> str:
    """As people paste tables: without the blanks at the ends of lines."""
    return "\n".join(line.rstrip() for line in text.split("\n"))


class Calicoctl:
    """The program over a store in a folder of its own."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith(("CATFLAP_", "CALICO_", "ETCD_", "DATASTORE_", "KUBECONFIG", "K8S_"))}
        self.env["CATFLAP_STORE"] = str(folder / "store.db")
        self.env["LC_ALL"] = "C.UTF-8"

    def __call__(self, *words, input: Optional[str] = None, env: Optional[dict] = None) -> Result:
        done = subprocess.run([str(BIN / "calicoctl"), *map(str, words)], env={**self.env, **(env or {})},
                              cwd=self.folder, input=input, text=True, capture_output=True, timeout=60,
                              stdin=None if input is not None else subprocess.DEVNULL)
        return Result(done.returncode, done.stdout, done.stderr)

    def ok(self, *words, out: Optional[str] = None, **more) -> str:
        """Succeeds, says nothing on standard error and, if given, exactly `out` on standard output."""
        result = self(*words, **more)
        assert (result.code, result.err) == (0, ""), f"{words}: {result}"
        if out is not None:
            assert result.out == out, f"{words}: {result}"
        return result.out

    def fails(self, *words, err: Optional[str] = None, out: str = "", **more) -> Result:
        """Exits with 1 and exactly these texts."""
        result = self(*words, **more)
        assert result.code == 1, f"{words}: {result}"
        assert result.out == out, f"{words}: {result}"
        if err is not None:
            assert result.err == err, f"{words}: {result}"
        return result

    def apply(self, text: str, verb: str = "apply") -> str:
        return self.ok(verb, "-f", "-", input=textwrap.dedent(text))

    def write(self, name: str, text: str) -> pathlib.Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))
        return path


@pytest.fixture
def ctl(tmp_path: pathlib.Path) -> Calicoctl:
    return Calicoctl(tmp_path)


class FakeBird:
    """A control socket that greets, and answers every command with one text."""

    def __init__(self, path: pathlib.Path, reply: str) -> None:
        self.path = path
        self.reply = reply
        self.commands: list[str] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            with peer:
                try:
                    peer.sendall(b"0001 BIRD 1.6.8 ready.\n")
                    while data := peer.recv(4096):
                        self.commands.append(data.decode())
                        peer.sendall(self.reply.encode())
                except OSError:
                    pass  # the program is gone: it has what it wanted

    def close(self) -> None:
        # Wakes accept(); close() alone does not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=10)


@pytest.fixture
def fake_bird(tmp_path: pathlib.Path):
    """Makes control sockets; they are closed at the end."""
    made: list[FakeBird] = []

    def make(reply: str, name: str = "bird.ctl") -> FakeBird:
        made.append(FakeBird(tmp_path / name, reply))
        return made[-1]

    yield make
    for bird in made:
        bird.close()


def pytest_sessionfinish(session, exitstatus):
    """CTest shows a file as skipped, not as passed, if nothing in it could run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    stats = reporter.stats if reporter else {}
    if exitstatus == 0 and stats.get("skipped") and not stats.get("passed"):
        print("\nskipped: nothing in this file could run")
        session.exitstatus = 77
