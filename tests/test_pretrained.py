"""The models that come along are small, as good as they were, and saw no test."""

import os
import random

import pytest
import torch

from seq2seq_lesson import tasks
from seq2seq_lesson.checkpoints import read_checkpoint
from seq2seq_lesson.pretrained import FOLDER, NAMES, load_pretrained
from seq2seq_lesson.reversal import unseen_strings
from seq2seq_lesson.training import Recipe
from seq2seq_lesson.vocabulary import UNK
from tools import make_pretrained

TASKS = {task: task() for task in (tasks.bundled, tasks.reversal)}
# exact match on what the model never saw, at least; alignment error rate, at most
HELD = {
    "position-after": (0.96, 0.30),
    "dot-after": (0.96, 0.30),
    "general-after": (0.96, 0.30),
    "concat-after": (0.96, 0.30),
    "additive-after": (0.96, 0.30),
    "additive-before": (0.96, 0.40),
    "tatoeba": (0.33, None),
    "plain": (0.80, None),
    "reversal-attention": (0.98, 0.15),
}


def held(name):
    """The model's task; Tatoeba is not in the package, so it may not be at hand."""
    make = tasks.MODELS[name][0]
    if make is tasks.tatoeba and not os.environ.get("SEQ2SEQ_LESSON_DATA"):
        pytest.skip("SEQ2SEQ_LESSON_DATA is not set")
    return TASKS[make] if make in TASKS else make()


@pytest.mark.parametrize("name", NAMES)
def test_a_model_is_as_good_on_what_it_never_saw(name):
    exact, aer = HELD[name]
    model, *vocabularies = load_pretrained(name)
    task = held(name)
    for ours, theirs in zip(vocabularies, task.vocabularies, strict=True):
        assert ours.words == theirs.words  # the corpus has not changed since
    figures = make_pretrained.scores(model, task)
    assert figures["exact"] >= exact
    assert ("aer" in figures) == (aer is not None)
    assert aer is None or figures["aer"] <= aer


def test_names_files_and_recipes_are_the_same_set():
    assert set(NAMES) == set(tasks.MODELS) == set(HELD)
    assert {path.stem for path in FOLDER.glob("*.pt")} == set(NAMES)


def test_together_they_are_small():
    assert sum(path.stat().st_size for path in FOLDER.glob("*.pt")) < 3_000_000


@pytest.mark.parametrize("name", NAMES)
def test_a_model_comes_ready_to_use(name):
    model, *_ = load_pretrained(name)
    assert not model.training
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert {p.device.type for p in model.parameters()} == {"cpu"}
    stored = read_checkpoint(FOLDER / f"{name}.pt")["parameters"]
    assert {p.dtype for p in stored.values()} == {torch.float16}


def test_no_test_sentence_was_trained_on():
    task = TASKS[tasks.bundled]
    trained = {tuple(source) for source, _ in task.examples}
    tested = {tuple(task.src_vocabulary.encode(pair.source)) for pair in task.test}
    # with UNK in them two sentences may look alike that are not
    assert all(UNK in source for source in tested & trained)
    reversal = TASKS[tasks.reversal]
    unseen = set(unseen_strings())
    assert {pair.source.replace(" ", "") for pair in reversal.test} == unseen
    drawn = reversal.examples(random.Random(1))
    letters = reversal.src_vocabulary
    assert not unseen & {"".join(letters.decode(source)) for source, _ in drawn}


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(
        ValueError, match=r"got 'genral'.*general-after.*reversal-attention"
    ):
        load_pretrained("genral")


def test_make_writes_a_model_and_says_how_good_it_is(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(make_pretrained, "FOLDER", tmp_path)
    task = TASKS[tasks.bundled]
    few = tasks.Task(
        *task.vocabularies, task.examples[:64], task.test[:8], task.references
    )
    entry = (
        lambda: few,
        {"emb": 8, "enc_hid": 8, "hid": 16, "att": 8},
        Recipe(epochs=1),
    )
    monkeypatch.setitem(tasks.MODELS, "general-after", entry)
    make_pretrained.main(["general-after"])
    assert capsys.readouterr().out.split()[0] == "general-after"
    stored = read_checkpoint(tmp_path / "general-after.pt")["parameters"]
    assert {p.dtype for p in stored.values()} == {torch.float16}
