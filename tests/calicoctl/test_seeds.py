"""Dialogues as articles about Calico print them: the same commands give the same texts."""

from conftest import table, unpadded

NODES = """
    - apiVersion: projectcalico.org/v3
      kind: Node
      metadata: { name: k8s-node1 }
      spec: { bgp: { ipv4Address: 172.100.102.71/24 } }
    - apiVersion: projectcalico.org/v3
      kind: Node
      metadata: { name: k8s-node2 }
      spec: { bgp: { ipv4Address: 172.100.102.72/24 } }
    - apiVersion: projectcalico.org/v3
      kind: Node
      metadata: { name: k8s-node3 }
      spec:
        bgp: { ipv4Address: 172.100.102.73/24 }
        orchRefs: [{ nodeName: k8s-node3, orchestrator: k8s }]
    """


def test_nodes_and_their_as_numbers(ctl):
    ctl.apply(NODES)
    assert ctl.ok("get", "nodes") == (
        "NAME        \n"
        "k8s-node1   \n"
        "k8s-node2   \n"
        "k8s-node3   \n"
        "\n")
    wide = table("""
        NAME        ASN       IPV4                IPV6
        k8s-node1   (64512)   172.100.102.71/24
        k8s-node2   (64512)   172.100.102.72/24
        k8s-node3   (64512)   172.100.102.73/24

        """)
    assert unpadded(ctl.ok("get", "nodes", "-o", "wide")) == wide
    assert unpadded(ctl.ok("get", "nodes", "--output=wide")) == wide
    ctl.write("bgpconfig.yaml", """
        apiVersion: projectcalico.org/v3
        kind: BGPConfiguration
        metadata:
          name: default
        spec:
          logSeverityScreen: Info
          nodeToNodeMeshEnabled: false
          asNumber: 64520
        """)
    ctl.ok("apply", "-f", "bgpconfig.yaml", out="Successfully applied 1 'BGPConfiguration' resource(s)\n")
    assert unpadded(ctl.ok("get", "nodes", "-o", "wide")) == wide.replace("64512", "64520")


def test_pools_and_addresses(ctl):
    ctl.apply("""
        apiVersion: projectcalico.org/v3
        kind: IPPool
        metadata: { name: default-ipv4-ippool }
        spec: { cidr: 10.6.0.0/16, nodeSelector: all() }
        """)
    assert ctl.ok("get", "ipPool") == (
        "NAME                  CIDR          SELECTOR   \n"
        "default-ipv4-ippool   10.6.0.0/16   all()      \n"
        "\n")
    ctl.ok("ipam", "show", out=table("""
        +----------+-------------+-----------+------------+--------------+
        | GROUPING |    CIDR     | IPS TOTAL | IPS IN USE |   IPS FREE   |
        +----------+-------------+-----------+------------+--------------+
        | IP Pool  | 10.6.0.0/16 |     65536 | 0 (0%)     | 65536 (100%) |
        +----------+-------------+-----------+------------+--------------+
        """))


def test_a_global_peer_and_a_rack(ctl):
    ctl.apply(NODES)
    ctl.write("bgppeer.yaml", """
        apiVersion: projectcalico.org/v3
        kind: BGPPeer
        metadata:
          name: my-global-peer
        spec:
          peerIP: 172.100.102.73
          asNumber: 64520
        """)
    ctl.ok("apply", "-f", "bgppeer.yaml", out="Successfully applied 1 'BGPPeer' resource(s)\n")
    assert unpadded(ctl.ok("get", "bgppeer")) == table("""
        NAME             PEERIP           NODE       ASN
        my-global-peer   172.100.102.73   (global)   64520

        """)
    ctl.ok("delete", "bgppeer", "my-global-peer", out="Successfully deleted 1 'BGPPeer' resource(s)\n")
    ctl.write("bgppeer.yaml", """
        apiVersion: projectcalico.org/v3
        kind: BGPPeer
        metadata:
          name: rack3-tor
        spec:
          peerIP: 172.100.102.73
          asNumber: 64520
          nodeSelector: rack == 'rack-3'
        """)
    ctl.ok("apply", "-f", "bgppeer.yaml", out="Successfully applied 1 'BGPPeer' resource(s)\n")
    assert unpadded(ctl.ok("get", "bgppeer")) == table("""
        NAME        PEERIP           NODE               ASN
        rack3-tor   172.100.102.73   rack == 'rack-3'   64520

        """)


