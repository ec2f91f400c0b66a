"""Verbs for files of Calico's resources: validate, convert, schema, selector. They need no lab and no datastore."""

import json

import pytest

from catflap_cli import BAD_INPUT, ENVIRONMENT, OK, write

PEER = """\
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata:
  name: rack1-tor
spec:
  nodeSelector: rack == "rack-1"
  peerIP: 192.0.2.1
  asNumber: 64520
"""


def test_valid_files(cli, tmp_path):
    file = write(tmp_path / "peer.yaml", PEER)
    assert cli("calico", "validate", file, code=OK).out == f"{file}: valid\n"
    assert cli.json("calico", "validate", file) == {"file": str(file), "valid": True, "diagnostics": []}
    assert cli("calico", "validate", "-", input=PEER, code=OK).out == "-: valid\n"


def test_every_mistake_has_a_place_and_a_field(cli, tmp_path):
    broken = PEER.replace("nodeSelector: rack ==", "nodeSelector: rack =").replace("asNumber: 64520", "asNumbr: 1")
    file = write(tmp_path / "peer.yaml", broken)
    told = cli("calico", "validate", file, code=BAD_INPUT)
    assert told.out == ""
    assert told.err == (f"{file}:8:3: spec.asNumbr: field in document is not recognized or is in the wrong location: "
                        "asNumbr; did you mean 'asNumber'?\n")
    file = write(tmp_path / "peer.yaml", broken.replace("asNumbr: 1", "peerSelector: all()"))
    found = cli.json("calico", "validate", file, code=BAD_INPUT)["diagnostics"]
    assert [(d["line"], d["path"]) for d in found] == [(6, "spec"), (6, "spec.nodeSelector")]
    assert found[0]["message"] == "peerIP and peerSelector cannot both be set"
    assert found[1]["field"] == "NodeSelector" and "expected ==" in found[1]["hint"]


def test_the_worst_of_several_files_decides(cli, tmp_path):
    good = write(tmp_path / "good.yaml", PEER)
    told = cli("calico", "validate", good, tmp_path / "missing.yaml", code=ENVIRONMENT)
    assert told.out == f"{good}: valid\n" and "missing.yaml" in told.err


def test_conversion(cli, tmp_path):
    file = write(tmp_path / "v1.yaml", "apiVersion: v1\nkind: bgpPeer\nmetadata: {peerIP: 10.0.0.1, scope: global}\n"
                 "spec: {asNumber: 64512}\n")
    told = cli("calico", "convert", file, code=OK)
    assert told.out == ("apiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata:\n  creationTimestamp: null\n"
                        "  name: 10-0-0-1\n"
                        "spec:\n  asNumber: 64512\n  peerIP: 10.0.0.1\n")
    assert cli("calico", "validate", "-", input=told.out, code=OK)
    assert cli.json("calico", "convert", file)["spec"] == {"asNumber": 64512, "peerIP": "10.0.0.1"}


def test_schema(cli):
    jsonschema = pytest.importorskip("jsonschema")
    yaml = pytest.importorskip("yaml")
    schema = json.loads(cli("calico", "schema", "bgppeer", code=OK).out)
    jsonschema.validate(yaml.safe_load(PEER), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(PEER.replace("asNumber", "asNumbr")), schema)
    assert len(json.loads(cli("calico", "schema", code=OK).out)["oneOf"]) > 20
    assert "resource type 'nothing' is not supported" in cli("calico", "schema", "nothing", code=BAD_INPUT).err
