"""Write where the repository lives, and at which ref it is read, wherever that is said.

The address is kept once, in pyproject.toml. The ref follows from the package's version:
a released version is read at its tag, one in development at main.
`python -m tools.address` rewrites badges, install lines and clone lines.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
INIT = ROOT / "seq2seq_lesson" / "__init__.py"
VERSION = re.compile(r'(?<=^__version__ = ").*(?="$)', re.M)
FILES = [
    "README.md",
    "CITATION.cff",
    "notebooks/*.ipynb",
    "notebooks/deeper/*.ipynb",
    "notebooks/*.md",
    "server/README.md",
]
FORMS = [
    "colab.research.google.com/github/{slug}/blob/{ref}/",
    "mybinder.org/v2/gh/{slug}/{ref}?labpath=",
    "git+https://github.com/{slug}@{ref}",
    "git clone https://github.com/{slug}",
    "git-pull?repo=https://github.com/{slug}&",
    'repository-code: "https://github.com/{slug}"',
]
PATTERNS = [
    re.escape(form)
    .replace(r"\{slug\}", r"[\w.-]+/[\w-]+")
    .replace(r"\{ref\}", r"[\w.-]+")
    for form in FORMS
]


def slug() -> str:
    """The `owner/repository` of [project.urls]."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return project["urls"]["Repository"].removeprefix("https://github.com/")


def version() -> str:
    """The package's version, read without importing the package."""
    return VERSION.search(INIT.read_text("utf-8"))[0]


def ref(version: str) -> str:
    """The tag of a released version; main for one that is in development."""
    return "main" if ".dev" in version else f"v{version}"


def readdress(text: str, slug: str, ref: str) -> str:
    """The text with every form of the address at `slug`, read at `ref`."""
    for form, pattern in zip(FORMS, PATTERNS, strict=True):
        text = re.sub(pattern, form.format(slug=slug, ref=ref), text)
    return text


def files() -> list[Path]:
    """The files that hold the address."""
    return sorted(path for pattern in FILES for path in ROOT.glob(pattern))


def readdressed(slug: str, ref: str) -> dict[Path, str]:
    """The new texts of the files that change when the address is `slug` at `ref`."""
    texts = {path: path.read_text("utf-8") for path in files()}
    new = {path: readdress(text, slug, ref) for path, text in texts.items()}
    return {path: text for path, text in new.items() if text != texts[path]}


def write(texts: dict[Path, str]) -> None:
    """Write the files, naming each."""
    for path, text in texts.items():
        path.write_text(text, "utf-8")
        print(f"  {path.relative_to(ROOT)}")


def main() -> int:
    write(readdressed(slug(), ref(version())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
