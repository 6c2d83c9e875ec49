"""Write one self-contained reveal.js deck a notebook to build/slides, or a plan's.

A cell is on a slide if its metadata holds `slideshow.slide_type`: "slide" begins one,
"-" goes on with it, "fragment" waits for a key. Of prose the slide shows the heading
and the first sentences, forty words at most, of the first paragraph or of those in
`slideshow.paragraphs`, or else what `slideshow.says`, which a code cell that begins a
slide may have, too; the rest is for the speaker's notes (key S). A picture or a
prediction stands without its code; so does any output with `slideshow.show` "output",
and with "picture", "table" or "text" that alone. What a prediction's answer measured
waits for a key of its own. Printed, a slide has a page, and a question one before it.
"""

import argparse
import base64
import os
import re
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
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
from tools.classroom.slides_plan import (
    FIGURE,
    PLANS,
    PLAY,
    SLIDES,
    VOTE,
    WORDS,
    plan,
    wrong_answers,
)
from tools.exercise_cells import tags
from tools.notebooks import execute, jobs, normalise
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
MOST = 40  # words of prose
DRAWN = ROOT / "build" / "drawn"  # executed copies: figures as SVG, explorers alive
PAGE = {"SEQ2SEQ_LESSON_TEST": "page", "SEQ2SEQ_LESSON_CORPUS": "bundled"}
Slide = list[NotebookNode]
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
<script>{script}</script>
<script>
if (/print-pdf/.test(location.search))  // on paper a question stands before its answer,
  for (const part of document.querySelectorAll(".fragment"))  // and all else together
    if (part.closest("section").querySelector(".celltag_asked"))
      part.dataset.fragmentIndex = 0;
    else part.replaceWith(...part.childNodes);
Reveal.initialize({{ width: 1280, height: 720, margin: 0, center: false,
  display: "flex", transition: "none", navigationMode: "linear", hash: true,
  slideNumber: "c/t", defaultTiming: 0,
  pdfMaxPagesPerSlide: 1, plugins: [RevealNotes] }});
document.addEventListener("pointerup", ({{ target }}) => {{  // else it keeps the keys
  if (target.type === "range") target.blur();
}});
Reveal.on("pdf-ready", () => {{  // on paper all explorers are in sight
  document.querySelectorAll("living-explorer").forEach(explorer => explorer.start());
}});
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
    Sentences are shown as long as they come to forty words; formulas are no words.
    """
    there, said, n, room = [], [], 0, MOST
    for part in re.split(r"\n\n+", text.strip()):
        if part.startswith("#"):
            there.append(re.sub(r"^(#+) \d+\. ", r"\1 ", part))
        elif not re.match(r"\[!\[|\*?On Colab", part):  # a badge and its advice
            formula = part.startswith("$$")
            sentences = re.split(r"(?<!\d\.)(?<=[.?!])\s+|\n(?=- |\d\. )", part)
            kept = 0 if n not in shown else len(sentences) if formula else None
            if kept is None:
                kept = fitting(sentences, room)
                room -= sum(len(one.split()) for one in sentences[:kept])
            glue = "\n" if re.match(r"- |\d\. ", part) else " "
            there.append(glue.join(sentences[:kept]))
            said.append(glue.join(sentences[kept:]))
            n += 1
    there = [part for part in there if part]
    while len(there) > 1 and there[-1].startswith("#"):
        there.pop()
    return "\n\n".join(there), "\n\n".join(part for part in said if part)


def fitting(sentences: list[str], room: int) -> int:
    """How many of the sentences come to no more words than there is room."""
    lengths = [len(sentence.split()) for sentence in sentences]
    return sum(sum(lengths[: n + 1]) <= room for n in range(len(lengths)))


def only_output(cell: NotebookNode) -> bool:
    """Whether the slide leaves out the code: a picture's, or code too long for it."""
    return draws(cell) or len(cell.source.splitlines()) > LONGEST


def question(cell: NotebookNode) -> list[str]:
    """A prediction's question and its choices; empty if the cell asks nothing."""
    if "prediction" not in tags(cell):
        return []
    (shown,) = [o.data["text/plain"] for o in cell.outputs if "data" in o]
    return [line.strip().removeprefix("( ) ") for line in shown.splitlines()]


def asking(asked: list[str], found: str = "") -> str:
    """A question with its choices as prose; what was found is to be marked."""
    text, *choices = map(escape, asked)
    mark = f'<span class="found">{escape(found)}</span>'
    items = [mark if choice == escape(found) else choice for choice in choices]
    return "\n".join([f"**{text}**\n", *(f"1. {item}" for item in items)])


