# ruff: noqa: F821
"""Runs in notebook 04's kernel, on the names that the notebook has defined there."""

import json
import random
import statistics
import time
from dataclasses import replace

import torch
from torch.utils.flop_counter import FlopCounterMode

torch.set_num_threads(1)
found = {"batch": {}, "length": {}, "hidden": {}, "share": {}}


def seconds(work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def medians(works: dict, rounds: int) -> dict[str, float]:
    """Seconds of each; they take turns, and the first round only warms up."""
    turns = [{n: seconds(work) for n, work in works.items()} for _ in range(rounds + 1)]
    return {n: statistics.median(turn[n] for turn in turns[1:]) for n in works}


def speeds(names, rounds: int) -> dict[str, float]:
    """Target tokens per second, forward and backward."""
    works = {n: lambda rung=ladder[n]: loss_and_gradients(rung) for n in names}
    return {n: tokens / taken for n, taken in medians(works, rounds).items()}


def settle(batch: int = 64, hid: int = 128, length: int | None = None) -> None:
    """Give the notebook's rungs another batch, or a model of another size."""
    global examples, tokens, climber
    fitting = [e for e in train_examples if length in (None, len(e[1]))]
    examples = random.Random(0).choices(fitting, k=batch)
    tokens = sum(len(target) for _, target in examples)
    sizes = {"emb": 48, "enc_hid": hid, "hid": hid, "bidirectional": False}
    climber = Seq2Seq(replace(small, **sizes)).to(device)


show_tables(False)
settle()
found["rungs"] = speeds(ladder, 9)
ends = ["word by word", "one call"]
for batch in (1, 8, 32, 128):
    settle(batch=batch)
    found["batch"][batch] = speeds(ends, 3)
for length in (4, 6, 8, 10):
    settle(length=length)
    found["length"][length] = speeds(ends, 3)
for hid in (64, 128, 256, 512):
    settle(hid=hid)
    found["hidden"][hid] = speeds(ends, 3)

one, other = torch.randn(2, 1024, 1024)
product = medians({"product": lambda: one @ other}, 20)["product"]
found["product rate"] = 2 * 1024**3 / product
for hid in (128, 256, 512):
    settle(batch=64, hid=hid)
    step = {"step": lambda: loss_and_gradients(in_one_call)}
    with FlopCounterMode(display=False) as counter:
        step["step"]()
    rate = counter.get_total_flops() / medians(step, 20)["step"]
    found["share"][hid] = rate / found["product rate"]

settle()
model = climber.eval()
sentences = [pair.source for pair in lesson.test[:256]]
ways = {
    "one by one": lambda: [
        translation.translate(model, [text], *words_of) for text in sentences
    ],
    "batched": lambda: translation.translate(model, sentences, *words_of),
}
taken = medians(ways, 3)
found["decoding"] = {name: len(sentences) / taken[name] for name in ways}
print(json.dumps(found))
