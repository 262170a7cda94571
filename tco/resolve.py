"""
Scenario x catalog to Case: a name on a day becomes numbers with their sources here, and nowhere else.

Each field is filled by the first that has a value for it: the scenario itself, the sheet or profile that a name leads
to, the sheet of defaults. What is still missing, and every name that nobody knows, is one error that lists it all.
"""

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tco.case import Case, CaseNumbers, ServingEvidence
from tco.catalog import Catalog
from tco.errors import Fault, LookupFault, ScenarioError, SheetError, nearest
from tco.inputs.base import Input, faults_in
from tco.inputs.hardware import ServingProfile
from tco.inputs.source import Fact, Source
from tco.model.demand import hot_cold_hours
from tco.options import option_kinds
from tco.options.base import OptionBase
from tco.scenario import SECTIONS, Scenario, field_paths
from tco.serving import TYPED, fitted, in_memory, serving_facts

HOSTED_ID = "hosted"


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
    except SheetError as error:
        raise SheetError(
            catalog.check() or error.faults
        ) from None  # whoever mends one file wants to know of the others


def _resolved(scenario: Scenario, catalog: Catalog, now: date) -> Case:
    draft = Draft(scenario, catalog, scenario.as_of or now)
    sections = {name: draft.section(name, model) for name, model in SECTIONS.items()}
    draft.stop_on_faults()
    options: dict[str, OptionBase] = {}
    for name in draft.tree["options"]:
        option = draft.option(name, sections)
        if option is not None:
            options[name] = option
    draft.stop_on_faults()
    baseline, challenger = draft.roles(options)
    hosted = draft.hosted(options, baseline, challenger, sections)
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
        **sections,
    )
    return Case(numbers, draft.sources, scenario.hash, now, draft.evidence, catalog.where)


