"""No shape comment in the package is false, unread or missing.

The package is loaded a second time with its comments turned into checks, and walked
through with sizes that all differ, so that a swapped axis shows. A module with shape
comments of its own needs a step in WALK.
"""

import ast
import builtins
import importlib
import re
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from seq2seq_lesson import shapes
from seq2seq_lesson.shapes.comments import ShapeError, words
from seq2seq_lesson.shapes.rewriter import HOME, Rewriter, shape_comments
from tests import exercise_cells
from tools.exercise_cells import source

PACKAGE = Path(shapes.__file__).parents[1]
FILES = {path.relative_to(PACKAGE).as_posix(): path for path in PACKAGE.rglob("*.py")}
MACHINERY = {f"shapes/{name}.py" for name in ("__init__", "comments", "rewriter")}
EXERCISES = "01 02 03 04 05 06 07".split()
FOLDERS = ("plots/", "explorers/", "exercises/")  # they show tensors and make none
EXEMPT = {
    "studies/adversary.py: divergence": "spreads of any shape come in",
    "studies/adversary.py: total_variation": "spreads of any shape come in",
    "studies/agreement.py: agree": "tensors of any shape come in, a sentence goes out",
    "studies/explaining.py: moved": "a list of rows comes in, counts go out",
    "studies/first_state.py: started_from": "hands the state on, as translate_from",
    "studies/first_state.py: translate_from": "hands the state on",
    "studies/memory.py: spread": "numbers of any shape come in, a text goes out",
    "studies/reversal.py: published_again": "a whole training, too long for the walk",
    "studies/reversal.py: probed": "vectors of any kind come in, a share goes out",
    "studies/two_processes.py: alone": "pairs come in; `gradient` tells the shape",
    "studies/two_processes.py: together": "pairs come in, other processes answer",
    "studies/__init__.py: span": "numbers of any shape come in, a text goes out",
    "interventions.py: intervened": "hands the change on; no tensor passes here",
    "metrics.py: hard_alignment": "one matrix comes in, a set of links goes out",
    "translation.py: Translation.word_weights": "cuts the weights it was given",
}

LENGTHS, TGT_LENGTHS = [5, 4, 3], [10, 9, 8]
SIZES = {
    "batch": 3, "src_len": 5, "tgt_len": 10, "src_vocab": 11, "tgt_vocab": 13,
    "emb": 6, "enc_hid": 7, "enc": 14, "hid": 9, "att": 15,
    "layers": 4, "directions": 2, "max_length": 19, "out_features": 17,
}  # fmt: skip
SENTENCES = ["a b c d", "d e f", "g a"]
TARGETS = ["l m n o p q r s t", "m n o p q r s t", "n o p q r s t"]


def walk_batches(lesson):
    sources = [list(range(2, 2 + n)) for n in LENGTHS]
    targets = [list(range(2, 2 + n)) for n in TGT_LENGTHS]
    batch = lesson.batches.collate(list(zip(sources, targets, strict=True)))
    shapes.axes(longest=5)
    ids, lengths = lesson.batches.pad_ids(sources)
    lesson.batches.mask_from_lengths(lengths, ids.shape[1])
    assert batch.to("cpu").tokens == sum(TGT_LENGTHS)


def walk_attention(lesson):
    enc_states, mask = torch.zeros(3, 5, 14), torch.ones(3, 5, dtype=torch.bool)
    for score in lesson.attention.SCORES:
        hid = 14 if score == "dot" else 9  # dot wants hid = enc
        shapes.axes(hid=hid)
        attention = lesson.attention.Attention(score, hid, 14, 15, 19)
        attention(torch.zeros(3, 10, hid), enc_states, mask)
    study = getattr(lesson, "studies.attention")
    study.Unmasked(attention)(torch.zeros(3, 10, hid), enc_states, mask)
    study.second_word(torch.zeros(3, 10, 5), mask, 1)


def walk_encoder(lesson):
    ids = torch.full((3, 5), 2)
    prenets = [None, lesson.encoder.DensePrenet, lesson.encoder.ConvPrenet]
    for cell, both, prenet in [
        *((cell, True, None) for cell in lesson.encoder.CELLS),
        *(("gru", False, prenet) for prenet in prenets),
    ]:
        shapes.axes(directions=1 + both, enc=14 if both else 7)
        encoder = lesson.encoder.Encoder(
            11, 6, 7, cell=cell, layers=4, bidirectional=both,
            prenet=prenet and prenet(6, 17),
        )  # fmt: skip
        encoder(ids, torch.tensor(LENGTHS))
        encoder(ids, torch.tensor([5, 5, 5]))


