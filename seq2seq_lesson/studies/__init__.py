"""Studies: one training over several seeds, too long for a notebook to do itself.

A study is a module here and its results are the table beside it. `make reversal-study`
and `make attention-study` make the tables anew; a test trains a sample of rows again.
"""

import csv
import os
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from seq2seq_lesson.runtime import seed_everything

FOLDER = Path(__file__).parent
SEEDS = (0, 1, 2)


class Finding(NamedTuple):
    """One number: what was measured `at` an epoch, a length or, as 0, at the end."""

    experiment: str
    model: str
    seed: int
    measure: str
    at: int
    value: float


# (experiment, model) -> a function of the seed that yields (measure, at, value)
Runs = Mapping[tuple[str, str], Callable[[int], Iterable[tuple[str, int, float]]]]


def read_study(name: str) -> list[Finding]:
    """The findings that come along, in the order of the file."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        Finding(
            row["experiment"],
            row["model"],
            int(row["seed"]),
            row["measure"],
            int(row["at"]),
            float(row["value"]),
        )
        for row in rows
    ]


def values(
    findings: Iterable[Finding], experiment: str, measure: str
) -> dict[str, Tensor]:
    """One measure of one experiment, for each model.

    Shapes
        return: model -> (seeds, points) float, the points in rising order of `at`
    Raises
        ValueError: there is no such finding.
    """
    table: dict = defaultdict(lambda: defaultdict(dict))
    for found in findings:
        if (found.experiment, found.measure) == (experiment, measure):
            table[found.model][found.seed][found.at] = found.value
    if not table:
        raise ValueError(
            f"experiment, measure: got {experiment!r} and {measure!r}, of which the "
            "study has no row: look into its table for what there is"
        )
    found = {}
    for model, seeds in table.items():
        rows = [[row[at] for at in sorted(row)] for row in seeds.values()]
        found[model] = torch.tensor(rows)  # (seeds, points)
    return found


def write_study(name: str, findings: Iterable[Finding]) -> None:
    """Write the table under another name first, then put it in its place."""
    path = FOLDER / f"{name}.csv"
    beside = path.with_suffix(".part")
    with beside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Finding._fields)
        writer.writerows((*found[:-1], f"{found.value:.4g}") for found in findings)
    os.replace(beside, path)


def carry_out(name: str, runs: Runs, only: Collection[str] = ()) -> None:
    """Do every run with every seed, or those of some experiments, and keep the rest."""
    torch.set_num_threads(1)
    wanted = {key: run for key, run in runs.items() if not only or key[0] in only}
    known = read_study(name) if (FOLDER / f"{name}.csv").exists() else []
    findings = [row for row in known if (row.experiment, row.model) in runs]
    for (experiment, model), run in wanted.items():
        fresh = []
        for seed in SEEDS:
            began = time.process_time()
            seed_everything(seed)
            found = [Finding(experiment, model, seed, *row) for row in run(seed)]
            seconds = time.process_time() - began
            last = {row.measure: row.value for row in found}
            print(
                f"{experiment:14}{model:28}seed {seed}{seconds:7.0f} s ",
                *(f"{measure} {value:.3g}" for measure, value in last.items()),
                flush=True,
            )
            fresh += found
        key = (experiment, model)
        findings = [row for row in findings if row[:2] != key] + fresh
        order = {key: place for place, key in enumerate(runs)}
        findings.sort(key=lambda row: order[row[:2]])
        write_study(name, findings)
