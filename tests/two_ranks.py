"""What `test_train.py` lets torchrun start: one of two processes that train together.

python -m tests.two_ranks steps FILE       a few steps; what they were, into FILE
python -m tests.two_ranks dying ARGUMENT... train.py, whose second process is killed in
                                            the midst of the second epoch, once
"""

import os
import random
import signal
import sys

import torch

from seq2seq_lesson import train, training
from seq2seq_lesson.checkpoints import read_checkpoint
from seq2seq_lesson.corpus import encode_pairs
from seq2seq_lesson.reversal import draw_strings, reversal_pairs
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq
from seq2seq_lesson.vocabulary import Vocabulary

WORDS = Vocabulary("abcd")
STRINGS = draw_strings(30, random.Random(0), shortest=2, longest=9)
EXAMPLES = encode_pairs(reversal_pairs(STRINGS), WORDS, WORDS)
BATCHES = [EXAMPLES[:8], EXAMPLES[8:15], EXAMPLES[15:16], EXAMPLES[16:]]


def steps():
    """The mean loss of an epoch; of each step the gradient and this one's sentences."""
    torch.manual_seed(training.place()[0])  # else than the first's: it is to prevail
    sizes = {"emb": 8, "enc_hid": 6, "hid": 10, "dropout": 0.0}
    model = Seq2Seq(ModelConfig(len(WORDS), len(WORDS), **sizes))
    gradients, sentences = [], []

    def keep(optimizer, args, kwargs):
        parts = [p.grad.flatten() for p in model.parameters()]
        gradients.append(torch.cat(parts))

    def count(module, given):
        sentences.append(len(given[0].tgt_in))

    optimizer = torch.optim.SGD(model.parameters())
    optimizer.register_step_pre_hook(keep)
    model.register_forward_pre_hook(count)
    recipe = training.Recipe(epochs=1, peak_rate=0.5, clip=1e9)
    loss = training.train_epoch(model, BATCHES, optimizer, recipe, 0)
    return loss, torch.stack(gradients), sentences


def dying(checkpoint, collate=training.collate):
    """A `collate` that kills the second process in the second epoch, the first time."""
    steps = []

    def collated(examples):
        steps.extend([1] if os.path.exists(checkpoint) else [])
        first = os.environ["TORCHELASTIC_RESTART_COUNT"] == "0"
        if first and os.environ["RANK"] == "1" and len(steps) == 3:
            state = read_checkpoint(checkpoint)["training_state"]
            print(*(epoch["seconds"] for epoch in state["history"]), flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        return collate(examples)

    return collated


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    if what == "dying":
        training.collate = dying(arguments[0])
        train.main(arguments)
    else:
        train.join()
        found = steps()
        if training.place()[0] == 0:
            torch.save(found, arguments[0])
        torch.distributed.destroy_process_group()
