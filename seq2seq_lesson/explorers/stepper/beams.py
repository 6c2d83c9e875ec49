"""A beam search as a tree: what was kept at each step, what was dropped, what ended.

    beam_tree(model, *vocabularies, ["vous regardez des velos noirs ."])

as the last line of a cell shows it.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import lru_cache

from seq2seq_lesson.drawing import Box, Drawing, Item, Line, Part, Point, Text
from seq2seq_lesson.explorers.controls import choice, whole
from seq2seq_lesson.explorers.explorer import Explorer, Settings
from seq2seq_lesson.explorers.sentences import Reader, fitted
from seq2seq_lesson.seq2seq import Seq2Seq
from seq2seq_lesson.studies.beam import Turn, search
from seq2seq_lesson.vocabulary import EOS, Vocabulary

WIDE, HIGH, BETWEEN = 112, 44, 34  # a box; from step to step
START, HEAD = 68, 32  # where "<sos>" ends; the room for the steps' numbers


def beam_tree(
    model: Seq2Seq,
    src_vocabulary: Vocabulary,
    tgt_vocabulary: Vocabulary,
    sentences: Sequence[str],
    width: int = 2,
) -> Explorer:
    """All that a beam search keeps and drops, for each of some sentences.

    A copy of the model is kept, on the CPU: what is trained later is not seen here.
    """
    copied = copy.deepcopy(model).cpu().eval()
    label, tip = "sentence", "What is translated"
    box = choice(label, sentences[0], sentences, tip)
    box.layout.width = "340px"
    tip = "How many half-written sentences are kept; 1 is greedy"
    return Explorer(
        draw,
        {"sentence": box, "width": whole("width", width, 1, 4, tip)},
        page={"sentence": sentences, "width": range(1, 5)},
        reader=(copied, src_vocabulary, tgt_vocabulary),
    )


@lru_cache(maxsize=64)
def _searched(reader: Reader, sentence: str, width: int) -> tuple[Turn, ...]:
    model, src_vocabulary, _ = reader
    turns: list[Turn] = []
    search(model, src_vocabulary.encode(sentence), width, turns=turns)
    return tuple(turns)


def draw(settings: Settings) -> Drawing:
    """The tree of one search: a column for each step, the likeliest at the top."""
    reader, width = settings["reader"], settings["width"]
    words = reader[2].words
    turns = _searched(reader, settings["sentence"], width)
    ended = (found for turn in turns for found in turn[:width] if found[0][-1] == EOS)
    best, most = max(ended, key=lambda found: found[1], default=turns[-1][0])
    paths = [ids for turn in turns for ids, _ in turn]
    grown = {tuple(ids[:-1]) for ids in paths}
    spots: dict[tuple[int, ...], Point] = {(): (START, HEAD + HIGH / 2)}
    items: list[Item] = [Box(8, HEAD, START - 8, HIGH, "<sos>")]
    for number, turn in enumerate(turns):
        x = START + BETWEEN + (WIDE + BETWEEN) * number
        items.append(
            Text(x + WIDE / 2, 14, f"step {number + 1}", "middle", "faint", 15)
        )
        for place, (ids, total) in enumerate(turn):
            y, path = HEAD + (HIGH + 8) * place, tuple(ids)
            fate = "ended" if ids[-1] == EOS else "kept"
            fate = "dropped" if place >= width else fate
            won = ids == best[: len(ids)]
            role, sum_ = "mark" if won else "quiet", f"−{abs(total):.2f}"
            said = f"{fitted(words[ids[-1]], WIDE - 12, 15)}\n{sum_}"
            dashed, radius = fate == "dropped", 20 if fate == "ended" else 4
            line = Line((spots[path[:-1]], (x, y + HIGH / 2)), role, 3 if won else 1.2)
            box = Box(x, y, WIDE, HIGH, said, role, 15, won, False, dashed, radius)
            spots[path] = x + WIDE, y + HIGH / 2
            # What stands on one way through the tree shares the name of its end.
            ends = (p for p in paths if p[: len(ids)] == ids and tuple(p) not in grown)
            names = tuple(" ".join(words[word] for word in end) for end in ends)
            text = " ".join(words[word] for word in ids)
            items.append(Part((line, box), f"{text}: {sum_}, {fate}", names))
    found = " ".join(reader[2].decode(best))
    told = f"A beam of {width} finds “{found}”, log-probability −{abs(most):.2f}."
    key = "Bold: what it finds. Dashed: dropped. Round: ended. Numbers: sums of logs."
    return Drawing(
        START + (WIDE + BETWEEN) * len(turns) + 8,
        HEAD + (HIGH + 8) * max(map(len, turns)),
        "The tree of a beam search",
        told,
        tuple(items),
        (told, key),
    )
