"""Words and their ids: the only place where text becomes numbers and back."""

from collections import Counter
from collections.abc import Iterable
from typing import Self

PAD, SOS, EOS, UNK = 0, 1, 2, 3
SPECIALS = ("<pad>", "<sos>", "<eos>", "<unk>")


def refuse_string(name: str, value: object, remedy: str | None = None) -> None:
    """Refuse one string where several are wanted: each letter would count as one."""
    if isinstance(value, str):
        raise ValueError(
            f"{name}: got one string, {value!r}, wanted a list of strings: "
            + (remedy or f"hand in [{value!r}]")
        )


class Vocabulary:
    """A fixed list of words; a word's id is its place in `words`.

    The four special words come first. A word that is not in the list gets the id UNK,
    so a sentence can always be read. A string of letters makes each letter a word.
    `clean` names the cleaning that sentences need to become such words.

    Raises ValueError: a word comes twice, is empty, holds white space, or is special.
    """

    def __init__(self, words: Iterable[str], clean: str = "article") -> None:
        self.clean = clean
        self.words: list[str] = [*SPECIALS, *words]
        self._ids: dict[str, int] = {}
        for place, word in enumerate(self.words):
            if word in self._ids or word.split() != [word]:
                raise ValueError(
                    f"words holds {word!r} at place {place - len(SPECIALS)}, but "
                    "distinct words without white space, none of them one of "
                    f"{SPECIALS}, were wanted: split sentences into words first, or "
                    "use Vocabulary.from_sentences."
                )
            self._ids[word] = place

    @classmethod
    def from_sentences(
        cls, sentences: Iterable[str], min_count: int = 1, clean: str = "article"
    ) -> Self:
        """Take the words in order of appearance, those seen fewer times left out.

        A left-out word is read as UNK: with min_count=2 a model meets UNK in training.
        """
        refuse_string("sentences", sentences)
        counts = Counter(word for sentence in sentences for word in sentence.split())
        words = (word for word, count in counts.items() if count >= min_count)
        return cls(words, clean)

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self._ids

    def encode(self, sentence: str) -> list[int]:
        """Turn a sentence of at least one word into its ids, EOS at the end."""
        known = self._ids.get
        ids = [known(word, UNK) for word in sentence.split()]
        if not ids:
            raise ValueError(
                f"sentence is {sentence!r}, but at least one word was wanted: drop "
                "empty sentences before encoding."
            )
        ids.append(EOS)
        return ids

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Turn ids back into words, up to the first EOS, which is left out."""
        words = []
        for word_id in ids:
            if word_id == EOS:
                break
            words.append(self.words[word_id])
        return words
