"""Sees on the wire when two daemons are done with each other, so that no daemon is asked."""
import selectors
import socket
import struct
import time

from .world import Failed

ETH_P_ALL, ETH_P_IP = 0x0003, 0x0800
SO_TIMESTAMPNS = 35
UPDATE, KEEPALIVE = 2, 4


class Flow:
    """BGP messages of one direction of one connection."""

    def __init__(self):
        self.next = None
        self.buffer = b""

    def add(self, sequence, syn, payload):
        if syn:
            self.next = (sequence + 1) & 0xFFFFFFFF
            return
        if self.next is None or not payload:
            return
        ahead = (self.next - sequence) & 0xFFFFFFFF
        if ahead > len(payload):
            return  # old, or a gap: neither occurs on a veth but for retransmissions
        self.buffer += payload[ahead:]
        self.next = (sequence + len(payload)) & 0xFFFFFFFF
        while len(self.buffer) >= 19:
            length = int.from_bytes(self.buffer[16:18], "big")
            if length < 19 or len(self.buffer) < length:
                return
            yield self.buffer[18], self.buffer[19:length]
            self.buffer = self.buffer[length:]


class Sniffer:
    """Listens on an interface of the current namespace."""

    def __init__(self, interface):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind((interface, ETH_P_ALL))  # sent and received alike
        self.flows = {}
        # What the kernel stamps is wall time.
        self.wall_offset = time.time_ns() - time.monotonic_ns()
        self.keepalive, self.update = {}, {}  # source address -> CLOCK_MONOTONIC of the first

    def close(self):
        self.socket.close()

    def packet(self):
        data, extra, _, address = self.socket.recvmsg(1 << 17, 64)
        seconds, nanoseconds = struct.unpack("qq", extra[0][2])
        at = seconds * 10**9 + nanoseconds - self.wall_offset
        if address[1] != ETH_P_IP or data[9] != socket.IPPROTO_TCP:
            return
        header = (data[0] & 15) * 4
        source, destination = data[12:16], data[16:20]
        tcp = data[header:int.from_bytes(data[2:4], "big") or len(data)]
        ports, sequence, flags = tcp[:4], int.from_bytes(tcp[4:8], "big"), tcp[13]
        flow = self.flows.setdefault((source, destination, ports), Flow())
        for kind, body in flow.add(sequence, flags & 2, tcp[(tcp[12] >> 4) * 4:]):
            if kind == KEEPALIVE:
                self.keepalive.setdefault(source, at)
            elif kind == UPDATE and len(body) > 4:
                self.update.setdefault(source, at)

    def run(self, limit_s, wants_updates, check):
        """Until both sides have sent a KEEPALIVE (they confirmed the other's OPEN) and, if wanted, an UPDATE with
        content. Returns both times, the second None if it was not wanted."""
        deadline = time.monotonic() + limit_s
        with selectors.DefaultSelector() as selector:
            selector.register(self.socket, selectors.EVENT_READ)
            while len(self.keepalive) < 2 or (wants_updates and len(self.update) < 2):
                if time.monotonic() > deadline:
                    raise Failed(f"not both ends within {limit_s:g} s")
                check()
                if selector.select(0.5):
                    self.packet()
        return max(self.keepalive.values()), max(self.update.values()) if wants_updates else None
