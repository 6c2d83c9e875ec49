"""The site as the stored notebooks give it, written once for the tests that read it."""

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import nbformat

from tools.claims import notebooks
from tools.pages import flat_name
from tools.site import write_site


@cache
def books():
    """The stored notebooks, by the names of their pages."""
    return {flat_name(p): nbformat.read(p, as_version=4) for p in notebooks()}


@cache
def stored():
    """A folder with the site."""
    folder = Path(mkdtemp(), "site")
    write_site(books(), folder)
    return folder
