"""The decoding stepper: its steps are the model's own, and its picture tells them."""

import math
from itertools import pairwise

import pytest
import torch

from seq2seq_lesson.corpus import prepare, read_pairs, split
from seq2seq_lesson.drawing import Arc, Box, Drawing, Part, Text, leaves, text_width
from seq2seq_lesson.drawing.png import to_png
from seq2seq_lesson.drawing.svg import to_html
from seq2seq_lesson.explorers import stepper as explorer_module
from seq2seq_lesson.explorers.sentences import EXAMPLES, MODELS, RIVALS, loaded
from seq2seq_lesson.explorers.stepper import (
    HIDDEN,
    START,
    draw,
    force,
    guessed,
    letter_stepper,
    moved,
    stepper,
)
from seq2seq_lesson.explorers.stepper.picture import step_picture
from seq2seq_lesson.explorers.stepper.steps import can_be_written, text, write
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq
from seq2seq_lesson.translation import translate
from seq2seq_lesson.vocabulary import EOS, PAD, SOS, Vocabulary

NONSENSE = ["", "🐈🐈", "<script>alert(1)</script>", "x" * 10_000, "la " * 10_000]


@pytest.fixture
def explorer():
    return stepper()


def words_in(drawing):
    return [i.text for i in leaves(drawing.items) if isinstance(i, Text | Box)]


@pytest.mark.parametrize("name", MODELS.values())
def test_steps_are_those_of_greedy_decoding(name):
    for sentence in EXAMPLES[:3]:
        steps = write(loaded(name), sentence)
        known = translate(loaded(name)[0], [sentence], *loaded(name)[1:])[0]
        assert [step.wrote for step in steps] == known.words
        assert text(steps) == known.text
        assert [step.read for step in steps] == ["<sos>", *known.words[:-1]]
        if known.weights is None:
            assert all(step.scores is None for step in steps)
        else:
            weights = torch.stack([step.weights for step in steps])
            torch.testing.assert_close(weights, known.weights)


@pytest.mark.parametrize("name", [n for n in MODELS.values() if n != "plain"])
def test_softmax_of_the_scores_is_the_weights_and_each_state_starts_the_next(name):
    steps = write(loaded(name), EXAMPLES[0])
    for step in steps:
        torch.testing.assert_close(step.scores.softmax(-1), step.weights)
    for one, after in pairwise(steps):
        assert torch.equal(one.after, after.before)


def test_five_likeliest_by_hand():
    model, src, tgt = loaded("general-after")
    ids = torch.tensor([src.encode(EXAMPLES[0])])
    states, first = model.encode(ids, torch.tensor([ids.shape[1]]))
    mask = torch.ones_like(ids).bool()
    with torch.no_grad():
        logits, _, _ = model.decoder(torch.tensor([[SOS]]), first, states, mask)
    chances, places = logits[0, 0].softmax(-1).topk(5)
    step = write(loaded("general-after"), EXAMPLES[0])[0]
    assert [word for word, _ in step.likeliest] == [tgt.words[n] for n in places]
    assert [chance for _, chance in step.likeliest] == pytest.approx(chances.tolist())
    assert step.chance == pytest.approx(float(chances[0]))


def test_a_forced_word_is_written_and_the_rest_follows_from_it():
    own = write(loaded("general-after"), EXAMPLES[0])
    made = write(loaded("general-after"), EXAMPLES[0], ((5, "dog"),))
    assert [s.wrote for s in made[:4]] == [s.wrote for s in own[:4]]
    assert (made[4].wrote, made[4].forced, made[5].read) == ("dog", True, "dog")
    assert text(made) != text(own)
    assert made[4].likeliest == own[4].likeliest
    ended = write(loaded("general-after"), EXAMPLES[0], ((2, "<eos>"),))
    assert [step.wrote for step in ended] == ["you", "<eos>"]


def test_what_can_be_forced_holds_no_padding_and_no_start():
    words = loaded("plain")[2].words
    assert can_be_written(loaded("plain"))[0] == words[EOS]
    assert not {words[PAD], words[SOS]} & set(can_be_written(loaded("plain")))


