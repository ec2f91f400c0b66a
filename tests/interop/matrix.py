"""The table of cases and daemons.

Usage: matrix.py FOLDER      merges FOLDER/interop-*.json of several runs and prints the table of all
"""

from __future__ import annotations

import json
import pathlib
import sys

_ORDER = ("bird1", "bird2", "frr", "gobgp", "openbgpd", "exabgp")
_MARKS = {"passed": "ok", "failed": "FAIL", "skipped": "–"}


class Matrix:
    """case -> daemon -> (outcome, reason)."""

    def __init__(self) -> None:
        self.cells: dict[str, dict[str, tuple[str, str]]] = {}
        self.versions: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self.cells)

    @property
    def peers(self) -> list[str]:
        named = {peer for row in self.cells.values() for peer in row}
        return [peer for peer in _ORDER if peer in named]

    def add(self, item, report) -> None:
        """One phase of a pytest item; the worst counts."""
        driver = getattr(item, "callspec", None) and item.callspec.params.get("peer")
        if not driver:
            return
        if driver.kind not in self.versions:
            self.versions[driver.kind] = driver.version() if driver.program() else "not installed"
        more = [str(value) for name, value in item.callspec.params.items() if name != "peer"]
        case = " ".join([(item.function.__doc__ or item.function.__name__).splitlines()[0].rstrip(".:"), *more])
        row = self.cells.setdefault(case, {})
        if report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            row[driver.kind] = ("skipped", reason.removeprefix("Skipped: "))
        elif report.failed:
            row[driver.kind] = ("failed", "")
        elif report.when == "call" and driver.kind not in row:
            row[driver.kind] = ("passed", "")

    def text(self) -> str:
        peers = self.peers
        width = max((len(case) for case in self.cells), default=0)
        lines = ["self with " + ", ".join(f"{peer}: {self.versions.get(peer, '?')}" for peer in peers),
                 " ".join([" " * width, *(f"{peer:>8}" for peer in peers)])]
        notes: dict[str, int] = {}
        for case, row in self.cells.items():
            cells = []
            for peer in peers:
                outcome, reason = row.get(peer, ("", ""))
                mark = _MARKS.get(outcome, "")
                if outcome == "skipped":
                    mark = f"– {notes.setdefault(reason, len(notes) + 1)}"
                cells.append(f"{mark:>8}")
            lines.append(" ".join([f"{case:<{width}}", *cells]))
        lines += [f"  {number}: {reason}" for reason, number in notes.items()]
        return "\n".join(lines) + "\n"

    def as_json(self) -> dict:
        return {"versions": self.versions, "cases": {
            case: {peer: {"outcome": outcome, **({"reason": reason} if reason else {})}
                   for peer, (outcome, reason) in row.items()} for case, row in self.cells.items()}}

    def merge(self, value: dict) -> None:
        self.versions.update(value["versions"])
        for case, row in value["cases"].items():
            self.cells.setdefault(case, {}).update(
                (peer, (cell["outcome"], cell.get("reason", ""))) for peer, cell in row.items())


def main() -> None:
    matrix = Matrix()
    folder = pathlib.Path(sys.argv[1])
    for path in sorted(folder.glob("interop-*.json")):
        if path.stem != "interop-all":
            matrix.merge(json.loads(path.read_text()))
    if matrix:
        (folder / "interop-all.json").write_text(json.dumps(matrix.as_json(), indent=1) + "\n")
        (folder / "interop-all.txt").write_text(matrix.text())
        print(matrix.text(), end="")


if __name__ == "__main__":
    main()
