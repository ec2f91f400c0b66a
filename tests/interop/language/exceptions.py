"""Where we differ from BIRD on purpose in what we take, each with its reason.

A pattern is a regular expression for the whole name of a piece (see snippets.py), for the dialects that it names.
"""

from __future__ import annotations

import re
from typing import Optional

from language.daemons import Dialect

ALL = ("bird2", "bird1", "bird1-ipv6")
OLD = ("bird1", "bird1-ipv6")

PROTOCOLS = "a protocol that we do not have, and its attributes: refused by name"
FAMILIES = "families other than IPv4, IPv6 and ROA, route distinguishers, MPLS labels: refused by name"
NEWER = "newer BIRD 2 takes it, so we do"
WITH_1_6 = "BIRD 2 has it, 1.6 has not: one language is enough for both dialects"
NEVER = "BIRD takes it and it can never work: said when it is read"
CALICO = "of Calico's BIRD"
MORE = "harmless, and refusing it would take a rule of its own"

EXCEPTIONS: list[tuple[tuple[str, ...], str, str]] = [
    (ALL, r"top: protocol (rip|ospf|babel|radv|perf)\b.*", PROTOCOLS),
    (ALL, r"(expression|statement): (rip|ospf|babel|ra)_.*", PROTOCOLS),
    (("bird2",), r"expression: bgp_aigp", "read as an opaque value by BIRD, which tells a filter nothing"),
    (("bird2",), r"top: (vpn4|flow4|ipv6 sadr|mpls) table .*", FAMILIES),
    (("bird2",), r"expression: (\d+:)?\d+:\d+|expression: 10\.0\.0\.1:5|statement: rd r.*", FAMILIES),
    (("bird2",), r"expression: 10\.0\.0\.0/8 max 24 as 65000", FAMILIES),
    (("bird2",), r"static: route .* mpls .*", FAMILIES),
    (("bird2",), r"statement: bt_assert.*", "for BIRD's own tests"),
    (ALL, r"expression: \[(1, 10\.0\.0\.1|RTS_BGP, RTD_BLACKHOLE)\]",
     "in a set of several types BIRD finds some values and others not"),
    (("bird2",), r"expression: roa_check\(t4\)", NEVER),
    (("bird2",), r"statement: bgp_path\.add\(1\);", NEVER),
    (("bird2",), r"bgp: source address 2001:db8::1;", NEVER),
    (ALL, r"top: .*protocol kernel .*protocol kernel \{ (ipv4 \{ table t; \};|table t;) \}.*",
     "BIRD does not start the second one, as both would write one table of the kernel"),
    (("bird2",), r"bgp: graceful restart time 5000;", "the capability has 12 bits: BIRD sends 904 (RFC 4724 §3)"),
    (("bird2",), r"(bgp: bfd|bfd: interface \"eth0\") \{ multiplier (0|256); \};", "RFC 5880 §4.1: 1 to 255"),
    (("bird2",), r"bfd: .*password \"x\" \{ id 5; \}.*", "a BFD session has one password here"),
    (("bird2",), r"bgp: min keepalive time 5;", "not there: refused by name"),
    (("bird2",), r"bgp: (send hold time 480|require graceful restart|require route refresh);", NEWER),
    (("bird2",), r"channel: next hop prefer global;", "not there: refused by name"),
    (("bird2",), r"bgp: allow bgp_med;", NEWER),
    (ALL, r"expression: (bgp_path|bgp_community)\.(empty|prepend|delete|filter)\b.*", NEWER),
    (("bird2",), r"statement: .*p\.prepend\(1\);", NEWER),
    (("bird2",), r"statement: (unset\(my_attr\)|my_list\.add\(\(1,2\)\));", NEWER),
    (("bird2",), r"top: attribute clist my_a; filter f .*", NEWER),
    (ALL, r"top: function f\(int a, int b\) .*", NEWER),
    (("bird2",), r"static: route .* blackhole \{ int x.*", NEWER),
    (("bird2",), r"(expression|statement): (dest = )?RTD_ROUTER;?", "the name of RTD_UNICAST in BIRD 1.6"),
    (ALL, r"(expression|statement): krt_tunnel.*", CALICO),
    (OLD, r"expression: .*\.(is_v4|type|maxlen|asn|src|dst|rd|data|data1|data2|min|max)\b.*", WITH_1_6),
    (OLD, r"expression: (.*~ )?\[\]", WITH_1_6),
    (OLD, r"expression: NET_FLOW4", WITH_1_6),
    (OLD, r"expression: bgp_path ~ \[= .*(\+|\[).* =\]", WITH_1_6),
    (OLD, r"(expression|statement): (bgp_otc|weight|gw_mpls|onlink)\b.*", WITH_1_6),
    (OLD, r"(expression|statement): dest .*RTD_UNICAST.*", WITH_1_6),
    (OLD, r"expression: format\([^,]*\)", WITH_1_6),
    (OLD, r"statement: for (int|pair|ec|lc) \w+ in .* do .*", WITH_1_6),
    (OLD, r"statement: (\{|(int|bool|ip|prefix|pair|quad|ec|lc|string|bgpmask|bgppath|e?clist|lclist)\b).*",
     "variables in blocks and blocks in blocks, as BIRD 2 has them; what we print for 1.6 has them, too"),
    (OLD, r"statement: case 1 \{ 1: .*|static: route \S+ blackhole \{ int x = 5; \};", WITH_1_6),
    (("bird1-ipv6",), r"expression: \(rt, 2001:db8::1, 2\)", NEVER),
    (OLD, r"top: filter f \{ int x; accept; \}|top: function f\(int a\) \{ int b = a; return b; \}", WITH_1_6),
    (OLD, r"top: (attribute int my_a|hostname \"a\");", WITH_1_6),
    (OLD, r"bgp: (local 10\.0\.0\.2|next hop self ibgp|next hop address 10\.0\.0\.1|bfd \{ interval 100 ms; \});",
     WITH_1_6),
    (OLD, r"static: route \S+ via \S+ (via \S+|weight 5|bfd|onlink);", WITH_1_6),
    (OLD, r"static: route [0-9a-f.:]+ blackhole;", MORE),
    (OLD, r"kernel: (learn all|netlink rx buffer 65536);", WITH_1_6),
    (OLD, r"device: interface \"eth0\" \{ preferred 10\.0\.0\.1; \};", WITH_1_6),
    (("bird1-ipv6",), r"device: primary (\"eth0\" )?10\.0\.0\.1;", MORE),
    (("bird1-ipv6",), r"top: listen bgp address 10\.0\.0\.1.*", MORE),
    (("bird1-ipv6",), r".*10\.0\.0\.[01]/(8|33).*", "for bird6 it is a router id divided by a number"),
    (("bird1-ipv6",), r"top: .*\bonlink\b.*", "a word of protocol radv, which we do not have"),
    (("bird1",), r"top: roa table r \{ roa 10\.0\.0\.0/8 max 7 as 5; \};", NEVER),
    (OLD, r"top: timeformat route old short;", "a format that BIRD 2 has no more"),
    (OLD, r"expression: cast", "a word of BIRD 1.6 that says the same of every route"),
    (OLD, r"bgp: advertise ipv4;", "a way around a fault of old neighbours that BIRD 2 has no more"),
    (OLD, r"bgp: hold time 2;", "RFC 4271 §4.2: 0 or at least 3"),
]


def exception_for(name: str, dialect: Dialect) -> Optional[tuple[tuple[str, ...], str, str]]:
    """Why the two may differ, or None if they may not."""
    for one in EXCEPTIONS:
        if dialect.name in one[0] and re.fullmatch(one[1], name):
            return one
    return None
