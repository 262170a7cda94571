"""Prices over time: when each changed, how fast it falls, and what moved between two days or two states of the sheets."""

import subprocess
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from math import exp, log
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tco.catalog.api_prices import ApiPriceRow
from tco.catalog.catalog import KEYS, Catalog
from tco.catalog.dated import holding
from tco.catalog.fx import Rates
from tco.catalog.rentals import RentalRow
from tco.catalog.table import Entry
from tco.errors import Fault, LookupFault, nearest
from tco.inputs.source import Source
from tco.units import TOKENS_PER_MTOK

DAYS_PER_YEAR = 365.25
BLEND = ("workload.input_length.mean_tok", "workload.output_length.mean_tok")
"""The planning values whose lengths a request of the blended price has."""


@dataclass(frozen=True)
class Change:
    """One price that changed on a day. Prices are USD for what the row is charged per."""

    on: date
    meter: str
    tier: str
    """``standard``, ``batch``, ``standard above 200,000``, ``standard Mon-Fri 01-04`` …"""
    was: float | None
    """None when there was none before."""
    now: float | None
    """None when it ended."""
    ratio: float | None
    """``now`` over ``was``."""
    source: Source


@dataclass(frozen=True)
class Decline:
    """How fast a price fell, as one yearly rate over the days it was known."""

    meter: str
    """A meter, or ``blend`` for the planning values' request."""
    first: date
    last: date
    was: float
    now: float
    per_year_frac: float
    """Share it lost a year; below 0 where it rose."""


@dataclass(frozen=True)
class Move:
    """One price that differs between two states of the sheets. USD for what the row is charged per."""

    sheet: str
    """``api`` or ``gpu_rental``."""
    name: str
    """SKU, or provider and GPU."""
    what: str
    """Meter and tariff, or term and instance."""
    was: float | None
    now: float | None
    ratio: float | None
    source: Source


def known_sku(catalog: Catalog, name: str) -> str:
    """
    The SKU that a name means: ``openai/gpt-5.4``, or ``gpt-5.4`` where one vendor alone sells it.

    Raises
    ------
    LookupFault
        When nobody sells it, or several do: the nearest, or all of them, are named.
    """
    skus = sorted({f"{entry.row.provider}/{entry.row.model}" for entry in catalog.rows("api")})
    if name in skus:
        return name
    ending = [sku for sku in skus if sku.endswith(f"/{name}")]
    if len(ending) == 1:
        return ending[0]
    mend = f"write one of {', '.join(ending)}" if ending else nearest(name, skus)
    raise LookupFault(Fault(f"API model {name}", "sold by several" if ending else "not in price_sheets/api", mend))


def history(catalog: Catalog, sku: str) -> list[Change]:
    """
    Every change of every price of a model, announced ones among them, oldest first; rows of named regions are left out.

    Raises
    ------
    LookupFault
        When nobody sells the SKU.
    """
    sku = known_sku(catalog, sku)
    rows = [e for e in catalog.rows("api") if f"{e.row.provider}/{e.row.model}" == sku and not e.row.region]
    groups: dict[tuple[str, str], list[Entry[ApiPriceRow]]] = {}
    for entry in rows:
        groups.setdefault((entry.row.meter, tier_of(entry.row)), []).append(entry)
    found = [change for group in groups.values() for change in _changes(group, catalog.rates)]
    return sorted(found, key=lambda change: (change.on, change.tier != "standard", change.tier, change.meter))


def implied_decline_per_year(
    changes: Sequence[Change], until: date, blend: Mapping[str, float] | None = None
) -> list[Decline]:
    """
    The yearly rate at which each standard price fell between its first day and the last it was known, ``until`` at most.

    A price of 10 USD that is 5 USD two years later lost a share of 1 - (5 / 10) ** (1 / 2) = 0.293 a year. Prices are
    those in force; one that never changed has a rate of 0, one known for less than a day has none.

    Parameters
    ----------
    changes : Sequence[Change]
        What ``history`` gives.
    until : date
        The last day looked at, such as today; announced prices beyond do not count.
    blend : Mapping[str, float], optional
        Tokens of each meter in one request: then the price of that request is given too. [tok]
    """
    steps: dict[str, list[Change]] = {}
    for change in changes:
        if change.tier == "standard" and change.on <= until:
            steps.setdefault(change.meter, []).append(change)
    found = [decline for meter, of in steps.items() if (decline := _decline(meter, of, until)) is not None]
    whole = _blended(steps, until, blend or {})
    return [*found, *([whole] if whole is not None else [])]


def blend_of(catalog: Catalog) -> dict[str, float]:
    """Tokens of a request by the planning values, for a price over input and output together. [tok]"""
    tokens = [catalog.default(path) for path in BLEND]
    return {
        meter: float(fact.value) for meter, fact in zip(("input", "output"), tokens, strict=True) if fact is not None
    }


def moves(before: Catalog, after: Catalog, on_before: date, on_after: date) -> list[Move]:
    """Every price of tokens and every rent that differs between two catalogs and days, by sheet and name."""
    found: list[Move] = []
    for folder in ("api", "gpu_rental"):
        key = KEYS[folder]
        old, new = (_in_force(data, folder, on) for data, on in ((before, on_before), (after, on_after)))
        for names in sorted({*old, *new}, key=str):
            was, now = _usd(old.get(names), before.rates, on_before), _usd(new.get(names), after.rates, on_after)
            if was != now:
                entry = new.get(names) or old[names]
                name, what = _words(dict(zip(key, names, strict=True)), entry.row)
                found.append(Move(folder, name, what, was, now, _ratio(was, now), entry.source()))
    return found


