"""Data-sheet facts of GPUs and models: one file each in ``hw_profiles/gpus`` and ``hw_profiles/models``."""

from collections.abc import Collection, Iterable
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
    """Names in profiles and models that lead nowhere: an unknown GPU or model, or a SKU that no sheet prices."""
    known = {model.model: model for model in models}
    faults = []
    for profile in profiles:
        where = f"hw_profiles/serving/{profile.id}.yaml"
        if profile.model not in known:
            faults.append(Fault(f"{where}: model", profile.model, nearest(profile.model, known)))
        if profile.gpu not in gpus:
            faults.append(Fault(f"{where}: gpu", profile.gpu, nearest(profile.gpu, gpus)))
    for model in known.values():
        faults += [
            Fault(f"hw_profiles/models: {model.model}: hosted_as", sku, nearest(sku, skus))
            for sku in model.hosted_as
            if sku not in skus
        ]
    return faults
