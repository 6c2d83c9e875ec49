"""Make a release: `make release VERSION=0.2.0`.

Writes the version, the ref that first cells install and badges open, CITATION.cff and
CHANGELOG.md. Nothing is written unless all can be. To commit, to tag and to push is
left to whoever releases.
"""

import re
import sys
from datetime import date
from pathlib import Path

from packaging.version import Version

from tools.address import INIT, ROOT, VERSION, readdressed, ref, slug, version, write

CHANGELOG = ROOT / "CHANGELOG.md"
CITATION = ROOT / "CITATION.cff"
UNRELEASED = re.compile(r"^## Unreleased\n(?P<changes>.*?)(?=^## |\Z)", re.M | re.S)
NUMBER = r"(0|[1-9][0-9]*)"


def checked(new: str, old: str) -> str:
    """The version to release.

    Raises
        ValueError: it is none, or not newer than the present one.
    """
    if not re.fullmatch(rf"{NUMBER}\.{NUMBER}\.{NUMBER}", new):
        raise ValueError(f"VERSION={new} is no version: say it as in 0.2.0")
    if Version(new) <= Version(old):
        raise ValueError(f"VERSION={new} is not newer than {old}, which is here")
    return new


def dated(changelog: str, new: str, day: str) -> str:
    """The changelog with what was unreleased under `new`, and room for what follows.

    Raises
        ValueError: nothing stands under "Unreleased".
    """
    found = UNRELEASED.search(changelog)
    if not found or not re.search(r"^- ", found["changes"], re.M):
        raise ValueError(
            'CHANGELOG.md lists nothing under "## Unreleased": say there what changed'
        )
    headings = f"## Unreleased\n\n## {new} - {day}\n"
    return changelog[: found.start()] + headings + changelog[found.start("changes") :]


def cited(citation: str, new: str, day: str) -> str:
    """The citation file at this version and day."""
    citation = re.sub(r"(?m)^version: .*$", f"version: {new}", citation)
    return re.sub(r"(?m)^date-released: .*$", f"date-released: {day}", citation)


def released(new: str, day: str) -> dict[Path, str]:
    """All files that this release changes, and their new texts."""
    checked(new, version())
    texts = readdressed(slug(), ref(new))
    citation = texts.get(CITATION) or CITATION.read_text("utf-8")
    return texts | {
        INIT: VERSION.sub(new, INIT.read_text("utf-8")),
        CITATION: cited(citation, new, day),
        CHANGELOG: dated(CHANGELOG.read_text("utf-8"), new, day),
    }


def main() -> int:
    new = sys.argv[1] if len(sys.argv) == 2 else ""
    try:
        write(released(new, date.today().isoformat()))
    except ValueError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    print(f"release: read the changes, commit them, and tag the commit {ref(new)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
