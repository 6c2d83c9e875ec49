"""List the French bigrams of the bundled corpus that Tatoeba never shows.

A maintainer's tool: `SEQ2SEQ_LESSON_DATA=folder python -m tools.list_bigrams` prints
each such pair of neighbouring words with one sentence that holds it. Most are good
French that nobody happened to write; a wrong one would hide among them, so read them.
"""

import re
from itertools import pairwise

from seq2seq_lesson.corpus import read_pairs


def french_bigrams(sentence: str) -> list[tuple[str, str]]:
    """Neighbouring words, accents kept; j', l' and the like are words."""
    words = re.findall(r"\w+'?|[.!?]", sentence.lower().replace("’", "'"))
    return list(pairwise(words))


def unseen_bigrams() -> dict[tuple[str, str], str]:
    """Each bigram that Tatoeba lacks, with the first bundled sentence that has it."""
    tatoeba = (pair.source for pair in read_pairs("tatoeba"))
    seen = {bigram for sentence in tatoeba for bigram in french_bigrams(sentence)}
    unseen: dict[tuple[str, str], str] = {}
    for pair in read_pairs("bundled"):
        for bigram in french_bigrams(pair.source):
            if bigram not in seen:
                unseen.setdefault(bigram, pair.source)
    return unseen


if __name__ == "__main__":
    listed = unseen_bigrams()
    for bigram, sentence in sorted(listed.items()):
        print(f"{' '.join(bigram):30} {sentence}")
    print(f"{len(listed)} bigrams of the bundled corpus are not in Tatoeba's")
