"""
Candidate rows from public price data: each source's figure beside ours, where they disagree, and the page to check.

Nothing is written before a person accepts it; an accepted price is a new dated row that says which data it came through.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
from tco.catalog.edit import Sheet
from tco.catalog.finding import errors
from tco.catalog.importers import importers
from tco.catalog.importers.names import known_skus
from tco.catalog.importers.quote import Quote, Reading
from tco.catalog.lint import check
from tco.catalog.table import Entry
from tco.errors import Fault, LookupFault, SheetError, TcoError, nearest

State = Literal["same", "differs", "new", "disputed", "retired"]
Key = tuple[str, str, str, int]
"""SKU, meter, service tier and threshold."""
SAME_FRAC = 1e-6
"""How far apart two prices may be and still be one: rounding of a price per token."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_STAMP = 12
"""Letters of a file's fingerprint where neither its name nor a package says its version."""
_TIER_RULE = "whole_request"
"""How every source here bills a long prompt: all of it at the dearer price."""


@dataclass(frozen=True)
class Sourced:
    """A source that was read, which version of it, and the day it is of."""

    reading: Reading
    version: str
    day: date
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
        The day the data are of; else the day in the file's name, else the day the file was last changed.

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
    return Sourced(reading, version, checked_on or day, module.SITE)


def _from_file(name: str, file: Path) -> tuple[Any, str, date]:
    try:
        content = file.read_bytes()
        data = json.loads(content)
        changed = date.fromtimestamp(file.stat().st_mtime)
    except OSError as error:
        raise LookupFault(Fault(str(file), error.strerror or "cannot be read", f"name a file of {name}")) from None
    except (ValueError, RecursionError) as error:
        raise TcoError(Fault(str(file), f"not JSON ({str(error)[:80]})", f"give {name}'s own file")) from None
    found = _DAY.search(file.name)
    try:
        day = date.fromisoformat(found[0]) if found else None
    except ValueError:
        day = None
    return data, day.isoformat() if day else sha256(content).hexdigest()[:_STAMP], day or changed


