"""Each exercise of notebook 04: its stub, its solution, and wrong answers' hints."""

import pytest

from tests import exercise_cells
from tools.exercise_cells import numbers, source

FOUR = """
def right_word(share, feature, weight, rate):
    slope = {1}
    return {0}, slope, slope * feature, weight - rate * slope * feature"""
SLOPE = """
def right_word(share, feature, weight, rate):
    change = (share - 1) * feature
    return -math.log(share), share - 1, change, {}"""
PORTIONS = """
def in_portions(model, portions):
    all_words = sum(len(true_ids) for _, true_ids in portions)
    for word_ids, true_ids in portions:
        loss = F.cross_entropy(model(word_ids), true_ids)
        {}
    return [p.grad for p in model.parameters()]"""
SHORTENED = """
def shortened(gradients, limit):
    length = torch.cat([g.flatten() for g in gradients]).norm().item()
    return [{} for g in gradients]"""
PAID = """
def own_words_loss(log_probs, tgt_ids):
    nats, paid = 0.0, 0
    for row, true_id in zip(log_probs, tgt_ids, strict=True):
        {}
        {}
        {}
    return nats / paid"""
PAY, COUNT = "nats -= row[true_id].item()", "paid += 1"
STOP = "if row.argmax() == EOS: break"
EPOCH = """
def run_epoch(model, groups, optimizer):
    nats, tokens = 0.0, 0
    for group in groups:
        batch = collate(group)
        loss = sequence_loss(model(batch), batch.tgt_out)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        nats += loss.item() * batch.tokens
        tokens += batch.tokens
    return nats / tokens"""
