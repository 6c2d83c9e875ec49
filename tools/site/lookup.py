"""The look-up page: axes, terms, shapes, masks and error messages.

Nothing on it is written by hand twice: axes, terms and messages are read from the
notebooks, shapes and polarities from PyTorch as it runs here.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import torch
from nbformat import NotebookNode
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from torch.nn.utils.rnn import pack_padded_sequence

from seq2seq_lesson.attention import masked_softmax
from seq2seq_lesson.palette import tint
from tools.pages import Section, headings, markdown_to_html, title_of

SENTENCE = r"(?<=[.!?])\s+(?=[A-Z*`(\[])|(?<=[.!?]\))\s+"
EMPHASIS = (  # in bold, and no terms
    "adds,change,check,empty cell,example,looked last,need,needs,rule,scale,shuffled,"
    "true here"
).split(",")
NO_TERM = r"Exercise|Next:|Back to|And one|Stuck|After this"


@dataclass(frozen=True)
class Place:
    """Where something stands: a page, its title, and the section."""

    page: str
    title: str
    section: Section

    @property
    def address(self) -> str:
        return f"{self.page}.html#{self.section.place}"

    @property
    def link(self) -> str:
        number, _, _ = self.title.partition(" ·")
        where = f"{number}: {self.section.html}" if self.section.level > 1 else number
        return f'<a href="{self.address}">{where}</a>'


def walk(
    books: Mapping[str, NotebookNode], sections: Mapping[str, list[Section]]
) -> Iterator[tuple[Place, NotebookNode, NotebookNode | None]]:
    """Each cell, where it stands, and the cell after it."""
    for page, book in books.items():
        told, place = iter(sections[page]), None
        for n, cell in enumerate(book.cells):
            for _ in headings(cell):
                place = Place(page, title_of(book), next(told))
            if place:
                yield place, cell, (book.cells[n + 1 : n + 2] or [None])[0]


def axis_rows(source: str) -> list[tuple[str, str]]:
    """The axes of a first cell's table with their meanings; two in a row are parted."""
    found: list[tuple[str, str]] = []
    for names, meaning in re.findall(r"^\|(`.*?)\|(.*?)\|.*\|$", source, re.M):
        axes, meanings = re.findall(r"`(\w+)`", names), meaning.split("; ")
        if len(axes) != len(meanings):
            meanings = [meaning] * len(axes)
        found += zip(axes, meanings, strict=True)
    return found


def axes(
    books: Mapping[str, NotebookNode], sections: Mapping[str, list[Section]]
) -> dict[str, tuple[str, list[Place]]]:
    """Each axis: its meaning where it first stands in a table, and all those places."""
    found: dict[str, tuple[str, list[Place]]] = {}
    for place, cell, _ in walk(books, sections):
        if place.section.level == 1 and cell.cell_type == "markdown":
            for axis, meaning in axis_rows(cell.source):
                found.setdefault(axis, (meaning, []))[1].append(place)
    return found


def terms(
    books: Mapping[str, NotebookNode], sections: Mapping[str, list[Section]]
) -> dict[str, tuple[str, Place]]:
    """Each term in bold: the sentence in which it first stands so, and where."""
    found: dict[str, tuple[str, Place]] = {}
    for place, cell, _ in walk(books, sections):
        if cell.cell_type != "markdown":
            continue
        for part in re.split(r"\n\n+|\n(?=\|)", cell.source):
            if re.match(rf"\W*(?:{NO_TERM})", part):
                continue
            text = " ".join(part.strip("| ").replace(" | ", "; ").split())
            for sentence in re.split(SENTENCE, text):
                for term in re.findall(r"\*\*(.+?)\*\*", sentence):
                    name = term.lower()
                    if re.fullmatch(r"[^.?:]+", term) and len(term.split()) <= 3:
                        if name not in EMPHASIS and not re.match(r"[A-Z].* and ", term):
                            found.setdefault(name, (sentence, place))
    for plural in [name for name in found if name.removesuffix("s") in found]:
        if plural.endswith("s"):
            del found[plural]
    return dict(sorted(found.items()))


@dataclass(frozen=True)
class Message:
    """An error as a cell shows it, its code, and what the notebook says of it."""

    words: str
    code: str
    cause: str
    place: Place

    @property
    def ours(self) -> bool:
        """Whether a shape comment says it, and not PyTorch or Python."""
        return self.words.startswith("ShapeError")


