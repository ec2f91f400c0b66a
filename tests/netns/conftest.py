"""Fixtures of the tests that drive the command line; exit code 77 if every test was skipped."""

import pathlib

import pytest

from catflap_cli import Cli


@pytest.fixture
def run_dir(tmp_path: pathlib.Path) -> pathlib.Path:
    """A folder for the state of labs that nobody else uses."""
    path = tmp_path / "run"
    path.mkdir()
    return path


@pytest.fixture
def cli(run_dir: pathlib.Path):
    """The command line, with a state folder of its own; labs left up are taken down at the end."""
    tool = Cli(run_dir)
    yield tool
    tool.close()


def pytest_sessionfinish(session, exitstatus):
    """CTest shows a file as skipped, not as passed, if nothing in it could run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    stats = reporter.stats if reporter else {}
    if exitstatus == 0 and stats.get("skipped") and not stats.get("passed"):
        for report in stats["skipped"]:
            print("\nskipped:", report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        session.exitstatus = 77
