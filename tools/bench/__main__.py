"""`make bench`: the race between three procedures, the rungs, and what they cost.

Writes a table and a picture to build/. With FULL=1 all procedures run to their ends,
and the result replaces the committed one that README shows.
"""

import os
import sys
from pathlib import Path

import torch

from seq2seq_lesson.corpus import known_translations, prepare, read_pairs, split
from tools.bench.curves import Curve, draw, publish
from tools.bench.race import lanes, race, table
from tools.bench.reading import reading
from tools.bench.rungs import ROOT, rungs

README = ROOT / "README.md"
START, END = "<!-- benchmark -->\n", "<!-- /benchmark -->"
RESULTS = Path(__file__).with_name("results.md")


def ladder_table(found: dict) -> str:
    """Tokens per second of the three rungs, and their ratio to the first."""
    slowest = min(found["rungs"].values())
    lead = "Notebook 04's rungs, forward and backward through 64 sentences; medians."
    rows = [lead, "", "| rung | tokens per second | |", "|---|---|---|"]
    rows += [
        f"| {name} | {speed:,.0f} | ×{speed / slowest:.1f} |"
        for name, speed in found["rungs"].items()
    ]
    return "\n".join(rows)


def growth_table(found: dict) -> str:
    """How the ladder's two ends grow with batch size, length and hidden size."""
    rows = ["| | word by word | in one call | ratio |", "|---|---|---|---|"]
    kinds = {"batch": "sentences a batch", "length": "tokens", "hidden": "hidden size"}
    for kind, unit in kinds.items():
        for size, speeds in found[kind].items():
            slow, fast = speeds.values()
            ratio = fast / slow
            rows.append(f"| {size} {unit} | {slow:,.0f} | {fast:,.0f} | ×{ratio:.0f} |")
    return "\n".join(rows)


def prose(found: dict) -> str:
    """The figures that need no table."""
    shares = ", ".join(f"{s:.0%} at hidden size {h}" for h, s in found["share"].items())
    one, batched = found["decoding"].values()
    return (
        f"A training step of 64 sentences reaches {shares} of the machine's measured "
        f"rate of matrix products ({found['product rate'] / 1e9:.0f} GFLOP/s, one "
        f"thread). Greedy decoding: {one:,.0f} sentences a second one by one, "
        f"{batched:,.0f} in batches (×{batched / one:.0f})."
    )


def main() -> int:
    full = os.environ.get("FULL") == "1"
    torch.set_num_threads(1)
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    pairs = prepare(read_pairs("tatoeba"))
    known, parts = known_translations(pairs), split(pairs)
    found, runners = rungs(), lanes(parts.train, full)
    race(runners, {pair.source: known[pair.source] for pair in parts.test})
    race_table = table(runners)
    text = "\n\n".join(
        [
            "# Measured by `make bench`" + (" FULL=1" if full else ""),
            "Seconds of one thread, evaluation apart, to a BLEU on test sentences.",
            race_table,
            ladder_table(found),
            growth_table(found),
            prose(found),
            reading(),
        ]
    )
    curves = [Curve("Tatoeba", lane.name, 0, lane.curve) for lane in runners]
    draw(curves, build / "benchmark.png")
    (build / "benchmark.md").write_text(text + "\n", "utf-8")
    print(f"\n{text}\n\nwritten to {build / 'benchmark.md'} and benchmark.png")
    if full:
        publish(curves)
        RESULTS.write_text(text + "\n", "utf-8")
        before, rest = README.read_text("utf-8").split(START)
        after = rest.partition(END)[2]
        README.write_text(f"{before}{START}{race_table}\n{END}{after}", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
