"""`tco prices`: the sheets listed, shown, checked, compared, added to and handed on."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tco.cli_propose import add_propose
from tco.errors import Fault, LookupFault, TcoError, day_said, nearest

if TYPE_CHECKING:
    from tco.catalog import Catalog
    from tco.reprice import Repriced

COLUMNS = (
    ("currency", "ISO code (default: that of the row before, else USD)"),
    ("per", "1M tokens or request (default: that of the row before)"),
    ("service-tier", "standard, batch, flex or priority (default: standard)"),
    ("min-input-tokens", "prompt tokens above which it applies"),
    ("tier-rule", "whole_request or marginal"),
    ("region", "a named region; such rows are kept, not used"),
    ("hours-utc", "hours it holds, such as 'Mon-Fri 01-04,06-10'"),
    ("valid-from", "first day it holds (default: today)"),
    ("valid-to", "first day it no longer holds"),
    ("basis", "list, contract, promo, estimate or free (default: list)"),
    ("evidence", "A, B, C or D (default: that of the row before)"),
    ("source-url", "the page (default: that of the row before)"),
    ("checked-on", "day the page was read (default: today)"),
    ("checked-by", "who read it (default: desk research)"),
    ("note", "what to know before using it; 'accepted: jump' takes an odd price"),
)
"""Columns of a row that `tco prices add` takes, beside model, meter and price, with their help."""
METERS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning", "request")
"""Meters of the API sheets; named here so that ``tco --help`` stays quick."""


def add_prices(parser: argparse.ArgumentParser) -> None:
    """The sub-commands of `tco prices`."""
    parser.description = "Look at the dated price sheets, check them, and add to them; nothing old is ever changed."
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    listed = _command(commands, "list", "every model priced on a day", _list)
    listed.add_argument(
        "wanted", nargs="?", default="", metavar="TEXT", help="only models whose name has these letters"
    )
    shown = _command(commands, "show", "one model's prices on a day, each with its row, and those announced", _show)
    past = _command(commands, "history", "when a model's prices changed, and how fast they fall", _history)
    for one in (shown, past):
        one.add_argument("model", metavar="MODEL", help="a SKU such as openai/gpt-5.4, or its name where one sells it")
    past.add_argument("--chart", metavar="FILE", type=Path, help="write the chart: .html .png .svg or .pdf")
    for one in (listed, shown, past):
        one.add_argument("--as-of", metavar="DATE", type=day_said, help="day (default: today)")
        _with_contracts(one)
    checked = _command(
        commands, "check", "every fault and oddity of every sheet: file, row, column, value, mend", _check
    )
    checked.add_argument("--strict", action="store_true", help="exit status 1 on warnings too")
    checked.add_argument("--plain", action="store_true", help="one line each, for logs")
    _adding(commands)
    _comparing(commands)
    _exporting(commands)
    add_propose(commands)


def _command(commands: Any, name: str, words: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=words, description=words)
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder with price_sheets/")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON, and nothing else")
    parser.set_defaults(run=run)
    return parser


def _adding(commands: Any) -> None:
    parser = _command(commands, "add", "new dated rows, checked before they are written; no row is edited", _add)
    parser.add_argument("model", metavar="MODEL", help="vendor/model, such as openai/gpt-5.4")
    pairs = f"such as input=2.50 output=15; METER is one of {', '.join(METERS)}"
    parser.add_argument("prices", metavar="METER=PRICE", nargs="+", help=pairs)
    for name, words in COLUMNS:
        parser.add_argument(f"--{name}", metavar="X", default="", help=words)
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="default: price_sheets/api/VENDOR.csv")
    close = "also end the open row it follows on the day the new one begins: for a price that has an end itself"
    parser.add_argument("--close", action="store_true", help=close)
    parser.add_argument("--dry-run", action="store_true", help="show the change as a diff; write nothing")


def _comparing(commands: Any) -> None:
    parser = _command(commands, "diff", "which prices moved, and what the break-even was before and after", _diff)
    for name in ("a", "b"):
        parser.add_argument(name, metavar=name.upper(), help="a day, a git revision, or a folder of sheets")
    scenario = "whose break-even is told (default: %(default)s); none leaves it out"
    parser.add_argument("--scenario", metavar="SCENARIO", default="support-assistant", help=scenario)
    parser.add_argument("--as-of", metavar="DATE", type=day_said, help="day of a revision's or folder's prices")
    parser.add_argument("--all", action="store_true", help="list every price that moved, new ones and ended ones too")
    _with_contracts(parser)


def _with_contracts(parser: argparse.ArgumentParser) -> None:
    words = "private contracts in --json and --chart too; they are left out otherwise, on screen they are always told"
    parser.add_argument("--with-contracts", action="store_true", help=words)


def _exporting(commands: Any) -> None:
    parser = _command(commands, "export", "every price of tokens on a day, in one file", _export)
    parser.add_argument("file", type=Path, metavar="FILE", help=".csv or .json")
    parser.add_argument("--as-of", metavar="DATE", type=day_said, help="day (default: today)")
    parser.add_argument(
        "--with-contracts", action="store_true", help="private contracts too; they are left out otherwise"
    )


def _open(arguments: argparse.Namespace) -> tuple[Catalog, date]:
    from tco.catalog import Catalog

    return Catalog.open(arguments.data), getattr(arguments, "as_of", None) or date.today()


def _handed_on(arguments: argparse.Namespace, catalog: Catalog, model: str = "") -> Catalog:
    """The catalog for ``--json`` and ``--chart``: without private contracts, unless they were asked for."""
    if arguments.with_contracts:
        return catalog
    from tco.catalog.history import known_sku

    public = catalog.public()
    sku = known_sku(catalog, model) if model else ""
    if sku and not any(f"{entry.row.provider}/{entry.row.model}" == sku for entry in public.rows("api")):
        mend = "it is left out of what is handed on: add --with-contracts to take it along"
        raise LookupFault(Fault(f"API model {model}", "priced by your contract alone", mend))
    return public


def _left_out(arguments: argparse.Namespace, catalog: Catalog) -> dict[str, str]:
    """What ``--json`` says of contracts that it leaves out; nothing where there are none."""
    if arguments.with_contracts or not catalog.has_contracts():
        return {}
    return {"contracts": "left out; --with-contracts takes them along"}


def _list(arguments: argparse.Namespace) -> int:
    from tco.catalog.listing import models_on

    own, on = _open(arguments)
    catalog = _handed_on(arguments, own) if arguments.json else own
    rows = models_on(catalog, on, arguments.wanted)
    if not rows:
        from tco.catalog.history import known_sku

        known_sku(catalog, arguments.wanted)
        raise LookupFault(Fault(f"models like {arguments.wanted}", f"none priced on {on}", "choose another day"))
    if arguments.json:
        return _print_json({"as_of": on, "models": rows, **_left_out(arguments, own)})
    from tco.present.prices import show_models
    from tco.present.provenance import rows_text

    show_models(rows, on)
    said = rows_text(place for row in rows for place in row.get("contracts", ()))
    if said:
        models = sum("contracts" in row for row in rows)
        print(f"{models} of {len(rows)} models are at your prices, not the list's: {said}")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from tco.catalog.listing import prices_on

    own, on = _open(arguments)
    catalog = _handed_on(arguments, own, arguments.model) if arguments.json else own
    rows = prices_on(catalog, arguments.model, on)
    if arguments.json:
        return _print_json({"as_of": on, "sku": rows[0]["sku"], "prices": rows, **_left_out(arguments, own)})
    from tco.present.prices import show_model

    show_model(rows, on)
    return 0


def _history(arguments: argparse.Namespace) -> int:
    from tco.catalog.history import blend_of, history, implied_decline_per_year, known_sku

    own, today = _open(arguments)
    catalog = _handed_on(arguments, own, arguments.model) if arguments.json or arguments.chart is not None else own
    sku = known_sku(catalog, arguments.model)
    changes = history(catalog, sku)
    falls = [_plain(fall) for fall in implied_decline_per_year(changes, today, blend_of(catalog))]
    rows = [_plain(change) for change in changes]
    written = None
    if arguments.chart is not None:
        from tco.catalog.listing import sources_line
        from tco.present.prices import write_history

        written = write_history(
            rows, f"{sku}: price over time", sources_line(catalog, sku, today), today, arguments.chart
        )
    if arguments.json:
        from tco.present.prices import NO_PATH

        _print_json(
            {"sku": sku, "until": today, "changes": rows, "declines": falls, "note": NO_PATH}
            | _left_out(arguments, own)
        )
    else:
        from tco.present.prices import show_history

        show_history(rows, falls, sku, today)
    if written is not None:
        print(f"chart written to {written}", file=sys.stderr)
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from tco.catalog.lint import check

    catalog, _ = _open(arguments)
    findings = check(catalog)
    rows = [{**asdict(finding), "text": str(finding)} for finding in findings]
    if arguments.json:
        _print_json([{name: row[name] for name in row if name != "text"} for row in rows])
    elif arguments.plain:
        for row in rows:
            print(f"{row['level']}: {row['text']}")
    else:
        from tco.present.findings import show_findings

        show_findings(rows, catalog.where)
    levels = {finding.level for finding in findings}
    return int("error" in levels or (arguments.strict and bool(levels)))


def _add(arguments: argparse.Namespace) -> int:
    from tco.catalog.adding import add_prices

    catalog, today = _open(arguments)
    given = _rows_said(arguments)
    path = arguments.sheet or catalog.own_price_folder / "api" / _file_name(given[0]["provider"])
    write = not arguments.dry_run
    before, after, rows = add_prices(path, given, catalog, today, close=arguments.close, write=write)
    change = before.diff(after)
    if arguments.json:
        return _print_json({"file": before.where, "rows": rows, "diff": change, "written": write})
    print(change, end="")
    print(f"written to {path}" if write else "nothing was written", file=sys.stderr)
    return 0


def _rows_said(arguments: argparse.Namespace) -> list[dict[str, str]]:
    """What was said of each row, by column."""
    provider, _, model = arguments.model.partition("/")
    faults = []
    if not provider or not model:
        faults.append(Fault("MODEL", arguments.model, "write vendor/model, such as openai/gpt-5.4"))
    names = [name.replace("-", "_") for name, _ in COLUMNS]
    said = {name: getattr(arguments, name).strip() for name in names}
    rows = []
    for pair in arguments.prices:
        meter, sign, price = (part.strip() for part in pair.partition("="))
        if not sign or meter not in METERS:
            faults.append(Fault(pair, "" if sign else "no price", f"write METER=PRICE; {nearest(meter, METERS)}"))
        rows.append({"provider": provider, "model": model, "meter": meter, "price": price, **said})
    if faults:
        raise TcoError(faults)
    return rows


def _diff(arguments: argparse.Namespace) -> int:
    from contextlib import ExitStack

    from tco.catalog.history import moment, moves

    own, today = _open(arguments)
    catalog = _handed_on(arguments, own) if arguments.json else own
    with ExitStack() as open_until_the_end:
        sides = [open_until_the_end.enter_context(moment(catalog, name, today)) for name in (arguments.a, arguments.b)]
        (before, on_before, first), (after, on_after, second) = sides
        rows = [_plain(move) for move in moves(before, after, on_before, on_after)]
        found = None if arguments.scenario == "none" else _repriced(arguments.scenario, catalog, sides)
    faults = [] if found is None else _faults_of(found)
    if arguments.json:
        from tco.present.answers import breakeven_data

        told = None
        if found is not None:
            told = {
                name: breakeven_data(answer, case, arguments.with_contracts) if answer and case else None
                for name, answer, case in (
                    ("before", found.before, found.case_before),
                    ("after", found.after, found.case_after),
                )
            } | {"break_even_ratio": found.times_break_even, "faults": faults}
        told_of = {"before": first, "after": second, "moves": rows, "break_even": told}
        return _print_json({**told_of, **_left_out(arguments, own)})
    from tco.present.prices import show_moves, show_repriced

    show_moves(rows, first, second, arguments.all)
    if found is not None:
        show_repriced(arguments.scenario, found.before, found.after, faults)
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from tco.catalog.listing import as_csv, exported
    from tco.catalog.lock import write_whole

    catalog, on = _open(arguments)
    rows = exported(catalog, on, arguments.with_contracts)
    ending = arguments.file.suffix.lower()
    if ending not in (".csv", ".json"):
        raise TcoError(Fault(str(arguments.file), f"ending {ending or 'none'}", "write to .csv or .json"))
    text = as_csv(rows) if ending == ".csv" else _json({"as_of": on, "prices": rows}) + "\n"
    write_whole(arguments.file, text.encode())
    if arguments.json:
        return _print_json({"file": str(arguments.file), "as_of": on, "rows": len(rows)})
    print(f"{len(rows)} prices of {on} written to {arguments.file}")
    return 0


def _repriced(name: str, catalog: Catalog, sides: list[tuple[Catalog, date, str]]) -> Repriced:
    from tco.reprice import before_and_after
    from tco.scenario import load_scenario

    scenario = load_scenario(name, catalog.scenarios())
    (before, on_before, _), (after, on_after, _) = sides
    return before_and_after(scenario, before, after, on_before, on_after)


def _faults_of(found: Repriced) -> list[dict[str, str]]:
    told = (("before", found.faults_before), ("after", found.faults_after))
    return [{"when": when, "text": str(fault)} for when, faults in told for fault in faults]


def _file_name(provider: str) -> str:
    if not all(letter.isalnum() or letter in "-_." for letter in provider) or provider.startswith("."):
        raise TcoError(
            Fault("vendor", provider, "write it in letters, digits and dashes, or name the file with --sheet")
        )
    return f"{provider}.csv"


def _plain(thing: Any) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(json.dumps(asdict(thing), default=str))
    return data


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False, default=str)


def _print_json(data: Any) -> int:
    print(_json(data))
    return 0
