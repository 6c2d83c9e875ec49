"""What the capital words in the grammar's templates stand for.

In `JE CHERCHE OBJECT . = I AM SLEEPING OBJECT .` subject, verb and object are drawn. A
slot's function draws and returns marked words for either language; what must agree with
an earlier draw finds it in the drawing: an adjective its subject, an object its verb.
Whatever the verb, English says AM SLEEPING, or SLEEP after *to*.

Labels: s subject, v inflected verb, i what is done, m and a a comparison, o an object
pronoun, else the slot's own name.
"""

from collections.abc import Callable, Sequence
from functools import partial

from tools.corpus import lexicon, phrases
from tools.corpus.lexicon import Adjective, Subject, Verb
from tools.corpus.noun_phrases import (
    KIN,
    Drawing,
    Words,
    an_animal,
    good_job,
    job,
    noun_phrase,
    object_of,
    possessive,
)
from tools.corpus.surface import VOWEL, label, mark


def speak(d: Drawing, who: Subject) -> Words:
    """Let somebody be the subject: the pronoun and be, have and go."""
    d.subject = who
    return {
        "I": label(who.english, "s"),
        "SUIS": lexicon.ETRE[who.person] + "/v",
        "AI": lexicon.AVOIR[who.person] + "/v",
        "VAIS": lexicon.ALLER[who.person] + "/v",
        "AM": lexicon.BE[who.person] + "/v",
        "'M": lexicon.SHORT_BE[who.person] + "/v",
    }


def pronoun(d: Drawing, name: str, among: str) -> Words:
    """Draw a pronoun, then the gender and number it stands for.

    -TU is a question's, and CE is written for il, elle, ils and elles in c'est.
    """
    french = d.draw(among.split())
    words = speak(d, d.draw([s for s in lexicon.SUBJECTS if s.french == french]))
    written = {"-TU": f"-{french}", "CE": "ce"}.get(name, french)
    return words | {name: f"{written}/s"}


def the_one(d: Drawing, name: str, group: str) -> Words:
    """le petit chat, le vieux médecin as subject; of persons, a name as well."""
    if group == "staff" and d.random() < 0.4:
        who, gender = d.draw(phrases.NAMES)
        words = speak(d, Subject(who, who, 2, int(gender == "f")))
        return words | {name: f"{who}/s"}
    noun = d.draw([n for n in lexicon.NOUNS if n.group == group])
    words = speak(d, Subject("", "", 2, int(noun.gender == "f")))
    french, english = noun_phrase(d, "s", noun, "the", False, 0.4)
    return words | {name: french, "I": english}


def verb(d: Drawing, name: str, wanted: Callable[[Verb], bool]) -> Words:
    """A verb, inflected; its infinitive (DORMIR), its imperative (DORS!)."""
    d.verb = d.draw([one for one in lexicon.VERBS if wanted(one)])
    person, labels = d.subject.person if d.subject else 2, "v+i"  # qui dort ?
    if name.endswith("R"):
        person, labels = 6, "i"
    elif name.endswith("!"):
        person, labels = d.draw((0, 4)), "i"  # tu's imperative is like je's present
    return {
        name: label(d.verb.forms[person], labels),
        "SLEEPING": label(d.verb.ing, "i"),
        "SLEEP": label(d.verb.base, "i"),
    }


def trait(d: Drawing, name: str, table: Sequence[Adjective], tag: str = "") -> Words:
    """An adjective that agrees with the subject."""
    one = d.fresh([a for a in table if not tag or tag in a.tags])
    english = one.english[d.subject.form % 2]
    return {name: (label(one.forms[d.subject.form], name), label(english, name))}


def compared(d: Drawing, name: str) -> Words:
    """An adjective in a comparison: taller, more famous (TALLER); as tall (TALL)."""
    one = d.draw(phrases.GRADED)
    french, base = label(one.forms[d.subject.form], "a"), one.tags[0] + "/a"
    more = one.english[0]
    taller = f"more/m {base}" if more == "more" else f"{more}/m+a"
    return {name: (french, taller if name == "TALLER" else base)}


def phrase(d: Drawing, name: str, table: Sequence[list[str]], tag: str = "") -> Words:
    """A row of a table, with the tag in its third column if there is a tag."""
    row = d.draw([row for row in table if not tag or tag in row[2].split()])
    marked = (mark(name, t) if "/" in t else label(t, name) for t in row[:2])
    return {name: tuple(marked)}


def place(d: Drawing, name: str) -> Words:
    """Where somebody is, or does what the verb says."""
    if d.verb is None:
        return phrase(d, name, [row for row in phrases.PLACES if row[2] != "cat"])
    return phrase(d, name, phrases.PLACES, "out" if d.verb.ing == "walking" else "in")


def destination(d: Drawing, name: str) -> Words:
    """A place after going: to for at and in."""
    french, english = phrase(d, name, phrases.PLACES, "go")[name]
    return {name: (french, "to/" + english.partition("/")[2])}


def manner(d: Drawing, name: str) -> Words:
    """How or when, where it goes with the verb."""
    return phrase(d, name, [row for row in phrases.MANNERS if row[2] != d.verb.ing])


def food(d: Drawing, name: str) -> Words:
    """Bread and water with the partitive article or, after pas, with de."""
    french, english, _ = d.draw([row for row in phrases.FOODS if row[2] == d.verb.ing])
    *article, noun = french.split()
    article = ["de"] if name == "NO_BREAD" else article
    return {name: (f"{' '.join(article)} {noun}/{name}", f"{english}/{name}")}


def past(d: Drawing, name: str) -> Words:
    """A participle, which makes one word of English together with avoir."""
    french, english = d.draw(phrases.PARTICIPLES)
    return {name: (f"{french}/v", f"{english}/v")}


