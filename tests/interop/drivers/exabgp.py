"""ExaBGP: has no table, so everything it hears goes through its API to a file, and the table is made from that."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
from typing import Optional

from lan import Node
from model import (ADD_PATH, AS4, ENHANCED, EXTENDED, LLGR, LONG, REFRESH, RESTART, Neighbor, Path, Route, Router, Session,
                   prefix)

from .base import Daemon, find

_PYTHON = "/usr/bin/python3"
_FIELDS = {"origin": "origin", "med": "med", "local-preference": "local_pref", "originator-id": "originator"}
_CAPABILITIES = {2: REFRESH, 70: ENHANCED, 65: AS4, 69: ADD_PATH, 64: RESTART, 71: LLGR, 5: EXTENDED, 6: LONG}


def _static(route: Route, neighbor: Neighbor, node: Node) -> str:
    # "next-hop self" is of the session's family only.
    family = "ipv6" if neighbor.extended_next_hop else route.family
    out = [f"route {route.prefix} next-hop {node.address(family)}", f"origin {route.origin}"]
    if neighbor.add_path:
        out.append("path-information 0.0.0.7")
    if route.med is not None:
        out.append(f"med {route.med}")
    if route.local_pref is not None:
        out.append(f"local-preference {route.local_pref}")
    if route.prepend:
        # Given a path, it sends just that.
        own = 0 if neighbor.internal else 1
        out.append(f"as-path [ {' '.join([str(neighbor.local_as)] * (route.prepend + own))} ]")
    if route.communities:
        out.append(f"community [ {' '.join(route.communities)} ]")
    if route.large:
        out.append(f"large-community [ {' '.join(route.large)} ]")
    if route.ext:
        names = {"rt": "target", "ro": "origin"}
        out.append("extended-community [ " + " ".join(
            f"{names[kind]}:{rest}" for kind, _, rest in (c.partition(":") for c in route.ext)) + " ]")
    return " ".join(out) + ";"


class ExaBgp(Daemon):
    kind = "exabgp"
    title = "ExaBGP"
    connects = True
    transit = False
    unrefreshed = "with enhanced route refresh, which it always announces, it fails and connects anew"
    deaf = "its decoder of NOTIFICATION fails on any"
    helps = "it has no table"
    package = "exabgp"

    @classmethod
    def program(cls) -> Optional[str]:
        return find("exabgp")

    @classmethod
    def version(cls) -> str:
        done = subprocess.run([cls.program(), "--version"], capture_output=True, text=True)
        return "ExaBGP " + next((line.split(":")[1].strip() for line in done.stdout.splitlines()
                                 if line.startswith("ExaBGP")), "?")

    def check(self, router: Router) -> None:
        for neighbor in router.neighbors:
            if neighbor.rr_client:
                self.cannot("reflect routes: it has no table")
            if neighbor.bfd:
                self.cannot("speak BFD")
            if neighbor.max_prefix is not None:
                self.cannot("limit prefixes")
            if neighbor.long_lived is not None:
                self.cannot("keep routes beyond the restart time")
            if not neighbor.capabilities:
                self.cannot("leave out all capabilities")

    def render(self, router: Router) -> str:
        api = pathlib.Path(__file__).with_name("exabgp_api.py")
        text = f"process sink {{\n  run {_PYTHON} {api} {self.folder};\n  encoder json;\n}}\n"
        for neighbor in router.neighbors:
            capability = ["route-refresh enable;", f"asn4 {'enable' if neighbor.as4 else 'disable'};",
                          f"extended-message {'enable' if neighbor.extended_messages else 'disable'};"]
            if neighbor.graceful_restart is not None:
                capability.append(f"graceful-restart {neighbor.graceful_restart};")
            if neighbor.add_path:
                capability.append("add-path send/receive;")
            if neighbor.extended_next_hop:
                capability.append("nexthop enable;")
            lines = [f"router-id {router.id};", f"local-address {neighbor.local};", f"local-as {neighbor.local_as};",
                     f"peer-as {neighbor.remote_as2};", f"hold-time {neighbor.hold};"]
            if neighbor.password is not None:
                lines.append(f"md5-password '{neighbor.password}';")
            if neighbor.gtsm:
                lines += ["outgoing-ttl 255;", "incoming-ttl 255;"]
            if neighbor.range:
                lines += ["passive;", "listen 179;"]
            families = [f"{f} unicast;" for f in neighbor.families]
            lines += [f"capability {{ {' '.join(capability)} }}", f"family {{ {' '.join(families)} }}"]
            if neighbor.extended_next_hop:
                lines.append("nexthop { ipv4 unicast ipv6; }")
            routes = [_static(r, neighbor, self.node) for r in router.announce if r.family in neighbor.families
                      and (neighbor.export_only is None or r.prefix in neighbor.export_only)]
            lines.append("static {\n    " + "\n    ".join(routes) + "\n  }")
            lines.append("api { processes [ sink ]; neighbor-changes; receive { parsed; update; open; notification; "
                         "refresh; keepalive; } send { parsed; notification; open; } }")
            text += f"neighbor {neighbor.range or neighbor.remote} {{\n  " + "\n  ".join(lines) + "\n}\n"
        return text

    def start(self, router: Router, recover: bool = False) -> None:
        self.router = router
        self.write("heard.json", "")
        if not (self.folder / "commands").exists():
            os.mkfifo(self.folder / "commands")
        config = self.write("exabgp.conf", self.render(router))
        environment = {
            "exabgp.daemon.user": "root", "exabgp.daemon.drop": "false", "exabgp.api.cli": "false",
            "exabgp.log.destination": "stdout", "exabgp.log.level": "DEBUG", "exabgp.log.all": "true",
            "exabgp.log.packets": "false", "exabgp.log.rib": "false",
            "exabgp.log.message": "false", "exabgp.tcp.delay": "0", "exabgp.api.ack": "false",
        }
        self.processes = [self.node.start([self.program(), config], env=environment)]

    def tell(self, command: str) -> None:
        """An API command."""
        with open(self.folder / "commands", "w") as pipe:
            pipe.write(command + "\n")

    def configure(self, router: Router) -> None:
        if router.neighbors != self.router.neighbors:
            self.cannot("change its neighbours here")
        old, self.router = self.router, router
        for neighbor in router.neighbors:
            mine = [r for r in router.announce if r.family in neighbor.families]
            for route in (r for r in old.announce if r.family in neighbor.families):
                if route.prefix not in {r.prefix for r in mine}:
                    self.tell(f"neighbor {neighbor.remote} withdraw {_static(route, neighbor, self.node).rstrip(';')}")
            for route in mine:
                if route not in old.announce:
                    self.tell(f"neighbor {neighbor.remote} announce {_static(route, neighbor, self.node).rstrip(';')}")

    def refresh(self, neighbor: Neighbor) -> None:
        for family in neighbor.families:
            self.tell(f"neighbor {neighbor.remote} announce route-refresh {family} unicast")

    def _heard(self) -> list[dict]:
        out = []
        for line in (self.folder / "heard.json").read_text(errors="replace").splitlines():
            try:
                out.append(json.loads(line))
            except ValueError:
                continue  # the last line may not be complete yet
        return out

    def session(self, neighbor: Neighbor) -> Session:
        state, error, seen, said = "down", [], frozenset(), []
        for event in self._heard():
            about = event.get("neighbor", {})
            if about.get("address", {}).get("peer") != neighbor.remote or event.get("type") == "update":
                continue
            said.append(json.dumps(event, ensure_ascii=False))
            if event["type"] == "state":
                state = {"up": "Established"}.get(about["state"], about["state"])
                error += [about["reason"]] if "reason" in about else []
            elif event["type"] == "notification":
                error.append(json.dumps(about.get("message", about), ensure_ascii=False))
            elif event["type"] == "open" and about.get("direction") == "receive":
                codes = about.get("open", {}).get("capabilities", {})
                seen = frozenset(_CAPABILITIES[int(code)] for code in codes if int(code) in _CAPABILITIES)
        return Session(state, " ".join(error), "\n".join(said), seen)

    def demarcated(self, neighbor: Neighbor) -> bool:
        # Its API does not tell; its log has the messages without their headers.
        log = (self.folder / "log").read_text(errors="replace")
        afi = 1 if neighbor.families[0] == "ipv4" else 2
        return all(f"payload (   4) {afi:04} {subtype:02}01" in log for subtype in (1, 2))

    def updates(self, neighbor: Neighbor) -> int:
        return sum(event.get("type") == "update" and event["neighbor"]["address"]["peer"] == neighbor.remote
                   for event in self._heard())

    def routes(self, family: str) -> list[Path]:
        table: dict[tuple, Path] = {}
        for event in self._heard():
            about = event.get("neighbor", {})
            peer = about.get("address", {}).get("peer", "")
            if event.get("type") == "state" and about.get("state") != "connected":
                if about.get("state") == "down":
                    table = {key: path for key, path in table.items() if key[0] != peer}
            if event.get("type") != "update":
                continue
            update = about.get("message", {}).get("update", {})
            for prefixes in update.get("withdraw", {}).values():
                for nlri in prefixes:
                    table.pop((peer, prefix(nlri["nlri"]), nlri.get("path-information")), None)
            for name, hops in update.get("announce", {}).items():
                for next_hop, prefixes in (hops.items() if name == f"{family} unicast" else ()):
                    for nlri in prefixes:
                        # The link-local address of an IPv6 next hop comes as a second one.
                        if "nlri" in nlri and not (next_hop.startswith("fe80") and len(hops) > 1):
                            key = (peer, prefix(nlri["nlri"]), nlri.get("path-information"))
                            table[key] = _path(key[1], peer, next_hop, update.get("attribute", {}))
        return list(table.values())


def _path(where: str, peer: str, next_hop: str, attributes: dict) -> Path:
    def joined(key: str) -> frozenset[str]:
        return frozenset(":".join(map(str, item)) for item in attributes.get(key, []))
    fields = {ours: attributes[theirs] for theirs, ours in _FIELDS.items() if theirs in attributes}
    path = attributes.get("as-path", {})
    numbers = path if isinstance(path, list) else [n for segment in path.values() for n in segment["value"]]
    ext = frozenset(_ext(item["value"]) for item in attributes.get("extended-community", []))
    return Path(where, peer, tuple(numbers), next_hop, communities=joined("community"), large=joined("large-community"),
                ext=ext, cluster_list=tuple(attributes.get("cluster-list", [])), **fields)


def _ext(value: int) -> str:
    """Two-octet AS form; its own text shows the number as an address for some kinds."""
    kind = {2: "rt", 3: "ro"}.get(value >> 48 & 0xff, "?")
    return f"{kind}:{value >> 32 & 0xffff}:{value & 0xffffffff}"
