"""Each exercise of notebook 04: its stub, its solution, and wrong answers' hints."""

import exercise_cells
import pytest

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
        "natural logarithm": """
def right_word(share):
    return -math.log2(share), share - 1""",
        "never negative": """
def right_word(share):
    return math.log(share), share - 1""",
        "negative where raising": """
def right_word(share):
    return -math.log(share), 1 - share""",
        "the slope in the share": """
def right_word(share):
    return -math.log(share), -1 / share""",
    },
    "04-2": {
        "as much say as one of many": PORTIONS.format(
            "(loss / len(portions)).backward()"
        ),
        "divide by the number of all words": PORTIONS.format(
            "(loss * len(true_ids)).backward()"
        ),
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
        "remembers every graph": EPOCH.replace("loss.item()", "loss"),
        "as much say in the mean": EPOCH.replace("batch.tokens", "1"),
    },
    "04-4": {
        "this is the answer itself": """
def teacher_input(tgt_out):
    return tgt_out""",
        "goes the other way": """
def teacher_input(tgt_out):
    return torch.cat([tgt_out[:, 1:], torch.full_like(tgt_out[:, :1], PAD)], dim=1)""",
        "<eos> ends it": """
def teacher_input(tgt_out):
    first = torch.full_like(tgt_out[:, :1], EOS)
    return torch.cat([first, tgt_out[:, :-1]], dim=1)""",
        "one column too many": """
def teacher_input(tgt_out):
    return torch.cat([torch.full_like(tgt_out[:, :1], SOS), tgt_out], dim=1)""",
    },
    "04-5": {
        "nothing was written behind it": """
def own_words_loss(log_probs, tgt_ids):
    return F.nll_loss(log_probs, tgt_ids).item()""",
        "is paid for as well": """
def own_words_loss(log_probs, tgt_ids):
    nats, paid = 0.0, 0
    for row, true_id in zip(log_probs, tgt_ids, strict=True):
        if row.argmax() == EOS:
            break
        nats -= row[true_id].item()
        paid += 1
    return nats / max(paid, 1)""",
    },
    "04-6": {
        "measured by itself": SHORTENED.format("g * min(1, limit / g.norm())"),
        "another direction": SHORTENED.format("g.clamp(-limit, limit)"),
        "stays as it is": SHORTENED.format("g * limit / length"),
        "root of the sum": SHORTENED.format("g * min(1, limit / length**2)"),
    },
}


def test_every_exercise_is_tested():
    assert exercise_cells.numbers("04") == list(WRONG)


@pytest.mark.parametrize("number", WRONG)
def test_exercise(number):
    exercise_cells.behaves(number, WRONG[number])


def test_half_a_repair_is_told_what_is_left():
    attempt = EPOCH.replace("optimizer.zero_grad()", "pass")
    told = exercise_cells.verdict("04-3", attempt.replace("loss.item()", "loss"))
    assert "adds to the gradients of those before" in told.message
    assert "And the total is a tensor" in told.message


def test_behind_the_end_of_a_sentence_the_teacher_may_read_anything():
    attempt = (
        exercise_cells.source("04-4", "solution")
        + """
old = teacher_input
def teacher_input(tgt_out):
    return old(tgt_out).masked_fill(tgt_out == PAD, UNK)"""
    )
    assert exercise_cells.verdict("04-4", attempt).points == 1
