"""What is measured. A scenario is a function of (Bench, daemon) that returns {metric: number}."""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from .daemons import Setup
from .load import DEVICE_AS, Load, Neighbor, Pipe
from .sniff import Sniffer
from .world import Failed, World, scratch

SEED = 1
IDLE_S = 3  # by then a daemon has nothing left to do
SECONDS = 1e-9  # of times in nanoseconds


class Bench:
    """What all scenarios share."""

    def __init__(self, build, limit_s, settle_s, real_feed, profiles=None, malformed=None):
        self.load = build / "bin" / "catflap-bgp-load"
        self.routes = build / "bin" / "catflap-bench-routes"
        self.limit_s = limit_s
        self.settle_s = settle_s  # from the last session Established to the feed
        self.real_feed = real_feed  # a TABLE_DUMP_V2 file, or None
        self.malformed = malformed  # bgp/malformed.json, or None
        self.profiles = profiles  # folder for what perf records while a feed is on its way, or None

    def feed(self, prefixes):
        return f"synthetic {prefixes} {SEED}"


class Profile:
    """`perf record` of a daemon, if there is a folder for it."""

    def __init__(self, folder, daemon, world):
        self.folder, self.daemon, self.world = folder, daemon, world

    def __enter__(self):
        self.process = None
        if self.folder:
            file = self.folder / f"{self.daemon.name}-{time.strftime('%H%M%S')}.perf"
            pids = ",".join(str(pid) for process in self.world.processes for pid in process.members())
            orders, order = os.pipe()
            answer, answers = os.pipe()
            self.process = subprocess.Popen(["perf", "record", "-q", "-g", "-F", "999", "-o", file, "-p", pids, "-D", "-1",
                                             "--control", f"fd:{orders},{answers}"], pass_fds=(orders, answers))
            os.write(order, b"enable\n")
            os.close(answers)
            os.read(answer, 16)  # that it has begun, or its end
            for each in (orders, order, answer):
                os.close(each)
            print(f"perf report -i {file}", file=sys.stderr)

    def __exit__(self, *_):
        if self.process:
            self.process.send_signal(signal.SIGINT)
            self.process.wait()


class Session:
    """A daemon with the load around it, up to the moment when everything is Established."""

    def __init__(self, bench, daemon, neighbors, feed=None, kernel=False):
        self.bench, self.daemon, self.neighbors = bench, daemon, neighbors
        self.feed, self.kernel = feed, kernel
        self.prepared = {}

    def __enter__(self):
        self.folder = scratch()
        self.world = World(self.folder.name)
        self.load = None
        try:
            self.world.__enter__()
            self.load = Load(self.world, self.bench.load)
            self.load.peers(self.neighbors)
            if self.feed:
                self.prepared = self.load.prepare(self.feed)
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        if self.load:
            self.load.__exit__()
        self.world.__exit__()
        self.folder.cleanup()

    def start(self):
        setup = Setup(self.neighbors, kernel=self.kernel)
        return self.world.start(self.daemon.commands(setup, Path(self.folder.name)))

    def establish(self):
        """All sessions up, the peers dialling."""
        self.start()
        self.load.say("start dial")
        self.load.wait("all-established", self.bench.limit_s)
        self.settle()

    def settle(self):
        """Time for what a daemon does behind our back, of which nothing tells."""
        time.sleep(self.bench.settle_s)

    def transfer(self, goal):
        """The feed, until every sink holds `goal` prefixes."""
        with Profile(self.bench.profiles, self.daemon, self.world):
            cpu = self.world.cpu_s()
            self.load.say(f"send {goal}")
            reached = self.load.wait("reached", self.bench.limit_s)
            metrics = {"cpu_s": self.world.cpu_s() - cpu, "rss_mib": self.world.memory_mib()}
        stats = self.load.stats()
        if stats["present_min"] != goal or stats["present_max"] != goal:
            raise Failed(f"sinks hold {stats['present_min']} to {stats['present_max']} prefixes instead of {goal}")
        metrics["time_s"] = (reached["t"] - stats["first_sent"]) * SECONDS
        metrics["messages"] = stats["messages"]
        return metrics


