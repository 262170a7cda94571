"""
Read YAML 1.2: ``6.0e6`` and ``60e-6`` are numbers, ``no`` and ``on`` are words.

The fast C reader of PyYAML is a YAML 1.1 reader; its word rules are replaced here, and its values are built straight
from the nodes that it read, which takes half the time.
"""

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import yaml

from tco.errors import Fault, TcoError

REMEMBERED = 8192
"""How many words are remembered with what they mean: profiles say the same few over and over."""
_STR, _SEQ, _MAP = (f"tag:yaml.org,2002:{name}" for name in ("str", "seq", "map"))
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """A safe loader with YAML 1.2's core schema and a check for keys said twice."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        """The tag of a node that has none of its own; words repeat, so theirs are remembered."""
        if kind is yaml.ScalarNode:
            return _tag_of(value, implicit[0])
        return _SEQ if kind is yaml.SequenceNode else _MAP

    def construct_document(self, node: Any) -> Any:
        """The document's value: straight from its nodes, or by PyYAML's own way when it merges keys or names tags."""
        try:
            return _value(node, {})
        except (_UnusualError, RecursionError):
            return super().construct_document(node)


class _UnusualError(Exception):
    """A document that needs more of YAML than scalars, lists and mappings."""


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


def _float(text: str) -> float:
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


_MAKE: dict[str, Callable[[str], Any]] = {
    _STR: str,
    "tag:yaml.org,2002:bool": lambda text: text.lower() == "true",
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:float": _float,
    "tag:yaml.org,2002:null": lambda text: None,
    "tag:yaml.org,2002:timestamp": date.fromisoformat,
}


@lru_cache(maxsize=REMEMBERED)
def _tag_of(text: str, plain: bool) -> str:
    if plain:
        for tag, pattern in _Loader.yaml_implicit_resolvers.get(text[:1], ()):
            if pattern.match(text):
                return tag
    return _STR


@lru_cache(maxsize=REMEMBERED)
def _scalar(tag: str, text: str) -> Any:
    if tag not in _MAKE:
        raise _UnusualError
    return _MAKE[tag](text)


def _value(node: Any, done: dict[int, Any]) -> Any:
    """What a node holds; a node that several aliases share is made once."""
    if type(node) is yaml.ScalarNode:
        return _scalar(node.tag, node.value)
    if id(node) not in done:
        if node.tag == _SEQ:
            done[id(node)] = [_value(item, done) for item in node.value]
        elif node.tag == _MAP:
            done[id(node)] = _mapping_of(node, done)
        else:
            raise _UnusualError
    return done[id(node)]


def _mapping_of(node: Any, done: dict[int, Any]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        if type(key_node) is not yaml.ScalarNode:
            raise _UnusualError
        key = _scalar(key_node.tag, key_node.value)
        if key in found:
            raise _twice(key_node, key)
        found[key] = _value(value_node, done)
    return found


def _twice(node: Any, key: Any) -> yaml.MarkedYAMLError:
    return yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice", node.start_mark)


def _mapping(loader: Any, node: Any) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        if key_node.tag.endswith(":merge"):
            continue
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise _twice(key_node, key)
        seen.add(key)
    loader.flatten_mapping(node)
    return {loader.construct_object(k, deep=True): loader.construct_object(v, deep=True) for k, v in node.value}


_Loader.add_constructor(_MAP, _mapping)
for _tag, _make in _MAKE.items():
    _Loader.add_constructor(_tag, lambda loader, node, make=_make: make(loader.construct_scalar(node)))


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
