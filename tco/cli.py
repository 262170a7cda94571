"""The same answers from a shell: ``tco breakeven scenario.yaml``. Bad input is one readable message and exit status 2."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tco._version import __version__
from tco.cli_bench import add_import
from tco.cli_measure import add_bench
from tco.cli_prices import add_prices
from tco.cli_usage import add_usage
from tco.errors import TcoError, day_said

if TYPE_CHECKING:
    from tco.case import Case
    from tco.scenario import Scenario


FORMATS = ("auto", "bf16", "fp8", "int8", "fp4", "int4")
CACHE_FORMATS = ("auto", "fp8", "int8")
"""Formats of weights that ``tco estimate`` takes; named here so that ``tco --help`` stays quick."""
LISTS = (
    "scenarios", "apis", "models", "gpus", "profiles", "rents", "servers", "regions", "levels", "shapes", "roles", "fields",
)  # fmt: skip
"""What ``tco list`` tells: the names that a scenario may use, and its fields with their help."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 2 something to mend."""
    words = list(sys.argv[1:] if argv is None else argv)
    arguments = _parser().parse_args(["bench import", *words[2:]] if words[:2] == ["bench", "import"] else words)
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
    listing.add_argument("--as-of", metavar="DATE", type=day_said, help="day whose prices hold (default: today)")
    listing.add_argument("--data", type=Path, metavar="DIR", help="folder with price_sheets/ and hw_profiles/")
    listing.set_defaults(run=_list)
    _estimating(commands)
    add_bench(commands.add_parser("bench", help="measure a model on these GPUs with vLLM, and write its profile"))
    add_import(commands.add_parser("bench import", help="make a profile of another load generator's result files"))
    add_prices(
        commands.add_parser(
            "prices", help="the dated price sheets: list, show, history, check, add, diff, propose, export"
        )
    )
    add_usage(commands.add_parser("usage", help="the workload and the bill out of real logs"))
    terms = commands.add_parser("terms", help="the words and units this tool uses")
    terms.add_argument("word", nargs="?", help="only those that contain this")
    terms.set_defaults(run=_terms)
    lab = commands.add_parser("lab", help="open a notebook in JupyterLab, live: 01_break_even or 02_benchmark")
    words = "name or path of a notebook, such as 02_benchmark (default: 01_break_even)"
    lab.add_argument("named", nargs="?", metavar="NOTEBOOK", help=words)
    lab.add_argument("--notebook", default="01_break_even", metavar="NOTEBOOK", help="the same")
    lab.add_argument("--port", type=int, help="port (default: a free one)")
    lab.add_argument("--no-browser", action="store_true", help="print the address only")
    lab.add_argument("--data", type=Path, metavar="DIR", help="folder with price_sheets/ and hw_profiles/")
    lab.set_defaults(run=_lab)
    check = commands.add_parser(
        "check", help="read every sheet, profile and scenario, and tell all that is wrong with them"
    )
    check.add_argument("--data", type=Path, metavar="DIR", help="folder with price_sheets/ and hw_profiles/")
    check.set_defaults(run=_check)
    init = commands.add_parser("init", help="copy sheets, profiles, notebooks and scenarios into a folder of yours")
    init.add_argument("folder", type=Path, metavar="DIR")
    init.set_defaults(run=_init)
    return parser


