"""Turn an executed notebook into one readable page that needs nothing from elsewhere.

nbconvert writes the body; formulas become MathML, and the style stands in the page.
"""

import base64
import re
import struct
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from html import escape, unescape
from pathlib import Path
from urllib.parse import urlencode

from latex2mathml.converter import convert
from nbconvert import HTMLExporter
from nbconvert.filters import strip_ansi
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from pygments.formatters import HtmlFormatter

from seq2seq_lesson.explorers.page import player
from tools.address import ref, slug, version
from tools.predictions import ask

HERE = Path(__file__).parent / "site"


def colours(style: str) -> str:
    """The rules for code's colours, on the page's own background."""
    rules = HtmlFormatter(style=style).get_style_defs(".highlight")
    return rules + "\n.highlight { background: none; }"


STYLE = (
    (HERE / "style.css").read_text("utf-8")
    + colours("xcode")
    + "\n@media (prefers-color-scheme: dark) {\n"
    + colours("github-dark")
    + "}"
)
HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
"""
PAGE = (
    HEAD
    + """\
<a class="skip" href="#text">Skip to the text</a>
<header>
<a href="index.html"><b>Seq2seq, dissected</b></a>
<nav aria-label="Site"><a href="index.html#notebooks">Notebooks</a>
<a href="look-up.html">Look up</a> <a href="claims.html">Claims</a></nav>
<form action="search.html" role="search">
<label>Search <input type="search" name="q"></label></form>
</header>
<div class="page">
{contents}<main id="text">
{body}
</main>
</div>
<footer><p>Version {version}. <a href="https://github.com/{slug}">The repository</a>.
<a href="licence.html">Licence</a>: code MIT, prose and figures CC BY 4.0.</p></footer>
<script>{script}</script>
</body>
</html>
"""
)


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

    def heading(self, text: str, level: int, **attrs: dict) -> str:
        """A heading that can be linked to, by its words."""
        words = re.findall(r"\w+", unescape(re.sub(r"<[^>]+>", "", text)).lower())
        return f'<h{level} id="{"-".join(words)}">{text}</h{level}>\n'

    deeper = False

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """Notebooks are linked by their pages, code where the repository lives."""
        if url.endswith(".ipynb") and ":" not in url:
            up = self.deeper and not url.startswith("../")
            url = flat_name(Path("deeper" if up else "", url)) + ".html"
        elif url.startswith("../"):
            url = f"https://github.com/{slug()}/blob/{ref(version())}/{url[3:]}"
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


def body_of(book: NotebookNode, deeper: bool = False) -> str:
    """A notebook's cells as HTML; wide tables and pictures each in its own box."""
    exporter = HTMLExporter(template_name="basic", raw_template=TEMPLATE)
    to_html = partial(markdown_to_html, deeper=deeper)
    exporter.register_filter("markdown2html", to_html)
    # a traceback's own colours are for a terminal: on one of our themes they fade
    exporter.register_filter("ansi2html", lambda text: escape(strip_ansi(text)))
    folded = fold_solutions(book)
    describe_pictures(folded)
    fold_meanings(folded)
    ask(folded)
    body, _ = exporter.from_notebook_node(folded)
    return re.sub(
        r'src="data:image/png;base64,([^"]{32})', sized, player_once(boxed(body))
    )


def boxed(html: str) -> str:
    """Put each table of Markdown into a box that scrolls."""
    table = r"<table>\n<thead>.*?</table>"
    return re.sub(table, r'<div class="wide">\g<0></div>', html, flags=re.S)


def sized(picture: re.Match[str]) -> str:
    """A picture with its size, so that a phone shows no less than 3/4 of its width.

    What is wider than a page was drawn for finer screens, to fill a page's width.
    """
    width, height = struct.unpack(">II", base64.b64decode(picture[1])[16:24])
    least = f'style="min-width: {0.75 * min(width, 864):.0f}px"'
    return f'width="{width}" height="{height}" {least} {picture[0]}'


@dataclass(frozen=True)
class Section:
    """A heading of a page, and where it is."""

    level: int
    place: str
    html: str

    @property
    def text(self) -> str:
        return unescape(re.sub(r"<annotation.*?</annotation>|<[^>]+>", "", self.html))


def sectioned(body: str, page: str) -> tuple[str, list[Section]]:
    """The page with a "doubt this?" at each heading, and its headings.

    No heading is more than one level below the one before it.
    """
    found: list[Section] = []

    def head(match: re.Match[str]) -> str:
        level = min(int(match[1]), (found[-1].level if found else 1) + 1)
        text = re.sub(r"</?a\b[^>]*>", "", match[3])
        same = sum(s.place.partition(".")[0] == match[2] for s in found)
        section = Section(level, match[2] + (f".{same}" if same else ""), text)
        found.append(section)
        heading = f'<h{level} id="{section.place}">{match[3]}</h{level}>'
        doubt = doubt_link(page, section) if level > 1 else ""
        return f'<div class="head">{heading}{doubt}</div>'

    return re.sub(r'<h([1-6]) id="([^"]*)">(.*?)</h\1>', head, body, flags=re.S), found


def doubt_link(page: str, section: Section) -> str:
    """A link that opens an issue in which page, section and version stand already."""
    text = (
        f"Page: {page}, section: {section.text}\nVersion: {version()}\n\n"
        "The sentence, number or picture that I doubt:\n\n\n"
        "Why, and what I ran or read instead:\n\n"
    )
    query = urlencode({"title": f"{section.text} ({page})", "body": text})
    address = escape(f"https://github.com/{slug()}/issues/new?{query}")
    said = escape(f"doubt this? An issue about: {section.text}")
    return f'<a class="doubt" href="{address}" aria-label="{said}">doubt this?</a>'


def contents_of(sections: list[Section]) -> str:
    """The page's contents: a fold on a phone, a column beside the text elsewhere."""
    rows = "\n".join(
        f'<li class="level-{s.level}"><a href="#{s.place}">{s.html}</a></li>'
        for s in sections
        if s.level in (2, 3)
    )
    if not rows:
        return ""
    return (
        f'<nav class="contents" aria-label="Contents"><ol>{rows}</ol></nav>\n'
        '<nav class="contents fold" aria-label="Contents, folded">'
        f"<details><summary>Contents</summary><ol>{rows}</ol></details></nav>\n"
    )


def write_html(title: str, body: str, path: Path) -> list[Section]:
    """Write a page around its body, in the site's dress; return its headings."""
    body, sections = sectioned(body, path.stem)
    page = PAGE.format(
        title=escape(title),
        style=STYLE,
        script=(HERE / "page.js").read_text("utf-8"),
        contents=contents_of(sections),
        body=body,
        version=version(),
        slug=slug(),
    )
    path.write_text(page, encoding="utf-8")
    return sections


def write_page(book: NotebookNode, path: Path, beside: str = "") -> list[Section]:
    """Write the notebook as one HTML file, links to its neighbours at both ends."""
    body = body_of(book, path.stem.startswith("deeper-"))
    return write_html(title_of(book), f"{beside}\n{body}\n{beside}", path)
