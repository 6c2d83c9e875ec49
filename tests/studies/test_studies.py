"""Studies: how a table is made and read, and that a sample of it comes out again."""

from itertools import islice

import pytest
import torch

from seq2seq_lesson import studies
from seq2seq_lesson.runtime import seed_everything
from seq2seq_lesson.studies import SEEDS, Finding, read_study, values
from seq2seq_lesson.studies.reversal import RUNS
from tools.run_study import carry_out


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(studies, "FOLDER", tmp_path)
    return tmp_path


def counting(start):
    """A run that draws nothing: its values tell the seed and the place."""

    def run(seed):
        yield "score", 2, start + seed + 0.25
        yield "score", 1, start + seed
        yield "end", 0, float("inf")

    return run


TWO = {("first", "a"): counting(10), ("second", "b"): counting(20)}


def test_what_is_carried_out_can_be_read(folder, capsys):
    carry_out("toy", TWO)
    findings = read_study("toy")
    assert len(findings) == 2 * len(SEEDS) * 3
    assert findings[0] == Finding("first", "a", 0, "score", 2, 10.25)
    assert findings[-1] == Finding("second", "b", 2, "end", 0, float("inf"))
    assert [path.name for path in folder.iterdir()] == ["toy.csv"]
    assert len(capsys.readouterr().out.splitlines()) == 2 * len(SEEDS)


def test_values_are_seeds_by_points_in_rising_order(folder):
    carry_out("toy", TWO)
    (name, points), *others = values(read_study("toy"), "second", "score").items()
    assert (name, others) == ("b", [])
    assert points.tolist() == [[20, 20.25], [21, 21.25], [22, 22.25]]


def test_one_experiment_is_done_again_and_the_others_are_kept(folder):
    carry_out("toy", TWO)
    carry_out("toy", {**TWO, ("first", "a"): counting(50)}, ["first"])
    findings = read_study("toy")
    assert values(findings, "first", "score")["a"][0].tolist() == [50, 50.25]
    assert values(findings, "second", "score")["b"][0].tolist() == [20, 20.25]
    assert [row.experiment for row in findings] == ["first"] * 9 + ["second"] * 9


def test_what_is_no_longer_run_leaves_the_table(folder):
    carry_out("toy", TWO)
    carry_out("toy", {("second", "b"): counting(20)}, ["second"])
    assert {row.experiment for row in read_study("toy")} == {"second"}


def test_each_run_starts_from_its_seed(folder):
    def run(seed):
        yield "draw", 0, torch.rand(()).item()

    carry_out("one", {("draws", "a"): run})
    carry_out("two", {("draws", "x"): run, ("draws", "a"): run})
    first, second = (
        values(read_study(name), "draws", "draw") for name in ("one", "two")
    )
    assert torch.equal(first["a"], second["a"])
    assert len(set(first["a"].flatten().tolist())) == len(SEEDS)


def test_an_unknown_measure_is_named():
    finding = Finding("plateau", "a", 0, "edit", 1, 0.5)
    with pytest.raises(ValueError, match=r"'plateau' and 'exact'.*no row"):
        values([finding], "plateau", "exact")


REVERSAL = read_study("reversal")


def test_the_table_holds_every_run_of_reversal_with_every_seed():
    held = {(row.experiment, row.model, row.seed) for row in REVERSAL}
    assert held == {(*key, seed) for key in RUNS for seed in SEEDS}


# (experiment, model, seed, the first rows of the run, at most so far apart)
SAMPLE = [
    ("plateau", "as published", 1, 8, 0.02),
    ("plateau", "decoder: state carried", 0, 8, 0.03),
    ("band", "attention", 2, 4, 0.05),
    ("steps", "attention", 0, 2, 0),
    ("scores", "general after", 1, 3, 0.02),
    ("longer", "one direction, backwards", 1, 3, 0.02),
    ("longer", "location-aware", 2, 3, 0.02),
    ("far", "relative alone", 1, 2, 0.05),
]


@pytest.mark.slow
@pytest.mark.parametrize(("experiment", "model", "seed", "first", "apart"), SAMPLE)
def test_a_sample_of_reversal_comes_out_again(experiment, model, seed, first, apart):
    key = (experiment, model, seed)
    committed = [row[3:] for row in REVERSAL if row[:3] == key]
    seed_everything(seed)
    again = list(islice(RUNS[key[:2]](seed), first))
    assert [row[:2] for row in again] == [row[:2] for row in committed[:first]]
    for (measure, at, value), (*_, known) in zip(again, committed, strict=False):
        room = 100 if measure == "steps" and at == 0 else apart
        assert abs(value - known) <= room, (measure, at)
