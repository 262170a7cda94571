"""
Candidate rows from public price data: each source's figure beside ours, where they disagree, and the page to check.

Nothing here writes: ``accepting`` makes dated rows of what a person takes over.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase
from hashlib import sha256
from importlib.metadata import version as package_version
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from tco.catalog.api_prices import ApiPriceRow
from tco.catalog.catalog import Catalog
from tco.catalog.dated import holding
from tco.catalog.importers import importers
from tco.catalog.importers.names import known_skus
from tco.catalog.importers.quote import Quote, Reading
from tco.catalog.table import Entry
from tco.errors import Fault, LookupFault, TcoError, nearest

State = Literal["same", "differs", "new", "disputed", "retired"]
Key = tuple[str, str, str, int]
"""SKU, meter, service tier and threshold."""
SAME_FRAC = 1e-6
"""How far apart two prices may be and still be one: rounding of a price per token."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_STAMP = 12
"""Letters of a file's fingerprint where neither its name nor a package says its version."""


@dataclass(frozen=True)
class Sourced:
    """A source that was read, which version of it, and the day it is of."""

    reading: Reading
    version: str
    day: date | None
    """None where nothing says it: when a file was copied or installed is not when its prices were read."""
    site: str

    @property
    def name(self) -> str:
        """What it is asked for by."""
        return self.reading.source

    @property
    def checked_by(self) -> str:
        """What an accepted row says of it."""
        return f"import:{self.name}@{self.version}"


@dataclass(frozen=True)
class Proposal:
    """One price of one model: ours on the day, and each source's."""

    sku: str
    meter: str
    service_tier: str
    min_input_tokens: int
    ours_usd: float | None
    ours_where: str
    """Our row; blank where we have none."""
    ours_checked_on: date | None
    figures: Mapping[str, Quote]
    """Each source's quote."""
    on: date
    """The day compared: the one asked for, or the later one for which a source announces the price."""
    state: State
    """same as ours; differs from ours, the sources agreeing; new to us; disputed among the sources; of a model we retired."""
    page: str
    """The vendor's page to check."""
    announced: bool = False
    """Whether it holds only from a later day than the one asked for."""
    ours_from: date | None = None
    """First day of our row."""
    model_since: date | None = None
    """The last day on which a price of the model began in our sheets: how young it is; None where we do not carry it."""

    @property
    def id(self) -> str:
        """
        What it is accepted by: ``openai/gpt-5.4:input``, with the tariff behind: ``:batch``, ``:>272000``, and the
        first day of an announced price: ``:from 2027-01-01``.
        """
        tier = "" if self.service_tier == "standard" else f":{self.service_tier}"
        limit = f":>{self.min_input_tokens}" if self.min_input_tokens else ""
        later = f":from {self.on}" if self.announced else ""
        return f"{self.sku}:{self.meter}{tier}{limit}{later}"


@dataclass(frozen=True)
class Proposals:
    """All that was compared, and what of the sources was not."""

    on: date
    rows: tuple[Proposal, ...]
    sources: tuple[Sourced, ...]
    unmatched: Mapping[str, tuple[str, ...]]
    """Models we carry that a source does not have, by source."""

    def of(self, states: Iterable[State]) -> list[Proposal]:
        """Those in some states."""
        return [row for row in self.rows if row.state in tuple(states)]


def open_source(name: str, file: Path | None, catalog: Catalog, checked_on: date | None = None) -> Sourced:
    """
    Read a source from a file, else from the installed package.

    Parameters
    ----------
    checked_on : date, optional
        The day the data are of; else the day in the file's name, else it is not known.

    Raises
    ------
    LookupFault
        When the source is unknown, or has neither file nor package.
    TcoError
        When the file is not the source's.
    """
    known = importers()
    if name not in known:
        raise LookupFault(Fault("--from", name, nearest(name, known)))
    module = known[name]
    data, version, day = _from_file(name, file) if file is not None else _from_package(name, module)
    skus = known_skus({f"{entry.row.provider}/{entry.row.model}" for entry in catalog.rows("api")})
    try:
        reading = module.read(data, Reading(name, skus))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        found = f"not the data of {name} ({error.__class__.__name__}: {error})"
        raise TcoError(Fault(str(file or name), found, "give the source's own file, as it publishes it")) from None
    if not reading.quotes:
        raise TcoError(Fault(str(file or name), *_nothing_read(name, data, skus)))
    return Sourced(reading, version, checked_on or day, module.SITE)


def _nothing_read(name: str, data: Any, skus: Mapping[str, str]) -> tuple[str, str]:
    """What a file is in which a source has no price, and the mend: whose file it is, where another source reads it."""
    for other, module in importers().items():
        try:
            read = module.read(data, Reading(other, skus)).quotes if other != name else ()
        except (TcoError, AttributeError, KeyError, TypeError, ValueError):
            read = ()
        if read:
            return (
                f"this is not {name}'s file: {other} finds its own prices in it, {len(read):,}",
                f"write --from {other}",
            )
    return f"no price of {name} for a vendor that we keep", "give the source's own file, as it publishes it"


def _from_file(name: str, file: Path) -> tuple[Any, str, date | None]:
    try:
        content = file.read_bytes()
        data = json.loads(content)
    except OSError as error:
        raise LookupFault(Fault(str(file), error.strerror or "cannot be read", f"name a file of {name}")) from None
    except (ValueError, RecursionError) as error:
        raise TcoError(Fault(str(file), f"not JSON ({str(error)[:80]})", f"give {name}'s own file")) from None
    found = _DAY.search(file.name)
    try:
        day = date.fromisoformat(found[0]) if found else None
    except ValueError:
        day = None
    return data, day.isoformat() if day else sha256(content).hexdigest()[:_STAMP], day


