"""
What a replica could do, from data-sheet facts alone: an estimate, for where nobody has measured. MODEL §4.4.

A step of decoding writes one token for every request of the batch. It takes as long as the slower of two things, reading
the weights and caches it needs or doing its sums, and then what no size of batch saves: launching each layer, and
exchanging results between GPUs. A new prompt interrupts the steps of everybody else while it is read.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tco.model.memory import BYTES_OF_FORMAT, request_cache_bytes, requests_in_memory, room_gb
from tco.units import BYTES_PER_GB, FLOPS_PER_TFLOP, PARAMS_PER_BILLION, Numeric

FLOPS_PER_PARAM = 2.0
"""A multiplication and an addition for each parameter a token meets."""
ELEMENT_BYTES = BYTES_OF_FORMAT["bf16"]
"""Results are exchanged at 16 bits, whatever the weights are."""
HALVINGS = 60
"""Halvings of an interval that leave less of it than a float64 can tell apart."""


@dataclass(frozen=True)
class Served:
    """One model on some GPUs, as data sheets and configurations tell it. Numbers, or arrays with an entry for each."""

    gpus: Numeric
    memory_gb: Numeric
    """Of one GPU, as are the four rates."""
    memory_gb_per_s: Numeric
    tflops: Numeric
    """Dense rate in the format of the weights, or the next one up that the GPU has."""
    attention_tflops: Numeric
    """Dense rate at 16 bits, in which attention is done."""
    link_gb_per_s: Numeric
    weights_gb: Numeric
    total_params_billions: Numeric
    active_params_billions: Numeric
    chosen_frac: Numeric
    """Experts that one token meets over all there are; 1 when the model is dense."""
    layers: Numeric
    width_count: Numeric
    """Elements of the query heads of one layer."""
    full_layers: Numeric
    """Layers that attend to the whole context."""
    kv_bytes_per_tok: Numeric
    window_kv_bytes_per_tok: Numeric
    window_tok: Numeric


@dataclass(frozen=True)
class Reached:
    """How much of a data sheet is reached, and what it leaves out: the constants that measurements calibrate."""

    usable_frac: Numeric
    """Share of memory an engine may take."""
    overhead_gb: Numeric
    """Memory each GPU needs for itself."""
    compute_frac: Numeric
    """Share of the dense rate reached on a dense model."""
    expert_compute_frac: Numeric
    """The same on a mixture of experts, whose products are small."""
    bandwidth_frac: Numeric
    """Share of the memory's bandwidth reached on a dense model."""
    expert_bandwidth_frac: Numeric
    layer_s: Numeric
    """Time of a step that each layer costs, whatever the batch."""
    split_layer_s: Numeric
    """The same for each further GPU a layer is split over."""
    link_frac: Numeric
    """Share of the link's bandwidth reached."""
    max_batch_count: Numeric


@dataclass(frozen=True)
class Replica:
    """One model on the GPUs of one replica, the shares of their rates that are reached already in. Numbers or arrays."""

    weights_gb: Numeric
    experts_frac: Numeric
    """Share of the weights in experts that a token may or may not meet; 0 when the model is dense."""
    chosen_frac: Numeric
    """Share of those experts that one token meets; 1 when the model is dense."""
    active_params_billions: Numeric
    attention_count: Numeric
    """Elements of the query heads over all full-attention layers: what the square of the prompt's length costs."""
    kv_bytes_per_tok: Numeric
    window_kv_bytes_per_tok: Numeric
    window_tok: Numeric
    """Tokens the windowed layers see; infinite when there are none."""
    room_gb: Numeric
    """Memory left for caches."""
    memory_gb_per_s: Numeric
    """Bandwidth of all GPUs, as far as it is reached."""
    tflops: Numeric
    """Rate of all GPUs on the weights, as far as it is reached."""
    attention_tflops: Numeric
    """The same on the attention, which is not quantised."""
    overhead_s: Numeric
    """Time of a step that no size of batch saves."""
    exchange_s_per_tok: Numeric
    """Time to exchange one token's results between the GPUs, over all layers."""
    max_batch_count: Numeric
    """Requests the engine serves at once at most."""


