"""Topologies are values: nothing here needs a lab, or root."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import catflap as lab
import pytest
from catflap import ms, s
from catflap.units import seconds


def test_builder_makes_what_the_file_says():
    topology = lab.Topology("hello")
    r1 = topology.router("r1", 65001, announce=["203.0.113.0/24"])
    r2 = topology.router("r2", 65002, speaker="bird", timers="normal", router_id="10.9.9.9", lo=["10.2.0.1/32"])
    link = topology.link(r1, r2, interfaces=("a", "b"), subnet="192.0.2.0/31", mtu=1400, bgp=False)
    r1.peer(r2, asn=65002, passive=True, hold=9 * s, import_only=["10.2.0.0/24"])
    assert link.name == "r1:a -- r2:b"
    assert topology.nodes == ["r1", "r2"]
    assert topology.problems() == []
    assert topology == lab.loads(
        """
        lab: hello
        nodes:
          r1: { bgp: 65001, announce: [203.0.113.0/24],
                peers: { r2: { as: 65002, passive: true, hold: 9s, import-only: 10.2.0.0/24 } } }
          r2: { bgp: 65002, speaker: bird, timers: normal, router-id: 10.9.9.9, lo: 10.2.0.1/32 }
        links:
          - { ends: "r1:a -- r2:b", subnet: 192.0.2.0/31, mtu: 1400, bgp: false }
        """
    )


def test_written_and_read_back_is_equal(pair: lab.Topology):
    assert lab.loads(pair.to_yaml()) == pair
    assert lab.loads(pair.to_yaml().replace("65001", "65003")) != pair


def test_mistakes_in_a_file_have_a_place(tmp_path: Path):
    file = tmp_path / "bad.yaml"
    file.write_text("lab: x\nnodes:\n  r1: { bgp: 65001, anounce: [203.0.113.0/24] }\n  r2: { bgp: none }\n")
    with pytest.raises(lab.Error) as caught:
        lab.load(file)
    error = caught.value
    assert error.code == "invalid"
    assert error.where == lab.Place(str(file), 3, 21)
    assert str(error).startswith(f"{file}:3:21: ")
    assert "did you mean 'announce'?" in error.message
    assert f"{file}:4:" in error.message, "every mistake is told"
    assert not error.is_missing_capability


def test_a_missing_file_is_no_reason_to_skip():
    with pytest.raises(lab.Error, match="no-such.yaml") as caught:
        lab.load("no-such.yaml")
    assert not caught.value.is_missing_capability


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda t: t.router("r1", 65001, announce=["10.0.0.1/8"]), "10.0.0.1/8"),
        (lambda t: t.router("r1", 65001, speaker="quagga"), "unknown speaker 'quagga'"),
        (lambda t: t.router("r1", 65001, timers="slow"), "unknown timers 'slow'"),
        (lambda t: t.router("r1", 65001, router_id="fd00::1"), "router_id"),
        (lambda t: t.router("r1", 65001, lo=["nonsense"]), "nonsense"),
        (lambda t: t.router("r1", 65001).peer("r2", hold=-1), "between 0"),
        (lambda t: t.link("a", "b", addresses=(["x"], [])), "x"),
        (lambda t: t["r9"], "no node r9"),
    ],
)
def test_wrong_values_are_refused(build, message: str):
    with pytest.raises(lab.Error) as caught:
        build(lab.Topology())
    assert caught.value.code == "invalid"
    assert message in str(caught.value)


def test_problems_are_found_before_anything_runs():
    topology = lab.Topology("t")
    topology.link(topology.router("r1", 65001), "r7")
    assert any("r7" in problem for problem in topology.problems())
    with pytest.raises(lab.Error, match="r7"):
        lab.Lab(topology).up()


def test_shapes():
    assert lab.chain(3).links == ["r1 -- r2", "r2 -- r3"]
    assert len(lab.ring(4).links) == 4
    assert len(lab.full_mesh(4).links) == 6
    assert lab.star(3).nodes[0] == "r1"
    assert len(lab.clos(2, 3).links) == 6


def test_speakers_of_a_copy(pair: lab.Topology):
    host = pair.host("h")
    pair.link(host, "r1")
    ours = pair.with_speakers("self")
    assert ours != pair
    assert ours.with_speakers("bird").with_speakers({"r1": "self", "r2": "self"}) == ours
    assert "none" in ours.to_yaml(), "a host stays one"
    with pytest.raises(lab.Error, match="no node r9"):
        pair.with_speakers({"r9": "bird"})


def test_matrix_gives_parameters():
    topology = lab.loads("lab: m\nnodes: { r1: { bgp: 1 } }\nmatrix: { speaker: [self, bird] }\n")
    assert topology.combinations() == [("speaker=self", {"r1": "self"}), ("speaker=bird", {"r1": "bird"})]


def test_handles_need_a_lab(pair: lab.Topology):
    r1 = pair["r1"]
    with pytest.raises(lab.Error, match="is not up"):
        r1.kill()
    with pytest.raises(lab.Error, match="is not up"):
        lab.expect(r1.session("r2")).to_be_established()


def test_times():
    assert 2 * s == timedelta(seconds=2)
    assert seconds(50 * ms) == pytest.approx(0.05)
    assert seconds(3) == 3.0


def test_nothing_can_be_expected_of_a_number():
    with pytest.raises(TypeError, match="nothing can be expected of 7"):
        lab.expect(7)  # type: ignore[call-overload]


def test_a_failure_survives_pickling():
    import pickle

    failure = pickle.loads(pickle.dumps(lab.CheckFailed("✘ text", '{"why": "x"}')))
    assert failure.explanation == "✘ text"
    assert failure.evidence == {"why": "x"}


def test_several_failures_are_one():
    one = lab.CheckFailed("a", '{"check": "1"}')
    both = lab.CheckFailed.of_several([one, lab.CheckFailed("b", '{"check": "2"}')])
    assert lab.CheckFailed.of_several([one]) is one
    assert "2 checks failed" in both.explanation
    assert [failure["check"] for failure in both.evidence["failures"]] == ["1", "2"]
