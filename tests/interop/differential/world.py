"""What a random network is: routers, links, sessions, static routes and filters; how one is made, changed and made smaller.

Worlds converge to one state only, or a difference would say nothing (RFC 4264, "BGP wedgies"): where routers are in a
circle or a prefix is announced twice, nothing prefers a longer AS path; where preferences are set, there is one way only.
"""

from __future__ import annotations

import copy
import dataclasses
import random
from typing import Iterator, Optional

V4 = ["10.1.0.0/16", "10.1.1.0/24", "10.1.2.0/24", "10.2.0.0/16", "10.2.128.0/17", "10.3.3.3/32", "172.16.0.0/12",
      "192.168.7.0/24", "198.51.100.0/24", "198.51.100.128/25", "203.0.113.0/24", "0.0.0.0/0"]
V6 = ["2001:db8:1::/48", "2001:db8:1:2::/64", "2001:db8:2::/48", "2001:db8:ff::1/128", "fd00:7::/32", "::/0"]
TARGETS = ["blackhole", "unreachable", "prohibit", "neighbor", "recursive", "behind", "neighbors", "interface"]
TUNNEL_TARGETS = ["tunnel", "tunnel peer", "tunnel recursive", "tunnel subnet"]

# What a world may have besides, and how often.
#   confederation  member ASes, with routers outside (RFC 5065)
#   restart        graceful restart; routers are killed between the states and start again
#   limits         of routes received, imported and exported
#   extended       IPv4 over IPv6 next hops (RFC 8950), on one IPv6 session for both families
#   older          four routers in a ring that prefer the older of two equal paths, which come one after the other
#   tunnels        point-to-point interfaces
FEATURES = {"confederation": 0.12, "restart": 0.15, "limits": 0.15, "extended": 0.2, "older": 0.06, "tunnels": 0.2}
CONFEDERATION = 64600


@dataclasses.dataclass
class Filter:
    """Statements in BIRD's language, in order, then the verdict. Empty: `all`."""
    statements: list[str] = dataclasses.field(default_factory=list)
    verdict: str = "accept"


@dataclasses.dataclass
class Static:
    prefix: str
    target: str
    body: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Side:
    """One router's half of a session."""
    options: list[str] = dataclasses.field(default_factory=list)
    channel: list[str] = dataclasses.field(default_factory=list)
    imports: Filter = dataclasses.field(default_factory=Filter)
    exports: Filter = dataclasses.field(default_factory=Filter)


@dataclasses.dataclass
class Link:
    a: int
    b: int
    number: int
    dual: str  # "v4", "v6", "both" (a session each), "mp" (both families over IPv4), "mp6" (over IPv6)
    sides: dict[int, Side] = dataclasses.field(default_factory=dict)
    disabled: Optional[int] = None  # the router on which the sessions are disabled
    role: str = ""  # of the first end (RFC 9234)


@dataclasses.dataclass
class Router:
    number: int
    asn: int
    reflector: bool = False
    statics: list[Static] = dataclasses.field(default_factory=list)
    kernel_export: Filter = dataclasses.field(default_factory=Filter)
    merge_paths: bool = False
    cluster: Optional[int] = None
    second_table: bool = False  # a table t4 behind a pipe, and one of the kernel behind that
    kernel_table_export: Filter = dataclasses.field(default_factory=Filter)
    pipe_export: Filter = dataclasses.field(default_factory=Filter)
    pipe_import: Filter = dataclasses.field(default_factory=lambda: Filter(verdict="reject"))
    learn_direct: bool = False
    confederation: Optional[int] = None  # then `asn` is the member AS
    tunnel: bool = False


@dataclasses.dataclass
class World:
    routers: dict[int, Router]
    links: list[Link]
    tree: bool  # one way between any two routers
    options: list[str] = dataclasses.field(default_factory=list)  # of every BGP protocol
    # These without MEDs: in BIRD a filtered route may hide others of its AS (deterministic med), and what an export filter
    # sets does not get through an export table.
    keeps_filtered: bool = False
    export_tables: bool = False
    local_prefs: bool = False  # told to external peers, too; all take them (BIRD gives no default for one that it drops)
    features: frozenset[str] = frozenset()
    commands: list[tuple[int, str]] = dataclasses.field(default_factory=list)  # said to routers when this state begins
    kills: list[tuple[int, bool]] = dataclasses.field(default_factory=list)  # routers, and whether they recover (-R)

    @property
    def meds(self) -> bool:
        return not self.keeps_filtered and not self.export_tables

    @property
    def older(self) -> bool:
        return "older" in self.features

    def copy(self) -> "World":
        """The same state, without what is done when it begins."""
        world = copy.deepcopy(self)
        world.commands, world.kills = [], []
        return world

    def internal(self, link: Link) -> bool:
        a, b = self.routers[link.a], self.routers[link.b]
        return a.asn == b.asn and a.confederation == b.confederation


