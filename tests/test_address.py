"""Every badge and install line points at the one address, and a fork can move them."""

import re

import nbformat
import pytest
from address import ROOT, files, readdress, slug
from test_notebooks import NAMES


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_every_address_is_the_projects(path):
    text = path.read_text("utf-8")
    assert readdress(text, slug()) == text


@pytest.mark.parametrize("name", NAMES)
def test_each_notebook_has_its_badge_on_top_and_in_readme(name):
    badge = (
        "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
        f"(https://colab.research.google.com/github/{slug()}/blob/main/notebooks/"
        f"{name}.ipynb)"
    )
    book = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    assert badge in book.cells[0].source.splitlines()[:3]
    assert badge in (ROOT / "README.md").read_text("utf-8")


def test_a_fork_moves_every_address():
    for path in files():
        text = path.read_text("utf-8")
        moved = readdress(text, "someone/their-copy")
        assert slug() not in moved, path
        assert readdress(moved, slug()) == text


def test_links_to_other_projects_stay():
    text = "see https://github.com/pytorch/tutorials/issues/1098"
    assert readdress(text, "someone/their-copy") == text


def test_binder_opens_the_first_notebook():
    readme = (ROOT / "README.md").read_text("utf-8")
    link = re.search(r"https://mybinder\.org/v2/gh/\S+?(?=\))", readme)[0]
    assert link.endswith("/HEAD?labpath=notebooks%2F01_data_loading.ipynb")