def messages(
    books: Mapping[str, NotebookNode], sections: Mapping[str, list[Section]]
) -> list[Message]:
    """The errors that stop a cell, or that one catches and prints behind a label.

    The cause is what stands below the cell, or else what leads to it.
    """
    found, before = [], ""
    for place, cell, after in walk(books, sections):
        if cell.cell_type == "markdown":
            before = cell.source
            continue
        said = [
            f"{out.ename}: {out.evalue}"
            for out in cell.outputs
            if out.output_type == "error"
        ]
        printed = "".join(out.get("text", "") for out in cell.outputs)
        for kind, label in re.findall(
            r'except (\w+) as error:\n +print\("(.*?)", error\)', cell.source
        ):
            line = re.search(rf"^{re.escape(label)} (.*)$", printed, re.M)
            said += [f"{kind}: {line[1]}"] if line else []
        cause = before
        if after and after.cell_type == "markdown" and not headings(after):
            cause = after.source
        first = next(p for p in cause.split("\n\n") if not p.startswith("#"))
        found += [Message(words, cell.source, first, place) for words in said]
    return found


SIZES = {"batch": 3, "src_len": 5, "emb": 7, "enc_hid": 11, "tokens": 12}
NAMES = {size: name for name, size in SIZES.items()}
NAMES |= {4: "layers*directions", 22: "enc", 33: "3*enc_hid"}


def shape(tensor: Tensor) -> str:
    """A tensor's shape in the names of axes; all sizes differ."""
    return f"({', '.join(NAMES[size] for size in tensor.shape)})"


def gru_shapes() -> dict[str, tuple[str, str, str]]:
    """What goes into `nn.GRU` and comes out, as PyTorch has it here."""
    batch, src_len, emb, enc_hid, _ = SIZES.values()
    sizes = {"num_layers": 2, "bidirectional": True}
    first = nn.GRU(emb, enc_hid, batch_first=True, **sizes)
    default = nn.GRU(emb, enc_hid, **sizes)
    src_emb = torch.zeros(batch, src_len, emb)  # (batch, src_len, emb)
    packed = pack_padded_sequence(src_emb, torch.tensor([5, 4, 3]), batch_first=True)
    tokens, last = first(packed)
    found = {"packed": (shape(packed.data), shape(tokens.data), shape(last))}
    for name, gru, given in (
        ("batch_first=True", first, src_emb),
        ("as it comes: the sequence first", default, src_emb.transpose(0, 1)),
        ("one sentence, no batch", first, src_emb[0]),
    ):
        states, last = gru(given)
        found[name] = shape(given), shape(states), shape(last)
    return found


def gru_weights() -> dict[str, str]:
    """The parameters of one direction of a first layer and of one above it."""
    _, _, emb, enc_hid, _ = SIZES.values()
    gru = nn.GRU(emb, enc_hid, num_layers=2, bidirectional=True)
    return {n: shape(p) for n, p in gru.named_parameters() if "reverse" not in n}


def true_looks(attend: Callable[[Tensor, Tensor], Tensor]) -> bool:
    """Whether what stands where a mask is True can change what comes out."""
    torch.manual_seed(0)
    keys = torch.randn(1, 2, 4)  # (batch, src_len, enc)
    moved = keys + torch.tensor([[[1.0], [0.0]]])  # (batch, src_len, enc)
    mask = torch.tensor([[True, False]])  # (batch, src_len)
    return not torch.allclose(attend(keys, mask), attend(moved, mask))


