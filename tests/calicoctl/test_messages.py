"""Messages and exit codes of commands that change resources."""

import json

import pytest

from conftest import table

PEER = """
    apiVersion: projectcalico.org/v3
    kind: BGPPeer
    metadata: { name: %s }
    spec: { peerIP: 10.0.0.%s, asNumber: 65001 }
    """
POOL = """
    apiVersion: projectcalico.org/v3
    kind: IPPool
    metadata: { name: %s }
    spec: { cidr: %s }
    """


def peers(*names: str) -> str:
    return "---\n".join(table(PEER % (name, index + 1)) for index, name in enumerate(names))


def test_numbers_and_kinds(ctl):
    ctl.ok("create", "-f", "-", input=peers("a", "b"), out="Successfully created 2 'BGPPeer' resource(s)\n")
    ctl.ok("apply", "-f", "-", input=peers("a", "b", "c"), out="Successfully applied 3 'BGPPeer' resource(s)\n")
    ctl.ok("replace", "-f", "-", input=peers("a"), out="Successfully replaced 1 'BGPPeer' resource(s)\n")
    mixed = peers("a") + "---\n" + table(POOL % ("p", "10.1.0.0/16"))
    ctl.ok("apply", "-f", "-", input=mixed, out="Successfully applied 2 resource(s)\n")
    ctl.ok("validate", "-f", "-", input=mixed, out="Successfully validated 2 resource(s)\n")
    ctl.ok("validate", "-f", "-", input=peers("a"), out="Successfully validated 1 'BGPPeer' resource(s)\n")
    ctl.ok("delete", "bgppeer", "b", "c", out="Successfully deleted 2 'BGPPeer' resource(s)\n")
    ctl.ok("delete", "-f", "-", input=mixed, out="Successfully deleted 2 resource(s)\n")


def test_what_exists_and_what_does_not(ctl):
    exists = "resource already exists: BGPPeer(%s) with error: <nil>"
    missing = "resource does not exist: BGPPeer(%s) with error: <nil>"
    ctl.apply(peers("a"))
    ctl.fails("create", "-f", "-", input=peers("a"), err=f"failed to create 'BGPPeer' resource: [{exists % 'a'}]\n")
    ctl.ok("create", "--skip-exists", "-f", "-", input=peers("a"),
           out="Successfully created 1 'BGPPeer' resource(s)\n")
    ctl.apply(peers("a", "b"))
    ctl.fails("create", "-f", "-", input=peers("a", "b"),
              err=f"failed to create any 'BGPPeer' resources: [{exists % 'a'} {exists % 'b'}]\n")
    ctl.fails("create", "-f", "-", input=peers("a", "c"),
              out="Partial success: created the first 1 out of 2 'BGPPeer' resources:\n",
              err=f"hit error: [{exists % 'a'}]\n")
    ctl.fails("replace", "-f", "-", input=peers("x"),
              out="Partial success: replaced the first 1 out of 1 'BGPPeer' resources:\n",
              err=f"hit error: {missing % 'x'}\n")
    ctl.fails("get", "bgppeer", "x", out="", err=f"{missing % 'x'}\n")
    ctl.fails("delete", "bgppeer", "x", err=f"Failed to delete 'BGPPeer' resource: {missing % 'x'}\n\n")
    ctl.fails("delete", "bgppeer", "x", "a", out="Successfully deleted 1 'BGPPeer' resource(s)\n",
              err=f"Failed to delete 'BGPPeer' resource: {missing % 'x'}\n\n")
    ctl.ok("delete", "-s", "bgppeer", "x", out="Successfully deleted 1 'BGPPeer' resource(s)\n")
    ctl.fails("patch", "bgppeer", "x", "-p", '{"spec":{}}',
              err=f"Failed to patch 'BGPPeer' resource: {missing % 'x'}\n\n")


def test_versions_of_resources(ctl):
    ctl.apply(peers("a"))
    old = ctl.ok("get", "bgppeer", "a", "-o", "yaml")
    ctl.ok("apply", "-f", "-", input=old)
    ctl.fails("apply", "-f", "-", input=old, err="failed to apply 'BGPPeer' resource: [update conflict: BGPPeer(a)]\n")
    ctl.fails("replace", "-f", "-", input=old,
              out="Partial success: replaced the first 1 out of 1 'BGPPeer' resources:\n",
              err="hit error: update conflict: BGPPeer(a)\n")
    ctl.fails("delete", "-f", "-", input=old,
              err="Failed to delete 'BGPPeer' resource: update conflict: BGPPeer(a)\n\n")


