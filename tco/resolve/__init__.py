"""
Scenario x catalog to Case: a name on a day becomes numbers with their sources here, and nowhere else.

Each field is filled by the first that has a value for it: the scenario itself, the sheet or profile that a name leads
to, the sheet of defaults. What is still missing, and every name that nobody knows, is one error that lists it all.
May import scenario, serving, case, inputs, options, catalog, model, errors and units; opens no file itself.
"""

from tco.resolve.to_case import resolve

__all__ = ["resolve"]
