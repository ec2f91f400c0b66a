"""A connection to a control socket, octet by octet."""

from __future__ import annotations

import pathlib
import socket


class Control:
    """A connection to a control socket."""

    def __init__(self, path: pathlib.Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.socket.settimeout(20)
        self.pending = b""
        self.welcome = self.line()

    def line(self) -> str:
        while b"\n" not in self.pending:
            got = self.socket.recv(65536)
            if not got:
                raise EOFError(self.pending.decode())
            self.pending += got
        line, self.pending = self.pending.split(b"\n", 1)
        return line.decode()

    def reply(self) -> str:
        """Up to its last line: a code, a blank."""
        lines = []
        while True:
            lines.append(self.line())
            if lines[-1][:4].isdigit() and lines[-1][4:5] == " ":
                return "\n".join(lines) + "\n"

    def ask(self, command: str) -> str:
        self.socket.sendall(command.encode() + b"\n")
        return self.reply()

    def __enter__(self) -> "Control":
        return self

    def __exit__(self, *_) -> None:
        self.socket.close()
