"""GoBGP: configuration as JSON, asked with its command line client over gRPC in the node's namespace."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Optional

from model import (ADD_PATH, AS4, ENHANCED, EXTENDED, LLGR, LONG, REFRESH, RESTART, Neighbor, Path, Route, Router, Session,
                   prefix)

from .base import Daemon, find

_ORIGINS = {0: "igp", 1: "egp", 2: "incomplete"}
_CAPABILITIES = {"RouteRefresh": REFRESH, "EnhancedRouteRefresh": ENHANCED, "FourOctetASN": AS4, "AddPath": ADD_PATH,
                 "GracefulRestart": RESTART, "LongLivedGracefulRestart": LLGR, "ExtendedNexthop": EXTENDED, "ExtendedMessage": LONG}
_STATES = {0: "unknown", 1: "Idle", 2: "Connect", 3: "Active", 4: "OpenSent", 5: "OpenConfirm", 6: "Established"}


def _add_command(route: Route, asn: int) -> list[str]:
    out = ["global", "rib", "add", "-a", route.family, route.prefix, "origin", route.origin]
    if route.med is not None:
        out += ["med", str(route.med)]
    if route.local_pref is not None:
        out += ["local-pref", str(route.local_pref)]
    if route.prepend:
        out += ["aspath", " ".join([str(asn)] * route.prepend)]
    if route.communities:
        out += ["community", ",".join(route.communities)]
    if route.large:
        out += ["large-community", ",".join(route.large)]
    return out


class GoBgp(Daemon):
    kind = "gobgp"
    title = "GoBGP"
    package = "gobgpd"
    foreign_family6 = "sends IPv4 routes with IPv6 next hops although that was not negotiated"
    enhanced = "it does not send the capability"
    leaks = "it leaves that to policies"
    ring = ("prefers what the other reflector has reflected to the client's own route, and finds the loop only when it "
            "sends it")
    foreign_family = "gives IPv6 routes over an IPv4 session the next hop ::ffff:a.b.c.d"

    @classmethod
    def program(cls) -> Optional[str]:
        return find("gobgpd")

    @classmethod
    def version(cls) -> str:
        done = subprocess.run([cls.program(), "--version"], capture_output=True, text=True)
        return "GoBGP " + (re.search(r"[\d.]+\d", done.stdout) or ["?"])[0]

    def check(self, router: Router) -> None:
        for neighbor in router.neighbors:
            if not neighbor.as4 or not neighbor.capabilities:
                self.cannot("leave out the 4-octet AS capability")
            if neighbor.bfd:
                self.cannot("speak BFD (from 4.0 on)")
            if neighbor.extended_messages:
                self.cannot("send messages of more than 4096 octets")

    def _neighbor(self, neighbor: Neighbor) -> dict:
        families = []
        for family in neighbor.families:
            one: dict = {"config": {"afi-safi-name": f"{family}-unicast"}}
            if neighbor.add_path:
                one["add-paths"] = {"config": {"receive": True, "send-max": 8}}
            if neighbor.graceful_restart is not None:
                one["mp-graceful-restart"] = {"config": {"enabled": True}}
            if neighbor.long_lived is not None:
                one["long-lived-graceful-restart"] = {"config": {"enabled": True, "restart-time": neighbor.long_lived}}
            if neighbor.max_prefix is not None:
                one["prefix-limit"] = {"config": {"max-prefixes": neighbor.max_prefix, "shutdown-threshold-pct": 100}}
            families.append(one)
        out: dict = {
            "config": {"neighbor-address": neighbor.remote, "peer-as": neighbor.remote_as2},
            # It first connects after 5 to 10 s: the other side is faster.
            "transport": {"config": {"local-address": neighbor.local, "passive-mode": True}},
            "timers": {"config": {"hold-time": neighbor.hold, "keepalive-interval": max(1, neighbor.hold // 3),
                                  "connect-retry": 1, "idle-hold-time-after-reset": 1}},
            "afi-safis": families}
        if neighbor.disabled:
            out["config"]["admin-down"] = True
        if neighbor.password is not None:
            out["config"]["auth-password"] = neighbor.password
        if neighbor.gtsm:
            out["ttl-security"] = {"config": {"enabled": True, "ttl-min": 255}}
        if neighbor.rr_client:
            out["route-reflector"] = {"config": {"route-reflector-client": True,
                                                 "route-reflector-cluster-id": neighbor.cluster_id or self.router.id}}
        if neighbor.graceful_restart is not None:
            out["graceful-restart"] = {"config": {"enabled": True, "restart-time": neighbor.graceful_restart,
                                                  "notification-enabled": True,
                                                  "long-lived-enabled": neighbor.long_lived is not None}}
        return out

    def _group(self, neighbor: Neighbor) -> dict:
        """What a neighbour from a prefix gets."""
        out = self._neighbor(neighbor)
        out["config"] = {"peer-group-name": neighbor.name, "peer-as": neighbor.remote_as2}
        return out

    def render(self, router: Router) -> str:
        out: dict = {"global": {"config": {"as": router.asn, "router-id": router.id,
                                           "local-address-list": ["0.0.0.0", "::"]}},
                     "neighbors": [self._neighbor(n) for n in router.neighbors if not n.range],
                     "peer-groups": [self._group(n) for n in router.neighbors if n.range],
                     "dynamic-neighbors": [{"config": {"prefix": n.range, "peer-group": n.name}}
                                           for n in router.neighbors if n.range]}
        # Its client cannot give extended communities to a plain route: a policy does.
        routes = [r for r in router.announce if r.ext]
        if routes:
            out["defined-sets"] = {"prefix-sets": [
                {"prefix-set-name": f"set-{r.prefix}", "prefix-list": [{"ip-prefix": r.prefix}]} for r in routes]}
            out["policy-definitions"] = [{"name": "dress", "statements": [
                {"name": f"dress-{r.prefix}",
                 "conditions": {"match-prefix-set": {"prefix-set": f"set-{r.prefix}", "match-set-options": "any"}},
                 "actions": {"bgp-actions": {"set-ext-community": {
                     "options": "add", "set-ext-community-method": {
                         "communities-list": [c.replace("ro:", "soo:") for c in r.ext]}}}}} for r in routes]}]
            out["global"]["apply-policy"] = {"config": {
                "export-policy-list": ["dress"], "default-export-policy": "accept-route"}}
        return json.dumps(out, indent=1)

    def start(self, router: Router, recover: bool = False) -> None:
        self.router = router
        # Its own routes come over its API: before the sessions, or End-of-RIB would come before them.
        held = router.with_neighbors(disabled=True) if recover else router
        config = self.write("gobgpd.json", self.render(held))
        argv = [self.program(), "-f", config, "-t", "json", "-p", "--api-hosts=127.0.0.1:50051", "--pprof-disable",
                "--cpus=1", "-l", "debug"]
        self.processes = [self.node.start([*argv, "-r"] if recover else argv)]
        named = [n for n in router.neighbors if not n.range]
        self.wait(lambda: self._json("global", check=False) and len(self._neighbors()) >= len(named), "never answered")
        self._announce(router.announce)
        if recover:
            for neighbor in router.neighbors:
                self.tell("neighbor", neighbor.remote, "enable")

    def _announce(self, routes) -> None:
        for route in routes:
            self.tell(*_add_command(route, self.router.asn))

    def configure(self, router: Router) -> None:
        if router.neighbors != self.router.neighbors:
            self.cannot("change its neighbours here")
        gone = [r for r in self.router.announce if r not in router.announce]
        new = [r for r in router.announce if r not in self.router.announce]
        self.router = router
        for route in gone:
            if route.prefix not in {r.prefix for r in new}:
                self.tell("global", "rib", "del", "-a", route.family, route.prefix)
        self._announce(new)

    def tell(self, *command: str, check: bool = True) -> str:
        return self.node.run(["gobgp", "-u", "127.0.0.1", *command], check)

    def _json(self, *command: str, check: bool = True):
        text = self.tell("-j", *command, check=check)
        try:
            return json.loads(text)
        except ValueError:
            return None

    def _neighbors(self) -> list[dict]:
        return self._json("neighbor", check=False) or []

    def session(self, neighbor: Neighbor) -> Session:
        said = next((n for n in self._neighbors() if _address(n) == neighbor.remote), {})
        state = said.get("state", {})
        number = state.get("session_state", 0)
        remote = [cap.get("type_url", "").rpartition(".")[2].removesuffix("Capability") for cap in
                  state.get("remote_cap", [])]
        text = json.dumps(said, indent=1) + self.tell("neighbor", neighbor.remote, check=not neighbor.range)
        return Session(_STATES.get(number, str(number)), "", text,
                       frozenset(_CAPABILITIES[name] for name in remote if name in _CAPABILITIES))

    def routes(self, family: str) -> list[Path]:
        # Adj-RIB-In of each neighbour: the global table does not tell a neighbour whose router id it does not know.
        table = self._json("global", "rib", "-a", family) or {}
        return [_path(where, path) for where, paths in table.items() for path in paths
                if path.get("source-id") not in (None, "", "<nil>", "invalid IP")]

    def updates(self, neighbor: Neighbor) -> int:
        said = next(n for n in self._neighbors() if _address(n) == neighbor.remote)
        return int(said["state"]["messages"]["received"].get("update", 0))

    def stale(self, neighbor: Neighbor) -> bool:
        return '"stale": true' in json.dumps(self._json("global", "rib", "-a", neighbor.families[0]))

    def shutdown(self, neighbor: Neighbor, text: str) -> None:
        self.tell("neighbor", neighbor.remote, "shutdown", "--reason", text)


def _address(said: dict) -> str:
    """Who came from a prefix has one in its state only."""
    return said["conf"].get("neighbor_address") or said.get("state", {}).get("neighbor_address", "")


def _path(where: str, path: dict) -> Path:
    fields: dict = {}
    for attribute in path.get("attrs", []):
        kind, value = attribute["type"], attribute.get("value")
        if kind == 1:
            fields["origin"] = _ORIGINS[value]
        elif kind == 2:
            fields["as_path"] = tuple(n for segment in attribute.get("as_paths", []) for n in segment["asns"])
        elif kind == 3:
            fields["next_hop"] = attribute["nexthop"]
        elif kind == 4:
            fields["med"] = attribute["metric"]
        elif kind == 5:
            fields["local_pref"] = value
        elif kind == 8:
            fields["communities"] = frozenset(f"{c >> 16}:{c & 0xffff}" for c in attribute["communities"])
        elif kind == 9:
            fields["originator"] = value
        elif kind == 10:
            fields["cluster_list"] = tuple(value)
        elif kind == 14:
            fields["next_hop"] = attribute["nexthop"]
        elif kind == 16:
            fields["ext"] = frozenset(_ext(c) for c in value)
        elif kind == 32:
            fields["large"] = frozenset(f"{c['ASN']}:{c['LocalData1']}:{c['LocalData2']}" for c in value)
    return Path(prefix(where), path.get("neighbor-ip", ""), **fields)


def _ext(value: dict) -> str:
    kind = {2: "rt", 3: "ro"}.get(value.get("subtype"), str(value.get("subtype")))
    return f"{kind}:{value.get('value')}"
