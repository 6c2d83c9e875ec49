"""French for the explorers of the decoder: what was typed, and what can be picked."""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate

from seq2seq_lesson.corpora.cleaning import cleaning
from seq2seq_lesson.drawing import shorten, text_width
from seq2seq_lesson.pretrained import load_pretrained
from seq2seq_lesson.seq2seq import Seq2Seq
from seq2seq_lesson.vocabulary import Vocabulary

EXAMPLES = (  # of the bundled corpus; but for j ai faim, no model was trained on them
    "vous dessinez votre belle fleur bleue .",
    "elle ne porte pas la valise .",
    "j achete le journal allemand .",
    "nous sommes trop fatiguees pour dormir .",
    "elles aident leur amie ou leur professeur .",
    "tu n as plus froid .",
    "il va l aider .",
    "j ai faim .",
)
RIVALS = (  # composed of known words: in a third of the steps a second word comes near
    "vous regardez une nouvelle lettre interessante .",
    "c est un bon acteur anglais .",
    "il regarde ses petites pommes .",
    "vous regardez un professeur allemand .",
    "elle va porter sa belle valise rouge .",
    "elle ne porte pas ses vieux chapeaux .",
)
OWN = "your own"  # what the list says when the sentence was typed

MODELS = {  # what the lists show, and the trained model behind it
    "general score, after the cell": "general-after",
    "dot score, after the cell": "dot-after",
    "concat score, after the cell": "concat-after",
    "additive score, after the cell": "additive-after",
    "additive score, before the cell": "additive-before",
    "position score, after the cell": "position-after",
    "no attention": "plain",
}
TITLES = {name: title for title, name in MODELS.items()}


Reader = tuple[Seq2Seq, Vocabulary, Vocabulary]  # a model and what it reads, writes
Spans = list[tuple[float, float]]  # where each word begins, and how wide it is


def listed(sentence: str, offered: tuple[str, ...] = EXAMPLES) -> str:
    """What the list of examples should say beside a typed sentence."""
    return sentence if sentence in offered else OWN


@lru_cache(maxsize=len(MODELS))
def loaded(name: str) -> Reader:
    """A trained model that comes along, read from its file once."""
    return load_pretrained(name)


def cleaned(typed: str, name: str) -> str:
    """The sentence as that model can read it.

    Raises
        ValueError: nothing is left of it, or it is longer than the model can read.
    """
    model, words, _ = loaded(name)
    sentence = cleaning(words.clean)(typed)
    if not sentence.split():
        raise ValueError(
            f"sentence: nothing to read is left of “{shorten(typed, 40)}”, wanted "
            f"letters from a to z: type French, such as “{EXAMPLES[0]}”"
        )
    return no_longer(sentence, model.config.max_len - 1)


def no_longer(sentence: str, most: int) -> str:
    """The sentence, if a model can read that many words.

    Raises
        ValueError: it has more.
    """
    words = len(sentence.split())
    if words > most:
        raise ValueError(
            f"sentence: got {words:,} words, wanted at most {most}, which is all that "
            "this model can read: leave some out"
        )
    return sentence


def unknown_note(words: list[str]) -> tuple[str, ...]:
    """A sentence that names the words a model does not know, if there are any."""
    if not words:
        return ()
    named = ", ".join(f"“{shorten(word, 24)}”" for word in words[:8])
    more = f" and {len(words) - 8} more" if len(words) > 8 else ""
    return (f"Unknown to the model, so read as <unk>: {named}{more}.",)


def room(word: str, size: float) -> float:
    """How wide a word will about be; m and w are wide letters."""
    wide = sum(letter in "mw" for letter in word)
    return text_width(word, size) + 0.5 * text_width("m" * wide, size)


def fitted(word: str, width: float, size: float) -> str:
    """The word, cut where it is wider than the room there is."""
    if len(word) < 3 or room(word, size) <= width:
        return word
    for end in range(min(len(word), 60), 1, -1):
        if room(word[:end], size) <= width - size:
            return word[:end] + "…"
    return word[:1] + "…"


def spans(words: list[str], least: float = 32, most: float = 110) -> Spans:
    """A place for each word in a row, as wide as the word wants."""
    widths = [min(max(room(word, 15) + 14, least), most) for word in words]
    return list(zip(accumulate(widths, initial=0), widths, strict=False))
