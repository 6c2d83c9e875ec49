# ruff: noqa: F821
"""Runs in notebook 04's kernel, on the names that the notebook has defined there."""

import json
import random
import statistics
import time

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
    works = {n: lambda rung=ladder[n]: nats_and_gradients(rung) for n in names}
    return {n: all_tokens / taken for n, taken in medians(works, rounds).items()}


OWN = ENC_HID, HID


def settle(batch: int = 64, hid: int | None = None, tokens: int | None = None) -> None:
    """Give the notebook's rungs another batch, or a model of another size."""
    global examples, all_tokens, model, ENC_HID
    fitting = [e for e in train_examples if tokens in (None, len(e[1]))]
    examples = random.Random(0).choices(fitting, k=batch)
    all_tokens = sum(len(target) for _, target in examples)
    ENC_HID, dec_hid = (hid, hid) if hid else OWN
    sizes = len(src_vocabulary), len(tgt_vocabulary), EMB, ENC_HID, dec_hid
    plain = ModelConfig(*sizes, bidirectional=False, dropout=0.0)
    model = Seq2Seq(plain).to(device)


show_tables(False)
settle()
found["rungs"] = speeds(ladder, 9)
ends = [min(ladder), max(ladder)]
for batch in (1, 8, 32, 128):
    settle(batch=batch)
    found["batch"][batch] = speeds(ends, 3)
for tokens in (4, 6, 8, 10):
    settle(tokens=tokens)
    found["length"][tokens] = speeds(ends, 3)
for hid in (64, 128, 256, 512):
    settle(hid=hid)
    found["hidden"][hid] = speeds(ends, 3)

one, other = torch.randn(2, 1024, 1024)
product = medians({"product": lambda: one @ other}, 20)["product"]
found["product rate"] = 2 * 1024**3 / product
for hid in (128, 256, 512):
    settle(batch=64, hid=hid)
    step = {"step": lambda: nats_and_gradients(target_in_one_call)}
    with FlopCounterMode(display=False) as counter:
        step["step"]()
    rate = counter.get_total_flops() / medians(step, 20)["step"]
    found["share"][hid] = rate / found["product rate"]

settle()
model.eval()
sentences = [pair.source for pair in parts.test[:256]]
words_of = (src_vocabulary, tgt_vocabulary)
ways = {
    "one by one": lambda: [translate(model, [text], *words_of) for text in sentences],
    "batched": lambda: translate(model, sentences, *words_of),
}
taken = medians(ways, 3)
found["decoding"] = {name: len(sentences) / taken[name] for name in ways}
print(json.dumps(found))