# -- filters ----------------------------------------------------------------------------------------------------------

class Grammar:
    """Statements whose meaning does not depend on anything that the daemons leave open: BIRD looks for values in sets as if
    their ranges never overlapped, say."""

    def __init__(self, rng: random.Random, world: World, unique: bool) -> None:
        self.rng, self.world, self.unique = rng, world, unique

    def prefix_set(self, family: str) -> str:
        pool = V4 if family == "v4" else V6
        longest = 32 if family == "v4" else 128
        items = []
        for prefix in self.rng.sample(pool, self.rng.randint(1, 3)):
            length = int(prefix.split("/")[1])
            low = self.rng.randint(length, longest)
            items.append(prefix + self.rng.choice(["", "+", "-", f"{{{low},{self.rng.randint(low, longest)}}}"]))
        return "[ " + ", ".join(items) + " ]"

    def asn(self) -> int:
        confederation = [CONFEDERATION] if "confederation" in self.world.features else []
        return self.rng.choice([r.asn for r in self.world.routers.values()] + [64999] + confederation)

    def community(self) -> str:
        if self.rng.random() < 0.04:
            return self.rng.choice(["(65535,65281)", "(65535,65282)", "(65535,65283)"])
        return f"({self.rng.choice([64512, 65000])},{self.rng.randint(1, 4)})"

    def large(self) -> str:
        return f"({self.rng.choice([64512, 4200000000])},{self.rng.randint(1, 2)},{self.rng.randint(1, 3)})"

    def ext(self) -> str:
        return f"({self.rng.choice(['rt', 'ro'])},{self.rng.choice([64512, 65000])},{self.rng.randint(1, 3)})"

    def condition(self, family: str, depth: int = 0) -> str:
        pick = self.rng.randint(0, 24 if depth < 2 else 22)
        if pick == 0:
            return f"net ~ {self.prefix_set(family)}"
        if pick == 1:
            return f"net = {self.rng.choice(V4 if family == 'v4' else V6)}"
        if pick == 2:
            return f"net.len {self.rng.choice(['<', '<=', '>', '>=', '=', '!='])} {self.rng.randint(0, 64)}"
        if pick == 3:
            return f"bgp_path.len {self.rng.choice(['<', '>', '='])} {self.rng.randint(0, 3)}"
        if pick == 4:
            mask = self.rng.choice(["* {0} *", "{0} *", "* {0}", "? {0} *", "* [{0}, 64997] *", "* 64512..65003 *", "*"])
            return f"bgp_path ~ [= {mask.format(self.asn())} =]"
        if pick == 5:
            return f"bgp_community ~ [ {self.community()}, (65001,{self.rng.choice(['*', '2..3'])}) ]"
        if pick == 6:
            return f"{self.community()} ~ bgp_community"
        if pick == 7:
            return f"bgp_large_community ~ [ {self.large()}, (64513,*,*) ]"
        if pick == 8:
            return f"bgp_ext_community ~ [ {self.ext()} ]"
        if pick == 9:
            return f"source {self.rng.choice(['=', '!='])} {self.rng.choice(['RTS_BGP', 'RTS_STATIC', 'RTS_DEVICE'])}"
        if pick == 10:
            return f"bgp_path ~ [ {self.asn()}, 65100..65200 ]"
        if pick == 11:
            return f"defined({self.rng.choice(['bgp_med', 'bgp_local_pref', 'bgp_origin', 'bgp_next_hop'])})"
        if pick == 12:
            return f"dest {self.rng.choice(['=', '!='])} RTD_{self.rng.choice(['UNICAST', 'BLACKHOLE', 'UNREACHABLE', 'PROHIBIT'])}"
        if pick == 13:
            return self.rng.choice(['proto = "s4"', 'proto ~ "l*4"', 'proto ~ "s?"', 'proto != "l1v4"'])
        if pick == 14:
            part = self.rng.choice(["first", "last", "last_nonaggregated"])
            return f"bgp_path.{part} {self.rng.choice(['=', '!=', '>'])} {self.asn()}"
        if pick == 15:
            kind = self.rng.choice(["community", "ext_community", "large_community"])
            return f"bgp_{kind}.len {self.rng.choice(['>', '='])} {self.rng.randint(0, 2)}"
        if pick == 16:
            if family == "any":
                return f"net.type = NET_IP{self.rng.choice([4, 6])}"
            return self.rng.choice(["net.ip ~ 10.0.0.0/8", "net.ip.mask(16) = 10.2.0.0", "net.ip > 192.0.0.0"] if family == "v4"
                                   else ["net.ip ~ 2001:db8::/32", "net.ip.mask(48) = 2001:db8:1::", "net.ip > fd00::"])
        if pick == 17:
            return f"bgp_origin {self.rng.choice(['=', '!='])} ORIGIN_{self.rng.choice(['IGP', 'EGP', 'INCOMPLETE'])}"
        if pick == 18:
            return f"(defined(bgp_med) && bgp_med {self.rng.choice(['<', '>=', '!='])} {self.rng.randint(0, 100)})"
        if pick == 19:
            return f"preference {self.rng.choice(['=', '>', '<='])} {self.rng.choice([100, 120, 200])}"
        if pick == 20:
            return f"at_most(bgp_path, {self.rng.randint(0, 3)})"
        if pick == 21:
            return f"weight_of(bgp_community) {self.rng.choice(['>', '='])} {self.rng.randint(0, 5)}"
        if pick == 22:
            return f"(64512, bgp_path.len) ~ bgp_community"
        if pick == 23:
            return f"!({self.condition(family, depth + 1)})"
        return f"({self.condition(family, depth + 1)} {self.rng.choice(['&&', '||'])} {self.condition(family, depth + 1)})"

    def action(self, family: str, where: str) -> str:
        choices = [
            f"bgp_community.add({self.community()});",
            f"bgp_community.delete([{self.community()}, (65001,3..4)]);",
            f"bgp_community.filter([(64512,*)]);",
            f"bgp_large_community.add({self.large()});",
            f"bgp_large_community.delete([(64512,1..2,*)]);",
            f"bgp_ext_community.add({self.ext()});",
            f"bgp_ext_community.delete([(rt,64512,*)]);",
            "bgp_origin = ORIGIN_INCOMPLETE;",
            "bgp_origin = ORIGIN_EGP;",
            "bgp_community.empty;",
            "bgp_large_community.filter([(64512,*,*)]);",
            "bgp_ext_community.filter([(rt,64512,*), (ro,65000,1..2)]);",
            "bgp_large_community.empty;",
            f"bgp_community = add(bgp_community, {self.community()});",
            f"bgp_community = add(add(-empty-, {self.community()}), {self.community()});",
            "if bgp_community.len > 0 then unset(bgp_community);",
            "if bgp_large_community.len > 0 then unset(bgp_large_community);",
            "to_large(bgp_community);",
            f"bgp_community.add(({self.rng.randint(1, 3)}, bgp_path.len + {self.rng.randint(0, 3)}));",
            f"bgp_large_community.add((64513, bgp_path.first, {self.rng.randint(0, 3)}));",
        ]
        if where != "kernel" and self.world.meds:
            choices += [f"bgp_med = {self.rng.randint(0, 3) * 10};"] * 2
            choices += ["if defined(bgp_med) then unset(bgp_med);", "if defined(bgp_med) then bgp_med = bgp_med * 2 + 1;"]
        if where != "kernel":
            if self.world.tree:  # elsewhere a path that lost an AS may come back to it
                choices += [f"bgp_path.delete({self.asn()});", "bgp_path.delete([65000..65003, 65100..65102]);",
                            "bgp_path.filter([64512..64600, 65001..65002]);"]
            if where == "export":
                choices += [f"bgp_path.prepend({65100 + self.rng.randint(0, 5)});"] * 2
                choices += ["bgp_path.prepend(64999); bgp_path.prepend(64998);"]
        if where == "import" and self.unique:
            choices += [f"bgp_local_pref = {self.rng.choice([50, 100, 150, 200])};"] * 2
            choices += [f"preference = {self.rng.choice([90, 120, 250])};"]
        if where == "kernel":
            choices += [f"krt_metric = {self.rng.randint(100, 999)};"] * 4
            choices += [f"krt_mtu = {self.rng.randint(1280, 1500)};", "dest = RTD_UNREACHABLE;", "dest = RTD_BLACKHOLE;"]
        return self.rng.choice(choices)

    def statement(self, family: str, where: str, depth: int = 0) -> str:
        pick = self.rng.randint(0, 6)
        condition = self.condition(family)
        if pick <= 1:
            return self.action(family, where)
        if pick == 2:
            return f"if {condition} then {{ {self.action(family, where)} {self.rng.choice(['accept;', 'reject;'])} }}"
        if pick == 3:
            return f"if {condition} then {{ {self.action(family, where)} }} else {{ {self.action(family, where)} }}"
        if pick == 4:
            return f"if {condition} then reject;"
        if pick == 5 and depth == 0:
            return f"if {condition} then {{ {self.statement(family, where, 1)} {self.statement(family, where, 1)} }}"
        if pick == 6:
            return (f"case bgp_origin {{ ORIGIN_IGP: {self.action(family, where)} "
                    f"ORIGIN_EGP, ORIGIN_INCOMPLETE: {self.action(family, where)} }}")
        return f"if {condition} then {{ {self.action(family, where)} }}"

    def filter(self, family: str, where: str) -> Filter:
        if self.rng.random() < 0.3 or self.world.older:
            return Filter()
        # A condition of one family is an error for the other: such filters are for one family, or look at no prefix.
        statements = [self.statement(family, where) for _ in range(self.rng.randint(1, 4))]
        return Filter(statements, self.rng.choices(["accept", "reject"], [6, 1])[0])

    def static(self, prefix: str, tunnel: bool) -> Static:
        body = []
        if self.rng.random() < 0.5 and not self.world.older:
            for _ in range(self.rng.randint(1, 3)):
                body.append(self.rng.choice([f"bgp_community.add({self.community()});", f"bgp_med = {self.rng.randint(0, 200)};",
                                             f"bgp_large_community.add({self.large()});", f"bgp_ext_community.add({self.ext()});",
                                             "bgp_origin = ORIGIN_INCOMPLETE;", "bgp_path.prepend(65150);"]))
        if not self.world.meds:
            body = [s for s in body if "bgp_med" not in s]
        if any("bgp_med" in s for s in body):
            # BIRD passes the MED of a route that has no other attribute on to external peers, as if the export filter had
            # set it: an accident of how it sorts attributes.
            body.append("bgp_origin = ORIGIN_IGP;")
        targets = TARGETS + TUNNEL_TARGETS if tunnel else TARGETS
        if "limits" in self.world.features:
            targets = [t for t in targets if "recursive" not in t and t != "behind"]
        return Static(prefix, self.rng.choice(targets), body)


