"""The shape explorer: its verdict is PyTorch's, and its lines run in a cell."""

import asyncio
import gc
import random
import re
import time
import tracemalloc
from itertools import pairwise
from xml.etree import ElementTree

import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from seq2seq_lesson.drawing import Box, Drawing, Line, Part, Text, leaves, text_width
from seq2seq_lesson.drawing.png import to_png
from seq2seq_lesson.drawing.svg import to_html
from seq2seq_lesson.explorers.explorer import BEHIND
from seq2seq_lesson.explorers.shapes import (
    GIVEN,
    as_cell,
    draw,
    running,
    shape_explorer,
)
from seq2seq_lesson.explorers.shapes import shown as controls_shown
from seq2seq_lesson.explorers.shapes.guess import WHY, judge, read_guess
from seq2seq_lesson.explorers.shapes.landing import PAIRS, landing_explorer
from seq2seq_lesson.explorers.shapes.picture import picture
from seq2seq_lesson.explorers.shapes.presets import MISSIONS, PRESETS
from seq2seq_lesson.explorers.shapes.running import (
    AXES,
    ELSEWHERE,
    MOST,
    NAMES,
    axes_of,
    by_chance,
    run,
)
from tests.kernel_front import PYTHONS, Front, printed, updates

REFUSED = {"score: dot", "loss: refused"}  # at the sizes that they begin with


def some_sizes(rng, most=6):
    """Small sizes by chance; the learner may set them equal, so here they may be."""
    sizes = {axis: rng.randint(1, min(most, MOST[axis])) for axis in AXES}
    return sizes | {"max_len": 9}


def shape_of(value):
    value = value.data if isinstance(value, PackedSequence) else value
    return tuple(value.shape) if isinstance(value, Tensor) else None


def really(text, sizes):
    """Run a text in one go on real tensors, by other code than the explorer's.

    Gives what it raised, in which line, and every tensor that has a name at the end.
    """
    space = {**NAMES, **sizes}
    error, line = None, None
    try:
        with torch.no_grad():
            exec(compile(text, "<text>", "exec"), space)
    except Exception as problem:
        error, trace = problem, problem.__traceback__
        while trace:
            if trace.tb_frame.f_code.co_filename == "<text>":
                line = trace.tb_lineno
            trace = trace.tb_next
    named = {name: shape_of(value) for name, value in space.items()}
    return error, line, {name: shape for name, shape in named.items() if shape}


def agrees(text, sizes, words=True):
    """Hold the explorer's run against the real one; was it refused?"""
    now = run(text, sizes)
    error, line, named = really(text, sizes)
    refused = [one for one in now.lines if one.state == "refused"]
    assert bool(refused) == bool(error), (text, sizes, error, refused)
    if error:
        (one,) = refused
        assert one.number <= line <= one.number + one.code.count("\n"), (text, error)
        said = " ".join(str(error).split())[:300]
        assert not words or said in one.said[0], (text, said, one.said)
    shown = {seen.name: seen.sizes for one in now.lines for seen in one.made}
    shown = {name: shape for name, shape in shown.items() if name in named}
    assert shown.items() <= named.items(), (text, sizes)
    known = {**dict(now.sizes), "PAD": 0}
    for one in now.lines:  # every axis has the name of its size
        if one.state == "true":
            for seen in one.made:
                axes = [eval(axis, {}, known) for axis in seen.axes]
                assert axes == [*seen.sizes], (seen, sizes)
    return bool(error)


@pytest.mark.parametrize("piece", PRESETS)
def test_a_piece_is_true_at_many_sizes(piece):
    rng = random.Random(3)
    for most in (2, 6, 6, 12, 12, 30):
        sizes = some_sizes(rng, most)
        if piece == "score: position":
            sizes["max_len"] = sizes["src_len"] + rng.randint(0, 3)
        if piece == "score: dot":
            sizes["hid"] = sizes["enc"]
        if piece == "loss: refused":
            sizes["tgt_vocab"] = sizes["tgt_len"]
        assert run(PRESETS[piece], sizes).true, (sizes, run(PRESETS[piece], sizes))


@pytest.mark.parametrize("piece", PRESETS)
def test_every_line_of_a_piece_that_makes_a_tensor_has_a_comment(piece):
    sizes = AXES | {"hid": 16, "tgt_len": 13}
    for line in run(PRESETS[piece], sizes).lines:
        for seen in line.made:
            if not line.code.startswith(("steps", "enc_states, (h_n")):
                assert not any(a.isdigit() and a != "1" for a in seen.axes), line


