"""
Measuring a server: tokens per second at a service level, and joules, with vLLM and NVML.

`records` holds what passes between the parts, `codes` the sentences of every guard. Nothing but `cli` and `widgets` imports this room, and
importing it loads neither vLLM, nor NVML, nor httpx.
"""
