"""Grades: accidents are found, and each public function of the package has its own."""

import ast
import re
from pathlib import Path

import pytest
import torch
from torch import nn

from seq2seq_lesson import (
    attention,
    batches,
    decoder,
    encoder,
    interventions,
    seq2seq,
    tutorials,
)
from seq2seq_lesson.shapes import _checks, grades
from seq2seq_lesson.shapes.grades import for_every_size
from seq2seq_lesson.shapes.rewriter import Rewriter
from seq2seq_lesson.studies import attention as attention_study
from seq2seq_lesson.studies import (
    gru_backward,
    padding,
    reversal,
    reversal_models,
)

PACKAGE = Path(seq2seq.__file__).parent
EQUIPMENT = ("plots/", "explorers/", "exercises/", "shapes/")
Z = torch.zeros
MASK = Z(3, 5) < 1
QUERY, KEYS = Z(3, 4, 8), Z(3, 5, 12)


def written(name, takes, body, shapes, **names):
    """A function as a cell of a notebook would make it, its comments checked."""
    told = "\n        ".join(shapes)
    source = f'''
def {name}({takes}):
    """What it does.

    Shapes
        {told}
    """
    {body}
'''
    tree = ast.parse(source)
    names = {"torch": torch, "nn": nn} | names
    exec(
        compile(Rewriter(tree, source, 1, {"batch"}).visit(tree), "cell", "exec"), names
    )
    return names[name]


def telling(function, *shapes):
    """A function whose own docstring tells no shapes, and here does."""
    takes = [line.partition(":")[0] for line in shapes[:-1]]
    takes = ", ".join(name for name in takes if name[:4] != "out_")
    return written(function.__name__, takes, f"return function({takes})", shapes,
                   function=function)  # fmt: skip


def changing(function):
    """A change of weights, of which the file of `interventions` tells."""

    def change(weights, src_mask, step):
        return function(weights, src_mask, step)

    change.__doc__ = interventions.__doc__
    return change, dict(weights=Z(3, 4, 5), src_mask=MASK, step=0)


def score(name, hid=8):
    made = attention.SCORES[name](hid, 12, 9, 10)
    return made, dict(query=Z(3, 4, hid), keys=KEYS, max_len=10)


def look(name="additive"):
    return attention.Attention(name, 8, 12, 9, 10)


def looking(module):
    return module, dict(query=QUERY, enc_states=KEYS, src_mask=MASK, max_len=10)


def writing(order, *sizes):
    model = order(13, 6, *sizes, tied=False, dropout=0.1)
    given = dict(tgt_in=Z(3, 4).long(), dec_state=Z(3, 8), enc_states=KEYS)
    return model, given | dict(src_mask=MASK)


def seq2seq_model():
    return seq2seq.Seq2Seq(seq2seq.ModelConfig(11, 13, 6, 7, 9, 15))


