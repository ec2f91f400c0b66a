"""The few commands of kubectl that go with Calico, over the same store."""

import subprocess

import pytest

from conftest import BIN, Result, table, unpadded

WEB = """
    apiVersion: v1
    kind: Pod
    metadata: { name: web, labels: { app: web } }
    spec:
      nodeName: n1
      containers: [{ name: web, image: nginx, ports: [{ containerPort: 80 }] }]
    status: { phase: Running, podIP: 10.20.0.4 }
    ---
    apiVersion: v1
    kind: Service
    metadata: { name: web }
    spec:
      clusterIP: 10.254.0.7
      selector: { app: web }
      ports: [{ port: 6379, protocol: TCP }]
    """


@pytest.fixture
def kubectl(ctl):
    def run(*words, input=None) -> Result:
        done = subprocess.run([str(BIN / "catflap-ctl"), "kubectl", *map(str, words)], env=ctl.env, cwd=ctl.folder,
                              input=input, text=True, capture_output=True, timeout=60,
                              stdin=None if input is not None else subprocess.DEVNULL)
        return Result(done.returncode, done.stdout, done.stderr)

    return run


def says(result: Result, out: str) -> None:
    assert (result.code, result.out, result.err) == (0, out, ""), result


def refuses(result: Result, err: str) -> None:
    assert (result.code, result.out, result.err) == (1, "", err), result


def test_labels_of_nodes_are_those_that_selectors_see(ctl, kubectl):
    ctl.apply("""
        apiVersion: projectcalico.org/v3
        kind: Node
        metadata: { name: n1 }
        spec: { bgp: { ipv4Address: 10.0.0.1/24 } }
        """)
    says(kubectl("label", "node", "n1", "route-reflector=true"), "node/n1 labeled\n")
    says(kubectl("label", "node/n1", "rack=", "rack-3"), "node/n1 labeled\n")
    text = ctl.ok("get", "node", "n1", "-o", "yaml")
    assert "  labels:\n    rack: rack-3\n    route-reflector: \"true\"\n" in text
    says(kubectl("label", "node", "n1", "rack=rack-3"), "node/n1 not labeled\n")
    refuses(kubectl("label", "node", "n1", "rack=x"),
            "error: 'rack' already has a value (rack-3), and --overwrite is false\n")
    says(kubectl("label", "--overwrite", "nodes", "n1", "rack=x"), "node/n1 labeled\n")
    says(kubectl("label", "node", "n1", "rack-"), "node/n1 unlabeled\n")
    refuses(kubectl("label", "node", "none", "a=b"), 'Error from server (NotFound): nodes "none" not found\n')


def test_resources_of_both_are_applied(ctl, kubectl):
    text = table(WEB)
    says(kubectl("apply", "-f", "-", input=text), "pod/web created\nservice/web created\n")
    says(kubectl("apply", "-f", "-", input=text), "pod/web unchanged\nservice/web unchanged\n")
    says(kubectl("apply", "-f", "-", input=text.replace("app: web } }\nspec:", "app: other } }\nspec:", 1)),
         "pod/web configured\nservice/web unchanged\n")
    says(kubectl("create", "-f", "-", input=table("""
        apiVersion: projectcalico.org/v3
        kind: BGPPeer
        metadata: { name: a }
        spec: { peerIP: 10.0.0.9, asNumber: 1 }
        """)), "bgppeer.projectcalico.org/a created\n")
    assert "10.0.0.9" in ctl.ok("get", "bgppeer")
    pods = kubectl("get", "pods", "-o", "wide")
    assert pods.out.split("\n")[0] == \
        "NAME   READY   STATUS    RESTARTS   AGE   IP          NODE   NOMINATED NODE   READINESS GATES"
    assert pods.out.split("\n")[1].split()[:4] == ["web", "1/1", "Running", "0"]
    assert pods.out.split("\n")[1].split()[5:] == ["10.20.0.4", "n1", "<none>", "<none>"]
    services = kubectl("get", "svc").out.split("\n")
    assert services[0].split() == ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"]
    assert services[1].split()[:5] == ["web", "ClusterIP", "10.254.0.7", "<none>", "6379/TCP"]
    assert kubectl("get", "pods", "-n", "other").err == "No resources found in other namespace.\n"
    assert unpadded(kubectl("get", "pods", "-A").out).startswith("NAMESPACE   NAME   READY")
    says(kubectl("delete", "-f", "-", input=text), 'pod "web" deleted\nservice "web" deleted\n')
    refuses(kubectl("delete", "pod", "web"), 'Error from server (NotFound): pods "web" not found\n')
    says(kubectl("delete", "pod", "web", "--ignore-not-found"), "")


def test_namespaces(kubectl):
    says(kubectl("create", "ns", "policy-demo"), "namespace/policy-demo created\n")
    refuses(kubectl("create", "namespace", "policy-demo"),
            'Error from server (AlreadyExists): namespaces "policy-demo" already exists\n')
    isolation = 'net.beta.kubernetes.io/network-policy={"ingress":{"isolation":"DefaultDeny"}}'
    says(kubectl("annotate", "ns", "policy-demo", isolation), "namespace/policy-demo annotated\n")
    assert "DefaultDeny" in kubectl("get", "ns", "policy-demo", "-o", "yaml").out
    says(kubectl("delete", "ns", "policy-demo"), 'namespace "policy-demo" deleted\n')


def test_mistakes(kubectl):
    refuses(kubectl("gte", "pods"), 'error: unknown command "gte" for "kubectl"; did you mean \'get\'?\n')
    refuses(kubectl("get", "things"), 'error: the server doesn\'t have a resource type "things"\n')
    refuses(kubectl("get"), "error: you must specify the type of resource\n")
    assert kubectl("--help").code == 0
