"""A world as BIRD 2 configurations and a topology file. Both daemons read the same bytes."""

from __future__ import annotations

import pathlib

from differential.world import Filter, Link, Router, Side, World, families


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
    links = "10.255.0.0/16+" if family == "ipv4" else "fd00:ffff::/32+"
    return body(Filter([f"if net ~ [ {links} ] then reject;", *f.statements], f.verdict), "export")


def channel(family: str, side: Side) -> str:
    options = "".join(f"\n    {o};" for o in side.channel)
    name = "ipv4" if family == "v4" else "ipv6"
    return f"  {name} {{{options}\n    {body(side.imports, 'import')}\n    {body(side.exports, 'export')}\n  }};"


def session(world: World, link: Link, me: Router, peer: Router, transport: str, carried: list[str]) -> str:
    side = link.sides[me.number]
    address = v4 if transport == "v4" else v6
    lines = [f"protocol bgp l{link.number}{transport} {{",
             f"  local {address(link, me.number)} as {me.asn};",
             f"  neighbor {address(link, peer.number)} as {peer.asn};",
             "  connect delay time 1; connect retry time 2; error wait time 1, 2; direct;"]
    if link.disabled == me.number:
        lines.append("  disabled;")
    lines += [f"  {option};" for option in world.options + side.options]
    lines += [channel(family, side) for family in carried]
    return "\n".join(lines) + "\n}\n"


def neighbor(world: World, me: Router, six: bool) -> str:
    """An address on a link of the router, for `via`."""
    for link in world.links:
        if me.number in (link.a, link.b):
            other = link.b if me.number == link.a else link.a
            return (v6 if six else v4)(link, other)
    return ""


def statics(world: World, me: Router, six: bool) -> str:
    lines = []
    for s in me.statics:
        if (":" in s.prefix) != six:
            continue
        via = neighbor(world, me, six)
        target = {"neighbor": f"via {via}", "recursive": f"recursive {via}"}.get(s.target, s.target)
        if not via and s.target in ("neighbor", "recursive"):
            target = "blackhole"
        block = " { " + " ".join(s.body) + " }" if s.body else ""
        lines.append(f"  route {s.prefix} {target}{block};")
    name = "s6" if six else "s4"
    return f"protocol static {name} {{\n  {'ipv6' if six else 'ipv4'};\n" + "\n".join(lines) + "\n}\n"


def config(world: World, n: int) -> str:
    me = world.routers[n]
    merge = "  merge paths on;\n" if me.merge_paths else ""
    text = f"router id 192.0.2.{n};\nprotocol device {{ scan time 10; }}\n"
    if me.learn_direct:
        text += "protocol direct d1 { ipv4; ipv6; interface \"*\"; }\n"
    for family in ("ipv4", "ipv6"):
        text += (f"protocol kernel k{family[-1]} {{\n{merge}  scan time 10;\n  {family} {{\n    import none;\n"
                 f"    {to_kernel(me.kernel_export, family)}\n  }};\n}}\n")
    if me.second_table:
        text += "ipv4 table t4;\n"
        text += (f"protocol pipe p4 {{\n  table master4; peer table t4;\n  {body(me.pipe_import, 'import')}\n"
                 f"  {body(me.pipe_export, 'export')}\n}}\n")
    text += statics(world, me, False) + statics(world, me, True)
    for link in world.links:
        if n in (link.a, link.b):
            peer = world.routers[link.b if n == link.a else link.a]
            if link.dual == "mp":
                text += session(world, link, me, peer, "v4", families(link))
            else:
                for family in families(link):
                    text += session(world, link, me, peer, family, [family])
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