def models(lesson):
    for order in lesson.seq2seq.ORDERS:
        config = lesson.seq2seq.ModelConfig(
            11, 13, 6, 7, 9, 15, order=order, layers=4, max_len=19
        )
        yield lesson.seq2seq.Seq2Seq(config)


def walk_seq2seq(lesson):
    sources, targets = ([[2] * n for n in part] for part in (LENGTHS, TGT_LENGTHS))
    batch = lesson.batches.collate(list(zip(sources, targets, strict=True)))
    shapes.axes(tgt_len=None)  # a decoder is also asked for one word at a time
    for model in models(lesson):
        for own_words in (0.0, 0.5):
            logits = model(batch, own_words)
            lesson.seq2seq.sequence_loss(logits, batch.tgt_out)
        model.eval().greedy(batch.src_ids, batch.src_lengths, 4)


def walk_translation(lesson):
    words = lesson.vocabulary.Vocabulary
    vocabularies = words("abcdefg"), words("lmnopqrst")
    shapes.axes(tgt_len=None)
    pairs = list(map(lesson.corpus.SentencePair, SENTENCES, TARGETS))
    for model in models(lesson):
        lesson.translation.translate(model, SENTENCES, *vocabularies, max_len=4)
        lesson.translation.translate_forced(model, pairs, *vocabularies)


def walk_training(lesson):
    examples = [([2] * 5, [2] * n) for n in TGT_LENGTHS]
    shapes.axes(tgt_len=None)
    recipe = lesson.training.Recipe(epochs=1, batch_size=3)
    for model in models(lesson):
        lesson.training.fit(model, examples, recipe, progress=False)


def walk_tutorials(lesson):
    article = lesson.tutorials
    encoder = article.TutorialEncoder(11, 9)
    decoder = article.TutorialDecoder(9, 13, max_length=19)
    parts = [encoder, decoder]
    parts += [torch.optim.SGD(part.parameters(), 0.01) for part in parts]
    for teacher_forcing in (True, False):
        article.tutorial_step(
            torch.tensor([4, 5, 2]), torch.tensor([4, 2]), *parts, teacher_forcing
        )


def walk_reversal_study(lesson):
    models = getattr(lesson, "studies.reversal_models")
    plain, targets = models.ReversalPlainDecoder(13, 9), torch.full((3, 10), 2)
    for carry_state in (True, False):
        plain.train(carry_state)
        logits = models.published_reversal_loop(
            plain, torch.zeros(3, 9), targets, carry_state=carry_state
        )
    models.published_accuracy(logits, targets)
    shapes.axes(tgt_len=None)
    letters = [[4 + n % 4 for n in range(length)] + [2] for length in (4, 3, 2)]
    batch = lesson.batches.collate([(row, row) for row in letters])
    enc_states, start = torch.zeros(3, 5, 14), torch.zeros(3, 9)
    for decoder in (
        models.LocationAware(13, 6, 14, 9, 15),
        models.RelativePosition(13, 6, 14, 9, content=True),
    ):
        for columns in (slice(0, 1), slice(1, 5)):  # at first, and carried on
            words = batch.tgt_in[:, columns]
            given = (words, start, enc_states, batch.src_mask)
            _, start, _ = decoder(*given)
        start = torch.zeros(3, 9)
    shapes.axes(batch=None, enc_hid=None, enc=None, emb=None)  # a row for each step
    shapes.axes(src_len=None)  # the article reads no <eos>
    for carry_state in (True, False):
        model = models.Published(13, 9, carry_state)
        model.eval()(batch)
        logits = model.train()(batch)
    models.DropsItsState(13, 6, 9, tied=True, dropout=0.0)(
        batch.tgt_in, start, None, None
    )
    study = getattr(lesson, "studies.reversal")
    shapes.axes(batch=None, src_len=None, tgt_len=None, tgt_vocab=None, hid=None)
    shapes.axes(emb=None, enc=None, enc_hid=None)
    models.ReadsBackwards(9, 6, 7)(batch.src_ids, batch.src_lengths)
    study.judged(models.Published(8, 9, True), study.examples(["abc", "dab"]))
    shapes.axes(batch=None, src_len=None, tgt_len=None)
    study.marks_of(study.repeating("abc"), ["abc", "ca"])
    shapes.axes(batch=None, src_len=None, tgt_len=None)
    study.right_by_place(batch.tgt_out, batch.tgt_out)
    shapes.axes(tgt_len=None)
    study.told_where(torch.zeros(3, 2, 5), batch.src_mask, 1)
    study.to_its_brightest(torch.zeros(3, 2, 5), batch.src_mask, 1)
    shapes.axes(batch=None, src_len=None, tgt_len=None, tgt_vocab=13, emb=6, width=4)
    shapes.axes(hid=9, enc=None, depth=None)
    stack, _ = models.StackEncoder(13, 6, 9, 4)(batch.src_ids, batch.src_lengths)
    stacked = models.StackDecoder(13, 6, 9, 4)
    stacked(batch.tgt_in, torch.zeros(3, 9), stack, batch.src_mask)
    finding = lesson.studies.Finding("one", "model", 0, "edit", 1, 0.5)
    lesson.studies.values([finding], "one", "edit")


