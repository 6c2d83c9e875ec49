from itertools import pairwise

import pytest
import torch
from torch.nn import functional as F

from seq2seq_lesson.tutorials import (
    ReversalPlainDecoder,
    TutorialDecoder,
    TutorialEncoder,
    published_accuracy,
    published_reversal_loop,
    tutorial_step,
)
from seq2seq_lesson.vocabulary import EOS, PAD, SOS

VOCAB, HID = 12, 8
SRC_IDS, TGT_IDS = torch.tensor([4, 9, 6, EOS]), torch.tensor([7, 5, EOS])


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def article_a() -> tuple[TutorialEncoder, TutorialDecoder]:
    return TutorialEncoder(VOCAB, HID), TutorialDecoder(HID, VOCAB, dropout=0.0)


def test_the_encoder_word_by_word_is_the_gru_in_one_call():
    encoder, _ = article_a()
    state, outputs = encoder.first_state(), []
    assert state.eq(0).all()
    for word_id in SRC_IDS:
        output, state = encoder(word_id, state)
        assert torch.equal(output, state)
        outputs.append(output)
    expected, last = encoder.gru(encoder.embedding(SRC_IDS).unsqueeze(1))
    torch.testing.assert_close(torch.cat(outputs), expected)
    torch.testing.assert_close(state, last)


def test_the_decoder_is_its_formula():
    _, decoder = article_a()
    word_id, state = torch.tensor([[7]]), torch.randn(1, 1, HID)
    enc_states = torch.randn(10, HID)
    log_probs, new_state, weights = decoder(word_id, state, enc_states)
    word, h = decoder.embedding.weight[7], state[0, 0]
    expected = (decoder.attn.weight @ torch.cat([word, h]) + decoder.attn.bias).softmax(
        0
    )
    context = sum(w * s for w, s in zip(expected, enc_states, strict=True))
    cell_in = decoder.combine(torch.cat([word, context])).clamp(min=0)
    output, last = decoder.gru(cell_in.view(1, 1, -1), state)
    torch.testing.assert_close(weights[0], expected)
    torch.testing.assert_close(new_state, last)
    torch.testing.assert_close(
        log_probs[0].exp(), decoder.out(output[0, 0]).softmax(dim=0)
    )


def test_its_weights_never_look_at_the_encoder():
    _, decoder = article_a()
    state, enc_states = torch.randn(1, 1, HID), torch.randn(10, HID)
    seen = decoder(torch.tensor(7), state, enc_states)
    for other in (enc_states[torch.randperm(10)], torch.zeros(10, HID)):
        blind = decoder(torch.tensor(7), state, other)
        assert torch.equal(blind[2], seen[2])  # not one bit of the weights moves
        assert not torch.equal(blind[0], seen[0])  # though the context does
        assert not torch.equal(blind[1], seen[1])
    assert not torch.equal(decoder(torch.tensor(8), state, enc_states)[2], seen[2])
    assert not torch.equal(decoder(torch.tensor(7), -state, enc_states)[2], seen[2])


def test_it_weighs_the_empty_positions_too():
    encoder, decoder = article_a()
    weights = decoder(SRC_IDS[0], encoder.first_state(), torch.zeros(10, HID))[2]
    assert weights.shape == (1, 10)
    assert weights.gt(0).all()
    torch.testing.assert_close(weights.sum(), torch.tensor(1.0))


def test_dropout_acts_on_the_word_in_training_alone():
    decoder = TutorialDecoder(HID, VOCAB, dropout=0.5)
    given = (torch.tensor(7), torch.zeros(1, 1, HID), torch.randn(10, HID))
    assert not torch.equal(decoder(*given)[0], decoder(*given)[0])
    decoder.eval()
    assert torch.equal(decoder(*given)[0], decoder(*given)[0])


def step(encoder, decoder, teacher_forcing: bool, rate: float = 0.1) -> float:
    optimizers = [
        torch.optim.SGD(part.parameters(), rate) for part in (encoder, decoder)
    ]
    return tutorial_step(
        SRC_IDS, TGT_IDS, encoder, decoder, *optimizers, teacher_forcing
    )


def by_hand(encoder, decoder, teacher_forcing: bool) -> torch.Tensor:
    """The loss of one sentence pair, by whole tensors where that can be."""
    outputs, state = encoder.gru(encoder.embedding(SRC_IDS).unsqueeze(1))
    enc_states = F.pad(outputs[:, 0], (0, 0, 0, 10 - len(SRC_IDS)))
    read, nats = SOS, []
    for true in TGT_IDS.tolist():
        log_probs, state, _ = decoder(torch.tensor(read), state, enc_states)
        nats.append(-log_probs[0, true])
        read = true if teacher_forcing else int(log_probs.argmax())
        if read == EOS and not teacher_forcing:
            break
    return sum(nats)


@pytest.mark.parametrize("teacher_forcing", [True, False])
def test_a_step_descends_the_loss_of_its_sentence(teacher_forcing):
    encoder, decoder = article_a()
    parameters = [*encoder.parameters(), *decoder.parameters()]
    loss = by_hand(encoder, decoder, teacher_forcing)
    gradients = torch.autograd.grad(loss, parameters)
    wanted = [p.detach() - 0.1 * g for p, g in zip(parameters, gradients, strict=True)]
    for part in parameters:
        part.grad = torch.ones_like(part)  # left over from another sentence
    reported = step(encoder, decoder, teacher_forcing)
    assert reported == pytest.approx(loss.item() / len(TGT_IDS))
    torch.testing.assert_close([p.detach() for p in parameters], wanted)