def transit(bench, daemon, prefixes, withdraw=False):
    neighbors = [Neighbor(0, role="feed"), Neighbor(1, role="sink")]
    with Session(bench, daemon, neighbors, bench.feed(prefixes)) as session:
        session.establish()
        metrics = session.transfer(prefixes)
        if withdraw:
            session.settle()
            cpu = session.world.cpu_s()
            session.load.say("drop p0 0")
            dropped = session.load.wait("dropped", 10)
            try:
                gone = session.load.wait("reached", bench.limit_s)
            except Failed as failure:
                return {**metrics, "withdraw_error": str(failure)}
            metrics["withdraw_s"] = (gone["t"] - dropped["t"]) * SECONDS
            metrics["withdraw_cpu_s"] = session.world.cpu_s() - cpu
        return metrics


def feeds(bench, daemon, peers, feed, prefixes=None):
    """The same feed from many peers; each ends with a prefix of its own, so that what the sink holds tells when all
    of them were taken in."""
    role = "feed sentinel" if peers > 1 else "feed"
    neighbors = [Neighbor(i, role=role) for i in range(peers)] + [Neighbor(peers, role="sink")]
    with Session(bench, daemon, neighbors, feed) as session:
        session.establish()
        return session.transfer(session.prepared["prefixes"] + (peers if peers > 1 else 0))


def real(bench, daemon, peers):
    if not bench.real_feed:
        raise Failed("skipped: no data/mrt/full-table-2015.table_dump_v2.xz")
    return feeds(bench, daemon, peers, f"mrt {bench.real_feed}")


def reflector(bench, daemon, clients, prefixes=10_000):
    neighbors = [Neighbor(i, asn=DEVICE_AS, role="sink" if i else "feed", client=True) for i in range(clients + 1)]
    with Session(bench, daemon, neighbors, bench.feed(prefixes)) as session:
        session.establish()
        return session.transfer(prefixes)


def kernel(bench, daemon, prefixes):
    if not daemon.writes_kernel:
        raise Failed("writes no kernel routes")
    with Session(bench, daemon, [Neighbor(0, role="feed")], bench.feed(prefixes), kernel=True) as session:
        watcher = [bench.routes, "wait", prefixes, SEED, prefixes, int(bench.limit_s) + 1]
        session.establish()
        with Pipe(session.world, watcher, 0) as watch, Profile(bench.profiles, daemon, session.world):
            watch.wait("watching", 60)
            cpu = session.world.cpu_s()
            session.load.say("send")
            session.load.wait("all-sent", bench.limit_s)
            reached = watch.wait("reached", bench.limit_s)
        first = session.load.stats()["first_sent"]
        metrics = {"time_s": (reached["t"] - first) * SECONDS, "cpu_s": session.world.cpu_s() - cpu,
                   "rss_mib": session.world.memory_mib()}
        metrics["routes_per_s"] = prefixes / metrics["time_s"]
    time.sleep(2)  # the kernel takes the routes of the namespace down behind our back
    return metrics


def floor(bench, _):
    """What the kernel and the load can do without any daemon."""
    metrics = {}
    for name, prefixes in (("wire_100k_s", 100_000), ("wire_1m_s", 1_000_000)):
        with scratch() as folder, World(folder) as world, \
                Load(world, bench.load, 1) as source, Load(world, bench.load, 0) as sink:
            near, far = Neighbor(0, role="feed"), Neighbor(0, asn=DEVICE_AS, role="sink")
            far.address, far.local, far.local_as = near.local, near.address, near.asn
            source.peers([near])
            source.prepare(bench.feed(prefixes))
            sink.peers([far])
            sink.prepare(bench.feed(prefixes))
            sink.say("start listen")
            sink.wait("started", 10)
            source.say("start dial")
            source.wait("all-established", 10)
            sink.wait("all-established", 10)
            sink.say(f"goal {prefixes}")
            sink.wait("goal", 10)
            source.say("send")
            reached = sink.wait("reached", bench.limit_s)
            metrics[name] = (reached["t"] - source.stats()["first_sent"]) * SECONDS
    for prefix, extra in (("", []), ("nexthop_", ["nexthop"])):
        with scratch() as folder, World(folder) as world:
            argv = [bench.routes, "insert", 500_000, SEED, World.DEVICE, Neighbor(0).address, *extra]
            with Pipe(world, argv, 0) as program:
                rates = program.wait("rates", bench.limit_s)
            metrics |= {prefix + key: rates[key] for key in ("inserts_per_s", "deletes_per_s")}
    return metrics


