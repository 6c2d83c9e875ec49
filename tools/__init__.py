"""What writes data, runs studies, makes pages, decks, copies and grades.

None of it is in the wheel; `python -m tools.NAME` runs it from the root.
"""