def test_what_cannot_be_read(ctl):
    where = ctl.write("peer.yaml", """
        apiVersion: projectcalico.org/v3
        kind: BGPPeer
        metadata:
          name: a
        spec:
          peerIPP: 10.0.0.1
        """)
    result = ctl.fails("apply", "-f", where)
    lines = result.err.split("\n")
    assert lines[0] == "field in document is not recognized or is in the wrong location: peerIPP"
    assert f"{where}:6:3: spec.peerIPP: " in lines[1], "the line after it says where"
    assert "peerIP'" in lines[1]
    result = ctl.fails("apply", "-f", "-", input="apiVersion: v9\nkind: Thing\n")
    assert result.err.startswith("failed to execute command: unknown resource type (Thing) and/or version (v9)\n")
    ctl.fails("apply", "-f", "none.yaml",
              err="failed to execute command: open none.yaml: no such file or directory\n")
    ctl.fails("apply", "-f", "-", input="", err="no resources specified in file -\n")
    ctl.ok("apply", "--skip-empty", "-f", "-", input="", out="No resources specified\n")
    result = ctl.fails("apply", "-f", "-", input="a: [\n")
    assert result.err.startswith("failed to execute command: ")


def test_what_is_not_valid(ctl):
    ctl.write("pool.yaml", """
        apiVersion: projectcalico.org/v3
        kind: IPPool
        metadata:
          name: p
        spec:
          cidr: 10.0.0.0/16
          blockSize: 99
        """)
    for verb in ("apply", "validate", "create"):
        result = ctl.fails(verb, "-f", "pool.yaml")
        assert result.err.startswith(f"failed to {verb} 'IPPool' resource: [error with "), result
        assert "pool.yaml:7:" in result.err, "the place of the value"


def test_folders(ctl):
    ctl.write("all/b.yml", peers("b"))
    ctl.write("all/a.yaml", peers("a"))
    ctl.write("all/c.json", json.dumps({"apiVersion": "projectcalico.org/v3", "kind": "BGPPeer",
                                        "metadata": {"name": "c"}, "spec": {"peerIP": "10.0.0.9", "asNumber": 1}}))
    ctl.write("all/notes.txt", "not for us")
    ctl.write("all/deeper/d.yaml", peers("d"))
    ctl.ok("apply", "-f", "all", out="Successfully applied 3 'BGPPeer' resource(s)\n")
    ctl.ok("apply", "-R", "-f", "all", out="Successfully applied 4 'BGPPeer' resource(s)\n")
    ctl.ok("get", "-f", "all", "-o", "go-template={{range .}}{{.Name}} {{end}}", out="a b c ")
    (ctl.folder / "empty").mkdir()
    ctl.fails("apply", "-f", "empty", err="no resources specified in directory empty\n")
    ctl.ok("apply", "--skip-empty", "-f", "empty", out="No resources specified\n")


def test_namespaces(ctl):
    policy = table("""
        apiVersion: projectcalico.org/v3
        kind: NetworkPolicy
        metadata: { name: allow, namespace: %s }
        spec: { selector: all() }
        """)
    ctl.apply(policy % "a")
    ctl.apply(policy % "b")
    ctl.ok("apply", "-n", "c", "-f", "-", input=(policy % "x").replace(", namespace: x", ""))
    ctl.ok("get", "networkpolicy", "-A", out=(
        "NAMESPACE   NAME    TIER      \n"
        "a           allow   default   \n"
        "b           allow   default   \n"
        "c           allow   default   \n\n"))
    assert ctl.ok("get", "np", "-a") == ctl.ok("get", "policies", "--all-namespaces")
    ctl.ok("get", "np", "-n", "b", "-o", "custom-columns=NAME", out="NAMESPACE   NAME    \nb           allow   \n\n")
    ctl.ok("get", "np", out="NAME   TIER   \n\n")
    ctl.fails("get", "np", "allow", "-A", out="",
              err="cannot use --all-namespace flag for getting a single resource\n")
    ctl.fails("get", "np", "-A", "-n", "a",
              err="cannot use both --namespace and --all-namespaces flags at the same time\n")
    ctl.fails("get", "nodes", "-n", "a", err="Node is not namespaced\n")
    ctl.fails("apply", "-n", "z", "-f", "-", input=policy % "a", err=(
        "failed to apply 'NetworkPolicy' resource: "
        "[resource namespace does not match client namespace. a != z]\n"))
    ctl.fails("get", "np", "none", "-n", "a",
              err="resource does not exist: NetworkPolicy(a/none) with error: <nil>\n")


