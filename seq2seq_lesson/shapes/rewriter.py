"""Placing a check behind each line that carries a shape comment.

From `keys_proj = W_k(enc_states)  # (batch, src_len, att)` grows, right behind it,

    if __seq2seq_on__ and (not __seq2seq_compiling__() or __seq2seq_aside__(place)):
        __seq2seq_shapes__.hold(site, keys_proj)

and at the start of the function, and of each turn of a loop in it, what lets go of
the sizes bound so far. Nothing is added to the names of the function or the notebook.
While `torch.compile` reads the line it folds the condition, and no check is left.
"""

import ast
import io
import re
import tokenize
from collections.abc import Collection, Iterator
from itertools import pairwise
from typing import Any

from seq2seq_lesson.shapes.comments import ShapeError, parse, promises, words

# The builtins by which rewritten code finds the checks: all of them, are they on, is
# the line being compiled, and who is told that it was.
HOME, ON = "__seq2seq_shapes__", "__seq2seq_on__"
COMPILING, ASIDE = "__seq2seq_compiling__", "__seq2seq_aside__"

_NAMES = (ast.Name, ast.Attribute, ast.Tuple, ast.List, ast.Starred, ast.expr_context)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_SCOPES = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_LITERALS = (ast.Constant, ast.JoinedStr, ast.Lambda)
_FULL_WIDTH = str.maketrans("（）［］，；＊＋－\u3000", "()[],;*+- ")


def shape_comments(
    source: str, declared: Collection[str] | None = None
) -> Iterator[tuple[int, str, bool]]:
    """Each comment that begins as a shape: line, text, and does it end a statement?

    On a line of its own it must be a shape, and in square brackets it must name a
    declared axis: there a number counts pages.
    """
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    lines = source.split("\n")
    for token, after in pairwise(tokens):
        if token.type != tokenize.COMMENT:
            continue
        text = token.string.lstrip("#").strip().translate(_FULL_WIDTH)
        text = re.sub(r"(?i)^shapes?\s*[:=]?\s*(?=[(\[])", "", text)
        line, column = token.start
        listed = text.startswith("[")
        if listed:
            text = text.translate(str.maketrans("[]", "()"))
        elif not re.match(r"\(|packed\s*\(|None\s*($|[,;(])", text):
            continue
        if listed and not words(text.partition(";")[0]) & {*(declared or ())}:
            continue
        if listed or not lines[line - 1][:column].strip():
            try:
                parse(text)
            except ShapeError:
                continue
            if not promises(text, declared):
                continue
        yield line, text, after.type == tokenize.NEWLINE