def replica(served: Served, reached: Reached) -> Replica:
    """What the arithmetic below works with: the rates of all GPUs as far as they are reached, and what is left of memory."""
    chosen, gpus = np.asarray(served.chosen_frac), served.gpus
    compute = gpus * np.where(chosen < 1.0, reached.expert_compute_frac, reached.compute_frac)
    link = served.link_gb_per_s * reached.link_frac
    return Replica(
        weights_gb=served.weights_gb,
        experts_frac=experts_frac(served.total_params_billions, served.active_params_billions, chosen),
        chosen_frac=chosen,
        active_params_billions=served.active_params_billions,
        attention_count=served.full_layers * served.width_count,
        kv_bytes_per_tok=served.kv_bytes_per_tok,
        window_kv_bytes_per_tok=served.window_kv_bytes_per_tok,
        window_tok=served.window_tok,
        room_gb=room_gb(served.memory_gb, gpus, reached.usable_frac, reached.overhead_gb, served.weights_gb),
        memory_gb_per_s=gpus
        * served.memory_gb_per_s
        * np.where(chosen < 1.0, reached.expert_bandwidth_frac, reached.bandwidth_frac),
        tflops=compute * served.tflops,
        attention_tflops=compute * served.attention_tflops,
        overhead_s=step_overhead_s(served.layers, gpus, reached.layer_s, reached.split_layer_s),
        exchange_s_per_tok=exchange_s_per_tok(served.layers * served.width_count, gpus, ELEMENT_BYTES, link),
        max_batch_count=reached.max_batch_count,
    )


def experts_frac(total_params_billions: Numeric, active_params_billions: Numeric, chosen_frac: Numeric) -> Numeric:
    """
    Share of the weights that sits in experts: total = dense + experts, active = dense + chosen share · experts.

    Examples
    --------
    >>> round(float(experts_frac(100.0, 19.0, 0.1)), 6)  # 90 of 100 in experts: 10 + 0.1 · 90 = 19
    0.9
    """
    spread = np.where(np.asarray(chosen_frac) < 1.0, 1.0 - np.asarray(chosen_frac), 1.0)
    return np.clip((total_params_billions - active_params_billions) / spread / total_params_billions, 0.0, 1.0)


def touched_frac(experts: Numeric, chosen_frac: Numeric, batch: Numeric) -> Numeric:
    """
    Share of the weights that a step reads: experts that no request of the batch chose stay where they are.

    Examples
    --------
    >>> round(float(touched_frac(0.9, 0.1, 1.0)), 6), round(float(touched_frac(0.9, 0.1, 2.0)), 6)
    (0.19, 0.271)
    """
    return 1.0 - experts * (1.0 - np.asarray(chosen_frac)) ** batch


def kv_bytes(replica: Replica, context_tok: Numeric) -> Numeric:
    """Cache of one request with this much context. [bytes]"""
    return request_cache_bytes(
        replica.kv_bytes_per_tok, replica.window_kv_bytes_per_tok, replica.window_tok, context_tok
    )


def batch_in_memory(replica: Replica, context_tok: Numeric) -> Numeric:
    """
    Mean requests whose caches fit at once, the engine's own limit included; 0 when the weights alone do not fit.
    """
    each = np.maximum(kv_bytes(replica, context_tok), 1.0)
    return np.minimum(requests_in_memory(np.maximum(replica.room_gb, 0.0), each), replica.max_batch_count)


def read_s(replica: Replica, batch: Numeric, context_tok: Numeric) -> Numeric:
    """Time to read what one step needs: the weights it touches, and every request's cache. [s]"""
    touched = replica.weights_gb * touched_frac(replica.experts_frac, replica.chosen_frac, batch)
    return (touched + batch * kv_bytes(replica, context_tok) / BYTES_PER_GB) / replica.memory_gb_per_s


def compute_s(replica: Replica, tok: Numeric) -> Numeric:
    """Time to take this many tokens through the weights. [s]"""
    flops = FLOPS_PER_PARAM * replica.active_params_billions * PARAMS_PER_BILLION * tok
    return flops / (replica.tflops * FLOPS_PER_TFLOP)


def step_s(replica: Replica, batch: Numeric, context_tok: Numeric) -> Numeric:
    """Time of one step of decoding for a batch. [s]"""
    busy = np.maximum(read_s(replica, batch, context_tok), compute_s(replica, batch))
    return busy + replica.overhead_s + replica.exchange_s_per_tok * batch


def prefill_s(replica: Replica, input_tok: Numeric) -> Numeric:
    """Time to read one prompt, with nothing else to do. [s]"""
    attention = FLOPS_PER_PARAM * replica.attention_count * input_tok**2 / (replica.attention_tflops * FLOPS_PER_TFLOP)
    return compute_s(replica, input_tok) + attention + replica.exchange_s_per_tok * input_tok