def test_labels(ctl):
    ctl.apply("""
        apiVersion: projectcalico.org/v3
        kind: Node
        metadata: { name: n1 }
        spec: { bgp: { ipv4Address: 10.0.0.1/24 } }
        """)
    ctl.ok("label", "nodes", "n1", "cluster=one", out="Successfully set label cluster on nodes n1\n")
    ctl.fails("label", "nodes", "n1", "cluster=two", err=(
        "failed to update label of nodes n1, key cluster is already present. "
        "please use '--overwrite' to set a new value\n"))
    ctl.ok("label", "node", "n1", "cluster=two", "--overwrite",
           out="Successfully updated label cluster on node n1\n")
    ctl.ok("label", "node", "n1", "cluster", "--remove", out="Successfully removed label cluster from node n1\n")
    ctl.fails("label", "node", "n1", "cluster", "--remove",
              err="cannot remove label of node n1, key cluster does not exist\n")
    ctl.fails("label", "node", "n1", "cluster", err="invalid label cluster\n")
    ctl.fails("label", "node", "n1", "a=b=c", err="invalid label a=b=c\n")


def test_what_is_not_supported(ctl):
    ctl.apply(peers("a"))
    ctl.fails("get", "things", err="failed to get resources: resource type 'things' is not supported\n")
    ctl.fails("get", "blockaffinities",
              err="failed to get resources: resource type 'blockaffinities' is not supported\n")
    ctl.fails("get", "bgppeer", "", err="failed to get resources: resource name may not be empty\n")
    ctl.fails("delete", "tier", "default")
    cluster = ctl.ok("get", "clusterinfo", "default", "-o", "yaml")
    ctl.fails("apply", "-f", "-", input=cluster, err=(
        "failed to apply 'ClusterInformation' resource: "
        "[operation apply is not supported on ClusterInformation: resource is readonly]\n"))


def test_the_version_of_the_cluster(ctl):
    ctl.apply(peers("a"))
    ctl.ok("version", out="Client Version:    v3.31.0\nGit commit:        catflap\n"
                          "Cluster Version:   unknown\nCluster Type:      unknown\n")
    exported = None
    ctl.ok("datastore", "migrate", "lock", out="Datastore locked.\n")
    exported = ctl.ok("datastore", "migrate", "export")
    exported = exported.replace("  datastoreReady: false", "  calicoVersion: v3.20.1\n  datastoreReady: false")
    other = {"CATFLAP_STORE": str(ctl.folder / "other.db")}
    ctl.write("exported.yaml", exported)
    ctl.ok("datastore", "migrate", "import", "-f", "exported.yaml", env=other)
    mismatch = ("version mismatch.\nClient Version:   v3.31.0\nCluster Version:  v3.20.1\n"
                "Use --allow-version-mismatch to override.\n")
    ctl.fails("get", "bgppeer", env=other, err=mismatch)
    ctl.fails("ipam", "show", env=other, err=mismatch)
    ctl.ok("get", "bgppeer", "--allow-version-mismatch", env=other)
    ctl.ok("--allow-version-mismatch", "get", "bgppeer", env=other)


def test_migration(ctl):
    ctl.apply(peers("a", "b"))
    ctl.apply(POOL % ("p", "10.1.0.0/16"))
    result = ctl.fails("datastore", "migrate", "export")
    assert "datastore is not locked" in result.err
    ctl.ok("datastore", "migrate", "lock", out="Datastore locked.\n")
    ctl.write("export.yaml", ctl.ok("datastore", "migrate", "export"))
    other = {"CATFLAP_STORE": str(ctl.folder / "other.db")}
    out = ctl.ok("datastore", "migrate", "import", "-f", "export.yaml", env=other)
    assert out.startswith("Successfully imported 3 resource(s)\n")
    ctl.ok("datastore", "migrate", "unlock", env=other, out="Datastore unlocked.\n")
    for kind in ("bgppeer", "ippool"):
        assert ctl.ok("get", kind, "-o", "wide", env=other) == ctl.ok("get", kind, "-o", "wide")
    result = ctl.fails("datastore", "migrate", "import", "-f", "export.yaml", env=other)
    assert "found existing Calico resources" in result.err


@pytest.mark.parametrize("words", [["get"], ["get", "node", "-f", "x"], ["apply"], ["nonsense"], ["get", "--nope"]])
def test_bad_command_lines(ctl, words):
    result = ctl(*words)
    assert result.code == 1 and result.out == "" and result.err != ""