EVERY, OTHER, HERE = "true for every size", "true at other sizes", "true here"
BLIND = "true here, blind"  # it needs numbers, so it runs at its own sizes alone
GRADES = {  # of each function its grade with provisos, and an example
    "attention.py: masked_softmax": (
        EVERY,
        lambda: (attention.masked_softmax, dict(scores=Z(3, 4, 5), src_mask=MASK)),
    ),
    "attention.py: PositionScore.forward": (
        f"{EVERY}, provided src_len <= max_len",
        lambda: score("position"),
    ),
    "attention.py: DotScore.forward": (
        f"{HERE} because hid = enc",
        lambda: score("dot", 12),
    ),
    "attention.py: GeneralScore.forward": (EVERY, lambda: score("general")),
    "attention.py: ConcatScore.forward": (EVERY, lambda: score("concat")),
    "attention.py: AdditiveScore.forward": (EVERY, lambda: score("additive")),
    "attention.py: Attention.forward": (EVERY, lambda: looking(look())),
    "batches.py: mask_from_lengths": (
        BLIND,
        lambda: (
            batches.mask_from_lengths,
            dict(lengths=torch.tensor([5, 4, 3]), longest=5),
        ),
    ),
    "decoder.py: Decoder.read": (
        EVERY,
        lambda: (
            telling(
                decoder.PlainDecoder(13, 6, 8, tied=False, dropout=0.1).read,
                "tgt_in: (batch, tgt_len)",
                "return: (batch, tgt_len, emb)",
            ),
            dict(tgt_in=Z(3, 4).long()),
        ),
    ),
    "decoder.py: Decoder.write": (
        EVERY,
        lambda: (
            telling(
                decoder.PlainDecoder(13, 6, 8, tied=False, dropout=0.1).write,
                "features: (batch, tgt_len, hid)",
                "return: (batch, tgt_len, tgt_vocab)",
            ),
            dict(features=QUERY),
        ),
    ),
    "decoder.py: PlainDecoder.forward": (
        OTHER,
        lambda: writing(decoder.PlainDecoder, 8),
    ),
    "decoder.py: AttendBefore.forward": (
        OTHER,
        lambda: writing(decoder.AttendBefore, 12, 8, look()),
    ),
    "decoder.py: AttendAfter.forward": (
        OTHER,
        lambda: writing(decoder.AttendAfter, 12, 8, look()),
    ),
    "encoder.py: DensePrenet.forward": (
        EVERY,
        lambda: (encoder.DensePrenet(6, 17), dict(src_emb=Z(3, 5, 6))),
    ),
    "encoder.py: ConvPrenet.forward": (
        EVERY,
        lambda: (encoder.ConvPrenet(6, 17), dict(src_emb=Z(3, 5, 6))),
    ),
    "encoder.py: Encoder.forward": (
        BLIND,
        lambda: (
            encoder.Encoder(11, 6, 7),
            dict(
                src_ids=Z(3, 5).long(),
                src_lengths=torch.tensor([5, 4, 3]),
                layers=1,
                directions=1,
            ),
        ),
    ),
    "interventions.py: identity": (EVERY, lambda: changing(interventions.identity)),
    "interventions.py: uniform": (EVERY, lambda: changing(interventions.uniform)),
    "interventions.py: hardened": (EVERY, lambda: changing(interventions.hardened)),
    "interventions.py: Changed.forward": (
        EVERY,
        lambda: looking(
            telling(
                interventions.Changed(look(), interventions.uniform).forward,
                *ATTENDING,
            )
        ),
    ),
    "seq2seq.py: best_words": (  # PAD, SOS, and a word that may be written
        f"{EVERY}, provided tgt_vocab >= 3",
        lambda: (seq2seq.best_words, dict(logits=Z(3, 4, 13))),
    ),
    "seq2seq.py: sequence_loss": (
        EVERY,
        lambda: (
            seq2seq.sequence_loss,
            dict(logits=Z(3, 4, 13), tgt_out=Z(3, 4).long()),
        ),
    ),
    "seq2seq.py: Seq2Seq.encode": (
        BLIND,
        lambda: (
            seq2seq_model().encode,
            dict(src_ids=Z(3, 5).long() + 2, src_lengths=torch.tensor([5, 4, 3])),
        ),
    ),
    "seq2seq.py: Seq2Seq.greedy": (
        BLIND,
        lambda: (
            telling(
                seq2seq_model().eval().greedy,
                "src_ids: (batch, src_len)",
                "src_lengths: (batch,)",
                "max_len: how many words at most",
                "return: (batch, tgt_len), (batch, tgt_len, src_len)",
            ),
            dict(
                src_ids=Z(3, 5).long() + 2,
                src_lengths=torch.tensor([5, 4, 3]),
                max_len=4,
            ),
        ),
    ),
    "studies/attention.py: rank_correlation": (
        EVERY,
        lambda: (attention_study.rank_correlation, dict(first=MASK, second=MASK)),
    ),
    "studies/attention.py: second_word": (  # its shape; that there is one, is a number
        EVERY,
        lambda: changing(attention_study.second_word),
    ),
    "studies/attention.py: Unmasked.forward": (
        EVERY,
        lambda: looking(telling(attention_study.Unmasked(look()).forward, *ATTENDING)),
    ),
    "studies/gru_backward.py: step": (  # a GRU that is told has fixed both its widths
        HERE,
        lambda: (
            gru_backward.step,
            dict(gru=nn.GRU(6, 8, batch_first=True), word=Z(6), state=Z(8)),
        ),
    ),
    "studies/padding.py: mean_losses": (
        BLIND,
        lambda: (
            padding.mean_losses,
            dict(logits=Z(3, 4, 13), tgt_out=Z(3, 4).long()),
        ),
    ),
    "studies/reversal.py: right_by_place": (
        BLIND,
        lambda: (
            reversal.right_by_place,
            dict(written=Z(3, 4).long(), tgt_out=Z(3, 4).long() + 5),
        ),
    ),
    "studies/reversal.py: right_places": (
        EVERY,
        lambda: (
            telling(
                reversal.right_places,
                "weights: (batch, tgt_len, src_len)",
                "src_mask: (batch, src_len)",
                "step: how many words came before",
                "return: (batch, tgt_len, 1)",
            ),
            changing(reversal.right_places)[1],
        ),
    ),
    "studies/reversal.py: told_where": (EVERY, lambda: changing(reversal.told_where)),
    "studies/reversal.py: to_its_brightest": (
        EVERY,
        lambda: changing(reversal.to_its_brightest),
    ),
    "studies/reversal_models.py: published_reversal_loop": (
        OTHER,
        lambda: (
            reversal_models.published_reversal_loop,
            dict(
                decoder=reversal_models.ReversalPlainDecoder(13, 8),
                enc_state=Z(3, 8),
                tgt_out=Z(3, 4).long(),
            ),
        ),
    ),
    "studies/reversal_models.py: ReversalPlainDecoder.forward": (
        OTHER,
        lambda: (
            telling(
                reversal_models.ReversalPlainDecoder(13, 8).forward,
                "word_ids: (batch,)",
                "dec_state: (batch, hid)",
                "return: (batch, tgt_vocab), (batch, hid)",
            ),
            dict(word_ids=Z(3).long(), dec_state=Z(3, 8)),
        ),
    ),
    "studies/reversal_models.py: Published.decode": (
        OTHER,
        lambda: (
            telling(
                reversal_models.Published(13, 8, True).decode,
                "enc_state: (batch, hid)",
                "tgt_out: (batch, tgt_len)",
                "return: (batch, tgt_len, tgt_vocab)",
            ),
            dict(enc_state=Z(3, 8), tgt_out=Z(3, 4).long()),
        ),
    ),
    "studies/reversal_models.py: GivenScores.forward": (
        EVERY,
        lambda: (
            telling(
                reversal_models.GivenScores("additive", 8, 12, 9, 10).forward,
                "scores: (batch, tgt_len, src_len)",
                *ATTENDING[1:],
            ),
            dict(scores=Z(3, 4, 5), enc_states=KEYS, src_mask=MASK),
        ),
    ),
    "studies/reversal_models.py: LocationAware.scores": (
        EVERY,
        lambda: (
            telling(
                reversal_models.LocationAware(13, 6, 12, 8, 9).scores,
                "dec_state: (batch, hid)",
                "keys_proj: (batch, src_len, att)",
                "looked: (batch, src_len)",
                "return: (batch, 1, src_len)",
            ),
            dict(dec_state=Z(3, 8), keys_proj=Z(3, 5, 9), looked=Z(3, 5)),
        ),
    ),
    "studies/reversal_models.py: StackCell.forward": (
        OTHER,
        lambda: (
            telling(
                reversal_models.StackCell(6, 8, 7).forward,
                "word_emb: (batch, emb)",
                "dec_state: (batch, hid)",
                "stack: (batch, depth, width)",
                "return: (batch, hid), (batch, depth, width)",
            ),
            dict(word_emb=Z(3, 6), dec_state=Z(3, 8), stack=Z(3, 5, 7)),
        ),
    ),
    "tutorials.py: TutorialEncoder.forward": (
        HERE,
        lambda: (
            telling(
                tutorials.TutorialEncoder(13, 8).forward,
                "word_id: (1,)",
                "enc_state: (1, 1, hid)",
                "return: (1, 1, hid), (1, 1, hid)",
            ),
            dict(word_id=Z(1).long(), enc_state=Z(1, 1, 8)),
        ),
    ),
    "tutorials.py: TutorialDecoder.forward": (
        HERE,
        lambda: (
            telling(
                tutorials.TutorialDecoder(8, 13, 10).forward,
                "word_id: (1,)",
                "dec_state: (1, 1, hid)",
                "enc_states: (max_length, hid)",
                "return: (1, tgt_vocab), (1, 1, hid), (1, max_length)",
            ),
            dict(word_id=Z(1).long(), dec_state=Z(1, 1, 8), enc_states=Z(10, 8)),
        ),
    ),
}
ATTENDING = (
    "query: (batch, tgt_len, hid)",
    "enc_states: (batch, src_len, enc)",
    "src_mask: (batch, src_len)",
    "return: (batch, tgt_len, enc), (batch, tgt_len, src_len)",
)
UNGRADED = {
    "studies/adversary.py: total_variation": "spreads of any shape come in",
    "studies/adversary.py: divergence": "spreads of any shape come in",
    "studies/agreement.py: gradients": "as the tensors of a list that comes in",
    "studies/first_state.py: left": "a whole model comes in, and ids that it reads",
    "studies/gru_backward.py: states": "a list of tensors is returned",
    "studies/gru_backward.py: slopes": "as `step`, whose slopes they are",
    "studies/gru_backward.py: shares": "a list of tensors comes in",
    "studies/readback.py: read_back": "what comes in is a class of its own",
    "studies/reversal_models.py: ReadsBackwards.forward": "reads lengths, as Encoder",
    "studies/reversal_models.py: StackEncoder.forward": "reads lengths, as Encoder",
}


