"""Explorers on a page without a kernel: what is packed, and what the player is told."""

import base64
import json
import re
import zlib

import pytest

from seq2seq_lesson.drawing import Drawing, Part, Text
from seq2seq_lesson.drawing.svg import to_html
from seq2seq_lesson.explorers.controls import choice, typed, whole
from seq2seq_lesson.explorers.explorer import Explorer
from seq2seq_lesson.explorers.page import living, packed, player, unpacked
from tests.browser.books import ON_PAGES, twin

LARGEST = 450_000  # bytes of an explorer on a page, of which some have two


def data(html):
    """What the player reads."""
    inside = re.search(r'data-frames="([^"]*)"', html)[1]
    return json.loads(zlib.decompress(base64.b64decode(inside)))


@pytest.mark.parametrize("name", ON_PAGES)
def test_every_frame_comes_back_exactly_and_little_is_kept(name):
    explorer = twin(name)
    html = living(explorer)
    assert unpacked(data(html)) == [frame for _, frame in explorer.frames()]
    assert len(html) < LARGEST
    assert len(data(html)["keys"]) >= 8


def test_text_of_any_kind_comes_back():
    texts = ["", "one\ntwo", '"', "<&>", "\x00", "é😀", 'a="b" c', "\n", "==1"]
    frames = [
        to_html(Drawing(9, 9, text, text, (Text(1, 2, text),), (text, text), (text,)))
        for text in texts
    ]
    frames += [to_html(Drawing(9, 9, "", "", (Part((), t, (t, "all")),)))
               for t in texts]  # fmt: skip
    assert unpacked(packed(frames)) == frames


def test_frames_alike_cost_next_to_nothing():
    def size(frames):
        return len(zlib.compress(json.dumps(packed(frames)).encode(), 9))

    marks = tuple(Text(n, n * n % 97, f"{n * n * n}") for n in range(2_000))
    frames = [to_html(Drawing(9, 9, f"{n}", "", marks)) for n in range(30)]
    assert len(frames[0]) > 5 * 32_768  # further than deflate looks back
    assert size(frames) < 3 * size(frames[:1])


def test_a_part_that_comes_again_is_kept_once():
    parts = [Part((Text(1, 2, f"{n}"),), f"{n}", ("all",)) for n in range(9)]
    frames = [
        to_html(Drawing(9, 9, "", "", (*parts[n:], *parts[:n]))) for n in range(9)
    ]
    assert len(packed(frames)["pieces"]) == 3 + len(parts)  # what is around them
    assert unpacked(packed(frames)) == frames


def build():
    return Explorer(
        lambda s: Drawing(50, 50, "Letters", "", (Text(0, 9, f"{s}"),)),
        {
            "kind": choice("kind", "b", [("Ah", "a"), ("Be", "b")], "which"),
            "length": whole("length", 5, 1, 9, "how many"),
            "said": typed("say", "", "any", "any text"),
        },
        actions={"kind": lambda s: {"length": 2}},
        page={"kind": ["a", "b"], "length": [2, 3]},
    )


def test_the_player_is_told_labels_and_where_to_begin():
    told = data(living(build()))
    kind, length = told["controls"]
    assert kind == {
        "label": "kind", "tip": "which", "slides": False, "values": ["Ah", "Be"],
        "resets": [1],
    }  # fmt: skip
    assert length == {
        "label": "length", "tip": "how many", "slides": True,
        "values": ["2", "3", "5"], "resets": [],
    }  # fmt: skip
    assert told["start"] == [1, 2]
    assert told["keys"] == [[kind, length] for kind in (0, 1) for length in (0, 1, 2)]
    assert told["title"] == "Letters"
    assert told["elsewhere"] == "Here you choose. For “say” and all else: "


def test_a_box_to_tick_says_yes_and_no():
    guessing = data(living(twin("stepper")))["controls"][3]
    assert guessing["values"] == ["no", "yes"]


def test_the_player_is_small_and_asks_for_nothing():
    assert player().count("</script>") == 1
    assert not re.search(r"fetch|\bimport\b|XMLHttp|https?:(?!//colab)", player())
    assert len(player().splitlines()) < 250


def test_nobody_guesses_or_warms_a_model_without_attention():
    told = data(living(twin("stepper")))
    plain = told["controls"][1]["values"].index("no attention")
    keys = [key for key in told["keys"] if key[1] == plain]
    assert {(guessing, hot) for _, _, _, guessing, _, hot in keys} == {(0, 1)}
    assert len(told["keys"]) < 700
