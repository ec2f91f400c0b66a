"""Every mistake gives one clear message with its position, the documented exit code, and leaves nothing behind."""

import pathlib
import shutil
import subprocess
import tempfile

import pytest

from catflap_cli import (BAD_INPUT, BIN, ENVIRONMENT, FAILED, HELLO, OK, TWO_ROUTER, Cli, footprint,
                         footprint_settles, soon, write)

PAIR = """
    lab: pair
    nodes:
      r1: { bgp: 65001 }
      r2: { bgp: 65002 }
    links: [r1 -- r2]
    test:
      - established: r1 ~ r2
    """

# name: (topology, exactly what standard error is)
TOPOLOGIES = {
    "typo": ("lab: x\nnodes:\n  r1: { bgp: 65001, anounce: [203.0.113.0/24] }\n",
             "lab.yaml:3:21: unknown key 'anounce' in node r1; did you mean 'announce'?\n"),
    "duplicate key": ("lab: x\nnodes:\n  r1: { bgp: 1 }\n  r1: { bgp: 2 }\n",
                      "lab.yaml:4:3: duplicate key 'r1', first on line 3\n"),
    "octal": ("lab: x\nnodes:\n  r1: { bgp: 065001 }\n",
              "lab.yaml:3:14: an AS number '065001' has a leading zero, which YAML may read as octal; write 65001\n"),
    "unknown speaker": ("lab: x\nnodes:\n  r1: { bgp: 65001, speaker: brd }\n",
                        "lab.yaml:3:30: speaker must be self, bird, bird1, frr, gobgp, openbgpd or none, not 'brd'; did you mean 'bird'?\n"),
    "address clash": ("lab: x\nnodes:\n  r1: { bgp: 1 }\n  r2: { bgp: 2 }\nlinks:\n"
                      "  - { ends: [r1:a, r2:b], addresses: [10.0.0.1/24, 10.0.0.1/24] }\n",
                      "lab.yaml:6:20: address 10.0.0.1 of r2:b is that of r1:a already\n"),
    "unknown node of a link": ("lab: x\nnodes:\n  r1:\n  r2:\nlinks:\n  - r1 -- r3\n",
                               "lab.yaml:6:5: link r1 -- r3: no node 'r3'; did you mean 'r1'?\n"),
    "unknown node of a check": ("lab: x\nnodes:\n  r1:\ntest:\n  - ping: { from: r9, to: 10.0.0.1 }\n",
                                "lab.yaml:5:11: ping from: no node 'r9'; did you mean 'r1'?\n"),
    "broken YAML": ("lab: x\nnodes: [\n", "lab.yaml:3:1: no valid YAML: end of sequence flow not found\n"),
}


@pytest.fixture(autouse=True)
def nothing_is_left(cli):
    before = footprint(cli)
    yield
    footprint_settles(cli, before)


@pytest.mark.parametrize("verb", ["validate", "plan", "up", "test"])
@pytest.mark.parametrize("name", TOPOLOGIES)
def test_topology(cli, tmp_path, verb, name):
    text, message = TOPOLOGIES[name]
    write(tmp_path / "lab.yaml", text)
    told = cli(verb, "lab.yaml", cwd=tmp_path, code=BAD_INPUT)
    assert told.err == message and told.out == ""