def test_the_buttons_go_forwards_and_back_and_stop_at_the_ends(explorer):
    step, steps = explorer.controls["step"], write(loaded("general-after"), EXAMPLES[0])
    assert step.max == len(steps)
    seen = [step.value]
    for _ in steps:
        explorer.controls["forward"].click()
        seen.append(step.value)
    assert seen == [*range(1, len(steps) + 1), len(steps)]
    for _ in seen:
        explorer.controls["back"].click()
    assert step.value == 1
    explorer.controls["sentence"].value = "j ai faim ."
    assert step.max == len(write(loaded("general-after"), "j ai faim .")) < len(steps)


def test_forcing_in_the_widget_changes_the_rest_and_can_be_taken_back(explorer):
    before = explorer.picture.value
    explorer.controls["step"].value = 5
    explorer.controls["word"].value = "dog"
    assert explorer.settings["forced"] == ((5, "dog"),)
    assert "By itself it writes" in explorer.picture.value
    assert explorer.picture.value == to_html(draw(explorer.settings))
    explorer.controls["step"].value = 3
    assert explorer.settings["word"] == ""
    explorer.controls["word"].value = "eating"
    assert explorer.settings["forced"] == ((3, "eating"),)  # later force is let go
    explorer.controls["free"].click()
    explorer.controls["step"].value = 1
    assert explorer.settings["forced"] == ()
    assert explorer.picture.value == before


def test_a_word_that_cannot_be_written_gets_a_sentence(explorer):
    explorer.controls["word"].value = "flowerz<b>"
    assert explorer.settings["forced"] == ()
    note = draw(explorer.settings).above[1]
    assert note.startswith("“flowerz<b>” is none of the")
    assert "did you mean" in note
    assert "flowerz&lt;b&gt;" in explorer.picture.value


def test_picture_tells_the_step():
    settings = stepper(step=5).settings
    drawing, step = draw(settings), write(loaded("general-after"), EXAMPLES[0])[4]
    shown = words_in(drawing)
    assert {step.read, step.wrote, "step 5 asks"} <= set(shown)
    assert all(word in shown for word, _ in step.likeliest)
    assert all(word in shown for word in EXAMPLES[0].split())
    widest = max(
        (i for i in leaves(drawing.items) if isinstance(i, Arc)), key=lambda a: a.width
    )
    place = EXAMPLES[0].split().index("belle")
    boxes = {i.text: i for i in leaves(drawing.items) if isinstance(i, Box)}
    assert step.weights.argmax() == place
    assert widest.width == pytest.approx(1 + 8 * float(step.weights[place]))
    middle = boxes["belle"].x + boxes["belle"].width / 2
    assert widest.start[0] == pytest.approx(middle)
    assert middle < drawing.eye < middle + boxes["belle"].width
    assert drawing.description.startswith("Step 5: it reads “your”")


def test_the_four_parts_stand_in_the_order_of_the_model():
    def parts(name):
        drawn = leaves(draw(stepper(name).settings).items)
        return [i.text[3:] for i in drawn if isinstance(i, Text) and i.size == 16]

    state, look = "change the state", "look at the source"
    assert parts("general-after")[1:3] == [state, look]
    assert parts("additive-before")[1:3] == [look, state]
    assert look not in parts("plain")


@pytest.mark.parametrize("typed", NONSENSE)
def test_nonsense_gets_a_sentence_and_breaks_nothing(explorer, typed):
    for box in ("sentence", "word"):
        explorer.controls[box].value = typed
        html = explorer.picture.value
        assert "<script" not in html
        assert len(html) < 120_000
        assert "<p " in html
    if typed.startswith("la"):
        explorer.controls["sentence"].value = typed
        assert "got 10,000 words, wanted at most 31" in explorer.picture.value
    explorer.controls["sentence"].value = EXAMPLES[1]
    assert explorer.settings["example"] == EXAMPLES[1]
    assert explorer.picture.value == to_html(draw(explorer.settings))


