"""How each daemon is configured and started. All with the shortest timers that it takes."""
import pathlib
import re
import shutil
import subprocess

from .load import DEVICE_AS
from .world import World

ROOT = pathlib.Path(__file__).resolve().parents[3]
HOLD_S = 240


class Setup:
    """What a device under test is to do."""

    def __init__(self, neighbors, kernel=False, networks=(), local=World.LOCAL, asn=DEVICE_AS, name="dut",
                 ipv6=False):
        self.neighbors = neighbors
        self.kernel = kernel  # write to the kernel's table
        self.networks = networks  # prefixes to originate
        self.local = local
        self.asn = asn
        self.name = name
        self.ipv6 = ipv6  # as well, over the same sessions, where the daemon can do that


class Daemon:
    """One kind of daemon. commands(setup, folder) writes configuration files and returns the argument lists."""

    name = title = ""
    program = None
    writes_kernel = True
    originates = True
    ipv6 = True  # with IPv4 in one session

    def __init__(self, build):
        self.build = build

    def path(self):
        return pathlib.Path(self.program)

    def available(self):
        return self.path().exists()

    def version(self):
        done = subprocess.run([self.path(), "--version"], capture_output=True, text=True, check=False)
        found = re.search(r"\d+\.\d[\w.]*", done.stdout + done.stderr)
        return found.group() if found else ""

    def label(self):
        return f"{self.title} {self.version()}".strip()


class Bird2(Daemon):
    name, title, program = "bird2", "BIRD", "/usr/sbin/bird"
    timers = "connect delay time 1; connect retry time 1; error wait time 1, 1;"

    def channel(self, body):
        return f"ipv4 {{ {body} }};"

    def config(self, setup):
        lines = [f"router id {setup.local};", "protocol device { scan time 60; }"]
        if setup.kernel:
            lines.append("protocol kernel { scan time 60; %s }" % self.channel("import none; export all;"))
        if setup.networks:
            lines.append("protocol static { %s %s }" % (self.static_channel(), " ".join(
                f"route {network} {self.blackhole};" for network in setup.networks)))
        lines.append("template bgp peers { local %s as %d; hold time %d; %s direct; %s }" % (
            setup.local, setup.asn, HOLD_S, self.timers, self.channels("import all; export all;", setup)))
        for n in setup.neighbors:
            lines.append("protocol bgp p%d from peers { neighbor %s as %d; %s%s}" % (
                n.number, n.address, n.asn, "passive on; " if n.passive else "", "rr client; " if n.client else ""))
        return "\n".join(lines) + "\n"

    def channels(self, body, setup):
        return self.channel(body) + (f" ipv6 {{ {body} }};" if setup.ipv6 and self.ipv6 else "")

    blackhole = "blackhole"

    @staticmethod
    def static_channel():
        return "ipv4;"

    def arguments(self):
        return []

    def commands(self, setup, folder):
        file = folder / f"{setup.name}.conf"
        file.write_text(self.config(setup))
        return [[self.path(), "-f", "-c", file, "-s", folder / f"{setup.name}.ctl", "-P", folder / f"{setup.name}.pid",
                 *self.arguments()]]


class Bird1(Bird2):
    name, blackhole = "bird1", "drop"
    ipv6 = False  # has a program of its own for it

    def path(self):
        unpacked = ROOT / "build" / "peers" / "bird1" / "usr" / "sbin" / "bird"
        return unpacked if unpacked.exists() else pathlib.Path(shutil.which("bird1") or unpacked)

    def channel(self, body):
        return body

    @staticmethod
    def static_channel():
        return ""


class Self(Bird2):
    name, title = "self", "catflap"
    timers = ""  # ours connects at once and again without being told

    def path(self):
        return self.build / "bin" / "catflap-bgpd"

    def version(self):
        return ""


