"""A field's name becomes a label, a unit and a way to write its value: all three read off the name's last words."""

from tco.present import numbers
from tco.units import UNITS, Unit, unit_of

_SPELLED = {
    "api": "API", "usd": "USD", "gpu": "GPU", "gpus": "GPUs", "cpu": "CPU", "pue": "PUE", "ttft": "TTFT", "tpot": "TPOT",
    "fte": "FTE", "wacc": "WACC", "npv": "NPV", "slo": "SLO", "kv": "KV", "utc": "UTC", "it": "IT", "id": "id",
    "cv": "spread", "corr": "correlation", "p50": "p50", "p90": "p90", "p95": "p95", "p99": "p99",
}  # fmt: skip
_SELF_NAMED = {"cv", "corr", "pue", "replicas", "gpus", "people", "requests_per_month", "gpus_per_replica"}
"""Units that are the quantity's own name: they stay in the label."""


def label(name: str) -> str:
    """
    A field's name as words, without its unit.

    Parameters
    ----------
    name : str
        A field or its dotted path, such as ``options.rented.gpu.usd_per_gpu_hour``.

    Examples
    --------
    >>> label("service.ttft_p95_ms"), label("cacheable_frac"), label("gpu.usd_per_gpu_hour")
    ('TTFT p95', 'Cacheable', 'GPU')
    >>> label("workload.requests_per_month"), label("input_length.cv")
    ('Requests per month', 'Input length spread')
    """
    parts = name.split(".")
    words = _without_unit(parts[-1])
    if (not words or words[0] in ("cv", "corr", "mean")) and len(parts) > 1:
        words = [*parts[-2].split("_"), *words]
    text = " ".join(_SPELLED.get(word, word) for word in words or parts[-1].split("_"))
    return text[:1].upper() + text[1:]


def unit_symbol(name: str) -> str:
    """
    The unit to print beside a field's number box; percent for shares, empty for plain numbers.

    Examples
    --------
    >>> unit_symbol("output_usd_per_mtok"), unit_symbol("batch_frac"), unit_symbol("shape")
    ('USD/Mtok', '%', '')
    """
    unit = unit_of(name)
    if unit is None:
        return ""
    return "%" if unit is UNITS["frac"] else unit.symbol


def shown(name: str, value: float) -> str:
    """
    A field's value as a person reads it, with its unit. ``ValueError`` when it is not finite.

    Examples
    --------
    >>> shown("output_usd_per_mtok", 15.0), shown("batch_frac", 0.35).replace("\u00a0", " ")
    ('$15/Mtok', '35 %')
    >>> shown("requests_per_month", 2.4e6).replace("\u00a0", " "), shown("idle_watts", 128.0).replace("\u00a0", " ")
    ('2.4M requests/month', '128 W')
    """
    unit = unit_of(name)
    if unit is None:
        return numbers.quantity(value, "")
    if unit is UNITS["frac"]:
        return numbers.percent(value)
    if unit is UNITS["ratio"]:
        return numbers.ratio(value)
    if unit.symbol.startswith("USD"):
        return numbers.money(value) + unit.symbol.removeprefix("USD")
    if unit.symbol.split("/")[0] in ("requests", "tok") and abs(value) >= 10_000:
        return f"{numbers.count(value)}{numbers.NO_BREAK}{unit.symbol}"
    return numbers.quantity(value, unit.symbol)


def _without_unit(field: str) -> list[str]:
    unit = unit_of(field)
    suffix = _suffix(field, unit)
    kept = field if suffix in _SELF_NAMED else field.removesuffix(suffix)
    return [word for word in kept.split("_") if word]


def _suffix(field: str, unit: Unit | None) -> str:
    if unit is None:
        return ""
    words = field.split("_")
    return next(tail for tail in ("_".join(words[i:]) for i in range(len(words))) if UNITS.get(tail) is unit)
