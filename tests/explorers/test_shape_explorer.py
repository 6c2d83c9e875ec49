"""The shape explorer: what it draws is what the real modules do with real tensors."""

import gc
import random
import re
import tracemalloc
from dataclasses import replace
from xml.etree import ElementTree

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

from seq2seq_lesson.attention import Attention
from seq2seq_lesson.batches import collate
from seq2seq_lesson.drawing import Box, Text, text_width
from seq2seq_lesson.drawing.png import to_png
from seq2seq_lesson.drawing.svg import to_html
from seq2seq_lesson.encoder import CELLS
from seq2seq_lesson.explorers.shape_explorer import ASKING, draw, shape_explorer
from seq2seq_lesson.explorers.shape_explorer import shown as controls_shown
from seq2seq_lesson.explorers.shape_flow import amount
from seq2seq_lesson.explorers.shape_guess import WHY, judge, read_guess
from seq2seq_lesson.explorers.shape_pieces import PIECES, trace
from seq2seq_lesson.explorers.shape_sizes import Sizes
from seq2seq_lesson.explorers.shape_verdicts import MISTAKES, PLACES
from seq2seq_lesson.seq2seq import ORDERS, Seq2Seq
from tests.kernel_front import PYTHONS, Front, printed, updates

SCORES = ("position", "dot", "general", "concat", "additive")
REAL = torch.device("cpu")


def draw_sizes(rng, **fixed):
    """Small sizes by chance; the learner may set them equal, so here they may be."""
    drawn = {
        "piece": rng.choice(list(PIECES)),
        "cell": rng.choice(list(CELLS)),
        "score": rng.choice(SCORES),
        "order": rng.choice(list(ORDERS)),
        "layers": rng.randint(1, 3),
        "both": rng.random() < 0.5,
        "batch_first": rng.random() < 0.7,
    }
    for name in ("batch", "src_len", "shortest", "tgt_len", "emb", "enc_hid", "att"):
        drawn[name] = rng.randint(1, 6)
    drawn |= {"src_vocab": rng.randint(5, 9), "tgt_vocab": rng.randint(5, 9)}
    drawn["hid"] = drawn["enc_hid"] * (1 + drawn["both"])
    if drawn["score"] != "dot":
        drawn["hid"] += rng.randint(0, 3)
    return Sizes(**{**drawn, **fixed})


class Recorder(TorchFunctionMode):
    """The shape of every tensor that any function of PyTorch gives back."""

    def __init__(self):
        self.shapes = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple) else (result,):
            if isinstance(tensor, torch.Tensor):
                self.shapes.append(tuple(tensor.shape))
        return result


@torch.no_grad()
@torch.backends.mkldnn.flags(enabled=False)  # the counter does not see its LSTM
def real_run(sizes):
    """Run the piece with real numbers, by other code than the explorer's.

    Gives the shapes that it must draw, by name; the shapes of all that was made on the
    way; the learnt numbers; the multiply-adds by PyTorch's own counter.
    """
    s = sizes
    counter, recorder = FlopCounterMode(display=False), Recorder()
    src_ids = torch.zeros(s.batch, s.src_len, dtype=torch.long)
    keys, query = torch.randn(s.batch, s.src_len, s.enc), torch.randn(s.batch, 1, s.hid)
    mask = torch.ones(s.batch, s.src_len, dtype=torch.bool)
    tgt_len = 1 if s.piece == "decoder step" else s.tgt_len
    tgt_in = torch.zeros(s.batch, tgt_len, dtype=torch.long)
    first = torch.zeros(s.layers * s.directions, s.batch, s.enc_hid)
    if s.piece == "embedding":
        module = nn.Embedding(s.src_vocab, s.emb)
        with counter, recorder:
            shapes = {"src_emb": module(src_ids)}
    elif s.piece in ("encoder", "packing"):
        options = {"batch_first": s.batch_first, "bidirectional": s.both}
        module = CELLS[s.cell](s.emb, s.enc_hid, s.layers, **options)
        words = torch.randn(s.batch, s.src_len, s.emb)
        words = words if s.batch_first else words.transpose(0, 1).contiguous()
        state = (first, first) if s.cell == "lstm" else first
        with counter, recorder:
            if s.piece == "packing":
                packed = pack_padded_sequence(
                    words, torch.tensor(s.lengths), s.batch_first, enforce_sorted=False
                )
                states, last = module(packed, state)
                enc_states, _ = pad_packed_sequence(states, s.batch_first)
            else:
                enc_states, last = module(words, state)
        h_n = last[0] if s.cell == "lstm" else last
        name = "h_n, and c_n" if s.cell == "lstm" else "h_n"
        shapes = {"enc_states": enc_states, name: h_n}
        if s.piece == "packing":
            shapes |= {"packed.data": packed.data, "states.data": states.data}
            shapes |= {"packed.batch_sizes": packed.batch_sizes}
    elif s.piece == "attention":
        module = Attention(s.score, s.hid, s.enc, s.att, s.max_len)
        query = torch.randn(s.batch, s.tgt_len, s.hid)
        with counter, recorder:
            context, weights = module(query, keys, mask)
        shapes = {"context": context, "weights": weights}
    else:
        model = Seq2Seq(s.config)
        if s.piece == "decoder step":
            module = model.decoder
            with counter, recorder:
                logits, state, weights = module(tgt_in, query[:, 0], keys, mask)
            shapes = {"logits": logits}
            if s.order == "before":
                shapes |= {"new dec_state": state}
            if s.order != "none":
                shapes |= {"weights": weights}
        else:
            module = model
            examples = [([4] * s.src_len, [4] * s.tgt_len)] * s.batch
            with counter, recorder:
                shapes = {"logits": module(collate(examples))}
            enc_states, h_n = model.encoder(src_ids, torch.tensor([s.src_len]))
            shapes |= {"enc_states": enc_states, "h_n": h_n}
    shapes = {name: tuple(tensor.shape) for name, tensor in shapes.items()}
    learnt = sum(parameter.numel() for parameter in module.parameters())
    return shapes, recorder.shapes, learnt, counter.get_total_flops() // 2


