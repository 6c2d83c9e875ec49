"""A prediction on a page without a kernel: radio buttons, and a verdict for each.

It is CSS alone, so it needs no script, and the browser's own radio buttons follow the
arrow keys.
"""

from __future__ import annotations

import re
from html import escape

from nbformat import NotebookNode
from nbformat.v4 import new_output

from seq2seq_lesson.exercises.prediction import verdict

ASKS = re.compile(r"^(\w+) = predict\(", re.M)
MOST = 8  # choices of a question
SHOWN = (f".guess:has(.choice-{n}:checked) .verdict-{n}" for n in range(MOST))
STYLE = f"""<style>
.guess {{ border: 1px solid #888; border-radius: 4px; margin: .6rem 0;
  font-family: system-ui, sans-serif; }}
.guess legend {{ font-weight: 600; }}
.guess label {{ display: block; padding: .25rem 0; }}
.guess .verdict {{ display: none; }}
{", ".join(SHOWN)} {{ display: block; }}
</style>"""


def ask(book: NotebookNode) -> None:
    """Let each prediction be chosen on the page, and its answer be reached from it.

    One whose answer is not known, in a run that failed, stays as text.
    """
    for cell in book.cells:
        if not (found := ASKS.search(cell.source)):
            continue
        name = found[1]
        answers = [c for c in book.cells if f"{name}.answer(" in c.source]
        texts = [o.data["text/plain"] for o in cell.outputs if "data" in o]
        measured = "".join(map(_measured, answers))
        question, *lines = "".join(texts).split("\n")
        choices = [line.strip().removeprefix("( ) ") for line in lines]
        if measured not in choices[:MOST]:
            continue
        html = radios(name, question, choices, measured)
        cell.outputs = [new_output("display_data", {"text/html": html})]
        here = new_output("display_data", {"text/html": f'<a id="answer-{name}"></a>'})
        answers[0].outputs.insert(0, here)


def _measured(cell: NotebookNode) -> str:
    """What the answer's cell has found."""
    told = "\n".join(
        output.get("text") or output.get("data", {}).get("text/plain", "")
        for output in cell.outputs
    )
    found = re.search(r"Measured: (.*)\.$", told, re.M)
    return found[1] if found else ""


def radios(name: str, question: str, choices: list[str], measured: str) -> str:
    """The question as radio buttons; what a choice earns appears below them."""
    buttons = "".join(
        f'<label><input type="radio" name="{name}" class="choice-{n}"> '
        f"{escape(choice)}</label>"
        for n, choice in enumerate(choices)
    )
    verdicts = "".join(
        f'<div class="verdict verdict-{n}">{verdict(measured, choice)}'
        f'<a href="#answer-{name}">What came out</a></div>'
        for n, choice in enumerate(choices)
    )
    return (
        f'{STYLE}<fieldset class="guess"><legend>{escape(question)}</legend>{buttons}'
        f'<div aria-live="polite">{verdicts}</div></fieldset>'
    )
