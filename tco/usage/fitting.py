"""A workload out of the hourly table: lengths with spread and correlation, caches, batch, the week, bursts, growth. MODEL §1."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from tco.catalog import Catalog
from tco.errors import Fault, LookupFault, nearest
from tco.units import HOURS_PER_MONTH, HOURS_PER_WEEK, MINUTES_PER_HOUR, SECONDS_PER_HOUR, Array
from tco.usage import sql
from tco.usage.billing import opened
from tco.usage.engine import Engine, connection

WEEKS_OF_GROWTH = 8
"""Fewer whole weeks tell no trend."""
WEEKS_PER_YEAR = 365.0 / 7
STEADY_REQUESTS = 600
"""A peak hour with fewer than ten requests a minute tells more of chance than of bursts."""
MOST_BURST_RATIO = 20.0
"""What a scenario takes."""
UNKNOWN_TEXT = "the log tells no single requests, so neither their spread nor their bursts"


@dataclass(frozen=True)
class WorkloadFit:
    """What a log says of a workload; None where it cannot say it."""

    requests: float
    first: datetime
    last: datetime
    """First and last hour, in UTC."""
    hours: float
    """From the first minute to the end of the last."""
    requests_per_month: float
    input_mean_tok: float
    input_cv: float | None
    output_mean_tok: float
    """Visible answer, hidden reasoning left out."""
    output_cv: float | None
    length_corr: float | None
    cached_frac: float
    """Share of prompt tokens that the vendor's cache served."""
    batch_frac: float
    """Share of requests sent as batch."""
    reasoning_ratio: float
    """Hidden reasoning over visible answer."""
    shape_hours: tuple[float, ...] | None
    """Requests in each hour of the week over the mean hour, from Monday 00:00 UTC."""
    burst_ratio: float | None
    """Busiest minute over the mean minute of the busiest hour."""
    growth_per_year_frac: float | None
    """Trend of whole weeks, as a share of a year ago."""
    models: tuple[str, ...]
    """Names in the log that it is of."""
    notes: tuple[str, ...] = ()

    def settings(self) -> Iterator[tuple[str, object]]:
        """What a scenario takes over, path by path; None takes back what would stand against it."""
        yield "workload.requests_per_month", round(self.requests_per_month, 2)
        yield "workload.input_length.mean_tok", round(self.input_mean_tok, 3)
        yield "workload.output_length.mean_tok", round(self.output_mean_tok, 3)
        for path, value in (
            ("input_length.cv", self.input_cv),
            ("output_length.cv", self.output_cv),
            ("length_corr", self.length_corr),
            ("burst_ratio", self.burst_ratio),
        ):
            if value is not None:
                yield f"workload.{path}", round(value, 6)
        for path, value in (("cacheable_frac", self.cached_frac), ("batch_frac", self.batch_frac)):
            if value > 0:  # a log without any tells nothing of what could be cached, or wait
                yield f"workload.{path}", round(value, 6)
        if self.shape_hours is not None:
            yield from ((f"workload.{path}", None) for path in ("shape", "busy_hours", "busy_ratio"))
            yield "workload.utc_offset_hours", 0.0
            yield "workload.shape_hours", [round(value, 6) for value in self.shape_hours]


def workload(
    table: Path | str | Sequence[Path | str],
    *,
    models: Sequence[str] = (),
    catalog: Catalog | None = None,
    engine: Engine | None = None,
) -> WorkloadFit:
    """
    The workload of one or several hourly tables.

    Parameters
    ----------
    table : Path | str | Sequence[Path | str]
        What ``import_logs`` wrote.
    models : Sequence[str]
        Only these, as the log or as our sheets name them; none takes all.
    catalog : Catalog | None
        Whose names of models; asked only where ``models`` are named.
    engine : Engine | None
        Limits on memory, and where to spill; None for the usual ones.

    Raises
    ------
    LookupFault
        When a table is none, no requests of the models are in it, or it counts none at all.
    """
    with connection(engine) as database:
        opened(database, table)
        rows = database.execute(sql.names("usage_rows")).fetchall()
        wanted = wanted_models([(provider, model or "") for provider, model, *_ in rows], models, catalog)
        chosen = sql.of_models("usage_rows", wanted)
        sums = database.execute(sql.moments(chosen)).fetchone()
        hours: dict[str, Any] = dict(database.execute(sql.hours(chosen)).fetchnumpy())
        if sums is None or not sums[0]:
            mend = "such as Anthropic's report; import the gateway's log instead"
            raise LookupFault(Fault("the table", "it counts tokens but no requests", mend))
        return _fit([float(x or 0) for x in sums], hours, tuple(dict.fromkeys(model for _, model in wanted)))


