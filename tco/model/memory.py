"""Does a model fit its GPUs, and with how many requests at once? MODEL §4.4, memory part."""

import numpy as np

from tco.units import BYTES_PER_GB, Numeric

BILLION = 1e9
BYTES_OF_FORMAT = {"fp32": 4.0, "bf16": 2.0, "fp16": 2.0, "fp8": 1.0, "int8": 1.0, "int4": 0.5}
BYTES_OF_FORMAT |= {"fp4": 4.5 / 8, "nvfp4": 4.5 / 8}
"""
Bytes of one number, by definition of the format; NVFP4 has a scale of 8 bits for each 16 numbers. MXFP4, which models
publish in part of their layers only, is told by the model's own file.
"""


def served_bytes(dtype: str, native_bytes: float) -> float:
    """
    Bytes of one parameter as served: the format's own where it says so, else those of the published weights.

    Examples
    --------
    >>> served_bytes("fp8", 2.0), served_bytes("auto", 2.0), served_bytes("mxfp4", 0.5585)
    (1.0, 2.0, 0.5585)
    """
    return BYTES_OF_FORMAT.get(dtype.lower(), native_bytes)


def weights_gb(total_params_billions: Numeric, bytes_per_param: Numeric) -> Numeric:
    """
    Memory of all weights; of a mixture of experts all experts, for they are all resident. [GB]

    Examples
    --------
    >>> round(weights_gb(70.6, 1.0), 1)
    70.6
    """
    return total_params_billions * bytes_per_param * BILLION / BYTES_PER_GB


def room_gb(
    memory_gb: Numeric, gpus: Numeric, usable_frac: Numeric, overhead_gb_per_gpu: Numeric, weights: Numeric
) -> Numeric:
    """
    Memory left for the key-value cache; negative when the weights alone do not fit. [GB]

    Examples
    --------
    >>> round(room_gb(141.0, 2, 0.90, 4.0, 70.6), 1)  # G11: 253.8 usable - 8 - 70.6
    175.2
    """
    return usable_frac * gpus * memory_gb - overhead_gb_per_gpu * gpus - weights


def cache_bytes_per_num(kv_dtype: str) -> float:
    """
    Bytes of one number in the key-value cache: those of the format where one is named, else 16 bits. [bytes]

    Engines keep the cache at the model's 16 bits, whatever the weights have, unless they are told another format.

    Examples
    --------
    >>> cache_bytes_per_num("auto"), cache_bytes_per_num("fp8_e5m2")
    (2.0, 1.0)
    """
    return served_bytes(kv_dtype.partition("_")[0], BYTES_OF_FORMAT["fp16"])


def request_cache_bytes(
    kv_bytes_per_tok: Numeric, window_kv_bytes_per_tok: Numeric, window_tok: Numeric, context_tok: Numeric
) -> Numeric:
    """
    Cache of one request with this much context: all of it in full-attention layers, a window of it in the others. [bytes]

    Examples
    --------
    >>> float(request_cache_bytes(1000.0, 500.0, 128.0, 2000.0))  # 1,000 x 2,000 + 500 x 128
    2064000.0
    """
    windowed = window_kv_bytes_per_tok * np.minimum(context_tok, window_tok)
    return kv_bytes_per_tok * context_tok + np.where(np.asarray(window_kv_bytes_per_tok) > 0, windowed, 0.0)


def requests_in_memory(room: Numeric, bytes_per_request: Numeric) -> Numeric:
    """
    Mean requests whose cache fits at once.

    Examples
    --------
    >>> int(requests_in_memory(175.2, 163_840 * (1024.0 + 1024.0 / 2)))  # G11
    696
    """
    return room * BYTES_PER_GB / bytes_per_request