def walk_interventions(lesson):
    words = lesson.vocabulary.Vocabulary
    vocabularies = words("abcdefg"), words("lmnopqrst")
    shapes.axes(tgt_len=None)
    pairs = list(map(lesson.corpus.SentencePair, SENTENCES, TARGETS))
    tools = lesson.interventions
    for model in models(lesson):
        model.eval()
        if model.config.order == "none":
            continue
        forced = lesson.translation.translate_forced(model, pairs, *vocabularies)
        for change in (
            tools.identity, tools.uniform, tools.hardened, tools.shuffled(0),
            tools.position_only(forced),
        ):  # fmt: skip
            with tools.intervened(model, change):
                lesson.translation.translate(model, SENTENCES, *vocabularies)
    shapes.axes(batch=None, src_len=None)  # a reading for each hidden word
    need = lesson.interventions.needs(model, pairs[0], *vocabularies)
    getattr(lesson, "studies.attention").rank_correlation(forced[0].word_weights, need)


def walk_padding_studies(lesson):
    """The trained model's own sizes: its axes are bound by what comes."""
    swaps, memory, start, readback = (
        getattr(lesson, f"studies.{name}")
        for name in ("swaps", "memory", "first_state", "readback")
    )
    names = "batch src_len enc_hid enc hid emb src_vocab tgt_vocab tgt_len layers"
    shapes.axes(**dict.fromkeys(names.split()))
    pretrained = lesson.pretrained.load_pretrained
    model, src, tgt = pretrained("plain")
    group = swaps.known_sentences(src)[4][:3]
    swaps.swap(model, group, src, tgt, swaps.PARTS)
    for cell in ("rnn", "gru"):
        memory.gradients_back(cell)
    memory.pads_before_and_after(2)
    memory.check_fading([2.0])
    memory.mean_update(model, group, src)
    first = start.random_start(model, 0)
    ids, _ = swaps.padded(group, src, 0)
    start.left(model, ids, first)
    start.translate_from(model, group, src, tgt, first)
    pairs = [lesson.corpus.SentencePair(s, "i am .") for s in group]
    examples = lesson.corpus.encode_pairs(pairs, src, tgt)
    shapes.axes(batch=3, tgt_len=4)
    start.learn_start(model, lesson.batches.collate(examples), steps=1)
    torch.distributed.init_process_group(
        "gloo", store=torch.distributed.HashStore(), rank=0, world_size=1
    )
    getattr(lesson, "studies.two_processes").shared(model, examples, by_words=True)
    torch.distributed.destroy_process_group()
    shapes.axes(batch=None, tgt_len=None)
    list(memory.moved_by_pads(model, src))
    read = readback.last_states(model, group, src)
    readback.read_back(read, read, len(src))
    readback.bag_of_words(group, src)
    readback.finds_a_twin(group, [0, 1], read[1])
    ours = torch.ones(2, requires_grad=True)
    getattr(lesson, "studies.agreement").agree(ours * 1, ours * 1, [ours])
    swaps.study()
    shapes.axes(**dict.fromkeys(names.split()))
    back, gru = getattr(lesson, "studies.gru_backward"), torch.nn.GRU(6, 9)
    inputs, first = torch.zeros(10, 6), torch.zeros(9, requires_grad=True)
    told = back.states(gru, inputs, first)
    told[-1].sum().backward()
    back.slopes(gru, inputs[-1], told[-2])
    back.shares(gru, inputs[1:], told[1:])
    targets = torch.tensor([[4] * 9 + [0]] * 3)
    shapes.axes(batch=3, tgt_len=10)
    getattr(lesson, "studies.padding").mean_losses(torch.zeros(3, 10, 13), targets)
    shapes.axes(batch=None, tgt_len=None)
    places = getattr(lesson, "studies.places")
    moving = places.trained(torch.device("cpu"))["by place"]
    places.look(moving, group[0])
    for move in places.MOVES:
        places.right(moving, group, move)
    places.study()


