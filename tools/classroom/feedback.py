"""What a student gets back: the exercises alone, what came out, and the points.

A page needs nothing from elsewhere and stays small, whatever a cell has printed.
"""

import json
import re
from html import escape

from nbconvert.exporters import Exporter
from nbformat import NotebookNode, v4
from traitlets import Unicode

from tools.exercise_cells import tags
from tools.pages import HEAD, STYLE, body_of

LONGEST = 10_000  # characters of an output, and of a cell
PAGE = (
    HEAD
    + """\
<main>
{body}
</main>
</body>
</html>
"""
)


def page(title: str, body: str, style: str = "") -> str:
    """A page that stands alone, in the site's dress."""
    style = f"{STYLE}\nmain {{ margin: 1rem auto; padding: 0 1rem; }}\n{style}"
    return PAGE.format(title=escape(title), style=style, body=body)


def shortened(text: str) -> str:
    cut = len(text) - LONGEST
    return f"{text[:LONGEST]}\n… {cut:,} more characters" if cut > 0 else text


def small(cell: NotebookNode) -> NotebookNode:
    """The cell with its text, and what came out of it, cut to a fair length."""
    cell.source, left = shortened(cell.source), 5 * LONGEST
    for n, output in enumerate(cell.get("outputs", [])):
        if output.output_type == "stream":
            output.text = shortened(output.text)
        elif output.output_type == "error":
            output.traceback = [shortened("\n".join(output.traceback))]
        left -= len(json.dumps(output))
        if left < 0:
            told = "(what else came out is too large for a page)"
            cell.outputs = [*cell.outputs[:n], v4.new_output("stream", text=told)]
            break
    return cell


def exercises(book: NotebookNode) -> NotebookNode:
    """What a page of feedback shows of a graded notebook."""
    cells = []
    for cell in book.cells:
        if "exercise" in tags(cell) or "exercise-attempt" in tags(cell):
            cells.append(small(cell))
        elif "exercise-check" in tags(cell):
            marks = cell.metadata.nbgrader
            told = f"**{marks.score:g} of {marks.points:g} points.**"
            cells.append(v4.new_markdown_cell(told))
            said = [o for o in cell.outputs if o.output_type != "execute_result"]
            for output in said:
                if output.output_type == "error":  # its traceback is the grading's own
                    output.traceback = [f"{output.ename}: {output.evalue}"]
            (cell.source,) = re.findall("^graded = (.*)", cell.source, re.M)
            cell.outputs = said
            cells.append(small(cell))
        if comment := cell.metadata.get("nbgrader", {}).get("comment"):
            cells.append(v4.new_markdown_cell(f"> {comment}"))
    return v4.new_notebook(cells=cells)


class Feedback(Exporter):
    """nbgrader's exporter of feedback; it finds the points in the cells."""

    file_extension = Unicode(".html")

    def from_notebook_node(self, nb, resources=None, **options):  # type: ignore
        nb, resources = super().from_notebook_node(nb, resources, **options)
        given = resources["nbgrader"]
        points = f"{given['score']:g} of {given['max_score']:g} points"
        head = f"<h1>{given['notebook']}</h1>\n"
        head += f"<p>{escape(given['student'])}: {points}</p>\n"
        return page(points, head + body_of(exercises(nb))), resources
