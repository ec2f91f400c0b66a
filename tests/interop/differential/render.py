"""A world as BIRD 2 configurations and a topology file. Both daemons read the same bytes."""

from __future__ import annotations

import os
import pathlib

from differential.world import Filter, Link, Router, Side, World, families


FUNCTIONS = """function at_most(bgppath p; int most) {
  return p.len <= most;
}
function weight_of(clist which)
int sum; {
  sum = 0;
  for pair one in which do {
    if one != (64512, 4) then sum = sum + one.data;
  }
  return sum;
}
function to_large(clist which) {
  for pair one in which do
    if one !~ [(64512, 2..3)] then bgp_large_community.add((64514, one.asn, one.data));
}
"""


def has_tunnels() -> bool:
    """Whether point-to-point interfaces can be made here; else routes over them are blackholes."""
    try:
        os.close(os.open("/dev/net/tun", os.O_RDWR))
        return True
    except OSError:
        return False


TUNNELS = has_tunnels()


def tunnels(me: Router) -> list[tuple[str, str]]:
    """Point-to-point interfaces of a router and their addresses, as for `ip address add`."""
    n = me.number
    return [("p0", f"10.254.{n}.1 peer 10.254.{n}.2/32"), ("p0", f"fd00:fffe:{n}::1 peer fd00:fffe:{n}::2/128"),
            ("p1", f"10.253.{n}.1/24"), ("p1", f"fd00:fffd:{n}::1/64")] if me.tunnel and TUNNELS else []


def v4(link: Link, n: int) -> str:
    return f"10.255.{link.number}.{1 if n == link.a else 2}"


def v6(link: Link, n: int) -> str:
    return f"fd00:ffff:{link.number}::{1 if n == link.a else 2}"


def body(f: Filter, word: str) -> str:
    if not f.statements:
        return f"{word} {'all' if f.verdict == 'accept' else 'none'};"
    lines = "\n".join(f"      {s}" for s in f.statements)
    return f"{word} filter {{\n{lines}\n      {f.verdict};\n    }};"


def to_kernel(f: Filter, family: str) -> str:
    """Networks of links stay out of the kernel: the next hops are in them, and the kernel refuses routes to a gateway that
    is itself behind one, which makes the order count."""
    links = "10.252.0.0/14+" if family == "ipv4" else "fd00:fffc::/30+"
    return body(Filter([f"if net ~ [ {links} ] then reject;", *f.statements], f.verdict), "export")


def channel(family: str, side: Side, extended: bool) -> str:
    words = side.channel + (["extended next hop on"] if extended else [])
    options = "".join(f"\n    {o};" for o in words)
    name = "ipv4" if family == "v4" else "ipv6"
    return f"  {name} {{{options}\n    {body(side.imports, 'import')}\n    {body(side.exports, 'export')}\n  }};"


def sessions(link: Link) -> dict[str, list[str]]:
    """Names of the protocols of a link on either side, and the families they carry; the name ends with the transport."""
    if link.dual in ("mp", "mp6"):
        return {f"l{link.number}{'v6' if link.dual == 'mp6' else 'v4'}": families(link)}
    return {f"l{link.number}{family}": [family] for family in families(link)}


def session(world: World, link: Link, me: Router, peer: Router, transport: str, carried: list[str]) -> str:
    side = link.sides[me.number]
    address = v4 if transport == "v4" else v6
    inside = me.confederation is not None and me.confederation == peer.confederation
    seen_as = peer.asn if inside else peer.confederation or peer.asn
    lines = [f"protocol bgp l{link.number}{transport} {{",
             f"  local {address(link, me.number)} as {me.asn};",
             f"  neighbor {address(link, peer.number)} as {seen_as};",
             "  connect delay time 1; connect retry time 2; error wait time 1, 2; direct;"]
    if me.confederation is not None:
        lines.append(f"  confederation {me.confederation};{' confederation member on;' if inside else ''}")
    if link.role:
        other = {"provider": "customer", "peer": "peer", "rs_server": "rs_client"}[link.role]
        lines.append(f"  local role {link.role if me.number == link.a else other};")
    if link.disabled == me.number:
        lines.append("  disabled;")
    lines += [f"  {option};" for option in world.options + side.options]
    if me.cluster is not None and world.internal(link):
        lines.append(f"  rr cluster id {me.cluster};")
    lines += [channel(family, side, family == "v4" and transport == "v6") for family in carried]
    return "\n".join(lines) + "\n}\n"


