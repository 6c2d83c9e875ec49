"""The attention explorer: its weights are the models' own, its truth the corpus's."""

import pytest
import torch

from seq2seq_lesson.corpus import prepare, read_pairs, split
from seq2seq_lesson.drawing import Arc, Box, Cell, Text
from seq2seq_lesson.drawing.png import to_png
from seq2seq_lesson.drawing.svg import to_html
from seq2seq_lesson.explorers.attention import attention_explorer, draw
from seq2seq_lesson.explorers.attention.picture import panel, size
from seq2seq_lesson.explorers.attention.reading import (
    CHANGES,
    LEARNED,
    found,
    known_links,
    reading,
)
from seq2seq_lesson.explorers.sentences import EXAMPLES, MODELS, loaded
from seq2seq_lesson.interventions import intervened, uniform
from seq2seq_lesson.translation import translate

SENTENCE = EXAMPLES[0]
NONSENSE = ["", "🐈🐈", "<script>alert(1)</script>", "x" * 10_000, "la " * 10_000]


@pytest.fixture(scope="module")
def pairs():
    return prepare(read_pairs("bundled"))


def of_kind(kind, items):
    return [item for item in items if isinstance(item, kind)]


@pytest.mark.parametrize("name", MODELS.values())
def test_readings_are_the_models_own(name):
    model, *vocabularies = loaded(name)
    known, shown = (
        translate(model, [SENTENCE], *vocabularies)[0],
        reading(name, LEARNED, SENTENCE),
    )
    assert shown.words == known.words
    if known.weights is None:
        assert shown.weights is None
    else:
        assert torch.equal(shown.weights, known.weights)


def test_changes_are_the_interventions():
    model, *vocabularies = loaded("general-after")
    with intervened(model, uniform):
        known = translate(model, [SENTENCE], *vocabularies)[0]
    shown = reading("general-after", "uniform", SENTENCE)
    assert torch.equal(shown.weights, known.weights)
    hard = reading("general-after", "hardened", SENTENCE)
    assert set(hard.weights.unique().tolist()) == {0, 1}
    plain = reading("general-after", LEARNED, SENTENCE)
    assert shown.words != plain.words
    assert torch.equal(
        plain.weights, reading("general-after", LEARNED, SENTENCE).weights
    )


@pytest.mark.parametrize("change", CHANGES)
def test_the_same_settings_give_the_same_picture(change):
    settings = {**attention_explorer().settings, "right_weights": change}
    first = to_html(draw(settings))
    reading.cache_clear()
    assert to_html(draw(settings)) == first


def test_position_only_hears_no_word():
    """Two sentences of one length: the same weights, whatever stands there."""
    one, other = (
        reading("general-after", "position only", sentence).weights
        for sentence in ("elle mange un chat .", "je vois la maison .")
    )
    rows = min(len(one), len(other))
    torch.testing.assert_close(one[:rows], other[:rows])


def test_examples_are_known_pairs_and_unseen_in_training(pairs):
    train = {pair.source for pair in split(pairs).train}
    assert [example for example in EXAMPLES if example in train] == ["j ai faim ."]
    for example in EXAMPLES:
        assert known_links(reading("general-after", LEARNED, example)), example


def test_the_known_alignment_is_the_corpus(pairs):
    translation = reading("general-after", LEARNED, SENTENCE)
    known = [
        pair.alignment
        for pair in pairs
        if (pair.source, pair.target) == (SENTENCE, translation.text)
    ]
    assert [set(links) for links in known] == [known_links(translation)]
    unknown = reading("general-after", LEARNED, "je zut un chat .")
    assert known_links(unknown) is None


def test_found_counts_words_by_hand():
    translation = reading("position-after", LEARNED, SENTENCE)
    links = known_links(translation)
    hits = 0
    for place in range(len(translation.words) - 1):
        most = max(range(len(translation.source_words) - 1),
                   key=lambda s: translation.weights[place, s])  # fmt: skip
        hits += (most, place) in links
    assert found(translation, links) == (hits, len({t for _, t in links}))


