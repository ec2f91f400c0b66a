"""The pytest plugin, tried on small test suites."""

from __future__ import annotations

import json

import pytest

HOSTS = """
lab: hosts
nodes: { h1: { speaker: none }, h2: { speaker: none } }
links: [ h1 -- h2 ]
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, lab_up, hosts):
    """A folder with hosts.yaml. Skips where labs cannot run."""
    lab_up(hosts).down()
    pytester.makefile(".yaml", hosts=HOSTS)
    return pytester


def run(suite: pytest.Pytester, *options: str) -> pytest.RunResult:
    return suite.runpytest("-p", "no:cacheprovider", *options)


def test_tests_of_a_scope_share_a_lab_that_is_reset(suite: pytest.Pytester):
    suite.makepyfile(
        """
        import pytest
        from catflap import expect, s
        seen = []

        @pytest.mark.lab("hosts.yaml")
        class TestModule:
            def test_one(self, net):
                seen.append(net)
                net.down("h1 -- h2")
                expect(net["h1"]).not_to_ping("h2")
            def test_two(self, net):
                assert net is seen[0]
                expect(net["h1"]).to_ping("h2")

        @pytest.mark.lab("hosts.yaml", scope="function")
        def test_alone(net):
            assert net is not seen[0]
            assert seen[0].is_up
            seen.append(net)

        def test_gone():
            assert not seen[1].is_up

        @pytest.mark.lab("hosts.yaml", scope="class")
        class TestClass:
            def test_one(self, net):
                assert net not in seen
                seen.append(net)

        def test_class_is_over():
            assert not seen[2].is_up
        """
    )
    run(suite).assert_outcomes(passed=6)


def test_a_failure_shows_the_explanation_once(suite: pytest.Pytester):
    suite.makepyfile(
        """
        import pytest
        from catflap import expect, ms

        @pytest.mark.lab("hosts.yaml")
        def test_route(net):
            expect(net["h1"].fib).to_have("203.0.113.0/24", within=10 * ms)
        """
    )
    result = run(suite, "--junit-xml=out.xml")
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    result.stdout.fnmatch_lines(["*why the check failed (call)*", "*expected *203.0.113.0/24*"])
    assert text.count("h1's kernel has no route to") == 1
    assert "expectations.py" not in text, "the traceback ends in the test"
    evidence = (suite.path / "out.xml").read_text()
    assert "catflap.evidence" in evidence


def test_soft_failures_fail_the_test_at_its_end(suite: pytest.Pytester):
    suite.makepyfile(
        """
        import pytest
        from catflap import expect, ms

        @pytest.mark.lab("hosts.yaml")
        def test_soft(net):
            for prefix in ("203.0.113.0/24", "198.51.100.0/24"):
                expect.soft(net["h1"].fib).to_have(prefix, within=10 * ms)
            print("to the end")

        @pytest.mark.lab("hosts.yaml")
        def test_after(net):
            pass
        """
    )
    result = run(suite)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*2 checks failed*", "*to the end*"])


def test_what_the_machine_lacks_skips_with_the_reason(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CATFLAP_BIRD", "/nonexistent/bird")
    suite.makepyfile(
        """
        import catflap as lab
        import pytest

        @pytest.mark.lab(lab.chain(2), speaker="bird")
        def test_marker(net):
            pass

        def test_fixture(lab_up):
            with lab_up(lab.chain(2).with_speakers("bird")):
                pass
        """
    )
    result = run(suite, "-rs")
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(["SKIPPED*bird*"])


def test_mistakes_fail(suite: pytest.Pytester):
    suite.makefile(".yaml", bad="lab: bad\nnodes: { r1: { anounce: [] } }\n")
    suite.makepyfile(
        """
        import pytest

        @pytest.mark.lab("bad.yaml")
        def test_typing_mistake(net): pass

        @pytest.mark.lab("missing.yaml")
        def test_missing_file(net): pass

        @pytest.mark.lab("hosts.yaml", scope="week")
        def test_scope(net): pass

        def test_no_marker(net): pass
        """
    )
    result = run(suite)
    result.assert_outcomes(errors=4)
    for line in (
        "*bad.yaml:2:16: *did you mean 'announce'?*",
        "*no topology file missing.yaml in *",
        "*unknown scope 'week'*",
        "*the fixture net needs a topology*",
    ):
        result.stdout.fnmatch_lines([line])


def test_until_fail_stops_at_the_first_failure(suite: pytest.Pytester):
    suite.makepyfile(
        """
        import pytest
        rounds = []

        @pytest.mark.lab("hosts.yaml")
        def test_round(net):
            rounds.append(1)
            assert len(rounds) < 3

        def test_without_lab():
            pass
        """
    )
    result = run(suite, "--lab-until-fail=5")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*as --lab-until-fail asks*"])


def test_a_speaker_for_all_labs(suite: pytest.Pytester):
    suite.makepyfile(
        """
        import catflap as lab
        import pytest

        @pytest.mark.lab(lab.chain(2))
        def test_speaker(net):
            assert {node["speaker"] for node in net.status["nodes"]} == {"bird"}
        """
    )
    run(suite, "--lab-speaker=bird").assert_outcomes(passed=1)


def test_labs_are_gone_after_the_session(suite: pytest.Pytester, tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CATFLAP_RUN_DIR", str(tmp_path / "run"))
    suite.makepyfile(
        """
        import pytest

        @pytest.mark.lab("hosts.yaml", scope="session")
        def test_one(net):
            assert net.dir.is_dir()

        def test_forgotten(lab_up):
            lab_up("hosts.yaml")
        """
    )
    run(suite).assert_outcomes(passed=2)
    assert list((tmp_path / "run").iterdir()) == []


def test_evidence_is_json(suite: pytest.Pytester):
    suite.makepyfile(
        """
        import json
        import pytest
        import catflap
        from catflap import expect, ms

        @pytest.mark.lab("hosts.yaml")
        def test_evidence(net):
            with pytest.raises(catflap.CheckFailed) as caught:
                expect(net["h1"]).to_ping("192.0.2.99", within=30 * ms)
            with open("evidence.json", "w") as file:
                file.write(caught.value.to_json())
        """
    )
    run(suite).assert_outcomes(passed=1)
    evidence = json.loads((suite.path / "evidence.json").read_text())
    assert evidence["check"] == "ping 192.0.2.99 from h1"
    assert evidence["explanation"]["verdict"] in ("not yet", "impossible")