def _blocks(node: Any) -> Iterator[list[Any]]:
    """The lists of statements right in a statement."""
    for part in (node, *getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        for field in ("body", "orelse", "finalbody"):
            if block := getattr(part, field, None):
                yield block


def _owners(tree: ast.Module) -> dict[int, ast.stmt]:
    """By line, the last statement that ends in it, or else the one whose head does."""
    owners: dict[int, Any] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            head = range(node.lineno, body[0].lineno) if body else ()
            for line in {*head, node.end_lineno}:
                other = owners.setdefault(line, node)
                here, there = (node.lineno, node.col_offset), other
                if here > (there.lineno, there.col_offset):
                    owners[line] = node
    return owners


def _subject(node: ast.stmt | None, comment: str) -> ast.expr | None:
    """The targets, or else the value, that the comment of a statement speaks of."""
    match node:
        case (
            ast.Assign(value=value)
            | ast.AnnAssign(value=value)
            | ast.Return(value)
            | ast.Expr(value)
        ) if isinstance(value, _LITERALS):
            none = isinstance(value, ast.Constant) and value.value is None
            if not (none and comment.startswith("None")):
                return None
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


class Rewriter:
    """Places the checks in the tree of one source; `cell` is its number, or a file.

    `declared` are the words that are known as axes, None if every word may be one;
    `remarks` the comments that begin as a shape and are none, by line.

    Raises
        ShapeError: a comment that must be a shape cannot be read.
    """

    def __init__(
        self,
        tree: ast.Module,
        source: str,
        cell: int | str,
        declared: Collection[str] | None = None,
    ) -> None:
        self.cell, self.lines = cell, source.split("\n")
        self.comments: dict[ast.AST, tuple[int, str, ast.expr, Any]] = {}
        self.remarks: list[tuple[int, str]] = []
        owners: dict[int, ast.stmt] = {}
        for line, comment, ends in shape_comments(source, declared):
            owners = owners or _owners(tree)
            owner = owners.get(line) if ends else None
            subject = _subject(owner, comment)
            try:
                parse(comment)
            except ShapeError as problem:
                if subject and promises(comment, declared):
                    header = self._header("", line, line)
                    raise ShapeError(f"{header}\n{problem}") from None
                subject = None
            if owner is None or subject is None:
                self.remarks.append((line, comment))
            else:
                self.comments[owner] = line, comment, subject, _names(subject)

    def _header(self, path: str, first: int, last: int) -> str:
        """Where a line stands and how it reads, as the beginning of an error."""
        file = self.cell if isinstance(self.cell, str) else ""
        place = [", ".join(filter(None, [file, path, f"line {last}"]))]
        for number in range(first, last + 1):
            arrow = "---->" if number == last else "     "
            place.append(f"{arrow} {number:2} {self.lines[number - 1]}")
        return "\n".join(place)

    def visit(self, tree: ast.Module) -> ast.Module:
        """Place all checks; the stack is our own, since 400 `elif` are 400 levels."""
        # of each: the statement, its function's name and first line, the loops around
        stack: list[tuple[Any, str, int, list[Any]]] = [(tree, "", 1, [])]
        checks: dict[Any, list[Any]] = {}
        turns: dict[Any, list[Any]] = {}  # what a scope or a turn of a loop begins with
        blocks: list[list[Any]] = []
        while stack:
            node, path, first, around = stack.pop()
            if isinstance(node, _LOOPS):
                around = [*around, node]
            elif isinstance(node, _SCOPES):
                path = f"{path}.{getattr(node, 'name', '')}".strip(".")
                first, around = getattr(node, "lineno", 1), [node]
            key = None if path else self.cell
            if node in self.comments:
                scope = key, len(around) - 1
                checks[node] = self._check(node, path, first, scope)
                for level, outer in enumerate(around):
                    turn = f"{HOME}.turn({key!r}, {level})"
                    text = f"if {ON} and not {COMPILING}(): {turn}"
                    turns[outer] = turns.get(outer) or _code(text, node)
            for block in _blocks(node):
                blocks.append(block)
                stack += [(part, path, first, around) for part in block]
        heads = {node: checks.pop(node) for node in [*checks] if hasattr(node, "body")}
        for block in blocks if checks else ():
            block[:] = [
                part for node in block for part in (node, *checks.get(node, ()))
            ]
        for node, check in heads.items():
            node.body[:0] = check
        for node, start in turns.items():
            loop = isinstance(node, _LOOPS)
            for block in filter(None, [node.body, loop and node.orelse]):
                at = next(i for i, part in enumerate(block) if loop or not _leads(part))
                block[at:at] = start
        return tree

    def _check(self, node: Any, path: str, first: int, scope: tuple) -> list[Any]:
        """The check of a statement; of an expression it goes into the statement."""
        line, comment, subject, names = self.comments[node]
        header = self._header(path, node.lineno, line)
        site = (self.cell, path, line, line - first + 1), comment, names, header, scope
        on = f"{ON} and (not {COMPILING}() or {ASIDE}({site[0]!r}))"
        hold = f"{HOME}.hold({site!r}"
        if isinstance(node, ast.Expr | ast.Return) or not _readable(subject):
            # The value is held on its way; both branches share its one tree.
            yields = isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield)
            holder = node.value if yields else node
            [check] = _code(f"{hold}, 0) if {on} else 0", node)
            check.value.body.args[1] = check.value.orelse = holder.value
            holder.value = check.value
            return []
        return _code(f"if {on}: {hold}, {_load(names)})", node)


def _leads(node: ast.stmt) -> bool:
    """Must it stay first: a docstring, or an import from __future__?"""
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return text or getattr(node, "module", None) == "__future__"
