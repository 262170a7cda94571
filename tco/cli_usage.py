"""`tco usage`: logs in, a table out; the bill beside the invoice; a workload into a scenario."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tco.errors import Fault, TcoError, day_said

if TYPE_CHECKING:
    from tco.catalog import Catalog
    from tco.usage import Bill, Engine, Imported


def add_usage(parser: argparse.ArgumentParser) -> None:
    """The commands of `tco usage`."""
    parser.description = "The workload and the bill out of real logs: imported once into an hourly table, then asked."
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    reading = commands.add_parser("import", help="logs of any known format into one hourly table")
    reading.add_argument("logs", nargs="+", metavar="LOG", help="files (.gz too), folders, or patterns in quotes")
    reading.add_argument(
        "--output", type=Path, default=Path("usage.parquet"), metavar="FILE", help="default: %(default)s"
    )
    _reading(reading)
    reading.set_defaults(run=_import)
    billing = commands.add_parser("bill", help="what the usage should have cost, each row at the price of its own day")
    billing.add_argument("logs", nargs="+", metavar="TABLE|LOG", help="hourly tables, or logs")
    billing.add_argument(
        "--invoice",
        type=float,
        metavar="USD",
        help="the invoice's total, to hold the bill against: exit status 1 above 10 %%",
    )
    billing.add_argument("--month", default="", metavar="MONTH", help="only this month, such as 2026-10")
    billing.add_argument(
        "--as-of",
        type=day_said,
        metavar="DATE",
        help="all at this day's prices, not each row at its own day's",
    )
    billing.add_argument("--list-prices", action="store_true", help="without the private contracts of contracts.csv")
    billing.add_argument(
        "--with-contracts", action="store_true", help="tell terms and rows of private contracts in --json and --csv"
    )
    billing.add_argument("--csv", type=Path, metavar="FILE", help="write the lines, for a spreadsheet")
    _reading(billing)
    billing.set_defaults(run=_bill)
    fitting = commands.add_parser("workload", help="lengths, caches, batch, week and bursts, saved into a scenario")
    fitting.add_argument("logs", nargs="+", metavar="TABLE|LOG", help="hourly tables, or logs")
    fitting.add_argument("--into", type=Path, metavar="FILE", help="the scenario that takes them over")
    fitting.add_argument(
        "--model", action="append", default=[], metavar="MODEL", dest="models", help="only this model; repeatable"
    )
    _reading(fitting)
    fitting.set_defaults(run=_workload)


def _reading(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", default="", metavar="NAME", help="the logs' format (default: recognised)")
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="OURS=THEIRS",
        help="columns of a table, such as input_tok=prompt_tokens,model=name",
    )
    parser.add_argument("--timezone", default="UTC", metavar="ZONE", help="of times written without one (default: UTC)")
    parser.add_argument("--strict", action="store_true", help="refuse a log with any fault")
    parser.add_argument(
        "--memory", default="1GB", metavar="SIZE", help="memory before spilling to disk (default: %(default)s)"
    )
    parser.add_argument(
        "--spill", type=Path, metavar="DIR", help="where it spills (default: the machine's temporary folder)"
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder with price_sheets/")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON, and nothing else")


def _names(texts: Sequence[str]) -> dict[str, str]:
    pairs = [part.partition("=") for text in texts for part in text.split(",") if part.strip()]
    wrong = [
        Fault(f"--map {ours}{sign}{theirs}", "", "write OURS=THEIRS, such as input_tok=prompt_tokens")
        for ours, sign, theirs in pairs
        if not (ours.strip() and theirs.strip())
    ]
    if wrong:
        raise TcoError(wrong)
    return {ours.strip(): theirs.strip() for ours, _, theirs in pairs}


def _engine(arguments: argparse.Namespace) -> Engine:
    from tco.usage import Engine

    return Engine(memory=arguments.memory, spill=arguments.spill)


def _read(arguments: argparse.Namespace, logs: Sequence[str], output: Path, catalog: Catalog, bursts: bool) -> Imported:
    from tco.usage import import_logs

    return import_logs(
        logs,
        output,
        catalog=catalog,
        source=arguments.format,
        names=_names(arguments.map),
        timezone=arguments.timezone,
        strict=arguments.strict,
        bursts=bursts,
        engine=_engine(arguments),
    )


def _import(arguments: argparse.Namespace) -> int:
    from tco.catalog import Catalog
    from tco.usage import words

    done = _read(arguments, arguments.logs, arguments.output, Catalog.open(arguments.data), bursts=True)
    if arguments.json:
        _print_json({"table": str(done.table_path), "report": asdict(done.report)})
    else:
        print("\n".join(words.report_lines(done.report)))
        print(f"written to {done.table_path}")
    return 0


def _tables(arguments: argparse.Namespace, catalog: Catalog, folder: Path, bursts: bool) -> list[Path | str]:
    """The hourly tables that are named, and one made of the logs among them."""
    from tco.usage import words
    from tco.usage.billing import is_table

    tables: list[Path | str] = [name for name in arguments.logs if is_table(name)]
    logs = [name for name in arguments.logs if name not in tables]
    if logs:
        done = _read(arguments, logs, folder / "usage.parquet", catalog, bursts)
        print("\n".join(words.report_lines(done.report)), file=sys.stderr)
        tables.append(done.table_path)
    return tables


def _bill(arguments: argparse.Namespace) -> int:
    from tco.catalog import Catalog
    from tco.usage import bill, reconcile, words

    catalog = Catalog.open(arguments.data)
    with TemporaryDirectory(prefix="tco-usage-") as folder:
        tables = _tables(arguments, catalog, Path(folder), bursts=False)
        how = {"month": arguments.month, "on": arguments.as_of, "listed": arguments.list_prices}
        found = bill(tables, catalog, engine=_engine(arguments), **how)
    held = reconcile(found, arguments.invoice) if arguments.invoice is not None else None
    if arguments.csv:
        _write_csv(arguments.csv, found, arguments.with_contracts)
    if arguments.json:
        extra = {"unexplained_usd": held.unexplained_usd, "gap_frac": held.gap_frac} if held else {}
        told = {**asdict(held), **extra} if held else None
        lines = asdict(found if arguments.with_contracts else found.published())
        _print_json({"total_usd": found.total_usd, "unpriced_frac": found.unpriced_frac, **lines, "invoice": told})
    else:
        print("\n".join([*words.bill_lines(found), *(words.invoice_lines(held) if held else ())]))
    return 1 if held is not None and held.verdict == "fail" else 0


def _workload(arguments: argparse.Namespace) -> int:
    from tco.catalog import Catalog
    from tco.scenario import Scenario
    from tco.usage import words, workload

    catalog = Catalog.open(arguments.data)
    with TemporaryDirectory(prefix="tco-usage-") as folder:
        tables = _tables(arguments, catalog, Path(folder), bursts=True)
        found = workload(tables, models=arguments.models, catalog=catalog, engine=_engine(arguments))
    if arguments.into is not None:
        scenario = Scenario.read(arguments.into)
        for path, value in found.settings():
            scenario = scenario.set(path, value)
        _write_whole(arguments.into, scenario.to_yaml())
    if arguments.json:
        _print_json(asdict(found))
    else:
        print("\n".join(words.workload_lines(found)))
    if arguments.into is not None:
        print(f"saved into {arguments.into}", file=sys.stderr)
    return 0


def _write_whole(path: Path, content: str) -> None:
    """A file written whole or not at all."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(content, encoding="utf-8")
    beside.replace(path)


def _write_csv(path: Path, found: Bill, contracts: bool) -> None:
    from tco.usage.lines_csv import bill_csv

    path.write_text(bill_csv(found, contracts), encoding="utf-8", newline="")


def _print_json(data: Any) -> None:
    print(json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False, default=str))
