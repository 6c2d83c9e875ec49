"""Seq2seq, dissected: what the seven notebooks have understood, one concept a file."""

__version__ = "0.2.0.dev0"
