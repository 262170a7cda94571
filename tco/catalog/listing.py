"""What the sheets say on a day, as plain data: every model, one model's prices, and rows to hand on."""

import csv
from collections.abc import Iterable
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

from tco.catalog.api_prices import ApiPriceRow
from tco.catalog.catalog import KEYS, Catalog
from tco.catalog.cells import harmless
from tco.catalog.dated import holding
from tco.catalog.history import known_sku, tier_of
from tco.catalog.limits import Limits
from tco.catalog.table import Entry

EXPORTED = (
    "sku", "meter", "tariff", "usd", "price", "currency", "per", "service_tier", "min_input_tokens", "tier_rule", "region",
    "hours_utc", "valid_from", "valid_to", "basis", "evidence", "source_url", "checked_on", "checked_by", "sheet", "row", "note",
)  # fmt: skip
"""Columns of an export, in their order."""


def models_on(catalog: Catalog, on: date, wanted: str = "") -> list[dict[str, Any]]:
    """Every model priced on a day whose SKU or name has these letters, with what a million tokens cost in USD."""
    found = []
    for sku in catalog.api_skus(on):
        if wanted.lower() not in f"{sku.sku} {sku.label}".lower():
            continue
        facts = catalog.api_price(sku.sku, on)
        usd = {fact.path: fact.value for fact in facts}
        own = sorted({f.source.contract or f"{f.source.where}:{f.source.row}" for f in facts if f.source.private})
        found.append(
            {
                "sku": sku.sku,
                "label": sku.label,
                "input_usd_per_mtok": usd["price.input_usd_per_mtok"],
                "cache_read_usd_per_mtok": usd["price.cache_read_usd_per_mtok"],
                "output_usd_per_mtok": usd["price.output_usd_per_mtok"],
                "batch_output_ratio": usd.get("batch.output_ratio"),
                "long_context_above_tok": usd.get("long_context.above_tok"),
                "valid_from": sku.valid_from.isoformat(),
                "checked_on": sku.checked_on.isoformat(),
                **({"contracts": own} if own else {}),
            }
        )
    return found


def prices_on(catalog: Catalog, name: str, on: date) -> list[dict[str, Any]]:
    """
    Every price of a model that holds on a day, each with the row it is from and the price announced to follow it.

    Where your contract makes it another, ``own_usd`` is what you pay and ``own_row`` where that stands.

    Raises
    ------
    LookupFault
        When nobody sells the model, or several do.
    """
    sku = known_sku(catalog, name)
    rows = [entry for entry in catalog.rows("api") if f"{entry.row.provider}/{entry.row.model}" == sku]
    catalog.api_price(sku, on)  # says from when it is priced, where it is not on this day
    found, own = [], dict(catalog.own_prices(sku, on))
    for entry in holding(rows, on, KEYS["api"]):
        data = row_data(entry, catalog, on)
        row = entry.row
        mine = None if row.region else own.pop((row.meter, row.service_tier, row.min_input_tokens, row.hours_utc), None)
        data |= _own(mine, catalog, on)
        same = [other for other in rows if _key(other) == _key(entry) and other.row.valid_from > on]
        following = min(same, key=lambda other: other.row.valid_from, default=None)
        data["next"] = None if following is None else row_data(following, catalog, following.row.valid_from)
        found.append(data)
    found += [{**row_data(mine, catalog, on), **_own(mine, catalog, on), "next": None} for mine in own.values()]
    order = {tier: place for place, tier in enumerate(("standard", "batch", "flex", "priority"))}
    return sorted(found, key=lambda row: (row["region"], order[row["service_tier"]], row["tariff"], row["row"]))


def _own(mine: Entry[ApiPriceRow] | None, catalog: Catalog, on: date) -> dict[str, Any]:
    if mine is None:
        return {}
    usd, _ = catalog.rates.in_usd(mine.row.price, mine.row.currency, on)
    return {"own_usd": usd, "own_row": mine.term or f"{mine.where}:{mine.line}"}


def exported(catalog: Catalog, on: date, contracts: bool = False) -> list[dict[str, Any]]:
    """Every price of tokens that holds on a day; private contracts are left out unless they are asked for."""
    rows = [entry for entry in catalog.rows("api") if contracts or entry.row.basis != "contract"]
    return [row_data(entry, catalog, on) for entry in holding(rows, on, KEYS["api"])]


def as_csv(rows: Iterable[dict[str, Any]]) -> str:
    """Rows as CSV in which no cell is a formula to a spreadsheet."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(EXPORTED)
    for row in rows:
        writer.writerow(["" if row[name] is None else harmless(str(row[name])) for name in EXPORTED])
    return out.getvalue()


def sources_line(catalog: Catalog, sku: str, today: date) -> str:
    """What stands under a chart of prices: the sheets, when they were checked, and how old that is."""
    rows = [entry for entry in catalog.rows("api") if f"{entry.row.provider}/{entry.row.model}" == sku]
    sheets = ", ".join(sorted({Path(entry.where).stem for entry in rows}))
    checked = max(entry.row.checked_on for entry in rows)
    age, most = (today - checked).days, Limits(catalog).stale_days("api")
    stale = f" ({age} days ago: check before you sign)" if most is not None and age > most else ""
    return f"Sources: prices: {sheets} · prices checked {checked}{stale}"


def row_data(entry: Entry[ApiPriceRow], catalog: Catalog, on: date) -> dict[str, Any]:
    """A row as plain data, with its price in USD on a day."""
    row = entry.row
    own = {name: value for name, value in row.model_dump(mode="json").items() if name not in ("provider", "model")}
    usd, _ = catalog.rates.in_usd(row.price, row.currency, on)
    names = {"sku": f"{row.provider}/{row.model}", "tariff": tier_of(row), "usd": usd}
    return {**names, **own, "sheet": entry.where, "row": entry.line}


def _key(entry: Entry[ApiPriceRow]) -> tuple[Any, ...]:
    return tuple(getattr(entry.row, name) for name in KEYS["api"])