WRONG = {  # a phrase of the hint: a wrong attempt
    "04-1": {
        "logarithm: math.log.": FOUR.format("-math.log2(share)", "share - 1"),
        "not log10": FOUR.format("-math.log10(share)", "share - 1"),
        "never negative": FOUR.format("math.log(share)", "share - 1"),
        "negative where raising": FOUR.format("-math.log(share)", "1 - share"),
        "the gradient in the share": FOUR.format("-math.log(share)", "-1 / share"),
        "1 at the right word": FOUR.format("-math.log(share)", "share"),
        "how the *share* moves": FOUR.format("-math.log(share)", "share * (1 - share)"),
        "the slope of the softmax alone": FOUR.format(
            "-math.log(share)", "share * (share - 1)"
        ),
        "moves its logit by the feature": """
def right_word(share, feature, weight, rate):
    slope = share - 1
    return -math.log(share), slope, slope, weight - rate * slope""",
        "multiplies it by the gradient": """
def right_word(share, feature, weight, rate):
    return -math.log(share), share - 1, feature, weight - rate * feature""",
        "goes on to the feature": """
def right_word(share, feature, weight, rate):
    change = (share - 1) * weight
    return -math.log(share), share - 1, change, weight - rate * change""",
        "goes against the gradient": SLOPE.format("weight + rate * change"),
        "`rate` times the gradient": SLOPE.format("weight - change"),
        "not the way to it": SLOPE.format("-rate * change"),
        "this is the right order": """
def right_word(share, feature, weight, rate):
    slope = share - 1
    change = slope * feature
    return -math.log(share), change, slope, weight - rate * change""",
        "wanted 4 values": """
def right_word(share, feature, weight, rate):
    return -math.log(share), share - 1""",
    },
    "04-2": {
        "as much say as one of many": PORTIONS.format(
            "(loss / len(portions)).backward()"
        ),
        "first make a sum of its mean": PORTIONS.format(
            "(loss / all_words).backward()"
        ),
        "divide by the number of all words": PORTIONS.format(
            "(loss * len(true_ids)).backward()"
        ),
        "divide twice": PORTIONS.format("(loss / len(true_ids)).backward()"),
        "its two rows": PORTIONS.format("(loss / 2).backward()"),
        "upside down": PORTIONS.format("(loss * all_words / len(true_ids)).backward()"),
        "in memory at once": """
def in_portions(model, portions):
    word_ids, true_ids = map(torch.cat, zip(*portions))
    F.cross_entropy(model(word_ids), true_ids).backward()
    return [p.grad for p in model.parameters()]""",
        "forgets all but the last": PORTIONS.format(
            "model.zero_grad(); (loss * len(true_ids) / all_words).backward()"
        ),
    },
    "04-3": {
        "padding still counts": EPOCH.replace(
            "sequence_loss(model(batch), batch.tgt_out)",
            "F.cross_entropy(model(batch).flatten(0, 1), batch.tgt_out.flatten())",
        ),
        "adds to the gradients of those before": EPOCH.replace(
            "optimizer.zero_grad()", "pass"
        ),
        "whose graph grows": EPOCH.replace("loss.item()", "loss"),
        "weigh it by its tokens": EPOCH.replace(" * batch.tokens", ""),
        "not the number of batches": EPOCH.replace("+= batch.tokens", "+= 1"),
        "no step moves the model": EPOCH.replace("loss.backward()", "pass").replace(
            "optimizer.zero_grad()", "loss.backward(); optimizer.zero_grad()"
        ),
    },
    "04-4": {
        "this is the answer itself": """
def teacher_input(tgt_out):
    return tgt_out""",
        "goes the wrong way": """
def teacher_input(tgt_out):
    return torch.cat([tgt_out[:, 1:], torch.full_like(tgt_out[:, :1], SOS)], dim=1)""",
        "made room for <sos>": """
def teacher_input(tgt_out):
    return torch.cat([torch.full_like(tgt_out[:, :1], SOS), tgt_out[:, 1:]], dim=1)""",
        "the sentences have moved": """
def teacher_input(tgt_out):
    return torch.cat([torch.full_like(tgt_out[:1], SOS), tgt_out[:-1]])""",
        "which the loss still needs": """
def teacher_input(tgt_out):
    tgt_out[:, 1:] = tgt_out[:, :-1].clone()
    tgt_out[:, 0] = SOS
    return tgt_out""",
        "<eos> ends it": """
def teacher_input(tgt_out):
    first = torch.full_like(tgt_out[:, :1], EOS)
    return torch.cat([first, tgt_out[:, :-1]], dim=1)""",
        "must be a column": """
def teacher_input(tgt_out):
    return torch.cat([torch.tensor([SOS]), tgt_out[:, :-1]], dim=1)""",
        "one column too many": """
def teacher_input(tgt_out):
    return torch.cat([torch.full_like(tgt_out[:, :1], SOS), tgt_out], dim=1)""",
    },
    "04-5": {
        "nothing was written behind it": """
def own_words_loss(log_probs, tgt_ids):
    return F.nll_loss(log_probs, tgt_ids).item()""",
        "is paid for as well.": PAID.format(STOP, PAY, COUNT),
        "has its price": PAID.format(STOP, PAY, COUNT).replace(
            "nats / paid", "nats / paid if paid else 0.0"
        ),
        "count it too.": PAID.format(PAY, STOP, COUNT),
        "this is the sum": PAID.format(PAY, COUNT, STOP).replace("nats / paid", "nats"),
        "never negative": PAID.format(PAY, COUNT, STOP).replace("-=", "+="),
        "the *true* word": PAID.format(PAY, COUNT, STOP).replace("[true_id]", ".max()"),
        "one turn too many": PAID.format(PAY, COUNT, STOP).replace("0.0, 0", "0.0, 1"),
        "return the number there, too": PAID.format(
            PAY, COUNT, STOP.replace("break", "return nats / paid")
        ).removesuffix("return nats / paid"),
    },
    "04-6": {
        "measured by itself": SHORTENED.format("g * min(1, limit / g.norm())"),
        "another direction": SHORTENED.format("g.clamp(-limit, limit)"),
        "stays as it is": SHORTENED.format("g * limit / length"),
        "of the sum of squares.": SHORTENED.format("g * min(1, limit / length**2)"),
        "not the sum of sizes": SHORTENED.format("g * min(1, limit / size)").replace(
            "length =", "size = sum(g.abs().sum() for g in gradients)\n    length ="
        ),
        "do not add up": SHORTENED.format("g * min(1, limit / length)").replace(
            "length =", "length = sum(g.norm() for g in gradients)  #"
        ),
        "the longest one": SHORTENED.format("g * min(1, limit / length)").replace(
            "length =", "length = max(g.norm() for g in gradients)  #"
        ),
        "not of their mean": SHORTENED.format("g * min(1, limit / rms)").replace(
            "norm().item()",
            "norm().item()\n    rms = length / sum(map(torch.numel, gradients)) ** 0.5",
        ),
        "the wrong way up": SHORTENED.format("g * min(1, length / limit)"),
        "lengthens what is short": SHORTENED.format(
            "g * limit / length if length < limit else g"
        ),
        "without their squares": SHORTENED.format(
            "g * limit**2 / length**2 if length**2 > limit**2 else g"
        ),
        "in its own shape": """
def shortened(gradients, limit):
    row = torch.cat([g.flatten() for g in gradients])
    return row * min(1, limit / row.norm())""",
        "does not change the list": """
def shortened(gradients, limit):
    for g in gradients:
        g = g * min(1, limit / g.norm())
    return gradients""",
        "1 long, not": SHORTENED.format("g / length if length > limit else g"),
    },
}
RIGHT = {  # other ways to be right: PyTorch's own, and one as a learner may write it
    "04-1": """
def right_word(share, feature, weight, rate):
    w = torch.tensor([weight, 0.0], requires_grad=True)
    logits = w * feature + torch.tensor([share, 1 - share]).log()
    logits = logits - torch.tensor([weight * feature, 0.0])
    logits.retain_grad()
    loss = F.cross_entropy(logits, torch.tensor(0))
    loss.backward()
    new = w.detach() - rate * w.grad
    return loss.item(), logits.grad[0].item(), w.grad[0].item(), new[0].item()""",
    "04-2": """
def in_portions(model, portions):
    words = sum(len(pair[0]) for pair in portions)
    for word_ids, true_ids in portions:
        model(word_ids).log_softmax(1)[range(len(true_ids)), true_ids].sum().div(
            -words).backward()
    return [p.grad for p in model.parameters()]""",
    "04-3": EPOCH.replace("optimizer.zero_grad()", "pass").replace(
        "optimizer.step()", "optimizer.step(); model.zero_grad()"
    ),
    "04-4": """
def teacher_input(tgt_out):
    return torch.tensor([[SOS, *row[:-1]] for row in tgt_out.tolist()])""",
    "04-5": """
def own_words_loss(log_probs, tgt_ids):
    stops = (log_probs.argmax(dim=1) == EOS).nonzero().flatten().tolist()
    paid = stops[0] + 1 if stops else len(tgt_ids)
    return F.nll_loss(log_probs[:paid], tgt_ids[:paid]).item()""",
    "04-6": """
def shortened(gradients, limit):
    parts = [nn.Parameter(torch.zeros_like(gradient)) for gradient in gradients]
    for part, gradient in zip(parts, gradients, strict=True):
        part.grad = gradient
    nn.utils.clip_grad_norm_(parts, limit)
    return [part.grad for part in parts]""",
}

