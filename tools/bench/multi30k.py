"""`make bench MULTI30K=folder`: German to English, where others have reported numbers.

The folder, or a .zip, holds train, val and test_2016_flickr, each .de and .en, lower-
cased and tokenised: `data/task1/tok` of https://github.com/multi30k/dataset, unpacked.

    python -m tools.bench.multi30k FOLDER                    three recipes, three seeds
    python -m tools.bench.multi30k FOLDER --tried            seed 0 of all, no test set

The recipes take turns on one thread. An epoch is chosen by its validation BLEU, greedy;
with its weights the test set is read, once.
"""

import argparse
import copy
import os
import sys
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean

import torch

from seq2seq_lesson import metrics
from seq2seq_lesson.corpus import SentencePair, encode_pairs, vocabularies
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq
from seq2seq_lesson.studies.beam import search
from seq2seq_lesson.training import Recipe
from seq2seq_lesson.translation import translate
from seq2seq_lesson.vocabulary import Vocabulary
from tools.address import ROOT
from tools.bench.curves import Curve, draw, publish
from tools.bench.procedures import epochs

PARTS = ("train", "val", "test_2016_flickr")
SIZES = {"emb": 128, "enc_hid": 128, "hid": 256, "dropout": 0.3, "max_len": 64}
BASE = Recipe(epochs=8, batch_size=64, peak_rate=3e-3)
BRIEF = Recipe(epochs=4, batch_size=32, peak_rate=4e-3, weight_decay=0.1)
LIGHT, HEAVY = SIZES | {"dropout": 0.2}, SIZES | {"dropout": 0.4}
SIDES: dict[str, tuple[dict, Recipe]] = {
    "as it is": (SIZES, BASE),
    "faster": (LIGHT, BRIEF),
    "longer": (HEAVY, replace(BRIEF, epochs=16)),
}
TRIED: dict[str, tuple[dict, Recipe]] = {
    **SIDES,
    "faster, 5 epochs": (LIGHT, replace(BRIEF, epochs=5)),
    "faster, peak 6e-3": (LIGHT, replace(BRIEF, peak_rate=6e-3)),
    "faster, dropout 0.3": (SIZES, BRIEF),
    "longer, dropout 0.3": (SIZES, replace(BRIEF, epochs=16)),
}
WIDTH = 5
SEEDS = (0, 1, 2)
RESULTS = Path(__file__).with_name("multi30k.md")


def read(path: Path, most: int | None = None) -> dict[str, list[SentencePair]]:
    """The pairs of each part, its first `most` ones.

    Raises ValueError: there is not one file for a part and a language, or two of them
        differ in their number of lines.
    """
    folder = zipfile.Path(path) if path.suffix == ".zip" else path
    names = {file.name: file for file in folder.iterdir()}
    parts = {}
    for part in PARTS:
        sides = []
        for language in ("de", "en"):
            pattern = f"{part}*.{language}"
            files = [name for name in names if Path(name).match(pattern)]
            if len(files) != 1:
                raise ValueError(
                    f"{path} holds {len(files)} files {pattern}, wanted one: name the "
                    "folder data/task1/tok of github.com/multi30k/dataset, unpacked"
                )
            sides.append(names[files[0]].read_text("utf-8").splitlines()[:most])
        german, english = sides
        if len(german) != len(english):
            raise ValueError(
                f"{part}: {len(german)} German lines and {len(english)} English ones, "
                "wanted as many: copy the files again"
            )
        parts[part] = [SentencePair(*two) for two in zip(german, english, strict=True)]
    return parts


@dataclass
class Side:
    """One recipe with one seed, on its way."""

    name: str
    seed: int
    model: Seq2Seq
    words: tuple[Vocabulary, Vocabulary]
    slices: Iterator[None]
    seconds: float = 0.0
    curve: list[tuple[float, float]] = field(default_factory=list)
    best: dict = field(default_factory=dict)
    tested: tuple[float, float] | None = None  # greedy, beam

    @property
    def chosen(self) -> tuple[float, float]:
        """Seconds and validation BLEU of the epoch that is taken."""
        return max(self.curve, key=lambda point: point[1])

    def advance(self, held_out: Sequence[SentencePair]) -> bool:
        """Train for an epoch; keep its weights if they are the best. False: no more."""
        began = time.process_time()
        if next(self.slices, "end") == "end":
            return False
        self.seconds += time.process_time() - began
        bleu = self.bleu(held_out)
        self.curve.append((self.seconds, bleu))
        if self.chosen == self.curve[-1]:
            self.best = copy.deepcopy(self.model.state_dict())
        told = f"  {self.name:20}seed {self.seed}  epoch {len(self.curve):2}"
        print(f"{told}{self.seconds:7.0f} s{bleu:6.1f}", flush=True)
        return True

    def write(self, sources: Sequence[str], width: int) -> list[str]:
        """Translate with a beam; of width 1 it is greedy."""
        src, tgt = self.words
        if width == 1:  # a text of known words is read as it stands, not cleaned
            known = [" ".join(w if w in src else "<unk>" for w in text.split())
                     for text in sources]  # fmt: skip
            return [found.text for found in translate(self.model, known, src, tgt)]
        ids = (search(self.model, src.encode(text), width)[0] for text in sources)
        return [" ".join(tgt.decode(found or [])) for found in ids]

    def bleu(self, pairs: Sequence[SentencePair], width: int = 1) -> float:
        """On the tokens as they are in the files."""
        found = self.write([pair.source for pair in pairs], width)
        return metrics.bleu(found, [[pair.target] for pair in pairs])