def tpot_s(replica: Replica, batch: Numeric, input_tok: Numeric, output_tok: Numeric, context_tok: Numeric) -> Numeric:
    """
    Time per output token of a batch: its step, and its share of the prompts that are read in between. [s]
    """
    return step_s(replica, batch, context_tok) + prefill_s(replica, input_tok) * batch / output_tok


def request_s(
    replica: Replica, batch: Numeric, input_tok: Numeric, output_tok: Numeric, context_tok: Numeric
) -> Numeric:
    """
    Replica-seconds of one request: its prompt, and its share of each of its steps. [s]

    By Little's law this is output · time per token / batch.
    """
    return prefill_s(replica, input_tok) + output_tok * step_s(replica, batch, context_tok) / batch


def batch_at_slo(
    replica: Replica,
    input_tok: Numeric,
    output_tok: Numeric,
    context_tok: Numeric,
    tpot_limit_s: Numeric,
    ttft_limit_s: Numeric,
    ttft_ratio: Numeric = 1.0,
) -> Numeric:
    """
    The largest batch inside memory and both limits; 0 when not even one request is.

    Every time grows with the batch, so the answer is found by halving, for all entries of an array at once.

    Parameters
    ----------
    ttft_ratio : Numeric
        Time to first token over that of an empty machine, prompt and one step: what waiting adds.
    """
    most = np.asarray(batch_in_memory(replica, context_tok), dtype=float)

    def inside(batch: Numeric) -> NDArray[np.bool_]:
        tpot = tpot_s(replica, batch, input_tok, output_tok, context_tok)
        ttft = ttft_ratio * (prefill_s(replica, input_tok) + step_s(replica, batch, context_tok))
        return np.logical_and(tpot <= tpot_limit_s, ttft <= ttft_limit_s)

    low, high = np.ones_like(most), np.maximum(most, 1.0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        good = inside(middle)
        low, high = np.where(good, middle, low), np.where(good, high, middle)
    best = np.where(inside(most), most, low)
    return np.where(np.logical_and(most >= 1.0, inside(np.ones_like(most))), best, 0.0)


def coefficients(
    replica: Replica, batch: Numeric, input_tok: Numeric, output_tok: Numeric, context_tok: Numeric
) -> tuple[Numeric, Numeric, Numeric]:
    """
    The work model's a, b, c at a batch: they sum to ``request_s`` at these lengths. [s/tok, s/tok, s/tok²]

    ``c`` is the reading of caches where reading is what a step waits for, and 0 where it is not.
    """
    length = np.maximum(input_tok, 1.0)
    reads = read_s(replica, batch, context_tok) >= compute_s(replica, batch)
    per_context = np.where(reads, replica.kv_bytes_per_tok / BYTES_PER_GB / replica.memory_gb_per_s, 0.0)
    per_output = step_s(replica, batch, context_tok) / batch - per_context * context_tok
    return prefill_s(replica, length) / length, per_output, per_context


def step_overhead_s(layers: Numeric, gpus: Numeric, layer_s: Numeric, split_layer_s: Numeric) -> Numeric:
    """
    What every step costs whatever its batch: launching each layer, and meeting at its end when it is split. [s]

    Examples
    --------
    >>> round(float(step_overhead_s(80, 2, 60e-6, 6e-6)), 9)  # 80 · (60 + 6) µs
    0.00528
    """
    return layers * (layer_s + split_layer_s * (gpus - 1.0))


def exchange_s_per_tok(width_count: Numeric, gpus: Numeric, bytes_each: Numeric, link_gb_per_s: Numeric) -> Numeric:
    """
    Time to sum one token's results over the GPUs that share its layers, twice a layer, in a ring. [s/tok]

    Parameters
    ----------
    width_count : Numeric
        Elements to exchange once, over all layers.
    bytes_each : Numeric
        Bytes of an element.

    Examples
    --------
    >>> round(float(exchange_s_per_tok(655_360, 2, 2.0, 450.0)) * 1e6, 4)  # 2 · 655,360 · 2 bytes · 2 · 1/2 / 450 GB/s
    5.8254
    """
    ring = 2.0 * (gpus - 1.0) / gpus
    return 2.0 * width_count * bytes_each * ring / (link_gb_per_s * BYTES_PER_GB)
