"""What a daemon makes of malformed and odd messages, seen from outside: by their sender and by another peer.

The messages and what the RFCs demand are bgp/malformed.json in $CATFLAP_DATA. Each comes from a neighbor of its own,
between a correct announcement of the same prefix and correct ones of others, whose arrival at the observer tells that
the message was dealt with."""
import json
import select
import socket
import struct
import time
from pathlib import Path

from .daemons import Setup
from .load import DEVICE_AS, Neighbor
from .world import Failed, World, scratch

OPEN, UPDATE, NOTIFICATION, KEEPALIVE = 1, 2, 3, 4
DEVICE, OBSERVER, DEVICE6, SENDER6 = "10.79.0.2", "10.79.0.3", "fd79::2", "fd79::1"
SUBJECT = {"ipv4": "203.0.113.0/24", "ipv6": "2001:db8:1::/48"}
BEHIND = ("198.51.100.0/24", "198.51.101.0/24")
ORIGIN, AS_PATH, NEXT_HOP, LOCAL_PREF, COMMUNITIES, MP_REACH, MP_UNREACH = 1, 2, 3, 5, 8, 14, 15


class Speaker:
    """One session: enough of BGP to send octets and to know which prefixes the other side announces."""

    def __init__(self, address, asn):
        self.asn, self.address = asn, address
        self.closed = False
        self.notification = None  # (code, subcode)
        self.established = False
        self.routes = {}  # prefix -> communities
        self.announcements = {}  # prefix -> how often
        self.buffer = b""
        self.socket = socket.socket()
        self.socket.bind((address, 0))
        try:
            self.socket.connect((DEVICE, 179))
        except OSError:
            self.closed = True
        self.send(open_message(asn, address))

    def send(self, octets):
        try:
            self.socket.sendall(octets)
        except OSError:
            self.closed = True

    def take(self):
        """What has come. Call it when the socket is readable."""
        try:
            octets = self.socket.recv(1 << 16)
        except OSError:
            octets = b""
        if not octets:
            self.closed = True
        self.buffer += octets
        while len(self.buffer) >= 19:
            length, kind = struct.unpack_from("!HB", self.buffer, 16)
            if len(self.buffer) < length:
                return
            body, self.buffer = self.buffer[19:length], self.buffer[length:]
            if kind == OPEN:
                self.send(message(KEEPALIVE))
            elif kind == KEEPALIVE:
                self.established = True
            elif kind == NOTIFICATION:
                self.notification = (body[0], body[1])
            elif kind == UPDATE:
                self.learn(body)

    def learn(self, body):
        withdrawn = struct.unpack_from("!H", body)[0]
        size = struct.unpack_from("!H", body, 2 + withdrawn)[0]
        begin = 4 + withdrawn
        attributes = dict(split_attributes(body[begin:begin + size]))
        gone = prefixes(body[2:2 + withdrawn], socket.AF_INET)
        come = prefixes(body[begin + size:], socket.AF_INET)
        unreach = attributes.get(MP_UNREACH, b"")
        if unreach[:3] == b"\0\2\1":
            gone += prefixes(unreach[3:], socket.AF_INET6)
        reach = attributes.get(MP_REACH, b"")
        if reach[:3] == b"\0\2\1":
            come += prefixes(reach[5 + reach[3]:], socket.AF_INET6)
        for prefix in gone:
            self.routes.pop(prefix, None)
        for prefix in come:
            self.routes[prefix] = attributes.get(COMMUNITIES, b"")
            self.announcements[prefix] = self.announcements.get(prefix, 0) + 1

    def close(self):
        self.socket.close()
        self.closed = True


def message(kind, body=b""):
    return b"\xff" * 16 + struct.pack("!HB", 19 + len(body), kind) + body


