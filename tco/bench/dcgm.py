"""Power of GPUs elsewhere, from the text that NVIDIA's DCGM exporter, or a Prometheus that gathers it, serves."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urldefrag, urlsplit

from tco.bench.meter import NoPower, Sample, SampledMeter
from tco.bench.sampler import ReadFault, Sampler
from tco.bench.trace import READINGS, GpuId
from tco.errors import Fault
from tco.units import MS_PER_S

FIELDS = {
    "DCGM_FI_DEV_POWER_USAGE": ("watts", 1.0),
    "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION": ("counter_joules", 1 / MS_PER_S),  # in millijoules
    "DCGM_FI_DEV_GPU_TEMP": ("temperature_c", 1.0),
    "DCGM_FI_DEV_SM_CLOCK": ("sm_mhz", 1.0),
    "DCGM_FI_DEV_ENFORCED_POWER_LIMIT": ("cap_watts", 1.0),
    "DCGM_FI_DEV_CLOCK_THROTTLE_REASONS": ("slowed_bits", 1.0),
    "DCGM_FI_DEV_CLOCKS_EVENT_REASONS": ("slowed_bits", 1.0),
}
PERIOD_S = 0.5
"""How often the endpoint is asked. The exporter refreshes every 30 s unless told otherwise (``-c``): only fresh answers are kept."""
PATIENCE_S = 35.0
"""How long a window's energy waits for the first fresh answer after its end."""
TIMEOUT_S = 5.0
SILENCE_S = 60.0
"""How long the endpoint may fail to answer before it counts as lost."""

Found = dict[str, tuple[dict[str, str], dict[str, float]]]
"""By GPU: its labels and its readings."""


