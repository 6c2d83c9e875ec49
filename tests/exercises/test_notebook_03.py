"""Each exercise of notebook 03: its stub, its solution, and wrong answers' hints."""

import pytest
import torch

from tests import exercise_cells
from tools.exercise_cells import holder, numbers, source

WRITING = """
def write_greedily(model, dec_state, enc_states, src_mask, max_len):
    word, ids = SOS, []
    for _ in range(max_len):
        tgt_in = torch.tensor([[word]])
        logits, dec_state, _ = model(tgt_in, dec_state, enc_states, src_mask)
        word = logits.argmax().item()
"""
ENDING = f"""{WRITING}\
        ids.append(word)
        if word == EOS:
            break
    return ids"""
PROJECTING = """
def project_once(model, tgt_in, dec_state, enc_states, src_mask):
    score, contexts = model.attention.score, []
    keys = score.W_k(enc_states).unsqueeze(1)
    for word_emb in model.embedding(tgt_in).unbind(dim=1):
        asks = score.W_q(dec_state)[:, None, None]
        scores = score.v(torch.tanh(asks + keys)).squeeze(-1)
        weights = attention.masked_softmax(scores, src_mask)
        context = (weights @ enc_states).squeeze(1)
        dec_state = model.cell(torch.cat([word_emb, context], dim=-1), dec_state)
        contexts.append(context)
    return torch.stack(contexts, dim=1)
"""


def projecting(right: str, wrong: str) -> str:
    assert right in PROJECTING
    return PROJECTING.replace(right, wrong)


SCORES = """features = (query @ W_q.T).unsqueeze(2) + (keys @ W_k.T).unsqueeze(1)
    scores = torch.tanh(features) @ v
    """
MENDED = """\
weights = weights * src_mask.unsqueeze(1)
    weights = weights / weights.sum(dim=-1, keepdim=True)"""


def masking(scores: str, then: str = "") -> str:
    """Exercise 3.4 with everything right but the mask."""
    return f"""
def additive_context(query, keys, src_mask, W_q, W_k, v):
    features = (query @ W_q.T).unsqueeze(2) + (keys @ W_k.T).unsqueeze(1)
    scores = torch.tanh(features) @ v
    weights = ({scores}).softmax(dim=-1)
    {then}
    return weights @ keys"""


