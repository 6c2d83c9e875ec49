"""Write notebooks/CLAIMS.md: every "because" of the notebooks, and what stands by it.

A Markdown cell that gives an empirical cause is tagged `because:NAME`, the code cell
that changes that cause alone `shows:NAME`, and the latter's metadata hold
`claim: {says, changed, seeds, baseline}`. `make claims` writes the list from these.
"""

from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.address import ROOT
from tools.exercise_cells import tags
from tools.pages import title_of

FILE = ROOT / "notebooks" / "CLAIMS.md"
PARTS = ("says", "changed", "seeds", "baseline")
HEAD = """\
# Every "because", and what stands by it

Written by `make claims` from the notebooks. Each line is a cause that a notebook names;
the cell tagged `shows:` with its name changes that cause alone and looks at the effect.
"""
COLUMNS = (
    "| name | what is claimed | what was changed | seeds | beside |\n" + "|---" * 5
)


def notebooks() -> list[Path]:
    """The main notebooks, then the deeper ones."""
    folder = ROOT / "notebooks"
    return sorted(folder.glob("*.ipynb")) + sorted(folder.glob("deeper/*.ipynb"))


def named(cell: NotebookNode, kind: str) -> list[str]:
    """The names in a cell's tags of a kind, `because` or `shows`."""
    start = f"{kind}:"
    return [tag.removeprefix(start) for tag in tags(cell) if tag.startswith(start)]


def claims(book: NotebookNode) -> dict[str, dict]:
    """What a notebook shows, by name, in order.

    Raises
        ValueError: a claim has no cell that shows it, or a cell that shows has no
            claim, says it with less than four parts, or shows what another one does.
    """
    found: dict[str, dict] = {}
    said = {name for cell in book.cells for name in named(cell, "because")}
    for cell in book.cells:
        names, claim = named(cell, "shows"), cell.metadata.get("claim")
        if wrong := named(cell, "because" if cell.cell_type == "code" else "shows"):
            raise ValueError(f"{wrong[0]}: prose says because, code shows")
        if len(names) > 1 or bool(names) != (claim is not None):
            raise ValueError(f"{names or claim}: one cell shows one claim")
        for name in names:
            empty = [part for part in PARTS if not str(claim.get(part, "")).strip()]
            if empty or set(claim) != set(PARTS):
                raise ValueError(f"{name}: its claim needs {', '.join(PARTS)}, no more")
            if name in found:
                raise ValueError(f"{name}: two cells show it")
            found[name] = dict(claim)
    if lonely := sorted(said ^ found.keys()):
        raise ValueError(f"{', '.join(lonely)}: because or shows without the other")
    return found


def listing(paths: list[Path]) -> str:
    """The text of CLAIMS.md."""
    parts = [HEAD]
    for path in paths:
        book = nbformat.read(path, as_version=4)
        if rows := [_row(name, claim) for name, claim in claims(book).items()]:
            place = path.relative_to(ROOT / "notebooks").as_posix()
            heading = f"## [{title_of(book)}]({place})\n"
            parts.append("\n".join([heading, COLUMNS + "|", *rows, ""]))
    return "\n".join(parts)


def _row(name: str, claim: dict) -> str:
    texts = [" ".join(str(claim[part]).split()) for part in PARTS]
    return "| " + " | ".join([name, *(t.replace("|", "\\|") for t in texts)]) + " |"


if __name__ == "__main__":
    FILE.write_text(listing(notebooks()), encoding="utf-8")
    print(f"  {FILE.relative_to(ROOT)}")
