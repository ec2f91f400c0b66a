"""Runs programs in BIRD and in ours over the same static routes and compares what they did."""

from __future__ import annotations

import pathlib
import re
import shutil
import time
from typing import Optional

from language.daemons import Daemon, Dialect, ours
from language.generator import Program

SHARED_2 = """
router id 10.0.0.9;
protocol device { }
define k_int = 65000;
attribute int my_int;
attribute clist my_list;
attribute bgppath my_path;
"""
SHARED_1 = """
router id 10.0.0.9;
protocol device { }
define k_int = 65000;
"""
# Static routes with all that a program looks at, or nothing of it.
ROUTES = """
route 10.0.0.0/8 blackhole {
  bgp_path = prepend(prepend(prepend(+empty+, 65001), 2), 1);
  bgp_med = 10; bgp_local_pref = 100; bgp_origin = ORIGIN_IGP; bgp_next_hop = 10.0.0.1;
  bgp_community = add(add(add(-empty-, (1,1)), (2,5)), (65000,1));
  bgp_ext_community = add(add(--empty--, (rt,1,1)), (ro,65000,10));
  bgp_large_community = add(add(---empty---, (1,1,1)), (2,1,10));
};
route 10.1.0.0/16 unreachable { bgp_path = +empty+; bgp_med = 0; };
route 10.1.2.0/24 prohibit {
  bgp_path = prepend(prepend(prepend(prepend(+empty+, 3), 3), 3), 65000);
  bgp_origin = ORIGIN_EGP; bgp_community = add(-empty-, (0,0)); bgp_local_pref = 4294967295;
};
route 10.1.2.3/32 blackhole;
route 10.3.0.0/16 via "ve0";
route 0.0.0.0/0 via 10.99.0.2 { bgp_path = prepend(+empty+, 5); bgp_next_hop = 10.99.0.2; };
"""


def in_ipv6(text: str) -> str:
    """Each IPv4 address as the first 32 bits of an IPv6 address: lengths of prefixes and masks stay the same.

    Router ids stay, as do the keys of extended communities, which are such.
    """
    def address(match: re.Match) -> str:
        a, b, c, d = (int(part) for part in match.groups())
        words = [f"{a << 8 | b:x}", f"{c << 8 | d:x}"]
        while words and words[-1] == "0":
            words.pop()
        return ":".join(words) + "::"

    return re.sub(r"(?:(?<!rt, )(?<!ro, )(?<!id )|(?=[\d.]+/))\b(\d+)\.(\d+)\.(\d+)\.(\d+)", address, text)


def config(programs: list[Program], dialect: Dialect) -> str:
    text = [SHARED_2 if dialect.version == 2 else SHARED_1]
    for program in programs:
        name = program.name
        text.append(program.text())
        if dialect.version == 2:
            text.append(f"ipv4 table t_{name};\nprotocol static s_{name} {{\nipv4 {{ table t_{name}; import filter "
                        f"{name}; }};\n{ROUTES}}}\n")
        else:
            text.append(f"table t_{name};\nprotocol static s_{name} {{\ntable t_{name};\nimport filter {name};\n"
                        f"{ROUTES}}}\n")
    return in_ipv6("".join(text)) if dialect.family == 6 else "".join(text)


def _blocks(lines: list[str]) -> dict[str, str]:
    """`show route all`: what stands below each prefix; without times, which differ."""
    blocks: dict[str, list[str]] = {}
    prefix = ""
    for line in lines:
        line = re.sub(r"\[(\S+) [0-9:.-]+( from \S+)?\]", r"[\1\2]", line).rstrip()
        match = re.match(r"([0-9a-f:]\S*/\d+)\s", line)
        if match:
            prefix = match.group(1)
        if prefix and line:
            blocks.setdefault(prefix, []).append(re.sub(r"\s+", " ", line))
    # Attributes in any order: BIRD's is that of its numbers.
    return {prefix: "\n".join([block[0], *sorted(block[1:])]) for prefix, block in blocks.items()}


def run(argv: list[str], folder: pathlib.Path, programs: list[Program], dialect: Dialect) -> dict[str, tuple]:
    """For each program: what it printed for each prefix, and the routes that it left."""
    shutil.rmtree(folder, ignore_errors=True)
    with Daemon(argv, folder, config(programs, dialect)) as daemon:
        deadline = time.monotonic() + 30
        while True:  # until all static protocols have told their routes
            # `Filter`: a program without a verdict; both count what was rejected.
            states = [line.split() for line in daemon.ask("show protocols")]
            waiting = [s[0] for s in states if len(s) > 3 and s[1] == "Static" and s[3] != "up"]
            if not waiting or time.monotonic() > deadline:
                break
        routes = {p.name: _blocks(daemon.ask(f"show route table t_{p.name} all")) for p in programs}
        printed: dict[str, list[str]] = {}
        for line in daemon.printed():
            name = line.split(" ", 1)[0]
            printed.setdefault(name, []).append(line)
    results = {}
    for program in programs:
        by_prefix: dict[str, list[str]] = {}
        for line in printed.get(program.name, []):
            by_prefix.setdefault(line.split(" ")[1], []).append(line)
        results[program.name] = (by_prefix, routes[program.name])
    return results


def difference(theirs: tuple, mine: tuple) -> Optional[str]:
    """The first thing that differs, or None."""
    for what, a, b in (("printed", theirs[0], mine[0]), ("routes", theirs[1], mine[1])):
        for key in sorted(set(a) | set(b)):
            if a.get(key) != b.get(key):
                return f"{what} of {key}:\n  BIRD: {a.get(key)}\n  ours: {b.get(key)}"
    return None


def compare(dialect: Dialect, folder: pathlib.Path, programs: list[Program]) -> dict[str, str]:
    """The differences, by program. A program at which BIRD itself falls over shows none."""
    try:
        theirs = run([str(dialect.bird)], folder / "bird", programs, dialect)
    except (OSError, RuntimeError):
        if len(programs) > 1:  # find out which
            return {name: what for p in programs for name, what in compare(dialect, folder, [p]).items()}
        return {}
    mine = run(ours(dialect), folder / "ours", programs, dialect)
    found = {p.name: difference(theirs[p.name], mine[p.name]) for p in programs}
    return {name: what for name, what in found.items() if what}
