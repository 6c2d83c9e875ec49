from dataclasses import FrozenInstanceError, replace

import pytest
import torch
from torch import nn

from seq2seq_lesson.attention import SCORES
from seq2seq_lesson.batches import Batch, collate
from seq2seq_lesson.seq2seq import (
    ModelConfig,
    Seq2Seq,
    best_words,
    sequence_loss,
)
from seq2seq_lesson.vocabulary import EOS, PAD, SOS

EXAMPLES = [
    ([4, 9, 7, EOS], [5, 8, EOS]),
    ([8, EOS], [7, 6, 4, 5, EOS]),
    ([5, 10, EOS], [4, EOS]),
]
KINDS = [{"order": "none"}]
KINDS += [{"order": o, "score": s} for o in ("before", "after") for s in SCORES]
KINDS += [{"cell": cell, "layers": 2} for cell in ("gru", "lstm", "rnn")]
KINDS += [{"bidirectional": False, "tied": False}]
every_kind = pytest.mark.parametrize(
    "kind", KINDS, ids=lambda kind: "-".join(map(str, kind.values()))
)
every_order = pytest.mark.parametrize("order", ["none", "before", "after"])


def build(dropout: float = 0.0, **options) -> Seq2Seq:
    torch.manual_seed(0)
    sizes = {"emb": 5, "enc_hid": 3, "hid": 6, "att": 4, "max_len": 12}
    config = ModelConfig(11, 9, dropout=dropout, **(sizes | options))
    return Seq2Seq(config).double()


def gradients(model: Seq2Seq, batch: Batch, **options) -> list[torch.Tensor]:
    """The loss, then its gradients."""
    loss = sequence_loss(model(batch, **options), batch.tgt_out)
    rest = torch.autograd.grad(loss, list(model.parameters()), allow_unused=True)
    return [loss, *(torch.zeros(()) if g is None else g for g in rest)]


def widened(batch: Batch, columns: int) -> Batch:
    def wide(ids: torch.Tensor) -> torch.Tensor:
        return nn.functional.pad(ids, (0, columns))

    return Batch(
        wide(batch.src_ids),
        batch.src_lengths,
        wide(batch.src_mask),
        wide(batch.tgt_in),
        wide(batch.tgt_out),
    )


@every_kind
def test_padding_changes_neither_loss_nor_gradients(kind):
    model, batch = build(**kind), collate(EXAMPLES)
    torch.testing.assert_close(
        gradients(model, widened(batch, 3)), gradients(model, batch)
    )


@every_kind
def test_a_batch_is_the_mean_of_its_sentences(kind):
    model, batch = build(**kind), collate(EXAMPLES)
    sums = [torch.zeros(())] * (1 + len(list(model.parameters())))
    for example in EXAMPLES:
        one = collate([example])
        parts = gradients(model, one)
        sums = [t + one.tokens * part for t, part in zip(sums, parts, strict=True)]
    torch.testing.assert_close(
        gradients(model, batch), [total / batch.tokens for total in sums]
    )


@every_kind
def test_the_row_order_changes_nothing(kind):
    model, order = build(**kind), [2, 0, 1]
    batch, moved = collate(EXAMPLES), collate([EXAMPLES[row] for row in order])
    torch.testing.assert_close(model(moved), model(batch)[order])
    torch.testing.assert_close(gradients(model, moved), gradients(model, batch))


@every_kind
def test_greedy_writes_the_same_alone_as_in_a_batch(kind):
    model, batch = build(**kind).eval(), collate(EXAMPLES)
    ids, weights = model.greedy(batch.src_ids, batch.src_lengths, 7)
    for row, example in enumerate(EXAMPLES):
        one = collate([example])
        own, looks = model.greedy(one.src_ids, one.src_lengths, 7)
        width = own.shape[1]
        assert ids[row, :width].tolist() == own[0].tolist()
        assert ids[row, width:].eq(PAD).all()
        if looks is not None:
            src_len = len(example[0])
            torch.testing.assert_close(weights[row, :width, :src_len], looks[0])
            assert weights[row, :, src_len:].eq(0).all()


@every_kind
def test_free_running_writes_what_greedy_writes(kind):
    model, batch = build(**kind).eval(), collate(EXAMPLES)
    free = best_words(model(batch, own_words=1.0))
    ids, _ = model.greedy(batch.src_ids, batch.src_lengths, batch.tgt_in.shape[1])
    written = ids != PAD
    assert torch.equal(free[:, : ids.shape[1]][written], ids[written])


@every_kind
def test_teacher_forcing_in_one_call_is_the_loop(kind):
    model, batch = build(**kind), collate(EXAMPLES)
    never = torch.finfo(torch.double).tiny  # takes the loop, and no coin falls below it
    torch.testing.assert_close(
        gradients(model, batch), gradients(model, batch, own_words=never)
    )


