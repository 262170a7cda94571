"""New dated rows for a sheet: what is not said is that of the row each follows; two people may add at once."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from tco.catalog.catalog import Catalog
from tco.catalog.edit import ChangedSheet, Sheet
from tco.catalog.finding import Finding, errors
from tco.catalog.lint import check
from tco.errors import SheetError

INHERITED = ("currency", "per", "tier_rule", "evidence", "source_url")
"""Columns that a new row takes from the row of the same price before it, unless they are said."""
PRICE = ("provider", "model", "meter", "service_tier", "min_input_tokens", "region", "hours_utc")
TRIES = 20
"""How often a change is made anew when others save in between."""


def row_to_add(sheet: Sheet, given: Mapping[str, str], today: date) -> dict[str, str]:
    """
    A whole row of an API sheet from what was said: dated today, read by a person, otherwise like the row it follows.

    ``tier_rule`` and ``per`` follow the row before where there is one; without one, the meter ``request`` is charged per
    request and every other for 1M tokens, in USD, as a list price.
    """
    base = {"service_tier": "standard", "basis": "list", "currency": "USD", "checked_by": "desk research"}
    base |= {"valid_from": today.isoformat(), "checked_on": today.isoformat()}
    base["per"] = "request" if given.get("meter") == "request" else "1M tokens"
    said = {name: value for name, value in given.items() if value != ""}
    same = [row for row in sheet.rows if all(row.get(n, "") == {**base, **said}.get(n, "") for n in PRICE)]
    near = same or [row for row in sheet.rows if row.get("model") == said.get("model")]
    last = max(near, key=lambda row: row.get("valid_from", ""), default={})
    kept = INHERITED if same else tuple(name for name in INHERITED if name not in ("per", "tier_rule"))
    return {**base, **{name: last[name] for name in kept if last.get(name)}, **said}


def with_row(sheet: Sheet, row: Mapping[str, str], close: bool = False) -> Sheet:
    """
    The sheet with a row more.

    Parameters
    ----------
    close : bool
        Also write the end of the open row that it follows: its ``valid_to`` becomes the day on which the new one begins.
    """
    first = _day(row.get("valid_from", ""))
    line = _open_before(sheet, row, first) if close and first is not None else None
    if line is not None and first is not None:
        sheet = sheet.retired(line, first)
    return sheet.added(row)


def added_faults(before: Sheet, after: Sheet, catalog: Catalog, today: date) -> list[Finding]:
    """The errors that the sheets have after an edit and did not have before, in this file or in any other."""
    known = {unplaced(finding) for finding in errors(check(before.seen_by(catalog), today))}
    return [f for f in errors(check(after.seen_by(catalog), today)) if unplaced(f) not in known]


def add_prices(
    path: Path,
    given: Sequence[Mapping[str, str]],
    catalog: Catalog,
    today: date,
    *,
    close: bool = False,
    write: bool = True,
) -> tuple[Sheet, Sheet, list[dict[str, str]]]:
    """
    Add prices to a sheet, all or none: checked before it is written, made anew when somebody else has saved meanwhile.

    Parameters
    ----------
    path : Path
        The sheet; one that is not there is made.
    given : Sequence[Mapping[str, str]]
        What is said of each row, by column.
    close : bool
        Also write the end of the open row that each follows.
    write : bool
        False checks and shows, and writes nothing.

    Returns
    -------
    tuple[Sheet, Sheet, list[dict[str, str]]]
        The sheet before, the sheet after, and the rows.

    Raises
    ------
    SheetError
        When a row, or what it makes of the others, is faulty: every fault; nothing is written.
    ChangedSheet
        When others keep saving.
    """
    for left in range(TRIES - 1, -1, -1):
        before = after = Sheet.read(path)
        rows = [row_to_add(before, said, today) for said in given]
        for row in rows:
            after = with_row(after, row, close)
        faults = added_faults(before, after, catalog, today)
        if faults:
            raise SheetError([finding.fault() for finding in faults])
        try:
            return before, after.save() if write else after, rows
        except ChangedSheet:
            if not left:
                raise
    raise AssertionError("the loop returns or raises")


def _day(text: str) -> date | None:
    """A day; None for a cell that is none, which the check tells."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _open_before(sheet: Sheet, row: Mapping[str, str], first: date) -> int | None:
    """The line of the row without an end that holds the same price on the day before the new one."""
    eve = (first - timedelta(days=1)).isoformat()
    basis = row.get("basis") == "contract"
    found: Sequence[tuple[str, int]] = [
        (old.get("valid_from", ""), line)
        for line, old in zip(sheet.lines, sheet.rows, strict=True)
        if all(old.get(n, "") == row.get(n, "") for n in PRICE)
        and not old.get("valid_to")
        and old.get("valid_from", "") <= eve
        and (old.get("basis") == "contract") == basis
    ]
    return max(found)[1] if found else None


def unplaced(finding: Finding) -> tuple[str, str, str, str]:
    """What a finding tells without its line, which a new row moves: to know it again after an edit."""
    return finding.file, finding.kind, finding.column, finding.value.split(" of row ")[0]
