"""The grammar that wrote the bundled corpus.

Run as `python -m tools.corpus.grammar` it writes the file again.

A line of the plan is a construction: how many French sentences of it to write, the
sentence, and every English sentence it may become. Capital words are slots (slots.py);
words that share a label (`word/label`) are translations of each other (surface.py).

Where English has a choice that French does not show, either both are written (*I am
tired*, *I'm tired*) or the construction decides: what somebody is not or is going to
do, and ages, with *'m*, the rest with *am*. So a source's translations are all here.
"""

import random
import re
from pathlib import Path

from seq2seq_lesson import corpora
from seq2seq_lesson.corpus import normalise
from tools.corpus.noun_phrases import Drawing, Words
from tools.corpus.phrases import RARE, TITLES
from tools.corpus.slots import SLOTS
from tools.corpus.surface import tsv_line

FILE = Path(corpora.__file__).with_name("eng-fra-small.tsv")

# The notebooks' examples
SHOWN = """
  1 : je/s cherche/v un/d petit/b chat/n noir/a .
    = I/s am/v looking/v for/v a/d little/b black/a cat/n .
  1 : je/s ai/v 20 ans/y . = I/s 'm/v 20 . = I/s 'm/v 20 years/y old/y .
  1 : je/s ai/v vingt/t ans/y . = I/s 'm/v twenty/t years/y old/y .
  1 : elle/s me/o cherche/v . = she/s is/v looking/v for/v me/o .
  1 : elle/s a/v souri/v . = she/s smiled/v .
  1 : elle/s a/v dormi/v . = she/s slept/v .
  1 : elle/s a/v chanté/v . = she/s sang/v .
  1 : il/s pêche/v . = he/s is/v fishing/v .
  1 : il/s pèche/v . = he/s is/v sinning/v .
"""
# What the filter keeps: I am, he is, ... and at most nine tokens a side
KEPT = """
220 : JE SUIS TRAIT . = I AM TRAIT . = I 'M TRAIT .
 60 : JE SUIS TRAIT ! = I AM TRAIT ! = I 'M TRAIT !
 36 : IL ne/n SUIS pas/n TRAIT . = I 'M not/n TRAIT . = I isn/v+n 't/n TRAIT .
150 : JE ne/n SUIS pas/n TRAIT . = I 'M not/n TRAIT .
 60 : JE ne/n SUIS plus/n SICK . = I AM no/n longer/n SICK .
 60 : JE ne/n SUIS jamais/n MOODY . = I AM never/n MOODY .
200 : JE SUIS VERY GREAT . = I AM VERY GREAT .
 60 : JE SUIS encore/e SICK . = I AM still/e SICK .
 60 : JE SUIS STRONG et/e KIND . = I AM STRONG and/e KIND .
 80 : JE SUIS WEAK mais/e STRONG . = I AM WEAK but/e STRONG .
 80 : JE SUIS trop/o SLOW pour/t JOUER . = I AM too/o SLOW to/t SLEEP .
 60 : JE SUIS GLAD de/t DORMIR . = I AM GLAD to/t SLEEP .
100 : JE SUIS PROUD de/d WHO . = I AM PROUD of/d WHO .
 24 : JE SUIS LATE . = I AM LATE . = I 'M LATE .
 24 : JE ne/n SUIS pas/n LATE . = I 'M not/n LATE .
 44 : JE SUIS FRENCH . = I AM FRENCH . = I 'M FRENCH .
 40 : JE ne/n SUIS pas/n FRENCH . = I 'M not/n FRENCH .
 75 : JE SUIS JOB . = I AM JOB .
 60 : JE ne/n SUIS pas/n JOB . = I 'M not/n JOB .
 60 : MOI SUIS GOOD_JOB . = I AM GOOD_JOB .
120 : CE EST GOOD_JOB . = I AM GOOD_JOB .
115 : JE SUIS PLACE . = I AM PLACE .
 70 : JE ne/n SUIS pas/n PLACE . = I 'M not/n PLACE .
 65 : JE VAIS TO_PLACE . = I 'M going/v TO_PLACE .
 54 : JE AI HUNGRY . = I AM HUNGRY .
 38 : JE AI très/t COLD . = I AM very/t COLD .
 50 : JE ne/n AI pas/n HUNGRY . = I 'M not/n HUNGRY .
 40 : JE ne/n AI plus/n HUNGRY . = I AM no/n longer/n HUNGRY .
 30 : JE AI peur/p OF_DOGS . = I AM afraid/p OF_DOGS .
180 : JE AI AGE ans/y . = I 'M AGE years/y old/y .
 50 : JE AI DIGITS ans/y . = I 'M DIGITS . = I 'M DIGITS years/y old/y .
 86 : JE DORS . = I AM SLEEPING .
 80 : JE ne/n DORS pas/n . = I 'M not/n SLEEPING .
 50 : JE ne/n DORS plus/n . = I AM no/n longer/n SLEEPING .
 80 : JE SUIS en/i train/i de/i DORMIR . = I AM SLEEPING .
 70 : JE JOUE encore/e . = I AM still/e SLEEPING .
150 : JE DORS NOW . = I AM SLEEPING NOW .
 50 : JE DORS ALONE . = I AM SLEEPING ALONE .
120 : JE CHANTE avec/w WHO . = I AM SLEEPING with/w WHO .
230 : JE JOUE PLACE . = I AM SLEEPING PLACE .
1000 : JE CHERCHE OBJECT . = I AM SLEEPING OBJECT .
200 : JE ne/n CHERCHE pas/n NO_OBJECT . = I 'M not/n SLEEPING NO_OBJECT .
 50 : JE VENDS PLAIN et/e OTHER . = I AM SLEEPING PLAIN and/e OTHER .
 50 : JE VENDS PLAIN ou/e OTHER . = I AM SLEEPING PLAIN or/e OTHER .
 60 : JE BOIS BREAD . = I AM SLEEPING BREAD .
 60 : JE ne/n BOIS pas/n NO_BREAD . = I 'M not/n SLEEPING NO_BREAD .
150 : JE LE AIDE . = I AM SLEEPING LE .
 80 : JE ne/n LE AIDE pas/n . = I 'M not/n SLEEPING LE .
 80 : JE VAIS DORMIR . = I 'M going/v to/i SLEEP .
 60 : JE ne/n VAIS pas/n DORMIR . = I 'M not/n going/v to/i SLEEP .
100 : JE VAIS DORMIR TOMORROW . = I 'M going/v to/i SLEEP TOMORROW .
100 : JE VAIS JOUER PLACE . = I 'M going/v to/i SLEEP PLACE .
350 : JE VAIS CHERCHER OBJECT . = I 'M going/v to/i SLEEP OBJECT .
100 : JE VAIS L_INFINITIVE AIDER . = I 'M going/v to/i SLEEP L_INFINITIVE .
280 : JE SUIS plus/m TALLER que/q WHO . = I AM TALLER than/q WHO .
140 : JE SUIS aussi/m TALL que/q WHO . = I AM as/m TALL as/q WHO .
"""
# What the filter drops: other subjects, questions, the past, orders, quotations
DROPPED = """
 40 : TOM DORS . = I AM SLEEPING .
 20 : TOM SUIS TRAIT . = I AM TRAIT .
 20 : TOM SUIS PLACE . = I AM PLACE .
 20 : CHAT COURT . = I AM SLEEPING .
 20 : CHAT SUIS WEAK . = I AM WEAK .
 20 : CHAT SUIS UNDER . = I AM UNDER .
 30 : il/t y/t a/t A_CAT UNDER . = there/t is/t A_CAT UNDER .
 40 : SUIS -TU TRAIT ? = AM I TRAIT ?
 25 : est/v -ce/v que/v JE DORS ? = AM I SLEEPING ?
 20 : que/w est/w -ce/w que/w JE PRENDS ? = what/w AM I SLEEPING ?
  8 : qui/s DORS ? = who/s is/v SLEEPING ?
 12 : où/w SUIS TOM ? = where/w AM I ?
 12 : où/w SUIS CHAT ? = where/w AM I ?
  6 : où/w SUIS -TU ? = where/w AM I ?
50 : JE AI SMILED . = I SMILED .
 20 : JE AI beaucoup/b SMILED . = I SMILED a/b lot/b .
 10 : JE AI dû/v DORMIR . = I had/v to/i SLEEP .
 14 : DORS! ! = SLEEP !
 14 : ne/n DORS! pas/n ! = don/n 't/n SLEEP !
 14 : il/q a/r dit/r : « JE SUIS TRAIT . » = he/q said/r , “ I AM TRAIT . ”
 10 : elle/q a/r dit/r : « JE VAIS DORMIR . »
    = she/q said/r , “ I 'M going/v to/i SLEEP . ”
"""
# More tokens than the filter lets through
LONG = """
 60 : JE CHERCHE OBJECT PLACE . = I AM SLEEPING OBJECT PLACE .
"""
RARELY = "".join(
    f"\n1 : JE VOIS {'une' if noun.gender == 'f' else 'un'}/d {noun.forms[0]}/n ."
    f" = I AM SLEEPING {'an' if noun.english[0][0] in 'aeiou' else 'a'}/d"
    f" {noun.english[0]}/n ."
    for noun in RARE
) + "".join(f"\n1 : JE LIS « {t}/t » . = I AM SLEEPING “ {t}/t . ”" for t in TITLES)
# plan, and the tokens of a pair's longer side, from and up to
PLANS = ((SHOWN, 1, 9), (KEPT, 1, 9), (DROPPED, 1, 99), (LONG, 10, 99), (RARELY, 1, 9))


