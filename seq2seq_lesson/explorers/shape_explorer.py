"""The shape explorer: set sizes, and see what every tensor of a piece becomes."""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache

from seq2seq_lesson.drawing import Drawing
from seq2seq_lesson.explorers.controls import button, choice, some, switch, typed, whole
from seq2seq_lesson.explorers.explorer import Explorer, Settings
from seq2seq_lesson.explorers.shape_flow import Arrow, Flow
from seq2seq_lesson.explorers.shape_guess import judge
from seq2seq_lesson.explorers.shape_layout import lay_out
from seq2seq_lesson.explorers.shape_pieces import PIECES, trace
from seq2seq_lesson.explorers.shape_sizes import Sizes
from seq2seq_lesson.explorers.shape_verdicts import MISTAKES, verdict

SMALL = [*range(1, 17), 20, 24, 32, 48, 64, 100, 128, 256, 512, 1024, 2048, 4096, 16384]
BATCHES = [*range(1, 17), 20, 32, 64, 128, 256, 512, 1024, 4096, 65536]
WORDS = [*range(5, 21), 50, 100, 500, 1000, 5000, 10_000, 50_000, 250_000, 1_000_000]
LONGEST = 25  # the recurrent layers' cost on the meta device is by the step

USED = {  # by which piece; `batch`, `piece` and the last three by all
    "embedding": "src_len emb src_vocab",
    "encoder": "cell src_len emb enc_hid layers both batch_first mistake",
    "packing": "cell src_len shortest emb enc_hid layers both batch_first mistake",
    "attention": "score src_len tgt_len enc_hid both hid att mistake",
    "decoder step": "order score src_len emb enc_hid both hid att tgt_vocab mistake",
    "whole network": "cell order score src_len tgt_len emb enc_hid layers both hid att "
    "src_vocab tgt_vocab",
}
ASKING = {"question": 0, "right": 0, "asked": 0, "told": False, "said": ""}

_trace = lru_cache(maxsize=32)(trace)  # a flow holds no tensor


def shape_explorer(**first: object) -> Explorer:
    """An explorer of shapes; `first`: settings to begin with, such as piece="packing".

    Raises
        ValueError: there is no such setting.
    """
    if wrong := first.keys() - {name.name for name in fields(Sizes)}:
        raise ValueError(f"first: got {sorted(wrong)}, wanted settings of `Sizes`")
    sizes = Sizes.of(first)
    controls = _controls(sizes)
    still = dict.fromkeys(controls.keys() - {"guess", "again"}, _forget)
    actions = still | {"guess": _check, "again": _next}
    return Explorer(draw, controls, actions=actions, shown=shown, **ASKING)


def draw(settings: Settings) -> Drawing:
    """The flow of the chosen piece, or what is to be guessed of it."""
    sizes = Sizes.of(settings)
    flow = _trace(sizes)
    title = f"Shapes: {sizes.piece}"
    asked = _asked(settings, flow)
    if asked is None:
        return lay_out(flow, title, verdict(sizes, flow))
    score = f"Score: {settings['right']} right of {settings['asked']}."
    notes = (str(settings["said"]), score)
    if not settings["told"]:
        notes = (f"What is the shape of {asked.name}? {notes[0]}".strip(), score)
    secret = {arrow.name for arrow in flow.made}
    if settings["told"]:
        secret.remove(asked.name)
    # What is handed on once more would betray what it was.
    hidden = tuple(a for a in flow.arrows if a.name.split(" again")[0] in secret)
    return lay_out(flow, title, notes, hidden, asked)


def shown(settings: Settings) -> set[str]:
    """The controls that the chosen piece has a use for."""
    sizes = Sizes.of(settings)
    names = {"piece", "batch", "guessing", *USED[sizes.piece].split()}
    if sizes.order == "none" and sizes.piece in ("decoder step", "whole network"):
        names -= {"score", "att"}
        if sizes.piece == "decoder step":
            names -= {"src_len", "enc_hid", "both"}
    elif sizes.score not in ("concat", "additive"):
        names -= {"att"}
    if settings["guessing"]:
        names = names - {"mistake"} | {"guess", "again"}
    return names


def _asked(settings: Settings, flow: Flow) -> Arrow | None:
    """The tensor to be guessed; none where nothing is asked or nothing came out."""
    if not settings["guessing"] or flow.error:
        return None
    return flow.made[settings["question"] % len(flow.made)]


def _check(settings: Settings) -> Settings:
    """Judge a guess; what cannot be read does not count."""
    text, sizes = str(settings["guess"]), Sizes.of(settings)
    asked = _asked(settings, _trace(sizes))
    if asked is None or not text.strip():
        return {}
    if settings["told"]:
        return {"said": "This one has been told: press “next” for another."}
    try:
        good, said = judge(text, asked, sizes)
    except ValueError as problem:
        return {"said": str(problem)}
    right, count = settings["right"] + good, settings["asked"] + 1
    return {"right": right, "asked": count, "said": said, "told": True, "guess": ""}


def _next(settings: Settings) -> Settings:
    """Ask for another tensor."""
    return {"question": settings["question"] + 1, **_forget(settings)}


def _forget(settings: Settings) -> Settings:
    """Other sizes: what was said of the old ones holds no more."""
    return {"told": False, "said": "", "guess": ""} | (
        {"mistake": "none"} if settings["guessing"] else {}
    )


def _controls(sizes: Sizes) -> dict[str, object]:
    """Everything that can be moved, in the order in which it stands."""
    s = sizes
    mistakes = [(label, key) for key, label in MISTAKES.items()]
    cells = [("GRU", "gru"), ("LSTM", "lstm"), ("RNN", "rnn")]
    orders = [("no attention", "none"), ("before the cell", "before")]
    orders += [("after the cell", "after")]
    scores = ["position", "dot", "general", "concat", "additive"]
    return {
        "piece": choice("piece", s.piece, list(PIECES), "what to look into"),
        "cell": choice("cell", s.cell, cells, "the encoder's recurrent layer"),
        "order": choice("attention", s.order, orders, "where the decoder looks"),
        "score": choice("score", s.score, scores, "how query and keys are compared"),
        "batch": some("batch", s.batch, BATCHES, "sentences at once"),
        "src_len": whole("src_len", s.src_len, 1, LONGEST, "longest source sentence"),
        "shortest": whole("shortest", s.shortest, 1, LONGEST, "shortest sentence"),
        "tgt_len": whole("tgt_len", s.tgt_len, 1, LONGEST, "words of the target"),
        "emb": some("emb", s.emb, SMALL, "numbers for a word"),
        "enc_hid": some("enc_hid", s.enc_hid, SMALL, "numbers in an encoder's state"),
        "layers": whole("layers", s.layers, 1, 3, "recurrent layers on one another"),
        "both": switch("both directions", s.both, "read backwards as well"),
        "hid": some("hid", s.hid, SMALL, "numbers in the decoder's state"),
        "att": some("att", s.att, SMALL, "numbers inside the score"),
        "src_vocab": some("src_vocab", s.src_vocab, WORDS, "words of the source"),
        "tgt_vocab": some("tgt_vocab", s.tgt_vocab, WORDS, "words of the target"),
        "batch_first": switch("batch_first", s.batch_first, "which axis comes first"),
        "mistake": choice("mistake", s.mistake, mistakes, "go wrong on purpose"),
        "guessing": switch("guess first", False, "hide the shapes and be asked"),
        "guess": typed("your guess", "", "(batch, 1, hid)", "names or numbers, Enter"),
        "again": button("next", "ask for another tensor"),
    }
