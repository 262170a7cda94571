"""The code of every guard of a measurement, with one sentence each. A blocking code keeps a point's figure out of the fits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """What a guard found, in a sentence, and whether the figure may still be used."""

    sentence: str
    blocks: bool = False


CODES: dict[str, Code] = {
    "B-SHORT": Code(
        "The window is shorter than 60 s or than five times the mean time of a request: the figure may be some percent off."
    ),
    "B-FULL": Code("The load was never full, so there is no steady window: ask for more requests.", blocks=True),
    "B-ROOFLINE": Code(
        "More tokens a second than the GPU's bandwidth and arithmetic allow: something other than the model was measured.",
        blocks=True,
    ),
    "B-JOULES": Code(
        "Fewer joules than the GPUs draw idle, or more than their power limit allows: power and load are not of the same window.",
        blocks=True,
    ),
    "B-PREFIX": Code(
        "Prompts were found in the prefix cache in a run that was to be cold: the figure is too good.", blocks=True
    ),
    "B-COLD": Code(
        "Less than 1 % of the prompt was found in the prefix cache in a run that was to be warm: prompts shorter than its blocks, or no cache.",
        blocks=True,
    ),
    "B-CACHE": Code(
        "The server does not publish its prefix-cache counters: that the run was cold is assumed, not seen."
    ),
    "B-WARM": Code(
        "The point was to meet a warm prefix cache, and the server does not tell whether it did: the point is not used.",
        blocks=True,
    ),
    "B-CLIENT": Code(
        "The load client lagged behind its own schedule by more than 1 % of the time to first token: the client was measured too."
    ),
    "B-THROTTLE": Code("The GPU slowed itself for heat or a power limit during the window."),
    "B-TOKENS": Code(
        "The server counted other numbers of tokens than were asked for: the mix is not the one named.", blocks=True
    ),
    "B-FAILED": Code("Some requests failed: they count as outside the service level."),
    "B-GAP": Code("The energy counter and the sampled power differ by more than 5 %: the energy is not used."),
    "B-MIG": Code("The GPU is split into MIG slices, whose power is that of the whole card: the energy is not used."),
    "B-SCOPE": Code("The energy counter covers the whole module with its CPU and memory, not the GPU alone."),
    "B-POWER": Code("No power was measured: watts and joules are left out."),
    "B-NOCOUNTER": Code("A GPU has no energy counter: sampled power was summed instead, with nothing to check it by."),
    "B-COUNTER": Code("The energy counter went back during the window: sampled power was summed instead."),
    "B-EDGE": Code("Power was not sampled closely enough on both sides of the window's edges: the energy is not used."),
    "B-HOLE": Code(
        "Power was not sampled for over a tenth of the window: the energy counter, if there is one, stands unchecked."
    ),
    "B-LOST": Code("The driver stopped answering for a GPU during the window: the energy is not used."),
    "B-FAKE": Code("The power came from a stand-in for the driver: a test, no measurement."),
    "B-DUMMY": Code(
        "The model's weights were random numbers of the right shape: speed is close to the real one, watts a little less so."
    ),
    "B-QUICK": Code("A quick run: short windows and no repeats, so no error bar."),
    "B-LIMIT": Code("The service level was still met at the highest load tried: the capacity is at least this."),
    "B-NONE": Code(
        "No load tried kept the service level, not even the lowest: this replica has no capacity there for these lengths."
    ),
    "B-BUDGET": Code(
        "The time was up before the search for the highest load ended: the capacity may be higher than found."
    ),
    "B-REPEAT": Code(
        "The load that the search found did not keep the service level when repeated: the next lower one that does is taken."
    ),
    "B-DIED": Code(
        "The server died under this load and was started again: the load counts as outside the service level.",
        blocks=True,
    ),
    "B-EMPTY": Code("No request was answered: there is no figure.", blocks=True),
    "B-STREAM": Code(
        "Answers came in one piece, not token by token: the times to first token and per token are of the stream, not of the model."
    ),
    "B-NOISE": Code(
        "The share of requests inside the service level could not be told apart from the target at this load."
    ),
    "B-OPEN": Code(
        "The open loop just below the found load did not meet the service level: arrivals in bursts need a lower load."
    ),
}


def sentence(code: str) -> str:
    """What a code means, or the code itself where it is of a newer version."""
    return CODES[code].sentence if code in CODES else code


def blocks(codes: tuple[str, ...]) -> bool:
    """Whether any of the codes keeps the figure out of the fits."""
    return any(CODES[code].blocks for code in codes if code in CODES)
