"""The whole of a scenario: its sections, its options, and which of them is compared with which."""

from datetime import date

from tco.case import Case, CaseNumbers
from tco.catalog import Catalog
from tco.errors import Fault, SheetError, nearest
from tco.options.base import OptionBase
from tco.resolve.draft import Draft
from tco.resolve.kept import opened_words
from tco.resolve.option import option_of
from tco.resolve.roles import hosted_of, roles_of
from tco.resolve.sections import section
from tco.scenario import SECTIONS, Scenario


def resolve(scenario: Scenario, catalog: Catalog, today: date | None = None) -> Case:
    """
    Every name of a scenario turned into numbers.

    Parameters
    ----------
    scenario : Scenario
        What a person wrote.
    catalog : Catalog
        The sheets and profiles.
    today : date, optional
        The clock: prices hold on the scenario's ``as_of``, or on this day when it names none; ages are told from it.

    Raises
    ------
    ScenarioError
        Names nobody knows, values missing, values that cannot be: all of them at once.
    SheetError
        A sheet or a profile that cannot be read: every fault of every file.
    """
    try:
        return _resolved(scenario, catalog, today or date.today())
    except SheetError as error:  # whoever mends one file wants to know of the others
        raise SheetError(catalog.check() or error.faults) from None


def _resolved(scenario: Scenario, catalog: Catalog, now: date) -> Case:
    draft = Draft(scenario, catalog, scenario.as_of or now)
    draft.sections = {name: section(draft, name, model) for name, model in SECTIONS.items()}
    draft.stop_on_faults()
    options: dict[str, OptionBase] = {}
    for name in draft.tree["options"]:
        option = option_of(draft, name)
        if option is not None:
            options[name] = option
    draft.stop_on_faults()
    baseline, challenger = roles_of(draft, options)
    hosted = hosted_of(draft, options, baseline, challenger)
    for role, option_id in (("baseline", baseline), ("challenger", challenger)):
        if not draft.faults and option_id not in options:
            draft.faults.append(Fault(role, option_id, nearest(option_id, options)))
    draft.stop_on_faults()
    numbers = CaseNumbers(
        name=str(scenario.tree.get("name", "")),
        as_of=draft.on,
        options=options,
        baseline=baseline,
        challenger=challenger,
        hosted=hosted,
        parity_evidence=str(scenario.tree.get("parity_evidence", "")),
        **draft.sections,
    )
    said = opened_words(scenario, numbers, draft.sources)
    return Case(numbers, draft.sources, scenario.hash, now, draft.evidence, catalog.where, draft.licence_notes, *said)
