"""A page says in words what its pictures show, and keeps an answer in one fold."""

from nbformat import v4

from tools import pages

PNG = "iVBORw0KGgo="
FOLD = "<details><summary>So?</summary>\n\n{}\n</details>"


def picture(*names):
    shown = v4.new_output("display_data", {"image/png": PNG, "text/plain": "<Figure>"})
    return v4.new_code_cell("draw()", outputs=[shown], metadata={"tags": [*names]})


def written(folder, *cells):
    book = v4.new_notebook(cells=[v4.new_markdown_cell("# Why?"), *cells])
    before = book.copy()
    pages.write_page(book, folder / "page.html")
    assert book == before
    return (folder / "page.html").read_text("utf-8")


def test_the_caption_is_what_a_picture_says(tmp_path):
    text = "It rises.\n\n*Figure: an &lt;eos&gt; in `orange`.*\n\nSo there."
    page = written(tmp_path, picture(), v4.new_markdown_cell(text))
    assert 'alt="an &lt;eos&gt; in orange."' in page
    assert pages.caption("A *Figure: of speech.*") == ""


def test_what_an_answer_means_stands_in_its_fold(tmp_path):
    text = FOLD.format("*Figure: bars.*\n\nIt *rises*.")
    page = written(tmp_path, picture("answer"), v4.new_markdown_cell(text))
    assert page.count("<details") == 1
    _, _, folded = page.partition('<details class="answer">')
    inside, _, rest = folded.partition("</details>")
    assert 'alt="bars."' in inside
    assert "<em>rises</em>" in inside
    assert "rises" not in rest


def test_a_guess_is_asked_for_where_a_question_was(tmp_path):
    answer = picture("answer")
    assert "<summary>What comes out</summary>" in written(tmp_path, answer)
    answer.source = "guess.answer(draw())"
    assert "<summary>What comes out: guess first</summary>" in written(tmp_path, answer)


def test_a_fold_behind_no_answer_stays_where_it_is(tmp_path):
    text = FOLD.format("It *rises*.")
    page = written(tmp_path, picture(), v4.new_markdown_cell(text))
    assert "<details><summary>So?</summary>" in page
    assert "<em>rises</em>" in page
