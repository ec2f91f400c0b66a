"""What must not bring our speaker down, nor hurt its other peers: readers that do not read, floods, flaps, full disks, no
descriptors left, noise. One real daemon, and peers of our own, all on lo of a namespace."""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import threading
import time

import pytest

from bgp_peers import KEEPALIVE, REFRESH, Peers, Speaker, cease, ip, message, open_message, sources, update
from catflap_cli import BIN, soon

SERVER, WITNESS, VANISHING = "10.0.0.1", "10.0.0.2", "172.20.0.9"
FEEDER = "10.80.0.3"
REFRESH_IPV4 = message(REFRESH, bytes([0, 1, 0, 1]))

CONFIG = f"""
LOG
router id {SERVER};
protocol device {{ }}
protocol static own {{
  ipv4;
  route 10.200.0.0/24 blackhole;
}}
protocol bgp witness {{
  local {SERVER} as 65000;
  neighbor {WITNESS} as 65001;
  multihop;
  passive on;
  hold time 240;
  ipv4 {{ import all; export all; }};
}}
protocol bgp vanishing {{
  local {SERVER} as 65000;
  neighbor {VANISHING} as 65003;
  multihop;
  passive on;
  ipv4 {{ import all; export all; }};
}}
protocol bgp many {{
  local {SERVER} as 65000;
  neighbor range 10.80.0.0/16 as 65002;
  multihop;
  passive on;
  ipv4 {{ import all; export all; }};
}}
"""


@pytest.fixture(scope="module", autouse=True)
def addresses():
    """On lo all of a network is local, so every peer has an address."""
    ip("link", "set", "lo", "up")
    ip("address", "add", "10.0.0.1/8", "dev", "lo")
    yield
    ip("address", "del", "10.0.0.1/8", "dev", "lo")


class Bench:
    """A daemon with a session that must live through everything that a test does."""

    def __init__(self, folder, log="", limits=""):
        self.speaker = Speaker(folder, CONFIG.replace("LOG", log), limits=limits)
        self.peers = Peers(SERVER)
        self.witness = self.peers.dial(WITNESS, 65001, hold=240)
        assert self.peers.run(lambda: self.witness.established and self.witness.updates >= 2), self.speaker.log()

    def established(self, *peers, limit=30.0):
        return self.peers.run(lambda: all(p.established for p in peers), limit)

    def responsive(self, limit=10.0):
        """The witness asks for all routes again and gets them: seconds until the first."""
        before = self.witness.updates
        start = time.monotonic()
        self.peers.send(self.witness, REFRESH_IPV4)
        assert self.peers.run(lambda: self.witness.updates > before, limit), "the other session is not served"
        return time.monotonic() - start

    def feed(self, count, communities=40):
        """Many routes with long and different attributes from one peer, all told to the witness."""
        feeder = self.peers.dial(FEEDER, 65002)
        assert self.established(feeder)
        before = self.witness.updates
        self.peers.send(feeder, b"".join(
            update(f"20.{i >> 8}.{i & 255}.0/24", 65002, FEEDER, communities, i) for i in range(count)))
        assert self.peers.run(lambda: self.witness.updates >= before + count, 60)
        return feeder

    def unhurt(self):
        assert self.speaker.alive(), self.speaker.log()
        assert self.witness.established and not self.witness.closed and self.witness.notification is None, \
            f"the other session: {self.witness.notification}"
        self.responsive()

    def idle(self, span=0.5):
        """The daemon does not spin."""
        before = self.speaker.cpu_s()
        self.peers.run_for(span)
        assert self.speaker.cpu_s() - before < span / 2, "the daemon spins"

    def close(self):
        self.peers.close_all()
        self.speaker.stop()


@pytest.fixture
def bench(tmp_path):
    with contextlib.closing(Bench(tmp_path)) as made:
        yield made
        made.unhurt()
        made.idle()


