"""What usage should have cost: every row at the price of its own day, tier, hour and context; what has no price is listed, never zero."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tco.catalog import Catalog
from tco.catalog.aliases import Names
from tco.errors import Fault, LookupFault, nearest
from tco.usage import prices, sql
from tco.usage.engine import Engine, connection

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class BillLine:
    """One meter of one model in one month."""

    month: str
    """As ``2026-10``, in UTC."""
    model: str
    """As the log names it."""
    sku: str
    service_tier: str
    meter: str
    quantity: float
    """Tokens, or requests of the meter ``request``."""
    usd: float


@dataclass(frozen=True)
class Unpriced:
    """Usage without a price."""

    month: str
    model: str
    meter: str
    service_tier: str
    quantity: float
    share_frac: float
    """Of all tokens of the bill's months."""
    why: str
    mend: str


@dataclass(frozen=True)
class Named:
    """A model as the log names it, and what it was taken for."""

    provider: str
    model: str
    sku: str | None
    requests: float
    tok: float


@dataclass(frozen=True)
class Claim:
    """What the log itself says that some of the requests cost."""

    usd: float
    priced_usd: float
    """What the same rows come to here, those of them that have a price."""
    requests: float


@dataclass(frozen=True)
class Bill:
    """A log's bill."""

    lines: tuple[BillLine, ...]
    unpriced: tuple[Unpriced, ...]
    names: tuple[Named, ...]
    first: datetime
    last: datetime
    """First and last hour, in UTC."""
    tok: float
    requests: float
    claim: Claim | None
    notes: tuple[str, ...] = ()

    @property
    def total_usd(self) -> float:
        """The sum of the lines: what has no price is not in it."""
        return sum(line.usd for line in self.lines)

    @property
    def unpriced_frac(self) -> float:
        """Share of the tokens that have no price."""
        return sum(item.share_frac for item in self.unpriced)

    def of_months(self) -> dict[str, float]:
        """USD by month."""
        found: dict[str, float] = {}
        for line in self.lines:
            found[line.month] = found.get(line.month, 0.0) + line.usd
        return found

    def of_models(self) -> dict[str, float]:
        """USD by SKU, the dearest first."""
        found: dict[str, float] = {}
        for line in self.lines:
            found[line.sku] = found.get(line.sku, 0.0) + line.usd
        return dict(sorted(found.items(), key=lambda item: -item[1]))


def bill(
    table: Path | str | Sequence[Path | str],
    catalog: Catalog | None = None,
    *,
    month: str = "",
    on: date | None = None,
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
    engine : Engine | None
        Limits on memory, and where to spill; None for the usual ones.

    Raises
    ------
    LookupFault
        When a table is none, or has nothing of that month.
    """
    sheets = catalog or Catalog.open()
    with connection(engine) as database:
        limits = opened(database, table, month)
        names = _names(database, sheets.model_names())
        prices.load(database, sheets, {name.sku for name in names if name.sku}, on)
        database.execute(sql.created("sku_names", sql.NAME_COLUMNS))
        database.execute(sql.filled("sku_names", [(n.provider or None, n.model or None, n.sku) for n in names]))
        database.execute(f"CREATE TEMPORARY TABLE priced AS {sql.priced('usage_rows')}")
        return _bill(database, sheets, names, limits)


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
    notes = [*_context_notes(database, catalog, limits), *_contract_notes(catalog, lines)]
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


def _contract_notes(catalog: Catalog, lines: Sequence[BillLine]) -> list[str]:
    billed = {line.sku for line in lines}
    own = sorted({tariff.sku for tariff in catalog.tariffs() if tariff.contract and tariff.sku in billed})
    return [f"prices of your contracts are taken for {', '.join(own)} where they hold"] if own else []
