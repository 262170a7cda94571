"""
Prices that can be written but hardly meant: wrong units, jumps, an answer cheaper than its prompt, a dear batch.

Each is an error until its row accepts it: ``accepted: jump`` in the note says that a person looked and the page says so. The words
are those of ``KINDS``, several with commas between.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from tco.catalog.api_prices import ApiPriceRow
from tco.catalog.contracts import PERCENT, ContractRow
from tco.catalog.dated import PASSING, holding
from tco.catalog.finding import Finding
from tco.catalog.fx import Rates
from tco.catalog.limits import Limits
from tco.catalog.table import Entry, named
from tco.errors import LookupFault, nearest

KINDS = {
    "unit_slip": "a price per token or per 1K tokens where per 1M is meant",
    "jump": "a price several times the one before, or a fraction of it",
    "output_below_input": "an answer cheaper than its prompt",
    "batch_above_standard": "a batch or flex price above the standard one",
    "cache_read_above_input": "a cached prompt dearer than a fresh one",
    "zero": "a price of 0 that is not called free",
    "discount": "a discount that is hardly meant as percent off the price",
    "unknown_model": "a contract for a model that no list sells, or a model with one meter alone",
}
"""What a row may accept, and what it is."""
_ACCEPTED = re.compile(r"\baccepted: ([a-z_]+(?:, [a-z_]+)*)")
_CACHES = ("cache_read", "cache_write_5m", "cache_write_1h")
_SAME = 1e-9
Api = Entry[ApiPriceRow]
Tariff = tuple[str, str, str, str, int, str]
"""Provider, model, region, service tier, threshold, hours."""


def accepts(note: str) -> frozenset[str]:
    """
    The oddities that a row's note accepts.

    Examples
    --------
    >>> sorted(accepts("halved on the page; accepted: jump, output_below_input"))
    ['jump', 'output_below_input']
    """
    return frozenset(word for part in _ACCEPTED.findall(note) for word in part.split(", "))


def accepted_oddly(entries: Iterable[Entry[Any]]) -> Iterator[Finding]:
    """Rows that accept something no check knows."""
    for entry in entries:
        for word in sorted(accepts(entry.row.note) - set(KINDS)) if "accepted: " in entry.row.note else []:
            mend = f"{nearest(word, KINDS)} (one of {', '.join(KINDS)})"
            yield Finding("error", entry.where, entry.line, "note", f"accepted: {word}", mend, "accepted")


def api_oddities(entries: Sequence[Api], rates: Rates, limits: Limits) -> list[Finding]:
    """What is odd about API prices, each by itself and against the others of its day."""
    found = [finding for entry in entries for finding in _alone(entry, rates, limits)]
    tariffs: dict[Tariff, list[Api]] = {}
    for entry in entries:
        tariffs.setdefault(_tariff(entry.row), []).append(entry)
    for name, rows in tariffs.items():
        bases = _bases(tariffs, name)
        for day in sorted({entry.row.valid_from for entry in [*rows, *bases]}):
            prices = _on(rows, day)
            found += _beside(prices, limits)
            if bases:
                found += _above_standard(prices, _on(bases, day), name[3])
    found += _lone_models(entries)
    return list(dict.fromkeys(found))


def odd_discounts(entries: Iterable[Entry[ContractRow]], limits: Limits) -> Iterator[Finding]:
    """Discounts that may be a share written as percent, or what is left of the price."""
    low, high = limits.between("discount_percent")
    for entry in entries:
        percent = entry.row.amount
        if entry.row.kind == "discount" and not low <= percent <= high:
            meant = (
                f"{percent * PERCENT:g} for {percent * PERCENT:g} %"
                if percent < low
                else f"{PERCENT - percent:g} if {percent:g} % are left"
            )
            yield from _odd(entry, "amount", f"{percent:g} percent", f"write what is taken off: {meant}", "discount")


def _odd(entry: Entry[Any], column: str, value: str, mend: str, kind: str) -> Iterator[Finding]:
    """The finding, unless the row accepts it."""
    if kind in accepts(entry.row.note):
        return
    more = f"{mend}; if the page says so, add to the note: accepted: {kind}"
    yield Finding("error", entry.where, entry.line, column, value, more, kind)


def _tariff(row: ApiPriceRow) -> Tariff:
    return row.provider, row.model, row.region, row.service_tier, row.min_input_tokens, row.hours_utc


def _on(rows: Sequence[Api], day: date) -> dict[str, Api]:
    """The prices of one tariff that hold on a day, by meter."""
    return {entry.row.meter: entry for entry in holding(rows, day, ("meter",))}


def _alone(entry: Api, rates: Rates, limits: Limits) -> Iterator[Finding]:
    row = entry.row
    if row.price == 0:
        if row.basis != "free":
            yield from _odd(entry, "price", "0", "write the price, or the basis free", "zero")
        return
    name = "cache" if row.meter in _CACHES else row.meter
    if name not in ("cache", "input", "output"):
        return
    low, high = limits.between(f"{name}_usd_per_mtok")
    try:
        usd, _ = rates.in_usd(row.price, row.currency, row.valid_from)
    except LookupFault:
        return  # told as a currency without a rate
    if not low <= usd <= high:
        yield from _odd(entry, "price", f"{row.price:g} for {row.per}", _rescaled(row.price, usd < low), "unit_slip")


def _rescaled(price: float, too_low: bool) -> str:
    if too_low:
        return f"write it for 1M tokens: {price * 1e3:g} if the page says per 1K, {price * 1e6:g} if it says per token"
    return f"write it in dollars for 1M tokens: {price / 1e3:g} if it is for 1B, {price / 100:g} if it is in cents"


def _beside(prices: dict[str, Api], limits: Limits) -> Iterator[Finding]:
    """One tariff's meters on one day: answers and cached prompts against prompts."""
    paid = prices.get("input")
    if paid is None or paid.row.price == 0:
        return
    for meter, kind, too_dear in (
        ("output", "output_below_input", False),
        ("cache_read", "cache_read_above_input", True),
    ):
        entry = prices.get(meter)
        if entry is None or entry.row.price == 0 or entry.row.currency != paid.row.currency:
            continue
        ratio = entry.row.price / paid.row.price
        low, high = limits.between(f"{meter}_over_input_ratio")
        if not low <= ratio <= high:
            value = f"{entry.row.price:g}, {ratio:.3g} times the input of {named(paid, entry)}"
            yield from _odd(entry, "price", value, "one of the two is not for 1M tokens: read both again", "unit_slip")
        elif ratio > 1 + _SAME if too_dear else ratio < 1 - _SAME:
            words = "above" if too_dear else "below"
            value = f"{entry.row.price:g}, {words} the input's {paid.row.price:g} of {named(paid, entry)}"
            yield from _odd(entry, "price", value, "read both again: the two may be exchanged", kind)


