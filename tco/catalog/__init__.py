"""
Files in: reads ``price_sheets/``, ``hw_profiles/`` and ``scenarios/``; nothing else opens them.

May import inputs, errors, units and yaml12. ``Catalog`` is the one door: it finds the folders, reads a sheet the first
time it is asked for, checks every row, and answers by name and day with ``Fact``s: a field's path, its value and its
source.
"""

from tco.catalog.catalog import Catalog

__all__ = ["Catalog"]