def test_peers_that_never_read(bench):
    bench.feed(4000)
    fds, rss = bench.speaker.fds(), bench.speaker.rss_kib()
    deaf = []
    for source in sources(5, "10.80.1.1"):
        peer = bench.peers.dial(source, 65002, hold=3, receive_buffer=4096)
        deaf.append(peer)
    assert bench.established(*deaf)
    for peer in deaf:
        peer.reads = False
        bench.peers._watch(peer)
    bench.responsive()
    assert bench.speaker.rss_kib() - rss < 48 << 10, "what they do not read piles up"
    # RFC 9687: max(2 x 3 s, 10 s) without progress, and a second for the last words.
    assert bench.peers.run(lambda: bench.speaker.fds() <= fds, 30), "their sessions live on"
    assert bench.speaker.fds() == fds


def test_a_peer_that_vanishes(bench):
    ip("address", "add", VANISHING + "/32", "dev", "lo")
    peer = bench.peers.dial(VANISHING, 65003, hold=3)
    assert bench.peers.run(lambda: peer.updates > 0)
    ip("address", "del", VANISHING + "/32", "dev", "lo")  # not a word any more, from either side
    assert bench.peers.run(lambda: "Established" not in bench.speaker.ask("show protocols vanishing"), 15)
    assert "Hold timer expired" in bench.speaker.ask("show protocols all vanishing")


def test_what_was_malformed_is_written(bench, tmp_path):
    """Kept with its octets, as MRT for whoever wants to look at it."""
    good = update("20.0.0.0/24", 65002, FEEDER)
    bad = update("20.0.1.0/24", 65002, FEEDER).replace(bytes([0x40, 1, 1, 0]), bytes([0x40, 1, 1, 9]))  # no such ORIGIN
    peer = bench.peers.dial(FEEDER, 65002)
    assert bench.established(peer)
    bench.peers.send(peer, good + bad + good)
    file = tmp_path / "malformed.mrt"

    def catflap(*words: str) -> str:
        return subprocess.run([BIN / "catflap", *words], check=True, capture_output=True, text=True, timeout=60).stdout

    def written() -> bool:
        bench.peers.run_for(0.05)
        said = catflap("--json", "bgp", "--socket", str(bench.speaker.events), "malformed", "--mrt", str(file))
        return json.loads(said) == {"file": str(file), "messages": 1, "left_out": 0}
    assert soon(written)
    assert bad in file.read_bytes()
    line = catflap("mrt", "show", str(file)).split("|")
    assert line[0] == "BGP4MP_ET" and line[3:6] == [FEEDER, "65002", "20.0.1.0/24"], line


def test_one_octet_at_a_time(bench):
    peer = bench.peers.dial("10.80.0.4", 65002, say_open=False)
    peer.answers = False  # it says KEEPALIVE here, octet by octet
    octets = open_message(65002, 90, "10.80.0.4") + message(KEEPALIVE) + update("30.0.0.0/24", 65002, "10.80.0.4")
    peer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    before = bench.witness.updates
    for octet in octets:
        bench.peers.send(peer, bytes([octet]))
        assert bench.peers.run(lambda: not peer.out)
    assert bench.peers.run(lambda: bench.witness.updates > before), "the route did not come through"
    assert peer.established and peer.notification is None


@pytest.mark.parametrize("source,asn,notifications", [("10.90.0.1", 65009, {(6, 5)}), (WITNESS, 65001, {(6, 7), (6, 5)})],
                         ids=["a stranger", "a peer that has a session"])
def test_a_thousand_connections(bench, source, asn, notifications):
    fds, rss = bench.speaker.fds(), bench.speaker.rss_kib()
    flood = [bench.peers.dial(source, asn) for _ in range(1000)]
    assert bench.peers.run(lambda: all(p.closed or p.notification for p in flood), 30)
    told = {p.notification for p in flood if p.notification}
    assert told and told <= notifications
    for peer in flood:
        bench.peers.close(peer)
    assert bench.peers.run(lambda: bench.speaker.fds() <= fds, 10)
    assert bench.speaker.rss_kib() - rss < 32 << 10


def test_a_flood_of_keepalives(bench):
    peer = bench.peers.dial("10.80.0.5", 65002)
    assert bench.established(peer)
    rss = bench.speaker.rss_kib()
    bench.peers.send(peer, message(KEEPALIVE) * 200_000)
    slowest = 0.0
    while peer.out:
        slowest = max(slowest, bench.responsive())
    assert slowest < 5
    assert bench.speaker.rss_kib() - rss < 16 << 10
    assert peer.notification is None and not peer.closed


