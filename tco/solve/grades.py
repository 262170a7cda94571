"""How far to trust an answer: the worst among its price, its throughput and its people."""

from collections.abc import Mapping, Sequence

from tco.case import Case
from tco.inputs.source import Grade, worst
from tco.options.api import ApiOption
from tco.options.owned import OwnedOption
from tco.options.rented import RentedOption
from tco.options.self_hosted import SelfHostedOption


def answer_grades(case: Case, options: Sequence[str]) -> Mapping[str, Grade]:
    """Grades of the price, the throughput and the people behind these options, and ``answer``, the worst of them."""
    prices: list[Grade] = []
    throughput: list[Grade] = []
    people: list[Grade] = []
    for name in options:
        option = case.numbers.options[name]
        people.append(_grade(case, f"options.{name}.people.run_fte"))
        if isinstance(option, ApiOption):
            prices.append(option.price_grade)
        if isinstance(option, RentedOption):
            prices.append(_grade(case, f"options.{name}.gpu.on_demand_usd_per_gpu_hour"))
        if isinstance(option, OwnedOption):
            prices.append(_grade(case, f"options.{name}.server.server_usd"))
        if isinstance(option, SelfHostedOption):
            throughput.append(option.capacity.grade)
    found: dict[str, Grade] = {"price": worst(prices), "people": worst(people)}
    if throughput:
        found["throughput"] = worst(throughput)
    return {**found, "answer": worst(list(found.values()))}


def option_grade(case: Case, option: str) -> Grade:
    """Grade of one option alone."""
    return answer_grades(case, [option])["answer"]


def _grade(case: Case, path: str) -> Grade:
    source = case.sources.get(path)
    return source.grade if source is not None else "assumed"
