"""Reading, cleaning, filtering and splitting pairs; bad files and bad downloads."""

import gzip
import hashlib
import io
import os
import re
import subprocess
import sys
import threading
import time
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from seq2seq_lesson.corpora import tatoeba
from seq2seq_lesson.corpora.tatoeba import tatoeba_text
from seq2seq_lesson.corpus import (
    CLOSED_PREFIXES,
    TUTORIAL_PREFIXES,
    SentencePair,
    choose,
    encode_pairs,
    keep,
    known_translations,
    normalise,
    prepare,
    read_pairs,
    split,
    vocabularies,
)
from seq2seq_lesson.vocabulary import Vocabulary

TEXT = "Go.\tVa !\nI'm hungry.\tJ'ai faim.\n"


def article(text: str) -> str:
    """The cleaning as article A has it, the spaces at the ends included."""
    text = unicodedata.normalize("NFD", text.lower().strip())
    text = "".join(c for c in text if unicodedata.category(c) != "Mn")
    text = re.sub(r"([.!?])", r" \1", text)
    return re.sub(r"[^a-zA-Z.!?]+", " ", text)


def archive(text: str = TEXT, name: str = "fra-eng/fra.txt") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("fra-eng/_about.txt", "about")
        file.writestr(name, text)
    return buffer.getvalue()


# normalise


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("J'ai 20 ans.", "j ai ans ."),
        ("I'm 20.", "i m ."),
        ("Où est le garçon fatigué ?", "ou est le garcon fatigue ?"),
        ("Ma sœur m'attend !", "ma s ur m attend !"),
        ('"Look," she said.', "look she said ."),
        ("Elle a dit\u00a0: «\u202fRegarde.\u202f»", "elle a dit regarde ."),
        ("Qu'est-ce\tque c'est?!", "qu est ce que c est ? !"),
        ("A...B", "a . . .b"),
        ("İstanbul ÉTÉ", "istanbul ete"),
        ("« 20 »", ""),
        ("", ""),
    ],
)
def test_normalise(raw, clean):
    assert normalise(raw) == clean


def test_normalise_is_the_articles_cleaning_without_the_ends():
    for pair in read_pairs("bundled"):
        for text in (pair.source, pair.target):
            assert normalise(text) == article(text).strip()
            assert "" not in normalise(text).split(" ")
            assert normalise(normalise(text)) == normalise(text)


# reading


def test_bundled_pairs_run_from_french_to_english_and_so_do_their_links():
    pairs = {(pair.source, pair.target): pair for pair in read_pairs("bundled")}
    french, english = (
        "Je cherche un petit chat noir.",
        "I am looking for a little black cat.",
    )
    links = pairs[french, english].alignment
    source, target = normalise(french).split(), normalise(english).split()
    made = {(source[i], target[j]) for i, j in links}
    expected = "je-i cherche-am cherche-looking cherche-for un-a petit-little"
    expected += " chat-cat noir-black .-."
    assert made == {tuple(link.split("-")) for link in expected.split()}
    assert (4, 7) in links  # chat, cat: the order crosses, so (7, 4) is out of range
    assert (5, 6) in links


def own(source, target):
    """A pair of a file of one's own, which is cleaned otherwise than the article's."""
    return SentencePair(source, target, clean="words")


def test_own_file_stands_as_it_is(tmp_path):
    path = tmp_path / "own.tsv"
    raw = "\ufeffJe dors.\tI sleep.\r\n\r\nUn « ou »\tone\tMine\r\n".encode()
    path.write_bytes(raw)
    wanted = [own("Je dors.", "I sleep."), own("Un « ou »", "one")]
    assert read_pairs(path) == read_pairs(str(path)) == wanted
    packed = tmp_path / "own.gz"
    packed.write_bytes(gzip.compress(raw))
    assert read_pairs(packed) == wanted
    packed.write_bytes(gzip.compress(raw)[:-9])
    with pytest.raises(ValueError, match=r"archive .*own.gz is damaged"):
        read_pairs(packed)


