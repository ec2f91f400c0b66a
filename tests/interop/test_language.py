"""Our reading of BIRD's language beside BIRD's own: what is refused, and what filters do.

CATFLAP_LANGUAGE_CASES: how many random filters of each dialect (300); CATFLAP_LANGUAGE_SEED: the first one (0).
"""

from __future__ import annotations

import concurrent.futures
import os
import pathlib
import re
import subprocess

import pytest

from language import evaluation, snippets
from language.daemons import BIRD1_4, BIRD1_6, BIRD2, ROOT, Dialect, check, ours
from language.exceptions import EXCEPTIONS, exception_for
from language.generator import Generator, Program, shrink

CASES = int(os.environ.get("CATFLAP_LANGUAGE_CASES", "300"))
SEED = int(os.environ.get("CATFLAP_LANGUAGE_SEED", "0"))
BATCH = 100


@pytest.fixture(params=[BIRD2, BIRD1_4, BIRD1_6], ids=lambda dialect: dialect.name)
def dialect(request) -> Dialect:
    if request.param.missing:
        pytest.skip(f"skipped: {request.param.missing}")
    return request.param


@pytest.fixture(scope="module", autouse=True)
def link() -> None:
    """An interface for the gateways of static routes."""
    for command in ("link add ve0 type veth peer name ve1", "address add 10.99.0.1/24 dev ve0",
                    f"address add {evaluation.in_ipv6('10.99.0.1/24')} dev ve0 nodad", "link set ve0 up",
                    "link set ve1 up"):
        subprocess.run(["ip", *command.split()], check=False)  # there already in a second run by hand


def pieces_of(dialect: Dialect) -> list[tuple[str, str]]:
    return list(snippets.bird2() if dialect is BIRD2 else snippets.bird1(4 if dialect is BIRD1_4 else 6))


def test_what_is_refused(dialect: Dialect, tmp_path: pathlib.Path) -> None:
    """Both take or both refuse each piece, but for named exceptions; one that nothing differs by must not be named."""
    pieces = pieces_of(dialect)

    def judge(index: int) -> tuple[tuple[bool, str], tuple[bool, str]]:
        path = tmp_path / f"{index}.conf"
        path.write_text(pieces[index][1])
        return check([str(dialect.bird)], path), check(ours(dialect), path)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        verdicts = list(pool.map(judge, range(len(pieces))))
    wrong, used = [], set()
    for (name, _), (theirs, mine) in zip(pieces, verdicts):
        exception = exception_for(name, dialect)
        if theirs[0] == mine[0]:
            continue
        used.add(exception)
        if exception is None:
            wrong.append(f"{name}\n    BIRD: {theirs[1] or 'fine'}\n    ours: {mine[1] or 'fine'}")
    assert not wrong, f"{len(wrong)} of {len(pieces)}:\n" + "\n".join(wrong)
    unused = [one[1] for one in EXCEPTIONS if dialect.name in one[0] and one not in used]
    assert not unused, f"exceptions that are none: {unused}"


def test_refusals_name_their_place(dialect: Dialect, tmp_path: pathlib.Path) -> None:
    """What we refuse is refused with line and column."""
    path = tmp_path / "bird.conf"
    for name, text in pieces_of(dialect)[::7]:
        path.write_text(text)
        accepted, said = check(ours(dialect), path)
        assert accepted or re.match(rf"catflap-bgpd: {re.escape(str(path))}:\d+:\d+: \S", said), f"{name}: {said}"


@pytest.mark.parametrize("path", sorted((ROOT / "bird-configs" / "samples").glob("*.conf")), ids=lambda path: path.stem)
def test_samples(path: pathlib.Path) -> None:
    """The configurations that we show run as they are on BIRD and on ours; each says what it shows."""
    first = path.read_text().splitlines()[0]
    assert re.match(r"# An? \S", first), first
    tongue = BIRD1_4 if "BIRD 1.6:" in path.read_text() else BIRD2
    if tongue.missing:
        pytest.skip(f"skipped: {tongue.missing}")
    assert check([str(tongue.bird)], path) == (True, "")
    assert check(ours(tongue), path) == (True, "")


def test_what_filters_do(dialect: Dialect, tmp_path: pathlib.Path) -> None:
    """Random filters print, accept and change alike."""
    refused = 0
    for first in range(SEED, SEED + CASES, BATCH):
        programs: list[Program] = []
        for seed in range(first, min(first + BATCH, SEED + CASES)):
            program = Generator(seed, dialect.version).program()
            path = tmp_path / "bird.conf"
            path.write_text(evaluation.config([program], dialect))
            theirs, why = check([str(dialect.bird)], path)
            mine, what = check(ours(dialect), path)
            assert theirs == mine, f"seed {seed}: BIRD: {why or 'fine'}, ours: {what or 'fine'}\n{program.text()}"
            if theirs:
                programs.append(program)
            else:
                refused += 1
        found = evaluation.compare(dialect, tmp_path, programs)
        if found:
            name = sorted(found)[0]
            worst = shrink(next(p for p in programs if p.name == name),
                           lambda p: name in differences(dialect, tmp_path, p))
            pytest.fail(f"{len(found)} of {len(programs)} differ: {sorted(found)}\n{worst.text()}\n"
                        f"{differences(dialect, tmp_path, worst)[name]}")
    assert refused < CASES / 5, "the generator writes too much that BIRD refuses"


def differences(dialect: Dialect, folder: pathlib.Path, program: Program) -> dict[str, str]:
    """Of one program; one that a daemon refuses shows none."""
    path = folder / "bird.conf"
    path.write_text(evaluation.config([program], dialect))
    if not check([str(dialect.bird)], path)[0] or not check(ours(dialect), path)[0]:
        return {}
    return evaluation.compare(dialect, folder, [program])
