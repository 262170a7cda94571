"""What a person asks of `tco bench`, and the commands that follow from it."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from tco.bench.plan import Plan
from tco.bench.summarise import Limits
from tco.errors import Fault, MissingTool

OFF = ("--no-enable-prefix-caching",)
"""Arguments that turn the prefix cache off."""


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
    start_limit_s: float = 1800.0
    idle_s: float = 10.0

    @property
    def cache_off(self) -> bool:
        """Whether the server was told to keep no prefixes."""
        return any(argument in OFF for argument in self.engine_args)

    @property
    def dummy(self) -> bool:
        """Whether the weights are random numbers."""
        joined = " ".join(self.engine_args).replace("=", " ")
        return "--load-format dummy" in joined

    def key(self) -> str:
        """What must be the same for points to be of one measurement; budget and folders are not."""
        told = asdict(self)
        for name in ("state", "output", "start_limit_s", "idle_s"):
            told.pop(name)
        kept = ("window_s", "seed", "first_concurrency", "most_concurrency")
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


def serve_command(settings: Settings, port: int) -> list[str]:
    """The engine's command line: only what was asked for, the rest is the engine's default."""
    words = [*client(settings.vllm), "serve", settings.model, "--host", "127.0.0.1", "--port", str(port)]
    words += ["--served-model-name", settings.known_as, "--tensor-parallel-size", str(settings.tensor_parallel)]
    words += [] if settings.dtype == "auto" else ["--dtype", settings.dtype]
    words += ["--quantization", settings.quantization] if settings.quantization else []
    return [*words, *settings.engine_args]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
