"""A prediction: asked before, answered by what was measured, kept as text."""

import html

import ipywidgets
import pytest

from seq2seq_lesson.exercises import prediction
from seq2seq_lesson.exercises.prediction import VIEW, predict


@pytest.fixture
def live(monkeypatch):
    monkeypatch.setattr(prediction, "where_am_i", lambda: "jupyter")
    monkeypatch.setattr(prediction, "_CHOSEN", {})


def test_without_a_kernel_it_is_text(capsys):
    guess = predict("Which?", "this", "that")
    assert capsys.readouterr().out == "Which?\n   ( ) this\n   ( ) that\n"
    assert guess._repr_mimebundle_() == {"text/plain": repr(guess)}
    guess.answer("that")
    assert capsys.readouterr().out == "Measured: that.\n"


@pytest.mark.usefixtures("live")
def test_live_it_is_a_named_list_beside_the_same_text():
    guess = predict("Is 1 < 2?", "yes", "no")
    assert isinstance(guess.list, ipywidgets.Select)  # arrow keys move in it
    assert guess.list.description
    assert guess.list.options == ("yes", "no")
    assert guess.list.value is None
    assert guess.view.children[0].value == "<b>Is 1 &lt; 2?</b>"
    bundle = guess._repr_mimebundle_(include=None, exclude=None)
    assert bundle["text/plain"] == repr(guess)
    assert bundle[VIEW]["model_id"] == guess.view.model_id


@pytest.mark.usefixtures("live")
def test_nothing_measured_is_told_before_a_choice_and_the_verdict_after(monkeypatch):
    told = []

    class Handle:
        def update(self, bundle, raw):
            told.append(bundle)

    def shown(bundle, raw=False, display_id=False):
        told.append(bundle)
        return Handle()

    monkeypatch.setattr(prediction, "display", shown)
    guess = predict("Which <one>?", "this", "that")
    guess.answer("that")
    for choice in ("that", "this"):
        guess.list.value = choice
    told = [bundle for bundle in told[1:] if bundle["text/plain"]]  # not the script
    plain = [bundle["text/plain"] for bundle in told]
    assert plain[0].startswith("Guess first: “Which <one>?” ")
    assert "that" not in plain[0]
    assert plain[1:] == [
        "✓ You had it. Measured: that.",
        "✗ You had chosen: this. Measured: that.",
    ]
    for bundle in told:
        assert html.escape(bundle["text/plain"]) in bundle["text/html"]


@pytest.mark.usefixtures("live")
def test_a_choice_is_kept_when_its_cell_runs_again():
    predict("Which?", "this", "that").list.value = "that"
    assert predict("Which?", "this", "that").chosen == "that"
    assert predict("Which?", "other", "words").chosen is None
    assert predict("And which?", "this", "that").chosen is None


def test_an_experiment_with_another_result_is_refused():
    guess = predict("Which?", "this", "that")
    with pytest.raises(ValueError, match=r"found is 'both', but one of .* was wanted"):
        guess.answer("both")


@pytest.mark.parametrize("choices", [(), ("one",), ("twice", "twice")])
def test_a_question_wants_two_choices(choices):
    with pytest.raises(ValueError, match="at least two, all different"):
        predict("Which?", *choices)
