"""Notebook 07's bench: each stage's verdict, what is kept of it, what stands in for it.

    bench = Bench(CHECKS, OURS, HINTS)
    bench.check("encoder", Encoder)    # a verdict; if it is right, the part is kept
    bench.part("encoder")              # the learner's if it stands, else ours
    bench.bring_back()                 # after a lost kernel, or on another machine

What is kept is the source of the cell that defines the part. It lies in a file beside
the notebook and, folded, below the check, so that either is enough to bring it back.
"""

from __future__ import annotations

import ast
import html
import io
import json
import linecache
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seq2seq_lesson.exercises import Verdict
from seq2seq_lesson.exercises.comparing import Raised, describe

FILE = "my_seq2seq.py"  # beside the notebook
IMPORTS = """\
import math
import random

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

from seq2seq_lesson.batches import Batch
from seq2seq_lesson.training import one_cycle
from seq2seq_lesson.vocabulary import EOS, PAD, SOS, UNK
"""
HEAD = (
    f'"""What notebook 07 has kept: each part as it passed its check."""\n\n{IMPORTS}'
)
MARK = re.compile(r"^# stage: (\w+) = (\w+)\n", re.M)
KEPT = re.compile(r'<pre title="kept: (\w+) = (\w+)">(.*?)</pre>', re.S)
DEFINES = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Assign)
Kept = dict[str, tuple[str, str]]  # stage -> its name in the source, the source
HINT = "<details><summary>Hint {n} of {many}</summary>\n<p>{text}</p>\n{rest}</details>"
SKIP = (
    "\n<details><summary>Skip with ours</summary>\n<p>Nothing to do: go on to the next "
    "stage. Ours stands in for this part until yours passes.</p></details>"
)


@dataclass(frozen=True, repr=False)
class StageVerdict(Verdict):
    """A verdict, then which stages stand; as HTML with hints and what is kept, folded.

    Args
        hints: to be unfolded one by one; none if the attempt is right
        kept:  (stage, name, source) of the attempt that is kept of this stage
    """

    stands: str
    hints: Sequence[str] = ()
    kept: tuple[str, str, str] | None = None

    def __repr__(self) -> str:
        return f"{super().__repr__()}\n\n{self.stands}"

    def _repr_html_(self) -> str:
        said = html.escape(repr(self))
        page = f'<pre style="white-space: pre-wrap">{said}</pre>'
        folded = ""
        for n, hint in reversed([*enumerate(self.hints, start=1)]):
            text = re.sub("`(.*?)`", r"<code>\1</code>", html.escape(hint))
            folded = HINT.format(n=n, many=len(self.hints), text=text, rest=folded)
        page += folded + (SKIP if self.hints else "")
        if self.kept:
            stage, name, source = self.kept
            page += f"<details><summary>Kept: {html.escape(name)}</summary>\n"
            page += f'<pre title="kept: {stage} = {name}">{html.escape(source)}</pre>'
            page += "</details>"
        return page


class Told(str):
    """Sentences that a cell shows without quotation marks, in lines that fit a page."""

    def __repr__(self) -> str:
        return textwrap.fill(self, 88, break_on_hyphens=False)


