"""How long it takes to rank every GPU for a model: profiles fitted, the rest estimated, replicas and rent of all of them."""

from functools import partial
from pathlib import Path

from _timing import machine, report, timed_ms

from tco.catalog import Catalog
from tco.resolve import resolve
from tco.scenario import Scenario
from tco.solve.rank import rank

ROOT = Path(__file__).resolve().parents[1]
MODELS = ("openai/gpt-oss-120b", "meta-llama/Llama-3.3-70B-Instruct")
REPEATS = 30
TARGET_MS = 500


def main() -> int:
    """Time the first ranking, which reads the files, and those after it."""
    print(machine())
    missed = 0
    scenario = Scenario.read(ROOT / "scenarios" / "support-assistant.yaml")
    for model in MODELS:
        catalog = Catalog.open(ROOT)
        case = resolve(scenario, catalog)
        ranking = partial(rank, case, catalog, model)
        missed |= report(f"rank, files read with it, {model}", timed_ms(ranking, 1), TARGET_MS)
        missed |= report(f"rank, {len(ranking().rows)} GPUs, {model}", timed_ms(ranking, REPEATS), TARGET_MS)
    return missed


if __name__ == "__main__":
    raise SystemExit(main())
