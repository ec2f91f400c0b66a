"""``expect(subject).to_...``: waits until it is true, or raises CheckFailed with the reason."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Generic, Iterable, Sequence, TypeVar, overload

from . import _catflap
from .errors import CheckFailed
from .handles import Fib, Node, Rib, Session, Sessions, Target, Targets, name_of, target_names
from .units import Time, optional_seconds, seconds

if TYPE_CHECKING:
    from typing import Any

    from ._catflap import Check, CheckResult, Running

# A ping that may not wait is still sent once.
_PING_NOW_SECONDS = 1.0

_soft_failures: list[CheckFailed] = []


def take_soft() -> list[CheckFailed]:
    """The failures that expect.soft has collected; forgets them."""
    taken = list(_soft_failures)
    _soft_failures.clear()
    return taken


def verify_soft() -> None:
    """Raises what expect.soft has collected. The pytest plugin and the end of a lab do so by themselves."""
    __tracebackhide__ = True
    failures = take_soft()
    if failures:
        raise CheckFailed.of_several(failures)


class Reason(str, Enum):
    """Why a session went down: part of the text that an end reports, case ignored."""

    HOLD_TIMER = "hold timer expired"
    BAD_PEER_AS = "bad peer as"
    CONNECTION_REFUSED = "connection refused"
    CONNECTION_CLOSED = "connection closed"
    ADMINISTRATIVE_SHUTDOWN = "administrative shutdown"
    ADMINISTRATIVE_RESET = "administrative reset"


class _How:
    """What expect() was told before the verb."""

    __slots__ = ("now", "soft")

    def __init__(self, *, soft: bool, now: bool = False) -> None:
        self.soft = soft
        self.now = now


def _decide(running: Running, check: Check, how: _How, within: Time | None, *, ping: bool = False) -> bool:
    """True if it holds; raises, or with soft collects, otherwise."""
    __tracebackhide__ = True
    if how.now and not ping:
        result = running.judge(check)
    else:
        limit = _PING_NOW_SECONDS if how.now else optional_seconds(within)
        result = running.check_all([check.timed("eventually", limit)])[0]
    return _report(result, how)


def _report(result: CheckResult, how: _How) -> bool:
    __tracebackhide__ = True
    if result.passed:
        return True
    failure = CheckFailed(result.text, result.json)
    if not how.soft:
        raise failure
    _soft_failures.append(failure)
    return False


class Held:
    """A check that held (or, with soft, may not have); more can be asked of it."""

    def __init__(self, running: Running, check: Check, how: _How, held: bool) -> None:
        self._running = running
        self._check = check
        self._how = how
        self._held = held

    def __bool__(self) -> bool:
        """False only after expect.soft: whether it held."""
        return self._held

    def stays(self, time: Time) -> None:
        """It holds now and all the time."""
        __tracebackhide__ = True
        if self._held:
            _report(self._running.check_all([self._check.timed("holds", seconds(time))])[0], self._how)


class RouteHeld(Held):
    """A route that is there. Each further condition is waited for anew, together with those before."""

    def __init__(
        self, running: Running, request: _RouteRequest, how: _How, within: Time | None, held: bool
    ) -> None:
        super().__init__(running, request.check(), how, held)
        self._request = request
        self._within = within

    def via(self, *targets: Target) -> RouteHeld:
        """Each is among the next hops: a node that has the address, or the address."""
        return self._also(via=[*self._request.via, *target_names(targets)])

    def dev(self, *interfaces: str) -> RouteHeld:
        """Each is among the interfaces of the next hops."""
        return self._also(dev=[*self._request.dev, *interfaces])

    def proto(self, name: str) -> RouteHeld:
        """Kernel: "bird", "kernel", "static"; RIB: name of the protocol or its source."""
        return self._also(proto=name)

    def metric(self, value: int) -> RouteHeld:
        return self._also(metric=value)

    def next_hops(self, count: int) -> RouteHeld:
        """How many."""
        return self._also(next_hops=count)

    def from_peer(self, peer: Target) -> RouteHeld:
        """The neighbour that sent it (of the speaker's route)."""
        return self._also(from_peer=name_of(peer))

    def as_path(self, *asns: int) -> RouteHeld:
        """Exactly this path, nearest AS first; none for an empty path."""
        return self._also(as_path=list(asns))

    def local_pref(self, value: int) -> RouteHeld:
        return self._also(local_pref=value)

    def med(self, value: int) -> RouteHeld:
        return self._also(med=value)

    def community(self, *communities: str) -> RouteHeld:
        """Each is among the route's: "65001:100"."""
        return self._also(communities=[*self._request.communities, *map(_halves, communities)])

    def _also(self, **more: Any) -> RouteHeld:
        __tracebackhide__ = True
        request = self._request.with_(**more)
        held = self._held and _decide(self._running, request.check(), self._how, self._within)
        return RouteHeld(self._running, request, self._how, self._within, held)


def _halves(community: str) -> tuple[int, int]:
    high, colon, low = community.partition(":")
    if not (colon and high.isdecimal() and low.isdecimal()):
        raise ValueError(f"'{community}' is no community; write 65001:100")
    return int(high), int(low)


class _RouteRequest:
    """The parts of a route check, to which more can be added."""

    __slots__ = (
        "absent", "as_path", "at", "communities", "dev", "from_peer", "local_pref", "med", "metric", "next_hops",
        "proto", "table", "table_kind", "to", "type", "via",
    )  # fmt: skip

    def __init__(self, **parts: Any) -> None:
        for name in self.__slots__:
            setattr(self, name, parts[name])

    def with_(self, **more: Any) -> _RouteRequest:
        return _RouteRequest(**{name: more.get(name, getattr(self, name)) for name in self.__slots__})

    def check(self) -> Check:
        return _catflap.route_check(
            [self.at], self.to, self.absent, self.table_kind, self.via, self.dev, self.proto, self.metric,
            self.next_hops, self.table, self.type, self.from_peer, self.as_path, self.local_pref, self.med,
            self.communities,
        )


S = TypeVar("S")
E = TypeVar("E", bound="Expectation[Any]")


class Expectation(Generic[S]):
    """What ``expect(subject)`` returns; the verbs are those of the subject."""

    def __init__(self, subject: S, how: _How) -> None:
        self._subject = subject
        self._how = how

    def now(self: E) -> E:
        """The verb does not wait: it must be true already."""
        return type(self)(self._subject, _How(soft=self._how.soft, now=True))

    def _held(self, running: Running, check: Check, within: Time | None, *, ping: bool = False) -> Held:
        __tracebackhide__ = True
        return Held(running, check, self._how, _decide(running, check, self._how, within, ping=ping))


class SessionExpectation(Expectation[Session]):
    def to_be_established(self, *, within: Time | None = None) -> Held:
        """At both ends."""
        __tracebackhide__ = True
        return self._state("Established", False, "", within)

    def to_leave_established(self, *, reason: Reason | str = "", within: Time | None = None) -> Held:
        """Neither end is Established. ``reason``: part of what an end reports as its last error."""
        __tracebackhide__ = True
        return self._state("Established", True, str(getattr(reason, "value", reason)), within)

    def to_be(self, state: str, *, within: Time | None = None) -> Held:
        """Idle, Connect, Active, OpenSent, OpenConfirm, as the first node reports it."""
        __tracebackhide__ = True
        return self._state(state, False, "", within)

    def _state(self, state: str, negated: bool, reason: str, within: Time | None) -> Held:
        __tracebackhide__ = True
        session = self._subject
        check = _catflap.session_check([(session.a.name, session.b.name)], state, negated, reason)
        return self._held(session.a._owner.running, check, within)


class SessionsExpectation(Expectation[Sessions]):
    def to_be_established(self, *, within: Time | None = None) -> Held:
        """All of them, at both ends."""
        __tracebackhide__ = True
        check = _catflap.session_check([], "Established", False, "")
        return self._held(self._subject._owner.running, check, within)


class TableExpectation(Expectation["Fib | Rib"]):
    def to_have(
        self,
        prefix: str,
        *,
        via: Targets | None = None,
        dev: str | Sequence[str] = (),
        proto: str = "",
        metric: int | None = None,
        next_hops: int | None = None,
        table: int | None = None,
        type: str | None = None,
        from_peer: Target | None = None,
        as_path: Iterable[int] | None = None,
        local_pref: int | None = None,
        med: int | None = None,
        community: str | Iterable[str] = (),
        within: Time | None = None,
    ) -> RouteHeld:
        """A route to exactly this prefix that is as said; what is not said may be anything.

        BGP attributes are looked up in the speaker's routes; asked of a fib, kernel and speaker must both agree.
        """
        __tracebackhide__ = True
        request = self._request(
            prefix, False, via, dev, proto, metric, next_hops, table, type, from_peer, as_path, local_pref, med,
            community,
        )
        running = self._subject.node._owner.running
        return RouteHeld(running, request, self._how, within, _decide(running, request.check(), self._how, within))

    def to_lack(
        self,
        prefix: str,
        *,
        via: Targets | None = None,
        dev: str | Sequence[str] = (),
        proto: str = "",
        metric: int | None = None,
        next_hops: int | None = None,
        table: int | None = None,
        type: str | None = None,
        from_peer: Target | None = None,
        as_path: Iterable[int] | None = None,
        local_pref: int | None = None,
        med: int | None = None,
        community: str | Iterable[str] = (),
        within: Time | None = None,
    ) -> Held:
        """No route to this prefix, or none that is as said."""
        __tracebackhide__ = True
        request = self._request(
            prefix, True, via, dev, proto, metric, next_hops, table, type, from_peer, as_path, local_pref, med,
            community,
        )
        return self._held(self._subject.node._owner.running, request.check(), within)

    def _request(
        self, prefix: str, absent: bool, via: Targets | None, dev: str | Sequence[str], proto: str,
        metric: int | None, next_hops: int | None, table: int | None, type: str | None, from_peer: Target | None,
        as_path: Iterable[int] | None, local_pref: int | None, med: int | None, community: str | Iterable[str],
    ) -> _RouteRequest:  # fmt: skip
        return _RouteRequest(
            at=self._subject.node.name,
            to=str(prefix),
            absent=absent,
            table_kind="automatic" if isinstance(self._subject, Fib) else "rib",
            via=target_names(via),
            dev=[dev] if isinstance(dev, str) else list(dev),
            proto=proto,
            metric=metric,
            next_hops=next_hops,
            table=table,
            type=type,
            from_peer=None if from_peer is None else name_of(from_peer),
            as_path=None if as_path is None else list(as_path),
            local_pref=local_pref,
            med=med,
            communities=[_halves(c) for c in ([community] if isinstance(community, str) else community)],
        )


class NodeExpectation(Expectation[Node]):
    def to_ping(
        self, target: Target, *, source: str | None = None, count: int = 1, loss_at_most: int = 0,
        within: Time | None = None,
    ) -> Held:  # fmt: skip
        """Echo requests are answered. A node as target is its first lo address, else one this node can see.

        ``loss_at_most`` is in percent, of ``count`` requests in one go.
        """
        __tracebackhide__ = True
        check = _catflap.ping_check([self._subject.name], name_of(target), source, count, loss_at_most, False)
        return self._held(self._subject._owner.running, check, within, ping=True)

    def not_to_ping(self, target: Target, *, source: str | None = None, within: Time | None = None) -> Held:
        """No echo request is answered."""
        __tracebackhide__ = True
        check = _catflap.ping_check([self._subject.name], name_of(target), source, 1, 0, True)
        return self._held(self._subject._owner.running, check, within, ping=True)

    def to_be_alive(self, *, within: Time | None = None) -> Held:
        """Its speaker runs."""
        __tracebackhide__ = True
        check = _catflap.alive_check([self._subject.name])
        return self._held(self._subject._owner.running, check, within)


def _expectation(subject: object, how: _How) -> Any:
    if isinstance(subject, Session):
        return SessionExpectation(subject, how)
    if isinstance(subject, Sessions):
        return SessionsExpectation(subject, how)
    if isinstance(subject, (Fib, Rib)):
        return TableExpectation(subject, how)
    if isinstance(subject, Node):
        return NodeExpectation(subject, how)
    raise TypeError(f"nothing can be expected of {subject!r}: give a node, a session, net.sessions, a fib or a rib")


class Expect:
    """See ``expect``."""

    @overload
    def __call__(self, subject: Node) -> NodeExpectation: ...
    @overload
    def __call__(self, subject: Session) -> SessionExpectation: ...
    @overload
    def __call__(self, subject: Sessions) -> SessionsExpectation: ...
    @overload
    def __call__(self, subject: Fib | Rib) -> TableExpectation: ...
    def __call__(self, subject: object) -> Any:
        return _expectation(subject, _How(soft=False))

    @overload
    def soft(self, subject: Node) -> NodeExpectation: ...
    @overload
    def soft(self, subject: Session) -> SessionExpectation: ...
    @overload
    def soft(self, subject: Sessions) -> SessionsExpectation: ...
    @overload
    def soft(self, subject: Fib | Rib) -> TableExpectation: ...
    def soft(self, subject: object) -> Any:
        """A failure is collected instead of raised; all of them are raised at the end of the test or lab."""
        return _expectation(subject, _How(soft=True))


expect = Expect()
