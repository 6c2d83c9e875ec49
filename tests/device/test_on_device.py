"""The package on the pretended device gives what it gives on the CPU.

What is made by hand here is made on the CPU and moved, as in the notebooks.
"""

import copy
from dataclasses import replace

import matplotlib.pyplot as plt
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from seq2seq_lesson import exercises
from seq2seq_lesson.attention import SCORES
from seq2seq_lesson.batches import collate, mask_from_lengths
from seq2seq_lesson.checkpoints import load_checkpoint, load_into, save_checkpoint
from seq2seq_lesson.corpus import SentencePair, encode_pairs
from seq2seq_lesson.encoder import ConvPrenet, DensePrenet, Encoder
from seq2seq_lesson.exercises.isolation import apart
from seq2seq_lesson.explorers.attention import attention_explorer
from seq2seq_lesson.explorers.reversal import reversal_playground
from seq2seq_lesson.explorers.shapes import shape_explorer
from seq2seq_lesson.explorers.stepper import stepper
from seq2seq_lesson.interventions import (
    hardened,
    identity,
    intervened,
    needs,
    position_only,
    shuffled,
    uniform,
)
from seq2seq_lesson.plots import data_loading, decoder, encoder
from seq2seq_lesson.plots.attention import attention_map, need_map
from seq2seq_lesson.plots.attention_study import seed_dots
from seq2seq_lesson.plots.decoder_flow import decoder_flow
from seq2seq_lesson.plots.encoder_diagrams import gru_step, unrolled_encoder
from seq2seq_lesson.plots.reversal import (
    learning_band,
    marked_map,
    score_by_length,
    steps_by_length,
)
from seq2seq_lesson.pretrained import load_pretrained
from seq2seq_lesson.runtime import median_seconds, pick_device, seed_everything
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq, sequence_loss
from seq2seq_lesson.training import Recipe, evaluate, fit
from seq2seq_lesson.translation import translate, translate_forced
from seq2seq_lesson.tutorials import TutorialDecoder, TutorialEncoder, tutorial_step
from seq2seq_lesson.vocabulary import EOS, Vocabulary
from tests.device import pretended
from tools.make_pretrained import evaluate_alignment

KIND = pretended.HERE.device.type
DEVICE = torch.device(KIND)
KINDS = [{"order": "none"}]
KINDS += [{"order": o, "score": s} for o in ("before", "after") for s in SCORES]
KINDS += [{"cell": cell, "layers": 2} for cell in ("lstm", "rnn")]
WORDS = [f"w{n}" for n in range(9)]
VOCABULARIES = Vocabulary(WORDS), Vocabulary(WORDS)
SENTENCES = ["w0 w1 w2 w3 w4", "w5", "w6 w7 w8", "w8 w0 w2", "w1 w1"]
PAIRS = [
    SentencePair(s, s, frozenset((n, n) for n in range(len(s.split()))))
    for s in SENTENCES
]
EXAMPLES = encode_pairs(PAIRS, *VOCABULARIES)
MIXED, EQUAL = collate(EXAMPLES), collate(EXAMPLES[2:4])


def twins(**options):
    """The same model twice, on the CPU and on the device."""
    torch.manual_seed(1)
    sizes = {"emb": 6, "enc_hid": 5, "hid": 10, "att": 4, "dropout": 0.0, "max_len": 12}
    model = Seq2Seq(ModelConfig(13, 13, **(sizes | options))).eval()
    return model, copy.deepcopy(model).to(DEVICE)


def close(there, ours):
    assert there.device.type == KIND
    torch.testing.assert_close(there.cpu(), ours)


def same(theirs, ours):
    """Equal translations, their weights on the CPU."""
    for one, other in zip(theirs, ours, strict=True):
        assert one.words == other.words
        torch.testing.assert_close(one.weights, other.weights)


@pytest.mark.parametrize("own_words", [0.0, 0.5])
@pytest.mark.parametrize("batch", [MIXED, EQUAL], ids=["mixed", "equal"])
@pytest.mark.parametrize(
    "kind", KINDS, ids=lambda kind: "-".join(map(str, kind.values()))
)
def test_a_training_step_is_the_cpus(kind, batch, own_words):
    model, moved = twins(**kind)
    losses = []
    for net, read in ((model.train(), batch), (moved.train(), batch.to(DEVICE))):
        coins = torch.Generator().manual_seed(2)
        losses.append(sequence_loss(net(read, own_words, coins), read.tgt_out))
        losses[-1].backward()
    close(losses[1], losses[0].detach())
    for ours, theirs in zip(model.parameters(), moved.parameters(), strict=True):
        close(theirs.grad, ours.grad)


