"""The figures as a table."""

MILLISECONDS, SECONDS, MIB, COUNT, PERCENT = "ms", "s", "MiB", "", "%"

# Rows of the table: (scenario, metric, what it says, unit, what ours is to be or None: at most in seconds or MiB, at least
# in percent)
ROWS = (
    ("pair", "time_s", "two daemons of a kind, exec to both Established", MILLISECONDS, 0.004),
    ("pair", "update_s", "... to both first UPDATEs with a route", MILLISECONDS, 0.005),
    ("start", "time_s", "daemon start to accepting and Established", MILLISECONDS, 0.003),
    ("sessions-out", "time_s", "500 sessions dialled by the daemon, from its start", MILLISECONDS, 0.050),
    ("sessions-in", "time_s", "500 sessions dialled to the daemon at once", MILLISECONDS, 0.150),
    ("transit-100k", "time_s", "transit of 100 k prefixes: time", MILLISECONDS, 0.050),
    ("transit-100k", "rss_mib", "... peak memory", MIB, None),
    ("transit-1m", "time_s", "transit of 1 M prefixes: time", SECONDS, 0.4),
    ("transit-1m", "cpu_s", "... processor time", SECONDS, None),
    ("transit-1m", "rss_mib", "... peak memory", MIB, 70),
    ("transit-1m", "messages", "... messages to the sink", COUNT, None),
    ("transit-1m", "withdraw_s", "withdrawal of 1 M after the loss of the session", SECONDS, 0.2),
    ("real-1", "time_s", "real feed, 1 peer: time", SECONDS, 0.25),
    ("real-1", "rss_mib", "... peak memory", MIB, 40),
    ("real-10", "time_s", "real feed, 10 peers at once: time", SECONDS, 1.5),
    ("real-10", "cpu_s", "... processor time", SECONDS, None),
    ("real-10", "rss_mib", "... peak memory", MIB, 200),
    ("feeds-20", "time_s", "20 feeds of the same 100 k: time", SECONDS, 0.4),
    ("feeds-20", "rss_mib", "... peak memory", MIB, 80),
    ("reflector-50", "time_s", "reflector, 10 k prefixes to 50 clients: time", MILLISECONDS, 0.060),
    ("reflector-50", "cpu_s", "... processor time", SECONDS, None),
    ("reflector-200", "time_s", "reflector, 10 k prefixes to 200 clients: time", SECONDS, 0.2),
    ("reflector-200", "cpu_s", "... processor time", SECONDS, 0.15),
    ("reflector-200", "rss_mib", "... peak memory", MIB, 14),
    ("kernel-500k", "time_s", "500 k prefixes from a peer into the kernel's table: time", SECONDS, 1.5),
    ("kernel-500k", "routes_per_s", "... routes a second", COUNT, None),
    ("idle", "rss_mib", "memory of one idle daemon", MIB, 2.5),
    ("idle", "peak_mib", "... peak memory", MIB, None),
    ("malformed", "right_percent", "malformed messages answered as the RFCs ask", PERCENT, 100),
    ("malformed", "crashes", "... that end the daemon", COUNT, None),
)
FLOOR_ROWS = (
    ("wire_100k_s", "100 k prefixes from load to load, no daemon between", MILLISECONDS),
    ("wire_1m_s", "1 M prefixes from load to load", MILLISECONDS),
    ("inserts_per_s", "kernel: inserts a second, batched", COUNT),
    ("deletes_per_s", "kernel: deletes a second, batched", COUNT),
    ("nexthop_inserts_per_s", "kernel: inserts a second, batched, with a next-hop object", COUNT),
    ("nexthop_deletes_per_s", "kernel: deletes a second, batched, with a next-hop object", COUNT),
)


def number(value, unit):
    if unit == MILLISECONDS:
        value *= 1000
    if value >= 100 or unit == COUNT:
        text = f"{value:,.0f}"
    elif value >= 10:
        text = f"{value:.1f}"
    else:
        text = f"{value:.2f}" if value >= 1 or unit != SECONDS else f"{value:.3f}"
    return f"{text} {unit}".strip()


