"""Each stage of notebook 07: stub, solution, wrong answers' hints, unusual right ones;
what is kept and brought back; learner's parts and ours in any mixture."""

import random
from types import MethodType

import nbformat
import pytest
import torch
from torch import nn

from seq2seq_lesson.exercises import notebook_07, workbench
from seq2seq_lesson.reversal import draw_strings
from seq2seq_lesson.seq2seq import ModelConfig, Seq2Seq
from tests import exercise_cells
from tools.exercise_cells import answer, book, numbers, parted, source, tags

STAGES = [*notebook_07.CHECKS]
NAMES = "Letters make_batch Encoder Attention Decoder sequence_loss train greedy"
NAMES = dict(zip(STAGES, NAMES.split(), strict=True))


def solved(number: str) -> str:
    return answer(source(number, "solution"))


def changed(number: str, *pairs: tuple[str, str]) -> str:
    """The solution with some of its text replaced."""
    text = solved(number)
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text


def batch_with(old: str, new: str) -> str:
    return changed("07-2", (old, new))


LOSS = "def sequence_loss(logits, tgt_out):\n    "
NATS = f'{LOSS}nats = F.cross_entropy(logits.mT, tgt_out, reduction="none")\n    '
RETURN_LOGITS = "return logits, h_n.squeeze(0), weights"
ATTEND = "context, weights = self.attention(states, enc_states, src_mask)"
STATES = "states, h_n = self.rnn(tgt_emb, dec_state.unsqueeze(0))"
MASKED = 'scores = scores.masked_fill(~src_mask.unsqueeze(1), float("-inf"))'
WRONG = {
    "07-1": {
        "the first letter has 4, not 0": changed("07-1", ("start=4", "start=0")),
        "the first letter has 4, not 1": changed("07-1", ("start=4", "start=1")),
        "the first letter has 4, not 3": changed("07-1", ("start=4", "start=3")),
        "learns to stop": changed("07-1", ("string), EOS]", "string)]")),
        "no part of `encode`": changed("07-1", ("return [*", "return [SOS, *")),
        "it is not left out": changed(
            "07-1",
            (
                "self.ids.get(letter, UNK) for letter in string",
                "self.ids[a] for a in string if a in self.ids",
            ),
        ),
        "`dict.get` takes": changed(
            "07-1", ("self.ids.get(letter, UNK)", "self.ids[letter]")
        ),
        "do not sort": changed("07-1", ("(letters, start", "(sorted(letters), start")),
        "never meant": changed("07-1", ("break", "continue")),
        "it is no letter": changed(
            "07-1", ("return string", "return string + '<eos>' * (EOS in ids)")
        ),
        "one string is wanted": changed("07-1", ("return string", "return [*string]")),
        "raises then": changed("07-1", ("in ids:", "in ids[: ids.index(EOS)]:")),
        "from the end below 4": changed(
            "07-1", ('self.letters.get(n, "")', "[*self.ids][n - 4]")
        ),
        "without a sign": changed("07-1", ('get(n, "")', 'get(n, "?")')),
        "without their names": changed(
            "07-1",
            ("self.letters = {", 'self.letters = {0: "<pad>", 1: "<sos>", 3: "<unk>"}'),
            ("n: letter", "\n        self.letters |= {n: letter"),
        ),
        "gives nothing for them": changed("07-1", ('.get(n, "")', "[n]")),
        "wanted a list of whole numbers": changed(
            "07-1", ("return [*(", "return (*("), ("string), EOS]", "string), EOS)")
        ),
        "fill in `decode`": changed("07-1", ("return string", "string")),
    },
    "07-2": {
        "the other way round": batch_with("src_ids != PAD", "src_ids == PAD"),
        "True at padding, too": batch_with("src_ids != PAD", "src_ids >= PAD"),
        "a comparison such as": batch_with("src_ids != PAD", "(src_ids != PAD).long()"),
        "bool, not float": batch_with("src_ids != PAD", "(src_ids != PAD).float()"),
        "EOS is real, too": batch_with("src_ids != PAD", "src_ids > EOS"),
        "EOS counts in a length": batch_with("len(source) for", "len(source) - 1 for"),
        "not that of the padded row": batch_with(
            "len(source) for", "src_ids.shape[1] for"
        ),
        "make a tensor of the lengths": batch_with(
            "torch.tensor([len(source) for source in sources])  # (batch,)",
            "[len(source) for source in sources]",
        ),
        "one step behind": batch_with("[[SOS, *target[:-1]] for", "[target for"),
        "one id too long": batch_with("*target[:-1]]", "*target]"),
        "begins with the first letter": batch_with(
            "src_ids != PAD, tgt_in, tgt_out", "src_ids != PAD, tgt_in, tgt_in"
        ),
        "not in front": batch_with(
            "row + [PAD] * (longest - len(row))", "[PAD] * (longest - len(row)) + row"
        ),
        "that counts the padding": changed(
            "07-2",
            ("torch.tensor([len(source) for source in sources])", "mask.sum(1)"),
            ("    src_lengths =", "    mask = src_ids == PAD\n    src_lengths ="),
            ("src_ids != PAD", "mask"),
        ),
        "have changed places": batch_with("sources, targets =", "targets, sources ="),
        "wanted a Batch of five": batch_with("return Batch(", "return ("),
    },
    "07-3": {
        "enc_hid numbers a state": changed("07-3", (", bidirectional=True", "")),
        "set batch_first": changed(
            "07-3",
            ("packed_states, batch_first=True", "packed_states"),
            ("emb, enc_hid, batch_first=True", "emb, enc_hid"),
        ),
        "has read padding": """
class Encoder(nn.Module):
    def __init__(self, src_vocab, emb, enc_hid):
        super().__init__()
        self.embedding = nn.Embedding(src_vocab, emb)
        self.rnn = nn.GRU(emb, enc_hid, batch_first=True, bidirectional=True)

    def forward(self, src_ids, src_lengths):
        return self.rnn(self.embedding(src_ids))
""",
        "not all states again": changed(
            "07-3", ("return enc_states, h_n", "return enc_states, enc_states")
        ),
        "wanted 2 results": changed(
            "07-3", ("return enc_states, h_n", "return enc_states")
        ),
        "keeps its axes": changed(
            "07-3",
            ("return enc_states, h_n", "return enc_states, h_n.transpose(0, 1)"),
        ),
        "both directions side by side": changed(
            "07-3",
            ("return enc_states, h_n", "return enc_states, torch.cat([*h_n], 1)"),
        ),
        "forwards at the last letter": changed(
            "07-3", ("return enc_states, h_n", "return enc_states, h_n.flip(0)")
        ),
        "not among its parameters()": changed(
            "07-3",
            ("self.rnn = nn.GRU(", "self.rnn = [nn.GRU("),
            ("bidirectional=True)", "bidirectional=True)]"),
            ("self.rnn(packed)", "self.rnn[0](packed)"),
        ),
        "Module.__init__": changed("07-3", ("super().__init__()", "pass")),
    },
    "07-4": {
        "leaves padding: True": changed("07-4", ("~src_mask", "src_mask")),
        "over the steps": changed(
            "07-4", ("scores.softmax(dim=-1)", "scores.softmax(dim=1)"), (MASKED, "")
        ),
        "fill the scores there": changed(
            "07-4", (MASKED, MASKED.replace("scores = ", ""))
        ),
        "the mask came after": changed(
            "07-4",
            (MASKED, ""),
            (
                "weights = scores.softmax(dim=-1)",
                "weights = scores.softmax(dim=-1) * src_mask.unsqueeze(1)",
            ),
        ),
        "masking weights is too late": changed(
            "07-4",
            (MASKED, ""),
            (
                "weights = scores.softmax(dim=-1)",
                "weights = scores.softmax(dim=-1) * src_mask.unsqueeze(1)\n"
                "        weights = weights / weights.sum(-1, keepdim=True)",
            ),
        ),
        "context first": changed(
            "07-4", ("return context, weights", "return weights, context")
        ),
        "is not the mean of": changed(
            "07-4", ("weights @ enc_states", "scores.softmax(-1) @ enc_states * 2")
        ),
        "these are scores": changed(
            "07-4",
            (MASKED, "scores = scores * src_mask.unsqueeze(1)"),
            ("weights = scores.softmax(dim=-1)", "weights = scores"),
        ),
        "an axis for tgt_len": changed("07-4", (".unsqueeze(1), float", ", float")),
        "get exactly 0": changed("07-4", ('float("-inf")', "-100.0")),
        "turns all of them round": changed("07-4", (".transpose(1, 2)", ".T")),
        "score the states": """
class Attention(nn.Module):
    def __init__(self, hid, enc):
        super().__init__()
        self.W = nn.Linear(hid, 99)

    def forward(self, query, enc_states, src_mask):
        scores = self.W(query)[..., : enc_states.shape[1]]
        scores = scores.masked_fill(~src_mask.unsqueeze(1), -torch.inf)
        weights = scores.softmax(-1)
        return weights @ enc_states, weights
""",
        "a tanh goes around the sum": """
class Attention(nn.Module):
    def __init__(self, hid, enc):
        super().__init__()
        self.W_q, self.W_k = nn.Linear(hid, 9), nn.Linear(enc, 9)
        self.v = nn.Linear(9, 1)

    def forward(self, query, enc_states, src_mask):
        both = self.W_q(query).unsqueeze(2) + self.W_k(enc_states).unsqueeze(1)
        scores = self.v(both).squeeze(-1)
        scores = scores.masked_fill(~src_mask.unsqueeze(1), -torch.inf)
        weights = scores.softmax(-1)
        return weights @ enc_states, weights
""",
        "not among its parameters()": changed(
            "07-4",
            ("self.W(query)", "(query @ self.W[0].T)"),
            (
                "self.W = nn.Linear(hid, enc, bias=False)",
                "self.W = [torch.randn(enc, hid)]",
            ),
        ),
    },
    "07-5": {
        "Take it off": changed("07-5", ("h_n.squeeze(0), w", "h_n, w")),
        "these are probabilities": changed(
            "07-5", ("return logits, h", "return logits.softmax(-1), h")
        ),
        "begins with dec_state": changed(
            "07-5", (STATES, "states, h_n = self.rnn(tgt_emb)")
        ),
        "the context alone": changed(
            "07-5", ("[context, states]", "[context, 0 * states]")
        ),
        "set batch_first": changed("07-5", ("hid, batch_first=True", "hid")),
        "for layers in front of": changed(
            "07-5", ("dec_state.unsqueeze(0)", "dec_state")
        ),
        "EMB, SIZE, the notebook's": changed(
            "07-5", ("nn.Embedding(tgt_vocab, emb)", "nn.Embedding(SIZE, EMB)")
        ),
        "the context changes nothing": changed(
            "07-5", ("[context, states]", "[0 * context, states]")
        ),
        "it never looks": changed(
            "07-5",
            (
                ATTEND,
                "weights = torch.ones(*tgt_in.shape, src_mask.shape[1])\n"
                "        context = weights @ enc_states",
            ),
        ),
        "as it is": changed("07-5", (ATTEND, ATTEND.replace("src_mask", "~src_mask"))),
        "must be the one after": changed(
            "07-5", (RETURN_LOGITS, "return logits, dec_state, weights")
        ),
        "sees letters that come after": changed(
            "07-5", (STATES, STATES.replace("tgt_emb,", "tgt_emb.flip(1),"))
        ),
        "is forgotten at the second": """
class Decoder(nn.Module):
    def __init__(self, tgt_vocab, emb, enc, hid, attention):
        super().__init__()
        self.embedding = nn.Embedding(tgt_vocab, emb)
        self.cell = nn.GRUCell(emb, hid)
        self.attention = attention
        self.output = nn.Linear(enc + hid, tgt_vocab)

    def forward(self, tgt_in, dec_state, enc_states, src_mask):
        steps = []
        for vector in self.embedding(tgt_in).unbind(1):
            state = self.cell(vector, dec_state)
            steps.append(state)
        states = torch.stack(steps, 1)
        context, weights = self.attention(states, enc_states, src_mask)
        logits = self.output(torch.cat([context, states], -1))
        return logits, state, weights
""",
        "in the last axis: `dim=-1`": changed(
            "07-5", ("[context, states], dim=-1", "[context, states], dim=1")
        ),
        "embed tgt_in": changed("07-5", ("(tgt_in)", "(0 * tgt_in)")),
        "wanted 3 results": changed("07-5", (RETURN_LOGITS, "return logits")),
        "not among its parameters()": changed(
            "07-5",
            (
                "self.output = nn.Linear(enc + hid, tgt_vocab)",
                "self.output = [nn.Linear(enc + hid, tgt_vocab)]",
            ),
            ("self.output(", "self.output[0]("),
            (
                "self.rnn = nn.GRU(emb, hid, batch_first=True)",
                "self.rnn = [nn.GRU(emb, hid, batch_first=True)]",
            ),
            ("self.rnn(", "self.rnn[0]("),
            (
                "self.embedding = nn.Embedding(tgt_vocab, emb)",
                "self.embedding = [nn.Embedding(tgt_vocab, emb)]",
            ),
            ("self.embedding(", "self.embedding[0]("),
        ),
    },
    "07-6": {
        "EOS is left out": changed("07-6", ("ignore_index=PAD", "ignore_index=EOS")),
        "padding counts": f"{NATS}return nats.mean()",
        "counted in what you divide by": (
            f"{NATS}return nats[tgt_out != PAD].sum() / nats.numel()"
        ),
        "that is the sum: the mean": f"{NATS}return nats[tgt_out != PAD].sum()",
        "the number of strings": f"{NATS}return nats[tgt_out != PAD].sum() / len(nats)",
        "the steps' means": (
            f"{NATS}mask = tgt_out != PAD"
            "\n    return ((nats * mask).sum(0) / mask.sum(0)).mean()"
        ),
        "the strings' means": (
            f"{NATS}mask = tgt_out != PAD"
            "\n    return ((nats * mask).sum(1) / mask.sum(1)).mean()"
        ),
        "takes the softmax itself": changed(
            "07-6", ("flatten(0, 1)", "flatten(0, 1).softmax(-1)")
        ),
        "log_softmax first": changed("07-6", ("F.cross_entropy", "F.nll_loss")),
        "a probability in the place": (
            f"{LOSS}rows = logits.softmax(-1).flatten(0, 1)"
            "\n    return F.nll_loss(rows, tgt_out.flatten(), ignore_index=PAD)"
        ),
        "the letters are the last": (
            f"{LOSS}logs = logits.softmax(1).log().flatten(0, 1)"
            "\n    return F.nll_loss(logs, tgt_out.flatten(), ignore_index=PAD)"
        ),
        "the sign": changed("07-6", ("return F", "return -F")),
        "nothing leads back": changed("07-6", ("=PAD)", "=PAD).detach()")),
        "does not swap axes": (
            f"{LOSS}turned = logits.reshape(len(logits), logits.shape[2], -1)"
            "\n    return F.cross_entropy(turned, tgt_out, ignore_index=PAD)"
        ),
        "not one for each token": f"{NATS}return nats[tgt_out != PAD]",
        "classes on axis 1": (
            f"{LOSS}return F.cross_entropy(logits, tgt_out, ignore_index=PAD)"
        ),
    },
    "07-7": {
        "gradients of earlier batches": changed("07-7", ("optimizer.zero_grad()", "")),
        "must step": changed("07-7", ("optimizer.step()", "")),
        "there was no gradient": changed(
            "07-7",
            ("loss.backward()", ""),
            ("optimizer.zero_grad()", "loss.backward(); optimizer.zero_grad()"),
        ),
        "comes before": changed(
            "07-7",
            ("        loss.backward()\n", ""),
            ("        optimizer.zero_grad()\n", ""),
            (
                "        optimizer.step()\n",
                "        optimizer.step()\n        optimizer.zero_grad()\n"
                "        loss.backward()\n",
            ),
        ),
        "clip between": changed(
            "07-7", ("nn.utils.clip_grad_norm_(model.parameters(), 1.0)", "")
        ),
        "cut alone": changed("07-7", ("clip_grad_norm_", "clip_grad_value_")),
        "one step ahead": changed("07-7", ("(batches):", "(batches, 1):")),
        "does n grow?": changed("07-7", ("one_cycle(step", "one_cycle(0 * step")),
        "learning rate is the same": changed(
            "07-7", ("one_cycle(step / len(batches))", "1")
        ),
        "only, wanted peak_rate": changed(
            "07-7", ("peak_rate * ", "0.5 * peak_rate * ")
        ),
        "begin low and end low": changed(
            "07-7", ("one_cycle(step / len(batches))", "(1 - step / len(batches))")
        ),
        "keep their graphs": changed("07-7", ("loss.item()", "loss")),
        "is the `return` inside": changed(
            "07-7", ("    return losses", "        return losses")
        ),
        "collect the losses": changed("07-7", ("    return losses", "")),
        "knows nothing of those before": changed(
            "07-7",
            (
                "        for group in",
                "        optimizer = torch.optim.AdamW(model.parameters())\n"
                "        for group in",
            ),
        ),
        "in evaluation mode": changed("07-7", ("    model.train()\n", "")),
    },
    "07-8": {
        "new state on to the next": changed(
            "07-8", ("logits, dec_state, weights =", "logits, _, weights =")
        ),
        "the next to be read": changed(
            "07-8",
            (
                "word = logits.argmax(dim=-1)  # (batch, 1)",
                "likeliest = logits.argmax(-1)",
            ),
            ("(word == EOS)\n        ids", "(likeliest == EOS)\n        ids"),
            ("ids.append(word)", "ids.append(likeliest)"),
        ),
        "the first id to be read is SOS": changed(
            "07-8", (", SOS)", ", EOS)"), ("ended = word == EOS", "ended = word != EOS")
        ),
        "when the first row": changed("07-8", ("ended.all()", "ended.any()")),
        "yours are one more": changed(
            "07-8", ("< max_len", "<= max_len"), (" and not ended.all()", "")
        ),
        "yours are one fewer": changed("07-8", ("< max_len", "< max_len - 1")),
        "padding was looked at": changed("07-8", ("src_ids != PAD", "src_ids >= PAD")),
        "True is a real id": changed("07-8", ("src_ids != PAD", "src_ids == PAD")),
        "not all of them again": changed(
            "07-8",
            (
                "word = logits.argmax(dim=-1)",
                "word = torch.cat([word, logits[:, -1:].argmax(dim=-1)], 1)",
            ),
            ("ended | (word == EOS)", "ended | (word[:, -1:] == EOS)"),
            ("ids.append(word)", "ids.append(word[:, -1:])"),
            ("looks.append(weights)", "looks.append(weights[:, -1:])"),
        ),
        "argmax ran over the steps": changed(
            "07-8", ("dim=-1)  # (batch, 1)", "dim=1)")
        ),
        "keep that axis": changed("07-8", ("argmax(dim=-1)", "argmax(dim=-1)[:, 0]")),
        "the last EOS is missing": changed(
            "07-8",
            (
                "        ids.append(word)",
                "        if ended.all():\n            break\n        ids.append(word)",
            ),
        ),
        "begin with SOS": changed(
            "07-8",
            ("ids, looks = [], []", "ids, looks = [word], []"),
            ("len(ids) <", "len(looks) <"),
        ),
        "least likely": changed("07-8", ("argmax", "argmin")),
        "in training mode": changed("07-8", ("model.eval()", "model.train()")),
        "nothing is learned here": changed("07-8", ("@torch.no_grad()\n", "")),
        "writes without end": changed(
            "07-8", ("while len(ids) < max_len and not ended.all()", "while True")
        ),
        "cat along axis 1": changed(
            "07-8", ("torch.cat(looks, dim=1)", "torch.cat(looks, dim=-1)")
        ),
    },
}
WRONG_TOO = {  # where two things are wrong, and hints that another answer has too
    "your mask has it the other way round": changed(
        "07-2", ("src_ids != PAD", "src_ids == PAD"), ("*target[:-1]]", "*target]")
    ),
    "the softmax runs over the wrong axis": changed(
        "07-4", ("scores.softmax(dim=-1)", "scores.softmax(dim=1)")
    ),
}

