"""NVML through its own bindings (``pynvml`` of nvidia-ml-py): which GPUs, what they are, and one sample of each."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tco.bench.meter import NoDriver, NoPower
from tco.bench.sampler import ReadFault
from tco.bench.trace import READINGS, GpuId
from tco.errors import Fault, nearest
from tco.units import MS_PER_S

MILLI = 1 / MS_PER_S
"""NVML counts in milliwatts and millijoules."""
SLOW_TICKS = 10
"""Temperature, clock and power limit are read every tenth sample, the last reading holding between."""
GONE = (
    "NVML_ERROR_GPU_IS_LOST",
    "NVML_ERROR_RESET_REQUIRED",
    "NVML_ERROR_UNINITIALIZED",
    "NVML_ERROR_DRIVER_NOT_LOADED",
)
NO_DRIVER = ("NVML_ERROR_LIBRARY_NOT_FOUND", "NVML_ERROR_DRIVER_NOT_LOADED")

WITHOUT = "go without watts: --no-power"
"""The mend that is always left."""

GpuChoice = int | Sequence[int | str] | None
"""How many of the visible GPUs (the first ones), which ones by NVML's index or UUID, or all that are visible."""


def bindings() -> Any:
    """
    The module ``pynvml``.

    Raises
    ------
    NoDriver
        nvidia-ml-py is not installed.
    """
    try:
        import pynvml  # type: ignore[import-untyped]  # it has no types
    except ImportError as error:
        mend = "install nvidia-ml-py: pip install 'llm-tco[bench]'"
        raise NoDriver("B-POWER", Fault("power", "the bindings of NVML are not installed", mend)) from error
    return pynvml


@dataclass
class NvmlGpu:
    """One GPU of a session: its handle and what it has turned out to be able to tell."""

    index: int
    handle: Any
    id: GpuId
    instant: bool = False
    average: bool = False
    module: bool = False
    counter: bool = False


