"""Training from a shell: two processes do what one does, and outlive a killed one."""

import os
import random
import subprocess
import sys

import pytest
import torch

from seq2seq_lesson import train
from seq2seq_lesson.checkpoints import load_checkpoint
from seq2seq_lesson.reversal import draw_strings
from tests import two_ranks
from tests.test_notebooks import ROOT
from tests.test_training import same_parameters, without_seconds

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="torchrun wants USE_LIBUV=0 there, untried here"
)
SHORT = "--epochs 3 --dropout 0 --emb 8 --enc-hid 8 --hid 16 --max-words 10".split()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A file of letters with spaces between, read forwards and backwards."""
    path = tmp_path_factory.mktemp("corpus") / "letters.tsv"
    strings = draw_strings(300, random.Random(0), shortest=2, longest=9)
    lines = (f"{' '.join(text)}\t{' '.join(text[::-1])}\n" for text in strings)
    path.write_text("".join(lines), "utf-8")
    return path


def two(*command, restarts=0):
    """What torchrun's two processes print."""
    torchrun = "-m torch.distributed.run --standalone --nproc-per-node=2".split()
    done = subprocess.run(
        [sys.executable, *torchrun, f"--max-restarts={restarts}", "-m", *command],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "SEQ2SEQ_LESSON_DEVICE": "cpu"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def unbroken(corpus):
    """What they print who leave two.pt."""
    path = corpus.with_name("two.pt")
    return two("seq2seq_lesson.train", str(path), "--corpus", str(corpus), *SHORT)


def test_loss_and_gradients_of_two_are_those_of_one(tmp_path):
    loss, gradients, sentences = two_ranks.steps()
    two("tests.two_ranks", "steps", str(tmp_path / "found.pt"))
    theirs, found, shares = torch.load(tmp_path / "found.pt")
    assert (sentences, shares) == ([8, 7, 1, 14], [4, 4, 1, 7])
    assert theirs == pytest.approx(loss, rel=1e-6)
    assert len(found) == len(gradients) == 4
    apart = (found - gradients).norm(dim=1) / gradients.norm(dim=1)  # (steps)
    assert apart.max() < 1e-6


@pytest.mark.slow
def test_a_training_by_two_is_a_training_by_one(corpus, unbroken, capsys, monkeypatch):
    monkeypatch.setenv("SEQ2SEQ_LESSON_DEVICE", "cpu")
    train.main([str(corpus.with_name("one.pt")), "--corpus", str(corpus), *SHORT])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == ["epoch 1", "epoch 2", "epoch 3"]
    assert len(unbroken.splitlines()) == 3
    alone, together = (
        load_checkpoint(corpus.with_name(name))[3]["history"]
        for name in ("one.pt", "two.pt")
    )
    assert alone[-1]["loss"] < alone[0]["loss"]
    for one, other in zip(alone, together, strict=True):
        assert one.keys() == other.keys() >= {"loss", "bleu"}
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-6)


@pytest.mark.slow
def test_a_killed_process_restarts_and_the_end_is_the_same(corpus, unbroken):
    path, other = corpus.with_name("killed.pt"), corpus.with_name("two.pt")
    arguments = ["dying", str(path), "--corpus", str(corpus), *SHORT]
    said = two("tests.two_ranks", *arguments, restarts=1)
    (killed, *_, state), (whole, *_, expected) = map(load_checkpoint, (path, other))
    assert same_parameters(killed, whole)
    history = state["history"]
    assert without_seconds(history) == without_seconds(expected["history"])
    # the first epoch is the one that was taken before the death
    seconds = [str(epoch["seconds"]) for epoch in history]
    assert said.splitlines()[0] == seconds[0]
    assert len(seconds) == 3
