"""Badges and install lines point at one address and ref, and a fork can move them."""

import re

import nbformat
import pytest

from tests.test_notebooks import CAPSTONE, DEEPER, NAMES
from tools.address import FORMS, ROOT, files, readdress, ref, slug, version

HERE = {"slug": slug(), "ref": ref(version())}
COLAB, BINDER, INSTALL = FORMS[:3]


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_every_address_is_the_projects(path):
    text = path.read_text("utf-8")
    assert readdress(text, **HERE) == text


@pytest.mark.parametrize("name", [*NAMES, CAPSTONE.stem])
def test_each_notebook_has_its_badge_on_top_and_in_readme(name):
    badge = (
        "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
        f"(https://{COLAB.format(**HERE)}notebooks/{name}.ipynb)"
    )
    book = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    assert badge in book.cells[0].source.splitlines()[:3]
    assert badge in (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("path", DEEPER, ids=lambda path: path.stem)
def test_each_deeper_notebook_has_its_badge_on_top(path):
    badge = f"{COLAB.format(**HERE)}notebooks/deeper/{path.name})"
    book = nbformat.read(path, as_version=4)
    assert any(line.endswith(badge) for line in book.cells[0].source.splitlines()[:3])


def test_a_fork_moves_every_address_and_a_release_every_ref():
    for path in files():
        text = path.read_text("utf-8")
        moved = readdress(text, "someone/their-copy", "v9.8.7")
        assert slug() not in moved, path
        assert f"{HERE['ref']}/notebooks" not in moved, path
        assert readdress(moved, **HERE) == text


def test_links_to_other_projects_stay():
    text = "see https://github.com/pytorch/tutorials/issues/1098"
    assert readdress(text, "someone/their-copy", "v9.8.7") == text


def test_binder_opens_the_first_notebook():
    readme = (ROOT / "README.md").read_text("utf-8")
    link = re.search(r"https://mybinder\.org/v2/gh/\S+?(?=\))", readme)[0]
    assert link == f"https://{BINDER.format(**HERE)}notebooks%2F01_data_loading.ipynb"


@pytest.mark.parametrize(
    ("version", "expected"),
    [("0.2.0.dev0", "main"), ("0.2.0", "v0.2.0"), ("10.20.30", "v10.20.30")],
)
def test_a_release_is_read_at_its_tag_and_what_comes_next_at_main(version, expected):
    assert ref(version) == expected
