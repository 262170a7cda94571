"""
Read YAML 1.2: ``6.0e6`` and ``60e-6`` are numbers, ``no`` and ``on`` are words.

The fast C reader of PyYAML is a YAML 1.1 reader; only its word rules are replaced here.
"""

import re
from pathlib import Path
from typing import Any, ClassVar

import yaml

from tco.errors import Fault, TcoError

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """A safe loader with YAML 1.2's core schema and a check for keys said twice."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}


_RULES = [
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("tag:yaml.org,2002:int", r"^[-+]?[0-9]+$", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        "-+.0123456789",
    ),
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", "~nN\0"),
    ("tag:yaml.org,2002:timestamp", r"^\d{4}-\d{2}-\d{2}$", "0123456789"),
    ("tag:yaml.org,2002:merge", r"^<<$", "<"),
]
for _tag, _pattern, _first in _RULES:
    _Loader.add_implicit_resolver(
        _tag, re.compile(_pattern), [*_first.replace("\0", ""), *([""] if "\0" in _first else [])]
    )


def _mapping(loader: Any, node: Any) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        if key_node.tag.endswith(":merge"):
            continue
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            mark = key_node.start_mark
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice", mark)
        seen.add(key)
    loader.flatten_mapping(node)
    return {loader.construct_object(k, deep=True): loader.construct_object(v, deep=True) for k, v in node.value}


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def load(text: str, where: str) -> Any:
    """The value a YAML text holds. A fault of syntax is a TcoError that names ``where`` and the line."""
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"{where}: line {mark.line + 1}" if mark else where
        raise TcoError(Fault(line, str(error.problem), "mend the YAML at this line")) from None
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise TcoError(Fault(where, str(error).splitlines()[0], "write plain YAML 1.2")) from None


def read(path: Path) -> Any:
    """The value a YAML file holds."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise TcoError(Fault(str(path), "no such file", "check the name, or write one with `tco init`")) from None
    except IsADirectoryError:
        raise TcoError(Fault(str(path), "a folder", "name the YAML file itself")) from None
    except (UnicodeDecodeError, PermissionError) as error:
        raise TcoError(
            Fault(str(path), f"cannot be read ({error.__class__.__name__})", "save it as UTF-8 text")
        ) from None
    return load(text, str(path))