def taking_and_giving_tensors(path):
    """Public functions that take a tensor and return one."""
    tree, words = ast.parse(path.read_text("utf-8")), ["Tensor"]
    for node in tree.body:
        if isinstance(node, ast.Assign) and "Tensor" in ast.unparse(node.value):
            words.append(ast.unparse(node.targets[0]))
    for owner in [tree, *(n for n in tree.body if isinstance(n, ast.ClassDef))]:
        for node in owner.body:
            name = f"{getattr(owner, 'name', '')}.{getattr(node, 'name', '_')}"
            if isinstance(node, ast.FunctionDef) and "._" not in f".{name}":
                sides = ast.unparse(node.args), ast.unparse(node.returns or node.args)
                if all(re.search(rf"\b({'|'.join(words)})\b", side) for side in sides):
                    yield f"{path.relative_to(PACKAGE).as_posix()}: {name.strip('.')}"


def test_each_function_on_tensors_is_in_the_table():
    paths = [
        path
        for path in PACKAGE.rglob("*.py")
        if not path.relative_to(PACKAGE).as_posix().startswith(EQUIPMENT)
    ]
    found = [name for path in paths for name in taking_and_giving_tensors(path)]
    assert sorted(found) == sorted([*GRADES, *UNGRADED])


def summary(grade):
    """Level, accidents and provisos."""
    text = grade.level
    if "without numbers" in grade.why:
        return f"{text}, blind"
    text += f" because {' and '.join(grade.accidents)}" * bool(grade.accidents)
    return text + f", provided {' and '.join(grade.provisos)}" * bool(grade.provisos)


