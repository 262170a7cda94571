"""What a measurement ran on: GPUs, driver, processor, system. The machine's name and addresses are left out."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tco.bench.engine_args import said
from tco.units import MS_PER_S

if TYPE_CHECKING:
    from tco.bench.meter import Meter
    from tco.bench.nvml import Nvml, NvmlGpu

ENGINE_VARIABLES = ("VLLM_", "CUDA_", "NCCL_", "OMP_", "TORCH_")
SECRET = ("KEY", "TOKEN", "SECRET", "PASSWORD")
GIT_S = 5.0
CPUINFO = Path("/proc/cpuinfo")
CUDA_MAJOR, CUDA_MINOR = 1000, 10
"""The driver tells CUDA 13.0 as 13000 and 12.4 as 12040."""


def provenance(meter: Meter) -> dict[str, Any]:
    """
    Where a measurement was made, for a profile: facts of the GPUs as the meter knows them, and of this machine.

    With an exporter's meter the GPUs are elsewhere, and ``client`` is the machine that sent the load.
    """
    facts = meter.facts()
    local = facts.get("power_from") != "dcgm"
    return {**facts, "host" if local else "client": host_facts()}


def host_facts(cpuinfo: Path = CPUINFO) -> dict[str, Any]:
    """Processor, cores this process may use, kernel and Python."""
    return {
        "cpu": _cpu(cpuinfo),
        "cores_count": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def gpu_facts(session: Nvml) -> dict[str, Any]:
    """Driver, CUDA, NVML and each GPU, None for what the driver does not tell."""
    nvml = session.nvml
    cuda = session.tell(nvml.nvmlSystemGetCudaDriverVersion_v2)
    return {
        "driver": session.tell(nvml.nvmlSystemGetDriverVersion),
        "cuda": f"{cuda // CUDA_MAJOR}.{cuda % CUDA_MAJOR // CUDA_MINOR}" if cuda else None,
        "nvml": session.tell(nvml.nvmlSystemGetNVMLVersion),
        "machine_gpus": session.tell(nvml.nvmlDeviceGetCount),
        "gpus": [_gpu(session, gpu) for gpu in session.gpus],
    }


def _gpu(session: Nvml, gpu: NvmlGpu) -> dict[str, Any]:
    nvml, tell = session.nvml, session.tell

    def watts(question: Callable[[Any], Any]) -> float | None:
        milliwatts = tell(question, gpu.handle)
        return None if milliwatts is None else milliwatts / MS_PER_S

    memory = tell(nvml.nvmlDeviceGetMemoryInfo, gpu.handle)
    return {
        "name": gpu.id.name,
        "uuid": gpu.id.uuid,
        "vbios": tell(nvml.nvmlDeviceGetVbiosVersion, gpu.handle),
        "memory_bytes": None if memory is None else int(memory.total),
        "cap_watts": watts(nvml.nvmlDeviceGetEnforcedPowerLimit),
        "default_cap_watts": watts(nvml.nvmlDeviceGetPowerManagementDefaultLimit),
        "sm_max_mhz": tell(nvml.nvmlDeviceGetMaxClockInfo, gpu.handle, nvml.NVML_CLOCK_SM),
        "persistence": bool(tell(nvml.nvmlDeviceGetPersistenceMode, gpu.handle)),
        "instruments": [name for name in ("counter", "instant", "average", "module") if getattr(gpu, name)],
    }


def engine_environment(environment: Mapping[str, str] = os.environ) -> tuple[tuple[str, str], ...]:
    """
    The variables by which an engine can be told something besides its arguments, sorted; nothing that may be a secret.

    Examples
    --------
    >>> engine_environment({"VLLM_USE_V1": "1", "VLLM_API_KEY": "x", "HOME": "/"})
    (('VLLM_USE_V1', '1'),)
    """
    told = [
        name for name in environment if name.startswith(ENGINE_VARIABLES) and not any(word in name for word in SECRET)
    ]
    return tuple((name, environment[name]) for name in sorted(told))


def commit(folder: Path = Path(__file__).parent) -> str | None:
    """The commit of this package where it runs from a checkout; None where it is installed."""
    try:
        words = ["git", "-C", str(folder), "rev-parse", "HEAD"]
        return subprocess.run(words, capture_output=True, text=True, timeout=GIT_S, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def model_revision(model: str, engine_args: Sequence[str] = (), cache: Path | None = None) -> str | None:
    """
    Which weights were served: the revision asked for, or the commit that the local cache holds, or a hash of a folder's config.

    Parameters
    ----------
    model : str
        A repository's name or a folder, as the engine takes it.
    cache : Path, optional
        Where repositories are kept; by default where the hub's own library keeps them.
    """
    asked = said(engine_args).get("revision")
    if asked is not None:
        return asked
    config = Path(model) / "config.json"
    if config.is_file():
        snapshot = config.parent.resolve()
        if snapshot.parent.name == "snapshots":
            return snapshot.name
        return "config.json sha256 " + hashlib.sha256(config.read_bytes()).hexdigest()[:16]
    home = Path(os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface"))
    folder = cache or Path(os.environ.get("HF_HUB_CACHE", home / "hub"))
    try:
        return (folder / f"models--{model.replace('/', '--')}" / "refs" / "main").read_text(encoding="utf-8").strip()
    except OSError:
        return None


def _cpu(cpuinfo: Path) -> str:
    """The processor's name as Linux tells it, or the nearest that Python knows."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()