def walk_explaining(lesson):
    """What weights explain: trained models' own sizes, bound by what comes."""
    explaining, opponent, slopes = (
        getattr(lesson, f"studies.{name}")
        for name in ("explaining", "adversary", "gradient_map")
    )
    names = "batch src_len enc_hid enc hid att emb src_vocab tgt_vocab tgt_len layers"
    for name in ("general-after", "additive-before"):
        shapes.axes(**dict.fromkeys(names.split()))
        model, *words = lesson.pretrained.load_pretrained(name)
        directions = 1 + model.config.bidirectional
        shapes.axes(hid=model.config.hid, enc=directions * model.config.enc_hid)
        cases = explaining.negations()[:2]
        pairs = [case.pair for case in cases]
        slopes.gradient_map(model, pairs[0], *words)
        maps = opponent.adversary(model, pairs, *words, steps=2)
        if name == "general-after":  # the only one that asks after its step
            opponent.aimed(model, pairs[0], *words, share=0.51)
        costs = [explaining.even_costs(model, pair, words) for pair in pairs]
        explaining.moved(maps, costs)
        explaining.hide(model, cases, words, "pas")
        list(explaining.shares(explaining.pointed(model, pairs, words)))
        forced = lesson.translation.translate_forced(model, pairs, *words)
        explaining.differing(forced, forced)
        explaining.negations = lambda few=cases: few
        list(explaining.negated(model, words))
    explaining.over_seeds("needs", "general-after", "map")
    explaining.remixed("needs", "half even")
    shapes.axes(**dict.fromkeys(names.split()))
    looks = getattr(lesson, "studies.attention")
    list(looks.exchanged(lesson.pretrained.load_pretrained("position-after")[0]))


def walk_explorers(lesson):
    """The one that makes a tensor of its own; the others run a learner's lines."""
    shapes.axes(batch=None, src_len=None, emb=None)
    getattr(lesson, "explorers.shapes.landing").landing_explorer()


def walk_exercises():
    """Each check judges the stub, the solution and the wrong attempts of its test.

    Two random cases reach every comment that twenty reach.
    """
    importlib.import_module("seq2seq_lesson.exercises").CASES = 2  # the second copy's
    for name in EXERCISES:
        wrong = importlib.import_module(f"tests.exercises.test_notebook_{name}").WRONG
        for number, attempts in wrong.items():
            for kind in ("exercise-attempt", "solution"):
                exercise_cells.verdict(number, source(number, kind))
            for attempt in attempts.values():
                exercise_cells.verdict(number, attempt)


WALK = [
    walk_batches, walk_attention, walk_encoder, walk_seq2seq, walk_translation,
    walk_training, walk_tutorials, walk_reversal_study, walk_interventions,
    walk_padding_studies, walk_explaining, walk_explorers,
]  # fmt: skip


class Instrumented(SourceFileLoader):
    """Loads a module with its shape comments turned into checks."""

    def get_code(self, fullname):
        path = Path(self.path)
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source)
        file = path.relative_to(PACKAGE).as_posix()
        tree = Rewriter(tree, source, file).visit(tree)
        return compile(tree, self.path, "exec", dont_inherit=True)


class Finder(MetaPathFinder):
    """Gives that loader to every module of the package."""

    def find_spec(self, fullname, path, target=None):
        if fullname.split(".")[0] != "seq2seq_lesson":
            return None
        place = PACKAGE.joinpath(*fullname.split(".")[1:])
        file = str(place / "__init__.py" if place.is_dir() else f"{place}.py")
        return spec_from_file_location(
            fullname, file, loader=Instrumented(fullname, file)
        )


class Lesson:
    """The second copy of the package; its modules are attributes."""

    def __getattr__(self, name):
        return importlib.import_module(f"seq2seq_lesson.{name}")


def noting(held: set, false: list):
    """A `hold` that writes down what it held, and goes on when a comment is false."""

    def hold(site, value):
        checks, ((file, _, line, _), comment, *_) = getattr(builtins, HOME), site
        held.add((file, line))
        checks.declared.update(words(comment))  # here every word is an axis
        try:
            return type(checks).hold(checks, site, value, sys._getframe(1))
        except ShapeError as error:
            false.append(f"seq2seq_lesson/{error}")
            return value

    return hold


