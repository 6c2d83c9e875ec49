"""The bundled corpus: what is in it, its French, and that its alignment is true."""

import re
from collections import Counter
from importlib import resources

import pytest

from seq2seq_lesson.corpus import (
    CLOSED_PREFIXES,
    TUTORIAL_PREFIXES,
    keep,
    known_translations,
    normalise,
    prepare,
    read_pairs,
)
from tools.corpus import grammar, surface

FILE = resources.files("seq2seq_lesson.corpora") / "eng-fra-small.tsv"
LINES = FILE.read_text(encoding="utf-8").splitlines()
PAIRS = read_pairs("bundled")
NORMALISED = prepare(PAIRS, prefixes=("",), max_words=99)


def test_the_file_is_what_the_grammar_writes():
    assert LINES == grammar.corpus_lines()


def test_there_are_enough_distinct_pairs():
    assert len(LINES) >= 7_000
    assert len({(pair.source, pair.target) for pair in PAIRS}) == len(LINES)
    assert {line.count("\t") for line in LINES} == {2}


def test_most_pairs_pass_the_filter_and_some_hundreds_do_not():
    passing = sum(keep(pair) for pair in NORMALISED)
    assert passing >= 6_000
    assert 300 <= len(NORMALISED) - passing <= 900


# English, French, and what made what, as a reader would draw it: English:French,...
HAND_MADE = [
    (
        "I am looking for a little black cat.",
        "Je cherche un petit chat noir.",
        "i:je am:cherche looking:cherche for:cherche a:un little:petit black:noir "
        "cat:chat .:.",
    ),
    ("I am eating.", "Je mange.", "i:je am:mange eating:mange .:."),
    (
        "I'm not eating.",
        "Je ne mange pas.",
        "i:je m:mange not:ne,pas eating:mange .:.",
    ),
    ("I am hungry.", "J'ai faim.", "i:j am:ai hungry:faim .:."),
    ("I'm 20.", "J'ai 20 ans.", "i:j m:ai .:."),
    (
        "I'm twenty years old.",
        "J'ai vingt ans.",
        "i:j m:ai twenty:vingt years:ans old:ans .:.",
    ),
    (
        "I'm going to sleep.",
        "Je vais dormir.",
        "i:je m:vais going:vais to:dormir sleep:dormir .:.",
    ),
    ("She smiled.", "Elle a souri.", "she:elle smiled:a,souri .:."),
    (
        "He isn't tired.",
        "Il n'est pas fatigué.",
        "he:il isn:n,est,pas t:n,pas tired:fatigue .:.",
    ),
    (
        "I am no longer sick.",
        "Je ne suis plus malade.",
        "i:je am:suis no:ne,plus longer:ne,plus sick:malade .:.",
    ),
    ("I am a doctor.", "Je suis médecin.", "i:je am:suis a:medecin doctor:medecin .:."),
    (
        "She is looking for me.",
        "Elle me cherche.",
        "she:elle is:cherche looking:cherche for:cherche me:me .:.",
    ),
    (
        "I am taller than you.",
        "Je suis plus grand que toi.",
        "i:je am:suis taller:plus,grand than:que you:toi .:.",
    ),
    (
        "I am in front of the church.",
        "Je suis devant l'église.",
        "i:je am:suis in:devant front:devant of:devant the:l church:eglise .:.",
    ),
    (
        "I am at the market.",
        "Je suis au marché.",
        "i:je am:suis at:au the:au market:marche .:.",
    ),
    (
        "We are eating bread.",
        "Nous mangeons du pain.",
        "we:nous are:mangeons eating:mangeons bread:pain .:.",
    ),
    (
        "We are drawing.",
        "Nous sommes en train de dessiner.",
        "we:nous are:sommes drawing:en,train,de,dessiner .:.",
    ),
    (
        "I am still working.",
        "Je travaille encore.",
        "i:je am:travaille still:encore working:travaille .:.",
    ),
    ("I am late.", "Je suis en retard.", "i:je am:suis late:en,retard .:."),
]


@pytest.mark.parametrize(("english", "french", "links"), HAND_MADE)
def test_alignments_drawn_by_hand(english, french, links):
    pair = next(p for p in PAIRS if (p.source, p.target) == (french, english))
    source, target = normalise(french).split(), normalise(english).split()
    expected = {
        (source.index(word), target.index(made))
        for link in links.split()
        for made, _, making in [link.rpartition(":")]
        for word in making.split(",")
    }
    assert len(set(source)) == len(source)
    assert set(pair.alignment) == expected


def test_order_crosses_in_a_fifth_of_the_corpus():
    def crosses(pair):
        return any(
            a < c and d < b for a, b in pair.alignment for c, d in pair.alignment
        )

    assert sum(map(crosses, PAIRS)) > len(PAIRS) / 5


def test_every_english_token_has_a_french_one_and_few_french_ones_are_left():
    left = Counter()
    for pair in PAIRS:
        source, target = normalise(pair.source).split(), normalise(pair.target).split()
        assert {english for _, english in pair.alignment} == set(range(len(target)))
        assert {french for french, _ in pair.alignment} <= set(range(len(source)))
        linked = {french for french, _ in pair.alignment}
        left.update(w for place, w in enumerate(source) if place not in linked)
    # the partitive, à la maison, and the years of J'ai 20 ans / I'm 20
    assert left.keys() == {"du", "de", "la", "l", "d", "des", "ans"}