# -- making one -------------------------------------------------------------------------------------------------------

def families(link: Link) -> list[str]:
    return {"v4": ["v4"], "v6": ["v6"], "both": ["v4", "v6"], "mp": ["v4", "v6"], "mp6": ["v4", "v6"]}[link.dual]


def announced(world: World) -> list[str]:
    return [s.prefix for r in world.routers.values() for s in r.statics]


def grammar(rng: random.Random, world: World) -> Grammar:
    once = announced(world)
    return Grammar(rng, world, world.tree and len(once) == len(set(once)))


def free_prefix(rng: random.Random, world: World, router: Router) -> Optional[str]:
    taken = set(announced(world)) if world.tree or world.older else {s.prefix for s in router.statics}
    free = [p for p in V4 + V6 if p not in taken]
    return rng.choice(free) if free else None


def make_side(rng: random.Random, world: World, link: Link, me: Router, peer: Router) -> Side:
    words = grammar(rng, world)
    side = Side()
    if world.older:
        side.options.append("prefer older on")
        return side
    internal = world.internal(link)
    inside = me.confederation is not None and me.confederation == peer.confederation
    # One filter serves every channel of a link, so it may only look at prefixes of a family if there is just one.
    family = families(link)[0] if len(families(link)) == 1 else "any"
    if family != "any":
        side.imports, side.exports = words.filter(family, "import"), words.filter(family, "export")
    if internal:
        if me.reflector:
            side.options.append("rr client")
        if rng.random() < 0.6:
            side.channel.append("next hop self")
        if rng.random() < 0.3:
            side.channel.append("gateway recursive")
        if rng.random() < 0.1:
            side.channel.append(f"next hop keep {rng.choice(['on', 'off', 'ibgp', 'ebgp'])}")
    else:
        if rng.random() < 0.15:
            side.options.append("allow local as 1")
        if rng.random() < 0.2:
            side.channel.append("next hop self")
    if world.keeps_filtered:
        side.channel.append("import keep filtered")
    elif world.meds and rng.random() < 0.15:
        side.options.append(f"default bgp_med {rng.randint(0, 50)}")
    if rng.random() < 0.1 and max(me.asn, peer.asn) < 65536:
        side.options.append("enable as4 off")
    if not internal and rng.random() < 0.1:
        side.channel.append(rng.choice(["next hop keep", "next hop keep ebgp", "gateway recursive"]))
    # BIRD tells the route server clients of a confederation its member ASes, and BIRD refuses such paths.
    if not internal and world.tree and (inside or me.confederation is None) and rng.random() < 0.1:
        side.options.append("rs client")
        if rng.random() < 0.6 and not any(word.startswith("next hop") for word in side.channel):
            side.channel.append(f"next hop keep {rng.choice(['off', 'off', 'ibgp', 'ebgp'])}")
    if not internal and world.local_prefs:
        side.options.append("allow bgp_local_pref on")
    if rng.random() < 0.1:
        side.options.append("interpret communities off")
    if world.tree and rng.random() < 0.1:
        side.options.append(f"default bgp_local_pref {rng.choice([50, 150])}")
    if rng.random() < 0.1:
        side.options.append("enable route refresh off")
    if rng.random() < 0.1:
        side.options.append("passive" if me.number < peer.number else "enable extended messages on")
    if rng.random() < 0.2:
        side.channel.append("import table on")
    if world.export_tables and rng.random() < 0.7:
        side.channel.append("export table on")
    if "limits" in world.features:
        side.channel += limits(rng, me.number == link.a)
    return side