class Frr(Daemon):
    name, title, program = "frr", "FRR", "/usr/lib/frr/bgpd"

    def config(self, setup):
        lines = ["frr defaults datacenter", "no log stdout", f"router bgp {setup.asn}", f" bgp router-id {setup.local}",
                 " no bgp ebgp-requires-policy", " no bgp network import-check", " no bgp default ipv4-unicast",
                 " no bgp suppress-duplicates", f" timers bgp 60 {HOLD_S}"]
        for n in setup.neighbors:
            lines += [f" neighbor {n.address} remote-as {n.asn}", f" neighbor {n.address} timers connect 1",
                      f" neighbor {n.address} update-source {setup.local}"]
            lines += [f" neighbor {n.address} passive"] if n.passive else []
        lines.append(" address-family ipv4 unicast")
        lines += [f"  network {network}" for network in setup.networks]
        for n in setup.neighbors:
            lines.append(f"  neighbor {n.address} activate")
            lines += [f"  neighbor {n.address} route-reflector-client"] if n.client else []
        if setup.ipv6:
            lines += [" exit-address-family", " address-family ipv6 unicast"]
            lines += [f"  neighbor {n.address} activate" for n in setup.neighbors]
        return "\n".join(lines + [" exit-address-family", "exit", ""])

    def commands(self, setup, folder):
        file = folder / f"{setup.name}.conf"
        file.write_text(self.config(setup))
        home = folder / setup.name
        home.mkdir(exist_ok=True)
        common = ["--vty_socket", home, "-P", "0", "--log", "file:/dev/null"]
        bgpd = [self.path(), "-S", "-f", file, "-i", home / "bgpd.pid", *common]
        if not setup.kernel:
            return [[*bgpd, "-Z"]]
        # zebra gives its rights up for this user, which must reach the folder of its sockets.
        for each in (folder, home):
            shutil.chown(each, "frr", "frr")
        empty = folder / "zebra.conf"
        empty.write_text("")
        zebra = [self.path().parent / "zebra", "-f", empty, "-i", home / "zebra.pid", "-z", home / "zserv.api", *common]
        return [zebra, [*bgpd, "-z", home / "zserv.api"]]


class Gobgp(Daemon):
    name, title = "gobgp", "GoBGP"
    writes_kernel = False
    originates = False

    def path(self):
        return pathlib.Path(shutil.which("gobgpd") or "/usr/bin/gobgpd")

    def commands(self, setup, folder):
        lines = ["[global.config]", f"as = {setup.asn}", f'router-id = "{setup.local}"',
                 f'local-address-list = ["{setup.local}"]']
        for n in setup.neighbors:
            lines += ["[[neighbors]]", "[neighbors.config]", f'neighbor-address = "{n.address}"', f"peer-as = {n.asn}",
                      "[neighbors.transport.config]", f'local-address = "{setup.local}"',
                      f"passive-mode = {str(n.passive).lower()}", "[neighbors.timers.config]", f"hold-time = {HOLD_S}",
                      "keepalive-interval = 60", "connect-retry = 1", "idle-hold-time-after-reset = 1"]
            for family in ("ipv4", "ipv6") if setup.ipv6 else ():
                lines += ["[[neighbors.afi-safis]]", "[neighbors.afi-safis.config]", f'afi-safi-name = "{family}-unicast"']
            if n.client:
                lines += ["[neighbors.route-reflector.config]", "route-reflector-client = true",
                          f'route-reflector-cluster-id = "{setup.local}"']
        file = folder / f"{setup.name}.toml"
        file.write_text("\n".join(lines) + "\n")
        return [[self.path(), "-f", file, "--pprof-disable", "-l", "error", "--api-hosts", "127.0.0.1:50051"]]


class Openbgpd(Daemon):
    name, title, program = "openbgpd", "OpenBGPD", "/usr/sbin/bgpd"
    writes_kernel = False  # not on Linux

    def version(self):
        done = subprocess.run([self.path(), "-V"], capture_output=True, text=True, check=False)
        found = re.search(r"\d+\.\d\w*", done.stdout + done.stderr)
        return found.group() if found else ""

    def commands(self, setup, folder):
        lines = [f"AS {setup.asn}", f"router-id {setup.local}", f"holdtime {HOLD_S}", "connect-retry 1",
                 f"listen on {setup.local}", f'socket "{folder}/{setup.name}.sock"',
                 f"fib-update {'yes' if setup.kernel else 'no'}", "nexthop qualify via default"]
        lines += [f"network {network}" for network in setup.networks]
        for n in setup.neighbors:
            lines.append("neighbor %s { remote-as %d; local-address %s; announce IPv4 unicast; %s%s%s}" % (
                n.address, n.asn, setup.local, "announce IPv6 unicast; " if setup.ipv6 else "", "passive; " if n.passive else "", "route-reflector; " if n.client else ""))
        lines += ["allow from any", "allow to any", ""]
        file = folder / f"{setup.name}.conf"
        file.write_text("\n".join(line.replace("; ", "\n").replace("{ ", "{\n").replace(";", "\n") for line in lines))
        file.chmod(0o600)
        pathlib.Path("/run/openbgpd").mkdir(mode=0o755, exist_ok=True)  # where its processes lock themselves in
        return [[self.path(), "-d", "-f", file]]


KINDS = (Self, Bird1, Bird2, Frr, Gobgp, Openbgpd)