RIGHT_TOO = {
    "07-1": [
        """
class Letters:
    def __init__(self, letters):
        self.all = ["<pad>", "<sos>", "<eos>", "<unk>", *letters]

    def encode(self, string):
        ids = [self.all.index(a) if a in self.all else UNK for a in string]
        return ids + [EOS]

    def decode(self, ids):
        text = ""
        for n in ids:
            if n == EOS:
                return text
            text += self.all[n] if n > UNK else ""
        return text
""",
        """
class Letters(str):
    def encode(self, string):
        return [self.find(a) + 4 for a in string] + [EOS]

    def decode(self, ids):
        end = ids.index(EOS) if EOS in ids else len(ids)
        return "".join(self[n - 4] for n in ids[:end] if n >= 4)
""",
        """
class Letters:
    def __init__(self, letters):
        self.letters = letters

    def encode(self, string):
        ids = torch.full((len(string) + 1,), EOS)
        for place, letter in enumerate(string):
            ids[place] = 4 + self.letters.find(letter)
        return ids.tolist()

    def decode(self, ids):
        if not ids or ids[0] == EOS:
            return ""
        first = self.letters[ids[0] - 4] if ids[0] > UNK else ""
        return first + self.decode(ids[1:])
""",
    ],
    "07-2": [
        """
def make_batch(examples):
    sources = [torch.tensor(source) for source, _ in examples]
    targets = [torch.tensor(target) for _, target in examples]
    src_ids, tgt_out = pad_sequence(sources, True), pad_sequence(targets, True)
    start = torch.full((len(examples), 1), SOS)
    tgt_in = torch.cat([start, tgt_out[:, :-1]], 1)  # EOS stays where PAD is wanted
    lengths = torch.tensor([*map(len, sources)])
    return Batch(src_ids, lengths, src_ids.ne(PAD), tgt_in, tgt_out)
""",
        """
def make_batch(examples):
    rows = len(examples)
    src = torch.zeros(rows, max(len(s) for s, _ in examples), dtype=torch.long)
    tgt = torch.zeros(rows, max(len(t) for _, t in examples), dtype=torch.long)
    for n, (s, t) in enumerate(examples):
        src[n, : len(s)], tgt[n, : len(t)] = torch.tensor(s), torch.tensor(t)
    read = tgt.roll(1, 1).masked_fill(tgt == PAD, PAD)
    read[:, 0] = SOS
    return Batch(src, (src != PAD).sum(1), src.bool(), read, tgt)
""",
        """
from itertools import zip_longest

def make_batch(examples):
    def table(rows):
        return torch.tensor([*zip(*zip_longest(*rows, fillvalue=PAD))])
    src = table([s for s, _ in examples])
    lengths = torch.tensor([len(s) for s, _ in examples])
    mask = torch.arange(src.shape[1]) < lengths[:, None]
    return Batch(
        src_ids=src,
        src_lengths=lengths,
        src_mask=mask,
        tgt_out=table([t for _, t in examples]),
        tgt_in=table([[SOS] + t[:-1] for _, t in examples]),
    )
""",
    ],
    "07-3": [
        """
class Encoder(nn.Module):
    def __init__(self, src_vocab, emb, enc_hid):
        super().__init__()
        self.embedding = nn.Embedding(src_vocab, emb)
        self.cells = nn.ModuleList([nn.GRUCell(emb, enc_hid) for _ in range(2)])

    def forward(self, src_ids, src_lengths):
        vectors = self.embedding(src_ids)
        real = (torch.arange(src_ids.shape[1]) < src_lengths[:, None]).unsqueeze(-1)
        found, lasts = [], []
        for cell, turn in zip(self.cells, (1, -1)):
            state, states = vectors.new_zeros(len(src_ids), cell.hidden_size), {}
            for n in range(src_ids.shape[1])[::turn]:
                state = torch.where(real[:, n], cell(vectors[:, n], state), state)
                states[n] = state
            found.append(torch.stack([states[n] for n in sorted(states)], 1))
            lasts.append(state)
        return torch.cat(found, -1), torch.stack(lasts)
""",
        """
class Encoder(nn.Module):
    def __init__(self, src_vocab, emb, enc_hid):
        super().__init__()
        self.embedding = nn.Embedding(src_vocab, emb)
        self.rnn = nn.LSTM(emb, enc_hid, 2, batch_first=True, bidirectional=True)

    def forward(self, src_ids, src_lengths):
        packed = pack_padded_sequence(
            self.embedding(src_ids), src_lengths, True, enforce_sorted=False
        )
        states, (h_n, _) = self.rnn(packed)
        return pad_packed_sequence(states, True)[0], h_n
""",
        """
class Encoder(nn.Module):
    def __init__(self, src_vocab, emb, enc_hid):
        super().__init__()
        self.embedding = nn.Embedding(src_vocab, emb, padding_idx=PAD)
        self.rnn = nn.GRU(emb, enc_hid, bidirectional=True)

    def forward(self, src_ids, src_lengths):
        alone = [
            self.rnn(self.embedding(row[:n]).unsqueeze(1))
            for row, n in zip(src_ids, src_lengths)
        ]
        states = pad_sequence([states[:, 0] for states, _ in alone], True)
        return states, torch.cat([last for _, last in alone], 1)
""",
    ],
    "07-4": [
        """
class Attention(nn.Module):
    def __init__(self, hid, enc):
        super().__init__()
        self.W_q, self.W_k = nn.Linear(hid, 9), nn.Linear(enc, 9)
        self.v = nn.Linear(9, 1)

    def forward(self, query, enc_states, src_mask):
        both = self.W_q(query).unsqueeze(2) + self.W_k(enc_states).unsqueeze(1)
        scores = self.v(torch.tanh(both)).squeeze(-1)
        scores[~src_mask.unsqueeze(1).expand_as(scores)] = -torch.inf
        weights = F.softmax(scores, 2)
        return torch.bmm(weights, enc_states), weights
""",
        """
class Attention(nn.Module):
    def __init__(self, hid, enc):
        super().__init__()
        self.W = nn.Parameter(torch.randn(hid, enc))

    def forward(self, query, enc_states, src_mask):
        scores = torch.einsum("bth,he,bse->bts", query, self.W, enc_states)
        scores = scores / enc_states.shape[-1] ** 0.5
        scores = torch.where(src_mask[:, None], scores, -torch.inf)
        scores = scores - scores.max(-1, keepdim=True).values
        weights = scores.exp() / scores.exp().sum(-1, keepdim=True)
        return torch.einsum("bts,bse->bte", weights, enc_states), weights
""",
        """
class Attention(nn.Module):
    def __init__(self, hid, enc):
        super().__init__()
        self.ask = nn.Linear(hid, enc)

    def forward(self, query, enc_states, src_mask):
        contexts, rows = [], []
        for step in range(query.shape[1]):
            scores = (self.ask(query[:, step]).unsqueeze(1) * enc_states).sum(-1)
            weights = (scores + torch.where(src_mask, 0.0, -torch.inf)).softmax(1)
            rows.append(weights)
            contexts.append((weights.unsqueeze(-1) * enc_states).sum(1))
        return torch.stack(contexts, 1), torch.stack(rows, 1)
""",
    ],
    "07-5": [
        """
class Decoder(nn.Module):
    def __init__(self, tgt_vocab, emb, enc, hid, attention):
        super().__init__()
        self.embedding = nn.Embedding(tgt_vocab, emb)
        self.look, self.cell = attention, nn.GRUCell(emb + enc, hid)
        self.output = nn.Linear(hid, tgt_vocab)

    def forward(self, tgt_in, dec_state, enc_states, src_mask):
        logits, looks = [], []
        for vector in self.embedding(tgt_in).unbind(1):
            context, weights = self.look(dec_state.unsqueeze(1), enc_states, src_mask)
            dec_state = self.cell(torch.cat([vector, context[:, 0]], -1), dec_state)
            logits.append(self.output(dec_state))
            looks.append(weights)
        return torch.stack(logits, 1), dec_state, torch.cat(looks, 1)
""",
        """
class Decoder(nn.Module):
    def __init__(self, tgt_vocab, emb, enc, hid, attention):
        super().__init__()
        self.embedding = nn.Embedding(tgt_vocab, emb)
        self.rnn, self.attention = nn.GRU(emb, hid), attention
        self.combine, self.output = nn.Linear(enc + hid, emb), nn.Linear(emb, tgt_vocab)
        self.output.weight = self.embedding.weight

    def forward(self, tgt_in, dec_state, enc_states, src_mask):
        states, h_n = self.rnn(self.embedding(tgt_in).transpose(0, 1), dec_state[None])
        states = states.transpose(0, 1)
        context, weights = self.attention(states, enc_states, src_mask)
        both = torch.tanh(self.combine(torch.cat([states, context], 2)))
        return self.output(both).log_softmax(-1), h_n[0], weights
""",
        """
class Decoder(nn.Module):
    def __init__(self, tgt_vocab, emb, enc, hid, attention):
        super().__init__()
        self.embedding = nn.Embedding(tgt_vocab, emb)
        self.rnn = nn.RNN(emb, hid, batch_first=True)
        self.attention = attention
        self.from_state = nn.Linear(hid, tgt_vocab)
        self.from_context = nn.Linear(enc, tgt_vocab)

    def forward(self, tgt_in, dec_state, enc_states, src_mask):
        states, _ = self.rnn(self.embedding(tgt_in), dec_state.unsqueeze(0))
        context, weights = self.attention(states, enc_states, src_mask)
        logits = self.from_state(states) + self.from_context(context)
        return [logits, states[:, -1], weights]
""",
    ],
    "07-6": [
        f"{NATS}mask = tgt_out != PAD\n    return (nats * mask).sum() / mask.sum()",
        f"{LOSS}turned = logits.transpose(1, 2)\n"
        "    return F.cross_entropy(turned, tgt_out, ignore_index=PAD)",
        f"""{LOSS}log_probs = logits - logits.logsumexp(-1, keepdim=True)
    chosen = log_probs.gather(-1, tgt_out.unsqueeze(-1)).squeeze(-1)
    return -chosen[tgt_out != PAD].mean()""",
    ],
    "07-7": [
        """
def train(model, batches, loss_of, peak_rate):
    optimizer = torch.optim.Adam(model.parameters(), lr=peak_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, peak_rate, total_steps=len(batches)
    )
    model.train()
    losses = torch.zeros(len(batches))
    for n, batch in enumerate(batches):
        loss = loss_of(model(batch), batch.tgt_out)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses[n] = loss.detach()
    return losses
""",
        """
def train(model, batches, loss_of, peak_rate):
    model.train()
    losses, speed = [], [torch.zeros_like(p) for p in model.parameters()]
    for n, batch in enumerate(batches):
        loss = loss_of(model(batch), batch.tgt_out)
        grads = torch.autograd.grad(loss, [*model.parameters()], allow_unused=True)
        length = sum(g.square().sum() for g in grads if g is not None).sqrt()
        with torch.no_grad():
            for p, v, g in zip(model.parameters(), speed, grads):
                if g is not None:
                    v.mul_(0.9).add_(g / length.clamp(min=1))
                    p -= peak_rate * one_cycle(n / len(batches)) * v
        losses.append(float(loss))
    return losses
""",
        """
def train(model, batches, loss_of, peak_rate):
    model = model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0, momentum=0.9)
    def step(n, batch):
        optimizer.param_groups[0]["lr"] = peak_rate * one_cycle(n / (len(batches) - 1))
        model.zero_grad()
        loss = loss_of(model(batch), batch.tgt_out)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
        return loss.item()
    return [step(n, batch) for n, batch in enumerate(batches)]
""",
    ],
    "07-8": [
        """
def greedy(model, src_ids, src_lengths, max_len):
    model.eval()
    mask = torch.arange(src_ids.shape[1]) < src_lengths[:, None]
    with torch.inference_mode():
        states, state = model.encode(src_ids, src_lengths)
        word, ids, looks = torch.full((len(src_ids), 1), SOS), [], []
        for _ in range(max_len):
            logits, state, weights = model.decoder(word, state, states, mask)
            word = logits.topk(1).indices.squeeze(-1)
            ids += [word]
            looks += [weights]
    return torch.cat(ids, 1), torch.cat(looks, 1)
""",
        """
@torch.no_grad()
def greedy(model, src_ids, src_lengths, max_len):
    model.eval()
    rows, looks = [], []
    for n, length in enumerate(src_lengths.tolist()):
        one = src_ids[n : n + 1, :length]
        states, state = model.encode(one, src_lengths[n : n + 1])
        ids, weights = [SOS], []
        while len(ids) <= max_len and ids[-1] != EOS:
            read = torch.tensor([ids[-1:]])
            logits, state, look = model.decoder(read, state, states, one != PAD)
            ids.append(int(logits.argmax()))
            weights.append(F.pad(look[0, 0], (0, src_ids.shape[1] - length)))
        rows.append(torch.tensor(ids[1:]))
        looks.append(torch.stack(weights))
    return pad_sequence(rows, True), pad_sequence(looks, True)
""",
        """
def greedy(model, src_ids, src_lengths, max_len):
    return Seq2Seq.greedy(model, src_ids, src_lengths, max_len)
""",
    ],
}


