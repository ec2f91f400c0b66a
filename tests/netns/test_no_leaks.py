"""Nothing of a lab is left behind, however it ends, and nothing that is not a lab's is ever touched."""

import os
import random
import re
import signal
import subprocess

import pytest

from catflap_cli import (BAD_INPUT, ENVIRONMENT, OK, TWO_ROUTER, children, footprint, footprint_settles, interfaces, kill,
                         processes, soon, wait_gone, write)

SELF_AND_BIRD = ["self", "bird"]


@pytest.fixture
def before(cli):
    """What there was before the test; compared by footprint_settles()."""
    return footprint(cli)


def slow_topology(tmp_path):
    """A lab whose test waits for something that never comes."""
    return write(tmp_path / "slow.yaml", """
        lab: slow
        nodes:
          r1: { bgp: 65001 }
          r2: { bgp: 65002 }
        links: [r1 -- r2]
        test:
          - established: r1 ~ r2
          - { route: { at: r1, to: 198.51.100.0/24 }, within: 60s }
        """)


@pytest.mark.parametrize("speaker", SELF_AND_BIRD)
def test_up_and_down(cli, before, speaker):
    cli("up", TWO_ROUTER, "--no-wait", "--speaker", speaker, code=OK)
    assert len(set(processes()) - set(before["processes"])) == 3, "a supervisor and two speakers"
    assert interfaces() == before["interfaces"], "a lab's interfaces are never in the namespace of the user"
    cli("down", code=OK)
    footprint_settles(cli, before)


def test_test(cli, before):
    cli("test", TWO_ROUTER, code=OK)
    footprint_settles(cli, before)


@pytest.mark.parametrize("speaker", SELF_AND_BIRD)
@pytest.mark.parametrize("verb", ["up", "test"])
def test_bring_up_that_fails(cli, before, tmp_path, verb, speaker):
    write(tmp_path / "r1.conf", "router id 1.1.1.1;\nprotocol bgp {\n  local as nonsense;\n}\n")
    file = write(tmp_path / "lab.yaml", """
        lab: broken
        nodes:
          r1: { config: r1.conf }
          r2: { bgp: 65002 }
        links: [r1 -- r2]
        """)
    cli(verb, file, "--speaker", speaker, code=BAD_INPUT)
    footprint_settles(cli, before)


def test_killed_at_any_moment_of_bring_up(cli, before):
    """kill -9 of `up` after 0 to 40 ms: the supervisor notices and takes everything down by itself."""
    chance = random.Random(20)
    kept = 0
    for _ in range(40):
        tool = cli.start("up", TWO_ROUTER)
        wait_gone([tool.pid], chance.uniform(0, 0.040))
        tool.kill()
        tool.communicate()
        # Either it was killed, or it was through already and the lab is up; or, seldom, it was killed between telling
        # the supervisor to keep the lab and its own end.
        if tool.returncode == OK:
            cli("down", code=OK)
        elif cli("status").code == OK:
            kept += 1
            cli("down")
        footprint_settles(cli, before)
    assert kept <= 5


def test_both_killed_at_any_moment_of_bring_up(cli, before):
    """kill -9 of `up` and of all that it has started so far: only the folder stays, and the next `up` takes it."""
    chance = random.Random(21)
    for _ in range(20):
        tool = cli.start("up", TWO_ROUTER)
        wait_gone([tool.pid], chance.uniform(0, 0.040))
        for pid in [*children(tool.pid), tool.pid]:
            kill(pid)
        tool.communicate()
        if cli("status").code == OK:  # through already: its supervisor is nobody's child any more
            kill(cli.supervisor("two-router"))
        footprint_settles(cli, before, files=False)
    cli("up", TWO_ROUTER, code=OK)
    cli("down", code=OK)
    cli("gc", code=OK)  # one may have been killed while it removed its folder
    footprint_settles(cli, before)


