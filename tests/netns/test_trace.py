"""What is written to be read later: event logs that replay, MRT files that bgpdump understands."""

import gzip
import pathlib
import shutil
import struct
import subprocess

import pytest

from catflap_cli import BAD_INPUT, FAILED, OK, TWO_ROUTER, Cli, have, soon, write

CONFIG = """\
router id {id};
mrtdump "{folder}/bgp.mrt";
mrtdump protocols all;
protocol device {{ }}
protocol static {{ ipv4; route 10.{n}.0.0/16 blackhole; route 10.{n}.7.0/24 blackhole; }}
protocol static six {{ ipv6; route 2001:db8:{n}::/48 blackhole; }}
protocol mrt tables {{ table "master*"; filename "{folder}/%N.mrt"; period 1; }}
protocol bgp peer {{
  local 192.168.1.{n} as 6500{n}; neighbor 192.168.1.{m} as 6500{m};
  connect delay time 1;
  ipv4 {{ import all; export filter {{ bgp_community.add((6500{n}, 666)); bgp_med = 7; accept; }}; }};
  ipv6 {{ import all; export all; next hop address fd00::{n}; }};
}}
"""
LAB = """\
lab: trace
nodes:
  r1: { config: r1.conf }
  r2: { config: r2.conf }
links:
  - { ends: ["r1:eth0", "r2:eth0"], addresses: [192.168.1.1/24, 192.168.1.2/24], bgp: false }
"""


@pytest.fixture
def two_routers(cli: Cli, tmp_path: pathlib.Path) -> Cli:
    for n, m in [(1, 2), (2, 1)]:
        folder = tmp_path / f"r{n}"
        folder.mkdir()
        write(tmp_path / f"r{n}.conf", CONFIG.format(n=n, m=m, id=f"10.255.0.{n}", folder=folder))
    write(tmp_path / "lab.yaml", LAB)
    cli("up", tmp_path / "lab.yaml", "--no-wait", code=OK)
    return cli


def shown(cli: Cli, file: pathlib.Path) -> list[str]:
    return cli("mrt", "show", file, code=OK).out.splitlines()


def fields(line: str) -> list[str]:
    """A line without its time."""
    parts = line.split("|")
    return [parts[0], *parts[2:]]


def as_bgpdump(file: pathlib.Path) -> list[str]:
    if not have("bgpdump"):
        pytest.skip("bgpdump is not installed")
    done = subprocess.run(["bgpdump", "-v", "-m", file], capture_output=True, text=True, timeout=30)
    return done.stdout.splitlines()


def test_a_lab_replays(cli: Cli, tmp_path: pathlib.Path) -> None:
    cli("test", "--record", tmp_path / "logs", TWO_ROUTER, code=OK)
    logs = sorted((tmp_path / "logs" / "two-router").glob("*.evlog"))
    assert [log.name for log in logs] == ["r1.evlog", "r2.evlog"]
    for log in logs:
        assert (log.stat().st_mode & 0o777) == 0o600
        result = cli.json("replay", log)
        assert result["same"] and result["events"] > 5 and result["hash"] != "0" * 16
        lines = cli("replay", log, "--show", "--until", 8, code=OK).out
        assert "> Configure" in lines and "< Listen" in lines