WRONG = {  # a phrase of the hint: a wrong attempt
    "03-1": {
        "lost the words written": """
def mean_of_states(weights, enc_states):
    return torch.einsum("bts,bse->be", weights, enc_states)""",
        "met every sentence's states": """
def mean_of_states(weights, enc_states):
    return torch.einsum("bts,cse->bte", weights, enc_states)""",
        "batch is first": """
def mean_of_states(weights, enc_states):
    return torch.einsum("bts,bse->tbe", weights, enc_states)""",
        "enc is last": """
def mean_of_states(weights, enc_states):
    return torch.einsum("bts,bse->bet", weights, enc_states)""",
        "src_len is one axis in both": """
def mean_of_states(weights, enc_states):
    return torch.einsum("bts,bre->bte", weights, enc_states)""",
        "a letter for each axis, in their order": """
def mean_of_states(weights, enc_states):
    return torch.einsum("bs,bse->be", weights, enc_states)""",
    },
    "03-2": {
        "rows times columns": """
def gru_parameters(reads, hid):
    return 3 * reads * reads""",
        "number for each of its rows": """
def gru_parameters(reads, hid):
    return 3 * hid * reads + 3 * hid * hid""",
        "of its own; you have one": """
def gru_parameters(reads, hid):
    return 3 * hid * (reads + hid + 1)""",
        "yours is one number": """
def gru_parameters(reads, hid):
    return 3 * (reads * hid + hid * hid + 2)""",
        "for all blocks together": """
def gru_parameters(reads, hid):
    return 3 * hid * (reads + hid) + 2 * hid""",
        "for one block. How many blocks": """
def gru_parameters(reads, hid):
    return hid * reads + hid * hid + 2 * hid""",
        "for four blocks. How many blocks": """
def gru_parameters(reads, hid):
    return 4 * hid * (reads + hid + 2)""",
        "for two blocks. How many blocks has each matrix and bias? Mind": """
def gru_parameters(reads, hid):
    return 2 * hid * (reads + hid)""",
        "applied to the old state.": """
def gru_parameters(reads, hid):
    return 3 * hid * reads + 3 * hid""",
        "applied to the old state, and": """
def gru_parameters(reads, hid):
    return 3 * hid * reads""",
        "hid rows a block, reads columns.": """
def gru_parameters(reads, hid):
    return 3 * hid * hid + 6 * hid""",
        "how does the word read come in?": """
def gru_parameters(reads, hid):
    return 3 * hid * hid""",
        "reads columns wide, and a second bias": """
def gru_parameters(reads, hid):
    return 3 * (hid * hid + hid)""",
        "applied to the word read: it has reads columns": """
def gru_parameters(reads, hid):
    return 2 * 3 * (hid * hid + hid)""",
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
        "counts the words written": """
def after_permuting(weights, context, order):
    return weights[:, :, order], context[:, order]""",
        "the last axis holds the places read": """
def after_permuting(weights, context, order):
    return weights[:, order], context""",
        "which axis of the weights is that?": """
def after_permuting(weights, context, order):
    return weights[order], context""",
        "the context has no such axis": """
def after_permuting(weights, context, order):
    return weights[order], context[order]""",
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
        "around the sum of the two": """
def additive_context(query, keys, src_mask, W_q, W_k, v):
    asks, read = torch.tanh(query @ W_q.T), torch.tanh(keys @ W_k.T)
    scores = (asks.unsqueeze(2) + read.unsqueeze(1)) @ v
    scores = scores.masked_fill(~src_mask.unsqueeze(1), float("-inf"))
    return scores.softmax(dim=-1) @ keys""",
        "before v, not after it": """
def additive_context(query, keys, src_mask, W_q, W_k, v):
    features = (query @ W_q.T).unsqueeze(2) + (keys @ W_k.T).unsqueeze(1)
    scores = torch.tanh(features @ v)
    scores = scores.masked_fill(~src_mask.unsqueeze(1), float("-inf"))
    return scores.softmax(dim=-1) @ keys""",
        "padding still gets a share": """
def additive_context(query, keys, src_mask, W_q, W_k, v):
    features = (query @ W_q.T).unsqueeze(2) + (keys @ W_k.T).unsqueeze(1)
    scores = torch.tanh(features) @ v
    scores.masked_fill(~src_mask.unsqueeze(1), float("-inf"))
    return scores.softmax(dim=-1) @ keys""",
        "e^0 is 1": masking("scores.masked_fill(~src_mask.unsqueeze(1), 0)"),
        "a word may score below": masking(
            "scores.masked_fill(~src_mask.unsqueeze(1), -100.0)"
        ),
        "no longer sum to 1: mask": masking(
            "scores", "weights = weights * src_mask.unsqueeze(1)"
        ),
        "0 / 0 is nan": masking("scores", MENDED),
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
        "the tanh of the score is missing": projecting(
            "torch.tanh(asks + keys)", "asks + keys"
        ),
        "masked_softmax hides it": projecting(
            "attention.masked_softmax(scores, src_mask)", "scores.softmax(dim=-1)"
        ),
        "make one tensor of your list": projecting(
            "torch.stack(contexts, dim=1)", "contexts"
        ),
        "batch is the first axis": projecting("(contexts, dim=1)", "(contexts)"),
        "hand src_mask on as it is": projecting(
            "(scores, src_mask)", "(scores, ~src_mask)"
        ),
        "and then the cell steps": """
def project_once(model, tgt_in, dec_state, enc_states, src_mask):
    contexts, context = [], torch.zeros_like(enc_states[:, 0])
    for word_emb in model.embedding(tgt_in).unbind(dim=1):
        dec_state = model.cell(torch.cat([word_emb, context], dim=-1), dec_state)
        found = model.attention(dec_state.unsqueeze(1), enc_states, src_mask)[0]
        context = found.squeeze(1)
        contexts.append(context)
    return torch.stack(contexts, dim=1)""",
        "the word first, then the context": projecting(
            "[word_emb, context]", "[context, word_emb]"
        ),
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
        "read is <sos>": ENDING.replace("ids = SOS", "ids = EOS"),
        "it is dec_state": ENDING.replace(
            "ids = SOS, []",
            "ids = SOS, []\n    dec_state = torch.zeros_like(dec_state)",
        ),
        "no padding either": ENDING.replace(
            "return ids", "return ids + [0] * (max_len - len(ids))"
        ),
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
        "leave it out": WRITING.replace("ids = SOS, []", "ids = SOS, [SOS]")
        + """\
        ids.append(word)
        if word == EOS:
            break
    return ids""",
        "yours are one more": ENDING.replace("range(max_len)", "range(max_len + 1)"),
        "yours are one fewer": ENDING.replace("range(max_len)", "range(max_len - 1)"),
        "it writes without end": """
def write_greedily(model, dec_state, enc_states, src_mask, max_len):
    word, ids = SOS, []
    while word != EOS:
        tgt_in = torch.tensor([[word]])
        logits, dec_state, _ = model(tgt_in, dec_state, enc_states, src_mask)
        word = logits.argmax().item()
        ids.append(word)
    return ids""",
        "a (1, 1) tensor of one id, got 1": ENDING.replace(
            "torch.tensor([[word]])", "word"
        ),
        "of one id, got the shape (1,)": ENDING.replace("[[word]]", "[word]"),
    },
    "03-7": {
        "equal numbers are the coincidence": """
accident = {"batch": 3, "queries": 7, "places": 7, "hid": 8}""",
        "so you notice": """
accident = {"batch": 3, "queries": 4, "places": 5, "hid": 8}""",
        "in all three comments": """
accident = {"batch": 5, "queries": 4, "places": 4, "hid": 2}""",
        "places = 1 the comment is true. Hint: only one of the two": """
accident = {"batch": 3, "queries": 1, "places": 1, "hid": 8}""",
        "no axis is called 'src_len'": """
accident = {"batch": 3, "queries": 4, "src_len": 1, "hid": 8}""",
        "places is 0, wanted a whole number": """
accident = {"batch": 3, "queries": 4, "places": 0, "hid": 8}""",
        "queries is 1.5, wanted a whole": """
accident = {"batch": 3, "queries": 1.5, "places": 4, "hid": 8}""",
        "wanted a dictionary of sizes": """
accident = 3, 4, 1, 8""",
        "still open: hid": """
accident = {"batch": 3, "queries": 4, "places": 1, "hid": ...}""",
        "still open: batch, hid": """
accident = {"queries": 4, "places": 1}""",
    },
}