def test_no_size_is_in_the_way_of_a_swap():
    for sizes in (AXES, ELSEWHERE):
        assert len({*sizes.values()}) == len(sizes)
    assert AXES.keys() == MOST.keys() == ELSEWHERE.keys()


def test_200_random_settings_get_the_verdict_of_real_tensors():
    rng, refused = random.Random(8), 0
    for _ in range(200):
        refused += agrees(PRESETS[rng.choice([*PRESETS])], some_sizes(rng))
    assert 5 < refused < 60


def edited(rng, text):
    """A line edited as a learner may: a name, a number, a function, a comment."""
    swaps = [
        (r"\b(batch|src_len|tgt_len|hid|emb|enc)\b", [*AXES]),
        (r"\b[012]\b", ["0", "1", "2", "-1"]),
        (r"\.(unsqueeze|transpose|flatten|squeeze)\(", [".unsqueeze(", ".flatten("]),
        (r"\.unsqueeze\(\d\)|\.transpose\(1, 2\)|\.flatten\(\)", ["", ".t()"]),
        (r"batch_first=True, ", [""]),
        (r"(query|keys|weights|scores|logits)\b(?=[ ,.)])", ["query", "keys"]),
    ]
    while True:
        pattern, others = rng.choice(swaps)
        if places := [*re.finditer(pattern, text)]:
            place, other = rng.choice(places), rng.choice(others)
            if place[0] != other:
                return text[: place.start()] + other + text[place.end() :]


def test_60_random_edits_get_the_verdict_of_real_tensors():
    rng, refused, false = random.Random(11), 0, 0
    for _ in range(60):
        text = edited(rng, PRESETS[rng.choice([*PRESETS])])
        refused += agrees(text, AXES)
        false += any(line.state == "false" for line in run(text, AXES).lines)
    assert refused > 10
    assert false > 5


def test_the_meta_device_gives_the_same_verdict(monkeypatch):
    """Large sizes are asked there; so small ones are, to be held against the CPU."""
    rng = random.Random(12)
    texts = [PRESETS[rng.choice([*PRESETS])] for _ in range(15)]
    texts += [edited(rng, PRESETS[rng.choice([*PRESETS])]) for _ in range(15)]
    real = [run(text, AXES) for text in texts]
    running._run.cache_clear()
    monkeypatch.setattr(running, "CHEAP", 0)
    for text, wanted in zip(texts, real, strict=True):
        now = run(text, AXES)
        states = [[line.state for line in one.lines] for one in (now, wanted)]
        assert states[0] == states[1], text
        shapes = [[line.made for line in one.lines] for one in (now, wanted)]
        assert shapes[0] == shapes[1], text
    running._run.cache_clear()


@pytest.mark.parametrize("piece", PRESETS)
def test_sizes_that_no_machine_could_hold(piece):
    begin = time.perf_counter()
    sizes = MOST | {"enc": 4096, "hid": 4096, "tgt_vocab": 4096, "directions": 2}
    lines = run(PRESETS[piece], sizes).lines
    assert all(line.state == "true" for line in lines) or piece in REFUSED, lines
    assert time.perf_counter() - begin < 60


class Notebook:
    """Cells run in IPython, which was just begun or checks shape comments."""

    def __init__(self):
        self.shell = InteractiveShell.instance()

    def checks(self):
        self.run("from seq2seq_lesson.shapes import axes, show_tables\n")
        self.run("axes(batch=99, src_len=98, emb=97, enc=96)\nshow_tables(False)")

    def run(self, code):
        result = self.shell.run_cell(code)
        result.raise_error()


@pytest.fixture
def notebook(ipython):
    return Notebook()


@pytest.mark.parametrize("piece", PRESETS.keys() - REFUSED)
def test_the_copy_runs_in_one_cell_anywhere(piece, notebook):
    code = as_cell(PRESETS[piece], AXES)
    notebook.run(code)
    notebook.checks()  # of other sizes
    notebook.run(code)
    lies = re.sub(r"# \(batch, ", "# (batch, 1, ", code)
    if lies != code:  # and its comments are checked
        with pytest.raises(Exception, match="axes came"):
            notebook.run(lies)