def measured(cell: NotebookNode) -> str:
    """Take what was measured out of an answer's outputs, and return it."""
    line, found = r"(?m)^Measured: (.*)\.\n?", ""
    for output in cell.get("outputs", []):
        if output.output_type == "stream" and (told := re.search(line, output.text)):
            found, output.text = told[1], re.sub(line, "", output.text)
    if cell.cell_type == "code":
        cell.outputs = [o for o in cell.outputs if o.get("text") != ""]
    return found


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


def prose(source: str, slide_type: str, *names: str) -> NotebookNode:
    metadata = {"slideshow": {"slide_type": slide_type}, "tags": [*names]}
    return v4.new_markdown_cell(source, metadata=metadata)


def cut(cell: NotebookNode, after: NotebookNode) -> str:
    """Cut a cell to what stands on its slide; return what is said with it.

    `after` explains the cell, and is said unless it is on a slide itself.
    """
    slideshow = cell.metadata.slideshow
    if cell.cell_type == "markdown":
        shown = [] if "says" in slideshow else slideshow.get("paragraphs", [0])
        cell.source, said = parted(cell.source, shown)
        if says := slideshow.get("says"):
            cell.source = f"{cell.source}\n\n{says}".strip()
        return "" if cell.source.startswith("# ") else said  # a title speaks for itself
    cell.metadata.caption = caption(after.source)
    cell.outputs = [shortened(output) for output in cell.outputs]
    show = slideshow.get("show")
    if show or only_output(cell):
        cell.metadata.transient = {"remove_source": True}
        kept = [o for o in cell.outputs if is_table(o) == (show == "table")]
        cell.outputs = kept or cell.outputs
    if show == "text":
        cell.outputs = [o for o in cell.outputs if o.output_type == "stream"]
    if show == "picture":
        cell.outputs = [o for o in cell.outputs if "image/png" in o.get("data", {})]
    return "" if "slideshow" in after.metadata else after.source


def chosen(book: NotebookNode) -> NotebookNode:
    """The cells that are on slides, cut to what stands there, each with its notes.

    A slide that begins without a heading gets its section's.
    """
    cells, heading, asked, told, wrong = (
        [],
        "",
        prose("", "-"),
        prose("", "-"),
        wrong_answers(),
    )
    for n, cell in enumerate(deepcopy(book.cells)):
        own = headings(cell)
        slideshow = cell.metadata.get("slideshow")
        if slideshow and slideshow.slide_type == "slide" and not own:
            text = re.sub(r"^#+ (\d+\. )?", "", heading)
            says = slideshow.get("says", "") if cell.cell_type == "code" else ""
            cells.append(prose(f"## {text}\n\n{says}".strip(), "slide"))
            slideshow.slide_type = "-"
        heading = (own or [heading])[-1]
        if slideshow and (lines := question(cell)):
            asked = prose(asking(lines), slideshow.slide_type, "asked")
            asked.metadata.lines = lines
            told = prose(wrong.get(lines[0], ""), "notes", "wrong")
            cells += [asked, *([told] if told.source else [])]
        elif slideshow:
            found = measured(cell)
            said = cut(cell, explanation(book, n))
            cells += [cell, prose(opened(said), "notes")] if said else [cell]
            if found:
                asked.source = asking(asked.metadata.lines, found)
                letter = "ABCDEF"[asked.metadata.lines.index(found) - 1]
                text = f"Measured: **{letter}, {found}**"
                why = prose(told.source, "notes", "wrong")
                cells += [prose(text, "fragment", "measured"), why]
    return v4.new_notebook(cells=cells, metadata=book.metadata)


def opened(said: str) -> str:
    """The speaker's notes, in which nothing is folded away."""
    return re.sub(r"</?details>|<summary>.*?</summary>", "", said).strip()


def slides_of(book: NotebookNode) -> list[Slide]:
    """The notebook's slides; each knows its notebook's title and how long it takes."""
    found: list[Slide] = []
    for cell in chosen(book).cells:
        if cell.metadata.slideshow.slide_type == "slide":
            found.append([])
        found[-1].append(cell)
    for slide in found:
        data = {"foot": title_of(book), "timing": round(seconds(slide))}
        slide[0].metadata.slideshow.data = NotebookNode(data)
    return found


def seconds(slide: Slide) -> float:
    """How long a slide is shown: its words and its notes', what it shows, its vote."""
    text = "\n\n".join(
        cell.source
        for cell in slide
        if cell.cell_type == "markdown" and not tags(cell)
        # what a slide says in its own words is told by its notes
        if "says" not in cell.metadata.slideshow or cell.source.startswith("# ")
    )
    unsaid = r"\$\$.*?\$\$|\*Figures?: .*?\*(?=\n\n|$)|^\|.*$|<[^>]*>"
    words = len(re.sub(unsaid, "", text, flags=re.S | re.M).split())
    seen = sum(cell.cell_type == "code" for cell in slide)
    votes = sum("asked" in tags(cell) for cell in slide)
    played = sum("explorer" in tags(cell) for cell in slide)
    return 60 * words / WORDS + FIGURE * seen + VOTE * votes + PLAY * played


