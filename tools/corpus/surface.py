"""From marked words to a written sentence that knows which token made which.

The grammar composes both languages out of words with labels, `word/label`, and words
that share a label are translations of each other:

    je/s cherche/v un/d petit/b chat/n noir/a ./.
    I/s am/v looking/v for/v a/d little/b black/a cat/n ./.

A word may carry several labels (`au/1+2`, which is *at the*) or none. French is marked
without elision (`je/s aide/v`): the apostrophe is put in here. No word of the lexicon
begins with an h aspiré, so any h elides.
"""

import re

from seq2seq_lesson.corpus import normalise

ELIDED = {"je", "ne", "me", "te", "le", "la", "de", "que", "ce"}
VOWEL = re.compile(r"[aâàeéèêiîoôuhœ]", re.IGNORECASE)
NARROW, WIDE = "\u202f", "\u00a0"  # the spaces that French sets before ! ? and in « »
Marked = list[tuple[str, frozenset[str]]]


def mark(prefix: str, markup: str) -> str:
    """Give every label of a phrase a prefix, so that two phrases can stand together."""
    return re.sub(r"(?<=[/+])(?=\S)", prefix, markup)


def label(words: str, name: str) -> str:
    """Put one label on every word of a phrase; `_` stands for a space in it."""
    return " ".join(f"{word}/{name}" for word in words.replace("_", " ").split())


def write(markup: str, french: bool) -> tuple[str, list[frozenset[str]]]:
    """Write a sentence out; return it with the labels of each normalised token."""
    chunks = (chunk.partition("/") for chunk in markup.split())
    words = [(word, frozenset(labels.split("+")) - {""}) for word, _, labels in chunks]
    if french:
        words = _elide(words)
    text = ""
    for word, _ in words:
        if french and word in "!?":
            text += NARROW + word
        elif not text or word[0] in "'-.,!?”" or text[-1] in "'“":
            text += word
        elif french and (word in "»:" or text[-1] == "«"):
            text += WIDE + word
        else:
            text += " " + word
    text = re.sub(r"(^|[«“]\W?)\w", lambda start: start[0].upper(), text)
    labels = [labels for word, labels in words for _ in normalise(word).split()]
    tokens = [token for word, _ in words for token in normalise(word).split()]
    assert tokens == normalise(text).split(), text
    return re.sub("[“”]", '"', text), labels


def _elide(words: Marked) -> Marked:
    """Write j', l', n', d', qu', c' before a vowel or h."""
    following = [word for word, _ in words[1:]] + [""]
    return [
        (word[:-1] + "'", labels)
        if word in ELIDED and VOWEL.match(after)
        else (word, labels)
        for (word, labels), after in zip(words, following, strict=True)
    ]


def tsv_line(english: str, french: str) -> str:
    """Write `English<TAB>French<TAB>alignment`, the alignment in Pharaoh form."""
    english_text, english_labels = write(english, french=False)
    french_text, french_labels = write(french, french=True)
    links = (
        f"{place}-{other}"
        for place, mine in enumerate(english_labels)
        for other, its in enumerate(french_labels)
        if mine & its
    )
    return f"{english_text}\t{french_text}\t{' '.join(links)}"