@contextmanager
def moment(catalog: Catalog, text: str, today: date) -> Iterator[tuple[Catalog, date, str]]:
    """
    What a day, a git revision or a folder means: the catalog, the day, and both in words.

    A day takes these sheets on that day; a revision or a folder takes its price sheets, with everything else of this
    catalog, on ``today``. The sheets of a revision are there until the ``with`` ends.

    Raises
    ------
    LookupFault
        When it is none of the three.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        pass
    else:
        yield catalog, day, f"prices of {day}"
        return
    folder = Path(text)
    if folder.is_dir():
        inside = folder / "price_sheets"
        yield catalog.with_prices_of(inside if inside.is_dir() else folder, text), today, f"the sheets of {text}"
        return
    with TemporaryDirectory() as space:
        revision = _checked_out(catalog.price_folder, text, Path(space))
        yield catalog.with_prices_of(Path(space), f"revision {text}"), today, f"the sheets of {text} ({revision[:10]})"


def tier_of(row: ApiPriceRow) -> str:
    """
    A row's tariff in words: its tier, its threshold, its hours.
    """
    above = f" above {row.min_input_tokens:,}" if row.min_input_tokens else ""
    hours = f" {row.hours_utc}" if row.hours_utc else ""
    return f"{row.service_tier}{above}{hours}"


def _changes(rows: list[Entry[ApiPriceRow]], rates: Rates) -> Iterator[Change]:
    """The steps of one price: on each day on which one of its rows begins or ends."""
    days = sorted({day for e in rows for day in (e.row.valid_from, e.row.valid_to) if day is not None})
    before: Entry[ApiPriceRow] | None = None
    was: float | None = None
    for day in days:
        entry = next(iter(holding(rows, day, ("meter",))), None)
        now = _usd(entry, rates, day)
        if now != was:
            row = (entry or before or rows[0]).row
            source = (entry or before or rows[0]).source()
            yield Change(day, row.meter, tier_of(row), was, now, _ratio(was, now), source)
        before, was = entry or before, now


def _decline(meter: str, steps: Sequence[Change], until: date) -> Decline | None:
    priced = [step for step in steps if step.now is not None]
    if not priced or not priced[0].now or not priced[-1].now:
        return None
    ended = steps[-1].on if steps[-1].now is None else until
    return _rate(meter, priced[0].on, ended, priced[0].now, priced[-1].now)


def _blended(steps: Mapping[str, Sequence[Change]], until: date, blend: Mapping[str, float]) -> Decline | None:
    """The rate of a whole request's price, over the days on which all its meters have one."""
    if not blend or not set(blend) <= set(steps):
        return None
    first = max(steps[meter][0].on for meter in blend)
    ends = [of[-1].on for of in (steps[meter] for meter in blend) if of[-1].now is None]
    prices = []
    for day in (first, min([until, *ends])):
        usd = 0.0
        for meter, tok in blend.items():
            known = [step.now for step in steps[meter] if step.on <= day and step.now is not None]
            if not known:
                return None
            usd += tok * known[-1] / TOKENS_PER_MTOK
        prices.append(usd)
    return _rate("blend", first, min([until, *ends]), *prices) if all(prices) else None


def _rate(meter: str, first: date, last: date, was: float, now: float) -> Decline | None:
    years = (last - first).days / DAYS_PER_YEAR
    if years <= 0:
        return None
    return Decline(meter, first, last, was, now, 1.0 - exp(log(now / was) / years))


def _in_force(catalog: Catalog, folder: str, on: date) -> dict[tuple[Any, ...], Entry[Any]]:
    key = KEYS[folder]
    return {tuple(getattr(entry.row, name) for name in key): entry for entry in holding(catalog.rows(folder), on, key)}


def _usd(entry: Entry[Any] | None, rates: Rates, on: date) -> float | None:
    if entry is None:
        return None
    row = entry.row
    gpus = row.gpus_per_instance if isinstance(row, RentalRow) and row.per == "instance-hour" else 1
    return rates.in_usd(row.price / gpus, row.currency, on)[0]


def _words(names: Mapping[str, Any], row: ApiPriceRow | RentalRow) -> tuple[str, str]:
    where = f" in {row.region}" if row.region else ""
    if isinstance(row, ApiPriceRow):
        return f"{row.provider}/{row.model}", f"{row.meter}, {tier_of(row)}{where}"
    return f"{row.provider}, {row.gpu}", f"{row.term}, {row.gpus_per_instance} together{where}"


def _ratio(was: float | None, now: float | None) -> float | None:
    return now / was if was and now is not None else None


def _checked_out(folder: Path, revision: str, into: Path) -> str:
    """Write the sheets of a revision of the folder's repository; returns the commit's full name."""
    mend = "write a day such as 2026-11-20, a revision that `git log` knows, or a folder with price_sheets"
    try:
        commit = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        inside, root = _git(folder, "rev-parse", "--show-prefix"), _git(folder, "rev-parse", "--show-toplevel")
        packed = _archive(Path(root), f"{commit}:{inside.rstrip('/')}")
    except (OSError, subprocess.CalledProcessError):
        raise LookupFault(Fault(revision, "no day, no folder, and no revision of the price sheets", mend)) from None
    with tarfile.open(fileobj=BytesIO(packed)) as tar:
        tar.extractall(into, filter="data")
    return commit


def _git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True, text=True).stdout.strip()


def _archive(root: Path, tree: str) -> bytes:
    return subprocess.run(
        ["git", "-C", str(root), "archive", "--format=tar", tree], check=True, capture_output=True
    ).stdout
