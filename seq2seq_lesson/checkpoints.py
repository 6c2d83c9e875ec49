"""A trained model in one file that is either whole and right, or refused.

A file holds one line that names it, a SHA-256 digest, and what `torch.save` made of
the model's settings, parameters and vocabularies. The digest is ours because
`torch.load` accepts a file in which a byte has changed.
"""

import hashlib
import io
import os
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq
from seq2seq_lesson.vocabulary import SPECIALS, Vocabulary

FIRST_LINE = b"seq2seq_lesson checkpoint 1\n"


def save_checkpoint(
    path: str | Path,
    model: Seq2Seq,
    src_vocabulary: Vocabulary,
    tgt_vocabulary: Vocabulary,
    training_state: dict | None = None,
) -> None:
    """Write a model, its vocabularies and the state of its training to one file.

    It appears under its name only when it is whole: whenever the power fails, one finds
    the former or the new one. What float16 holds exactly is stored as float16.

    Raises ValueError: the model's parameters are of several dtypes.
    """
    path = Path(path)
    dtypes = {str(p.dtype): p.dtype for p in model.parameters()}
    if len(dtypes) > 1:
        raise ValueError(
            f"model: its parameters are {' and '.join(sorted(dtypes))}, wanted one "
            "dtype for all: call model.float() first"
        )
    content = {
        "config": asdict(model.config),
        "dtype": next(model.parameters()).dtype,
        "src_words": src_vocabulary.words[len(SPECIALS) :],
        "tgt_words": tgt_vocabulary.words[len(SPECIALS) :],
        "clean": src_vocabulary.clean,
        "parameters": {name: _small(p) for name, p in model.named_parameters()},
        "training_state": training_state,
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    payload = buffer.getvalue()
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as file:
            file.write(FIRST_LINE + hashlib.sha256(payload).digest() + payload)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def read_checkpoint(path: str | Path) -> dict:
    """The plain content of a file, once its first line and its digest are right.

    Raises ValueError: there is no such file, it is no checkpoint of ours, or damaged.
    """
    if not Path(path).is_file():
        raise ValueError(f"there is no file {path}: give the path of a checkpoint")
    data = Path(path).read_bytes()
    start = len(FIRST_LINE)
    if data[:start] != FIRST_LINE:
        raise ValueError(
            f"{path} is not a checkpoint of seq2seq_lesson: give a file that "
            "save_checkpoint wrote"
        )
    digest, payload = data[start : start + 32], data[start + 32 :]
    if hashlib.sha256(payload).digest() != digest:
        raise ValueError(
            f"{path} is damaged or cut off, its digest differs: delete it and copy it "
            "anew, or train again"
        )
    content = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
    older = {"dtype": torch.float32, "clean": "article"}  # which files did not name
    return older | content


def load_checkpoint(
    path: str | Path,
) -> tuple[Seq2Seq, Vocabulary, Vocabulary, dict | None]:
    """Read a model, on the CPU and in evaluation mode; its vocabularies; its training.

    Raises ValueError: the file is no checkpoint of ours, or it is damaged.
    """
    content = read_checkpoint(path)
    model = Seq2Seq(ModelConfig(**content["config"])).to(content["dtype"])
    _fill(model, content["parameters"], path)
    words, clean = (content["src_words"], content["tgt_words"]), content["clean"]
    src, tgt = (Vocabulary(side, clean) for side in words)
    return model.eval(), src, tgt, content["training_state"]


def load_into(
    path: str | Path,
    model: Seq2Seq,
    src_vocabulary: Vocabulary,
    tgt_vocabulary: Vocabulary,
) -> dict | None:
    """Fill a model from a checkpoint of its like; return the state of its training.

    Raises ValueError: the file is damaged, or of another model or other vocabularies;
        the model is then untouched.
    """
    content = read_checkpoint(path)
    ours = asdict(model.config) | {"dtype": next(model.parameters()).dtype}
    theirs = content["config"] | {"dtype": content["dtype"]}
    for name, value in ours.items():
        if theirs.get(name) != value:
            raise ValueError(
                f"{path} holds another model: its {name} is {theirs.get(name)!r}, this "
                f"model's is {value!r}; build the model with the checkpoint's settings "
                "or give another path"
            )
    for side, vocabulary in [("src", src_vocabulary), ("tgt", tgt_vocabulary)]:
        words = vocabulary.words[len(SPECIALS) :]
        if (content[f"{side}_words"], content["clean"]) != (words, vocabulary.clean):
            raise ValueError(
                f"{path} was trained with another {side}_vocabulary: prepare the pairs "
                "as they were then, or give another path"
            )
    _fill(model, content["parameters"], path)
    return content["training_state"]


def _fill(model: Seq2Seq, parameters: dict[str, Tensor], path: str | Path) -> None:
    """Copy all the parameters into the model, or none."""
    wanted = dict(model.named_parameters())  # a tied one is named once
    shapes, found = ({k: v.shape for k, v in p.items()} for p in (wanted, parameters))
    if shapes != found:
        raise ValueError(
            f"{path} holds other parameters than this model has: give the model the "
            "same parts (its prenet, say) as the one that was saved"
        )
    with torch.no_grad():
        for name, parameter in wanted.items():
            parameter.copy_(parameters[name])


def _small(parameter: Tensor) -> Tensor:
    """The same numbers as float16 where that loses nothing."""
    parameter = parameter.detach().cpu()
    half = parameter.half()
    return half if torch.equal(half.to(parameter.dtype), parameter) else parameter
