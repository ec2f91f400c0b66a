"""Runs a case (the states that a network goes through) on both daemons and says what differs in the end of each state."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import subprocess

from catflap_cli import Cli, soon

from differential import render
from differential.birdc import Birdc, protocols, routes
from differential.world import World

SETTLE = 25.0  # seconds within which both must have come to the same
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

    def observe(self, n: int) -> dict[str, dict]:
        """Everything that must be equal, by what it is called."""
        ask = self.client(f"r{n}")
        seen = {"routes": routes(ask("show route all table all")), "protocols": protocols(ask("show protocols all"))}
        for name, rows in seen["protocols"].items():
            if rows[0] == "BGP" and "up" in rows:
                seen[f"export {name}"] = list(routes(ask(f"show route all table all export {name}")))
        return seen

    def kernel(self, n: int) -> dict[str, list]:
        found: dict[str, list] = {}
        for family in ("-4", "-6"):
            text = subprocess.run(["nsenter", "-t", str(self.nodes[f"r{n}"]["pid"]), "-n", "ip", "-j", family, "route", "show",
                                   "proto", "bird"], capture_output=True, text=True, check=True).stdout
            for route in json.loads(text or "[]"):
                hops = sorted((h.get("gateway", ""), h.get("dev", "")) for h in route.get("nexthops", [route]))
                found.setdefault(f"{family} {route['dst']}", []).append(
                    (route.get("type", "unicast"), route.get("metric", 0), tuple(hops)))
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


def differences(bird: Network, own: Network, world: World) -> list[str]:
    out = []
    for n in world.routers:
        a, b = bird.observe(n), own.observe(n)
        for part in sorted(a.keys() | b.keys()):
            x, y = a.get(part, {}), b.get(part, {})
            if part.startswith("export"): x, y = dict.fromkeys(x), dict.fromkeys(y); x.update(zip(x,x)); y.update(zip(y,y))
            out += compare(f"r{n} {part}", x, y)
        if out:
            return out  # the rest follows from it, or is not there yet
    for n in world.routers:
        out += compare(f"r{n} kernel", bird.kernel(n), own.kernel(n))
    return out


def settle(bird: Network, own: Network, world: World, limit: float) -> list[str]:
    """Waits until both say the same; what differs if they do not come to that."""
    found: list[str] = []

    def same() -> bool:
        found[:] = differences(bird, own, world)
        return not found

    soon(same, limit, step=0.05)
    return found


def run(cli: Cli, rounds: list[World], folder: pathlib.Path, limit: float = SETTLE) -> Difference | None:
    networks: list[Network] = []
    try:
        for daemon in DAEMONS:
            networks.append(Network(cli, rounds[0], folder, daemon))
        for i, world in enumerate(rounds):
            if i > 0:
                for network in networks:
                    network.configure(world)
            if found := settle(*networks, world, limit):
                return Difference(i, "\n".join(found[:6]))
        return None
    finally:
        for network in networks:
            network.down()
