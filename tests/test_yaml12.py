"""YAML 1.2 as it is written here: words that are numbers, words that are not, and faults with their line."""

from datetime import date
from math import isnan
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tco import yaml12
from tco.errors import TcoError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("6.0e6", 6_000_000.0), ("60e-6", 60e-6), ("010", 10), ("-3", -3), (".5", 0.5), (".inf", float("inf")),
        ("-.Inf", float("-inf")), ("true", True), ("False", False), ("yes", "yes"), ("on", "on"), ("~", None),
        ("null", None), ("'3'", "3"), ("1_000", "1_000"), ("12:30", "12:30"), ("2026-11-20", date(2026, 11, 20)),
        ("!!str 3", "3"), ('!!int "3"', 3),
    ],
)  # fmt: skip
def test_a_word_means_what_yaml_1_2_says(text: str, value: object) -> None:
    found = yaml12.load(f"a: {text}", "x")["a"]
    assert found == value
    assert type(found) is type(value)


def test_not_a_number_is_read_as_such() -> None:
    assert isnan(yaml12.load("a: .nan", "x")["a"])


def test_anchors_and_merges_are_followed() -> None:
    text = "base: &b {x: 1, y: 2}\nsame: *b\nmore: {<<: *b, y: 3}"
    found = yaml12.load(text, "x")
    assert found["same"] is found["base"]
    assert found["more"] == {"x": 1, "y": 3}
    assert yaml12.load("a: &a [1]\nb: [*a, *a]", "x")["b"] == [[1], [1]]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: 1\nb: 2\na: 3", "x.yaml: line 3: the key 'a' stands twice"),
        ("base: &b {x: 1}\nmore: {<<: *b, y: 3, y: 4}", "x.yaml: line 2: the key 'y' stands twice"),
        ("a: &a [*a]", "recursive"),
        ("a: 2026-13-45", "month must be in 1..12"),
        ("a: !!python/object:os.system x", "could not determine a constructor"),
        ("a: [1", "x.yaml: line 2"),
    ],
)
def test_a_fault_is_told_with_its_line(text: str, fault: str) -> None:
    with pytest.raises(TcoError) as told:
        yaml12.load(text, "x.yaml")
    assert fault in str(told.value)


WORDS = st.one_of(
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.booleans(),
    st.none(),
    st.dates(),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8),
)
TREES = st.recursive(
    WORDS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcxyz", min_size=1), inner, max_size=4)
)


@given(tree=TREES)
def test_what_was_written_is_read(tree: Any) -> None:
    assert yaml12.load(yaml.safe_dump({"tree": tree}), "x")["tree"] == tree
