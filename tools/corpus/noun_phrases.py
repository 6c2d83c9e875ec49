"""Noun phrases: a determiner, adjectives before and after, a noun, all in agreement.

Labels: d determiner, b adjective before the noun, n noun, a adjective after it, each
behind the name of the slot.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tools.corpus import lexicon
from tools.corpus.lexicon import Noun, Subject, Verb
from tools.corpus.surface import VOWEL, mark

Words = dict[str, str | tuple[str, str]]  # marked words, or (French, English)
KIN = ("sibling", "parent")
PEOPLE = (*KIN, "friend", "child", "staff")


@dataclass
class Drawing:
    """What has been drawn for the sentence that is being made."""

    random: Callable[[], float]
    subject: Subject | None = None
    verb: Verb | None = None
    used: list[Any] = field(default_factory=list)

    def draw(self, options: Sequence) -> Any:
        """Draw one of the options."""
        return options[int(self.random() * len(options))]

    def fresh(self, options: Sequence) -> Any:
        """Draw what this sentence does not hold yet."""
        self.used.append(self.draw([one for one in options if one not in self.used]))
        return self.used[-1]


def noun_phrase(
    d: Drawing, name: str, noun: Noun, determiner: str, plural: bool, wordy: float = 0.0
) -> tuple[str, str]:
    """Write un petit chat noir, a little black cat.

    `wordy` is the chance that an adjective comes before the noun, and that one follows.
    """
    form = (noun.gender == "f") + 2 * plural
    french, english = [noun.forms[plural] + "/n"], [noun.english[plural] + "/n"]
    before, after = lexicon.ATTRIBUTES[noun.group]
    if before and d.random() < wordy:
        first = lexicon.BEFORE[d.draw(before)]
        vowel = form == 0 and VOWEL.match(french[0])  # vieil, nouvel, bel
        french.insert(0, first.forms[-1 if vowel and first.forms[4:] else form] + "/b")
        english.insert(0, first.english[0] + "/b")
    if after and d.random() < wordy:
        last = lexicon.AFTER[d.draw(after)]
        french.append(last.forms[form] + "/a")
        # an interesting old book, but an old French book
        opinion = last.english[0] in ("interesting", "famous")
        english.insert(0 if opinion else -1, last.english[0] + "/a")
    of_french, of_english = lexicon.DETERMINERS[determiner]
    article, its = of_french[2 if plural else form], of_english[plural]
    if article == "des" and french[0].endswith("/b"):
        article = "de"  # de petits chats
    if VOWEL.match(french[0]):
        article = lexicon.BEFORE_VOWEL.get(article, article)
    if its == "a" and english[0][0].lower() in "aeiou":
        its = "an"
    english = english if its == "-" else [its + "/d", *english]
    french = [article + "/d", *french]
    return mark(name, " ".join(french)), mark(name, " ".join(english))


def possessive(d: Drawing) -> str:
    """Draw whose it is: mostly the subject's own; tu and vous are not mixed."""
    own = lexicon.OWN[d.subject.person][d.subject.form % 2]
    yours = "your" if d.subject.french == "tu" else "your (vous)"
    return d.draw((own, own, own, "my", "our", yours))


def object_of(
    d: Drawing, name: str, wordy: float = 0.0, no: bool = False, simple: bool = False
) -> Words:
    """Something that the verb can be done to.

    With `no` it stands after pas, which makes un, une and des de; `simple` is a thing
    with un, or a person with mon.
    """
    group_or_word = set(d.verb.objects)
    nouns = [n for n in lexicon.NOUNS if {n.group, n.english[0]} & group_or_word]
    noun, doing, whose = d.fresh(nouns), d.verb.ing, possessive(d)
    person, single = noun.group in PEOPLE, doing in ("wearing", "carrying")
    which = d.draw(("a", "a", "the", "the", "this", "two", whose, whose))
    if simple:
        which = whose if person else "a"
    if noun.group in KIN:
        which = whose
    elif no and which in ("a", "two"):
        which = "no"
    elif (which == "two" and (person or single)) or (
        which == whose and doing == "buying"
    ):
        which = "the"
    plural = which == "two" or (d.random() < 0.35 and noun.group != "parent")
    if simple or (doing == "wearing" and d.subject.form < 2):
        plural = False
    if which == "two":
        which = d.draw(("two", "three"))
    return {name: noun_phrase(d, name, noun, which, plural, wordy)}


def an_animal(d: Drawing, name: str) -> Words:
    """An animal or something else that there can be: un chat, une valise rouge."""
    nouns = [n for n in lexicon.NOUNS if n.group in ("animal", "bag", "print")]
    return {name: noun_phrase(d, name, d.draw(nouns), "a", False, 0.4)}


def profession(d: Drawing, groups: Sequence[str]) -> tuple[Noun, bool]:
    """Draw what the subject can be, and say whether it is plural."""
    gender = "mf"[d.subject.form % 2]
    nouns = [n for n in lexicon.PROFESSIONS if n.gender == gender and n.group in groups]
    return d.draw(nouns), d.subject.form >= 2


def job(d: Drawing, name: str) -> Words:
    """A profession, which French sets without an article; `a` goes with the noun."""
    noun, plural = profession(d, ("work", "bare"))
    english = noun_phrase(d, "", noun, "a", plural)[1]
    english = " ".join(f"{word.partition('/')[0]}/{name}" for word in english.split())
    return {name: (f"{noun.forms[plural]}/{name}", english)}


def good_job(d: Drawing, name: str) -> Words:
    """C'est un bon médecin: with an adjective French has an article, and ce for il."""
    noun, plural = profession(d, ("work",))
    be = "sont/v" if plural else "est/v"
    while True:
        french, english = noun_phrase(d, name, noun, "a", plural, 0.5)
        plain = len(french.split()) == 2
        if not plain and not {f"good/{name}b", f"famous/{name}a"} <= {*english.split()}:
            return {name: (french, english), "EST": be}