class Bench:
    """What the learner has built so far; see the top of this file.

    Args
        checks: for each stage, in order, what judges an attempt
        ours:   for each stage the part that stands in
        hints:  for each stage the hints, from the gentlest on

    `take_ours` names stages for which ours is taken even where the learner's stands.
    """

    def __init__(
        self,
        checks: Mapping[str, Callable[[Any], Verdict]],
        ours: Mapping[str, Any],
        hints: Mapping[str, Sequence[str]],
        file: str | Path = FILE,
    ) -> None:
        self.checks, self.ours, self.hints = checks, ours, hints
        self.file = Path(file).absolute()
        self.take_ours: set[str] = set()
        self.yours: dict[str, Any] = {}
        self.solved: dict[str, Any] = {}
        self.kept: Kept = {}

    def check(self, stage: str, attempt: Any) -> StageVerdict:
        """Judge an attempt; a right one stands from now on, and is kept."""
        self._refuse_strangers(stage)
        verdict = self.checks[stage](attempt)
        message = verdict.message
        if verdict.points < 1 and stage in self.yours:
            message += " Your earlier version still stands."
        if verdict.points == 1:
            self.yours[stage] = attempt
            if source := cell_of(attempt):
                message += f" {self._keep(stage, attempt.__name__, source)}"
        return self._told(stage, verdict.points, message)

    def solution(self, stage: str, attempt: Any) -> StageVerdict:
        """Judge a solution; it stands where the learner has none, and is not kept."""
        self._refuse_strangers(stage)
        verdict = self.checks[stage](attempt)
        if verdict.points == 1:
            self.solved[stage] = attempt
        return self._told(stage, verdict.points, verdict.message)

    def part(self, stage: str) -> Any:
        """The part that stands: the learner's, else the solution's, else ours.

        Raises
            ValueError: there is no such stage, or a stranger is in `take_ours`.
        """
        self._refuse_strangers(stage)
        if stage in self.take_ours:
            return self.ours[stage]
        standing = self.ours | self.solved | self.yours  # type: ignore[operator]
        return standing[stage]

    def stands(self) -> str:
        """Whose part stands in each stage, as a sentence or three."""
        self._refuse_strangers()
        groups: dict[str, list[str]] = {"Yours": [], "The solution's": [], "Ours": []}
        for n, stage in enumerate(self.checks, start=1):
            whose = "Yours" if stage in self.yours else "The solution's"
            if stage in self.take_ours or stage not in self.yours | self.solved:
                whose = "Ours"
            groups[whose].append(f"{n} {stage}")
        told = (f"{who}: {', '.join(names)}." for who, names in groups.items() if names)
        return " ".join(told)

    def bring_back(self) -> Told:
        """Take back what was kept, from the file or from the notebook's own outputs."""
        places = read_file(self.file), read_notebooks(self.file.parent)
        found = [
            stage for stage in self.checks if any(stage in kept for kept in places)
        ]
        if not found:
            return Told("Nothing is kept yet. What passes a check will be.")
        print(f"Checking again what was kept: {', '.join(found)} ...", flush=True)
        lost = []
        for stage in found:
            problems = []
            for kept in places:  # where the file's does not pass, the output's may
                if stage in kept:
                    part, problem = self._alone(stage, *kept[stage])
                    if not problem:
                        self.yours[stage], self.kept[stage] = part, kept[stage]
                        break
                    problems.append(problem)
            else:
                lost.append(f"{stage} ({problems[0]})")
        if self.kept:
            self._write()
        said = f"Brought back: {', '.join(self.kept) or 'nothing'}. {self.stands()}"
        if lost:
            said += f" Not brought back: {'; '.join(lost)}"
        return Told(said)

    def _refuse_strangers(self, *stages: str) -> None:
        if unknown := {*stages, *self.take_ours} - {*self.checks}:
            raise ValueError(
                f"no stage is called {', '.join(map(repr, sorted(unknown)))}; wanted "
                f"one of: {', '.join(self.checks)}"
            )

    def _told(self, stage: str, points: float, message: str) -> StageVerdict:
        kept = (stage, *self.kept[stage]) if stage in self.kept else None
        hints = self.hints[stage] if points < 1 else ()
        return StageVerdict(points, message, self.stands(), hints, kept)

    def _keep(self, stage: str, name: str, source: str) -> str:
        """Keep a source if it is right alone, too; say in a sentence what was done."""
        source = definitions(source)
        _, problem = self._alone(stage, name, source)
        if problem:
            return (
                "It stands, but is not kept, for alone its cell does not do: "
                f"{problem} Move what it uses into the same cell."
            )
        self.kept[stage] = name, source
        try:
            self._write()
        except OSError as error:
            return f"It is kept below; {self.file.name} was not written: {error}."
        return f"It is kept in {self.file.name} and below."

    def _alone(self, stage: str, name: str, source: str) -> tuple[Any, str]:
        """A part made from its source and those kept before it, and what is wrong."""
        names: dict[str, Any] = {"__name__": self.file.stem}
        exec(IMPORTS, names)
        earlier = [s for s in self.checks if s in self.kept and s != stage]
        try:
            with redirect_stdout(io.StringIO()):
                for text in [*(self.kept[s][1] for s in earlier), source]:
                    exec(compile(text, self.file.name, "exec"), names)
                part = names[name]
                verdict = self.checks[stage](part)
        except Exception as error:
            return None, describe(Raised(error)).replace("your function", "it")
        return part, "" if verdict.points == 1 else verdict.message

    def _write(self) -> None:
        """Write the file, whole or not at all; what else it holds stays in it."""
        kept = {**read_file(self.file), **self.kept}
        parts = [
            f"# stage: {stage} = {kept[stage][0]}\n{kept[stage][1]}\n"
            for stage in self.checks
            if stage in kept
        ]
        unfinished = self.file.with_suffix(".part")
        unfinished.write_text("\n\n".join([HEAD, *parts]), encoding="utf-8")
        unfinished.replace(self.file)


def cell_of(part: Any) -> str:
    """The text of the cell that defines a function or a class; "" if unknown."""
    inside = [part, *vars(part).values()] if isinstance(part, type) else [part]
    codes = [one.__code__ for one in inside if hasattr(one, "__code__")]
    if not codes or not hasattr(part, "__name__"):
        return ""
    name = codes[0].co_filename
    return "" if Path(name).is_file() else "".join(linecache.getlines(name))


def definitions(source: str) -> str:
    """What a cell defines and imports, with its comments; no call is left in it."""
    lines, found = source.splitlines(), []
    for node in ast.parse(source).body:
        if isinstance(node, DEFINES):
            marks = getattr(node, "decorator_list", [])
            first = min([node.lineno, *(mark.lineno for mark in marks)])
            found.append("\n".join(lines[first - 1 : node.end_lineno]))
    return "\n\n".join(found)


def read_file(file: Path) -> Kept:
    """What a file of kept parts holds."""
    if not file.is_file():
        return {}
    _, *parts = MARK.split(file.read_text(encoding="utf-8"))
    triples = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    return {stage: (name, source.strip()) for stage, name, source in triples}


def read_notebooks(folder: Path) -> Kept:
    """What the outputs hold: on Colab this notebook's, else those of the folder.

    Where several notebooks of a folder hold a stage, the one saved last has it.
    """
    found: Kept = {}
    for book in _books(folder):
        for cell in book.get("cells", []):
            for output in cell.get("outputs", []):
                page = output.get("data", {}).get("text/html", "")
                for stage, name, text in KEPT.findall("".join(page)):
                    found[stage] = name, html.unescape(text)
    return found


def _books(folder: Path) -> Iterator[dict]:
    try:
        from google.colab import _message  # type: ignore[import-not-found]

        yield _message.blocking_request("get_ipynb", timeout_sec=30)["ipynb"]
    except Exception:  # not on Colab, or it does not answer
        paths = folder.glob("*.ipynb")
        for path in sorted(paths, key=lambda path: path.stat().st_mtime):
            try:
                yield json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue  # another's file, or half of one