def test_free_running_stops_at_its_own_end_and_looks_cheap():
    encoder, decoder = article_a()
    with torch.no_grad():
        decoder.out.bias[EOS] += 100  # it ends at once
    enc_states = torch.zeros(10, HID)
    state = encoder.gru(encoder.embedding(SRC_IDS).unsqueeze(1))[1]
    first = -decoder(torch.tensor(SOS), state, enc_states)[0][0, TGT_IDS[0]]
    assert step(encoder, decoder, False, rate=0.0) == pytest.approx(
        first.item() / len(TGT_IDS), rel=0.01
    )
    assert step(encoder, decoder, True, rate=0.0) > first.item() / len(TGT_IDS) * 1.5


def test_a_source_above_max_length_cannot_be_read():
    encoder, decoder = article_a()
    optimizers = [
        torch.optim.SGD(part.parameters(), 0.1) for part in (encoder, decoder)
    ]
    with pytest.raises(IndexError):
        tutorial_step(
            torch.full((11,), 4), TGT_IDS, encoder, decoder, *optimizers, True
        )


def article_b() -> tuple[ReversalPlainDecoder, torch.Tensor, torch.Tensor]:
    tgt_out = torch.tensor([[4, 5, 6, 4, EOS], [6, 5, EOS, PAD, PAD]])
    return ReversalPlainDecoder(7, HID), torch.randn(2, HID), tgt_out


def test_the_published_loop_restarts_at_every_step():
    decoder, enc_state, tgt_out = article_b()
    logits = published_reversal_loop(decoder, enc_state, tgt_out)
    read = torch.cat([torch.full((2, 1), SOS), tgt_out[:, :-1]], dim=1)
    for at in range(5):  # nothing but the last word and the encoder's state
        expected, _ = decoder(read[:, at], enc_state)
        torch.testing.assert_close(logits[:, at], expected)
    torch.testing.assert_close(logits[0, 1], logits[0, 4])  # both after the word 4


def test_the_mended_loop_is_the_gru_over_the_whole_target():
    decoder, enc_state, tgt_out = article_b()
    logits = published_reversal_loop(decoder, enc_state, tgt_out, carry_state=True)
    read = torch.cat([torch.full((2, 1), SOS), tgt_out[:, :-1]], dim=1)
    states, _ = decoder.rnn(decoder.embedding(read), enc_state.unsqueeze(0))
    torch.testing.assert_close(logits, decoder.output(states))
    assert not torch.allclose(logits[0, 1], logits[0, 4])


@pytest.mark.parametrize("carry_state", [False, True])
def test_out_of_training_it_reads_its_own_words(carry_state):
    decoder, enc_state, tgt_out = article_b()
    decoder.eval()
    logits = published_reversal_loop(
        decoder, enc_state, tgt_out, carry_state=carry_state
    )
    blind = published_reversal_loop(
        decoder, enc_state, torch.full_like(tgt_out, 5), carry_state=carry_state
    )
    assert torch.equal(logits, blind)
    decoder.train()  # fed with what it wrote, it writes the same
    fed = published_reversal_loop(
        decoder, enc_state, logits.argmax(dim=-1), carry_state=carry_state
    )
    torch.testing.assert_close(fed, logits)


def test_without_its_state_it_goes_round_in_circles():
    decoder, enc_state, _ = article_b()
    logits = published_reversal_loop(
        decoder.eval(), enc_state, torch.zeros(2, 40, dtype=torch.long)
    )
    for row in logits.argmax(dim=-1).tolist():
        followers = {word: set() for word in row}
        for word, follower in pairwise(row):
            followers[word].add(follower)
        assert all(len(after) <= 1 for after in followers.values())
        assert len(set(row[20:])) < 7  # the same few words for ever


def words(rows: list[list[int]]) -> torch.Tensor:
    """Logits of a model that writes these words."""
    return F.one_hot(torch.tensor(rows), 7).float()


def test_published_accuracy_forgives_whatever_is_behind_the_end():
    _, _, tgt_out = article_b()
    right = [[4, 5, 6, 4, EOS], [6, 5, EOS, 3, 3]]
    assert published_accuracy(words(right), tgt_out) == 1
    none = [[3, 3, 3, 3, 3], [3, 3, 3, 3, 3]]
    assert published_accuracy(words(none), tgt_out) == pytest.approx(2 / 10)


def test_published_accuracy_counts_edits_over_the_glued_rows():
    _, _, tgt_out = article_b()
    one_off = [[4, 5, 6, 4, 5], [6, 5, EOS, PAD, PAD]]
    assert published_accuracy(words(one_off), tgt_out) == pytest.approx(9 / 10)
    # Shifted by one: one word left out in front, one too many at the row's end.
    shifted = [[5, 6, 4, EOS, 6], [6, 5, EOS, PAD, PAD]]
    assert published_accuracy(words(shifted), tgt_out) == pytest.approx(8 / 10)