ODD = {  # right, too
    "04-5": """
    n = next((n for n, row in enumerate(log_probs, 1) if row.argmax() == EOS), None)
    return -log_probs[:n].gather(1, tgt_ids[:n, None]).mean()
---
    stop = log_probs.argmax(1) == EOS
    keep = stop.long().cumsum(0) - stop.long() == 0
    return -(log_probs[range(len(keep)), tgt_ids] * keep).sum() / keep.sum()
---
    for n, row in enumerate(log_probs, start=1):
        if row.argmax() == EOS:
            break
    return sum(-log_probs[i, tgt_ids[i]].item() for i in range(n)) / n
---
    prices = []
    while len(prices) < len(tgt_ids):
        n = len(prices)
        prices.append(-float(log_probs[n][tgt_ids[n]]))
        if int(log_probs[n].argmax()) == 2:
            break
    return sum(prices) / len(prices)""",
    "04-6": """
    total = sum((g**2).sum() for g in gradients) ** 0.5
    return gradients if total <= limit else tuple(g / total * limit for g in gradients)
---
    total = torch.stack([g.norm() for g in gradients]).norm()
    return [g * (limit / total).clamp(max=1) for g in gradients]
---
    flat = torch.cat([g.flatten() for g in gradients])
    new = F.normalize(flat, dim=0) * min(limit, flat.norm().item())
    parts = new.split([g.numel() for g in gradients])
    return [part.view_as(g) for part, g in zip(parts, gradients)]
---
    total = math.sqrt(sum((g.double() ** 2).sum().item() for g in gradients))
    if total > limit:
        for g in gradients:
            g.mul_(limit / (total + 1e-6))
    return gradients""",
}


@pytest.mark.parametrize("number", ODD)
def test_odd_ways_are_right(number):
    head = source(number, "exercise-attempt").partition('"""')[0].rstrip()
    for body in ODD[number].split("---"):
        assert exercise_cells.verdict(number, head + body).points == 1, body


