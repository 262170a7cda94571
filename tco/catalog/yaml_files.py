"""One checked YAML reader: a file's model is its schema, and every fault is told with file, key and mend."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from tco import yaml12
from tco.errors import Fault, TcoError
from tco.inputs.base import Input, faults_in

ModelT = TypeVar("ModelT", bound=Input)


def read_file(path: Path, where: str, model: type[ModelT], **extra: Any) -> tuple[ModelT | None, list[Fault]]:
    """
    One file as its model, or None with every fault in it.

    Parameters
    ----------
    path : Path
        The file.
    where : str
        How to name it, such as ``hw_profiles/gpus/H100-SXM.yaml``.
    model : type[ModelT]
        What it holds.
    **extra : Any
        Fields that are not in the file, such as the id taken from its name.
    """
    try:
        data = yaml12.load(path.read_text(encoding="utf-8-sig"), where)
    except TcoError as error:
        return None, list(error.faults)
    except (UnicodeDecodeError, OSError) as error:
        return None, [Fault(where, f"cannot be read ({error.__class__.__name__})", "save it as UTF-8 text")]
    if not isinstance(data, dict):
        return None, [Fault(where, "not a mapping", f"write {', '.join(list(model.model_fields)[:3])} … as keys")]
    try:
        return model.model_validate({**data, **extra}), []
    except ValidationError as error:
        return None, [Fault(f"{where}: {f.where}", f.found, f.mend) for f in faults_in(error, "", model)]


def files(folder: Path | None, name: str) -> Iterator[tuple[Path, str]]:
    """The YAML files of a folder, each with how to name it; none when there is no folder."""
    if folder is not None:
        for path in sorted(folder.glob("*.yaml")):
            yield path, f"{name}/{path.name}"


def read_folder(
    folder: Path | None, name: str, model: type[ModelT], key: Callable[[ModelT], str]
) -> tuple[dict[str, ModelT], list[Fault]]:
    """Every file of a folder by the name it gives itself, and every fault; one name in two files is a fault."""
    found: dict[str, ModelT] = {}
    homes: dict[str, str] = {}
    faults: list[Fault] = []
    for path, where in files(folder, name):
        item, wrong = read_file(path, where, model)
        faults += wrong
        if item is None:
            continue
        if key(item) in found:
            faults.append(Fault(where, f"{key(item)} is described twice", f"{homes[key(item)]} says it too; keep one"))
        found[key(item)], homes[key(item)] = item, where
    return found, faults
