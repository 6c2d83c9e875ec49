"""Placing a check behind each line that carries a shape comment.

From `keys_proj = W_k(enc_states)  # (batch, src_len, att)` grows, right behind it,

    if __shapes_0__: __shapes_0__.hold(site, keys_proj)

where `__shapes_0__` knows what the running call or cell has bound, and `__shapes_1__`
what one turn of a loop in it has. Both are false while checks are off.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from seq2seq_lesson.shapes.comments import ShapeError, parse

HOME = "__seq2seq_shapes__"  # the builtin by which rewritten code finds the checks
_NAMES = (ast.Name, ast.Attribute, ast.Tuple, ast.List, ast.Starred, ast.expr_context)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_SCOPES = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def shape_comments(source: str) -> Iterator[tuple[int, str, bool]]:
    """Each comment that must be a shape: line, text, and does it end a statement?

    A bracketed remark on a line of its own is only one if it can be read as a shape.
    """
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    for token, after in pairwise(tokens):
        text = token.string.lstrip("#").strip()
        if token.type != tokenize.COMMENT or not re.match(r"\(|(packed|None)\b", text):
            continue
        line, column = token.start
        try:
            if not source.split("\n")[line - 1][:column].strip():
                parse(text)
        except ShapeError:
            continue
        yield line, text, after.type == tokenize.NEWLINE


def _owner(tree: ast.Module, line: int) -> ast.stmt | None:
    """The last statement that ends in a line, or else the one whose head does."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            head = body and node.lineno <= line < body[0].lineno
            found += [node] * bool(head or node.end_lineno == line)
    return max(found, key=lambda node: (node.lineno, node.col_offset), default=None)


def _subject(node: ast.stmt | None) -> ast.expr | None:
    """The targets, or else the value, that the comment of a statement speaks of."""
    match node:
        case ast.Assign(targets=[target, *_]) | ast.AnnAssign(target, value=ast.expr()):
            return target
        case ast.Expr(ast.Yield(value)) | ast.Expr(value) | ast.Return(value):
            return value
        case ast.AugAssign(target) | ast.For(target) | ast.AsyncFor(target):
            return target if _readable(target) else None
        case ast.With(items) | ast.AsyncWith(items):
            found = [item.optional_vars for item in items if item.optional_vars]
            target = found[0] if len(found) == 1 else ast.Tuple(found)
            return target if found and _readable(target) else None
    return None


def _readable(target: ast.expr) -> bool:
    """Can it be read again without running anything twice?"""
    return all(isinstance(part, _NAMES) for part in ast.walk(target))


def _names(node: ast.expr) -> Any:
    match node:
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return tuple(map(_names, parts))
        case ast.Starred(value):
            return _names(value)
    return ast.unparse(node)


def _load(names: Any) -> str:
    """An expression that reads a nest of names."""
    many = isinstance(names, tuple)
    return f"({''.join(f'{_load(name)}, ' for name in names)})" if many else names


def _code(text: str, at: ast.AST) -> list[Any]:
    """Statements written as text, standing where `at` stands."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        ast.copy_location(node, at)
    return tree.body


class Rewriter(ast.NodeTransformer):
    """Places the checks in the tree of one source; `cell` is its number, or a file.

    Raises
        ShapeError: a comment cannot be read, or stands where it would not be checked.
    """

    def __init__(self, tree: ast.Module, source: str, cell: int | str) -> None:
        self.cell, self.lines = cell, source.split("\n")
        self.depth, self.path, self.used = 0, "", False
        self.first = 1  # the line in which the function, or the cell, begins
        self.comments: dict[ast.AST, tuple[int, str, ast.expr]] = {}
        for line, comment, ends in shape_comments(source):
            owner = _owner(tree, line) if ends else None
            subject = _subject(owner)
            try:
                if owner is None or subject is None:
                    raise ShapeError(
                        "a shape comment can only end an assignment, an expression, a "
                        "return, or the head of a `for` or `with ... as`; begin any "
                        "other comment with a word"
                    )
                parse(comment)
            except ShapeError as problem:
                raise ShapeError(f"{self._header(line, line)}\n{problem}") from None
            self.comments[owner] = line, comment, subject

    def _header(self, first: int, last: int) -> str:
        """Where a line stands and how it reads, as the beginning of an error."""
        file = self.cell if isinstance(self.cell, str) else ""
        place = [", ".join(filter(None, [file, self.path, f"line {last}"]))]
        for number in range(first, last + 1):
            arrow = "---->" if number == last else "     "
            place.append(f"{arrow} {number:2} {self.lines[number - 1]}")
        return "\n".join(place)

    def visit(self, node: ast.AST) -> Any:
        """Rewrite what is inside a node, then place the check that belongs to it."""
        scope, loop = isinstance(node, _SCOPES), isinstance(node, _LOOPS)
        depth, path, used, first = self.depth, self.path, self.used, self.first
        if scope:
            self.first = getattr(node, "lineno", 1)
            self.path = f"{path}.{getattr(node, 'name', '')}".strip(".")
        if scope or loop:
            self.depth, self.used = (0 if scope else depth + 1), False
        self.generic_visit(node)
        result = self._check(node) if node in self.comments else node
        here, above = f"__shapes_{self.depth}__", f"__shapes_{self.depth - 1}__"
        if self.used and isinstance(node, _SCOPES):
            place = next(i for i, part in enumerate(node.body) if not _leads(part))
            start = f"{here} = {HOME}.on and {HOME}.scope()"
            node.body[place:place] = _code(start, node.body[place])
        elif self.used and isinstance(node, _LOOPS):
            for block in filter(None, [node.body, node.orelse]):
                block[:0] = _code(f"{here} = {above} and {above}.turn()", node)
        if scope or loop:
            self.depth, self.path, self.used = depth, path, used or (loop and self.used)
            self.first = first
        return result

    def _check(self, node: Any) -> Any:
        self.used, scope = True, f"__shapes_{self.depth}__"
        line, comment, subject = self.comments[node]
        names, header = _names(subject), self._header(node.lineno, line)
        place = self.cell, self.path, line, line - self.first + 1
        site = place, comment, names, header
        hold = f"{scope}.hold({site!r}"
        if isinstance(node, ast.Expr | ast.Return) or not _readable(subject):
            # The value is held on its way; both branches share its one tree.
            yields = isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield)
            holder = node.value if yields else node
            [check] = _code(f"{hold}, 0) if {scope} else 0", node)
            check.value.body.args[1] = check.value.orelse = holder.value
            holder.value = check.value
            return node
        check = _code(f"if {scope}: {hold}, {_load(names)})", node)
        if not hasattr(node, "body"):
            return [node, *check]
        node.body[:0] = check
        return node


def _leads(node: ast.stmt) -> bool:
    """Must it stay first: a docstring, or an import from __future__?"""
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return text or getattr(node, "module", None) == "__future__"