@pytest.mark.parametrize("name", GRADES)
def test_the_grade_of(name):
    wanted, example = GRADES[name]
    function, given = example()
    grade = for_every_size(function, **given)
    assert summary(grade) == wanted, grade


ADDED = "query: (batch, tgt_len, emb)", "keys: (batch, src_len, emb)"
TRUE = "return: (batch, tgt_len, src_len)"
ROWS = ("ids: (batch, src_len)",)
PLANTED = {  # a body, its docstring, the example's sizes, and what must be said
    "a sum in the docstring": (
        "return query + keys",
        [*ADDED, "return: (batch, tgt_len, emb)"],
        [(3, 4, 6), (3, 4, 6)],
        "true here because tgt_len = src_len",
    ),
    "a sum in a comment": (
        "summed = query + keys  # (batch, tgt_len, emb)\n    return query @ keys.mT",
        [*ADDED, TRUE],
        [(3, 4, 6), (3, 4, 6)],
        "true here because tgt_len = src_len",
    ),
    "a comment that takes an axis for another": (
        "scores = query @ keys.mT  # (batch, src_len, tgt_len)\n    return scores",
        [*ADDED, TRUE],
        [(3, 4, 6), (3, 4, 6)],
        "true here because tgt_len = src_len",
    ),
    "a source of one word": (
        "return query + keys",
        [*ADDED, "return: (batch, tgt_len, emb)"],
        [(3, 4, 6), (3, 1, 6)],
        "true here because src_len = 1",
    ),
    "a batch by number": (
        "return ids.reshape(3, -1)",
        [*ROWS, "return: (batch, src_len)"],
        [(3, 5)],
        "true here because batch = 3",
    ),
    "a square": (
        "return ids",
        [*ROWS, "return: (src_len, batch)"],
        [(4, 4)],
        "true here because batch = src_len",
    ),
    "a sum of axes": (
        "return torch.cat([query, keys], dim=1)",
        [*ADDED, "return: (batch, 2*src_len, emb)"],
        [(3, 4, 6), (3, 4, 6)],
        "true here because tgt_len = src_len",
    ),
    "a matrix from outside": (
        "return ids @ torch.ones(5, 7)",
        [*ROWS, "return: (batch, width)"],
        [(3, 5)],
        "true here because src_len = 5",
    ),
    "squeezed": (
        "return ids.unsqueeze(-1).squeeze()",
        [*ROWS, "return: (batch, src_len)"],
        [(3, 5)],
        "true for every size, provided batch >= 2 and src_len >= 2",
    ),
    "the half": (  # that a half is no more than the whole is no proviso
        "return ids[:, : ids.shape[1] // 2]",
        [*ROWS, "return: (batch, half)"],
        [(3, 6)],
        "true for every size",
    ),
    "pairs": (
        "return ids.view(ids.shape[0], -1, 2)",
        [*ROWS, "return: (batch, pairs, 2)"],
        [(3, 6)],
        "true at other sizes",
    ),
    "a branch": (
        "return ids if ids.shape[1] < 8 else ids.T",
        [*ROWS, "return: (batch, src_len)"],
        [(3, 6)],
        "true for every size, provided src_len < 8",
    ),
    "a branch that changes nothing": (
        "return ids if ids.shape[1] < 8 else ids + 1",
        [*ROWS, "return: (batch, src_len)"],
        [(3, 6)],
        "true for every size, provided src_len < 8",
    ),
    "a branch beside the example": (
        "return ids if ids.shape[1] < 8 else ids + 1",
        [*ROWS, "return: (batch, src_len)"],
        [(3, 8)],
        "true at other sizes",
    ),
    "a branch in a branch": (
        "both = query.shape[1] > 7 and keys.shape[1] > 8\n"
        "    return query[1 if both else 0 :]",
        [*ADDED, "return: (batch, tgt_len, emb)"],
        [(3, 4, 6), (3, 5, 6)],
        "true for every size, provided tgt_len <= 7",
    ),
    "one size in a hundred": (
        "return ids[:1] if 3 * ids.shape[1] == 123 else ids",
        [*ROWS, "return: (batch, src_len)"],
        [(3, 5)],
        "true for every size, provided 3*src_len != 123",
    ),
    "a size far away": (
        "return ids[:1] if ids.shape[1] ** 2 == 250_000 else ids",
        [*ROWS, "return: (batch, src_len)"],
        [(3, 5)],
        "true for every size, provided src_len**2 != 250000",
    ),
    "a remark": (
        "scores = query @ keys.mT  # (my answer)\n    return scores  # (default)",
        [*ADDED, TRUE],
        [(3, 4, 6), (3, 5, 6)],
        "true for every size",
    ),
    "a loop": (
        "return torch.stack([row + 1 for row in ids])",
        [*ROWS, "return: (batch, src_len)"],
        [(3, 6)],
        "true at other sizes",
    ),
    "a loop and a square": (
        "return torch.stack([row + 1 for row in ids]).T",
        [*ROWS, "return: (batch, src_len)"],
        [(4, 4)],
        "true here because batch = src_len",
    ),
    "numbers are read": (
        "return ids[:, : int(ids.sum().item())]",
        [*ROWS, "return: (batch, some)"],
        [(3, 6)],
        "true here, blind",
    ),
    "a wrong docstring": (
        "return query + keys",
        [*ADDED, "return: (batch, src_len, emb)"],
        [(3, 4, 6), (3, 1, 6)],
        "false here",
    ),
    "nothing amiss": (
        "return query @ keys.mT  # (batch, tgt_len, src_len)",
        [*ADDED, TRUE],
        [(3, 4, 6), (3, 5, 6)],
        "true for every size",
    ),
    "nothing amiss, of equal sizes": (
        "return query @ keys.mT  # (batch, tgt_len, src_len)",
        [*ADDED, TRUE],
        [(3, 4, 6), (3, 4, 6)],
        "true for every size",
    ),
}


