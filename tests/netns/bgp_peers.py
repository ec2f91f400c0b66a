"""Many small BGP peers in one thread, to be mean to a speaker with: raw sockets, each with its own source address."""

from __future__ import annotations

import contextlib
import errno
import os
import pathlib
import selectors
import signal
import socket
import struct
import subprocess
import time
from typing import Callable, Iterable, Optional

from catflap_cli import BIN, soon

OPEN, UPDATE, NOTIFICATION, KEEPALIVE, REFRESH = 1, 2, 3, 4, 5
HEADER = 19


def message(kind: int, body: bytes = b"") -> bytes:
    return b"\xff" * 16 + struct.pack("!HB", HEADER + len(body), kind) + body


def open_message(asn: int, hold: int, router_id: str) -> bytes:
    """With IPv4 unicast, 4-octet AS numbers and route refresh."""
    capabilities = bytes([1, 4, 0, 1, 0, 1, 65, 4]) + struct.pack("!I", asn) + bytes([2, 0])
    parameters = bytes([2, len(capabilities)]) + capabilities
    return message(OPEN, bytes([4]) + struct.pack("!HH", asn if asn < 65536 else 23456, hold)
                   + socket.inet_aton(router_id) + bytes([len(parameters)]) + parameters)


def update(prefix: str, asn: int, next_hop: str, communities: int = 0, salt: int = 0) -> bytes:
    """An announcement; `communities` of them, made from `salt`, make it long and unlike others."""
    address, length = prefix.split("/")
    octets = socket.inet_aton(address)[:(int(length) + 7) // 8]
    attributes = (bytes([0x40, 1, 1, 0]) + bytes([0x40, 2, 6, 2, 1]) + struct.pack("!I", asn)
                  + bytes([0x40, 3, 4]) + socket.inet_aton(next_hop))
    if communities:
        values = b"".join(struct.pack("!HH", salt % 65000, i) for i in range(communities))
        attributes += bytes([0xD0, 8]) + struct.pack("!H", len(values)) + values
    return message(UPDATE, struct.pack("!HH", 0, len(attributes)) + attributes + bytes([int(length)]) + octets)


def cease() -> bytes:
    return message(NOTIFICATION, bytes([6, 2]))


class Peer:
    """One connection: says OPEN, answers OPEN and KEEPALIVE, counts the rest. Use it through Peers."""

    def __init__(self, source: str, asn: int, hold: int = 90) -> None:
        self.source, self.asn, self.hold = source, asn, hold
        self.sock: Optional[socket.socket] = None
        self.established = self.closed = False
        self.reads = True  #: False: never reads anything
        self.answers = True  #: an OPEN with a KEEPALIVE
        self.received = bytearray()
        self.updates = 0
        self.last_update = 0.0
        self.notification: Optional[tuple[int, int]] = None
        self.out = bytearray()
        self.next_keepalive = 0.0

    def feed(self, octets: bytes) -> None:
        self.received += octets
        while len(self.received) >= HEADER:
            length, kind = struct.unpack_from("!HB", self.received, 16)
            if len(self.received) < length:
                return
            body = bytes(self.received[HEADER:length])
            del self.received[:length]
            if kind == OPEN and self.answers:
                self.out += message(KEEPALIVE)
            elif kind == KEEPALIVE:
                self.established = True
            elif kind == UPDATE:
                self.updates += 1
                self.last_update = time.monotonic()
            elif kind == NOTIFICATION:
                self.notification = (body[0], body[1])


class Peers:
    """Drives peers with one selector. Nothing happens but inside run() and what calls it."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.selector = selectors.DefaultSelector()
        self.all: list[Peer] = []

    def dial(self, source: str, asn: int, hold: int = 90, receive_buffer: int = 0, say_open: bool = True) -> Peer:
        peer = Peer(source, asn, hold)
        sock = socket.socket()
        sock.setblocking(False)
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.bind((source, 0))
        with contextlib.suppress(BlockingIOError):
            sock.connect((self.server, 179))
        peer.sock = sock
        if say_open:
            peer.out += open_message(asn, hold, source)
        peer.next_keepalive = time.monotonic() + hold / 3 if hold else float("inf")
        self.selector.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE, peer)
        self.all.append(peer)
        return peer

    def close(self, peer: Peer, reset: bool = False) -> None:
        if peer.sock is not None:
            if reset:
                peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if peer.sock.fileno() in self.selector.get_map():
                self.selector.unregister(peer.sock)
            peer.sock.close()
            peer.sock = None
        peer.closed = True

    def close_all(self) -> None:
        for peer in self.all:
            self.close(peer)
        self.all = []

    def send(self, peer: Peer, octets: bytes) -> None:
        peer.out += octets
        if peer.sock is not None:
            self._watch(peer)

    def run(self, until: Callable[[], object], limit: float = 30.0) -> bool:
        """Serves all until `until()`; False if it did not come true in time."""
        deadline = time.monotonic() + limit
        while not until():
            now = time.monotonic()
            if now >= deadline:
                return False
            for key, events in self.selector.select(min(0.05, deadline - now)):
                self._serve(key.data, events)
            for peer in self.all:
                if peer.established and peer.sock is not None and time.monotonic() >= peer.next_keepalive:
                    peer.next_keepalive = time.monotonic() + peer.hold / 3
                    self.send(peer, message(KEEPALIVE))
        return True

    def run_for(self, seconds: float) -> None:
        self.run(lambda: False, seconds)

    def _watch(self, peer: Peer) -> None:
        """A peer that neither reads nor has anything to say must not be ready all the time."""
        events = (selectors.EVENT_READ if peer.reads else 0) | (selectors.EVENT_WRITE if peer.out else 0)
        known = peer.sock.fileno() in self.selector.get_map()
        if events and known:
            self.selector.modify(peer.sock, events, peer)
        elif events:
            self.selector.register(peer.sock, events, peer)
        elif known:
            self.selector.unregister(peer.sock)

    def _serve(self, peer: Peer, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE and peer.out:
                sent = peer.sock.send(peer.out[:1 << 16])
                del peer.out[:sent]
            if events & selectors.EVENT_READ and peer.reads:
                octets = peer.sock.recv(1 << 18)
                if not octets:
                    return self.close(peer)
                peer.feed(octets)
        except BlockingIOError:
            pass
        except OSError as error:
            if error.errno not in (errno.EPIPE,):
                return self.close(peer)
            peer.out.clear()
        if peer.sock is not None:
            self._watch(peer)


class Speaker:
    """catflap-bgpd in the namespace of the test."""

    def __init__(self, folder: pathlib.Path, config: str, *args: str, limits: str = "") -> None:
        self.folder = folder
        self.config = folder / "bgpd.conf"
        self.config.write_text(config)
        self.control = folder / "bgpd.ctl"
        self.events = folder / "bgpd.events"
        argv = [str(BIN / "catflap-bgpd"), "-f", "-c", str(self.config), "-s", str(self.control), "--events",
                str(self.events), *args]
        if limits:
            argv = ["bash", "-c", f"{limits}; exec \"$@\"", "bgpd", *argv]
        self.stderr = open(folder / "stderr", "wb")
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=self.stderr)
        self.pid = self.process.pid
        try:
            assert soon(lambda: self.listens() or not self.alive(), 30)
            assert self.alive(), self.log()
            assert "up and running" in self.ask("show status")  # answered when it listens for peers, too
        except BaseException:
            self.stop()  # nobody else can, and it would answer the peers of the next test
            raise

    def listens(self) -> bool:
        """A socket has its name before it listens, so the name alone says nothing."""
        with socket.socket(socket.AF_UNIX) as sock:
            return sock.connect_ex(str(self.control)) == 0

    def log(self) -> str:
        return (self.folder / "stderr").read_text(errors="replace")

    def alive(self) -> bool:
        return self.process.poll() is None

    def rss_kib(self, what: str = "VmRSS") -> int:
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(what + ":"):
                return int(line.split()[1])
        return 0

    def cpu_s(self) -> float:
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def fds(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def ask(self, command: str, limit: float = 30.0) -> str:
        """One command on the control socket; the reply without the banner."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(limit)
            sock.connect(str(self.control))
            lines = sock.makefile("rb")
            lines.readline()
            sock.sendall(command.encode() + b"\n")
            out = []
            for line in lines:
                out.append(line.decode())
                if line[4:5] == b" " and line[:4].isdigit():
                    break
            return "".join(out)

    def stop(self) -> None:
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.stderr.close()


def ip(*args: str) -> None:
    subprocess.run(["ip", *args], check=True, capture_output=True, text=True)


def sources(count: int, first: str = "10.80.0.1") -> Iterable[str]:
    """Consecutive addresses."""
    start = struct.unpack("!I", socket.inet_aton(first))[0]
    return [socket.inet_ntoa(struct.pack("!I", start + i)) for i in range(count)]
