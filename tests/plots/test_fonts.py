"""Words of any script: a font is found for their letters, or a sentence says so."""

import warnings

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
import torch
from matplotlib.font_manager import fontManager

from seq2seq_lesson.plots import fonts
from seq2seq_lesson.plots.attention import attention_map
from seq2seq_lesson.plots.data_loading import batch_blocks


@pytest.fixture
def drawn(monkeypatch):
    """The fonts of the ticks of a map of these words; matplotlib's own fonts alone."""
    own = [entry for entry in fontManager.ttflist if "mpl-data" in entry.fname]
    monkeypatch.setattr(fontManager, "ttflist", own)
    fonts._families.cache_clear()
    fonts._say.cache_clear()

    def draw(*words):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ax = attention_map(torch.eye(len(words)), words, ["a"] * len(words))
            ax.figure.canvas.draw()
        families = [label.get_fontfamily() for label in ax.get_xticklabels()]
        plt.close(ax.figure)
        return families

    yield draw
    fonts._families.cache_clear()


def test_a_font_is_added_for_letters_that_the_usual_one_lacks(drawn, capsys):
    assert drawn("ete", "été", "ᶁ") == [
        ["sans-serif"],
        ["sans-serif", "STIXGeneral"],
        ["sans-serif", "STIXGeneral"],
    ]
    assert drawn("où", "été") == [["sans-serif"]] * 2
    assert capsys.readouterr().out == ""


def test_letters_that_no_font_has_are_told_once(drawn, capsys):
    for _ in range(2):
        assert drawn("本", "ete") == [["sans-serif"]] * 2
    assert capsys.readouterr().out.count("No font here has 本 and the like") == 1
    batch_blocks(torch.tensor([[4]]), ["", "", "", "", "読"])
    plt.close()
    assert "No font here has 読" in capsys.readouterr().out


@pytest.mark.parametrize(("version", "told"), [("3.10.1", 1), ("3.11.0", 0)])
def test_letters_that_matplotlib_does_not_join_are_told(
    drawn, capsys, monkeypatch, version, told
):
    monkeypatch.setattr(mpl, "__version__", version)
    drawn("été")
    drawn("كتاب")
    assert capsys.readouterr().out.count("neither joins these letters") == told