HARMLESS = {  # no other size of a single axis breaks them
    "a size far away",
    "a branch that changes nothing",
    "a branch in a branch",
}


def planted(case):
    body, shapes, sizes, _ = PLANTED[case]
    takes = [line.partition(":")[0] for line in shapes[:-1]]
    function = written("planted", ", ".join(takes), body, shapes)
    return function, dict(zip(takes, map(torch.zeros, sizes), strict=True))


@pytest.mark.parametrize("case", PLANTED)
def test_what_was_planted_is_found(case):
    function, given = planted(case)
    grade = for_every_size(function, **given)
    assert summary(grade) == PLANTED[case][-1], grade
    if case not in HARMLESS:
        found = bool(grade.accidents or grade.provisos)
        assert bool(grade.breaks) == found or grade.why


def test_what_breaks_it_does_break_it():
    """Each refutation is one: at those sizes real tensors fail, too."""
    function, given = planted("a sum in the docstring")
    (told,) = for_every_size(function, **given).breaks
    assert told == "src_len = 2"
    with pytest.raises(RuntimeError, match="size"):
        function(torch.zeros(3, 4, 6), torch.zeros(3, 2, 6))


def test_a_grade_is_a_sentence_in_axis_names():
    function, given = score("position")
    text = repr(for_every_size(function, **given))
    assert " ".join(text.split()) == (
        "True for every size, provided src_len <= max_len. At src_len = 11 it breaks: "
        "ValueError: keys: got 11 positions, but a position score of max_len 10 has no "
        "more than that: shorten the source or raise max_len. Its own tensors fix "
        "hid = 8."
    )
    assert max(map(len, text.split("\n"))) <= 88
    assert "src_len = 11" in text  # no line ends inside


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("a, b = ids.chunk(2, dim=1)\n    return a, b", "src_len = 1 or src_len = 7"),
        ("return torch.stack([*ids.T]).T + ids[:, 1:2]", "src_len = 1"),
    ],
)
def test_sizes_that_break_it_stand_beside_the_middle_grade(body, told):
    returned = "(batch, half), (batch, half)" if "a, b" in body else "(batch, src_len)"
    function = written("halves", "ids", body, [*ROWS, f"return: {returned}"])
    text = " ".join(repr(for_every_size(function, ids=Z(3, 6))).split())
    assert text.startswith(f"True at other sizes, but not at {told}: "), text


