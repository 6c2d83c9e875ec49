"""The corpora themselves: the bundled one, the grammar that wrote it, and Tatoeba."""
