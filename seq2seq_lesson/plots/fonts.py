"""Words of any script in a figure: a font that has their letters, or a sentence."""

from __future__ import annotations

import warnings
from functools import cache

import matplotlib as mpl
import regex
from matplotlib.axes import Axes
from matplotlib.font_manager import fontManager, get_font
from matplotlib.text import Text

JOINED = regex.compile(r"[\p{Bidi_Class=AL}\p{Bidi_Class=R}\p{Mc}]")
JOINS = (3, 11)  # the first matplotlib that joins letters and turns lines round


def legible(ax: Axes) -> Axes:
    """Draw a figure's words in fonts that have their letters, and return `ax`.

    Where no font on this machine has them, or matplotlib is too old to join them, one
    sentence says so, once.
    """
    texts = [text for text in ax.figure.findobj(Text) if not text.get_text().isascii()]
    if not texts:
        return ax
    letters = frozenset("".join(text.get_text() for text in texts))
    usual = get_font(fontManager.findfont(texts[0].get_fontproperties()))
    wanted = {
        c for c in letters if not usual.get_char_index(ord(c)) and c.isprintable()
    }
    families, lost = _families(frozenset(wanted))
    for text in texts:
        text.set_fontfamily([*text.get_fontfamily(), *families])
    if lost:
        warnings.filterwarnings("ignore", r"Glyph \d+")  # matplotlib's, one a letter
        _say(
            f"No font here has {' '.join(sorted(lost)[:4])} and the like, so boxes "
            "stand for them: install one (Noto, say) and restart the kernel."
        )
    elif tuple(map(int, mpl.__version__.split(".")[:2])) < JOINS:
        if JOINED.search("".join(letters)):
            _say(
                f"matplotlib {mpl.__version__} neither joins these letters nor turns "
                "them round: version 3.11 does."
            )
    return ax


@cache
def _families(letters: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """The fewest installed fonts that have the letters; the letters that none has."""
    fonts: dict[str, frozenset[str]] = {}
    for entry in fontManager.ttflist if letters else ():
        plain = (entry.style, entry.weight) == ("normal", 400)
        if plain and not entry.name.startswith("Last Resort"):  # nothing but boxes
            has = get_font(entry.fname).get_char_index
            fonts[entry.name] = frozenset(c for c in letters if has(ord(c)))
    chosen = []
    while letters:
        best = max(fonts, key=lambda name: len(fonts[name] & letters))
        if not fonts[best] & letters:
            break
        chosen.append(best)
        letters -= fonts[best]
    return tuple(chosen), letters


@cache
def _say(sentence: str) -> None:
    print(sentence)