class Nvml:
    """
    A session with the driver, on some GPUs.

    Raises
    ------
    NoDriver
        No driver, or none of its bindings.
    NoPower
        A driver that does not answer, fewer GPUs than asked for, an unknown one, or a GPU split into slices (MIG).
    """

    def __init__(self, choice: GpuChoice = None) -> None:
        self.nvml = bindings()
        self._begin()
        self._reasons = self.nvml.nvmlDeviceGetCurrentClocksEventReasons
        try:
            self.gpus = [self._open(index) for index in self._chosen(choice)]
            self._refuse_slices()
        except BaseException:
            self.close()
            raise
        self._ticks, self._slow = 0, [[math.nan] * 3 for _ in self.gpus]

    def _begin(self) -> None:
        try:
            self.nvml.nvmlInit()
        except self.nvml.NVMLError as error:
            if error.value in {getattr(self.nvml, name) for name in NO_DRIVER}:
                found = f"no NVIDIA driver on this machine ({error})"
                mend = "measure where the GPU is, name a DCGM exporter with --dcgm URL, or go without watts"
                raise NoDriver("B-POWER", Fault("power", found, mend)) from error
            found = f"the NVIDIA driver does not answer ({error})"
            mend = f"see whether nvidia-smi runs (after a driver update the machine wants a restart), or {WITHOUT}"
            raise NoPower("B-POWER", Fault("power", found, mend)) from error

    def close(self) -> None:
        """End the session."""
        self.tell(self.nvml.nvmlShutdown)

    def tell(self, question: Callable[..., Any], *arguments: Any) -> Any:
        """What NVML answers, None where this GPU or driver cannot tell."""
        try:
            return question(*arguments)
        except self.nvml.NVMLError:
            return None

    # which GPUs

    def _chosen(self, choice: GpuChoice) -> list[int]:
        """NVML's indices of the GPUs meant."""
        count = self.nvml.nvmlDeviceGetCount()
        uuids = [self._uuid(index) for index in range(count)]
        if choice is not None and not isinstance(choice, int):
            return _named(choice, uuids, "gpus")
        words = os.environ.get("CUDA_VISIBLE_DEVICES")
        visible = list(range(count)) if words is None else _visible(words, uuids)
        wanted = len(visible) if choice is None else choice
        if wanted < 1 or wanted > len(visible):
            hidden = f" (CUDA_VISIBLE_DEVICES={words})" if words is not None else ""
            mend = f"ask for 1 to {len(visible)}" if visible else f"let a GPU be seen, or {WITHOUT}"
            raise NoPower("B-POWER", Fault("--gpus", f"{wanted} asked for, {len(visible)} visible{hidden}", mend))
        return visible[:wanted]

    def _uuid(self, index: int) -> str:
        return str(self.tell(self.nvml.nvmlDeviceGetUUID, self.nvml.nvmlDeviceGetHandleByIndex(index)) or "")

    def _open(self, index: int) -> NvmlGpu:
        """A GPU, tried once for everything it may be able to tell."""
        handle = self.nvml.nvmlDeviceGetHandleByIndex(index)
        name = str(self.tell(self.nvml.nvmlDeviceGetName, handle) or "unknown GPU")
        gpu = NvmlGpu(index, handle, GpuId(name, self._uuid(index)))
        instant, average, module = self._fields(gpu, self._field_ids(gpu, everything=True))
        gpu.instant, gpu.average, gpu.module = (each > 0 for each in (instant, average, module))
        gpu.counter = self.tell(self.nvml.nvmlDeviceGetTotalEnergyConsumption, handle) is not None
        if self.tell(self._reasons, handle) is None:  # drivers before 535 know it by its old name
            self._reasons = self.nvml.nvmlDeviceGetCurrentClocksThrottleReasons
        usage = self.tell(self.nvml.nvmlDeviceGetPowerUsage, handle)
        if usage is None and not (gpu.instant or gpu.average or gpu.counter):
            found = f"GPU {index} ({name}) tells neither its power nor its energy"
            raise NoPower("B-POWER", Fault("power", found, f"measure at the wall, or {WITHOUT}"))
        return gpu

    def _refuse_slices(self) -> None:
        """MIG shares a card, and the driver only knows the power of the whole card."""
        split = [gpu for gpu in self.gpus if (self.tell(self.nvml.nvmlDeviceGetMigMode, gpu.handle) or [0])[0]]
        if split:
            mend = f"the driver tells the power of the whole card, never a slice's: nvidia-smi -mig 0, or {WITHOUT}"
            raise NoPower("B-MIG", [Fault(f"GPU {gpu.index} ({gpu.id.name})", "MIG is on", mend) for gpu in split])

    # one sample

    def read(self) -> list[list[float]]:
        """
        One sample: for each GPU the readings of a trace, NaN where it has none.

        Raises
        ------
        ReadFault
            A GPU is lost, or the driver has gone.
        """
        rows = []
        for gpu, slow in zip(self.gpus, self._slow, strict=True):
            try:
                rows.append(self._sample(gpu, slow, self._ticks % SLOW_TICKS == 0))
            except self.nvml.NVMLError as error:
                if error.value in {getattr(self.nvml, name) for name in GONE}:
                    raise ReadFault(f"GPU {gpu.index} ({gpu.id.name}): {error}") from error
                rows.append([math.nan] * len(READINGS))
        self._ticks += 1
        return rows

    def _sample(self, gpu: NvmlGpu, slow: list[float], all_of_it: bool) -> list[float]:
        instant, average, module = self._fields(gpu, self._field_ids(gpu))
        counter = self.nvml.nvmlDeviceGetTotalEnergyConsumption(gpu.handle) * MILLI if gpu.counter else math.nan
        watts = instant if gpu.instant else average
        if not (gpu.instant or gpu.average):
            watts = self._number(self.nvml.nvmlDeviceGetPowerUsage, gpu.handle) * MILLI
        if all_of_it:
            slow[:] = self._slow_readings(gpu)
        bits = self._number(self._reasons, gpu.handle)
        return [watts, average, module, counter, *slow, bits]

    def _slow_readings(self, gpu: NvmlGpu) -> list[float]:
        """Temperature [°C], clock of the multiprocessors [MHz], enforced power limit [W]."""
        nvml = self.nvml
        return [
            self._number(nvml.nvmlDeviceGetTemperature, gpu.handle, nvml.NVML_TEMPERATURE_GPU),
            self._number(nvml.nvmlDeviceGetClockInfo, gpu.handle, nvml.NVML_CLOCK_SM),
            self._number(nvml.nvmlDeviceGetEnforcedPowerLimit, gpu.handle) * MILLI,
        ]

    def _number(self, question: Callable[..., Any], *arguments: Any) -> float:
        """An answer, NaN where there is none; a GPU that is gone still raises."""
        try:
            return float(question(*arguments))
        except (self.nvml.NVMLError_NotSupported, self.nvml.NVMLError_FunctionNotFound):
            return math.nan

    def _field_ids(self, gpu: NvmlGpu, everything: bool = False) -> dict[str, Any]:
        nvml = self.nvml
        asked = {
            "instant": (nvml.NVML_FI_DEV_POWER_INSTANT, nvml.NVML_POWER_SCOPE_GPU),
            "average": (nvml.NVML_FI_DEV_POWER_AVERAGE, nvml.NVML_POWER_SCOPE_GPU),
            "module": (nvml.NVML_FI_DEV_POWER_INSTANT, nvml.NVML_POWER_SCOPE_MODULE),
        }
        return {name: field for name, field in asked.items() if everything or getattr(gpu, name)}

    def _fields(self, gpu: NvmlGpu, asked: dict[str, Any]) -> tuple[float, float, float]:
        """Instant, average and module power, those asked for, in one call. [W]"""
        told = dict.fromkeys(("instant", "average", "module"), math.nan)
        if asked:
            try:
                values = self.nvml.nvmlDeviceGetFieldValues(gpu.handle, list(asked.values()))
            except (self.nvml.NVMLError_NotSupported, self.nvml.NVMLError_FunctionNotFound):
                values = ()
            for name, value in zip(asked, values, strict=False):
                told[name] = self._field(value)
        return told["instant"], told["average"], told["module"]

    def _field(self, value: Any) -> float:
        """The number in a field, by the type it says it has; NaN when the driver refused it. [W]"""
        if value.nvmlReturn != self.nvml.NVML_SUCCESS:
            return math.nan
        members = {
            self.nvml.NVML_VALUE_TYPE_DOUBLE: "dVal",
            self.nvml.NVML_VALUE_TYPE_UNSIGNED_INT: "uiVal",
            self.nvml.NVML_VALUE_TYPE_UNSIGNED_LONG: "ulVal",
            self.nvml.NVML_VALUE_TYPE_UNSIGNED_LONG_LONG: "ullVal",
            self.nvml.NVML_VALUE_TYPE_SIGNED_LONG_LONG: "sllVal",
        }
        member = members.get(value.valueType)
        return float(getattr(value.value, member)) * MILLI if member else math.nan


