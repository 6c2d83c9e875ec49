"""Is this computer ready? The cell of the students' first notebook, as it stands there.

It runs where nothing is installed, and on a Python that is too old.
"""

import re
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version

PYTHON = (3, 11)
PACKAGES = {"torch": (2, 4), "ipywidgets": (7, 7), "seq2seq-lesson": (0,)}
INSTALL = (
    "run the first code cell of 01_data_loading.ipynb, or do what README.txt says; "
    "then restart the kernel and run this cell again."
)


def missing() -> list:
    """A sentence for each thing that the notebooks need and do not find."""
    said = []
    if sys.version_info < PYTHON:
        found = ".".join(map(str, sys.version_info[:2]))
        said.append(f"Python is {found}: install 3.11 or newer from python.org.")
    for name, wanted in PACKAGES.items():
        try:
            found = version(name)
        except PackageNotFoundError:
            said.append(f"{name} is not there: {INSTALL}")
            continue
        if tuple(map(int, re.findall(r"\d+", found)[: len(wanted)])) < wanted:
            least = ".".join(map(str, wanted))
            said.append(f"{name} is {found}, too old: for {least} or newer {INSTALL}")
    try:
        tempfile.TemporaryFile(dir=".").close()
    except OSError:
        said.append(
            "Nothing can be saved in this folder: unpack the archive, or copy the "
            "folder into your home, and open the notebooks there."
        )
    return said


if __name__ == "__main__":
    print("\n".join(missing()) or "All is there: open 01_data_loading.ipynb.")
