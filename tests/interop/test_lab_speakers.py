"""Other daemons as the speakers of a lab: what `speaker:` and --speaker take, on plain routers."""

import pytest

from catflap_cli import BAD_INPUT, ENVIRONMENT, OK, TWO_ROUTER, soon, write

SPEAKERS = ["bird1", "frr", "gobgp", "openbgpd"]
NO_KERNEL = ["gobgp", "openbgpd"]  # write no kernel routes
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
    if speaker in NO_KERNEL and other == "same":
        pytest.skip(f"two of {speaker} wait long before they connect")
    second = speaker if other == "same" else other
    rib = ", in: rib" if speaker in NO_KERNEL else ""
    file = write(tmp_path / "lab.yaml", LAB)
    cli("up", file, "--speaker", f"r1={speaker}", "--speaker", f"r2={second}", code=OK)
    for _ in range(2):
        cli.expect("established: r1 ~ r2", code=OK)
        cli.expect(f"route: {{ at: r1, to: 198.51.100.0/24, via: r2, as-path: [65002]{rib} }}", code=OK)
        cli.expect("route: { at: r2, to: 203.0.113.0/24, via: r1, as-path: [65001] }", code=OK)
        if not rib:
            cli.expect("ping: { from: r1, to: 198.51.100.1, source: 203.0.113.1 }", code=OK)
        cli("do", "kill: r1/speaker", code=OK)
        cli.expect("{ route: { at: r2, to: 203.0.113.0/24, absent: true }, within: 6s }", code=OK)
        cli("do", "restart: r1/speaker", code=OK)
    cli.expect("established: r1 ~ r2", code=OK)
    cli("do", "stop: r1/speaker", code=OK)
    # What it had put into the kernel it took along; zebra may need a moment longer than bgpd.
    assert soon(lambda: "198.51.100.0/24" not in cli.exec("r1", "ip", "route", code=OK).out)


OWN_LANGUAGE = {
    "gobgp": """
[global.config]
  as = 65001
  router-id = "192.0.2.1"
[[neighbors]]
  [neighbors.config]
    neighbor-address = "192.0.2.2"
    peer-as = 65002
""",
    "openbgpd": """
AS 65001
router-id 192.0.2.1
fib-update no
nexthop qualify via default
network 203.0.113.0/24
neighbor 192.0.2.2 { remote-as 65002 }
allow from any
allow to any
""",
}


@pytest.mark.parametrize("name", OWN_LANGUAGE)
def test_a_configuration_of_its_own(cli, tmp_path, name):
    """`config:` names a file in the daemon's own language."""
    found = {finding["what"]: finding for finding in cli("--json", "doctor").json}
    if not found[f"speaker {name}"]["good"]:
        pytest.skip(found[f"speaker {name}"]["detail"])
    write(tmp_path / "own.conf", OWN_LANGUAGE[name])
    write(tmp_path / "r2.conf", "router id 192.0.2.2; protocol device { } protocol static { ipv4; route 198.51.100.0/24 "
          "blackhole; } protocol bgp r1 { local 192.0.2.2 as 65002; neighbor 192.0.2.1 as 65001; "
          "ipv4 { import all; export all; }; }\n")
    file = write(tmp_path / "lab.yaml", f"""
        lab: own
        nodes:
          r1: {{ config: own.conf, speaker: {name} }}
          r2: {{ config: r2.conf }}
        links:
          - {{ ends: "r1:eth0 -- r2:eth0", addresses: [192.0.2.1/30, 192.0.2.2/30], bgp: false }}
        """)
    cli("up", file, code=OK)
    cli.expect("route: { at: r1, to: 198.51.100.0/24, as-path: [65002], in: rib }", code=OK)


def test_refused_by_name(cli, tmp_path, speaker):
    if speaker in NO_KERNEL:
        pytest.skip("takes configurations in its own language")
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
    assert {"speaker frr", "speaker bird1", "speaker gobgp", "speaker openbgpd", "daemon exabgp"} <= found
