"""`tco prices propose`: candidate rows from public price data, and those that a person accepts."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tco.errors import Fault, TcoError, day_said

if TYPE_CHECKING:
    from tco.catalog.accepting import Accepted
    from tco.catalog.proposing import Proposals

SOURCES = ("litellm", "genai-prices", "models.dev", "openrouter")
"""Sources of public price data; named here so that ``tco --help`` stays quick."""


def add_propose(commands: Any) -> None:
    """The sub-command among those of `tco prices`."""
    words = "what public price data say of our models, beside our sheets; nothing is written but what you accept"
    parser = commands.add_parser("propose", help=words, description=words)
    parser.add_argument(
        "--from",
        dest="sources",
        nargs="+",
        action="append",
        required=True,
        metavar=("SOURCE", "FILE"),
        help=f"one of {', '.join(SOURCES)}, and its file; without one the installed package's data. Repeat to compare",
    )
    parser.add_argument(
        "--models", nargs="+", default=[], metavar="PATTERN", help="such as openai/* (default: every model we carry)"
    )
    parser.add_argument(
        "--accept",
        nargs="+",
        default=[],
        metavar="ID",
        help="add these as dated rows: an id as printed, or a pattern; ID=SOURCE says whose where they disagree",
    )
    parser.add_argument("--all", action="store_true", help="show those that are the same as ours, too")
    parser.add_argument("--valid-from", metavar="DATE", type=day_said, help="first day of accepted rows")
    parser.add_argument("--as-of", metavar="DATE", type=day_said, help="day compared (default: today)")
    parser.add_argument(
        "--checked-on",
        metavar="DATE",
        type=day_said,
        help="day the data are of (default: that in the file's name); of several sources, of those without one",
    )
    parser.add_argument("--dry-run", action="store_true", help="show what --accept would change, and write nothing")
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder with price_sheets/")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON, and nothing else")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compare, show, and write what was accepted."""
    from tco.catalog import Catalog
    from tco.catalog.accepting import accept, save
    from tco.catalog.proposing import open_source, propose

    catalog, today = Catalog.open(arguments.data), date.today()
    asked = _asked(arguments.sources)
    sources = [open_source(name, file, catalog) for name, file in asked]
    if arguments.checked_on is not None:
        undated = [source.day is None or len(sources) == 1 for source in sources]
        said = [replace(source, day=arguments.checked_on) for source in sources]
        sources = [new if free else old for new, old, free in zip(said, sources, undated, strict=True)]
    found = propose(catalog, sources, arguments.as_of or today, arguments.models)
    changes: list[Accepted] = []
    if arguments.accept:
        changes = accept(found, arguments.accept, catalog, today, arguments.valid_from)
        if not arguments.dry_run:
            save(changes)
    if arguments.json:
        print(json.dumps(_data(found, changes, arguments), ensure_ascii=False, indent=2, allow_nan=False))
        return 0
    if changes:
        for change in changes:
            print(change.before.diff(change.after), end="")
        done = _done(sum(len(change.rows) for change in changes), arguments.dry_run)
        print(done, file=sys.stderr)
    else:
        from tco.present.proposals import show_proposals

        show_proposals(_data(found, changes, arguments))
    return 0


def _done(rows: int, dry_run: bool) -> str:
    """
    What became of the rows that were accepted.

    Examples
    --------
    >>> _done(1, False), _done(2, False), _done(2, True)
    ('1 row was added', '2 rows were added', 'nothing was written')
    """
    return "nothing was written" if dry_run else f"{rows:,} {'row was' if rows == 1 else 'rows were'} added"


def _asked(sources: list[list[str]]) -> list[tuple[str, Path | None]]:
    wrong = [words for words in sources if len(words) > 2]
    if wrong:
        raise TcoError([Fault("--from", " ".join(words), "write one source and at most one file") for words in wrong])
    names = [words[0] for words in sources]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise TcoError([Fault("--from", name, "name each source once") for name in twice])
    return [(words[0], Path(words[1]) if len(words) > 1 else None) for words in sources]


def _data(found: Proposals, changes: list[Accepted], arguments: argparse.Namespace) -> dict[str, Any]:
    shown = found.rows if arguments.all else found.of(("differs", "new", "disputed"))
    return {
        "on": found.on.isoformat(),
        "sources": [
            {
                "name": source.name,
                "version": source.version,
                "checked_on": source.day.isoformat() if source.day else None,
                "models": source.reading.models,
                "prices": len(source.reading.quotes),
                "unknown_keys": dict(source.reading.unknown.most_common()),
                "left_out": dict(source.reading.left_out.most_common()),
                "models_it_lacks": list(found.unmatched[source.name]),
            }
            for source in found.sources
        ],
        "same": len(found.of(("same",))),
        "retired": len(found.of(("retired",))),
        "proposals": [
            {
                "id": row.id,
                "sku": row.sku,
                "model_since": row.model_since.isoformat() if row.model_since else None,
                "state": row.state,
                "ours_usd": row.ours_usd,
                "ours_row": row.ours_where,
                "ours_checked_on": row.ours_checked_on.isoformat() if row.ours_checked_on else None,
                "sources_usd": {name: quote.usd for name, quote in row.figures.items()},
                "page": row.page,
            }
            for row in shown
        ],
        "accepted": [
            {"file": change.before.where, "rows": [dict(row) for row in change.rows],
             "diff": change.before.diff(change.after), "written": not arguments.dry_run}
            for change in changes
        ],
    }  # fmt: skip
