"""Order, batching and padding leave no trace in a translation; bad input is refused."""

from dataclasses import replace

import pytest
import torch

from seq2seq_lesson.batches import collate
from seq2seq_lesson.corpus import SentencePair, encode_pairs
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq
from seq2seq_lesson.translation import Translation, translate, translate_forced
from seq2seq_lesson.vocabulary import EOS, Vocabulary

SRC, TGT = Vocabulary("abcde"), Vocabulary("uvwxyz")
CONFIG = ModelConfig(
    len(SRC), len(TGT), emb=6, enc_hid=5, hid=7, att=4, dropout=0.5, max_len=9
)
SENTENCES = ["a b c", "d", "e e a b d c", "b a", "c", "a b c", "d e", "q a q r"]


def new_model(**changes):
    """Untrained, but with weights large enough to write different words."""
    torch.manual_seed(1)
    model = Seq2Seq(replace(CONFIG, **changes))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    return model


def same(one, other):
    assert (one.source_words, one.words) == (other.source_words, other.words)
    torch.testing.assert_close(one.weights, other.weights)


def test_the_untrained_model_writes_eos_in_some_sentences_only():
    # what the tests below need to mean anything
    found = translate(new_model(), SENTENCES, SRC, TGT)
    ended = [translation.words[-1] == "<eos>" for translation in found]
    assert any(ended)
    assert not all(ended)
    assert len({len(translation.words) for translation in found}) > 2


def test_each_sentence_is_translated_as_if_it_were_alone_and_order_is_kept():
    model = new_model()
    together = translate(model, SENTENCES, SRC, TGT)
    for sentence, found in zip(SENTENCES, together, strict=True):
        same(found, translate(model, [sentence], SRC, TGT)[0])
    for batch_size in (1, 3):
        found = translate(model, SENTENCES, SRC, TGT, batch_size=batch_size)
        for one, other in zip(together, found, strict=True):
            same(one, other)
    assert translate(model, [], SRC, TGT) == []


def test_words_and_weights_have_a_row_a_written_and_a_column_a_read_token():
    for found in translate(new_model(), SENTENCES, SRC, TGT):
        assert found.source_words[-1] == "<eos>"
        assert found.words[-1] == "<eos>" or len(found.words) == CONFIG.max_len
        assert found.weights.shape == (len(found.words), len(found.source_words))
        torch.testing.assert_close(
            found.weights.sum(dim=1), torch.ones(len(found.words))
        )


def test_text_and_word_weights_leave_eos_out():
    weights = torch.rand(3, 4)
    ended = Translation(["a", "b", "c", "<eos>"], ["x", "y", "<eos>"], weights, [])
    assert ended.text == "x y"
    assert torch.equal(ended.word_weights, weights[:2, :3])
    cut = replace(ended, words=["x", "y", "z"])
    assert cut.text == "x y z"
    assert torch.equal(cut.word_weights, weights[:, :3])
    silent = replace(ended, words=["<eos>"], weights=weights[:1])
    assert silent.text == ""
    assert silent.word_weights.shape == (0, 3)
    assert replace(ended, weights=None).word_weights is None


def test_max_len_counts_eos_and_stands_for_the_models_own():
    model = new_model()
    whole = translate(model, SENTENCES, SRC, TGT)
    short = translate(model, SENTENCES, SRC, TGT, max_len=2)
    assert [found.words[:2] for found in whole] == [found.words for found in short]
    assert max(len(found.words) for found in whole) == CONFIG.max_len


def test_unknown_words_are_shown_as_typed_and_listed_once():
    found = translate(new_model(), SENTENCES, SRC, TGT)
    assert found[-1].source_words == ["q", "a", "q", "r", "<eos>"]
    assert found[-1].unknown == ["q", "r"]
    assert found[0].unknown == []


def test_a_sentence_is_cleaned_as_the_models_corpus_was():
    def read(text, vocabulary=SRC):
        return translate(new_model(), [text], vocabulary, TGT)[0].source_words[:-1]

    assert read("A, É; b.") == ["a", "e", "b", "."]
    assert read("A É", Vocabulary("abcdé", "words")) == ["a", "é"]
    assert read("Ab c", Vocabulary("ab▁cd", "characters")) == ["a", "b", "▁", "c"]
    assert read("a <unk> b") == ["a", "<unk>", "b"]
    assert read("где b") == ["b"]
    assert read("где") == ["где"]  # an unknown word