def test_a_node_is_exported_changed_and_applied(ctl):
    ctl.apply(NODES)
    text = ctl.ok("get", "node", "k8s-node3", "-o", "yaml")
    fields = text.split("\n")
    assert fields[:3] == ["apiVersion: projectcalico.org/v3", "kind: Node", "metadata:"]
    assert text.endswith(table("""
        spec:
          bgp:
            ipv4Address: 172.100.102.73/24
          orchRefs:
          - nodeName: k8s-node3
            orchestrator: k8s
        status: {}
        """))
    ctl.write("k8s-node3.yaml", """
        apiVersion: projectcalico.org/v3
        kind: Node
        metadata:
          name: k8s-node3
        spec:
          bgp:
            ipv4Address: 172.100.102.73/24
            routeReflectorClusterID: 244.0.0.1
          orchRefs:
          - nodeName: k8s-node3
            orchestrator: k8s
        """)
    ctl.ok("apply", "-f", "k8s-node3.yaml", out="Successfully applied 1 'Node' resource(s)\n")
    assert "    routeReflectorClusterID: 244.0.0.1\n" in ctl.ok("get", "node", "k8s-node3", "-o", "yaml")
    # What was written is what was exported, and is applied as it is.
    ctl.write("again.yaml", ctl.ok("get", "node", "k8s-node3", "-o", "yaml"))
    ctl.ok("apply", "-f", "again.yaml", out="Successfully applied 1 'Node' resource(s)\n")


def test_route_reflectors_by_label_and_patch(ctl):
    ctl.apply(NODES)
    ctl.apply("""
        apiVersion: projectcalico.org/v3
        kind: BGPConfiguration
        metadata:
          name: default
        spec:
          logSeverityScreen: Info
          nodeToNodeMeshEnabled: false #no mesh
          asNumber: 64512 # the default
        """)
    ctl.ok("patch", "node", "k8s-node1", "-p", '{"spec": {"bgp": {"routeReflectorClusterID": "172.31.13.27"}}}',
           out="Successfully patched 1 'Node' resource\n")
    ctl.ok("label", "node", "k8s-node1", "route-reflector=true",
           out="Successfully set label route-reflector on node k8s-node1\n")
    ctl.ok("apply", "-f", "-", out="Successfully applied 1 'BGPPeer' resource(s)\n", input=table("""
        kind: BGPPeer
        apiVersion: projectcalico.org/v3
        metadata:
          name: peer-with-route-reflectors
        spec:
          nodeSelector: all()
          peerSelector: route-reflector == 'true'
        """))
    ctl.ok("apply", "-f", "-", out="Successfully applied 1 'BGPPeer' resource(s)\n", input=table("""
        apiVersion: projectcalico.org/v3
        kind: BGPPeer
        metadata:
          name: rr-peer
        spec:
          nodeSelector: route-reflector == 'true'
          peerIP: 172.31.13.116
          asNumber: 7675
        """))
    assert unpadded(ctl.ok("get", "bgppeers")) == table("""
        NAME                         PEERIP          NODE                        ASN
        peer-with-route-reflectors                   all()                       0
        rr-peer                      172.31.13.116   route-reflector == 'true'   7675

        """)
    node = ctl.ok("get", "node", "k8s-node1", "-o", "yaml")
    assert "  labels:\n    route-reflector: \"true\"\n" in node
    assert "    routeReflectorClusterID: 172.31.13.27\n" in node


