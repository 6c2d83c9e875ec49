"""Small trained models that come along, so that a notebook can begin with one.

Those on the bundled corpus are named score-order, "plain" has no attention; all saw
the training part of `split(prepare(read_pairs("bundled")))` and nothing else.
"tatoeba" is as "general-after" but for its corpus, real sentences split alike. The two
on reversal never saw the strings of `reversal.unseen_strings()`.
`make pretrained` trains them anew.
"""

from pathlib import Path

from seq2seq_lesson.checkpoints import load_checkpoint
from seq2seq_lesson.seq2seq import Seq2Seq
from seq2seq_lesson.vocabulary import Vocabulary

NAMES = (
    "position-after",
    "dot-after",
    "general-after",
    "concat-after",
    "additive-after",
    "additive-before",
    "tatoeba",
    "plain",
    "reversal-attention",
)
FOLDER = Path(__file__).parent


def load_pretrained(name: str) -> tuple[Seq2Seq, Vocabulary, Vocabulary]:
    """Load a trained model, on the CPU and in evaluation mode.

    Args
        name:   one of NAMES
        return: the model, its source and target vocabulary
    Raises
        ValueError: there is no such model, or its file is damaged.
    """
    if name not in NAMES:
        raise ValueError(f"name: got {name!r}, wanted one of {', '.join(NAMES)}")
    return load_checkpoint(FOLDER / f"{name}.pt")[:3]
