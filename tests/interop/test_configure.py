"""`configure` with real birdc: what did not change is not touched, and undo, timeout and confirm do what they say."""

from __future__ import annotations

import pathlib
import re
import subprocess
import time

import pytest

from language.daemons import BIRD2, Daemon, ours

HUB, LEAF = "10.77.0.1", "10.77.0.2"

CONFIG = """
router id 10.77.0.1;
@top@
protocol device { @device@ }
protocol static own { ipv4; route 10.1.0.0/24 blackhole; @route@ }
filter to_leaf { if net = 10.1.9.0/24 then reject; accept; }
protocol bgp leaf {
  local 10.77.0.1 port 1179 as 64512;
  neighbor 10.77.0.2 port 1180 as 64512;
  multihop;
  connect retry time 1;
  @bgp@
  ipv4 { import all; export filter to_leaf; next hop self; @channel@ };
}
@end@
"""
PEER = """
router id 10.77.0.2;
protocol device { }
protocol bgp hub {
  local 10.77.0.2 port 1180 as 64512;
  neighbor 10.77.0.1 port 1179 as 64512;
  multihop;
  connect retry time 1;
  ipv4 { import all; export none; };
}
"""

# Where in the configuration, and what: none of these may touch the session.
VARIANTS = [
    ("", ""),
    ("top", "define x = 5;"),
    ("top", "ipv4 table t;"),
    ("top", "function f(int a) { return a; }"),
    ("top", "filter g { reject; }"),
    ("top", "timeformat protocol iso long;"),
    ("top", "roa4 table r;"),
    ("top", 'log stderr { error };'),
    ("device", "scan time 5;"),
    ("route", "route 10.1.1.0/24 unreachable;"),
    ("route", "route 10.1.2.0/24 blackhole { bgp_med = 5; };"),
    ("bgp", 'description "a leaf";'),
    ("bgp", "debug { states };"),
    ("channel", "import limit 100 action restart;"),
    ("channel", "export limit 100 action block;"),
    ("channel", "preference 120;"),
    ("channel", "import where net.len > 8;"),
    ("channel", "export where net.len = 24;"),
    ("channel", "next hop keep;"),
    ("end", "protocol static more { ipv4; route 10.1.3.0/24 prohibit; }"),
    ("end", "ipv4 table u; protocol pipe { table master4; peer table u; }"),
    ("end", "protocol bgp absent { local 10.77.0.1 as 64512; neighbor 10.77.0.3 as 64513; multihop; "
            "ipv4 { import all; export all; }; }"),
]


def config(place: str = "", text: str = "") -> str:
    result = CONFIG.replace(f"@{place}@", text) if place else CONFIG
    return re.sub(r"@\w+@", "", result)


def wait_for(what, seconds: float = 30.0):
    deadline = time.monotonic() + seconds
    while not (value := what()) and time.monotonic() < deadline:
        pass  # asking takes its time
    return value


def birdc(daemon: Daemon, *command: str) -> str:
    return subprocess.run(["birdc", "-s", str(daemon.socket), *command], capture_output=True, text=True, timeout=30,
                          check=False).stdout  # 1: refused, which the text says


def session(daemon: Daemon, name: str) -> tuple[str, str]:
    """State and since when."""
    for line in birdc(daemon, "show", "protocols", name).splitlines():
        words = line.split()
        if words and words[0] == name:
            return words[-1] if words[-1] == "Established" else words[3], words[4]
    return "", ""


def same(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """The same state since the same moment: BIRD's clock, which it takes anew each time, jitters by a millisecond."""
    since = [sum(float(part) * unit for part, unit in zip(time.split(":"), (3600, 60, 1))) for _, time in (one, other)]
    return one[0] == other[0] and abs(since[0] - since[1]) < 0.02


@pytest.fixture
def pair(tmp_path: pathlib.Path):
    """Ours, with BIRD as its neighbour."""
    if BIRD2.missing:
        pytest.skip(f"skipped: {BIRD2.missing}")
    for address in (HUB, LEAF):
        subprocess.run(["ip", "address", "replace", f"{address}/32", "dev", "lo"], check=True)
    with Daemon(ours(BIRD2), tmp_path / "ours", config()) as hub:
        with Daemon([str(BIRD2.bird)], tmp_path / "bird", PEER) as leaf:
            assert wait_for(lambda: session(leaf, "hub")[0] == "Established"), birdc(leaf, "show", "protocols", "all")
            assert wait_for(lambda: "10.1.0.0/24" in birdc(leaf, "show", "route"))
            yield hub, leaf


def apply(hub: Daemon, text: str, *mode: str) -> str:
    hub.config.write_text(f'log "{hub.log_file}" all;\n' + text)
    return birdc(hub, "configure", *mode)


def test_untouched_sessions_stay(pair) -> None:
    hub, leaf = pair
    at_hub, at_leaf = session(hub, "leaf"), session(leaf, "hub")
    for place, text in VARIANTS:
        for step in (config(place, text), config()):
            said = apply(hub, step)
            assert "Reconfigured" in said, f"{text}: {said}"
        assert same(session(leaf, "hub"), at_leaf), f"{text}: the session fell"
    # The same moment as in the beginning, in whatever format.
    assert same(session(hub, "leaf"), at_hub)


def test_changes_arrive(pair) -> None:
    hub, leaf = pair

    def routes() -> set[str]:
        return set(re.findall(r"^(\S+/\d+)", birdc(leaf, "show", "route"), re.M))

    apply(hub, config("route", "route 10.1.9.0/24 blackhole; route 10.1.8.0/24 blackhole;"))
    assert wait_for(lambda: routes() == {"10.1.0.0/24", "10.1.8.0/24"}), routes()
    apply(hub, config("channel", "export where net = 10.1.0.0/24;"), "soft")
    apply(hub, config("route", "route 10.1.9.0/24 blackhole;").replace("if net = 10.1.9.0/24 then reject; ", ""))
    assert wait_for(lambda: routes() == {"10.1.0.0/24", "10.1.9.0/24"}), routes()
    since = session(leaf, "hub")
    apply(hub, config("bgp", "hold time 30;"))
    assert wait_for(lambda: session(leaf, "hub")[0] == "Established" and "10.1.0.0/24" in routes()
                    and not same(session(leaf, "hub"), since), 60)


def test_check_undo_timeout_confirm(pair) -> None:
    hub, leaf = pair
    more = config("route", "route 10.1.7.0/24 blackhole;")

    def there() -> bool:
        return "10.1.7.0/24" in birdc(hub, "show", "route")

    assert "Configuration OK" in apply(hub, more, "check")
    assert not there()
    assert "syntax error" in apply(hub, "protocol nonsense { }")
    assert not there()
    assert "Reconfigured" in apply(hub, more)
    assert there()
    assert "Reconfigured" in birdc(hub, "configure", "undo")
    assert not there()
    assert "Nothing to do" in birdc(hub, "configure", "undo")
    assert "Undo scheduled in 1 s" in apply(hub, more, "timeout", "1")
    assert there()
    assert wait_for(lambda: not there()), "the undo did not come"
    assert "Undo scheduled in 60 s" in apply(hub, more, "timeout", "60")
    assert "Reconfiguration confirmed" in birdc(hub, "configure", "confirm")
    assert "Nothing to do" in birdc(hub, "configure", "confirm")
    assert there()
    assert session(leaf, "hub")[0] == "Established"