def test_an_unusable_log_is_named(cli: Cli, tmp_path: pathlib.Path) -> None:
    cli("test", "--record", tmp_path / "logs", TWO_ROUTER, code=OK)
    log = tmp_path / "logs" / "two-router" / "r1.evlog"
    octets = bytearray(log.read_bytes())
    octets[len(octets) // 2] ^= 0x10
    log.write_bytes(octets)
    assert "the file is damaged" in cli("replay", log, code=BAD_INPUT).err
    assert "no event log" in cli("replay", TWO_ROUTER, code=BAD_INPUT).err
    assert cli("replay", tmp_path / "nothing").code != OK


def test_a_full_disk_ends_the_log_and_not_the_speaker(cli: Cli, tmp_path: pathlib.Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "disk").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", tmp_path / "disk"], check=True)
    try:
        cli("test", "--record", tmp_path / "disk", TWO_ROUTER, code=OK)
        for log in (tmp_path / "disk").rglob("*.evlog"):
            assert cli.json("replay", log)["same"] if log.stat().st_size else True
    finally:
        subprocess.run(["umount", tmp_path / "disk"], check=True)


def test_sessions_are_dumped(two_routers: Cli, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "r1" / "bgp.mrt"

    def complete() -> bool:
        text = "\n".join(shown(two_routers, file)) if file.exists() else ""
        return "2001:db8:2::/48" in text and "10.2.7.0/24" in text

    soon(complete)
    lines = shown(two_routers, file)
    assert [line.split("|")[0] for line in lines] == ["BGP4MP_ET"] * len(lines)
    found = [fields(line) for line in lines]
    assert ["BGP4MP_ET", "STATE", "192.168.1.2", "65002", "5", "6"] in found
    assert ["BGP4MP_ET", "A", "192.168.1.2", "65002", "10.2.0.0/16", "65002", "IGP", "192.168.1.2", "0", "7",
            "65002:666", "NAG", "", ""] in found
    assert ["BGP4MP_ET", "A", "192.168.1.2", "65002", "2001:db8:2::/48", "65002", "IGP", "fd00::2", "0", "0", "",
            "NAG", "", ""] in found
    assert as_bgpdump(file) == lines


def test_what_is_dumped_changes_on_command(two_routers: Cli, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "r1" / "bgp.mrt"

    def has_route() -> bool:
        return "10.2.7.0/24" in two_routers.birdc("r1", "show", "route", "10.2.7.0/24").out

    assert soon(has_route, 30)

    def kinds_of_a_restart(command: str) -> set[str]:
        """What a restart of the session adds to the file."""
        two_routers.birdc("r1", "mrtdump", *command.split())
        before = len(shown(two_routers, file)) if file.exists() else 0
        two_routers.birdc("r1", "restart", "peer")
        assert soon(has_route, 30)
        return {fields(line)[1] for line in shown(two_routers, file)[before:]}

    assert kinds_of_a_restart("peer off") == set()
    assert kinds_of_a_restart("peer { states }") == {"STATE"}
    assert kinds_of_a_restart('"p*" { messages }') == {"A"}
    assert kinds_of_a_restart("all all") == {"STATE", "A"}


def test_tables_are_dumped(two_routers: Cli, tmp_path: pathlib.Path) -> None:
    four, six = tmp_path / "r1" / "master4.mrt", tmp_path / "r1" / "master6.mrt"

    def complete() -> bool:
        return all(f.exists() for f in [four, six]) and "10.2.7.0/24" in "\n".join(shown(two_routers, four)) \
            and "2001:db8:2::/48" in "\n".join(shown(two_routers, six))

    soon(complete)
    two_routers.exec("r1", "true")
    four, six = (shutil.copy(f, tmp_path / f.name) for f in [four, six])
    found = [fields(line) for line in shown(two_routers, four)]
    assert ["TABLE_DUMP2", "B", "192.168.1.2", "65002", "10.2.7.0/24", "65002", "IGP", "192.168.1.2", "100", "7",
            "65002:666", "NAG", "", ""] in found
    assert any(line[2] == "0.0.0.0" and line[4] == "10.1.0.0/16" for line in found)
    for file in [four, six]:
        assert as_bgpdump(file) == shown(two_routers, file)


def table_dump(prefixes: int) -> bytes:
    """A TABLE_DUMP_V2 of one peer, by hand (RFC 6396)."""
    def record(subtype: int, body: bytes) -> bytes:
        return struct.pack(">IHHI", 1000000000, 13, subtype, len(body)) + body

    out = record(1, struct.pack(">IHH", 0x0A000001, 0, 1) + struct.pack(">BI4sI", 2, 0x0A000002, b"\x0a\0\0\2", 65009))
    for n in range(prefixes):
        path = struct.pack(">BBII", 2, 2, 65009, 65100 + n % 3)
        attributes = b"\x40\x01\x01\x00" + b"\x40\x02" + bytes([len(path)]) + path + b"\x40\x03\x04\x0a\0\0\2"
        out += record(2, struct.pack(">IB", n, 24) + bytes([20, n >> 8, n & 255]) +
                      struct.pack(">HHIH", 1, 0, 0, len(attributes)) + attributes)
    return out


def test_routes_of_a_file_are_sent(two_routers: Cli, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "table.mrt.gz"
    file.write_bytes(gzip.compress(table_dump(1000)))
    assert len(shown(two_routers, file)) == 1000
    config = (tmp_path / "r1.conf").read_text()
    write(tmp_path / "r1.conf", config + """
protocol bgp feed { local 192.168.1.1 as 65001; neighbor 192.168.1.2 as 65009; passive; ipv4 { import all; export none; }; }
""")
    write(tmp_path / "r2.conf", "router id 10.255.0.2; protocol device { }\n")
    for node in ["r1", "r2"]:
        socket = two_routers.run_dir / "trace" / "nodes" / node / "bird.ctl"
        assert "Reconfigured" in subprocess.run(["birdc", "-s", socket, "configure"], capture_output=True, text=True,
                                                timeout=20).stdout
    feeder = two_routers.start("exec", "r2", "--", *two_routers.argv("mrt", "send", file, "--to", "192.168.1.1",
                                                                     "--as", 65009, "--hold", 30))
    try:
        assert feeder.stdout.readline().startswith("1000 routes announced, 0 withdrawn, 0 left out")
        socket = two_routers.run_dir / "trace" / "nodes" / "r1" / "bird.ctl"
        soon(lambda: "1000 of " in subprocess.run(["birdc", "-s", socket, "show", "route", "protocol", "feed", "count"],
                                                  capture_output=True, text=True, timeout=20).stdout)
    finally:
        feeder.terminate()
        feeder.communicate(timeout=20)


def test_damaged_mrt_files_are_named(cli: Cli, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "cut.mrt"
    file.write_bytes(table_dump(3)[:-5])
    result = cli("mrt", "show", file, code=BAD_INPUT)
    assert len(result.out.splitlines()) == 2 and "ends within a record" in result.err
    file.write_bytes(b"\xff" * 100)
    assert "no MRT file" in cli("mrt", "show", file, code=BAD_INPUT).err
    assert cli("mrt", "show", tmp_path / "nothing").code not in (OK, FAILED)


STATION = r"""
import socket, struct, sys
listener = socket.create_server(("192.168.1.2", 1790))
print("ready", flush=True)
stream, _ = listener.accept()
stream.settimeout(20)
def take(count):
    octets = b""
    while len(octets) < count:
        piece = stream.recv(count - len(octets))
        if not piece:
            sys.exit("closed")
        octets += piece
    return octets
while True:
    version, length, kind = struct.unpack(">BIB", take(6))
    body = take(length - 6)
    assert version == 3
    line = {0: "route", 1: "statistics", 2: "down", 3: "up", 4: "initiation", 5: "termination"}[kind]
    if kind < 4:
        peer_type, flags, _, address, asn, router_id = struct.unpack(">BBQ16sI4s", body[:34])
        line += f" type {peer_type} flags {flags:#x} {socket.inet_ntoa(address[12:])} AS {asn}"
    if kind == 3:
        opens = body[42 + 20:]
        first = struct.unpack(">H", opens[16:18])[0]
        line += f" OPENs {opens[18]} {opens[first + 18]}"
    if kind == 0:
        update = body[42:]
        line += f" message {update[18]} whole {struct.unpack('>H', update[16:18])[0] == len(update)}"
    print(line, flush=True)
"""


def test_a_monitoring_station_is_told(two_routers: Cli, tmp_path: pathlib.Path) -> None:
    station = two_routers.start("exec", "r2", "--", "python3", "-c", STATION)
    try:
        assert station.stdout.readline() == "ready\n"
        config = (tmp_path / "r1.conf").read_text()
        write(tmp_path / "r1.conf", config + "protocol bmp watch { station address ip 192.168.1.2 port 1790;"
              " monitoring rib in pre_policy; monitoring rib in post_policy; }\n")
        socket = two_routers.run_dir / "trace" / "nodes" / "r1" / "bird.ctl"
        subprocess.run(["birdc", "-s", socket, "configure"], check=True, capture_output=True, timeout=20)
        assert station.stdout.readline() == "initiation\n"
        wanted = {"up type 0 flags 0x0 192.168.1.2 AS 65002 OPENs 1 1",
                  "route type 0 flags 0x0 192.168.1.2 AS 65002 message 2 whole True",
                  "route type 0 flags 0x40 192.168.1.2 AS 65002 message 2 whole True"}
        while wanted:
            line = station.stdout.readline()
            assert line, f"ended before {wanted}"
            wanted.discard(line.strip())
    finally:
        station.terminate()
        station.communicate(timeout=20)