def limits(rng: random.Random, first: bool) -> list[str]:
    """Limits that have one outcome whatever comes first: they are for nothing at all, or never reached, or only warn. And
    one end only disables, or it is a matter of moments whether the other has the same reason when the session ends."""
    out = []
    for which in ("receive", "import", "export"):
        if rng.random() < 0.4:
            action = rng.choice(["warn", "block", "block", "restart"] + ["disable"] * first)
            most = rng.choice([0, 0, 50]) if action in ("block", "disable") else rng.randint(1, 3) if action == "warn" else 50
            out.append(f"{which} limit {most} action {action}")
    return out


def make(rng: random.Random, always: frozenset[str] = frozenset()) -> World:
    """A network; with the features of `always` and any others."""
    features = frozenset(name for name, often in FEATURES.items() if rng.random() < often) | always
    if "older" in features:
        features = features & {"older", "tunnels", "extended"}
    count = 4 if "older" in features else rng.randint(2, 6)
    kind = rng.choice(["external", "external", "circle", "reflected", "mixed"])
    for special in ("confederation", "older"):
        kind = special if special in features else kind
    if kind == "circle" and "limits" in features:
        kind = "external"  # what comes for a moment only would count
    tree = kind not in ("circle", "older")
    keeps = rng.random() < 0.2 and kind != "older"
    world = World({}, [], tree, [] if keeps else ["deterministic med on"], keeps_filtered=keeps,
                  export_tables=rng.random() < 0.2 and kind != "older", local_prefs=rng.random() < 0.1, features=features)
    for n in range(1, count + 1):
        asn = 64512 if kind == "reflected" else 64512 + (n % 2) if kind == "mixed" else 65000 + n
        confederation = None
        if kind == "confederation" and (n == 1 or rng.random() < 0.75):
            asn, confederation = 65010 + rng.randint(1, 3), CONFEDERATION
        if rng.random() < 0.1 and kind == "external":
            asn = 4200000000 + n
        world.routers[n] = Router(n, asn, merge_paths=rng.random() < 0.3, second_table=rng.random() < 0.25,
                                  learn_direct=rng.random() < 0.3 and kind != "older", confederation=confederation,
                                  tunnel="tunnels" in features and rng.random() < 0.7)
    pairs = []
    for n in range(2, count + 1):
        pairs.append((1 if kind == "reflected" else n - 1 if kind == "older" else rng.randint(1, n - 1), n))
    if kind == "older":
        pairs.append((1, count))
    if kind in ("external", "mixed") and "limits" not in features and rng.random() < 0.3:
        pairs.append(rng.choice(pairs))  # two links between two routers
        tree = False
    world.tree = tree
    if kind == "circle":
        more = [(a, b) for a in world.routers for b in world.routers if a < b and (a, b) not in pairs]
        pairs += rng.sample(more, min(len(more), rng.randint(1, 3)))
    if kind == "reflected":
        world.routers[1].reflector = True
        if rng.random() < 0.3:
            world.routers[1].cluster = rng.randint(1, 9)
    for number, (a, b) in enumerate(pairs, 1):
        dual = rng.choice(["v4", "v4", "v6", "both", "mp"])
        if "extended" in features and rng.random() < 0.6:
            dual = "mp6"
        world.links.append(Link(a, b, number, dual))
        if kind == "external" and rng.random() < 0.2:
            world.links[-1].role = rng.choice(["provider", "peer", "rs_server"])
    if kind == "older":
        world.links[-1].disabled = 1  # closed later: of two paths one is older then
    if rng.random() < 0.1:
        world.options.append("igp metric off")
    if "restart" in features:
        world.options += ["graceful restart on", "graceful restart time 60"]
    for _ in range(rng.randint(1, 8)):
        router = world.routers[rng.randint(1, count)]
        if prefix := free_prefix(rng, world, router):
            router.statics.append(grammar(rng, world).static(prefix, router.tunnel))
    for router in world.routers.values():
        words = grammar(rng, world)
        if rng.random() < 0.3:
            router.kernel_export = Filter([words.action("v4", "kernel")])
        if router.second_table:
            router.pipe_export = words.filter("v4", "pipe")
            router.kernel_table_export = Filter([words.action("v4", "kernel")]) if rng.random() < 0.3 else Filter()
    for link in world.links:
        for me, peer in ((link.a, link.b), (link.b, link.a)):
            link.sides[me] = make_side(rng, world, link, world.routers[me], world.routers[peer])
    once = world.tree and not any(router.learn_direct or router.tunnel for router in world.routers.values())
    if rng.random() < 0.3 and (kind == "reflected" or once):
        add_paths(rng, world)  # elsewhere two paths of one peer may be equal to the last, and the older one wins in BIRD
    return world