def test_every_stage_is_tested():
    assert numbers("07") == list(WRONG) == list(RIGHT_TOO)
    assert min(map(len, WRONG.values())) >= 5
    assert min(map(len, RIGHT_TOO.values())) >= 3
    assert list(notebook_07.OURS) == list(notebook_07.HINTS) == STAGES
    assert {len(hints) for hints in notebook_07.HINTS.values()} == {3}


@pytest.mark.parametrize("number", WRONG)
def test_stub_solution_and_each_mistake_get_their_own_answer(number):
    exercise_cells.behaves(number, WRONG[number])


@pytest.mark.parametrize("phrase", WRONG_TOO)
def test_of_two_mistakes_the_first_has_its_hint(phrase):
    attempt = WRONG_TOO[phrase]
    number = "07-2" if "make_batch" in attempt else "07-4"
    told = exercise_cells.verdict(number, attempt)
    assert phrase in told.message


@pytest.mark.parametrize("number", RIGHT_TOO)
def test_other_right_answers_are_right_too(number):
    for attempt in RIGHT_TOO[number]:
        told = exercise_cells.verdict(number, attempt)
        assert told.points == 1, (attempt, told)


@pytest.mark.parametrize("number", WRONG)
def test_the_solutions_shape_comments_are_true_in_the_checks(number):
    told = exercise_cells.verdict(number, solved(number), checked=True)
    assert told.points == 1, told


