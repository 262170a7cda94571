"""Proposed prices that a person takes over: new dated rows that say which data they came through, checked before they are written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

from tco.catalog.catalog import Catalog
from tco.catalog.edit import Sheet
from tco.catalog.finding import errors
from tco.catalog.lint import check
from tco.catalog.proposing import Proposal, Proposals, Sourced, alike
from tco.errors import Fault, SheetError, TcoError, nearest

TIER_RULE = "whole_request"
"""How every source here bills a long prompt: all of it at the dearer price."""


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
        First day of the new rows; else, for all of a model, the last of the days that its sources say or are of.

    Raises
    ------
    TcoError
        Every pattern that fits nothing, every disputed price without a source, every source whose day nobody says,
        every price of ours that begins later, and every fault that the new rows would make in the sheets.
    """
    taken, faults = _taken(found, patterns)
    sources = {source.name: source for source in found.sources}
    starts = _starts(taken, sources, valid_from)
    faults += [fault for row, _ in taken if (fault := _later_ours(row, starts.get(_beginning(row)))) is not None]
    if faults:
        raise TcoError(faults)
    folder, sheets = catalog.own_price_folder / "api", dict[Path, Accepted]()
    for proposal, name in taken:
        provider = proposal.sku.partition("/")[0]
        path = folder / f"{provider}.csv"
        now = sheets.get(path) or Accepted(before := Sheet.read(path), before, ())
        row = row_of(proposal, sources[name], found, starts[_beginning(proposal)], said=valid_from is not None)
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
    days = {source.name: source.day for source in found.sources}
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
    faults += [_no_day(name) for name in sorted({name for _, name in taken.values()}) if days[name] is None]
    return list(taken.values()), faults


def _no_day(name: str) -> Fault:
    mend = f"say the day they are of with --checked-on, or in the file's name, as {name}_2026-11-20.json"
    return Fault(f"{name}'s data", "nothing says which day they are of", mend)


def _beginning(row: Proposal) -> tuple[str, date | None]:
    """What begins together: a model's prices in force, and those it announces for a day."""
    return row.sku, row.on if row.announced else None


def _starts(
    taken: Sequence[tuple[Proposal, str]], sources: Mapping[str, Sourced], valid_from: date | None
) -> dict[tuple[str, date | None], date]:
    """The first day of the rows of each model: one for all, so that no tariff begins before the one that it is part of."""
    starts: dict[tuple[str, date | None], date] = {}
    for row, name in taken:
        day = valid_from or row.figures[name].valid_from or sources[name].day
        if day is not None:
            starts[_beginning(row)] = max(day, starts.get(_beginning(row), day))
    return starts


def _later_ours(row: Proposal, start: date | None) -> Fault | None:
    """The fault of a row that would never be in force today, our own having begun later or on the same day."""
    if start is None or row.ours_from is None or row.ours_from < start:
        return None
    found = f"{row.ours_where} says {row.ours_usd:g} from {row.ours_from} on, and the new row would begin on {start}"
    return Fault(f"--accept {row.id}", found, "say with --valid-from on which later day the price changed")


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
    newest = max(row.figures, key=lambda name: days[name] or date.min)
    day = days[newest]
    if day is not None and row.ours_checked_on is not None and day < row.ours_checked_on:
        told = f"{row.id} of {day} is older than our row, checked on {row.ours_checked_on}"
        return "", Fault(place, told, f"look at {row.page or 'the page'}; ={newest} takes it all the same")
    return newest, None


def row_of(
    proposal: Proposal, source: Sourced, found: Proposals, valid_from: date | None = None, *, said: bool = False
) -> dict[str, str]:
    """
    A row of an API sheet with a source's figure; evidence B where another source says the same, else C.

    Parameters
    ----------
    valid_from : date, optional
        Its first day; else the one the source says, else the day of its data. Blank, like ``checked_on``, when that is
        not known: somebody has to fill it in.
    said : bool
        Whether a person said the first day; otherwise the note tells that it is only the day of the data.
    """
    quote = proposal.figures[source.name]
    others = [name for name, other in proposal.figures.items() if name != source.name and alike(other.usd, quote.usd)]
    differing = {n: q.usd for n, q in proposal.figures.items() if n != source.name and n not in others}
    note = [f"{source.name} calls it {quote.key}"]
    note += [f"{' and '.join(others)} agree{'s' if len(others) == 1 else ''}"] if others else []
    note += [f"{name} has {usd:g}" for name, usd in differing.items()]
    first = valid_from or quote.valid_from or source.day
    if not said and first is not None and first != quote.valid_from:
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
        "tier_rule": TIER_RULE if proposal.min_input_tokens else "",
        "valid_from": first.isoformat() if first else "",
        "basis": "list",
        "evidence": "B" if others else "C",
        "source_url": quote.url or proposal.page or source.site,
        "checked_on": source.day.isoformat() if source.day else "",
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