def add_paths(rng: random.Random, world: World) -> None:
    for link in rng.sample(world.links, rng.randint(1, len(world.links))):
        for side in link.sides.values():
            side.channel.append(f"add paths {rng.choice(['on', 'on', 'tx', 'rx'])}")


def change(rng: random.Random, world: World) -> World:
    """The same network a moment later: routes come and go, filters and sessions change, routers are killed."""
    world = world.copy()
    if world.older:
        return change_ring(rng, world)
    if "restart" in world.features and rng.random() < 0.5:
        world.kills.append((rng.choice(list(world.routers)), rng.random() < 0.5))
    for _ in range(rng.randint(1, 3)):
        router = rng.choice(list(world.routers.values()))
        link = rng.choice(world.links)
        words = grammar(rng, world)
        pick = rng.randint(0, 9)
        if pick <= 1 and (prefix := free_prefix(rng, world, router)):
            router.statics.append(words.static(prefix, router.tunnel))
        elif pick == 2 and router.statics:
            router.statics.pop(rng.randrange(len(router.statics)))
        elif pick == 3 and router.statics:
            old = rng.choice(router.statics)
            new = words.static(old.prefix, router.tunnel)
            old.target, old.body = new.target, new.body
        elif pick in (4, 5) and len(families(link)) == 1:
            side = link.sides[rng.choice([link.a, link.b])]
            if rng.random() < 0.5:
                side.imports = words.filter(families(link)[0], "import")
            else:
                side.exports = words.filter(families(link)[0], "export")
        elif pick == 6:
            link.disabled = None if link.disabled else rng.choice([link.a, link.b])
        elif pick == 7:
            router.kernel_export = Filter([words.action("v4", "kernel")]) if rng.random() < 0.7 else Filter()
        elif pick >= 8 and link.disabled is None:
            me = rng.choice([link.a, link.b])
            name = f"l{link.number}{'v6' if link.dual in ('v6', 'mp6') else 'v4'}"
            world.commands.append((me, f"{rng.choice(['restart', 'reload', 'reload in', 'reload out'])} {name}"))
    return world


