"""Write the site: a page for each notebook, and those that lead to them.

All are made from executed notebooks, by `make run` and `make site` alike: the front
page, the look-up page, the claims, the search, the licence. The decks of the last
`make slides` come along.
"""

import re
import shutil
from collections.abc import Mapping
from html import escape
from pathlib import Path

from nbformat import NotebookNode, v4

from tools.address import ROOT, ref, slug, version
from tools.exercise_cells import tags
from tools.pages import (
    Section,
    body_of,
    boxed,
    markdown_to_html,
    title_of,
    write_html,
    write_page,
)
from tools.site.lookup import look_up, walk

HERE = Path(__file__).parent
Books = Mapping[str, NotebookNode]  # executed, by the name of the page, in order
LEAD = """\
<h1>Seq2seq, dissected</h1>
<p>A network that translates: it reads a sentence word by word and writes another,
looking back as it writes. Here it is taken apart, line by line, until nothing in it
is magic. Every shape in the code is checked as the line runs, and every reason that is
given stands beside an experiment that changes that cause alone.</p>
"""
STEPS = """\
<h2 id="touch">Touch it</h2>
<p>A small trained model writes English, step by step. At each step it weighs the French
words: that is <b>attention</b>.</p>
"""


def write_site(books: Books, folder: Path) -> None:
    """Write all pages into a fresh folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    sections: dict[str, list[Section]] = {}
    names = [*books]
    for n, name in enumerate(names):
        before, after = names[n - 1 : n] if n else [], names[n + 1 : n + 2]
        sections[name] = write_page(
            books[name], folder / f"{name}.html", _neighbours(books, before, after)
        )
    if decks := sorted((ROOT / "build" / "slides").glob("*.html")):
        shutil.copytree(ROOT / "build" / "slides", folder / "slides")
    write_html("Seq2seq, dissected", front(books, decks), folder / "index.html")
    write_html("Look up", look_up(books, sections), folder / "look-up.html")
    claimed = claims(books, sections)
    sections["claims"] = write_html("Claims", claimed, folder / "claims.html")
    teaching = markdown_to_html(_text("notebooks/TEACHING.md"))
    sections["teaching"] = write_html(
        "For teachers", boxed(teaching), folder / "teaching.html"
    )
    write_html("Search", search(sections, claimed), folder / "search.html")
    licence = f"<h1>Licence</h1>\n<pre>{escape(_text('LICENSE'))}</pre>"
    write_html("Licence", licence, folder / "licence.html")


def _text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def _neighbours(books: Books, before: list[str], after: list[str]) -> str:
    """Links to the pages before and after, which say where they lead."""
    both = (("Before", before), ("Next", after))
    links = [
        f'<a href="{name}.html">{word}: {escape(title_of(books[name]))}</a>'
        for word, names in both
        for name in names
    ]
    if not links:
        return ""
    return f'<div class="neighbours">{"".join(links)}</div>'


def explorer(book: NotebookNode) -> str:
    """A notebook's first explorer as its page shows it, without the code."""
    for cell in book.cells:
        if "explorer" in tags(cell):
            shown = v4.new_notebook(cells=[cell.copy()])
            shown.cells[0].metadata = {"transient": {"remove_source": True}}
            return body_of(shown)
    return ""


def minutes(book: NotebookNode) -> str:
    """How long a person sits over a notebook, in its own first cell's words."""
    first = book.cells[0].source
    if sections := re.findall(r"^\|.* (\d+) \|$", first, re.M):
        least, *_, most = sorted(map(int, sections))
        return f"{len(sections)} sections, {least} to {most} minutes each"
    said = re.search(r"about \d+ minutes|three sittings of at most an hour", first)
    return said[0] if said else ""


def promise(book: NotebookNode) -> str:
    """What a notebook says one can do after it, or leaves to its companion."""
    parts = re.split(r"\n\n+", book.cells[0].source)
    told = [part for part in parts if part.startswith("After this you can")]
    return markdown_to_html(told[0]) if told else ""


