"""`convert`: the samples, letter by letter, and what an own case of several kinds prints."""

import json
import os
import pathlib

import pytest

from conftest import ROOT, table

DATA = pathlib.Path(os.environ.get("CATFLAP_DATA", ROOT.parent / "shared" / "data")) / "convert"


def cases():
    index = DATA / "files.json"
    return json.loads(index.read_text())["cases"] if index.exists() else []


@pytest.mark.parametrize("format", ["yaml", "json"])
def test_samples(ctl, format):
    if not cases():
        pytest.skip("skipped: no data; set CATFLAP_DATA")
    for case in cases():
        result = ctl("convert", "-f", DATA / case["input"], "-o", format)
        if case["ok"]:
            assert (result.code, result.err) == (0, ""), f"{case['name']}: {result}"
            assert result.out.rstrip() == (DATA / case[format]).read_text().rstrip(), case["name"]
        else:
            assert result.code == 1 and result.out == "" and result.err, f"{case['name']}: {result}"


TWO_KINDS = """
    apiVersion: v1
    kind: ipPool
    metadata: {cidr: 10.1.0.0/16}
    ---
    apiVersion: v1
    kind: node
    metadata: {name: Node1}
    spec: {bgp: {asNumber: 64512, ipv4Address: 10.244.0.1/24}}
    """


def test_list_of_kinds(ctl):
    path = ctl.write("v1.yaml", TWO_KINDS)
    ctl.ok("convert", "-f", path, out=table("""
        apiVersion: v1
        items:
        - apiVersion: projectcalico.org/v3
          kind: IPPool
          metadata:
            creationTimestamp: null
            name: 10-1-0-0-16
          spec:
            allowedUses:
            - Workload
            - Tunnel
            assignmentMode: Automatic
            blockSize: 26
            cidr: 10.1.0.0/16
            ipipMode: Never
            nodeSelector: all()
            vxlanMode: Never
        - apiVersion: projectcalico.org/v3
          kind: Node
          metadata:
            creationTimestamp: null
            name: node1
          spec:
            bgp:
              asNumber: 64512
              ipv4Address: 10.244.0.1/24
          status: {}
        kind: List
        metadata: {}
        """))
    # As Go's structs: each kind in its own order, not by name.
    keys = [line.split('"')[1] for line in ctl.ok("convert", "-f", path, "-o", "json").splitlines() if '":' in line]
    assert keys[keys.index("cidr"):] == [
        "cidr", "vxlanMode", "ipipMode", "blockSize", "nodeSelector", "allowedUses", "assignmentMode",
        "kind", "apiVersion", "metadata", "name", "creationTimestamp", "spec", "bgp", "asNumber", "ipv4Address",
        "status"]


def test_refused(ctl):
    path = ctl.write("v1.yaml", "{apiVersion: v1, kind: profile, metadata: {name: p, tags: [.a]}, spec: {}}\n")
    result = ctl.fails("convert", "-f", path)
    assert "converted manifest resource(s) failed validation: " in result.err
    assert "Re-run the command with '--ignore-validation' flag to see the converted output." in result.err
    assert "  labelsToApply:\n    .a: \"\"\n" in ctl.ok("convert", "-f", path, "--ignore-validation")
    ctl.fails("convert", "-f", path, "-o", "xml", err="unrecognized output format 'xml'\n")


def test_v1_is_applied_as_v3(ctl):
    path = ctl.write("peer.yaml", "{apiVersion: v1, kind: bgpPeer, metadata: {scope: global, peerIP: 10.10.31.168}, "
                     "spec: {asNumber: 64512}}\n")
    ctl.ok("create", "-f", path, out="Successfully created 1 'bgpPeer' resource(s)\n")
    assert "10-10-31-168   10.10.31.168   (global)   64512" in ctl.ok("get", "bgppeer")
    ctl.fails("create", "-f", path,
              err="failed to create 'bgpPeer' resource: [resource already exists: BGPPeer(10-10-31-168) with error: "
              "<nil>]\n")


def test_etcd2_keys(ctl):
    key = "/calico/bgp/v1/rr_v4/10.10.31.168"
    ctl.ok("etcd2", "put", key, '{"ip":"10.10.31.168","cluster_id":"1.0.0.1"}', out="")
    ctl.ok("etcd2", "ls", out=key + ' {"ip":"10.10.31.168","cluster_id":"1.0.0.1"}\n')
    ctl.fails("etcd2", "put", key, '{"ip":"10.10.31.169","cluster_id":"1.0.0.1"}',
              err=key + ": the key names 10.10.31.168, the value 10.10.31.169\n")
    ctl.ok("etcd2", "put", "/calico/bgp/v1/global/node_mesh", '{"enabled":false}')
    ctl.ok("config", "get", "nodeToNodeMesh", out="off\n")
    ctl.ok("etcd2", "rm", key, out="")
    ctl.fails("etcd2", "rm", key, err=f"Key not found ({key})\n")
    lines = ctl.write("keys.txt", """
        # a node
        /calico/bgp/v1/host/n1/ip_addr_v4 10.0.0.1
        /calico/bgp/v1/host/n1/network_v4 10.0.0.0/24
        /calico/bgp/v1/host/n1/nothing 1
        """)
    result = ctl("etcd2", "import", lines)
    assert (result.code, result.out) == (0, "Imported 2 of 3 entries\n"), result
    assert result.err == f"WARNING: {lines}:4:1: /calico/bgp/v1/host/n1/nothing: not a known key of BGP\n"
    assert "10.0.0.1/24" in ctl.ok("get", "nodes", "-o", "wide")