def test_the_shape_that_stage_7_promises_is_true_in_its_check():
    text = changed(
        "07-7",
        (
            "loss = loss_of(model(batch), batch.tgt_out)",
            "logits = model(batch)  # (batch, tgt_len, tgt_vocab)\n"
            "        tgt_out = batch.tgt_out  # (batch, tgt_len)\n"
            "        src_ids = batch.src_ids  # (batch, src_len)\n"
            "        loss = loss_of(logits, tgt_out)",
        ),
    )
    told = exercise_cells.verdict("07-7", text, checked=True)
    assert told.points == 1, told


@pytest.mark.parametrize(
    ("number", "true", "false"),
    [
        (
            "07-2",
            "  # (batch, tgt_len)\n    tgt_out",
            "  # (tgt_len, batch)\n    tgt_out",
        ),
        ("07-2", "  # (batch,)", "  # (batch, src_len)"),
        ("07-3", "(batch, src_len, emb)", "(src_len, batch, emb)"),
        ("07-4", "# (batch, tgt_len, enc)", "# (tgt_len, batch, enc)"),
        ("07-5", "(batch, tgt_len, emb)", "(tgt_len, batch, emb)"),
        (
            "07-7",
            "batch.tgt_out)  # ()\n",
            "batch.tgt_out)  # ()\n"
            "        wanted = batch.tgt_out  # (tgt_len, batch)\n",
        ),
        ("07-8", "# (batch, src_len)", "# (src_len, batch)"),
    ],
)
def test_a_false_shape_comment_does_not_pass(number, true, false):
    told = exercise_cells.verdict(number, changed(number, (true, false)), checked=True)
    assert told.points < 1
    assert "ShapeError" in told.message


