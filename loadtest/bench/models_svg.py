#!/usr/bin/python3
"""Draws what models.py has measured: small multiples over the number of connections, waiting on the
left and busy on the right, both axes logarithmic.

    loadtest/bench/models_svg.py models.json models.svg
"""
import json
import math
import sys
from pathlib import Path
from xml.sax.saxutils import escape

# Of each figure: its name, the unit, and how many of that unit one of the JSON's is.
FIGURES = [
    ("memory_bytes", "Memory of a connection", "KiB", 1 / 1024),
    ("cpu_ns", "CPU time of a message", "µs", 1 / 1000),
    ("switches", "Context switches of a message", "", 1),
    ("p99_us", "Latency, 99th percentile", "ms", 1 / 1000),
]
MODES = {"waiting": "Waiting: 1,000 messages/s in all", "busy": "Busy: the next as soon as one is back"}

PANEL_WIDTH, PANEL_HEIGHT = 330, 150
LEFT, TOP, RIGHT, GAP_X, GAP_Y = 78, 114, 30, 100, 58
WIDTH = LEFT + 2 * PANEL_WIDTH + GAP_X + RIGHT
HEIGHT = TOP + len(FIGURES) * (PANEL_HEIGHT + GAP_Y) - 10
LEAST = 0.01  # what is less is drawn here; a logarithm has no zero

STYLE = """
svg { font: 12px system-ui, sans-serif; color-scheme: light dark }
.ground { fill: #fff } text { fill: #222 } .soft { fill: #666 } .title { font-weight: 600 }
.heading { font-size: 13px; font-style: italic }
.grid { stroke: #e3e3e3 } .frame { fill: none; stroke: #bbb }
.line { fill: none; stroke-width: 2 } .mark { stroke: #fff; stroke-width: 1 }
.w0 { --c: #c2410c } .w1 { --c: #7c3aed } .w2 { --c: #6b7280 } .w3 { --c: #0369a1 }
.w4 { --c: #0f9d78 } .line { stroke: var(--c) } .mark { fill: var(--c) }
@media (prefers-color-scheme: dark) {
  .ground { fill: #16181c } text { fill: #e6e6e6 } .soft { fill: #a0a0a0 }
  .grid { stroke: #2c3036 } .frame { stroke: #50555c } .mark { stroke: #16181c }
  .w0 { --c: #fb923c } .w1 { --c: #b794f6 } .w2 { --c: #a8b0bc } .w3 { --c: #5fb4f0 }
  .w4 { --c: #3ddbb0 }
}
"""


def decades(values):
    """From the power of ten below the least to that above the greatest."""
    low = math.floor(math.log10(min(values)))
    high = math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def number(value):
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


class Panel:
    """One plot: a figure in a mode."""

    def __init__(self, x, y, xs, ys):
        self.x, self.y = x, y
        self.x_low, self.x_high = decades(xs)
        self.y_low, self.y_high = decades(ys)

    def at_x(self, value):
        share = (math.log10(value) - self.x_low) / (self.x_high - self.x_low)
        return self.x + share * PANEL_WIDTH

    def at_y(self, value):
        share = (math.log10(value) - self.y_low) / (self.y_high - self.y_low)
        return self.y + (1 - share) * PANEL_HEIGHT

    def axes(self, title, unit):
        yield f'<text class="title" x="{self.x}" y="{self.y - 9}">{escape(title)}</text>'
        for power in range(self.y_low, self.y_high + 1):
            y = self.at_y(10 ** power)
            label = f"{number(10 ** power)} {unit}".strip()
            yield f'<path class="grid" d="M{self.x} {y:.1f}h{PANEL_WIDTH}"/>'
            yield f'<text class="soft" x="{self.x - 6}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'
        for power in range(self.x_low, self.x_high + 1):
            x = self.at_x(10 ** power)
            yield f'<path class="grid" d="M{x:.1f} {self.y}v{PANEL_HEIGHT}"/>'
            yield (f'<text class="soft" x="{x:.1f}" y="{self.y + PANEL_HEIGHT + 16}" '
                   f'text-anchor="middle">{number(10 ** power)}</text>')
        yield (f'<rect class="frame" x="{self.x}" y="{self.y}" width="{PANEL_WIDTH}" '
               f'height="{PANEL_HEIGHT}"/>')

    def line(self, way, points):
        places = [(self.at_x(x), self.at_y(y)) for x, y in points]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        yield f'<path class="line w{way}" d="M{path}"/>'
        for x, y in places:
            yield f'<circle class="mark w{way}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'


def points_of(rows, mode, way, figure, scale):
    return [(row["connections"], max(row[figure] * scale, LEAST)) for row in rows
            if row["mode"] == mode and row["way"] == way and "failed" not in row]


def legend(ways):
    x = LEFT
    for index, way in enumerate(ways):
        yield f'<path class="line w{index}" d="M{x} 40h22"/>'
        yield f'<circle class="mark w{index}" cx="{x + 11}" cy="40" r="3.5"/>'
        yield f'<text x="{x + 28}" y="44">{escape(way)}</text>'
        x += 50 + 7 * len(way)


def draw(rows):
    ways = list(dict.fromkeys(row["way"] for row in rows))
    xs = [row["connections"] for row in rows]
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
           f'width="{WIDTH}" height="{HEIGHT}" role="img" '
           f'aria-label="Ways to serve many connections, compared">')
    yield f"<style>{STYLE}</style>"
    yield f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}"/>'
    yield (f'<text class="title" x="{LEFT}" y="20">Ways to serve connections, '
           "over their number</text>")
    yield from legend(ways)
    for column, (mode, heading) in enumerate(MODES.items()):
        x = LEFT + column * (PANEL_WIDTH + GAP_X)
        yield f'<text class="heading" x="{x}" y="80">{escape(heading)}</text>'
        for row, (figure, title, unit, scale) in enumerate(FIGURES):
            lines = [points_of(rows, mode, way, figure, scale) for way in ways]
            both = [y for m in MODES for way in ways
                    for _, y in points_of(rows, m, way, figure, scale)]
            panel = Panel(x, TOP + row * (PANEL_HEIGHT + GAP_Y), xs, both)
            yield from panel.axes(title, unit)
            for index, points in enumerate(lines):
                if points:
                    yield from panel.line(index, points)
    yield "</svg>\n"


def main():
    source, target = sys.argv[1:]
    rows = json.loads(Path(source).read_text())["rows"]
    Path(target).write_text("\n".join(draw(rows)))


if __name__ == "__main__":
    main()
