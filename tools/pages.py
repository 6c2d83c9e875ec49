"""Turn an executed notebook into one readable page that needs nothing from elsewhere.

nbconvert writes the body; formulas become MathML, and the style stands in the page.
"""

import re
from copy import deepcopy
from functools import partial
from html import escape, unescape
from pathlib import Path

from latex2mathml.converter import convert
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from pygments.formatters import HtmlFormatter

from seq2seq_lesson.explorers.page import player

STYLE = (
    """
:root { color-scheme: light dark; --soft: #8882; --line: #8886; --link: #0b62a3; }
@media (prefers-color-scheme: dark) {
  :root { --link: #7cc0ff; } img { background: #fff; border-radius: 4px; } }
body { font: 17px/1.6 system-ui, sans-serif; max-width: 54rem; margin: 2rem auto;
  padding: 0 1rem; }
a { color: var(--link); } a.anchor-link { display: none; }
h1 { line-height: 1.2; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
pre, code { font: 14px/1.45 ui-monospace, Menlo, Consolas, monospace; }
p code, li code, td code, h1 code, h2 code, h3 code {
  background: var(--soft); padding: .1em .3em; border-radius: 3px; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.input_area, .text_cell_render pre { background: var(--soft); padding: .7rem .9rem;
  border-left: 3px solid var(--line); border-radius: 4px; margin-top: 1.2rem; }
.prompt { display: none; }
.output_subarea { padding: .4rem .9rem; overflow-x: auto; }
.output_stderr { opacity: .7; }
img { max-width: 100%; height: auto; }
details.answer, details.plumbing { margin: .6rem 0; } summary { cursor: pointer; }
table { border-collapse: collapse; margin: .6rem 0; }
.output_subarea table { font-size: .8rem; }
th, td { border-bottom: 1px solid var(--line); padding: .2rem .7rem; text-align: left; }
math[display="block"] { margin: 1rem 0; }
.ansi-red-fg, .ansi-red-intense-fg { color: #d33; } .ansi-bold { font-weight: bold; }
.ansi-green-fg, .ansi-green-intense-fg { color: #2a7f3f; }
.ansi-cyan-fg { color: #0a7d8c; } .ansi-blue-fg { color: #3869d3; }
"""
    + HtmlFormatter(style="default").get_style_defs(".highlight")
    + "\n.highlight { background: none; }\n@media (prefers-color-scheme: dark) {\n"
    + HtmlFormatter(style="github-dark").get_style_defs(".highlight")
    + "\n.highlight { background: none; } }"
)

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


# Code that nobody need read, and an output that answers a question, wait for a click;
# a guess is asked where one was.
TEMPLATE = """{%- extends "basic/index.html.j2" -%}
{% block input_group %}
{%- set tags = cell.metadata.get("tags", []) -%}
{%- if "setup" in tags or "prediction" in tags %}<details class="plumbing">
<summary>{{ "Set-up, to be run and not read" if "setup" in tags
  else "The question's code" }}</summary>
{{ super() }}</details>
{% else %}{{ super() }}{% endif %}
{% endblock input_group %}
{% block output_group %}
{%- if "answer" in cell.metadata.get("tags", []) %}<details class="answer">
<summary>What comes out
{%- if ".answer(" in cell.source %}: guess first{% endif %}</summary>
{{ super() }}
{{ cell.metadata.get("meaning", "") | markdown2html }}</details>
{% else %}{{ super() }}{% endif %}
{% endblock output_group %}
"""

# A fold of Markdown; behind an answer it says what the answer means.
FOLD = r"<details><summary>.*?</summary>\s*(.*?)\s*</details>"


class MathMLRenderer(IPythonRenderer):
    """Markdown to HTML that needs nothing from elsewhere; formulas become MathML."""

    def block_math(self, body: str) -> str:
        return convert(body, display="block")

    def inline_math(self, body: str) -> str:
        return convert(body)

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """A picture that lies elsewhere, such as a badge, becomes its text."""
        return text if url.startswith("http") else super().image(text, url, title)

    deeper = False

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """A link to another notebook leads to its page."""
        if url.endswith(".ipynb") and ":" not in url:
            up = self.deeper and not url.startswith("../")
            url = flat_name(Path("deeper" if up else "", url)) + ".html"
        return super().link(text, url, title)


def flat_name(path: Path) -> str:
    """A notebook's name where all lie in one folder, such as deeper-01_data_loading."""
    return f"deeper-{path.stem}" if path.parent.name == "deeper" else path.stem


def markdown_to_html(source: str, deeper: bool = False) -> str:
    """The Markdown filter of a page; `deeper`: it lies in the deeper folder."""
    renderer = MathMLRenderer(escape=False)
    renderer.deeper = deeper
    return MarkdownWithMath(renderer=renderer).render(source)


