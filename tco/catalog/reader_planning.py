"""People, planning values, shapes of a week, service levels and scenarios."""

from dataclasses import replace
from datetime import date
from functools import cached_property
from pathlib import Path

from tco.catalog import assumptions, people, service_levels, shapes
from tco.catalog.people import PeopleRow
from tco.catalog.reader import Reader, named_in, not_on, unknown, well
from tco.catalog.service_levels import ServiceLevel
from tco.catalog.shapes import Shape
from tco.catalog.table import Entry
from tco.catalog.yaml_files import read_folder
from tco.errors import Fault
from tco.inputs.source import Fact


class PlanningReader(Reader):
    """What a scenario needs besides prices and machines."""

    def roles(self, on: date, region: str = "us") -> list[str]:
        """The roles that have a cost in a region on a day."""
        return list(people.on_day(self._people, on, region))

    def people(self, role: str, on: date, region: str = "us") -> list[Fact]:
        """
        What a role costs: ``staffing.loaded_usd_per_fte_year``, or ``people.build_usd_per_hour`` of a contractor.

        Raises
        ------
        LookupFault
            When the role is unknown, has no cost in that region, or none on that day.
        """
        anywhere = [entry for entry in self._people if entry.row.role == role]
        if not anywhere:
            unknown(f"role {role}", "not in price_sheets/people", role, {entry.row.role for entry in self._people})
        entries = [entry for entry in anywhere if entry.row.region == region]
        if not entries:
            unknown(f"role {role} in {region}", "no cost there", region, {entry.row.region for entry in anywhere})
        today = people.on_day(entries, on, region)
        if role not in today:
            not_on(f"role {role}", on, entries)
        return people.facts(today[role], self._rates, on)

    def default(self, path: str) -> Fact | None:
        """The planning value of a field, the option's kind standing in for its id; None when the sheet has none."""
        return self._defaults.get(path)

    def defaults(self) -> dict[str, Fact]:
        """Every planning value by its field's path."""
        return dict(self._defaults)

    def shapes(self) -> dict[str, Shape]:
        """Every shape of a week by name."""
        return well(self._read_shapes)

    def shape(self, name: str) -> list[Fact]:
        """A shape's hours and burst; the burst carries the range of the assumptions sheet."""
        found = shapes.facts(
            named_in(self.shapes(), f"shape {name}", name, "hw_profiles/shapes"), self._shape_file(name)
        )
        usual = self.default("workload.burst_ratio")
        if usual is None or usual.low is None or usual.high is None:
            return found
        burst = found[-1]
        low, high = min(usual.low, burst.value), max(usual.high, burst.value)
        return [*found[:-1], replace(burst, low=low, high=high)]

    def service_levels(self) -> dict[str, ServiceLevel]:
        """Every service level by name."""
        return well(self._read_service_levels)

    def service_level(self, name: str) -> list[Fact]:
        """The limits of a service level: ``service.ttft_ms``, ``service.tpot_ms`` and ``service.slo_percentile``."""
        level = named_in(self.service_levels(), f"service level {name}", name, "hw_profiles/service_levels")
        return service_levels.facts(level, f"hw_profiles/service_levels/{name}.yaml")

    def scenarios(self) -> dict[str, Path]:
        """The scenarios that come with the data, by name."""
        folder = self._folders["scenarios"].path
        return {path.stem: path for path in sorted(folder.glob("*.yaml"))} if folder is not None else {}

    def own_scenarios(self) -> Path | None:
        """The person's own folder of scenarios; None where those that ship are used, which are not to be written to."""
        found = self._folders["scenarios"]
        return None if found.whose in ("the package", "the repository") else found.path

    @cached_property
    def _people(self) -> list[Entry[PeopleRow]]:
        return self._dated("people", PeopleRow)

    @cached_property
    def _assumptions(self) -> list[Entry[assumptions.AssumptionRow]]:
        return self._sheets("assumptions", assumptions.AssumptionRow, assumptions.KEY)

    @cached_property
    def _defaults(self) -> dict[str, Fact]:
        return assumptions.facts(self._assumptions)

    @cached_property
    def _read_shapes(self) -> tuple[dict[str, Shape], list[Fault]]:
        return read_folder(self._hardware("shapes"), "hw_profiles/shapes", Shape, lambda shape: shape.id)

    @cached_property
    def _read_service_levels(self) -> tuple[dict[str, ServiceLevel], list[Fault]]:
        folder = self._hardware("service_levels")
        return read_folder(folder, "hw_profiles/service_levels", ServiceLevel, lambda level: level.id)

    def _shape_file(self, name: str) -> str:
        return f"hw_profiles/shapes/{name}.yaml"
