"""Three cleanings: what each keeps of any script, and what is said of losses."""

import re
import warnings

import pytest

from seq2seq_lesson.corpora.cleaning import (
    CLEANINGS,
    LITTLE,
    SAMPLE,
    characters,
    cleaning,
    normalise,
    tell_losses,
    words,
)


@pytest.mark.parametrize(
    ("raw", "clean"),
    {
        "L’eau, c'est l'été : 35 °C !": "l'eau , c'est l'été : 35 ° c !",
        "Straße, IŞIK, łódź, cœur": "strasse , işik , łódź , cœur",
        "ışık": "ışık",  # a letter of its own
        "e\u0301te\u0301 = été": "été = été",  # one way to write an accent
        "rock'n'roll rock’n’roll": "rock'n'roll rock'n'roll",
        "Bibi\u202f! Dis\u202f?": "bibi ! dis ?",
        "3,000.5 a_b": "3,000.5 a_b",
        "a\u00a0b\u200bc  d\u3000e\ufeff": "a b c d e",  # spaces of all kinds
        "Silben\u00adtrennung": "silbentrennung",
        "می\u200cخواهم بروم": "می\u200cخواهم بروم",  # joiners are part of a word
        "मैं हिन्दी पढ़ता हूँ।": "मैं हिन्दी पढ़ता हूँ ।",
        "أنا أقرأ كتابًا.": "أنا أقرأ كتابًا .",
        "Ну-ка, «да»?": "ну - ка , « да » ?",
        "私はカタカナを読む。": "私 は カタカナ を 読 む 。",
        "我喜欢书。": "我 喜 欢 书 。",
        "Tôi đọc sách.": "tôi đọc sách .",
        "👨‍👩‍👧 ok": "👨‍👩‍👧 ok",
        " \x00\u200b\x85 ": "",
        "<unk> <pad>": "< unk > < pad >",  # no word of a text is a special one
    }.items(),
)
def test_words_of_any_script(raw, clean):
    assert words(raw) == clean
    assert words(clean) == clean
    assert all(word.split() == [word] for word in clean.split(" ") if word)


@pytest.mark.parametrize(
    ("raw", "clean"),
    {
        "我 ok": "我 ▁ o k",
        "हिन्दी": "हि न्दी",  # a vowel sign is no character of its own
        "e\u0301t": "é t",
        " ": "",
    }.items(),
)
def test_characters(raw, clean):
    assert characters(raw) == characters(clean) == clean


def test_cleanings_have_names():
    for name, clean in CLEANINGS.items():
        assert cleaning(name) is clean
    with pytest.raises(ValueError, match="clean: got 'Words', wanted one of article, "):
        cleaning("Words")


def test_what_a_cleaning_destroys_is_told_before_it_happens():
    hindi = ["मैं पढ़ता हूँ।", "वह घर है।", "ok।"] * 3
    with pytest.raises(ValueError, match=r"'article' loses 89% of the source's lett"):
        tell_losses("source", hindi, "article")
    german = ["die Straße ist groß .", "ich bin hier ."]
    said = re.escape("loses 8% of the target's letters; of 2 distinct sentences 2 are")
    with pytest.warns(UserWarning, match=said):
        tell_losses("target", german, "article")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for sentences, name in ((hindi, "words"), (german, "words"), ([], "article")):
            tell_losses("source", sentences, name)
            tell_losses("source", sentences, "characters")
        tell_losses("source", ["l'été où ça allait"], "article")  # only accents
        assert LITTLE > 0


def test_a_large_text_is_looked_at_from_all_over():
    many = ["abc"] * (3 * SAMPLE) + ["где"] * (3 * SAMPLE)
    with pytest.warns(UserWarning, match=r"loses 50% .* looked at 2 are left"):
        tell_losses("source", many, "article")


@pytest.mark.parametrize(
    ("raw", "clean"),
    {
        "Œuvre № 5 : l'Île": "uvre l ile",
        "Straße, łódź, ışık": "stra e odz s k",  # what is left of ß, ł and ı
        "e\u0301te\u0301 l’été l'été": "ete l ete l ete",
        "a\u00a0b\u200bc\u200dd": "a b c d",
    }.items(),
)
def test_the_article_s_cleaning_is_ascii(raw, clean):
    assert normalise(raw) == clean
