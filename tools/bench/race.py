"""Let the three procedures take turns on one thread, and see who gets where when."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import torch

from seq2seq_lesson import metrics
from seq2seq_lesson.corpus import SentencePair
from seq2seq_lesson.training import Recipe
from tools.bench.procedures import Translate, original, ours, todays

GOALS = [15, 30, 44, 50, 54, 57, 59, 60, 62, 64]  # BLEU on held-out sentences
SMALL, LARGE = {"emb": 128, "dropout": 0.1}, {"emb": 256, "dropout": 0.3}
SPRINT = Recipe(epochs=3, batch_size=32, peak_rate=8e-3, weight_decay=0.01)
SHORT = Recipe(epochs=6, batch_size=32, peak_rate=6e-3, weight_decay=0.1)
LONG = replace(SHORT, epochs=24)


@dataclass
class Lane:
    """One procedure on its way; `enough` is the BLEU at which it may stop."""

    name: str
    slices: Iterator[Translate]
    enough: float = 100.0
    seconds: float = 0.0
    curve: list[tuple[float, float]] = field(default_factory=list)
    done: bool = False


def lanes(train: list[SentencePair], full: bool) -> list[Lane]:
    """Who takes part: in full to their ends, else up to what is to be compared."""
    found = [
        Lane("the original tutorial", original(train, 75_000 if full else 15_000)),
        Lane("today's tutorial", todays(train, 80), 100 if full else 54),
        Lane("ours, 3 epochs", ours(train, SMALL, SPRINT)),
        Lane("ours, 6 epochs", ours(train, LARGE, SHORT)),
    ]
    return (
        [*found, Lane("ours, 24 epochs", ours(train, LARGE, LONG))] if full else found
    )


def race(runners: list[Lane], references: dict[str, list[str]]) -> None:
    """Whoever has used the least time goes next, until all have come to their end."""
    sources, known = list(references), list(references.values())
    while running := [lane for lane in runners if not lane.done]:
        lane = min(running, key=lambda lane: lane.seconds)
        began = time.process_time()
        try:
            translate = next(lane.slices)
        except StopIteration:
            lane.done = True
            continue
        lane.seconds += time.process_time() - began
        with torch.no_grad():
            bleu = metrics.bleu(translate(sources), known)
        lane.curve.append((lane.seconds, bleu))
        lane.done = bleu >= lane.enough
        print(f"  {lane.name:24}{lane.seconds:7.0f} s {bleu:6.1f} BLEU", flush=True)


def seconds_to(lane: Lane, goal: float) -> float | None:
    """When a procedure's BLEU first stood at the goal or above it, in seconds."""
    return next((seconds for seconds, bleu in lane.curve if bleu >= goal), None)


def table(runners: list[Lane]) -> str:
    """The seconds of all to each goal, as Markdown."""
    rows = ["| held-out BLEU | " + " | ".join(lane.name for lane in runners) + " |"]
    rows.append("|---" * (len(runners) + 1) + "|")
    for goal in GOALS:
        times = [seconds_to(lane, goal) for lane in runners]
        if any(times):
            cells = ["-" if t is None else f"{t:.0f} s" for t in times]
            rows.append(f"| {goal} | " + " | ".join(cells) + " |")
    best = [
        max(lane.curve, key=lambda point: point[1], default=None) for lane in runners
    ]
    ends = ["-" if b is None else f"{b[1]:.1f} at {b[0]:.0f} s" for b in best]
    rows.append("| best | " + " | ".join(ends) + " |")
    return "\n".join(rows)
