"""Debian's birdc on our speaker, compared with BIRD's answers in the same lab."""

import os
import pathlib
import re
import shutil
import signal
import socket

import pytest

from catflap_cli import OK, CONFIGS, TWO_ROUTER, Cli, have, soon, write

pytestmark = pytest.mark.skipif(not have("birdc", "bird"), reason="BIRD 2 (package bird2) is not installed")


def settled(tool: Cli) -> None:
    """Both routers have both routes in their kernels."""
    tool.expect("{ route: { at: r1, to: 10.2.0.0/24, via: 192.168.1.2 } }", code=OK)
    tool.expect("{ route: { at: r2, to: 10.1.0.0/24, via: 192.168.1.1 } }", code=OK)


@pytest.fixture(scope="module")
def labs(tmp_path_factory):
    """The two-router lab twice: with our speaker and with BIRD."""
    found = {}
    for speaker in ["self", "bird"]:
        found[speaker] = Cli(tmp_path_factory.mktemp(speaker))
        found[speaker]("up", TWO_ROUTER, "--no-wait", "--speaker", speaker, code=OK)
    for tool in found.values():
        settled(tool)
    yield found
    for tool in found.values():
        tool("down", "--all", code=OK)


@pytest.fixture
def lab(cli, tmp_path):
    """A lab with our speaker whose configurations may be edited."""
    shutil.copytree(CONFIGS, tmp_path / "bird-configs")
    file = write(tmp_path / "topologies" / "two-router.yaml", TWO_ROUTER.read_text())
    cli("up", file, code=OK)
    settled(cli)
    cli.conf = pathlib.Path(cli.node("r1")["config"])
    assert cli.conf == tmp_path / "bird-configs" / "two-router" / "r1.conf"
    return cli


def normal(text: str) -> str:
    """Without what differs from run to run and by the default of a timer: times, counters of changes, the hold time
    (BIRD 240 s, ours 90 s)."""
    text = re.sub(r"\d{4}-\d\d-\d\d ", "", text)
    text = re.sub(r"\d\d:\d\d:\d\d\.\d{3}", "TIME", text)
    text = re.sub(r"(Hold|Keepalive) timer: +[\d./]+", r"\1 timer: T", text)
    text = re.sub(r"((Import|Export) (updates|withdraws): ).*", r"\1", text)
    text = re.sub(r"fe80::[0-9a-f:]+", "fe80::X", text)
    return text


def blocks(text: str) -> list[str]:
    """`show route` lists prefixes in the order of a hash table: as a sorted list of blocks."""
    return sorted(re.split(r"\n(?=[0-9a-f.:]+/\d)", normal(text).rstrip("\n")))


SAME_TEXT = ["show status", "show protocols", "show protocols all", "show protocols all peer_r1", 'show protocols "peer*"',
             "show protocols nonesuch", "show interfaces", "show interfaces summary",
             "configure check", "show static", "show bfd sessions", "eval 1 + 2 * 3", "show route for 10.1.0.77",
             "show route 10.1.0.0/24 all", "show route for 203.0.113.1", "show route where net.len > 30",
             "show route count", "show route table nonesuch", "show route protocol nonesuch", "disable nonesuch",
             "frobnicate", "show route nonsense", "configure confirm"]


@pytest.mark.parametrize("command", SAME_TEXT)
def test_same_text(labs, command):
    ours, bird = (labs[speaker].birdc("r2", *command.split()) for speaker in ["self", "bird"])
    paths = [str(labs[speaker].run_dir) for speaker in ["self", "bird"]]
    assert normal(ours.out.replace(paths[0], "RUN")) == normal(bird.out.replace(paths[1], "RUN"))
    assert (ours.code, ours.err) == (bird.code, bird.err)


@pytest.mark.parametrize("command", [
    "show route", "show route all", "show route table master4", "show route protocol peer_r1 all",
    "show route export peer_r1", "show route export kernel1", "show route noexport peer_r1", "show route primary",
    "show route filtered", "show route where source = RTS_BGP", "show route where bgp_path ~ [= 64512 =]",
    "show route import table peer_r1.ipv4", "show route 10.2.0.0/24", "show route in 10.0.0.0/8", "show route stats",
    "show route export peer_r1 stats", "show route export peer_r1.ipv4", "show route protocol peer_r1 noexport kernel1",
    "show route table all", "show route for 10.1.0.1 table all", "show route export direct1"])
