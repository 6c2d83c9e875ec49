"""The attention explorer: its weights are the models' own, its truth the corpus's."""

import pytest
import torch

from seq2seq_lesson.corpus import prepare, read_pairs, split
from seq2seq_lesson.drawing import Arc, Box, Cell, Part, Text, leaves
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
    return [item for item in leaves(items) if isinstance(item, kind)]


def parts(items):
    return [item for item in items if isinstance(item, Part)]


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
    cells = of_kind(Cell, parts(items))  # so without the legend
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
    assert "made of" not in " ".join(drawing.above)


@pytest.mark.parametrize("change", CHANGES)
def test_no_attention_is_said_and_nothing_else_is_lost(change):
    explorer = attention_explorer(left="plain")
    explorer.controls["left_weights"].value = change
    drawing = draw(explorer.settings)
    texts = [item.text for item in of_kind(Text, drawing.items)]
    assert any("no attention" in text for text in texts)
    assert ("no weights to change" in drawing.above[0]) == (change != LEARNED)
    assert {box.text for box in of_kind(Box, drawing.items)} > {"dessinez", "<eos>"}
    assert of_kind(Cell, drawing.beside)
    assert explorer.picture.value == to_html(drawing)


def test_a_weight_belongs_to_the_word_written_and_to_the_word_read():
    translation = reading("general-after", LEARNED, SENTENCE)
    items = panel(translation, 0, 0, "a title", side="left ")
    blue, bleue = translation.words.index("blue"), 5
    weight = f"{translation.weights[blue, bleue]:.2f}"
    names = (f"left written {blue}", f"read {bleue}")
    cell, band = (
        next(p for p in parts(items) if p.names == names and isinstance(p.items[0], k))
        for k in (Cell, Arc)
    )
    assert cell.says == band.says == f"blue looks at bleue: {weight}"
    assert [number.text for number in cell.numbers] == [weight[1:]]
    assert cell.numbers[0].role == cell.items[0].over
    words = {p.names[0]: p for p in parts(items) if len(p.names) == 1}
    written, read = (words[name] for name in names)
    assert (written.items[0].text, read.items[0].text) == ("blue", "bleue")
    assert written.says == f"blue, written {blue + 1}: looks most at bleue, {weight}"


def test_words_read_are_one_in_both_panels_and_words_written_are_not():
    drawing = draw(attention_explorer().settings)
    left, right = (
        {name for part in parts(items) for name in part.names}
        for items in (drawing.items, drawing.beside)
    )
    assert left & right == {f"read {s}" for s in range(8)}


def test_right_and_wrong_differ_in_shape():
    translation = reading("general-after", LEARNED, SENTENCE)
    links = known_links(translation)
    items = panel(translation, 0, 0, "a title", links)
    ends = [t.text for t in of_kind(Text, items) if t.text[-1:] in "✓✗"]
    frames = [cell.frame for cell in of_kind(Cell, parts(items)) if cell.frame]
    assert frames.count("dashed") == sum(end[-1] == "✗" for end in ends) > 0
    assert {arc.dashed for arc in of_kind(Arc, items) if arc.role == "wrong"} == {True}
    assert not any(arc.dashed for arc in of_kind(Arc, items) if arc.role != "wrong")


def test_the_legend_tells_the_colours_the_numbers_and_the_frames():
    translation = reading("general-after", LEARNED, SENTENCE)
    for links in ((), known_links(translation)):
        items = panel(translation, 0, 0, "a title", links)
        told = [item for item in items if isinstance(item, Text | Cell)]
        shades = [i.value for i in told if isinstance(i, Cell) and not i.frame]
        assert (shades[0], shades[-1]) == (0, 1)
        texts = [item.text for item in told if isinstance(item, Text)]
        assert {"0", "1", "largest", "weight"} <= {*texts}
        frames = [i.frame for i in told if isinstance(i, Cell) and i.frame]
        assert frames == (["solid", "dashed"] if links else [])
        assert max(item.y for item in told) < size(translation)[1]


def test_letters_stay_legible_at_three_quarters():
    for sentence in (SENTENCE, "j ai faim .", "je zut un chat ."):
        drawing = draw({**attention_explorer().settings, "sentence": sentence})
        items = [*drawing.items, *drawing.beside]
        hidden = [number for part in parts(items) for number in part.numbers]
        texts = [*of_kind(Text, items), *of_kind(Box, items), *hidden]
        assert min(item.size for item in texts) * 0.75 > 11
        assert {text.role for text in of_kind(Text, items)} <= {"ink", "faint"}
        assert max(box.x + box.width for box in of_kind(Box, items)) <= drawing.width


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
