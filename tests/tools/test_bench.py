"""The three procedures of the race learn, take turns, and are reported as they ran."""

import pytest
import torch

from seq2seq_lesson.corpus import SentencePair
from seq2seq_lesson.training import Recipe
from seq2seq_lesson.vocabulary import EOS, SOS
from tests.test_notebooks import ROOT
from tools.bench import procedures, race

PAIRS = [
    SentencePair("je dors .", "i m sleeping ."),
    SentencePair("il est grand .", "he is tall ."),
]
SOURCES = [pair.source for pair in PAIRS]
TARGETS = [pair.target for pair in PAIRS]


def last(slices):
    *_, translate = slices
    with torch.no_grad():
        return translate(SOURCES)


def test_the_original_tutorial_learns_by_heart(monkeypatch):
    monkeypatch.setattr(procedures, "SLICE", 80)
    assert last(procedures.original(PAIRS, 160)) == TARGETS


def test_todays_tutorial_learns_by_heart():
    assert last(procedures.todays(PAIRS, 80)) == TARGETS


def test_ours_learns_by_heart_an_epoch_at_a_time():
    recipe = Recipe(epochs=40, peak_rate=6e-3)
    assert last(procedures.ours(PAIRS, {"dropout": 0.0}, recipe)) == TARGETS


def test_todays_tutorial_fills_up_with_sos():
    rows = procedures.fixed_width([[5, 6, EOS], [7] * 10])
    assert rows.tolist() == [[5, 6, EOS] + [SOS] * 7, [7] * 10]


def test_whoever_has_used_the_least_time_goes_next(monkeypatch):
    clock = [0.0]
    order = []

    def runner(name, cost):
        for _ in range(3):
            clock[0] += cost
            order.append(name)
            yield lambda sources: [name] * len(sources)

    monkeypatch.setattr(race.time, "process_time", lambda: clock[0])
    bleus = {"slow": iter([10, 30, 50]), "quick": iter([20, 44, 60])}
    monkeypatch.setattr(
        race.metrics, "bleu", lambda found, references: next(bleus[found[0]])
    )
    slow = race.Lane("slow", runner("slow", 5.0))
    quick = race.Lane("quick", runner("quick", 2.0), enough=44)
    race.race([slow, quick], {source: ["any"] for source in SOURCES})
    assert order == ["slow", "quick", "quick", "slow", "slow"]
    assert slow.curve == [(5.0, 10), (10.0, 30), (15.0, 50)]
    assert race.seconds_to(slow, 30) == 10.0
    assert race.seconds_to(slow, 54) is None
    assert "| 44 | 15 s | 4 s |" in race.table([slow, quick])


@pytest.mark.parametrize("line", ["| held-out BLEU |", "| best |"])
def test_readme_shows_the_committed_result(line):
    readme, results = (
        (ROOT / path).read_text("utf-8").splitlines()
        for path in ("README.md", "tools/bench/results.md")
    )
    (shown,) = [row for row in readme if row.startswith(line)]
    assert shown in results