def test_five_hundred_flapping_peers(bench):
    fds = bench.speaker.fds()
    random_order = random.Random(1)
    after = []
    for count in [500, 100, 100, 100]:
        peers = [bench.peers.dial(source, 65002) for source in sources(count, "10.80.4.1")]
        assert bench.established(*peers, limit=60)
        for i, peer in enumerate(peers):
            bench.peers.send(peer, update(f"40.{i >> 8}.{i & 255}.0/24", 65002, peer.source))
        assert bench.peers.run(lambda: not any(p.out for p in peers))
        random_order.shuffle(peers)
        for i, peer in enumerate(peers):
            if i % 3 == 0:
                bench.peers.close(peer, reset=True)
            elif i % 3 == 1:
                bench.peers.send(peer, cease())
        bench.peers.run(lambda: not any(p.out for p in peers))
        for peer in peers:
            bench.peers.close(peer)
        assert bench.peers.run(lambda: bench.speaker.fds() <= fds, 20)
        bench.responsive()
        after.append(bench.speaker.rss_kib())
    # What 500 have left free is enough for 100, again and again.
    assert after[-1] - after[0] < 4 << 10, f"flaps leave something behind: {after} KiB"
    assert "40." not in bench.speaker.ask("show route")


def test_a_full_disk_for_the_log(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)], check=True)
    try:
        with contextlib.closing(Bench(tmp_path, log=f'log "{disk}/log" all; log stderr all;')) as bench:
            def flap():
                peer = bench.peers.dial("10.80.0.6", 65002)
                assert bench.established(peer)
                bench.peers.close(peer)
                assert bench.peers.run(lambda: "10.80.0.6" not in bench.speaker.ask("show protocols all"), 20)

            flap()
            assert (disk / "log").stat().st_size > 0, "a flap gives no line of the log"
            with contextlib.suppress(OSError), open(disk / "filler", "wb", buffering=0) as filler:
                while True:
                    filler.write(b"x" * 4096)
            for _ in range(10):
                flap()
            # What the last page of the file still took was written.
            soon(lambda: "No space left on device" in bench.speaker.log() or flap())
            flap()
            assert bench.speaker.log().count("No space left on device") == 1
            (disk / "filler").unlink()
            flap()
            assert "lines of the log are lost" in (disk / "log").read_text()
            bench.unhurt()
            bench.idle()
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_no_descriptors_left(tmp_path):
    with contextlib.closing(Bench(tmp_path, limits="ulimit -n 40")) as bench:
        dialled = [bench.peers.dial(source, 65002) for source in sources(100, "10.80.2.1")]
        assert bench.peers.run(lambda: all(p.established or p.closed for p in dialled), 30)
        served = [p for p in dialled if p.established and not p.closed]
        assert 10 < len(served) < 40
        assert bench.speaker.log().count("out of file descriptors (the limit is 40)") == 1
        bench.idle(1.0)
        bench.unhurt()
        for peer in dialled:
            bench.peers.close(peer)
        again = []

        def is_served():
            if not again or again[-1].closed:
                again.append(bench.peers.dial("10.80.3.1", 65002))
            return again[-1].established

        assert bench.peers.run(is_served, 20)
        assert "10.200.0.0/24" in bench.speaker.ask("show route")
        bench.unhurt()


def test_a_control_client_that_never_reads(bench):
    bench.feed(6000)
    rss = bench.speaker.rss_kib()
    clients = []
    for _ in range(10):
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(bench.speaker.control))
        client.sendall(b"show route all\n" * 3)
        clients.append(client)
    bench.responsive()
    assert "10.200.0.0/24" in bench.speaker.ask("show route 10.200.0.0/24")
    assert bench.speaker.rss_kib() - rss < 12 << 10, "replies that nobody reads pile up"
    bench.idle()
    # One that reads after all gets everything.
    clients[0].settimeout(30)
    octets = b""
    while octets.count(b"\n0000 ") + octets.count(b"\n8001 ") < 3:
        octets += clients[0].recv(1 << 20)
    assert octets.count(b"20.0.7.0/24") == 3
    assert octets.count(b"BGP.community:") >= 3 * 6000
    for client in clients:
        client.close()