def _estimating(commands: Any) -> None:
    guess = commands.add_parser("estimate", help="what a model would serve on a GPU that nobody measured it on")
    guess.add_argument("model", metavar="MODEL", help="as in `tco list models`")
    guess.add_argument("gpu", metavar="GPU", help="as in `tco list gpus`")
    guess.add_argument("--gpus", type=_whole, metavar="N", help="GPUs of one replica (default: the fewest that do)")
    guess.add_argument("--dtype", default="auto", choices=FORMATS, help="format of the weights (default: as published)")
    guess.add_argument(
        "--kv-dtype", default="auto", choices=CACHE_FORMATS, help="format of the cache (default: 16 bits)"
    )
    guess.add_argument(
        "--concurrency", type=_above_0, metavar="N", help="requests in flight (default: what the limits allow)"
    )
    for name, words in (
        ("input", "prompt tokens"),
        ("output", "answer tokens"),
        ("ttft-ms", "longest time to the first token"),
        ("tpot-ms", "longest time per token after it"),
    ):
        guess.add_argument(f"--{name}", type=_above_0, metavar="N", help=f"{words} (default: the planning value)")
    guess.set_defaults(run=_estimate)
    ranking = commands.add_parser(
        "rank", help="which GPU is cheapest for a model, at a scenario's volume and service level"
    )
    ranking.add_argument("model", metavar="MODEL", help="as in `tco list models`")
    ranking.add_argument(
        "scenario", metavar="SCENARIO", nargs="?", default="support-assistant", help="default: %(default)s"
    )
    ranking.add_argument(
        "--set",
        metavar="PATH=VALUE",
        action="append",
        default=[],
        dest="changes",
        help="change a number or a name; repeatable",
    )
    ranking.add_argument("--as-of", metavar="DATE", type=day_said, help="day whose prices hold")
    ranking.set_defaults(run=_rank, baseline=None, challenger=None)
    for parser in (guess, ranking):
        parser.add_argument("--data", type=Path, metavar="DIR", help="folder with price_sheets/ and hw_profiles/")
        parser.add_argument("--json", action="store_true", help="print the answer as JSON, and nothing else")