@pytest.mark.filterwarnings("ignore:TF32")
def test_shapes_parameters_and_work_are_those_of_real_modules_on_real_tensors():
    """200 settings by chance; every tensor drawn as made is one that really was."""
    rng = random.Random(8)
    seen = set()
    for _ in range(200):
        sizes = draw_sizes(rng)
        flow = trace(sizes)
        assert not flow.error, (sizes, flow.error)
        shapes, made, learnt, many = real_run(sizes)
        drawn = {}
        for arrow in flow.made:
            drawn.setdefault(arrow.name, arrow.sizes)
        assert drawn.items() >= shapes.items(), sizes
        known = sizes.named | {"1": 1}
        for arrow in flow.arrows:  # every axis has the name of its size
            named = [eval(axis, {}, known) for axis in arrow.axes]
            assert named == list(arrow.sizes), (arrow, sizes)
        for name, size in drawn.items():
            assert size in made or name in shapes, (name, size, sizes)
        assert sum(operation.parameters for operation in flow.operations) == learnt
        assert sum(operation.work for operation in flow.operations) == many, sizes
        seen.add((sizes.piece, sizes.score, sizes.order, sizes.cell))
    assert len(seen) > 100


@pytest.mark.parametrize("mistake", [name for name in MISTAKES if name != "none"])
@pytest.mark.parametrize("piece", PLACES)
def test_for_wrong_shapes_the_verdict_is_pytorch_s(piece, mistake):
    """Refused on real tensors: refused here, word for word; and the other way round."""
    rng, refused = random.Random(10), 0
    for _ in range(25):
        sizes = draw_sizes(rng, piece=piece, mistake=mistake)
        meta, real = trace(sizes), trace(replace(sizes, device=REAL))
        assert meta.error == real.error, sizes
        assert meta.operations == real.operations
        refused += bool(meta.error)
        assert draw(state(sizes)).notes
    assert refused > 5


def state(sizes, **more):
    """An explorer's settings for such sizes."""
    own = {name: getattr(sizes, name) for name in Sizes.__dataclass_fields__}
    return {**own, "guessing": False, "guess": "", **ASKING, **more}


def test_a_mistake_is_told_in_pytorch_s_words_and_in_axis_names():
    gru = nn.GRU(5, 8, batch_first=True, bidirectional=True)
    with pytest.raises(RuntimeError) as refusal:
        gru(torch.zeros(7, 4, 5), torch.zeros(2, 4, 8))
    said, meant = draw(state(Sizes(mistake="transposed"))).notes
    assert said == f"PyTorch says: “{refusal.value}”"
    assert "read as (batch, src_len, emb)" in meant
    assert "came was (src_len, batch, emb)" in meant
    _, meant = draw(state(Sizes(mistake="hidden"))).notes
    assert "first state should be enc_hid 8, and it is 9" in meant
    _, meant = draw(state(Sizes(mistake="batch"))).notes
    assert "batch 4 sentences, and it brings 5" in meant