def test_a_false_comment_before_the_first_call_has_no_hint():
    before = "model.encode(src_ids, src_lengths)"
    text = changed("07-8", (before, f"{before}  # (batch, hid), (batch, enc)"))
    told = exercise_cells.verdict("07-8", text, checked=True)
    assert "ShapeError" in told.message
    assert "never calls" not in told.message


def test_an_error_in_a_cell_is_told_with_its_line(bench):
    wrong = changed("07-4", (".unsqueeze(1), float", ", float"))
    _, told = passing(bench, "attention", wrong)
    assert "In line 10: `scores = scores.masked_fill(~src_mask, float(" in told.message


@pytest.mark.parametrize(
    ("stage", "old", "new"),
    [
        ("batch", "(longest - len(row))", "(longest - row)"),
        ("loss", "flatten(0, 1)", "flatten(0, 9)"),
    ],
)
def test_a_function_that_raises_is_told_with_its_line(bench, stage, old, new):
    number = f"07-{STAGES.index(stage) + 1}"
    _, told = passing(bench, stage, changed(number, (old, new)))
    assert "In line " in told.message
    assert new in told.message


def test_stage_6_holds_a_comment_to_the_logits_it_hands_over():
    text = changed(
        "07-6",
        ("rows = ", "letters = tgt_out.flatten()  # (tgt_vocab,)\n    rows = "),
    )
    told = exercise_cells.verdict("07-6", text, checked=True).message
    assert "ShapeError" in told
    assert "letters came" in told