def test_noise_on_the_sockets(bench):
    noise = random.Random(2)
    rss = bench.speaker.rss_kib()
    inputs = [bytes(noise.randrange(256) for _ in range(4000)), b"\0" * 10_000, b"show route" * 20_000, b"\n" * 10_000,
              b"show route where " + b"(" * 900 + b"\n", "\u2603".encode() * 300 + b"\n", b"eval " + b"1+" * 400 + b"1\n"]
    for path in [bench.speaker.control, bench.speaker.events]:
        for octets in inputs:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(2)
                client.connect(str(path))
                with contextlib.suppress(OSError):
                    client.sendall(octets)
                    if noise.random() < 0.5:
                        client.shutdown(socket.SHUT_WR)
                        client.recv(100)
    crowd = []
    for _ in range(200):
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(bench.speaker.control))
        crowd.append(client)
    bench.responsive()
    for client in crowd:
        client.close()

    def answers():
        with contextlib.suppress(OSError):  # refused until the daemon has seen them go
            return "Daemon is up and running" in bench.speaker.ask("show status")
        return False

    assert soon(answers)
    assert bench.speaker.rss_kib() - rss < 16 << 10


def test_a_listener_of_events_that_never_reads(bench):
    bench.feed(3000)
    rss = bench.speaker.rss_kib()
    listeners = []
    for _ in range(10):
        listener = socket.socket(socket.AF_UNIX)
        listener.connect(str(bench.speaker.events))
        listeners.append(listener)
    bench.responsive()
    bench.peers.run_for(0.2)
    assert bench.speaker.rss_kib() - rss < 12 << 10, "what they do not read piles up"
    # One that reads after all gets everything.
    listeners[0].settimeout(30)
    octets = b""
    while b'"synced"' not in octets[-4096:]:
        octets += listeners[0].recv(1 << 20)
    assert octets.count(b'"20.0.7.0/24"') >= 1 and octets.count(b"\n") > 3000
    for listener in listeners:
        listener.close()


def test_a_listener_of_events_that_stops_reading_holds_nobody_up_for_long(bench):
    """Changes wait for the slowest listener, in a set: who does not read for 5 s is cut off, and the others go on."""
    deaf, reader = (socket.socket(socket.AF_UNIX) for _ in range(2))
    seen = bytearray()

    def read():
        while data := reader.recv(1 << 20):
            seen.extend(data)

    for listener in (deaf, reader):
        listener.connect(str(bench.speaker.events))
    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    rss = bench.speaker.rss_kib()
    feeder = bench.feed(6000)
    assert bench.peers.run(lambda: b'"20.23.111.0/24"' in seen, 60), "the reader waits for the deaf one"
    # Twice as many changes; each listener that reads hears of the last state.
    bench.peers.send(feeder, cease())
    assert bench.peers.run(lambda: b'"20.23.111.0/24","routes":[]' in seen, 60)
    assert bench.speaker.rss_kib() - rss < 24 << 10
    deaf.settimeout(10)
    with contextlib.suppress(ConnectionResetError):
        while deaf.recv(1 << 20):  # what was in its buffer, then the end
            pass
    reader.shutdown(socket.SHUT_RDWR)
    thread.join()
    for listener in (deaf, reader):
        listener.close()
    lines = [json.loads(line) for line in seen.splitlines() if line.endswith(b"}")]
    last = {line["prefix"]: line["routes"] for line in lines if line["type"] == "route"}
    assert sum(prefix.startswith("20.") and not routes for prefix, routes in last.items()) == 6000


def test_a_daemon_that_was_stopped_reads_before_it_judges(bench):
    """Its hold timer is over by its own clock, but what keeps the session alive is in the kernel."""
    peer = bench.peers.dial("10.80.0.7", 65002, hold=3)
    assert bench.peers.run(lambda: peer.updates > 0)
    os.kill(bench.speaker.pid, signal.SIGSTOP)
    try:
        bench.peers.run_for(4.5)
    finally:
        os.kill(bench.speaker.pid, signal.SIGCONT)
    bench.responsive()
    bench.peers.run_for(0.5)
    assert peer.notification is None and not peer.closed
