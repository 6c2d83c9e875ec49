"""Write one self-contained reveal.js deck a notebook to build/slides.

A cell is on a slide if its metadata holds `slideshow.slide_type`: "slide" begins one,
"-" goes on with it, "fragment" waits for a key. Of prose the slide shows the heading
and the first paragraph, or those of `slideshow.paragraphs`; the rest is for the
speaker's notes (key S). A picture or a prediction stands without its code; so does any
output with `slideshow.show` "output", and with "picture" or "table" that alone.
"""

import os
import re
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from copy import deepcopy
from html import escape
from pathlib import Path

import nbformat
import pooch
from nbconvert import SlidesExporter
from nbformat import NotebookNode, v4
from pygments.formatters import HtmlFormatter

from seq2seq_lesson.runtime import data_folder
from tools.address import ROOT
from tools.exercise_cells import tags
from tools.notebooks import execute
from tools.pages import (
    caption,
    draws,
    explanation,
    headings,
    markdown_to_html,
    player_once,
    title_of,
)

VERSION = "6.0.2"
REVEAL = f"https://registry.npmjs.org/reveal.js/-/reveal.js-{VERSION}.tgz"
HASH = "sha256:2f0c20bfb02447a198a1ebe8a8c097a5437d035caa38f2820bf4ba887a3eac91"
HERE = Path(__file__).parent
LONGEST = 10  # lines of code that a slide can hold
DECK = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<div class="reveal"><div class="slides">
{slides}
</div></div>
<div class="foot">{title}</div>
<script>{script}</script>
<script>
Reveal.initialize({{ width: 1280, height: 720, margin: 0, center: false,
  display: "flex", transition: "none", navigationMode: "linear", hash: true,
  slideNumber: "c/t", plugins: [RevealNotes] }});
</script>
</body>
</html>
"""


def reveal() -> tuple[str, str]:
    """reveal.js's style and script with its speaker view, from the npm package.

    Raises
        ValueError: the package is not in the cache and cannot be had.
    """
    folder = data_folder()
    try:
        archive = pooch.retrieve(REVEAL, HASH, Path(REVEAL).name, folder)
    except (ValueError, OSError) as error:  # the hash; the network
        raise ValueError(
            f"{REVEAL} could not be had ({type(error).__name__}): decks are built with "
            f"a network, once; or put the file into {folder}."
        ) from error
    with tarfile.open(archive) as package:
        style, *scripts = (
            package.extractfile(f"package/dist/{name}").read().decode()
            for name in ("reveal.css", "reveal.js", "plugin/notes.js")
        )
    return style, "\n".join(scripts).replace("</script", "<\\/script")


def parted(text: str, shown: Sequence[int]) -> tuple[str, str]:
    """Part a cell's prose into what stands on the slide and what is said.

    `shown` counts the paragraphs from 0; headings stand there with what follows them.
    """
    there, said, n = [], [], 0
    for part in re.split(r"\n\n+", text.strip()):
        if part.startswith("#"):
            there.append(part)
        elif not part.startswith("[!["):  # a badge
            (there if n in shown else said).append(part)
            n += 1
    while len(there) > 1 and there[-1].startswith("#"):
        there.pop()
    return "\n\n".join(there), "\n\n".join(said)


def only_output(cell: NotebookNode) -> bool:
    """Whether the slide leaves out the code: a picture's, or code too long for it."""
    return draws(cell) or len(cell.source.splitlines()) > LONGEST


def question(cell: NotebookNode) -> str:
    """A prediction's question and choices as prose; "" if the cell asks nothing."""
    if "prediction" not in tags(cell):
        return ""
    (shown,) = [o.data["text/plain"] for o in cell.outputs if "data" in o]
    asked, *choices = shown.splitlines()
    items = [f"- {choice.strip().removeprefix('( ) ')}" for choice in choices]
    return "\n".join([f"**{asked}**\n", *items])


def shortened(output: NotebookNode) -> NotebookNode:
    """An error without the way it took; what a shape comment says is short already."""
    if output.output_type == "error" and output.ename != "ShapeError":
        output.traceback = [f"{output.ename}: {output.evalue}"]
    return output


