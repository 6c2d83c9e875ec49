"""The class at a glance, on one page: who is where, what stops many, which hint is met.

`make progress FROM=folder` reads the notebooks below a folder (a shared server's, or
what was handed in) as they were saved: the checks' sentences stand in their outputs,
the answers of the exit form in its cell. Nothing is run. The first folder on the way
to a notebook names the student.
"""

import argparse
import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from statistics import median

from nbformat import NotebookNode

from tools.address import ROOT
from tools.classroom.feedback import page
from tools.classroom.submissions import parse
from tools.exercise_cells import by_number, shown

STYLE = """
main { max-width: none; } th { white-space: nowrap; }
.bar { display: inline-block; height: .8em; background: var(--link); }
"""
HINT = re.compile(r"Hint: (.*?)(?= Still open: | None of the keys: |$)")


@dataclass
class Student:
    """What the notebooks of one student say.

    Args
        verdicts: the check's sentence by the exercise's number; "" if it has not run
        place:    the notebook saved last, and the heading above the cell run last
        forms:    the answers of each notebook's exit form
    """

    verdicts: dict[str, str] = field(default_factory=dict)
    place: str = ""
    forms: dict[str, dict] = field(default_factory=dict)


def said(check: NotebookNode) -> str:
    """The sentence below a check, in one line."""
    for output in check.get("outputs", []):
        if output.output_type == "execute_result":
            text = output.data.get("text/plain", "").partition("\n\n")[0]
            return " ".join(text.split())
        if output.output_type == "error":
            return f"{output.ename}: {output.evalue}"
    return ""


def heading(book: NotebookNode) -> str:
    """The heading above the cell that was run last."""
    latest, title, found = 0, "", ""
    for cell in book.cells:
        if cell.cell_type == "markdown":
            title = (re.findall(r"^#+ (.*)", cell.source, re.M) or [title])[-1]
        elif (cell.get("execution_count") or 0) > latest:
            latest, found = cell.execution_count, title
    return found


def form(book: NotebookNode) -> dict:
    """The answers of the exit form; none if it was left as it is."""
    for cell in book.cells:
        if cell.cell_type == "code" and "exit_form(" in cell.source:
            try:
                (call,) = [
                    node
                    for node in ast.walk(ast.parse(cell.source))
                    if isinstance(node, ast.Call) and "exit_form" in ast.dump(node.func)
                ]
                answers = {k.arg: ast.literal_eval(k.value) for k in call.keywords}
            except (SyntaxError, ValueError):  # a quotation mark is missing, say
                answers = {"unclear": cell.source}
            if any(answers.values()):
                return {name: told for name, told in answers.items() if told}
    return {}


def look(folder: Path) -> tuple[dict[str, Student], list[str]]:
    """All students of a folder, by name, and the files that cannot be read."""
    students: defaultdict[str, Student] = defaultdict(Student)
    unread = []
    paths = [p for p in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts]
    for path in sorted(paths, key=lambda path: path.stat().st_mtime):
        way = path.relative_to(folder)
        try:
            book = parse(path.read_bytes())
        except (ValueError, OSError) as error:
            unread.append(f"{way}: {error}")
            continue
        checks = by_number(book, "exercise-check")
        if checks:  # what was saved last counts
            student = students[way.parts[0].removesuffix(".ipynb")]
            student.verdicts |= {number: said(c) for number, c in checks.items()}
            student.place = ": ".join(filter(None, [path.stem, heading(book)]))
            if answers := form(book):
                student.forms[min(checks)[:2]] = answers
        elif re.match(r"(deeper-)?0\d_", path.name):  # another is none of ours
            unread.append(f"{way}: no cell in it is marked as a check")
    return dict(students), unread


def mark(verdict: str | None) -> str:
    """A verdict in a few signs; "" if the exercise was not met."""
    if verdict is None:
        return ""
    if verdict.startswith("Right"):
        return "✓"
    if not verdict or verdict.startswith("Not tried yet"):
        return "·"
    part = re.search(r"(\d+) of (\d+)", verdict)
    return f"{part[1]}/{part[2]}" if part else "✗"