def test_unknown_words_are_marked():
    settings = {**stepper().settings, "sentence": "je zut un chat ."}
    drawing = draw(settings)
    boxes = [i for i in leaves(drawing.items) if isinstance(i, Box)]
    marked = [box.text for box in boxes if box.role == "wrong"]
    assert marked == ["zut"]
    assert drawing.above[-1].startswith("Unknown to the model")


def test_moving_stays_inside_and_force_lets_go_of_what_is_later():
    settings = stepper().settings
    last = len(write(loaded("general-after"), EXAMPLES[0]))
    assert moved(settings, -3)["step"] == 1
    assert moved(settings, 99)["step"] == last
    known = {**settings, "forced": ((2, "is"), (4, "cat")), "step": 3, "word": " DOG "}
    made = {"forced": ((2, "is"), (3, "dog")), "word": "dog"}
    assert force(known) == {**made, "answers": (), "guess": HIDDEN}
    assert force({**known, "word": ""})["forced"] == ((2, "is"),)


@pytest.mark.parametrize("step", range(1, 10))
def test_nothing_tells_what_is_written_later(step):
    """The picture is the same if nothing comes after the step, or something else."""
    settings = {**stepper().settings, "step": step}
    shown = draw(settings)
    steps = written_step(slice(step))
    read = tuple(EXAMPLES[0].split())
    assert step_picture(steps, step, read, frozenset(), "after") == shown
    assert draw({**settings, "forced": ((step + 1, "dog"),)}) == shown


def test_the_word_read_is_marked_and_the_word_written_is_not_in_its_row():
    drawing = draw(stepper(step=5).settings)
    row = [i for i in leaves(drawing.items) if isinstance(i, Box) and i.y < 60]
    assert [box.text for box in row] == ["<sos>", "you", "are", "drawing", "your"]
    assert [box.role == "mark" for box in row] == [False] * 4 + [True]


def test_a_guess_is_asked_for_judged_and_counted_once(explorer):
    controls = explorer.controls
    controls["example"].value = RIVALS[0]
    controls["step"].value = 3
    assert controls["guess"].layout.display == "none"
    controls["guessing"].value = True
    assert controls["guess"].layout.display is None
    step = explorer_module.written(explorer.settings)[2]
    hidden = draw(explorer.settings)
    assert not any("%" in word for word in words_in(hidden)[-10:])
    offered = sorted(word for word, _ in step.likeliest)
    assert [word for word in words_in(hidden) if word in offered] == offered
    asked = ", ".join(f"{n} “{word}”" for n, word in enumerate(offered, start=1))
    assert hidden.above[0].endswith(f"Which word does it write: {asked}?")
    wrong = next(n for n, word in enumerate(offered) if word != step.wrote)
    controls["guess"].value = str(wrong + 1)
    assert f"Your guess “{offered[wrong]}” was wrong" in explorer.picture.value
    assert explorer.settings["score"] == (0, 1)
    controls["guess"].value = str(offered.index(step.wrote) + 1)
    assert explorer.settings["score"] == (0, 1)  # the first guess counts
    controls["forward"].click()
    assert controls["guess"].value == HIDDEN
    assert "Right so far" not in explorer.picture.value
    step = explorer_module.written(explorer.settings)[3]
    offered = sorted(word for word, _ in step.likeliest)
    controls["guess"].value = str(offered.index(step.wrote) + 1)
    assert "was right. Right so far: 1 of 2" in explorer.picture.value
    controls["forward"].click()
    controls["guess"].value = "show me"
    assert explorer.settings["score"] == (1, 2)  # no guess
    controls["back"].click()
    assert controls["guess"].value != HIDDEN  # what was guessed stays seen
    controls["example"].value = RIVALS[1]
    assert controls["guess"].value == HIDDEN
    assert explorer.settings["score"] == (1, 2)


def test_a_word_of_ones_own_is_nothing_to_guess():
    settings = {**stepper(step=5).settings, "guessing": True, "forced": ((5, "dog"),)}
    assert "is made to write “dog”" in draw(settings).description
    assert guessed({**settings, "guess": "1"}) == {"guess": HIDDEN}
    assert force({**settings, "word": "", "answers": ((4, "1"), (5, "2"))}) == {
        "forced": (), "word": "", "answers": ((4, "1"),), "guess": HIDDEN
    }  # fmt: skip


