"""Each exercise of notebook 03: its stub, its solution, and wrong answers' hints."""

import exercise_cells
import pytest

WRITING = """
def write_greedily(model, dec_state, enc_states, src_mask, max_len):
    word, ids = SOS, []
    for _ in range(max_len):
        tgt_in = torch.tensor([[word]])
        logits, dec_state, _ = model(tgt_in, dec_state, enc_states, src_mask)
        word = logits.argmax().item()
"""
WRONG = {  # a phrase of the hint: a wrong attempt
    "03-1": {
        "number for each of its rows": """
def gru_parameters(reads, hid):
    return 3 * hid * reads + 3 * hid * hid""",
        "How many gates": """
def gru_parameters(reads, hid):
    return hid * reads + hid * hid + 2 * hid""",
        "applied to the old state": """
def gru_parameters(reads, hid):
    return 3 * hid * reads + 3 * hid""",
    },
    "03-2": {
        "lost the words written": """
def mean_of_states(weights, enc_states):
    return torch.einsum("bts,bse->be", weights, enc_states)""",
        "met every sentence's states": """
def mean_of_states(weights, enc_states):
    return torch.einsum("bts,cse->bte", weights, enc_states)""",
        "order the axes": """
def mean_of_states(weights, enc_states):
    return torch.einsum("bts,bse->tbe", weights, enc_states)""",
        "your function raised RuntimeError": """
def mean_of_states(weights, enc_states):
    return torch.einsum("bs,bse->be", weights, enc_states)""",
    },
    "03-3": {
        "the weights move too": """
def after_permuting(weights, context, order):
    return weights, context""",
        "stood at order[j]": """
def after_permuting(weights, context, order):
    new = torch.empty_like(weights)
    new[..., order] = weights
    return new, context""",
        "not places to read": """
def after_permuting(weights, context, order):
    return weights[..., order], context[..., order]""",
    },
    "03-4": {
        "every query gets the same weights": """
def additive_context(query, keys, src_mask, W_q, W_k, v):
    features = (query @ W_q.T).unsqueeze(2) + (keys @ W_k.T).unsqueeze(1)
    scores = (features @ v).masked_fill(~src_mask.unsqueeze(1), float("-inf"))
    return scores.softmax(dim=-1) @ keys""",
        "whom does the mask hide": """
def additive_context(query, keys, src_mask, W_q, W_k, v):
    features = (query @ W_q.T).unsqueeze(2) + (keys @ W_k.T).unsqueeze(1)
    scores = torch.tanh(features) @ v
    scores = scores.masked_fill(src_mask.unsqueeze(1), float("-inf"))
    return scores.softmax(dim=-1) @ keys""",
        "must the weights sum to 1": """
def additive_context(query, keys, src_mask, W_q, W_k, v):
    features = (query @ W_q.T).unsqueeze(2) + (keys @ W_k.T).unsqueeze(1)
    scores = torch.tanh(features) @ v
    scores = scores.masked_fill(~src_mask.unsqueeze(1), float("-inf"))
    return scores.softmax(dim=1) @ keys""",
    },
    "03-5": {
        "belongs before the loop": """
def project_once(model, tgt_in, dec_state, enc_states, src_mask):
    contexts = []
    for word_emb in model.embedding(tgt_in).unbind(dim=1):
        found = model.attention(dec_state.unsqueeze(1), enc_states, src_mask)[0]
        context = found.squeeze(1)
        dec_state = model.cell(torch.cat([word_emb, context], dim=-1), dec_state)
        contexts.append(context)
    return torch.stack(contexts, dim=1)""",
        "new state must ask next": """
def project_once(model, tgt_in, dec_state, enc_states, src_mask):
    query = dec_state.unsqueeze(1)
    found = model.attention(query, enc_states, src_mask)[0]
    return found.expand(-1, tgt_in.shape[1], -1)""",
    },
    "03-6": {
        "hand each step's new state": """
def write_greedily(model, dec_state, enc_states, src_mask, max_len):
    ids = [SOS]
    while len(ids) <= max_len and ids[-1] != EOS:
        word = torch.tensor([ids[-1:]])
        ids.append(model(word, dec_state, enc_states, src_mask)[0].argmax().item())
    return ids[1:]""",
        "is the next to be read": """
def write_greedily(model, dec_state, enc_states, src_mask, max_len):
    word, ids = torch.tensor([[SOS]]), []
    while len(ids) < max_len and EOS not in ids:
        logits, dec_state, _ = model(word, dec_state, enc_states, src_mask)
        ids.append(logits.argmax().item())
    return ids""",
        "wrote on behind <eos>": WRITING
        + """\
        ids.append(word)
    return ids""",
        "keep it": WRITING
        + """\
        if word == EOS:
            break
        ids.append(word)
    return ids""",
    },
}


def test_every_exercise_is_tested():
    assert exercise_cells.numbers("03") == list(WRONG)


@pytest.mark.parametrize("number", WRONG)
def test_exercise(number):
    exercise_cells.behaves(number, WRONG[number])


def test_half_a_repair_is_told_what_is_left():
    attempt = """
def additive_context(query, keys, src_mask, W_q, W_k, v):
    features = (query @ W_q.T).unsqueeze(2) + (keys @ W_k.T).unsqueeze(1)
    scores = torch.tanh(features) @ v
    scores = scores.masked_fill(src_mask.unsqueeze(1), float("-inf"))
    return scores.softmax(dim=1) @ keys"""
    told = exercise_cells.verdict("03-4", attempt).message
    assert "whom does the mask hide" in told
    assert "And: over which axis" in told


def test_a_projection_without_the_layer_counts_as_none():
    attempt = exercise_cells.source("03-5", "solution").replace(
        "score.W_k(enc_states)", "(enc_states @ score.W_k.weight.T)"
    )
    assert exercise_cells.verdict("03-5", attempt).points == 1
