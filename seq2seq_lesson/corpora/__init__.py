"""The bundled corpus; `tools/corpus/` wrote it."""
