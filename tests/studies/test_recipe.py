"""What notebook 04's companion reads in the recipe's table, and how it was made."""

import math
from dataclasses import replace

import pytest
import torch

from seq2seq_lesson.runtime import seed_everything
from seq2seq_lesson.studies import SEEDS, read_study, values
from seq2seq_lesson.studies import recipe as study
from seq2seq_lesson.vocabulary import PAD, SOS, UNK

FINDINGS = read_study("recipe")


def test_the_table_holds_every_run_with_every_seed():
    held = {(row.experiment, row.model, row.seed) for row in FINDINGS}
    assert held == {(*key, seed) for key in study.RUNS for seed in SEEDS}


def test_only_the_output_layer_begins_otherwise():
    starts = {
        name: study.begun(change, 1) for name, change in study.CHANGES["output"].items()
    }
    first = {name: model.decoder.output.weight for name, model in starts.items()}
    stds = [round(weight.std().item(), 2) for weight in first.values()]
    assert stds == [0.3, 0.04, 0.3, 0.3]
    tied, plain, copied, stretched = starts.values()
    assert tied.decoder.output.weight is tied.decoder.embedding.weight
    assert torch.equal(copied.decoder.output.weight, copied.decoder.embedding.weight)
    assert copied.decoder.output.weight is not copied.decoder.embedding.weight
    ratio = stretched.decoder.output.weight / plain.decoder.output.weight
    torch.testing.assert_close(
        ratio, torch.full_like(ratio, study.OURS / study.DEFAULT)
    )
    for model in starts.values():
        for name, weight in model.named_parameters():
            if name != "decoder.output.weight":
                assert torch.equal(weight, tied.get_parameter(name)), name


def test_words_are_read_small_and_written_as_the_embedding():
    change = study.CHANGES["scale"]["not tied, read small"]
    small = study.begun(change, 1).decoder
    plain = study.begun(study.Change(), 1).decoder
    assert torch.equal(small.output.weight, plain.output.weight)
    assert small.embedding.weight.std().item() == pytest.approx(0.036, abs=0.001)


def test_both_embeddings_are_drawn_anew():
    change = study.Change(start=study.embeddings(1.0))
    model = study.begun(change, 0)
    for part in (model.encoder, model.decoder):
        assert part.embedding.weight.std().item() == pytest.approx(1, abs=0.02)


def test_a_recipe_and_sizes_are_changed(monkeypatch):
    monkeypatch.setattr(study, "quarter", lambda seed: some(seed)[:64])
    seen = []
    monkeypatch.setattr(study, "fit", lambda *given, **_: seen.append(given))
    change = study.Change({"bidirectional": False}, {"epochs": 7, "clip": math.inf})
    rows = list(study.changed(change, 2))
    ((model, examples, recipe),) = seen
    assert not model.config.bidirectional
    assert len(examples) == 64
    assert recipe == replace(study.RECIPE, seed=2, epochs=7, clip=math.inf)
    assert [row[:2] for row in rows] == [
        ("std", 0),
        ("bleu", 0),
        ("loss", 0),
        ("loss", 1),
    ]


some = study.quarter


def test_a_schedule_sets_the_share_before_each_epoch(monkeypatch):
    shares = []
    monkeypatch.setattr(
        study, "train_epoch", lambda *given: shares.append(given[3].own_words)
    )
    list(study.scheduled(study.SCHEDULES["linear"], 0, epochs=3))
    assert shares == [0, 0.5, 1]
    ends = {name: (f(0.0), f(1.0)) for name, f in study.SCHEDULES.items()}
    assert ends["inverse sigmoid"] == pytest.approx((1 / 13, 1), abs=0.01)


def test_random_words_are_fed_in_training_alone():
    model, fed = study.begun(study.Change(), 0), []
    model.register_forward_pre_hook(study.at_random)
    model.decoder.register_forward_pre_hook(lambda _, given: fed.append(given[0]))
    batch = study.collate(some(0)[:64])
    marks, pads = batch.tgt_in == SOS, batch.tgt_in == PAD
    model.train()(batch)
    model.eval()(batch)
    trained, used = fed
    assert torch.equal(used, batch.tgt_in)
    assert (trained[marks] == SOS).all()
    assert (trained[pads] == PAD).all()
    words = trained[~marks & ~pads]
    assert words.min() > UNK
    differ = (words != batch.tgt_in[~marks & ~pads]).float().mean().item()
    assert differ == pytest.approx(0.5, abs=0.1)


def test_words_are_left_out_where_random_ones_would_stand():
    model, fed = study.begun(study.Change(), 0).train(), study.collate(some(0)[:64])
    mixed = []
    for hook in (study.at_random, study.left_out):
        torch.manual_seed(1)
        mixed.append(hook(model, (fed,))[0].tgt_in)
    at_random, left_out = mixed
    assert torch.equal(left_out == fed.tgt_in, at_random == fed.tgt_in)
    assert (left_out[left_out != fed.tgt_in] == UNK).all()
    assert study.left_out(model.eval(), (fed,)) is None