def test_supervisor_killed(cli, before):
    """Speakers and namespaces go with the supervisor; gc removes the folder."""
    cli("up", TWO_ROUTER, code=OK)
    kill(cli.supervisor("two-router"))
    footprint_settles(cli, before, files=False)
    assert cli.labs() == ["two-router"]
    gone = cli("status")
    assert gone.code == ENVIRONMENT and gone.err == "catflap: no lab is up; bring one up with 'catflap up FILE'\n"
    assert cli("gc", code=OK).out == f"two-router: removed {cli.run_dir}/two-router\n"
    assert cli("gc", code=OK).out == "nothing to collect (0 labs up)\n"
    footprint_settles(cli, before)


def test_supervisor_killed_and_up_again(cli, before):
    cli("up", TWO_ROUTER, code=OK)
    kill(cli.supervisor("two-router"))
    footprint_settles(cli, before, files=False)
    cli("up", TWO_ROUTER, code=OK)
    cli.expect("established: r1 ~ r2", code=OK)
    cli("down", code=OK)
    footprint_settles(cli, before)


def test_test_killed(cli, before, tmp_path):
    tool = cli.start("test", slow_topology(tmp_path))
    assert soon(lambda: len(children(tool.pid)) == 2), "two speakers run"
    tool.kill()
    tool.communicate()
    footprint_settles(cli, before, files=False)
    cli("gc", code=OK)
    footprint_settles(cli, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_test_interrupted(cli, before, tmp_path, number):
    """Ctrl-C takes the lab down in good order: not even the folder stays."""
    tool = cli.start("test", slow_topology(tmp_path), cwd=tmp_path)
    assert tool.stdout.readline() == "slow\n"
    assert "r1 ~ r2 Established" in tool.stdout.readline()
    tool.send_signal(number)
    out, err = tool.communicate(timeout=10)
    assert tool.returncode == 128 + number, out + err
    assert "  ✘ slow  error: interrupted\n" in out and err == ""
    footprint_settles(cli, before)


def test_interrupt_ends_all_files(cli, before, tmp_path):
    tool = cli.start("test", slow_topology(tmp_path), slow_topology(tmp_path), "--junit", tmp_path / "junit.xml",
                     cwd=tmp_path)
    assert tool.stdout.readline() == "slow\n"
    tool.send_signal(signal.SIGINT)
    out, _ = tool.communicate(timeout=10)
    assert tool.returncode == 128 + signal.SIGINT
    assert "0 passed, 1 failed, 0 skipped" in out
    assert (tmp_path / "junit.xml").read_text().count("<testsuite ") == 1
    footprint_settles(cli, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_up_interrupted_while_it_waits(cli, before, tmp_path, number):
    """Sessions that do not come up: `up` waits for them, and whoever gives up leaves nothing."""
    file = write(tmp_path / "wait.yaml", """
        lab: wait
        nodes:
          r1: { bgp: 65001, peers: { r2: { passive: true } } }
          r2: { bgp: 65002, peers: { r1: { passive: true } } }
        links: [r1 -- r2]
        """)
    tool = cli.start("up", file)
    assert soon(lambda: len(children(tool.pid)) == 3)
    tool.send_signal(number)
    tool.communicate(timeout=10)
    assert tool.returncode == -number
    footprint_settles(cli, before)


@pytest.mark.parametrize("speaker", SELF_AND_BIRD)
def test_speaker_killed(cli, before, speaker):
    cli("up", TWO_ROUTER, "--no-wait", "--speaker", speaker, code=OK)
    kill(cli.node("r1")["pid"])
    node = soon(lambda: not (n := cli.node("r1"))["running"] and n)
    assert node["signal"] == signal.SIGKILL and cli.node("r2")["running"]
    assert "killed by signal 9" in cli("status", code=OK).out
    cli("do", "restart: r1/speaker", code=OK)
    assert soon(lambda: cli.node("r1")["running"])
    cli("down", code=OK)
    footprint_settles(cli, before)


def test_process_of_a_node_ends_with_the_lab_or_keeps_its_namespace(cli, before):
    """What a user runs in a node is the user's: it is not killed, and the namespace lives on for it alone."""
    cli("up", TWO_ROUTER, code=OK)
    mine = cli.start("exec", "r1", "--", "sleep", "1000")
    assert soon(lambda: processes().get(mine.pid) == "sleep")
    cli("down", code=OK)
    assert mine.poll() is None
    mine.kill()
    mine.communicate()
    footprint_settles(cli, before)


def test_foreign_folder_is_not_touched(cli, before, tmp_path):
    """A folder of the lab's name that no lab has made."""
    precious = write(cli.run_dir / "two-router" / "precious", "mine\n")
    refused = cli("up", TWO_ROUTER, code=ENVIRONMENT)
    assert refused.err == (f"catflap: {cli.run_dir}/two-router is in the way and is not a lab of ours: "
                           "move it away\n")
    # Not even if it has a file of a name that we use.
    (cli.run_dir / "two-router" / "lock").touch()
    cli("up", TWO_ROUTER, code=ENVIRONMENT)
    cli("gc", code=OK)
    cli("down", "two-router", code=ENVIRONMENT)
    cli("down", "--all", code=OK)
    assert precious.read_text() == "mine\n"
    footprint_settles(cli, before, files=False)


@pytest.mark.parametrize("kind", ["file", "link"])
def test_foreign_file_is_not_touched(cli, tmp_path, kind):
    place = cli.run_dir / "two-router"
    other = write(tmp_path / "elsewhere" / "precious", "mine\n")
    if kind == "file":
        place.write_text("mine\n")
    else:
        place.symlink_to(other.parent, target_is_directory=True)
    assert "is in the way and is not a lab of ours" in cli("up", TWO_ROUTER, code=ENVIRONMENT).err
    cli("gc", code=OK)
    assert place.exists() and place.is_symlink() == (kind == "link") and other.read_text() == "mine\n"


def test_namespaces_of_the_user_stay(cli, tmp_path):
    """Named ones with the names of nodes, their interfaces, and interfaces with the names of links."""
    for name in ["r1", "r2", "two-router"]:
        subprocess.run(["ip", "netns", "add", name], check=True)
    subprocess.run(["ip", "-n", "r1", "link", "add", "veth-r1", "type", "veth", "peer", "name", "veth-r2"], check=True)
    subprocess.run(["ip", "link", "add", "veth-r1", "type", "veth", "peer", "name", "veth-r2"], check=True)
    try:
        before = footprint(cli)
        assert before["interfaces"] == ["lo", "veth-r1", "veth-r2"]
        cli("up", TWO_ROUTER, code=OK)
        cli("down", code=OK)
        cli("test", TWO_ROUTER, code=OK)
        cli("gc", code=OK)
        footprint_settles(cli, before)
        inside = subprocess.run(["ip", "-n", "r1", "-o", "link"], capture_output=True, text=True, check=True).stdout
        assert "veth-r1@veth-r2" in inside
    finally:
        subprocess.run(["ip", "link", "del", "veth-r1"], check=True)
        for name in ["r1", "r2", "two-router"]:
            subprocess.run(["ip", "netns", "del", name], check=True)


def test_journal_of_another_time_kills_nobody(cli, before):
    """A pid in an old journal may be another process by now; start times tell."""
    cli("up", TWO_ROUTER, code=OK)
    pid = cli.supervisor("two-router")
    text = (cli.run_dir / "two-router" / "journal").read_text()
    cli("down", code=OK)
    assert soon(lambda: pid not in processes())
    folder = cli.run_dir / "two-router"
    folder.mkdir()
    (folder / "lock").touch()
    # The record of a process that has our own pid but another start time.
    (folder / "journal").write_text(re.sub(r"\d+@", f"{os.getpid()}@", text))
    cli("gc", code=OK)
    footprint_settles(cli, before, files=False)