def test_settings_of_1_x(ctl):
    ctl.ok("config", "get", "asNumber", out="64512\n")
    ctl.ok("config", "set", "asNumber", "64520", out="")
    ctl.ok("config", "get", "asNumber", out="64520\n")
    ctl.ok("config", "get", "nodeToNodeMesh", out="on\n")
    ctl.ok("config", "set", "nodeTonodeMesh", "off", out="")
    ctl.ok("config", "get", "nodeToNodeMesh", out="off\n")
    assert unpadded(ctl.ok("get", "bgpconfig")) == table("""
        NAME      LOGSEVERITY   MESHENABLED   ASNUMBER
        default   -             false         64520

        """)
    ctl.ok("config", "set", "nodeTonodeMesh", "on", out="")
    ctl.ok("config", "get", "nodetonodemesh", out="on\n")
    ctl.fails("config", "set", "nodeToNodeMesh", "maybe", err="",
              out="Error executing command: invalid value 'maybe'\n")
    ctl.fails("config", "get", "mesh", err="", out="Error executing command: unrecognised config name 'mesh'\n")


def test_peers_of_0_x(ctl):
    ctl.ok("bgp", "node-mesh", out="on\n")
    ctl.ok("bgp", "node-mesh", "off", out="")
    ctl.ok("bgp", "node-mesh", out="off\n")
    ctl.ok("bgp", "peer", "show", out="No global IPv4 BGP Peers defined.\nNo global IPv6 BGP Peers defined.\n")
    ctl.ok("bgp", "peer", "add", "172.17.42.40", "as", "65100", out="")
    ctl.ok("bgp", "peer", "show", out=table("""
        +----------------------+--------+
        | Global IPv4 BGP Peer | AS Num |
        +----------------------+--------+
        | 172.17.42.40         | 65100  |
        +----------------------+--------+
        No global IPv6 BGP Peers defined.
        """))
    ctl.ok("bgp", "peer", "remove", "172.17.42.40", out="BGP peer removed from global configuration\n")
    ctl.fails("bgp", "peer", "remove", "172.17.42.40", err="",
              out="172.17.42.40 is not a globally configured peer.\n")


def test_objects_of_1_x(ctl):
    ctl.ok("create", "-f", "-", out="Successfully created 1 'bgpPeer' resource(s)\n", input=table("""
        apiVersion: v1
        kind: bgpPeer
        metadata:
          peerIP: 10.10.31.168
          scope: global
        spec:
          asNumber: 64512
        """))
    ctl.ok("create", "-f", "-", out="Successfully created 1 'ipPool' resource(s)\n", input=table("""
        - apiVersion: v1
          kind: ipPool
          metadata:
            cidr: 10.20.0.0/24
          spec:
            ipip:
              enabled: true
            nat-outgoing: true
        """))
    assert unpadded(ctl.ok("get", "ipPool")) == table("""
        NAME           CIDR           SELECTOR
        10-20-0-0-24   10.20.0.0/24   all()

        """)
    assert unpadded(ctl.ok("get", "bgppeer")) == table("""
        NAME           PEERIP         NODE       ASN
        10-10-31-168   10.10.31.168   (global)   64512

        """)
    ctl.ok("apply", "-f", "-", out="Successfully applied 2 'profile' resource(s)\n", input=table("""
        - apiVersion: v1
          kind: profile
          metadata:
            name: database
            labels:
              role: database
        - apiVersion: v1
          kind: profile
          metadata:
            name: frontend
            labels:
              role: frontend
        """))
    ctl.ok("create", "-f", "-", out="Successfully created 1 'policy' resource(s)\n", input=table("""
        - apiVersion: v1
          kind: policy
          metadata:
            name: database
          spec:
            order: 0
            selector: role == 'database'
            ingress:
            - action: allow
              protocol: tcp
              source:
                selector: role == 'frontend'
              destination:
                ports:
                -  3306
            - action: allow
              source:
                selector: role == 'database'
            egress:
            - action: allow
              destination:
                selector: role == 'database'
        """))
    assert unpadded(ctl.ok("get", "gnp", "-o", "wide")) == table("""
        NAME               TIER      ORDER   SELECTOR
        default.database   default   0       role == 'database'

        """)