def test_all_mistakes_in_one_pass(cli, tmp_path):
    write(tmp_path / "lab.yaml", """
        lab: many
        nodes:
          r1: { bgp: 65001, anounce: [203.0.113.0/24] }
          r2: { bgp: 065002, speaker: brd }
          r2: { bgp: 65003 }
        links:
          - r1 -- r3
          - { ends: "r1:a -- r2:b", addresses: [10.0.0.1/24, 10.0.0.1/24] }
        test:
          - established: r1 ~ r9
        """)
    told = cli("validate", "lab.yaml", cwd=tmp_path, code=BAD_INPUT)
    assert told.err == (
        "lab.yaml:3:21: unknown key 'anounce' in node r1; did you mean 'announce'?\n"
        "lab.yaml:4:14: an AS number '065002' has a leading zero, which YAML may read as octal; write 65002\n"
        "lab.yaml:4:31: speaker must be self, bird, bird1, frr, gobgp, openbgpd or none, not 'brd'; did you mean 'bird'?\n"
        "lab.yaml:5:3: duplicate key 'r2', first on line 4\n"
        "lab.yaml:7:5: link r1 -- r3: no node 'r3'; did you mean 'r1'?\n"
        "lab.yaml:8:13: address 10.0.0.1 of r2:b is that of r1:a already\n"
        "lab.yaml:10:18: session: no node 'r9'; did you mean 'r1'?\n")
    listed = cli("--json", "validate", "lab.yaml", cwd=tmp_path, code=BAD_INPUT).json
    assert [(d["line"], d["column"]) for d in listed["diagnostics"]] == [
        (3, 21), (4, 14), (4, 31), (5, 3), (7, 5), (8, 13), (10, 18)]
    assert listed["diagnostics"][0] == {
        "level": "error", "file": "lab.yaml", "line": 3, "column": 21, "message": "unknown key 'anounce' in node r1",
        "hint": "did you mean 'announce'?"}


def test_one_bad_file_among_good_ones_runs_nothing(cli, tmp_path):
    bad = write(tmp_path / "bad.yaml", "lab: bad\nnodes:\n  r1: { bpg: 1 }\n")
    told = cli("test", HELLO, bad, code=BAD_INPUT)
    assert told.out == "" and told.err.count("\n") == 1


@pytest.mark.parametrize("verb", ["validate", "plan", "up", "test"])
def test_no_such_topology(cli, tmp_path, verb):
    told = cli(verb, "nowhere.yaml", cwd=tmp_path, code=BAD_INPUT)
    assert told.err == "catflap: nowhere.yaml: No such file or directory\n"


@pytest.mark.parametrize("speaker", ["self", "bird"])
def test_missing_config_file(cli, tmp_path, speaker):
    write(tmp_path / "lab.yaml", "lab: x\nnodes:\n  r1: { config: missing.conf }\n")
    told = cli("up", "lab.yaml", "--speaker", speaker, cwd=tmp_path, code=BAD_INPUT)
    assert told.err == "lab.yaml:3:17: node r1: config: cannot open missing.conf: No such file or directory\n"


@pytest.mark.parametrize("speaker, message", [
    ("self", "r1.conf:3:12: node r1: "), ("bird", "r1.conf:3:12: node r1: syntax error, unexpected CF_SYM_UNDEFINED")])
def test_malformed_bird_conf(cli, tmp_path, speaker, message):
    """The position is that in the user's file, not in a copy of it."""
    conf = write(tmp_path / "configs" / "r1.conf", "router id 1.1.1.1;\nprotocol bgp {\n  local as nonsense;\n}\n")
    file = write(tmp_path / "lab.yaml", "lab: x\nnodes:\n  r1: { config: configs/r1.conf }\n  r2: { bgp: 2 }\n"
                                        "links: [r1 -- r2]\n")
    told = cli("up", file, "--speaker", speaker, code=BAD_INPUT)
    assert told.err.startswith(str(conf.parent) + "/" + message) and told.err.count("\n") == 1
    told = cli("test", file, "--speaker", speaker, code=BAD_INPUT, cwd=tmp_path)
    assert "error: " + str(conf) + ":3:12: node r1: " in told.out
    value = cli("--json", "up", file, "--speaker", speaker, code=BAD_INPUT).json["error"]
    assert (value["code"], value["file"], value["line"], value["column"]) == ("invalid", str(conf), 3, 12)


def test_missing_bird(cli, tmp_path):
    file = write(tmp_path / "lab.yaml", PAIR)
    told = cli("up", file, "--speaker", "r2=bird", env={"CATFLAP_BIRD": "/nonexistent"}, code=ENVIRONMENT)
    assert told.err == (
        "catflap: node r2: bird: cannot run /nonexistent: No such file or directory; install the Debian package bird2 "
        "(apt-get install bird2), or name the program with CATFLAP_BIRD\n")
    told = cli("test", file, "--speaker", "r2=bird", env={"CATFLAP_BIRD": "/nonexistent"}, code=ENVIRONMENT,
               cwd=tmp_path)
    assert "✘ pair  error: node r2: bird: cannot run /nonexistent: No such file or directory" in told.out


