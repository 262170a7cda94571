"""Does a model fit its GPUs, and with how many requests at once? MODEL §4.4, memory part."""

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


def requests_in_memory(room: Numeric, kv_bytes_per_tok: Numeric, input_tok: Numeric, output_tok: Numeric) -> Numeric:
    """
    Mean requests whose cache fits at once, each with its prompt and half its answer.

    Examples
    --------
    >>> int(requests_in_memory(175.2, 163_840, 1024.0, 1024.0))  # G11
    696
    """
    return room * BYTES_PER_GB / (kv_bytes_per_tok * (input_tok + output_tok / 2.0))