def rows(head: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """A table of HTML; its cells are HTML already."""
    first = "".join(f"<th>{name}</th>" for name in head)
    rest = ("<tr>" + "".join(f"<td>{c}</td>" for c in line) + "</tr>" for line in lines)
    return f'<div class="wide"><table><tr>{first}</tr>{"".join(rest)}</table></div>'


def glance(students: dict[str, Student], unread: list[str]) -> str:
    """The page's body."""
    numbers = sorted({n for one in students.values() for n in one.verdicts})
    return "\n".join(
        [
            f"<h1>{len(students)} students at a glance</h1>",
            *(f"<p>Not read: {escape(told)}.</p>" for told in unread),
            "<h2>Who is where</h2>",
            "<p>✓ right; 12/20: right so far; ✗ wrong; · not tried. The sentence of a "
            "check shows under the pointer.</p>",
            who_is_where(students, numbers),
            "<h2>Which exercise stops many</h2>",
            what_stops(students, numbers),
            "<h2>Which hint is met most</h2>",
            hints(students),
            "<h2>The last minute</h2>",
            last_minute(students),
        ]
    )


def who_is_where(students: dict[str, Student], numbers: list[str]) -> str:
    def cells(one: Student) -> Iterable[str]:
        for number in numbers:
            told = one.verdicts.get(number)
            yield f'<span title="{escape(told or "")}">{mark(told)}</span>'

    return rows(
        ["student", "ran last", *map(shown, numbers)],
        (
            [escape(name), escape(one.place), *cells(one)]
            for name, one in sorted(students.items())
        ),
    )


def what_stops(students: dict[str, Student], numbers: list[str]) -> str:
    lines = []
    for number in numbers:
        marks = [mark(one.verdicts.get(number)) for one in students.values()]
        right, opened = marks.count("✓"), marks.count("·")
        stopped = len(marks) - right - opened - marks.count("")
        bar = f'<span class="bar" style="width: {stopped}em"></span> {stopped}'
        lines.append((stopped, [shown(number), bar, str(right), str(opened)]))
    lines.sort(key=lambda line: -line[0])
    return rows(
        ["exercise", "stopped", "right", "not tried"], (cells for _, cells in lines)
    )


def hints(students: dict[str, Student]) -> str:
    met: Counter[tuple[str, str]] = Counter()
    for one in students.values():
        for number, verdict in one.verdicts.items():
            if found := HINT.search(verdict):
                met[number, found[1]] += 1
            elif verdict.startswith("Not yet"):
                met[number, "(no hint fitted)"] += 1
    return rows(
        ["students", "exercise", "hint"],
        (
            [str(count), shown(number), escape(hint)]
            for (number, hint), count in met.most_common()
        ),
    )


def last_minute(students: dict[str, Student]) -> str:
    told = []
    for book in sorted({book for one in students.values() for book in one.forms}):
        forms = [
            (name, s.forms[book])
            for name, s in sorted(students.items())
            if s.forms.get(book)
        ]
        minutes = [
            m for _, f in forms if isinstance(m := f.get("minutes"), int | float)
        ]
        words = f"{len(forms)} forms"
        if minutes:
            words += f"; minutes: {min(minutes):g} to {max(minutes):g}, "
            words += f"half of them at most {median(minutes):g}"
        told.append(f"<h3>Notebook {book}</h3><p>{words}.</p>")
        lines = (
            [escape(name), *(escape(str(f.get(q, ""))) for q in ("unclear", "learned"))]
            for name, f in forms
        )
        told.append(rows(["student", "still unclear", "learned"], lines))
    return "\n".join(told)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    students, unread = look(folder)
    target = ROOT / "build" / "progress.html"
    target.parent.mkdir(exist_ok=True)
    target.write_text(page("The class", glance(students, unread), STYLE), "utf-8")
    print(f"{len(students)} students, {len(unread)} files not read: {target}")


if __name__ == "__main__":
    main()
