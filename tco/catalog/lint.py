"""
The check of the price sheets that finance people can read: every fault, every oddity and every scar of a spreadsheet, at once.

Errors must be mended. Warnings can be read as they are: files with marks of a spreadsheet, prices that nobody has looked at for
long. A price that is odd and so on the vendor's page is accepted in its own row: see ``tco.catalog.oddities``.
"""

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from tco.catalog.catalog import KEYS, SHEETS, Catalog
from tco.catalog.cells import formulas
from tco.catalog.contracts import ContractRow
from tco.catalog.dated import holding
from tco.catalog.finding import Finding, errors, finding_of
from tco.catalog.limits import Limits
from tco.catalog.oddities import KINDS, accepted_oddly, api_oddities, jumps, odd_discounts
from tco.catalog.table import Entry
from tco.errors import LookupFault, SheetError

__all__ = ["Finding", "check", "errors"]

_MARK = b"\xef\xbb\xbf"


def check(catalog_or_folder: Catalog | Path | str | None = None, on: date | None = None) -> list[Finding]:
    """
    Everything that is wrong or odd in the price sheets, errors first, then by file and row.

    Parameters
    ----------
    catalog_or_folder : Catalog | Path | str, optional
        The sheets, or the folder that holds ``price_sheets``; None is the working directory, else the package.
    on : date, optional
        The day from which the age of a check is told; today unless said.
    """
    data = catalog_or_folder
    catalog = data if isinstance(data, Catalog) else Catalog.open(data)
    limits, today = Limits(catalog), on or date.today()
    found = [finding_of(fault) for fault in catalog.check_sheets()]
    api, rents = catalog.rows("api"), catalog.rows("gpu_rental")
    found += api_oddities(api, catalog.rates, limits)
    found += jumps(api, KEYS["api"], limits)
    found += jumps(rents, KEYS["gpu_rental"], limits)
    terms = _terms(catalog)
    found += odd_discounts(terms, limits)
    found += accepted_oddly([*api, *rents, *terms])
    found += [Finding("warning", f.where, None, "", f.found, f.mend, "unread") for f in catalog.unread()]
    found += _without_rate(catalog, today)
    for where, path in catalog.sheet_files().items():
        found += _scars(where, catalog.content(path))
    found += _stale(catalog, limits, today)
    found += limits.missing()
    return sorted(_once(found), key=lambda f: (f.level != "error", f.file, f.row or 0, f.column))


def _terms(catalog: Catalog) -> list[Entry[ContractRow]]:
    try:
        return catalog.contract_terms()
    except SheetError:  # told already
        return []


def _once(found: list[Finding]) -> Iterator[Finding]:
    """Each mistake once: a wrong unit shows beside every price there is to compare with."""
    seen: set[tuple[str, int | None, str, str]] = set()
    for finding in dict.fromkeys(found):
        place = (finding.file, finding.row, finding.column, finding.kind)
        if finding.kind not in KINDS or place not in seen:
            seen.add(place)
            yield finding


def _scars(where: str, content: bytes) -> Iterator[Finding]:
    """What a spreadsheet leaves in a file: a mark at its start, other line ends, cells that it would run."""
    if content.startswith(_MARK):
        mend = "it is read as it is; save it as CSV UTF-8 without a mark, or let `tco prices add` write it"
        yield Finding("warning", where, 1, "", "begins with a byte order mark", mend, "byte_order_mark")
    returns = content.count(b"\r")
    if returns:
        mend = "they are read as they are; line ends of a single line feed keep a change to one line"
        value = f"{returns:,} line ends with a carriage return"
        yield Finding("warning", where, None, "", value, mend, "line_ends")
    try:
        found = list(formulas(content.decode("utf-8-sig")))
    except (UnicodeDecodeError, csv.Error):
        return  # that the file cannot be read is told already
    for line, column, cell in found:
        mend = "a spreadsheet would run it: put an apostrophe before it, which is taken away again when it is read"
        yield Finding("error", where, line, column, repr(cell), mend, "formula")


def _without_rate(catalog: Catalog, today: date) -> Iterator[Finding]:
    """Prices in a currency that no sheet converts."""
    rates = catalog.rates
    for folder in KEYS:
        for entry in catalog.rows(folder):
            row = entry.row
            if row.currency != "USD":
                try:
                    rates.in_usd(1.0, row.currency, max(today, row.valid_from))
                except LookupFault as error:
                    mend = f"{error.faults[0].mend}, or add the rate to price_sheets/fx"
                    yield Finding("error", entry.where, entry.line, "currency", row.currency, mend, "no_rate")


def _stale(catalog: Catalog, limits: Limits, today: date) -> Iterator[Finding]:
    """Prices in force, or announced, that nobody has checked for long: one warning a file."""
    for folder in SHEETS:
        most = limits.stale_days(folder)
        if most is None:
            continue
        rows, by_file = catalog.rows(folder), dict[str, list[date]]()
        for entry in [*holding(rows, today, KEYS[folder]), *(e for e in rows if e.row.valid_from > today)]:
            if (today - entry.row.checked_on).days > most:
                by_file.setdefault(entry.where, []).append(entry.row.checked_on)
        for where, days in by_file.items():
            age = (today - min(days)).days
            count = f"{len(days):,} {'price' if len(days) == 1 else 'prices'}"
            value = f"{count} not checked for {most:g} days, the oldest on {min(days)}, {age} days ago"
            mend = "read the page again; write the day, and a new row where the price has changed"
            yield Finding("warning", where, None, "checked_on", value, mend, "stale")
