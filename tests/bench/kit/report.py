"""The figures as a table."""

MILLISECONDS, SECONDS, MIB, COUNT = "ms", "s", "MiB", ""

# Rows of the table: (scenario, metric, what it says, unit)
ROWS = (
    ("pair", "time_s", "two daemons of a kind, exec to both Established", MILLISECONDS),
    ("pair", "update_s", "... to both first UPDATEs with a route", MILLISECONDS),
    ("start", "time_s", "daemon start to accepting and Established", MILLISECONDS),
    ("sessions-out", "time_s", "500 sessions dialled by the daemon, from its start", MILLISECONDS),
    ("sessions-in", "time_s", "500 sessions dialled to the daemon at once", MILLISECONDS),
    ("transit-100k", "time_s", "transit of 100 k prefixes: time", MILLISECONDS),
    ("transit-100k", "rss_mib", "... peak memory", MIB),
    ("transit-1m", "time_s", "transit of 1 M prefixes: time", SECONDS),
    ("transit-1m", "cpu_s", "... processor time", SECONDS),
    ("transit-1m", "rss_mib", "... peak memory", MIB),
    ("transit-1m", "messages", "... messages to the sink", COUNT),
    ("transit-1m", "withdraw_s", "withdrawal of 1 M after the loss of the session", SECONDS),
    ("real-1", "time_s", "real feed, 1 peer: time", SECONDS),
    ("real-1", "rss_mib", "... peak memory", MIB),
    ("real-10", "time_s", "real feed, 10 peers at once: time", SECONDS),
    ("real-10", "cpu_s", "... processor time", SECONDS),
    ("real-10", "rss_mib", "... peak memory", MIB),
    ("feeds-20", "time_s", "20 feeds of the same 100 k: time", SECONDS),
    ("feeds-20", "rss_mib", "... peak memory", MIB),
    ("reflector-50", "time_s", "reflector, 10 k prefixes to 50 clients: time", MILLISECONDS),
    ("reflector-50", "cpu_s", "... processor time", SECONDS),
    ("reflector-200", "time_s", "reflector, 10 k prefixes to 200 clients: time", SECONDS),
    ("reflector-200", "cpu_s", "... processor time", SECONDS),
    ("reflector-200", "rss_mib", "... peak memory", MIB),
    ("kernel-500k", "time_s", "500 k prefixes from a peer into the kernel's table: time", SECONDS),
    ("kernel-500k", "routes_per_s", "... routes a second", COUNT),
    ("idle", "rss_mib", "memory of one idle daemon", MIB),
)


def number(value, unit):
    if unit == MILLISECONDS:
        value *= 1000
    if value >= 100:
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


def table(data):
    names = list(data["daemons"])
    notes = []
    lines = ["| what | " + " | ".join(data["daemons"].values()) + " |", "|---|" + "---:|" * len(names)]
    for scenario, metric, what, unit in ROWS:
        if scenario in data["results"]:
            row = data["results"][scenario]
            cells = [cell(row.get(name), metric, unit, notes) for name in names]
            lines.append(f"| {what} | " + " | ".join(cells) + " |")
    return lines, notes


def text(data):
    m = data["machine"]
    lines = [f"{m['cores']} cores ({m['model']}), {m['memory_gib']} GiB, Linux {m['kernel']}, load {m['load']} before, "
             f"{m['date']}", ""]
    rows, notes = table(data)
    lines += rows
    if notes:
        lines += [""] + [f"[{number}] {note}" for number, note in enumerate(notes, 1)]
    return "\n".join(lines)
