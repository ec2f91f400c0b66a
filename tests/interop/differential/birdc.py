"""A client of BIRD's control socket, and what its replies say as plain values without times."""

from __future__ import annotations

import re
import select
import socket
import time


class Birdc:
    def __init__(self, path: str, limit: float = 60.0) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.limit = limit
        self.socket.connect(path)
        self.socket.setblocking(False)
        self.buffer = b""
        self.reply()

    def line(self, deadline: float) -> str:
        while b"\n" not in self.buffer:
            if not select.select([self.socket], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise TimeoutError("no answer on the control socket")
            data = self.socket.recv(1 << 16)
            if not data:
                raise ConnectionError("the control socket was closed")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode()

    def reply(self) -> list[tuple[int, str]]:
        """(code, text) of each line."""
        deadline = time.monotonic() + self.limit
        lines: list[tuple[int, str]] = []
        while True:
            line = self.line(deadline)
            if line.startswith(" "):
                lines.append((lines[-1][0], line[1:]))
            elif not line.startswith("+"):
                lines.append((int(line[:4]), line[5:]))
                if line[4:5] != "-":
                    return lines

    def __call__(self, command: str) -> list[tuple[int, str]]:
        self.socket.sendall(command.encode() + b"\n")
        return self.reply()

    def close(self) -> None:
        self.socket.close()


ROW = re.compile(r"^(?P<net>\S*)\s+(?P<dest>unicast|blackhole|unreachable|prohibited) \[(?P<proto>\S+) \S+"
                 r"(?: from (?P<from>[0-9a-f.:%a-z0-9]+))?\](?P<best> [*!])? \((?P<metric>[^)]*)\)(?P<tag>.*)$")


def routes(reply: list[tuple[int, str]]) -> dict[str, list]:
    """Of `show route all`: table and prefix to its routes, sorted; a route is a tuple of texts."""
    tables: dict[str, list] = {}
    table, net, current = "", "", None
    for code, text in reply:
        if code == 1007 and text.startswith("Table "):
            table = text.split()[1].rstrip(":")
        elif row := ROW.match(text) if code == 1007 else None:
            net = row["net"] or net
            current = [row["dest"], row["proto"], row["from"] or "", (row["best"] or "").strip(), row["metric"], row["tag"].strip()]
            tables.setdefault(f"{table} {net}", []).append(current)
        elif text.startswith("\t") and current is not None:
            current.append(text.strip())
        elif code >= 8000 and code != 8001 and text != "No valid tables":  # of a session that is just down
            raise AssertionError(f"{code} {text}")
    return {key: sorted(tuple(sorted_attributes(r)) for r in rows) for key, rows in tables.items()}


def sorted_attributes(route: list) -> list:
    """Communities are sets: their order is the daemon's own."""
    out = []
    for field in route:
        name, colon, values = field.partition(": ")
        if colon and name.startswith("BGP.") and name.endswith("community"):
            field = name + ": " + " ".join(sorted(re.findall(r"\([^)]*\)", values)))
        # Whether a link-local address was there already when a session came up is a matter of moments.
        out.append(re.sub(r" fe80::[0-9a-f:]+", "", field))
    return out[:6] + sorted(out[6:])


def protocols(reply: list[tuple[int, str]]) -> dict[str, tuple]:
    """Of `show protocols all`: name to state and the routes of each channel. Of sessions only whether they are up: one
    that the other side refuses goes through several states."""
    found: dict[str, list] = {}
    current: list = []
    for code, text in reply:
        if code == 1002:
            name, kind, table, state = text.split()[:4]
            # A session that is down was disabled, or a limit ended it.
            current = found.setdefault(name, [kind, table, "" if kind == "BGP" and state != "down" else state])
        elif text.strip().startswith(("Channel ", "State:", "Routes:", "Receive limit:", "Import limit:", "Export limit:", "Action:")):
            # Whether a limit was ever reached is a matter of what came for a moment.
            current.append(" ".join(text.replace(" [HIT]", "").split()))
        elif text.strip().startswith("BGP state:"):
            current.append("up" if "Established" in text else "not up")
    return {name: tuple(rows) for name, rows in found.items()}
