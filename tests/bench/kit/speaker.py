"""`tests/bench/run --speaker`: which scenarios there are, and their runs daemon by daemon."""
import argparse
import datetime
import functools
import json
import lzma
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from xml.etree import ElementTree

from . import malformed, plot, report, scenarios
from .daemons import KINDS, ROOT
from .world import Failed, World, remove_leftovers, scratch

SLOW_S = 5  # a daemon that needs longer than this for a scenario is measured once


class Scenario:
    def __init__(self, name, title, function, *arguments, limit_s=60, once=False, alone=False):
        self.name, self.title, self.limit_s = name, title, limit_s
        self.once = once  # whatever --runs says
        self.alone = alone  # no daemon takes part
        self.function, self.arguments = function, arguments

    def run(self, bench, daemon):
        return self.function(bench, daemon, *self.arguments)


SCENARIOS = [
    Scenario("pair", "two daemons of a kind, exec to both Established and to both first UPDATEs", scenarios.pair,
             limit_s=20),
    Scenario("start", "daemon start to accepting and Established", scenarios.start, limit_s=20),
    Scenario("sessions-out", "500 sessions dialled by the daemon", scenarios.dialled_by_daemon, 500, limit_s=40),
    Scenario("sessions-in", "500 sessions dialled to the daemon at once", scenarios.dialled_to_daemon, 500, limit_s=40),
    Scenario("transit-100k", "transit of 100 k prefixes", scenarios.transit, 100_000),
    Scenario("transit-1m", "transit of 1 M prefixes, then the loss of the session", functools.partial(
        scenarios.transit, withdraw=True), 1_000_000, limit_s=90),
    Scenario("real-1", "real feed from 1 peer", scenarios.real, 1),
    Scenario("real-10", "real feed from 10 peers at once", scenarios.real, 10, limit_s=45),
    Scenario("feeds-20", "20 feeds of the same 100 k", scenarios.feeds, 20, "synthetic 100000 1", limit_s=90),
    Scenario("reflector-50", "reflector, 10 k prefixes to 50 clients", scenarios.reflector, 50),
    Scenario("reflector-200", "reflector, 10 k prefixes to 200 clients", scenarios.reflector, 200, limit_s=45),
    Scenario("kernel-500k", "500 k prefixes into the kernel's table", scenarios.kernel, 500_000, limit_s=40),
    Scenario("idle", "memory of one idle daemon with a session", scenarios.idle, limit_s=20),
    Scenario("malformed", "malformed messages answered as the RFCs ask", malformed.answers, limit_s=10, once=True),
    Scenario("floor", "what the wire and the kernel can do", scenarios.floor, alone=True, once=True),
    Scenario("growth-prefixes", "transit of 10 k to 1 M prefixes", scenarios.growth_prefixes, limit_s=20, once=True),
    Scenario("growth-peers", "reflector, 2,000 prefixes to 10 to 500 clients", scenarios.growth_peers, limit_s=20,
             once=True),
]
SMOKE = [  # under the names of their large relatives, so that table and plots can be tried too
    Scenario("start", "daemon start", scenarios.start, limit_s=30),
    Scenario("transit-1m", "transit of 1,000", functools.partial(scenarios.transit, withdraw=True), 1000, limit_s=30),
    Scenario("feeds-20", "3 feeds of 1,000", scenarios.feeds, 3, "synthetic 1000 1", limit_s=30),
    Scenario("reflector-50", "1,000 to 5 clients", scenarios.reflector, 5, 1000, limit_s=30),
    Scenario("pair", "two daemons", scenarios.pair, limit_s=30),
]


class Nobody:
    name = "floor"


NOBODY = Nobody()


