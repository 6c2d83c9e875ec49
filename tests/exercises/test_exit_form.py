"""The exit form asks three questions and repeats what was answered."""

from seq2seq_lesson.exercises.exit_form import QUESTIONS, exit_form


def test_it_asks_and_repeats(capsys):
    exit_form()
    asked = capsys.readouterr().out
    assert len(QUESTIONS) == 3
    assert all(question in asked for question in QUESTIONS.values())
    assert "One minute" in asked
    exit_form(unclear="bmm", minutes=80)
    told = capsys.readouterr().out
    assert told.startswith("Thank you.")
    assert "bmm" in told
    assert "80" in told
