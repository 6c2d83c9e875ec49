"""What the teacher's guide says to a deck: its plans, and the usual wrong answers.

A plan is a table of the guide, a row for each part: from when to when, what, and how.
`how` names slides (deck 02, slides 3 and 5 to 8), sections at the keyboard (notebook
04, sections 1 to 3), exercises (2.1), and whatever else takes time (5 minutes ...).
"""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass

from nbformat import NotebookNode

from tools.address import ROOT
from tools.exercise_cells import book, tags

GUIDE = ROOT / "notebooks" / "TEACHING.md"
PLANS = {
    "lecture": "One lecture",
    "sessions": "Three sessions",
    "workshop": "A workshop",
}
WORDS = 130  # spoken in a minute
FIGURE, VOTE, PLAY = 40, 90, 120  # seconds to look; to raise hands; with an explorer
LOOKING = 3 / 2  # who reads at a keyboard runs, looks, guesses and plays besides
SLIDES = r"deck (\d\d), slides? ([\d, toand]*\d)"
SECTIONS = r"notebook (\d\d), (?:sections? )?([\d, toand]*\d|whole)"
CLOCK = r"(\d+)(?::(\d\d))?"
ROW = rf"^\| {CLOCK}–{CLOCK} \| (.*?) \| (.*?) \|$"
ANSWER = r"^\| \*\*0\d\*\* (.+?) \| .+? \| (.+?) \| (?:\d+|–) \|$"


@dataclass(frozen=True)
class Part:
    """A row of a plan."""

    minutes: int
    what: str
    how: str

    @property
    def slides(self) -> list[tuple[str, int]]:
        """The slides that are shown: (notebook, number), numbers from 1."""
        found = re.findall(SLIDES, self.how)
        return [(deck, n) for deck, told in found for n in numbers(told)]

    def measured(self, seconds: Callable[[str, int], float]) -> float:
        """The minutes that it takes, by what it names.

        `seconds` tells how long a slide is shown, by its notebook and its number.
        """
        told = sum(map(int, re.findall(r"(\d+) minutes", self.how)))
        at_exercises = sum(map(exercise_minutes, re.findall(r"\b\d\.\d\b", self.how)))
        shown = sum(seconds(*slide) for slide in self.slides) / 60
        read = re.findall(SECTIONS, self.how)
        at_keys = sum(reading(book(deck), sections) for deck, sections in read)
        return told + at_exercises + shown + at_keys


def numbers(told: str) -> list[int]:
    """`1 to 3 and 5` as numbers."""
    spans = re.findall(r"(\d+)(?: to (\d+))?", told)
    return [n for a, b in spans for n in range(int(a), int(b or a) + 1)]


def plan(name: str) -> list[Part]:
    """The guide's plan of that name.

    Raises
        ValueError: there is no such plan.
    """
    if name not in PLANS:
        raise ValueError(f"PLAN={name}: wanted one of {', '.join(PLANS)}")
    text = GUIDE.read_text("utf-8").partition(f"\n### {PLANS[name]}")[2]
    rows = re.findall(ROW, re.split(r"\n##", text)[0], re.M)
    return [Part(clock(c, d) - clock(a, b), *told) for a, b, c, d, *told in rows]


def clock(first: str, second: str) -> int:
    """`20`, or `9:20`, in minutes."""
    return 60 * int(first) + int(second) if second else int(first)


def wrong_answers() -> dict[str, str]:
    """What is often said to a prediction's question, and why it is wrong."""
    found = re.findall(ANSWER, html.unescape(GUIDE.read_text("utf-8")), re.M)
    return {question.replace("`", ""): told for question, told in found}


def exercise_minutes(number: str) -> int:
    """How long an exercise takes, such as 2.1, by its own text."""
    texts = "\n".join(c.source for c in book(f"0{number[0]}").cells)
    found = re.search(rf"\*\*Exercise {re.escape(number)}\b.*?\((\d+) minutes", texts)
    return int(found[1]) if found else 0


def reading(notebook: NotebookNode, sections: str) -> float:
    """Minutes at a keyboard with some sections, or the whole: text, code, looking."""
    wanted = None if sections == "whole" else set(numbers(sections))
    words = lines = section = 0
    for cell in notebook.cells:
        if found := re.search(r"^## (?:(\d+)\.)?", cell.source, re.M):
            section = int(found[1] or 99)
        aside = re.search(r"setup|exercise|solution", " ".join(tags(cell)))
        if aside or (wanted is not None and section not in wanted):
            continue
        if cell.cell_type == "markdown":
            words += len(cell.source.split())
        else:
            lines += sum(bool(line.strip()) for line in cell.source.splitlines())
    return LOOKING * (words / 180 + lines / 10)
