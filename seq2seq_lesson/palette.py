"""The colours of the lesson: axes in tables and drawings, lines and maps in figures.

Source: Okabe and Ito 2008, "Color Universal Design": apart for every common kind of
    colour blindness; cividis: Nuñez et al. 2018, PLOS ONE 13(7): e0199239
"""

import re

BLUE, ORANGE, GREEN, PINK = "#0072b2", "#e69f00", "#009e73", "#cc79a7"
SKY, VERMILION, YELLOW, BLACK = "#56b4e9", "#d55e00", "#f0e442", "#000000"
HEAT = "cividis"  # matplotlib's name of the map for weights and shares
INK = "#1b1b1b"  # where there is no theme to follow
ROLES = {  # the families of axes, then what a drawing wants to say
    "batch": ORANGE,
    "lengths": GREEN,
    "features": SKY,
    "vocabulary": PINK,
    "right": GREEN,
    "wrong": VERMILION,
    "mark": "#2f86d1",  # their blue, lighter: dark pages must show it, too
    "quiet": "#888888",
    "black": BLACK,
    "white": "#ffffff",
}  # beside these: "ink", the page's own colour of text, and "faint", the same, weaker
_FAMILIES = {  # by what an axis's name contains; what fits nothing counts features
    "batch": "batch",
    "len|steps|pairs|tokens|position": "lengths",
    "vocab": "vocabulary",
}
_CIVIDIS = (
    "00224E 002E6A 1A386F 32436D 434E6C 535A6D 61656F 6F7073 7D7C78 "
    "8C8878 9B9476 ABA072 BCAE6C CDBB63 DEC958 F0D846 FEE838"
).split()
_STOPS = [bytes.fromhex(colour) for colour in _CIVIDIS]


def family(axis: str) -> str:
    """The role of an axis: batch, lengths, vocabulary or features."""
    fitting = (role for part, role in _FAMILIES.items() if re.search(part, axis))
    return next(fitting, "features")


def tint(axis: str) -> str:
    """The colour of an axis, faint enough for a white page and for a dark one."""
    red, green, blue = bytes.fromhex(ROLES[family(axis)][1:])
    return f"rgba({red}, {green}, {blue}, .3)"


def heat(value: float) -> str:
    """The colour of cividis at a value from 0 to 1, as #rrggbb."""
    place = min(max(value, 0.0), 1.0) * (len(_STOPS) - 1)
    left = min(int(place), len(_STOPS) - 2)
    mixed = [
        round(low + (place - left) * (high - low))
        for low, high in zip(*_STOPS[left : left + 2], strict=True)
    ]
    return "#{:02X}{:02X}{:02X}".format(*mixed)
