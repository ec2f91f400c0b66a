"""The pytest plugin: marker ``lab``, fixtures ``net`` and ``lab_up``.

    @pytest.mark.lab("two-router.yaml", scope="module")
    def test_route(net):
        r1, r2 = net.nodes("r1", "r2")
        expect(r2.fib).to_have("203.0.113.0/24", via=r1)

Installed packages load it by themselves; otherwise: ``pytest -p catflap.pytest_plugin``.
"""

from __future__ import annotations

import os
import pathlib
from typing import Any, Callable, Generator, Iterator, Mapping

import pytest

from .errors import CheckFailed, Error
from .expectations import take_soft
from .labs import Lab
from .topology import Topology, load

_SCOPES: dict[str, Any] = {
    "function": pytest.Item,
    "class": pytest.Class,
    "module": pytest.Module,
    "session": pytest.Session,
}
_ROUND = "lab_round"
_labs_key = pytest.StashKey["dict[tuple[object, ...], _Shared]"]()


class _Shared:
    """A lab that the tests of a scope share, or why there is none."""

    def __init__(self, topology: Topology) -> None:
        self.error: Error | None = None
        self._bring_up(topology)

    def _bring_up(self, topology: Topology) -> None:
        self.lab = Lab(topology)
        try:
            self.lab.up()
        except Error as error:
            self.error = error

    def renew(self) -> None:
        """For the next test. A lab that cannot be repaired is replaced: one test must not fail all others."""
        if self.error is not None:
            return
        try:
            self.lab.reset()
        except Error:
            self.lab.down()
            self._bring_up(self.lab.topology)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("catflap", "network labs")
    group.addoption(
        "--lab-until-fail", type=int, default=1, metavar="N",
        help="run each test that uses a lab up to N times, and stop at the first failure",
    )
    group.addoption(
        "--lab-speaker", metavar="SPEAKER",
        help="run the labs of the marker 'lab' with this speaker in every router: self or bird",
    )  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "lab(file, scope='module', speaker=None): the topology (a file, or a Topology) of the fixture net; tests of "
        "one scope (function, class, module, session) share the lab, which is reset between them; speaker: for all "
        "routers, or by node",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    rounds = metafunc.config.getoption("--lab-until-fail")
    if rounds > 1 and {"net", "lab_up"} & set(metafunc.fixturenames):
        metafunc.fixturenames.append(_ROUND)
        metafunc.parametrize(_ROUND, range(1, rounds + 1), ids=lambda n: f"round{n}")


def _find(file: str | os.PathLike[str], request: pytest.FixtureRequest) -> pathlib.Path:
    """Beside the test, from the root of the tests, or in a folder of CATFLAP_TOPOLOGY_PATH."""
    folders = [request.path.parent, request.config.rootpath]
    folders += [pathlib.Path(f) for f in os.environ.get("CATFLAP_TOPOLOGY_PATH", "").split(":") if f]
    for folder in folders:
        if (folder / file).is_file():
            return folder / file
    looked = ", ".join(str(folder) for folder in dict.fromkeys(folders))
    raise pytest.UsageError(f"no topology file {os.fspath(file)} in {looked}")


def _speaker_key(speaker: str | Mapping[str, str] | None) -> object:
    return tuple(sorted(speaker.items())) if isinstance(speaker, Mapping) else speaker


