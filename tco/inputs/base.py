"""The common ground of every input: frozen, no unknown fields, no NaN, attribute docstrings are the help text."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from tco.errors import Fault, nearest

NonNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Frac = Annotated[float, Field(ge=0, le=1)]


class Input(BaseModel):
    """Frozen; an unknown key is an error; infinite and not-a-number are errors; a field's docstring is its help."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True, protected_namespaces=()
    )


ModelT = TypeVar("ModelT", bound=Input)


def inner_model(annotation: Any) -> type[Input] | None:
    """The Input class inside an annotation such as ``LongContext | None``; None when there is none."""
    if isinstance(annotation, type) and issubclass(annotation, Input):
        return annotation
    if get_origin(annotation) is not None and get_origin(annotation) not in (dict, list, tuple):
        for argument in get_args(annotation):
            found = inner_model(argument)
            if found is not None:
                return found
    return None


@cache
def partial(model: type[Input]) -> type[Input]:
    """The same model with every field optional at every depth: what a scenario may say of it."""
    fields: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        inside = inner_model(info.annotation)
        kind: Any = partial(inside) if inside is not None else info.annotation
        if inside is None:
            for rule in info.metadata:
                kind = Annotated[kind, rule]
        fields[name] = (kind | None, Field(default=None, description=info.description))
    return create_model(model.__name__, __base__=Input, __doc__=model.__doc__, **fields)


def faults_in(error: ValidationError, where: str, model: type[BaseModel]) -> list[Fault]:
    """Each of a validation's errors as a fault a finance person can mend, ``where`` before the field's path."""
    return [_fault(dict(item), where, model) for item in error.errors(include_url=False)]


def _fault(item: Mapping[str, Any], where: str, model: type[BaseModel]) -> Fault:
    loc = [str(part) for part in item["loc"]]
    context, kind, found = item.get("ctx") or {}, item["type"], item.get("input")
    path = ".".join(part for part in [where, *loc] if part)
    if kind == "extra_forbidden":
        return Fault(path, "unknown key", nearest(loc[-1], _keys_at(model, loc[:-1])))
    if kind == "missing":
        return Fault(path, "nothing", "give it a value")
    mend = _mend(kind, context, loc[-1] if loc else "", found) or str(item["msg"]).removeprefix("Value error, ")
    return Fault(path, "" if isinstance(found, dict) else repr(found), mend)


def _mend(kind: str, context: Mapping[str, Any], field: str, found: Any) -> str | None:
    if field.endswith("_frac") and kind in ("less_than_equal", "less_than") and isinstance(found, int | float):
        return f"a share is written from 0 to 1: {found / 100:g} for {found:g} %"
    if kind == "finite_number":
        return "write a finite number"
    if kind.startswith(("float_", "int_")):
        return "write a plain number such as 2.5, without a currency sign, thousands separator or decimal comma"
    limits = {
        "greater_than": ("gt", "write a number above"),
        "greater_than_equal": ("ge", "write a number of at least"),
        "less_than": ("lt", "write a number below"),
        "less_than_equal": ("le", "write a number of at most"),
    }
    if kind in limits:
        key, words = limits[kind]
        return f"{words} {context[key]:g}"
    if kind in ("model_type", "model_attributes_type"):
        return "write a group of keys such as {mean_tok: 1000, cv: 1}" if "length" in field else "write a group of keys"
    if kind == "literal_error":
        return f"write one of {context['expected']}"
    return None


def _keys_at(model: type[BaseModel] | None, loc: list[str]) -> list[str]:
    for part in loc:
        info = model.model_fields.get(part) if model is not None else None
        model = inner_model(info.annotation) if info is not None else None
    return list(model.model_fields) if model is not None else []
