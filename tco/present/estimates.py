"""An estimate and a ranking of GPUs: in words, as tables, as data."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tco.inputs.workload import Service
from tco.present.numbers import count, money, percent, quantity
from tco.serving.doubts import in_short
from tco.serving.estimate import Estimate, Lengths, Limit
from tco.solve.nearest import Measured
from tco.solve.rank import RankedGpu, Ranking

BADGE = "ESTIMATED"
PARTLY = f"PARTLY {BADGE}"
"""Measured at too few lengths: the rest has an estimate's proportions."""
LIMITS: dict[Limit, str] = {
    "memory": "memory: no more caches fit",
    "engine": "the engine: it serves no more at once",
    "tpot": "the service level: with one request more, tokens would come too slowly",
    "ttft": "the service level: with one request more, the first token would come too late",
    "concurrency": "the number in flight that was asked for",
}
WAITS = {
    "weights": "reading the weights (bandwidth)",
    "caches": "reading the caches (bandwidth)",
    "compute": "the sums of the answers (compute)",
    "prompts": "the sums of other people's prompts (compute)",
    "overhead": "starting each layer",
    "exchange": "exchanging results between GPUs",
}
HEADINGS = (
    "GPU", "replica", "tok/s a replica", "one in ten under … over", "replicas", "GPU-hours", "rent per GPU-h", "a month",
    "per Mtok", "throughput",
)  # fmt: skip
NUMBERS = range(2, 9)
"""Columns of the ranking that hold numbers."""
WIDE, NARROW = 130, (0, 1, 4, 7, 8, 9)
"""Width of a terminal from which all columns are shown, and those shown below it."""


def limits_text(found: Estimate) -> str:
    """What keeps more requests out, and what a token waits for most."""
    longest = max(found.waits_ms, key=lambda name: found.waits_ms[name])
    share = found.waits_ms[longest] / sum(found.waits_ms.values())
    return f"Limited by {LIMITS[found.limited_by]}. Of a token's time {percent(share)} is {WAITS[longest]}."


def speed_text(found: Estimate) -> str:
    """Throughput with its interval, and the latencies behind it."""
    low, high = count(found.low_output_tok_per_s), count(found.high_output_tok_per_s)
    return (
        f"{BADGE}: {count(found.output_tok_per_s)} output tokens a second on {found.gpus_per_replica} × {found.gpu}, between {low} and {high} "
        f"in eight of ten cases, with {count(found.batch_count)} requests in flight."
    )


def memory_rows(found: Estimate) -> list[tuple[str, str]]:
    """What a replica's memory is taken by."""
    reserve = found.memory_gb - found.weights_gb - found.room_gb
    rows = [
        ("memory of the GPUs", quantity(found.memory_gb, "GB")),
        ("weights", quantity(found.weights_gb, "GB")),
        ("kept free for the engine", quantity(reserve, "GB")),
        ("room for caches", quantity(found.room_gb, "GB")),
        ("cache of one request", quantity(found.kv_gb_per_request, "GB")),
    ]
    holds = found.memory_requests
    return [*rows, ("requests that fit", count(holds) if holds < float("inf") else "no limit")]


def measured_text(found: Estimate, measured: Measured | None) -> str:
    """The nearest measurement beside the estimate, a GPU of each."""
    if measured is None:
        return "Nobody measured or published this model on any GPU inside this service level: measure it before you rely on it."
    mine, theirs = (x.output_tok_per_s / x.gpus_per_replica for x in (found, measured))
    ratio = f"{mine / theirs:.2f} times" if measured.gpu == found.gpu else "beside"
    more = ", a sweep that stopped well inside the limits" if measured.unsaturated else ""
    more += f", {doubts}" if (doubts := in_short(measured.codes)) else ""
    return (
        f"A GPU of it does {count(mine)} tokens a second, {ratio} the {count(theirs)} of a GPU in the nearest measurement: "
        f"{measured.gpus_per_replica} × {measured.gpu}, {measured.grade}{more} ({measured.profile})."
    )


