"""Seq2seq, dissected: what the six notebooks have understood, one concept a file."""

__version__ = "0.1.0"