def open_message(asn, router_id):
    """4-octet AS numbers, IPv4 and IPv6 unicast, refresh and enhanced refresh; 240 s."""
    capabilities = bytes([1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1, 2, 0, 70, 0, 65, 4]) + struct.pack("!I", asn)
    parameters = bytes([2, len(capabilities)]) + capabilities
    return message(OPEN, struct.pack("!BHH", 4, asn, 240) + socket.inet_aton(router_id) + bytes([len(parameters)])
                   + parameters)


def split_attributes(octets):
    while len(octets) >= 3:
        extended = octets[0] & 0x10
        length = struct.unpack_from("!H", octets, 2)[0] if extended else octets[2]
        begin = 4 if extended else 3
        yield octets[1], octets[begin:begin + length]
        octets = octets[begin + length:]


def prefixes(octets, family):
    found, width = [], 4 if family == socket.AF_INET else 16
    while octets:
        size = (octets[0] + 7) // 8
        found.append(f"{socket.inet_ntop(family, octets[1:1 + size].ljust(width, bytes(1)))}/{octets[0]}")
        octets = octets[1 + size:]
    return found


def announcement(prefix, sender, internal):
    """Correct in every respect."""
    family = socket.AF_INET6 if ":" in prefix else socket.AF_INET
    address, _, length = prefix.partition("/")
    nlri = bytes([int(length)]) + socket.inet_pton(family, address)[:(int(length) + 7) // 8]
    path = b"" if internal else struct.pack("!BBI", 2, 1, sender.asn)
    attributes = bytes([0x40, ORIGIN, 1, 0, 0x40, AS_PATH, len(path)]) + path
    if family == socket.AF_INET:
        attributes += bytes([0x40, NEXT_HOP, 4]) + socket.inet_aton(sender.address)
    if internal:
        attributes += bytes([0x40, LOCAL_PREF, 4]) + struct.pack("!I", 100)
    if family == socket.AF_INET6:
        reach = b"\0\2\1\x10" + socket.inet_pton(family, SENDER6) + b"\0" + nlri
        attributes += bytes([0x80, MP_REACH, len(reach)]) + reach
        nlri = b""
    return message(UPDATE, struct.pack("!HH", 0, len(attributes)) + attributes + nlri)


class Court:
    """A daemon with a neighbor for each case and an observer. Starts it again when it has died."""

    def __init__(self, bench, daemon, cases):
        self.bench, self.daemon, self.cases = bench, daemon, cases
        self.neighbors = [Neighbor(number, asn=DEVICE_AS if case["peer"] == "ibgp" else 65001)
                          for number, case in enumerate(cases)]
        for number, neighbor in enumerate(self.neighbors):
            neighbor.address = f"10.79.{2 if neighbor.asn == DEVICE_AS else 1}.{number + 2}"
        observer = Neighbor(len(cases), asn=65003)
        observer.address = OBSERVER
        self.setup = Setup([*self.neighbors, observer], local=DEVICE, ipv6=True)
        self.world = self.observer = None

    def __enter__(self):
        self.folder = scratch()
        self.world = World(self.folder.name)
        try:
            self.world.__enter__()
            dut, peers = self.world.names
            World.ip([f"addr add {DEVICE}/16 dev {World.DEVICE}", f"addr add {DEVICE6}/64 dev {World.DEVICE} nodad"], dut)
            World.ip([f"addr add {OBSERVER}/16 dev {World.PEERS_LINK}", f"addr add {SENDER6}/64 dev {World.PEERS_LINK} nodad",
                      f"route add local 10.79.1.0/24 dev {World.PEERS_LINK}",
                      f"route add local 10.79.2.0/24 dev {World.PEERS_LINK}"], peers)
            self.world.start(self.daemon.commands(self.setup, Path(self.folder.name)))
            self.observer = self.establish(OBSERVER, 65003)
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        if self.observer:
            self.observer.close()
        self.world.__exit__()
        self.folder.cleanup()

    def establish(self, address, asn):
        deadline = time.monotonic() + self.bench.limit_s
        while True:
            with open("/proc/self/ns/net", "rb") as home:  # a socket belongs to the namespace in which it was made
                self.world.enter(1)
                try:
                    speaker = Speaker(address, asn)
                finally:
                    self.world.enter_file(home)
            self.serve(lambda speaker=speaker: speaker.established or speaker.closed, speaker)
            if speaker.established:
                return speaker
            speaker.close()
            self.world.check_alive()
            if time.monotonic() > deadline:
                raise Failed(f"no session with {address}")
            time.sleep(0.02)  # a daemon that has just started does not listen yet, or not to everybody

    def serve(self, until, *speakers):
        """False if it did not come true in time."""
        deadline = time.monotonic() + self.bench.limit_s
        while not until():
            left = deadline - time.monotonic()
            listening = [s for s in (*speakers, self.observer) if s and not s.closed]
            if left <= 0 or not listening:
                return bool(until())
            for ready in select.select([s.socket for s in listening], [], [], min(left, 0.2))[0]:
                next(s for s in listening if s.socket is ready).take()
        return True

    def alive(self):
        return all(process.alive() for process in self.world.processes) and not self.observer.closed

    def reaction(self, case, neighbor):
        """In the words of `demand`."""
        internal, subject = case["peer"] == "ibgp", SUBJECT[case["family"]]
        self.observer.send(message(KEEPALIVE))
        sender = self.establish(neighbor.address, neighbor.asn)
        try:
            sender.send(announcement(subject, sender, internal))
            if not self.serve(lambda: subject in self.observer.routes, sender):
                raise Failed("the observer is not told of a correct route")
            before = self.observer.announcements[subject]
            sender.send(bytes.fromhex(case["hex"]))
            for prefix in BEHIND:  # the second leaves the daemon after all that the message caused
                sender.send(announcement(prefix, sender, internal))
                self.serve(lambda prefix=prefix: prefix in self.observer.routes or sender.closed or not self.alive(), sender)
            if not self.alive():
                return "crash"
            if sender.notification:
                return "reset %d/%d" % sender.notification
            if sender.closed:
                return "close"
            if BEHIND[1] not in self.observer.routes:
                return "the session is dead"
            if subject not in self.observer.routes:
                return "withdraw"
            mark = struct.pack("!HH", 65001, case["id"])
            if mark in self.observer.routes[subject]:
                return "accept"
            return "ignore" if self.observer.announcements[subject] == before else "accept, community lost"
        finally:
            sender.close()

    def clean(self):
        """True when nothing of the last case is left."""
        return self.alive() and self.serve(lambda: not self.observer.routes) and self.alive()


def satisfies(reaction, demand):
    return (reaction == demand or (demand == "discard" and reaction == "accept")
            or (demand in ("reset", "disable family") and reaction.startswith("reset ")))


def answers(bench, daemon):
    """How many of the messages are answered as the RFCs demand, in percent of those that concern the daemon."""
    if not bench.malformed:
        raise Failed("skipped: no data/bgp/malformed.json")
    cases = [case for case in json.loads(bench.malformed.read_text())["cases"] if daemon.ipv6 or case["family"] == "ipv4"]
    right, crashes, wrong = 0, 0, []
    court = None
    try:
        for number, case in enumerate(cases):
            if court is None:
                court = Court(bench, daemon, cases).__enter__()
            reaction = court.reaction(case, court.neighbors[number])
            if any(satisfies(reaction, demand) for demand in case["demand"]):
                right += 1
            else:
                wrong.append(f"{case['name']} ({case['peer']}): {reaction}, not {' or '.join(case['demand'])}")
            crashes += reaction == "crash"
            if not court.clean():
                court.__exit__()
                court = None
    finally:
        if court:
            court.__exit__()
    return {"right_percent": 100 * right / len(cases), "messages": len(cases), "crashes": crashes, "wrong": wrong}
