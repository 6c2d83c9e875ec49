"""The site leads everywhere, and what can be looked up is what the notebooks show."""

import re
from html import unescape
from itertools import pairwise
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import torch

from tests.site import books, stored
from tools.address import slug, version
from tools.pages import Section
from tools.site import lookup
from tools.site.lookup import EMPHASIS, gru_shapes, messages, polarities, true_looks


def pages():
    return {path.stem: path.read_text("utf-8") for path in stored().glob("*.html")}


def tags(page, name):
    return re.findall(rf"<{name}\b[^>]*>", page)


def heads(page):
    return [(int(a), b) for a, b in re.findall(r'<h([1-6]) id="([^"]*)">', page)]


def looked_up():
    return unescape(re.sub(r"<[^>]+>", "", pages()["look-up"]))


def test_every_link_inside_leads_somewhere():
    found = pages()
    places = {name: set(re.findall(r'\bid="([^"]+)"', t)) for name, t in found.items()}
    for name, text in found.items():
        for link in re.findall(r'href="([^"]+)"', text):
            url = urlsplit(unescape(link))
            if url.scheme or url.path.startswith("slides/"):
                continue
            page = url.path.removesuffix(".html") or name
            assert page in found, f"{name} leads to {link}"
            fragment = unquote(url.fragment)
            assert not fragment or fragment in places[page], f"{name} leads to {link}"


def test_a_page_stays_small_and_says_what_is_where():
    for name, text in pages().items():
        assert len(text.encode()) < 2_000_000, name
        assert '<html lang="en">' in text
        ids = re.findall(r'\bid="([^"]+)"', text)
        assert len(ids) == len(set(ids)), name
        for landmark, times in (("main", 1), ("header", 1), ("footer", 1)):
            assert len(tags(text, landmark)) == times, name
        assert len(re.findall("<h1", text)) == 1, name
        levels = [level for level, _ in heads(text)]
        assert all(b <= a + 1 for a, b in pairwise([1, *levels])), name
        assert all("alt=" in picture for picture in tags(text, "img")), name
        assert not re.search("<(link|script src|iframe)", text), name


def test_a_doubt_about_a_section_opens_an_issue_that_says_which():
    for name, text in pages().items():
        below = [place for level, place in heads(text) if level > 1]
        doubts = re.findall(r'class="doubt" href="([^"]+)"', text)
        assert len(doubts) == len(below), name
        for doubt in doubts:
            url = urlsplit(unescape(doubt))
            assert f"{url.netloc}{url.path}" == f"github.com/{slug()}/issues/new"
            asked = parse_qs(url.query)
            section = asked["title"][0].removesuffix(f" ({name})")
            assert f"Page: {name}, section: {section}\n" in asked["body"][0]
            assert f"Version: {version()}\n" in asked["body"][0]


def test_the_front_page_leads_to_all_and_gives_each_sitting_its_minutes():
    text = re.sub(r"\s+", " ", pages()["index"])
    for name, book in books().items():
        (row,) = re.findall(rf'<li><a class="link" href="{name}.html">.*?</li>', text)
        (said,) = re.findall(r'<span class="quiet">(.*?)</span>', row)
        if said or not name.startswith("deeper"):
            number = re.findall(r"\d+|three", said)[-1]
            assert re.search(rf"\b{number}\b", book.cells[0].source), name
    for name in ("look-up", "claims", "teaching", "licence"):
        assert f'href="{name}.html"' in text


def test_every_page_has_its_neighbours():
    found, names = pages(), [*books()]
    for one, other in pairwise(names):
        assert found[one].count(f'<a href="{other}.html">Next: ') == 2
        assert found[other].count(f'<a href="{one}.html">Before: ') == 2


def test_all_headings_and_claims_can_be_searched():
    found = pages()
    for name in [*books(), "claims", "teaching"]:
        for _, place in heads(found[name]):
            assert f'<li><a href="{name}.html#{place}">' in found["search"]
    claims = re.findall(r'<tr id="(claim-[^"]+)">', found["claims"])
    assert len(claims) > 20
    linked = r'<tr id="claim-[^"]+"><th scope="row"><a href="[^"]+#'
    assert len(re.findall(linked, found["claims"])) == len(claims)
    assert all(f'"claims.html#{claim}">' in found["search"] for claim in claims)


def test_every_error_that_a_notebook_stores_can_be_looked_up():
    text, shown = looked_up(), []
    for book in books().values():
        for cell in book.cells:
            for out in cell.get("outputs", ()):
                shown.append(out.get("text", ""))
                if out.output_type == "error":
                    assert f"{out.ename}: {out.evalue}" in text
                    shown.append(out.evalue)
    found = re.findall(r"<dt><pre>(.*?)</pre></dt>", pages()["look-up"], re.S)
    assert len(found) >= 11
    for words in map(unescape, found):
        said = words.partition(": ")[2]
        assert any(said in one for one in shown), words


def test_terms_and_axes_are_where_the_page_says():
    sections = {name: lookup_sections(name) for name in books()}
    terms = lookup.terms(books(), sections)
    assert {"padding", "hidden state", "attention", "beam search"} <= terms.keys()
    for term, (sentence, place) in terms.items():
        assert term in sentence.lower()
        assert f'id="{place.section.place}"' in pages()[place.page]
    bold = " ".join(
        word.lower()
        for book in books().values()
        for cell in book.cells
        for word in re.findall(r"\*\*(.+?)\*\*", cell.source)
    )
    assert [word for word in EMPHASIS if word not in bold] == []
    assert lookup.axes(books(), sections)["hid"][0] == "numbers in the decoder's state"
    assert all(message.cause for message in messages(books(), sections))


def lookup_sections(name):
    found = re.findall(r'<h([1-6]) id="([^"]*)">(.*?)</h\1>', pages()[name], re.S)
    return [Section(int(level), place, html) for level, place, html in found]


def test_masks_and_shapes_lead_to_their_sections():
    for fragment, times in (("masks", 2), ("gru", 1)):
        part = pages()["look-up"].split(f'<h2 id="{fragment}">')[1].split("<h2 ")[0]
        assert len(re.findall('<p>In <a href="', part)) == times, fragment


def test_polarity_is_measured():
    keep = torch.tensor([[True, False]])  # (batch, src_len)

    def ours(keys, mask):
        return keys * mask.unsqueeze(-1)

    assert keep.shape == (1, 2)
    assert true_looks(ours)
    assert not true_looks(lambda keys, mask: ours(keys, ~mask))
    found = polarities()
    assert found[("ours: masked_softmax", "src_mask")]
    assert found[("scaled_dot_product_attention", "attn_mask")]
    assert not found[("nn.MultiheadAttention", "key_padding_mask")]


def test_the_last_state_has_the_batch_in_the_middle_whatever_comes_first():
    found = gru_shapes()
    for call in ("batch_first=True", "as it comes: the sequence first", "packed"):
        assert found[call][2] == "(layers*directions, batch, enc_hid)"
    assert found["batch_first=True"][:2] == (
        "(batch, src_len, emb)",
        "(batch, src_len, enc)",
    )


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("|`a`|one|3|", [("a", "one")]),
        ("|`a`, `b`|one; two|3|", [("a", "one"), ("b", "two")]),
        ("|`a`, `b`|both|3, 4|", [("a", "both"), ("b", "both")]),
        ("| 1 | Why? | 5 |", []),
    ],
)
def test_axes_are_read_from_a_table(source, wanted):
    assert lookup.axis_rows(source) == wanted
