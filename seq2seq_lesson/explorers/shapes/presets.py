"""The pieces: a few lines of code each, the package's own wherever it has them."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from textwrap import dedent
from typing import Any

from seq2seq_lesson.attention import SCORES, Attention, masked_softmax
from seq2seq_lesson.explorers.shapes.running import Line, Run
from seq2seq_lesson.seq2seq import ORDERS, sequence_loss


def _body(function: Callable[..., object]) -> str:
    """The lines of a function of the package as they would stand in a cell.

    What checks its arguments, or asks a tensor for its axes, is left out.
    """
    source = dedent(inspect.getsource(function))
    (tree,) = ast.parse(source).body
    assert isinstance(tree, ast.FunctionDef)
    lines, kept = source.splitlines(), ""
    for node in tree.body[bool(ast.get_docstring(tree)) :]:
        text = dedent("\n".join(lines[node.lineno - 1 : node.end_lineno])) + "\n"
        asks = isinstance(node, ast.Assign) and ".shape" in text
        if not isinstance(node, ast.If) and "super()" not in text and not asks:
            kept += text
    return kept


IDS = "src_ids = torch.randint(src_vocab, (batch, src_len))  # (batch, src_len)\n"
QUERY = "query = torch.zeros(batch, tgt_len, hid)  # (batch, tgt_len, hid)\n"
KEYS = "keys = torch.zeros(batch, src_len, enc)  # (batch, src_len, enc)\n"
MASK = "src_mask = torch.ones(batch, src_len, dtype=torch.bool)  # (batch, src_len)\n"
LOGITS = """\
logits = torch.zeros(batch, tgt_len, tgt_vocab)  # (batch, tgt_len, tgt_vocab)
"""
TGT_IN = "tgt_in = torch.randint(tgt_vocab, (batch, tgt_len))  # (batch, tgt_len)\n"
TGT_OUT = TGT_IN.replace("in", "out", 1)
ENCODER = """\
enc = directions * enc_hid
rnn = nn.GRU(emb, enc_hid, layers, batch_first=True, bidirectional=directions == 2)
src_emb = torch.zeros(batch, src_len, emb)  # (batch, src_len, emb)
first = torch.zeros(
    layers * directions, batch, enc_hid
)  # (layers*directions, batch, enc_hid)
enc_states, h_n = rnn(
    src_emb, first
)  # (batch, src_len, enc), (layers*directions, batch, enc_hid)
"""


def _score(name: str) -> str:
    """A score of the package, then weights and context."""
    layer = type(SCORES[name](2, 2, 2, 2))
    parts = _body(layer.__init__) if "__init__" in vars(layer) else ""
    lines = QUERY + KEYS + MASK + parts + _body(layer.forward)
    lines = lines.replace("return ", "scores = ")
    tail = _body(Attention.forward).replace("enc_states", "keys").splitlines(True)[1:-1]
    return (lines + "".join(tail)).replace("self.", "")


def _step(order: str) -> str:
    """One step of a decoder of the package."""
    decoder: Any = ORDERS[order]
    lines = _body(decoder.forward).rpartition("return ")[0]
    lines = lines.replace("self.", "decoder.")
    head, loop, rest = lines.partition("for word_emb in decoder.read(tgt_in)")
    if loop:  # its first turn
        inner, end, tail = rest.partition("looks.append(weights)\n")
        first = "word_emb = decoder.read(tgt_in)[:, 0]  # (batch, emb)\n"
        lines = head + first + dedent(inner.partition("\n")[2] + end) + tail
    parts, keys = "hid", ""
    if order != "none":
        parts, keys = "enc, hid, attention", KEYS.replace("keys", "enc_states") + MASK
        keys += 'attention = Attention("additive", hid, enc, att, max_len)\n'
    return (
        f"tgt_len = 1\n{TGT_IN}dec_state = torch.zeros(batch, hid)  # (batch, hid)\n"
        f"{keys}decoder = {decoder.__name__}(\n"
        f"    tgt_vocab, emb, {parts}, tied=False, dropout=0.0\n)\n{lines}"
    )


PRESETS = {
    "embedding": f"""\
{IDS}table = nn.Embedding(src_vocab, emb)
src_emb = table(src_ids)  # (batch, src_len, emb)
""",
    "padding and mask": f"""\
src_lengths = torch.randint(1, src_len + 1, (batch,))  # (batch)
positions = torch.arange(src_len)  # (src_len)
src_mask = positions < src_lengths.unsqueeze(1)  # (batch, src_len)
scores = torch.zeros(batch, tgt_len, src_len)  # (batch, tgt_len, src_len)
{_body(masked_softmax).replace("return ", "weights = ")}""",
    "encoder: GRU": ENCODER,
    "encoder: LSTM": f"""\
{ENCODER.partition("enc_states")[0].replace("GRU", "LSTM")}\
enc_states, (h_n, c_n) = rnn(src_emb, (first, first))
enc_states  # (batch, src_len, enc)
h_n  # (layers*directions, batch, enc_hid)
c_n  # (layers*directions, batch, enc_hid)
""",
    "encoder: RNN": ENCODER.replace("GRU", "RNN"),
    "encoder: packing": f"""\
{ENCODER.partition("first = ")[0]}\
down = torch.linspace(src_len, 1, batch, device="cpu")  # (batch)
src_lengths = down.long()  # (batch)
packed = pack_padded_sequence(
    src_emb, src_lengths, batch_first=True
)  # packed (tokens, emb)
states, h_n = rnn(packed)  # packed (tokens, enc), (layers*directions, batch, enc_hid)
enc_states, _ = pad_packed_sequence(
    states, batch_first=True
)  # (batch, src_len, enc), (batch)
""",
    **{f"score: {name}": _score(name) for name in SCORES},
    "decoder step: no attention": _step("none"),
    "decoder step: before the cell": _step("before"),
    "decoder step: after the cell": _step("after"),
    "whole network": f"""\