def _above_0(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("write a number above 0")
    return value


def _whole(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("write a whole number, 1 or more")
    return value


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
    parser.add_argument("--as-of", metavar="DATE", type=day_said, help="day whose prices hold, such as 2026-11-20")
    again = "take the prices of a day (default: today) in place of those the scenario was saved with"
    parser.add_argument("--reprice", metavar="DATE", nargs="?", type=_day, const="today", help=again)
    parser.add_argument("--save", metavar="FILE", type=Path, help="write the scenario so that it opens as it is now")
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder with price_sheets/ and hw_profiles/")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON, and nothing else")
    parser.add_argument(
        "--with-contracts", action="store_true", help="name rows of private contracts among the sources in --json"
    )
    parser.set_defaults(run=run)
    return parser


def _day(text: str) -> date:
    return date.today() if text == "today" else day_said(text)


def _case(arguments: argparse.Namespace) -> "Case":
    return _asked(arguments)[1]


def _asked(arguments: argparse.Namespace) -> "tuple[Scenario, Case]":
    from tco.catalog import Catalog
    from tco.resolve import resolve
    from tco.resolve.kept import repriced
    from tco.scenario import load_scenario

    catalog = Catalog.open(arguments.data)
    changes = list(arguments.changes)
    for role in ("baseline", "challenger"):
        if getattr(arguments, role):
            changes.append(f"{role}={getattr(arguments, role)}")
    scenario = load_scenario(arguments.scenario, catalog.scenarios(), changes, arguments.as_of)
    again = getattr(arguments, "reprice", None)
    if again is not None:
        scenario = repriced(scenario, date.today() if again == "today" else again)
    return scenario, resolve(scenario, catalog)


def _save(path: Path | None, scenario: "Scenario", case: "Case") -> None:
    """Write the scenario so that it opens as it is, once it has an answer."""
    if path is not None:
        from tco.catalog.lock import write_whole
        from tco.resolve.kept import keep

        write_whole(path, keep(scenario, case, date.today()).to_yaml().encode())
        print(f"scenario saved to {path}", file=sys.stderr)


def _compare(arguments: argparse.Namespace) -> int:
    from tco.present.answers import comparison_data
    from tco.solve.compare import compare

    scenario, case = _asked(arguments)
    answer = compare(case)
    _save(arguments.save, scenario, case)
    if arguments.json:
        _print_json(comparison_data(answer, case, arguments.with_contracts))
    else:
        from tco.present.console import show_comparison

        show_comparison(answer, case)
    return 0


def _breakeven(arguments: argparse.Namespace) -> int:
    from tco.present.answers import breakeven_data
    from tco.solve.breakeven import break_even

    scenario, case = _asked(arguments)
    answer = break_even(case)
    _save(arguments.save, scenario, case)
    written = None
    if arguments.chart is not None:
        from tco.present.picture import write_chart

        written = write_chart(case, answer, arguments.chart, arguments.axis)
    if arguments.json:
        _print_json(breakeven_data(answer, case, arguments.with_contracts))
    else:
        from tco.present.console import show_breakeven

        show_breakeven(answer, case, arguments.axis)
    if written is not None:
        print(f"chart written to {written}", file=sys.stderr)
    return 0


def _estimate(arguments: argparse.Namespace) -> int:
    from tco.catalog import Catalog
    from tco.errors import LookupFault
    from tco.inputs.workload import Service
    from tco.present.estimates import estimate_data, show_estimate
    from tco.serving.datasheets import calibration
    from tco.serving.estimate import Lengths, Unable, estimate
    from tco.solve.nearest import nearest_measured

    catalog = Catalog.open(arguments.data)
    model, gpu, defaults = catalog.model(arguments.model), catalog.gpu(arguments.gpu), catalog.defaults()

    def asked(name: str, path: str) -> float:
        given = getattr(arguments, name)
        return float(defaults[path].value if given is None else given)

    service = Service(
        ttft_ms=asked("ttft_ms", "service.ttft_ms"),
        tpot_ms=asked("tpot_ms", "service.tpot_ms"),
        slo_percentile=float(defaults["service.slo_percentile"].value),
    )
    tok = asked("input", "workload.input_length.mean_tok"), asked("output", "workload.output_length.mean_tok")
    lengths, known = Lengths.alike(*tok), calibration(defaults)
    found = estimate(
        model,
        gpu,
        service,
        lengths,
        known,
        gpus=arguments.gpus,
        dtype=arguments.dtype,
        kv_dtype=arguments.kv_dtype,
        concurrency=arguments.concurrency,
    )
    if isinstance(found, Unable):
        raise LookupFault(found.faults)
    measured = nearest_measured(
        found, catalog.find_profiles(model.model), model, catalog.gpus(), service, lengths, known
    )
    if arguments.json:
        _print_json(estimate_data(found, measured))
    else:
        show_estimate(found, measured, model.label, lengths, service)
    return 0


def _rank(arguments: argparse.Namespace) -> int:
    from tco.catalog import Catalog
    from tco.present.estimates import ranking_data, show_ranking
    from tco.solve.rank import rank

    ranking = rank(_case(arguments), Catalog.open(arguments.data), arguments.model)
    if arguments.json:
        _print_json(ranking_data(ranking))
    else:
        show_ranking(ranking)
    return 0


def _print_json(data: Any) -> None:
    print(json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False))


def _list(arguments: argparse.Namespace) -> int:
    from tco.catalog import Catalog
    from tco.present.names import names_of

    for name, words in names_of(arguments.what, Catalog.open(arguments.data), arguments.as_of or date.today()):
        print(f"{name:<62} {words}".rstrip())
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from tco.catalog import Catalog
    from tco.errors import SheetError

    catalog = Catalog.open(arguments.data)
    faults = catalog.check()
    for remark in catalog.remarks():
        print(f"warning: {remark}", file=sys.stderr)
    if faults:
        raise SheetError(faults)
    print(f"Nothing to mend in {catalog.where}.")
    return 0


def _terms(arguments: argparse.Namespace) -> int:
    from tco.present.console import show_terms

    return show_terms(arguments.word)


def _lab(arguments: argparse.Namespace) -> int:
    from tco.lab import lab

    notebook = arguments.named or arguments.notebook
    return lab(notebook, browser=not arguments.no_browser, port=arguments.port, folder=arguments.data)


def _init(arguments: argparse.Namespace) -> int:
    from tco.scaffold import init

    for path in init(arguments.folder):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
