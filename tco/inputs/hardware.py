"""GPUs, models, and what was measured of one on the other."""

import re
from datetime import date
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from tco.inputs.base import Frac, Input, NonNegative, Positive
from tco.inputs.source import Grade

_CODE = re.compile(r"(B-[A-Z]+):")
"""The head of a warning."""


class PageSource(Input):
    """A page or dataset that a profile's figures were read from."""

    url: str
    """Address, or dataset and commit."""
    checked_on: date
    """The day it was read."""
    quality: str = ""
    """A measured in a steady closed loop, B from MLPerf or derived, C a burst."""
    note: str = ""
    """What to know before using it."""


class Gpu(Input):
    """Data-sheet facts of one GPU."""

    gpu: str
    """Name as everywhere else, such as H100-SXM."""
    vendor: str
    """Who makes it."""
    memory_gb: Positive
    """Memory of one GPU."""
    memory_gb_per_s: Positive
    """Memory bandwidth of one GPU."""
    bf16_tflops: Positive | None = None
    """Dense BF16 rate."""
    fp8_tflops: Positive | None = None
    """Dense FP8 rate; empty when it has none."""
    fp4_tflops: Positive | None = None
    """Dense FP4 rate; empty when it has none."""
    board_watts: Positive
    """Design limit of the board."""
    idle_watts: Positive | None = None
    """Draw of one GPU that holds a model and serves nobody; empty when nobody measured it."""
    link_gb_per_s: Positive | None = None
    """Bandwidth of one GPU to the others of its server, one way."""
    gpus_per_server_gpus: Positive = 8
    """GPUs in the usual server."""
    announced_on: date | None = None
    """The day it was announced."""
    sources: tuple[PageSource, ...]
    """Where these were read."""


class Model(Input):
    """Facts of one open-weight model, from its published configuration."""

    model: str
    """Name, maker/model."""
    label: str
    """Short name for people."""
    total_params_billions: Positive
    """All parameters: what memory must hold."""
    active_params_billions: Positive
    """Parameters used for one token."""
    layers_count: Positive | None = None
    """Transformer layers."""
    full_attention_layers_count: NonNegative | None = None
    """Layers that attend to the whole context; empty when all do."""
    query_heads_count: Positive | None = None
    """Query heads of a layer."""
    head_size_count: Positive | None = None
    """Elements of one query head."""
    kv_bytes_per_tok_fp16_bytes: NonNegative
    """Key-value cache of one token at 16 bits, over all full-attention layers."""
    window_kv_bytes_per_tok_fp16_bytes: NonNegative = 0.0
    """The same over the layers that only see a window, while the context is inside it."""
    window_tok: Positive | None = None
    """Tokens that those layers see."""
    experts_count: Positive | None = None
    """Experts a layer chooses from; empty when the model is dense."""
    experts_per_tok_count: Positive | None = None
    """Experts that serve one token."""
    native_weight_bytes: Positive
    """Bytes per parameter as published (BF16 2, FP8 1, MXFP4 about 0.55 with scales)."""
    context_tok: Positive | None = None
    """Longest context."""
    licence: str = ""
    """Licence of the weights."""
    licence_note: str = ""
    """A sentence when the licence restricts commercial use; empty when it does not."""
    hosted_as: tuple[str, ...] = ()
    """SKUs (provider/model) of price_sheets/api that sell tokens of this same model."""
    sources: tuple[PageSource, ...]
    """Where these were read."""


class Percentiles(Input):
    """A latency at the percentiles known; the rest is empty."""

    p50: NonNegative | None = None
    """Median."""
    p90: NonNegative | None = None
    """90 of 100 requests are at or below."""
    p95: NonNegative | None = None
    """95 of 100 requests are at or below."""
    p99: NonNegative | None = None
    """99 of 100 requests are at or below."""


