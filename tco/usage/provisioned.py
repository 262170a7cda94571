"""Units of throughput that were bought: what they hold of each hour is charged nothing by the token. METHODOLOGY 3.3 and 3.4."""

from collections.abc import Collection, Sequence
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from tco.catalog.contracts import EVERY_MODEL, Contracts
from tco.units import MINUTES_PER_HOUR
from tco.usage import sql
from tco.usage.terms import Term, in_time, term_of, vendor_and_model

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ALL_TIME = (date.min, date.max)
Unit = tuple[str, int, date, date, float | None, float, float, bool]
"""A row of ``sql.UNIT_COLUMNS``."""


def split(database: "DuckDBPyConnection", entries: Contracts, skus: Collection[str], on: date | None = None) -> str:
    """
    The hourly rows with what units held set apart: the name of their relation, ``usage_rows`` itself where no model has units.

    The table ``prices`` gets a price of nothing for it. Needs the tables ``usage_rows``, ``sku_names``, ``prices`` and ``windows``.
    """
    units = _rows(in_time(entries, ["provisioned"], on), skus)
    if not units:
        return "usage_rows"
    database.execute(sql.created("units", sql.UNIT_COLUMNS))
    database.execute(sql.filled("units", units))
    windows = {(str(sku), str(hours)) for sku, hours in database.execute(sql.windows_known()).fetchall()}
    free = [
        (sku, sql.PROVISIONED, *ALL_TIME, 0, None, "whole_request", hours, meter, 0.0)
        for sku in sorted({unit[0] for unit in units})
        for hours in sorted({"", *(window for of_sku, window in windows if of_sku == sku)})
        for meter in sql.METERS
    ]
    database.execute(sql.filled("prices", free))
    database.execute(f"CREATE OR REPLACE TEMPORARY TABLE split_rows AS {sql.on_units('usage_rows')}")
    return "split_rows"


def _rows(terms: Sequence[Term], skus: Collection[str]) -> list[Unit]:
    """What units hold in an hour, for every model that goes to them, from a day on which that changes to the next."""
    found = []
    for sku in sorted(skus):
        vendor, model = vendor_and_model(sku)
        mine = [t for t in terms if t.row.provider == vendor and t.row.model in (model, EVERY_MODEL)]
        days = sorted({day for term in mine for day in (term.start, term.end)})
        for start, end in pairwise(days):
            term = term_of(mine, "provisioned", model, start)
            if term is not None:
                found.append(_row(sku, terms.index(term), start, end, term))
    return found


def _row(sku: str, number: int, start: date, end: date, term: Term) -> Unit:
    row = term.row
    held = None
    if row.bought_units is not None and row.unit_tok_per_minute is not None:
        held = row.bought_units * row.unit_tok_per_minute * MINUTES_PER_HOUR
    refused = row.excess == "refused"
    return sku, number, start, end, held, row.cached_ratio or 0.0, row.output_ratio or 0.0, refused
