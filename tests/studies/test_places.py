"""Places moved alone, and everything but places: each does what its name says."""

import pytest
import torch

from seq2seq_lesson.studies import places, read_study
from seq2seq_lesson.studies.swaps import translations
from seq2seq_lesson.translation import translate


@pytest.fixture(scope="module")
def models():
    return places.trained(torch.device("cpu"))


@pytest.fixture(scope="module")
def few():
    return places.by_length(places.unseen())[5][:20]


def test_sentences_as_they_are_are_translated_as_ever(models, few):
    for parts in models.values():
        wanted = [told.text for told in translate(parts[0], few, *parts[1:])]
        assert places.moved(parts, few) == wanted


def test_a_stop_in_front_is_read_like_any_word(models, few):
    front = [places.FRONT + sentence for sentence in few]
    for parts in models.values():
        wanted = [told.text for told in translate(parts[0], front, *parts[1:])]
        assert places.moved(parts, few, "stop in front") == wanted


def test_without_attention_no_place_counts(models, few):
    plain = models["one vector"]
    assert places.moved(plain, few, "places only") == places.moved(plain, few)
    taken = places.moved(plain, few, "all but places")
    assert taken == places.moved(plain, few, "stop in front")


def test_a_state_in_front_moves_every_place_by_one(models, few):
    one_more = places.moved(models["by place"], few, "places only")
    assert one_more != places.moved(models["by place"], few)
    with pytest.raises(ValueError, match="move: got 'stop'"):
        places.moved(models["by place"], few, "stop")


def test_the_same_state_at_the_end_moves_no_place(models, few):
    by_place, comparing = models["by place"], models["by comparing"]
    at_the_end = places.right(by_place, few, "state at the end")
    in_front = places.right(by_place, few, "places only")
    assert places.share(at_the_end) > places.share(in_front) + 0.5
    told = places.moved(comparing, few, "state at the end")
    assert told == places.moved(comparing, few, "places only")  # it knows no places
    assert places.moved(models["one vector"], few, "state at the end") == places.moved(
        models["one vector"], few
    )


def test_in_the_sentence_shown_one_looks_at_the_stop_and_the_other_past_it(models):
    sentence = places.FRONT + "il est aussi jeune que vous ."
    by_place = places.look(models["by place"], sentence)
    comparing = places.look(models["by comparing"], sentence)
    assert by_place.words[:3] == ["they", "are", "kind"]
    assert comparing.words[:2] == ["he", "is"]
    assert by_place.weights[0].argmax() == 0
    assert comparing.weights[0].argmax() == 1


def test_right_ones_are_counted_by_length(models, few):
    some = [*few[:3], *places.by_length(places.unseen())[7][:2]]
    told = [places.moved(models["one vector"], [s], "stop in front")[0] for s in some]
    counts = places.right(models["one vector"], some, "stop in front")
    right = [t in translations()[s] for s, t in zip(some, told, strict=True)]
    assert counts == {5: (sum(right[:3]), 3), 7: (sum(right[3:]), 2)}
    assert places.share({3: (1, 2), 4: (2, 2)}) == 0.75


def test_shares_are_those_of_the_two_that_attend_move_by_move(models, few):
    found = places.shares(models, few, "places only", "state at the end")
    assert [*found] == ["by place", "by comparing"]
    for how, (in_front, at_the_end) in found.items():
        ours = models[how]
        assert in_front == places.share(places.right(ours, few, "places only"))
        assert at_the_end == places.share(places.right(ours, few, "state at the end"))


def test_the_table_holds_every_run_and_its_first_row_comes_out_again(models):
    rows = read_study("places")
    held = {(row.experiment, row.model, row.seed) for row in rows}
    assert held == {(*key, seed) for key in places.RUNS for seed in range(3)}
    (known,) = (r.value for r in rows if r[1:4] == ("position-after", 0, "as it is"))
    share = places.share(places.right(models["by place"], places.unseen()))
    assert abs(100 * share - known) < 2  # trained on another machine
    by_place, by_comparing = places.study()["places only"]
    assert by_place.endswith(" %")
    assert int(by_comparing.split()[0]) > int(by_place.split()[2])