def test_same_routes(labs, command):
    ours, bird = (labs[speaker].birdc("r2", *command.split()) for speaker in ["self", "bird"])
    assert blocks(ours.out) == blocks(bird.out)
    assert ours.code == bird.code


def test_same_kernel_routes(labs):
    for node in ["r1", "r2"]:
        ours, bird = (labs[speaker].exec(node, "ip", "route", "show", "table", "all", code=OK).out
                      for speaker in ["self", "bird"])
        assert re.sub("fe80::[0-9a-f:]+", "fe80::X", ours) == re.sub("fe80::[0-9a-f:]+", "fe80::X", bird)


def test_same_symbols(labs):
    ours, bird = (sorted(labs[speaker].birdc("r2", "show", "symbols", "protocol").out.splitlines())
                  for speaker in ["self", "bird"])
    assert ours == bird


def since(tool, node="r1"):
    return tool.birdc(node, "show", "protocols", "peer_r2" if node == "r1" else "peer_r1").out


def test_configure_without_a_change_does_nothing(lab):
    """The session stays as it is, seen from both sides."""
    before = since(lab), since(lab, "r2"), counters(lab)
    told = lab.birdc("r1", "configure")
    assert told.code == OK
    assert told.out == f"BIRD 2.0.12 ready.\nReading configuration from {lab.conf}\nReconfigured\n"
    lab.birdc("r1", "configure", "soft")
    assert (since(lab), since(lab, "r2"), counters(lab)) == before


def counters(tool):
    text = tool.birdc("r2", "show", "protocols", "all", "peer_r1").out
    return re.findall(r"(?:Import|Export) (?:updates|withdraws):.*|Routes:.*", text)


def test_configure_changes_routes_down_to_the_kernel(lab):
    lab.conf.write_text(lab.conf.read_text() + """
protocol static more {
  ipv4;
  route 198.51.100.0/24 blackhole;
}
""")
    lab.conf.write_text(lab.conf.read_text().replace("export where net ~ 10.1.0.0/24;", "export all;"))
    assert lab.birdc("r1", "configure").out.endswith("\nReconfigured\n")
    lab.expect("route: { at: r1, to: 198.51.100.0/24, type: blackhole, proto: bird }", code=OK)
    lab.expect("route: { at: r2, to: 198.51.100.0/24, via: 192.168.1.1, proto: bird }", code=OK)
    # Undo goes back.
    assert "Reconfigured" in lab.birdc("r1", "configure", "undo").out
    lab.expect("route: { at: r1, to: 198.51.100.0/24, absent: true }", code=OK)
    lab.expect("route: { at: r2, to: 198.51.100.0/24, absent: true }", code=OK)
    lab.expect("established: r1 ~ r2", code=OK)


def test_configure_with_a_mistake_keeps_what_there_is(lab):
    before = since(lab), lab.birdc("r1", "show", "route").out
    lab.conf.write_text(lab.conf.read_text() + "\nprotocol nonsense { }\n")
    line = lab.conf.read_text().splitlines().index("protocol nonsense { }") + 1
    for command in [["configure"], ["configure", "check"], ["configure", "soft"]]:
        told = lab.birdc("r1", *command)
        assert f"{lab.conf}:{line}:" in told.out and told.code == 1, told
    assert (since(lab), lab.birdc("r1", "show", "route").out) == before


def test_configure_check_changes_nothing(lab):
    before = lab.birdc("r1", "show", "route").out
    lab.conf.write_text(lab.conf.read_text() + "\nprotocol static more { ipv4; route 198.51.100.0/24 blackhole; }\n")
    assert lab.birdc("r1", "configure", "check").out.endswith("\nConfiguration OK\n")
    assert lab.birdc("r1", "show", "route").out == before


def test_configure_with_a_timeout(lab):
    """Goes back by itself unless it is confirmed."""
    lab.conf.write_text(lab.conf.read_text() + "\nprotocol static more { ipv4; route 198.51.100.0/24 blackhole; }\n")
    assert "Undo scheduled in 1 s" in lab.birdc("r1", "configure", "timeout", "1").out
    lab.expect("route: { at: r1, to: 198.51.100.0/24 }", code=OK)
    lab.expect("{ route: { at: r1, to: 198.51.100.0/24, absent: true }, within: 5s }", code=OK)
    lab.birdc("r1", "configure", "timeout", "1")
    lab.expect("route: { at: r1, to: 198.51.100.0/24 }", code=OK)
    assert "Reconfiguration confirmed" in lab.birdc("r1", "configure", "confirm").out
    lab.expect("{ route: { at: r1, to: 198.51.100.0/24 }, for: 1500ms }", code=OK)