def begin(
    name: str, seed: int, pairs: list[SentencePair], most: int | None = None
) -> Side:
    """A side before its first epoch; `most` epochs, if that is told."""
    sizes, recipe = TRIED[name]
    recipe = replace(recipe, seed=seed, epochs=min(most or 99, recipe.epochs))
    words = vocabularies(pairs, min_count=2)
    torch.manual_seed(seed)
    model = Seq2Seq(ModelConfig(len(words[0]), len(words[1]), **sizes))
    slices = epochs(model, encode_pairs(pairs, *words), recipe, words)
    return Side(name, seed, model, words, slices)


def race(sides: Sequence[Side], held_out: Sequence[SentencePair]) -> None:
    """Whoever has used the least time goes next, until all are at their end."""
    running = list(sides)
    while running:
        side = min(running, key=lambda side: side.seconds)
        if not side.advance(held_out):
            running.remove(side)


def told(numbers: Sequence[float], digits: int = 1) -> str:
    """The mean, and the least and the most where there are several."""
    text = f"{mean(numbers):.{digits}f}"
    if len(numbers) > 1:
        text += f" ({min(numbers):.{digits}f} to {max(numbers):.{digits}f})"
    return text


def table(sides: Sequence[Side]) -> str:
    """A row for each recipe, then their curves; of several seeds the mean."""
    named: dict[str, list[Side]] = {}
    for side in sides:
        named.setdefault(side.name, []).append(side)
    titles = (
        "recipe | parameters | seconds | validation | test 2016, greedy | test 2016"
    )
    rows = [f"| {titles}, beam of {WIDTH} |", "|---" * 6 + "|"]
    for name, seeds in named.items():
        size = sum(parameter.numel() for parameter in seeds[0].model.parameters())
        seconds, bleus = zip(*(side.chosen for side in seeds), strict=True)
        tests = [side.tested for side in seeds if side.tested]
        cells = [told(column) for column in zip(*tests, strict=True)] or ["-", "-"]
        figures = [f"{size / 1e6:.2f} million", told(seconds, 0), told(bleus), *cells]
        rows.append(f"| {name} | {' | '.join(figures)} |")
    rows += [
        "",
        "| epoch | " + " | ".join(named) + " |",
        "|---" * (len(named) + 1) + "|",
    ]
    for epoch in range(max(len(side.curve) for side in sides)):
        cells = []
        for seeds in named.values():
            points = [side.curve[epoch] for side in seeds if epoch < len(side.curve)]
            seconds, bleus = zip(*points, strict=True) if points else ((), ())
            cells.append(f"{mean(seconds):.0f} s: {mean(bleus):.1f}" if points else "-")
        rows.append(f"| {epoch + 1} | {' | '.join(cells)} |")
    return "\n".join(rows)


LEAD = """\
# Multi30k, German to English, measured by `make bench MULTI30K=folder`

29,000 pairs to train on, 1,014 to choose the epoch by, test 2016 (Flickr, 1,000) read
once. Words seen twice; `fit` on one thread, the recipes taking turns; seconds of CPU,
evaluation apart, to the chosen epoch. Mean of the seeds, least and most.

BLEU is sacrebleu's on the tokens of the files, lower-cased, one reference, tokenised no
further; an `<unk>` matches nothing."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("tools.bench.multi30k")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tried", action="store_true", help="no test set is read")
    parser.add_argument("--seeds", type=int, nargs="*", default=SEEDS)
    parser.add_argument("--pairs", type=int, help="the first ones of each part alone")
    parser.add_argument("--epochs", type=int, help="no more than these")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    parts = read(given.folder, given.pairs)
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    train, valid, test = (parts[part] for part in PARTS)
    sides: list[Side] = []
    for seed in (0,) if given.tried else given.seeds:
        names = TRIED if given.tried else SIDES
        going = [begin(name, seed, train, given.epochs) for name in names]
        race(going, valid)
        for side in going:
            side.model.load_state_dict(side.best)
            if not given.tried:
                side.tested = side.bleu(test), side.bleu(test, WIDTH)
        sides += going
        text = f"{LEAD}\n\n{table(sides)}\n"  # after each seed: a stop loses no more
        (build / "multi30k.md").write_text(text, "utf-8")
    curves = [Curve("Multi30k", side.name, side.seed, side.curve) for side in sides]
    draw(curves, build / "multi30k.png")
    print(f"\n{text}\nwritten to {build / 'multi30k.md'} and multi30k.png")
    if os.environ.get("FULL") == "1" and not given.tried:
        publish(curves)
        RESULTS.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