class Draft:
    """A scenario on its way to a case: values, their sources, and what is wrong so far."""

    def __init__(self, scenario: Scenario, catalog: Catalog, on: date) -> None:
        self.scenario, self.catalog, self.on = scenario, catalog, on
        self.tree: dict[str, Any] = deepcopy(dict(scenario.tree))
        self.sources: dict[str, Source] = {
            path: Source(where=Path(scenario.where).name, grade="assumed", note="typed in the scenario")
            for path in _leaves(self.tree)
            if not path.startswith(("as_of", "name", "description"))
        }
        self.faults: list[Fault] = []
        self.evidence: dict[str, ServingEvidence] = {}

    def stop_on_faults(self) -> None:
        """Raise all faults found so far, if any."""
        if self.faults:
            raise ScenarioError([Fault(f"{self.scenario.where}: {f.where}", f.found, f.mend) for f in self.faults])

    def get(self, path: str) -> Any:
        """Value at a path so far; None when there is none."""
        node: Any = self.tree
        for part in path.split("."):
            node = node.get(part) if isinstance(node, Mapping) else None
        return node

    def fill(self, prefix: str, facts: Iterable[Fact]) -> None:
        """Take the facts for fields that have no value yet."""
        for fact in facts:
            path = f"{prefix}{fact.path}"
            if self.get(path) is None:
                self.put(path, fact.value, _ranged(fact))

    def put(self, path: str, value: Any, source: Source) -> None:
        """Set a value and its source."""
        *groups, name = path.split(".")
        node = self.tree
        for group in groups:
            if not isinstance(node.get(group), dict):
                node[group] = {}
            node = node[group]
        node[name] = value
        self.sources[path] = source

    def look_up(self, path: str, prefix: str, facts: Any) -> None:
        """Fill from a look-up; a name it does not know is a fault of the field that named it."""
        try:
            self.fill(prefix, facts())
        except LookupFault as error:
            named = self.get(path)
            found = f"{named} ({{}})" if named else "{}"
            self.faults += [Fault(path, found.format(f.found or f.where), f.mend) for f in error.faults]

    def defaults(self, prefix: str, kind_prefix: str, model: type[Input]) -> None:
        """Fill what is still empty from the sheet of defaults."""
        for path in field_paths(model):
            if self.get(prefix + path) is None:
                fact = self.catalog.default(kind_prefix + path)
                if fact is not None:
                    self.put(prefix + path, fact.value, _ranged(fact))

    def section(self, name: str, model: type[Input]) -> Any:
        """One of the sections every option shares, validated."""
        prefix, before = f"{name}.", len(self.faults)
        if name == "workload":
            self._shape()
        if name == "staffing" and self.get("staffing.loaded_usd_per_fte_year") is None:
            role = self.get("staffing.role") or self._word("staffing.role")
            self.look_up("staffing.role", "", lambda: self.catalog.people(role, self.on))
        unknown = len(self.faults)
        self.defaults(prefix, prefix, model)
        made = self._validated(model, self.tree.get(name) or {}, name)
        if unknown > before:  # what an unknown name would have brought is missing because of it, and told with it
            self.faults[unknown:] = [fault for fault in self.faults[unknown:] if fault.found != "nothing"]
        return made

    def _shape(self) -> None:
        busy_hours, busy_ratio = self.get("workload.busy_hours"), self.get("workload.busy_ratio")
        if self.get("workload.shape_hours") is not None:
            return
        if (
            busy_hours is not None
            and busy_ratio is not None
            and 1 <= busy_hours <= 167
            and busy_hours * busy_ratio <= 168
        ):
            typed = self.sources["workload.busy_hours"]
            self.put("workload.shape_hours", list(hot_cold_hours(int(busy_hours), float(busy_ratio))), typed)
            return
        name = self.get("workload.shape") or self._word("workload.shape")
        self.look_up("workload.shape", "", lambda: self.catalog.shape(name))

    def _word(self, path: str) -> str:
        fact = self.catalog.default(path)
        return str(fact.value) if fact is not None else ""

    def option(self, name: str, sections: Mapping[str, Any]) -> OptionBase | None:
        """One option, its names looked up, validated; None when it is faulty."""
        prefix, given = f"options.{name}.", self.tree["options"][name]
        kind = option_kinds()[given["kind"]]
        before = len(self.faults)
        if self.get(f"{prefix}cache_hit_frac") is None:
            shared = self.sources.get("workload.cacheable_frac", TYPED)
            self.put(f"{prefix}cache_hit_frac", self.get("workload.cacheable_frac"), shared)
        if given["kind"] == "api":
            self._api(prefix)
        else:
            self._self_hosted(name, prefix, sections)
        self.defaults(prefix, f"options.{kind.kind}.", kind.model)
        if not self.get(f"{prefix}label"):
            self.tree["options"][name]["label"] = name
        hit, cacheable = self.get(f"{prefix}cache_hit_frac"), self.get("workload.cacheable_frac")
        if hit is not None and cacheable is not None and hit > cacheable + 1e-12:
            mend = (
                f"at most workload.cacheable_frac, {cacheable:g}, can be served from a cache; raise that, or lower this"
            )
            self.faults.append(Fault(f"{prefix}cache_hit_frac", f"{hit:g}", mend))
        if len(self.faults) > before:
            return None
        made: OptionBase | None = self._validated(kind.model, self.tree["options"][name], f"options.{name}")
        return made

    def _api(self, prefix: str) -> None:
        sku = self.get(f"{prefix}sku")
        if sku:
            self.look_up(f"{prefix}sku", prefix, lambda: self.catalog.api_price(sku, self.on))
            typed = any(
                self.scenario.get(f"{prefix}price.{meter}") is not None
                for meter in ("input_usd_per_mtok", "output_usd_per_mtok")
            )
            source = self.sources.get(f"{prefix}price.output_usd_per_mtok")
            if source is not None:
                self.put(f"{prefix}price_grade", "assumed" if typed else source.grade, source)
            self._open_model(prefix, sku)
        price_in, source = (
            self.get(f"{prefix}price.input_usd_per_mtok"),
            self.sources.get(f"{prefix}price.input_usd_per_mtok"),
        )
        for meter in ("cache_read_usd_per_mtok", "cache_write_usd_per_mtok"):
            if self.get(f"{prefix}price.{meter}") is None and price_in is not None and source is not None:
                self.put(f"{prefix}price.{meter}", price_in, source)

    def _open_model(self, prefix: str, sku: str) -> None:
        if self.get(f"{prefix}model") is None:
            owner = next((name for name, model in self.catalog.models().items() if sku in model.hosted_as), None)
            if owner is not None:
                self.tree["options"][prefix.split(".")[1]]["model"] = owner

    def _self_hosted(self, name: str, prefix: str, sections: Mapping[str, Any]) -> None:
        work = self.get(f"{prefix}capacity.work") or {}
        typed = all(
            work.get(key) is not None for key in ("prefill_s_per_tok", "decode_s_per_tok", "context_s_per_tok2")
        )
        kind = option_kinds()[self.tree["options"][name]["kind"]]
        self.defaults(prefix, f"options.{kind.kind}.", kind.model)
        if not typed or self.get(f"{prefix}profile"):
            self._profile(name, prefix, sections)
        else:
            self._memory(name, prefix)
        gpu_name = self.get(f"{prefix}gpu_name")
        if gpu_name and self.get(f"{prefix}gpu.on_demand_usd_per_gpu_hour") is None:
            provider = self.get(f"{prefix}gpu.provider") or ""
            named = f"{prefix}gpu.provider" if provider else f"{prefix}gpu_name"
            if not any(fault.where == named for fault in self.faults):
                self.look_up(named, prefix, lambda: self.catalog.rental(gpu_name, provider, self.on))
        prefill = self.get(f"{prefix}capacity.work.prefill_s_per_tok")
        ratio = self.get(f"{prefix}capacity.cached_work_ratio")
        if self.get(f"{prefix}capacity.work.cached_s_per_tok") is None and prefill is not None and ratio is not None:
            source = self.sources.get(f"{prefix}capacity.cached_work_ratio", TYPED)
            self.put(f"{prefix}capacity.work.cached_s_per_tok", prefill * ratio, source)

    def _profile(self, name: str, prefix: str, sections: Mapping[str, Any]) -> None:
        profile = self._chosen_profile(prefix)
        if profile is None:
            return
        try:
            fit = fitted(profile, sections["service"])
        except ScenarioError as error:
            self.faults += [Fault(f"options.{name}.profile", f.found, f.mend) for f in error.faults]
            return
        self.fill(prefix, serving_facts(profile, fit))
        self.evidence[name] = fit.evidence
        self.tree["options"][name]["model"] = profile.model
        self.tree["options"][name]["gpu_name"] = profile.gpu
        self.tree["options"][name]["profile"] = profile.id
        model = self.catalog.models().get(profile.model)
        if not self.get(f"{prefix}label"):
            maker = model.label if model is not None else profile.model.split("/")[-1]
            self.tree["options"][name]["label"] = f"{maker} on {profile.gpus_per_replica} × {profile.gpu.split('-')[0]}"
        self._memory(name, prefix, profile.engine.dtype, profile.engine.kv_cache_dtype)

    def _chosen_profile(self, prefix: str) -> ServingProfile | None:
        wanted, model, gpu = (self.get(f"{prefix}{key}") for key in ("profile", "model", "gpu_name"))
        profiles = self.catalog.profiles()
        if wanted:
            if wanted not in profiles:
                self.faults.append(Fault(f"{prefix}profile", str(wanted), nearest(wanted, profiles)))
                return None
            profile = profiles[wanted]
            count = self.get(f"{prefix}capacity.gpus_per_replica")
            for key, asked, has in (
                ("model", model, profile.model),
                ("gpu_name", gpu, profile.gpu),
                ("capacity.gpus_per_replica", count, profile.gpus_per_replica),
            ):
                if asked and asked != has:
                    mend = f"the profile {wanted} is of {has}; name that, or leave {prefix}profile empty"
                    self.faults.append(Fault(f"{prefix}{key}", str(asked), mend))
            return profile
        if not model and not gpu:
            mend = "name a model and a gpu_name, or a profile, or type capacity.work and capacity.gpus_per_replica"
            self.faults.append(Fault(prefix.rstrip("."), "nothing says how fast it serves", mend))
            return None
        unknown = self._unknown_names(prefix, model, gpu)
        if unknown:
            self.faults += unknown
            return None
        found = self.catalog.find_profiles(model, gpu)
        count = self.get(f"{prefix}capacity.gpus_per_replica")
        matching = [p for p in found if count is None or p.gpus_per_replica == count]
        if not matching:
            has = ", ".join(
                sorted({f"{p.gpus_per_replica} × {p.gpu}" for p in found or self.catalog.find_profiles(model, None)})
            )
            where = " × ".join(str(part) for part in (count, gpu) if part) or "any GPU"
            mend = f"profiles of {model or 'this GPU'} are there for {has}" if has else "measure it, or add a profile"
            mend += self._too_small(model, gpu, count)
            self.faults.append(Fault(prefix.rstrip("."), f"no profile of {model or 'any model'} on {where}", mend))
            return None
        return matching[0]

    def _too_small(self, model: str | None, gpu: str | None, count: float | None) -> str:
        """A remark when the published weights alone do not fit the GPUs asked for; empty otherwise."""
        facts, card, room = self.catalog.models().get(model or ""), self.catalog.gpus().get(gpu or ""), self._room()
        if facts is None or card is None or count is None or room is None:
            return ""
        held = in_memory(facts, card, float(count), room, served_as=("auto", "auto"), lengths_tok=(0.0, 0.0))
        return "".join(f"; as published {f.found}: {f.mend}" for f in held.faults)

    def _unknown_names(self, prefix: str, model: str | None, gpu: str | None) -> list[Fault]:
        """A model or a GPU that no file describes and no profile is of, with the nearest there are."""
        profiles, models, gpus = self.catalog.profiles().values(), self.catalog.models(), self.catalog.gpus()
        asked = [
            ("model", model, {*models, *(profile.model for profile in profiles)}),
            ("gpu_name", gpu, {*gpus, *(profile.gpu for profile in profiles)}),
        ]
        return [
            Fault(f"{prefix}{key}", name, nearest(name, known))
            for key, name, known in asked
            if name and name not in known
        ]

    def _memory(self, name: str, prefix: str, dtype: str = "auto", kv_dtype: str = "auto") -> None:
        """A model that does not fit its GPUs, or requests longer than its context, cannot be served."""
        model = self.catalog.models().get(self.get(f"{prefix}model") or "")
        gpu = self.catalog.gpus().get(self.get(f"{prefix}gpu_name") or "")
        gpus = self.get(f"{prefix}capacity.gpus_per_replica")
        room = self._room()
        if model is None or gpu is None or room is None or gpus is None:
            return
        lengths = [float(self.get(f"workload.{side}_length.mean_tok") or 0.0) for side in ("input", "output")]
        held = in_memory(
            model, gpu, float(gpus), room, served_as=(dtype, kv_dtype), lengths_tok=(lengths[0], lengths[1])
        )
        self.faults += [Fault(f"{prefix}{f.where}", f.found, f.mend) for f in held.faults]
        if name in self.evidence:
            self.evidence[name] = replace(self.evidence[name], memory_requests=held.requests)

    def _room(self) -> tuple[float, float] | None:
        """Share of memory an engine may take, and what a GPU needs for itself; None without a sheet. [–, GB]"""
        usable, overhead = (self.catalog.default(f"memory.{key}") for key in ("usable_frac", "overhead_gb"))
        return None if usable is None or overhead is None else (float(usable.value), float(overhead.value))

    def roles(self, options: Mapping[str, OptionBase]) -> tuple[str, str]:
        """The option to beat and the one that might beat it."""
        apis = [name for name, option in options.items() if option.kind == "api"]
        own = [name for name, option in options.items() if option.kind != "api"]
        closed = [name for name in apis if not options[name].model]
        baseline = self.tree.get("baseline") or next(iter([*closed, *apis, *options]))
        rest = [name for name in [*own, *options] if name != baseline]
        challenger = self.tree.get("challenger") or (rest[0] if rest else "")
        for role, name in (
            ("baseline", baseline),
            ("challenger", challenger),
            ("hosted", self.tree.get("hosted") or HOSTED_ID),
        ):
            if name not in options and name != HOSTED_ID:
                mend = nearest(name, options) if name else "a comparison needs two options"
                self.faults.append(Fault(role, name or "only one option", mend))
        for name, option in options.items():
            to = getattr(option, "failover_to", "")
            if to and to not in apis:
                self.faults.append(Fault(f"options.{name}.failover_to", to, f"name an API: {nearest(to, apis)}"))
        if baseline == challenger:
            self.faults.append(Fault("challenger", challenger, "name another option than the baseline"))
        return baseline, challenger

    def hosted(
        self, options: dict[str, OptionBase], baseline: str, challenger: str, sections: Mapping[str, Any]
    ) -> str:
        """The API that sells the challenger's open weights, added from the sheets when the scenario has none."""
        if self.faults:
            return ""
        named = self.tree.get("hosted")
        if named:
            return str(named)
        own = [name for name in (challenger, baseline, *options) if name in options and options[name].kind != "api"]
        model = options[own[0]].model if own else ""
        apis = [name for name, option in options.items() if option.kind == "api"]
        same = [name for name in apis if model and options[name].model == model]
        if same:
            return same[0]
        sku = self._cheapest_host(model, sections) if model else None
        if sku is None or HOSTED_ID in options:
            return ""
        self.tree["options"][HOSTED_ID] = {"kind": "api", "sku": sku, "auto_added": True}
        option = self.option(HOSTED_ID, sections)
        if option is None:
            return ""
        options[HOSTED_ID] = option
        return HOSTED_ID

    def _cheapest_host(self, model: str, sections: Mapping[str, Any]) -> str | None:
        facts = self.catalog.models().get(model)
        workload = sections["workload"]
        best: tuple[float, str] | None = None
        priced = {found.sku for found in self.catalog.api_skus(self.on)}
        for sku in facts.hosted_as if facts is not None else ():
            if sku not in priced:
                continue
            price = {fact.path: fact.value for fact in self.catalog.api_price(sku, self.on)}
            mean = (
                price["price.input_usd_per_mtok"] * workload.input_length.mean_tok
                + price["price.output_usd_per_mtok"] * workload.output_length.mean_tok
            )
            best = min(best or (mean, sku), (mean, sku))
        return best[1] if best is not None else None

    def _validated(self, model: type[Input], values: Mapping[str, Any], where: str) -> Any:
        clean = {key: value for key, value in values.items() if value is not None}
        try:
            return model.model_validate(clean)
        except ValidationError as error:
            self.faults += faults_in(error, where, model)
            return None


def _ranged(fact: Fact) -> Source:
    return replace(fact.source, low=fact.low, high=fact.high)


def _leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"