def test_a_mistake_that_nobody_notices_is_told_as_such():
    (note,) = draw(state(Sizes(mistake="transposed", src_len=4))).notes
    assert note.startswith("Nothing was refused, and that is the worst")


@pytest.mark.parametrize("piece", ["attention", "decoder step", "whole network"])
def test_dot_says_what_to_set(piece):
    said, meant = draw(state(Sizes(piece=piece, score="dot"))).notes
    assert said.startswith("PyTorch" if piece == "attention" else "this package")
    assert "Set hid to 16" in meant
    assert not draw(state(Sizes(piece=piece, score="dot", hid=16))).notes


def test_boxes_say_what_they_hold_and_cost():
    drawing = draw(state(Sizes()))
    texts = [item.text for item in drawing.items if isinstance(item, Text)]
    assert "batch_first=True · 720 parameters · 17.5 k multiply-adds" in texts
    assert "1,792 B" in texts  # of enc_states: 4 * 7 * 16 numbers of four bytes
    bill = "In all: 720 parameters (2,880 B), 2,048 B of tensors made, "
    assert f"{bill}17.5 k multiply-adds." in texts


def test_sizes_that_no_machine_could_hold():
    sizes = Sizes(piece="whole network", batch=65536, enc_hid=16384, hid=16384)
    sizes = replace(sizes, src_vocab=1_000_000, tgt_vocab=1_000_000, emb=16384)
    drawing = draw(state(sizes))
    assert "(batch 65,536, src_len 7, enc 32,768)" in drawing.description
    assert re.search(r"fill \d+ GPUs of 80 GB", drawing.description)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (9999, "9,999"),
        (10_000, "10 k"),
        (123_456, "123 k"),
        (2.5e15, "2.5 P"),
    ],
)
def test_amounts_are_short(number, text):
    assert amount(int(number)) == text


def asked(name, sizes):
    return next(arrow for arrow in trace(sizes).made if arrow.name == name)


@pytest.mark.parametrize(
    "guess",
    [
        "(batch, src_len, enc)",
        "batch src_len 2*enc_hid",
        "[4, 7, 16]",
        "torch.Size([4,7,16])",
        "4 × 7 × 16",
        "(batch, 7, directions * enc_hid)",
        "(batch, src_len, enc_hid + enc_hid)",
        "batch,src_len,enc,",
    ],
)
def test_right_guesses(guess):
    good, said = judge(guess, asked("enc_states", Sizes()), Sizes())
    right = guess != "(batch, src_len, enc_hid + enc_hid)"
    assert good == right, said
    assert "(batch 4, src_len 7, enc 16)" in said
    assert WHY["enc_states"] in said


@pytest.mark.parametrize(
    ("guess", "said"),
    [
        ("(batch, src_len)", "That has 2 axes, and enc_states has 3"),
        ("()", "That has 0 axes"),
        ("16", "That has one axis"),
        ("(src_len, batch, enc)", "their order is not"),
        ("(batch, src_len, emb)", "Axis 2 (counted from 0) is not emb but enc, 16"),
        ("(batch, tgt_len, enc)", "Axis 1 (counted from 0) is not tgt_len but src_len"),
    ],
)
def test_a_miss_is_explained(guess, said):
    good, explained = judge(guess, asked("enc_states", Sizes()), Sizes())
    assert not good
    assert said in explained


def test_a_size_that_fits_by_chance_is_no_hit_by_name_but_is_by_number():
    sizes = Sizes(tgt_len=7)
    arrow = asked("enc_states", sizes)
    good, said = judge("(batch, tgt_len, enc)", arrow, sizes)
    assert not good
    assert "tgt_len and src_len are both 7 here, and mean different things" in said
    assert judge("(4, 7, 16)", arrow, sizes)[0]
    one_way = replace(sizes, both=False)
    assert not judge(
        "(batch, src_len, hid)", asked("enc_states", one_way), replace(one_way, hid=8)
    )[0]


NONSENSE = [
    "no idea",
    "😀🏳️‍🌈, 👩‍👩‍👧",
    "x" * 10_000,
    "4," * 5_000,
    "<script>alert(1)</script>",
    "</svg><img src=x onerror=alert(1)>",
    "&lt;b&gt; \" ' `",
    "1e999, -3, 0x10",
    "9" * 150,
    "__import__('os').system('ls')",
    "batch**src_len",
    "batch+",
    "*",
    "((((",
    "\x00\ud800\u202e",
]


