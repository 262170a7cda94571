"""The lines of a ledger, as people call them."""

LINE_LABELS: dict[str, str] = {
    "input": "prompt tokens",
    "cache_read": "cached prompt tokens",
    "cache_write": "cache writes",
    "output": "answer tokens",
    "calls": "fees per request",
    "volume_discount": "volume discount",
    "gpu_rent": "GPU rent",
    "staging": "staging",
    "failover": "failover to the API",
    "people_run": "people to run it",
    "people_oncall": "on call",
    "people_model_swaps": "changes of model",
    "other": "logs, storage, security",
    "build": "build",
}


def line_label(name: str) -> str:
    """A ledger line's name for people."""
    return LINE_LABELS.get(name, name.replace("_", " "))