def _named(words: Sequence[int | str], uuids: list[str], where: str) -> list[int]:
    """The indices that these numbers and UUIDs mean; every unknown one is told."""
    found, faults = [], []
    for word in words:
        text = str(word)
        matches = [int(text)] if text.isdigit() else [i for i, uuid in enumerate(uuids) if uuid.startswith(text)]
        if text.startswith("MIG-"):
            mend = f"the driver tells the power of the whole card, never a slice's: measure a whole GPU, or {WITHOUT}"
            raise NoPower("B-MIG", Fault(where, text, mend))
        if len(matches) == 1 and 0 <= matches[0] < len(uuids):
            found += matches
        else:
            faults.append(Fault(where, text, nearest(text, [*map(str, range(len(uuids))), *uuids])))
    if faults:
        raise NoPower("B-POWER", faults)
    return list(dict.fromkeys(found))


def _visible(words: str, uuids: list[str]) -> list[int]:
    """CUDA_VISIBLE_DEVICES as CUDA reads it: up to the first entry that it does not know."""
    found: list[int] = []
    for word in filter(None, (word.strip() for word in words.split(","))):
        try:
            found += _named([word], uuids, "CUDA_VISIBLE_DEVICES")
        except NoPower as fault:
            if fault.code == "B-MIG":
                raise
            break
    return found
