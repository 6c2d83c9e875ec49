"""Three ways to train a translator, each cut into slices so that they can take turns.

A procedure is a generator: it trains for a while, then yields a function that
translates sentences with what has been learnt so far. All three get the same pairs.
"""

import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seq2seq_lesson.attention import AdditiveScore
from seq2seq_lesson.batches import Example, shuffled
from seq2seq_lesson.corpus import SentencePair, encode_pairs, vocabularies
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq
from seq2seq_lesson.training import Recipe, fit
from seq2seq_lesson.translation import translate
from seq2seq_lesson.tutorials import TutorialDecoder, TutorialEncoder, tutorial_step
from seq2seq_lesson.vocabulary import EOS, SOS, Vocabulary

Translate = Callable[[list[str]], list[str]]
WIDTH = 10  # tokens, EOS counted: what the tutorials' filter leaves
SLICE = 2500  # steps of the original tutorial between two measurements


def original(pairs: list[SentencePair], steps: int) -> Iterator[Translate]:
    """The original tutorial: one sentence a step, SGD 0.01, hidden 256, a fair coin."""
    src, tgt = vocabularies(pairs)
    examples = [tuple(map(torch.tensor, e)) for e in encode_pairs(pairs, src, tgt)]
    torch.manual_seed(0)
    rng = random.Random(0)
    models = TutorialEncoder(len(src), 256), TutorialDecoder(256, len(tgt), WIDTH)
    optimizers = [torch.optim.SGD(m.parameters(), lr=0.01) for m in models]

    def translate_all(sentences: list[str]) -> list[str]:
        return [say(*models, src.encode(text), tgt) for text in sentences]

    for step in range(1, steps + 1):
        coin = rng.random() < 0.5
        tutorial_step(*rng.choice(examples), *models, *optimizers, coin)
        if step % SLICE == 0:
            for model in models:
                model.eval()
            yield translate_all
            for model in models:
                model.train()


def say(
    encoder: TutorialEncoder,
    decoder: TutorialDecoder,
    src_ids: list[int],
    tgt: Vocabulary,
) -> str:
    """Translate one sentence as the original tutorial does, word by word."""
    state = encoder.first_state()  # (1, 1, hid)
    enc_states = state.new_zeros(WIDTH, state.shape[-1])  # (width, hid)
    for position, word in enumerate(src_ids):
        output, state = encoder(torch.tensor(word), state)
        enc_states[position] = output[0, 0]
    word, words = torch.tensor(SOS), []
    while len(words) < WIDTH:
        log_probs, state, _ = decoder(word, state, enc_states)
        word = log_probs.argmax()  # ()
        if word == EOS:
            break
        words.append(tgt.words[word])
    return " ".join(words)


class TodaysModel(nn.Module):
    """Today's tutorial: additive attention before the cell, ten steps, no mask.

    Shapes
        src_ids: (batch, width) long, filled up with SOS
        tgt_ids: (batch, width) long, filled up likewise; None to run free
        return:  (batch, width, tgt_vocab) float, log-probabilities
    Source
        the description in the PyTorch translation tutorial of 2023 and later
    """

    def __init__(self, src_vocab: int, tgt_vocab: int, hid: int = 128) -> None:
        super().__init__()
        self.src_embedding = nn.Embedding(src_vocab, hid)
        self.encoder = nn.GRU(hid, hid, batch_first=True)
        self.tgt_embedding = nn.Embedding(tgt_vocab, hid)
        self.score = AdditiveScore(hid, hid, hid)
        self.decoder = nn.GRU(2 * hid, hid, batch_first=True)
        self.out = nn.Linear(hid, tgt_vocab)
        self.dropout = nn.Dropout(0.1)

    def forward(self, src_ids: Tensor, tgt_ids: Tensor | None = None) -> Tensor:
        src_emb = self.dropout(self.src_embedding(src_ids))  # (batch, width, hid)
        enc_states, state = self.encoder(src_emb)
        word, steps = torch.full_like(src_ids[:, :1], SOS), []
        for position in range(WIDTH):
            query = state.transpose(0, 1)  # (batch, 1, hid)
            weights = self.score(query, enc_states).softmax(dim=-1)
            context = weights @ enc_states  # (batch, 1, hid)
            word_emb = self.dropout(self.tgt_embedding(word))  # (batch, 1, hid)
            output, state = self.decoder(torch.cat([word_emb, context], -1), state)
            steps.append(self.out(output))
            if tgt_ids is None:
                word = steps[-1].argmax(dim=-1)  # (batch, 1)
            else:
                word = tgt_ids[:, position : position + 1]  # (batch, 1)
        return F.log_softmax(torch.cat(steps, dim=1), dim=-1)


