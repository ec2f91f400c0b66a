"""Our speaker in the lab of the recorded transcripts: the same commands in the same order, the same octets back."""

import json
import os
import pathlib
import re

import pytest

from birdc_control import Control
from birdc_lab import BIRD1, BIRD1_ARGV, BIRD2_ARGV, SELF, SELF1, Daemon, Netns, veth, wait_established
from catflap_cli import ROOT, have, soon

DATA = pathlib.Path(os.environ.get("CATFLAP_DATA", ROOT / ".." / "shared" / "data"))
TRANSCRIPTS = (DATA / ".." / "specs" / "birdc").resolve()

pytestmark = [
    pytest.mark.skipif(not have("bird"), reason="BIRD 2 (package bird2) is not installed"),
    pytest.mark.skipif(not (BIRD1 / "bird").exists(), reason="BIRD 1.6 is not in build/peers: ci/install-deps"),
    pytest.mark.skipif(not TRANSCRIPTS.is_dir(), reason="no transcripts: set CATFLAP_DATA"),
]


def read(folder: str):
    """(number, command, reply) of the numbered transcripts, in order; those that got no reply have None."""
    if not TRANSCRIPTS.is_dir():
        return []
    found = []
    for file in sorted((TRANSCRIPTS / folder).glob("[0-9]*.raw")):
        welcome, rest = file.read_text().split("\n>>> ", 1)
        command, _, reply = rest.partition("\n")
        found.append((file.name.split("-")[0], command, reply))
    return found


def conf(name: str, folder: pathlib.Path, *changes) -> str:
    text = (TRANSCRIPTS / "conf" / f"{name}.conf").read_text()
    text = re.sub(r"/var/log/bird/\S+?\.log", str(folder / "log"), text)
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    return text


class Lab:
    """The four routers; `own` of them runs our speaker."""

    def __init__(self, folder: pathlib.Path, own: str, rr_changes=(), tor_changes=()) -> None:
        self.nets = {name: Netns({"rr": "rr1"}.get(name, name)) for name in ["rr", "c1", "c2", "tor"]}
        rr = self.nets["rr"]
        for i, name in enumerate(["c1", "c2", "tor"], 1):
            veth(rr, f"r-{name}", self.nets[name], "eth0", [f"10.70.{i}.1/24", f"fd70:{i}::1/64"],
                 [f"10.70.{i}.2/24", f"fd70:{i}::2/64"])
        for i, name in enumerate(["c1", "c2"], 1):
            self.nets[name].run("ip", "address", "add", f"10.71.{i}.1/32", "dev", "lo")
        # That nobody is at 10.70.3.9 is said by tor, at once: until no one answers for the address takes seconds in Connect.
        tor = self.nets["tor"]
        tor.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        tor.run("ip", "route", "add", "unreachable", "10.70.3.9/32")
        mac = json.loads(tor.run("ip", "-json", "link", "show", "eth0"))[0]["address"]
        rr.run("ip", "neighbor", "add", "10.70.3.9", "lladdr", mac, "dev", "r-tor", "nud", "permanent")
        bfd = [('password "s3cret";', 'password "s3cret"; bfd on;')]
        only_lo = [('interface "*"', 'interface "lo"')]  # so it was when the transcripts of rr were taken
        self.folder = folder
        programs = {"rr": SELF if own == "rr" else BIRD2_ARGV, "c1": BIRD2_ARGV,
                    "c2": SELF1 if own == "c2" else BIRD1_ARGV, "tor": BIRD2_ARGV}
        files = {"rr": "rr-2.0.12", "c1": "c1-2.0.12", "c2": "c2-1.6.8", "tor": "tor-2.0.12"}
        self.daemons = {}
        changes = {"rr": rr_changes, "tor": tor_changes}
        for name, file in files.items():
            where = folder / name
            self.daemons[name] = Daemon(self.nets[name], where,
                                        conf(file, where, *changes.get(name, ()), *(bfd if name in ["rr", "c1"] else []),
                                             *(only_lo if name in ["c1", "c2"] and own != "c2" else [])),
                                        programs[name], name)
        if own == "c2":  # direct1 came with a later configuration there, and so last
            daemon = self.daemons["c2"]
            text = daemon.conf.read_text().replace('protocol direct { interface "*"; }\n', "")
            daemon.conf.write_text(text + 'protocol direct { interface "*"; }\n')
        for daemon in self.daemons.values():
            daemon.start()
        wait_established(self.daemons["rr"], ["c1", "c2", "tor", "tor6"])
        wait_established(self.daemons["c2"], ["Mesh_10_70_2_1"])
        assert soon(lambda: "No route to host" in self.daemons["rr"].ask("show protocols nobody"), 20, 0.1)
        if own != "c2":  # ours tells rr of the links as well
            self.wait_routes("rr", "28 of 28 routes for 25 networks")
        if own == "c2":
            self.daemons["rr"].ask('disable c2 "bye bye"')
            self.daemons["rr"].ask("enable c2")
            wait_established(self.daemons["c2"], ["Mesh_10_70_2_1"])
            self.wait_routes("c2", "20 of 20 routes for 17 networks")

    def wait_routes(self, name: str, count: str) -> None:
        daemon = self.daemons[name]
        assert soon(lambda: count in daemon.ask("show route count"), 20, 0.1), daemon.ask("show route count")

    def start_bird6(self) -> Daemon:
        """Our speaker as bird6 on c2."""
        direct = 'protocol direct { interface "*"; }\n'  # came with a later configuration, and so last
        text = conf("c2-1.6.8-bird6", self.folder, (direct, "")) + direct
        daemon = Daemon(self.nets["c2"], self.folder / "c26", text,
                        [*SELF1, "--family", "6"], "c26")
        self.daemons["c26"] = daemon
        daemon.start()
        wait_established(daemon, ["Mesh_fd70_2__1"])
        return daemon

    def close(self) -> None:
        for daemon in self.daemons.values():
            daemon.close()
        for net in self.nets.values():
            net.close()


