"""Models that only the study of reversal and notebook 06 need.

First article B's own, kept as they were: the words are ours, the behaviour is theirs,
and each flaw is named.
"""

from __future__ import annotations

import torch
from rapidfuzz.distance import Levenshtein
from torch import Tensor, nn

from seq2seq_lesson.attention import SCORES, AdditiveScore, Attention, masked_softmax
from seq2seq_lesson.batches import Batch, mask_from_lengths
from seq2seq_lesson.decoder import AttendAfter, AttendBefore, Decoded, PlainDecoder
from seq2seq_lesson.encoder import Encoder
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq
from seq2seq_lesson.vocabulary import PAD, SOS, SPECIALS

STACK = 8  # numbers in one place of a stack


class ReversalPlainDecoder(nn.Module):
    """Article B's decoder without attention: one step a call, for a batch.

    Shapes
        word_ids:  (batch,) long
        dec_state: (batch, hid) float, before the step and, returned, after it
        logits:    (batch, tgt_vocab) float, unbounded
    """

    def __init__(self, tgt_vocab: int, hid: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(tgt_vocab, hid, padding_idx=PAD)
        self.rnn = nn.GRU(hid, hid, batch_first=True)
        self.output = nn.Linear(hid, tgt_vocab)

    def forward(self, word_ids: Tensor, dec_state: Tensor) -> tuple[Tensor, Tensor]:
        embedded = self.embedding(word_ids).unsqueeze(1)  # (batch, 1, hid)
        first = dec_state.unsqueeze(0)  # (1, batch, hid)
        output, last = self.rnn(embedded, first)  # (batch, 1, hid), (1, batch, hid)
        return self.output(output.squeeze(1)), last.squeeze(0)


def published_reversal_loop(
    decoder: ReversalPlainDecoder,
    enc_state: Tensor,
    tgt_out: Tensor,
    *,
    carry_state: bool = False,
) -> Tensor:
    """Article B's loop over the target: fed the truth in training, else its own words.

    Flaw: the new state is given a name that nobody reads. So each step starts from the
    encoder's state again, and all it knows of what was written is the last word.
    `carry_state` mends it.

    Shapes
        enc_state: (batch, hid) float, the encoder's last state
        tgt_out:   (batch, tgt_len) long, EOS last, then PAD
        return:    (batch, tgt_len, tgt_vocab) float, unbounded
    Source
        github.com/b-etienne/Seq2seq-PyTorch, models/seq2seq.py
    """
    dec_state = enc_state
    word_ids = torch.full_like(tgt_out[:, 0], SOS)  # (batch,)
    steps = []
    for true_ids in tgt_out.unbind(dim=1):
        logits, new_state = decoder(word_ids, dec_state)
        if carry_state:
            dec_state = new_state  # (batch, hid)
        word_ids = true_ids if decoder.training else logits.argmax(dim=-1)  # (batch,)
        steps.append(logits)
    return torch.stack(steps, dim=1)  # (batch, tgt_len, tgt_vocab)


def published_accuracy(logits: Tensor, tgt_out: Tensor) -> float:
    """Article B's measure, 0 to 1: one edit distance over a whole batch, padding too.

    Flaws: what is written behind a target's end is wiped out before it is compared, so
    padding is always right and nobody needs to know where to stop; rows are glued
    together, so a letter may be matched with the next row's. (The code prints the
    error rate and calls it accuracy; here it is what is not wrong.)

    Shapes
        logits:  (batch, tgt_len, tgt_vocab) float
        tgt_out: (batch, tgt_len) long, EOS last, then PAD
    Source
        github.com/b-etienne/Seq2seq-PyTorch, training.py
    """
    written = logits.argmax(dim=-1)  # (batch, tgt_len)
    written = written.masked_fill(tgt_out == PAD, PAD)  # (batch, tgt_len)
    wrong = Levenshtein.distance(written.flatten().tolist(), tgt_out.flatten().tolist())
    return 1 - wrong / tgt_out.numel()


class Published(nn.Module):
    """Article B's encoder, its decoder without attention, and its loop.

    In training all steps are done in one call: a state that is carried is what the GRU
    carries by itself, and one that is dropped makes the steps independent.

    Args
        carry_state: mend the loop
        one_hot:     read letters as one-hot vectors and no EOS, as the article does;
                     False: through an embedding, EOS last, as the rest of this lesson
        xavier:      draw the first weights as the article does, biases 0; False: as
                     PyTorch draws them
    Shapes
        return: (batch, tgt_len, tgt_vocab) float, unbounded
    Source
        the code of article B: models/, main.py; that one call equals its loop is
        proved in notebook 06
    """

    def __init__(
        self,
        vocab: int,
        hid: int,
        carry_state: bool,
        *,
        one_hot: bool = True,
        xavier: bool = True,
    ) -> None:
        super().__init__()
        self.encoder = Encoder(vocab, vocab - len(SPECIALS) if one_hot else hid, hid)
        self.decoder = ReversalPlainDecoder(vocab, hid)
        self.carry_state, self.one_hot = carry_state, one_hot
        if xavier:
            for name, weight in self.named_parameters():
                if "bias" in name:
                    nn.init.zeros_(weight)
                else:
                    nn.init.xavier_normal_(weight)
        if one_hot:
            letters = torch.eye(vocab)[:, len(SPECIALS) :]  # (vocab, letters)
            self.encoder.embedding.weight = nn.Parameter(letters, requires_grad=False)

    def forward(self, batch: Batch) -> Tensor:
        src_lengths = batch.src_lengths - int(self.one_hot)  # (batch,); EOS or not
        src_ids = batch.src_ids[:, : int(src_lengths.max())]  # (batch, src_len)
        _, h_n = self.encoder(src_ids, src_lengths)
        return self.decode(h_n[-1], batch.tgt_out)  # (batch, tgt_len, tgt_vocab)

    def decode(self, enc_state: Tensor, tgt_out: Tensor) -> Tensor:
        if not self.training:
            return published_reversal_loop(
                self.decoder, enc_state, tgt_out, carry_state=self.carry_state
            )  # (batch, tgt_len, tgt_vocab)
        first = torch.full_like(tgt_out[:, :1], SOS)  # (batch, 1)
        tgt_in = torch.cat([first, tgt_out[:, :-1]], dim=1)  # (batch, tgt_len)
        tgt_emb = self.decoder.embedding(tgt_in)  # (batch, tgt_len, hid)
        start = enc_state.unsqueeze(0)  # (1, batch, hid)
        if self.carry_state:
            states, _ = self.decoder.rnn(tgt_emb, start)
        else:  # every step a row of its own
            alone = tgt_emb.flatten(0, 1).unsqueeze(1)  # (batch*tgt_len, 1, hid)
            again = start.repeat_interleave(
                tgt_out.shape[1], dim=1
            )  # (1, batch*tgt_len, hid)
            out, _ = self.decoder.rnn(alone, again)
            states = out.view_as(tgt_emb)  # (batch, tgt_len, hid)
        return self.decoder.output(states)  # (batch, tgt_len, tgt_vocab)


class DropsItsState(PlainDecoder):
    """The package's decoder with the published flaw: each step starts anew.

    Source
        the code of article B
    """

    def forward(
        self, tgt_in: Tensor, dec_state: Tensor, enc_states: Tensor, src_mask: Tensor
    ) -> Decoded:
        again = dec_state.repeat_interleave(tgt_in.shape[1], dim=0)  # (rows, hid)
        alone = tgt_in.reshape(-1, 1)  # (rows, 1)
        rows, _, _ = super().forward(alone, again, enc_states, src_mask)
        logits = rows.view(*tgt_in.shape, -1)  # (batch, tgt_len, tgt_vocab)
        return logits, dec_state, None


class GivenScores(Attention):
    """Attention whose decoder scores the words itself, out of more than the states.

    So its weights can be changed like those of any other attention.

    Shapes
        scores:     (batch, tgt_len, src_len) float, unbounded
        the others: as of `Attention`
    """

    def forward(
        self, scores: Tensor, enc_states: Tensor, src_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        weights = masked_softmax(scores, src_mask)  # (batch, tgt_len, src_len)
        context = weights @ enc_states  # (batch, tgt_len, enc)
        return context, weights


class LocationAware(AttendBefore):
    """The additive score, which also sees where the decoder looked one step before.

    `dec_state` must carry more: behind the state come the last weights. Before the
    first step, when there are none, the last real token stands for the last look.

    Shapes
        dec_state: (batch, hid) at first, then (batch, hid + src_len) float
    Source
        Chorowski et al. 2015, arXiv:1506.07503, eq. (8) and (9); the first look is ours
    """

    def __init__(
        self, vocab: int, emb: int, enc: int, hid: int, att: int, filters: int = 8
    ) -> None:
        attention = GivenScores("additive", hid, enc, att, max_len=1)
        super().__init__(vocab, emb, enc, hid, attention, tied=True, dropout=0.0)
        self.conv = nn.Conv1d(1, filters, kernel_size=5, padding=2, bias=False)
        self.U = nn.Linear(filters, att, bias=False)

    def forward(
        self, tgt_in: Tensor, dec_state: Tensor, enc_states: Tensor, src_mask: Tensor
    ) -> Decoded:
        hid = self.cell.hidden_size
        dec_state, looked = dec_state[:, :hid], dec_state[:, hid:]
        if not looked.shape[1]:
            after = src_mask.cumsum(1) - src_mask.sum(1, keepdim=True)
            looked = (src_mask & (after == 0)).float()  # (batch, src_len)
        keys_proj = self.additive.W_k(enc_states)  # (batch, src_len, att)
        contexts, states, looks = [], [], []
        for word_emb in self.read(tgt_in).unbind(dim=1):
            scores = self.scores(dec_state, keys_proj, looked)  # (batch, 1, src_len)
            context, weights = self.attention(
                scores, enc_states, src_mask
            )  # (batch, 1, enc), (batch, 1, src_len)
            found = context.squeeze(1)  # (batch, enc)
            cell_in = torch.cat([word_emb, found], dim=-1)  # (batch, emb + enc)
            dec_state = self.cell(cell_in, dec_state)  # (batch, hid)
            looked = weights.squeeze(1)  # (batch, src_len)
            contexts.append(found)
            states.append(dec_state)
            looks.append(looked)
        context = torch.stack(contexts, dim=1)  # (batch, tgt_len, enc)
        features = torch.cat(
            [context, torch.stack(states, dim=1)], dim=-1
        )  # (batch, tgt_len, enc + hid)
        logits = self.write(features)  # (batch, tgt_len, tgt_vocab)
        carried = torch.cat([dec_state, looked], dim=-1)  # (batch, hid + src_len)
        return logits, carried, torch.stack(looks, dim=1)

    @property
    def additive(self) -> AdditiveScore:
        """The score's matrices, where every attention keeps them."""
        score = self.attention.score
        assert isinstance(score, AdditiveScore)
        return score

    def scores(self, dec_state: Tensor, keys_proj: Tensor, looked: Tensor) -> Tensor:
        """v · tanh(W_q s + W_k h + U f), f = what the filters find around a place."""
        query_proj = self.additive.W_q(dec_state).unsqueeze(1)  # (batch, 1, att)
        found = self.conv(looked.unsqueeze(1))  # (batch, filters, src_len)
        look_proj = self.U(found.transpose(1, 2))  # (batch, src_len, att)
        features = torch.tanh(query_proj + keys_proj + look_proj)
        return self.additive.v(features).transpose(1, 2)  # (batch, 1, src_len)


class RelativePosition(AttendAfter):
    """A score that is a learned number for the place, relative to the step.

    It stands alone, or is added to the general score. Places are counted from the end
    of the source, steps from the start of the target; so `dec_state` must carry one
    number more, how many steps are done.

    Shapes
        dec_state: (batch, hid) at first, then (batch, hid + 1) float
    Source
        the bias of T5, Raffel et al., arXiv:1910.10683, sec. 2.1; beyond `reach` all
        places share one number, as there
    """

    reach = 4

    def sharpen(self, number: float = 30.0) -> None:
        """Set the right place's bias, offset 0, by hand; leave all else as it is."""
        with torch.no_grad():
            self.bias[self.reach] = number

    def __init__(self, vocab: int, emb: int, enc: int, hid: int, content: bool) -> None:
        attention = GivenScores("general", hid, enc, 1, max_len=1)
        super().__init__(vocab, emb, enc, hid, attention, tied=True, dropout=0.0)
        self.content = content
        self.bias = nn.Parameter(torch.zeros(2 * self.reach + 1))

    def forward(
        self, tgt_in: Tensor, dec_state: Tensor, enc_states: Tensor, src_mask: Tensor
    ) -> Decoded:
        hid, tgt_len = self.rnn.hidden_size, tgt_in.shape[1]
        done = 0 if dec_state.shape[1] == hid else int(dec_state[0, hid])
        start = dec_state[:, :hid].unsqueeze(0).contiguous()  # (1, batch, hid)
        states, h_n = self.rnn(self.read(tgt_in), start)
        steps = done + torch.arange(tgt_len, device=tgt_in.device)  # (tgt_len)
        from_end = src_mask.flip(1).cumsum(1).flip(1) - 2  # (batch, src_len)
        apart = from_end.unsqueeze(1) - steps.view(1, -1, 1)
        near = apart.clamp(-self.reach, self.reach) + self.reach
        scores = self.bias[near]  # (batch, tgt_len, src_len)
        if self.content:
            scores = scores + self.attention.score(states, enc_states)
        context, weights = self.attention(
            scores, enc_states, src_mask
        )  # (batch, tgt_len, enc), (batch, tgt_len, src_len)
        features = torch.cat([context, states], dim=-1)
        logits = self.write(features)  # (batch, tgt_len, tgt_vocab)
        count = torch.full_like(h_n[0, :, :1], done + tgt_len)  # (batch, 1)
        return logits, torch.cat([h_n[0], count], dim=-1), weights


def rival(kind: str, hid: int = 64) -> Seq2Seq:
    """One direction, and with attention a smaller state: as many parameters."""
    order, hid = ("after", 54) if kind == "attention" else ("none", hid)
    config = ModelConfig(
        src_vocab=8,
        tgt_vocab=8,
        emb=32,
        enc_hid=max(hid, 64),
        hid=hid,
        bidirectional=False,
        order=order,
        dropout=0.0,
    )
    model = Seq2Seq(config)
    if kind == "state dropped":
        model.decoder = DropsItsState(8, 32, hid, tied=True, dropout=0.0)
    return model


class StackCell(nn.Module):
    """A GRU's step beside a stack that it pushes to, pops from, or leaves alone.

    Each by a share: `actions` are a softmax, so the stack is a mean of the three.

    Shapes
        word_emb:  (batch, emb) float
        dec_state: (batch, hid) float, before the step and, returned, after it
        stack:     (batch, depth, width) float, its top first
    Source
        Joulin and Mikolov 2015, arXiv:1503.01007, eq. (3) to (6), with a GRU
    """

    def __init__(self, emb: int, hid: int, width: int) -> None:
        super().__init__()
        self.cell = nn.GRUCell(emb + width, hid)
        self.actions = nn.Linear(hid, 3)
        self.value = nn.Linear(hid, width)

    def forward(
        self, word_emb: Tensor, dec_state: Tensor, stack: Tensor
    ) -> tuple[Tensor, Tensor]:
        cell_in = torch.cat([word_emb, stack[:, 0]], dim=-1)  # (batch, emb + width)
        dec_state = self.cell(cell_in, dec_state)  # (batch, hid)
        shares = self.actions(dec_state).softmax(-1)  # (batch, 3)
        push, pop, stay = shares[:, :, None, None].unbind(1)
        value = torch.tanh(self.value(dec_state)).unsqueeze(1)  # (batch, 1, width)
        pushed = torch.cat([value, stack[:, :-1]], dim=1)  # (batch, depth, width)
        popped = nn.functional.pad(stack[:, 1:], (0, 0, 0, 1))  # (batch, depth, width)
        return dec_state, push * pushed + pop * popped + stay * stack


class StackEncoder(Encoder):
    """Reads letter by letter with a stack, and hands that on as `enc_states`.

    Shapes
        enc_states: (batch, src_len, enc) float, the stack, its top first
        h_n:        (1, batch, hid) float
    """

    def __init__(self, vocab: int, emb: int, hid: int, width: int) -> None:
        super().__init__(vocab, emb, hid)
        self.step, self.enc = StackCell(emb, hid, width), width
        del self.rnn

    def forward(self, src_ids: Tensor, src_lengths: Tensor) -> tuple[Tensor, Tensor]:
        src_emb = self.embedding(src_ids)  # (batch, src_len, emb)
        rows, src_len, _ = src_emb.shape
        state = src_emb.new_zeros(rows, self.step.cell.hidden_size)  # (rows, hid)
        stack = src_emb.new_zeros(rows, src_len, self.enc)  # (rows, src_len, width)
        real = mask_from_lengths(src_lengths, src_len, src_ids.device)
        for word_emb, is_real in zip(src_emb.unbind(1), real.unbind(1), strict=True):
            new_state, new_stack = self.step(word_emb, state, stack)
            state = torch.where(is_real[:, None], new_state, state)  # (rows, hid)
            stack = torch.where(is_real[:, None, None], new_stack, stack)
        return stack, state.unsqueeze(0)


class StackDecoder(PlainDecoder):
    """Writes what lies on top of a stack and what its state says, then moves the stack.

    `dec_state` must carry more: behind the state comes the stack, flat.

    Shapes
        dec_state:  (batch, hid) at first, then (batch, hid + src_len*width) float
        enc_states: (batch, src_len, width) float, the stack as the encoder left it
    """

    def __init__(self, vocab: int, emb: int, hid: int, width: int) -> None:
        super().__init__(vocab, emb, hid, tied=True, dropout=0.0)
        self.combine = nn.Linear(hid + width, emb)
        self.step = StackCell(emb, hid, width)
        del self.rnn

    def forward(
        self, tgt_in: Tensor, dec_state: Tensor, enc_states: Tensor, src_mask: Tensor
    ) -> Decoded:
        hid, stack = self.step.cell.hidden_size, enc_states
        if dec_state.shape[1] > hid:
            stack = dec_state[:, hid:].view_as(enc_states)
        dec_state, features = dec_state[:, :hid], []
        for word_emb in self.read(tgt_in).unbind(dim=1):
            top = stack[:, 0]  # (batch, width)
            dec_state, stack = self.step(word_emb, dec_state, stack)
            features.append(torch.cat([top, dec_state], dim=-1))
        logits = self.write(torch.stack(features, dim=1))  # (batch, tgt_len, tgt_vocab)
        return logits, torch.cat([dec_state, stack.flatten(1)], dim=-1), None


class ReadsBackwards(Encoder):
    """An encoder that reads from the last token to the first, and that way alone.

    Shapes
        enc_states: (batch, src_len, enc) float, each at its token's place, of which it
                    knows what stands there and to the right of it
        h_n:        (1, batch, enc_hid) float, what is known after the first token
    """

    def forward(self, src_ids: Tensor, src_lengths: Tensor) -> tuple[Tensor, Tensor]:
        places = torch.arange(src_ids.shape[1], device=src_ids.device)  # (src_len)
        ends = src_lengths.to(src_ids.device).unsqueeze(1)  # (batch, 1)
        # real tokens change places from end to end; padding keeps its own
        turned = torch.where(places < ends, ends - 1 - places, places)
        states, h_n = super().forward(src_ids.gather(1, turned), src_lengths)
        back = turned.unsqueeze(-1).expand_as(states)  # (batch, src_len, enc)
        return states.gather(1, back), h_n


def attending(
    order: str,
    score: str,
    reads: str = "both ways",
    std: tuple[float, float] = (0.3, 0.3),
    max_len: int = 48,
) -> Seq2Seq:
    """A small model of the study of reversal.

    Args
        reads: "both ways", "forwards" or "backwards", with as many numbers in a state
        std:   of the first vectors of the letters read, of those written; the second
               are the output layer's too
    """
    config = ModelConfig(
        src_vocab=8,
        tgt_vocab=8,
        emb=32,
        enc_hid=32 if reads == "both ways" else 64,
        hid=64,
        att=32,
        order=order,
        score=score if score in SCORES else "additive",
        bidirectional=reads == "both ways",
        dropout=0.0,
        max_len=max_len,
    )
    model = Seq2Seq(config)
    if score == "location":
        model.decoder = LocationAware(8, 32, model.encoder.enc, 64, 32)
    if "relative" in score:
        content = score == "content, relative"
        model.decoder = RelativePosition(8, 32, model.encoder.enc, 64, content)
    if score == "stack":
        model.encoder = StackEncoder(8, 32, model.encoder.enc, STACK)
        model.decoder = StackDecoder(8, 32, 64, STACK)
    nn.init.normal_(model.encoder.embedding.weight, std=std[0])
    nn.init.normal_(model.decoder.embedding.weight, std=std[1])
    if reads == "backwards":
        reader = ReadsBackwards(8, 32, 64)
        reader.load_state_dict(model.encoder.state_dict())
        model.encoder = reader
    return model