def settings(piece="encoder: GRU", text=None, **more):
    """An explorer's settings for such a piece."""
    explorer = shape_explorer(piece=piece)
    return {**explorer.settings, **({"text": text} if text else {}), **more}


def chips_with(drawing, **looks):
    """The texts of the boxes that look so."""
    boxes = [item for item in leaves(drawing.items) if isinstance(item, Box)]
    return [
        box.text
        for box in boxes
        if all(getattr(box, key) == value for key, value in looks.items())
    ]


def test_a_refusal_is_told_in_pytorch_s_words_and_in_axis_names():
    drawing = draw(settings("score: dot"))
    words = drawing.description
    assert "PyTorch says: “Expected size for first two dimensions of batch2" in words
    assert "In axis names: hid 10 meets enc 16." in words
    assert chips_with(drawing, role="wrong", dashed=True) == ["hid 10", "enc 16"]
    faint = [
        i.text
        for i in leaves(drawing.items)
        if isinstance(i, Text) and i.role == "faint"
    ]
    assert "not run: context = weights @ keys" in faint


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nn.Linear(enc, att)(torch.zeros(batch, hid))", "hid 10 meets enc 16"),
        ("torch.zeros(batch, 7) + torch.zeros(tgt_len)", "src_len 7 meets tgt_len 3"),
        (
            "torch.cat([torch.zeros(batch, hid), torch.zeros(tgt_len, hid)], -1)",
            "batch 4 meets tgt_len 3",
        ),
        (
            "torch.bmm(torch.zeros(batch, 5, hid), torch.zeros(tgt_len, hid, 5))",
            "batch 4 meets tgt_len 3",
        ),
        (
            "nn.GRU(emb, hid)(torch.zeros(src_len, batch, att))",
            "emb 5 meets att 9",
        ),
        (
            'torch.einsum("h,h->", torch.zeros(hid), torch.zeros(emb))',
            "emb 5 meets hid 10",
        ),
        ("F.cross_entropy(torch.zeros(batch, hid), torch.zeros(src_len).long())",
         "batch 4 meets src_len 7"),
    ],
)  # fmt: skip
def test_pytorch_s_usual_refusals_part_at_axes(line, said):
    uses = "[batch, src_len, tgt_len, emb, hid, enc, att]\n"
    (*_, last) = run(uses + line, AXES).lines
    assert f"In axis names: {said}." in last.said, last.said


def test_a_false_comment_is_marked_with_what_came():
    text = PRESETS["encoder: GRU"].replace("# (batch, src_len, enc)", "# (batch, hid)")
    text = text.replace("# (batch, src_len, emb)", "# (src_len, batch, emb)")
    drawing = draw(settings(text=text))
    assert "transposed" in drawing.description
    assert chips_with(drawing, role="wrong") == [
        *("batch 4", "src_len 7"),
        *("batch 4", "src_len 7", "enc 16"),
    ]


def test_python_s_refusals_come_with_a_line():
    for text, said in {
        "x = (": "Python says: “'(' was never closed”",
        "x = torch.zeros(batcj)": "Did you mean batch?",
        "x = 1\nwhile True: pass": "Python says: “a while might never end",
        "x = 1 / 0": "Python says: “division by zero”",
        "x = Attention('nought', 2, 2, 2, 2)": "Python says: “score: got",
        "x = torch.zeros(batch)  # (batch, )(": "no shape",
        "\x00": "Python says",
    }.items():
        assert said in draw(settings(text=text)).description


def test_remarks_are_no_shapes():
    text = "rate = 0.01  # (default)\nnames = [1, 2]  # (batch, emb)\n"
    assert run(text, AXES).true


def test_what_is_true_by_chance_is_told():
    turned = PRESETS["encoder: GRU"].replace("src_emb, first", "src_emb.mT.mT, first")
    assert not draw(settings(text=turned)).above
    text = PRESETS["encoder: GRU"].replace(
        "    src_emb, first\n", "    src_emb.transpose(0, 1), first\n"
    )
    assert "src_len 7 meets batch 4" in draw(settings(text=text)).description
    (note,) = draw(settings(text=text, src_len="4")).above
    assert note.startswith("True at these sizes, not at every size. At batch 7, src_")
    assert by_chance(text, AXES | {"src_len": 4}).state == "refused"


