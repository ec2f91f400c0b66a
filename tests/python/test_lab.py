"""Labs that run. They need root and BIRD; without them the tests are skipped."""

from __future__ import annotations

import os
import pathlib
import signal
import threading
import time

import catflap as lab
import pytest
from catflap import expect, ms, s

PREFIX = "203.0.113.0/24"


def test_two_routers(lab_up, pair: lab.Topology):
    with lab_up(pair) as net:
        r1, r2 = net.nodes("r1", "r2")
        expect(net.sessions).to_be_established().stays(50 * ms)
        expect(r1.session(r2)).to_be_established()
        expect(r2.fib).to_have(PREFIX, via=r1).via("10.0.0.0").dev("eth0").proto("bird").next_hops(1)
        expect(r2.rib).to_have(PREFIX, within=5 * s).from_peer(r1).as_path(65001).stays(20 * ms)
        expect(r2.rib).to_have(PREFIX, from_peer=r1, as_path=[65001], dev="eth0")
        expect(r1.fib).to_lack("198.51.100.0/24").stays(20 * ms)
        expect(r2.fib).to_lack(PREFIX, via=r2)
        expect(r2).to_ping("203.0.113.1")
        expect(r2).to_ping(r1, count=3)
        expect(r1).to_be_alive()
        expect(r2.fib).now().to_have(PREFIX)
        expect(r2).now().to_ping("203.0.113.1")


def test_links_of_a_lab_and_of_its_topology(lab_up, pair: lab.Topology):
    r1, r2 = pair["r1"], pair["r2"]
    with lab_up(pair) as net:
        expect(r1.session(r2)).to_be_established()
        net.down("r1 -- r2")
        expect(r1.session(r2)).to_leave_established()
        expect(r2.fib).to_lack(PREFIX)
        expect(r2).not_to_ping("203.0.113.1")
        r1.link(r2).up()
        expect(r2.fib).to_have(PREFIX, via=r1)
        assert any("down r1 -- r2" in event.text for event in net.timeline)
    with pytest.raises(lab.Error, match="is not up"):
        r1.kill()


def test_a_speaker_dies_hangs_and_comes_back(lab_up, pair: lab.Topology):
    with lab_up(pair) as net:
        r1, r2 = net.nodes("r1", "r2")
        session = r1.session(r2)
        expect(session).to_be_established()
        r1.kill()
        expect(session).to_leave_established()
        expect(r2.fib).to_lack(PREFIX)
        r1.restart()
        expect(session).to_be_established()
        r1.pause()
        expect(session).to_leave_established(reason=lab.Reason.HOLD_TIMER)
        r1.resume()
        expect(session).to_be_established()
        r1.stop()
        expect(session).to_leave_established()
        net.reset()
        expect(session).to_be_established()


def test_a_failure_names_the_cause(lab_up, pair: lab.Topology):
    pair["r2"].peer("r1", asn=65010)
    with lab_up(pair) as net:
        r1, r2 = net.nodes("r1", "r2")
        with pytest.raises(lab.CheckFailed) as caught:
            expect(r1.session(r2)).to_be_established(within=300 * ms)
        failure = caught.value
        assert isinstance(failure, AssertionError)
        assert "r2 expects AS 65010 of r1" in failure.explanation
        assert str(failure) == failure.explanation
        assert failure.evidence["status"] == "failed"
        assert "65010" in failure.evidence["explanation"]["cause"]
        assert failure.to_json().startswith("{")
        with pytest.raises(lab.CheckFailed, match="session r1 ~ r2 is not Established: r2 refuses the OPEN"):
            expect(r1.fib).to_have("198.51.100.0/24", within=50 * ms)


