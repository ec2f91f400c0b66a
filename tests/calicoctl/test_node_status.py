"""`node status`: what it makes of BIRD's answer."""

import os

import pytest

from conftest import table

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="calicoctl wants root for it")

HEADINGS_1 = "2002-name     proto    table    state  since       info\n"
HEADINGS_2 = "2002-Name       Proto      Table      State  Since         Info\n"


def rows(*peers: str) -> str:
    return "1002-kernel1  Kernel   master   up     2016-11-21\n" + "".join(f" {p}\n" for p in peers) + "0000 \n"


def status(ctl, bird, bird6=None, *words):
    env = {"CATFLAP_BIRD_SOCKET": str(bird.path)}
    if bird6 is not None:
        env["CATFLAP_BIRD6_SOCKET"] = str(bird6.path)
    return ctl.ok(*words, "node", "status", env=env)


@needs_root
@pytest.mark.parametrize("headings", [HEADINGS_1, HEADINGS_2])
def test_the_mesh(ctl, fake_bird, headings):
    bird = fake_bird(headings + rows(
        "Mesh_172_100_102_72 BGP      master   up     11:21:07    Established",
        "Mesh_172_100_102_73 BGP      master   up     2020-03-10  Established"))
    bird6 = fake_bird(headings + rows(), "bird6.ctl")
    assert status(ctl, bird, bird6) == table("""
        Calico process is running.

        IPv4 BGP status
        +----------------+-------------------+-------+------------+-------------+
        |  PEER ADDRESS  |     PEER TYPE     | STATE |   SINCE    |    INFO     |
        +----------------+-------------------+-------+------------+-------------+
        | 172.100.102.72 | node-to-node mesh | up    | 11:21:07   | Established |
        | 172.100.102.73 | node-to-node mesh | up    | 2020-03-10 | Established |
        +----------------+-------------------+-------+------------+-------------+

        IPv6 BGP status
        No IPv6 peers found.

        """)
    assert bird.commands == ["show protocols\n"]


@needs_root
def test_without_peers(ctl, fake_bird):
    bird = fake_bird(HEADINGS_1 + rows())
    assert status(ctl, bird) == (
        "Calico process is running.\n\nIPv4 BGP status\nNo IPv4 peers found.\n\n"
        "IPv6 BGP status\nNo IPv6 peers found.\n\n")


@needs_root
def test_global_and_specific_peers(ctl, fake_bird):
    bird = fake_bird(HEADINGS_1 + rows(
        "Global_172_100_102_73 BGP      master   up     09:42:22    Established"))
    assert table("""
        +----------------+-----------+-------+----------+-------------+
        |  PEER ADDRESS  | PEER TYPE | STATE |  SINCE   |    INFO     |
        +----------------+-----------+-------+----------+-------------+
        | 172.100.102.73 | global    | up    | 09:42:22 | Established |
        +----------------+-----------+-------+----------+-------------+
        """) in status(ctl, bird)
    bird = fake_bird(HEADINGS_2 + rows(
        "Node_172_31_13_116 BGP ---      up     07:52:37    Established",
        "Node_172_31_13_28 BGP ---      up     07:54:35    Established",
        "Node_172_31_13_29 BGP ---      up     07:54:35    Established"), "bird2.ctl")
    assert status(ctl, bird) == table("""
        Calico process is running.

        IPv4 BGP status
        +---------------+---------------+-------+----------+-------------+
        | PEER ADDRESS  |   PEER TYPE   | STATE |  SINCE   |    INFO     |
        +---------------+---------------+-------+----------+-------------+
        | 172.31.13.116 | node specific | up    | 07:52:37 | Established |
        | 172.31.13.28  | node specific | up    | 07:54:35 | Established |
        | 172.31.13.29  | node specific | up    | 07:54:35 | Established |
        +---------------+---------------+-------+----------+-------------+

        IPv6 BGP status
        No IPv6 peers found.

        """)


@needs_root
def test_both_styles_of_tables(ctl, fake_bird):
    bird = fake_bird(HEADINGS_1 + rows(
        "Mesh_172_17_8_102 BGP      master   up     2016-11-21  Established",
        "Global_10_0_0_9 BGP      master   start  12:00:01    Active        Socket: Connection refused"))
    assert table("""
        +--------------+-------------------+-------+------------+--------------------------------+
        | PEER ADDRESS |     PEER TYPE     | STATE |   SINCE    |              INFO              |
        +--------------+-------------------+-------+------------+--------------------------------+
        | 172.17.8.102 | node-to-node mesh | up    | 2016-11-21 | Established                    |
        | 10.0.0.9     | global            | start | 12:00:01   | Active Socket: Connection      |
        |              |                   |       |            | refused                        |
        +--------------+-------------------+-------+------------+--------------------------------+
        """) in status(ctl, bird)
    plain = table("""
        +--------------+-------------------+-------+------------+-----------------------------------+
        | PEER ADDRESS | PEER TYPE         | STATE | SINCE      | INFO                              |
        +--------------+-------------------+-------+------------+-----------------------------------+
        | 172.17.8.102 | node-to-node mesh | up    | 2016-11-21 | Established                       |
        | 10.0.0.9     | global            | start | 12:00:01   | Active Socket: Connection refused |
        +--------------+-------------------+-------+------------+-----------------------------------+
        """)
    assert plain in status(ctl, bird, None, "--style=head")
    assert plain in status(ctl, bird, None, "--table-style", "plain")


@needs_root
def test_a_speaker_that_does_not_run(ctl, tmp_path):
    env = {"CATFLAP_BIRD_SOCKET": str(tmp_path / "none.ctl")}
    ctl.ok("node", "status", env=env,
           out="Calico process is running.\n\nThe BGP backend process (BIRD) is not running.\n\n")


@needs_root
def test_what_is_not_bird(ctl, fake_bird):
    bird = fake_bird("9001 syntax error\n0000\n")
    ctl.fails("node", "status", env={"CATFLAP_BIRD_SOCKET": str(bird.path)},
              out="Calico process is running.\n\nIPv4 BGP status\n",
              err="error executing command: unexpected output line from BIRD\n")