def normal(text: str) -> str:
    """Without what the README of the transcripts says to take out."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?", "TIME", text)
    text = re.sub(r"\b\d\d:\d\d:\d\d(\.\d{3})?\b", "TIME", text)
    text = re.sub(r"((?:Hold|Keepalive|Connect delay|Restart|Error wait) ?(?:timer)?: +)[-\d./]+", r"\1T", text)
    text = re.sub(r"fe80::[0-9a-f:]+", "fe80::X", text)
    text = re.sub(r"((Import|Export) (updates|withdraws): ).*", r"\1", text)
    text = re.sub(r"index=\d+", "index=N", text)
    return text


def blocks(command: str, text: str):
    """Tables of routes and symbols come in the order of a hash table: as sorted blocks of one prefix each."""
    text = normal(text)
    if command.startswith("show symbols"):
        return sorted(re.sub(r"(?m)^(1010-| )", "", text).splitlines())
    if not command.startswith("show route"):
        return text.splitlines()
    found = [[]]
    for line in text.splitlines():
        # The code comes with the first line of a run only: which of the prefixes that is, is chance.
        line = re.sub(r"^1007-", " ", line)
        if re.match(r" (Table |$)|\d{4} ", line):
            found.append([line])  # a table, the gap between two, the end
        elif re.match(r" \S", line):
            found[-1].append(line)
        else:
            found[-1][-1] += "\n" + line
    return [sorted(block) for block in found]


# What differs, and why. A transcript that is not named here comes back octet for octet.
FOLDERS = {"rr": "2.0.12", "c2": "1.6.8"}
DIFFERENT = {
    "2.0.12": {
        "show memory": "another program's memory: compared by its rows",
        "show symbols": "BIRD's parser also lists every word it ever saw (undefined), its templates and the constants of"
                        " /etc/iproute2: compared by ours",
        "eval 64512:1": "a route distinguisher, which only VPN routes have",
        "reload all": "tor is back here before BIRD has waited out its connect delay",
        "help": "BIRD never answers", "quit": "BIRD never answers",
        "graceful restart": "ends the daemon: in test_sessions.py",
    },
    "1.6.8": {"show memory": "as above", "show symbols": "as above"},
}


def known_state(number: str, command: str, text: str) -> str:
    """Without what the lab cannot bring about again."""
    # c26 had just been added; nothing had answered yet.
    text = re.sub(r"([- ]c26 .* Active) +Socket: Connection refused", r"\1        ", text)
    text = re.sub(r"(?s)(1002-c26 .*?)     Last error:       Socket: Connection refused\n", r"\1", text)
    # 1.6 feeds the kernel protocol a second time after its first scan, and counts what was there twice.
    if command == "show protocols all":
        text = text.replace("0 imported, 17 exported, 0 preferred", "0 imported, 15 exported, 0 preferred")
        text = text.replace("0 imported, 8 exported, 0 preferred", "0 imported, 7 exported, 0 preferred")
    return text


def ours_of(command: str, text: str):
    """The lines of an answer that ours can have: rows without sizes, symbols of the configuration."""
    lines = text.splitlines()
    if command == "show memory":
        return [re.sub(r" +[\d.]+ +[kMG]?B", " SIZE", line) for line in lines]
    kinds = ("protocol", "routing table", "filter", "function")
    return sorted(line[5:] if line[:4].isdigit() else line[1:] for line in lines if line.endswith(tuple(
        f"\t{kind}" for kind in kinds)))


@pytest.fixture(scope="module", params=["rr", "c2"])
def replayed(request, tmp_path_factory):
    """What our speaker answers to all of a folder, in order."""
    folder = FOLDERS[request.param]
    lab = Lab(tmp_path_factory.mktemp(request.param), request.param)
    answers = {}
    try:
        daemon = lab.daemons[request.param]
        for number, command, _ in read(folder):
            if command != "graceful restart":
                answers[number] = daemon.ask(command.replace("/var/lib/bird/dump.mrt", str(daemon.folder / "dump.mrt")))
        yield folder, daemon, answers, lab
    finally:
        lab.close()


def test_all_of_a_folder(replayed):
    folder, daemon, answers, _ = replayed
    wrong = []
    for number, command, reply in read(folder):
        reply = reply.replace(f"/etc/bird/{daemon.conf.name}", str(daemon.conf))
        if command in ["help", "quit"]:
            assert answers[number] == "0000 \n"
        elif command in ["show memory", "show symbols"]:
            if ours_of(command, answers[number]) != ours_of(command, reply):
                wrong.append((number, command, answers[number], reply))
        elif command not in DIFFERENT[folder]:
            ours, theirs = (blocks(command, known_state(number, command, text)) for text in [answers[number], reply])
            if ours != theirs:
                wrong.append((number, command, answers[number], reply))
    report = "\n".join(f"--- {number} {command}: ours\n{ours}--- BIRD\n{theirs}" for number, command, ours, theirs in wrong)
    assert not wrong, f"{len(wrong)} of {len(answers)} differ\n{report}"
    print(f"{folder}: {len(answers)} transcripts, {len(DIFFERENT[folder])} of them compared in part or not")


def test_restricted(replayed):
    folder, daemon, _, _ = replayed
    if folder != "2.0.12":
        pytest.skip("recorded with 2.0.12")
    exchanges = (TRANSCRIPTS / folder / "restricted-sequence.raw").read_text().split("\n>>> ")[1:]
    with Control(daemon.socket) as control:
        for exchange in exchanges:
            command, _, reply = exchange.partition("\n")
            assert normal(control.ask(command)).rstrip("\n") == normal(reply).rstrip("\n"), command


def test_echo(replayed):
    """Another client disables and enables c2."""
    folder, daemon, _, _ = replayed
    if folder != "2.0.12":
        pytest.skip("recorded with 2.0.12")
    with Control(daemon.socket) as listener:
        assert listener.ask("echo all 4096") == "0000 \n"
        heard = []
        for command in ["disable c2", "enable c2"]:
            daemon.ask(command)
        while len([line for line in heard if line.endswith("protocol c2")]) < 2:
            heard.append(listener.line())
        assert all(line.startswith("+") for line in heard)
        assert [line for line in heard if line.endswith("protocol c2")] == ["+Disabling protocol c2", "+Enabling protocol c2"]
        assert listener.ask("echo off") == "0000 \n"


def test_an_error_in_the_configuration(replayed):
    folder, daemon, _, _ = replayed
    if folder != "2.0.12":
        pytest.skip("recorded with 2.0.12")
    bad = daemon.folder / "bad.conf"
    bad.write_text("router id 10.70.0.1;\nprotocol device {}\n\n bogus;\n")
    for command in ["configure check", "configure"]:
        first, last = daemon.ask(f'{command} "{bad}"').splitlines()
        assert first == f"0002-Reading configuration from {bad}"
        assert last.startswith(f"8002 {bad}:4:2 "), last


def test_bird6(replayed):
    """bird6 of 1.6.8 knows nothing but IPv6."""
    folder, _, _, lab = replayed
    if folder != "1.6.8":
        pytest.skip("beside 1.6.8")
    daemon = lab.start_bird6()
    wrong = []
    for number, command, reply in read("1.6.8-bird6"):
        ours = daemon.ask(command)
        if blocks(command, ours) != blocks(command, known_state(number, command, reply)):
            wrong.append(f"--- {number} {command}: ours\n{ours}--- BIRD\n{reply}")
    assert not wrong, "\n".join(wrong)