class ServingPoint(Input):
    """What was measured at one concurrency of one length mix."""

    input_tok: Positive
    """Mean prompt tokens."""
    output_tok: Positive
    """Mean answer tokens."""
    concurrency: Positive
    """Requests in flight."""
    output_tok_per_s: Positive
    """Output tokens a second of the whole replica."""
    whole_run_output_tok_per_s: NonNegative | None = None
    """The same from the first send to the last finish, ramp and drain with it, as load clients print it; empty where only one is told."""
    ttft_ms: Percentiles = Percentiles()
    """Time to first token."""
    tpot_ms: Percentiles = Percentiles()
    """Time per output token after the first."""
    cached_frac: NonNegative = 0.0
    """Share of the prompt that a prefix cache served while measuring."""
    watts: NonNegative | None = None
    """Mean power of all GPUs of the replica."""
    request_rate: float | None = None
    """Arrivals a second when open loop; empty when closed loop."""
    e2e_ms: Percentiles = Percentiles()
    """Time from sending a request to the end of its answer."""
    in_slo_frac: Frac | None = None
    """Share of the requests inside the service level it was measured at."""
    in_slo_low_frac: Frac | None = None
    """Lower edge of the 95 % Wilson interval of that share."""
    in_slo_high_frac: Frac | None = None
    """Upper edge of it."""
    output_error_frac: NonNegative | None = None
    """Half the 95 % interval of the throughput over its mean; empty when it was measured once."""
    repeats_count: Annotated[int, Field(ge=1)] = 1
    """Runs that the figures are the mean of."""
    failed_count: Annotated[int, Field(ge=0)] = 0
    """Requests that failed, of all runs."""
    completed_count: Annotated[int, Field(ge=0)] | None = None
    """Requests that were answered, of all runs; empty where nobody kept count."""
    window_s: NonNegative | None = None
    """Length of the steady window the rates are over, the shortest of the runs."""
    joules_per_request: NonNegative | None = None
    """Energy of all GPUs of the replica for one request."""
    codes: tuple[str, ...] = ()
    """What to know of the point, as `tco.bench.codes` tells."""

    @property
    def failed_frac(self) -> float | None:
        """Share of its requests that failed; None where some did and nobody counted the others."""
        if self.failed_count == 0:
            return 0.0
        return None if self.completed_count is None else self.failed_count / (self.failed_count + self.completed_count)


class Engine(Input):
    """The software that served."""

    name: str
    """vllm, trtllm, sglang …"""
    version: str
    """Its version; part of what was measured."""
    args: tuple[str, ...] = ()
    """Arguments that matter."""
    tensor_parallel: int = 1
    """GPUs a layer is split over."""
    dtype: str = "auto"
    """Weight format served."""
    kv_cache_dtype: str = "auto"
    """Cache format served."""


class PowerPoint(Input):
    """What one GPU drew at one load."""

    load_frac: Frac
    """Load over what it serves at the service level."""
    watts_per_gpu: NonNegative
    """Mean draw of one GPU."""


class Power(Input):
    """What a GPU and its part of the server draw."""

    idle_watts_per_gpu: NonNegative
    """Draw of one GPU that holds the model and serves nobody."""
    busy_watts_per_gpu: NonNegative
    """Draw of one GPU at the service level's full load."""
    points: tuple[PowerPoint, ...] = ()
    """What was measured between idle and full load, in order of load; empty draws a straight line."""
    host_watts_per_gpu: NonNegative
    """Draw of the server beside its GPUs, for each GPU it holds."""
    grade: Grade = "assumed"
    """Grade of the draw."""

    @model_validator(mode="after")
    def _check(self) -> "Power":
        loads = [0.0, *(point.load_frac for point in self.points), 1.0]
        if any(after <= before for before, after in pairwise(loads)):
            raise ValueError("points go in order of load_frac, each above the last, between idle at 0 and busy at 1")
        return self


class Work(Input):
    """Replica-seconds a request costs: the four coefficients of the work model."""

    prefill_s_per_tok: Annotated[float, Field(ge=0, le=100)]
    """Seconds a replica spends on one uncached prompt token."""
    cached_s_per_tok: Annotated[float, Field(ge=0, le=100)]
    """Seconds a replica spends on one prompt token that its cache serves."""
    decode_s_per_tok: Annotated[float, Field(ge=0, le=100)]
    """Seconds a replica spends on one answer token, amortised over the batch."""
    context_s_per_tok2: Annotated[float, Field(ge=0, le=100)]
    """Seconds a replica spends for each answer token and each token of context it attends to."""

    @model_validator(mode="after")
    def _check(self) -> "Work":
        if self.prefill_s_per_tok + self.decode_s_per_tok + self.context_s_per_tok2 <= 0:
            raise ValueError("a request must cost a replica some time: all coefficients are 0")
        return self