@every_order
@pytest.mark.parametrize("own_words", [0.3, 1.0])
def test_own_words_come_as_often_as_the_coins_say(order, own_words):
    model, batch = build(order=order), collate(EXAMPLES)
    model.eval()
    coins = torch.rand(batch.tgt_in.shape, generator=torch.manual_seed(3)) < own_words
    enc_states, dec_state = model.encode(batch.src_ids, batch.src_lengths)
    read, steps = batch.tgt_in.clone(), []
    for step in range(read.shape[1]):
        if step:
            own = steps[-1][:, 0, EOS:].argmax(dim=1) + EOS
            read[:, step] = torch.where(coins[:, step], own, read[:, step])
        logits, dec_state, _ = model.decoder(
            read[:, step : step + 1], dec_state, enc_states, batch.src_mask
        )
        steps.append(logits)
    assert not torch.equal(read, batch.tgt_in)  # some coin had something to say
    found = model(batch, own_words, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(found, torch.cat(steps, dim=1))


@pytest.mark.parametrize("own_words", [-0.1, 1.1])
def test_a_share_outside_0_to_1_is_refused(own_words):
    with pytest.raises(ValueError, match=r"own_words: got .* wanted a share from 0"):
        build()(collate(EXAMPLES), own_words)


class Script(nn.Module):
    """A decoder that writes what it is told: a list of words for each row."""

    def __init__(self, rows: list[list[int]]) -> None:
        super().__init__()
        self.rows, self.fed = torch.tensor(rows), []

    def forward(self, tgt_in, dec_state, enc_states, src_mask):
        wanted = self.rows[:, len(self.fed)]
        self.fed.append(tgt_in[:, 0].tolist())
        logits = nn.functional.one_hot(wanted, 9).unsqueeze(1).double()
        weights = torch.full((len(wanted), 1, src_mask.shape[1]), len(self.fed))
        return logits, dec_state, weights


def test_greedy_ends_when_every_row_has_ended():
    model, batch = build(), collate(EXAMPLES)
    model.decoder = Script([[4, EOS, 5, 6, 4], [EOS, 8, 8, 8, 8], [7, 5, EOS, 6, 4]])
    ids, weights = model.greedy(batch.src_ids, batch.src_lengths, 5)
    assert ids.tolist() == [[4, EOS, PAD], [EOS, PAD, PAD], [7, 5, EOS]]
    assert weights[0, :, 0].tolist() == [1, 2, 3]  # one row a step, the EOS step too
    assert model.decoder.fed[0] == [SOS] * 3
    assert model.decoder.fed[1] == [4, EOS, 7]


def test_greedy_stops_at_max_len():
    model, batch = build(), collate(EXAMPLES)
    model.decoder = Script([[4] * 6] * 3)
    ids, weights = model.greedy(batch.src_ids, batch.src_lengths, 5)
    assert ids.tolist() == [[4] * 5] * 3
    assert weights.shape == (3, 5, 4)
    assert not weights.requires_grad


def test_greedy_keeps_no_graph():
    model, batch = build().eval(), collate(EXAMPLES)
    _, weights = model.greedy(batch.src_ids, batch.src_lengths, 5)
    assert not weights.requires_grad


@pytest.mark.parametrize("training", [True, False])
def test_greedy_has_no_dropout_and_the_mode_comes_back(training):
    model, batch = build(dropout=0.5).eval(), collate(EXAMPLES)
    wanted = model.greedy(batch.src_ids, batch.src_lengths, 5)
    model.train(training)
    found = model.greedy(batch.src_ids, batch.src_lengths, 5)
    assert all(torch.equal(a, b) for a, b in zip(found, wanted, strict=True))
    assert model.training == model.decoder.dropout.training == training


def test_each_part_gets_its_own_mode_back():
    model, batch = build().eval(), collate(EXAMPLES)
    model.encoder.rnn.train()
    model.greedy(batch.src_ids, batch.src_lengths, 5)
    with pytest.raises(ValueError, match="wanted each from"):
        model.greedy(batch.src_ids, batch.src_lengths + 9, 5)
    training = {name for name, part in model.named_modules() if part.training}
    assert training == {"encoder.rnn"}


@pytest.mark.parametrize("max_len", [0, -1])
def test_greedy_must_be_allowed_a_word(max_len):
    model, batch = build(), collate(EXAMPLES)
    with pytest.raises(ValueError, match=f"max_len: got {max_len}, wanted at least 1"):
        model.greedy(batch.src_ids, batch.src_lengths, max_len)


def test_nobody_writes_pad_or_sos():
    logits = torch.zeros(1, 2, 9)
    logits[..., PAD], logits[..., SOS], logits[..., 0:2, 5] = 9, 8, 1
    assert best_words(logits).tolist() == [[5, 5]]
    logits[0, 1, EOS] = 2
    assert best_words(logits).tolist() == [[5, EOS]]


def test_the_loss_is_the_mean_over_real_tokens():
    logits, tgt_out = torch.randn(3, 5, 9), collate(EXAMPLES).tgt_out
    nats = [
        -logits[row, step].log_softmax(dim=0)[word]
        for row, words in enumerate(tgt_out.tolist())
        for step, word in enumerate(words)
        if word != PAD
    ]
    assert len(nats) == 10
    torch.testing.assert_close(sequence_loss(logits, tgt_out), sum(nats) / 10)


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_bridge_reads_the_top_layers_last_states(cell, bidirectional):
    model = build(cell=cell, bidirectional=bidirectional, layers=2)
    batch = collate(EXAMPLES)
    enc_states, dec_state = model.encode(batch.src_ids, batch.src_lengths)
    for row, length in enumerate(batch.src_lengths):
        last = enc_states[row, length - 1, :3]  # forwards: after the last word
        if bidirectional:  # backwards: after the first
            last = torch.cat([last, enc_states[row, 0, 3:]])
        expected = torch.tanh(model.bridge.weight @ last + model.bridge.bias)
        torch.testing.assert_close(dec_state[row], expected)


@every_order
def test_every_parameter_learns(order):
    model, batch = build(order=order), collate(EXAMPLES)
    sequence_loss(model(batch), batch.tgt_out).backward()
    still = [name for name, p in model.named_parameters() if p.grad.eq(0).all()]
    assert not still


def test_a_model_learns_its_examples_by_heart():
    model, batch = build(hid=24, emb=12), collate(EXAMPLES)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    for _ in range(30):
        loss = sequence_loss(model(batch), batch.tgt_out)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    ids, _ = model.eval().greedy(batch.src_ids, batch.src_lengths, 8)
    assert torch.equal(ids, batch.tgt_out)


def test_a_source_above_max_len_is_refused():
    batch = collate(EXAMPLES)
    build(max_len=4).encode(batch.src_ids, batch.src_lengths)
    model = build(max_len=3)
    with pytest.raises(ValueError, match=r"got 4 tokens .* at most 3: shorten"):
        model.encode(batch.src_ids, batch.src_lengths)


def test_greedy_refuses_lengths_that_do_not_fit():
    with pytest.raises(ValueError, match="wanted each from 1 to 2"):
        build().greedy(torch.tensor([[4, EOS]]), torch.tensor([3]), 5)


@pytest.mark.parametrize(
    ("lengths", "came"),
    [
        ([4, 2, 3], "a list"),
        (torch.tensor([4]), r"\(1,\)"),  # one length is not three alike
        (torch.tensor([4.0, 2.0, 3.0]), "float32"),
        (torch.ones(3, dtype=torch.long, device="meta"), "on meta"),
    ],
    ids=["list", "too few", "fractions", "on a device"],
)
def test_what_is_no_tensor_of_lengths_is_refused(lengths, came):
    model, batch = build(), collate(EXAMPLES)
    wanted = rf"lengths: got .*{came}.* wanted a tensor of shape \(3,\) .* on the CPU"
    with pytest.raises(ValueError, match=wanted):
        model.encode(batch.src_ids, lengths)
    with pytest.raises(ValueError, match="lengths: got"):
        model.greedy(batch.src_ids, lengths, 5)
    with pytest.raises(ValueError, match="lengths: got"):
        model(replace(batch, src_lengths=lengths))


@pytest.mark.parametrize("ids", [[[4, 2], [5, 2]], torch.tensor([4, 2])])
def test_what_is_no_rectangle_of_ids_is_refused(ids):
    with pytest.raises(ValueError, match=r"src_ids: got a .* wanted a tensor \(batch"):
        build().greedy(ids, torch.tensor([2, 2]), 5)


@pytest.mark.parametrize("emb", [16, 64])
@pytest.mark.parametrize("tied", [True, False])
def test_a_word_vector_begins_at_the_length_that_training_wants(emb, tied):
    torch.manual_seed(0)
    model = Seq2Seq(ModelConfig(900, 800, emb=emb, tied=tied))
    for part in (model.encoder, model.decoder):
        vectors = part.embedding.weight
        length = vectors.square().sum(dim=1).mean().sqrt().item()
        assert length == pytest.approx(4.8, rel=0.03)
        assert vectors.mean().abs() < 0.05


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": "during"}, "order: got 'during', wanted one of none, before, after"),
        ({"cell": "elman"}, "cell: got 'elman', wanted one of gru, lstm, rnn"),
        ({"score": "cosine"}, "score: got 'cosine', wanted one of position, dot"),
        ({"score": "dot", "hid": 7}, "set hid = 6, or take 'general'"),
    ],
)
def test_a_model_that_cannot_be_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)


def test_a_config_is_kept_and_cannot_change():
    model = build(order="before")
    assert model.config.order == "before"
    with pytest.raises(FrozenInstanceError):
        model.config.order = "after"


@every_order
def test_every_field_of_the_config_reaches_its_part(order):
    model = build(
        order=order, cell="lstm", layers=2, bidirectional=False, tied=False, dropout=0.3
    )
    assert isinstance(model.encoder.rnn, nn.LSTM)
    assert model.encoder.rnn.num_layers == 2
    assert not model.encoder.rnn.bidirectional
    assert model.encoder.embedding.weight.shape == (11, 5)
    assert model.decoder.embedding.weight.shape == (9, 5)
    assert model.decoder.output.weight is not model.decoder.embedding.weight
    assert model.encoder.dropout.p == model.decoder.dropout.p == 0.3
    tied = build(order=order, tied=True).decoder
    assert tied.output.weight is tied.embedding.weight