def test_matrix_skips_a_missing_bird(cli, tmp_path):
    """Asked for everything there is, what is not installed is skipped with the reason."""
    missing = {"CATFLAP_BIRD": "/nonexistent"}
    told = cli("test", "--matrix", TWO_ROUTER, env=missing, code=OK, cwd=tmp_path)
    assert "1 passed, 0 failed, 3 skipped" in told.out
    assert "⊘ two-router r1=self,r2=bird  skipped: node r2: bird: cannot run /nonexistent" in told.out
    only = write(tmp_path / "lab.yaml", PAIR.rstrip(" ") + "    matrix: { speaker: [bird] }\n")
    cli("test", "--matrix", only, env=missing, code=77, cwd=tmp_path)


def test_bird_that_is_none(cli, tmp_path):
    file = write(tmp_path / "lab.yaml", PAIR)
    told = cli("up", file, "--speaker", "r1=bird", env={"CATFLAP_BIRD": "/bin/true"})
    assert told.code in (BAD_INPUT, ENVIRONMENT) and told.err.startswith("catflap: node r1: bird")
    assert told.err.count("\n") == 1


@pytest.mark.parametrize("verb", ["up", "test"])
def test_missing_privilege(verb):
    """As nobody. The folder for labs may be written, so it is the namespaces that are refused."""
    if not shutil.which("setpriv"):
        pytest.skip("setpriv (package util-linux) is not installed")
    # Not in pytest's own folder, which it closes to others whenever one more of it starts.
    with tempfile.TemporaryDirectory(prefix="catflap-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        file = write(folder / "lab.yaml", PAIR)
        for program in ["catflap", "catflap-bgpd"]:  # the build may lie where nobody may look
            shutil.copy(BIN / program, folder / program)
        cli = Cli(folder / "run")
        cli.run_dir.mkdir()
        cli.run_dir.chmod(0o777)
        done = subprocess.run(
            ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", folder / "catflap", verb, file],
            env=cli.env, cwd="/", capture_output=True, text=True, timeout=20)
    assert done.returncode == ENVIRONMENT, done
    text = done.stderr if verb == "up" else done.stdout
    assert ("cannot create a network namespace (root or CAP_SYS_ADMIN is needed): Operation not permitted; labs are "
            "network namespaces: run as root (sudo), or in a container with --privileged\n") in text


def test_folder_that_may_not_be_made(cli, tmp_path):
    if not shutil.which("setpriv"):
        pytest.skip("setpriv (package util-linux) is not installed")
    done = subprocess.run(
        ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", BIN / "catflap", "up", HELLO],
        env={**cli.env, "CATFLAP_RUN_DIR": "/proc/catflap"}, capture_output=True, text=True, cwd="/", timeout=20)
    if done.returncode in (126, 127) or "Permission denied" in done.stderr and "folder" not in done.stderr:
        pytest.skip("nobody may not read the build folder")
    assert done.returncode in (BAD_INPUT, ENVIRONMENT) and done.stderr.count("\n") == 1


@pytest.mark.parametrize("speaker", ["self", "bird"])
def test_port_in_use(cli, tmp_path, speaker):
    """Somebody else listens on the BGP port in the node: the session's check says so, the lab stays usable."""
    file = write(tmp_path / "lab.yaml", PAIR.replace("bgp: 65001", "bgp: 65001, env: { X: 1 }"))
    cli("up", file, "--no-wait", "--speaker", speaker, code=OK)
    cli("do", "stop: r1/speaker", code=OK)
    squatter = cli.start("exec", "r1", "--", "/usr/bin/python3", "-c", (
        "import socket,sys; s=socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1);"
        "s.bind(('', 179)); s.listen(); print('listening', flush=True); sys.stdin.read(); s.accept()"))
    assert squatter.stdout.readline() == "listening\n"
    cli("do", "restart: r1/speaker")
    log = open(cli.node("r1")["log"]).read
    assert soon(lambda: "Address already in use" in log()), log()
    squatter.kill()
    squatter.communicate()
    cli("down", code=OK)


def test_speaker_option(cli, tmp_path):
    file = write(tmp_path / "lab.yaml", PAIR)
    assert cli("up", file.name, "--speaker", "r7=bird", cwd=tmp_path, code=BAD_INPUT).err == (
        "catflap: --speaker r7=bird: there is no node r7 in lab.yaml\n")
    assert cli("up", file, "--speaker", "brd", code=BAD_INPUT).err == (
        "catflap: --speaker brd: no speaker is called 'brd'; did you mean 'bird'? (self, bird, bird1, frr, gobgp, openbgpd, none)\n")
    assert cli("test", file, "--speaker", "r1=quagga", code=BAD_INPUT).err == (
        "catflap: --speaker r1=quagga: no speaker is called 'quagga' (self, bird, bird1, frr, gobgp, openbgpd, none)\n")


@pytest.mark.parametrize("name", ["../x", "a/b", ".", "..", ".gone.x", "a b", "-x", "x" * 65, "a\nb"])
def test_names_that_are_no_folder_of_ours(cli, name):
    assert cli("up", HELLO, f"--name={name}", code=BAD_INPUT).err == (
        f"catflap: '{name}' cannot be the name of a running lab; use at most 64 letters, digits, '-', '_' and '.', the "
        "first a letter or a digit\n")


def test_verbs_and_labs_that_are_not_there(cli):
    assert cli("stauts", code=BAD_INPUT).err == (
        "catflap: no verb is called 'stauts'; did you mean 'status'?; see catflap --help\n")
    assert cli(code=BAD_INPUT).err != ""
    assert "file is required" in cli("up", code=BAD_INPUT).err
    none_up = "catflap: no lab is up; bring one up with 'catflap up FILE'\n"
    for verb in [["status"], ["exec", "r1", "true"], ["sh", "r1"], ["expect", "alive: r1"], ["do", "down: r1"], ["down"]]:
        assert cli(*verb, code=ENVIRONMENT).err == none_up
    assert cli("--lab", "nolab", "status", code=ENVIRONMENT).err == "catflap: no lab nolab is up; no lab is up\n"
    assert cli("down", "nolab", code=ENVIRONMENT).err == "catflap: no lab nolab is up; no lab is up\n"
    assert cli("--json", "status", code=ENVIRONMENT).json["error"]["code"] == "not_found"
    assert "cannot change to /nowhere" in cli("-C", "/nowhere", "status", code=BAD_INPUT).err


def test_what_a_running_lab_has_not(cli, tmp_path):
    file = write(tmp_path / "lab.yaml", PAIR)
    with cli.lab(file):
        assert cli("status", "--lab", "nolab", code=ENVIRONMENT).err == "catflap: no lab nolab is up; up: pair\n"
        assert cli("exec", "r7", "true", code=ENVIRONMENT).err == "catflap: no node r7 in this lab\n"
        assert cli("exec", "r1", "nonesuch", code=ENVIRONMENT).err == (
            "catflap: cannot run nonesuch: No such file or directory\n")
        assert cli.expect("established: r1 ~ r7", code=BAD_INPUT).err == (
            "catflap: session: no node 'r7'; did you mean 'r1'?\n")
        assert cli.expect("route: { at: r7, to: 10.0.0.0/8 }", code=BAD_INPUT).err == (
            "catflap: route at: no node 'r7'; did you mean 'r1'?\n")
        assert cli("do", "down: r1 -- r7", code=BAD_INPUT).err == "catflap: down: no node 'r7'; did you mean 'r1'?\n"
        assert cli("do", "kill: r7/speaker", code=BAD_INPUT).err == "catflap: kill: no node 'r7'; did you mean 'r1'?\n"
        assert "unknown key 'jump' in do" in cli("do", "jump: r1", code=BAD_INPUT).err
        assert "unknown key 'nonsense' in a test" in cli.expect("nonsense: 1", code=BAD_INPUT).err
        assert "'banana' is no time; write 500ms, 5s, 2m" in cli(
            "expect", "alive: r1", "--within", "banana", code=BAD_INPUT).err
        assert "duplicate key 'within'" in cli("expect", "{ alive: r1, within: 1s }", "--within", "1s",
                                               code=BAD_INPUT).err
        cli.expect("established: r1 ~ r2", code=OK)
        cli.expect("{ route: { at: r1, to: 198.51.100.0/24 }, within: 10ms }", code=FAILED)
