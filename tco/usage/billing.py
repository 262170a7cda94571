"""What usage should have cost: every row at the price of its own day, tier, hour and context; what has no price is listed, never zero."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from tco.catalog import Catalog
from tco.catalog.aliases import Names
from tco.catalog.contracts import Contracts
from tco.errors import Fault, LookupFault, nearest
from tco.usage import prices, provisioned, sql
from tco.usage.commitments import Charge, charged
from tco.usage.engine import Engine, connection
from tco.usage.lines import Bill, BillLine, Claim, Named, Unpriced
from tco.usage.terms import DAY, vendor_and_model, word

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def bill(
    table: Path | str | Sequence[Path | str],
    catalog: Catalog | None = None,
    *,
    month: str = "",
    on: date | None = None,
    listed: bool = False,
    engine: Engine | None = None,
) -> Bill:
    """
    The bill of one or several hourly tables.

    Parameters
    ----------
    table : Path | str | Sequence[Path | str]
        What ``import_logs`` wrote.
    catalog : Catalog | None
        Whose sheets price it; None opens the working directory's or the package's.
    month : str
        Only this month, as ``2026-10``.
    on : date | None
        Price every row as if it were of this day; None at its own day's prices.
    listed : bool
        At list prices, without ``contracts.csv``.
    engine : Engine | None
        Limits on memory, and where to spill; None for the usual ones.

    Raises
    ------
    LookupFault
        When a table is none, or has nothing of that month; when a contract is in a currency without a rate.
    """
    sheets = catalog or Catalog.open()
    with connection(engine) as database:
        limits = opened(database, table, month)
        names = _names(database, sheets.model_names())
        skus = {name.sku for name in names if name.sku}
        own = prices.load(database, sheets, skus, on, listed)
        database.execute(sql.created("sku_names", sql.NAME_COLUMNS))
        database.execute(sql.filled("sku_names", [(n.provider or None, n.model or None, n.sku) for n in names]))
        terms = [] if listed else sheets.contract_terms()
        rows = provisioned.split(database, terms, skus, on) if terms else "usage_rows"
        database.execute(f"CREATE TEMPORARY TABLE priced AS {sql.priced(rows)}")
        found = _bill(database, sheets, names, limits)
        noted = replace(found, notes=(*found.notes, *_own_notes(own, listed and bool(sheets.contract_terms()))))
        return _with_charges(database, noted, sheets, terms, skus, on) if terms else noted


def opened(
    database: "DuckDBPyConnection", table: Path | str | Sequence[Path | str], month: str = ""
) -> set[int] | None:
    """
    Hourly tables as the relation ``usage_rows``, and the limits that all of them keep apart; None where one does not say.

    Raises
    ------
    LookupFault
        When a table is none of ours, or has nothing of the month.
    """
    import duckdb

    if month and not re.fullmatch(r"\d{4}-\d{2}", month):
        raise LookupFault(Fault(f"month {month}", "no month", "write it as 2026-10"))
    paths = [str(path) for path in ([table] if isinstance(table, Path | str) else table)]
    listed = "[" + ", ".join(sql.file_named(path) for path in paths) + "]"
    try:
        database.execute(f"CREATE TEMPORARY VIEW hourly AS SELECT * FROM read_parquet({listed})")
        columns = {row[0] for row in database.execute("DESCRIBE hourly").fetchall()}
        said = database.execute(
            f"SELECT CAST(value AS VARCHAR) FROM parquet_kv_metadata({listed}) WHERE CAST(key AS VARCHAR) = 'tco_limits'"
        ).fetchall()
    except duckdb.Error as error:
        raise LookupFault(Fault(", ".join(paths), "no hourly table", "make one with `tco usage import`")) from error
    if not {"hour", *sql.KEYS, *sql.SUMS} <= columns:
        raise LookupFault(Fault(", ".join(paths), "no hourly table of ours", "make one with `tco usage import`"))
    kept = sql.in_month("hourly", month) if month else "hourly"
    database.execute(f"CREATE TEMPORARY TABLE usage_rows AS {sql.numbered(sql.merged(kept))}")
    if month and not database.execute("SELECT 1 FROM usage_rows LIMIT 1").fetchone():
        months = [str(row[0]) for row in database.execute(sql.months("hourly")).fetchall()]
        raise LookupFault(Fault(f"month {month}", "nothing of it in the table", nearest(month, months)))
    limits = [{int(limit) for limit in row[0].split(",") if limit} for row in said]
    return set.intersection(*limits) if limits and len(limits) == len(paths) else None


def is_table(path: Path | str) -> bool:
    """Whether a file is an hourly table of ours."""
    import duckdb

    if Path(path).suffix.lower() != ".parquet" or not Path(path).is_file():
        return False
    with connection() as database:
        try:
            columns = {
                row[0]
                for row in database.execute(
                    f"DESCRIBE SELECT * FROM read_parquet({sql.file_named(str(path))})"
                ).fetchall()
            }
        except duckdb.Error:
            return False
    return {"hour", *sql.KEYS, *sql.SUMS} <= columns


def _names(database: "DuckDBPyConnection", names: Names) -> list[Named]:
    rows = database.execute(sql.names("usage_rows")).fetchall()
    return [
        Named(provider or "", model or "", names.sku(provider, model), float(requests or 0), float(tok or 0))
        for provider, model, requests, tok in rows
    ]


def _bill(database: "DuckDBPyConnection", catalog: Catalog, names: Sequence[Named], limits: set[int] | None) -> Bill:
    lines = tuple(
        BillLine(_month(month), model or "", sku, tier, meter, float(quantity), float(usd))
        for month, model, sku, tier, meter, quantity, usd in database.execute(sql.bill_lines("priced")).fetchall()
    )
    totals = database.execute(sql.totals("usage_rows")).fetchone()
    first, last, tok, requests, claimed, claimed_usd = totals if totals is not None else (None,) * 6
    claim = None
    if claimed:
        same = database.execute(sql.claimed("priced", "usage_rows")).fetchone()
        claim = Claim(float(claimed_usd), float(same[0] or 0) if same else 0.0, float(claimed))
    notes = _context_notes(database, catalog, limits)
    unpriced = tuple(_unpriced(database, catalog, float(tok or 0)))
    return Bill(lines, unpriced, tuple(names), first, last, float(tok or 0), float(requests or 0), claim, tuple(notes))


def _month(number: int) -> str:
    return f"{number // 100:04d}-{number % 100:02d}"


def _unpriced(database: "DuckDBPyConnection", catalog: Catalog, tok: float) -> list[Unpriced]:
    found, skus = [], catalog.model_names().skus
    for row in database.execute(sql.unpriced("priced")).fetchall():
        month, provider, model, sku, tier, meter, quantity, first, last = row
        if not model:
            why, mend = "the log names no model", "name its column with --map model=…"
        elif sku is None:
            why = "no such model in price_sheets/api" + (f" at {provider}" if provider else "")
            mend = nearest(model, skus) + "; an alias is a row in price_sheets/aliases"
        elif tier == sql.UNTOLD:
            why = "not priced: provisioned units serve it, and what they hold of it is not told"
            mend = "write bought_units in their row; the log must tell of hours or requests, not of days"
        else:
            why = f"{sku} has no price of {meter} in the tier {tier} from {first} to {last}"
            mend = "add its rows to price_sheets/api"
        share = float(quantity) / tok if tok else 0.0
        found.append(Unpriced(_month(month), model or "", meter, tier, float(quantity), share, why, mend))
    return found


def _context_notes(database: "DuckDBPyConnection", catalog: Catalog, limits: set[int] | None) -> list[str]:
    found = []
    unknown, usd = (float(x or 0) for x in (database.execute(sql.unknown_context("priced")).fetchone() or (0, 0)))
    if unknown:
        found.append(
            f"{usd:,.2f} USD are of buckets that do not tell how long single prompts were: taken as short where long ones are dearer"
        )
    missing = set(catalog.context_limits()) - limits if limits is not None else set()
    if missing:
        found.append(
            f"the table was made before the sheets had prices above {', '.join(f'{x:,}' for x in sorted(missing))} tokens: import the log again"
        )
    wide = database.execute(sql.wide_windows("priced")).fetchone()
    if wide is not None and wide[0]:
        found.append(
            f"{float(wide[0]):,.2f} USD are of buckets longer than an hour, at models whose price changes by the hour: taken at the ordinary price"
        )
    return found


def _own_notes(skus: set[str], left_out: bool) -> list[str]:
    found = [f"prices of your contracts are taken for {', '.join(sorted(skus))} where they hold"] if skus else []
    return [*found, "at list prices: your contracts are left out"] if left_out else found


def _with_charges(
    database: "DuckDBPyConnection", found: Bill, catalog: Catalog, terms: Contracts, skus: set[str], on: date | None
) -> Bill:
    """A bill with what contracts add to it."""
    spent = {(str(sku), day): float(usd) for sku, day, usd in database.execute(sql.spent("priced")).fetchall()}
    vendors = {vendor_and_model(sku)[0] for sku in skus}
    first, last = found.first.date(), found.last.date()
    charges, pending = charged(spent, terms, vendors, catalog.rates, first, last, on)
    notes = [*found.notes, *_partial_notes(charges, first, last)]
    others = sorted({entry.row.provider for entry in terms} - vendors)
    if others:
        notes.append(f"the log has nothing of {', '.join(others)}: what contracts with them ask is not in the sum")
    return replace(found, charges=tuple(charges), pending=tuple(pending), notes=tuple(notes))


def _partial_notes(charges: Sequence[Charge], first: date, last: date) -> list[str]:
    """Where a charge is of a month that the log tells only in part: the month's bill is no lower, and may be higher."""
    held = {charge.month for charge in charges if charge.used_usd is not None}
    found = []
    if first.day > 1 and word(first) in held:
        found.append(f"the log begins on {first}: what is missing to a contract is as if nothing was used before")
    if (last + DAY).day > 1 and word(last) in held:
        found.append(f"the log ends on {last}: what is missing to a contract is as if nothing is used after")
    return found
