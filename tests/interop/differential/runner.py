"""Runs a case (the states that a network goes through) on both daemons and says what differs in the end of each state."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import time

from catflap_cli import Cli

from differential import render
from differential.birdc import Birdc, protocols, routes
from differential.world import World

SETTLE = float(os.environ.get("CATFLAP_DIFFERENTIAL_SETTLE", "90"))  # seconds within which both must have come to the same
START = 60.0  # seconds within which a daemon must listen on its control socket
QUIET = 0.2  # seconds in which nothing happens any more
DAEMONS = ("bird", "self")


@dataclasses.dataclass
class Difference:
    round: int
    text: str

    @property
    def kind(self) -> str:
        """What differs: routes, protocols, kernel..., so that a case made smaller still shows the same."""
        return self.text.split(":")[0].split()[1]


# Makes point-to-point interfaces that have a carrier as long as it runs.
TUNNELS = """
import fcntl, struct, sys
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
held = []
for name in sys.argv[1:]:
    held.append(open("/dev/net/tun", "r+b", buffering=0))
    fcntl.ioctl(held[-1], TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
print("ready", flush=True)
sys.stdin.read()
"""


class Network:
    """A world that runs on one daemon."""

    def __init__(self, cli: Cli, folder: pathlib.Path, daemon: str) -> None:
        self.cli, self.folder, self.daemon, self.name = cli, folder / daemon, daemon, f"diff-{daemon}"
        self.nodes: dict[str, dict] = {}
        self.clients: dict[str, Birdc] = {}
        self.started: dict[int, subprocess.Popen] = {}  # routers that were killed, by their number
        self.tunnels: list[subprocess.Popen] = []

    def start(self, world: World) -> None:
        file = render.write(world, self.folder, self.name)
        speakers = [word for n in world.routers for word in ("--speaker", f"r{n}={self.daemon}")]
        done = self.cli("up", file, *speakers, "--no-wait")
        assert done.code == 0, f"{self.daemon}: {done}"
        self.nodes = {node["name"]: node for node in self.cli.status(self.name)["nodes"]}
        for router in world.routers.values():
            if addresses := render.tunnels(router):
                self.add_tunnels(router.number, addresses)

    def inside(self, n: int) -> list[str]:
        return ["nsenter", f"--net=/proc/{self.nodes[f'r{n}']['pid']}/ns/net"]

    def add_tunnels(self, n: int, addresses: list[tuple[str, str]]) -> None:
        names = sorted({name for name, _ in addresses})
        holder = subprocess.Popen([*self.inside(n), sys.executable, "-c", TUNNELS, *names], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        self.tunnels.append(holder)
        assert holder.stdout.readline() == "ready\n"
        for name, address in addresses:
            subprocess.run([*self.inside(n), "ip", "address", "add", *address.split(), "dev", name], check=True)
        for name in names:
            subprocess.run([*self.inside(n), "ip", "link", "set", name, "up"], check=True)

    def kill(self, n: int, recover: bool) -> None:
        """Kills the router's daemon and starts it again as it was started; `recover`: with -R."""
        name = f"r{n}"
        pid = self.nodes[name]["pid"]
        argv = pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]
        argv = [os.readlink(f"/proc/{pid}/exe"), *(word for word in argv[1:] if word != "-R")]
        space = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
        try:
            if name in self.clients:
                self.clients.pop(name).close()
            if n in self.started:
                self.started[n].kill()
                self.started.pop(n).wait()
            else:
                gone = os.pidfd_open(pid)
                try:
                    signal.pidfd_send_signal(gone, signal.SIGKILL)
                    select.select([gone], [], [])
                finally:
                    os.close(gone)
            with open(self.folder / f"{name}.log", "a") as log:
                self.started[n] = subprocess.Popen(
                    ["nsenter", f"--net=/proc/self/fd/{space}", *argv, *(["-R"] if recover else [])], pass_fds=[space],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        finally:
            os.close(space)
        self.nodes[name]["pid"] = self.started[n].pid
        deadline = time.monotonic() + START
        while True:
            try:
                self.client(name)
                return
            except OSError:
                assert self.started[n].poll() is None, f"{self.name} {name} does not start"
                assert time.monotonic() < deadline, f"{self.name} {name} does not listen"
                select.select([], [], [], 0.02)

    def client(self, name: str) -> Birdc:
        if name not in self.clients:
            self.clients[name] = Birdc(self.nodes[name]["control"])
        return self.clients[name]

    def configure(self, world: World) -> None:
        render.write_configs(world, self.folder)
        for n in world.routers:
            reply = self.client(f"r{n}")(f'configure "{self.folder / f"r{n}.conf"}"')
            assert reply[-1][0] in (3, 4), f"{self.name} r{n}: {reply}"

    def observe(self, n: int) -> tuple[dict[str, dict], list[str]]:
        """Everything that must be equal, by what it is called; and what tells that something happened."""
        ask = self.client(f"r{n}")
        shown = ask("show protocols all")
        seen = {"routes": routes(ask("show route all table all")), "protocols": protocols(shown)}
        seen["filtered"] = routes(ask("show route all table all filtered"))
        for name, rows in seen["protocols"].items():
            if rows[0] in ("BGP", "Pipe", "Kernel") and ("up" in rows):
                seen[f"export {name}"] = routes(ask(f"show route all export {name}"))
                seen[f"noexport {name}"] = routes(ask(f"show route noexport {name}"))
        restarts = [text.strip() for _, text in shown + ask("show status")
                    if "graceful restart active" in text or "recovery in progress" in text]
        seen["restarts"] = dict.fromkeys(restarts, "not at its end")
        return seen, [text for _, text in shown if text.strip().startswith(("Import ", "Export ", "BGP state:"))]

    def kernel(self, n: int) -> dict[str, list]:
        found: dict[str, list] = {}
        for family in ("-4", "-6"):
            text = subprocess.run([*self.inside(n), "ip", "-j", family, "route", "show", "table", "all", "proto", "bird"],
                                  capture_output=True, text=True, check=True).stdout
            for route in json.loads(text or "[]"):
                # Link-local addresses come from MAC addresses, which are random.
                hops = sorted((re.sub("^fe80::.*", "fe80::", h.get("gateway") or h.get("via", {}).get("host", "")), h.get("dev", ""), h.get("weight", 1)) for h in route.get("nexthops", [route]))
                found.setdefault(f"{family} {route['dst']}", []).append(
                    (route.get("table", "main"), route.get("type", "unicast"), route.get("metric", 0),
                     str(route.get("metrics", "")), tuple(hops)))
        return {key: sorted(value) for key, value in found.items()}

    def down(self) -> None:
        for client in self.clients.values():
            client.close()
        for process in [*self.started.values(), *self.tunnels]:
            process.kill()
            process.wait()
        self.cli("down", self.name)


def compare(what: str, bird: dict, own: dict) -> list[str]:
    out = []
    for key in sorted(bird.keys() | own.keys()):
        if bird.get(key) != own.get(key):
            out.append(f"{what}: {key}\n    bird: {bird.get(key)}\n    self: {own.get(key)}")
    return out


def sessions(world: World) -> list[tuple[int, str]]:
    """Router and name of each session that must come up."""
    return [(n, name) for link in world.links if link.disabled is None for n in (link.a, link.b)
            for name in render.sessions(link)]


def limited(world: World, name: str) -> bool:
    link = next(link for link in world.links if f"l{link.number}v" in name)
    return any("action disable" in word for side in link.sides.values() for word in side.channel)


def look(bird: Network, own: Network, world: World) -> tuple[list[str], object]:
    """What differs now; and all that was seen, to tell whether the networks are at rest."""
    found: list[str] = []
    seen = {}
    for n in world.routers:
        (a, moved), (b, own_moved) = seen[n] = bird.observe(n), own.observe(n)
        for part in sorted(a.keys() | b.keys()):
            found += compare(f"r{n} {part}", a.get(part, {}), b.get(part, {}))
        for network, own_seen in ((bird, a), (own, b)):
            found += [f"r{n} restarts: {text} in {network.name}" for text in own_seen["restarts"]]
    stopped = {(n, name) for n in world.routers for name, rows in seen[n][0][0]["protocols"].items() if rows[2] == "down"}
    for n, name in sessions(world):
        if limited(world, name) and any((other, name) in stopped for other in world.routers):
            continue  # one side had more than it may
        for network, daemon in ((bird, 0), (own, 1)):
            if "up" not in seen[n][daemon][0]["protocols"].get(name, ()):
                found.append(f"r{n} sessions: {name} is not up in {network.name}")
    if not found:
        for n in world.routers:
            kernels = bird.kernel(n), own.kernel(n)
            seen[n] += kernels
            found += compare(f"r{n} kernel", *kernels)
    return found, seen


def settle(bird: Network, own: Network, world: World, limit: float) -> list[str]:
    """Waits until both say the same and nothing happens any more; what differs if they do not come to that."""
    deadline = time.monotonic() + limit
    before: object = None
    while True:
        found, seen = look(bird, own, world)
        if not found and seen == before:
            return []
        if time.monotonic() > deadline:
            return found or ["r0 rest: the routers do not come to rest"]
        before = seen
        select.select([], [], [], QUIET)


def run(cli: Cli, rounds: list[World], folder: pathlib.Path, limit: float = SETTLE) -> Difference | None:
    networks: list[Network] = []
    try:
        for daemon in DAEMONS:
            networks.append(Network(cli, folder, daemon))
            networks[-1].start(rounds[0])
        for i, world in enumerate(rounds):
            if i > 0:
                for network in networks:
                    network.configure(world)
                for n, recover in world.kills:
                    for network in networks:
                        network.kill(n, recover)
                for n, command in world.commands:
                    for network in networks:
                        network.client(f"r{n}")(command)
            if found := settle(*networks, world, limit):
                return Difference(i, "\n".join(found[:6]))
        return None
    finally:
        for network in networks:
            network.down()
