"""Each question that a notebook promises has a tagged section with a check that ran."""

import re

import nbformat
import pytest
from test_notebooks import PATHS

QUESTIONS = {
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
        for path in PATHS
        for section in sections(path)
        if any(tag in cell.metadata.get("tags", []) for cell in section)
    ]


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_question_is_answered_by_a_check_that_ran(question):
    (section,) = answers(question)
    checks = [cell for cell in section if CHECK.search(cell.source)]
    assert checks
    assert all(cell.execution_count for cell in checks)


def test_no_notebook_02_or_03_tag_is_missing_from_the_list():
    tags = {
        tag.removeprefix("question:")
        for path in PATHS[1:3]
        for section in sections(path)
        for cell in section
        for tag in cell.metadata.get("tags", [])
        if tag.startswith("question:")
    }
    assert tags == set(QUESTIONS)
