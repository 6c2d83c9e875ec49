"""On a page a prediction can be chosen, and each choice has its verdict."""

from nbformat import v4

from seq2seq_lesson.exercises.prediction import verdict
from tools import pages
from tools.predictions import radios

QUESTION = "Is 1 < 2?\n   ( ) yes\n   ( ) no"


def written(folder, said):
    shown = v4.new_output("display_data", {"text/plain": QUESTION})
    printed = v4.new_output("stream", text=said)
    book = v4.new_notebook(
        cells=[
            v4.new_markdown_cell("# Why?"),
            v4.new_code_cell("guess_one = predict()", outputs=[shown]),
            v4.new_code_cell(
                "guess_one.answer(x)", outputs=[printed], metadata={"tags": ["answer"]}
            ),
        ]
    )
    pages.write_page(book, folder / "page.html")
    return (folder / "page.html").read_text("utf-8")


def test_each_choice_is_a_radio_button_and_has_its_verdict(tmp_path):
    page = written(tmp_path, "12 of 13\nMeasured: yes.\n")
    assert "<legend>Is 1 &lt; 2?</legend>" in page
    for n in range(2):
        assert page.count(f'class="choice-{n}" name="guess_one" type="radio"') == 1
        assert f".guess:has(.choice-{n}:checked) .verdict-{n}" in page
    assert ".guess .verdict { display: none; }" in page
    assert ".verdict-7 { display: block; }" in page
    assert f'verdict-0">{verdict("yes", "yes")}' in page
    assert f'verdict-1">{verdict("yes", "no")}' in page
    _, _, folded = page.partition('<details class="answer">')
    assert 'id="answer-guess_one"' in folded.partition("</details>")[0]
    assert 'href="#answer-guess_one"' in page


def test_what_is_asked_is_text():
    html = radios("guess", "<b>?", ["<i>", "no"], "no")
    assert "<legend>&lt;b&gt;?</legend>" in html
    assert "> &lt;i&gt;</label>" in html


def test_without_an_answer_it_stays_a_question(tmp_path):
    page = written(tmp_path, "it broke\n")
    assert "Is 1 &lt; 2?" in page
    assert "radio" not in page
