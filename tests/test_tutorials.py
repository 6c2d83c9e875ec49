import pytest
import torch
from torch.nn import functional as F

from seq2seq_lesson.tutorials import (
    TutorialDecoder,
    TutorialEncoder,
    tutorial_step,
)
from seq2seq_lesson.vocabulary import EOS, SOS

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
