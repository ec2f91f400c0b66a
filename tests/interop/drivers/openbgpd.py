"""OpenBGPD portable: no kernel routes on Linux; asked with bgpctl."""

from __future__ import annotations

import json
import pathlib
import pwd
import re
import subprocess
from typing import Optional

from model import (ADD_PATH, AS4, ENHANCED, EXTENDED, LLGR, REFRESH, RESTART, Neighbor, Path, Route, Router, Session,
                   as_numbers, prefix)

from .base import Daemon, find


def _network(route: Route) -> str:
    out = []
    if route.med is not None:
        out.append(f"med {route.med}")
    if route.local_pref is not None:
        out.append(f"localpref {route.local_pref}")
    if route.prepend:
        out.append(f"prepend-self {route.prepend}")
    if route.origin != "igp":
        out.append("origin incomplete")
    if not route.stays:
        out += [f"community {c}" for c in route.communities]
    out += [f"large-community {c}" for c in route.large]
    out += ["ext-community {} {}".format(*c.replace("ro:", "soo:").split(":", 1)) for c in route.ext]
    return f"network {route.prefix}" + (f" set {{ {' '.join(out)} }}" if out else "") + "\n"


class OpenBgpd(Daemon):
    kind = "openbgpd"
    title = "OpenBGPD"
    package = "openbgpd"
    md5_incoming = False
    foreign_family = "gives IPv6 routes over an IPv4 session the next hop ::1"
    unrefreshed = "it counts it and sends nothing, to BIRD 2 neither"
    restarts = "its graceful restart capability lists no families: it has no forwarding state to keep"

    @classmethod
    def program(cls) -> Optional[str]:
        path = find("bgpd")
        return path if path and find("bgpctl") else None

    @classmethod
    def version(cls) -> str:
        done = subprocess.run([cls.program(), "-V"], capture_output=True, text=True)
        return "OpenBGPD " + (re.search(r"[\d.]+\d", done.stdout + done.stderr) or ["?"])[0]

    def check(self, router: Router) -> None:
        for neighbor in router.neighbors:
            if neighbor.bfd:
                self.cannot("speak BFD")
            if neighbor.extended_next_hop:
                self.cannot("send IPv4 routes with IPv6 next hops (from 9.0 on)")
            if neighbor.extended_messages:
                self.cannot("send messages of more than 4096 octets")
            if neighbor.long_lived is not None:
                self.cannot("keep routes beyond the restart time")

    def render(self, router: Router) -> str:
        text = (f"AS {router.asn}\nrouter-id {router.id}\nsocket \"{self.folder}/bgpd.sock\"\nfib-update no\n"
                "nexthop qualify via default\nlog updates\n")
        for address in dict.fromkeys(n.local for n in router.neighbors):
            text += f"listen on {address}\n"
        text += "".join(_network(route) for route in router.announce)
        for neighbor in router.neighbors:
            text += self._neighbor(neighbor)
        text += "allow from any\nallow to any\n"
        return text + "".join(f"match to any prefix {route.prefix} set community {c}\n" for route in router.announce
                              if route.stays for c in route.communities)

    @staticmethod
    def _neighbor(neighbor: Neighbor) -> str:
        out = [f"remote-as {neighbor.remote_as}", f'descr "{neighbor.name}"', f"local-address {neighbor.local}",
               f"holdtime {neighbor.hold}", "holdtime min 3", "announce refresh yes", "announce enhanced refresh yes",
               # It waits 30 s after an error before it connects again.
               *(["passive"] if neighbor.password is None else [])]
        for family in ("ipv4", "ipv6"):
            out.append(f"announce {family.replace('ip', 'IP')} {'unicast' if family in neighbor.families else 'none'}")
        out.append(f"announce restart {'yes' if neighbor.graceful_restart is not None else 'no'}")
        if neighbor.add_path:
            out += ["announce add-path recv yes", "announce add-path send all"]
        if not neighbor.as4:
            out.append("announce as-4byte no")
        if not neighbor.capabilities:
            out.append("announce capabilities no")
        if neighbor.password is not None:
            out.append(f"tcp md5sig password {neighbor.password}")
        if neighbor.gtsm:
            out.append("ttl-security yes")
        if neighbor.rr_client:
            out.append(f"route-reflector {neighbor.cluster_id or ''}")
        if neighbor.max_prefix is not None:
            out.append(f"max-prefix {neighbor.max_prefix}")
        if neighbor.disabled:
            out.append("down")
        return f"neighbor {neighbor.range or neighbor.remote} {{\n" + "".join(f"  {line}\n" for line in out) + "}\n"

    def start(self, router: Router, recover: bool = False) -> None:
        self.router = router
        config = self.write("bgpd.conf", self.render(router))
        config.chmod(0o600)  # it refuses one that others can read
        (self.folder / "bgpd.sock").unlink(missing_ok=True)
        # Its processes lock themselves in there; on a machine that has not booted with it, it is not there.
        pathlib.Path(pwd.getpwnam("_openbgpd").pw_dir).mkdir(mode=0o755, exist_ok=True)
        self.processes = [self.node.start([self.program(), "-d", "-v", "-f", config])]
        self.wait(lambda: self._neighbors(), "never answered")

    def tell(self, *command: str, check: bool = True) -> str:
        return self.node.run(["bgpctl", "-s", self.folder / "bgpd.sock", *command], check)

    def _json(self, *command: str) -> dict:
        try:
            return json.loads(self.tell("-j", *command, check=False))
        except ValueError:
            return {}

    def _neighbors(self) -> list[dict]:
        return self._json("show", "neighbor").get("neighbors", [])

    def configure(self, router: Router) -> None:
        self.check(router)
        self.router = router
        self.write("bgpd.conf", self.render(router)).chmod(0o600)
        self.tell("reload")

    def session(self, neighbor: Neighbor) -> Session:
        said = next((n for n in self._neighbors() if n.get("remote_addr") == neighbor.remote), {})
        text = self.tell("show", "neighbor", neighbor.remote, check=not neighbor.range)
        errors = re.findall(r"^ *(?:Last (?:error|received error|sent error|received shutdown reason).*|Last.*)$", text,
                            re.MULTILINE)
        part = text.partition("Neighbor capabilities:")[2].partition("Negotiated capabilities:")[0]
        seen = set()
        for pattern, word in (("^ *Route Refresh", REFRESH), ("^ *Enhanced Route Refresh", ENHANCED),
                              ("4-byte AS", AS4), ("^ *Add-path", ADD_PATH), ("Graceful Restart", RESTART),
                              ("Extended nexthop", EXTENDED), ("Long-lived", LLGR)):
            if re.search(pattern, part, re.MULTILINE):
                seen.add(word)
        return Session(said.get("state", "?"), " ".join(errors), text + json.dumps(said), frozenset(seen))

    def routes(self, family: str) -> list[Path]:
        rib = self._json("show", "rib", family.replace("ip", "in").replace("inv4", "inet").replace("inv6", "inet6"),
                         "detail").get("rib", [])
        return [_path(entry) for entry in rib if entry.get("neighbor", {}).get("remote_addr", "") not in ("", "LOCAL")
                and entry.get("source", "") != "announced"]

    def updates(self, neighbor: Neighbor) -> int:
        said = next(n for n in self._neighbors() if n.get("remote_addr") == neighbor.remote)
        return said["stats"]["message"]["received"]["updates"]

    def stale(self, neighbor: Neighbor) -> bool:
        return any(entry.get("stale") for entry in self._json("show", "rib", "detail").get("rib", []))

    def refresh(self, neighbor: Neighbor) -> None:
        self.tell("neighbor", neighbor.remote, "refresh")

    def demarcated(self, neighbor: Neighbor) -> bool:
        said = next(n for n in self._neighbors() if n.get("remote_addr") == neighbor.remote)
        received = said["stats"]["route-refresh"]["received"]
        return bool(received["borr"] and received["eorr"])

    def shutdown(self, neighbor: Neighbor, text: str) -> None:
        self.tell("neighbor", neighbor.remote, "down", text)


def _path(entry: dict) -> Path:
    def names(key: str) -> frozenset[str]:
        return frozenset(entry.get(key, []))
    more = {key: value for attribute in entry.get("attributes", []) for key, value in attribute.items()}
    clusters = (c["cluster_id"] if isinstance(c, dict) else c for c in more.get("cluster_list", more.get("cluster", ())))
    ext = frozenset(text.replace(" ", ":", 1).replace("soo:", "ro:") for text in names("extended_communities"))
    return Path(prefix(entry["prefix"]), entry["neighbor"]["remote_addr"], as_numbers(entry.get("aspath", "")),
                entry.get("exit_nexthop", ""), entry.get("origin", "").lower(), entry.get("metric"), entry.get("localpref"),
                names("communities"), names("large_communities"), ext,
                more.get("originator", ""), tuple(clusters))
