"""Words and ids: there and back, what is unknown, what is refused."""

import pytest

from seq2seq_lesson.vocabulary import EOS, PAD, SOS, SPECIALS, UNK, Vocabulary

SENTENCES = ["je suis la .", "je dors .", "tu es la la ."]


def test_special_ids():
    assert (PAD, SOS, EOS, UNK) == (0, 1, 2, 3)
    vocabulary = Vocabulary(["je"])
    assert vocabulary.words == [*SPECIALS, "je"]
    assert [vocabulary.words[i] for i in (PAD, SOS, EOS, UNK)] == list(SPECIALS)


def test_words_come_in_order_of_appearance():
    vocabulary = Vocabulary.from_sentences(SENTENCES)
    assert vocabulary.words[4:] == ["je", "suis", "la", ".", "dors", "tu", "es"]
    assert len(vocabulary) == 11
    assert "dors" in vocabulary
    assert "chat" not in vocabulary
    assert "<eos>" in vocabulary


def test_rare_words_are_left_out_and_read_as_unknown():
    vocabulary = Vocabulary.from_sentences(iter(SENTENCES), min_count=2)
    assert vocabulary.words[4:] == ["je", "la", "."]
    assert vocabulary.encode("je suis la .") == [4, UNK, 5, 6, EOS]
    assert Vocabulary.from_sentences(SENTENCES, min_count=3).words[4:] == ["la", "."]


def test_there_and_back():
    vocabulary = Vocabulary.from_sentences(SENTENCES)
    for sentence in SENTENCES:
        ids = vocabulary.encode(sentence)
        assert ids[-1] == EOS
        assert vocabulary.decode(ids) == sentence.split()
        assert vocabulary.decode(ids[:-1]) == sentence.split()


def test_decoding_stops_at_the_first_eos():
    vocabulary = Vocabulary(["je", "dors"])
    assert vocabulary.decode(iter([4, UNK, EOS, 5, EOS])) == ["je", "<unk>"]
    assert vocabulary.decode([EOS]) == []
    assert vocabulary.decode([]) == []


def test_a_saved_list_of_words_makes_the_same_vocabulary():
    vocabulary = Vocabulary.from_sentences(SENTENCES)
    again = Vocabulary(vocabulary.words[len(SPECIALS) :])
    assert again.words == vocabulary.words
    assert again.encode("tu dors .") == vocabulary.encode("tu dors .")


def test_a_vocabulary_knows_how_its_words_were_cleaned():
    assert Vocabulary(["je"]).clean == Vocabulary.from_sentences(["je"]).clean
    assert Vocabulary.from_sentences(["je"]).clean == "article"
    assert Vocabulary.from_sentences(["süß"], clean="words").clean == "words"


@pytest.mark.parametrize("sentence", ["", "  ", "\t\n"])
def test_an_empty_sentence_is_refused(sentence):
    with pytest.raises(ValueError, match="at least one word was wanted: drop"):
        Vocabulary(["je"]).encode(sentence)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["je", "tu", "je"], "'je' at place 2"),
        (["je", ""], "'' at place 1"),
        (["je", "je dors"], "'je dors' at place 1"),
        (["je", "<eos>"], "'<eos>' at place 1"),
        (["je", " tu"], "' tu' at place 1"),
    ],
)
def test_words_that_are_none_are_refused(words, named):
    with pytest.raises(ValueError, match=f"words holds {named}"):
        Vocabulary(words)


def test_one_sentence_in_place_of_several_is_refused():
    with pytest.raises(ValueError, match=r"wanted a list .* hand in \['je dors \.'\]"):
        Vocabulary.from_sentences("je dors .")


def test_a_string_of_letters_makes_each_letter_a_word():
    assert Vocabulary("ab").words == Vocabulary(["a", "b"]).words
