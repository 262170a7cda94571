"""
Ways to serve the tokens, one file each: what it asks, and what it costs.

Each module names its ``OPTION``: the input model, ``ledger()``, ``kinks()`` and ``tail()``. The folder is listed by
name, so a new way of serving is a new file. May import inputs, model and units.
"""