def test_a_word_that_cannot_be_leaves_the_forced_one_and_says_so(explorer):
    explorer.controls["word"].value = "he"
    explorer.controls["word"].value = "zzz"
    told = " ".join(draw(explorer.settings).above)
    assert "is made to write “he”" in told
    assert "Your “he” stays." in told
    assert "by itself." not in told


def test_a_temperature_changes_the_probabilities_and_nothing_else():
    cold, one, hot = (
        write(loaded("general-after"), RIVALS[0], (), t) for t in (0.5, 1.0, 2.0)
    )
    for three in zip(cold, one, hot, strict=True):
        assert len({step.wrote for step in three}) == 1
        assert len({tuple(dict(step.likeliest)) for step in three}) == 1
        low, middle, high = (step.chance for step in three)
        assert low >= middle >= high
    runner = [dict(steps[2].likeliest) for steps in (one, hot)]
    first, second = one[2].likeliest[0][0], one[2].likeliest[1][0]
    ratio = [chances[first] / chances[second] for chances in runner]
    assert ratio[0] == pytest.approx(ratio[1] ** 2, rel=1e-3)  # by hand: e^(a/2)^2
    settings = {**stepper().settings, "temperature": "2"}
    assert any("writes the same" in note for note in draw(settings).above)


def test_rivals_have_rivals_and_no_model_was_trained_on_them():
    def near(sentences):
        steps = [s for one in sentences for s in write(loaded("general-after"), one)]
        return sum(step.likeliest[1][1] > 0.01 for step in steps) / len(steps)

    pairs = split(prepare(read_pairs("bundled")))
    assert not {pair.source for pair in pairs.train} & {*RIVALS}
    assert near(EXAMPLES) < 0.1
    assert near(RIVALS) > 1 / 3
    for sentence in RIVALS:
        steps = write(loaded("general-after"), sentence)
        assert sum(0.05 <= s.likeliest[1][1] <= 0.45 for s in steps) >= 2, sentence
        assert text(steps).endswith(".")


def parts(drawing: Drawing) -> dict[str, list[Part]]:
    named: dict[str, list[Part]] = {}
    for item in drawing.items:
        for name in item.names if isinstance(item, Part) else ():
            named.setdefault(name, []).append(item)
    return named


def test_all_that_belongs_to_a_source_word_is_one():
    step, named = written_step(4), parts(draw(stepper(step=5).settings))
    for n, word in enumerate([*EXAMPLES[0].split(), "<eos>"]):
        mine = [i for p in named[f"source {n + 1}"] for i in leaves(p.items)]
        weight = float(step.weights[n])
        assert word in [i.text for i in mine if isinstance(i, Box)]
        assert f"{weight:.0%}" in [i.text for i in mine if isinstance(i, Text)]
        assert any(isinstance(i, Arc) for i in mine) == (weight >= 0.005)
        assert any(i.text == "step 5 asks" for i in mine if isinstance(i, Box))
    unit = named["state 7"][0]
    assert f"{float(step.after[6]):.2f}".replace("-", "−") in unit.numbers[0].text
    assert named["choice 1"][0].says == f"{step.wrote}: {step.chance:.1%}"


def written_step(which):
    return write(loaded("general-after"), EXAMPLES[0])[which]


def test_small_probabilities_are_seen():
    """A tenth is as far from a hundredth as a whole is from a tenth."""
    settings = stepper(step=5).settings
    chances = [chance for _, chance in written_step(4).likeliest]
    bars = [
        next(i for i in p.items if isinstance(i, Box)).width
        for name, (p, *_) in parts(draw(settings)).items()
        if name.startswith("choice")
    ]
    for (one, long), (other, short) in pairwise(zip(chances, bars, strict=True)):
        decades = math.log10(one / other)
        assert long - short == pytest.approx(
            decades * bars[0] / (4 + math.log10(chances[0])), rel=1e-3
        )
    assert "0.05%" in words_in(draw(settings))


