"""README's picture: BLEU against seconds, a panel for each corpus.

The curves are kept in curves.csv, so one corpus can be measured without the other.
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import matplotlib.pyplot as plt

from tools.address import ROOT

KEPT = Path(__file__).with_name("curves.csv")
PICTURE = ROOT / ".github" / "benchmark.png"
STYLES = ["o-", "s-", "D-", "^-", "v-"]


class Curve(NamedTuple):
    """One training; its points are (seconds, BLEU)."""

    corpus: str
    name: str
    seed: int
    points: list[tuple[float, float]]


def read(path: Path) -> list[Curve]:
    """The curves of a file, in its order; none if there is no file."""
    found: dict[tuple[str, str, int], list[tuple[float, float]]] = {}
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            for corpus, name, seed, seconds, bleu in csv.reader(file):
                points = found.setdefault((corpus, name, int(seed)), [])
                points.append((float(seconds), float(bleu)))
    return [Curve(*key, points) for key, points in found.items()]


def write(curves: Sequence[Curve], path: Path) -> None:
    """A line for each point."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for *key, points in curves:
            writer.writerows((*key, f"{s:.1f}", f"{bleu:.2f}") for s, bleu in points)


def draw(curves: Sequence[Curve], path: Path) -> None:
    """BLEU against seconds, on a logarithmic axis; a name keeps its colour."""
    mpl.use("Agg")
    corpora = list(dict.fromkeys(curve.corpus for curve in curves))
    figure, panels = plt.subplots(
        *(1, len(corpora)), figsize=(7 * len(corpora), 3.6), dpi=110, squeeze=False
    )
    for corpus, ax in zip(corpora, panels[0], strict=True):
        ours = [curve for curve in curves if curve.corpus == corpus]
        names = list(dict.fromkeys(curve.name for curve in ours))
        for curve in ours:
            place = names.index(curve.name)
            first = next(one for one in ours if one.name == curve.name)
            ax.plot(
                *zip(*curve.points, strict=True),
                *[STYLES[place % len(STYLES)]],
                color=f"C{place}",
                markersize=3,
                label=curve.name if curve is first else None,
            )
        ax.set(title=corpus, xlabel="seconds of one thread", ylabel="held-out BLEU")
        ax.set_xscale("log")
        ax.grid(alpha=0.3)
        ax.legend()
    figure.set_layout_engine("constrained")
    figure.savefig(path)


def publish(curves: Sequence[Curve]) -> None:
    """Put a corpus's curves in the place of its old ones, and draw README's picture."""
    new = {curve.corpus for curve in curves}
    kept = [curve for curve in read(KEPT) if curve.corpus not in new]
    every = sorted([*kept, *curves], key=lambda curve: curve.corpus, reverse=True)
    write(every, KEPT)
    draw(every, PICTURE)
