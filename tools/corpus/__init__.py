"""The grammar that wrote the bundled corpus."""
