"""The models of the reversal study: the same in one call, step by step and by hand."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch import nn

from seq2seq_lesson.batches import collate
from seq2seq_lesson.corpus import encode_pairs
from seq2seq_lesson.decoder import PlainDecoder
from seq2seq_lesson.interventions import intervened
from seq2seq_lesson.reversal import LETTERS, reversal_pairs
from seq2seq_lesson.studies import reversal as study
from seq2seq_lesson.studies.reversal import looks
from seq2seq_lesson.studies.reversal_models import (
    DropsItsState,
    Published,
    RelativePosition,
    StackCell,
    attending,
    published_reversal_loop,
    rival,
)
from seq2seq_lesson.vocabulary import Vocabulary

letters = Vocabulary(LETTERS)
ATTENDING = ["location", "relative", "content, relative"]
ORDERS = {"location": "before", "stack": "none"}


def batch_of(*strings):
    return collate(encode_pairs(reversal_pairs(strings), letters, letters))


def model_for(score):
    torch.manual_seed(0)
    model = attending(ORDERS.get(score, "after"), score, std=(1.0, 1.0)).eval()
    if score not in ORDERS:
        nn.init.normal_(model.decoder.bias)
    return model


def run(model, batch):
    enc_states, dec_state = model.encode(batch.src_ids, batch.src_lengths)
    return model.decoder(batch.tgt_in, dec_state, enc_states, batch.src_mask)


def gradients(module, out):
    weights = [w for w in module.parameters() if w.requires_grad]
    return torch.autograd.grad(
        out.square().sum(), weights, allow_unused=True, retain_graph=True
    )


@pytest.mark.parametrize("score", [*ATTENDING, "stack"])
def test_one_call_equals_one_step_at_a_time(score):
    model, batch = model_for(score), batch_of("abcd", "cb", "dab")
    logits, state, weights = run(model, batch)
    enc_states, step_state = model.encode(batch.src_ids, batch.src_lengths)
    steps, looked = [], []
    for word in batch.tgt_in.split(1, dim=1):
        out, step_state, look = model.decoder(
            word, step_state, enc_states, batch.src_mask
        )
        steps.append(out)
        looked.append(look)
    torch.testing.assert_close(torch.cat(steps, 1), logits)
    if weights is not None:
        torch.testing.assert_close(torch.cat(looked, 1), weights)
    torch.testing.assert_close(step_state, state)
    torch.testing.assert_close(
        gradients(model, torch.cat(steps, 1)), gradients(model, logits)
    )


@pytest.mark.parametrize("score", ATTENDING)
def test_a_string_gets_the_same_alone_and_beside_a_longer_one(score):
    model = model_for(score)
    together, alone = run(model, batch_of("abcda", "cb")), run(model, batch_of("cb"))
    torch.testing.assert_close(together[0][1:, :3], alone[0])
    torch.testing.assert_close(together[2][1:, :3, :3], alone[2])
    assert not together[2][1, :, 3:].any()
    torch.testing.assert_close(together[2].sum(-1), torch.ones(2, 6))


def test_the_location_aware_score_is_the_formula():
    model, batch = model_for("location"), batch_of("abcd", "cba")
    decoder, score = model.decoder, model.decoder.attention.score
    enc_states, state = model.encode(batch.src_ids, batch.src_lengths)
    keys = score.W_k(enc_states)
    looked = torch.rand(2, 5)
    got = decoder.scores(state, keys, looked)
    filters = decoder.conv.weight.squeeze(1)
    for row in range(2):
        for place in range(5):
            near = [looked[row, p] if 0 <= p < 5 else 0.0
                    for p in range(place - 2, place + 3)]  # fmt: skip
            seen = filters @ torch.tensor(near)
            terms = score.W_q(state[row]) + keys[row, place] + decoder.U(seen)
            wanted = score.v(torch.tanh(terms))
            torch.testing.assert_close(got[row, 0, place], wanted.squeeze())


def test_the_first_look_is_at_the_last_token():
    model, batch = model_for("location"), batch_of("abcd", "cb")
    enc_states, state = model.encode(batch.src_ids, batch.src_lengths)
    last = nn.functional.one_hot(batch.src_lengths - 1, 5).float()
    given = (enc_states, batch.src_mask)
    told = model.decoder(batch.tgt_in, torch.cat([state, last], 1), *given)
    torch.testing.assert_close(told, model.decoder(batch.tgt_in, state, *given))


def test_the_last_look_is_carried_on():
    model, batch = model_for("location"), batch_of("abcd", "cb")
    _, state, weights = run(model, batch)
    torch.testing.assert_close(state[:, -5:], weights[:, -1])


def test_relative_places_are_counted_from_the_end():
    model, batch = model_for("relative"), batch_of("abcda", "cb")
    middle = RelativePosition.reach
    with torch.no_grad():
        model.decoder.bias.fill_(0)
        model.decoder.bias[middle] = 50
    _, _, weights = run(model, batch)
    assert weights[0, :5, :5].flip(1).diagonal().min() > 0.99
    assert weights[1, :2, :2].flip(1).diagonal().min() > 0.99
    assert looks(model, ["abcadbca", "dc"])[:2] == (pytest.approx(1), 0.0)


def test_sharpened_it_looks_at_the_right_letter_of_any_length():
    model = model_for("relative")
    assert looks(model, ["abcadbca" * 4])[0] < 0.9
    before = model.decoder.bias.clone()
    model.decoder.sharpen()
    assert looks(model, ["abcadbca" * 4])[0] > 0.99
    changed = (model.decoder.bias != before).nonzero().flatten().tolist()
    assert changed == [RelativePosition.reach]


@pytest.mark.parametrize("score", ["general", "relative"])
def test_told_where_all_weight_lies_on_the_right_letter(score):
    model = attending("after", score)
    with intervened(model, study.told_where):
        assert looks(model, ["abcadbca", "dc", "abc"])[:2] == (1.0, 0.0)


def test_all_weight_goes_to_the_brightest_until_all_letters_are_written():
    weights = torch.tensor([[[0.2, 0.5, 0.3], [0.6, 0.3, 0.1], [0.2, 0.3, 0.5]]])
    mask = torch.tensor([[True, True, True]])  # two letters and <eos>
    changed = study.to_its_brightest(weights, mask, 0)
    assert changed[0, :2].tolist() == [[0, 1, 0], [1, 0, 0]]
    assert torch.equal(changed[0, 2], weights[0, 2])
    assert torch.equal(study.to_its_brightest(weights[:, 2:], mask, 2), weights[:, 2:])


def test_a_stack_is_pushed_popped_or_left_alone():
    torch.manual_seed(0)
    cell, stack = StackCell(4, 5, 2), torch.rand(1, 3, 2)
    wanted = {0: [None, 0, 1], 1: [1, 2, None], 2: [0, 1, 2]}
    for action, places in wanted.items():
        with torch.no_grad():
            cell.actions.weight.zero_()
            cell.actions.bias.copy_(1000 * torch.eye(3)[action])
        state, moved = cell(torch.rand(1, 4), torch.rand(1, 5), stack)
        for place, came_from in enumerate(places):
            if came_from is not None:
                assert torch.equal(moved[0, place], stack[0, came_from])
        if action == 0:
            pushed = torch.tanh(cell.value(state))
            torch.testing.assert_close(moved[:, 0], pushed)
        if action == 1:
            assert not moved[0, 2].any()


def test_a_stack_keeps_what_a_shorter_string_has_read():
    model = model_for("stack")
    together, alone = run(model, batch_of("abcda", "cb")), run(model, batch_of("cb"))
    torch.testing.assert_close(together[0][1:, :3], alone[0])


def test_writers_are_worth_what_can_be_counted():
    strings = ["abc", "aaa"]
    right = study.marks_of(lambda s: study.letters.encode(" ".join(s[::-1])), strings)
    assert right == {"published": 1, "edit": 1, "exact": 1}
    marks = study.marks_of(study.repeating("abc"), strings)
    # abc for cba is two edits, abc for aaa two; <eos> is right; rows are glued
    assert marks["published"] == pytest.approx(1 - 4 / 8)
    assert marks["exact"] == 0
    assert study.repeating("ab")("ddddd") == [4, 5, 4, 5, 4, 2]
    assert study.never_ending("ab")("ddddd")[:7] == [4, 5, 4, 5, 4, 5, 4]


def test_read_backwards_a_state_knows_what_stands_to_the_right_of_it():
    torch.manual_seed(0)
    model = attending("after", "general", "backwards").eval()

    def states(*strings):
        batch = batch_of(*strings)
        return model.encoder(batch.src_ids, batch.src_lengths)

    together, h_n = states("abcda", "cb")
    alone, last = states("cb")
    torch.testing.assert_close(together[1, :3], alone[0])
    torch.testing.assert_close(h_n[:, 1], last[:, 0])
    torch.testing.assert_close(alone[0, 0], last[0, 0])  # the first letter is read last
    assert not together[1, 3:].any()
    other, _ = states("abdda")  # the third letter is another
    same = torch.isclose(other[0], together[0], atol=1e-6).all(dim=1).tolist()
    assert same == [False, False, False, True, True, True]
    forwards = attending("after", "general", "forwards")
    assert study.size(forwards) == study.size(model)


def test_one_embedding_alone_begins_long():
    wide = []
    for std in ((0.3, 0.3), (0.85, 0.3), (0.3, 0.85)):
        torch.manual_seed(0)
        model = attending("after", "general", std=std)
        parts = model.encoder.embedding.weight, model.decoder.embedding.weight
        wide.append([part.std().item() for part in parts])
    short, read, written = wide
    assert read == pytest.approx([short[0] * 0.85 / 0.3, short[1]])
    assert written == pytest.approx([short[0], short[1] * 0.85 / 0.3])


def test_stages_are_copies_of_one_training(monkeypatch):
    monkeypatch.setattr(study, "LEARN", replace(study.LEARN, epochs=2))
    torch.manual_seed(0)
    model = attending("after", "general")
    stages = study.learn_in_stages(model, study.drawn(64))
    assert [name for name, _ in stages] == [f"after {n} steps" for n in (0, 25, 50)]
    parts = [stage.decoder.embedding.weight for _, stage in stages]
    assert not any(torch.equal(*pair) for pair in pairwise(parts))
    assert torch.equal(parts[-1], model.decoder.embedding.weight)
    assert not any(stage.training for _, stage in stages)


def test_rivals_have_nearly_as_many_parameters():
    sizes = [study.size(rival(kind)) for kind in ("attention", "state carried")]
    assert max(sizes) < 1.1 * min(sizes)
    layer = nn.Linear(3, 2)
    layer.again = layer.weight
    assert study.size(layer) == 3 * 2 + 2


def test_letters_are_counted_place_by_place():
    wanted = batch_of("abc", "cb", "d").tgt_out  # cba, bc, d
    written = torch.tensor([[6, 5, 5, 2], [5, 7, 2, 2], [5, 2, 2, 2]])
    shares = study.right_by_place(written, wanted)
    torch.testing.assert_close(shares, torch.tensor([2 / 3, 1 / 2, 0.0]))


def test_a_probe_finds_what_lies_on_a_line_and_nothing_else():
    torch.manual_seed(0)
    vectors = torch.randn(400, 3)
    told = vectors @ torch.tensor([1.0, -2.0, 0.5]) > 0.3
    assert study.probed(vectors, told) > 0.9
    assert study.probed(vectors, torch.rand(400) > 0.5) < 0.65


def test_the_best_without_a_memory_gives_each_symbol_one_follower():
    write = study.forgetful("abc")
    assert write("abc") == study.letters.encode("c b a")  # no letter comes twice
    for string in ("abba", "aabb", "abacab"):
        ids = [1, *write(string)]
        followers = {word: set() for word in ids}
        for word, follower in pairwise(ids):
            followers[word].add(follower)
        assert all(len(after) <= 1 for after in followers.values())
        assert ids[1:] != study.letters.encode(" ".join(reversed(string)))


def test_letters_in_their_places_are_counted():
    model = attending("after", "relative")
    model.eval()
    strings = ["abab", "abba"]
    written = [a.text.split() for a in study.translate(
        model, [" ".join(s) for s in strings], study.letters, study.letters, max_len=5
    )]  # fmt: skip
    hits = sum(
        w == r
        for s, out in zip(strings, written, strict=True)
        for w, r in zip(out, reversed(s), strict=False)
    )
    assert study.in_place(model, strings) == hits / 8


def test_the_article_reads_one_hot_letters_and_no_end():
    torch.manual_seed(0)
    model, batch = Published(8, 6, carry_state=False), batch_of("abcd", "cb")
    assert model.encoder.embedding.weight[4:].tolist() == torch.eye(4).tolist()
    assert not any(b.any() for n, b in model.named_parameters() if "bias" in n)
    ids = batch.src_ids.clone()
    ids[ids == 2] = 5  # another letter in the place of <eos>
    other = replace(batch, src_ids=ids)
    torch.testing.assert_close(model(batch), model(other))


@pytest.mark.parametrize("carry_state", [False, True])
def test_published_in_one_call_equals_its_loop(carry_state):
    torch.manual_seed(0)
    model, batch = Published(8, 6, carry_state), batch_of("abcd", "cb")
    enc_state = torch.rand(2, 6)
    once = model.train().decode(enc_state, batch.tgt_out)
    loop = published_reversal_loop(
        model.decoder, enc_state, batch.tgt_out, carry_state=carry_state
    )
    torch.testing.assert_close(once, loop)
    torch.testing.assert_close(
        gradients(model.decoder, once), gradients(model.decoder, loop)
    )
    assert model.eval()(batch).shape == once.shape


def test_a_dropped_state_makes_every_step_the_first():
    torch.manual_seed(0)
    dropped = DropsItsState(8, 6, 7, tied=True, dropout=0.0)
    plain = PlainDecoder(8, 6, 7, tied=True, dropout=0.0)
    plain.load_state_dict(dropped.state_dict())
    words, state = torch.tensor([[1, 4, 5], [1, 6, 4]]), torch.rand(2, 7)
    logits, after, _ = dropped(words, state, None, None)
    for step in range(3):
        alone = plain(words[:, step : step + 1], state, None, None)[0]
        torch.testing.assert_close(logits[:, step : step + 1], alone)
    assert torch.equal(after, state)


def test_the_three_rivals_have_as_many_parameters():
    sizes = [
        sum(weight.numel() for weight in rival(kind).parameters())
        for kind in ("state dropped", "state carried", "attention")
    ]
    assert max(sizes) < 1.001 * min(sizes)
