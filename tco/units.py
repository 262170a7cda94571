"""Conversion constants, and the unit words a name may end with, each with how it is shown."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Numeric: TypeAlias = float | Array
"""A quantity inside the arithmetic: one number, or an array of draws or volumes. No formula can tell which."""

TOKENS_PER_MTOK = 1_000_000.0
HOURS_PER_MONTH = 730.0
"""A month is 1/12 of 8,760 hours."""
HOURS_PER_DAY = 24
HOURS_PER_WEEK = 168
WEEKS_PER_MONTH = HOURS_PER_MONTH / HOURS_PER_WEEK
SECONDS_PER_HOUR = 3600.0
SECONDS_PER_MONTH = HOURS_PER_MONTH * SECONDS_PER_HOUR
DAYS_PER_MONTH = HOURS_PER_MONTH / 24.0
MONTHS_PER_YEAR = 12.0
MS_PER_S = 1000.0
BYTES_PER_GB = 1e9
GRAMS_PER_KG = 1000.0
FLOPS_PER_TFLOP = 1e12
PARAMS_PER_BILLION = 1e9
WATTS_PER_KILOWATT = 1000.0
JOULES_PER_KWH = 3.6e6
MINUTES_PER_HOUR = 60.0
SECONDS_PER_MINUTE = 60.0


@dataclass(frozen=True)
class Unit:
    """How a quantity is spelled on screen: its symbol and what it is."""

    symbol: str
    meaning: str


UNITS: dict[str, Unit] = {
    "usd_per_mtok": Unit("USD/Mtok", "US dollars per million tokens"),
    "usd_per_gpu_hour": Unit("USD/GPU-h", "US dollars per GPU and hour"),
    "usd_per_hour": Unit("USD/h", "US dollars per working hour"),
    "usd_per_week": Unit("USD/week", "US dollars per week"),
    "usd_per_year": Unit("USD/year", "US dollars per year"),
    "usd_per_month": Unit("USD/month", "US dollars per month of 730 hours"),
    "usd_per_fte_year": Unit("USD/FTE-year", "US dollars per full-time person and year, everything included"),
    "usd_per_request": Unit("USD/request", "US dollars per request"),
    "usd_per_kilowatt_month": Unit("USD/kW-month", "US dollars per kilowatt and month"),
    "usd_per_kwh": Unit("USD/kWh", "US dollars per kilowatt-hour"),
    "kg_per_kwh": Unit("kg/kWh", "kilograms of carbon dioxide per kilowatt-hour"),
    "usd_per_unit": Unit("USD/unit", "US dollars per unit of another currency"),
    "usd": Unit("USD", "US dollars"),
    "requests_per_month": Unit("requests/month", "requests in a month of 730 hours"),
    "incidents_per_month": Unit("incidents/month", "incidents in a month"),
    "replica_hours_per_month": Unit("replica-h/month", "hours of one replica in a month"),
    "hours_per_fte_year": Unit("h/FTE-year", "working hours of one person in a year"),
    "hours_per_incident": Unit("h/incident", "working hours one incident takes"),
    "hours_per_swap": Unit("h/swap", "working hours one change of model takes"),
    "swaps_per_year": Unit("swaps/year", "changes of model in a year"),
    "output_tok_per_s": Unit("tok/s", "output tokens a second, of a whole replica"),
    "tok_per_minute": Unit("tok/min", "tokens a minute"),
    "tok_per_day": Unit("tok/day", "tokens a day"),
    "s_per_tok2": Unit("s/tok²", "replica-seconds per token of output and token of context"),
    "s_per_tok": Unit("s/tok", "replica-seconds per token"),
    "tok": Unit("tok", "tokens of the reference tokenizer"),
    "ms": Unit("ms", "milliseconds"),
    "hours": Unit("h", "hours"),
    "months": Unit("months", "months of 730 hours"),
    "usd_per_gpu_year": Unit("USD/GPU-year", "US dollars per GPU and year"),
    "usd_per_server": Unit("USD/server", "US dollars per server"),
    "watts_per_gpu": Unit("W/GPU", "watts for each GPU"),
    "joules_per_tok2": Unit("J/tok²", "joules per token of output and token of context"),
    "joules_per_tok": Unit("J/tok", "joules per token"),
    "s": Unit("s", "seconds"),
    "joules_per_request": Unit("J/request", "joules per request"),
    "kg_per_request": Unit("kg/request", "kilograms of carbon dioxide per request"),
    "minutes": Unit("min", "minutes"),
    "servers": Unit("servers", "servers"),
    "units": Unit("units", "provisioned throughput units of a vendor"),
    "watts": Unit("W", "watts"),
    "kilowatts": Unit("kW", "kilowatts"),
    "gb": Unit("GB", "10⁹ bytes"),
    "gb_per_s": Unit("GB/s", "10⁹ bytes a second"),
    "bytes": Unit("bytes", "bytes"),
    "tflops": Unit("TFLOP/s", "10¹² floating-point operations a second, dense"),
    "billions": Unit("×10⁹", "thousand millions"),
    "fte": Unit("FTE", "full-time people"),
    "frac": Unit("", "a share from 0 to 1, shown as percent"),
    "ratio": Unit("×", "a factor"),
    "cv": Unit("", "coefficient of variation: standard deviation over mean"),
    "corr": Unit("", "correlation, from -1 to 1"),
    "pue": Unit("", "power usage effectiveness: facility power over IT power"),
    "count": Unit("", "a number of things"),
    "replicas": Unit("replicas", "copies of the model that serve"),
    "gpus": Unit("GPUs", "GPUs"),
    "gpus_per_replica": Unit("GPUs/replica", "GPUs that one copy of the model needs"),
    "people": Unit("people", "people"),
    "percentile": Unit("", "a percentile, 50 is the median"),
    "concurrency": Unit("requests", "requests in flight"),
}
"""Every word a quantity's name may end with. A new unit is one line here."""


def unit_of(name: str) -> Unit | None:
    """
    The unit that a name ends with, the longest match first; None when it ends with no known word.

    Examples
    --------
    >>> unit_of("input_usd_per_mtok").symbol
    'USD/Mtok'
    >>> unit_of("price") is None
    True
    """
    words = name.split(".")[-1].split("_")
    for start in range(len(words)):
        found = UNITS.get("_".join(words[start:]))
        if found is not None:
            return found
    return None
