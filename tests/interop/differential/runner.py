"""Runs a case (the states that a network goes through) on both daemons and says what differs in the end of each state."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
import select
import subprocess
import time

from catflap_cli import Cli

from differential import render
from differential.birdc import Birdc, protocols, routes
from differential.world import World

SETTLE = 25.0  # seconds within which both must have come to the same
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


class Network:
    """A world that runs on one daemon."""

    def __init__(self, cli: Cli, world: World, folder: pathlib.Path, daemon: str) -> None:
        self.cli, self.folder, self.name = cli, folder / daemon, f"diff-{daemon}"
        file = render.write(world, self.folder, self.name)
        speakers = [word for n in world.routers for word in ("--speaker", f"r{n}={daemon}")]
        done = cli("up", file, *speakers, "--no-wait")
        assert done.code == 0, f"{daemon}: {done}"
        self.nodes = {node["name"]: node for node in cli.status(self.name)["nodes"]}
        self.clients: dict[str, Birdc] = {}

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
        return seen, [text for _, text in shown if text.strip().startswith(("Import ", "Export ", "BGP state:"))]

    def kernel(self, n: int) -> dict[str, list]:
        found: dict[str, list] = {}
        for family in ("-4", "-6"):
            text = subprocess.run(["nsenter", "-t", str(self.nodes[f"r{n}"]["pid"]), "-n", "ip", "-j", family, "route", "show",
                                   "table", "all", "proto", "bird"], capture_output=True, text=True, check=True).stdout
            for route in json.loads(text or "[]"):
                # Link-local addresses come from MAC addresses, which are random.
                hops = sorted((re.sub("^fe80::.*", "fe80::", h.get("gateway", "")), h.get("dev", ""), h.get("weight", 1)) for h in route.get("nexthops", [route]))
                found.setdefault(f"{family} {route['dst']}", []).append(
                    (route.get("table", "main"), route.get("type", "unicast"), route.get("metric", 0),
                     str(route.get("metrics", "")), tuple(hops)))
        return {key: sorted(value) for key, value in found.items()}

    def down(self) -> None:
        for client in self.clients.values():
            client.close()
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


def look(bird: Network, own: Network, world: World) -> tuple[list[str], object]:
    """What differs now; and all that was seen, to tell whether the networks are at rest."""
    found: list[str] = []
    seen = {}
    for n in world.routers:
        (a, moved), (b, own_moved) = seen[n] = bird.observe(n), own.observe(n)
        for part in sorted(a.keys() | b.keys()):
            found += compare(f"r{n} {part}", a.get(part, {}), b.get(part, {}))
    for n, name in sessions(world):
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
            networks.append(Network(cli, rounds[0], folder, daemon))
        for i, world in enumerate(rounds):
            if i > 0:
                for network in networks:
                    network.configure(world)
                for n, command in world.commands:
                    for network in networks:
                        network.client(f"r{n}")(command)
            if found := settle(*networks, world, limit):
                return Difference(i, "\n".join(found[:6]))
        return None
    finally:
        for network in networks:
            network.down()
