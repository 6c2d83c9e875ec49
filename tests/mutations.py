"""Plant one mistake at a time in a copy of a notebook: each copy must fail.

A check that lets such a mistake pass proves nothing. `make test-mutations`
"""

import sys
import tempfile
from pathlib import Path

import nbformat

from tools.address import ROOT
from tools.notebooks import execute

# (notebook, what is planted, the line as it stands, the line with the mistake)
MUTATIONS = [
    (
        "02_encoder_dissection",
        "a gate's order",
        "reset = torch.sigmoid(word_part[:, 0] + state_part[:, 0])",
        "reset = torch.sigmoid(word_part[:, 1] + state_part[:, 1])",
    ),
    (
        "03_decoder_dissection",
        "a mask's polarity",
        "padding = ~src_mask.unsqueeze(1)",
        "padding = src_mask.unsqueeze(1)",
    ),
    (
        "03_decoder_dissection",
        "a score's missing tanh",
        "features = torch.tanh(query_proj + keys_proj)",
        "features = query_proj + keys_proj",
    ),
    (
        "03_decoder_dissection",
        "a swapped axis",
        "keys_proj = (keys @ W_k.T).unsqueeze(1)",
        "keys_proj = (keys @ W_k.T).unsqueeze(2)",
    ),
    (
        "04_training_loop",
        "a slope of tanh",
        "to_mixed = to_features * slope",
        "to_mixed = to_features",
    ),
    (
        "04_training_loop",
        "a path back in time",
        "by_word, by_state = arrived[-2], arrived[-1] @ by_old",
        "by_word, by_state = arrived[-2], arrived[-2] @ by_old",
    ),
]


def mutant(name: str, line: str, mistake: str) -> nbformat.NotebookNode:
    """The notebook with `line` replaced in the one code cell that holds it."""
    book = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    holders = [c for c in book.cells if c.cell_type == "code" and line in c.source]
    if len(holders) != 1:
        sys.exit(f"{name}: {len(holders)} cells hold {line!r}, wanted exactly 1")
    holders[0].source = holders[0].source.replace(line, mistake)
    return book


def main() -> int:
    survived = 0
    for name, planted, line, mistake in MUTATIONS:
        with tempfile.TemporaryDirectory() as folder:
            result = execute(mutant(name, line, mistake), Path(folder))
        caught = result != "ok"
        survived += not caught
        print(f"  {name}, {planted}: {result if caught else 'NOT CAUGHT'}", flush=True)
    print(f"{len(MUTATIONS) - survived} passed, {survived} failed")
    return survived > 0


if __name__ == "__main__":
    sys.exit(main())