def timed(slides: list[Slide]) -> list[Slide]:
    """The slides with their minutes, and those gone by their end, in the notes."""
    result, gone = [], 0.0
    takes = [slide[0].metadata.slideshow.data.timing / 60 for slide in slides]
    for slide, minutes in zip(slides, takes, strict=True):
        gone += minutes
        clock = f"{minutes:.1f} minutes; at its end {gone:.0f} of {sum(takes):.0f}"
        result.append([slide[0], prose(clock, "notes", "clock"), *slide[1:]])
    return result


def parts_of(name: str, decks: dict[str, list[Slide]]) -> Iterator[Slide]:
    """A plan's slides in its order, each part's and one that tells what else it is."""
    for part in plan(name):
        for deck, number in part.slides:
            yield deepcopy(decks[deck][number - 1])
        if minutes := part.measured(lambda deck, number: 0):
            how = re.sub(SLIDES + "(; )?", "", part.how)
            told = prose(f"# {part.what}\n\n{how}", "slide")
            data = {"foot": part.what, "timing": round(60 * minutes)}
            told.metadata.slideshow.data = NotebookNode(data)
            yield [told]


def drawn(paths: list[Path]) -> dict[str, NotebookNode]:
    """The notebooks by their numbers, executed: figures as SVG, explorers alive.

    The copies are kept; who is younger than its notebook and the package stays.
    """
    package = (ROOT / "seq2seq_lesson").rglob("*.*")
    youngest = max(
        p.stat().st_mtime for p in package if p.suffix in (".py", ".csv", ".pt")
    )

    def draw(path: Path) -> tuple[str, NotebookNode]:
        copy = DRAWN / path.name
        since = max(youngest, path.stat().st_mtime)
        if not (copy.exists() and copy.stat().st_mtime > since):
            book = nbformat.read(path, as_version=4)
            formats = [
                f"--InlineBackend.figure_formats={kind}" for kind in ("svg", "png")
            ]
            environment = {**os.environ, **PAGE}
            with tempfile.TemporaryDirectory() as folder:
                result = execute(book, Path(folder), formats, env=environment)
            if result != "ok":
                raise RuntimeError(f"{path.name} {result}")
            normalise(book)
            DRAWN.mkdir(parents=True, exist_ok=True)
            nbformat.write(book, copy)
            print(f"  {path.stem} is drawn", flush=True)
        return path.stem[:2], nbformat.read(copy, as_version=4)

    with ThreadPoolExecutor(jobs()) as pool:
        return dict(pool.map(draw, paths))


def write_deck(title: str, slides: list[Slide], path: Path) -> None:
    """Write slides as one HTML file that needs nothing else."""
    exporter = SlidesExporter(
        template_name="deck",
        extra_template_basedirs=[str(HERE)],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    exporter.register_filter("markdown2html", markdown_to_html)
    exporter.register_filter("base64", lambda s: base64.b64encode(s.encode()).decode())
    cells = [cell for slide in timed(slides) for cell in slide]
    html, _ = exporter.from_notebook_node(v4.new_notebook(cells=cells))
    reveal_style, script = reveal()
    colours = HtmlFormatter(style="default").get_style_defs(".highlight")
    own = (HERE / "deck" / "deck.css").read_text("utf-8")
    deck = DECK.format(
        title=escape(title),
        style="\n".join([reveal_style, colours, own]),
        slides=player_once(html),
        script=script,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(deck, encoding="utf-8")
    minutes = sum(slide[0].metadata.slideshow.data.timing for slide in slides) / 60
    print(f"  {path}: {len(slides)} slides, {minutes:.0f} minutes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", help="one deck, of a plan in notebooks/TEACHING.md")
    parser.add_argument("notebooks", nargs="+", type=Path)
    arguments = parser.parse_args()
    folder, paths, name = ROOT / "build" / "slides", arguments.notebooks, arguments.plan
    if name:
        wanted = {deck for part in plan(name) for deck, _ in part.slides}
        paths = [path for path in paths if path.stem[:2] in wanted]
    books = drawn(paths)
    decks = {number: slides_of(book) for number, book in books.items()}
    if name:
        write_deck(PLANS[name], [*parts_of(name, decks)], folder / f"{name}.html")
        return
    for path in paths:
        number = path.stem[:2]
        write_deck(title_of(books[number]), decks[number], folder / f"{path.stem}.html")


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(str(error))