def title_of(book: NotebookNode) -> str:
    """The text of a notebook's first heading."""
    lines = "\n".join(c.source for c in book.cells if c.cell_type == "markdown")
    return next(line for line in lines.splitlines() if line.startswith("# "))[2:]


def fold_solutions(book: NotebookNode) -> NotebookNode:
    """A copy in which each exercise's solution is text that a click unfolds."""
    folded = deepcopy(book)
    for place, cell in enumerate(folded.cells):
        if "solution" in cell.metadata.get("tags", []):
            title, _, code = cell.source.partition("\n")
            summary = f"<summary>{title.removeprefix('# @title ')}</summary>"
            text = f"<details>{summary}\n\n```python\n{code}\n```\n\n</details>"
            folded.cells[place] = new_markdown_cell(text)
    return folded


def headings(cell: NotebookNode) -> list[str]:
    """The lines of a Markdown cell that are headings."""
    found = re.findall(r"^#{1,3} .*", cell.source, re.M)
    return found if cell.cell_type == "markdown" else []


def draws(cell: NotebookNode) -> bool:
    """Whether a picture came out of the cell."""
    return any("image/png" in out.get("data", {}) for out in cell.get("outputs", ()))


def explanation(book: NotebookNode, n: int) -> NotebookNode:
    """What the notebook says right after its cell `n`; empty if a section begins.

    Several pictures in a row are explained together, behind the last.
    """
    rest = book.cells[n + 1 :]
    while rest and draws(book.cells[n]) and draws(rest[0]):
        rest = rest[1:]
    prose_only = rest and rest[0].cell_type == "markdown" and not headings(rest[0])
    return rest[0] if prose_only else new_markdown_cell()


def caption(text: str) -> str:
    """A figure's caption, if a paragraph of the text is one, in plain words."""
    found = re.search(r"(?:^|\n\n)\*Figures?: (.*?)\*?(?:\n\n|$)", text, re.S)
    return " ".join(unescape(found[1]).replace("`", "").split()) if found else ""


def describe_pictures(book: NotebookNode) -> None:
    """Give each picture its caption as the text for those who do not see it."""
    for n, cell in enumerate(book.cells):
        if draws(cell) and (told := caption(explanation(book, n).source)):
            cell.metadata.alt = told


def fold_meanings(book: NotebookNode) -> None:
    """Put what an answer means into the fold of its output."""
    for n, cell in enumerate(book.cells):
        if "answer" in cell.metadata.get("tags", []):
            after = explanation(book, n)
            if found := re.fullmatch(FOLD, after.source.strip(), re.S):
                cell.metadata.meaning, after.source = found[1], ""
    book.cells = [c for c in book.cells if c.source or c.cell_type == "code"]


def player_once(html: str) -> str:
    """The page with the player of its explorers once, in front of the first."""
    first, *rest = html.split(player())
    return "".join([player() * bool(rest), first, *rest])


def write_page(book: NotebookNode, path: Path) -> None:
    """Write the notebook as one HTML file."""
    exporter = HTMLExporter(template_name="basic", raw_template=TEMPLATE)
    to_html = partial(markdown_to_html, deeper=path.stem.startswith("deeper-"))
    exporter.register_filter("markdown2html", to_html)
    folded = fold_solutions(book)
    describe_pictures(folded)
    fold_meanings(folded)
    body, _ = exporter.from_notebook_node(folded)
    body = player_once(body)
    body = '<p><a href="index.html">All notebooks</a></p>\n' + body
    page = PAGE.format(title=escape(title_of(book)), style=STYLE, body=body)
    path.write_text(page, encoding="utf-8")


def write_index(
    rows: list[tuple[str, str, str, str]], titles: list[str], path: Path
) -> None:
    """Write the page that links all others; a row is (name, seconds, cells, result).

    The deeper ones stand in a table of their own, below.
    """
    head = (
        "<tr><th>notebook</th><th>seconds</th><th>code cells</th><th>result</th></tr>"
    )
    tables: dict[bool, list[str]] = {False: [head], True: [head]}
    for title, (name, seconds, cells, result) in zip(titles, rows, strict=True):
        tables[name.startswith("deeper-")].append(
            f'<tr><td><a href="{name}.html">{escape(title)}</a></td><td>{seconds}</td>'
            f"<td>{cells}</td><td>{escape(result)}</td></tr>"
        )
    main, deeper = ("\n".join(table) for table in tables.values())
    body = (
        "<h1>Seq2seq, dissected</h1>\n<p>A recurrent sequence-to-sequence network with "
        "attention, taken apart line by line until nothing in it is magic.</p>\n"
        f"<table>\n{main}\n</table>"
    )
    if len(tables[True]) > 1:
        body += "\n<h2>Deeper</h2>\n<p>Sections that can each be read alone.</p>\n"
        body += f"<table>\n{deeper}\n</table>"
    page = PAGE.format(title="Seq2seq, dissected", style=STYLE, body=body)
    path.write_text(page, encoding="utf-8")