def test_every_exercise_is_tested():
    assert numbers("03") == list(WRONG)


@pytest.mark.parametrize("number", WRONG)
def test_exercise(number):
    exercise_cells.behaves(number, WRONG[number])


RIGHT = {  # in another way than the solution
    "03-1": [
        "return torch.bmm(weights, enc_states)",
        "return (weights.unsqueeze(-1) * enc_states.unsqueeze(1)).sum(dim=2)",
        "return torch.stack([w @ states for w, states in zip(weights, enc_states)])",
    ],
    "03-2": ["return 3 * hid * reads + 3 * hid * hid + 3 * hid + 3 * hid"],
    "03-3": [
        "return [weights.index_select(-1, order), context.clone()]",
        "return torch.gather(weights, 2, order.expand_as(weights)), context",
    ],
    "03-4": [
        f"{SCORES}scores = scores.masked_fill(~src_mask[:, None], -1e9)\n"
        "    return scores.softmax(dim=-1) @ keys",
        f"{SCORES}return attention.masked_softmax(scores, src_mask).bmm(keys)",
        f"{SCORES}grown = scores.double().exp() * src_mask[:, None]\n"
        "    return (grown / grown.sum(dim=-1, keepdim=True)).float() @ keys",
    ],
}


@pytest.mark.parametrize("number", RIGHT)
def test_right_in_another_way(number):
    stub = source(number, "exercise-attempt")
    for body in RIGHT[number]:
        attempt = f"{stub.partition('):')[0]}):\n    {body}"
        assert exercise_cells.verdict(number, attempt).points == 1, body


@pytest.mark.parametrize("letters", ["bst,bse->bte", "bts,bte->bse", "bts,bes->bte"])
def test_letters_in_a_wrong_order_are_no_bare_error(letters):
    attempt = f"""
def mean_of_states(weights, enc_states):
    return torch.einsum("{letters}", weights, enc_states)"""
    told = exercise_cells.verdict("03-1", attempt).message
    assert "RuntimeError" in told
    assert "a letter for each axis, in their order: weights (batch, tgt_len" in told
    twice = "t" if "bte-" in letters else "s"
    assert f"Your {twice} names axes of two sizes" in told


