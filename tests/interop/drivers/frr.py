"""FRRouting: zebra, which knows interfaces and writes kernel routes, and bgpd, asked over its vty socket."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
import socket
import subprocess
from typing import Optional

from model import (ADD_PATH, AS4, ENHANCED, EXTENDED, LLGR, LONG, REFRESH, RESTART, Neighbor, Path, Route, Router, Session,
                   as_numbers, prefix)

from .base import Daemon, find

_CAPABILITIES = {"4byteAs": AS4, "addPath": ADD_PATH, "routeRefresh": REFRESH, "enhancedRouteRefresh": ENHANCED,
                 "gracefulRestart": RESTART, "gracefulRestartCapability": RESTART, "longLivedGracefulRestart": LLGR,
                 "extendedNexthop": EXTENDED, "extendedMessage": LONG}
_WELL_KNOWN = {"llgr-stale": "65535:6"}


def _route_map(name: str, route: Route, asn: int) -> str:
    out = [f"route-map {name} permit 10"]
    if route.med is not None:
        out.append(f" set metric {route.med}")
    if route.local_pref is not None:
        out.append(f" set local-preference {route.local_pref}")
    if route.origin != "igp":
        out.append(" set origin incomplete")
    if route.prepend:
        out.append(" set as-path prepend" + f" {asn}" * route.prepend)
    if route.communities:
        out.append(f" set community {' '.join(route.communities)}")
    if route.large:
        out.append(f" set large-community {' '.join(route.large)}")
    for kind in ("rt", "soo"):
        values = [c.partition(":")[2] for c in route.ext if c.startswith(kind + ":")]
        if values or (kind == "soo" and (values := [c.partition(":")[2] for c in route.ext if c.startswith("ro:")])):
            out.append(f" set extcommunity {kind} {' '.join(values)}")
    return "\n".join(out) + "\n!\n"


class Frr(Daemon):
    kind = "frr"
    title = "FRR"
    connects = True
    kernel = True
    package = "frr"
    as4_path = "ignores AS4_PATH of a neighbour that sends the capability, even if it does not send it itself"

    @classmethod
    def program(cls) -> Optional[str]:
        return find("bgpd-frr", "/usr/lib/frr/bgpd", "/usr/libexec/frr/bgpd")

    @classmethod
    def version(cls) -> str:
        done = subprocess.run([cls.program(), "--version"], capture_output=True, text=True)
        return "FRR " + (re.search(r"[\d.]+\d", done.stdout) or ["?"])[0]

    def check(self, router: Router) -> None:
        if any(n.extended_messages for n in router.neighbors):
            self.cannot("send messages of more than 4096 octets")
        if any(not n.as4 and n.families != ("ipv4",) for n in router.neighbors):
            self.cannot("leave out the 4-octet AS capability alone")

    def render(self, router: Router) -> str:
        text = f"frr defaults traditional\nhostname {router.name}\nlog file {self.folder}/bgpd.log\n"
        text += "debug bgp neighbor-events\ndebug bgp graceful-restart\n!\n"
        for number, route in enumerate(router.announce):
            text += _route_map(f"own-{number}", route, router.asn)
        text += (f"router bgp {router.asn}\n bgp router-id {router.id}\n no bgp ebgp-requires-policy\n"
                 " no bgp default ipv4-unicast\n no bgp network import-check\n no bgp suppress-duplicates\n"
                 # With graceful restart, End-of-RIB would come before the routes.
                 + ("" if router.graceful_restart else " coalesce-time 0\n"))
        for seconds in {n.graceful_restart for n in router.neighbors} - {None}:
            text += (f" bgp graceful-restart\n bgp graceful-restart restart-time {seconds}\n"
                     " bgp graceful-restart preserve-fw-state\n")
        for seconds in {n.long_lived for n in router.neighbors} - {None}:
            text += f" bgp long-lived-graceful-restart stale-time {seconds}\n"
        for neighbor in router.neighbors:
            text += self._neighbor(neighbor)
        for family in ("ipv4", "ipv6"):
            text += self._family(router, family)
        return text

    @staticmethod
    def _neighbor(neighbor: Neighbor) -> str:
        a = neighbor.name if neighbor.range else neighbor.remote
        group = [f"neighbor {a} peer-group", f"bgp listen range {neighbor.range} peer-group {a}"] if neighbor.range else []
        out = [*group[:1], f"neighbor {a} remote-as {neighbor.remote_as}", *group[1:],
               f"neighbor {a} timers {max(1, neighbor.hold // 3)} {neighbor.hold}", f"neighbor {a} timers connect 1",
               f"neighbor {a} advertisement-interval 0", f"neighbor {a} update-source {neighbor.local}"]
        if neighbor.cluster_id:
            out.append(f"bgp cluster-id {neighbor.cluster_id}")
        if neighbor.passive:
            out.append(f"neighbor {a} passive")
        if neighbor.password is not None:
            out.append(f"neighbor {a} password {neighbor.password}")
        if neighbor.gtsm:
            out.append(f"neighbor {a} ttl-security hops 1")
        if neighbor.extended_next_hop:
            out.append(f"neighbor {a} capability extended-nexthop")
        if not neighbor.as4 or not neighbor.capabilities:
            out.append(f"neighbor {a} dont-capability-negotiate")
        if neighbor.bfd:
            out.append(f"neighbor {a} bfd 3 100 100")
        if neighbor.disabled:
            out.append(f"neighbor {a} shutdown")
        return "".join(f" {line}\n" for line in out)

    @staticmethod
    def _family(router: Router, family: str) -> str:
        out = [f"network {route.prefix} route-map own-{number}" for number, route in enumerate(router.announce)
               if route.family == family]
        for neighbor in (n for n in router.neighbors if family in n.families):
            a = neighbor.name if neighbor.range else neighbor.remote
            out += [f"neighbor {a} activate", f"neighbor {a} soft-reconfiguration inbound"]
            if neighbor.rr_client:
                out.append(f"neighbor {a} route-reflector-client")
            if neighbor.add_path:
                out.append(f"neighbor {a} addpath-tx-all-paths")
            if neighbor.max_prefix is not None:
                out.append(f"neighbor {a} maximum-prefix {neighbor.max_prefix}")
        return f" address-family {family} unicast\n" + "".join(f"  {line}\n" for line in out) + " exit-address-family\n"

    def start(self, router: Router, recover: bool = False) -> None:
        self.router = router
        config = self.write("bgpd.conf", self.render(router))
        for old in (*self.folder.glob("*.vty"), *self.folder.glob("*.pid"), self.folder / "zserv"):
            old.unlink(missing_ok=True)
        zebra = self.write("zebra.conf", f"hostname {router.name}\nlog file {self.folder}/zebra.log\n")
        self._start("zebra", zebra, "-u", "frr", "-g", "frr")
        self.wait((self.folder / "zserv").exists, "zebra listens")
        if any(n.bfd for n in router.neighbors):
            bfd = self.write("bfdd.conf", f"hostname {router.name}\nlog file {self.folder}/bfdd.log\n")
            self._start("bfdd", bfd, "-u", "frr", "-g", "frr", "--bfdctl", self.folder / "bfdd.sock")
            self.wait((self.folder / "bfdd.vty").exists, "bfdd listens")
        self._start("bgpd", config, "-S")
        self.wait(lambda: self._answers(), "never answered")

    def _start(self, name: str, config, *options) -> None:
        program = pathlib.Path(self.program()).with_name(name)
        self.processes.append(self.node.start([program, "-f", config, "-z", self.folder / "zserv", "--vty_socket",
                                               self.folder, "-P", "0", "-i", self.folder / f"{name}.pid", *options]))

    def _answers(self) -> bool:
        try:
            return bool(self.tell("show bgp summary"))
        except OSError:
            return False

    def tell(self, *commands: str) -> str:
        """What the last command prints, as vtysh would get it: text up to three NULs and a status."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(20)
            client.connect(str(self.folder / "bgpd.vty"))
            for command in ("enable", *commands):
                client.sendall(command.encode() + b"\0")
                data = b""
                while not (len(data) >= 4 and data[-4:-1] == b"\0\0\0"):
                    part = client.recv(65536)
                    assert part, f"FRR closed its vty on '{command}': {data!r}"
                    data += part
                assert data[-1] in (0, 1), f"FRR refused '{command}': {data[:-4].decode(errors='replace')}"
        return data[:-4].decode(errors="replace")

    def configure(self, router: Router) -> None:
        """Own networks, passwords and GTSM: what the cases change."""
        self.check(router)
        old, self.router = self.router, router
        commands = ["configure terminal"]
        for number, route in enumerate(router.announce):
            own = dataclasses.replace(route, communities=()) if route.stays else route
            commands += _route_map(f"new-{number}", own, router.asn).removesuffix("!\n").splitlines()
        marked = self._marks(router)
        commands += [*marked, f"router bgp {router.asn}"]
        for neighbor, before in zip(router.neighbors, old.neighbors):
            if neighbor.password != before.password:
                commands.append(f"neighbor {neighbor.remote} password {neighbor.password}")
            if neighbor.gtsm and not before.gtsm:
                commands.append(f"neighbor {neighbor.remote} ttl-security hops 1")
        for family in ("ipv4", "ipv6"):
            commands.append(f"address-family {family} unicast")
            commands += [f"no network {r.prefix}" for r in old.announce
                         if r.family == family and r.prefix not in {n.prefix for n in router.announce}]
            commands += [f"network {r.prefix} route-map new-{number}" for number, r in enumerate(router.announce)
                         if r.family == family and r not in old.announce]
            if marked:
                commands += [f"neighbor {n.remote} route-map marks out" for n in router.neighbors if family in n.families]
            commands.append("exit-address-family")
        self.tell(*commands)

    @staticmethod
    def _marks(router: Router) -> list[str]:
        """Routes that are not to be passed on get their community on the way out."""
        out = []
        for number, route in enumerate(r for r in router.announce if r.stays):
            out += [f"ip prefix-list mark-{number} permit {route.prefix}", f"route-map marks permit {number + 1}",
                    f"match ip address prefix-list mark-{number}", f"set community {' '.join(route.communities)}", "exit"]
        return out and [*out, "route-map marks permit 1000", "exit"]

    def session(self, neighbor: Neighbor) -> Session:
        said = json.loads(self.tell(f"show bgp neighbors {neighbor.remote} json")).get(neighbor.remote, {})
        text = json.dumps(said, indent=1, ensure_ascii=False).replace("\\/", "/")
        error = " ".join(str(said.get(key, "")) for key in (
            "lastResetDueTo", "lastNotificationReason", "lastShutdownDescription", "lastErrorCodeSubcode") if key in said)
        sent = said.get("neighborCapabilities", {})
        seen = frozenset(word for key, word in _CAPABILITIES.items() if "eceived" in json.dumps(sent.get(key, "")))
        return Session(said.get("bgpState", "?"), error, text + self.tell(f"show bgp neighbors {neighbor.remote}"), seen)

    def routes(self, family: str) -> list[Path]:
        table = json.loads(self.tell(f"show bgp {family} unicast json detail"))
        found = []
        for where, entry in table.get("routes", {}).items():
            paths = entry if isinstance(entry, list) else entry.get("paths", [])
            found += [_path(where, path) for path in paths if path.get("peer", {}).get("type") != "local"
                      and path.get("peer", {}).get("peerId", "::") not in ("0.0.0.0", "::", "")]
        return found

    def updates(self, neighbor: Neighbor) -> int:
        said = json.loads(self.tell(f"show bgp neighbors {neighbor.remote} json"))
        return said[neighbor.remote]["messageStats"]["updatesRecv"]

    def stale(self, neighbor: Neighbor) -> bool:
        family = neighbor.families[0]
        return '"stale":true' in self.tell(f"show bgp {family} unicast json detail").replace(" ", "")

    def refresh(self, neighbor: Neighbor) -> None:
        for family in neighbor.families:
            # With soft reconfiguration inbound it would not ask.
            self.tell("configure terminal", f"router bgp {self.router.asn}", f"address-family {family} unicast",
                      f"no neighbor {neighbor.remote} soft-reconfiguration inbound")
            self.tell(f"clear bgp {family} unicast {neighbor.remote} soft in")

    def demarcated(self, neighbor: Neighbor) -> bool:
        log = (self.folder / "bgpd.log").read_text(errors="replace")
        return all(re.search(rf"{re.escape(neighbor.remote)}\S* rcvd route-refresh \({what}\)", log)
                   for what in ("BoRR", "EoRR"))

    def bfd(self, neighbor: Neighbor) -> str:
        said = json.loads(self.tell(f"show bgp neighbors {neighbor.remote} json")).get(neighbor.remote, {})
        return str(said.get("peerBfdInfo", {}).get("status", ""))

    def shutdown(self, neighbor: Neighbor, text: str) -> None:
        self.tell("configure terminal", f"router bgp {self.router.asn}",
                  f"neighbor {neighbor.remote} shutdown message {text}")


def _path(where: str, path: dict) -> Path:
    def words(key: str) -> frozenset[str]:
        return frozenset(_WELL_KNOWN.get(word, word) for word in path.get(key, {}).get("string", "").split())
    hops = [h["ip"] for h in path.get("nexthops", []) if "ip" in h]
    return Path(prefix(where), path["peer"]["peerId"], as_numbers(path.get("aspath", {}).get("string", "").replace("Local", "")),
                hops[0] if hops else "", path.get("origin", "").lower(), path.get("metric", path.get("med")),
                path.get("locPrf"), words("community"), words("largeCommunity"),
                frozenset(w.lower().replace("soo:", "ro:") for w in words("extendedCommunity")), path.get("originatorId", ""),
                tuple(path.get("clusterList", {}).get("list", ())))
