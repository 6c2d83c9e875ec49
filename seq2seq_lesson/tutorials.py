"""Article A's own models, kept as they were: to be taken apart and beaten.

It dissects the PyTorch translation tutorial, one word a call. The words are ours, the
behaviour is theirs, and each flaw is named. (Article B's are in `studies`.)
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer

from seq2seq_lesson.vocabulary import EOS, SOS


class TutorialEncoder(nn.Module):
    """Article A's encoder: one word a call.

    Flaw: a loop in Python does what one call of the GRU does in one go.

    Shapes
        word_id:    () or (1,) long
        enc_state:  (1, 1, hid) float, before the word and, returned, after it
        output:     (1, 1, hid) float, the same numbers as the returned state
    """

    def __init__(self, src_vocab: int, hid: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(src_vocab, hid)
        self.gru = nn.GRU(hid, hid)

    def first_state(self) -> Tensor:
        weight = self.embedding.weight  # (src_vocab, hid)
        return weight.new_zeros(1, 1, self.gru.hidden_size)  # (1, 1, hid)

    def forward(self, word_id: Tensor, enc_state: Tensor) -> tuple[Tensor, Tensor]:
        embedded = self.embedding(word_id).view(1, 1, -1)  # (1, 1, hid)
        output, enc_state = self.gru(embedded, enc_state)  # (1, 1, hid), (1, 1, hid)
        return output, enc_state


class TutorialDecoder(nn.Module):
    """Article A's decoder: one word a call, attention before the cell.

    Flaws: the scores come from the word and the state and never look at `enc_states`,
    so a weight belongs to a position, whatever stands there; the positions behind the
    sentence get weights like the others; beyond `max_length` nothing can be read.

    Shapes
        word_id:    () or (1,) or (1, 1) long
        dec_state:  (1, 1, hid) float, before the word and, returned, after it
        enc_states: (max_length, hid) float, 0 behind the sentence
        log_probs:  (1, tgt_vocab) float, up to 0
        weights:    (1, max_length) float, the row sums to 1
    """

    def __init__(
        self, hid: int, tgt_vocab: int, max_length: int = 10, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.max_length = max_length
        self.embedding = nn.Embedding(tgt_vocab, hid)
        self.attn = nn.Linear(2 * hid, max_length)
        self.combine = nn.Linear(2 * hid, hid)
        self.dropout = nn.Dropout(dropout)
        self.gru = nn.GRU(hid, hid)
        self.out = nn.Linear(hid, tgt_vocab)

    def forward(
        self, word_id: Tensor, dec_state: Tensor, enc_states: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        embedded = self.embedding(word_id).view(1, 1, -1)  # (1, 1, hid)
        word = self.dropout(embedded)[0]  # (1, hid)
        scores = self.attn(torch.cat([word, dec_state[0]], dim=1))  # (1, max_length)
        weights = F.softmax(scores, dim=1)  # (1, max_length)
        values = enc_states.unsqueeze(0)  # (1, max_length, hid)
        context = torch.bmm(weights.unsqueeze(0), values)  # (1, 1, hid)
        combined = self.combine(torch.cat([word, context[0]], dim=1))  # (1, hid)
        cell_in = F.relu(combined).unsqueeze(0)  # (1, 1, hid)
        output, dec_state = self.gru(cell_in, dec_state)  # (1, 1, hid), (1, 1, hid)
        log_probs = F.log_softmax(self.out(output[0]), dim=1)  # (1, tgt_vocab)
        return log_probs, dec_state, weights


def tutorial_step(
    src_ids: Tensor,
    tgt_ids: Tensor,
    encoder: TutorialEncoder,
    decoder: TutorialDecoder,
    encoder_optimizer: Optimizer,
    decoder_optimizer: Optimizer,
    teacher_forcing: bool,
) -> float:
    """Train on one sentence pair, word by word, as article A does.

    Flaws: one sentence a step. Without teacher forcing the loss stops at the model's
    own first EOS, yet is divided by the whole length: giving up early looks cheap.

    The article flips a fair coin for `teacher_forcing`. Return nats per target token.

    Shapes
        src_ids: (src_len,) long, EOS last, at most decoder.max_length of them
        tgt_ids: (tgt_len,) long, EOS last
    """
    encoder_optimizer.zero_grad()
    decoder_optimizer.zero_grad()
    state = encoder.first_state()  # (1, 1, hid)
    sizes = decoder.max_length, state.shape[-1]
    enc_states = state.new_zeros(sizes)  # (max_length, hid)
    for position, word_id in enumerate(src_ids):
        output, state = encoder(word_id, state)  # (1, 1, hid), (1, 1, hid)
        enc_states[position] = output[0, 0]
    word_id = torch.full_like(tgt_ids[0], SOS)  # ()
    loss = torch.zeros_like(state[0, 0, 0])  # ()
    for true_id in tgt_ids:
        log_probs, state, _ = decoder(word_id, state, enc_states)
        loss = loss + F.nll_loss(log_probs, true_id.view(1))  # ()
        word_id = true_id if teacher_forcing else log_probs.argmax()  # ()
        if not teacher_forcing and word_id == EOS:
            break
    loss.backward()
    encoder_optimizer.step()
    decoder_optimizer.step()
    return loss.item() / len(tgt_ids)