def test_stage_8_looks_for_a_false_comment_before_the_one_that_breaks():
    text = changed(
        "07-8",
        ("src_ids != PAD  # (batch, src_len)", "src_ids != PAD  # (batch, tgt_len)"),
        (
            "return torch.cat(ids, dim=1), torch.cat(looks, dim=1)",
            "written = torch.cat(ids, dim=1)  # (batch, tgt_len)\n"
            "    return written, torch.cat(looks, dim=1)",
        ),
    )
    told = exercise_cells.verdict("07-8", text, checked=True).message
    assert "an earlier comment may have given tgt_len a wrong size" in told


def test_the_sizes_of_stage_3_all_differ():
    seen = []

    class Spy(nn.Module):
        def __init__(self, *sizes):
            super().__init__()
            self.sizes = sizes

        def forward(self, src_ids, src_lengths):
            if len(src_ids) > 1:
                seen.append([*self.sizes, 2 * self.sizes[-1], *src_ids.shape])

    notebook_07.CHECKS["encoder"](Spy)
    assert seen
    assert all(len(set(sizes)) == len(sizes) for sizes in seen)


def test_on_a_new_day_each_example_runs_after_the_set_up_alone():
    cells = [cell for cell in book("07").cells if cell.cell_type == "code"]
    back = next(n for n, c in enumerate(cells) if "bring_back" in c.source)
    end = next(n for n, c in enumerate(cells) if "bench.stands()" in c.source)
    examples = [cell for cell in cells[back:end] if not tags(cell)]
    assert len(examples) >= 8
    names: dict = {"__name__": "__main__"}
    with exercise_cells.untouched():
        for cell in cells[1:back]:
            exec(cell.source, names)
        for cell in examples:
            exec(cell.source, {**names})


