"""What all explorers stand on: drawings, both pens, and the wiring to real widgets."""

import base64
import io
import re
import tracemalloc
from dataclasses import replace
from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from PIL import Image, ImageChops

from seq2seq_lesson.drawing import (
    BARE,
    Arc,
    Box,
    Cell,
    Drawing,
    Line,
    Part,
    Text,
    axis_label,
    shorten,
)
from seq2seq_lesson.drawing.png import to_png
from seq2seq_lesson.drawing.svg import to_html
from seq2seq_lesson.explorers import explorer as wiring
from seq2seq_lesson.explorers.controls import button, choice, switch, typed, whole
from seq2seq_lesson.explorers.explorer import STILL, VIEW, Explorer
from seq2seq_lesson.palette import INK, ROLES, family, heat
from tests.kernel_front import PYTHONS, Front, printed, updates

pytestmark = pytest.mark.filterwarnings("ignore:Glyph")  # no emoji in pictures
NASTY = "<script>alert('é')</script> & \"$x_1$\" 😀"
ITEMS = [
    Box(10, 10, 90, 40, f"{NASTY}\nsecond", "batch", bold=True, dashed=True),
    Text(20, 80, NASTY, "middle", "faint", mono=True),
    Line(((10, 90), (60, 90), (60, 120)), "wrong", arrow=True),
    Line(((60, 120), (60, 90)), arrow=True, dashed=True),
    Arc((10, 180), (90, 180), 40, "mark", 3, 0.5),
    Cell(10, 200, 20, 20, 0.5, "dashed"),
    Cell(40, 200, 20, 20, 1),
]


def drawing(*items, notes=()):
    return Drawing(300, 240, f"A title {NASTY}", f"Words {NASTY}", items, notes)


def elements(html):
    """Parse, as a check that nothing is left open or unescaped."""
    tree = ElementTree.fromstring(f"<div>{html}</div>")
    return [(node.tag.split("}")[-1], node.text or "") for node in tree.iter()]


def svg_of(html):
    tree = ElementTree.fromstring(f"<div>{html}</div>")
    return next(node for node in tree.iter() if node.tag.endswith("svg"))


def test_svg_is_well_formed_and_everything_is_escaped():
    html = to_html(drawing(*ITEMS, notes=(NASTY,)))
    found = elements(html)
    assert "script" not in {tag for tag, _ in found}
    assert ("text", NASTY) in found  # escaped once, not twice
    assert ("p", NASTY) in found
    assert not re.search(r"<script|\son\w+=|href|url\(", html)


def test_svg_tells_those_who_do_not_see_it():
    svg = svg_of(to_html(drawing()))
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == f"A title {NASTY}. Words {NASTY}"
    assert not [node for node in svg.iter() if node.get("id")]  # two on a page agree


def part(*names, says="says"):
    at = 10 * len(names)
    number = Text(at, 40, f"number of {' '.join(names)}")
    return Part((Box(at, 10, 8, 8, names[0]),), says, names, (number,))


def test_a_part_can_be_reached_named_and_shows_its_numbers_when_asked():
    html = to_html(drawing(part("word 1", "row 2", says=NASTY), part("word 1")))
    svg = svg_of(html)
    assert svg.get("role") == "group"  # an img would hide its parts from a reader
    one, other = (n for n in svg.iter() if "part" in n.get("class", "").split())
    assert one.get("tabindex") == "0"
    assert one[0].text == NASTY
    assert one.get("class").split() == ["part", "n0", "n1"]
    assert other.get("class").split() == ["part", "n0"]
    assert [n[0].text for n in svg.iter() if n.get("class") == "numbers"] == [
        "number of word 1 row 2",
        "number of word 1",
    ]
    style = next(n.text for n in svg.iter() if n.tag.endswith("style"))
    assert {*re.findall(r"\.(n\d+)", style)} == {"n0", "n1"}


def test_a_picture_has_what_stands_in_parts_but_not_what_waits():
    hidden = Part((), "says", ("one",), (Box(10, 10, 50, 50),))
    assert to_png(drawing(hidden)) == to_png(drawing())
    assert to_png(drawing(part("one"))) == to_png(drawing(part("one").items[0]))


def test_svg_follows_the_page():
    svg = svg_of(to_html(drawing(*ITEMS)))
    assert svg.get("fill") == "currentColor"
    assert svg.get("viewBox") == "0 0 300 240"
    assert "em" in svg.get("style")  # grows with the page's letters
    small = svg_of(to_html(drawing(Text(0, 0, "small", size=12))))
    assert "min-width:225px" in svg.get("style")  # three quarters, then it scrolls
    assert "min-width:275px" in small.get("style")  # or letters of 11 pixels
    colours = set(re.findall(r"#\w{6}", to_html(drawing(*ITEMS[:-2]))))
    assert colours <= {*ROLES.values()} - {"#000000", "#ffffff"}  # both themes