def digits(d: Drawing, name: str) -> Words:
    """An age in digits, which normalising deletes."""
    age = str(5 + int(75 * d.random()))
    return {name: (age, age)}


def person(d: Drawing, name: str) -> Words:
    """Somebody beside the subject: moi, Marie, mon frère."""
    kind = d.random()
    if kind < 0.5:
        own = phrases.SELF[d.subject.person].split()
        return phrase(d, name, [row for row in phrases.TONIC if row[0] not in own])
    if kind < 0.6:
        who = label(d.draw(phrases.NAMES)[0], name)
        return {name: (who, who)}
    noun = d.draw([n for n in lexicon.NOUNS if n.group in (*KIN, "friend")])
    plural = d.random() < 0.3 and noun.group != "parent"
    return {name: noun_phrase(d, name, noun, possessive(d), plural)}


def object_pronoun(d: Drawing, name: str) -> Words:
    """me, te, le ...; an elided l' may be him or her, and it where the verb allows.

    `|` stands between translations that are equally right.
    """
    own = phrases.SELF[d.subject.person].split()
    french, english = d.draw([r for r in phrases.OBJECT_PRONOUNS if r[0] not in own])
    options = english.split()
    if french in ("le", "la"):
        verb_form = d.verb.forms[6 if name == "L_INFINITIVE" else d.subject.person]
        options = ["him", "her", "it"] if VOWEL.match(verb_form) else options
        options = [one for one in options if one != "it" or d.verb.ing != "helping"]
    return {name: (f"{french}/o", "|".join(f"{option}/o" for option in options))}


SUBJECTS = {
    "JE": "je tu il elle nous vous ils elles",
    "-TU": "tu il elle vous ils elles",
    "MOI": "je tu nous vous",
    "IL": "il elle",
    "CE": "il elle ils elles",
}
ANIMALS_DO = ("sleeping", "eating", "playing", "walking", "leaving")
SEEING = ("looking_for", "looking_at", "drawing")
VERBS: dict[str, Callable[[Verb], bool]] = {
    "DORS": lambda v: "-" in v.objects,
    "JOUE": lambda v: "-" in v.objects and v.ing != "leaving",
    "CHANTE": lambda v: "-" in v.objects and v.ing != "sleeping",
    "COURT": lambda v: v.ing in ANIMALS_DO,
    "CHERCHE": lambda v: v.objects not in ([], ["-"]),
    "VENDS": lambda v: len(v.objects) > 1 and "-" not in v.objects,
    "PRENDS": lambda v: v.objects not in ([], ["-"]) and "parent" not in v.objects,
    "AIDE": lambda v: bool({"friend", "child"} & {*v.objects}),
    "VOIS": lambda v: v.ing in SEEING,
    "BOIS": lambda v: v.ing in ("eating", "drinking"),
    "LIS": lambda v: v.ing == "reading",
}
INFINITIVES = {
    "DORMIR": "DORS",
    "JOUER": "JOUE",
    "CHERCHER": "CHERCHE",
    "AIDER": "AIDE",
}
ADJECTIVES = {
    "TRAIT": (phrases.TRAITS, ""),
    **{"STRONG": (phrases.TRAITS, "good"), "KIND": (phrases.TRAITS, "good")},
    **{"WEAK": (phrases.TRAITS, "bad"), "SLOW": (phrases.TRAITS, "reason")},
    **{"GREAT": (phrases.TRAITS, "degree"), "SICK": (phrases.TRAITS, "state")},
    **{"MOODY": (phrases.TRAITS, "mood"), "GLAD": (phrases.TRAITS, "glad")},
    **{"ALONE": (phrases.ALONE, ""), "PROUD": (phrases.PROUD, "")},
    "FRENCH": (lexicon.NATIONALITIES, ""),
}
PHRASES = {
    **{"VERY": (phrases.DEGREES, ""), "LATE": (phrases.STATES, "")},
    **{"HUNGRY": (phrases.AVOIR_NOUNS, ""), "COLD": (phrases.AVOIR_NOUNS, "degree")},
    **{"OF_DOGS": (phrases.FEARS, ""), "AGE": (phrases.AGES, "")},
    **{"UNDER": (phrases.PLACES, "cat"), "TOMORROW": (phrases.LATER, "")},
}
# in the order in which they are drawn: who, does what, to whom
SLOTS: dict[str, Callable[[Drawing, str], Words]] = {
    **{name: partial(pronoun, among=among) for name, among in SUBJECTS.items()},
    "TOM": partial(the_one, group="staff"),
    "CHAT": partial(the_one, group="animal"),
    **{name: partial(verb, wanted=wanted) for name, wanted in VERBS.items()},
    **{name: partial(verb, wanted=VERBS[like]) for name, like in INFINITIVES.items()},
    "DORS!": partial(verb, wanted=VERBS["DORS"]),
    **{name: partial(trait, table=t, tag=tag) for name, (t, tag) in ADJECTIVES.items()},
    **{name: partial(phrase, table=t, tag=tag) for name, (t, tag) in PHRASES.items()},
    **{"TALLER": compared, "TALL": compared, "DIGITS": digits, "SMILED": past},
    **{"PLACE": place, "TO_PLACE": destination, "NOW": manner, "WHO": person},
    "OBJECT": partial(object_of, wordy=0.45),
    "NO_OBJECT": partial(object_of, wordy=0.25, no=True),
    "PLAIN": partial(object_of, simple=True),
    "OTHER": partial(object_of, simple=True),
    **{"LE": object_pronoun, "L_INFINITIVE": object_pronoun, "A_CAT": an_animal},
    **{"BREAD": food, "NO_BREAD": food, "JOB": job, "GOOD_JOB": good_job},
}