def cell(row, metric, unit, notes):
    if row is None:
        return ""
    if metric in row:
        return number(row[metric], unit)
    reason = row.get(metric.rpartition("_")[0] + "_error") or row.get("failed")
    if not reason:
        return "–"
    if reason not in notes:
        notes.append(reason)
    return f"[{notes.index(reason) + 1}]"


def target_cell(row, metric, unit, target):
    if target is None:
        return ""
    text = f"{'>=' if unit == PERCENT else '<='} {number(target, unit)}"
    if row and metric in row:
        text += ": missed" if better(target, row[metric], unit) else ": reached"
    return text


def better(one, other, unit):
    return one > other if unit == PERCENT else one < other


def table(data):
    names = list(data["daemons"])
    ours = "self" in names
    notes = []
    head = ["what", *data["daemons"].values()] + (["ours is to be"] if ours else [])
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    for scenario, metric, what, unit, target in ROWS:
        if scenario in data["results"]:
            row = data["results"][scenario]
            cells = [cell(row.get(name), metric, unit, notes) for name in names]
            if ours:
                cells.append(target_cell(row.get("self"), metric, unit, target))
            lines.append(f"| {what} | " + " | ".join(cells) + " |")
    return lines, notes


def floors(data):
    row = data["results"].get("floor", {}).get("floor")
    if not row:
        return []
    lines = ["", "What no daemon can beat, in the same run:", "", "| what | |", "|---|---:|"]
    lines += [f"| {what} | {number(row[key], unit)} |" for key, what, unit in FLOOR_ROWS if key in row]
    kernel = data["results"].get("kernel-500k", {}).get("self", {})
    if "routes_per_s" in kernel and "inserts_per_s" in row:
        best = max(row["inserts_per_s"], row.get("nexthop_inserts_per_s", 0))
        lines.append(f"| ours writes, of the faster of these | {100 * kernel['routes_per_s'] / best:.0f} % |")
    return lines


def behind(data):
    """Where another daemon has the better figure than ours."""
    found = []
    for scenario, metric, what, unit, target in ROWS:
        row = data["results"].get(scenario, {})
        ours = row.get("self", {}).get(metric)
        others = {name: r[metric] for name, r in row.items() if name != "self" and metric in r}
        if target is None or not others or "self" not in row:
            continue
        best = (max if unit == PERCENT else min)(others, key=others.get)
        if ours is None or better(others[best], ours, unit):
            where = what if not what.startswith("...") else f"{scenario}{what[3:]}"
            said = "no figure" if ours is None else number(ours, unit)
            found.append(f"* {where}: ours {said}, {data['daemons'][best]} {number(others[best], unit)}")
    return ["", "Another daemon is ahead of ours in:", ""] + found if found else []


def text(data):
    m = data["machine"]
    lines = [f"{m['cores']} cores ({m['model']}), {m['memory_gib']} GiB, Linux {m['kernel']}, load {m['load']} before, "
             f"{m['date']}. Medians of {data['runs']} runs, of one where a daemon needs more than {data['slow_s']} s.", ""]
    rows, notes = table(data)
    lines += rows
    if notes:
        lines += [""] + [f"[{number}] {note}" for number, note in enumerate(notes, 1)]
    return "\n".join(lines + floors(data) + behind(data)) + "\n"


BEGIN, END = "<!-- speaker: written by `tests/bench/run --speaker --write-results` -->", "<!-- speaker: end -->"


def write_section(path, data, plots):
    """Puts the figures between the two marks of RESULTS.md."""
    before, begin, rest = path.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{path} has no place for the figures: put the lines\n{BEGIN}\n{END}\nwhere they belong")
    images = "".join(f"\n![{title}]({name})\n" for name, title in plots)
    path.write_text(f"{before}{BEGIN}\n\n{text(data)}{images}\n{END}{after}")
