"""What tests of the command line need: run catflap, wait without sleeping, and see what a lab leaves behind."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import textwrap
import time
from typing import Callable, Iterator, Optional

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("CATFLAP_BIN", ROOT / "build" / "dev" / "bin"))
TOPOLOGIES = ROOT / "topologies"
CONFIGS = ROOT / "bird-configs"
TWO_ROUTER = TOPOLOGIES / "two-router.yaml"
HELLO = TOPOLOGIES / "hello.yaml"

OK, FAILED, BAD_INPUT, ENVIRONMENT, SKIPPED = 0, 1, 2, 3, 77


@dataclasses.dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    def __str__(self) -> str:
        return f"exit {self.code}\n--- out\n{self.out}--- err\n{self.err}"


class Cli:
    """The command line with a state folder of its own."""

    def __init__(self, run_dir: pathlib.Path) -> None:
        self.run_dir = run_dir
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("CATFLAP_")}
        self.env["CATFLAP_RUN_DIR"] = str(run_dir)
        self.env["LC_ALL"] = "C.UTF-8"

    def argv(self, *args) -> list[str]:
        return [str(BIN / "catflap"), *map(str, args)]

    def __call__(self, *args, env=None, cwd=None, input=None, timeout=60, code: Optional[int] = None) -> Result:
        """Runs a verb; with `code`, that must be the exit code."""
        done = subprocess.run(self.argv(*args), env={**self.env, **(env or {})}, cwd=cwd, input=input, text=True,
                              stdin=None if input is not None else subprocess.DEVNULL,
                              capture_output=True, timeout=timeout)
        result = Result(done.returncode, done.stdout, done.stderr)
        if code is not None:
            assert result.code == code, f"{args}: {result}"
        return result

    def start(self, *args, env=None, **more) -> subprocess.Popen:
        return subprocess.Popen(self.argv(*args), env={**self.env, **(env or {})}, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

    def json(self, *args, code: int = OK, **more):
        return self("--json", *args, code=code, **more).json

    def status(self, lab: Optional[str] = None):
        return self.json("status", *(["--lab", lab] if lab else []))

    def node(self, name: str, lab: Optional[str] = None):
        return next(n for n in self.status(lab)["nodes"] if n["name"] == name)

    def exec(self, node: str, *command, **more) -> Result:
        return self("exec", node, "--", *command, **more)

    def expect(self, check: str, **more) -> Result:
        return self("expect", check, **more)

    def labs(self) -> list[str]:
        return sorted(p.name for p in self.run_dir.iterdir()) if self.run_dir.exists() else []

    @contextlib.contextmanager
    def lab(self, file, *args, **more) -> Iterator["Cli"]:
        """A lab that is up, and taken down at the end."""
        self("up", file, *args, code=OK, **more)
        try:
            yield self
        finally:
            self("down", "--all", code=OK)

    def supervisor(self, lab: str) -> int:
        """The pid of the process that runs a lab, as its journal has it."""
        return int(re.search(r" owner lab process=(\d+)@", (self.run_dir / lab / "journal").read_text()).group(1))

    def birdc(self, node: str, *command, lab: Optional[str] = None) -> Result:
        """Debian's birdc on the control socket of a node's speaker, as a user would call it."""
        done = subprocess.run(["birdc", "-s", self.node(node, lab)["control"], *command], text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=20)
        return Result(done.returncode, done.stdout, done.stderr)

    def close(self) -> None:
        if self.run_dir.exists() and any(p.is_dir() for p in self.run_dir.iterdir()):
            self("down", "--all")


def write(path: pathlib.Path, text: str) -> pathlib.Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text).lstrip("\n"))
    return path


# -- what there is ---------------------------------------------------------------------------------------------------

def _stat(pid: str) -> Optional[list[str]]:
    try:
        text = pathlib.Path("/proc", pid, "stat").read_text()
    except OSError:
        return None
    return [text[text.index("(") + 1:text.rindex(")")], *text[text.rindex(")") + 2:].split()]


def processes() -> dict[int, str]:
    """Every process that has not exited, by pid."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        fields = _stat(pid)
        if fields and fields[1] not in "ZX":
            found[int(pid)] = fields[0]
    return found


def children(pid: int) -> dict[int, str]:
    """Processes that descend from `pid`, without it."""
    parents = {p: int(stat[2]) for p in processes() if (stat := _stat(str(p)))}
    found = {}
    for p in parents:
        up = p
        while up in parents and up != pid:
            up = parents[up]
        if up == pid and p != pid:
            found[p] = (_stat(str(p)) or ["gone"])[0]
    return found


def namespaces() -> set[str]:
    """Every network namespace that a process is in, that a descriptor holds or that is mounted somewhere."""
    found = set()
    for pid in processes():
        base = pathlib.Path("/proc", str(pid))
        links = [base / "ns" / "net"]
        with contextlib.suppress(OSError):
            links += list((base / "fd").iterdir())
        with contextlib.suppress(OSError):
            links += [task / "ns" / "net" for task in (base / "task").iterdir()]
        for link in links:
            with contextlib.suppress(OSError):
                target = os.readlink(link)
                if target.startswith("net:"):
                    found.add(target)
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        if (root := line.split()[3]).startswith("net:"):
            found.add(root)
    return found


def interfaces() -> list[str]:
    """Of the namespace that the tests, and so catflap, are started in."""
    return sorted(link["ifname"] for link in json.loads(
        subprocess.run(["ip", "-j", "link"], capture_output=True, text=True, check=True).stdout))


def footprint(cli: Cli) -> dict:
    """All that a lab could leave behind. Equal before and after, or something leaked. To be called while no lab is up:
    supervisors of earlier tests may still be on their way out."""
    wait_gone([pid for pid, name in processes().items() if name == "catflap"], 5)
    files = sorted(str(p.relative_to(cli.run_dir)) for p in cli.run_dir.rglob("*")) if cli.run_dir.exists() else []
    return {"namespaces": namespaces(), "interfaces": interfaces(), "processes": processes(), "files": files}


def footprint_settles(cli: Cli, before: dict, limit: float = 10.0, files: bool = True) -> None:
    """Waits for every process that was not there before to end by itself, then compares."""
    deadline = time.monotonic() + limit
    while new := [pid for pid in processes() if pid not in before["processes"]]:
        assert wait_gone(new, deadline - time.monotonic()), {p: processes().get(p) for p in new}
    after = footprint(cli)
    if not files:
        after["files"] = before["files"]
    assert after == before


# -- waiting ---------------------------------------------------------------------------------------------------------

def wait_gone(pids, limit: float = 10.0) -> bool:
    """Waits on pidfds until all these processes have exited."""
    deadline = time.monotonic() + limit
    for pid in pids:
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            if not select.select([fd], [], [], max(0.0, deadline - time.monotonic()))[0]:
                return False
        finally:
            os.close(fd)
    return True


def soon(what: Callable[[], object], limit: float = 10.0, step: float = 0.01):
    """Waits until `what()` is true and returns it, for states that nothing announces; the last value if it never is."""
    deadline = time.monotonic() + limit
    while not (value := what()) and time.monotonic() < deadline:
        select.select([], [], [], step)
    return value


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


# -- text ------------------------------------------------------------------------------------------------------------

def without_times(text: str) -> str:
    """Durations of reports ("12.3 ms", "45 us", "1.20 s") become T."""
    return re.sub(r"\b\d+(\.\d+)? (us|ms|s)\b", "T", text)


def have(*programs: str) -> bool:
    return all(shutil.which(p) or pathlib.Path("/usr/sbin", p).exists() for p in programs)