def _from_package(name: str, module: ModuleType) -> tuple[Any, str, date]:
    found = module.bundled() if module.PACKAGE else None
    if found is None:
        package = f"`{module.PACKAGE}` is not installed: install it, or " if module.PACKAGE else ""
        mend = f"{package}name its file: --from {name} FILE"
        raise LookupFault(Fault(f"--from {name}", "no file", mend))
    distribution = module.NAME
    if isinstance(found, Path):
        data, _, day = _from_file(name, found)
        return data, package_version(distribution), day
    from importlib.util import find_spec

    spec = find_spec(module.PACKAGE)
    origin = Path(spec.origin) if spec and spec.origin else Path(__file__)
    return found, package_version(distribution), date.fromtimestamp(origin.stat().st_mtime)


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
    rows = [
        _proposal(key, figures, ours[day].get(key), catalog, day, pages, key[0] in retired, day > on)
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
    state: State = "new" if usd is None else "same" if _alike(usd, prices[0]) else "differs"
    if not all(_alike(prices[0], price) for price in prices):
        state = "disputed"
    if retired:
        state = "retired"
    page = next((quote.url for quote in figures.values() if quote.url), "")
    return Proposal(
        sku, meter, tier, limit, usd, "" if mine is None else f"{mine.where}: row {mine.line}",
        None if mine is None else mine.row.checked_on, figures, on, state,
        (mine.row.source_url if mine is not None else "") or page or pages.get(sku, ""), announced,
    )  # fmt: skip


def _alike(one: float, other: float) -> bool:
    return abs(one - other) <= SAME_FRAC * max(abs(one), abs(other))


def _unmatched(sources: Sequence[Sourced], carried: set[str]) -> dict[str, tuple[str, ...]]:
    return {s.name: tuple(sorted(carried - {quote.sku for quote in s.reading.quotes})) for s in sources}


@dataclass(frozen=True)
class Accepted:
    """One sheet before and after, and the rows it gained."""

    before: Sheet
    after: Sheet
    rows: tuple[Mapping[str, str], ...]


def accept(
    found: Proposals, patterns: Sequence[str], catalog: Catalog, today: date, valid_from: date | None = None
) -> list[Accepted]:
    """
    The sheets with the proposals that were accepted as new dated rows, checked together; nothing is written yet.

    Parameters
    ----------
    patterns : Sequence[str]
        Ids or patterns of them, such as ``openai/gpt-5.4:*``; ``PATTERN=SOURCE`` says whose figure where the sources
        disagree, or where ours is newer.
    valid_from : date, optional
        First day of the new rows; else the day the source says, else the day its data are of.

    Raises
    ------
    TcoError
        Every pattern that fits nothing, every disputed price without a source, and every fault that the new rows
        would make in the sheets.
    """
    taken, faults = _taken(found, patterns)
    if faults:
        raise TcoError(faults)
    sources = {source.name: source for source in found.sources}
    folder, sheets = catalog.own_price_folder / "api", dict[Path, Accepted]()
    for proposal, name in taken:
        provider = proposal.sku.partition("/")[0]
        path = folder / f"{provider}.csv"
        now = sheets.get(path) or Accepted(before := Sheet.read(path), before, ())
        row = row_of(proposal, sources[name], found, valid_from)
        sheets[path] = Accepted(now.before, now.after.added(row), (*now.rows, row))
    _checked(list(sheets.values()), catalog, today)
    return list(sheets.values())


def save(accepted: Sequence[Accepted]) -> None:
    """Write every sheet, each whole or not at all; a sheet that changed meanwhile is an error."""
    for change in accepted:
        change.after.save()


def _taken(found: Proposals, patterns: Sequence[str]) -> tuple[list[tuple[Proposal, str]], list[Fault]]:
    taken: dict[str, tuple[Proposal, str]] = {}
    faults: list[Fault] = []
    open_rows = [row for row in found.rows if row.state != "same"]
    for asked in patterns:
        pattern, _, source = asked.partition("=")
        mine = [row for row in open_rows if fnmatchcase(row.id.lower(), pattern.lower())]
        if not mine:
            faults.append(Fault(f"--accept {asked}", "no proposal", nearest(pattern, [row.id for row in open_rows])))
        for row in mine:
            name, fault = _whose(row, source, asked, found)
            if fault is not None:
                faults.append(fault)
            else:
                taken[row.id] = row, name
    return list(taken.values()), faults


def _whose(row: Proposal, source: str, asked: str, found: Proposals) -> tuple[str, Fault | None]:
    """Whose figure is taken: the source named, else the only one, else the first of those that agree."""
    place, days = f"--accept {asked}", {s.name: s.day for s in found.sources}
    if source and source not in row.figures:
        return "", Fault(place, f"{row.id} is not in {source}", nearest(source, row.figures))
    if source:
        return source, None
    if row.state == "disputed":
        said = ", ".join(f"{name} {quote.usd:g}" for name, quote in row.figures.items())
        return "", Fault(
            place, f"the sources disagree on {row.id}: {said}", f"look at {row.page or 'the page'}; =SOURCE"
        )
    newest = max(row.figures, key=lambda name: days[name])
    if row.ours_checked_on is not None and days[newest] < row.ours_checked_on:
        told = f"{row.id} of {days[newest]} is older than our row, checked on {row.ours_checked_on}"
        return "", Fault(place, told, f"look at {row.page or 'the page'}; ={newest} takes it all the same")
    return newest, None


def row_of(proposal: Proposal, source: Sourced, found: Proposals, valid_from: date | None = None) -> dict[str, str]:
    """A row of an API sheet with a source's figure; evidence B where another source says the same, else C."""
    quote = proposal.figures[source.name]
    others = [name for name, other in proposal.figures.items() if name != source.name and _alike(other.usd, quote.usd)]
    differing = {n: q.usd for n, q in proposal.figures.items() if n != source.name and n not in others}
    note = [f"{source.name} calls it {quote.key}"]
    note += [f"{' and '.join(others)} agree{'s' if len(others) == 1 else ''}"] if others else []
    note += [f"{name} has {usd:g}" for name, usd in differing.items()]
    if valid_from is None and quote.valid_from is None:
        note.append("valid_from is the day of the data: the day it changed is not known")
    provider, _, model = proposal.sku.partition("/")
    return {
        "provider": provider,
        "model": model,
        "meter": proposal.meter,
        "price": f"{quote.usd:.12g}",
        "currency": "USD",
        "per": "request" if proposal.meter == "request" else "1M tokens",
        "service_tier": proposal.service_tier,
        "min_input_tokens": str(proposal.min_input_tokens or ""),
        "tier_rule": _TIER_RULE if proposal.min_input_tokens else "",
        "valid_from": (valid_from or quote.valid_from or source.day).isoformat(),
        "basis": "list",
        "evidence": "B" if others else "C",
        "source_url": quote.url or proposal.page or source.site,
        "checked_on": source.day.isoformat(),
        "checked_by": source.checked_by,
        "note": "; ".join(note),
    }


def _checked(changes: Sequence[Accepted], catalog: Catalog, today: date) -> None:
    """Raise the errors that the sheets have with the new rows and did not have without."""
    after = catalog
    for change in changes:
        after = change.after.seen_by(after)

    def told(data: Catalog) -> dict[tuple[str, str, str], Fault]:
        return {(found.file, found.column, found.value): found.fault() for found in errors(check(data, today))}

    before = told(catalog)
    faults = [fault for key, fault in told(after).items() if key not in before]
    if faults:
        raise SheetError(faults)