def test_full_stop_meets_full_stop():
    for pair in PAIRS:
        source, target = normalise(pair.source).split(), normalise(pair.target).split()
        assert source[-1] == target[-1]
        assert (len(source) - 1, len(target) - 1) in pair.alignment


WRONG_FRENCH = (
    r"\b(je|ne|me|te|le|la|de|que) [aeiouâàéèêœh]",  # y is no vowel here: il y a
    r"\b(ma|ta|sa|ce|vieux|beau|nouveau) (ami|amie|enfant|oiseau|étudiant|avocat)\b",
    r"\b(de les?|à les?)\b",
    r"' |\b(je|ne|me|te|le|la|de|que)'",
    r"\b(pas|jamais) (un|une|des|du) ",
    r"\bdes (petit|grand|vieux|vieille|beau|belle|bon|nouve|jeune)",
)


@pytest.mark.parametrize("wrong", WRONG_FRENCH)
def test_french_elides_and_contracts(wrong):
    assert not [p.source for p in PAIRS if re.search(wrong, p.source.lower())]


def test_english_says_an_before_vowels():
    for pair in PAIRS:
        assert not re.search(r"\ba [aeiou]|\ban [^aeiouh]", pair.target.lower()), pair


def test_sentences_look_like_sentences():
    for pair in PAIRS:
        assert re.fullmatch(r"[A-Z].*([.!?]|\.\")", pair.target), pair
        assert re.fullmatch(
            r"[A-ZÉÊ].*(\.|\u202f[!?]|\. »)", pair.source.replace("\u00a0", " ")
        ), pair
        assert "  " not in pair.source + pair.target
        assert not re.search(r"[/_|+A-Z]{2}", pair.source + pair.target)


def test_the_lessons_of_notebook_01_find_their_material():
    open_only = [
        p.target for p in NORMALISED if keep(p, TUTORIAL_PREFIXES) and not keep(p)
    ]
    assert "she smiled ." in open_only
    assert "he isn t tired ." in open_only
    past = {target.split()[1] for target in open_only if target.startswith("she s")}
    assert past >= {"smiled", "slept", "sang", "said"}
    known = known_translations(NORMALISED)
    assert set(known["j ai ans ."]) == {"i m .", "i m years old ."}
    assert known["il peche ."] == ["he is fishing .", "he is sinning ."]
    assert sum(len(targets) > 1 for targets in known.values()) > 300
    back = known_translations(type(p)(p.target, p.source) for p in NORMALISED)
    assert sum(len(sources) > 1 for sources in back.values()) > 500
    assert len(back["you are tired ."]) >= 5


@pytest.mark.parametrize("prefix", CLOSED_PREFIXES)
def test_every_prefix_has_sentences(prefix):
    assert sum(pair.target.startswith(prefix) for pair in NORMALISED) > 100


@pytest.mark.parametrize(
    ("plain", "one", "other"),
    [
        ("a", "a", "à"),
        ("ou", "ou", "où"),
        ("sur", "sur", "sûr"),
        ("du", "du", "dû"),
        ("marche", "marche", "marché"),
        ("mais", "mais", "maïs"),
        ("peche", "pêche", "pèche"),
    ],
)
def test_words_that_accents_tell_apart_are_merged(plain, one, other):
    spelt = Counter(w for p in PAIRS for w in re.findall(r"\w+", p.source.lower()))
    assert normalise(one) == normalise(other) == plain
    assert spelt[one]
    assert spelt[other]


def test_the_articles_own_cleaning_leaves_empty_tokens():
    def article(text):
        text = re.sub(r"([.!?])", r" \1", text.lower().strip())
        return re.sub(r"[^a-zA-Z.!?]+", " ", text)

    empty = [p for p in PAIRS if "" in article(p.target).split(" ")]
    assert len(empty) >= 20
    assert any(keep(type(p)(normalise(p.source), normalise(p.target))) for p in empty)


def test_some_words_come_once_and_most_come_often():
    counts = Counter(w for s in {p.source for p in prepare(PAIRS)} for w in s.split())
    once = sum(count == 1 for count in counts.values())
    assert 30 <= once <= 60
    assert sum(count >= 10 for count in counts.values()) > 0.85 * (len(counts) - once)


def test_markup_becomes_text_and_labels():
    text, labels = surface.write("je/s ai/v deux/d -cent/e ?/.", french=True)
    assert text == "J'ai deux-cent\u202f?"
    assert labels == [frozenset(x) for x in ("s", "v", "d", "e", ".")]
    line = surface.tsv_line(
        "I/s 'm/v at/1 the/2 market/3 ./.", "je/s suis/v au/1+2 marché/3 ./."
    )
    assert line == "I'm at the market.\tJe suis au marché.\t0-0 1-1 2-2 3-2 4-3 5-4"
    assert surface.mark("o", "au/1+2 la marché/3") == "au/o1+o2 la marché/o3"
    assert grammar.alternatives("i him/o|her/o .") == ["i him/o .", "i her/o ."]


def test_a_plan_that_asks_for_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(
        grammar, "PLANS", (("2 : je/s dors/v . = I/s sleep/v .", 1, 9),)
    )
    with pytest.raises(ValueError, match="1 sentences too few: 2 : je/s dors"):
        grammar.corpus_lines()
