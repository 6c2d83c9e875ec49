"""Train a translator from a shell: in one process, or in several that share each batch.

    python -m seq2seq_lesson.train model.pt --corpus my-sentences.tsv --max-words 20
    torchrun --nproc-per-node=2 --max-restarts=3 -m seq2seq_lesson.train model.pt

The same command goes on from its file. When a worker is killed, torchrun starts all of
them again, from the last whole epoch. On Windows set USE_LIBUV=0 before torchrun.
"""

import argparse
import os
from collections.abc import Sequence
from dataclasses import asdict

import torch
from torch import distributed

from seq2seq_lesson import corpus
from seq2seq_lesson.runtime import pick_device, seed_everything
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq
from seq2seq_lesson.tasks import SMALL, TRANSLATE
from seq2seq_lesson.training import Recipe, evaluate, fit, place

RECIPE, SIZES = asdict(TRANSLATE), SMALL | {"dropout": 0.1}


def join() -> torch.device:
    """The device of this process; under torchrun, once it has met the others."""
    device = pick_device()
    if distributed.is_torchelastic_launched():
        if device.type == "cuda":
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        else:
            device = torch.device("cpu")
        store, rank, ranks = next(distributed.rendezvous("env://"))
        # torchrun keeps its store: apart, so that nobody reads a dead worker's address
        store = distributed.PrefixStore(os.environ["TORCHELASTIC_RESTART_COUNT"], store)
        # NCCL between cards, gloo for the rest
        distributed.init_process_group(store=store, rank=rank, world_size=ranks)
    return device


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser("seq2seq_lesson.train", description=__doc__)
    parser.add_argument("checkpoint", help="the file to write, or to go on from")
    parser.add_argument("--corpus", help="a name or a file, as `read_pairs` takes it")
    fewer = "keep all pairs of fewer tokens a side; without it, the article's filter"
    parser.add_argument("--max-words", type=int, help=fewer)
    for name, value in {**RECIPE, **SIZES}.items():
        option = "--" + name.replace("_", "-")
        parser.add_argument(option, type=type(value), default=value)
    given = vars(parser.parse_args(arguments))
    recipe = Recipe(**{name: given[name] for name in RECIPE})
    raw, most = corpus.read_pairs(given["corpus"]), given["max_words"]
    pairs = corpus.prepare(raw, ("",), most) if most else corpus.prepare(raw)
    parts, known = corpus.split(pairs), corpus.known_translations(pairs)
    src, tgt = corpus.vocabularies(parts.train, min_count=2)
    device = join()
    seed_everything(recipe.seed)
    sizes = {name: given[name] for name in SIZES} | {"max_len": max(32, most or 0)}
    history = fit(
        Seq2Seq(ModelConfig(len(src), len(tgt), **sizes)).to(device),
        corpus.encode_pairs(parts.train, src, tgt),
        recipe,
        validate=lambda model: evaluate(model, parts.valid, src, tgt, known),
        checkpoint=given["checkpoint"],
        vocabularies=(src, tgt),
        resume=True,
    )
    for figures in history if place()[0] == 0 else []:
        print(", ".join(f"{name} {number:.4g}" for name, number in figures.items()))
    if distributed.is_initialized():
        distributed.destroy_process_group()


if __name__ == "__main__":
    main()