def fixed_width(rows: list[list[int]]) -> Tensor:
    """Rows of ten ids; what is left over holds SOS, as in today's tutorial."""
    return torch.tensor([row + [SOS] * (WIDTH - len(row)) for row in rows])


def todays(pairs: list[SentencePair], epochs: int) -> Iterator[Translate]:
    """Today's tutorial: batches of 32, two Adams at 1e-3, padding in the loss."""
    src, tgt = vocabularies(pairs)
    examples = encode_pairs(pairs, src, tgt)
    torch.manual_seed(0)
    rng = random.Random(0)
    model = TodaysModel(len(src), len(tgt))
    reading = [*model.src_embedding.parameters(), *model.encoder.parameters()]
    read = {id(parameter) for parameter in reading}
    writing = [p for p in model.parameters() if id(p) not in read]
    optimizers = [torch.optim.Adam(part, lr=1e-3) for part in (reading, writing)]

    def translate_all(sentences: list[str]) -> list[str]:
        rows = model(fixed_width([src.encode(text) for text in sentences]))
        ids = rows.argmax(dim=-1).tolist()
        ended = [row[: row.index(EOS)] if EOS in row else row for row in ids]
        return [" ".join(tgt.words[n] for n in row) for row in ended]

    for _ in range(epochs):
        model.train()
        for group in shuffled(examples, 32, rng):
            src_ids, tgt_ids = (
                fixed_width([row for row in side]) for side in zip(*group, strict=True)
            )
            log_probs = model(src_ids, tgt_ids)  # (batch, width, tgt_vocab)
            loss = F.nll_loss(log_probs.flatten(0, 1), tgt_ids.flatten())  # ()
            for optimizer in optimizers:
                optimizer.zero_grad()
            loss.backward()
            for optimizer in optimizers:
                optimizer.step()
        model.eval()
        yield translate_all


def ours(pairs: list[SentencePair], sizes: dict, recipe: Recipe) -> Iterator[Translate]:
    """The package's model and `fit`, with all words."""
    words = vocabularies(pairs)
    torch.manual_seed(recipe.seed)
    model = Seq2Seq(ModelConfig(len(words[0]), len(words[1]), **sizes))

    def translate_all(sentences: list[str]) -> list[str]:
        return [found.text for found in translate(model, sentences, *words)]

    for _ in epochs(model, encode_pairs(pairs, *words), recipe, words):
        yield translate_all


def epochs(
    model: Seq2Seq,
    examples: list[Example],
    recipe: Recipe,
    words: tuple[Vocabulary, Vocabulary],
) -> Iterator[None]:
    """`fit`, an epoch at a time: stopped by an interrupt, resumed from its file."""

    def stop(history: list) -> None:
        raise KeyboardInterrupt

    with tempfile.TemporaryDirectory() as folder:
        for _ in range(recipe.epochs):
            fit(
                model,
                examples,
                recipe,
                checkpoint=Path(folder, "race.pt"),
                vocabularies=words,
                resume=True,
                on_epoch=stop,
                progress=False,
            )
            yield
