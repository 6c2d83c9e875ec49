"""The flow of tensors through operations: what ran, and what went from where to where.

Operations stand in rows and reach over one or more columns; every arrow runs straight
down its column. One without a start comes from outside, one without an end goes out.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor

from seq2seq_lesson.drawing import axis_label


@dataclass(frozen=True)
class Operation:
    """What turns tensors into others.

    work: multiply-adds inside matrix products, which is where nearly all time goes
    """

    row: int
    columns: tuple[int, int]  # first and last
    label: str
    detail: str
    parameters: int
    work: int


@dataclass(frozen=True)
class Arrow:
    """A tensor on its way from one row to another; None is outside."""

    column: int
    name: str
    axes: tuple[str, ...]
    sizes: tuple[int, ...]
    bytes: int
    start: int | None
    end: int | None

    @property
    def shape(self) -> str:
        """Axes and sizes in words, such as (batch 4, 1, emb 5)."""
        return f"({', '.join(map(axis_label, self.axes, self.sizes))})"


@dataclass
class Flow:
    """What ran so far, in the order in which it ran."""

    operations: list[Operation] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    error: str = ""  # what the last operation raised, if it did
    judge: str = ""  # whose message that is

    def operation(
        self,
        row: int,
        columns: tuple[int, int],
        label: str,
        detail: str = "",
        parameters: int = 0,
        work: int = 0,
    ) -> int:
        """Note an operation that is about to run; return its row, for its arrows."""
        new = Operation(row, columns, label, detail, parameters, work)
        self.operations.append(new)
        return row

    def arrow(
        self,
        column: int,
        name: str,
        tensor: Tensor,
        axes: str,
        start: int | None = None,
        end: int | None = None,
    ) -> None:
        """Note a tensor; its axes by name, from the first to the last."""
        names, sizes = tuple(axes.split()), tuple(tensor.shape)
        many = tensor.numel() * tensor.element_size()
        self.arrows.append(Arrow(column, name, names, sizes, many, start, end))

    @property
    def made(self) -> list[Arrow]:
        """The tensors that an operation has made."""
        return [arrow for arrow in self.arrows if arrow.start is not None]


def amount(number: int, unit: str = "") -> str:
    """A count in few digits: 1,234; 5.6 M; with a unit of bytes 5.6 MB."""
    if number < 10_000:
        return f"{number:,} {unit}".strip()
    for power, prefix in ((15, "P"), (12, "T"), (9, "G"), (6, "M"), (3, "k")):
        if number >= 10**power:
            return f"{number / 10**power:,.3g} {prefix}{unit}"
    raise AssertionError("no number is that small")
