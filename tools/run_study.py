"""Carry a study out and write its table: `make reversal-study` and its like.

`python -m tools.run_study NAME [EXPERIMENT...]` does some of its experiments again.
"""

import csv
import os
import sys
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from importlib import import_module

import torch

from seq2seq_lesson import studies
from seq2seq_lesson.runtime import seed_everything
from seq2seq_lesson.studies import SEEDS, Finding, read_study

# (experiment, model) -> a function of the seed that yields (measure, at, value)
Runs = Mapping[tuple[str, str], Callable[[int], Iterable[tuple[str, int, float]]]]


def write_study(name: str, findings: Iterable[Finding]) -> None:
    """Write the table under another name first, then put it in its place."""
    path = studies.FOLDER / f"{name}.csv"
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
    known = read_study(name) if (studies.FOLDER / f"{name}.csv").exists() else []
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


if __name__ == "__main__":
    name, *only = sys.argv[1:]
    carry_out(name, import_module(f"seq2seq_lesson.studies.{name}").RUNS, only)