class FittedWork(Input):
    """The work model fitted to the measured points at the service level, with what it misses."""

    prefill_s_per_tok: NonNegative
    """Seconds a replica spends on one uncached prompt token."""
    decode_s_per_tok: NonNegative
    """Seconds a replica spends on one answer token."""
    context_s_per_tok2: NonNegative
    """Seconds a replica spends for each answer token and each token of context."""
    prefill_error_s_per_tok: NonNegative | None = None
    """Half the 95 % interval of the first, from leaving each length mix out in turn."""
    decode_error_s_per_tok: NonNegative | None = None
    """The same of the second."""
    context_error_s_per_tok2: NonNegative | None = None
    """The same of the third."""
    error_frac: NonNegative
    """Mean miss over the mixes it was fitted to."""
    left_out_error_frac: NonNegative | None = None
    """Mean miss of each mix when predicted from the others; empty with three mixes."""
    mixes_count: Annotated[int, Field(ge=3)]
    """Length mixes it was fitted to."""


class FittedEnergy(Input):
    """Joules of a request in the form of the work model."""

    prefill_joules_per_tok: NonNegative
    """Energy of one uncached prompt token, all GPUs."""
    decode_joules_per_tok: NonNegative
    """Energy of one answer token."""
    context_joules_per_tok2: NonNegative
    """Energy for each answer token and each token of context."""
    error_frac: NonNegative
    """Mean miss over the mixes it was fitted to."""
    left_out_error_frac: NonNegative | None = None
    """Mean miss of each mix when predicted from the others; empty with three mixes."""
    mixes_count: Annotated[int, Field(ge=3)]
    """Length mixes it was fitted to."""


class IdleStates(Input):
    """Mean power of all GPUs of the replica while nobody is served."""

    bare_watts: NonNegative | None = None
    """Before the engine started."""
    loaded_watts: NonNegative | None = None
    """The model loaded, before the first request."""
    after_watts: NonNegative | None = None
    """The model loaded, after the last request."""


class MeasuredAt(Input):
    """The service level that the search for the highest load kept."""

    ttft_ms: Positive
    """Limit of the time to first token."""
    tpot_ms: Positive
    """Limit of the time per output token after it."""
    slo_percentile: Positive
    """Of 100 requests so many had to keep both."""


class ServingProfile(Input):
    """One model served on some GPUs by one engine: the points, their grade and their sources."""

    profile: Literal[1]
    """Format version."""
    id: str = ""
    """File name without its ending; set by the reader."""
    model: str
    """Model served, as in hw_profiles/models."""
    gpu: str
    """GPU, as in hw_profiles/gpus."""
    gpus_per_replica: Annotated[int, Field(ge=1)]
    """GPUs one copy of the model takes."""
    engine: Engine
    """What served it."""
    grade: Grade
    """measured here, imported from another harness, or published by others."""
    sources: tuple[PageSource, ...]
    """Where the points come from."""
    points: tuple[ServingPoint, ...]
    """Closed-loop points, any number of length mixes."""
    idle_watts: NonNegative | None = None
    """Mean power of all GPUs of the replica with the model loaded and nobody served."""
    note: str = ""
    """What to know before using it."""
    measured_at: MeasuredAt | None = None
    """The service level of the search; empty when the points were not searched for."""
    work: FittedWork | None = None
    """Fit at that service level, told with the profile; what an option uses is fitted anew at its own."""
    energy: FittedEnergy | None = None
    """Fit of the energy at that service level."""
    idle: IdleStates | None = None
    """Power while nobody is served."""
    host_watts_per_gpu: NonNegative | None = None
    """Mean draw of the server beside its GPUs at the found loads, for each GPU it holds; empty when not measured."""
    warnings: tuple[str, ...] = ()
    """What to know of the measurement, a sentence each."""
    codes: tuple[str, ...] = ()
    """The same for machines: every code of `tco.bench.codes` that the run or a point of it bears."""
    provenance: dict[str, str] = Field(default_factory=dict)
    """What was measured with: GPU UUIDs, driver, engine and client commands, seed, times, hash."""

    @property
    def told_codes(self) -> tuple[str, ...]:
        """The codes of the run and of its points; files written before there was a field have them at the head of warnings."""
        heads = (match[1] for match in map(_CODE.match, self.warnings) if match)
        at_points = (code for point in self.points for code in point.codes)
        return tuple(dict.fromkeys((*self.codes, *heads, *at_points)))