def _from_package(name: str, module: ModuleType) -> tuple[Any, str, date | None]:
    found = module.bundled() if module.PACKAGE else None
    if found is None:
        package = f"`{module.PACKAGE}` is not installed: install it, or " if module.PACKAGE else ""
        mend = f"{package}name its file: --from {name} FILE"
        raise LookupFault(Fault(f"--from {name}", "no file", mend))
    distribution = module.NAME
    if isinstance(found, Path):
        data, _, day = _from_file(name, found)
        return data, package_version(distribution), day
    return found, package_version(distribution), None


def propose(catalog: Catalog, sources: Sequence[Sourced], on: date, models: Sequence[str] = ()) -> Proposals:
    """
    Every price that a source has for a model we carry or that is named, beside ours on a day.

    Parameters
    ----------
    models : Sequence[str]
        Names or patterns such as ``openai/*``; those we carry when there are none.

    Raises
    ------
    LookupFault
        When a model that is named is in none of the sources; the nearest are told.
    """
    entries = [entry for entry in catalog.rows("api") if not entry.row.region and not entry.row.hours_utc]
    carried = {f"{entry.row.provider}/{entry.row.model}" for entry in entries}
    quoted = {quote.sku for source in sources for quote in source.reading.quotes}
    wanted = _wanted(models, carried, quoted)
    table: dict[tuple[Key, date], dict[str, Quote]] = {}
    for source in sources:
        for quote, later in _in_force(source.reading.quotes, on):
            if quote.sku in wanted:
                key = quote.sku, quote.meter, quote.service_tier, quote.min_input_tokens
                table.setdefault((key, later or on), {})[source.name] = quote
    ours = {day: _ours(entries, day) for day in {on, *(day for _, day in table)}}
    pages = {f"{e.row.provider}/{e.row.model}": e.row.source_url for e in entries}
    retired = carried - {key[0] for key in ours[on]}
    since: dict[str, date] = {}
    for entry in entries:
        sku = f"{entry.row.provider}/{entry.row.model}"
        since[sku] = max(since.get(sku, date.min), entry.row.valid_from)
    rows = [
        replace(
            _proposal(key, figures, ours[day].get(key), catalog, day, pages, key[0] in retired, day > on),
            model_since=since.get(key[0]),
        )
        for (key, day), figures in sorted(table.items(), key=lambda item: item[0])
    ]
    return Proposals(on, tuple(rows), tuple(sources), _unmatched(sources, wanted & carried))


def _wanted(models: Sequence[str], carried: set[str], quoted: set[str]) -> set[str]:
    if not models:
        return carried
    found: set[str] = set()
    faults = []
    for pattern in models:
        mine = {sku for sku in carried | quoted if fnmatchcase(sku.lower(), pattern.lower())}
        if not mine:
            mend = nearest(pattern, carried | quoted)
            faults.append(Fault("--models", pattern, mend))
        found |= mine
    if faults:
        raise LookupFault(faults)
    return found


def _ours(entries: Sequence[Entry[ApiPriceRow]], on: date) -> dict[Key, Entry[ApiPriceRow]]:
    """Our list prices on a day: what a contract says is no source's business."""
    listed = [entry for entry in entries if entry.row.basis != "contract"]
    key = ("provider", "model", "meter", "service_tier", "min_input_tokens")
    return {
        (f"{e.row.provider}/{e.row.model}", e.row.meter, e.row.service_tier, e.row.min_input_tokens): e
        for e in holding(listed, on, key)
    }


def _in_force(quotes: Sequence[Quote], on: date) -> list[tuple[Quote, date | None]]:
    """
    The quotes that hold on a day (None), and those announced for a later one (the day).

    A source prices a model anew as a whole: of a model's prices with first days, the latest that have begun hold.
    """
    begun: dict[str, date] = {}
    for quote in quotes:
        start = quote.valid_from or date.min
        if start <= on:
            begun[quote.sku] = max(begun.get(quote.sku, date.min), start)
    found: list[tuple[Quote, date | None]] = []
    for quote in quotes:
        start = quote.valid_from or date.min
        if start > on or start == begun[quote.sku]:
            found.append((quote, start if start > on else None))
    return found


def _proposal(
    key: Key,
    figures: Mapping[str, Quote],
    mine: Entry[ApiPriceRow] | None,
    catalog: Catalog,
    on: date,
    pages: Mapping[str, str],
    retired: bool,
    announced: bool,
) -> Proposal:
    sku, meter, tier, limit = key
    usd = None if mine is None else catalog.rates.in_usd(mine.row.price, mine.row.currency, on)[0]
    prices = [quote.usd for quote in figures.values()]
    state: State = "new" if usd is None else "same" if alike(usd, prices[0]) else "differs"
    if not all(alike(prices[0], price) for price in prices):
        state = "disputed"
    if retired:
        state = "retired"
    page = next((quote.url for quote in figures.values() if quote.url), "")
    return Proposal(
        sku, meter, tier, limit, usd, "" if mine is None else f"{mine.where}: row {mine.line}",
        None if mine is None else mine.row.checked_on, figures, on, state,
        (mine.row.source_url if mine is not None else "") or page or pages.get(sku, ""), announced,
        None if mine is None else mine.row.valid_from,
    )  # fmt: skip


def alike(one: float, other: float) -> bool:
    """Whether two prices are one, but for rounding."""
    return abs(one - other) <= SAME_FRAC * max(abs(one), abs(other))


def _unmatched(sources: Sequence[Sourced], carried: set[str]) -> dict[str, tuple[str, ...]]:
    return {s.name: tuple(sorted(carried - {quote.sku for quote in s.reading.quotes})) for s in sources}
