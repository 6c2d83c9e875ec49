"""The checks of notebook 01's exercises 1.1 and 1.2: what cleaning leaves of a text.

Source
    ours
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Mapping

from seq2seq_lesson.corpus import normalise
from seq2seq_lesson.exercises import Verdict, judge, judge_parts
from seq2seq_lesson.exercises.comparing import difference
from seq2seq_lesson.vocabulary import Vocabulary

LETTERS = "abcdefghijklmnopqrstuvwxyz.!?"


def cleaned(answers: object) -> Verdict:
    """What cleaning leaves, and how many ids that makes (exercise 1.1)."""
    summer, egg = (
        normalise(s) for s in ("C'est l'été : 35 °C !", "Un œuf, s'il te plaît.")
    )
    ids = len(Vocabulary.from_sentences([summer]).encode(summer))
    given = answers if isinstance(answers, Mapping) else {}
    count = "Count the tokens of your first line. And where does the sentence end?"
    if not isinstance(given.get("ids"), int):
        count = "How many? One whole number."
    return judge_parts(
        answers,
        {"summer": summer, "ids": ids, "egg": egg},
        todo="put the tokens, in quotes and one blank apart, and a number for `...`.",
        hints={
            "summer": _told(given.get("summer"), summer, LETTERS)
            or "Go through the five steps on paper, one line each.",
            "ids": count,
            "egg": _told(given.get("egg"), egg, LETTERS)
            or "Go through the five steps. œ is a letter of its own for NFD.",
        },
        mistakes={"A sign for the end stands behind every sentence.": {"ids": ids - 1}},
    )


def clean_better(attempt: object) -> Verdict:
    """Cleaning that keeps digits and the letters œ, æ and ß (exercise 1.2)."""
    words = "Sœur Œuvre œuf groß Straße Lætitia Æther 20 365 été Noël J'ai «Moi» Tromsø"
    letters = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss"})

    def draw(rng: random.Random) -> dict:
        chosen = rng.choices(words.split(), k=rng.randint(2, 5))
        return {"text": " ".join(chosen) + rng.choice([".", " !", "... ", " »"])}

    def oracle(text: str) -> str:
        text = unicodedata.normalize("NFD", text.lower().translate(letters))
        text = "".join(c for c in text if unicodedata.category(c) != "Mn")
        text = re.sub(r"([.!?])", r" \1", text)
        return re.sub("[^a-z0-9.!?]+", " ", text).strip()

    def fault(came: object, text: str) -> str:
        wanted, digits = oracle(text), "0123456789"
        sentence, hint = difference(came, wanted), _told(came, wanted, LETTERS + digits)
        if isinstance(came, str) and not hint:
            if any(came.count(two) < wanted.count(two) for two in ("oe", "ae", "ss")):
                hint = (
                    "œ, æ or ß is lost: behind `lower()` and before the last pattern, "
                    "`text = text.replace('œ', 'oe')` keeps it."
                )
            elif any(came.count(digit) < wanted.count(digit) for digit in digits):
                hint = "A digit is lost: the last pattern names all that may stay."
        return sentence + (f" Hint: {hint}" if sentence and hint else "")

    return judge(
        attempt, draw, fault, todo="let `clean_better` return the cleaned text."
    )


def _told(came: object, wanted: str, stays: str) -> str:
    """What a cleaned text has wrong, as the step that mends it; "" if none does."""
    if not isinstance(came, str):
        return "One text is wanted: the tokens with a blank between them."
    stray = next((c for c in came if c not in stays + " "), "")
    if "<eos>" in came:
        return "<eos> is no part of the text: it comes with the ids."
    if stray and stray.lower() in stays:
        return "The first step makes all letters small."
    if stray and unicodedata.normalize("NFD", stray) != stray:
        return (
            "An accent is left: NFD parts it from its letter, the next step drops it."
        )
    if stray:
        return f"{stray!r} may not stay: the last step makes a blank of it."
    if came != " ".join(came.split()):
        return "One blank between two tokens, and none at the ends: join `split()`."
    if came.replace(" ", "") == wanted.replace(" ", ""):
        return (
            "The right signs, but not the right blanks: a mark gets one in front, what "
            "is removed leaves one, an accent leaves none."
        )
    if any(came.count(mark) < wanted.count(mark) for mark in ".!?"):
        return "The marks . ! ? stay, as tokens of their own."
    return ""
