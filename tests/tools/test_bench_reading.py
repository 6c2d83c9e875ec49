"""The benchmark's sentence on large files, from a small one."""

from seq2seq_lesson.corpus import SentencePair
from tools.bench import reading


def test_a_file_is_repeated_and_measured(monkeypatch):
    pairs = [SentencePair("Va !", "Go."), SentencePair("Cours !", "Run!")]
    monkeypatch.setattr(reading, "read_pairs", lambda name: pairs)
    told = reading.reading(lines=5)
    assert told.startswith("A file of 5 lines (Tatoeba's, repeated) is read, prepared")
    assert told.endswith("; 2 distinct pairs stay.")