def row(name: str, book: NotebookNode) -> str:
    link = f'<a class="link" href="{name}.html">{escape(title_of(book))}</a>'
    return f'<li>{link} <span class="quiet">{minutes(book)}</span>{promise(book)}</li>'


def front(books: Books, decks: list[Path]) -> str:
    """The page that comes first."""
    first = "03_decoder_dissection"
    parts = [LEAD]
    if first in books and (alive := explorer(books[first])):
        more = f'<p><a href="{first}.html">How it does this: notebook 03</a></p>'
        parts += [STEPS, alive, more]
    deeper = {n: b for n, b in books.items() if n.startswith("deeper-")}
    main = {n: b for n, b in books.items() if n not in deeper}
    colab = f"https://colab.research.google.com/github/{slug()}/blob/{ref(version())}/"
    parts += [
        '<h2 id="notebooks">For learners: the notebooks, in order</h2>',
        "<p>You need some Python, and to have met a tensor once. The minutes are a "
        "newcomer's, exercises included. Read here; to run and change the cells, open "
        "a notebook on Colab by the link on its top, or begin with "
        f'<a href="{colab}notebooks/01_data_loading.ipynb">notebook 01 on Colab</a>. '
        '<a href="look-up.html">Words, shapes, masks and error messages</a> can be '
        "looked up.</p>",
        '<ol class="map">',
        *(row(name, book) for name, book in main.items()),
        "</ol>",
        '<h2 id="deeper">Deeper</h2>',
        "<p>What left the main path, in sections that can each be read alone.</p>",
        '<ol class="map">',
        *(row(name, book) for name, book in deeper.items()),
        "</ol>",
        '<h2 id="teachers">For teachers</h2>',
        '<p><a href="teaching.html">Teaching with these notebooks</a>: what each is '
        "for, timed plans, the predictions with the usual wrong answers, a room "
        'without a network. <a href="claims.html">Every "because", and what stands '
        "by it</a>. "
        f'<a href="https://github.com/{slug()}">The repository</a> makes students\' '
        "copies and decks, and grades.</p>",
    ]
    if decks:
        parts += ["<p>Decks, for the wall:</p>", "<ul>"]
        for path in decks:
            about = f"slides of {path.stem.replace('_', ' ')}"
            parts.append(f'<li><a href="slides/{path.name}">{about}</a></li>')
        parts.append("</ul>")
    return "\n".join(parts)


def claims(books: Books, sections: Mapping[str, list[Section]]) -> str:
    """The page of CLAIMS.md; a claim's name leads to the section that shows it."""
    shown = {
        tag.removeprefix("shows:"): place.address
        for place, cell, _ in walk(books, sections)
        for tag in tags(cell)
        if tag.startswith("shows:")
    }

    def named(match: re.Match[str]) -> str:
        name = match[1]
        link = f'<a href="{shown[name]}">{name}</a>' if name in shown else name
        return f'<tr id="claim-{name}"><th scope="row">{link}</th>'

    html = boxed(markdown_to_html(_text("notebooks/CLAIMS.md")))
    return re.sub(r"<tr>\s*<td>([\w-]+)</td>", named, html)


def search(sections: Mapping[str, list[Section]], claimed: str) -> str:
    """A list of all headings and claims, which a few lines of script shorten."""
    entries = [
        f'<li><a href="{page}.html#{section.place}">{section.html}</a> '
        f'<span class="quiet">{escape(of[0].text)}</span></li>'
        for page, of in sections.items()
        for section in of
    ]
    told = r'<tr id="(claim-[\w-]+)">\s*<th.*?</th>\s*<td>(.*?)</td>'
    for place, claim in re.findall(told, claimed, re.S):
        entries.append(
            f'<li><a href="claims.html#{place}">{claim}</a> '
            '<span class="quiet">claim</span></li>'
        )
    script = (HERE / "find.js").read_text("utf-8")
    return (
        "<h1>Search</h1>\n<p><label>In all headings and claims: "
        '<input type="search"></label> <span id="found" role="status"></span></p>\n'
        f'<ul id="entries">{"".join(entries)}</ul>\n<script>{script}</script>'
    )
