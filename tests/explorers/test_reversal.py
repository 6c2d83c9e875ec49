"""The reversal playground: letters, lengths, and the course of a training."""

import ipywidgets
import pytest
import torch

from seq2seq_lesson.drawing import Box, Cell, Part, Text, leaves
from seq2seq_lesson.drawing.png import to_png
from seq2seq_lesson.drawing.svg import to_html
from seq2seq_lesson.explorers.reversal import (
    LONGEST,
    MORE,
    left_out,
    reversal_playground,
    usable,
)
from seq2seq_lesson.explorers.reversal.picture import (
    anti_diagonal,
    correct,
    mistakes,
    share,
)
from seq2seq_lesson.explorers.sentences import room
from seq2seq_lesson.pretrained import load_pretrained
from seq2seq_lesson.reversal import reversal_pairs
from seq2seq_lesson.seq2seq import Seq2Seq
from seq2seq_lesson.translation import Translation, translate

NONSENSE = ["", "🐈🐈", "<script>alert(1)</script>", "x" * 10_000, "abc " * 10_000]


def fields(drawing):
    """The map's, without the legend's."""
    parts = [item for item in drawing.items if isinstance(item, Part)]
    return [item for item in leaves(parts) if isinstance(item, Cell)]


@pytest.fixture(scope="module")
def models():
    trained = load_pretrained("reversal-attention")[0]
    torch.manual_seed(0)
    return [("untrained", Seq2Seq(trained.config)), ("trained", trained)]


@pytest.fixture
def explorer(models):
    return reversal_playground(models)


def answered(read, written, ended=True):
    """A translation with even weights, written by hand."""
    words = [*written, *["<eos>"] * ended]
    weights = torch.full((len(words), len(read) + 1), 1 / (len(read) + 1))
    return Translation([*read, "<eos>"], words, weights, [])


def test_the_anti_diagonal_is_the_known_alignment():
    for letters in ("a", "abcad"):
        answer = answered(letters, letters[::-1])
        assert anti_diagonal(answer) == set(reversal_pairs([letters])[0].alignment)
    assert anti_diagonal(answered("abcd", "d")) == {(3, 0), (2, 1)}


def test_share_is_the_mean_weight_on_it():
    answer = answered("abc", "cba")
    assert share(answer) == pytest.approx(1 / 4)
    weights = torch.zeros(4, 4)
    for read, place in anti_diagonal(answer):
        weights[place, read] = 0.5 + 0.1 * place
    sharp = Translation(answer.source_words, answer.words, weights, [])
    assert share(sharp) == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("written", "ended", "wrong", "right"),
    [
        ("cba", True, set(), 1),
        ("cbb", True, {2}, 2 / 3),
        ("cb", True, {2, 3}, 2 / 3),
        ("cbab", False, {3}, 1),
        ("", True, {0, 1, 2, 3}, 0),
        ("cbac", True, {3, 4}, 1),
    ],
)
def test_mistakes_by_hand(written, ended, wrong, right):
    answer = answered("abc", written, ended)
    assert mistakes(answer) == wrong
    assert correct(answer) == pytest.approx(right)


def test_picture_shows_what_the_chosen_model_writes(explorer, models):
    for epoch, (label, model) in enumerate(models):
        explorer.controls["epoch"].value = epoch
        vocabulary = load_pretrained("reversal-attention")[1]
        known = translate(
            model, ["a b c a d b b d"], vocabulary, vocabulary, max_len=10
        )[0]
        drawing = explorer.draw(explorer.settings)
        cells = [cell.value for cell in fields(drawing) if not cell.frame]
        assert cells == pytest.approx(known.weights.flatten().tolist())
        told = f"{label}: “abcadbbd” becomes “{known.text.replace(' ', '')}”"
        assert drawing.above[0].startswith(told)
        assert explorer.picture.value == to_html(drawing)
    assert "“dbbdacba”, ✓ all right" in drawing.above[0]


