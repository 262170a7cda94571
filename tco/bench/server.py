"""`vllm serve` as a child: started, waited for, asked for its health and counters, and ended without leaving a process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tco.bench.processes import environment, guarded, last_lines, stop_group
from tco.errors import Fault, MissingTool, TcoError

POLL_S = 0.5
HTTP_S = 5.0
KEY = "OPENAI_API_KEY"
"""The variable of the environment that holds a server's key, as vLLM's own load client reads it; it is written nowhere."""
KEYLESS = (401, 403)
"""Answers to those who bear no key, or a wrong one."""
WHY = (
    (r"CUDA out of memory|OutOfMemoryError|CUDA error: out of memory",
     "the GPU ran out of memory: lower --max-num-seqs or --gpu-memory-utilization by --server-args, or use more GPUs"),
    (r"No available memory for the cache|larger than the maximum number of tokens|KV cache.*(?:needed|larger)|"
     r"Free memory on device .* is less than|Available memory on node",
     "the model does not fit: use more GPUs (--gpus, --tensor-parallel), a smaller --dtype or --quantization, or --max-model-len by --server-args"),
    (r"address already in use", "another program took its port: start the same command again"),
    (r"unrecognized arguments|error: argument", "the engine does not know an argument: mend --server-args"),
    (r"Repository Not Found|not a valid model identifier|Can't load the configuration|LocalEntryNotFoundError|Invalid repository ID",
     "the model cannot be loaded: check its name, or that it is on this machine"),
    (r"No CUDA GPUs are available|Failed to infer device type|libcuda", "no GPU is visible to the engine"),
)  # fmt: skip
"""What an engine's log says when it dies, and the mend."""


@dataclass(frozen=True)
class Counters:
    """What a vLLM server counts of its prefix cache. [tok]"""

    queries: float
    hits: float


class Died(TcoError):
    """The server ended by itself."""


class Server:
    """One `vllm serve`; leaving the `with` block ends it and every process it started."""

    def __init__(self, words: Sequence[str], url: str, log: Path) -> None:
        self.words, self.url, self.log = tuple(words), url.rstrip("/"), log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as out:
            try:
                self.process = subprocess.Popen(
                    self.words,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                    env={"VLLM_SERVER_DEV_MODE": "1"}
                    | environment(),  # it listens on this machine only, and lets its cache be emptied
                )
            except FileNotFoundError as missing:
                mend = "not on this machine: pip install 'llm-tco[bench]', or --url for a server that runs already"
                raise MissingTool(Fault("vllm", words[0], mend)) from missing
        self._guard = guarded(self.process)
        self._guard.__enter__()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server and all its children."""
        try:
            stop_group(self.process)
        finally:
            self._guard.__exit__(None, None, None)

    def check(self) -> None:
        """
        Nothing while it lives.

        Raises
        ------
        TcoError
            When it has died: why, as far as its log tells, and its last lines.
        """
        if self.process.poll() is not None:
            raise Died(Fault("server", f"ended with status {self.process.returncode}", explained(self.log)))

    def wait(self, limit_s: float, said: Callable[[float, str], None] = lambda waited_s, line: None) -> float:
        """
        Wait until it serves; returns how long that took. [s]

        Raises
        ------
        TcoError
            When it dies, or does not serve after `limit_s`.
        """
        began = time.monotonic()
        while not healthy(self.url):
            self.check()
            waited = time.monotonic() - began
            if waited > limit_s:
                raise TcoError(Fault("server", f"not ready after {limit_s:.0f} s", explained(self.log)))
            said(waited, last_lines(self.log, 1))
            time.sleep(POLL_S)
        self.check()
        return time.monotonic() - began


def effective(log: Path) -> dict[str, str]:
    """What a vLLM tells in its log of the settings it really runs with; empty where it does not."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    line = re.search(r"Initializing a V\d LLM engine \(v[^)]*\) with config: (.+)", text)
    return {"engine_config": line[1].strip()} if line else {}


def explained(log: Path) -> str:
    """The mend that a dead engine's log points to, then its last lines."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    mends = [mend for pattern, mend in WHY if re.search(pattern, text, re.IGNORECASE)]
    return f"{mends[0] if mends else 'see its log'}; its last lines, of {log}:\n{last_lines(log)}"


def healthy(url: str) -> bool:
    """Whether the server answers that it is well; one without /health is asked for its models."""
    return any(_get(url + path) is not None for path in ("/health", "/v1/models"))


def base(url: str) -> str:
    """A server's address without the /v1 that clients are given."""
    return url.rstrip("/").removesuffix("/v1")


