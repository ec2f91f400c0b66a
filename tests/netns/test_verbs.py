"""What each verb prints and returns, for people and as JSON."""

import json
import os
import pty
import select
import subprocess
import xml.etree.ElementTree

import pytest

from catflap_cli import (BAD_INPUT, BIN, CONFIGS, FAILED, HELLO, OK, ROOT, TOPOLOGIES, TWO_ROUTER, have, soon,
                         without_times, write)


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    """A two-router lab for all tests of this file that only look."""
    from catflap_cli import Cli
    tool = Cli(tmp_path_factory.mktemp("run"))
    tool("up", TWO_ROUTER, code=OK)
    tool.expect("route: { at: r1, to: 10.2.0.0/24 }", code=OK)
    tool.expect("route: { at: r2, to: 10.1.0.0/24 }", code=OK)
    yield tool
    tool("down", "--all", code=OK)


def test_validate(cli):
    assert cli("validate", TWO_ROUTER, code=OK).out == f"{TWO_ROUTER}: lab two-router, 2 nodes, 1 links, 3 steps\n"
    assert cli.json("validate", TWO_ROUTER) == {"file": str(TWO_ROUTER), "diagnostics": []}
    cli("validate", *sorted(TOPOLOGIES.glob("*.yaml")), code=OK)


def test_plan(cli):
    assert cli("plan", HELLO, code=OK).out == (
        "lab hello\n\nnodes\n"
        "  r1           self   AS 65001  id 10.255.0.1  lo 203.0.113.1/32\n"
        "  r2           self   AS 65002  id 10.255.0.2\n"
        "\nlinks\n  r1:eth0 -- r2:eth0   10.0.0.0/31   10.0.0.1/31\n"
        "\nsessions\n  r1 ~ r2   10.0.0.0 AS 65001  --  10.0.0.1 AS 65002\n")
    plan = cli.json("plan", TWO_ROUTER)
    assert plan["lab"] == "two-router" and [n["name"] for n in plan["nodes"]] == ["r1", "r2"]
    assert plan["links"][0]["ends"][0] == {"node": "r1", "name": "veth-r1", "addresses": ["192.168.1.1/24"]}
    assert cli.json("plan", HELLO, "--speaker", "r2=bird")["nodes"][1]["speaker"] == "bird"


@pytest.mark.skipif(not have("bird"), reason="BIRD 2 (package bird2) is not installed")
@pytest.mark.parametrize("topology", sorted(p.name for p in TOPOLOGIES.glob("*.yaml")))
def test_printed_configurations_are_taken_by_both_daemons(cli, tmp_path, topology):
    plan = cli.json("plan", TOPOLOGIES / topology, "--configs")
    for node in plan["nodes"]:
        if "config" in node:
            continue
        file = write(tmp_path / f"{node['name']}.conf", node["bird_conf"])
        for program in ["/usr/sbin/bird", str(BIN / "catflap-bgpd")]:
            checked = subprocess.run([program, "-p", "-c", str(file)], capture_output=True, text=True)
            assert checked.returncode == 0, checked.stderr