def test_operands_tell_what_is_summed_and_what_is_stretched():
    drawing = draw(settings("broadcasting: silent"))
    assert chips_with(drawing, role="quiet", dashed=True) == ["1→ 4"]
    drawing = draw(settings("matmul and einsum"))
    strokes = [
        i for i in leaves(drawing.items) if isinstance(i, Line) and i.role == "wrong"
    ]
    assert len(strokes) == 8
    assert "query (batch 4, tgt_len 3, hid 10) axis 2 summed" in drawing.description


def test_what_changed_is_marked():
    explorer = shape_explorer()
    assert "was (" not in explorer.picture.value
    explorer.controls["src_len slider"].value = 9
    assert explorer.picture.value.count("· was (4, 7, ") == 2  # and h_n stayed
    drawing = draw(explorer.settings)
    lines = [i for i in leaves(drawing.items) if isinstance(i, Line)]
    assert [line.width for line in lines] == [3, 3]
    explorer.controls["piece"].value = "loss"
    assert "was (" not in explorer.picture.value


def test_a_slider_and_its_box_go_together():
    explorer = shape_explorer()
    explorer.controls["batch slider"].value = 12
    assert explorer.controls["batch"].value == "12"
    explorer.controls["batch"].value = "300"
    assert explorer.controls["batch slider"].value == 40  # its end
    assert "batch 300" in explorer.picture.value


@pytest.mark.parametrize(
    ("axis", "typed"),
    [
        ("batch", "4097"), ("src_len", "512"), ("layers", "6"), ("emb", "0"),
        ("emb", "-3"), ("batch", "2.5"), ("batch", "many"), ("batch", ""),
        ("batch", "９"), ("batch", "1e3"), ("batch", "<b>" * 999),
    ],
)  # fmt: skip
def test_a_size_out_of_bounds_is_refused_in_a_sentence_and_stays(axis, typed):
    explorer = shape_explorer()
    before = explorer.controls[f"{axis} slider"].value
    explorer.controls[axis].value = typed
    said = ElementTree.fromstring(explorer.picture.value).find("p").text
    wanted = f"wanted a whole number from 1 to {MOST[axis]:,}"
    assert said.startswith(f"This cannot be drawn: {axis}: got “")
    assert wanted in said
    assert len(said) < 200
    assert explorer.controls[axis].value == typed  # nothing is erased
    assert explorer.controls[f"{axis} slider"].value == before
    explorer.controls[axis].value = "2"
    assert "<svg" in explorer.picture.value


def test_what_an_explorer_begins_with_is_refused_alike():
    with pytest.raises(ValueError, match=r"src_len: got “512”, wanted .* to 100"):
        shape_explorer(src_len=512, layers=6)
    with pytest.raises(ValueError, match=r"piece: got 'foo', wanted one of embedding"):
        shape_explorer(piece="foo")
    with pytest.raises(ValueError, match=r"got \['size'\], wanted axes: batch"):
        shape_explorer(size=3)
    assert "src_len 9" in shape_explorer(src_len=9).picture.value


def test_the_controls_are_those_of_the_axes_in_the_lines():
    explorer = shape_explorer(piece="score: dot")
    names = {"batch", "src_len", "tgt_len", "hid", "enc"}
    assert controls_shown(explorer.settings) & AXES.keys() == names
    explorer.controls["text"].value = "x = torch.zeros(batch, att)  # (batch, att)"
    assert controls_shown(explorer.settings) & AXES.keys() == {"batch", "att"}
    assert explorer.controls["hid"].layout.display == "none"
    assert explorer.controls["att slider"].layout.display is None
    explorer.controls["restore"].click()
    assert explorer.controls["text"].value == PRESETS["score: dot"]
    assert axes_of("emb = 3\nx = f(hid=att)") == ["att"]


def test_show_as_code_follows_the_sliders():
    explorer = shape_explorer(piece="embedding")
    explorer.controls["coding"].value = True
    assert explorer.controls["text"].layout.display == "none"
    explorer.controls["emb slider"].value = 20
    assert "= 4, 7, 20, 15\n" in explorer.controls["copy"].value


# Guess first


def enc_states(**sizes):
    now = run(PRESETS["encoder: GRU"], AXES | sizes)
    return now.lines[-1].made[0], now, PRESETS["encoder: GRU"]