def test_what_own_tensors_fix_may_be_a_sum():
    function, given = score("concat")
    assert for_every_size(function, **given).fixed == ("enc + hid = 20",)


def test_without_symbols_the_middle_grade_is_the_highest(monkeypatch):
    def missing(*_):
        raise ImportError

    monkeypatch.setattr(grades, "_assumed", missing)
    for case, level in {
        "nothing amiss": "true at other sizes",
        "a sum in the docstring": "true here because tgt_len = src_len",
        "a square": "true here because batch = src_len",
    }.items():
        function, given = planted(case)
        grade = for_every_size(function, **given)
        assert summary(grade) == level
        assert ("knows no symbols" in grade.why) != bool(grade.breaks)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (dict(keys=Z(2, 5, 6)), "promises other shapes: .*keys: dim=0 .batch."),
        (dict(keys=Z(3, 5)), "keys: 2 axes came, 3 were promised"),
        (dict(words=Z(3, 5)), "planted: it takes query, keys, and no words"),
        (dict(words="three"), "planted: it takes query, keys, and no words"),
        (dict(keys=None), "planted: give keys by keyword, too"),
    ],
)
def test_bad_input_is_told_in_a_sentence(change, told):
    function, given = planted("nothing amiss")
    given = {name: v for name, v in (given | change).items() if v is not None}
    with pytest.raises(ValueError, match=told):
        for_every_size(function, **given)