def wanted_models(
    named: Sequence[tuple[str | None, str]], models: Sequence[str], catalog: Catalog | None
) -> list[tuple[str | None, str]]:
    """Of the vendors and names in a log those of some models; all where none are named."""
    if not models:
        return list(named)
    names = (catalog or Catalog.open()).model_names()
    found = [(vendor, model) for vendor, model in named if {model, names.sku(vendor, model)} & set(models)]
    told = {model for _, model in named} | {sku for pair in named if (sku := names.sku(*pair))}
    faults = [Fault(f"model {model}", "not in the log", nearest(model, told)) for model in models if model not in told]
    if faults:
        raise LookupFault(faults)
    return found


def _fit(sums: Sequence[float], rows: dict[str, Any], models: tuple[str, ...]) -> WorkloadFit:
    requests, prompt, output, reasoning, cached, batch, lone, lone_prompt, lone_visible, *squares = sums
    starts = [_moment(value) for value in rows["hour"]]
    ends = [
        start + timedelta(seconds=max(float(s), SECONDS_PER_HOUR))
        for start, s in zip(starts, rows["span_s"], strict=True)
    ]
    first, end = min(starts), max(ends)
    whole_hours = (end - first).total_seconds() / SECONDS_PER_HOUR
    hours = whole_hours - _idle_hours(rows, starts)
    notes = [] if lone else [UNKNOWN_TEXT]
    input_cv, output_cv, corr = _spread(lone, lone_prompt, lone_visible, squares) if lone else (None, None, None)
    by_hour = _by_hour(rows, starts, first, whole_hours)
    shape = _shape(by_hour, first) if by_hour is not None else None
    if shape is None:
        notes.append("less than a week by the hour: the shape of the week stays as it was")
    if not cached:
        notes.append("no cached tokens in the log: the scenario's cacheable share stays as it was")
    if not batch:
        notes.append("no batch requests in the log: the scenario's share that may wait stays as it was")
    burst = _burst(rows) if lone else None
    notes += _burst_notes(rows, burst)
    visible = output - reasoning
    growth = _growth(by_hour) if by_hour is not None else None
    if growth is None:
        notes.append(f"fewer than {WEEKS_OF_GROWTH} whole weeks: no trend is told")
    return WorkloadFit(
        requests=requests,
        first=first,
        last=end - timedelta(hours=1),
        hours=hours,
        requests_per_month=requests / hours * HOURS_PER_MONTH,
        input_mean_tok=prompt / requests,
        input_cv=input_cv,
        output_mean_tok=visible / requests,
        output_cv=output_cv,
        length_corr=corr,
        cached_frac=cached / prompt if prompt else 0.0,
        batch_frac=batch / requests,
        reasoning_ratio=reasoning / visible if visible else 0.0,
        shape_hours=shape,
        burst_ratio=None if burst is None else min(burst, MOST_BURST_RATIO),
        growth_per_year_frac=growth,
        models=models,
        notes=tuple(notes),
    )


def _moment(value: object) -> datetime:
    found: datetime = np.datetime64(str(value), "s").item()
    return found