@pytest.mark.parametrize(
    "guess",
    [
        "(batch, src_len, enc)", "batch src_len 2*enc_hid", "[4, 7, 16]", "4x7x16",
        "torch.Size([4,7,16])", "4 × 7 × 16", "(batch, 7, directions * enc_hid)",
        "batch,src_len,enc,", "batch x src_len x enc", "4 x 7 x enc",
    ],
)  # fmt: skip
def test_right_guesses(guess):
    assert judge(guess, *enc_states()) == ""


@pytest.mark.parametrize(
    ("guess", "said"),
    [
        ("(batch, src_len)", "Too few axes: 2."),
        ("()", "Too few axes: 0."),
        ("16", "Too few axes: 1."),
        ("4x1x7x2", "Too many axes: 4."),
        ("(src_len, batch, enc)", "The axes are right, their order is not."),
        ("(batch, src_len, emb)", "Axis 2 (counted from 0) is not emb."),
        ("(batch, src_len, enc_hid + enc_hid + 1)", "Axis 2 (counted from 0) is not"),
    ],
)
def test_a_hint_tells_no_answer(guess, said):
    assert judge(guess, *enc_states()).startswith(said)
    assert "16" not in judge(guess, *enc_states())


def test_a_size_that_fits_by_chance_is_no_hit_by_name_but_is_by_number():
    seen, now, text = enc_states(emb=7)
    assert "by chance" in judge("(batch, emb, enc)", seen, now, text)
    assert judge("(4, 7, 16)", seen, now, text) == ""


NONSENSE = [
    "no idea", "😀🏳️‍🌈, 👩‍👩‍👧", "x" * 10_000, "4," * 5_000, "<script>alert(1)</script>",
    "</svg><img src=x onerror=alert(1)>", "&lt;b&gt; \" ' `", "1e999, -3, 0x10",
    "9" * 150, "__import__('os').system('ls')", "batch**src_len", "batch+", "*", "((((",
    "\x00\ud800\u202e", "batch//0", "packed", "None",
]  # fmt: skip