def polarities() -> dict[tuple[str, str], bool]:
    """Whether True means "may be looked at", by function and argument; measured."""
    torch.manual_seed(0)
    query = torch.randn(1, 1, 4)  # (batch, tgt_len, enc)
    heads = nn.MultiheadAttention(4, 1, batch_first=True)
    layer = nn.TransformerEncoderLayer(4, 1, 4, 0.0, batch_first=True)
    above = nn.TransformerDecoderLayer(4, 1, 4, 0.0, batch_first=True)
    with torch.no_grad():
        found = {
            ("ours: masked_softmax", "src_mask"): lambda keys, mask: (
                masked_softmax(query @ keys.mT, mask) @ keys
            ),
            ("scaled_dot_product_attention", "attn_mask"): lambda keys, mask: (
                scaled_dot_product_attention(query, keys, keys, mask.unsqueeze(1))
            ),
            ("nn.MultiheadAttention", "key_padding_mask"): lambda keys, mask: heads(
                query, keys, keys, key_padding_mask=mask
            )[0],
            ("nn.MultiheadAttention", "attn_mask"): lambda keys, mask: heads(
                query, keys, keys, attn_mask=mask
            )[0],
            ("nn.TransformerEncoderLayer", "src_key_padding_mask"): lambda keys, mask: (
                layer(keys, src_key_padding_mask=mask)[:, 1]
            ),
            (
                "nn.TransformerDecoderLayer",
                "memory_key_padding_mask",
            ): lambda keys, mask: above(query, keys, memory_key_padding_mask=mask),
            ("scores.masked_fill, with -inf", "mask"): lambda keys, mask: (
                (
                    (query @ keys.mT).masked_fill(mask.unsqueeze(1), float("-inf"))
                ).softmax(dim=-1)
                @ keys
            ),
        }
        return {name: true_looks(attend) for name, attend in found.items()}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column names its rows; cells are HTML."""
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    lines = [
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{c}</td>" for c in rest)}</tr>'
        for first, *rest in rows
    ]
    return (
        f'<div class="wide"><table><thead><tr>{top}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def look_up(
    books: Mapping[str, NotebookNode], sections: Mapping[str, list[Section]]
) -> str:
    """The page's body."""
    axes_rows = []
    for axis, (meaning, places) in axes(books, sections).items():
        chip = f'<code class="axis" style="background: {tint(axis)}">{axis}</code>'
        links = " ".join(place.link for place in places)
        axes_rows.append((chip, _inline(meaning), links))
    shapes = [(escape(n), *map(code, s)) for n, s in gru_shapes().items()]
    weights = [(code(n), code(s)) for n, s in gru_weights().items()]
    masks = [
        (code(name), code(argument), "look here" if looks else "leave out")
        for (name, argument), looks in polarities().items()
    ]
    errors = [
        f"<dt><pre>{escape(m.words)}</pre></dt><dd>{markdown_to_html(m.cause)}"
        f"<p>In {m.place.link}</p><details><summary>The code that raised it</summary>"
        f"<pre>{escape(m.code)}</pre></details></dd>"
        for m in sorted(messages(books, sections), key=lambda m: m.ours)
    ]
    words = [
        f"<dt>{_inline(_written(term, sentence))}</dt><dd>{markdown_to_html(sentence)}"
        f"<p>In {place.link}</p></dd>"
        for term, (sentence, place) in terms(books, sections).items()
    ]
    return "\n".join(
        [
            "<h1>Look up</h1>",
            '<h2 id="errors">Error messages</h2>',
            "<p>As the notebooks show them, what they say of the cause, and where; "
            "last those of checked shape comments.</p>",
            f"<dl>{''.join(errors)}</dl>",
            '<h2 id="masks">What True means in a mask</h2>',
            f"<p>Measured with PyTorch {torch.__version__.partition('+')[0]} when this "
            "page was written: a number was changed where the mask is True, and either "
            "the result moved or it did not.</p>",
            table(("function", "argument", "True means"), masks),
            see(books, sections, "03_decoder_dissection", "Who may be looked at?"),
            see(
                books, sections, "deeper-03_decoder_dissection", "Whom does True hide?"
            ),
            '<h2 id="gru">Shapes of <code>nn.GRU</code></h2>',
            "<p>Two layers, both directions: <code>enc</code> is directions × "
            "<code>enc_hid</code>. <code>h_n</code> has the batch in the middle, "
            "whatever <code>batch_first</code> says.</p>",
            table(("call", "input", "output", "<code>h_n</code>"), shapes),
            "<p>Its parameters, those of the second direction "
            "(<code>…_reverse</code>) left out:</p>",
            table(("parameter", "shape"), weights),
            see(books, sections, "02_encoder_dissection", "just the last output?"),
            '<h2 id="axes">Axes</h2>',
            table(("axis", "meaning", "notebooks"), axes_rows),
            '<h2 id="terms">Terms</h2>',
            "<p>Each where it first stands in bold.</p>",
            f"<dl>{''.join(words)}</dl>",
        ]
    )


def see(
    books: Mapping[str, NotebookNode],
    sections: Mapping[str, list[Section]],
    page: str,
    words: str,
) -> str:
    """A paragraph that leads to the section of a page whose heading ends so."""
    found = [s for s in sections.get(page, ()) if s.text.endswith(words)]
    links = [Place(page, title_of(books[page]), section).link for section in found]
    return "".join(f"<p>In {link}</p>" for link in links)


def _written(term: str, sentence: str) -> str:
    """A term with the capitals that it has in its sentence."""
    at = sentence.lower().index(f"**{term}**") + 2
    return sentence[at : at + len(term)]


def _inline(text: str) -> str:
    return re.sub(r"</?p>", "", markdown_to_html(text)).strip()
