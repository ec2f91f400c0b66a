"""The stub of the extension is written by hand: it must name exactly what the extension has."""

from __future__ import annotations

import ast
import inspect
import pathlib
import shutil
import subprocess
import sys

import catflap
import pytest
from catflap import _catflap

STUB = pathlib.Path(catflap.__file__).with_name("_catflap.pyi")


def public(names) -> set[str]:
    return {name for name in names if not name.startswith("_")}


def stub_members() -> dict[str, set[str]]:
    """Public names of the stub; of a class with those inside."""
    members: dict[str, set[str]] = {}
    for node in ast.parse(STUB.read_text()).body:
        if isinstance(node, ast.ClassDef):
            members[node.name] = public(item.name for item in node.body if isinstance(item, ast.FunctionDef))
        elif isinstance(node, ast.FunctionDef):
            members[node.name] = set()
    return members


def test_same_names():
    assert set(stub_members()) == public(vars(_catflap))


@pytest.mark.parametrize("name", [n for n, value in vars(_catflap).items() if inspect.isclass(value)])
def test_same_members(name: str):
    assert stub_members()[name] == public(vars(getattr(_catflap, name)))


@pytest.mark.parametrize("name", [n for n, value in vars(_catflap).items() if inspect.isbuiltin(value)])
def test_same_parameters(name: str):
    stub = next(n for n in ast.parse(STUB.read_text()).body if isinstance(n, ast.FunctionDef) and n.name == name)
    signature = (getattr(_catflap, name).__doc__ or "").splitlines()[0]
    for argument in stub.args.args:
        assert f"{argument.arg}:" in signature, signature


def test_every_public_name_is_there():
    for name in catflap.__all__:
        assert hasattr(catflap, name)


@pytest.mark.skipif(shutil.which("mypy") is None, reason="mypy is not installed")
def test_types():
    package = pathlib.Path(catflap.__file__).parent.resolve()
    result = subprocess.run(
        ["mypy", "--strict", "--python-executable", sys.executable, str(package)], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout
