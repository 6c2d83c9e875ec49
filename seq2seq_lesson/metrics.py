"""How good is a translation, and does the attention look where it should?

Those that compare translations take a list of references for each hypothesis; they
raise ValueError where there is nothing to score or a hypothesis has no reference.
"""

import warnings
from collections.abc import Set
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein
from sacrebleu.metrics import BLEU
from torch import Tensor

from seq2seq_lesson.vocabulary import refuse_string

Links = Set[tuple[int, ...]]


def bleu(hypotheses: list[str], references: list[list[str]]) -> float:
    """BLEU, 0 to 100, of a whole test set, each sentence held against all references.

    The sentences are tokenised already, so sacrebleu only splits at spaces. Where no
    reference has four words, it says nothing, and a warning says so.

    Source: Papineni et al., 2002; Post, arXiv:1804.08771 (sacrebleu).
    """
    _check(hypotheses, references)
    if all(len(text.split()) < 4 for known in references for text in known):
        warnings.warn(
            "BLEU counts runs of up to four words, and no reference has four: a "
            "perfect translation has 0; take exact_match or edit_accuracy",
            stacklevel=2,
        )
    most = max(len(known) for known in references)
    # as many for all: a reference that comes twice counts no more than once
    streams = [[known[n % len(known)] for known in references] for n in range(most)]
    # force: do not warn that the text is tokenised; it is meant to be
    return BLEU(tokenize="none", force=True).corpus_score(hypotheses, streams).score


def exact_match(hypotheses: list[str], references: list[list[str]]) -> float:
    """Share of hypotheses equal to any of their references."""
    _check(hypotheses, references)
    pairs = zip(hypotheses, references, strict=True)
    return sum(hypothesis in known for hypothesis, known in pairs) / len(hypotheses)


def edit_accuracy(hypotheses: list[str], references: list[list[str]]) -> float:
    """1 - edit distance in tokens / the longer length; best reference, then the mean.

    Source: Levenshtein, 1966. Dividing by the longer length is ours: never below 0.
    """
    _check(hypotheses, references)
    total = 0.0
    for hypothesis, known in zip(hypotheses, references, strict=True):
        words, others = hypothesis.split(), (text.split() for text in known)
        total += max(Levenshtein.normalized_similarity(words, o) for o in others)
    return total / len(hypotheses)


class AlignmentScores(NamedTuple):
    """Three numbers from 0 to 1; of `aer`, the error rate, less is better."""

    precision: float
    recall: float
    aer: float


def alignment_scores(
    predicted: Links, sure: Links, possible: Links | None = None
) -> AlignmentScores:
    """Hold predicted links against the true ones.

    A link is (source token, target token). For a whole corpus put the sentence's
    number in front, and score all links at once. Sure links are possible, too. Where
    there is nothing to be wrong about, precision and recall are 1.

    Source: Och and Ney, Computational Linguistics 29(1), 2003, the three measures that
        end in AER; with A = predicted, S = sure, P = possible.
    """
    possible = sure | (possible or set())
    sure_hits, possible_hits = len(predicted & sure), len(predicted & possible)
    links = len(predicted) + len(sure)
    return AlignmentScores(
        precision=possible_hits / len(predicted) if predicted else 1.0,
        recall=sure_hits / len(sure) if sure else 1.0,
        aer=1 - (sure_hits + possible_hits) / links if links else 0.0,
    )


def hard_alignment(
    weights: Tensor, threshold: float | None = None
) -> set[tuple[int, int]]:
    """Turn attention weights into links: one a written word, or all above a threshold.

    Hand in the weights without the row and the column of EOS, which takes no part
    (`Translation.word_weights`). What a row then lacks to 1 went to EOS; a word that
    looked there more than at any word is linked to none.

    Shapes
        weights: (tgt_len, src_len) float, rows sum to at most 1
    Raises ValueError: weights is not a matrix.
    """
    if weights.dim() != 2:
        raise ValueError(
            f"weights has shape {tuple(weights.shape)}, but one sentence's weights are "
            "a (tgt_len, src_len) matrix: hand in one sentence at a time"
        )
    if threshold is not None:
        return {(s, n) for n, s in (weights > threshold).nonzero().tolist()}
    most, source = weights.max(dim=1)
    to_eos = 1 - weights.sum(dim=1)
    kept = (most > to_eos - 1e-6).tolist()  # a tie is a link
    return {(s, n) for n, s in enumerate(source.tolist()) if kept[n]}


def _check(hypotheses: list[str], references: list[list[str]]) -> None:
    """Refuse what cannot be scored."""
    refuse_string("hypotheses", hypotheses)
    if not hypotheses or len(hypotheses) != len(references):
        raise ValueError(
            f"hypotheses has {len(hypotheses)} sentences and references has "
            f"{len(references)} lists: give at least one, and one list a sentence"
        )
    for hypothesis, known in zip(hypotheses, references, strict=True):
        if isinstance(known, str) or not known:
            raise ValueError(
                f"references holds {known!r} for the hypothesis {hypothesis!r}: give a "
                "list with at least one translation"
            )
