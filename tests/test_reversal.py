import random
from collections import Counter

import pytest

from seq2seq_lesson.reversal import LETTERS, draw_strings, reversal_pairs


def test_strings_have_the_letters_and_lengths_asked_for():
    strings = draw_strings(3000, random.Random(0))
    assert len(strings) == 3000
    assert set("".join(strings)) == set(LETTERS) == set("abcd")
    lengths = Counter(map(len, strings))
    assert set(lengths) == set(range(5, 15))
    assert min(lengths.values()) > 200  # each length as likely: 300 expected


def test_all_four_letters_come_equally_often():
    counts = Counter("".join(draw_strings(3000, random.Random(0))))
    assert max(counts.values()) < 1.05 * min(counts.values())


def test_a_seed_fixes_the_strings():
    first = draw_strings(20, random.Random(0))
    assert first == draw_strings(20, random.Random(0))
    assert first != draw_strings(20, random.Random(1))


def test_other_letters_and_lengths():
    strings = draw_strings(200, random.Random(0), "xy", shortest=1, longest=2)
    assert set(strings) == {"x", "y", "xx", "xy", "yx", "yy"}


def test_excluded_strings_never_come():
    strings = draw_strings(
        50, random.Random(0), "xy", shortest=1, longest=2, exclude=["x", "yx", "z"]
    )
    assert set(strings) == {"y", "xx", "xy", "yy"}


def test_what_is_excluded_elsewhere_takes_nothing_away():
    exclude = ["xyx", "z", "zz", "xxx", "yyyy"]  # none of them could be drawn
    strings = draw_strings(9, random.Random(0), "xy", 1, 1, exclude)
    assert set(strings) == {"x", "y"}


def test_nothing_left_to_draw_is_refused():
    with pytest.raises(ValueError, match="all strings of 1 to 1 letters from 'xy'"):
        draw_strings(1, random.Random(0), "xy", 1, 1, exclude=["x", "y", "z"])


@pytest.mark.parametrize(("shortest", "longest"), [(0, 3), (5, 4)])
def test_lengths_out_of_order_are_refused(shortest, longest):
    with pytest.raises(ValueError, match="1 <= shortest <= longest"):
        draw_strings(1, random.Random(0), shortest=shortest, longest=longest)


def test_a_pair_reads_forwards_and_backwards_and_knows_which_letter_is_which():
    pair = reversal_pairs(["abbc"])[0]
    assert (pair.source, pair.target) == ("a b b c", "c b b a")
    assert pair.alignment == ((0, 3), (1, 2), (2, 1), (3, 0))
    source, target = pair.source.split(), pair.target.split()
    assert all(source[i] == target[j] for i, j in pair.alignment)


def test_one_string_in_place_of_several_is_refused():
    with pytest.raises(ValueError, match=r"strings: .* hand in \['abca'\]"):
        reversal_pairs("abca")
    with pytest.raises(ValueError, match=r"exclude: .* hand in \['abca'\]"):
        draw_strings(3, random.Random(0), exclude="abca")