def is_table(output: NotebookNode) -> bool:
    """Whether an output is a table of shapes; it speaks of lines of code."""
    data = output.get("data", {})
    html = "".join(data.get("text/html", ""))
    return {*data} == {"text/html", "text/plain"} and "<living-explorer" not in html


def prose(source: str, slide_type: str) -> NotebookNode:
    return v4.new_markdown_cell(
        source, metadata={"slideshow": {"slide_type": slide_type}}
    )


def cut(cell: NotebookNode, after: NotebookNode) -> str:
    """Cut a cell to what stands on its slide; return what is said with it.

    `after` explains the cell, and is said unless it is on a slide itself.
    """
    if cell.cell_type == "markdown":
        shown = cell.metadata.slideshow.get("paragraphs", [0])
        cell.source, said = parted(cell.source, shown)
        return said
    cell.metadata.caption = caption(after.source)
    cell.outputs = [shortened(output) for output in cell.outputs]
    show = cell.metadata.slideshow.get("show")
    if show or only_output(cell):
        cell.metadata.transient = {"remove_source": True}
        kept = [o for o in cell.outputs if is_table(o) == (show == "table")]
        cell.outputs = kept or cell.outputs
    if show == "picture":
        cell.outputs = [o for o in cell.outputs if "image/png" in o.get("data", {})]
    return "" if "slideshow" in after.metadata else after.source


def chosen(book: NotebookNode) -> NotebookNode:
    """The cells that are on slides, cut to what stands there, each with its notes.

    A slide that begins without a heading gets its section's.
    """
    cells, heading = [], ""
    for n, cell in enumerate(deepcopy(book.cells)):
        own = headings(cell)
        slideshow = cell.metadata.get("slideshow")
        if slideshow and slideshow.slide_type == "slide" and not own:
            cells.append(prose(f"## {heading.lstrip('# ')}", "slide"))
            slideshow.slide_type = "-"
        heading = (own or [heading])[-1]
        if slideshow and question(cell):
            cells.append(prose(question(cell), slideshow.slide_type))
        elif slideshow:
            said = cut(cell, explanation(book, n))
            cells += [cell, prose(said, "notes")] if said else [cell]
    return v4.new_notebook(cells=cells, metadata=book.metadata)


def enlivened(book: NotebookNode) -> NotebookNode:
    """The notebook with those explorers alive that are on slides.

    They are run with what they need: imports, settings, and what is tagged so.
    """
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    wanted = [c for c in code if "explorer" in tags(c) and "slideshow" in c.metadata]
    if not wanted:
        return book
    needed = [*code[:3], *(c for c in code if "explorer-needs" in tags(c)), *wanted]
    run = v4.new_notebook(cells=[c for c in code if c in needed])
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "SEQ2SEQ_LESSON_TEST": "page"}
        result = execute(run, Path(folder), env=environment)
    assert result == "ok", result
    return book


def write_deck(book: NotebookNode, path: Path) -> None:
    """Write the notebook's slides as one HTML file that needs nothing else.

    Raises
        ValueError: the notebook's outputs are not stored.
    """
    if not any(cell.get("outputs") for cell in book.cells):
        raise ValueError(f"{path.stem} holds no outputs: run `make notebooks` first")
    exporter = SlidesExporter(
        template_name="deck",
        extra_template_basedirs=[str(HERE)],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    exporter.register_filter("markdown2html", markdown_to_html)
    slides, _ = exporter.from_notebook_node(chosen(enlivened(book)))
    reveal_style, script = reveal()
    colours = HtmlFormatter(style="default").get_style_defs(".highlight")
    own = (HERE / "deck" / "deck.css").read_text("utf-8")
    deck = DECK.format(
        title=escape(title_of(book)),
        style="\n".join([reveal_style, colours, own]),
        slides=player_once(slides),
        script=script,
    )
    path.write_text(deck, encoding="utf-8")


def write_decks(paths: list[Path], folder: Path) -> None:
    """Write the notebooks' decks into a fresh folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in paths:
        write_deck(nbformat.read(path, as_version=4), folder / f"{path.stem}.html")
        print(f"  {folder / path.stem}.html")


if __name__ == "__main__":
    write_decks([Path(path) for path in sys.argv[1:]], ROOT / "build" / "slides")