def _idle_hours(rows: dict[str, Any], starts: Sequence[datetime]) -> float:
    """The minutes before the first request in the first hour and after the last one in the last; 0 where minutes are not told."""
    minutes = _minutes(rows)
    early = minutes[[start == min(starts) for start in starts]].sum(axis=0).nonzero()[0]
    late = minutes[[start == max(starts) for start in starts]].sum(axis=0).nonzero()[0]
    if not len(early) or not len(late) or float(max(rows["span_s"])) > 0:
        return 0.0
    return float(early[0] + MINUTES_PER_HOUR - 1 - late[-1]) / MINUTES_PER_HOUR


def _spread(n: float, prompt: float, visible: float, squares: Sequence[float]) -> tuple[float, float, float]:
    """Coefficients of variation of both lengths, and their correlation, from sums of squares and products."""
    means = prompt / n, visible / n
    variances = [max(square / n - mean**2, 0.0) for square, mean in zip(squares[:2], means, strict=True)]
    deviations = [variance**0.5 for variance in variances]
    cvs = [deviation / mean if mean else 0.0 for deviation, mean in zip(deviations, means, strict=True)]
    both = deviations[0] * deviations[1]
    corr = (squares[2] / n - means[0] * means[1]) / both if both > 0 else 0.0
    return cvs[0], cvs[1], float(np.clip(corr, -1.0, 1.0))


def _by_hour(rows: dict[str, Any], starts: Sequence[datetime], first: datetime, hours: float) -> Array | None:
    """Requests in each hour from the first; None where buckets are wider than an hour."""
    if any(float(span) > SECONDS_PER_HOUR for span in rows["span_s"]):
        return None
    found = np.zeros(round(hours))
    for start, requests in zip(starts, rows["requests"], strict=True):
        found[int((start - first).total_seconds() // SECONDS_PER_HOUR)] += float(requests)
    return found


def _shape(by_hour: Array, first: datetime) -> tuple[float, ...] | None:
    """Mean requests of each hour of the week over the mean of all of them; None for less than a week."""
    if len(by_hour) < HOURS_PER_WEEK:
        return None
    week_hours = (first.weekday() * 24 + first.hour + np.arange(len(by_hour))) % HOURS_PER_WEEK
    sums = np.bincount(week_hours, by_hour, HOURS_PER_WEEK)
    means = sums / np.bincount(week_hours, minlength=HOURS_PER_WEEK)
    return tuple(float(value) for value in means * HOURS_PER_WEEK / means.sum())


def _minutes(rows: dict[str, Any]) -> Array:
    """Requests of each minute of each hour that has them."""
    found: Array = np.column_stack(
        [np.nan_to_num(np.ma.filled(rows[f"minute_{n}"], 0).astype(float)) for n in range(sql.MINUTES)]
    )
    return found


def _burst(rows: dict[str, Any]) -> float | None:
    minutes = _minutes(rows)
    busiest = minutes.sum(axis=1).max()
    return float(max(1.0, minutes.max() * MINUTES_PER_HOUR / busiest)) if busiest else None


def _burst_notes(rows: dict[str, Any], burst: float | None) -> list[str]:
    if burst is None:
        return []
    found = []
    if _minutes(rows).sum(axis=1).max() < STEADY_REQUESTS:
        found.append(
            "the busiest hour has fewer than ten requests a minute: its burst tells more of chance than of load"
        )
    if burst > MOST_BURST_RATIO:
        found.append(f"the burst of {burst:.0f} is taken as {MOST_BURST_RATIO:.0f}")
    return found


def _growth(by_hour: Array) -> float | None:
    """What a straight line through the logarithms of whole weeks comes to in a year; None for too few weeks."""
    weeks = len(by_hour) // HOURS_PER_WEEK
    sums = by_hour[: weeks * HOURS_PER_WEEK].reshape(weeks, HOURS_PER_WEEK).sum(axis=1)
    if weeks < WEEKS_OF_GROWTH or not (sums > 0).all():
        return None
    slope = np.polyfit(np.arange(weeks), np.log(sums), 1)[0]
    return float(np.expm1(slope * WEEKS_PER_YEAR))