@pytest.mark.parametrize(
    ("name", "hook"),
    [("random words", study.at_random), ("words left out", study.left_out)],
)
def test_a_row_is_fed_what_its_name_says(name, hook, monkeypatch):
    seen = []
    monkeypatch.setattr(
        study, "train_epoch", lambda model, *given: seen.append((model, given[2]))
    )
    list(study.RUNS["own words", name](0))
    assert len(seen) == 6
    for model, recipe in seen:
        assert recipe.own_words == 0
        assert list(model._forward_pre_hooks.values()) == [hook]


def test_padding_has_its_share_of_the_gradient_at_the_start(monkeypatch):
    monkeypatch.setattr(study, "RECIPE", replace(study.RECIPE, epochs=1))
    monkeypatch.setattr(study, "quarter", lambda seed: some(seed)[:64])
    left_out, counted = (dict(told(study.padded(way, 0))) for way in (False, True))
    assert not any(measure == "pads" for measure, _ in left_out)
    assert 0.1 < counted["pads", 0] < 0.5


def test_padding_that_counts_makes_the_told_loss_lower(monkeypatch):
    monkeypatch.setattr(study, "RECIPE", replace(study.RECIPE, epochs=2))
    monkeypatch.setattr(study, "quarter", lambda seed: some(seed)[:320])
    left_out, counted = (dict(told(study.padded(way, 0))) for way in (False, True))
    assert counted["told", 0] < left_out["told", 0] - 0.3
    assert counted["loss", 0] > 1


def told(rows):
    return [((measure, at), value) for measure, at, value in rows]


def test_a_clip_and_a_warm_rate_shorten_the_way():
    ways = {
        "plain": (2.0, math.inf, 0),
        "clipped": (2.0, 0.5, 0),
        "warm": (2.0, math.inf, 99),
    }
    rows = {n: dict(told(study.descended(*way, 0, steps=4))) for n, way in ways.items()}
    assert [rows[name]["cut", 0] for name in ways] == [0, 4, 0]
    assert [rows[name]["until", 0] for name in ways] == [0, 4, 0]
    assert rows["plain"]["highest", 0] > rows["clipped"]["highest", 0]
    assert rows["plain"]["highest", 0] > rows["warm"]["highest", 0]


def test_what_the_page_says_of_scale():
    bleu = values(FINDINGS, "output", "bleu")
    low = bleu.pop("not tied").max()
    assert low < min(seeds.min() for seeds in bleu.values()) / 2
    small = values(FINDINGS, "scale", "bleu")["tied, 0.036"]
    assert small.max() < min(seeds.min() for seeds in bleu.values()) / 2


def test_what_the_page_says_of_padding_and_random_words():
    shares = values(FINDINGS, "padding", "pads")["counted"]
    assert shares[:, 0].min() > 0.2
    assert shares[:, 1:].max() < 0.002
    gaps = {
        name: (both[:, 1] - both[:, 0]).mean()
        for name, both in values(FINDINGS, "own words", "loss").items()
    }
    truth, left_out = gaps.pop("the truth"), gaps.pop("words left out")
    assert all(gap < truth / 2 for gap in gaps.values())
    assert max(gaps.values()) < left_out < truth


def test_more_seeds_are_others(monkeypatch):
    seeds = []
    monkeypatch.setattr(
        study, "changed", lambda _, seed: seeds.append(seed) or iter(())
    )
    for seed in SEEDS:
        list(study.RUNS["more seeds", "no clip"](seed))
    assert not {*seeds} & {*SEEDS}


# (experiment, model, seed, BLEU or the last loss at most so far apart)
SAMPLE = [
    ("output", "not tied", 1, 8),
    ("output", "not tied, PyTorch's, stretched", 0, 8),
    ("one thing", "batches of 128", 2, 8),
    ("own words", "a fair coin", 2, 5),
    ("own words", "random words", 2, 5),
    ("own words", "words left out", 0, 5),
    ("scale", "not tied, read small", 1, 8),
    ("more seeds", "no clip", 1, 8),
    ("padding", "counted", 0, 6),
    ("clip", "rate 2, clipped at 3", 0, 0.3),
]


@pytest.mark.slow
@pytest.mark.parametrize(("experiment", "model", "seed", "apart"), SAMPLE)
def test_a_sample_comes_out_again(experiment, model, seed, apart):
    known = {
        row[3:5]: row.value for row in FINDINGS if row[:3] == (experiment, model, seed)
    }
    seed_everything(seed)
    again = dict(told(study.RUNS[experiment, model](seed)))
    assert again.keys() == known.keys()
    first = ("last", 0) if experiment == "clip" else ("bleu", 0)
    assert abs(again[first] - known[first]) < apart