def test_configure_of_another_file(lab, tmp_path):
    other = write(tmp_path / "other.conf", lab.conf.read_text().replace("64512", "64599"))
    assert f"Reading configuration from {other}\nReconfigured\n" in lab.birdc("r1", "configure", f'"{other}"').out
    lab.expect("{ session: r1 ~ r2, state: not Established, reason: Bad peer AS }", code=OK)


def test_disable_enable_restart_reload(lab):
    assert lab.birdc("r1", "disable", "peer_r2", '"maintenance 7"').out.endswith("\npeer_r2: disabled\n")
    lab.expect("{ session: r1 ~ r2, state: not Established }", code=OK)
    assert soon(lambda: "maintenance 7" in lab.birdc("r2", "show", "protocols", "all", "peer_r1").out)
    lab.expect("route: { at: r2, to: 10.1.0.0/24, via: 192.168.1.1, absent: true }", code=OK)
    assert lab.birdc("r1", "disable", "peer_r2").out.endswith("\npeer_r2: already disabled\n")
    assert lab.birdc("r1", "enable", "peer_r2").out.endswith("\npeer_r2: enabled\n")
    lab.expect("established: r1 ~ r2", code=OK)
    assert lab.birdc("r1", "enable", "peer_r2").out.endswith("\npeer_r2: already enabled\n")
    before = since(lab)
    for how in [[], ["in"], ["out"]]:
        assert lab.birdc("r1", "reload", *how, "peer_r2").out.endswith("\npeer_r2: reloading\n")
    assert since(lab) == before, "a reload does not touch the session"
    assert lab.birdc("r1", "restart", "peer_r2", '"come back"').out.endswith("\npeer_r2: restarted\n")
    assert soon(lambda: since(lab) != before)
    lab.expect("established: r1 ~ r2", code=OK)
    settled(lab)


def test_down(lab):
    pid = lab.node("r1")["pid"]
    assert lab.birdc("r1", "down").out.endswith("\nShutdown requested\n")
    node = soon(lambda: (n := lab.node("r1"))["running"] is False and n)
    assert node["exit_code"] == 0 and node["pid"] != pid
    lab.expect("route: { at: r1, to: 10.2.0.0/24, absent: true }", code=OK)
    lab.expect("{ session: r2 ~ r1, state: not Established, reason: shutdown }", code=OK)


def test_restrict(lab):
    """On one connection; the others are free."""
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(lab.node("r1")["control"])
        control.settimeout(10)
        stream = control.makefile("rw")

        def ask(command):
            stream.write(command + "\n")
            stream.flush()
            lines = []
            while not lines or not re.match(r"\d{4} ", lines[-1]):
                lines.append(stream.readline())
            return lines[-1]
        assert stream.readline() == "0001 BIRD 2.0.12 ready.\n"
        assert ask("restrict") == "0016 Access restricted\n"
        for command in ["configure", "down", "disable peer_r2", "restart all", "reload all"]:
            assert ask(command) == "8007 Access denied\n"
        assert ask("show protocols peer_r2").startswith("0000")
    lab.expect("established: r1 ~ r2", code=OK)
    assert lab.birdc("r1", "-r", "show", "status").out.endswith("Daemon is up and running\n")


def test_many_clients_at_once_and_rude_ones(lab):
    path = lab.node("r1")["control"]
    clients = []
    for i in range(60):
        client = socket.socket(socket.AF_UNIX)
        client.connect(path)
        client.sendall([b"show route all\nshow protocols all\n", b"x" * 5000 + b"\n", b"show ro", b"\0\xff\n"][i % 4])
        clients.append(client)
    for client in clients:
        client.close()
    assert "Established" in since(lab)


def test_sighup_reads_the_configuration_again(lab):
    lab.conf.write_text(lab.conf.read_text() + "\nprotocol static more { ipv4; route 198.51.100.0/24 blackhole; }\n")
    os.kill(lab.node("r1")["pid"], signal.SIGHUP)
    lab.expect("route: { at: r1, to: 198.51.100.0/24 }", code=OK)
