"""The explorers: drawings that follow their controls, one file a thought.

`controls.py` has what a reader moves, and `explorer.py` ties it to a drawing. What an
explorer draws is a pure function from its settings to a `Drawing` of `drawing/`, which
writes it for a live page and for a page without a kernel.
"""
