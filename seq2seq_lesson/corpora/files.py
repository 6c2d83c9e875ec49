"""A text's lines out of its file: plain or packed, UTF-8 or refused."""

import gzip
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path


def decode(lines: Iterable[bytes], path: Path) -> Iterator[str]:
    """Read lines as UTF-8, with or without a byte-order mark."""
    for number, line in enumerate(lines, start=1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(
                f"line {number} of {path} is not UTF-8: save it again as UTF-8."
            ) from error


def unpacked(path: Path) -> Iterator[bytes]:
    """The lines of a file: as it lies there, or out of a .gz or a .zip with one text.

    Raises ValueError: the archive is damaged, or it holds no text or several.
    """
    with path.open("rb") as file:
        packed = file.read(2)
    try:
        if packed == b"\x1f\x8b":
            with gzip.open(path) as lines:
                yield from lines
        elif packed == b"PK":
            with zipfile.ZipFile(path) as archive, archive.open(_text(archive)) as text:
                yield from text
        else:
            with path.open("rb") as plain:
                yield from plain
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise ValueError(
            f"the archive {path} is damaged ({error}): copy it anew, or unpack it"
        ) from error


def columns(lines: Iterable[str], name: str) -> Iterator[list[str]]:
    """Two or three columns a line; what stands in the third is the caller's matter."""
    none = True
    for number, line in enumerate(lines, start=1):
        line = line.rstrip("\r\n")
        parts = line.split("\t")
        if len(parts) in (2, 3) and parts[0].strip() and parts[1].strip():
            none = False
            yield parts
        elif line.strip():
            raise ValueError(
                f"line {number} of {name} is {line[:60]!r}, but a sentence, a tab and "
                "its translation were wanted (a third column may follow): mend or "
                "remove that line."
            )
    if none:
        raise ValueError(f"{name} holds no sentence pair: is it the right file?")


def _text(archive: zipfile.ZipFile) -> str:
    """The name of the one text in an archive; notes beside it begin with "_"."""
    names = [n for n in archive.namelist() if Path(n).suffix in (".txt", ".tsv")]
    names = [name for name in names if not Path(name).name.startswith(("_", "."))]
    if len(names) != 1:
        raise ValueError(
            f"{archive.filename} holds {len(names)} texts (.txt, .tsv), wanted one: "
            "unpack it and name the text"
        )
    return names[0]
