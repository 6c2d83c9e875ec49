"""Each question that a notebook promises has a tagged section with a check that ran."""

import re

import nbformat
import pytest

from tests.test_notebooks import CAPSTONE, DEEPER, PATHS

QUESTIONS = {
    "01-normalise": "normalising step by step, and what it destroys",
    "01-reverse": "why a `reverse` flag?",
    "01-filter": "the filter, with the counts at each stage",
    "01-prefixes": "prefixes without their closing space: who else gets in?",
    "01-vocabulary": "vocabulary, rare words, words never seen",
    "01-dimension": "is the extra dimension the embedding dimension?",
    "01-leakage": "leakage when splitting by pair",
    "01-padding": "padding waste, random batches against bucketed ones",
    "02-embedding": "is an embedding a one-hot vector times a matrix?",
    "02-view": "why `.view(1, 1, -1)`?",
    "02-batch-first": "sequence first or batch first, and what goes unnoticed?",
    "02-gru-step": "a GRU step by hand from the layer's own weights",
    "02-gates": "what do the gates do on a real sentence?",
    "02-h-n": "what is `h_n`, and when does it equal the last output?",
    "02-one-call": "one call instead of a loop: equal, and how much faster?",
    "02-first-state": "why start from zeros? zeros, random, learned",
    "02-padding": "what has the state read that has read padding?",
    "02-packing": "packing taken apart: data, batch_sizes, the order",
    "02-directions": "two directions",
    "02-layers": "several layers",
    "02-cells": "LSTM and plain RNN",
    "02-prenet": "a prenet, dense or convolution",
    "02-whole": "do the lines together make the packaged encoder?",
    "02-remembers": "so what does it remember?",
    "03-bottleneck": "how much can one vector hold?",
    "03-tutorial-decoder": "the tutorial's decoder line by line, equal to the class",
    "03-bmm": "`bmm`, `mm`, `einsum`: which is right when?",
    "03-first-input": "the first input that is a letter: two bugs",
    "03-discovery": "do these weights look at the encoder's outputs at all?",
    "03-scores": "additive, dot, general, concat by hand",
    "03-mask": "the mask, its polarity, and what goes wrong without",
    "03-scaled-dot": "the dot score and scaled_dot_product_attention",
    "03-before-or-after": "attend before the cell or after?",
    "03-five-scores": "five scores: equal, dear, and which of them look",
    "03-parameters": "how many parameters has each order?",
    "03-overflow": "why divide by the square root, and what overflows?",
    "03-transformer": "what is left to the Transformer?",
    "03-every-size": "true here, or true for every size?",
    "04-nll-cross-entropy": "NLLLoss on log-softmax = CrossEntropyLoss",
    "04-int-becomes-tensor": "an int that becomes a tensor",
    "04-backward-twice": "backward twice",
    "04-step": "the five lines of a training step",
    "04-one-pair-by-heart": "one pair learned by heart",
    "04-backward-by-hand": "backward by hand: one matrix, one tanh, one GRU step",
    "04-gru-by-hand": "one GRU step backwards, from its gates",
    "04-zero-grad": "why `zero_grad`?",
    "04-adamw": "AdamW in six lines",
    "04-dropout": "dropout, train and eval, no_grad",
    "04-overfitting": "few sentences seen often: overfitting",
    "04-early-stopping": "is the model of the lowest validation loss the best?",
    "04-padding-in-the-loss": "the lower number that means less",
    "04-padding-leaks": "three leaks, planted, measured and closed",
    "04-teacher-forcing": "teacher forcing, free running, scheduled sampling",
    "04-scheduled-sampling": "who feeds the decoder while it learns? Five schedules",
    "04-no-loop": "from one word at a time to the whole target in one call",
    "04-real-training": "real training, scored on what was held out",
    "04-recipe": "what each part of the recipe buys, and what tying does not",
    "04-clipping": "gradient clipping on a real spike",
    "04-checkpoint": "a checkpoint that resumes bit for bit",
    "04-two-processes": "two processes: the mean of means is not the mean",
    "05-seen": "the heat map of a trained model",
    "05-collected": "where the weights come from",
    "05-ticks": "why the original's tick labels are off",
    "05-padding": "columns of padding, and what to do with them",
    "05-order": "word order that crosses, *ne ... pas*, one to many",
    "05-five-scores": "one sentence under five scores",
    "05-epochs": "one sentence through the epochs",
    "05-measure": "alignment error rate, precision and recall",
    "05-argmax": "what one argmax a word can never find",
    "05-scored": "every score, before and after, with and without mask",
    "05-colours": "crossing colour words: who finds them?",
    "05-shift": "which row belongs to which written word?",
    "05-edges": "why the first and the last word are hard",
    "05-intervene": "weights replaced, and nothing else",
    "05-interventions": "uniform, shuffled, hardened, position-only",
    "05-leave-one-out": "does the largest weight matter most?",
    "05-explain": "do the weights explain the output?",
    "05-why-not-zero": "links that no translation needs",
    "05-yours": "type your own sentence",
    "05-beam": "beam search",
    "05-re-pas": "which word does *re* need?",
    "05-gradient": "the gradient map beside attention and need",
    "05-adversary": "other weights, the same words",
    "05-real-text": "one map of real text",
    "05-ibm-model": "IBM model 1 as a yardstick",
    "05-literature": "what others found, and where we stand",
    "06-task": "the task, and strings set aside first",
    "06-pieces": "its pieces rebuilt, equal to the package's",
    "06-published": "the published plateau comes back",
    "06-worth": "what 67 per cent are worth",
    "06-plateau": "is the plateau real? Which line is it?",
    "06-shares": "metric, alphabet or decoder, each changed alone",
    "06-band": "with and without attention, same budget, several seeds",
    "06-unseen": "edit accuracy and exact match on strings never seen",
    "06-antidiagonal": "the known alignment, scored",
    "06-scores": "five scores, before and after",
    "06-longer": "longer than trained, why, and a remedy",
    "06-play": "play with it",
    "06-stack": "how does a stack reverse a string?",
    "06-far": "lengths 41 to 500 in a published measure",
}
CHECK = re.compile(r"^\s*(assert\b|assert_close\(|agree\()", re.M)


def sections(path):
    """The code cells of a notebook, a list for each second-level heading."""
    found = [[]]
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown" and re.search(r"^## ", cell.source, re.M):
            found.append([])
        elif cell.cell_type == "code":
            found[-1].append(cell)
    return found


def answers(question):
    """The sections that hold a cell tagged with the question."""
    tag = f"question:{question}"
    return [
        section
        for path in [*PATHS, *DEEPER]
        for section in sections(path)
        if any(tag in cell.metadata.get("tags", []) for cell in section)
    ]


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_question_is_answered_by_a_check_that_ran(question):
    (section,) = answers(question)
    checks = [cell for cell in section if CHECK.search(cell.source)]
    assert checks
    assert all(cell.execution_count for cell in checks)


def test_no_tag_is_missing_from_the_list():
    tags = {
        tag.removeprefix("question:")
        for path in [*PATHS, CAPSTONE, *DEEPER]
        for section in sections(path)
        for cell in section
        for tag in cell.metadata.get("tags", [])
        if tag.startswith("question:")
    }
    assert tags == set(QUESTIONS)
