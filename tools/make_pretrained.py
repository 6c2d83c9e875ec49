"""`make pretrained`: train the models that come along; say how good they are."""

import sys
import time
from collections.abc import Sequence

from seq2seq_lesson.checkpoints import save_checkpoint
from seq2seq_lesson.pretrained import FOLDER, NAMES
from seq2seq_lesson.runtime import seed_everything
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq
from seq2seq_lesson.tasks import MODELS, Task
from seq2seq_lesson.training import evaluate, evaluate_alignment, fit


def scores(model: Seq2Seq, task: Task) -> dict[str, float]:
    """BLEU, exact match, edit accuracy and, with attention, the error rate of links."""
    figures = evaluate(model, task.test, *task.vocabularies, task.references)
    if model.config.order != "none":
        figures["aer"] = evaluate_alignment(model, task.test, *task.vocabularies).aer
    return figures


def main(names: Sequence[str]) -> None:
    """Train the named models one after the other; save them in the package."""
    for name in names:
        make_task, sizes, recipe = MODELS[name]
        task = make_task()
        seed_everything(recipe.seed)
        config = ModelConfig(
            len(task.src_vocabulary), len(task.tgt_vocabulary), **sizes
        )
        model = Seq2Seq(config)
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