class Runner:
    def __init__(self, options, bench, daemons):
        self.options, self.bench, self.daemons = options, bench, daemons
        self.runs = {}  # scenario -> daemon -> list of metrics
        self.failures = {}  # scenario -> daemon -> text

    def measure(self, scenario):
        for number in range(1 if scenario.once else self.options.runs):
            for daemon in [NOBODY] if scenario.alone else self.daemons:
                done = self.runs.setdefault(scenario.name, {}).setdefault(daemon.name, [])
                if number and (len(done) < number or done[0]["wall_s"] > SLOW_S):
                    continue  # it failed or is slow
                self.bench.limit_s = min(scenario.limit_s, self.options.limit)
                begin = time.monotonic()
                try:
                    metrics = scenario.run(self.bench, daemon)
                except (Failed, OSError, subprocess.CalledProcessError) as failure:  # the run goes on without it
                    self.failures.setdefault(scenario.name, {})[daemon.name] = str(failure)
                    self.say(f"{scenario.name:15} {daemon.name:9} {failure}")
                    continue
                metrics["wall_s"] = time.monotonic() - begin
                done.append(metrics)
                shown = "  ".join(f"{key} {value:.4g}" for key, value in metrics.items()
                                  if key != "wall_s" and isinstance(value, (int, float)))
                shown += "  ".join(f"{size}: {took:.3g} s" for size, took, _ in metrics.get("points", ()))
                self.say(f"{scenario.name:15} {daemon.name:9} {shown}")

    @staticmethod
    def say(line):
        print(line, file=sys.stderr, flush=True)

    def results(self):
        """scenario -> daemon -> {metric: median, "runs": n} or {"failed": text}"""
        out = {}
        for name, daemons in self.runs.items():
            for daemon, runs in daemons.items():
                row = out.setdefault(name, {})[daemon] = {"runs": len(runs)}
                for metric in dict.fromkeys(key for run in runs for key in run):
                    values = [run[metric] for run in runs if metric in run]
                    if all(isinstance(value, (int, float)) for value in values):
                        row[metric] = statistics.median(values)
                        row.setdefault("spread", {})[metric] = [min(values), max(values)]
                    else:
                        row[metric] = values[0]
                if daemon in self.failures.get(name, {}):
                    row["failed"] = self.failures[name][daemon]
        return out


def machine():
    model = ""
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    total = int(pathlib.Path("/proc/meminfo").read_text().split()[1])
    return {"cores": os.cpu_count(), "model": model, "memory_gib": round(total / 2**20), "kernel": os.uname().release,
            "load": round(os.getloadavg()[0], 2), "date": datetime.date.today().isoformat()}


def data_folder():
    return pathlib.Path(os.environ.get("CATFLAP_DATA", ROOT.parent / "shared" / "data"))


def real_feed(folder):
    packed = data_folder() / "mrt" / "full-table-2015.table_dump_v2.xz"
    if not packed.exists():
        return None
    unpacked = folder / "feed.mrt"
    with lzma.open(packed) as source, unpacked.open("wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    return unpacked


def smoke(options, bench, daemons):
    """A few small measurements that must come to figures. Exit code; 77 where there can be no namespaces."""
    try:
        with World(tempfile.gettempdir()):
            pass
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"skipped: cannot make network namespaces: {error}")
        return 77
    runner = Runner(options, bench, daemons)
    for scenario in SMOKE:
        runner.measure(scenario)
    for name, failed in runner.failures.items():
        for daemon, why in failed.items():
            print(f"{name}, {daemon}: {why}")
    wrong = [f"{name}, {daemon}: no times" for name, rows in runner.results().items() for daemon, row in rows.items()
             if "failed" not in row and not all(row[key] > 0 for key in row if key.endswith("_s") and "cpu" not in key)]
    print("\n".join(wrong), end="\n" if wrong else "")
    with scratch() as folder:
        data = collect(options, daemons, machine(), runner)
        write(data, pathlib.Path(folder))
        report.text(data)
        for drawing in pathlib.Path(folder).glob("*.svg"):
            ElementTree.parse(drawing)
    return 1 if wrong or runner.failures else 0


def collect(options, daemons, about, runner):
    """Everything that table and plots are made of."""
    return {"machine": about, "runs": options.runs, "slow_s": SLOW_S, "daemons": {d.name: d.label() for d in daemons},
            "titles": {s.name: s.title for s in SCENARIOS}, "results": runner.results()}


def write(data, folder):
    """JSON and plots."""
    (folder / "speaker.json").write_text(json.dumps(data, indent=1) + "\n")
    return draw(data, folder)


