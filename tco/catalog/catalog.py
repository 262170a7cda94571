"""The one door to the data files: ask by name and day, and get facts with their sources."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from tco.catalog import (
    aliases,
    api_prices,
    assumptions,
    checks,
    contracts,
    fx,
    hardware,
    people,
    profiles,
    rentals,
    servers,
    service_levels,
    shapes,
    sites,
)
from tco.catalog.aliases import AliasRow, Names
from tco.catalog.dated import DatedT, conflicts, when
from tco.catalog.locate import Found, in_words, locate, shipped
from tco.catalog.people import PeopleRow
from tco.catalog.servers import ServerRow
from tco.catalog.service_levels import ServiceLevel
from tco.catalog.shapes import Shape
from tco.catalog.table import Entry, RowT, Sourced, duplicates, read_sheet
from tco.catalog.tariffs import Tariff, tariffs
from tco.catalog.yaml_files import files, read_folder
from tco.errors import Fault, LookupFault, SheetError, TcoError, nearest
from tco.inputs.hardware import Gpu, Model, ServingProfile
from tco.inputs.source import Fact

ItemT = TypeVar("ItemT")

_SHEETS = (
    "_api", "_contracts", "_rentals", "_servers", "_electricity", "_colocation", "_carbon", "_people", "_fx", "_assumptions", "_aliases",
)  # fmt: skip
_PROFILES = (
    "_read_gpus", "_read_models", "_read_shapes", "_read_service_levels", "_profile_paths", "_profile_heads", "_profile_cache",
)  # fmt: skip
"""What is read of ``hw_profiles``, which no edit of a sheet changes."""
SHEETS: Mapping[str, type[Sourced]] = {
    "api": api_prices.ApiPriceRow,
    "gpu_rental": rentals.RentalRow,
    "hardware": ServerRow,
    "electricity": sites.ElectricityRow,
    "colocation": sites.ColocationRow,
    "carbon": sites.CarbonRow,
    "people": PeopleRow,
    "fx": fx.FxRow,
    "assumptions": assumptions.AssumptionRow,
    "aliases": AliasRow,
}
"""The folders of sheets, and the row that each holds."""
KEYS: Mapping[str, Sequence[str]] = {
    "api": api_prices.KEY,
    "gpu_rental": rentals.KEY,
    "hardware": servers.KEY,
    "electricity": sites.ELECTRICITY_KEY,
    "colocation": sites.COLOCATION_KEY,
    "people": people.KEY,
}
"""The columns that name one price, of the folders whose rows have days."""


class Catalog:
    """
    Price sheets, hardware profiles and scenarios, read when first asked for.

    Every question is a name and, for prices, a day; every answer is ``Fact``s or the model of a file. An unknown name
    is a ``LookupFault`` with the nearest known ones, a file with faults a ``SheetError`` with all of them.
    """

    def __init__(self, folders: Mapping[str, Found]) -> None:
        self._folders = folders
        self._skus_on: dict[date, list[api_prices.ApiSku]] = {}
        self._read_sheets: dict[str, tuple[list[Any], list[Fault]]] = {}
        self._files: dict[Path, tuple[list[Any], list[Fault]]] = {}
        """Each sheet that was read, so that an edit of one reads no other again."""
        self._edited: dict[Path, bytes] = {}
        """What some sheets are taken to hold in place of what is on disk."""
        home = folders["price_sheets"].path if "price_sheets" in folders else None
        self._contract_file = home / contracts.FILE if home is not None else None
        """Private terms; those of other price sheets stay those of one's own."""

    @classmethod
    def open(cls, folder: Path | str | None = None) -> "Catalog":
        """The data of a folder, else of the working directory, else what the package brings. Nothing is read yet."""
        return cls(locate(folder))

    @classmethod
    def shipped(cls) -> "Catalog":
        """The data that the package brings, whatever the working directory holds."""
        return cls(shipped())

    def with_sheet(self, path: Path, content: bytes) -> "Catalog":
        """Another catalog in which one sheet holds this, saved or not; nothing else is read anew."""
        other, path = Catalog(self._folders), path.resolve()
        other._edited = {**self._edited, path: content}
        other._contract_file = self._contract_file
        other._files = {known: read for known, read in self._files.items() if known != path}
        other.__dict__.update({name: self.__dict__[name] for name in _PROFILES if name in self.__dict__})
        return other

    def with_prices_of(self, folder: Path, whose: str) -> "Catalog":
        """
        Another catalog with the price sheets of another folder; models, GPUs, profiles and scenarios stay.

        So do private contracts where the folder has none of its own: they are in no revision.
        """
        other = Catalog({**self._folders, "price_sheets": Found("price_sheets", folder, whose)})
        if not (folder / contracts.FILE).is_file():
            other._contract_file = self._contract_file
        return other

    @property
    def price_folder(self) -> Path:
        """
        Where the price sheets are.

        Raises
        ------
        LookupFault
            When there are none.
        """
        path = self._folders["price_sheets"].path
        if path is None:
            raise LookupFault(Fault("price_sheets", "no such folder", "make one with `tco init`"))
        return path

    @property
    def own_price_folder(self) -> Path:
        """
        Where price sheets may be written.

        Raises
        ------
        LookupFault
            When the data are the package's own: they are not to be written to.
        """
        if self._folders["price_sheets"].whose == "the package":
            mend = "make a folder of your own with `tco init` and work there"
            raise LookupFault(Fault("price_sheets", "no folder to write to", mend))
        return self.price_folder

    @property
    def where(self) -> str:
        """Which data folder comes from where, in words."""
        return in_words(list(self._folders.values()))

    # the sheets themselves

    def sheet_files(self) -> dict[str, Path]:
        """Every sheet by the name that messages give it, such as ``price_sheets/api/openai.csv``."""
        return {self._name(path): path for folder in SHEETS for path in self._paths(folder)}

    def content(self, path: Path) -> bytes:
        """What a sheet holds, an edit that is not saved in place of the file."""
        edited = self._edited.get(path.resolve())
        return path.read_bytes() if edited is None else edited

    def rows(self, folder: str) -> list[Entry[Any]]:
        """The rows of a folder of sheets that are well by themselves; the faults of the others are the check's."""
        return list(self._sheet(folder, SHEETS[folder])[0])

    @property
    def rates(self) -> fx.Rates:
        """What other currencies are worth, from the rows that are well."""
        return fx.Rates(self.rows("fx"))

    # API prices

    def api_skus(self, on: date) -> list[api_prices.ApiSku]:
        """Every model priced on a day, by vendor and name."""
        if on not in self._skus_on:
            self._skus_on[on] = api_prices.skus(self._of_sku, on)
        return list(self._skus_on[on])

    def api_price(self, sku: str, on: date, listed: bool = False) -> list[Fact]:
        """
        What one model costs on a day; the facts' paths are those of an API option, ``price.input_usd_per_mtok`` first.

        ``price_sheets/contracts.csv`` is laid over the list prices unless ``listed``: discounts, negotiated prices, and
        what is committed or provisioned, as ``contract.…`` and ``provisioned.…``.

        Raises
        ------
        LookupFault
            When nobody sells the SKU, or not on that day: then the mend says from when.
        """
        entries = self._of_sku.get(sku, [])
        if not entries:
            _unknown(f"API model {sku}", "not in price_sheets/api", sku, [item.sku for item in self.api_skus(on)])
        prices = api_prices.on_day(entries, on)
        for meter in ("input", "output"):
            if (meter, "standard", 0, "") not in prices:
                _not_on(f"API model {sku}", on, [entry for entry in entries if entry.row.meter == meter])
        if listed:
            return api_prices.facts(prices, self._rates, on)
        provider, _, model = sku.partition("/")
        terms = contracts.on_day(self._contracts, provider, model, on)
        laid = contracts.laid_over(prices, terms)
        return api_prices.facts(laid, self._rates, on) + contracts.facts(terms, self._rates, on)

    # usage

    def tariffs(self, skus: Collection[str] | None = None, listed: bool = False) -> list[Tariff]:
        """
        Every API price of every day in USD: what usage is priced with, row by row.

        ``price_sheets/contracts.csv`` is laid over the list prices unless ``listed``; of some models or of all.
        """
        models = self._of_sku if skus is None else {sku: self._of_sku[sku] for sku in skus if sku in self._of_sku}
        return tariffs(models, self._rates, () if listed else self._contracts)

    def contract_terms(self) -> list[Entry[contracts.ContractRow]]:
        """Every term of ``price_sheets/contracts.csv``: private, to be told to nobody who did not ask."""
        return list(self._contracts)

    def context_limits(self) -> tuple[int, ...]:
        """Every prompt length above which some price changes, ascending. [tok]"""
        return tuple(sorted({entry.row.min_input_tokens for entry in self._api} - {0}))

    def model_names(self) -> Names:
        """What the names of models in logs mean."""
        return Names(self._of_sku, {entry.row.name: entry.row.sku for entry in self._aliases})

    # GPUs and models

    def gpus(self) -> dict[str, Gpu]:
        """Every GPU by name."""
        return _ok(self._read_gpus)

    def gpu(self, name: str) -> Gpu:
        """One GPU."""
        return _named(self.gpus(), f"GPU {name}", name, "hw_profiles/gpus")

    def models(self) -> dict[str, Model]:
        """Every open-weight model by name."""
        return _ok(self._read_models)

    def model(self, name: str) -> Model:
        """One open-weight model."""
        return _named(self.models(), f"model {name}", name, "hw_profiles/models")

    # serving profiles

    def profiles(self) -> dict[str, ServingProfile]:
        """Every serving profile by id, which is its file's name without the ending."""
        results = {path.stem: self._read_profile(path) for path in self._profile_paths.values()}
        _raise([fault for _, faults in results.values() for fault in faults])
        return {name: profile for name, (profile, _) in results.items() if profile is not None}

    def profile(self, name: str) -> ServingProfile:
        """One serving profile; no other file is read."""
        return self._good_profile(_named(self._profile_paths, f"profile {name}", name, "hw_profiles/serving"))

    def find_profiles(self, model: str | None = None, gpu: str | None = None) -> list[ServingProfile]:
        """The profiles of a model, a GPU or both, the most trustworthy first; other files are not read whole."""
        wanted = [
            path
            for path, (of_model, of_gpu) in self._profile_heads.items()
            if model in (None, of_model) and gpu in (None, of_gpu)
        ]
        return profiles.best_first(self._good_profile(path) for path in wanted)

    def profile_folder(self) -> Path:
        """
        Where profiles are written.

        Raises
        ------
        LookupFault
            When the data are the package's own: they are not to be written to.
        """
        folder = self._folders["hw_profiles"]
        if folder.path is None or folder.whose == "the package":
            mend = "make a folder of your own with `tco init` and work there"
            raise LookupFault(Fault("hw_profiles/serving", "no folder to write to", mend))
        return folder.path / "serving"

    def save_profile(self, profile: ServingProfile, variant: str = "") -> Path:
        """Write a profile beside the others, whole or not at all, and return its file."""
        folder = self.profile_folder()
        self._profile_cache.clear()
        for name in ("_profile_paths", "_profile_heads"):
            self.__dict__.pop(name, None)
        return profiles.write_profile(profile, folder, variant)

    # rent

    def rental_offers(self, gpu: str, on: date) -> list[rentals.RentalOffer]:
        """Every offer of a GPU on a day, any term, cheapest first."""
        entries = [entry for entry in self._rentals if entry.row.gpu == gpu]
        if not entries:
            _unknown(f"rent of {gpu}", "not in price_sheets/gpu_rental", gpu, {e.row.gpu for e in self._rentals})
        return rentals.offers(entries, gpu, on, self._rates)

    def rented_gpus(self) -> set[str]:
        """GPUs that somebody rents out."""
        return {entry.row.gpu for entry in self._rentals}

    def rental(
        self, gpu: str, provider: str, on: date, term: rentals.Term = "reserved_1y", gpus: float = 1.0
    ) -> list[Fact]:
        """
        The rent of one GPU from a provider: on demand, and reserved and spot where the provider publishes them.

        Parameters
        ----------
        gpu : str
            GPU, as in hw_profiles/gpus.
        provider : str
            Vendor; blank takes the lower middle of the offers that are no marketplace's and fit the replica.
        on : date
            The day whose prices hold.
        term : rentals.Term
            Which reserved price is given.
        gpus : float
            GPUs one replica takes. Of a provider's instances the smallest that holds them is taken, else the largest
            that divides them, else the largest.

        Raises
        ------
        LookupFault
            When the GPU or the provider is unknown, rents on other terms only, is an index, or has no on-demand price
            on that day.
        """
        found = self.rental_offers(gpu, on)
        entries = [entry for entry in self._rentals if entry.row.gpu == gpu]
        rentals.refuse(entries, gpu, provider)
        choices = rentals.by_provider(found, rentals.ON_DEMAND, gpus)
        if not choices or (provider and provider not in choices):
            mine = [e for e in entries if e.row.term == rentals.ON_DEMAND and provider in ("", e.row.provider)]
            _not_on(f"rent of {gpu} from {provider or 'anybody'}", on, mine)
        return rentals.facts(found, provider, term, gpus)

    # bought servers and where they stand

    def servers(self, on: date) -> list[str]:
        """The servers that can be bought new on a day, by name."""
        return sorted(entry.row.item for entry in servers.on_day(self._servers, on) if entry.row.condition == "new")

    def servable_gpus(self) -> set[str]:
        """GPUs that some server in the sheet has."""
        return {entry.row.gpu for entry in self._servers if entry.row.condition == "new"}

    def server(self, gpu: str, item: str, on: date) -> list[Fact]:
        """
        A server with a GPU: ``server.item``, ``server_usd``, ``server_gpus``, ``nameplate_kilowatts``.

        ``resale_usd_per_server`` comes with it where a used one is priced. A blank item takes the lower middle of the
        servers with that GPU, by price.

        Raises
        ------
        LookupFault
            When no server has the GPU, the item is unknown or has another GPU, or has no price on that day.
        """
        new = [entry for entry in self._servers if entry.row.condition == "new"]
        with_gpu = [entry for entry in new if entry.row.gpu == gpu]
        if not with_gpu:
            _unknown(f"server with {gpu}", "not in price_sheets/hardware", gpu, self.servable_gpus())
        mine = [entry for entry in with_gpu if item in ("", entry.row.item)]
        if not mine:
            _unknown(f"server {item}", f"no server with {gpu} has that name", item, {e.row.item for e in with_gpu})
        today = servers.on_day(mine, on)
        if not today:
            _not_on(f"server {item or f'with {gpu}'}", on, mine)
        taken = servers.usual(today)
        used = [
            entry
            for entry in servers.on_day(self._servers, on)
            if entry.row.condition == "used" and entry.row.item == taken.row.item
        ]
        return servers.facts(taken, used[0] if used else None, self._rates, on)

    def regions(self, on: date) -> list[str]:
        """The regions that have an electricity price on a day, their own or that of what they are part of."""
        priced = {e.row.region for e in self._electricity if e.row.meter == "energy" and e.row.holds(on)}
        return sorted(region for region in self._known_regions if priced.intersection(sites.lineage(region)))

    def site(self, region: str, on: date, power_billing: str = "metered") -> list[Fact]:
        """
        Electricity, space and carbon of a region; what is not known of a part of a region is that of the whole.

        The paths are ``site.electricity_usd_per_kwh``, ``site.demand_usd_per_kilowatt_month`` where the tariff has
        one, ``site.colocation_usd_per_kilowatt_month`` and ``site.carbon_kg_per_kwh``.

        Raises
        ------
        LookupFault
            When no sheet knows the region, or its electricity has no price on that day.
        """
        if region not in self._known_regions:
            where = "not in price_sheets/electricity, colocation or carbon"
            _unknown(f"region {region}", where, region, self._known_regions)
        found = sites.electricity(self._electricity, region, self._rates, on)
        mine = [e for e in self._electricity if e.row.region in sites.lineage(region) and e.row.meter == "energy"]
        if mine and not found:
            _not_on(f"electricity of {region}", on, mine)
        found += sites.colocation(self._colocation, region, power_billing, self._rates, on)
        return found + sites.carbon(self._carbon, region, on)

    # people, assumptions, shapes, scenarios

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
            _unknown(f"role {role}", "not in price_sheets/people", role, {entry.row.role for entry in self._people})
        entries = [entry for entry in anywhere if entry.row.region == region]
        if not entries:
            _unknown(f"role {role} in {region}", "no cost there", region, {entry.row.region for entry in anywhere})
        today = people.on_day(entries, on, region)
        if role not in today:
            _not_on(f"role {role}", on, entries)
        return people.facts(today[role], self._rates, on)

    def default(self, path: str) -> Fact | None:
        """The planning value of a field, the option's kind standing in for its id; None when the sheet has none."""
        return self._defaults.get(path)

    def defaults(self) -> dict[str, Fact]:
        """Every planning value by its field's path."""
        return dict(self._defaults)

    def shapes(self) -> dict[str, Shape]:
        """Every shape of a week by name."""
        return _ok(self._read_shapes)

    def shape(self, name: str) -> list[Fact]:
        """A shape's hours and burst; the burst carries the range of the assumptions sheet."""
        found = shapes.facts(_named(self.shapes(), f"shape {name}", name, "hw_profiles/shapes"), self._shape_file(name))
        usual = self.default("workload.burst_ratio")
        if usual is None or usual.low is None or usual.high is None:
            return found
        burst = found[-1]
        low, high = min(usual.low, burst.value), max(usual.high, burst.value)
        return [*found[:-1], replace(burst, low=low, high=high)]

    def service_levels(self) -> dict[str, ServiceLevel]:
        """Every service level by name."""
        return _ok(self._read_service_levels)

    def service_level(self, name: str) -> list[Fact]:
        """The limits of a service level: ``service.ttft_ms``, ``service.tpot_ms`` and ``service.slo_percentile``."""
        level = _named(self.service_levels(), f"service level {name}", name, "hw_profiles/service_levels")
        return service_levels.facts(level, f"hw_profiles/service_levels/{name}.yaml")

    def scenarios(self) -> dict[str, Path]:
        """The scenarios that come with the data, by name."""
        folder = self._folders["scenarios"].path
        return {path.stem: path for path in sorted(folder.glob("*.yaml"))} if folder is not None else {}

    def check(self) -> list[Fault]:
        """Read every file, and return every fault of every one; an empty list when all is well."""
        faults = self._sheet_faults()
        read = [self._read_profile(path) for path in self._profile_paths.values()]
        faults += [fault for _, wrong in read for fault in wrong]
        for _, wrong in (self._read_gpus, self._read_models, self._read_shapes, self._read_service_levels):
            faults += wrong
        good = [profile for profile, _ in read if profile is not None]
        return faults + self._disagreements() + self._dangling(good)

    def check_sheets(self) -> list[Fault]:
        """
        Every fault of every sheet, and of the names that lead from them or to them; no serving profile is read.

        Models of another place, such as the package's beside sheets of one's own, may name hosts that are not here.
        """
        ours = self._folders["price_sheets"].whose == self._folders["hw_profiles"].whose
        return self._sheet_faults() + self._disagreements() + self._dangling([] if ours else None)

    def _sheet_faults(self) -> list[Fault]:
        faults: list[Fault] = []
        for name in _SHEETS:
            try:
                getattr(self, name)
            except TcoError as error:
                faults += error.faults
        return faults

    def _disagreements(self) -> list[Fault]:
        """What is wrong between the rows of one kind; a file with an unread row is left out, lest that row be missed."""
        broken = {fault.where.split(": ")[0] for _, faults in self._read_sheets.values() for fault in faults}
        good = {name: [e for e in entries if e.where not in broken] for name, (entries, _) in self._read_sheets.items()}
        gaps = [fault for name, key in KEYS.items() for fault in checks.holes(good.get(name, []), key)]
        return gaps + checks.incomplete(good["api"])

    def _dangling(self, good: Sequence[ServingProfile] | None) -> list[Fault]:
        """Names that lead nowhere, as far as the files they lead to can be read; without profiles, those of rents alone."""
        gpus, wrong = self._read_gpus
        if wrong:
            return []
        prices, broken = self._sheet("api", api_prices.ApiPriceRow)
        skus = {f"{entry.row.provider}/{entry.row.model}" for entry in prices}
        faults = checks.unknown_gpus(self._sheet("gpu_rental", rentals.RentalRow)[0], gpus)
        models, unread = self._read_models
        terms, _ = self._contract_sheet
        faults += [] if broken else contracts.unknown(terms, skus)
        if broken or unread or good is None:
            return faults
        return faults + hardware.dangling(models.values(), good, gpus, skus)

    # reading, each file once

    @cached_property
    def _api(self) -> list[Entry[api_prices.ApiPriceRow]]:
        return self._dated("api", api_prices.ApiPriceRow)

    @cached_property
    def _of_sku(self) -> dict[str, list[Entry[api_prices.ApiPriceRow]]]:
        return api_prices.by_sku(self._api)

    @cached_property
    def _contracts(self) -> list[Entry[contracts.ContractRow]]:
        entries, faults = self._contract_sheet
        _raise([*faults, *conflicts(entries, contracts.KEY)])
        return entries

    @cached_property
    def _contract_sheet(self) -> tuple[list[Entry[contracts.ContractRow]], list[Fault]]:
        path = self._contract_file
        if path is None or not path.is_file():
            return [], []
        return read_sheet(path, f"price_sheets/{contracts.FILE}", contracts.ContractRow)

    @cached_property
    def _rentals(self) -> list[Entry[rentals.RentalRow]]:
        return self._dated("gpu_rental", rentals.RentalRow)

    @cached_property
    def _servers(self) -> list[Entry[ServerRow]]:
        return self._dated("hardware", ServerRow)

    @cached_property
    def _electricity(self) -> list[Entry[sites.ElectricityRow]]:
        return self._dated("electricity", sites.ElectricityRow)

    @cached_property
    def _colocation(self) -> list[Entry[sites.ColocationRow]]:
        return self._dated("colocation", sites.ColocationRow)

    @cached_property
    def _carbon(self) -> list[Entry[sites.CarbonRow]]:
        return self._sheets("carbon", sites.CarbonRow, sites.CARBON_KEY)

    @cached_property
    def _known_regions(self) -> set[str]:
        sheets = (self._electricity, self._colocation, self._carbon)
        return {entry.row.region for entries in sheets for entry in entries}

    @cached_property
    def _people(self) -> list[Entry[PeopleRow]]:
        return self._dated("people", PeopleRow)

    @cached_property
    def _fx(self) -> list[Entry[fx.FxRow]]:
        return self._sheets("fx", fx.FxRow, fx.KEY)

    @cached_property
    def _assumptions(self) -> list[Entry[assumptions.AssumptionRow]]:
        return self._sheets("assumptions", assumptions.AssumptionRow, assumptions.KEY)

    @cached_property
    def _aliases(self) -> list[Entry[AliasRow]]:
        return self._sheets("aliases", AliasRow, aliases.KEY)

    @cached_property
    def _rates(self) -> fx.Rates:
        return fx.Rates(self._fx)

    @cached_property
    def _defaults(self) -> dict[str, Fact]:
        return assumptions.facts(self._assumptions)

    @cached_property
    def _read_gpus(self) -> tuple[dict[str, Gpu], list[Fault]]:
        return hardware.read_gpus(self._hardware("gpus"))

    @cached_property
    def _read_models(self) -> tuple[dict[str, Model], list[Fault]]:
        return hardware.read_models(self._hardware("models"))

    @cached_property
    def _read_shapes(self) -> tuple[dict[str, Shape], list[Fault]]:
        return read_folder(self._hardware("shapes"), "hw_profiles/shapes", Shape, lambda shape: shape.id)

    @cached_property
    def _read_service_levels(self) -> tuple[dict[str, ServiceLevel], list[Fault]]:
        folder = self._hardware("service_levels")
        return read_folder(folder, "hw_profiles/service_levels", ServiceLevel, lambda level: level.id)

    @cached_property
    def _profile_paths(self) -> dict[str, Path]:
        return {path.stem: path for path, _ in files(self._hardware("serving"), "")}

    @cached_property
    def _profile_heads(self) -> dict[Path, tuple[str, str]]:
        return {path: profiles.head(path) for path in self._profile_paths.values()}

    @cached_property
    def _profile_cache(self) -> dict[Path, tuple[ServingProfile | None, list[Fault]]]:
        return {}

    def _read_profile(self, path: Path) -> tuple[ServingProfile | None, list[Fault]]:
        if path not in self._profile_cache:
            self._profile_cache[path] = profiles.read_profile(path, f"hw_profiles/serving/{path.name}")
        return self._profile_cache[path]

    def _good_profile(self, path: Path) -> ServingProfile:
        profile, faults = self._read_profile(path)
        if profile is None:
            raise SheetError(faults)
        return profile

    def _shape_file(self, name: str) -> str:
        return f"hw_profiles/shapes/{name}.yaml"

    def _hardware(self, name: str) -> Path | None:
        folder = self._folders["hw_profiles"].path
        return folder / name if folder is not None else None

    def _sheets(self, name: str, model: type[RowT], key: Sequence[str]) -> list[Entry[RowT]]:
        """Every row of a folder of sheets without days, ``key`` being what may stand once; raises all their faults."""
        entries, faults = self._sheet(name, model)
        _raise([*faults, *duplicates(entries, key)])
        return entries

    def _dated(self, name: str, model: type[DatedT]) -> list[Entry[DatedT]]:
        """Every row of a folder of dated sheets; raises all their faults."""
        entries, faults = self._sheet(name, model)
        _raise([*faults, *conflicts(entries, KEYS[name])])
        return entries

    def _sheet(self, name: str, model: type[RowT]) -> tuple[list[Entry[RowT]], list[Fault]]:
        """The rows of a folder that are well, and the faults of those that are not; each file is read once."""
        if name not in self._read_sheets:
            read = [self._read_file(path, model) for path in self._paths(name)]
            entries = [entry for rows, _ in read for entry in rows]
            self._read_sheets[name] = entries, [fault for _, wrong in read for fault in wrong]
        return self._read_sheets[name]

    def _read_file(self, path: Path, model: type[RowT]) -> tuple[list[Entry[RowT]], list[Fault]]:
        known = path.resolve()
        if known not in self._files:
            self._files[known] = read_sheet(path, self._name(path), model, self._edited.get(known))
        return self._files[known]

    def _paths(self, name: str) -> list[Path]:
        """The sheets of a folder, those among them that are only edited yet."""
        folder = self._folders["price_sheets"].path
        if folder is None:
            return []
        new = [path for path in self._edited if path.parent == (folder / name).resolve() and not path.exists()]
        return sorted([*(folder / name).glob("*.csv"), *new])

    def _name(self, path: Path) -> str:
        return f"price_sheets/{path.parent.name}/{path.name}"


def _raise(faults: Sequence[Fault]) -> None:
    if faults:
        raise SheetError(faults)


def _ok(result: tuple[dict[str, ItemT], list[Fault]]) -> dict[str, ItemT]:
    found, faults = result
    _raise(faults)
    return dict(found)


def _named(known: Mapping[str, ItemT], what: str, name: str, folder: str) -> ItemT:
    if name not in known:
        _unknown(what, f"not in {folder}", name, known)
    return known[name]


def _unknown(what: str, found: str, name: str, known: Sequence[str] | set[str] | Mapping[str, object]) -> NoReturn:
    raise LookupFault(Fault(what, found, nearest(name, known)))


def _not_on(what: str, on: date, entries: Sequence[Entry[DatedT]]) -> NoReturn:
    raise LookupFault(Fault(f"{what} on {on}", f"no price on {on}", f"choose another day: {when(entries)}"))
