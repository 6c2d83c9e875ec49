"""Write the repository's address, kept once in pyproject.toml, wherever it is used.

`python tests/address.py` rewrites badges, install lines and clone lines.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILES = ["README.md", "CITATION.cff", "notebooks/*.ipynb", "notebooks/*.md"]
# An owner and a repository, behind one of the forms in which the address appears.
SLUG = re.compile(
    r"(?P<form>colab\.research\.google\.com/github/|mybinder\.org/v2/gh/"
    r"|git\+https://github\.com/|git clone https://github\.com/"
    r'|repository-code: "https://github\.com/)'
    r"[\w.-]+/[\w-]+"
)


def slug() -> str:
    """The `owner/repository` of [project.urls]."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return project["urls"]["Repository"].removeprefix("https://github.com/")


def readdress(text: str, new: str) -> str:
    """The text with every form of the address pointing at `new`."""
    return SLUG.sub(lambda found: found["form"] + new, text)


def files() -> list[Path]:
    """The files that hold the address."""
    return sorted(path for pattern in FILES for path in ROOT.glob(pattern))


def main() -> int:
    for path in files():
        text = path.read_text("utf-8")
        if (new := readdress(text, slug())) != text:
            path.write_text(new, "utf-8")
            print(f"  {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