@pytest.mark.parametrize(
    "body",
    [
        "return (g * min(1, limit / length) for g in gradients)",
        "nn.utils.clip_grad_norm_(gradients, limit)\n    return gradients",
        "return [g - (length - limit) for g in gradients]",
        "return [g * min(1, limit / gradients[0].norm()) for g in gradients]",
    ],
)
def test_a_clip_that_is_none_does_not_pass(body):
    attempt = SHORTENED.partition("return")[0] + body
    assert exercise_cells.verdict("04-6", attempt).points < 1


@pytest.mark.parametrize(
    ("body", "came"),
    [
        ("return [g * min(1, limit / length) for g in gradients]", "ZeroDivisionError"),
        ("return [g / length * min(limit, length) for g in gradients]", "nan"),
        (
            "total = torch.cat([g.flatten() for g in gradients]).norm()\n"
            "    return [g / total * total.clamp(max=limit) for g in gradients]",
            "nan",
        ),
    ],
)
def test_a_clip_that_divides_by_the_length_of_zeros_is_told_so(body, came):
    told = exercise_cells.verdict("04-6", SHORTENED.partition("return")[0] + body)
    assert told.points == 0.5, told
    assert "right unless all numbers are 0" in told.message
    assert "the length is 0" in told.message
    assert came in told.message


def test_every_exercise_is_tested():
    assert numbers("04") == list(WRONG)


@pytest.mark.parametrize("number", WRONG)
def test_exercise(number):
    exercise_cells.behaves(number, WRONG[number])


@pytest.mark.parametrize("number", RIGHT)
def test_another_right_way_is_right(number):
    assert exercise_cells.verdict(number, RIGHT[number]).points == 1


def test_a_decoder_that_never_stops_pays_for_every_word():
    attempt = PAID.format(PAY, COUNT, STOP.replace("break", "return nats / paid"))
    told = exercise_cells.verdict("04-5", attempt.removesuffix("return nats / paid"))
    assert "came None" in told.message


def test_half_a_repair_is_told_what_is_left():
    attempt = EPOCH.replace("optimizer.zero_grad()", "pass")
    told = exercise_cells.verdict("04-3", attempt.replace("loss.item()", "loss"))
    assert "adds to the gradients of those before" in told.message
    assert "(2) a plain number is wanted" in told.message
    told = exercise_cells.verdict("04-3", EPOCH.replace("batch.tokens", "1"))
    assert "by its tokens. (2) at the end" in told.message


def test_behind_the_end_of_a_sentence_the_teacher_may_read_anything():
    attempt = (
        source("04-4", "solution")
        + """
old = teacher_input
def teacher_input(tgt_out):
    return old(tgt_out).masked_fill(tgt_out == PAD, vocabulary.UNK)"""
    )
    assert exercise_cells.verdict("04-4", attempt).points == 1


MORE_RIGHT = [
    (
        "04-1",
        """
def right_word(share, feature, weight, rate):
    import numpy as np
    slope = share - 1
    new = weight - rate * slope * feature
    return np.array([-np.log(share), slope, slope * feature, new])""",
    ),
    (
        "04-1",
        """
def right_word(share, feature, weight, rate):
    slope = share - 1
    new = weight + rate * (1 - share) * feature
    return torch.tensor([math.log(1 / share), slope, slope * feature, new])""",
    ),
    (
        "04-2",
        """
def in_portions(model, portions):
    whole = [torch.zeros_like(p) for p in model.parameters()]
    words = sum(len(true_ids) for _, true_ids in portions)
    for word_ids, true_ids in portions:
        loss = F.cross_entropy(model(word_ids), true_ids, reduction="sum") / words
        for old, new in zip(whole, torch.autograd.grad(loss, model.parameters())):
            old += new
    return whole""",
    ),
    (
        "04-2",
        """
def in_portions(model, portions):
    losses, words = [], sum(len(true_ids) for _, true_ids in portions)
    for word_ids, true_ids in portions:
        for word_id, true_id in zip(word_ids, true_ids):
            loss = F.cross_entropy(model(word_id), true_id) / words
            loss.backward()
            losses.append(loss)
    return [p.grad for p in model.parameters()]""",
    ),
    (
        "04-2",
        """
def in_portions(model, portions):
    words = 0
    for word_ids, true_ids in portions:
        loss = F.cross_entropy(model(word_ids), true_ids)
        (loss * len(true_ids)).backward()
        words += len(true_ids)
    for p in model.parameters():
        p.grad /= words
    return [p.grad for p in model.parameters()]""",
    ),
    (
        "04-3",
        EPOCH.replace("loss.item()", "loss.detach()").replace(
            "nats / tokens", "(nats / tokens).item()"
        ),
    ),
    ("04-3", EPOCH.replace("loss.item()", "float(loss.detach())")),
    (
        "04-3",
        """
def run_epoch(model, groups, optimizer):
    losses, sizes = [], []
    for group in groups:
        batch = collate(group)
        logits = model(batch)
        each = F.cross_entropy(logits.mT, batch.tgt_out, reduction="none")
        real = batch.tgt_out != PAD
        loss = (each * real).sum() / real.sum()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item() * batch.tokens)
        sizes.append(batch.tokens)
    return sum(losses) / sum(sizes)""",
    ),
    (
        "04-4",
        """
def teacher_input(tgt_out):
    tgt_in = torch.roll(tgt_out, 1, dims=1)
    tgt_in[:, 0] = SOS
    return tgt_in""",
    ),
    (
        "04-4",
        """
def teacher_input(tgt_out):
    return F.pad(tgt_out, (1, -1), value=SOS)""",
    ),
    (
        "04-4",
        """
def teacher_input(tgt_out):
    return torch.cat([torch.full((len(tgt_out), 1), SOS), tgt_out[:, :-1]], dim=1)""",
    ),
]


