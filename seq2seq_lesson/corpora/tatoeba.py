"""Tatoeba's sentences: read from a copy, or downloaded once and verified before use."""

import io
import os
import zipfile
from pathlib import Path

from seq2seq_lesson.corpora.files import decode
from seq2seq_lesson.runtime import data_folder

URL = "https://d2l-data.s3-accelerate.amazonaws.com/fra-eng.zip"
HASH = "sha1:94646ad1522d915e7b0f9296181140edcf86a4f5"
ARCHIVE, TEXT = "fra-eng.zip", "fra.txt"


def tatoeba_text() -> str:
    """Return the whole English<TAB>French text, one pair a line.

    It is read from the folder $SEQ2SEQ_LESSON_DATA (`fra-eng.zip` or `fra.txt`, there
    or in its subfolder `fra-eng`); where that is not set, it is downloaded once.

    Raises ValueError: no copy in that folder, a damaged archive, or a download that was
        cut off or altered on its way (nothing of it is kept).
    """
    folder = data_folder()
    own = os.environ.get("SEQ2SEQ_LESSON_DATA")
    path = _find_copy(folder) if own else _download(folder)
    if path.suffix != ".zip":
        return "".join(decode(path.open("rb"), path))
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if Path(name).name == TEXT]
            raw = archive.read(names[0])
    except Exception as error:  # by the byte that is wrong zipfile raises any of many
        raise ValueError(
            f"the archive {path} is damaged or another one ({error}): put a whole "
            f"{ARCHIVE} in its place."
        ) from error
    return "".join(decode(io.BytesIO(raw), path))


def _find_copy(folder: Path) -> Path:
    for place in (folder, folder / "fra-eng"):
        for name in (ARCHIVE, TEXT):
            if (place / name).is_file():
                return place / name
    raise ValueError(
        f"SEQ2SEQ_LESSON_DATA names the folder {folder}, which holds neither "
        f"{ARCHIVE} nor {TEXT}: put one of them there, or unset SEQ2SEQ_LESSON_DATA "
        "to have it downloaded."
    )


def _download(folder: Path) -> Path:
    """Let pooch fetch it: the final name appears only after the hash agrees."""
    import pooch

    try:
        return Path(pooch.retrieve(URL, HASH, ARCHIVE, folder, progressbar=True))
    except (ValueError, OSError) as error:  # the hash; the network (requests' errors)
        raise ValueError(
            f"the download of {URL} failed or did not arrive whole "
            f"({type(error).__name__}): try again, or put {ARCHIVE} into a folder and "
            "set SEQ2SEQ_LESSON_DATA to that folder."
        ) from error