@pytest.mark.parametrize("sentence", [EXAMPLES[0], "j ai faim .", "la " * 31])
def test_letters_are_large_enough(sentence):
    drawing = draw({**stepper().settings, "sentence": sentence})
    assert min(i.size for i in leaves(drawing.items) if isinstance(i, Box | Text)) >= 15


@pytest.mark.parametrize("step", [1, 5])
def test_the_bars_and_their_numbers_stay_in_the_picture(step):
    drawing = draw(stepper(step=step).settings)
    (said,) = [i for i in leaves(drawing.items) if "written" in getattr(i, "text", "")]
    wide = text_width(said.text, said.size, mono=True)
    assert said.x + wide <= drawing.width


def test_a_page_offers_each_step_hidden_guessed_and_shown_and_warmer():
    explorer = stepper()
    frames = dict(explorer.frames())
    at = RIVALS[0], explorer.controls["model"].value, 4
    start = {**explorer.settings, **START, "sentence": RIVALS[0], "step": 4}
    for hot in ("0.5", "1", "2"):
        warm = {**start, "temperature": hot}
        assert frames[*at, False, None, hot] == to_html(draw(warm))
    asked = {**start, "guessing": True}
    assert frames[*at, True, HIDDEN, None] == to_html(draw(asked))
    words = sorted(word for word, _ in explorer_module.written(start)[3].likeliest)
    for n, word in enumerate(words, start=1):
        shown = frames[*at, True, f"{n}", None]
        right = word == explorer_module.written(start)[3].wrote
        assert f"“{word}” was {'right' if right else 'wrong'}." in shown
        assert "so far:" not in shown.split("Your guess")[1]
    assert frames[*at, True, "show me", None] == frames[*at, False, None, "1"]


def test_a_model_that_does_not_come_along_is_refused():
    with pytest.raises(ValueError, match="name: got 'gpt'"):
        stepper("gpt")


def test_the_first_state_as_a_picture():
    png = to_png(draw(stepper().settings))
    assert png.startswith(b"\x89PNG")
    assert explorer_module.START["step"] == 1


class OwnAttention(torch.nn.Module):
    """A learner's attention: no score is to be seen from outside."""

    def forward(self, query, enc_states, src_mask):
        scores = (query @ enc_states.mT).masked_fill(~src_mask[:, None], -torch.inf)
        weights = scores.softmax(-1)
        return weights @ enc_states, weights


@pytest.fixture
def own():
    torch.manual_seed(0)
    model = Seq2Seq(ModelConfig(8, 8, 6, 5, 10, tied=False, max_len=9))
    model.decoder.attention = OwnAttention()
    return model


def test_a_model_of_ones_own_is_stepped_through(own):
    letters = Vocabulary("abcd")
    explorer = letter_stepper(own, letters, "abca", step=2)
    known = translate(own, ["a b c a"], letters, letters)[0]
    steps = explorer_module.written(explorer.settings)
    assert [step.wrote for step in steps] == known.words
    for step in steps:
        torch.testing.assert_close(step.scores.softmax(-1), step.weights)
    explorer.set(sentence="d z", forced=(), step=1)
    assert (
        "Unknown to the model, so read as <unk>: “z”." in draw(explorer.settings).above
    )
    torch.nn.init.zeros_(own.decoder.output.weight)  # what comes later is not seen
    assert "read a letter" in " ".join(words_in(draw(explorer.settings)))
    told = to_html(draw({**explorer.settings, "word": "zzz"}))
    assert "word" not in told.replace("overflow-wrap", "")
    again = explorer_module.written({**explorer.settings, "sentence": "abca"})
    assert [step.wrote for step in again] == known.words


@pytest.mark.parametrize(
    ("string", "told"), [(" ", "got none"), ("abcd" * 3, "most 8")]
)
def test_letters_that_cannot_be_read_are_refused(own, string, told):
    with pytest.raises(ValueError, match=told):
        letter_stepper(own, Vocabulary("abcd"), string)
