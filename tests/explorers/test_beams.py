"""The tree of a beam search: what it shows is what the search did."""

import pytest

from seq2seq_lesson.drawing import Box, Part, leaves
from seq2seq_lesson.drawing.svg import to_html
from seq2seq_lesson.explorers.sentences import loaded
from seq2seq_lesson.explorers.stepper.beams import beam_tree, draw
from seq2seq_lesson.studies.beam import Turn, search
from seq2seq_lesson.translation import log_probs
from seq2seq_lesson.vocabulary import EOS

SENTENCE = "ce sont de vieilles avocates celebres ."


@pytest.fixture(scope="module")
def explorer():
    return beam_tree(*loaded("general-after"), [SENTENCE, "j ai faim ."])


def drawn(explorer, width):
    return draw({**explorer.settings, "width": width})


def test_turns_hold_what_the_search_saw():
    model, src, _ = loaded("general-after")
    turns: list[Turn] = []
    ids = src.encode(SENTENCE)
    best, most = search(model, ids, 2, turns=turns)
    assert (best, most) == search(model, ids, 2)
    kept = [tuple(found[0]) for turn in turns for found in turn[:2]]
    for turn in turns:
        assert len(turn) == 4
        assert [total for _, total in turn] == sorted(
            (t for _, t in turn), reverse=True
        )
    for turn in turns[1:]:
        assert all(tuple(found[:-1]) in kept for found, _ in turn)
    ended = [found for turn in turns for found in turn[:2] if found[0][-1] == EOS]
    assert max(ended, key=lambda found: found[1]) == (best, most)
    for found, total in turns[3]:
        assert total == pytest.approx(
            log_probs(model, [(ids, found)]).sum().item(), abs=1e-3
        )


def test_a_wider_beam_finds_what_greedy_dropped(explorer):
    assert (
        "“they are old lawyers .”, log-probability −1.17" in drawn(explorer, 1).notes[0]
    )
    assert (
        "“they are famous old lawyers .”, log-probability −1.03"
        in (drawn(explorer, 2).notes[0])
    )


def test_kept_dropped_ended_and_best_differ_in_shape(explorer):
    parts = [part for part in drawn(explorer, 2).items if isinstance(part, Part)]
    boxes = {part.says: part.items[1] for part in parts}
    assert not boxes["they are famous: −0.82, kept"].dashed
    assert boxes["they are famous: −0.82, kept"].bold
    assert not boxes["they are old: −0.81, kept"].bold
    assert boxes["they are young: −3.84, dropped"].dashed
    round_ = [box.radius for says, box in boxes.items() if says.endswith("ended")]
    assert set(round_) == {20}
    assert "they are old lawyers . <eos>: −1.17, ended" in boxes


def test_pointing_at_a_word_keeps_its_way_and_no_other(explorer):
    parts = [part for part in drawn(explorer, 2).items if isinstance(part, Part)]
    named = {part.says.partition(":")[0]: {*part.names} for part in parts}
    old = named["they are old"]
    assert old & named["they are"]
    assert old & named["they are old lawyers . <eos>"]
    assert not old & named["they are famous"]
    assert not old & named["we"]


def test_letters_and_frames(explorer):
    boxes = [i for i in leaves(drawn(explorer, 4).items) if isinstance(i, Box)]
    assert min(box.size for box in boxes) >= 15
    frames = dict(explorer.frames())
    assert len(frames) == 2 * 4
    assert frames[SENTENCE, 3] == to_html(drawn(explorer, 3))
