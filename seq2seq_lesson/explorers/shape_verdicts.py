"""What a refusal means, said in the names of the axes."""

from __future__ import annotations

from seq2seq_lesson.drawing import shorten
from seq2seq_lesson.explorers.shape_flow import Flow
from seq2seq_lesson.explorers.shape_sizes import Sizes

PLACES = {  # which tensor is spoilt by which mistake, and in which axis
    "encoder": ("src_emb", "first state", "enc_hid", "first state"),
    "packing": ("src_emb", "src_emb", "emb", "src_lengths"),
    "attention": ("keys", "query", "hid", "query"),
    "decoder step": ("tgt_in", "dec_state", "hid", "dec_state"),
}
MISTAKES = {
    "none": "none",
    "transposed": "transposed input",
    "hidden": "wrong hidden size",
    "batch": "state of the wrong batch",
}


def verdict(sizes: Sizes, flow: Flow) -> tuple[str, ...]:
    """The message, word for word, and what it means; nothing where all went well."""
    wrong = sizes.mistake if sizes.piece in PLACES else "none"
    if flow.error:
        said = f"{flow.judge} says: “{shorten(flow.error, 300)}”"
        return said, f"In axis names: {_meaning(sizes, wrong)}"
    if wrong == "none":
        return ()
    return (
        "Nothing was refused, and that is the worst that can happen: "
        f"{_meaning(sizes, wrong)} The sizes fit by chance, so no shape shows it.",
    )


def _meaning(sizes: Sizes, wrong: str) -> str:
    """What is amiss, by the mistake that was made."""
    if wrong == "none":
        return (
            "a dot product multiplies number by number, and a query has hid "
            f"{sizes.hid:,} of them, a key enc {sizes.enc:,} (directions*enc_hid). Set "
            f"hid to {sizes.enc:,}, or take general, which has a matrix in between."
        )
    turned, wide, axis, other = PLACES[sizes.piece]
    if wrong == "hidden":
        size = sizes.named[axis]
        return (
            f"the last axis of {wide} should be {axis} {size:,}, and it is "
            f"{size + 1:,}: it was made for a layer of another size."
        )
    if wrong == "batch":
        return (
            f"{other} should bring one entry for each of batch {sizes.batch:,} "
            f"sentences, and it brings {sizes.batch + 1:,}: it is another batch's."
        )
    wanted = ["batch", "1" if turned == "tgt_in" else "src_len"]
    if turned == "src_emb" and not sizes.batch_first:
        wanted.reverse()
    rest = {"src_emb": ["emb"], "keys": ["enc"], "tgt_in": []}[turned]
    return (
        f"{turned} is read as ({', '.join(wanted + rest)}), and what came was "
        f"({', '.join(wanted[::-1] + rest)}): sentences are taken for words, words for "
        "sentences."
    )