def test_a_condition_that_is_wrong_is_named(lab_up, pair: lab.Topology):
    with lab_up(pair) as net:
        r2 = net["r2"]
        route = expect(r2.fib).to_have(PREFIX)
        assert route
        with pytest.raises(lab.CheckFailed, match="proto is bird, expected static"):
            expect(r2.fib).to_have(PREFIX, within=50 * ms).proto("static")
        with pytest.raises(lab.CheckFailed, match="as-path is '65001', expected '65009'"):
            expect(r2.rib).to_have(PREFIX, within=50 * ms).as_path(65009)
        with pytest.raises(lab.CheckFailed, match="expected r2"):
            expect(r2.rib).to_have(PREFIX, within=50 * ms).from_peer(r2)


def test_now_does_not_wait(lab_up, hosts: lab.Topology):
    with lab_up(hosts) as net:
        start = time.monotonic()
        with pytest.raises(lab.CheckFailed):
            expect(net["h1"].fib).now().to_have(PREFIX)
        assert time.monotonic() - start < 1


def test_soft_failures_come_together(lab_up, hosts: lab.Topology):
    net = lab_up(hosts)
    with pytest.raises(lab.CheckFailed, match="2 checks failed") as caught:
        with net:
            assert not expect.soft(net["h1"].fib).to_have(PREFIX, within=10 * ms).dev("eth0")
            assert expect.soft(net["h1"]).to_ping("h2")
            expect.soft(net["h1"].fib).to_have("198.51.100.0/24", within=10 * ms)
    assert len(caught.value.evidence["failures"]) == 2
    lab.verify_soft()


def test_what_is_there_can_be_read(lab_up, pair: lab.Topology):
    with lab_up(pair) as net:
        r1, r2 = net.nodes("r1", "r2")
        expect(r2.fib).to_have(PREFIX)
        expect(r2.rib).to_have(PREFIX, as_path=[65001])
        assert PREFIX in r2.fib
        assert "198.51.100.0/24" not in r2.fib
        (route,) = r2.rib[PREFIX]
        assert (route.as_path, route.from_peer, route.type, route.best) == ("65001", "10.0.0.0", "unicast", True)
        assert route.next_hops == [("10.0.0.0", "eth0")]
        with pytest.raises(AttributeError):
            route.prefix = "10.0.0.0/8"  # type: ignore[misc]
        ends = r1.session(r2).ends
        assert {(end.node, end.peer, end.state) for end in ends} == {
            ("r1", "r2", "Established"),
            ("r2", "r1", "Established"),
        }
        assert len(list(net.sessions)) == 2
        assert {node["name"] for node in net.status["nodes"]} == {"r1", "r2"}
        assert (net.dir / "nodes" / "r1").is_dir()


def test_commands_run_in_the_node(lab_up, hosts: lab.Topology):
    with lab_up(hosts) as net:
        h1 = net["h1"]
        assert "eth0" in h1.exec("ip -br link").out
        failed = h1.exec("echo no >&2; exit 3", check=False)
        assert (failed.code, failed.out, failed.err) == (3, "", "no\n")
        with pytest.raises(lab.Error, match="ended with 3:\nno"):
            h1.exec("echo no >&2; exit 3")
        with pytest.raises(lab.Error) as caught:
            h1.exec("exec tail -f /dev/null", timeout=100 * ms)
        assert caught.value.code == "timeout"


def test_checks_in_the_syntax_of_files(lab_up, hosts: lab.Topology):
    with lab_up(hosts) as net:
        result = net.check("ping: { from: h1, to: h2 }")
        assert result.passed
        assert str(result.check) == "ping h2 from h1"
        assert 0 <= result.seconds < 10
        with pytest.raises(lab.CheckFailed):
            net.check("{ route: { at: h1, to: 203.0.113.0/24 }, within: 10ms }")
        with pytest.raises(lab.Error, match="did you mean"):
            net.check("{ rute: { at: h1 } }")


