"""The lines of a ledger, as people call them, and the few groups they fall into."""

from collections.abc import Mapping

LINE_LABELS: dict[str, str] = {
    "input": "prompt tokens",
    "cache_read": "cached prompt tokens",
    "cache_write": "cache writes",
    "output": "answer tokens",
    "calls": "fees per request",
    "volume_discount": "volume discount",
    "provisioned": "provisioned throughput",
    "minimum": "up to the month's minimum",
    "shortfall": "committed and not used",
    "gpu_rent": "GPU rent",
    "scaling": "starting and stopping GPUs",
    "spot_rent": "interruptible GPUs",
    "standby": "standby in a second region",
    "staging": "staging",
    "rent_addons": "storage, traffic, support beside the rent",
    "capital": "hardware, at the cost of capital",
    "opportunity": "hardware in hand, at its resale price",
    "support": "support and maintenance",
    "insurance": "insurance",
    "licences": "software licences",
    "colocation": "space (colocation)",
    "electricity": "electricity",
    "demand_charge": "electricity, by the highest draw",
    "tariff_escalation": "rise of tariffs",
    "people_run": "people to run it",
    "people_hands": "hands in the data centre",
    "people_oncall": "on call",
    "people_model_swaps": "changes of model",
    "wage_escalation": "rise of wages",
    "failover": "failover to the API",
    "guardrail": "screening of prompts and answers",
    "gateway": "gateway",
    "evaluation": "evaluation of answers",
    "other": "logs, storage, security",
    "build": "build",
}
TOKENS, GPUS, PLACE, PEOPLE, REST = "tokens", "GPUs", "energy and space", "people", "the rest"
LINE_GROUPS: dict[str, tuple[str, ...]] = {
    TOKENS: ("input", "cache_read", "cache_write", "output", "calls", "volume_discount", "provisioned", "minimum", "shortfall"),
    GPUS: (
        "gpu_rent", "scaling", "spot_rent", "standby", "staging", "rent_addons", "capital", "opportunity", "support",
        "insurance", "licences",
    ),
    PLACE: ("colocation", "electricity", "demand_charge", "tariff_escalation"),
    PEOPLE: ("people_run", "people_hands", "people_oncall", "people_model_swaps", "wage_escalation"),
}  # fmt: skip
"""Every line but those of ``REST``, which takes what no group names."""
_GROUP_OF = {line: group for group, lines in LINE_GROUPS.items() for line in lines}


def line_label(name: str) -> str:
    """A ledger line's name for people."""
    return LINE_LABELS.get(name, name.replace("_", " "))


def group_of(name: str) -> str:
    """
    The group a ledger line falls into.

    Examples
    --------
    >>> group_of("gpu_rent"), group_of("wage_escalation"), group_of("failover")
    ('GPUs', 'people', 'the rest')
    """
    return _GROUP_OF.get(name, REST)


def grouped(lines_usd: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """
    Lines by group, the groups in their fixed order, each group's lines by size; lines that are exactly 0 left out.

    Examples
    --------
    >>> grouped({"people_run": 5.0, "gpu_rent": 2.0, "staging": 3.0, "standby": 0.0})
    {'GPUs': {'staging': 3.0, 'gpu_rent': 2.0}, 'people': {'people_run': 5.0}}
    """
    found: dict[str, dict[str, float]] = {group: {} for group in (*LINE_GROUPS, REST)}
    for name, usd in sorted(lines_usd.items(), key=lambda item: -abs(item[1])):
        if usd != 0:
            found[group_of(name)][name] = usd
    return {group: lines for group, lines in found.items() if lines}
