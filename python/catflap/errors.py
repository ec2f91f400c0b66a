"""What goes wrong: errors of the machine or the input, and checks that fail."""

from __future__ import annotations

import json
from typing import Any, NamedTuple, Sequence


class Place(NamedTuple):
    """A place in a file; 0 where a part is not known."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        parts = [self.file] + [str(number) for number in (self.line, self.column) if number]
        return ":".join(part for part in parts if part)


class Error(Exception):
    """Bad input, a missing privilege or program, a system that refused.

    ``code`` is one of invalid, not_found, exists, denied, timeout, protocol, io, conflict and unsupported.
    """

    __module__ = "catflap"  # where users find it

    def __init__(self, code: str, message: str, where: Place | None = None) -> None:
        super().__init__(code, message, where)
        self.code = code
        self.message = message
        self.where = where

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message

    @property
    def is_missing_capability(self) -> bool:
        """The machine lacks something (root, a program, a kernel feature): a test should skip, not fail."""
        return self.code in ("denied", "not_found", "unsupported")


class CheckFailed(AssertionError):
    """A check that did not hold, and why."""

    __module__ = "catflap"

    def __init__(self, explanation: str, evidence_json: str) -> None:
        super().__init__(explanation)
        self.explanation = explanation
        self._json = evidence_json

    @property
    def evidence(self) -> dict[str, Any]:
        """Everything known of the failure: expected, found, why, cause, quotes, ladder, timeline."""
        evidence: dict[str, Any] = json.loads(self._json)
        return evidence

    def to_json(self) -> str:
        """The evidence as one JSON object."""
        return self._json

    def __reduce__(self) -> tuple[type[CheckFailed], tuple[str, str]]:
        return type(self), (self.explanation, self._json)

    @classmethod
    def of_several(cls, failures: Sequence[CheckFailed]) -> CheckFailed:
        """One failure for all that ``expect.soft`` collected; its evidence is ``{"failures": [...]}``."""
        if len(failures) == 1:
            return failures[0]
        text = f"{len(failures)} checks failed\n" + "\n".join(failure.explanation for failure in failures)
        return cls(text, json.dumps({"failures": [failure.evidence for failure in failures]}))
