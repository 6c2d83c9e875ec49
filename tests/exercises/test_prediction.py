"""A prediction: asked before, answered by what was measured, kept as text."""

import ipywidgets
import pytest

from seq2seq_lesson.exercises import prediction
from seq2seq_lesson.exercises.prediction import VIEW, predict


@pytest.fixture
def live(monkeypatch):
    monkeypatch.setattr(prediction, "where_am_i", lambda: "jupyter")


def test_without_a_kernel_it_is_text(capsys):
    guess = predict("Which?", "this", "that")
    assert capsys.readouterr().out == "Which?\n   ( ) this\n   ( ) that\n"
    assert guess._repr_mimebundle_() == {"text/plain": repr(guess)}
    guess.answer("that")
    assert capsys.readouterr().out == "Measured: that.\n"


@pytest.mark.usefixtures("live")
def test_live_it_is_radio_buttons_beside_the_same_text():
    guess = predict("Is 1 < 2?", "yes", "no")
    buttons = guess.buttons
    assert isinstance(buttons, ipywidgets.RadioButtons)
    assert buttons.options == ("yes", "no")
    assert buttons.value is None
    assert guess.view.children[0].value == "Is 1 &lt; 2?"
    bundle = guess._repr_mimebundle_(include=None, exclude=None)
    assert bundle["text/plain"] == repr(guess)
    assert bundle[VIEW]["model_id"] == guess.view.model_id


@pytest.mark.usefixtures("live")
def test_the_answer_says_whether_the_learner_had_it(capsys):
    guess = predict("Which?", "this", "that")
    capsys.readouterr()
    guess.answer("that")
    guess.buttons.value = "that"
    guess.answer("that")
    guess.buttons.value = "this"
    guess.answer("that")
    assert capsys.readouterr().out.splitlines() == [
        "Measured: that.",
        "Measured: that. You had it.",
        "Measured: that. You had chosen: this.",
    ]


def test_an_experiment_with_another_result_is_refused():
    guess = predict("Which?", "this", "that")
    with pytest.raises(ValueError, match=r"found is 'both', but one of .* was wanted"):
        guess.answer("both")


@pytest.mark.parametrize("choices", [(), ("one",), ("twice", "twice")])
def test_a_question_wants_two_choices(choices):
    with pytest.raises(ValueError, match="at least two, all different"):
        predict("Which?", *choices)
