"""Other daemons as the speakers of a lab: what `speaker:` and --speaker take, on plain routers."""

import pytest

from catflap_cli import BAD_INPUT, ENVIRONMENT, OK, TWO_ROUTER, soon, write

SPEAKERS = ["bird1", "frr"]
LAB = """
    lab: speakers
    nodes:
      r1: { bgp: 65001, announce: [203.0.113.0/24] }
      r2: { bgp: 65002, announce: [198.51.100.0/24] }
    links:
      - { ends: "r1:eth0 -- r2:eth0", subnet: 192.0.2.0/30 }
    """


@pytest.fixture(params=SPEAKERS)
def speaker(cli, request):
    found = {finding["what"]: finding for finding in cli("--json", "doctor").json}
    if not found[f"speaker {request.param}"]["good"]:
        pytest.skip(found[f"speaker {request.param}"]["detail"])
    return request.param


@pytest.mark.parametrize("other", ["self", "same"])
def test_plain_routers(cli, tmp_path, speaker, other):
    second = speaker if other == "same" else other
    file = write(tmp_path / "lab.yaml", LAB)
    cli("up", file, "--speaker", f"r1={speaker}", "--speaker", f"r2={second}", code=OK)
    for _ in range(2):
        cli.expect("established: r1 ~ r2", code=OK)
        cli.expect("route: { at: r1, to: 198.51.100.0/24, via: r2, as-path: [65002] }", code=OK)
        cli.expect("route: { at: r2, to: 203.0.113.0/24, via: r1, as-path: [65001] }", code=OK)
        cli.expect("ping: { from: r1, to: 198.51.100.1, source: 203.0.113.1 }", code=OK)
        cli("do", "kill: r1/speaker", code=OK)
        cli.expect("{ route: { at: r2, to: 203.0.113.0/24, absent: true }, within: 6s }", code=OK)
        cli("do", "restart: r1/speaker", code=OK)
    cli.expect("established: r1 ~ r2", code=OK)
    cli("do", "stop: r1/speaker", code=OK)
    # What it had put into the kernel it took along; zebra may need a moment longer than bgpd.
    assert soon(lambda: "198.51.100.0/24" not in cli.exec("r1", "ip", "route", code=OK).out)


def test_refused_by_name(cli, tmp_path, speaker):
    if speaker == "frr":
        told = cli("up", TWO_ROUTER, "--speaker", "frr")
        assert told.code in (BAD_INPUT, ENVIRONMENT)
        assert "frr does not read BIRD's configuration language" in told.err
    else:
        file = write(tmp_path / "lab.yaml", LAB.replace("203.0.113.0/24", '"fd01::/64"').replace(
            "192.0.2.0/30", '"fd00::/64"').replace("198.51.100.0/24", '"fd02::/64"'))
        told = cli("up", file, "--speaker", "bird1")
        assert told.code in (BAD_INPUT, ENVIRONMENT)
        assert "bird1" in told.err and "IPv6" in told.err


def test_doctor_lists_what_the_interop_suite_uses(cli):
    found = {finding["what"] for finding in cli("--json", "doctor").json}
    assert {"speaker frr", "speaker bird1", "daemon gobgp", "daemon openbgpd", "daemon exabgp"} <= found
