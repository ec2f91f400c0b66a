"""Labs side by side: the same topology, the same node names, the same addresses."""

from catflap_cli import BAD_INPUT, ENVIRONMENT, OK, TWO_ROUTER, footprint, footprint_settles, processes, soon

LABS = [f"lab-{i}" for i in range(8)]


def test_eight_at_once(cli):
    before = footprint(cli)
    tools = [cli.start("up", TWO_ROUTER, "--name", name) for name in LABS]
    for tool in tools:
        out, err = tool.communicate(timeout=60)
        assert tool.returncode == OK, out + err
    assert cli.labs() == LABS
    checks = [cli.start("--lab", name, "expect", "route: { at: r1, to: 10.2.0.0/24, via: 192.168.1.2, dev: veth-r1 }")
              for name in LABS] + [cli.start("--lab", name, "expect", "ping: { from: r1, to: 10.2.0.1 }") for name in LABS]
    for check in checks:
        out, err = check.communicate(timeout=60)
        assert check.returncode == OK, out + err
    namespaces = {cli("--lab", name, "exec", node, "readlink", "/proc/self/ns/net", code=OK).out
                  for name in LABS for node in ["r1", "r2"]}
    assert len(namespaces) == 16
    # What happens in one happens in no other.
    cli("--lab", "lab-3", "do", "kill: r1/speaker", code=OK)
    assert soon(lambda: not cli.node("r1", "lab-3")["running"])
    for name in LABS:
        expected = [name != "lab-3", True]
        assert [n["running"] for n in cli.status(name)["nodes"]] == expected
    told = cli("status", code=BAD_INPUT)
    assert told.err == f"catflap: several labs are up ({', '.join(LABS)}): say which one with --lab\n"
    down = cli("down", *LABS[:2], code=OK)
    assert [line.split()[0] for line in down.out.splitlines()] == LABS[:2]
    assert cli.labs() == LABS[2:]
    cli("down", "--all", code=OK)
    footprint_settles(cli, before)


def test_tests_side_by_side(cli, tmp_path):
    """`catflap test` needs no names: each run has its own."""
    before = footprint(cli)
    tools = [cli.start("test", TWO_ROUTER, cwd=tmp_path) for _ in range(8)]
    for tool in tools:
        out, err = tool.communicate(timeout=60)
        assert tool.returncode == OK and "1 passed" in out, out + err
    footprint_settles(cli, before)


def test_same_name_twice(cli):
    cli("up", TWO_ROUTER, code=OK)
    twice = cli("up", TWO_ROUTER, code=ENVIRONMENT)
    assert twice.err == ("catflap: lab two-router is already up; take it down with 'catflap down two-router', or give "
                         "this one another name with --name\n")
    cli.expect("established: r1 ~ r2", code=OK)
    cli("down", code=OK)


def test_same_name_at_the_same_moment(cli):
    """Whoever comes first gets the name; the others are told so, and do not disturb the first."""
    before = footprint(cli)
    for _ in range(20):
        tools = [cli.start("up", TWO_ROUTER) for _ in range(4)]
        results = [(tool.communicate(timeout=60), tool.returncode) for tool in tools]
        codes = sorted(code for _, code in results)
        assert codes == [OK, ENVIRONMENT, ENVIRONMENT, ENVIRONMENT], results
        for (out, err), code in results:
            assert code == OK or "lab two-router is already up" in err, err
        cli.expect("established: r1 ~ r2", code=OK)
        assert list(processes().values()).count("catflap-bgpd") == 2
        cli("down", code=OK)
    footprint_settles(cli, before)