@pytest.mark.parametrize("text", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_gets_a_sentence_and_leaves_the_page_whole(text):
    explorer = shape_explorer()
    explorer.set(guessing=True)
    before = explorer.picture.value
    explorer.controls["guess"].value = text
    page = ElementTree.fromstring(f"<div>{explorer.picture.value}</div>")
    tags = {node.tag.split("}")[-1] for node in page.iter()}
    assert tags <= {"div", "svg", "title", "desc", "rect", "text", "polyline", "p"} | {
        "polygon"
    }
    assert explorer.picture.value != before
    assert len(explorer.picture.value) < len(before) + 1500
    note = next(node.text for node in page.iter("p"))
    assert len(note) < 500
    assert re.search(r"no axis here|too long|That has \d+ axes", note)


def test_a_guess_of_ten_thousand_letters_is_not_even_read():
    with pytest.raises(ValueError, match="10,000 letters, too long for a shape"):
        read_guess("4," * 5_000, Sizes())


def test_a_guess_that_cannot_be_read_does_not_count_and_the_others_do():
    explorer = shape_explorer()
    explorer.controls["guessing"].value = True
    assert "enc 16" not in explorer.picture.value
    assert "What is the shape of enc_states?" in explorer.picture.value
    explorer.controls["guess"].value = "hidd"
    assert "Did you mean hid?" in explorer.picture.value
    assert "Score: 0 right of 0." in explorer.picture.value
    explorer.controls["guess"].value = "batch, src_len, enc"
    assert "Right: enc_states is" in explorer.picture.value
    assert "enc 16" in explorer.picture.value
    assert "Score: 1 right of 1." in explorer.picture.value
    assert explorer.controls["guess"].value == ""
    explorer.controls["guess"].value = "7"
    assert "has been told" in explorer.picture.value
    explorer.controls["again"].click()
    assert "What is the shape of h_n?" in explorer.picture.value
    explorer.controls["guess"].value = "batch, 2, enc_hid"
    assert "their order is not" in explorer.picture.value
    assert WHY["h_n"] in explorer.picture.value
    assert "Score: 1 right of 2." in explorer.picture.value
    explorer.controls["batch"].value = 8  # what was said of other sizes is gone
    assert "What is the shape of h_n?" in explorer.picture.value
    assert explorer.settings["asked"] == 2


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("piece", PIECES)
def test_what_is_to_be_guessed_is_told_nowhere(piece, order):
    sizes = Sizes(piece=piece, order=order)
    made = {arrow.name: arrow for arrow in trace(sizes).made}
    arrows = trace(sizes).arrows
    again = [arrow for arrow in arrows if " again" in arrow.name]
    given = {a.shape for a in arrows if a.name not in made and a not in again}
    drawing = draw(state(sizes, guessing=True))
    words = drawing.description + " ".join(drawing.notes)
    for arrow in made.values():
        assert arrow.shape not in words or arrow.shape in given
    told = sum(getattr(item, "text", "") == "?" for item in drawing.items)
    secret = [a for a in again if a.name.split(" again")[0] in made]
    assert told == len(trace(sizes).made) + len(secret)


def test_every_explanation_belongs_to_a_tensor_that_can_be_asked():
    names = set()
    for piece in PIECES:
        for cell in CELLS:
            for order in ORDERS:
                sizes = Sizes(piece=piece, order=order, cell=cell)
                names |= {arrow.name for arrow in trace(sizes).made}
    assert WHY.keys() <= names


def test_read_guess_takes_sums_and_products():
    entries = read_guess("(layers*directions, emb + enc, 3)", Sizes())
    assert [entry.value for entry in entries] == [2, 21, 3]
    assert [entry.elsewhere is None for entry in entries] == [False, False, True]


@pytest.mark.parametrize("piece", PIECES)
def test_the_widget_follows_every_control_it_shows(piece):
    """Moving a control that is shown changes the drawing; one that is hidden, not."""
    other = {"cell": "lstm", "order": "before", "score": "general", "mistake": "hidden"}
    other |= {"both": False, "batch_first": False, "guessing": True}
    other |= {"batch": 8, "src_len": 9, "shortest": 1, "layers": 2, "tgt_len": 5}
    other |= {"src_vocab": 50, "tgt_vocab": 50}
    for name, value in (
        other.items() | dict.fromkeys(("emb", "enc_hid", "hid", "att"), 24).items()
    ):
        explorer = shape_explorer(piece=piece)
        shown = controls_shown(explorer.settings)
        before = explorer.picture.value
        explorer.controls[name].value = value
        assert explorer.picture.value == to_html(draw(explorer.settings))
        assert (explorer.picture.value != before) == (name in shown), name
        assert explorer.controls[name].layout.display == (
            "none" if name not in controls_shown(explorer.settings) else None
        )


HUGE = {"batch": 65536, "src_vocab": 1_000_000, "tgt_vocab": 1_000_000}
HUGE |= dict.fromkeys(("emb", "enc_hid", "hid", "att"), 16384)


def test_no_box_and_no_text_leaves_the_drawing():
    rng = random.Random(11)
    cases = [draw_sizes(rng, mistake=rng.choice(list(MISTAKES))) for _ in range(40)]
    cases += [Sizes(piece=piece, **HUGE) for piece in PIECES]
    cases += [Sizes(piece="whole network", score="dot")]  # cannot be built
    cases += [Sizes(piece="embedding", batch=1, src_len=1, src_vocab=1_000_000)]
    for sizes in cases:
        drawing = draw(state(sizes))
        boxes = [item for item in drawing.items if isinstance(item, Box)]
        texts = [item for item in drawing.items if isinstance(item, Text)]
        for box in boxes:
            assert 0 <= box.x < box.x + box.width <= drawing.width
            assert 0 <= box.y < box.y + box.height <= drawing.height
        for text in texts:
            half = text_width(text.text, text.size, text.mono) * 0.47
            middle = text.x + (half if text.anchor == "start" else 0)
            assert 0 <= middle - half <= middle + half <= drawing.width, text
            inside = [b for b in boxes if b.y < text.y < b.y + b.height]
            if text.anchor == "middle":  # stands in its box
                (box,) = [b for b in inside if b.x < text.x < b.x + b.width]
                assert box.x <= middle - half <= middle + half <= box.x + box.width


def test_an_unknown_setting_is_refused():
    with pytest.raises(ValueError, match=r"first: got \['size'\]"):
        shape_explorer(size=3)


def test_memory_does_not_grow_over_500_updates():
    explorer = shape_explorer(piece="embedding")

    def turn(times):
        for number in range(times):
            explorer.controls["batch"].value = 1 + number % 16
            explorer.controls["emb"].value = 1 + number % 15

    turn(40)  # until the flows that are kept are all new ones
    tracemalloc.start()
    turn(40)
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    turn(250)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 100_000


CODE = """
from seq2seq_lesson.explorers.shape_explorer import shape_explorer
explorer = shape_explorer()
for name in ("batch", "guessing", "guess", "again"):
    print(explorer.controls[name].model_id)
print(explorer.picture.model_id)
"""


@pytest.mark.parametrize("python", PYTHONS)
def test_over_a_kernel_s_messages_it_builds_updates_and_keeps_its_state(python):
    """With ipywidgets 8 here, and with Colab's 7.7.1 and IPython 7.34."""
    if not PYTHONS[python].exists():
        pytest.skip("make test-colab installs Colab's versions")
    front = Front(PYTHONS[python])
    try:
        batch, guessing, guess, again, picture = printed(front.run(CODE)).split()
        assert "enc_states" in updates(front.move(batch, index=7))[picture]["value"]
        html = updates(front.move(guessing, value=True))[picture]["value"]
        assert "What is the shape of enc_states?" in html
        replies = updates(front.move(guess, value="(8, 7, 16)"))
        assert "Score: 1 right of 1." in replies[picture]["value"]
        assert replies[guess]["value"] == ""
        html = updates(front.press(again))[picture]["value"]
        assert "What is the shape of h_n?" in html
        html = updates(front.move(guess, value="<script>😀"))[picture]["value"]
        assert "&lt;script&gt;" in html
        kept = printed(front.run("print(explorer.settings)"))
        assert "'batch': 8" in kept
        assert "'right': 1, 'asked': 1" in kept
    finally:
        front.close()


def test_the_first_states_can_be_stored():
    for first in ({}, {"piece": "attention"}):
        explorer = shape_explorer(**first)
        drawing = draw(explorer.settings)
        assert drawing.title == f"Shapes: {explorer.settings['piece']}"
        assert len(to_png(drawing)) < 250_000
