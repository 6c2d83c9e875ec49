"""`make pretrained`: train the models that come along; say how good they are."""

import sys
import time
from collections.abc import Sequence

from seq2seq_lesson import metrics
from seq2seq_lesson.checkpoints import save_checkpoint
from seq2seq_lesson.corpus import SentencePair
from seq2seq_lesson.pretrained import FOLDER, NAMES
from seq2seq_lesson.runtime import seed_everything
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq
from seq2seq_lesson.tasks import MODELS, Task
from seq2seq_lesson.training import evaluate, fit
from seq2seq_lesson.translation import translate_forced
from seq2seq_lesson.vocabulary import Vocabulary


def scores(model: Seq2Seq, task: Task) -> dict[str, float]:
    """BLEU, exact match, edit accuracy; where links are known, their error rate."""
    figures = evaluate(model, task.test, *task.vocabularies, task.references)
    if model.config.order != "none" and task.test[0].alignment is not None:
        figures["aer"] = evaluate_alignment(model, task.test, *task.vocabularies).aer
    return figures


def evaluate_alignment(
    model: Seq2Seq,
    pairs: Sequence[SentencePair],
    src_vocabulary: Vocabulary,
    tgt_vocabulary: Vocabulary,
) -> metrics.AlignmentScores:
    """Hold where the attention looks against the known alignment of the pairs.

    The model is made to write each target; a written word counts as linked to the
    source word of largest weight. EOS takes no part.

    Raises ValueError: the model has no attention, or a pair no known alignment.
    """
    predicted, true = set(), set()
    found = translate_forced(model, pairs, src_vocabulary, tgt_vocabulary)
    for n, (pair, translation) in enumerate(zip(pairs, found, strict=True)):
        if pair.alignment is None or translation.weights is None:
            raise ValueError(
                f"pairs: {pair.source!r} has the alignment {pair.alignment}, and the "
                f"model's order is {model.config.order!r}: to score an alignment take "
                "the bundled corpus or reversal_pairs, and a model with attention"
            )
        links = metrics.hard_alignment(translation.word_weights)
        predicted |= {(n, *link) for link in links}
        true |= {(n, *link) for link in pair.alignment}
    return metrics.alignment_scores(predicted, true)


def main(names: Sequence[str]) -> None:
    """Train the named models one after the other; save them in the package."""
    for name in names:
        make_task, sizes, recipe = MODELS[name]
        task = make_task()
        seed_everything(recipe.seed)
        src_vocab, tgt_vocab = map(len, task.vocabularies)
        model = Seq2Seq(ModelConfig(src_vocab, tgt_vocab, **sizes))
        began = time.process_time()
        fit(model, task.examples, recipe)
        seconds = time.process_time() - began
        model.half().float()  # from here on, float16 holds its numbers exactly
        path = FOLDER / f"{name}.pt"
        save_checkpoint(path, model, *task.vocabularies)
        figures = {"kB": path.stat().st_size / 1000, "CPU s": seconds}
        figures |= scores(model, task)
        print(f"{name:20}", *(f"{k} {v:.4g}" for k, v in figures.items()), sep="  ")


if __name__ == "__main__":
    main(sys.argv[1:] or NAMES)