def test_names_are_checked(lab_up, hosts: lab.Topology):
    with lab_up(hosts) as net:
        with pytest.raises(lab.Error, match="did you mean 'h1'"):
            net["h11"]
        with pytest.raises(lab.Error, match="no such link"):
            net.down("h1 -- h9")
        with pytest.raises(lab.Error, match="no speaker"):
            net["h1"].kill()
        assert [node.name for node in net.nodes()] == ["h1", "h2"]


def test_other_threads_run_while_a_check_waits(lab_up, hosts: lab.Topology):
    with lab_up(hosts) as net:
        done = threading.Event()
        longest_gap = 0.0

        def tick() -> None:
            nonlocal longest_gap
            last = time.monotonic()
            while not done.is_set():
                now = time.monotonic()
                longest_gap = max(longest_gap, now - last)
                last = now

        thread = threading.Thread(target=tick)
        thread.start()
        expect(net["h1"].fib).to_lack(PREFIX).stays(1 * s)
        done.set()
        thread.join()
        assert longest_gap < 0.5, "the interpreter was locked during the wait"


def test_checks_wait_side_by_side(lab_up, hosts: lab.Topology):
    with lab_up(hosts) as net:
        start = time.monotonic()
        threads = [
            threading.Thread(target=lambda: expect(net["h1"].fib).to_lack(PREFIX).stays(500 * ms)) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.monotonic() - start < 2


def test_a_signal_ends_a_wait(lab_up, hosts: lab.Topology):
    class Alarm(Exception):
        pass

    def ring(*_: object) -> None:
        raise Alarm

    with lab_up(hosts) as net:
        before = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        try:
            start = time.monotonic()
            with pytest.raises(Alarm):
                expect(net["h1"].fib).to_have(PREFIX, within=60 * s)
            assert time.monotonic() - start < 10
        finally:
            signal.signal(signal.SIGALRM, before)
        expect(net["h1"]).to_ping("h2")


def references_to(namespace: str) -> list[str]:
    """Processes that are in a network namespace, and descriptors of ours that hold it."""
    found = []
    for link in [*pathlib.Path("/proc").glob("[0-9]*/ns/net"), *pathlib.Path("/proc/self/fd").iterdir()]:
        try:
            if os.readlink(link) == namespace:
                found.append(str(link))
        except OSError:
            continue  # it ended meanwhile
    return found


def test_nothing_is_left(lab_up, pair: lab.Topology, tmp_path: pathlib.Path):
    with lab_up(pair, run_dir=tmp_path) as net:
        expect(net.sessions).to_be_established()
        namespace = net["r1"].exec("readlink /proc/self/ns/net").out.strip()
        assert references_to(namespace)
        pids = [node["pid"] for node in net.status["nodes"]]
        assert all(os.path.exists(f"/proc/{pid}") for pid in pids)
        assert list(tmp_path.iterdir())
    assert references_to(namespace) == []
    assert not any(os.path.exists(f"/proc/{pid}") for pid in pids)
    assert list(tmp_path.iterdir()) == []
    assert not net.is_up
    net.down()
    with pytest.raises(lab.Error, match="is down"):
        net["r1"].exec("true")


def test_nothing_is_left_of_a_lab_that_does_not_come_up(lab_up, hosts: lab.Topology, tmp_path: pathlib.Path):
    lab_up(hosts).down()  # skips here without root
    hosts.router("r1", config="broken.conf", speaker="bird")
    (tmp_path / "broken.conf").write_text("protocol nonsense {\n}\n")
    run_dir = tmp_path / "run"
    with pytest.raises(lab.Error, match="broken.conf|syntax|bird.conf"):
        lab.Lab(hosts, run_dir=run_dir, base_dir=tmp_path).up()
    assert not run_dir.exists() or list(run_dir.iterdir()) == []


def test_a_lab_can_be_brought_up_again(lab_up, hosts: lab.Topology):
    lab_up(hosts).down()
    net = lab.Lab(hosts)
    for _ in range(2):
        with net:
            expect(net["h1"]).to_ping("h2")
        assert not net.is_up
