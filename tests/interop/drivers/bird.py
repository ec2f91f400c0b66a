"""BIRD 1.6, BIRD 2 and our speaker: one language in two dialects, one control protocol."""

from __future__ import annotations

import ipaddress
import re
import socket
import struct
import subprocess
from typing import Optional

from catflap_cli import BIN
from model import (ADD_PATH, AS4, ENHANCED, EXTENDED, LLGR, LONG, REFRESH, RESTART, Neighbor, Path, Route, Router, Session,
                   as_numbers, family_of, prefix)

from .base import Daemon, bird1_folder, find


def ask(control, command: str, timeout: float = 20.0) -> list[str]:
    """The reply to a command of a control socket, without codes."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(timeout)
        client.connect(str(control))
        stream = client.makefile("rwb")
        stream.readline()  # the welcome
        stream.write(command.encode() + b"\n")
        stream.flush()
        lines = []
        while line := stream.readline():
            text = line.decode(errors="replace").rstrip("\n")
            coded = re.match(r"\d{4}[- ]", text)
            lines.append(text[5:] if coded else text[1:])
            if coded and text[4] == " ":
                break
        return lines


def attribute_statements(route: Route, asn: int) -> str:
    """What an export filter does to an own route."""
    out = [f"bgp_path.prepend({asn});"] * route.prepend
    if route.med is not None:
        out.append(f"bgp_med = {route.med};")
    if route.local_pref is not None:
        out.append(f"bgp_local_pref = {route.local_pref};")
    if route.origin != "igp":
        out.append("bgp_origin = ORIGIN_INCOMPLETE;")
    out += [f"bgp_community.add(({c.replace(':', ',')}));" for c in route.communities]
    out += [f"bgp_large_community.add(({c.replace(':', ',')}));" for c in route.large]
    out += [f"bgp_ext_community.add(({c.replace(':', ',')}));" for c in route.ext]
    return " ".join(out)


def export_filter(router: Router, neighbor: Neighbor, families) -> str:
    """Own routes with their attributes, and all that BGP has brought."""
    lines = [f"filter out_{neighbor.name} {{", "  if source = RTS_BGP then accept;", "  if source = RTS_STATIC then {"]
    for route in router.announce:
        if route.family in families and (neighbor.export_only is None or route.prefix in neighbor.export_only):
            lines.append(f"    if net = {route.prefix} then {{ {attribute_statements(route, router.asn)} accept; }}")
    return "\n".join([*lines, "  }", "  reject;", "}"]) + "\n"


def common_options(neighbor: Neighbor, delay: int = 1) -> str:
    """Statements of `protocol bgp` that both dialects know."""
    out = [f"hold time {neighbor.hold};", f"keepalive time {max(1, neighbor.hold // 3)};", f"connect delay time {delay};",
           "connect retry time 2;", "error wait time 1, 2;", "debug { states, events, packets };"]
    if neighbor.passive:
        out.append("passive on;")
    if neighbor.internal:
        out.append("direct;")
    if neighbor.password is not None:
        out.append(f'password "{neighbor.password}";')
    if neighbor.gtsm:
        out.append("ttl security on;")
    if neighbor.rr_client:
        out.append("rr client;")
    if neighbor.cluster_id:
        out.append(f"rr cluster id {neighbor.cluster_id};")
    if neighbor.graceful_restart is not None:
        out.append(f"graceful restart on; graceful restart time {neighbor.graceful_restart};")
    if neighbor.long_lived is not None:
        out.append(f"long lived graceful restart on; long lived stale time {neighbor.long_lived};")
    if neighbor.extended_messages:
        out.append("enable extended messages on;")
    if not neighbor.as4:
        out.append("enable as4 off;")
    if not neighbor.capabilities:
        out.append("capabilities off;")
    if neighbor.bfd:
        out.append("bfd on;")
    if neighbor.disabled:
        out.append("disabled;")
    return "".join(f"  {line}\n" for line in out)


def bfd_protocol(router: Router) -> str:
    if not any(n.bfd for n in router.neighbors):
        return ""
    return 'protocol bfd { interface "eth0" { min rx interval 100 ms; min tx interval 100 ms; multiplier 3; }; }\n'


_ROW2 = re.compile(r"^(\S+)?\s+\w+ \[(\S+) [^\]]*\]")
_ROW1 = re.compile(r"^(\S+)?\s+(?:via \S+ on \S+|dev \S+|blackhole|unreachable|prohibit) \[(\S+) [^\]]*\]")
_CAPABILITIES2 = {"Route refresh": REFRESH, "Enhanced refresh": ENHANCED, "4-octet AS numbers": AS4, "ADD-PATH": ADD_PATH,
                  "Graceful restart": RESTART, "Long-lived graceful restart": LLGR, "Extended next hop": EXTENDED,
                  "Extended message": LONG}
_CAPABILITIES1 = {"refresh": REFRESH, "enhanced-refresh": ENHANCED, "AS4": AS4, "add-path-rx": ADD_PATH,
                  "add-path-tx": ADD_PATH, "restart-able": RESTART, "restart-aware": RESTART, "llgr-aware": LLGR,
                  "llgr-able": LLGR, "ext-messages": LONG}


def parse_routes(lines: list[str], row: re.Pattern) -> list[Path]:
    """`show route all`; only what came over BGP."""
    found: list[dict] = []
    where = ""
    for line in lines:
        if match := row.match(line):
            where = match.group(1) or where
            found.append({"prefix": prefix(where), "peer": match.group(2)})
        elif found and (match := re.match(r"^\s+(?:BGP\.|bgp_)(\w+): ?(.*)$", line)):
            name = match.group(1).removesuffix("unity")
            found[-1].update(_attribute(name, match.group(2)))
        elif found and re.match(r"^\s+\(", line):  # a long list goes on
            for key, more in _attribute(name, line).items():
                found[-1][key] = found[-1][key] | more
    return [Path(**fields) for fields in found if "origin" in fields]


def _attribute(name: str, text: str) -> dict:
    text = text.strip()
    groups = [re.sub(r",\s*", ":", g) for g in re.findall(r"\(([^)]*)\)", text)]
    if name in ("comm", "large_comm", "ext_comm"):
        return {{"comm": "communities", "large_comm": "large", "ext_comm": "ext"}[name]: frozenset(groups)}
    if name == "as_path":
        return {"as_path": as_numbers(text)}
    if name == "cluster_list":
        return {"cluster_list": tuple(text.split())}
    if name in ("med", "local_pref"):
        return {name: int(text)}
    if name == "next_hop":
        return {"next_hop": text.split()[0]}
    if name == "originator_id":
        return {"originator": text}
    return {"origin": text.lower()} if name == "origin" else {}


class Bird2(Daemon):
    kind = "bird2"
    title = "BIRD 2"
    connects = True
    kernel = True
    package = "bird2"
    trans = "compares the AS of the capability, which it does not send itself, with AS_TRANS"
    delay = 1  # s before it connects, at least 1

    @classmethod
    def program(cls) -> Optional[str]:
        path = find("bird")
        return path if path and cls._version_of(path).startswith("2") else None

    @staticmethod
    def _version_of(path: str) -> str:
        done = subprocess.run([path, "--version"], capture_output=True, text=True)
        return (re.search(r"[\d.]+\d", done.stdout + done.stderr) or ["?"])[0]

    @classmethod
    def version(cls) -> str:
        return f"BIRD {cls._version_of(cls.program())}"

    def check(self, router: Router) -> None:
        pass

    def render(self, router: Router) -> str:
        restart = "graceful restart on; persist;" if router.graceful_restart else ""
        text = (f'log "{self.folder}/bird.log" all;\nrouter id {router.id};\n'
                f"protocol device {{ scan time 1; }}\n{bfd_protocol(router)}")
        for family in ("ipv4", "ipv6"):
            routes = "".join(f"  route {r.prefix} blackhole;\n" for r in router.announce if r.family == family)
            text += (f"protocol kernel kernel_{family} {{ {restart} scan time 1;\n"
                     f"  {family} {{ import none; export where source = RTS_BGP; }};\n}}\n"
                     f"protocol static own_{family} {{\n  {family};\n{routes}}}\n")
        for neighbor in router.neighbors:
            text += export_filter(router, neighbor, neighbor.families)
            who = f'range {neighbor.range}' if neighbor.range else neighbor.remote
            name = f'  dynamic name "{neighbor.name}_";\n' if neighbor.range else ""
            text += (f"protocol bgp {neighbor.name} {{\n  local {neighbor.local} as {neighbor.local_as};\n"
                     f"  neighbor {who} as {neighbor.remote_as};\n{name}{common_options(neighbor, self.delay)}")
            for family in neighbor.families:
                options = ["import all;", f"export filter out_{neighbor.name};"]
                if neighbor.add_path:
                    options.append("add paths on;")
                if neighbor.extended_next_hop and family == "ipv4":
                    options.append("extended next hop on;")
                if neighbor.max_prefix is not None:
                    options.append(f"import limit {neighbor.max_prefix} action disable;")
                text += f"  {family} {{ {' '.join(options)} }};\n"
            text += "}\n"
        return text

    def start(self, router: Router, recover: bool = False) -> None:
        self.router = router
        config = self.write("bird.conf", self.render(router))
        control = self.folder / "bird.ctl"
        control.unlink(missing_ok=True)
        argv = [self.program(), "-f", "-c", config, "-s", control, "-P", self.folder / "bird.pid"]
        self.processes = [self.node.start([*argv, "-R"] if recover else argv)]
        self.wait(lambda: self._answers(control), "never answered")

    @staticmethod
    def _answers(control) -> bool:
        try:
            return bool(ask(control, "show status"))
        except OSError:
            return False

    def configure(self, router: Router) -> None:
        self.check(router)
        self.router = router
        self.write("bird.conf", self.render(router))
        reply = self.tell("configure")
        assert any(line.startswith("Reconfig") for line in reply), reply

    def tell(self, command: str, family: str = "ipv4") -> list[str]:
        return ask(self.folder / "bird.ctl", command)

    def session(self, neighbor: Neighbor) -> Session:
        family = family_of(neighbor.remote)
        text = "\n".join(self.tell(f"show protocols all {neighbor.protocol}", family))
        state = re.search(r"BGP state: +(\S+)", text)
        error = re.search(r"Last error: +(.*)", text)
        message = re.search(r"Message: +(.*)", text)
        return Session(state.group(1) if state else "down",
                       " ".join(m.group(1).strip() for m in (error, message) if m), text, self._capabilities(text))

    def _capabilities(self, text: str) -> frozenset[str]:
        part = text.partition("Neighbor capabilities")[2].partition("Session:")[0]
        return frozenset(word for key, word in _CAPABILITIES2.items()
                         if re.search(rf"^ +{re.escape(key)}$", part, re.MULTILINE))

    def routes(self, family: str) -> list[Path]:
        return parse_routes(self.tell(f"show route table master{family[-1]} all", family), _ROW2)

    def stale(self, neighbor: Neighbor) -> bool:
        return "Neighbor graceful restart active" in self.session(neighbor).text

    def refresh(self, neighbor: Neighbor) -> None:
        self.tell(f"reload in {neighbor.name}", family_of(neighbor.remote))

    def updates(self, neighbor: Neighbor) -> int:
        line = re.search(r"Import updates: +(\d+)", self.session(neighbor).text)
        return int(line.group(1)) if line else 0

    def demarcated(self, neighbor: Neighbor) -> bool:
        lines = [line for path in self.folder.glob("bird*.log") for line in path.read_text().splitlines()
                 if f" {neighbor.name}: " in line]
        return all(any(f"Got {what}-OF-RR" in line for line in lines) for what in ("BEGIN", "END"))

    def bfd(self, neighbor: Neighbor) -> str:
        rows = (line.split() for line in self.tell("show bfd sessions", family_of(neighbor.remote)))
        return next((row[2] for row in rows if row and row[0] == neighbor.remote), "")

    def shutdown(self, neighbor: Neighbor, text: str) -> None:
        self.tell(f'disable {neighbor.name} "{text}"', family_of(neighbor.remote))


_UPDATE, _ROUTE_REFRESH = 2, 5
_BEGIN, _END = 1, 2  # RFC 7313 §3.2


def messages(file):
    """(neighbour's address, message) of an MRT file of BGP4MP_ET messages (RFC 6396 §4.4.3), as far as it is complete."""
    data = file.read_bytes() if file.exists() else b""
    while len(data) >= 12:
        kind, subtype, size = struct.unpack(">HHI", data[4:12])
        body, data = data[16:12 + size], data[12 + size:]
        assert kind == 17
        if len(body) < size - 4:
            return
        asn = 4 if subtype in (4, 9) else 2
        family, = struct.unpack(">H", body[2 * asn + 2:2 * asn + 4])
        length = 4 if family == 1 else 16
        rest = body[2 * asn + 4:]
        yield str(ipaddress.ip_address(rest[:length])), rest[2 * length:]


class Self(Bird2):
    """catflap-bgpd."""

    kind = "self"
    title = "catflap-bgpd"
    package = "catflap"
    delay = 0

    def render(self, router: Router) -> str:
        return f'mrtdump "{self.folder}/heard.mrt";\nmrtdump protocols {{ messages }};\n' + super().render(router)

    def _heard(self, neighbor: Neighbor, kind: int) -> list[bytes]:
        return [octets for peer, octets in messages(self.folder / "heard.mrt")
                if peer == neighbor.remote and octets[18] == kind]

    def updates(self, neighbor: Neighbor) -> int:
        return len(self._heard(neighbor, _UPDATE))

    def demarcated(self, neighbor: Neighbor) -> bool:
        subtypes = [octets[21] for octets in self._heard(neighbor, _ROUTE_REFRESH)]
        return _BEGIN in subtypes and _END in subtypes

    @classmethod
    def program(cls) -> Optional[str]:
        return find("catflap-bgpd", str(BIN / "catflap-bgpd"))

    @classmethod
    def version(cls) -> str:
        return "catflap-bgpd"


class Bird1(Bird2):
    """Two processes: bird for IPv4, bird6 for IPv6."""

    kind = "bird1"
    title = "BIRD 1.6"
    trans = ""
    package = "bird (1.6, unpacked by ci/install-deps)"

    @classmethod
    def program(cls) -> Optional[str]:
        return find("bird-1.6", str(bird1_folder() / "bird"))

    def check(self, router: Router) -> None:
        for neighbor in router.neighbors:
            if neighbor.extended_next_hop:
                self.cannot("send IPv4 routes with IPv6 next hops")
            if neighbor.range:
                self.cannot("accept neighbours from a prefix (from 2.0.5 on)")
            if neighbor.families != (family_of(neighbor.remote),):
                self.cannot("carry one family over a session of the other")

    def render_family(self, router: Router, family: str) -> str:
        restart = "graceful restart on; persist;" if router.graceful_restart else ""
        routes = "".join(f"  route {r.prefix} blackhole;\n" for r in router.announce if r.family == family)
        text = (f'log "{self.folder}/bird-{family}.log" all;\nrouter id {router.id};\n'
                f"protocol device {{ scan time 1; }}\n{bfd_protocol(router)}"
                f"protocol kernel {{ {restart} scan time 1; import none; export where source = RTS_BGP; }}\n"
                f"protocol static own {{\n{routes}}}\n")
        for neighbor in (n for n in router.neighbors if n.families == (family,)):
            text += export_filter(router, neighbor, (family,))
            options = common_options(neighbor)
            if neighbor.add_path:
                options += "  add paths on;\n"
            if neighbor.max_prefix is not None:
                options += f"  import limit {neighbor.max_prefix} action disable;\n"
            text += (f"protocol bgp {neighbor.name} {{\n  local {neighbor.local} as {neighbor.local_as};\n"
                     f"  neighbor {neighbor.remote} as {neighbor.remote_as2};\n{options}"
                     f"  import all;\n  export filter out_{neighbor.name};\n}}\n")
        return text

    def start(self, router: Router, recover: bool = False) -> None:
        self.router = router
        families = [f for f in ("ipv4", "ipv6") if any(f in n.families for n in router.neighbors)]
        self.processes = []
        for family in families:
            config = self.write(f"{family}.conf", self.render_family(router, family))
            control = self.folder / f"{family}.ctl"
            control.unlink(missing_ok=True)
            program = self.program() + ("6" if family == "ipv6" else "")
            argv = [program, "-f", "-c", config, "-s", control, "-P", self.folder / f"{family}.pid"]
            self.processes.append(self.node.start([*argv, "-R"] if recover else argv))
        for family in families:
            self.wait(lambda: self._answers(self.folder / f"{family}.ctl"), "never answered")

    def configure(self, router: Router) -> None:
        self.check(router)
        self.router = router
        for config in self.folder.glob("ipv?.conf"):
            config.write_text(self.render_family(router, config.stem))
            reply = self.tell("configure", config.stem)
            assert any(line.startswith("Reconfig") for line in reply), reply

    def tell(self, command: str, family: str = "ipv4") -> list[str]:
        return ask(self.folder / f"{family}.ctl", command)

    def _capabilities(self, text: str) -> frozenset[str]:
        caps = re.search(r"Neighbor caps: +(.*)", text)
        return frozenset(_CAPABILITIES1[word] for word in (caps.group(1) if caps else "").split()
                         if word in _CAPABILITIES1)

    def routes(self, family: str) -> list[Path]:
        if not (self.folder / f"{family}.ctl").exists():
            return []
        return parse_routes(self.tell("show route all", family), _ROW1)