def test_the_anti_diagonal_forms(explorer):
    """Framed solidly where the weight lies there: nowhere before, everywhere after."""

    def solid():
        map_now = fields(explorer.draw(explorer.settings))
        return sum(cell.frame == "solid" for cell in map_now)

    explorer.controls["epoch"].value = 0
    before = solid()
    explorer.controls["epoch"].value = 1
    assert before < 5
    assert solid() == 8


def stages(drawing):
    return [
        item
        for item in drawing.items
        if isinstance(item, Part) and item.names[0].startswith("stage")
    ]


def test_bars_stand_for_every_model(explorer, models):
    parts = stages(explorer.draw(explorer.settings))
    bars = [[i for i in part.items if isinstance(i, Box)] for part in parts]
    assert [[bar.role for bar in two] for two in bars] == [["quiet"] * 2, ["mark"] * 2]
    for before, after in zip(*bars, strict=True):
        assert before.height < after.height
    assert [part.says.partition(":")[0] for part in parts] == ["untrained", "trained"]
    assert parts[1].says.startswith("trained: 100% letters in place, ")


def test_the_training_reads_its_steps_not_a_number(explorer):
    slider = explorer.controls["epoch"]
    assert isinstance(slider, ipywidgets.SelectionSlider)
    assert slider.label == "trained"
    slider.label = "untrained"
    assert explorer.settings["epoch"] == 0


@pytest.mark.parametrize("letters", ["a", "ab", "abcd" * 7])
def test_no_text_is_cut_at_the_edge(models, letters):
    labels = [f"after {count} rather long steps" for count in (0, *range(16))]
    many = [(label, models[1][1]) for label in labels]
    explorer = reversal_playground(many, letters)
    for stage in (0, 8, 16):
        explorer.set(epoch=stage)
        drawing = explorer.draw(explorer.settings)
        waiting = [item for part in stages(drawing) for item in part.numbers]
        for text in [*leaves(drawing.items), *waiting]:
            if isinstance(text, Text):
                wide = room(text.text, text.size)
                before = {"start": 0, "middle": 0.5, "end": 1}[text.anchor]
                assert text.x - before * wide >= 0, text
                assert text.x + (1 - before) * wide <= drawing.width, text
                assert text.size >= 15


def test_length_cuts_and_adds_letters(explorer):
    explorer.controls["length"].value = 3
    assert explorer.settings["letters"] == "abc"
    explorer.controls["length"].value = 12
    assert explorer.settings["letters"] == "abcadbbd" + MORE[:4]  # as it was typed
    explorer.controls["letters"].value = "DA da d"
    assert explorer.settings["length"] == 5
    assert "“dadad” becomes “dadad”" in explorer.draw(explorer.settings).above[0]


@pytest.mark.parametrize("typed", NONSENSE)
def test_nonsense_gets_a_sentence_and_breaks_nothing(explorer, typed):
    explorer.controls["letters"].value = typed
    html = explorer.picture.value
    assert "<script" not in html
    assert "<p " in html
    assert len(html) < 250_000
    explorer.controls["length"].value = 7
    assert "<svg" in explorer.picture.value


def test_what_is_left_out_is_said():
    assert usable("Ab-xyD") == "abd"
    assert left_out("Ab-xyD", "abd") == [
        "Left out, since only 'abcd' are known: “-xy”."
    ]
    many = "abcd" * 100
    assert left_out(many, usable(many)) == [
        f"Only the first {LONGEST} of 400 letters are read."
    ]
    assert left_out("ab cd", "abcd") == []


def test_models_without_attention_or_none_at_all_are_refused():
    with pytest.raises(ValueError, match="models: got 0"):
        reversal_playground([])
    plain = load_pretrained("plain")[0]
    with pytest.raises(ValueError, match="all with attention"):
        reversal_playground([("plain", plain)])


def test_the_first_state_as_a_picture(explorer):
    assert to_png(explorer.draw(explorer.settings)).startswith(b"\x89PNG")