def test_how_far_the_training_is_stands_in_ten_lines(capsys):
    loss_of = notebook_07.telling(lambda logits, tgt_out: logits.sum(), 20)
    given = torch.ones(2, requires_grad=True)
    assert all(loss_of(given, given) == 2 for _ in range(20))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 10
    assert lines[-1] == "20 of 20 batches, loss 2.0000"


@pytest.mark.parametrize("stage", STAGES)
def test_ours_pass_the_checks_of_the_learners(stage):
    told = notebook_07.CHECKS[stage](notebook_07.OURS[stage])
    assert told.points == 1, told


# --- what is kept, and brought back -------------------------------------------------


@pytest.fixture
def bench(tmp_path):
    made = notebook_07.bench()
    made.file = tmp_path / workbench.FILE
    return made


def written_in_a_cell(source: str, name: str, number: int) -> object:
    """A part as IPython defines it: its source is known by the cell's file name."""
    file = f"<cell {number} of a test>"
    lines = source.splitlines(keepends=True)
    workbench.linecache.cache[file] = (len(source), None, lines, file)
    names: dict = {"__name__": "__main__"}
    exec(workbench.IMPORTS, names)
    exec(compile(source, file, "exec"), names)
    return names[name]


def passing(bench, stage, source=None):
    number = f"07-{STAGES.index(stage) + 1}"
    source = source or f"{solved(number)}\nprint('mine')"
    part = written_in_a_cell(source, NAMES[stage], STAGES.index(stage))
    return part, bench.check(stage, part)


def test_what_passes_is_kept_in_a_file_and_below_and_comes_back(bench, capsys):
    for stage in ("encoder", "loss"):
        part, told = passing(bench, stage)
        assert "kept in my_seq2seq.py and below" in told.message
        assert bench.part(stage) is part
        assert f"Kept: {NAMES[stage]}" in told._repr_html_()
    later = notebook_07.bench()
    later.file = bench.file
    capsys.readouterr()
    said = later.bring_back()
    assert capsys.readouterr().out == (
        "Checking again what was kept: encoder, loss ...\n"
    )
    assert said.startswith("Brought back: encoder, loss. Yours: 3 encoder, 6 loss. ")
    assert later.part("encoder").__name__ == "Encoder"
    assert later.kept == bench.kept
    names: dict = {}
    exec(compile(bench.file.read_text("utf-8"), "kept", "exec"), names)
    assert {"Encoder", "sequence_loss"} <= set(names)


def test_without_the_file_the_notebooks_outputs_bring_it_back(bench):
    _, told = passing(bench, "loss")
    data = {"text/plain": repr(told), "text/html": told._repr_html_()}
    output = nbformat.v4.new_output("execute_result", data)
    cells = [nbformat.v4.new_code_cell("check", outputs=[output])]
    bench.file.unlink()
    nbformat.write(nbformat.v4.new_notebook(cells=cells), bench.file.parent / "a.ipynb")
    (bench.file.parent / "b.ipynb").write_text("{ half", "utf-8")
    later = notebook_07.bench()
    later.file = bench.file
    assert later.bring_back().startswith("Brought back: loss. ")
    assert bench.file.exists()
    assert later.kept == bench.kept


def test_what_was_kept_stays_in_the_file_though_it_was_not_brought_back(bench):
    passing(bench, "encoder")
    later = notebook_07.bench()
    later.file = bench.file
    passing(later, "loss")
    assert [*workbench.read_file(bench.file)] == ["encoder", "loss"]
    assert later.part("encoder") is notebook_07.OURS["encoder"]


def test_where_the_file_is_spoilt_the_notebooks_outputs_are_tried(bench):
    _, told = passing(bench, "loss")
    output = nbformat.v4.new_output("execute_result", {"text/html": told._repr_html_()})
    cells = [nbformat.v4.new_code_cell("check", outputs=[output])]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), bench.file.parent / "a.ipynb")
    text = bench.file.read_text("utf-8").replace("ignore_index=PAD", "ignore_index=UNK")
    bench.file.write_text(text, "utf-8")
    later = notebook_07.bench()
    later.file = bench.file
    assert later.bring_back().startswith("Brought back: loss. ")
    assert later.kept == bench.kept == workbench.read_file(bench.file)


