"""The words of the bundled corpus, in tables that a teacher of French can read.

An entry is `French = English : what it goes with`; entries end with a line or with `;`,
and `_` is a space inside one.
"""

import re
from typing import NamedTuple


class Subject(NamedTuple):
    """Who a sentence is about."""

    french: str
    english: str
    person: int  # place in a verb's forms: je tu il nous vous ils
    form: int  # place in an adjective's forms


class Verb(NamedTuple):
    """A verb with what it can be done to."""

    forms: list[str]  # je tu il nous vous ils infinitive
    base: str
    ing: str
    objects: list[str]  # groups of nouns or single ones in English; "-": needs none


class Adjective(NamedTuple):
    """An adjective, its English for m and f, and tags."""

    forms: list[str]  # m, f, m plural, f plural; m before a vowel where it differs
    english: list[str]
    tags: list[str]


class Noun(NamedTuple):
    """A noun, singular and plural in either language."""

    forms: list[str]
    gender: str
    english: list[str]
    group: str


def rows(table: str) -> list[list[str]]:
    """Cut a table into its entries, an entry at `=` and `:` into its columns."""
    entries = (entry for entry in re.split(r"[;\n]", table) if entry.strip())
    return [[part.strip() for part in re.split("[=:]", entry)] for entry in entries]


def verb(forms: str, english: str, objects: str = "") -> Verb:
    """Read a verb; one that is given by its infinitive is a regular one in -er."""
    if " " not in forms:
        stem, soft = forms[:-2], "e" if forms.endswith("ger") else ""
        endings = ("e", "es", "e", soft + "ons", "ez", "ent", "er")
        forms = " ".join(stem + ending for ending in endings)
    return Verb(forms.split(), *english.split(), objects.split())


def adjective(forms: str, english: str, tags: str = "") -> Adjective:
    """Read an adjective; one that is given by its masculine takes -e and -s."""
    if " " not in forms:
        feminine = forms if forms.endswith("e") else forms + "e"
        plural = forms if forms.endswith("s") else forms + "s"
        forms = f"{forms} {feminine} {plural} {feminine}s"
    words = english.split()
    return Adjective(forms.split(), [words[0], words[-1]], tags.split())


def noun(french: str, english: str, group: str) -> Noun:
    """Read a noun; the plural is given only where it is not made with -s."""
    *forms, gender = french.split()
    words = english.split()
    return Noun(
        [forms[0], forms[1] if forms[1:] else forms[0] + "s"],
        gender,
        [words[0], words[1] if words[1:] else words[0] + "s"],
        group,
    )


SUBJECTS = [
    Subject(french, english, person, form)
    for french, english, person, forms in (
        ("je", "I", 0, (0, 1)),
        ("tu", "you", 1, (0, 1)),
        ("il", "he", 2, (0,)),
        ("elle", "she", 2, (1,)),
        ("nous", "we", 3, (2, 3)),
        ("vous", "you", 4, (0, 1, 2, 3)),
        ("ils", "they", 5, (2,)),
        ("elles", "they", 5, (3,)),
    )
    for form in forms
]
BE, SHORT_BE = "am are is are are are".split(), "'m 're 's 're 're 're".split()
ETRE = "suis es est sommes êtes sont".split()
AVOIR = "ai as a avons avez ont".split()
ALLER = "vais vas va allons allez vont".split()

determiners = rows("""
a : un une des = a -; no : de de de = a -; the : le la les = the the
this : ce cette ces = this these; two : - - deux = - two; three : - - trois = - three
my : mon ma mes = my my; your : ton ta tes = your your
your (vous) : votre votre vos = your your; his : son sa ses = his his
her : son sa ses = her her; our : notre notre nos = our our
their : leur leur leurs = their their
""")
DETERMINERS = {
    name: (french.split(), english.split()) for name, french, english in determiners
}
BEFORE_VOWEL = {"ce": "cet", "ma": "mon", "ta": "ton", "sa": "son"}
# what belongs to a subject, by person and gender
OWN = (
    *(("my", "my"), ("your", "your"), ("his", "her")),
    *(("our", "our"), ("your (vous)", "your (vous)"), ("their", "their")),
)