def draw(data, folder):
    """Returns [(name, title)]."""
    results, daemons = data["results"], data["daemons"]
    plots = []
    for name, title, unit, suffix in (("time", "Time", "s", "_s"), ("memory", "Peak memory", "MiB", "rss_mib")):
        groups = []
        for scenario, metric, what, shown, _ in report.ROWS:
            is_time = suffix == "_s" and shown in (report.SECONDS, report.MILLISECONDS) and "cpu" not in metric
            if scenario in results and (is_time or metric == suffix):
                label = scenario + {"update_s": ", first UPDATE", "withdraw_s": ", withdrawal"}.get(metric, "")
                groups.append((label, {d: results[scenario].get(d, {}).get(metric) for d in daemons}))
        if groups:
            (folder / f"speaker-{name}.svg").write_text(plot.bars(title, unit, groups, daemons))
            plots.append((f"speaker-{name}.svg", title))
    if any(name.startswith("growth") for name in results):
        (folder / "speaker-growth.svg").write_text(plot.growth(results, daemons))
        plots.append(("speaker-growth.svg", "Growth"))
    return plots


def chosen(text, known, what):
    names = [name for name in text.split(",") if name]
    wrong = [name for name in names if name not in known]
    if wrong:
        sys.exit(f"tests/bench/run: no {what} {', '.join(wrong)}: there are {', '.join(known)}")
    return names


def parse(arguments, kinds, names):
    parser = argparse.ArgumentParser(prog="tests/bench/run --speaker", description="BGP daemons side by side",
                                     epilog=f"Scenarios: {' '.join(names)}")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--daemons", default=",".join(kinds), help="comma-separated, default: all that are installed")
    parser.add_argument("--scenarios", default=",".join(names), help="comma-separated, default: all")
    parser.add_argument("--runs", type=int, default=3, help="medians of so many; slow daemons run once (default 3)")
    parser.add_argument("--limit", type=float, default=90, help="seconds after which a measurement is given up, at most")
    parser.add_argument("--settle", type=float, default=0.3, metavar="S",
                        help="seconds from the last session Established to the feed (default 0.3)")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build" / "bench", help="folder for JSON and plots")
    parser.add_argument("--profile", action="store_true", help="perf record of the daemons while feeds are on their way, "
                        "into --out; the figures of such a run mean little")
    parser.add_argument("--write-results", action="store_true", help="put table and plots into tests/bench/RESULTS.md")
    parser.add_argument("--smoke", action="store_true", help="only see whether the kit works: seconds, no figures to keep")
    return parser.parse_args(arguments)


def installed(names, kinds, build):
    daemons = []
    for name in names:
        daemon = kinds[name](build)
        if daemon.available():
            daemons.append(daemon)
        else:
            print(f"{name}: skipped, no {daemon.path()}", file=sys.stderr)
    return daemons


def main(arguments):
    kinds = {kind.name: kind for kind in KINDS}
    names = [scenario.name for scenario in SCENARIOS]
    options = parse(arguments, kinds, names)
    if os.geteuid() != 0:
        print("tests/bench/run: daemons run in network namespaces: run as root", file=sys.stderr)
        return 77 if options.smoke else 1
    wanted = chosen(options.scenarios, names, "scenario")
    if not wanted or options.runs < 1:
        sys.exit("tests/bench/run: nothing to measure: --scenarios is empty or --runs is below 1")
    build = options.build.resolve()
    if options.smoke:
        options.daemons, options.runs = "self,bird2", 1
    daemons = installed(chosen(options.daemons, kinds, "daemon"), kinds, build)
    if not (build / "bin" / "catflap-bgp-load").exists():
        sys.exit(f"tests/bench/run: no {build}/bin/catflap-bgp-load: build with tests, or say --build")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # as ^C: by way of everything that cleans up
    if not options.smoke:  # which may run where the process ids of other kits cannot be seen
        remove_leftovers()
    about = machine()
    with scratch() as folder:
        reads_table = not options.smoke and any(name.startswith("real") for name in wanted)
        feed = real_feed(pathlib.Path(folder)) if reads_table else None
        cases = data_folder() / "bgp" / "malformed.json"
        bench = scenarios.Bench(build, options.limit, options.settle, feed, options.out if options.profile else None,
                                cases if cases.exists() else None)
        if options.smoke:
            return smoke(options, bench, daemons)
        options.out.mkdir(parents=True, exist_ok=True)
        runner = Runner(options, bench, daemons)
        for scenario in SCENARIOS:
            if scenario.name in wanted:
                runner.measure(scenario)
                data = collect(options, daemons, about, runner)
                write(data, options.out)  # so that a run that is given up is not lost
    if options.write_results:
        here = pathlib.Path(__file__).resolve().parents[1]
        report.write_section(here / "RESULTS.md", data, draw(data, here))
    print(report.text(data), end="")
    return 0