def _bases(tariffs: dict[Tariff, list[Api]], name: Tariff) -> list[Api]:
    """The standard rows that a batch or flex tariff is weighed against: of its region and length, else the plainest."""
    provider, model, region, tier, limit, hours = name
    if tier not in ("batch", "flex"):
        return []
    for other in ((region, limit, hours), (region, 0, ""), ("", limit, ""), ("", 0, "")):
        rows = tariffs.get((provider, model, other[0], "standard", other[1], other[2]))
        if rows:
            return rows
    return []


def _above_standard(prices: dict[str, Api], usual: dict[str, Api], tier: str) -> Iterator[Finding]:
    for meter, entry in prices.items():
        other = usual.get(meter)
        if other is None or other.row.currency != entry.row.currency:
            continue
        if entry.row.price > other.row.price * (1 + _SAME):
            value = f"{entry.row.price:g} for {tier}, above the standard {other.row.price:g} of {named(other, entry)}"
            yield from _odd(entry, "price", value, "read both again", "batch_above_standard")


def jumps(entries: Sequence[Entry[Any]], key: Sequence[str], limits: Limits) -> list[Finding]:
    """Prices of tokens or rents far from the one they follow; a promotion is not weighed, for it is meant to be far."""
    groups: dict[tuple[Any, ...], list[Entry[Any]]] = {}
    for entry in entries:
        if entry.row.basis not in PASSING:
            contract = entry.row.basis == "contract"
            names = tuple(getattr(entry.row, name) for name in key)
            groups.setdefault((contract, entry.row.currency, entry.row.per, *names), []).append(entry)
    most, slip = limits.ratio("jump_ratio"), limits.ratio("slip_ratio")
    found: list[Finding] = []
    for rows in groups.values():
        ordered = sorted(rows, key=lambda entry: entry.row.valid_from)
        for old, new in pairwise(ordered):
            was, now = old.row.price, new.row.price
            if was > 0 and now > 0 and max(now / was, was / now) > most:
                kind = "unit_slip" if max(now / was, was / now) > slip else "jump"
                value = f"{now:g}, {now / was:.3g} times the {was:g} of {named(old, new)}"
                mend = "for 1M tokens?" if kind == "unit_slip" else "look at the page once more"
                found += _odd(new, "price", value, mend, kind)
    return found


def _lone_models(entries: Sequence[Api]) -> Iterator[Finding]:
    """Contracts for models that nobody lists, and models that lack input or output: misspelt, more often than not."""
    meters: dict[tuple[str, str], set[str]] = {}
    first: dict[tuple[str, str], Api] = {}
    for entry in entries:
        name = entry.row.provider, entry.row.model
        first.setdefault(name, entry)
        if entry.row.basis != "contract":
            meters.setdefault(name, set()).add(entry.row.meter)
    whole = {name for name, has in meters.items() if {"input", "output"} <= has}
    for name, entry in first.items():
        if name not in whole:
            provider, model = name
            mend = nearest(model, [other for vendor, other in whole if vendor == provider])
            what = "no list price of this model has an input and an output"
            yield from _odd(entry, "model", f"{model}: {what}", mend, "unknown_model")
