"""Notebook 01's exercises: stub, solution and usual mistakes, each with its hint."""

import pytest

from tests import exercise_cells
from tools.exercise_cells import numbers

CLEAN = """
def clean_better(text):
    text = {first}
    text = unicodedata.normalize("NFD", text)
    text = "".join(c for c in text if unicodedata.category(c) != "Mn")
    text = re.sub(r"([.!?])", r" \\1", text)
    return re.sub(r"[^{allowed}]+", " ", text){last}
"""
LETTERS = ".replace('œ', 'oe').replace('æ', 'ae').replace('ß', 'ss')"
LOWER, DIGITS = f"text.lower(){LETTERS}", "a-z0-9.!?"
BUCKETS = """
def tighter(examples, size):
    buckets = defaultdict(list)
    for example in {order}:
        buckets[{key}].append(example)
    cut = [b[i : i + size] for b in buckets.values() for i in {cuts}]
    return [group for group in cut if group]
"""
BY_TARGET = "sorted(examples, key=lambda example: len(example[1]))"
CUTS = "range(0, len(b), size)"
TIGHT = BUCKETS.format(order=BY_TARGET, key="len(example[0])", cuts=CUTS)
COUNTED = """
def commonest(sentences, size):
    counts = Counter(word for sentence in sentences for word in sentence.split())
    return Vocabulary({words})
"""
SHIFTED = """
def shift(out):
    begin = torch.full((len(out), 1), SOS)
    shifted = torch.cat([begin, out[:, :-1]], dim=1)
    return {shifted}
"""


def cleaner(first=LOWER, allowed=DIGITS, last=".strip()"):
    return CLEAN.format(first=first, allowed=allowed, last=last)


def more(returned):
    return f"def keep_more(pairs):\n    return {returned}"


def counted(words):
    return COUNTED.format(words=words)