def _shared_lab(request: pytest.FixtureRequest, marker: pytest.Mark) -> _Shared:
    def arguments(
        file: str | os.PathLike[str] | Topology, scope: str = "module", speaker: str | Mapping[str, str] | None = None
    ) -> tuple[Any, str, Any]:
        return file, scope, speaker

    file, scope, speaker = arguments(*marker.args, **marker.kwargs)
    speaker = request.config.getoption("--lab-speaker") or speaker
    if scope not in _SCOPES:
        raise pytest.UsageError(f"marker lab: unknown scope '{scope}'; there are {', '.join(_SCOPES)}")
    # A function outside of a class has its module as the next scope.
    owner = request.node.getparent(_SCOPES[scope]) or request.node.getparent(pytest.Module)
    source = file if isinstance(file, Topology) else _find(file, request)
    labs = request.config.stash.setdefault(_labs_key, {})
    key = (owner.nodeid, scope, id(source) if isinstance(source, Topology) else source, _speaker_key(speaker))
    shared = labs.get(key)
    if shared is None:
        topology = source if isinstance(source, Topology) else load(source)
        shared = labs[key] = _Shared(topology.with_speakers(speaker) if speaker else topology)

        def down() -> None:
            labs.pop(key).lab.down()

        owner.addfinalizer(down)
    else:
        shared.renew()
    return shared


def _skip_or_raise(error: Error) -> None:
    __tracebackhide__ = True
    if error.is_missing_capability:
        pytest.skip(str(error))
    raise error


@pytest.fixture
def net(request: pytest.FixtureRequest) -> Lab:
    """The lab of the marker ``lab``, up and as new."""
    marker = request.node.get_closest_marker("lab")
    if marker is None or not marker.args:
        raise pytest.UsageError("the fixture net needs a topology: @pytest.mark.lab('two-router.yaml')")
    shared = _shared_lab(request, marker)
    if shared.error is not None:
        _skip_or_raise(shared.error)
    return shared.lab


@pytest.fixture
def lab_up() -> Iterator[Callable[..., Lab]]:
    """Brings labs up: ``with lab_up(topology) as net:``; they are gone after the test at the latest.

    Skips the test where the machine lacks what the lab needs. Takes what Lab takes.
    """
    labs: list[Lab] = []

    def up(topology: Topology | str | os.PathLike[str], **options: Any) -> Lab:
        __tracebackhide__ = True
        lab = Lab(topology, **options)
        try:
            lab.up()
        except Error as error:
            _skip_or_raise(error)
        labs.append(lab)
        return lab

    yield up
    for lab in reversed(labs):
        lab.down()


def _fail_with(outcome: Any, error: BaseException) -> None:
    """Makes a hook's outcome an exception; raising in a wrapper would cut off the other wrappers."""
    if hasattr(outcome, "force_exception"):
        outcome.force_exception(error)
    else:
        outcome._excinfo = (type(error), error, error.__traceback__)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, None]:
    take_soft()
    outcome = yield
    failures = take_soft()
    if failures and outcome.excinfo is None:
        _fail_with(outcome, CheckFailed.of_several(failures))
    elif failures:
        item.add_report_section("call", "expect.soft", "\n".join(failure.explanation for failure in failures))


def _first_line_only(report: pytest.TestReport) -> None:
    """The explanation has a section of its own: the traceback shows its first line."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        crash.message = crash.message.split("\n", 1)[0]
    traceback = getattr(report.longrepr, "reprtraceback", None)
    for entry in getattr(traceback, "reprentries", []):
        lines = getattr(entry, "lines", [])
        errors = [index for index, line in enumerate(lines) if line.startswith("E  ")]
        if errors:
            entry.lines = [line for index, line in enumerate(lines) if index not in errors[1:]]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Generator[None, Any, None]:
    outcome = yield
    report = outcome.get_result()
    if call.excinfo is None or not report.failed:
        return
    error = call.excinfo.value
    if isinstance(error, CheckFailed):
        _first_line_only(report)
        report.sections.append((f"why the check failed ({report.when})", error.explanation))
        item.user_properties.append(("catflap.evidence", error.to_json()))  # for --junit-xml
    rounds = item.config.getoption("--lab-until-fail")
    if rounds > 1 and _ROUND in getattr(getattr(item, "callspec", None), "params", {}):
        item.session.shouldstop = f"a test with a lab failed ({item.nodeid}), as --lab-until-fail asks"
