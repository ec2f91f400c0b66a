"""catflap calico convert: what calicoctl prints, without a datastore."""

import json
import os
import pathlib

import pytest

from catflap_cli import BAD_INPUT, OK, Cli

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("CATFLAP_DATA", ROOT.parent / "shared" / "data")) / "convert"

PEER = "{apiVersion: v1, kind: bgpPeer, metadata: {scope: node, node: Node1, peerIP: 1.2.3.4}, spec: {asNumber: 1.10}}\n"


@pytest.fixture
def cli(tmp_path: pathlib.Path):
    tool = Cli(tmp_path)
    yield tool
    tool.close()


def test_one_resource_alone(cli, tmp_path):
    file = tmp_path / "peer.yaml"
    file.write_text(PEER)
    result = cli("calico", "convert", file, code=OK)
    assert (result.out, result.err) == (
        "apiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata:\n  creationTimestamp: null\n  name: node1.1-2-3-4\n"
        "spec:\n  asNumber: 65546\n  node: node1\n  peerIP: 1.2.3.4\n", "")


def test_errors_tell_the_place(cli, tmp_path):
    file = tmp_path / "peer.yaml"
    file.write_text("apiVersion: v1\nkind: bgpPeer\nmetadata:\n  scope: global\n  peerIP: 1.2.3\n")
    result = cli("calico", "convert", file, code=BAD_INPUT)
    assert result.out == ""
    assert f"{file}:5:11: " in result.err
    file.write_text("# nothing\n")
    assert "no resources specified in file" in cli("calico", "convert", file, code=BAD_INPUT).err


def test_samples(cli):
    if not (DATA / "files.json").exists():
        pytest.skip("skipped: no data; set CATFLAP_DATA")
    for case in json.loads((DATA / "files.json").read_text())["cases"]:
        for words, expected in (((), "yaml"), (("--json",), "json")):
            result = cli("calico", "convert", DATA / case["input"], *words, code=OK if case["ok"] else BAD_INPUT)
            if case["ok"]:
                assert result.out.rstrip() == (DATA / case[expected]).read_text().rstrip(), case["name"]
