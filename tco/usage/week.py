"""The week of a log: how much comes in each of its 168 hours, by the clock of any time zone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from tco.catalog import Catalog
from tco.errors import Fault, LookupFault
from tco.units import HOURS_PER_DAY, HOURS_PER_WEEK, MINUTES_PER_HOUR, SECONDS_PER_HOUR, Array
from tco.usage import sql
from tco.usage.billing import opened
from tco.usage.engine import Engine, connection
from tco.usage.fitting import wanted_models

Measure = Literal["requests", "tokens"]


@dataclass(frozen=True)
class Load:
    """Every hour of a log in UTC, from its first to its last, the empty ones between them too."""

    first: datetime
    measure: Measure
    """Tokens where the log counts no requests."""
    by_hour: Array
    widest_s: float
    """The widest bucket: more than 3,600 s tells nothing of single hours."""

    def week(self, zone: str) -> Array | None:
        """
        Mean of each hour of the week, from Monday 00:00 by the clock of a zone; NaN where the log has no such hour.

        An hour that a zone's clock parts, as India's does, gives each part its share. None where the log tells no hours.

        Raises
        ------
        LookupFault
            When nobody knows the zone.
        """
        if self.widest_s > SECONDS_PER_HOUR:
            return None
        clock = _zone(zone)
        start = self.first.replace(tzinfo=UTC)
        local = [(start + timedelta(hours=n)).astimezone(clock) for n in range(self.by_hour.size)]
        place = np.array([at.weekday() * HOURS_PER_DAY + at.hour for at in local])
        later = np.array([at.minute / MINUTES_PER_HOUR for at in local])
        sums, seen = (_summed(place, later, what) for what in (self.by_hour, np.ones_like(self.by_hour)))
        return np.where(seen > 0, sums / np.where(seen > 0, seen, 1.0), np.nan)


def load(
    table: Path | str | Sequence[Path | str],
    *,
    models: Sequence[str] = (),
    catalog: Catalog | None = None,
    engine: Engine | None = None,
) -> Load:
    """
    What comes in each hour of one or several hourly tables.

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
        When a table is none, or no requests of the models are in it.
    """
    with connection(engine) as database:
        opened(database, table)
        rows = database.execute(sql.names("usage_rows")).fetchall()
        chosen = sql.of_models(
            "usage_rows", wanted_models([(provider, model or "") for provider, model, *_ in rows], models, catalog)
        )
        found = database.execute(sql.load(chosen)).fetchall()
    counted: Measure = "requests" if any(requests for _, _, requests, _ in found) else "tokens"
    first, last = found[0][0], found[-1][0]
    by_hour = np.zeros(round((last - first).total_seconds() / SECONDS_PER_HOUR) + 1)
    for hour, _, requests, tok in found:
        by_hour[round((hour - first).total_seconds() / SECONDS_PER_HOUR)] += (
            requests if counted == "requests" else tok
        ) or 0.0
    return Load(first, counted, by_hour, max(float(span or 0) for _, span, *_ in found))


def _summed(place: NDArray[np.int64], later: Array, what: Array) -> Array:
    """What falls in each hour of the week: the part before the hour's end in its own, the rest in the one after."""
    found = np.zeros(HOURS_PER_WEEK)
    np.add.at(found, place, what * (1 - later))
    np.add.at(found, (place + 1) % HOURS_PER_WEEK, what * later)
    return found


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise LookupFault(
            Fault("time zone", repr(name), "write a zone's name, such as Europe/Berlin or UTC")
        ) from error