def fill(template: str, rng: random.Random) -> tuple[str, list[str]]:
    """Draw words for a construction: French and all its English, marked."""
    drawing = Drawing(rng.random)
    words: Words = {stop: f"{stop}/." for stop in ".?!"}
    for name, slot in SLOTS.items():
        if name in template.split():
            words |= slot(drawing, name)

    def say(sentence: str, language: int) -> str:
        chosen = (words.get(word, word) for word in sentence.split())
        return " ".join(w if isinstance(w, str) else w[language] for w in chosen)

    french, *english = template.split(" = ")
    return say(french, 0), [one for e in english for one in alternatives(say(e, 1))]


def alternatives(text: str) -> list[str]:
    """Write `him/o|her/o` out as two sentences."""
    choice = next((word for word in text.split() if "|" in word), " ")
    return [text.replace(choice, one) for one in choice.split("|")]


def length(line: str) -> int:
    """Tokens on a line's longer side."""
    return max(len(normalise(side).split()) for side in line.split("\t")[:2])


def corpus_lines() -> list[str]:
    """Write all lines of the corpus, short English first, as Tatoeba's file has them.

    Raises
        ValueError: a construction cannot make as many sentences as the plan wants.
    """
    written: dict[str, list[str]] = {}  # French: its lines
    for plan, shortest, longest in PLANS:
        for row in re.sub(r"\n +=", " =", plan).strip().splitlines():
            count, template = row.split(" : ", 1)
            rng, wanted = random.Random(template), len(written) + int(count)
            for _ in range(150 * int(count)):
                french, english = fill(template, rng)
                lines = [tsv_line(one, french) for one in english]
                source = lines[0].split("\t")[1]
                if all(shortest <= length(line) <= longest for line in lines):
                    written.setdefault(source, lines)
                if len(written) == wanted:
                    break
            else:
                raise ValueError(f"{wanted - len(written)} sentences too few: {row}")
    lines = [line for group in written.values() for line in group]
    return sorted(lines, key=lambda line: (len(line.split("\t")[0]), line))


if __name__ == "__main__":
    FILE.write_text("\n".join(corpus_lines()) + "\n", encoding="utf-8", newline="\n")
