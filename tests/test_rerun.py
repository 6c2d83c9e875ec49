"""Cells that cannot be run again after the last one are found and named."""

from nbformat import v4

from tests.rerun import again


def test_a_name_with_two_meanings_is_found(tmp_path):
    cells = ["x = 3", "y = x + 1", "x = 'three'", "assert False"]
    book = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells])
    book.cells[-1].metadata.tags = ["raises-exception"]
    book.cells.insert(0, v4.new_markdown_cell("# Why?"))
    (wrong,) = again(book, tmp_path)
    assert wrong.startswith("'y = x + 1': TypeError: can only concatenate str")


def test_an_error_that_was_meant_must_come_again(tmp_path):
    cells = ["try:\n    seen\nexcept NameError:\n    seen = 1\n    raise"]
    book = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells])
    book.cells[0].metadata.tags = ["raises-exception"]
    assert again(book, tmp_path) == ["'try:': no error"]