@pytest.fixture(scope="module")
def walked():
    """Walk through a second copy of the package, and leave no trace of it."""
    checks = getattr(builtins, HOME)
    before, held, false = dict(vars(checks)), set(), []
    first = {n: m for n, m in sys.modules.items() if n.startswith("seq2seq_lesson")}
    machinery = {n for n in first if n.startswith("seq2seq_lesson.shapes")}
    for name in first.keys() - machinery:
        del sys.modules[name]
    sys.meta_path.insert(0, Finder())
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # such small tensors gain nothing from a second
    vars(checks).update(declared=set(), hold=noting(held, false))
    checks.on = True
    try:
        for step in WALK:
            torch.manual_seed(0)
            checks.known = {}
            shapes.axes(**SIZES)
            step(Lesson())
        checks.known, walks = {}, len(false)
        walk_exercises()
        # the model's modules met the exercises' many sizes there: not what they promise
        own = "seq2seq_lesson/exercises/"
        false[walks:] = [error for error in false[walks:] if error.startswith(own)]
    finally:
        sys.meta_path.pop(0)
        torch.set_num_threads(threads)
        for name in [n for n in sys.modules if n.startswith("seq2seq_lesson")]:
            del sys.modules[name]
        sys.modules.update(first)
        checks.on = False
        vars(checks).clear()
        vars(checks).update(before)
    return SimpleNamespace(held=held, false=false)


def test_the_sizes_of_the_walk_all_differ():
    derived = [4 * 2, 14 + 9, 6 + 14, 3 * 10, sum(LENGTHS), sum(TGT_LENGTHS)]
    sizes = [1, *SIZES.values(), *derived]
    assert sorted(set(sizes)) == sorted(sizes)


@pytest.mark.parametrize("file", sorted(FILES.keys() - MACHINERY))
def test_every_shape_comment_can_be_read(file):
    source = FILES[file].read_text(encoding="utf-8")
    assert not Rewriter(ast.parse(source), source, file).remarks


def test_no_shape_comment_is_false(walked):
    assert not walked.false, "\n\n".join(dict.fromkeys(walked.false))


def test_every_shape_comment_was_run(walked):
    unrun = [
        f"seq2seq_lesson/{file}:{line}: {comment}"
        for file in sorted(FILES.keys() - MACHINERY)
        for line, comment, _ in shape_comments(FILES[file].read_text(encoding="utf-8"))
        if (file, line) not in walked.held
    ]
    assert not unrun, "\n".join(["let a step of WALK run these lines:", *unrun])


def silent(source: str) -> list[str]:
    """Public functions that take or return tensors and carry no shape comment."""
    lines = [line for line, _, _ in shape_comments(source)]
    tree, words, found = ast.parse(source), ["Tensor"], []
    for node in tree.body:  # such as Decoded = tuple[Tensor, Tensor]
        if isinstance(node, ast.Assign) and "Tensor" in ast.unparse(node.value):
            words.append(ast.unparse(node.targets[0]))
    for owner in [tree, *(n for n in tree.body if isinstance(n, ast.ClassDef))]:
        for node in owner.body:
            name = f"{getattr(owner, 'name', '')}.{getattr(node, 'name', '_')}"
            if not isinstance(node, ast.FunctionDef) or "._" in f".{name}":
                continue
            signature = (
                f"{ast.unparse(node.args)} {node.returns and ast.unparse(node.returns)}"
            )
            speaks = any(node.lineno <= line <= node.end_lineno for line in lines)
            if re.search(rf"\b({'|'.join(words)})\b", signature) and not speaks:
                found.append(name.strip("."))
    return found


def test_public_functions_on_tensors_show_their_shapes():
    found = {
        f"{file}: {name}"
        for file in FILES.keys() - MACHINERY
        if not file.startswith(FOLDERS)
        for name in silent(FILES[file].read_text(encoding="utf-8"))
    }
    assert found == EXEMPT.keys()


def test_silence_is_noticed():
    source = """
Pair = tuple[Tensor, int]
def a(x: Tensor): return 1
def b(x: int) -> "Tensor | None": return None
def c(x: Pair): return x  # (batch)
def _private(x: Tensor): return x
class Net:
    def forward(self, *, x: Pair): return x
    def plain(self, x: int): return x
class _Hidden:
    def forward(self, x: Tensor): return x
"""
    assert silent(source) == ["a", "b", "Net.forward"]