@pytest.mark.parametrize("prenet", [DensePrenet, ConvPrenet])
def test_an_encoder_with_a_prenet_is_the_cpus(prenet):
    ours = Encoder(13, 5, 3, prenet=prenet(5, 7))
    theirs = copy.deepcopy(ours).to(DEVICE)
    states, h_n = ours(MIXED.src_ids, MIXED.src_lengths)
    close(theirs(MIXED.src_ids.to(DEVICE), MIXED.src_lengths)[0], states)
    close(theirs(MIXED.src_ids.to(DEVICE), MIXED.src_lengths)[1], h_n)


def test_a_batch_moves_but_for_its_lengths():
    moved = MIXED.to(DEVICE)
    places = {name: value.device.type for name, value in vars(moved).items()}
    assert places.pop("src_lengths") == "cpu"
    assert set(places.values()) == {KIND}
    close(mask_from_lengths(MIXED.src_lengths, 6, DEVICE), MIXED.src_mask)


@pytest.mark.parametrize("order", ["none", "before", "after"])
def test_translations_and_scores_are_the_cpus(order):
    model, moved = twins(order=order)
    same(*(translate(net, SENTENCES, *VOCABULARIES) for net in (moved, model)))
    same(*(translate_forced(net, PAIRS, *VOCABULARIES) for net in (moved, model)))
    references = {pair.source: [pair.target] for pair in PAIRS}
    scores = [evaluate(net, PAIRS, *VOCABULARIES, references) for net in (moved, model)]
    assert scores[0] == pytest.approx(scores[1], rel=1e-4)
    torch.testing.assert_close(
        *(needs(net, PAIRS[0], *VOCABULARIES) for net in (moved, model))
    )
    if order != "none":
        found = [
            evaluate_alignment(net, PAIRS, *VOCABULARIES) for net in (moved, model)
        ]
        assert found[0] == found[1]


@pytest.mark.parametrize("order", ["none", "before", "after"])
def test_fit_trains_there_and_saves_what_the_cpu_loads(order, tmp_path):
    recipe = Recipe(epochs=3, batch_size=2, peak_rate=1e-2, own_words=0.3)
    _, moved = twins(order=order, dropout=0.2)
    told = {"checkpoint": tmp_path / "model.pt", "vocabularies": VOCABULARIES}
    figures = fit(moved, EXAMPLES, recipe, progress=False, **told)
    assert figures[-1]["loss"] < figures[0]["loss"]
    assert {p.device.type for p in moved.parameters()} == {KIND}
    loaded = load_checkpoint(tmp_path / "model.pt")[0]
    assert {p.device.type for p in loaded.parameters()} == {"cpu"}
    for ours, theirs in zip(loaded.parameters(), moved.parameters(), strict=True):
        assert torch.equal(theirs.cpu(), ours)
    same(*(translate(net, SENTENCES, *VOCABULARIES) for net in (moved, loaded)))


