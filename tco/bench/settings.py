"""What a person asks of `tco bench`, and the commands that follow from it."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import subprocess
import sys
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from tco._version import __version__
from tco.bench.engine_args import NAMES, prefix_cache_off, said
from tco.bench.plan import Plan
from tco.bench.summarise import Limits
from tco.errors import Fault, MissingTool

VERSION_S = 20.0
"""How long another Python may take to say a version."""


@dataclass(frozen=True)
class Settings:
    """One benchmark as asked for, checked."""

    model: str  # as the engine takes it: a repository's name or a folder
    known_as: str  # as in hw_profiles/models
    gpu: str  # as in hw_profiles/gpus
    gpus: int
    limits: Limits
    plan: Plan
    state: Path
    output: Path
    url: str | None = None
    engine_args: tuple[str, ...] = ()
    bench_args: tuple[str, ...] = ()
    tensor_parallel: int = 1
    dtype: str = "auto"
    quantization: str | None = None
    vllm: str | None = None
    served_as: str | None = None
    tokenizer: str | None = None
    dcgm: str | None = None
    engine_version: str | None = None  # of the vllm that would serve, or of the server that runs
    gpus_seen: tuple[str, ...] = ()  # as the driver names them
    model_revision: str | None = None
    environment: tuple[tuple[str, str], ...] = ()  # what the engine is told besides its arguments
    start_limit_s: float = 1800.0
    idle_s: float = 10.0

    @property
    def cache_off(self) -> bool:
        """Whether the server was told to keep no prefixes."""
        return prefix_cache_off(self.engine_args)

    @property
    def dummy(self) -> bool:
        """Whether the weights are random numbers."""
        return said(self.engine_args).get("load_format") == "dummy"

    def key(self) -> str:
        """What must be the same for points to be of one measurement; budget and folders are not."""
        told = asdict(self)
        for name in ("state", "output", "start_limit_s", "idle_s"):
            told.pop(name)
        kept = ("window_s", "seed", "first_concurrency", "most_concurrency")
        told["tco"] = __version__
        told["plan"] = {name: told["plan"][name] for name in kept}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]


def client(vllm: str | None) -> tuple[str, ...]:
    """
    How to call vllm: as named, beside this Python, or on the path.

    Raises
    ------
    MissingTool
        When it is nowhere.
    """
    beside = Path(sys.executable).with_name("vllm")
    found = shutil.which(vllm) if vllm else (str(beside) if beside.exists() else shutil.which("vllm"))
    if found is None:
        mend = "not found; pip install 'llm-tco[bench]' on the machine with the GPU, or name it: --vllm PATH"
        raise MissingTool(Fault("vllm", vllm or "", mend))
    return (found,)


@lru_cache(maxsize=8)
def installed_version(vllm: str | None) -> str | None:
    """The version of the vllm that would serve, as its own Python knows it; None where that cannot be asked."""
    try:
        python = Path(client(vllm)[0]).resolve().with_name("python")
        words = [str(python), "-c", "import importlib.metadata as m; print(m.version('vllm'))"]
        told = subprocess.run(words, capture_output=True, text=True, timeout=VERSION_S, check=True).stdout.strip()
    except (MissingTool, OSError, subprocess.SubprocessError):
        return None
    return told or None


def serve_command(settings: Settings, port: int) -> list[str]:
    """The engine's command line: only what was asked for, the rest is the engine's default."""
    words = [*client(settings.vllm), "serve", settings.model, "--host", "127.0.0.1", "--port", str(port)]
    told = said(settings.engine_args)
    words += ["--served-model-name", settings.known_as]
    asked = {
        "tensor_parallel": str(settings.tensor_parallel),
        "dtype": settings.dtype,
        "quantization": settings.quantization,
    }
    for name, value in asked.items():
        if name not in told and value not in (None, "auto"):
            words += [NAMES[name][0], str(value)]
    return [*words, *settings.engine_args]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
