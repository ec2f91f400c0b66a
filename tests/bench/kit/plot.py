"""Plots as SVG, by hand: no library beyond Python's own."""
import math
from html import escape

COLOURS = {"self": "#d1495b", "bird1": "#7fb3d5", "bird2": "#2e6f9e", "frr": "#e0a030", "gobgp": "#6a994e",
           "openbgpd": "#7b5ea7"}
INK, FAINT, FONT = "#222", "#ddd", "font-family='Helvetica,Arial,sans-serif'"


def spell(value):
    """Short, three digits."""
    for limit, factor, suffix in ((1e6, 1e-6, " M"), (1e4, 1e-3, " k")):
        if value >= limit:
            return f"{value * factor:.3g}{suffix}"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


class Drawing:
    def __init__(self, width, height):
        self.width, self.height = width, height
        self.parts = [f"<rect width='{width}' height='{height}' fill='white'/>"]

    def line(self, x1, y1, x2, y2, colour=FAINT, width=1.0):
        self.parts.append(f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{colour}' "
                          f"stroke-width='{width}'/>")

    def bar(self, x, y, width, height, colour, title):
        self.parts.append(f"<rect x='{x:.1f}' y='{y:.1f}' width='{max(width, 1):.1f}' height='{height:.1f}' "
                          f"fill='{colour}'><title>{escape(title)}</title></rect>")

    def dot(self, x, y, colour, title):
        self.parts.append(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='3.5' fill='{colour}'><title>{escape(title)}</title>"
                          "</circle>")

    def path(self, points, colour):
        dots = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f"<polyline points='{dots}' fill='none' stroke='{colour}' stroke-width='2'/>")

    def text(self, x, y, text, size=12, anchor="start", weight="normal", colour=INK):
        self.parts.append(f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size}' text-anchor='{anchor}' fill='{colour}' "
                          f"font-weight='{weight}' {FONT}>{escape(text)}</text>")

    def legend(self, x, y, daemons):
        for name, label in daemons.items():
            self.bar(x, y - 9, 10, 10, COLOURS[name], label)
            self.text(x + 14, y, label)
            x += 30 + 7 * len(label)

    def svg(self):
        return (f"<svg xmlns='http://www.w3.org/2000/svg' width='{self.width}' height='{self.height}' "
                f"viewBox='0 0 {self.width} {self.height}'>\n" + "\n".join(self.parts) + "\n</svg>\n")


class LogAxis:
    """Maps values to places between `begin` and `end`, by their logarithms."""

    def __init__(self, values, begin, end):
        self.low = math.floor(math.log10(min(values)))
        self.high = max(self.low + 1, math.ceil(math.log10(max(values))))
        self.begin, self.end = begin, end

    def at(self, value):
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.begin + share * (self.end - self.begin)

    def ticks(self):
        return [10.0**power for power in range(self.low, self.high + 1)]


def bars(title, unit, groups, daemons):
    """`groups`: (label, {daemon: value or None}). A daemon without a value has a gap, and a dash says so."""
    row, gap, left, right, top = 12, 14, 330, 80, 64
    height = top + sum(row * len(daemons) + gap for _ in groups) + 30
    drawing = Drawing(960, height)
    drawing.text(16, 26, title, 16, weight="bold")
    drawing.legend(16, 46, daemons)
    axis = LogAxis([v for _, values in groups for v in values.values() if v] or [1.0], left, drawing.width - right)
    for tick in axis.ticks():
        drawing.line(axis.at(tick), top, axis.at(tick), height - 24)
        drawing.text(axis.at(tick), height - 10, f"{spell(tick)} {unit}", 11, "middle")
    y = top + 6
    for label, values in groups:
        drawing.text(left - 10, y + row * len(daemons) / 2 + 4, label, anchor="end")
        for name in daemons:
            value = values.get(name)
            if value:
                said = f"{daemons[name]}: {spell(value)} {unit}"
                drawing.bar(left, y, axis.at(value) - left, row - 2, COLOURS[name], said)
                drawing.text(axis.at(value) + 4, y + row - 3, spell(value), 10)
            else:
                drawing.text(left + 4, y + row - 3, "–", 10, colour=COLOURS[name])
            y += row
        y += gap
    return drawing.svg()


def panel(drawing, box, titles, series):
    """A chart on two logarithmic axes. `box`: x, y, width, height. `series`: {daemon: [(n, value), ...]}"""
    x0, y0, width, height = box
    title, across, up = titles
    points = [point for line in series.values() for point in line if point[1] > 0]
    if not points:
        return
    horizontal = LogAxis([n for n, _ in points], x0, x0 + width)
    vertical = LogAxis([value for _, value in points], y0 + height, y0)
    drawing.text(x0, y0 - 10, title, 13, weight="bold")
    for tick in horizontal.ticks():
        drawing.line(horizontal.at(tick), y0, horizontal.at(tick), y0 + height)
        drawing.text(horizontal.at(tick), y0 + height + 15, spell(tick), 11, "middle")
    for tick in vertical.ticks():
        drawing.line(x0, vertical.at(tick), x0 + width, vertical.at(tick))
        drawing.text(x0 - 6, vertical.at(tick) + 4, f"{spell(tick)} {up}", 11, "end")
    drawing.text(x0 + width / 2, y0 + height + 30, across, 11, "middle")
    for name, line in series.items():
        places = [(horizontal.at(n), vertical.at(value)) for n, value in line if value > 0]
        drawing.path(places, COLOURS[name])
        for (n, value), (x, y) in zip([p for p in line if p[1] > 0], places):
            drawing.dot(x, y, COLOURS[name], f"{name}, {spell(n)} {across}: {spell(value)} {up}")


def growth(results, daemons):
    drawing = Drawing(960, 720)
    drawing.text(16, 26, "Growth", 16, weight="bold")
    drawing.legend(16, 46, daemons)
    wanted = (("growth-prefixes", "prefixes", "Transit"), ("growth-peers", "clients", "Reflector, 2,000 prefixes"))
    for row, (scenario, across, what) in enumerate(wanted):
        for column, (name, field, unit) in enumerate((("time", 1, "s"), ("peak memory", 2, "MiB"))):
            series = {}
            for daemon in daemons:
                points = results.get(scenario, {}).get(daemon, {}).get("points", [])
                if points:
                    series[daemon] = [(point[0], point[field]) for point in points]
            panel(drawing, (80 + column * 460, 90 + row * 320, 380, 240), (f"{what}: {name}", across, unit), series)
    return drawing.svg()
