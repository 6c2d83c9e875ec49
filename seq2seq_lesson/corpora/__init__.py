"""Where text comes from: the bundled corpus, which `tools/corpus/` wrote; Tatoeba."""
