"""Notebook 01's exercises: stub, solution and usual mistakes, each with its hint."""

import exercise_cells
import pytest

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

WRONG = {
    "01-1": {
        "digits too": "predicted = dict(summer='c est l ete 35 c !', ids=7, egg='uf')",
        "apostrophes too": "predicted = dict(summer=\"c'est l'ete c !\")",
        "One id says so": "predicted = dict(summer='c est l ete c !', ids=6, egg=...)",
        "what NFD does": "predicted = dict(ids=7, egg='un oeuf s il te plait .')",
        "the five steps on paper": "predicted = dict(summer='ete', ids=7, egg=...)",
    },
    "01-2": {
        "That is `normalise` itself": "clean_better = normalise",
        "The digits are still lost": (
            f"def clean_better(text):\n    return normalise({LOWER})"
        ),
        "The letters are still lost": CLEAN.format(
            first="text.lower()", allowed=DIGITS, last=".strip()"
        ),
        "A capital": CLEAN.format(
            first=f"text{LETTERS}.lower()", allowed=DIGITS, last=".strip()"
        ),
        "A blank is left": CLEAN.format(first=LOWER, allowed=DIGITS, last=""),
    },
    "01-3": {
        "With an empty tuple": (
            "def keep_more(pairs):\n    return prepare(pairs, (), max_words=15)"
        ),
        "still only the sentences of the old": (
            "def keep_more(pairs):\n    return prepare(pairs, max_words=15)"
        ),
        "too long already": (
            "def keep_more(pairs):\n    return prepare(pairs, ('',), 16)"
        ),
        "still the old one": "def keep_more(pairs):\n    return prepare(pairs, ('',))",
        "are to stay": "def keep_more(pairs):\n    return prepare(pairs, ('',), 14)",
    },
    "01-4": {
        "wanted a Vocabulary": (
            "def commonest(sentences, size):\n"
            "    return Counter(' '.join(sentences).split()).most_common(size)"
        ),
        "special words do not count": (
            "def commonest(sentences, size):\n"
            "    counts = Counter(' '.join(sentences).split()).most_common(size - 4)\n"
            "    return Vocabulary(word for word, _ in counts)"
        ),
        "not in the right order": (
            "def commonest(sentences, size):\n"
            "    counts = Counter(' '.join(sentences).split()).most_common(size)\n"
            "    return Vocabulary(sorted(word for word, _ in counts))"
        ),
        "these were read first": (
            "def commonest(sentences, size):\n"
            "    words = Vocabulary.from_sentences(sentences).words\n"
            "    return Vocabulary(words[4 : 4 + size])"
        ),
        "count the words first": (
            "def commonest(sentences, size):\n"
            "    counts = Counter(' '.join(sentences).split()).most_common()\n"
            "    return Vocabulary(word for word, _ in counts[-size:])"
        ),
    },
    "01-5": {
        "still hold their <eos>": (
            "def shift(out):\n"
            "    begin = torch.full((len(out), 1), SOS)\n"
            "    return torch.cat([begin, out[:, :-1]], dim=1)"
        ),
        "No column was cut": (
            "def shift(out):\n"
            "    return torch.cat([torch.full((len(out), 1), SOS), out], dim=1)"
        ),
        "put SOS there": "def shift(out):\n    return out.roll(1, dims=1)",
    },
    "01-6": {
        "which order must": BUCKETS.format(
            order="examples", key="len(example[0])", cuts=CUTS
        ),
        "sources of several lengths": BUCKETS.format(
            order=BY_TARGET, key="len(example[1])", cuts=CUTS
        ),
        "may be smaller": BUCKETS.format(
            order=BY_TARGET, key="len(example[0])", cuts="range(0, len(b) - size, size)"
        ),
        "wanted 1 to": BUCKETS.format(
            order=BY_TARGET, key="len(example[0])", cuts="[0]"
        ).replace("i + size", "99"),
    },
}


def test_either_order_of_the_targets_is_good_enough():
    down = BUCKETS.format(order=BY_TARGET + "[::-1]", key="len(example[0])", cuts=CUTS)
    assert exercise_cells.verdict("01-6", down).points == 1


def test_every_exercise_is_tested():
    assert exercise_cells.numbers("01") == list(WRONG)


@pytest.mark.parametrize("number", WRONG)
def test_stub_solution_and_each_mistake_get_their_own_answer(number):
    exercise_cells.behaves(number, WRONG[number])