enc = directions * enc_hid
model = Seq2Seq(ModelConfig(
    src_vocab, tgt_vocab, emb, enc_hid, hid, att, layers=layers, tied=False,
    bidirectional=directions == 2, score="additive", order="after", max_len=src_len,
))
{IDS}{MASK}src_emb = model.encoder.embedding(src_ids)  # (batch, src_len, emb)
enc_states, h_n = model.encoder.rnn(
    src_emb
)  # (batch, src_len, enc), (layers*directions, batch, enc_hid)
top = h_n[-directions:].transpose(0, 1).flatten(1)  # (batch, enc)
dec_state = torch.tanh(model.bridge(top))  # (batch, hid)
{TGT_IN}logits, dec_state, weights = model.decoder(
    tgt_in, dec_state, enc_states, src_mask
)  # (batch, tgt_len, tgt_vocab), (batch, hid), (batch, tgt_len, src_len)
""",
    "loss": f"""\
{LOGITS}{TGT_OUT}{_body(sequence_loss).replace("return ", "loss = ")}\
ids_second = logits.transpose(1, 2)  # (batch, tgt_vocab, tgt_len)
loss = F.cross_entropy(ids_second, tgt_out, ignore_index=PAD)  # (); the same number
""",
    "loss: refused": f"""\
{LOGITS}{TGT_OUT}loss = F.cross_entropy(logits, tgt_out, ignore_index=PAD)  # ()
""",
    "loss: turned, unnoticed": f"""\
logits = torch.zeros(tgt_len, batch, tgt_vocab)  # (tgt_len, batch, tgt_vocab)
{TGT_OUT}rows = logits.flatten(0, 1)  # (tgt_len*batch, tgt_vocab)
ids = tgt_out.flatten()  # (batch*tgt_len); as many, in another order
loss = F.cross_entropy(rows, ids, ignore_index=PAD)  # (); and nobody objects
""",
    "broadcasting": """\
query_proj = torch.zeros(batch, tgt_len, 1, att)  # (batch, tgt_len, 1, att)
keys_proj = torch.zeros(batch, 1, src_len, att)  # (batch, 1, src_len, att)
added = query_proj + keys_proj  # (batch, tgt_len, src_len, att)
bias = torch.zeros(att)  # (att)
shifted = added + bias  # (batch, tgt_len, src_len, att)
""",
    "broadcasting: silent": """\
guess = torch.zeros(batch, 1)  # (batch, 1)
truth = torch.zeros(batch)  # (batch)
error = guess - truth  # (batch, batch); nobody objects
""",
    "matmul and einsum": f"""\
{QUERY}{KEYS.replace("enc)", "hid)")}\
scores = query @ keys.transpose(1, 2)  # (batch, tgt_len, src_len)
scores = torch.einsum("bth,bsh->bts", query, keys)  # (batch, tgt_len, src_len)
context = scores @ keys  # (batch, tgt_len, hid)
context = torch.einsum("bts,bsh->bth", scores, keys)  # (batch, tgt_len, hid)
""",
}


def _made(name: str, *sizes: int) -> Callable[[Run, Line | None], bool]:
    wanted = name, sizes
    return lambda now, chance: wanted in [(seen.name, seen.sizes) for seen in now.made]


MISSIONS = {  # by piece: what to reach, and whether it is
    **dict.fromkeys(
        [name for name in PRESETS if name.startswith("encoder")],
        (
            ("make h_n (6, 4, 8).", _made("h_n", 6, 4, 8)),
            (
                "write src_emb.transpose(0, 1) into the layer's brackets, then move "
                "sizes until PyTorch accepts the wrong thing.",
                lambda now, chance: bool(chance),
            ),
        ),
    ),
    "score: dot": (
        (
            "make the dot product possible with one slider.",
            lambda now, chance: now.true,
        ),
    ),
    "score: position": (
        ("make the score run out of positions.", lambda now, chance: not now.true),
    ),
    "loss: refused": (
        ("mend the line.", lambda now, chance: now.true and not chance),
        (
            "take the mend back, and make PyTorch accept the wrong thing.",
            lambda now, chance: bool(chance),
        ),
    ),
    "broadcasting: silent": (("make error (4, 1).", _made("error", 4, 1)),),
    "broadcasting": (("make added (2, 5, 1, 9).", _made("added", 2, 5, 1, 9)),),
    "matmul and einsum": (
        ("let one einsum give scores (4, 7, 3).", _made("scores", 4, 7, 3)),
    ),
}
