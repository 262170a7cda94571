"""Every field that has a unit gets a label and a value a person can read."""

import pytest

from tco.present.labels import label, shown, unit_symbol
from tco.units import UNITS


@pytest.mark.parametrize("unit", sorted(UNITS))
def test_each_unit_can_be_shown(unit):
    name = f"some_{unit}"
    assert label(name).startswith("Some")
    assert shown(name, 12_345.0)
    assert "  " not in shown(name, 0.5)


def test_a_label_leaves_the_unit_out():
    assert (label("output_usd_per_mtok"), unit_symbol("output_usd_per_mtok")) == ("Output", "USD/Mtok")
    assert label("staffing.infra_engineer_usd_per_fte_year") == "Infra engineer"


def test_a_name_without_a_unit_is_only_words():
    assert (label("api_model"), unit_symbol("api_model"), shown("api_model", 2.5)) == ("API model", "", "2.5")