WRONG = {
    "01-1": {
        "'3' may not stay": "predicted = dict(summer='c est l ete 35 c !', ids=7)",
        '"\'" may not stay': "predicted = dict(summer=\"c'est l'ete c !\")",
        "all letters small": "predicted = dict(summer='C est l ete C !')",
        "An accent is left": "predicted = dict(summer='c est l été c !')",
        "not the right spaces": "predicted = dict(egg='un uf s il te plait.')",
        "join `split()`": "predicted = dict(summer='c est  l ete c !')",
        "as tokens of their own": "predicted = dict(egg='un uf s il te plait')",
        "comes with the ids": "predicted = dict(summer='c est l ete c ! <eos>')",
        "One text is wanted": "predicted = dict(summer='c est l ete c !'.split())",
        "A sign for the end": "predicted = dict(summer='c est l ete c !', ids=6)",
        "where does the sentence end": "predicted = dict(ids=15)",
        "without quotation marks": "predicted = dict(ids='7')",
        "a letter of its own": "predicted = dict(ids=7, egg='un oeuf s il te plait .')",
        "the five steps on paper": "predicted = dict(summer='ete !', ids=7, egg=...)",
    },
    "01-2": {
        "None of your beginnings": more("prepare(pairs, (), max_words=15)"),
        "comes second": more("prepare(pairs, 15, ('',))"),
        "`keep` looks at one pair": more("corpus.keep(pairs, ('',), 15)"),
        "still only the sentences of the old": more("prepare(pairs, max_words=15)"),
        "Beginnings and limit": more("prepare(pairs)"),
        "too long already": more("prepare(pairs, ('',), 16)"),
        "still the old one.": more("prepare(pairs, ('',))"),
        "are to stay": more("prepare(pairs, ('',), 14)"),
        "also cleans the pairs": more(
            "[p for p in pairs if corpus.keep(p, ('',), 15)]"
        ),
        "twice, or in another order": more("prepare(pairs, ('',), 15)[::-1]"),
        "the list that `prepare` gives": more("set(prepare(pairs, ('',), 15))"),
        "too much is 'je dors .'": more("[SentencePair('je dors .', '.')]"),
    },
    "01-3": {
        "makes one of a list": counted("counts").replace("Vocabulary(", "list("),
        "special words do not count": counted(
            "word for word, _ in counts.most_common(size - 4)"
        ),
        "not in the right order": counted(
            "sorted(word for word, _ in counts.most_common(size))"
        ),
        "these were read first": counted("list(counts)[:size]"),
        "stand most often": counted("sorted(counts, key=counts.get)[:size]"),
        "words came, and `size` is": counted(
            "word for word, _ in counts.most_common(size + 1)"
        ),
        "not all of these stand in": counted("str(n) for n in range(size)"),
        "single words, each once": counted("['<pad>', *counts]"),
        "couples of a word and its count": counted("counts.most_common(size)"),
    },
    "01-4": {
        "still holds an <eos>": SHIFTED.format(shifted="shifted"),
        "no column was cut": SHIFTED.format(shifted="torch.cat([begin, out], dim=1)"),
        "put SOS into": "def shift(out):\n    return out.roll(1, dims=1)",
        "needs a row for each row": SHIFTED.replace("len(out)", "7").format(
            shifted="shifted"
        ),
        "came floats": SHIFTED.format(
            shifted="shifted.masked_fill(shifted == EOS, PAD).float()"
        ),
    },
    "01-5": {
        "æ or ß is lost": cleaner(first="text.lower()"),
        "A digit is lost": f"def clean_better(text):\n    return normalise({LOWER})",
        "join `split()`": cleaner(last=""),
        "not the right spaces": cleaner().replace(r'r" \1"', r'r"\1"'),
        "as tokens of their own": cleaner(allowed="a-z0-9"),
        "One text is wanted": cleaner(last=".split()"),
        "all letters small": cleaner(first=f"text{LETTERS}", allowed="a-zA-Z0-9.!?"),
        "An accent is left": cleaner(allowed=r"\w.!?").replace("NFD", "NFC"),
        "'ø' may not stay": cleaner(allowed=r"\w.!?"),
        "comes with the ids": cleaner(last=".strip() + ' <eos>'"),
    },
    "01-6": {
        "which order must": TIGHT.replace(BY_TARGET, "examples"),
        "sources of several lengths": TIGHT.replace("example[0]", "example[1]"),
        "may be smaller than the": TIGHT.replace("len(b), size", "len(b) - size, size"),
        "no two groups": TIGHT.replace("i + size]", "i + size + 1]"),
        "wanted 1 to": TIGHT.replace(CUTS, "[0]").replace("i + size", "99"),
        "groups, ": "def tighter(examples, size):\n    return [[e] for e in examples]",
        "which is no example": TIGHT.replace("append(example)", "append([*example])"),
        "a list of lists": TIGHT.replace(
            "[group for group in cut if group]", "buckets"
        ),
        "no list at a new key": TIGHT.replace("defaultdict(list)", "{}"),
    },
}


def test_either_order_of_the_targets_is_good_enough():
    down = TIGHT.replace(BY_TARGET, BY_TARGET + "[::-1]")
    assert exercise_cells.verdict("01-6", down).points == 1


def test_more_groups_than_needed_are_told_their_number():
    told = exercise_cells.verdict("01-6", WRONG["01-6"]["groups, "])
    assert "came 50 groups, 15 are enough" in told.message


def test_the_row_of_ids_shows_where_the_answer_goes_wrong():
    told = exercise_cells.verdict("01-4", WRONG["01-4"]["still holds an <eos>"])
    assert "[42, 78, 32, 2, 0, 0] came [1, 42, 78, 32, 2, 0]" in told.message


def test_every_exercise_is_tested():
    assert numbers("01") == list(WRONG)


@pytest.mark.parametrize("number", WRONG)
def test_stub_solution_and_each_mistake_get_their_own_answer(number):
    exercise_cells.behaves(number, WRONG[number])