def test_panel_holds_a_cell_for_each_weight_and_frames_the_truth():
    translation = reading("general-after", LEARNED, SENTENCE)
    links = known_links(translation)
    items = panel(translation, 0, 0, "a title", links)
    cells = of_kind(Cell, items)
    plain = [cell.value for cell in cells if not cell.frame]
    assert plain == translation.weights.flatten().tolist()
    framed = [cell for cell in cells if cell.frame]
    assert len(framed) == len(links)
    most = translation.weights.argmax(1).tolist()
    green = sum(most[target] == source for source, target in links)
    assert sum(cell.frame == "solid" for cell in framed) == green
    words = {box.text for box in of_kind(Box, items)}
    assert {*translation.words, *translation.source_words} <= words
    width, height = size(translation)
    assert max(c.x + c.width for c in cells) < width
    assert max(c.y + c.height for c in cells) <= height + 1


def test_bands_are_as_thick_as_the_weights():
    translation = reading("general-after", LEARNED, SENTENCE)
    arcs = of_kind(Arc, panel(translation, 0, 0, "a title"))
    large = sorted(w for w in translation.weights.flatten().tolist() if w >= 0.02)
    assert sorted(arc.width for arc in arcs) == pytest.approx(
        [1 + 7 * w for w in large]
    )
    assert {arc.role for arc in arcs} == {"mark"}


def test_the_crossing_is_found_by_the_general_score_and_not_by_the_position_score():
    general, position = (
        reading(name, LEARNED, SENTENCE) for name in ("general-after", "position-after")
    )
    for translation, finds in ((general, True), (position, False)):
        blue = translation.words.index("blue")
        bleue = translation.source_words.index("bleue")
        assert (int(translation.weights[blue].argmax()) == bleue) is finds


def test_truth_can_be_switched_off():
    explorer = attention_explorer()
    assert any(c.frame for c in of_kind(Cell, draw(explorer.settings).items))
    explorer.controls["truth"].value = False
    drawing = draw(explorer.settings)
    assert not any(c.frame for c in of_kind(Cell, drawing.items))
    assert "made of" not in " ".join(drawing.notes)


def test_no_attention_is_said_and_cannot_be_changed():
    explorer = attention_explorer(right="plain")
    texts = [item.text for item in of_kind(Text, draw(explorer.settings).items)]
    assert any("no attention" in text for text in texts)
    explorer.controls["right_weights"].value = "uniform"
    assert "without attention" in explorer.picture.value
    assert "<svg" not in explorer.picture.value


def test_side_by_side_while_there_is_room():
    settings = attention_explorer().settings

    def corners(sentence):
        items = draw({**settings, "sentence": sentence}).items
        bold = [item for item in of_kind(Text, items) if item.bold]
        return [(item.x, item.y) for item in bold]

    (x1, y1), (x2, y2) = corners(SENTENCE)
    assert (x1 < x2, y1 == y2) == (True, True)
    (x1, y1), (x2, y2) = corners("le chat noir " * 10)
    assert (x1 == x2, y1 < y2) == (True, True)


def test_picking_and_typing_agree():
    explorer = attention_explorer()
    explorer.controls["example"].value = EXAMPLES[2]
    assert explorer.settings["sentence"] == EXAMPLES[2]
    explorer.controls["sentence"].value = "Un chat, noir !"
    assert explorer.settings["example"] == "your own"
    assert "Un chat" not in explorer.picture.value  # it is shown as it is read
    assert explorer.picture.value == to_html(draw(explorer.settings))


@pytest.mark.parametrize("typed", NONSENSE)
def test_nonsense_gets_a_sentence_and_breaks_nothing(typed):
    explorer = attention_explorer()
    explorer.controls["sentence"].value = typed
    html = explorer.picture.value
    assert "<script" not in html
    assert "<p " in html
    assert len(html) < 120_000
    explorer.controls["example"].value = EXAMPLES[3]
    assert explorer.picture.value == to_html(draw(explorer.settings))


def test_the_longest_sentence_is_drawn_and_one_word_more_refused():
    explorer = attention_explorer()
    explorer.controls["sentence"].value = "chat " * 31
    assert "<svg" in explorer.picture.value
    explorer.controls["sentence"].value = "chat " * 32
    assert "got 32 words, wanted at most 31" in explorer.picture.value


def test_a_model_that_does_not_come_along_is_refused():
    with pytest.raises(ValueError, match="model: got 'gpt'"):
        attention_explorer(right="gpt")


def test_the_first_state_as_a_picture():
    drawing = draw(attention_explorer().settings)
    assert to_png(drawing).startswith(b"\x89PNG")
    assert drawing.title == "Where two models look while they write"