def neighbors(world: World, me: Router, six: bool) -> list[str]:
    """Addresses on links of the router, for `via`."""
    return [(v6 if six else v4)(link, link.b if me.number == link.a else link.a)
            for link in world.links if me.number in (link.a, link.b)]


def target_of(what: str, world: World, me: Router, six: bool) -> str:
    via = neighbors(world, me, six)
    if what.startswith("tunnel"):
        if not (me.tunnel and TUNNELS):
            return "blackhole"
        peer, other = (f"fd00:fffe:{me.number}::2", f"fd00:fffd:{me.number}::7") if six else (
            f"10.254.{me.number}.2", f"10.253.{me.number}.7")
        return {"tunnel": 'via "p0"', "tunnel peer": f"via {peer}", "tunnel recursive": f"recursive {peer}",
                "tunnel subnet": f"recursive {other}"}[what]
    if what == "behind":  # leads through whatever route there is to it
        return "recursive 2001:db8:1:2::7" if six else "recursive 10.2.128.7"
    if what in ("neighbor", "recursive", "neighbors", "interface") and not via:
        return "blackhole"
    if what == "neighbors":
        return " ".join(f"via {address} weight {1 + i}" for i, address in enumerate(via))
    if what == "interface":
        return 'via "lo"'
    if what in ("neighbor", "recursive"):
        return f"{'via' if what == 'neighbor' else what} {via[0]}"
    return what


def statics(world: World, me: Router, six: bool) -> str:
    lines = []
    for s in me.statics:
        if (":" in s.prefix) != six:
            continue
        target = target_of(s.target, world, me, six)
        block = " { " + " ".join(s.body) + " }" if s.body else ""
        lines.append(f"  route {s.prefix} {target}{block};")
    name = "s6" if six else "s4"
    return f"protocol static {name} {{\n  {'ipv6' if six else 'ipv4'};\n" + "\n".join(lines) + "\n}\n"


def config(world: World, n: int) -> str:
    me = world.routers[n]
    merge = "  merge paths on;\n" if me.merge_paths else ""
    text = f"router id 192.0.2.{n};\nprotocol device {{ scan time 10; }}\n{FUNCTIONS}"
    if "restart" in world.features:
        text += "graceful restart wait 8;\n"
    if me.learn_direct or me.tunnel:
        text += f"protocol direct d1 {{ ipv4; ipv6; interface \"{'*' if me.learn_direct else 'p*'}\"; }}\n"
    for family in ("ipv4", "ipv6"):
        text += (f"protocol kernel k{family[-1]} {{\n{merge}  scan time 10;\n  {family} {{\n    import none;\n"
                 f"    {to_kernel(me.kernel_export, family)}\n  }};\n}}\n")
    if me.second_table:
        text += "ipv4 table t4;\n"
        text += f"protocol kernel kt {{\n  kernel table 100;\n  scan time 10;\n  ipv4 {{\n    table t4;\n    import none;\n" \
                f"    {to_kernel(me.kernel_table_export, 'ipv4')}\n  }};\n}}\n"
        text += (f"protocol pipe p4 {{\n  table master4; peer table t4;\n  {body(me.pipe_import, 'import')}\n"
                 f"  {body(me.pipe_export, 'export')}\n}}\n")
    text += statics(world, me, False) + statics(world, me, True)
    for link in world.links:
        if n in (link.a, link.b):
            peer = world.routers[link.b if n == link.a else link.a]
            for name, carried in sessions(link).items():
                text += session(world, link, me, peer, name[-2:], carried)
    return text


def topology(world: World, name: str) -> str:
    lines = [f"lab: {name}", "nodes:"]
    lines += [f"  r{n}: {{ config: r{n}.conf }}" for n in world.routers]
    if world.links:
        lines.append("links:")
    for link in world.links:
        ends = f"r{link.a}:e{link.number} -- r{link.b}:e{link.number}"
        addresses = ", ".join(f'["{v4(link, n)}/30", "{v6(link, n)}/64"]' for n in (link.a, link.b))
        lines.append(f'  - {{ ends: "{ends}", addresses: [{addresses}] }}')
    return "\n".join(lines) + "\n"


def write_configs(world: World, folder: pathlib.Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for n in world.routers:
        (folder / f"r{n}.conf").write_text(config(world, n))


def write(world: World, folder: pathlib.Path, name: str) -> pathlib.Path:
    write_configs(world, folder)
    file = folder / f"{name}.yaml"
    file.write_text(topology(world, name))
    return file