def show_estimate(found: Estimate, measured: Measured | None, label: str, lengths: Lengths, service: Service) -> None:
    """Print an estimate: badge and throughput, latencies, what limits it, memory, the nearest measurement."""
    console = Console(highlight=False)
    console.print(f"[bold]{escape(label)}: {escape(speed_text(found))}[/bold]")
    asked = f"{lengths.input_tok:,.0f} prompt and {lengths.output_tok:,.0f} answer tokens"
    console.print(
        f"{asked}: first token after about {found.ttft_ms:,.0f} ms (limit {service.ttft_ms:g}; the least certain figure here), "
        f"then {found.tpot_ms:.1f} ms a token (limit {service.tpot_ms:g})."
    )
    console.print(escape(limits_text(found)))
    console.print(escape(measured_text(found, measured)))
    table = Table(title="Memory of a replica", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, value in memory_rows(found):
        table.add_row(name, value)
    console.print(table)
    waits = Table(title="Time of one token", title_justify="left", show_header=False)
    waits.add_column()
    waits.add_column(justify="right")
    for name, spent_ms in sorted(found.waits_ms.items(), key=lambda item: -item[1]):
        if spent_ms > 0:
            waits.add_row(WAITS[name], f"{spent_ms:.1f} ms")
    console.print(waits)
    console.print("Constants: price_sheets/assumptions/roofline.csv, rows with their sources.", style="dim")


def estimate_data(found: Estimate, measured: Measured | None) -> dict[str, Any]:
    """An estimate as JSON-ready data."""
    holds = found.memory_requests
    return {
        "grade": "estimated",
        **asdict(found),
        "memory_requests": holds if holds < float("inf") else None,
        "waits_ms": dict(found.waits_ms),
        "low_output_tok_per_s": found.low_output_tok_per_s,
        "high_output_tok_per_s": found.high_output_tok_per_s,
        "nearest_measured": asdict(measured) if measured is not None else None,
    }


def ranking_title(ranking: Ranking) -> str:
    """What was ranked, for whom."""
    return (
        f"{ranking.label}, {count(ranking.requests_per_month)} requests a month of {ranking.input_tok:,.0f} prompt and "
        f"{ranking.output_tok:,.0f} answer tokens, TTFT {ranking.ttft_ms:g} ms, TPOT {ranking.tpot_ms:g} ms"
    )


def ranking_rows(rows: Sequence[RankedGpu]) -> list[tuple[str, ...]]:
    """A row of words for each GPU that can serve, under ``HEADINGS``."""
    return [_row(row) for row in rows if row.grade is not None]


def unable_rows(rows: Sequence[RankedGpu]) -> list[tuple[str, str]]:
    """Each GPU that cannot serve, and why."""
    return [
        (row.gpu, "; ".join(f"{fault.found}; {fault.mend}" for fault in row.faults))
        for row in rows
        if row.grade is None
    ]


def _row(row: RankedGpu) -> tuple[str, ...]:
    spread = "" if row.interval is None else f"{count(row.interval[0])} … {count(row.interval[1])}"
    month = "no rent known" if row.usd_per_month is None else money(row.usd_per_month)
    ends = row.usd_per_month_range
    if ends is not None and ends[0] != ends[1]:
        month += f" ({money(ends[0])} … {money(ends[1])})"
    return (
        row.gpu,
        f"{row.gpus_per_replica} ×",
        count(row.output_tok_per_s),
        spread,
        count(row.replicas),
        count(row.gpu_hours_per_month),
        "" if row.usd_per_gpu_hour is None else f"${row.usd_per_gpu_hour:,.2f}",
        month,
        "" if row.usd_per_mtok is None else money(row.usd_per_mtok),
        _basis(row),
    )


def ranked_cells(row: RankedGpu) -> tuple[str, ...]:
    """How it is known, throughput, replicas, rent, cost of a month, its range in eight of ten cases, cost of a million tokens."""
    rent, month, ends = row.usd_per_gpu_hour, row.usd_per_month, row.usd_per_month_range
    partly = bool(row.profile) and row.grade == "estimated"
    return (
        _told(PARTLY, row) if partly else _basis(row),
        count(row.output_tok_per_s),
        count(row.replicas),
        "" if rent is None else f"${rent:,.2f}",
        "no rent known" if month is None else money(month),
        f"{money(ends[0])} … {money(ends[1])}" if ends is not None and ends[0] != ends[1] else "",
        "" if row.usd_per_mtok is None else f"${row.usd_per_mtok:,.3f}",
    )


def _basis(row: RankedGpu) -> str:
    if not row.profile:
        return BADGE
    words = f"{row.grade}, from a profile" if row.grade == "estimated" else str(row.grade)
    return _told(words, row)


def _told(words: str, row: RankedGpu) -> str:
    """How a throughput is known, and what to know of that."""
    doubts = in_short(row.codes)
    return f"{words}{f': {doubts}' if doubts else ''}{'; may serve more' if row.unsaturated else ''}"


def show_ranking(ranking: Ranking) -> None:
    """Print the GPUs, the cheapest first, and those that cannot serve with the reason."""
    console = Console(highlight=False)
    console.print(f"[bold]{escape(ranking_title(ranking))}[/bold]")
    places = range(len(HEADINGS)) if console.width >= WIDE else NARROW
    table = Table()
    for place in places:
        whole = place in (0, 1)
        table.add_column(HEADINGS[place], justify="right" if place in NUMBERS else "left", no_wrap=whole)
    for cells in ranking_rows(ranking.rows):
        table.add_row(*(escape(cells[place]) for place in places))
    console.print(table)
    for gpu, why in unable_rows(ranking.rows):
        console.print(f"  {escape(gpu)}: {escape(why)}", style="dim")
    console.print(
        f"Rent: the middle of the on-demand offers, for the peak hour's replicas and their spares, all month. {BADGE}: from data "
        "sheets; measure before you sign.",
        style="dim",
    )


def ranking_data(ranking: Ranking) -> dict[str, Any]:
    """A ranking as JSON-ready data."""
    return {
        **asdict(ranking),
        "rows": [{**asdict(row), "faults": [str(f) for f in row.faults]} for row in ranking.rows],
    }
