"""The same random networks on BIRD 2 and on our speaker: equal tables, exports, counters and kernel routes in every state.

    CATFLAP_DIFFERENTIAL_SEEDS=1-200 CATFLAP_DIFFERENTIAL_ROUNDS=10 python3 -m pytest tests/interop/test_differential.py
"""

import os
import pathlib
import random
import time

import pytest

from catflap_cli import Cli, have
from differential import render, runner, world

pytestmark = pytest.mark.skipif(not have("bird"), reason="BIRD 2 (package bird2) is not installed")

ROUNDS = int(os.environ.get("CATFLAP_DIFFERENTIAL_ROUNDS", "3"))
SHRINK_FOR = float(os.environ.get("CATFLAP_DIFFERENTIAL_SHRINK", "40"))  # seconds


def seeds():
    first, _, last = os.environ.get("CATFLAP_DIFFERENTIAL_SEEDS", "1-4").partition("-")
    return range(int(first), int(last or first) + 1)


def case(seed: int) -> list[world.World]:
    rng = random.Random(seed)
    rounds = [world.make(rng, frozenset(os.environ.get("CATFLAP_DIFFERENTIAL_WITH", "").split()))]
    while len(rounds) < ROUNDS:
        rounds.append(world.change(rng, rounds[-1]))
    return rounds


def shrink(cli: Cli, rounds, found, folder: pathlib.Path):
    """The smallest case that still differs, as far as there is time."""
    deadline = time.monotonic() + SHRINK_FOR
    rounds = rounds[:found.round + 1]
    again = True
    while again and time.monotonic() < deadline:
        again = False
        for smaller in world.smaller(rounds):
            if time.monotonic() > deadline:
                break
            try:
                difference = runner.run(cli, smaller, folder, limit=6 if not any(w.kills for w in smaller) else 14)
            except AssertionError:
                continue  # a case that a daemon refuses
            if difference and difference.kind == found.kind:
                rounds, found, again = smaller[:difference.round + 1], difference, True
                break
    return rounds, found


@pytest.mark.parametrize("seed", seeds())
def test_same_configuration_same_result(cli, tmp_path, seed):
    rounds = case(seed)
    found = runner.run(cli, rounds, tmp_path)
    if not found:
        return
    smallest, difference = shrink(cli, rounds, found, tmp_path)
    text = [f"seed {seed} differs in state {found.round}:", found.text, "", "the smallest case that differs:"]
    for i, state in enumerate(smallest):
        for n in state.routers:
            text.append(f"--- state {i}, r{n}.conf\n{render.config(state, n)}")
    pytest.fail("\n".join([*text, difference.text]), pytrace=False)