@pytest.mark.parametrize(("first", "then"), [("cpu", KIND), (KIND, "cpu")])
def test_training_begun_on_one_device_goes_on_on_the_other(first, then, tmp_path):
    whole = Recipe(epochs=4, batch_size=2, peak_rate=1e-2)
    told = {"checkpoint": tmp_path / "model.pt", "vocabularies": VOCABULARIES}

    def stop(figures):
        if len(figures) == 2:
            raise KeyboardInterrupt

    model, unbroken = twins()[0].to(first), twins()[0]
    fit(model, EXAMPLES, whole, progress=False, on_epoch=stop, **told)
    other = twins()[0].to(then)
    figures = fit(other, EXAMPLES, whole, progress=False, resume=True, **told)
    assert [row["epoch"] for row in figures] == [1, 2, 3, 4]
    assert {p.device.type for p in other.parameters()} == {then}
    expected = fit(unbroken, EXAMPLES, whole, progress=False)
    losses = [[row["loss"] for row in rows] for rows in (figures, expected)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_a_checkpoint_of_the_cpu_loads_into_a_model_there(tmp_path):
    model, moved = twins()
    with torch.no_grad():
        model.bridge.bias += 1
    save_checkpoint(tmp_path / "model.pt", model, *VOCABULARIES, {"epoch": 3})
    assert load_into(tmp_path / "model.pt", moved, *VOCABULARIES) == {"epoch": 3}
    close(moved.bridge.bias, model.bridge.bias)
    assert moved.decoder.output.weight is moved.decoder.embedding.weight


@pytest.mark.parametrize("order", ["before", "after"])
def test_interventions_are_the_cpus(order):
    model, moved = twins(order=order)
    forced = translate_forced(model, PAIRS, *VOCABULARIES)
    for change in (
        lambda: identity,
        lambda: uniform,
        lambda: hardened,
        lambda: shuffled(0),
        lambda: position_only(forced),
    ):
        found = []
        for net in (moved, model):
            with intervened(net, change()):
                found.append(translate_forced(net, PAIRS, *VOCABULARIES))
        same(*found)


def test_the_tutorials_models_train_there():
    enc, dec = TutorialEncoder(13, 6), TutorialDecoder(6, 13, 9, dropout=0.0)
    parts = enc.to(DEVICE), dec.to(DEVICE)
    optimizers = [torch.optim.SGD(part.parameters(), lr=0.01) for part in parts]
    ids = torch.tensor([4, 5, EOS], device=DEVICE)
    for forcing in (True, False):
        assert tutorial_step(ids, ids, *parts, *optimizers, forcing) > 0


def test_explorers_draw_there():
    trained = load_pretrained("reversal-attention")[0].to(DEVICE)
    untrained = Seq2Seq(trained.config).eval().to(DEVICE)
    for explorer in (
        reversal_playground([("untrained", untrained), ("trained", trained)]),
        attention_explorer(),
        stepper(),
        shape_explorer(),
    ):
        assert explorer.draw(explorer.settings).items
        assert "<svg" in explorer.picture.value


def there(*size):
    return torch.rand(size).to(DEVICE)


def packed_blocks():
    ids = torch.ones(2, 3, 1).to(DEVICE)
    packed = pack_padded_sequence(ids, torch.tensor([3, 1]), batch_first=True)
    return encoder.packed_blocks(packed, [["a", "b", "c"], ["d"]])


def unrolled():
    layer = nn.GRU(5, 8, batch_first=True).to(DEVICE)
    src_emb = there(4, 3, 5)
    ids = torch.ones(4, 3).long().to(DEVICE)
    return unrolled_encoder(["a", "b", "c"], ids, src_emb, *layer(src_emb))


def marked():
    trained, *vocabularies = load_pretrained("reversal-attention")[:3]
    return marked_map(translate(trained.to(DEVICE), ["a b"], *vocabularies)[0], "ba")


FLOW = {"enc_states": (2, 5, 14), "word_emb": (2, 3), "dec_state": (2, 11)}
FLOW |= {"context": (2, 14), "logits": (2, 17)}
PLOTS = {
    "attention_map": lambda: attention_map(
        there(3, 4).requires_grad_(), list("abcd"), list("xyz")
    ),
    "batch_blocks": lambda: data_loading.batch_blocks(MIXED.src_ids.to(DEVICE)),
    "curves": lambda: encoder.curves({"a": there(4), "b": there(3, 4)}, "x", "y"),
    "decoder_flow": lambda: decoder_flow(
        {name: there(*size) for name, size in FLOW.items()}, ["a"], ["b"]
    ),
    "gate_map": lambda: encoder.gate_map(there(2, 5), ["a", "b"], "gate"),
    "gru_step": lambda: gru_step(there(4), *(there(6) for _ in range(5))),
    "learning_band": lambda: learning_band({"a": there(2, 3)}, {"b": 0.2}),
    "marked_map": marked,
    "need_map": lambda: need_map(
        there(2, 2), ["a", "b"], ["c", "d"], plt.subplots()[1]
    ),
    "packed_blocks": packed_blocks,
    "score_by_length": lambda: score_by_length([3, 4], {"a": there(2, 2)}, (3, 4)),
    "seed_dots": lambda: seed_dots({"m": {"a": there(3, 1)}}, "error"),
    "steps_by_length": lambda: steps_by_length([3, 4], {"a": there(2, 2)}),
    "unrolled_encoder": unrolled,
    "vectors": lambda: decoder.vectors(there(2), there(3, 2), there(3), there(2)),
    "weights_by_treatment": lambda: decoder.weights_by_treatment(
        {"place": {"a": there(2)}}
    ),
}


@pytest.mark.parametrize("name", PLOTS)
def test_figures_draw_tensors_from_there(name):
    PLOTS[name]().figure.draw_without_rendering()


def test_an_exercise_leaves_the_devices_random_numbers_alone():
    drawn = []
    for tried in (False, True):
        torch.manual_seed(5)
        torch.rand(2, device=DEVICE)
        if tried:
            with apart():
                torch.rand(3, device=DEVICE)
            exercises.judge(
                lambda n: torch.rand(n, device=DEVICE),
                lambda rng: {"n": 3},
                exercises.against(lambda n: torch.zeros(n)),
                todo="write it.",
            )
        drawn.append(torch.rand(2, device=DEVICE).tolist())
    assert drawn[0] == drawn[1]


def test_each_attempt_finds_the_same_random_numbers_there():
    drawn = []
    for _ in range(2):
        with apart():
            drawn.append(torch.rand(2, device=DEVICE).tolist())
    assert drawn[0] == drawn[1]


def test_the_device_is_found_seeded_and_timed():
    assert pick_device("auto") == pick_device(KIND) == DEVICE
    seed_everything(3)
    first = torch.rand(2, device=DEVICE).tolist()
    seed_everything(3)
    assert torch.rand(2, device=DEVICE).tolist() == first
    assert median_seconds(lambda: there(2) + 1) > 0


def test_lengths_on_the_device_would_be_noticed():
    stray = replace(MIXED.to(DEVICE), src_lengths=MIXED.src_lengths.to(DEVICE))
    with pytest.raises(ValueError, match="lengths: got"):
        twins()[1](stray)