def test_without_attention_there_are_no_weights():
    model = new_model(order="none")
    pairs = [SentencePair("a b", "x y")]
    for found in [
        *translate(model, SENTENCES, SRC, TGT),
        *translate_forced(model, pairs, SRC, TGT),
    ]:
        assert found.weights is None
        assert found.word_weights is None


def test_a_forced_translation_has_the_targets_words_and_the_models_weights():
    model = new_model().eval()
    pairs = [
        SentencePair(source, target)
        for source, target in zip(SENTENCES, ["x y z", "u", "v w"] * 3, strict=False)
    ]
    found = translate_forced(model, pairs, SRC, TGT, batch_size=3)
    for pair, one in zip(pairs, found, strict=True):
        assert one.source_words == [*pair.source.split(), "<eos>"]
        assert one.words == [*pair.target.split(), "<eos>"]
        batch = collate(encode_pairs([pair], SRC, TGT))
        enc_states, dec_state = model.encode(batch.src_ids, batch.src_lengths)
        weights = model.decoder(batch.tgt_in, dec_state, enc_states, batch.src_mask)[2]
        torch.testing.assert_close(one.weights, weights[0])
        assert not one.weights.requires_grad


def test_forced_to_write_what_it_wrote_it_looks_where_it_looked():
    model = new_model()
    free = [
        found
        for found in translate(model, SENTENCES, SRC, TGT)
        if found.words[-1] == "<eos>" and len(found.words) > 1
    ]
    pairs = [SentencePair(" ".join(one.source_words[:-1]), one.text) for one in free]
    for one, forced in zip(free, translate_forced(model, pairs, SRC, TGT), strict=True):
        same(one, forced)


@pytest.mark.parametrize("training", [True, False])
def test_dropout_is_off_meanwhile_and_the_mode_comes_back(training):
    model = new_model().train(training)
    pairs = [SentencePair("a b c", "x y z")]
    same(*(translate(model, ["a b c"], SRC, TGT)[0] for _ in range(2)))
    same(*(translate_forced(model, pairs, SRC, TGT)[0] for _ in range(2)))
    with pytest.raises(ValueError, match="wanted 1 to 8"):
        translate(model, [""], SRC, TGT)
    assert model.training == training


def test_each_part_gets_its_own_mode_back():
    model = new_model().eval()
    model.encoder.rnn.train()
    translate(model, ["a b c"], SRC, TGT)
    training = {name for name, part in model.named_modules() if part.training}
    assert training == {"encoder.rnn"}


@pytest.mark.parametrize("number", [0, -1])
def test_no_room_for_a_word_or_a_sentence_is_refused(number):
    model, pair = new_model(), SentencePair("a b c", "x y z")
    with pytest.raises(ValueError, match=f"max_len: got {number}, wanted at least 1"):
        translate(model, ["a b c"], SRC, TGT, max_len=number)
    wanted = f"batch_size: got {number}, wanted at least 1"
    with pytest.raises(ValueError, match=wanted):
        translate(model, ["a b c"], SRC, TGT, batch_size=number)
    with pytest.raises(ValueError, match=wanted):
        translate_forced(model, [pair], SRC, TGT, batch_size=number)


def test_what_cannot_be_translated_is_refused_by_name():
    model = new_model()
    with pytest.raises(ValueError, match=r"got '  ' of 0 words, wanted 1 to 8"):
        translate(model, ["a", "  "], SRC, TGT)
    longest = " ".join("a" * 8)
    assert len(translate(model, [longest], SRC, TGT)) == 1
    with pytest.raises(ValueError, match=r"got 'a a .* of 9 words, wanted 1 to 8"):
        translate(model, ["b", longest + " a"], SRC, TGT)
    with pytest.raises(ValueError, match="of 9 words"):
        translate_forced(model, [SentencePair(longest + " a", "x")], SRC, TGT)
    with pytest.raises(ValueError, match="got one string, 'a b c'"):
        translate(model, "a b c", SRC, TGT)


def test_weights_are_cut_at_eos_itself():
    # the row of EOS is the last one, not the first row of padding
    model = new_model()
    src_ids = torch.tensor([SRC.encode("a b c")])
    ids, weights = model.eval().greedy(src_ids, torch.tensor([4]), 9)
    found = translate(model, ["a b c", *SENTENCES], SRC, TGT)[0]
    rows = ids[0].tolist().index(EOS) + 1 if EOS in ids[0] else 9
    torch.testing.assert_close(found.weights, weights[0, :rows])
