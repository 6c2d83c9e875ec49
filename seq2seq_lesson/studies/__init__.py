"""Studies: one training over several seeds, too long for a notebook to do itself.

A study is a module here and its results are the table beside it. `make places-study`,
say, makes its table anew; a test trains a sample of rows again.
"""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

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
    table: dict[str, dict[int, dict[int, float]]] = {}  # model, seed, at
    for row in findings:
        if (row.experiment, row.measure) == (experiment, measure):
            seeds = table.setdefault(row.model, {})
            seeds.setdefault(row.seed, {})[row.at] = row.value
    if not table:
        raise ValueError(
            f"experiment, measure: got {experiment!r} and {measure!r}, of which the "
            "study has no row: look into its table for what there is"
        )
    found = {}
    for model, seeds in table.items():
        runs = [[run[at] for at in sorted(run)] for run in seeds.values()]
        found[model] = torch.tensor(runs)  # (seeds, points)
    return found


def span(shares: Tensor, digits: int = 0) -> str:
    """The least and the most of some shares in per cent, such as "90 to 93 %".

    Shapes
        shares: any, float, 0 to 1
    """
    least, most = 100 * shares.min().item(), 100 * shares.max().item()
    return f"{least:.{digits}f} to {most:.{digits}f} %"
