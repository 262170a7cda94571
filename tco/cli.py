"""The same answers from a shell: ``tco breakeven scenario.yaml``. Bad input is one readable message and exit status 2."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tco._version import __version__
from tco.errors import TcoError

if TYPE_CHECKING:
    from tco.case import Case


LISTS = ("scenarios", "apis", "models", "gpus", "profiles", "rents", "shapes", "roles", "fields")
"""What ``tco list`` tells: the names that a scenario may use, and its fields with their help."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 2 something to mend."""
    arguments = _parser().parse_args(argv)
    try:
        run: Callable[[argparse.Namespace], int] = arguments.run
        return run(arguments)
    except TcoError as error:
        _complain(error)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0


def _complain(error: TcoError) -> None:
    count = len(error.faults)
    print(f"tco: {'one thing' if count == 1 else f'{count} things'} to mend", file=sys.stderr)
    for fault in error.faults:
        print(f"  {fault}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tco",
        description="At what volume is it cheaper to serve an open-weight language model yourself than to buy API tokens?",
        epilog="SCENARIO is a YAML file, or the name of one that ships: see `tco init DIR`.",
    )
    parser.add_argument("--version", action="version", version=f"tco {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _question(commands, "compare", "every option's month at the scenario's volume, line by line", _compare)
    asked = _question(commands, "breakeven", "the volume from which one option is cheaper than another", _breakeven)
    asked.add_argument("--chart", metavar="FILE", type=Path, help="write the chart: .html .png .svg or .pdf")
    asked.add_argument(
        "--axis",
        choices=("requests", "tokens", "dollars"),
        default="requests",
        help="unit of volume in words and chart",
    )
    listing = commands.add_parser(
        "list", help="what a scenario can name: APIs, models, GPUs, profiles … and its fields"
    )
    listing.add_argument("what", choices=LISTS, help="one of %(choices)s", metavar="WHAT")
    listing.add_argument(
        "--as-of", metavar="DATE", type=date.fromisoformat, help="day whose prices hold (default: today)"
    )
    listing.add_argument("--data", type=Path, metavar="DIR", help="folder with price_sheets/ and hw_profiles/")
    listing.set_defaults(run=_list)
    terms = commands.add_parser("terms", help="the words and units this tool uses")
    terms.add_argument("word", nargs="?", help="only those that contain this")
    terms.set_defaults(run=_terms)
    lab = commands.add_parser("lab", help="open the break-even notebook in JupyterLab, live")
    lab.add_argument("--notebook", default="01_break_even", help="which notebook (default: %(default)s)")
    lab.add_argument("--port", type=int, help="port (default: a free one)")
    lab.add_argument("--no-browser", action="store_true", help="print the address only")
    lab.add_argument("--data", type=Path, metavar="DIR", help="folder with price_sheets/ and hw_profiles/")
    lab.set_defaults(run=_lab)
    init = commands.add_parser("init", help="copy sheets, profiles, notebooks and scenarios into a folder of yours")
    init.add_argument("folder", type=Path, metavar="DIR")
    init.set_defaults(run=_init)
    return parser


def _question(
    commands: Any, name: str, words: str, run: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=words, description=words)
    parser.add_argument("scenario", metavar="SCENARIO", help="a YAML file, or a shipped one by name")
    parser.add_argument("--baseline", metavar="ID", help="option to beat (default: the scenario's)")
    parser.add_argument("--challenger", metavar="ID", help="option that might beat it (default: the scenario's)")
    parser.add_argument(
        "--set",
        metavar="PATH=VALUE",
        action="append",
        default=[],
        dest="changes",
        help="change a number or a name; repeatable",
    )
    parser.add_argument(
        "--as-of", metavar="DATE", type=date.fromisoformat, help="day whose prices hold, such as 2026-11-20"
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder with price_sheets/ and hw_profiles/")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON, and nothing else")
    parser.set_defaults(run=run)
    return parser


def _case(arguments: argparse.Namespace) -> "Case":
    from tco.catalog import Catalog
    from tco.resolve import resolve
    from tco.scenario import load_scenario

    catalog = Catalog.open(arguments.data)
    changes = list(arguments.changes)
    for role in ("baseline", "challenger"):
        if getattr(arguments, role):
            changes.append(f"{role}={getattr(arguments, role)}")
    scenario = load_scenario(arguments.scenario, catalog.scenarios(), changes, arguments.as_of)
    return resolve(scenario, catalog)


def _compare(arguments: argparse.Namespace) -> int:
    from tco.present.answers import comparison_data
    from tco.solve.compare import compare

    case = _case(arguments)
    answer = compare(case)
    if arguments.json:
        _print_json(comparison_data(answer))
    else:
        from tco.present.console import show_comparison

        show_comparison(answer, case)
    return 0


def _breakeven(arguments: argparse.Namespace) -> int:
    from tco.present.answers import breakeven_data
    from tco.solve.breakeven import break_even

    case = _case(arguments)
    answer = break_even(case)
    written = None
    if arguments.chart is not None:
        from tco.present.picture import write_chart

        written = write_chart(case, answer, arguments.chart, arguments.axis)
    if arguments.json:
        _print_json(breakeven_data(answer))
    else:
        from tco.present.console import show_breakeven

        show_breakeven(answer, case, arguments.axis)
    if written is not None:
        print(f"chart written to {written}", file=sys.stderr)
    return 0


def _print_json(data: Any) -> None:
    print(json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False))


def _list(arguments: argparse.Namespace) -> int:
    from tco.catalog import Catalog
    from tco.present.names import names_of

    for name, words in names_of(arguments.what, Catalog.open(arguments.data), arguments.as_of or date.today()):
        print(f"{name:<62} {words}".rstrip())
    return 0


def _terms(arguments: argparse.Namespace) -> int:
    from tco.present.console import show_terms

    return show_terms(arguments.word)


def _lab(arguments: argparse.Namespace) -> int:
    from tco.lab import lab

    return lab(arguments.notebook, browser=not arguments.no_browser, port=arguments.port, folder=arguments.data)


def _init(arguments: argparse.Namespace) -> int:
    from tco.scaffold import init

    for path in init(arguments.folder):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
