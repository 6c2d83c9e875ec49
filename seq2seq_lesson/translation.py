"""From a sentence to words, and to what each word looked at while it was written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from seq2seq_lesson.batches import Example, collate, pad_ids
from seq2seq_lesson.corpora.cleaning import cleaning
from seq2seq_lesson.corpus import SentencePair, encode_pairs
from seq2seq_lesson.seq2seq import Seq2Seq, evaluating
from seq2seq_lesson.vocabulary import EOS, SPECIALS, Vocabulary, refuse_string

EOS_WORD = SPECIALS[EOS]
Written = tuple[list[list[str]], Tensor | None]  # each row's words; weights


@dataclass(frozen=True)
class Translation:
    """One sentence as it was read and written.

    Shapes
        source_words: src_len words, cleaned, unknown ones too, the last "<eos>"
        words:        tgt_len words, the last "<eos>" unless max_len came before it
        weights:      (tgt_len, src_len) float, rows sum to 1, on the CPU; a row for
                      each of `words`, a column for each of `source_words`
        unknown:      the words that the source vocabulary lacks, each once
    """

    source_words: list[str]
    words: list[str]
    weights: Tensor | None
    unknown: list[str]

    @property
    def text(self) -> str:
        """The written sentence, without "<eos>"."""
        return " ".join(word for word in self.words if word != EOS_WORD)

    @property
    def word_weights(self) -> Tensor | None:
        """The weights without the row and the column of "<eos>", for `hard_alignment`.

        Shapes
            return: (written words, read words) float, rows sum to at most 1
        """
        rows = [n for n, word in enumerate(self.words) if word != EOS_WORD]
        return None if self.weights is None else self.weights[rows, :-1]


def translate(
    model: Seq2Seq,
    sentences: Sequence[str],
    src_vocabulary: Vocabulary,
    tgt_vocabulary: Vocabulary,
    *,
    max_len: int | None = None,
    batch_size: int = 64,
) -> list[Translation]:
    """Translate sentences greedily: at each step the likeliest word.

    They are cleaned as the source vocabulary says; one whose words are all known (so is
    "<unk>"), or of which nothing would be left, is read as it stands. Sentences of
    similar length share a batch; that changes the speed and nothing else.
    At most `max_len` tokens are written, EOS included; None: the model's own max_len.

    Raises ValueError: a sentence is empty or too long for the model; a size is below 1.
    """
    refuse_string("sentences", sentences)
    clean = cleaning(src_vocabulary.clean)
    known = [all(w in src_vocabulary for w in text.split()) for text in sentences]
    both = zip(known, sentences, strict=True)
    sentences = [text if stands else clean(text) or text for stands, text in both]
    device = next(model.parameters()).device
    most = model.config.max_len if max_len is None else max_len

    def write(rows: list[int]) -> Written:
        ids = [src_vocabulary.encode(sentences[row]) for row in rows]
        src_ids, src_lengths = pad_ids(ids)  # (batch, src_len), (batch,)
        tgt_ids, weights = model.greedy(src_ids.to(device), src_lengths, most)
        written = tgt_ids.tolist()
        ended = [[EOS_WORD] * (EOS in row) for row in written]
        decoded = map(tgt_vocabulary.decode, written)
        return [a + b for a, b in zip(decoded, ended, strict=True)], weights

    return _in_batches(model, sentences, src_vocabulary, batch_size, write)


def translate_forced(
    model: Seq2Seq,
    pairs: Sequence[SentencePair],
    src_vocabulary: Vocabulary,
    tgt_vocabulary: Vocabulary,
    *,
    batch_size: int = 64,
) -> list[Translation]:
    """Make the model write each pair's target, to see what each word looks at.

    So the weights of good and bad models stand beside the same words, those that a
    known alignment speaks of; it is known as forced decoding.

    Raises ValueError: a source is empty or too long for the model; a size is below 1.
    """
    sources = [pair.source for pair in pairs]
    device = next(model.parameters()).device

    def write(rows: list[int]) -> Written:
        group = [pairs[row] for row in rows]
        examples = encode_pairs(group, src_vocabulary, tgt_vocabulary)
        batch = collate(examples).to(device)
        enc_states, dec_state = model.encode(batch.src_ids, batch.src_lengths)
        _, _, weights = model.decoder(
            batch.tgt_in, dec_state, enc_states, batch.src_mask
        )
        return [[*pair.target.split(), EOS_WORD] for pair in group], weights

    return _in_batches(model, sources, src_vocabulary, batch_size, write)


def log_probs(model: Seq2Seq, examples: Sequence[Example]) -> Tensor:
    """How likely the model finds each word of the targets, on the CPU.

    Shapes
        return: (batch, tgt_len) float, in nats; at padding it means nothing
    """
    batch = collate(examples).to(next(model.parameters()).device)
    with evaluating(model):
        every = model(batch).log_softmax(dim=-1)  # (batch, tgt_len, tgt_vocab)
    true = batch.tgt_out.unsqueeze(-1)  # (batch, tgt_len, 1)
    return every.gather(-1, true).squeeze(-1).cpu()  # (batch, tgt_len)


def _in_batches(
    model: Seq2Seq,
    sentences: Sequence[str],
    src_vocabulary: Vocabulary,
    batch_size: int,
    write: Callable[[list[int]], Written],
) -> list[Translation]:
    """Let `write` handle the sentences in groups of similar length; cut off padding."""
    if batch_size < 1:
        raise ValueError(
            f"batch_size: got {batch_size}, wanted at least 1 sentence in a batch"
        )
    lengths = [len(sentence.split()) for sentence in sentences]
    most = model.config.max_len - 1
    for sentence, length in zip(sentences, lengths, strict=True):
        if not 1 <= length <= most:
            raise ValueError(
                f"sentences: got {sentence!r} of {length} words, wanted 1 to {most}, "
                "which is what this model can read: leave it out or cut it"
            )
    order = sorted(range(len(sentences)), key=lengths.__getitem__)
    done = {}
    with evaluating(model):
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            written, weights = write(rows)
            for n, (row, words) in enumerate(zip(rows, written, strict=True)):
                source = sentences[row].split()
                unknown = [w for w in dict.fromkeys(source) if w not in src_vocabulary]
                looks = None
                if weights is not None:
                    looks = weights[n, : len(words), : len(source) + 1].cpu()
                source_words = [*source, EOS_WORD]
                done[row] = Translation(source_words, words, looks, unknown)
    return [done[row] for row in range(len(sentences))]