def contrast(one, other):
    """By WCAG, from 1 to 21."""
    parts = [[int(c[at : at + 2], 16) / 255 for at in (1, 3, 5)] for c in (one, other)]
    linear = [[((n + 0.055) / 1.055) ** 2.4 for n in part] for part in parts]
    dark, light = sorted(
        0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05 for r, g, b in linear
    )
    return light / dark


@pytest.mark.parametrize("percent", range(101))
def test_numbers_and_frames_stand_out_from_every_colour_of_the_map(percent):
    cell = Cell(10, 200, 20, 20, percent / 100, "dashed")
    colour = heat(cell.value)
    assert contrast(ROLES[cell.over], colour) > 4.5
    edges = re.findall(r'stroke="(#\w{3})"', to_html(drawing(cell)))
    assert edges == ["#fff", "#000"]  # one of the two always stands out


@pytest.mark.parametrize(("page", "ink"), [("#ffffff", INK), ("#111111", "#e0e0e0")])
@pytest.mark.parametrize("role", sorted(ROLES.keys() - BARE))
def test_coloured_letters_stand_out_from_light_and_dark_pages(role, page, ink):
    html = to_html(drawing(Text(0, 0, "word", role=role)))
    colour, share = re.search(r"srgb, (#\w{6}) (\d+)%, currentColor", html).groups()
    one, other = bytes.fromhex(colour[1:]), bytes.fromhex(ink[1:])
    part = int(share) / 100
    mixed = [round(part * o + (1 - part) * i) for o, i in zip(one, other, strict=True)]
    assert contrast("#" + bytes(mixed).hex(), page) > 4.5


def test_right_and_wrong_frames_differ_without_their_colour():
    solid, dashed = (Cell(10, 200, 20, 20, 0.5, kind) for kind in ("solid", "dashed"))
    assert "dasharray" in to_html(drawing(dashed))
    assert "dasharray" not in to_html(drawing(solid))
    assert to_png(drawing(dashed)) != to_png(drawing(solid))


def test_two_pictures_stand_beside_or_below_and_are_touched_as_one():
    two = replace(drawing(part("left", "word")), beside=(part("word"), *ITEMS))
    box = ElementTree.fromstring(to_html(two))
    assert box.get("class") == "touch"
    assert "flex-wrap:wrap" in box.get("style")
    assert box.get("aria-label").startswith("A title")
    assert [n.get("viewBox") for n in box if n.tag.endswith("svg")] == [
        "0 0 300 240",
        "0 0 300 240",
    ]
    classes = [n.get("class") for n in box.iter() if "part" in n.get("class", "")]
    assert classes == ["part n0 n1", "part n1"]
    above, below = drawing(*ITEMS[:2]), replace(drawing(), beside=(*ITEMS[:2],))
    one, both = (Image.open(io.BytesIO(to_png(d))) for d in (above, below))
    assert both.size == (450, 720)
    lower = both.crop((0, 360, 450, 720))
    assert ImageChops.difference(one, lower).getbbox() is None


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: type(item).__name__)
def test_both_pens_draw_every_kind_of_item(item):
    empty, full = drawing(), drawing(item)
    assert len(to_html(full)) > len(to_html(empty))
    blank, picture = (Image.open(io.BytesIO(to_png(d))) for d in (empty, full))
    assert blank.convert("L").getextrema() == (255, 255)
    assert picture.convert("L").getextrema()[0] < 250


def test_the_keyboard_can_scroll_a_wide_picture():
    plain, parted = (to_html(drawing(item)) for item in (ITEMS[0], part("one")))
    assert plain.startswith('<div style="overflow-x:auto" tabindex="0"><svg')
    assert parted.startswith('<div style="overflow-x:auto"><svg')  # by its parts


def test_png_has_the_drawing_s_size_and_grows_with_its_notes():
    plain, noted = drawing(*ITEMS), drawing(*ITEMS, notes=("a note " * 30,))
    sizes = [Image.open(io.BytesIO(to_png(d))).size for d in (plain, noted)]
    assert sizes[0] == (450, 360)
    assert sizes[1][0] == 450
    assert sizes[1][1] > 400


def test_png_is_the_same_each_time_and_leaves_no_figure():
    assert to_png(drawing(*ITEMS)) == to_png(drawing(*ITEMS))
    assert not plt.get_fignums()


