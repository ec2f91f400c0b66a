"""Which peer the cases run against, the labs that they share, and the matrix at the end."""

from __future__ import annotations

import json
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "netns"), str(HERE.parent)]

import pytest  # noqa: E402

from bench import Bench  # noqa: E402
from drivers import PEERS, Self  # noqa: E402
from matrix import Matrix  # noqa: E402


def pytest_addoption(parser):
    group = parser.getgroup("interop")
    group.addoption("--peer", action="append", choices=sorted(PEERS), help="only this daemon; may be given again")
    group.addoption("--results", type=pathlib.Path, help="folder for the matrix, as text and JSON")


def pytest_generate_tests(metafunc):
    if "peer" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--peer") or list(PEERS)
        metafunc.parametrize("peer", [PEERS[name] for name in PEERS if name in chosen], ids=lambda d: d.kind,
                             scope="session")


def pytest_configure(config):
    config.stash[_matrix] = Matrix()


_matrix = pytest.StashKey[Matrix]()


@pytest.fixture(scope="session")
def peer(request):
    driver = request.param
    if driver.program() is None:
        pytest.skip(f"{driver.title} is not installed: package {driver.package}")
    assert Self.program(), "catflap-bgpd is not built: name its folder with CATFLAP_BIN"
    return driver


@pytest.fixture
def bench(peer, folders):
    """An empty bench: bench("sp") makes it. Closed at the end."""
    made = []

    def make(names: str = "sp") -> Bench:
        made.append(Bench(folders(), peer, names))
        return made[-1]
    yield make
    for each in made:
        each.close()


@pytest.fixture(scope="module")
def shared(request, peer, folders):
    """A bench for all cases of a file: the file's `shared_lab(bench)` starts it."""
    bench = Bench(folders(), peer, getattr(request.module, "SHARED_NODES", "sp"))
    try:
        request.module.shared_lab(bench)
        yield bench
    finally:
        bench.close()


@pytest.fixture(scope="session")
def folders():
    """Makes folders that daemons get to after they have given up root. pytest's own are closed to others again by each
    pytest that starts."""
    with tempfile.TemporaryDirectory(prefix="interop-") as base:
        pathlib.Path(base).chmod(0o755)

        def make() -> pathlib.Path:
            path = pathlib.Path(tempfile.mkdtemp(dir=base))
            path.chmod(0o755)
            return path
        yield make


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    item.config.stash[_matrix].add(item, outcome.get_result())


def pytest_terminal_summary(terminalreporter, config):
    matrix = config.stash[_matrix]
    if matrix:
        terminalreporter.write("\n" + matrix.text())


def pytest_sessionfinish(session):
    folder = session.config.getoption("--results")
    matrix = session.config.stash[_matrix]
    if folder and matrix:
        folder.mkdir(parents=True, exist_ok=True)
        name = "-".join(matrix.peers) if len(matrix.peers) == 1 else "all"
        (folder / f"interop-{name}.json").write_text(json.dumps(matrix.as_json(), indent=1) + "\n")
        (folder / f"interop-{name}.txt").write_text(matrix.text())
