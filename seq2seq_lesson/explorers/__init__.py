"""The explorers: drawings that follow their controls, one file a thought.

`drawing.py` says what a picture is made of; `svg.py` and `png.py` write it for a live
page and for a page without a kernel; `controls.py` has what a reader moves, and
`explorer.py` ties it all together. What an explorer draws is a pure function from its
settings to a `Drawing`.
"""