def growth(bench, daemon, measure, sizes):
    """[[n, seconds, MiB], ...], up to where the daemon takes too long or fails."""
    points = []
    for size in sizes:
        begin = time.monotonic()
        try:
            metrics = measure(bench, daemon, size)
        except Failed:
            break
        points.append([size, metrics["time_s"], metrics["rss_mib"]])
        if time.monotonic() - begin > bench.limit_s / 3:
            break
    return {"points": points}


def growth_prefixes(bench, daemon):
    return growth(bench, daemon, transit, (10_000, 30_000, 100_000, 300_000, 1_000_000))


def growth_peers(bench, daemon):
    return growth(bench, daemon, lambda b, d, n: reflector(b, d, n, 2_000), (10, 50, 100, 200, 500))


def dialled_by_daemon(bench, daemon, sessions):
    neighbors = [Neighbor(i, passive=False) for i in range(sessions)]
    with Session(bench, daemon, neighbors) as session:
        session.load.say("start listen")
        session.load.wait("started", 10)
        begin = session.start()
        up = session.load.wait("all-established", bench.limit_s)
        return {"time_s": (up["t"] - begin) * SECONDS, "rss_mib": session.world.memory_mib()}


def dialled_to_daemon(bench, daemon, sessions):
    """The daemon runs and listens: a first peer tells. Then all others at once."""
    neighbors = [Neighbor(i) for i in range(sessions)]
    with Session(bench, daemon, neighbors) as session, Load(session.world, bench.load) as first:
        first.peers(neighbors[:1])
        session.start()
        first.say("start dial")
        first.wait("all-established", bench.limit_s)
        session.settle()
        first.__exit__()
        session.settle()
        cpu = session.world.cpu_s()
        session.load.say("start dial")
        begin = session.load.wait("started", 10)["t"]
        up = session.load.wait("all-established", bench.limit_s)
        return {"time_s": (up["t"] - begin) * SECONDS, "cpu_s": session.world.cpu_s() - cpu,
                "rss_mib": session.world.memory_mib()}


def start(bench, daemon):
    with Session(bench, daemon, [Neighbor(0)]) as session:
        session.load.say("start dial")
        session.load.wait("started", 10)
        begin = session.start()
        up = session.load.wait("all-established", bench.limit_s)
        return {"time_s": (up["t"] - begin) * SECONDS}


def idle(bench, daemon):
    with Session(bench, daemon, [Neighbor(0)]) as session:
        session.establish()
        time.sleep(IDLE_S)
        return {"rss_mib": session.world.memory_mib("VmRSS"), "peak_mib": session.world.memory_mib()}


def pair(bench, daemon):
    """Two daemons of a kind, each with one route of its own, started at the same moment."""
    with scratch() as name, World(name) as world:
        commands = []
        ends = ((World.LOCAL, DEVICE_AS, "10.1.0.0/24"), (Neighbor(0).address, DEVICE_AS + 1, "10.2.0.0/24"))
        for index, (local, asn, network) in enumerate(ends):
            other = Neighbor(0, asn=ends[1 - index][1], passive=False)
            other.address = ends[1 - index][0]
            networks = [network] if daemon.originates else []
            setup = Setup([other], networks=networks, local=local, asn=asn, name=f"end{index}")
            folder = Path(name) / str(index)
            folder.mkdir()
            commands += [(argv, index) for argv in daemon.commands(setup, folder)]
        sniffer = _sniffer(world)
        try:
            begin = world.start(commands)
            up, update = sniffer.run(bench.limit_s, daemon.originates, world.check_alive)
        finally:
            sniffer.close()
        metrics = {"time_s": (up - begin) * SECONDS}
        if update:
            metrics["update_s"] = (update - begin) * SECONDS
        return metrics


def _sniffer(world):
    """A socket belongs to the namespace in which it was made."""
    with open("/proc/self/ns/net", "rb") as home:
        world.enter(1)
        try:
            return Sniffer(World.PEERS_LINK)
        finally:
            world.enter_file(home)
