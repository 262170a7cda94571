"""The folders of price sheets: the row that each holds, and the columns that name one price of it."""

from collections.abc import Mapping, Sequence

from tco.catalog import api_prices, assumptions, fx, people, rentals, servers, sites
from tco.catalog.aliases import AliasRow
from tco.catalog.table import Sourced

SHEETS: Mapping[str, type[Sourced]] = {
    "api": api_prices.ApiPriceRow,
    "gpu_rental": rentals.RentalRow,
    "hardware": servers.ServerRow,
    "electricity": sites.ElectricityRow,
    "colocation": sites.ColocationRow,
    "carbon": sites.CarbonRow,
    "people": people.PeopleRow,
    "fx": fx.FxRow,
    "assumptions": assumptions.AssumptionRow,
    "aliases": AliasRow,
}
"""The folders of sheets, and the row that each holds."""
KEYS: Mapping[str, Sequence[str]] = {
    "api": api_prices.KEY,
    "gpu_rental": rentals.KEY,
    "hardware": servers.KEY,
    "electricity": sites.ELECTRICITY_KEY,
    "colocation": sites.COLOCATION_KEY,
    "people": people.KEY,
}
"""The columns that name one price, of the folders whose rows have days."""