def test_a_docstring_without_shapes():
    with pytest.raises(ValueError, match="<lambda>: its docstring tells no shapes; w"):
        for_every_size(lambda ids: ids, ids=Z(3, 4))


@pytest.mark.parametrize(
    ("shapes", "told"),
    [
        (["ids: (batch, src_len)"], "half: the Shapes lack `return`"),
        (
            ["words: (batch, src_len)", "return: (batch, src_len)"],
            "half: the Shapes name `words`, which it does not take",
        ),
    ],
)
def test_a_docstring_with_half_the_shapes(shapes, told):
    with pytest.raises(ValueError, match=told):
        for_every_size(written("half", "ids", "return ids", shapes), ids=Z(3, 4))


def test_nothing_is_changed_by_it():
    """Neither the example, nor random numbers, nor what the checks know."""
    known, hooks = dict(_checks.known), dict(vars(_checks))
    ids = torch.arange(12.0).view(3, 4)
    function = written("emptied", "ids", "ids.zero_()\n    return torch.rand_like(ids)",
                       [*ROWS, "return: (batch, src_len)"])  # fmt: skip
    state = torch.get_rng_state()
    assert summary(for_every_size(function, ids=ids)) == EVERY
    assert torch.equal(state, torch.get_rng_state())
    assert ids.sum() == 66
    assert _checks.known == known
    assert dict(vars(_checks)) == hooks


def test_a_function_meets_no_device_but_the_meta_device():
    body = """scores = keys.to("cpu") @ torch.ones(6, device="cpu")
    return scores.cpu().to(torch.device("cpu")) + torch.arange(keys.shape[1])"""
    function = written("moved", "keys", body, [ADDED[1], "return: (batch, src_len)"])
    assert summary(for_every_size(function, keys=Z(3, 4, 6))) == (
        "true here because emb = 6"
    )
