"""From a sentence as it was typed to its tokens: three ready cleanings, by name."""

import unicodedata
import warnings
from collections.abc import Callable, Sequence

import regex

MARKS = regex.compile(r"\p{Mn}+")  # accents, once they are parted from their letters
ARTICLE = regex.compile(r"[.!?]?[a-z]+|[.!?]")
BOUNDARY = regex.compile(r"(?V1w)\b")  # between words of any script
CHARACTER = regex.compile(r"\X")
VISIBLE = regex.compile(r"[^\p{Z}\p{C}]")
INVISIBLE = str.maketrans({"\u00ad": "", "\ufeff": "", "\u200b": " ", "’": "'"})
LETTERS = regex.compile(r"[\p{L}\p{M}]+")
MANY = 2**16  # what was typed between two spaces is mostly typed again
SAMPLE = 2_000  # sentences, from all over, tell what a cleaning loses
LITTLE, MUCH = 0.01, 0.5  # shares of the letters: more is told, more is refused


def normalise(text: str) -> str:
    """Reduce a sentence to the letters a-z and `.!?`, its tokens one space apart.

    All else becomes a space, accents are dropped. It is the cleaning of article A, less
    the spaces that it leaves at the ends.
    """
    return " ".join(filter(None, map(_article.__getitem__, text.split())))


def words(text: str) -> str:
    """Words of any script in small letters, punctuation apart; digits are kept.

    An apostrophe within a word stays there; where a script puts no spaces, a Chinese
    character and a hiragana each stand alone.

    Source
        Unicode Standard Annex 29, default word boundaries
    """
    return " ".join(filter(None, map(_words.__getitem__, text.split())))


def characters(text: str) -> str:
    """Each character, as readers count them, a token; "▁" stands for a space.

    A text that holds a space beside each character is taken for one cleaned already.

    Source
        Unicode Standard Annex 29, extended grapheme clusters
    """
    parts = _composed(text).split()
    if all(CHARACTER.fullmatch(part) for part in parts):
        return " ".join(parts)
    return " ".join(CHARACTER.findall("▁".join(parts)))


CLEANINGS: dict[str, Callable[[str], str]] = {
    "article": normalise,
    "words": words,
    "characters": characters,
}


def cleaning(name: str) -> Callable[[str], str]:
    """The cleaning of that name.

    Raises ValueError: there is none.
    """
    if name not in CLEANINGS:
        raise ValueError(f"clean: got {name!r}, wanted one of {', '.join(CLEANINGS)}")
    return CLEANINGS[name]


def tell_losses(side: str, sentences: Sequence[str], name: str) -> None:
    """Say what a cleaning destroys, before it happens; a little needs no word.

    Raises ValueError: more than half of the letters would be lost.
    """
    some = sentences[:: len(sentences) // SAMPLE + 1]
    cleaned = [CLEANINGS[name](sentence) for sentence in some]
    before, after = (_count("".join(texts)) for texts in (some, cleaned))
    lost = 1 - after / before if before else 0
    if lost <= LITTLE:
        return
    of = f" of {len(some):,} looked at" if len(some) < len(sentences) else ""
    said = (
        f"clean={name!r} loses {lost:.0%} of the {side}'s letters; of "
        f"{len(set(some)):,} distinct sentences{of} {len(set(cleaned)):,} are left: "
        "clean='words' keeps them"
    )
    if lost > MUCH:
        raise ValueError(said)
    warnings.warn(said, stacklevel=3)


class _Remembered(dict[str, str]):
    """What a cleaning makes of each word: lru_cache at three quarters of its price."""

    def __init__(self, clean: Callable[[str], str]) -> None:
        self.clean = clean

    def __missing__(self, word: str) -> str:
        if len(self) >= MANY:  # a script without spaces: each sentence is a "word"
            self.clear()
        self[word] = cleaned = self.clean(word)
        return cleaned


@_Remembered
def _article(word: str) -> str:
    bare = MARKS.sub("", unicodedata.normalize("NFD", word.lower()))
    return " ".join(ARTICLE.findall(bare))


@_Remembered
def _words(word: str) -> str:
    return " ".join(filter(VISIBLE.search, BOUNDARY.split(_composed(word))))


def _composed(text: str) -> str:
    """One way to write each letter: small, with its accents, no invisible hyphens."""
    text = unicodedata.normalize("NFC", text.translate(INVISIBLE)).casefold()
    return unicodedata.normalize("NFC", text)


def _count(text: str) -> int:
    """Letters and the marks on them; an accent that has a letter of its own is none."""
    return sum(map(len, LETTERS.findall(unicodedata.normalize("NFC", text))))