def test_a_worse_attempt_does_not_push_out_what_is_kept(bench):
    part, _ = passing(bench, "loss")
    told = bench.check("loss", lambda logits, tgt_out: logits.mean())
    assert told.points == 0
    assert told.message.endswith("Your earlier version still stands.")
    assert bench.part("loss") is part
    assert "Kept: sequence_loss" in told._repr_html_()
    assert told._repr_html_().count("<summary>Hint") == 3
    assert "Skip with ours" in told._repr_html_()


def test_a_part_that_needs_another_cell_stands_but_is_not_kept(bench):
    helped = "def sequence_loss(logits, tgt_out):\n    return helper(logits, tgt_out)"
    part = written_in_a_cell(helped, "sequence_loss", 99)
    part.__globals__["helper"] = notebook_07.sequence_loss
    told = bench.check("loss", part)
    assert told.points == 1
    assert "name 'helper' is not defined" in told.message
    assert "Move what it uses into the same cell" in told.message
    assert not bench.file.exists()


def test_what_no_longer_passes_is_not_brought_back_and_named(bench):
    passing(bench, "loss")
    text = bench.file.read_text("utf-8").replace("ignore_index=PAD", "ignore_index=UNK")
    bench.file.write_text(text, "utf-8")
    later = notebook_07.bench()
    later.file = bench.file
    said = later.bring_back()
    assert "Not brought back: loss (Not yet: " in said
    assert max(map(len, repr(said).splitlines())) <= 88
    assert repr(said).split() == said.split()
    assert workbench.read_file(bench.file)  # to be mended there
    assert later.part("loss") is notebook_07.OURS["loss"]


def test_a_solution_stands_only_where_the_learner_has_nothing(bench):
    part, _ = passing(bench, "loss")
    other = written_in_a_cell(solved("07-3"), "Encoder", 77)
    assert bench.solution("encoder", other).points == 1
    assert bench.solution("loss", notebook_07.sequence_loss).points == 1
    assert (bench.part("encoder"), bench.part("loss")) == (other, part)
    assert list(bench.kept) == ["loss"]
    bench.take_ours = {"loss"}
    assert bench.part("loss") is notebook_07.OURS["loss"]
    assert bench.stands().startswith("The solution's: 3 encoder. Ours: 1 vocabulary")


def test_a_stage_that_is_none_is_refused_by_its_name(bench):
    with pytest.raises(ValueError, match="no stage is called 'decodr'; wanted one of"):
        bench.check("decodr", notebook_07.OURS["decoder"])
    bench.take_ours = {"decodr"}
    with pytest.raises(ValueError, match="no stage is called 'decodr'; wanted one of"):
        bench.part("loss")
    with pytest.raises(ValueError, match="no stage is called 'decodr'; wanted one of"):
        bench.stands()


def test_nothing_kept_is_said_so(bench):
    assert bench.bring_back() == "Nothing is kept yet. What passes a check will be."


# --- learner's parts and ours -------------------------------------------------------


def parts_of(number: str) -> list:
    """The solution's part and the unusual right ones, as a notebook has them."""
    stage = STAGES[int(number[-1]) - 1]
    found = []
    for text in [solved(number), *RIGHT_TOO[number]]:
        names: dict = {"Seq2Seq": Seq2Seq}
        exec(workbench.IMPORTS, names)
        exec(text, names)
        found.append(names[NAMES[stage]])
    return found


PARTS = {stage: parts_of(f"07-{n}") for n, stage in enumerate(STAGES, start=1)}


def built(parts: dict, steps: int, seed: int = 0) -> tuple[list[float], list[str]]:
    """A model of these parts, trained a little; the losses, and what it then writes."""
    words, rng = parts["vocabulary"]("abcd"), random.Random(seed)
    torch.manual_seed(seed)
    model = Seq2Seq(ModelConfig(8, 8, 10, 12, 14, tied=False, dropout=0.0))
    model.encoder = parts["encoder"](8, 10, 12)
    model.decoder = parts["decoder"](8, 10, 24, 14, parts["attention"](14, 24))
    model.greedy = MethodType(parts["greedy"], model)
    drawn = [draw_strings(8, rng, shortest=1, longest=4) for _ in range(steps)]
    examples = [[(words.encode(s), words.encode(s[::-1])) for s in d] for d in drawn]
    batches = [parts["batch"](rows) for rows in examples]
    losses = parts["training"](model, batches, parts["loss"], 5e-3)
    ids, weights = model.greedy(batches[0].src_ids, batches[0].src_lengths, 6)
    assert weights.shape == (*ids.shape, batches[0].src_ids.shape[1])
    return [float(loss) for loss in losses], ids


def loss_falls(yours: dict) -> None:
    losses, _ = built(notebook_07.OURS | yours, steps=12)
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("three", range(8), ids="{:03b}".format)
def test_encoder_decoder_and_loop_run_and_learn_in_any_mixture(three):
    """An unusual learner's or ours, by a bit each; the loss falls at once."""
    mixed = [*enumerate(("encoder", "decoder", "training"))]
    loss_falls({stage: PARTS[stage][1] for n, stage in mixed if three >> n & 1})


@pytest.mark.parametrize("stage", STAGES)
def test_each_part_of_a_learner_fits_ours_and_the_solutions(stage):
    loss_falls({stage: PARTS[stage][0]})
    solutions = {other: PARTS[other][0] for other in STAGES}
    for odd in PARTS[stage][1:]:
        losses, _ = built(solutions | {stage: odd}, steps=6)
        assert torch.tensor(losses).isfinite().all()  # SGD is slow at first


def test_the_file_of_a_learner_is_about_eighty_lines():
    lines = [
        line
        for n in range(1, 9)
        for line in solved(f"07-{n}").splitlines()
        if line.strip()
    ]
    assert 60 <= len(lines) <= 110


def test_the_notebook_gives_what_the_kept_source_may_use():
    code = [cell.source for cell in book("07").cells if cell.cell_type == "code"]
    assert workbench.IMPORTS.strip() in code


def test_every_stage_is_checked_by_its_name():
    cells = [c for c in book("07").cells if "exercise-check" in tags(c)]
    wanted = [f'bench.check("{stage}", {NAMES[stage]})' for stage in STAGES]
    assert [cell.source for cell in cells] == wanted
    ends = [parted(source(f"07-{n}", "solution"))[1] for n in range(1, 9)]
    assert ends == [text.replace("check", "solution") for text in wanted]