@pytest.mark.parametrize(
    ("answer", "told"), [("12", "the same every time"), ("3 * hid * read", "NameError")]
)
def test_only_a_wild_number_is_told_to_count_all_four(answer, told):
    attempt = f"def gru_parameters(reads, hid):\n    return {answer}"
    message = exercise_cells.verdict("03-2", attempt).message
    assert told in message
    assert "rows times columns" not in message


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


def test_a_missing_tanh_is_told_once_the_softmax_runs_over_the_keys():
    attempt = """
def additive_context(query, keys, src_mask, W_q, W_k, v):
    features = (query @ W_q.T).unsqueeze(2) + (keys @ W_k.T).unsqueeze(1)
    scores = (features @ v).masked_fill(~src_mask.unsqueeze(1), float("-inf"))
    return scores.softmax(dim=1) @ keys"""
    told = exercise_cells.verdict("03-4", attempt).message
    assert "over which axis" in told
    assert "nan" in told.partition("Hint:")[0]
    assert "(nan: it ran over a column of nothing but -inf.)" in told
    assert "Besides this, one more is left." in told
    assert "every query" not in told
    told = exercise_cells.verdict("03-4", attempt.replace("dim=1", "dim=-1")).message
    assert "every query gets the same weights" in told
    assert "axis" not in told


KEYS = "score.W_k(enc_states).unsqueeze(1)"
LOOP = "        asks = "
PROJECTED_ONCE = {
    "transposed": "(enc_states @ score.W_k.weight.T).unsqueeze(1)",
    "the other way round": "(score.W_k.weight @ enc_states.mT).mT.unsqueeze(1)",
    "linear": "F.linear(enc_states, score.W_k.weight).unsqueeze(1)",
    "einsum": 'torch.einsum("bse,ae->bsa", enc_states, score.W_k.weight)[:, None]',
    "number by number": "(enc_states[:, :, None] * score.W_k.weight).sum(-1)[:, None]",
    "sentence by sentence": (
        "torch.stack([score.W_k(one) for one in enc_states]).unsqueeze(1)"
    ),
    "place by place": (
        "torch.stack([score.W_k(one) for one in enc_states.unbind(1)], 1)[:, None]"
    ),
    "with a finer weight": (
        "(enc_states.double() @ score.W_k.weight.double().T).float()[:, None]"
    ),
    "repeated for each sentence": (
        "torch.bmm(enc_states, score.W_k.weight.T.repeat(len(enc_states), 1, 1))"
        "[:, None]"
    ),
}


@pytest.mark.parametrize("keys", PROJECTED_ONCE.values(), ids=PROJECTED_ONCE)
def test_keys_may_be_projected_in_any_words_before_the_loop(keys):
    assert exercise_cells.verdict("03-5", projecting(KEYS, keys)).points == 1


@pytest.mark.parametrize("keys", PROJECTED_ONCE.values(), ids=PROJECTED_ONCE)
def test_keys_may_not_be_projected_in_any_words_in_the_loop(keys):
    attempt = projecting(LOOP, f"        keys = {keys}\n{LOOP}")
    told = exercise_cells.verdict(
        "03-5", attempt.replace(f"    keys = {KEYS}\n", "", 1)
    )
    assert told.points == 0
    assert "the contexts are right, but W_k multiplies" in told.message
    assert "belongs before the loop" in told.message


OTHERWISE_TOO_OFTEN = {
    "a copy of the weight": projecting(KEYS, "score.W_k.weight.clone().T").replace(
        "asks + keys", "asks + (enc_states @ keys).unsqueeze(1)"
    ),
    "once, for all words": projecting(
        "W_k(enc_states).unsqueeze(1)",
        "W_k(enc_states.unsqueeze(1).expand(-1, tgt_in.shape[1], -1, -1))[:, :1]",
    ),
    "joined with W_q": projecting(
        KEYS, "torch.cat([score.W_q.weight, score.W_k.weight], 1).T"
    )
    .replace("score.W_q(dec_state)[:, None, None]", "dec_state[:, None]")
    .replace(
        "asks + keys",
        "torch.cat([asks.expand(-1, enc_states.shape[1], -1), enc_states], 2)[:, None]"
        " @ keys",
    ),
}