class DcgmMeter(SampledMeter):
    """
    Watts and energy of the GPUs that one or several exporters tell.

    A fragment of the address picks GPUs by their labels: ``http://node:9400/metrics#gpu=0,1`` or ``…#pod=llama-0``.

    Parameters
    ----------
    urls : str or sequence of str
        The endpoints, ``http://host:9400/metrics``; without a path that path is taken.
    gpus : int or None
        How many GPUs the server has; None takes all that are told.

    Raises
    ------
    NoPower
        An endpoint that does not answer or tells no power, another number of GPUs than asked for, or GPUs split into slices (MIG).
    """

    source = "dcgm"

    def __init__(self, urls: str | Sequence[str], gpus: int | None = None, period_s: float = PERIOD_S) -> None:
        httpx = _httpx()
        self.urls = [urls] if isinstance(urls, str) else list(urls)
        self._client, self._failures = httpx.Client(timeout=TIMEOUT_S), (httpx.HTTPError, httpx.InvalidURL)
        try:
            first = self._first(gpus)
        except BaseException:
            self._client.close()
            raise
        self._keys, self._labels = list(first), [labels for labels, _ in first.values()]
        self._counted = all("counter_joules" in readings for _, readings in first.values())
        self._latest = [readings.get("counter_joules", math.nan) for _, readings in first.values()]
        self._heard_s = time.monotonic()
        ids = tuple(GpuId(labels.get("modelName", "unknown GPU"), labels.get("UUID", "")) for labels in self._labels)
        super().__init__(Sampler(self._read, period_s, "tco-dcgm"), ids)

    @property
    def patience_s(self) -> float:
        return PATIENCE_S

    def close(self) -> None:
        super().close()
        self._client.close()

    def facts(self) -> dict[str, Any]:
        """What the exporter's labels say; its host's name is left out."""
        driver = next((v for labels in self._labels for k, v in labels.items() if k == "DCGM_FI_DRIVER_VERSION"), None)
        return {
            "gpus": [{"name": each.name, "uuid": each.uuid} for each in self.ids],
            "driver": driver,
            "power_from": "dcgm",
        }

    def _first(self, gpus: int | None) -> Found:
        """The first answer, with every fault in it told."""
        try:
            found = self._ask()
        except self._failures as error:
            mend = "name the exporter's address, such as http://node:9400/metrics, see that it is reachable from here, or leave power out: --no-power"
            raise NoPower("B-POWER", Fault(", ".join(self.urls), f"no answer ({error})", mend)) from error
        except ValueError as error:
            mend = "name an address that serves the text of a DCGM exporter"
            raise NoPower("B-POWER", Fault(", ".join(self.urls), f"no Prometheus text ({error})", mend)) from error
        faults = []
        if slices := [key for key, (labels, _) in found.items() if labels.get("GPU_I_ID")]:
            mend = (
                "the power is that of the whole card, never a slice's: pick whole GPUs, or go without watts: --no-power"
            )
            raise NoPower("B-MIG", [Fault(f"GPU {key}", "a MIG slice", mend) for key in slices])
        for key, (_, readings) in found.items():
            if not {"watts", "counter_joules"} & set(readings):
                faults.append(
                    Fault(f"GPU {key}", "no power and no energy", f"let the exporter tell {next(iter(FIELDS))}")
                )
        if not found or (gpus is not None and gpus != len(found)):
            wanted = "none" if not found else f"{len(found)} GPUs where the server has {gpus}: {', '.join(found)}"
            mend = "pick them by a label of theirs behind #, such as #gpu=0,1 or #pod=llama-0"
            faults.append(Fault(", ".join(self.urls), f"power of {wanted}", mend))
        if faults:
            raise NoPower("B-POWER", faults)
        return found

    def _ask(self) -> Found:
        found: Found = {}
        for url in self.urls:
            address, fragment = urldefrag(url)
            address = address if urlsplit(address).path.strip("/") else address.rstrip("/") + "/metrics"
            answer = self._client.get(address)
            answer.raise_for_status()
            for key, (labels, readings) in told(answer.text, fragment).items():
                found.setdefault(key, (labels, {}))[1].update(readings)
        return found

    def _read(self) -> Sample | None:
        """A fresh answer, None when nothing is new; an energy counter that stands still is an old answer."""
        try:
            found = self._ask()
        except (*self._failures, ValueError) as error:
            if time.monotonic() - self._heard_s > SILENCE_S:
                raise ReadFault(f"no answer for {SILENCE_S:.0f} s ({error})") from error
            return None
        self._heard_s = time.monotonic()
        rows = [[found.get(key, ({}, {}))[1].get(name, math.nan) for name in READINGS] for key in self._keys]
        counters = [row[READINGS.index("counter_joules")] for row in rows]
        stale = any(new == old or math.isnan(new) for new, old in zip(counters, self._latest, strict=True))
        if self._counted and stale:
            return None
        self._latest = counters
        return rows


def _httpx() -> Any:
    """What reads the endpoint, once it is known that both parts are installed."""
    try:
        import httpx
        import prometheus_client.parser  # noqa: F401
    except ImportError as error:
        mend = "install both: pip install 'llm-tco[bench]'"
        raise NoPower("B-POWER", Fault("--dcgm", "httpx or prometheus-client is not installed", mend)) from error
    return httpx


def told(text: str, fragment: str = "") -> Found:
    """
    The GPUs of an exporter's text whose labels a fragment picks, and their readings in a trace's units.

    Examples
    --------
    >>> text = 'DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="GPU-a",modelName="H200"} 310.5\\n'
    >>> told(text)["GPU-a"][1]
    {'watts': 310.5}
    """
    from prometheus_client.parser import text_string_to_metric_families

    wanted = [part.partition("=") for part in fragment.split("&") if part]
    found: Found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            name, factor = FIELDS.get(sample.name, ("", 0.0))
            labels = sample.labels
            if not name or any(labels.get(label) not in values.split(",") for label, _, values in wanted):
                continue
            key = labels.get("UUID") or f"{labels.get('Hostname', '')}/{labels.get('gpu', '?')}"
            key += f"/{labels['GPU_I_ID']}" if labels.get("GPU_I_ID") else ""
            found.setdefault(key, (dict(labels), {}))[1][name] = sample.value * factor
    return found
