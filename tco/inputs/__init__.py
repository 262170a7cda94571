"""
What the user tells us: frozen pydantic models with units in the names. No arithmetic and no files live here.

May import ``units`` and ``errors``; the only outside package is pydantic.
"""