@pytest.mark.parametrize(
    "attempt", OTHERWISE_TOO_OFTEN.values(), ids=OTHERWISE_TOO_OFTEN
)
def test_what_projects_too_often_is_noticed(attempt):
    told = exercise_cells.verdict("03-5", attempt)
    assert "the contexts are right, but W_k multiplies" in told.message


def test_the_keys_may_wait_for_the_first_word():
    lazy = projecting(f"keys = {KEYS}", "keys = None").replace(
        LOOP, f"        keys = {KEYS} if keys is None else keys\n{LOOP}"
    )
    assert exercise_cells.verdict("03-5", lazy).points == 1


@pytest.mark.parametrize("switch", ["no_grad", "inference_mode"])
def test_gradients_may_be_off(switch):
    attempt = PROJECTING.replace("def project", f"@torch.{switch}()\ndef project")
    assert exercise_cells.verdict("03-5", attempt).points == 1
    again = attempt.replace(LOOP, f"        keys = {KEYS}\n{LOOP}")
    assert "but W_k multiplies" in exercise_cells.verdict("03-5", again).message


@pytest.mark.parametrize(
    "kind", ["tuple(ids)", "torch.tensor(ids)", "torch.tensor(ids).numpy()"]
)
def test_the_ids_may_come_in_another_sequence(kind):
    attempt = ENDING.replace("return ids", f"return {kind}")
    assert exercise_cells.verdict("03-6", attempt).points == 1


WRITTEN_OTHERWISE = {
    "all words read again": """
def write_greedily(model, dec_state, enc_states, src_mask, max_len):
    ids = [SOS]
    while len(ids) <= max_len and ids[-1] != EOS:
        logits = model(torch.tensor([ids]), dec_state, enc_states, src_mask)[0]
        ids.append(int(logits[0, -1].argmax()))
    return ids[1:]""",
    "by recursion": """
def write_greedily(model, dec_state, enc_states, src_mask, max_len, word=SOS):
    if max_len == 0 or word == EOS:
        return []
    tgt_in = torch.tensor([[word]])
    logits, state, _ = model(tgt_in, dec_state, enc_states, src_mask)
    word = logits.argmax().item()
    source = enc_states, src_mask
    return [word, *write_greedily(model, state, *source, max_len - 1, word)]""",
    "words stay tensors": """
def write_greedily(model, dec_state, enc_states, src_mask, max_len):
    word, ids = torch.full((1, 1), SOS), []
    while len(ids) < max_len and word != EOS:
        logits, dec_state, _ = model(word, dec_state, enc_states, src_mask)
        word = logits.argmax(dim=-1)
        ids.append(word)
    return torch.cat(ids, dim=1)[0]""",
}


@pytest.mark.parametrize("attempt", WRITTEN_OTHERWISE.values(), ids=WRITTEN_OTHERWISE)
def test_words_may_be_written_in_other_ways(attempt):
    assert exercise_cells.verdict("03-6", attempt).points == 1


@pytest.mark.parametrize(
    "sizes",
    [
        "dict(batch=1, queries=1, places=9, hid=1)",  # the other one is stretched
        "dict(zip(['batch', 'queries', 'places', 'hid'], torch.Size([3, 4, 1, 8])))",
        "{'batch': 3, 'queries': np.int64(4), 'places': np.int64(1), 'hid': 8}",
    ],
)
def test_sizes_that_break_it_in_another_way(sizes):
    told = exercise_cells.verdict("03-7", f"import numpy as np\naccident = {sizes}")
    assert told.points == 1, told


def test_the_check_speaks_of_the_function_that_the_notebook_shows():
    code = [cell.source for cell in holder("03-7").cells if cell.cell_type == "code"]
    (source,) = (text for text in code if text.startswith("def louder("))
    names = {}
    exec(source.partition("\n\n\n")[0], names)
    for sizes in [(3, 4, 1, 8), (3, 1, 5, 8), (3, 4, 5, 8), (3, 1, 4, 1)]:
        batch, queries, places, hid = sizes
        given = torch.ones(batch, queries, hid), torch.ones(batch, places, hid)
        try:
            made = f"product is {tuple(names['louder'](*given).shape)}, without"
        except RuntimeError:
            made = "is an error"
        axes = dict(zip(("batch", "queries", "places", "hid"), sizes, strict=True))
        assert made in exercise_cells.verdict("03-7", f"accident = {axes}").message
