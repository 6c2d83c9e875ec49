"""The second task: random strings, and the same strings read backwards."""

import random
from collections.abc import Collection, Iterable

from seq2seq_lesson.corpus import SentencePair
from seq2seq_lesson.vocabulary import refuse_string

LETTERS = "abcd"


def draw_strings(
    count: int,
    rng: random.Random,
    letters: str = LETTERS,
    shortest: int = 5,
    longest: int = 14,
    exclude: Collection[str] = (),
) -> list[str]:
    """Draw strings, each length as likely as any other; a string may come twice.

    Args
        shortest, longest: in letters; both lengths occur
        exclude: strings never to be drawn, such as those a model was trained on
    Raises ValueError: the lengths are out of order, or nothing is left to draw.
    Source: article B, which draws 3,000 strings of 5 to 14 letters
    """
    if not 1 <= shortest <= longest:
        raise ValueError(
            f"shortest, longest: got {shortest} and {longest}, wanted "
            "1 <= shortest <= longest: swap or raise them"
        )
    refuse_string("exclude", exclude)
    alphabet, lengths = set(letters), range(shortest, longest + 1)
    taken = {s for s in exclude if len(s) in lengths and alphabet.issuperset(s)}
    if len(taken) == sum(len(alphabet) ** length for length in lengths):
        raise ValueError(
            f"exclude: got all strings of {shortest} to {longest} letters from "
            f"{letters!r}, which leaves none to draw: raise longest or exclude fewer"
        )
    strings: list[str] = []
    while len(strings) < count:
        string = "".join(rng.choices(letters, k=rng.choice(lengths)))
        if string not in taken:
            strings.append(string)
    return strings


def reversal_pairs(strings: Iterable[str]) -> list[SentencePair]:
    """Make "abca" the pair ("a b c a", "a c b a"): each letter is a word.

    The alignment runs from the first letter read, written last, to the last.
    """
    refuse_string("strings", strings)
    pairs = []
    for string in strings:
        places = range(len(string))
        links = tuple(zip(places, reversed(places), strict=True))
        pairs.append(SentencePair(" ".join(string), " ".join(reversed(string)), links))
    return pairs


def unseen_strings() -> list[str]:
    """The 2,000 strings of 5 to 14 letters that no reversal model was trained on."""
    return draw_strings(2000, random.Random(0))