verbs = """
dors dors dort dormons dormez dorment dormir = sleep sleeping : -
travailler = work working : -; marcher = walk walking : -; chanter = sing singing : -
danser = dance dancing : -; jouer = play playing : -
pars pars part partons partez partent partir = leave leaving : -
manger = eat eating : - apple cake
lis lis lit lisons lisez lisent lire = read reading : - book newspaper letter
écris écris écrit écrivons écrivez écrivent écrire = write writing : - book letter
dessiner = draw drawing : - animal flower house
chercher = look_for looking_for : animal thing bag clothes print friend child
regarder = look_at looking_at : animal flower house car child
regarder = watch watching : movie
attends attends attend attendons attendez attendent attendre = wait_for waiting_for :
    friend sibling parent staff letter
achète achètes achète achetons achetez achètent acheter = buy buying :
    animal thing bag clothes flower house print apple cake
vends vends vend vendons vendez vendent vendre = sell selling :
    animal thing bag clothes flower house print apple
porter = wear wearing : clothes; porter = carry carrying : bag
laver = wash washing : thing jacket shirt dog horse
aider = help helping : friend sibling parent child staff
bois bois boit buvons buvez boivent boire = drink drinking :
"""
VERBS = [verb(*row) for row in rows(verbs.replace("\n    ", " "))]

nouns = rows("""
chat m = cat : animal; chien m = dog : animal; cheval chevaux m = horse : animal
oiseau oiseaux m = bird : animal; voiture f = car : thing; vélo m = bike : thing
sac m = bag : bag; valise f = suitcase : bag; chapeau chapeaux m = hat : clothes
chemise f = shirt : clothes; veste f = jacket : clothes; fleur f = flower : flower
maison f = house : house; film m = movie : movie; livre m = book : print
journal journaux m = newspaper : print; lettre f = letter : letter
pomme f = apple : apple; gâteau gâteaux m = cake : cake
frère m = brother : sibling; sœur f = sister : sibling
père m = father : parent; mère f = mother : parent
ami m = friend : friend; amie f = friend : friend
enfant m = child children : child
médecin m = doctor : staff; professeur m = teacher : staff
""")
NOUNS = [noun(*row) for row in nouns]
# elle est médecin is said, une bonne médecin hardly
professions = rows("""
étudiant m = student : work; étudiante f = student : work
médecin m = doctor : work; médecin f = doctor : bare
professeur m = teacher : work; professeure f = teacher : work
acteur m = actor : work; actrice f = actress actresses : work
chanteur m = singer : work; chanteuse f = singer : work
avocat m = lawyer : work; avocate f = lawyer : work
""")
PROFESSIONS = [noun(*row) for row in professions]

before = rows("""
petit = little; grand = big; vieux vieille vieux vieilles vieil = old
nouveau nouvelle nouveaux nouvelles nouvel = new
beau belle beaux belles bel = beautiful; bon bonne bons bonnes = good; jeune = young
""")
after = rows("""
noir = black; blanc blanche blancs blanches = white; rouge = red; bleu = blue
intéressant = interesting; célèbre = famous
français = French; anglais = English; allemand = German
italien italienne italiens italiennes = Italian
""")
BEFORE = {english: adjective(forms, english) for forms, english in before}
AFTER = {english: adjective(forms, english) for forms, english in after}
NATIONALITIES = list(AFTER.values())[-4:]
# which of them stand before and after the nouns of a group
attributes = rows("""
animal = little big old beautiful = black white
thing = little old new = black white red blue
bag = little big old new = black red blue
clothes = old new beautiful = black white red blue
flower = little beautiful = white red blue
house = little big old new beautiful = white blue
movie = old new = interesting French Italian
print = old new = interesting French English German
letter = old new = interesting
apple = little big good = red; cake = little big good =; bare = =
sibling = little big =; parent = =; child = =
friend = old good = French English German Italian; staff = old new good =
work = good young old = French English German Italian famous
""")
ATTRIBUTES = {group: (first.split(), last.split()) for group, first, last in attributes}
