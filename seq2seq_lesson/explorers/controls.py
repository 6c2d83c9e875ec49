"""The controls of the explorers: labelled, with a tip, worked by mouse or keyboard."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets


def whole(
    label: str, value: int, low: int, high: int, tip: str
) -> ipywidgets.DOMWidget:
    """A slider over whole numbers."""
    return _labelled(ipywidgets.IntSlider, label, tip, value=value, min=low, max=high)


def stages(
    label: str, value: object, options: Sequence[tuple[str, object]], tip: str
) -> ipywidgets.DOMWidget:
    """A slider over values in an order; each option is what is read, and the value."""
    kind = ipywidgets.SelectionSlider
    control = _labelled(kind, label, tip, value=value, options=options)
    control.layout.width = "26em"  # words want more room than numbers
    return control


def choice(
    label: str, value: str, options: Sequence[str | tuple[str, str]], tip: str
) -> ipywidgets.DOMWidget:
    """A list to choose from; an option may be a pair (what is shown, the value)."""
    return _labelled(ipywidgets.Dropdown, label, tip, value=value, options=options)


def switch(label: str, value: bool, tip: str) -> ipywidgets.DOMWidget:
    """A box to tick."""
    return _labelled(ipywidgets.Checkbox, label, tip, value=value, indent=False)


def typed(label: str, value: str, hint: str, tip: str) -> ipywidgets.DOMWidget:
    """A line of text, handed on with the Enter key or when the box is left."""
    return _labelled(
        ipywidgets.Text,
        label,
        tip,
        value=value,
        placeholder=hint,
        continuous_update=False,
    )


def several(value: str, hint: str) -> ipywidgets.DOMWidget:
    """Several lines of text, handed on when the box is left."""
    return ipywidgets.Textarea(
        value=value,
        placeholder=hint,
        continuous_update=False,
        rows=12,
        layout=ipywidgets.Layout(width="590px"),
    )


def button(label: str, tip: str) -> ipywidgets.DOMWidget:
    """A button; what it does is the action of its name."""
    return ipywidgets.Button(description=label, tooltip=tip)


def _labelled(
    kind: type[ipywidgets.DOMWidget], label: str, tip: str, **options: object
) -> ipywidgets.DOMWidget:
    """A control with a name, which screen readers read, and a tip."""
    new = "tooltip" in kind.class_trait_names()  # ipywidgets 8
    options["tooltip" if new else "description_tooltip"] = tip
    options["style"] = {"description_width": "initial"}
    options["layout"] = ipywidgets.Layout(width="19em", margin="2px 1em 2px 2px")
    return kind(description=label, **options)
