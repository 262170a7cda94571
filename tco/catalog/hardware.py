"""Data-sheet facts of GPUs and models: one file each in ``hw_profiles/gpus`` and ``hw_profiles/models``."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from tco.catalog.yaml_files import read_folder
from tco.errors import Fault, nearest
from tco.inputs.hardware import Gpu, Model, ServingProfile


def read_gpus(folder: Path | None) -> tuple[dict[str, Gpu], list[Fault]]:
    """Every GPU by name, and every fault."""
    return read_folder(folder, "hw_profiles/gpus", Gpu, lambda gpu: gpu.gpu)


def read_models(folder: Path | None) -> tuple[dict[str, Model], list[Fault]]:
    """Every model by name, and every fault."""
    return read_folder(folder, "hw_profiles/models", Model, lambda model: model.model)


def dangling(
    models: Iterable[Model], profiles: Iterable[ServingProfile], gpus: Collection[str], skus: Collection[str]
) -> list[Fault]:
    """Names in profiles and models that lead nowhere: an unknown GPU, or a SKU that no sheet prices."""
    faults = []
    for profile in profiles:
        where = f"hw_profiles/serving/{profile.id}.yaml"
        if profile.gpu not in gpus:
            faults.append(Fault(f"{where}: gpu", profile.gpu, nearest(profile.gpu, gpus)))
    for model in models:
        faults += [
            Fault(f"hw_profiles/models: {model.model}: hosted_as", sku, nearest(sku, skus))
            for sku in model.hosted_as
            if sku not in skus
        ]
    return faults


def undescribed(models: Mapping[str, Model], profiles: Iterable[ServingProfile]) -> list[Fault]:
    """
    Profiles of models that no file describes.

    New models appear every week and may be measured before anybody writes their file, so these are no faults; but memory is
    not checked for them, no estimate can help where length mixes are few, and the name may be a slip.
    """
    found = []
    for profile in profiles:
        if profile.model not in models:
            near = nearest(profile.model, models)
            mend = "no file describes it, so memory is not checked and no estimate helps where mixes are few: "
            mend += f"add hw_profiles/models/{profile.model.replace('/', '--')}.yaml"
            mend += f"; or {near}" if near.startswith("did you mean") else ""
            found.append(Fault(f"hw_profiles/serving/{profile.id}.yaml: model", profile.model, mend))
    return found
