"""How much does each written word need each word that was read? Hide one and see."""

from torch import Tensor

from seq2seq_lesson.batches import collate
from seq2seq_lesson.corpus import SentencePair, encode_pairs
from seq2seq_lesson.seq2seq import Seq2Seq, evaluating
from seq2seq_lesson.vocabulary import UNK, Vocabulary


def needs(
    model: Seq2Seq,
    pair: SentencePair,
    src_vocabulary: Vocabulary,
    tgt_vocabulary: Vocabulary,
) -> Tensor:
    """What each target word loses in log-probability when a source word is hidden.

    One source word at a time is replaced by UNK, so the sentence stays as long as it
    was and every other word stays in its place. The target is the pair's own; EOS takes
    no part. In evaluation mode, whatever mode the model is in before and after.

    Shapes
        return: (tgt_words, src_words) float, in nats, on the CPU; above 0 where the
                word becomes less likely
    Source
        Li, Monroe and Jurafsky, arXiv:1612.08220 (erasure); UNK in place of the word
        is ours
    """
    ((source, target),) = encode_pairs([pair], src_vocabulary, tgt_vocabulary)
    words = range(len(source) - 1)
    hidden = [[*source[:n], UNK, *source[n + 1 :]] for n in words]
    batch = collate([(ids, target) for ids in [source, *hidden]])
    batch = batch.to(next(model.parameters()).device)
    with evaluating(model):
        log_probs = model(batch).log_softmax(dim=-1)  # (readings, tgt_len, tgt_vocab)
    true = batch.tgt_out.unsqueeze(-1)  # (readings, tgt_len, 1)
    chosen = log_probs.gather(-1, true).squeeze(-1).cpu()  # (readings, tgt_len)
    losses = chosen[0] - chosen[1:]  # (src_words, tgt_len)
    return losses.T[:-1]  # (tgt_words, src_words)