def test_schema_fits_what_is_accepted(cli):
    schema = json.loads(cli("schema", code=OK).out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    jsonschema = pytest.importorskip("jsonschema")
    yaml = pytest.importorskip("yaml")
    for file in TOPOLOGIES.glob("*.yaml"):
        jsonschema.validate(yaml.safe_load(file.read_text()), schema)


def test_up_tells_what_it_did(cli):
    told = cli("up", TWO_ROUTER, code=OK)
    assert without_times(told.out) == (
        "two-router  2 nodes  1 links  T\n"
        "  ✔ namespaces and links T  ✔ speakers ready T  ✔ sessions Established T\n"
        "  catflap status · catflap sh r1 · catflap down\n")
    assert told.err == "", "progress is for terminals"
    assert without_times(cli("down", code=OK).out) == "two-router is down  T\n"
    value = cli.json("up", TWO_ROUTER, "--name", "other")
    assert value["lab"] == "other" and value["established"] is True and value["took_us"] > 0
    value = cli.json("down")
    assert value["lab"] == "other" and value["took_us"] > 0


def test_up_with_a_session_that_does_not_come_up(cli, tmp_path):
    """The lab stays for a look at it, and the exit code tells."""
    file = write(tmp_path / "lab.yaml", """
        lab: no-session
        nodes:
          r1: { bgp: 65001, timers: fast }
          r2: { bgp: 65002, timers: fast, peers: { r1: { as: 65009 } } }
        links: [r1 -- r2]
        """)
    tool = cli.start("up", file)
    out, err = tool.communicate(timeout=60)
    assert tool.returncode == FAILED and "✘ sessions" in out and "65009" in out, out + err
    assert cli.status()["lab"] == "no-session"


def test_status(up):
    status = up.status()
    assert status["lab"] == "two-router" and status["file"] == str(TWO_ROUTER)
    r1, r2 = status["nodes"]
    assert (r1["name"], r1["speaker"], r1["running"]) == ("r1", "self", True)
    assert os.path.samefile(f"/proc/{r1['pid']}/exe", BIN / "catflap-bgpd")
    assert {link["name"]: link for link in r1["links"]}["veth-r1"]["up"] is True
    session = soon(lambda: next(s for s in up.status()["sessions"] if s["node"] == "r1" and s["imported"] == 1))
    assert session["peer"] == "r2" and session["state"] == "Established" and session["peer_address"] == "192.168.1.2"
    assert session["exported"] == 1 and session["flaps"] == 0 and session["last_error"] == ""


def test_counters_of_status_follow(up):
    """Also those that changed after the session came up."""
    def counters():
        return {s["node"]: (s["imported"], s["exported"]) for s in up.status()["sessions"]}
    assert soon(lambda: counters() == {"r1": (1, 1), "r2": (1, 1)}), counters()


def test_status_table(up):
    lines = up("status", code=OK).out.splitlines()
    assert lines[0].startswith("two-router  2 nodes  up ")
    assert lines[2].split() == ["NODE", "SPEAKER", "PID", "PROCESS", "RIB", "FIB", "ADDRESSES"]
    assert lines[3].split()[:2] + lines[3].split()[3:5] == ["r1", "self", "running", "2"]
    assert lines[3].endswith("lo=10.1.0.1/24 veth-r1=192.168.1.1/24")
    assert lines[6].split() == ["SESSION", "STATE", "SINCE", "IN/OUT", "FLAPS", "LAST", "ERROR"]
    assert lines[7].startswith("r1 ~ r2  Established")


@pytest.mark.parametrize("code", [0, 1, 7, 77, 200])
def test_exec_passes_the_exit_code_on(up, code):
    assert up.exec("r1", "sh", "-c", f"exit {code}").code == code


def test_exec_passes_input_and_output_on(up):
    done = up.exec("r1", "sh", "-c", "cat; echo problem >&2", input="some text\n", code=OK)
    assert (done.out, done.err) == ("some text\n", "problem\n")


@pytest.mark.parametrize("command", [
    ["exec", "r1", "--", "ip", "-4", "-o", "route"], ["exec", "r1", "ip", "-4", "-o", "route"],
    ["exec", "--", "r1", "ip", "-4", "-o", "route"], ["--lab", "two-router", "exec", "r1", "--", "ip", "-4", "-o", "route"]])
def test_exec_runs_in_the_node(up, command):
    """However options of the command are told from ours."""
    assert "10.2.0.0/24 via 192.168.1.2 dev veth-r1 proto bird metric 32" in up(*command, code=OK).out


def test_exec_sees_the_interfaces_of_the_node_in_sysfs(up):
    assert set(up.exec("r1", "ls", "/sys/class/net", code=OK).out.split()) == {"lo", "veth-r1"}


def test_exec_keeps_a_terminal(up):
    """What needs a terminal, such as a shell, gets it."""
    main, other = pty.openpty()
    tool = subprocess.Popen(up.argv("exec", "r1", "--", "sh", "-c", "tty && echo ok"), env=up.env, stdin=other,
                            stdout=other, stderr=other)
    os.close(other)
    text = b""
    while b"ok" not in text and select.select([main], [], [], 10)[0]:
        try:
            text += os.read(main, 4096)
        except OSError:
            break
    assert tool.wait(10) == 0 and b"/dev/pts/" in text
    os.close(main)


def test_sh_takes_a_script(up):
    done = up("sh", "r2", input="echo $CATFLAP_NODE; ip -o -4 addr show veth-r2; exit 5\n", env={"SHELL": "/bin/sh"})
    assert done.code == 5 and done.out.startswith("r2\n") and "192.168.1.2/24" in done.out


def test_expect(up):
    assert without_times(up.expect("established: r1 ~ r2", code=OK).out) == "✔ r1 ~ r2 Established  T\n"
    value = up.json("expect", "ping: { from: r1, to: 10.2.0.1 }")
    assert value["passed"] is True and value["what"] == "ping 10.2.0.1 from r1"
    failed = up("--json", "expect", "route: { at: r1, to: 198.51.100.0/24 }", "--within", "10ms", code=FAILED).json
    assert failed["passed"] is False and failed["outcome"]["status"] == "failed"


def test_folder_and_relative_files(cli, tmp_path):
    """-C comes first; a topology is relative to the current folder, its configurations to the topology."""
    (tmp_path / "deep" / "labs").mkdir(parents=True)
    (tmp_path / "deep" / "labs" / "lab.yaml").write_text(TWO_ROUTER.read_text())
    (tmp_path / "deep" / "bird-configs").symlink_to(CONFIGS)
    (tmp_path / "deep" / "here").mkdir()
    for cwd, args in [(tmp_path / "deep", ["labs/lab.yaml"]), (tmp_path / "deep" / "here", ["../labs/lab.yaml"]),
                      ("/", ["-C", str(tmp_path / "deep" / "labs"), "lab.yaml"])]:
        options, file = args[:-1], args[-1]
        cli(*options, "test", file, cwd=cwd, code=OK)
        cli(*options, "up", file, cwd=cwd, code=OK)
        cli.expect("route: { at: r1, to: 10.2.0.0/24 }", code=OK)
        cli("down", code=OK)


@pytest.mark.parametrize("speaker", ["self", "bird"])
def test_configurations_may_include_files_beside_them(cli, tmp_path, speaker):
    """A configuration is read where it is."""
    write(tmp_path / "configs" / "parts" / "static.conf",
          "protocol static { ipv4; route 198.51.100.0/24 blackhole; }\n")
    write(tmp_path / "configs" / "r1.conf", """
        router id 1.1.1.1;
        protocol device { }
        protocol kernel { ipv4 { export all; }; }
        include "parts/*.conf";
        """)
    file = write(tmp_path / "labs" / "lab.yaml", "lab: x\nnodes:\n  r1: { config: ../configs/r1.conf }\n")
    with cli.lab(file, "--speaker", speaker):
        cli.expect("route: { at: r1, to: 198.51.100.0/24, type: blackhole, proto: bird }", code=OK)
        assert cli.node("r1")["config"] == str(tmp_path / "configs" / "r1.conf")
    assert sorted(p.name for p in (tmp_path / "configs").iterdir()) == ["parts", "r1.conf"]


def test_progress_is_shown_on_a_terminal(cli):
    main, other = pty.openpty()
    tool = subprocess.Popen(cli.argv("up", TWO_ROUTER), env=cli.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=other, text=True)
    os.close(other)
    out, _ = tool.communicate(timeout=60)
    text = os.read(main, 65536).decode()
    os.close(main)
    assert tool.returncode == OK and "two-router  2 nodes" in out
    assert "✔ namespaces and links" in text and "… speakers" in text and "… sessions" in text


def test_do(cli):
    with cli.lab(TWO_ROUTER):
        assert cli("do", "down: r1 -- r2", code=OK).out == ""
        cli.expect("{ session: r1 ~ r2, state: not Established }", code=OK)
        assert cli.json("do", "up: r1 -- r2")["ok"] is True
        cli("do", "exec: { at: r1, run: 'ip route add 198.51.100.0/24 dev lo' }", code=OK)
        cli.expect("route: { at: r1, to: 198.51.100.0/24, dev: lo }", code=OK)
        failed = cli("do", "exec: { at: r1, run: 'echo broken >&2; exit 4' }")
        assert failed.code != OK and "exit code 4" in failed.err and "broken" in failed.err


def test_gc_and_doctor(cli):
    assert cli.json("gc") == {"collected": [], "running": 0}
    assert cli("gc", code=OK).out == "nothing to collect (0 labs up)\n"
    with cli.lab(HELLO):
        assert cli("gc", code=OK).out == "nothing to collect (1 lab up)\n"
    findings = {f["what"]: f for f in cli.json("doctor")}
    assert findings["network namespaces"]["good"] and findings["network namespaces"]["required"]
    assert findings["speaker self"]["good"] and str(BIN) in findings["speaker self"]["detail"]
    assert "✔ network namespaces" in cli("doctor", code=OK).out


def test_test_reports(cli, tmp_path):
    """One lab passes, one fails in its second check: numbers agree on the screen, as JSON and as JUnit."""
    bad = write(tmp_path / "bad.yaml", """
        lab: bad
        nodes:
          r1: { bgp: 65001 }
          r2: { bgp: 65002 }
        links: [r1 -- r2]
        test:
          - established: r1 ~ r2
          - { name: "<a> & \\"b\\"", route: { at: r1, to: 198.51.100.0/24 }, within: 20ms }
          - established: r2 ~ r1
        """)
    told = cli("test", HELLO, bad, "--junit", "out.xml", cwd=tmp_path, code=FAILED)
    assert "✔ hello  3 checks  " in told.out and "✘ bad  2 checks  " in told.out
    assert "1 passed, 1 failed, 0 skipped in " in told.out
    suites = xml.etree.ElementTree.parse(tmp_path / "out.xml").getroot()
    assert suites.tag == "testsuites"
    counts = [{k: s.get(k) for k in ("name", "tests", "failures", "errors", "skipped")} for s in suites]
    assert counts == [{"name": "hello", "tests": "3", "failures": "0", "errors": "0", "skipped": "0"},
                      {"name": "bad", "tests": "2", "failures": "1", "errors": "0", "skipped": "0"}]
    for suite in suites:
        assert len(suite.findall("testcase")) == int(suite.get("tests"))
        assert len(suite.findall("testcase/failure")) == int(suite.get("failures"))
    failure = suites[1].find("testcase/failure")
    assert failure.get("message") == '<a> & "b"' and "198.51.100.0/24" in failure.text
    reports = cli("--json", "test", HELLO, bad, cwd=tmp_path, code=FAILED).json
    assert [(r["lab"], r["status"], len(r["checks"])) for r in reports] == [("hello", "passed", 3), ("bad", "failed", 2)]


def test_junit_that_cannot_be_written(cli, tmp_path):
    told = cli("test", HELLO, "--junit", "/proc/nothing/out.xml", cwd=tmp_path)
    assert told.code not in (OK, FAILED) and "/proc/nothing/out.xml" in told.err


def test_version_and_help(cli):
    assert cli("--version", code=OK).out.startswith("catflap ")
    text = cli("--help", code=OK).out
    for verb in ["validate", "plan", "up", "test", "status", "exec", "sh", "expect", "do", "down", "gc", "doctor", "schema"]:
        assert f"  {verb} " in text
    assert "Exit codes: 0 ok, 1 a check failed, 2 bad input, 3 environment, 77 skipped." in text
