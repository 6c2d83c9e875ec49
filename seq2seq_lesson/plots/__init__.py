"""Every figure of the notebooks, one file a notebook.

Each function draws one figure on the `ax` it is given (or a new one) and returns it.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from matplotlib.colors import to_hex, to_rgb

from seq2seq_lesson.drawing import LETTERS
from seq2seq_lesson.palette import INK

Curve = TypeVar("Curve")
Style = TypeVar("Style")


def with_styles(
    curves: Mapping[str, Curve], styles: Sequence[Style]
) -> list[tuple[str, Curve, Style]]:
    """Each curve's name, the curve, and a style that no other one has.

    Raises
        ValueError: there are more curves than styles.
    """
    if len(curves) > len(styles):
        raise ValueError(
            f"curves: got {len(curves)}, wanted at most {len(styles)}, so that each "
            "has a style of its own: leave some out, or draw two figures"
        )
    few = styles[: len(curves)]
    pairs = zip(curves.items(), few, strict=True)
    return [(name, curve, style) for (name, curve), style in pairs]


def lettered(colour: str) -> str:
    """The colour as letters on white have it: some ink in it, for the contrast."""
    mixed = zip(to_rgb(colour), to_rgb(INK), strict=True)
    red, green, blue = (LETTERS * own + (1 - LETTERS) * ink for own, ink in mixed)
    return to_hex((red, green, blue))
