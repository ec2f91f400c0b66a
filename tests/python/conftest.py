from __future__ import annotations

import catflap as lab
import pytest

pytest_plugins = ["pytester"]


@pytest.fixture
def pair() -> lab.Topology:
    """r1, which announces a prefix, and r2, both BIRD."""
    topology = lab.Topology("pair", speaker="bird")
    r1 = topology.router("r1", 65001, announce=["203.0.113.0/24"])
    r2 = topology.router("r2", 65002)
    topology.link(r1, r2)
    return topology


@pytest.fixture
def hosts() -> lab.Topology:
    """Two nodes and a link: nothing runs in them, so the lab is up in no time."""
    topology = lab.Topology("hosts")
    topology.link(topology.host("h1"), topology.host("h2"))
    return topology
