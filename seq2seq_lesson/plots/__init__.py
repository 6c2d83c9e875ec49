"""Every figure of the notebooks, one file a notebook.

Each function draws one figure on the `ax` it is given (or a new one) and returns it.
"""
