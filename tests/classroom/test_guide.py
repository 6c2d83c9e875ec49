"""The teacher's guide says what the notebooks say."""

import html
import re

import nbformat
import pytest

from tests.test_notebooks import NAMES, PATHS
from tools.address import ROOT
from tools.classroom import slides, slides_plan
from tools.exercise_cells import tags

GUIDE = " ".join((ROOT / "notebooks" / "TEACHING.md").read_text("utf-8").split())
ROW = r"\*\*(0\d)\*\* (.+?) \| (.+?) \| .+? \| (\d+|–) \|"
ROWS = re.findall(ROW, html.unescape(GUIDE))


def predictions(book):
    """(question, what was measured) of each prediction, in order."""
    questions, measured = [], []
    for cell in book.cells:
        for output in cell.get("outputs", []):
            text = output.get("text") or output.get("data", {}).get("text/plain", "")
            if "prediction" in tags(cell):
                questions.append(text.partition("\n")[0])
            measured += re.findall(r"^Measured: (.*)\.$", text, re.M)
    return list(zip(questions, measured, strict=True))


@pytest.mark.parametrize("path", PATHS, ids=NAMES)
def test_every_prediction_is_there_with_its_answer(path):
    asked = predictions(nbformat.read(path, as_version=4))
    assert len(asked) >= 2
    told = [(q.replace("`", ""), a) for n, q, a, _ in ROWS if n == path.stem[:2]]
    assert told == [(q.replace("`", ""), a) for q, a in asked]


@pytest.mark.parametrize("path", PATHS, ids=NAMES)
def test_each_prediction_stands_on_the_slide_that_is_named(path):
    slide, found = 0, {}
    for cell in slides.chosen(nbformat.read(path, as_version=4)).cells:
        slide += cell.metadata.slideshow.slide_type == "slide"
        found[
            html.unescape(cell.source).partition("\n")[0].strip("*").replace("`", "")
        ] = slide
    for number, question, _, named in ROWS:
        if number == path.stem[:2]:
            assert str(found.get(question.replace("`", ""), "–")) == named


def test_the_minutes_of_the_exercises_are_the_notebooks():
    (row,) = re.findall(r"\| minutes of exercises \| (.*?) \|(?: \||$| #)", GUIDE)
    sums = []
    for path in PATHS:
        cells = nbformat.read(path, as_version=4).cells
        text = " ".join(c.source for c in cells if "exercise" in tags(c))
        sums.append(sum(map(int, re.findall(r"\((\d+) minutes, ★", text))))
    assert row.split(" | ") == [str(minutes) for minutes in sums]


def test_the_exercises_it_names_are_there():
    numbers = {
        number.lstrip("0").replace("-", ".")
        for path in PATHS
        for cell in nbformat.read(path, as_version=4).cells
        for number in re.findall(r"exercise:(\d\d-\d)", " ".join(tags(cell)))
    }
    named = set(re.findall(r"(?<![\d.:])([1-6]\.\d)(?!\d| MB)", GUIDE))
    assert named
    assert named <= numbers


@pytest.fixture(scope="module")
def seconds():
    """How long a slide is shown, by its notebook and its number."""
    decks = {p.stem[:2]: slides.slides_of(nbformat.read(p, 4)) for p in PATHS}
    return lambda deck, n: decks[deck][n - 1][0].metadata.slideshow.data.timing


@pytest.mark.parametrize("name", slides_plan.PLANS)
def test_a_plans_minutes_are_measured_and_it_begins_with_getting_ready(name, seconds):
    parts = slides_plan.plan(name)
    assert parts[0].what == "Ready"
    spare = {part.what: part.minutes - part.measured(seconds) for part in parts}
    assert {what: m for what, m in spare.items() if not -0.5 <= m <= 2.5} == {}


def test_a_lecture_takes_ninety_minutes_and_a_session_half_of_them(seconds):
    lecture = slides_plan.plan("lecture")
    assert sum(part.minutes for part in lecture) == 90
    assert sum(part.measured(seconds) for part in lecture) <= 90
    assert sum(part.minutes for part in slides_plan.plan("sessions")) == 3 * 45


def test_a_part_is_measured_by_all_that_it_names():
    part = slides_plan.Part(9, "all", "deck 01, slides 2 and 4 to 5; 2.1; 7 minutes")
    assert part.slides == [("01", 2), ("01", 4), ("01", 5)]
    assert part.measured(lambda deck, n: 60 * n) == 2 + 4 + 5 + 7 + 3
    read = slides_plan.Part(9, "read", "notebook 02, sections 3 and 4")
    whole = slides_plan.Part(9, "read", "notebook 02, whole")
    assert 0 < read.measured(lambda *_: 0) < whole.measured(lambda *_: 0)


def test_what_a_slide_says_of_a_part_names_no_slide():
    parts = [part for name in slides_plan.PLANS for part in slides_plan.plan(name)]
    told = [re.sub(slides_plan.SLIDES, "", part.how) for part in parts]
    assert not [how for how in told if "slide" in how]


def test_another_plan_is_told():
    with pytest.raises(ValueError, match="wanted one of lecture, sessions, workshop"):
        slides_plan.plan("lectures")
