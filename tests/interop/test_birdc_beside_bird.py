"""The same lab with BIRD 2.0.12 and with our speaker as rr, asked by Debian's birdc: the same answers. For what the
recorded transcripts do not have: limits, roles, host names, every option of show route,
what is refused and how."""

import shlex
import subprocess

import pytest

from catflap_cli import have
from test_birdc_transcripts import BIRD1, TRANSCRIPTS, Lab, blocks, known_state

pytestmark = [
    pytest.mark.skipif(not have("bird", "birdc"), reason="BIRD 2 (package bird2) is not installed"),
    pytest.mark.skipif(not (BIRD1 / "bird").exists(), reason="BIRD 1.6 is not in build/peers: ci/install-deps"),
    pytest.mark.skipif(not TRANSCRIPTS.is_dir(), reason="no configurations of the lab: set CATFLAP_DATA"),
]

CHANGES = [
    ('description "client one";', 'description "client one"; advertise hostname on;'),
    ("import keep filtered on;", "import keep filtered on; receive limit 500 action disable; export limit 900 action block; "
     "import limit 2 action warn;"),
    ("ttl security on; allow local as 1;", "ttl security on; allow local as 1; local role provider;"),
]

COMMANDS = """
show protocols all c1|show protocols all tor|show protocols all device1|show protocols "?1"|show protocols all "zz*"
show route export c1 count|show route noexport c1|show route noexport k4|show route noexport s4
show route filtered primary|show route count protocol c1 primary|show route 192.168.9.0/24 count|show route table master4 export tor6
show route table master6 10.70.1.0/24|show route table r4 export tor|show route for 10.70.1.9 table r4|show route import table c1.ipv4
show route import table c1|show route import table c1.ipv9|show static|show static c1|show static nosuch|show rip neighbors|show rip
show babel interfaces|show ospf neighbors|show interfaces bla|show symbols filter|show symbols table|show symbols c1|show symbols zzz
show symbols function|eval 1/0|eval "a"|eval 10.0.0.1|eval|echo|echo {}|echo off|echo {trace,info}|echo {bla}|echo all 100|echo all 70000
echo { all }|debug all off|debug zz all|debug c1 all|debug c1 { states, routes }|debug "c*" off|mrtdump c1 off|dump resources|dump sockets
dump interfaces|dump neighbors|dump attributes|dump filter all|dump events|dump|dump bla|mrt dump table zz|mrt dump table master4|mrt|mrt dump
reload "zz"|configure soft "/nonexist"|configure status|configure confirm|show route exported tor|show route export tor.ipv4 count
show route export tor.ipv9|show route export c1 preexport c2|show route protocol c1 protocol c2|show route 10.0.0.0/8 11.0.0.0/8
show route table master4 table master6 count|show route table all primary|show route where bla|show route for fd72::1 protocol c1
show route in 10.70.0.0/16 protocol c1 count|show route count all|show route table nonsense count|show route import table tor.ipv6
show route import table tor.ipv4 count|show route import table tor.ipv4 10.81.0.0/16 all|show route export table tor.ipv4 all where net.len=16
show status extra|disable|configure bla|reload|graceful|down now|show interfaces summary x|show|show route noexport tor count
show bfd sessions c1|show bfd sessions nosuch|show mpls|show radv|show route for 10.70.1.2 table master4 table master6
show route filter imp_tor|show route stats protocol c1|show route all table all primary for 10.70.1.1|show route where bgp_med = 50 count
"""

# The end of the same answer; the rest is in words of our own, which say more.
OWN_WORDS = {
    "eval 1/0": "division by zero",
    "show route where bla": "symbol 'bla' is not defined",
}
# Filters are not run over origin authorizations: what BIRD shows of them here is left out.
WITHOUT_ROAS = ["show route filter imp_tor"]


@pytest.fixture(scope="module")
def labs(tmp_path_factory):
    found = {}
    try:
        for own in ["rr", "none"]:
            found[own] = Lab(tmp_path_factory.mktemp(own), own, CHANGES, [("local 10.70.3.2 as 65001;", "local 10.70.3.2 as "
                                                                          "65001; local role customer;")])
        yield {"ours": found["rr"].daemons["rr"], "bird": found["none"].daemons["rr"]}
    finally:
        for lab in found.values():
            lab.close()


@pytest.mark.parametrize("command", [c for line in COMMANDS.strip().splitlines() for c in line.split("|")])
def test_same(labs, command):
    if command in OWN_WORDS:
        ours, bird = (daemon.ask(command) for daemon in [labs["ours"], labs["bird"]])
        assert ours.startswith("9001 ") and bird.startswith("9001 ") and OWN_WORDS[command] in ours
        return
    ours, bird = (blocks(command, known_state("", command, daemon.ask(command))) for daemon in [labs["ours"], labs["bird"]])
    if command in WITHOUT_ROAS:
        roas = next(i for i, block in enumerate(bird) if " Table r4:" in block)
        del bird[roas - 1:roas + 1]
    assert ours == bird


@pytest.mark.parametrize("command", ["show status", "show protocols", "show route 192.168.9.0/24 all", "show interfaces summary"])
def test_same_through_birdc(labs, command):
    ours, bird = (subprocess.run(["birdc", "-v", "-s", str(daemon.socket), *shlex.split(command)], text=True,
                                 capture_output=True, timeout=20) for daemon in [labs["ours"], labs["bird"]])
    assert blocks(command, known_state("", command, ours.stdout)) == blocks(command, known_state("", command, bird.stdout))
    assert ours.returncode == bird.returncode
