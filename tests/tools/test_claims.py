"""Every "because" has a cell that shows it, and the list of them is the notebooks'."""

import nbformat
import pytest
from nbformat import v4

from tools import claims

CLAIM = {"says": "It | is.", "changed": "the start", "seeds": 3, "baseline": "guess"}


def because(*names):
    return v4.new_markdown_cell("# So\n\nwhy.", metadata={"tags": [*names]})


def shows(*names, **claim):
    metadata = {"tags": [*names]} | ({"claim": claim} if claim else {})
    return v4.new_code_cell("1", metadata=metadata)


def found(*cells):
    return claims.claims(v4.new_notebook(cells=[*cells]))


@pytest.mark.parametrize("path", claims.notebooks(), ids=lambda path: path.stem)
def test_each_because_of_a_notebook_is_shown(path):
    claims.claims(nbformat.read(path, as_version=4))


def test_no_two_notebooks_give_a_claim_the_same_name():
    books = [nbformat.read(path, as_version=4) for path in claims.notebooks()]
    names = [name for book in books for name in claims.claims(book)]
    assert len(names) == len(set(names))


def test_the_list_is_what_the_notebooks_claim():
    assert claims.FILE.read_text("utf-8") == claims.listing(claims.notebooks())


def test_a_pair_is_found():
    cells = because("because:a", "x"), shows("shows:a", **CLAIM), because("because:a")
    assert found(*cells) == {"a": CLAIM}


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([because("because:a")], "a: because or shows without the other"),
        ([shows("shows:a", **CLAIM)], "a: because or shows without the other"),
        ([because("because:a"), shows("shows:a")], "one cell shows one claim"),
        ([shows(**CLAIM)], "one cell shows one claim"),
        ([shows("shows:a", "shows:b", **CLAIM)], "one cell shows one claim"),
        ([shows("shows:a", **CLAIM | {"seeds": " "})], "its claim needs says, changed"),
        ([shows("shows:a", **CLAIM | {"why": "so"})], "its claim needs says, changed"),
        ([shows("shows:a", **CLAIM) for _ in "12"], "a: two cells show it"),
        ([shows("because:a")], "prose says because, code shows"),
        ([because("shows:a")], "prose says because, code shows"),
    ],
)
def test_half_a_claim_is_refused(cells, said):
    with pytest.raises(ValueError, match=said):
        found(*cells)


def test_a_notebook_with_claims_has_its_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(claims, "ROOT", tmp_path)
    path = tmp_path / "notebooks" / "deeper" / "01_x.ipynb"
    path.parent.mkdir(parents=True)
    cells = [because("because:a"), shows("shows:a", **CLAIM)]
    nbformat.write(v4.new_notebook(cells=cells), path)
    assert claims.notebooks() == [path]
    text = claims.listing([path])
    assert text.startswith(claims.HEAD)
    assert "## [So](deeper/01_x.ipynb)\n" in text
    assert text.endswith("| a | It \\| is. | the start | 3 | guess |\n")
