"""Writes `results.md`: a part per benchmark, with its tables, and a picture per curve in `pictures/`."""

import re
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figures import Curve, Figure, Section

_HERE = Path(__file__).parent
RESULTS = _HERE / "results.md"
_PICTURES = _HERE / "pictures"
_MARK = re.compile(r"^<!-- (\w+) -->\n", re.MULTILINE)
_HEAD = """# Measured

`make bench` has written this; how: [README](README.md). Each figure is the median of its runs, which stand beside it,
and a ratio is to a floor or a peer of the same run. Machines are noisy: compare ratios, not figures, and only within a
part.

"""


def write(name: str, section: Section, machine: str, *, quick: bool) -> None:
    """Put the part of one benchmark in the place of its last one; what others have measured stays as it is."""
    parts = _parts(RESULTS.read_text()) if RESULTS.exists() else {}
    parts[name] = _part(section, machine, quick=quick)
    written = "".join(f"<!-- {one} -->\n{text.strip()}\n\n" for one, text in sorted(parts.items()))
    RESULTS.write_text(_HEAD + written.rstrip() + "\n")
    for curve in section.curves:
        _draw(curve)


def _parts(text: str) -> dict[str, str]:
    _, *found = _MARK.split(text)
    return dict(zip(found[::2], found[1::2], strict=True))


def _part(section: Section, machine: str, *, quick: bool) -> str:
    size = "quick" if quick else "full size"
    lines = [f"## {section.title}", "", section.how.strip(), ""]
    if section.figures:
        lines += ["| what | median | ratio | goal | runs |", "|---|---|---|---|---|", *map(_row, section.figures), ""]
    for curve in section.curves:
        lines += [f"![{curve.title}]({_PICTURES.name}/{curve.name}.svg)", ""]
    lines.append(f"*{datetime.now(UTC):%Y-%m-%d}, {size}. {machine}*")
    return "\n".join(lines)


def _row(figure: Figure) -> str:
    ratio = f"{figure.ratio:.2f} × {figure.to.what}" if figure.ratio is not None and figure.to else ""
    goal = {None: figure.goal or "", True: f"{figure.goal} ✓", False: f"{figure.goal} ✗"}[figure.met]
    runs = ", ".join(_number(run) for run in figure.runs)
    return f"| {figure.what} | {_number(figure.median)} {figure.unit} | {ratio} | {goal} | {runs} |"


def _number(value: float) -> str:
    """Three significant digits at least, and no more than make sense."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.2g}"


def _draw(curve: Curve) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    # the same points give the same file, with letters that stay letters
    mpl.rcParams.update({"svg.hashsalt": curve.name, "svg.fonttype": "none", "font.size": 9})
    drawing, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for name, points in curve.series.items():
        axes.plot(*zip(*sorted(points), strict=True), marker="o", markersize=3, label=name)
    if curve.logarithmic:
        axes.set(xscale="log", yscale="log")
    else:
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
    axes.set(title=curve.title, xlabel=curve.x, ylabel=curve.y)
    axes.grid(visible=True, linewidth=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    if len(curve.series) > 1:
        axes.legend(frameon=False)
    _PICTURES.mkdir(exist_ok=True)
    drawing.savefig(_PICTURES / f"{curve.name}.svg", metadata={"Date": None})
    plt.close(drawing)
