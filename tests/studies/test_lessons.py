"""The translator's corpus: split, encoded, and thinned out evenly."""

from seq2seq_lesson.studies import lessons
from seq2seq_lesson.vocabulary import EOS, UNK


def test_the_bundled_corpus_is_ready_to_train_on(monkeypatch):
    monkeypatch.setenv("SEQ2SEQ_LESSON_CORPUS", "bundled")
    found = lessons.material()
    trained_on = {tuple(source) for source, _ in found.train}
    unknown = [ids for ids, _ in found.unseen if tuple(ids) in trained_on]
    assert all(UNK in ids for ids in unknown)  # other words that have no id
    assert len(found.held_out) == len(found.unseen) <= lessons.MOST
    assert all(ids[-1] == EOS for pair in found.watched for ids in pair)
    assert {pair.source for pair in found.test} <= found.meant.keys()
    sources = [{pair.source for pair in part} for part in (found.test, found.held_out)]
    assert not sources[0] & sources[1]


def test_batches_are_full_and_share_no_place(monkeypatch):
    monkeypatch.setenv("SEQ2SEQ_LESSON_CORPUS", "bundled")
    found = lessons.material()
    one, other = ({id(pair) for pair in found.batch(n)} for n in (0, 99))
    assert len(one) == len(other) == 32
    assert not one & other


def test_a_small_corpus_has_a_batch_for_each_step(monkeypatch):
    monkeypatch.setenv("SEQ2SEQ_LESSON_CORPUS", "bundled")
    found = lessons.material()
    for size, wanted in ((20, 20), (240, 32)):
        small = found._replace(train=found.train[:size])
        assert min(len(small.batch(n)) for n in range(100)) == wanted


def test_recipe_and_floor_go_by_the_corpus(monkeypatch):
    rows = {"bundled": (15, 95), "tatoeba": (60, 56), "mine.tsv": (60, 0)}
    for name, wanted in rows.items():
        monkeypatch.setenv("SEQ2SEQ_LESSON_CORPUS", name)
        assert (lessons.recipe(1).epochs, lessons.floor()) == wanted