@pytest.mark.parametrize(("number", "attempt"), MORE_RIGHT)
def test_and_so_are_these(number, attempt):
    told = exercise_cells.verdict(number, attempt)
    assert told.points == 1, told


def test_a_right_number_from_a_total_with_a_graph_is_not_enough():
    attempt = EPOCH.replace("loss.item()", "loss").replace(
        "return nats / tokens", "return (nats / tokens).item()"
    )
    told = exercise_cells.verdict("04-3", attempt)
    assert told.points == 0.5
    assert "graph grows with every batch" in told.message
    told = exercise_cells.verdict("04-3", EPOCH.replace("item()", "detach()"))
    assert told.points == 0.5
    assert "still a tensor" in told.message
    assert exercise_cells.verdict("04-3", EPOCH).points == 1


def test_one_backward_for_all_portions_is_not_enough():
    attempt = PORTIONS.format("total = total + loss * len(true_ids) / all_words")
    attempt = attempt.replace("    for word_ids", "    total = 0\n    for word_ids")
    attempt = attempt.replace("    return", "    total.backward()\n    return")
    told = exercise_cells.verdict("04-2", attempt)
    assert told.points == 0.5
    assert "in memory at once" in told.message


def test_a_shift_to_the_left_is_told_so_whatever_fills_its_end():
    for last in ("PAD", "EOS", "vocabulary.UNK"):
        told = exercise_cells.verdict(
            "04-4",
            f"""
def teacher_input(tgt_out):
    last = torch.full_like(tgt_out[:, :1], {last})
    return torch.cat([tgt_out[:, 1:], last], dim=1)""",
        )
        assert ("goes the wrong way" in told.message) == (last in ("PAD", "EOS")), told


@pytest.mark.parametrize(
    "joined",
    [
        "torch.tensor([[SOS]]), tgt_out[:, :-1]], dim=1",
        "torch.tensor([[SOS]]), tgt_out[:, :-1]]",
        "torch.full_like(tgt_out[:, :1], SOS), tgt_out[:, :-1]]",
        "torch.full((1, len(tgt_out)), SOS), tgt_out[:, :-1]], dim=1",
        "torch.tensor([SOS]), tgt_out[:, :-1]]",
    ],
)
def test_parts_that_do_not_fit_are_told_how_to_join(joined):
    attempt = f"def teacher_input(tgt_out):\n    return torch.cat([{joined})"
    told = exercise_cells.verdict("04-4", attempt)
    assert "side by side, with dim=1" in told.message
    assert "torch.full((len(tgt_out), 1), SOS)" in told.message
    assert told.points == 0


def test_a_rolled_row_is_told_what_came_to_its_ends():
    for turn, said in ((1, "round to the front"), (-1, "turns the wrong way")):
        told = exercise_cells.verdict(
            "04-4", f"def teacher_input(tgt_out):\n    return tgt_out.roll({turn}, 1)"
        )
        assert said in told.message, told
