"""The yardstick: its files, its turns, what is chosen, and that a test is read once."""

import random
import zipfile

import pytest

from seq2seq_lesson.corpus import SentencePair, encode_pairs
from seq2seq_lesson.reversal import draw_strings
from seq2seq_lesson.translation import log_probs
from tools.bench import curves, multi30k


@pytest.fixture
def folder(tmp_path):
    """Three parts of letters, read forwards and backwards."""
    strings = draw_strings(90, random.Random(0), shortest=2, longest=5)
    for n, part in enumerate(multi30k.PARTS):
        for language, step in [("de", 1), ("en", -1)]:
            lines = (f"{' '.join(t[::step])}\n" for t in strings[30 * n : 30 * (n + 1)])
            path = tmp_path / f"{part}.lc.norm.tok.{language}"
            path.write_text("".join(lines), "utf-8")
    return tmp_path


def test_folder_and_archive_hold_the_same_pairs(folder, tmp_path):
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in folder.glob("*.tok.*"):
            packed.write(path, path.name)
    parts = multi30k.read(folder)
    assert parts == multi30k.read(archive)
    assert {part: len(pairs) for part, pairs in parts.items()} == dict.fromkeys(
        multi30k.PARTS, 30
    )
    pair = parts["val"][0]
    assert pair.source == pair.target[::-1]
    assert [len(pairs) for pairs in multi30k.read(folder, 7).values()] == [7] * 3


def test_a_missing_or_a_cut_off_file_is_refused(folder):
    path = folder / "val.lc.norm.tok.en"
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join(lines[:-1]), "utf-8")
    with pytest.raises(ValueError, match="val: 30 German lines and 29 English ones"):
        multi30k.read(folder)
    path.unlink()
    with pytest.raises(ValueError, match=r"holds 0 files val\*\.en, wanted one"):
        multi30k.read(folder)


def test_the_best_epoch_on_validation_is_taken_and_the_test_set_read_once(
    folder, tmp_path, monkeypatch, capsys
):
    test, asked = multi30k.read(folder)["test_2016_flickr"], []

    def bleu(side, pairs, width=1):
        asked.append((side.name, width, side.model.bridge.bias[0].item()))
        return 45.0 if pairs == test else [30.0, 50.0, 40.0][len(side.curve)]

    monkeypatch.setattr(multi30k, "ROOT", tmp_path)
    monkeypatch.setattr(multi30k.Side, "bleu", bleu)
    multi30k.main([str(folder), "--epochs", "3", "--seeds", "0"])
    for name in multi30k.SIDES:
        _, widths, weights = zip(*(one for one in asked if one[0] == name), strict=True)
        assert widths == (1, 1, 1, 1, multi30k.WIDTH)
        first, second, third, *tested = weights
        assert tested == [second, second]
        assert second not in (first, third)
    text = (tmp_path / "build" / "multi30k.md").read_text("utf-8")
    assert text.count("| 50.0 | 45.0 | 45.0 |") == len(multi30k.SIDES)
    assert (tmp_path / "build" / "multi30k.png").exists()


def test_recipes_are_tried_without_the_test_set(folder, tmp_path, monkeypatch, capsys):
    asked, bleu = [], multi30k.Side.bleu

    def watched(side, pairs, *width):
        asked.append(pairs)
        return bleu(side, pairs, *width)

    monkeypatch.setattr(multi30k, "ROOT", tmp_path)
    monkeypatch.setattr(multi30k.Side, "bleu", watched)
    multi30k.main([str(folder), "--tried", "--epochs", "1", "--pairs", "20"])
    assert asked == [multi30k.read(folder, 20)["val"]] * len(multi30k.TRIED)
    assert capsys.readouterr().out.count("| - | - |") == len(multi30k.TRIED)


def test_a_beam_finds_what_the_model_thinks_likelier(folder):
    pairs = multi30k.read(folder)["train"]
    side = multi30k.begin("faster", 0, pairs, most=2)
    multi30k.race([side], pairs)
    assert len(side.curve) == 2
    sources = [pair.source for pair in pairs]
    greedy, beam = side.write(sources, 1), side.write(sources, 8)
    assert greedy == side.write(sources, 1) != beam

    def likely(texts):
        found = [SentencePair(*two) for two in zip(sources, texts, strict=True)]
        examples = encode_pairs(found, *side.words)
        return sum(log_probs(side.model, [e]).sum().item() for e in examples)

    assert likely(beam) > likely(greedy)


def test_curves_are_kept_corpus_by_corpus(tmp_path, monkeypatch):
    kept, picture = tmp_path / "curves.csv", tmp_path / "curves.png"
    monkeypatch.setattr(curves, "KEPT", kept)
    monkeypatch.setattr(curves, "PICTURE", picture)
    old = [
        curves.Curve("Tatoeba", "ours", 0, [(1.0, 20.0)]),
        curves.Curve("Multi30k", "ours", 1, [(9.0, 9.0)]),
    ]
    new = [curves.Curve("Multi30k", "ours", 0, [(2.0, 5.5), (3.0, 7.0)])]
    curves.publish(old)
    curves.publish(new)
    assert curves.read(kept) == [old[0], *new]
    assert picture.stat().st_size > 1000


def test_several_seeds_are_told_with_their_range():
    assert multi30k.told([39.0]) == "39.0"
    assert multi30k.told([39.0, 41.0, 40.0]) == "40.0 (39.0 to 41.0)"