def test_heat_is_cividis():
    colours = mpl.colormaps["cividis"]
    for value in (-1.0, 0.0, 0.1, 0.33, 0.5, 0.77, 1.0, 2.0):
        ours, theirs = (
            mpl.colors.to_rgb(heat(value)),
            colours(min(max(value, 0.0), 1.0)),
        )
        assert max(abs(a - b) for a, b in zip(ours, theirs[:3], strict=True)) < 0.04


@pytest.mark.parametrize(
    ("axis", "role"),
    [
        ("batch", "batch"),
        ("src_len", "lengths"),
        ("tokens", "lengths"),
        ("emb+enc", "features"),
        ("tgt_vocab", "vocabulary"),
        ("layers*directions", "features"),
        ("pairs", "lengths"),
    ],
)
def test_axes_belong_to_families(axis, role):
    assert family(axis) == role


def test_an_axis_called_1_stands_for_itself():
    assert axis_label("1", 1) == "1"
    assert axis_label("batch", 4000) == "batch 4,000"


def test_typed_text_is_cut_and_loses_what_cannot_be_printed():
    assert shorten("  a\n b\x00\u202e\ud800 ") == "a b"
    assert shorten("é" * 100) == "é" * 59 + "…"
    assert shorten("x" * 60) == "x" * 60


def letters(settings):
    """A drawing for the tests below."""
    if settings["length"] == 9:
        raise ValueError("length: got <9>, wanted less: move it down")
    if settings["length"] == 8:
        raise KeyError("x" * 9999)
    text = f"{settings['kind']}{settings['length']}{settings['count']}"
    notes = (settings["said"],) if settings["said"] else ()
    return Drawing(200, 60, "Letters", text, (Text(10, 20, text),), notes)


