"""The fixtures of the command line tests."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "netns"))

from catflap_cli import Cli  # noqa: E402
import pytest  # noqa: E402


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