def change_ring(rng: random.Random, world: World) -> World:
    """One thing at a time, and new routes only where there is one way, or it would be left open which path is older."""
    broken = [link for link in world.links if link.disabled]
    router = rng.choice(list(world.routers.values()))
    if not broken:
        link = rng.choice(world.links)
        link.disabled = rng.choice([link.a, link.b])
    elif rng.random() < 0.6:
        broken[0].disabled = None
    elif router.statics and rng.random() < 0.3:
        router.statics.pop(rng.randrange(len(router.statics)))
    elif prefix := free_prefix(rng, world, router):
        router.statics.append(grammar(rng, world).static(prefix, router.tunnel))
    return world


# -- making it smaller ------------------------------------------------------------------------------------------------

def smaller(rounds: list[World]) -> Iterator[list[World]]:
    """Every case that has one thing less, the biggest things first. A case is the states that a network goes through."""
    if len(rounds) > 1:
        yield rounds[-1:]
        yield rounds[len(rounds) // 2:]
        for i in range(len(rounds)):
            yield rounds[:i] + rounds[i + 1:]

    def each(edit) -> list[World]:
        out = copy.deepcopy(rounds)
        for w in out:
            edit(w)
        return out

    for i, state in enumerate(rounds):
        if state.commands or state.kills:
            fewer = [w if w is not state else w.copy() for w in rounds]
            yield fewer
    first = rounds[0]
    for n in first.routers:
        if len(first.routers) > 1:
            def drop(w: World, n: int = n) -> None:
                w.routers.pop(n, None)
                w.links = [l for l in w.links if n not in (l.a, l.b)]
                w.commands = [c for c in w.commands if c[0] != n]
                w.kills = [k for k in w.kills if k[0] != n]
            yield each(drop)
    for link in first.links:
        def unlink(w: World, number: int = link.number) -> None:
            w.links = [l for l in w.links if l.number != number]
            w.commands = [c for c in w.commands if f" l{number}v" not in c[1]]
        yield each(unlink)
    prefixes = sorted({(n, s.prefix) for w in rounds for n, r in w.routers.items() for s in r.statics})
    for n, prefix in prefixes:
        def unroute(w: World, n: int = n, prefix: str = prefix) -> None:
            w.routers[n].statics = [s for s in w.routers[n].statics if s.prefix != prefix]
        yield each(unroute)
    for n in first.routers:
        def plain(w: World, n: int = n) -> None:
            r = w.routers[n]
            r.kernel_export, r.pipe_export, r.kernel_table_export = Filter(), Filter(), Filter()
            r.merge_paths, r.second_table, r.learn_direct, r.tunnel, r.cluster = False, False, False, False, None
        yield each(plain)
    for n, prefix in prefixes:
        def bare(w: World, n: int = n, prefix: str = prefix) -> None:
            for s in w.routers[n].statics:
                if s.prefix == prefix:
                    s.body = s.body[1:]
        yield each(bare)
    for link in first.links:
        for me in (link.a, link.b):
            for what in ("imports", "exports"):
                longest = max(len(getattr(l.sides[me], what).statements) for w in rounds for l in w.links
                              if l.number == link.number)
                for i in range(longest):
                    def cut(w: World, number: int = link.number, me: int = me, what: str = what, i: int = i) -> None:
                        for l in w.links:
                            if l.number == number and len(getattr(l.sides[me], what).statements) > i:
                                getattr(l.sides[me], what).statements.pop(i)
                    yield each(cut)
            for part in ("options", "channel"):
                for i in range(len(getattr(link.sides[me], part))):
                    def strip(w: World, number: int = link.number, me: int = me, part: str = part, i: int = i) -> None:
                        for l in w.links:
                            if l.number == number and len(getattr(l.sides[me], part)) > i:
                                getattr(l.sides[me], part).pop(i)
                    yield each(strip)