def build(**options):
    return Explorer(
        letters,
        {
            "length": whole("length", 5, 1, 20, "how many letters"),
            "kind": choice("kind", "a", ["a", "b"], "which letter"),
            "big": whole("big", 64, 1, 4096, "a size"),
            "on": switch("on", True, "a switch"),
            "said": typed("say", "", "something", "any text"),
            "more": button("more", "count on"),
        },
        actions={
            "more": lambda settings: {"count": settings["count"] + 1, "length": 3},
            "kind": lambda settings: {"count": 100},
            "on": lambda settings: {"count": 1 // settings["big"] - 1 // 0},
        },
        shown=lambda settings: {"length", "kind", "more"} | {"on"} - {settings["kind"]},
        count=0,
        **options,
    )


def test_the_picture_follows_every_control():
    explorer = build()
    assert explorer.picture.value == to_html(letters(explorer.settings))
    for name, value in [("length", 7), ("said", NASTY), ("kind", "b"), ("big", 4096)]:
        explorer.controls[name].value = value
        assert explorer.settings[name] == value
        assert explorer.picture.value == to_html(letters(explorer.settings))
    assert "b7100" in explorer.picture.value


def test_actions_run_by_buttons_and_controls_and_draw_once():
    explorer, drawn = build(), []
    explorer.picture.observe(drawn.append, "value")
    explorer.controls["more"].click()
    assert explorer.settings["count"] == 1
    assert explorer.controls["length"].value == 3
    assert len(drawn) == 1
    explorer.controls["kind"].value = "b"
    assert explorer.settings["count"] == 100
    explorer.controls["more"].click()
    explorer.set(kind="a", length=4)  # from here, no action runs
    assert explorer.settings["count"] == 101
    assert "a4101" in explorer.picture.value


def test_a_page_has_a_picture_for_each_combination_and_nothing_moves():
    explorer = build(page={"kind": ["b", "a"], "length": [9, 2], "on": [True]})
    before = explorer.settings, explorer.picture.value
    frames = dict(explorer.frames())
    assert [*frames] == [  # 5 stands there now
        (kind, length, on)
        for kind, on in (("b", True), ("a", True))
        for length in (2, 5, 9)
    ]
    assert "b2100" in frames["b", 2, True]  # the action of "kind" has run
    assert frames["a", 5, True] == explorer.picture.value
    assert "This cannot be drawn: length" in frames["a", 9, True]
    assert (explorer.settings, explorer.picture.value) == before


def test_a_page_leaves_out_what_is_of_no_use_and_what_an_action_takes_back():
    explorer = build(page={"said": ["", "a"], "length": [2, 3]})
    assert [*dict(explorer.frames())] == [(None, 2), (None, 3), (None, 5)]
    explorer.shown = None
    explorer.actions["length"] = lambda s: {"length": min(s["length"], 2)}
    kept = [length for _, length in dict(explorer.frames())]
    assert kept == [2, 5, 2, 5]  # 5 has not been moved


def test_what_goes_wrong_is_one_sentence_and_the_next_setting_draws_again():
    explorer = build()
    explorer.controls["length"].value = 9
    said = "This cannot be drawn: length: got <9>, wanted less: move it down"
    assert elements(explorer.picture.value)[-1] == ("p", said)
    explorer.controls["length"].value = 8
    assert "(KeyError)" in explorer.picture.value
    assert len(explorer.picture.value) < 700
    explorer.controls["on"].value = False
    assert "(ZeroDivisionError)" in explorer.picture.value
    explorer.controls["length"].value = 2
    assert "a20" in explorer.picture.value


def test_controls_that_are_of_no_use_are_hidden():
    explorer = build()
    hidden = {n for n, c in explorer.controls.items() if c.layout.display == "none"}
    assert hidden == {"big", "said"}


def test_controls_are_labelled_and_tell_what_they_are_for():
    for control in build().controls.values():
        assert control.description
        assert getattr(control, "tooltip", None) or control.description_tooltip
    own = {"ipywidgets.widgets"}
    assert {
        type(c).__module__.rpartition(".")[0] for c in build().controls.values()
    } <= own


def test_memory_does_not_grow_over_500_updates():
    explorer = build()

    def turn(times):
        for number in range(times):
            explorer.controls["length"].value = 1 + number % 7
            explorer.controls["more"].click()

    turn(20)
    tracemalloc.start()
    turn(5)
    before = tracemalloc.get_traced_memory()[0]
    turn(250)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 50_000


def test_on_colab_an_output_is_a_page_of_its_own_so_there_is_one(monkeypatch):
    shown = []
    monkeypatch.setattr(wiring, "where_am_i", lambda: "colab")
    monkeypatch.setattr(wiring, "display", lambda data, raw: shown.append(data))
    build()._ipython_display_()
    assert [set(data) for data in shown] == [{VIEW, "image/png", "text/plain"}]


@pytest.mark.parametrize("place", ["test", "python"])
def test_where_outputs_are_kept_there_is_a_picture_and_a_line(place, monkeypatch):
    shown = []
    monkeypatch.setattr(wiring, "where_am_i", lambda: place)
    monkeypatch.setattr(wiring, "display", lambda data, raw: shown.append(data))
    build()._ipython_display_()
    picture, line = shown
    assert set(picture) == {"image/png", "text/plain"}
    assert base64.b64decode(picture["image/png"]).startswith(b"\x89PNG")
    assert line == {"text/plain": STILL, "text/html": f"<em>{STILL}</em>"}


CODE = """
from seq2seq_lesson.explorers.controls import whole
from seq2seq_lesson.drawing import Drawing, Text
from seq2seq_lesson.explorers.explorer import Explorer

def draw(settings):
    text = "e" * settings["length"]
    return Drawing(200, 60, "Letters", text, (Text(10, 20, text),))

explorer = Explorer(draw, {"length": whole("length", 5, 1, 20, "how many")})
print(explorer.controls["length"].model_id, explorer.picture.model_id)
explorer
"""


@pytest.fixture
def front(request):
    python, env = request.param
    if not PYTHONS[python].exists():
        pytest.skip("make test-colab installs Colab's versions")
    front = Front(PYTHONS[python], **env)
    yield front
    front.close()


@pytest.mark.parametrize(
    "front", [("this", {}), ("colab", {})], ids=["this", "colab"], indirect=True
)
def test_a_live_kernel_shows_the_widget_and_it_follows_messages(front):
    replies = front.run(CODE)
    shown, kept = (c["data"] for kind, c in replies if kind == "display_data")
    assert set(shown) == {VIEW, "image/png", "text/plain"}
    assert "<living-explorer" in kept["text/html"]
    slider, picture = printed(replies).split()
    moved = updates(front.move(slider, value=12))
    assert "e" * 12 in moved[picture]["value"]
    assert "e" * 13 not in moved[picture]["value"]


@pytest.mark.parametrize(
    ("front", "alive"),
    [
        (("this", {"SEQ2SEQ_LESSON_TEST": "1"}), False),
        (("this", {"SEQ2SEQ_LESSON_TEST": "page"}), True),
    ],
    ids=["stored", "page"],
    indirect=["front"],
)
def test_a_run_for_keeps_has_no_view_and_frames_on_a_page_alone(front, alive):
    shown = [c["data"] for kind, c in front.run(CODE) if kind == "display_data"]
    assert ("<living-explorer" in shown[1]["text/html"]) == alive
    assert [set(data) for data in shown] == [
        {"image/png", "text/plain"},
        {"text/html", "text/plain"},
    ]
