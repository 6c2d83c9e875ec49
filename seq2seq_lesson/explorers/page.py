"""An explorer on a page without a kernel: its pictures, packed, and their player.

Pictures differ in little. Each is cut at its parts, and a piece that comes again is
kept once. Of the pieces of a kind its elements and attributes are kept once, what they
say as columns, a row a piece; so deflate, which looks back 32 KiB, finds it again.
`player.js` unpacks in the browser, offline, and builds the controls.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import ipywidgets

if TYPE_CHECKING:
    from seq2seq_lesson.explorers.explorer import Explorer

STILL = "A picture of the explorer's first state: run this cell to bring it alive."
PIECE = re.compile(r'<(?:g class="part|style|/svg>)')  # begins there
SAYS = re.compile(r'((?<==")[^"\n]*|(?<=>)[^<\n]+)')  # an attribute's value, a text
SLIDES = ipywidgets.IntSlider, ipywidgets.SelectionSlider
# Where a live view is, it alone shows; a view that lost its kernel says nothing.
STYLE = """
.jp-OutputArea:has(.jupyter-widgets > *) living-explorer,
.output:has(.jupyter-widgets) living-explorer,
.jp-OutputArea-child:has(+ * living-explorer) .jupyter-widgets:not(button, :has(*)),
.output:has(living-explorer) .jupyter-widgets-view:not(:has(*)),
living-explorer [hidden], [hidden]:has(+ * living-explorer) { display: none }
living-explorer { display: block }
living-explorer .bar { display: flex; flex-wrap: wrap; gap: .4em 1.2em; margin: .4em 0 }
living-explorer .bar > div { display: flex; align-items: center; gap: .4em;
  max-width: 100% }
living-explorer label { display: flex; flex-wrap: wrap; align-items: center; gap: .4em;
  max-width: 100% }
living-explorer .bar > [hidden] { display: none }
living-explorer [type=range] { width: 6.5em }
living-explorer :is(select, button, input) { font: inherit; color: inherit;
  max-width: 100%; min-height: 1.9em; margin: 0 }
living-explorer :is(select, button) { background: transparent; padding: .1em .5em;
  border: 1px solid; border-radius: 4px }
living-explorer option { color: #111; background: #fff }
@media (pointer: coarse) {  /* fingers */
  living-explorer :is(select, button, input) { min-width: 40px; min-height: 40px } }
living-explorer button[aria-disabled=true] { opacity: .45 }
living-explorer output { min-width: 1.5em }
living-explorer .said, living-explorer + .said { position: fixed; width: 1px;
  height: 1px; overflow: hidden; clip-path: inset(50%) }
@media (prefers-reduced-motion) { .noUi-target * { transition: none !important } }
"""


def player() -> str:
    """The style and the script that each page with an explorer needs once."""
    script = files(__package__).joinpath("player.js").read_text("utf-8")
    return f"<style>{STYLE}</style><script>(() => {{\n{script}}})()</script>"


def living(explorer: Explorer) -> str:
    """The explorer as HTML that lives without a kernel."""
    offers = {name: explorer.offers(name) for name in explorer.page}
    keys, frames = zip(*explorer.frames(), strict=True)
    now = explorer.settings
    data = {
        "title": explorer.draw(now).title,
        "controls": [_control(explorer, name) for name in offers],
        "start": [values.index(now[name]) for name, values in offers.items()],
        "keys": [
            [
                -1 if value is None else values.index(value)
                for value, values in zip(key, offers.values(), strict=True)
            ]
            for key in keys
        ],
        "elsewhere": _elsewhere(explorer),
        **packed(frames),
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    inside = base64.b64encode(zlib.compress(text.encode(), 9)).decode()
    return (
        f'<living-explorer data-frames="{inside}"><em>{STILL}</em></living-explorer>'
        f"{player()}"
    )


def _elsewhere(explorer: Explorer) -> str:
    """What a page cannot do, to be followed by where it can be done."""
    more = {n: c for n, c in explorer.controls.items() if n not in explorer.page}
    boxes = [c.description for c in more.values() if isinstance(c, ipywidgets.Text)]
    named = ", ".join(f"“{name}”" for name in boxes if name) or "typing your own"
    return f"Here you choose. For {named} and all else: " if more else ""


def _control(explorer: Explorer, name: str) -> Mapping[str, object]:
    """What the player needs of a control; `resets` are the controls that it moves."""
    control, offers = explorer.controls[name], explorer.offers(name)
    labels: dict[Any, str] = dict(
        zip(
            getattr(control, "_options_values", ()),
            getattr(control, "_options_labels", ()),
            strict=True,
        )
    )
    if isinstance(control, ipywidgets.Checkbox):
        labels = {False: "no", True: "yes"}
    action = explorer.actions.get(name, lambda settings: {})
    changed: set[str] = set()
    for value in offers:
        changed |= action({**explorer.settings, name: value}).keys()
    return {
        "label": control.description,
        "tip": getattr(control, "tooltip", "") or control.description_tooltip,
        "slides": isinstance(control, SLIDES),
        "values": [str(labels.get(value, value)) for value in offers],
        "resets": [
            place
            for place, other in enumerate(explorer.page)
            if other in changed and other != name
        ],
    }


def packed(drawn: Iterable[str]) -> dict[str, Any]:
    """Kinds of pieces, columns of what they say, each piece's kind, frames as pieces.

    A frame tells of each piece how far it is from the one that would come next.
    """
    numbers: dict[str, int] = {}
    rows = []
    for frame in drawn:
        cuts = [0, *(found.start() for found in PIECE.finditer(frame)), len(frame)]
        pieces = [frame[start:end] for start, end in pairwise(cuts)]
        places = [numbers.setdefault(piece, len(numbers)) for piece in pieces]
        row = (str(b - a - 1 or "") for a, b in pairwise([-1, *places]))
        rows.append(",".join(row))
    kinds: dict[tuple[str, ...], int] = {}
    told: list[list[list[str]]] = []
    made = []
    for piece in numbers:
        texts = SAYS.split(piece)
        kind = kinds.setdefault(tuple(texts[::2]), len(kinds))
        told += [[]] * (kind == len(told))
        told[kind].append(texts[1::2])
        made.append(kind)
    columns = ["\n".join(said) for all_ in told for said in zip(*all_, strict=True)]
    return {"kinds": [*kinds], "columns": columns, "pieces": made, "frames": rows}


def unpacked(data: Mapping[str, Any]) -> list[str]:
    """The frames, put together again, as the player does it."""
    columns = iter([iter(column.split("\n")) for column in data["columns"]])
    kinds = [(first, [(next(columns), text) for text in rest])
             for first, *rest in data["kinds"]]  # fmt: skip
    pieces = [
        first + "".join(next(column) + text for column, text in rest)
        for first, rest in (kinds[kind] for kind in data["pieces"])
    ]
    rows = [[int(step or 0) + 1 for step in row.split(",")] for row in data["frames"]]
    return ["".join(pieces[number - 1] for number in accumulate(row)) for row in rows]
