"""A notebook of a few cells, with exercises in the form that the six notebooks have."""

from nbformat import NotebookNode, v4

CHECK = "from tests.classroom import example_checks as check"


def code(source: str, *tags: str, **metadata: object) -> NotebookNode:
    return v4.new_code_cell(source, metadata={"tags": [*tags], **metadata})


def exercise(number: str, stars: str, name: str, right: str) -> list[NotebookNode]:
    """The four cells of an exercise that wants the function `name`."""
    tag, check = f"exercise:{number}", f"check.{name}({name})"
    text = f"**Exercise {number} · Build (2 minutes, {stars}).** Write `{name}`."
    stub = f"def {name}(number):\n    ...  # yours"
    return [
        v4.new_markdown_cell(text, metadata={"tags": ["exercise"]}),
        code(stub, "exercise-attempt", tag),
        code(check, "exercise-check", tag),
        code(
            f"# @title Solution {number}\n"
            f"def {name}(number):\n    return {right}\n\n\n{check}",
            *("solution", tag),
            jupyter={"source_hidden": True},
            cellView="form",
        ),
    ]


def book() -> NotebookNode:
    """A title, the check, a picture, two exercises, and prose with a folded answer."""
    return v4.new_notebook(
        cells=[
            v4.new_markdown_cell("# 00 · An example?\n\nA first paragraph.\n\nMore."),
            code(CHECK, "setup"),
            *exercise("00-1", "★", "double", "2 * number"),
            *exercise("00-2", "★★★", "negate", "-number"),
            v4.new_markdown_cell(
                "## Exercises\n\nThink: why?\n\n<details><summary>Solution</summary>"
                "\n\nBecause.\n</details>\n\nAnd so on."
            ),
        ]
    )