def served_models(url: str) -> dict[str, int | None]:
    """
    The names a running server answers to, each with the longest context it says it has.

    Raises
    ------
    TcoError
        When nothing answers there, it wants a key or another one, or it is no OpenAI-compatible server.
    """
    try:
        with _opened(url.rstrip("/") + "/v1/models", HTTP_S) as answer:
            text = answer.read().decode("utf-8", errors="replace")
    except urllib.error.HTTPError as refusal:
        known = f"it does not take the key in {KEY}" if os.environ.get(KEY) else f"it wants a key: set {KEY}"
        mend = (
            known
            if refusal.code in KEYLESS
            else "its models are not told at /v1/models; give an OpenAI-compatible server's address"
        )
        raise TcoError(Fault("--url", f"{url} answers {refusal.code}", mend)) from None
    except (urllib.error.URLError, OSError, ValueError) as error:
        mend = "nothing answers at /v1/models there; check the address and that the server is up"
        raise TcoError(Fault("--url", url, mend)) from error
    try:
        return {str(model["id"]): model.get("max_model_len") for model in json.loads(text)["data"]}
    except (KeyError, TypeError, ValueError) as other:
        raise TcoError(Fault("--url", url, "its /v1/models is not that of an OpenAI-compatible server")) from other


def version(url: str) -> str | None:
    """The engine's version where the server tells it."""
    text = _get(url.rstrip("/") + "/version")
    try:
        return None if text is None else str(json.loads(text)["version"])
    except (KeyError, TypeError, ValueError):
        return None


def counters(url: str) -> Counters | None:
    """The prefix cache's counters, summed over engines; None where the server does not publish them."""
    text = _get(url.rstrip("/") + "/metrics")
    return None if text is None else parse_counters(text)


def reset_cache(url: str) -> bool:
    """
    Empty the prefix cache, so that a cold run meets no prompt of an earlier one; whether the server would.

    The client's random prompts are runs of consecutive ids, so two of them that start alike are the same: the more prompts a cache
    holds, the more it would find.
    """
    try:
        with _opened(url + "/reset_prefix_cache", HTTP_S, "POST") as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def parse_counters(text: str) -> Counters | None:
    """
    Prefix-cache counters from a Prometheus page.

    Examples
    --------
    >>> parse_counters('vllm:prefix_cache_queries_total{engine="0"} 100.0\\nvllm:prefix_cache_hits_total{engine="0"} 25.0')
    Counters(queries=100.0, hits=25.0)
    """
    sums = {"queries": 0.0, "hits": 0.0}
    seen = set()
    for name, value in re.findall(
        r"^vllm:prefix_cache_(queries|hits)(?:_total)?(?:\{[^}]*\})? (\S+)$", text, re.MULTILINE
    ):
        sums[name] += float(value)
        seen.add(name)
    return Counters(**sums) if len(seen) == 2 else None


def hit_frac(before: Counters | None, after: Counters | None) -> float | None:
    """Share of the prompt tokens between two readings that the cache served; 0 when it was not asked."""
    if before is None or after is None:
        return None
    asked = after.queries - before.queries
    return (after.hits - before.hits) / asked if asked > 0 else 0.0


def generated_tok(url: str, patience_s: float = HTTP_S) -> float | None:
    """Tokens a server has answered with since its start, over all engines; None where it does not say. [tok]"""
    text = _get(url.rstrip("/") + "/metrics", patience_s)
    return None if text is None else parse_generated(text)


def parse_generated(text: str) -> float | None:
    """
    The same from a Prometheus page.

    Examples
    --------
    >>> parse_generated('vllm:generation_tokens_total{engine="0"} 100.0\\nvllm:generation_tokens_total{engine="1"} 25.0')
    125.0
    """
    told = re.findall(r"^vllm:generation_tokens_total(?:\{[^}]*\})? (\S+)$", text, re.MULTILINE)
    return sum(map(float, told)) if told else None


def _opened(url: str, patience_s: float, method: str = "GET") -> Any:
    """A request with the key of the environment, which no other address gets when this one leads there."""
    request = urllib.request.Request(url, method=method)
    if key := os.environ.get(KEY, "").strip():
        request.add_unredirected_header("Authorization", f"Bearer {key}")
    return urllib.request.urlopen(request, timeout=patience_s)


def _get(url: str, patience_s: float = HTTP_S) -> str | None:
    try:
        with _opened(url, patience_s) as answer:
            return str(answer.read().decode("utf-8", errors="replace")) if answer.status == 200 else None
    except (urllib.error.URLError, OSError, ValueError):
        return None