@pytest.mark.parametrize("text", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_gets_a_sentence_and_leaves_the_page_whole(text):
    explorer = shape_explorer()
    explorer.set(guessing=True)
    before = explorer.picture.value
    explorer.controls["guess"].value = text
    page = ElementTree.fromstring(f"<div>{explorer.picture.value}</div>")
    tags = {node.tag.split("}")[-1] for node in page.iter()}
    assert tags <= set("div svg style g title rect text polyline polygon p".split())
    assert explorer.picture.value != before
    note = next(node.text for node in page.iter("p"))
    assert len(note) < 600
    said = r"is no axis here|too long|Too few|Too many|is no shape|Axis \d"
    assert re.search(said, note), note


@pytest.mark.parametrize("text", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_as_lines_gets_a_sentence_too(text):
    explorer = shape_explorer()
    explorer.controls["text"].value = text
    page = ElementTree.fromstring(f"<div>{explorer.picture.value}</div>")
    assert "script" not in {node.tag for node in page.iter()}
    assert len(explorer.picture.value) < 40_000


def test_a_second_try_comes_before_the_answer():
    explorer = shape_explorer()
    explorer.controls["guessing"].value = True
    shown = controls_shown(explorer.settings)
    assert "text" not in shown  # its comments are the answers
    above, picture, _ = explorer.picture.value.partition("<svg")
    assert "What is the shape of enc_states?" in above
    assert "enc 16" not in picture
    explorer.controls["guess"].value = "enc_hidd"
    assert "Did you mean enc_hid?" in explorer.picture.value
    assert "Score: 0 right of 0." in explorer.picture.value
    explorer.controls["guess"].value = "batch, src_len, emb"
    assert "Not yet: batch, src_len, emb. Axis 2" in explorer.picture.value
    assert WHY["enc_states"] in explorer.picture.value  # the hint
    assert "enc 16" not in explorer.picture.value
    explorer.controls["guess"].value = "batch, src_len, enc"
    assert "Right: enc_states is (batch 4, src_len 7, enc 16)" in explorer.picture.value
    assert "Score: 1 right of 1." in explorer.picture.value
    assert explorer.controls["guess"].value == ""
    explorer.controls["guess"].value = "7"
    assert "has been told" in explorer.picture.value
    explorer.controls["again"].click()
    assert "What is the shape of h_n?" in explorer.picture.value
    for _ in range(2):
        explorer.controls["guess"].value = ""
        explorer.controls["guess"].value = "batch, 2, enc_hid"
    assert "Not this time. The axes are right, their order is not. h_n is (layers" in (
        explorer.picture.value
    )
    assert "Score: 1 right of 2." in explorer.picture.value
    explorer.controls["batch"].value = "8"  # what was said of other sizes is gone
    assert "What is the shape of h_n?" in explorer.picture.value
    assert explorer.settings["asked"] == 2


@pytest.mark.parametrize("piece", PRESETS)
def test_what_is_to_be_guessed_is_told_nowhere(piece):
    drawing = draw(settings(piece, guessing=True, hid="16", enc="16", tgt_vocab="3"))
    lines = run(PRESETS[piece], AXES | {"hid": 16, "tgt_vocab": 3}).lines
    words = drawing.description + " ".join(drawing.above)
    given = [line for line in lines if GIVEN.search(line.code)]
    shapes = {seen.shape for line in given for seen in line.made}
    for line in lines:
        for seen in line.made if line not in given else ():
            assert f" {seen.shape}" not in words or seen.shape in shapes, seen
    texts = [getattr(item, "text", "") for item in leaves(drawing.items)]
    assert texts.count("?") >= 1
    assert not any("# (" in text for text in texts)


# Missions


def test_missions_tick_themselves_off_and_stay_so():
    explorer = shape_explorer()
    assert explorer.picture.value.count("☐ Mission") == 2
    explorer.controls["layers slider"].value = 3
    assert "☑ Mission: make h_n (6, 4, 8)." in explorer.picture.value
    explorer.controls["layers slider"].value = 1
    assert "☑ Mission: make h_n (6, 4, 8)." in explorer.picture.value
    text = explorer.controls["text"].value
    explorer.controls["text"].value = text.replace(
        "    src_emb, first\n", "    src_emb.transpose(0, 1), first\n"
    )
    assert "☐ Mission: write" in explorer.picture.value
    explorer.controls["src_len"].value = "4"
    assert "☐" not in explorer.picture.value


WAYS = {  # how each other mission is done
    "score: dot": [("hid", "16")],
    "score: position": [("src_len", "50")],
    "loss: refused": [
        ("text", "(logits, tgt", "(logits.transpose(1, 2), tgt"),
        ("text", "(logits.transpose(1, 2), tgt", "(logits, tgt"),
        ("tgt_vocab", "3"),
    ],
    "broadcasting: silent": [
        ("text", "(batch)  # (batch)", "(batch, 1)  # (batch, 1)"),
        ("text", "# (batch, batch)", "# (batch, 1)"),
    ],
    "broadcasting": [("batch", "2"), ("tgt_len", "5"), ("src_len", "1")],
    "matmul and einsum": [("text", '->bts"', '->bst"')],
}


@pytest.mark.parametrize("piece", WAYS)
def test_every_mission_can_be_done(piece):
    explorer = shape_explorer(piece=piece)
    assert "☐" in explorer.picture.value
    for name, *ways in WAYS[piece]:
        value = explorer.controls[name].value
        new = value.replace(*ways) if len(ways) == 2 else ways[0]
        assert new != value
        explorer.controls[name].value = new
    assert "☐" not in explorer.picture.value
    assert "☑" in explorer.picture.value


def test_no_mission_is_left_out():
    assert MISSIONS.keys() == WAYS.keys() | {p for p in PRESETS if "encoder" in p}


# The drawing and the widget


def touched(drawing, says):
    """What stays when the one part is pointed at whose tip begins so."""
    parts = [item for item in drawing.items if isinstance(item, Part)]
    (names,) = ({*part.names} for part in parts if part.says.startswith(says))
    return [part.says for part in parts if names & {*part.names}]


def test_a_chip_shows_its_axis_everywhere_and_its_tensor():
    drawing = draw(settings())
    stay = touched(drawing, "layers*directions 2: axis 0 of h_n (layers*dir")
    assert [says.partition(" (")[0] for says in stay] == [
        "enc = directions * enc_hid",
        "rnn = nn.GRU(emb, enc_hid, layers, batch_first=True, bidirectional=directions "
        "== 2)",
        "layers*directions 2: axis 0 of first",
        "layers*directions 2: axis 0 of h_n",
        "batch 4: axis 1 of h_n",
        "enc_hid 8: axis 2 of h_n",
    ]


def test_a_tip_tells_axis_size_tensor_and_bytes():
    stay = touched(draw(settings("score: dot")), "hid 10 (wrong)")
    assert "hid 10: axis 2 of query (batch 4, tgt_len 3, hid 10), 480 B" in stay
    stay = touched(
        draw(settings("broadcasting: silent")), "1→ 4 (→ 4): axis 1 of guess"
    )
    assert "1: axis 1 of guess (batch 4, 1), 16 B" in stay


def test_what_is_to_be_guessed_cannot_be_touched():
    drawing = draw(settings(guessing=True))
    says = [item.says for item in drawing.items if isinstance(item, Part)]
    assert any(" of src_emb" in one for one in says)
    assert not any(" of enc_states" in one for one in says)


def test_chips_name_every_axis_and_stand_side_by_side():
    text = "x = torch.zeros(batch, 1, emb)  # (batch, 1, emb)\nx.sum()  # ()"
    drawing = picture("x", run(text, AXES | {"batch": 4000}))
    (*row, last) = [item for item in leaves(drawing.items) if isinstance(item, Box)]
    assert [chip.text for chip in row] == ["batch 4,000", "1", "emb 5"]
    assert [chip.role for chip in row] == ["batch", "quiet", "features"]
    for left, right in pairwise(row):
        assert left.x + left.width < right.x
    assert last.text == "no axis"


def test_no_box_and_no_text_leaves_the_drawing():
    cases = [settings(piece) for piece in PRESETS]
    large = {axis: str(min(64, most)) for axis, most in MOST.items()}
    cases += [settings(p, **large) for p in PRESETS]
    cases += [settings(p, guessing=True) for p in PRESETS]
    cases += [settings(text=f"{'long' * 40} = torch.zeros(batch, 1)\nx = " + "y" * 500)]
    for case in cases:
        drawing = draw(case)
        for item in leaves(drawing.items):
            if isinstance(item, Box):
                assert 0 <= item.x < item.x + item.width <= drawing.width
                assert 0 <= item.y < item.y + item.height <= drawing.height
            elif isinstance(item, Text):
                wide = text_width(item.text, item.size, item.mono) * 0.94
                assert item.x + wide <= drawing.width, item


@pytest.mark.parametrize("piece", PRESETS)
def test_the_picture_is_a_pure_function_of_the_settings(piece):
    explorer = shape_explorer(piece=piece)
    drawing = draw(explorer.settings)
    assert isinstance(drawing, Drawing)
    assert explorer.picture.value == to_html(drawing) == to_html(draw(settings(piece)))
    assert len(to_png(drawing)) < 250_000


def test_memory_does_not_grow_over_200_updates():
    explorer = shape_explorer(piece="embedding")

    def turn(times):
        for number in range(times):
            explorer.controls["batch slider"].value = 1 + number % 16
            explorer.controls["emb slider"].value = 1 + number % 15

    turn(60)  # until the runs that are kept are all new ones
    tracemalloc.start()
    turn(40)
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    turn(100)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 100_000


def test_of_a_queue_of_moves_only_the_last_is_drawn():
    """In a kernel a message that has waited is handled as soon as a drawing ends."""
    explorer, drawn, said = shape_explorer(), [], []
    real = explorer.draw

    def slow(settings):
        time.sleep(0.02)
        drawn.append(settings["src_len"])
        return real(settings)

    async def kernel():
        await asyncio.sleep(0.02)
        for size in range(2, 20):
            explorer.controls["src_len slider"].value = size
            said.append(BEHIND in explorer.picture.value)
            await asyncio.sleep(0)
        await asyncio.sleep(0.5)

    explorer.draw = slow
    asyncio.run(kernel())
    assert drawn == ["2", "19"]
    assert said == [False] + [True] * 17  # the picture says when it is behind
    assert BEHIND not in explorer.picture.value
    assert "src_len 19" in explorer.picture.value


# Where does each number land?


@pytest.mark.parametrize("pair", PAIRS)
def test_each_number_stands_where_pytorch_puts_it(pair):
    explorer = landing_explorer()
    explorer.controls["pair"].value = pair
    t = torch.arange(24).view(3, 4, 2)
    names = {"t": t, "batch": 3, "src_len": 4, "emb": 2}
    wanted = [t, *(eval(text, names) for text in PAIRS[pair])]
    boxes = [i for i in leaves(draw_of(explorer).items) if isinstance(i, Box)]
    numbers = [int(box.text) for box in boxes]
    assert numbers == [n for tensor in wanted for n in tensor.flatten().tolist()]
    for box in boxes:  # a colour a sentence
        assert box.role == ("batch", "lengths", "vocabulary")[int(box.text) // 8]


def test_a_number_can_be_followed_through_all_three_tensors():
    stay = touched(draw_of(landing_explorer()), "9, of sentence 1: at [1, 0, 1] in t")
    assert stay == [
        "9, of sentence 1: at [1, 0, 1] in t",
        "9, of sentence 1: at [1, 1, 1] in t.view(src_len, batch, emb)",
        "9, of sentence 1: at [0, 1, 1] in t.transpose(0, 1)",
    ]


def test_a_long_row_goes_on_below():
    explorer = landing_explorer()
    explorer.set(batch=5, src_len=5, emb=4, one="t.view(1, 1, -1)", other="t")
    drawing = draw_of(explorer)
    boxes = [item for item in leaves(drawing.items) if isinstance(item, Box)]
    assert len(boxes) == 300
    assert len({(box.x, box.y) for box in boxes}) == 300
    assert max(box.x + box.width for box in boxes) <= drawing.width
    assert max(box.y + box.height for box in boxes) <= drawing.height


def draw_of(explorer):
    return explorer.draw(explorer.settings)


def test_same_shape_other_words():
    explorer = landing_explorer()
    (note,) = draw_of(explorer).notes
    assert note.startswith("The same shape, other words: 20 of 24 numbers")
    dashed = [
        i for i in leaves(draw_of(explorer).items) if isinstance(i, Box) and i.dashed
    ]
    assert len(dashed) == 40
    explorer.controls["batch"].value = 1  # a 1 that is turned changes nothing
    assert draw_of(explorer).notes == (
        "The same shape, and every number in the same place.",
    )
    explorer.controls["one"].value = "t.flatten()"
    assert explorer.controls["pair"].value == "your own"
    assert draw_of(explorer).notes[0].startswith("Two shapes")
    explorer.controls["pair"].value = "flatten"
    assert explorer.controls["one"].value == "t.flatten(0, 1)"


@pytest.mark.parametrize("text", [*NONSENSE, "t * 1.0", "t.view(5, 5)", "t + 999"])
def test_nonsense_does_not_land(text):
    explorer = landing_explorer()
    explorer.controls["one"].value = text
    said = [n.text for n in ElementTree.fromstring(explorer.picture.value).iter("p")]
    assert said[0].startswith("This cannot be drawn: ")
    assert len(said[0]) < 500


CODE = """
from seq2seq_lesson.explorers.shapes import shape_explorer
explorer = shape_explorer()
for name in ("batch", "guessing", "guess", "again", "text"):
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
        batch, guessing, guess, again, text, picture = printed(front.run(CODE)).split()
        moved = updates(front.move(batch, value="8"))[picture]["value"]
        assert "batch 8" in moved
        lines = "x = torch.zeros(batch, emb)  # (batch, emb)"
        moved = updates(front.move(text, value=lines))[picture]["value"]
        assert "emb 5" in moved
        front.move(text, value=PRESETS["encoder: GRU"])
        html = updates(front.move(guessing, value=True))[picture]["value"]
        assert "What is the shape of enc_states?" in html
        replies = updates(front.move(guess, value="(8, 7, 16)"))
        assert "Score: 1 right of 1." in replies[picture]["value"]
        assert replies[guess]["value"] == ""
        html = updates(front.press(again))[picture]["value"]
        assert "What is the shape of h_n?" in html
        html = updates(front.move(guess, value="<script>😀"))[picture]["value"]
        assert "“script” is no axis here" in html
        kept = printed(front.run("print(explorer.settings)"))
        assert "'batch': '8'" in kept
        assert "'right': 1, 'asked': 1" in kept
    finally:
        front.close()


def test_read_guess_takes_sums_and_products():
    assert read_guess("(layers*directions, emb + enc, 3)", AXES) == (
        "layers*directions",
        "emb + enc",
        "3",
    )