def test_an_archive_with_one_text_is_read(tmp_path):
    path = tmp_path / "own.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("_about.txt", "a\n")
        archive.writestr("mine/pairs.tsv", "a\tb\n")
    assert read_pairs(path) == [own("a", "b")]
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ValueError, match="is damaged"):
        read_pairs(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.txt", "a\tb\n")
        archive.writestr("two.txt", "a\tb\n")
    with pytest.raises(ValueError, match=r"holds 2 texts .* wanted one: unpack it and"):
        read_pairs(path)


def test_english_first_is_told(tmp_path):
    path = tmp_path / "deu.txt"
    path.write_text("Go.\tGeh.\tCC-BY 2.0 (France) Attribution: tatoeba.org #1\n")
    with pytest.warns(UserWarning, match="English first, so English is read"):
        assert read_pairs(path) == [own("Go.", "Geh.")]


def test_the_environment_names_the_corpus(tmp_path, monkeypatch):
    path = tmp_path / "own.tsv"
    path.write_text("a\tb\n")
    monkeypatch.setenv("SEQ2SEQ_LESSON_CORPUS", str(path))
    assert read_pairs() == [own("a", "b")]
    assert len(read_pairs("bundled")) > 1000
    monkeypatch.delenv("SEQ2SEQ_LESSON_CORPUS")
    assert read_pairs() == read_pairs("bundled")


def test_a_corpus_is_chosen_unless_the_environment_has_one(monkeypatch):
    monkeypatch.setenv("SEQ2SEQ_LESSON_CORPUS", "")  # so that it is put back
    monkeypatch.delenv("SEQ2SEQ_LESSON_CORPUS")
    assert choose("bundled") == "bundled"
    assert choose("tatoeba") == "bundled"


@pytest.mark.parametrize(
    "line", ["no tab", "a\t", "\tb", " \tb", "a\tb\tc\td", "a b  c"]
)
def test_a_malformed_line_is_named(tmp_path, line):
    path = tmp_path / "own.tsv"
    path.write_text(f"a\tb\n\n{line}\nc\td\n")
    named = f"line 3 of {path} is {line!r}, but a sentence, a tab"
    with pytest.raises(ValueError, match=re.escape(named)):
        read_pairs(path)


def test_other_separators_do_not_end_a_line(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("a\u2028b\tc\u0085d\n", encoding="utf-8")
    assert read_pairs(path) == [own("a\u2028b", "c\u0085d")]


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ValueError, match=r"'nowhere.tsv' was not found at /.*nowhere"):
        read_pairs("nowhere.tsv")
    with pytest.raises(ValueError, match="is a folder at"):
        read_pairs(tmp_path)
    (tmp_path / "latin").write_bytes("é\té".encode("latin-1"))
    with pytest.raises(ValueError, match=r"line 1 of .*latin is not UTF-8: save"):
        read_pairs(tmp_path / "latin")
    (tmp_path / "empty").write_text("\n\n")
    with pytest.raises(ValueError, match="empty holds no sentence pair"):
        read_pairs(tmp_path / "empty")


# Tatoeba from a copy


@pytest.mark.parametrize("where", ["", "fra-eng/"])
@pytest.mark.parametrize("kind", ["fra-eng.zip", "fra.txt"])
def test_a_copy_is_read_where_it_lies(tmp_path, monkeypatch, where, kind):
    (tmp_path / "fra-eng").mkdir()
    raw = archive() if kind == "fra-eng.zip" else TEXT.encode()
    (tmp_path / where / kind).write_bytes(raw)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEQ2SEQ_LESSON_DATA", ".")
    assert tatoeba_text() == TEXT
    assert read_pairs("tatoeba") == [
        SentencePair("Va !", "Go."),
        SentencePair("J'ai faim.", "I'm hungry."),
    ]


def test_a_newer_export_has_a_third_column_and_no_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SEQ2SEQ_LESSON_DATA", str(tmp_path))
    text = "Go.\tVa !\tCC-BY 2.0 (France) Attribution: tatoeba.org #1\n"
    (tmp_path / "fra-eng.zip").write_bytes(archive(text, "fra.txt"))
    assert read_pairs("tatoeba") == [SentencePair("Va !", "Go.")]


def test_a_folder_without_a_copy_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("SEQ2SEQ_LESSON_DATA", str(tmp_path))
    with pytest.raises(ValueError, match=r"holds neither fra-eng.zip nor fra.txt: put"):
        tatoeba_text()
    (tmp_path / "fra-eng.zip").write_bytes(archive(name="deu.txt"))
    with pytest.raises(ValueError, match="damaged or another one"):
        tatoeba_text()


def test_no_damage_to_an_archive_goes_unseen(tmp_path, monkeypatch):
    monkeypatch.setenv("SEQ2SEQ_LESSON_DATA", str(tmp_path))
    path, raw = tmp_path / "fra-eng.zip", archive()
    refused = 0
    for place in range(len(raw)):
        flipped = bytearray(raw)
        flipped[place] ^= 1 << place % 8
        for damaged in (bytes(flipped), raw[:place]):
            path.write_bytes(damaged)
            try:
                read = tatoeba_text()
            except ValueError as error:
                read = str(error)
            refused += read.startswith(f"the archive {path} is damaged")
            assert read == TEXT or "is damaged" in read  # a date, say, may be hit
    assert refused > len(raw)


# Tatoeba from the network: a loopback server


class Handler(BaseHTTPRequestHandler):
    """Serves the server's body; announces `announced` bytes."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(self.server.announced))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(tmp_path, monkeypatch) -> Iterator[ThreadingHTTPServer]:
    good = archive()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.body, server.announced = good, len(good)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/fra-eng.zip"
        monkeypatch.setattr(tatoeba, "URL", url)
        monkeypatch.setattr(tatoeba, "HASH", "sha1:" + hashlib.sha1(good).hexdigest())
        monkeypatch.setattr(tatoeba, "data_folder", lambda: tmp_path / "cache")
        monkeypatch.delenv("SEQ2SEQ_LESSON_DATA", raising=False)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield server
        server.shutdown()


def test_a_download_is_kept_and_fetched_once(server, tmp_path):
    assert tatoeba_text() == TEXT
    assert [file.name for file in (tmp_path / "cache").iterdir()] == ["fra-eng.zip"]
    server.body = b""  # whoever asks again gets nothing
    assert tatoeba_text() == TEXT


@pytest.mark.parametrize("damage", ["cut off", "shortened", "altered", "not found"])
def test_a_bad_download_is_refused_and_leaves_nothing(server, tmp_path, damage):
    good = server.body
    server.body = good[: len(good) // 2] if damage != "altered" else b"Q" + good[1:]
    if damage == "shortened":
        server.announced = len(server.body)
    if damage == "not found":
        server.shutdown()
        server.server_close()
    with pytest.raises(
        ValueError, match=r"failed or did not arrive whole \(\w+\): try"
    ):
        tatoeba_text()
    assert list((tmp_path / "cache").iterdir()) == []
    if damage != "not found":
        server.body, server.announced = good, len(good)
        assert tatoeba_text() == TEXT


def test_a_damaged_file_in_the_cache_is_never_used(server, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "fra-eng.zip").write_bytes(archive("Go.\tFaux !\n"))
    assert tatoeba_text() == TEXT


# filter


def test_the_tutorials_prefixes_are_the_published_ones():
    assert TUTORIAL_PREFIXES == (
        "i am ", "i m ", "he is", "he s ", "she is", "she s",
        "you are", "you re ", "we are", "we re ", "they are", "they re ",
    )  # fmt: skip
    assert all(prefix.endswith(" ") for prefix in CLOSED_PREFIXES)
    assert len(set(CLOSED_PREFIXES)) == 12


@pytest.mark.parametrize(
    ("target", "published", "closed"),
    [
        ("she smiled .", True, False),
        ("he isn t tired .", True, False),
        ("she s tired .", True, True),
        ("i am", False, False),
        ("i am .", True, True),
        ("i amble .", False, False),
        ("tom is tired .", False, False),
        ("i am " + "a " * 7, True, True),
        ("i am " + "a " * 8, False, False),
    ],
)
def test_keep(target, published, closed):
    pair = SentencePair("x", target)
    assert keep(pair, TUTORIAL_PREFIXES) is published
    assert keep(pair) is closed
    assert not keep(SentencePair("x " * 10, target))
    assert not keep(SentencePair("", target), ("",))
    assert keep(SentencePair("x", "anything"), ("",), max_words=2)


def test_prepare_keeps_alignments_and_drops_duplicates():
    links = ((0, 0), (1, 1))
    raw = [
        SentencePair("J'ai 20 ans.", "I'm 20.", links),
        SentencePair("J'ai 30 ans.", "I'm 30.", ((9, 9),)),
        SentencePair("Tom rit.", "Tom laughs."),
    ]
    assert prepare(raw) == [SentencePair("j ai ans .", "i m .", links)]
    assert len(prepare(iter(raw), prefixes=("",))) == 2


def test_own_pairs_are_cleaned_as_words_and_none_is_filtered_by_its_beginning():
    pairs = [own("Ich heiße Ute.", "My name's Ute."), own("Ja!", "Yes!")]
    assert prepare(pairs) == [
        own("ich heisse ute .", "my name's ute ."),
        own("ja !", "yes !"),
    ]
    letters = prepare(pairs, clean="characters", max_words=9)
    assert letters == [SentencePair("j a !", "y e s !", None, "characters")]
    assert prepare(pairs, prefixes=["yes"]) == [own("ja !", "yes !")]
    with pytest.raises(ValueError, match=r"none of 2 pairs .* \(the shortest has 2\)"):
        prepare(pairs, max_words=2)


def test_vocabularies_know_the_cleaning_of_their_pairs():
    pairs = [own("süß !", "sweet !"), own("süß", "cute")]
    german, english = vocabularies(pairs, min_count=2)
    assert german.words[4:] == ["süß"]
    assert english.words[4:] == []
    assert german.clean == english.clean == "words"
    assert encode_pairs(pairs, german, english)[1] == ([4, 2], [3, 2])
    assert encode_pairs([], german, english) == []
    article = Vocabulary(["süß"])
    for words in ((article, english), (german, article)):
        with pytest.raises(ValueError, match=r"cleaned as words, the .* article"):
            encode_pairs(pairs, *words)


def test_a_cleaning_that_destroys_the_text_is_refused():
    pairs = [own("Где ты?", "Where are you?"), own("Здесь.", "Here.")]
    assert len(prepare(pairs)) == 2
    with pytest.raises(ValueError, match="clean='article' loses 100% of the source's"):
        prepare(pairs, clean="article")


def test_nothing_left_is_refused():
    with pytest.raises(ValueError, match=r"none of 1 pairs .* fewer than 3 tokens"):
        prepare([SentencePair("Je suis là.", "I am here.")], max_words=3)


# split


def test_split_is_by_source_and_loses_nothing():
    pairs = prepare(read_pairs("bundled"))
    parts = split(pairs)
    train, valid, test = (
        {p.source for p in part} for part in (parts.train, parts.valid, parts.test)
    )
    assert not train & valid | train & test | valid & test
    assert Counter(parts.train + parts.valid + parts.test) == Counter(pairs)
    places = {pair: place for place, pair in enumerate(pairs)}
    assert [places[p] for p in parts.train] == sorted(places[p] for p in parts.train)
    count = len(known_translations(pairs))
    assert len(valid) == len(test) == round(count / 10)
    assert split(pairs) == parts
    assert split(pairs, seed=1).test != parts.test
    assert len({p.source for p in split(pairs, valid=0.3).valid}) == round(0.3 * count)


def test_split_does_not_hang_on_pythons_hash_seed():
    code = (
        "from seq2seq_lesson.corpus import *;"
        "print(split([SentencePair(c, c) for c in 'abcdefghij'], 3))"
    )
    other = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONHASHSEED": other},
        capture_output=True,
        text=True,
        check=True,
    )
    here = split([SentencePair(c, c) for c in "abcdefghij"], 3)
    assert ran.stdout.strip() == str(here)


@pytest.mark.parametrize(
    ("count", "shares"),
    [
        (2, {}),
        (20, {"valid": 0.0}),
        (20, {"test": 0}),
        (20, {"valid": 0.5, "test": 0.5}),
    ],
)
def test_split_refuses_an_empty_part(count, shares):
    pairs = [SentencePair(str(i), str(i)) for i in range(count)]
    with pytest.raises(
        ValueError, match=f"of {count} distinct sources leave a part empty"
    ):
        split(pairs, **shares)


def test_known_translations():
    pairs = [SentencePair(*p) for p in ("ax", "by", "az", "ax")]
    assert known_translations(pairs) == {"a": ["x", "z"], "b": ["y"]}


# the figures of the real corpus

HERE = Path(__file__).parents[2] / "shared" / "data"
REAL = os.environ.get("SEQ2SEQ_LESSON_DATA") or (HERE.is_dir() and str(HERE))
needs_tatoeba = pytest.mark.skipif(not REAL, reason="SEQ2SEQ_LESSON_DATA is not set")


@pytest.fixture(scope="module")
def real() -> list[SentencePair]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEQ2SEQ_LESSON_DATA", REAL)
        return read_pairs("tatoeba")


@pytest.fixture(scope="module")
def real_normalised(real) -> list[SentencePair]:
    begin = time.process_time()
    pairs = [SentencePair(normalise(p.source), normalise(p.target)) for p in real]
    assert time.process_time() - begin < 20  # 2.5 s where it was written
    return pairs


@needs_tatoeba
def test_tatoeba_figures(real, real_normalised):
    assert len(real) == 167_130
    digits = sum(any(c.isdigit() for c in p.source + p.target) for p in real)
    assert digits == 1_116  # one of them the 2 of H₂O
    known = known_translations(real_normalised)
    assert len(known) == 157_960
    assert sum(len(targets) > 1 for targets in known.values()) == 7_493


@needs_tatoeba
def test_tatoeba_filter(real_normalised):
    mended = tuple("she s " if p == "she s" else p for p in TUTORIAL_PREFIXES)
    kept = {
        prefixes: [pair for pair in real_normalised if keep(pair, prefixes)]
        for prefixes in (TUTORIAL_PREFIXES, mended, CLOSED_PREFIXES)
    }
    assert [len(pairs) for pairs in kept.values()] == [12_711, 12_441, 12_339]
    assert len(set(kept[CLOSED_PREFIXES])) == 12_331  # prepare drops eight duplicates
    words = [
        [
            len({w for p in pairs for w in getattr(p, side).split()}) + 2
            for pairs in kept.values()
        ]
        for side in ("source", "target")
    ]
    assert words == [[4_857, 4_706, 4_699], [3_157, 3_030, 3_028]]


@needs_tatoeba
def test_tatoeba_as_the_article_cleans_it(real, real_normalised):
    def rough(text: str, clean: str) -> str:
        plain = "a" <= text[0].lower() <= "z" and text[-1] in ".!?"  # clean ends
        return clean if plain else article(text)

    cleaned = [
        (rough(p.source, n.source), rough(p.target, n.target))
        for p, n in zip(real, real_normalised, strict=True)
    ]
    assert sum("" in s.split(" ") or "" in t.split(" ") for s, t in cleaned) == 291
    assert len({source for source, _ in cleaned}) == 157_961  # one ends in a space


def test_one_prefix_in_place_of_several_is_refused():
    pair = SentencePair("je suis la", "i am here")
    for refusing in (lambda: keep(pair, "i am "), lambda: prepare([pair], "i am ")):
        with pytest.raises(ValueError, match=r"prefixes: .* hand in \['i am '\]"):
            refusing()


def test_tatoeba_comes_over_https():
    assert tatoeba.URL.startswith("https://")
