"""The screen without a browser: set a control, read the store and the words. What is shown is a function of the scenario."""

from collections.abc import Callable
from datetime import date

import pytest

from tco.catalog import Catalog
from tco.scenario import Scenario
from tco.widgets.app import BreakEvenApp
from tco.widgets.store import Store

TODAY = date(2026, 11, 20)
Control = Callable[[str], object]


@pytest.fixture
def app(catalog: Catalog) -> BreakEvenApp:
    return BreakEvenApp(Store(catalog, Scenario.read(catalog.scenarios()["support-assistant"]), TODAY))


@pytest.fixture
def control(app: BreakEvenApp) -> Control:
    by_label = {c.names.label if hasattr(c, "names") else c.reach.label: c.field for c in reversed(app.form.all)}
    return by_label.__getitem__


def numbers(app: BreakEvenApp):
    return app.outcome.case.numbers


def test_every_choice_is_taken_and_put_back(app: BreakEvenApp, control: Control) -> None:
    for label in (
        "API model",
        "Open model",
        "GPUs of one replica",
        "Rented from",
        "Same model from a host",
        "Shape of the week",
    ):
        field = control(label)
        before = field.value
        control("Time per output token, at most").value = 500  # within reach of every profile
        for key, *_ in [row for row in field.choices if row[0] != before][:2]:
            field.value = key
            assert app.store.faults == (), label
            assert field.value == key, label
        app.reset()
        assert field.value == before, label


def test_another_api_brings_its_own_prices_and_name(app: BreakEvenApp, control: Control) -> None:
    control("Answer price").value = 20.0
    assert numbers(app).options["api"].price.output_usd_per_mtok == 20.0
    control("API model").value = "anthropic/claude-opus-4-6"
    assert numbers(app).options["api"].price.output_usd_per_mtok == 25.0
    assert "Claude Opus 4.6" in app.words.html


def test_another_model_takes_its_own_host(app: BreakEvenApp, control: Control) -> None:
    control("Same model from a host").value = "groq/openai/gpt-oss-120b"
    assert numbers(app).options["hosted"].label == "gpt-oss-120b on Groq"
    control("Open model").value = "meta-llama/Llama-3.3-70B-Instruct"
    assert numbers(app).options["hosted"].model == "meta-llama/Llama-3.3-70B-Instruct"
    assert [step.effect for step in app.outcome.comparison.bridge] == ["start", "model", "hosting"]


def test_bill_and_volume_are_two_ways_to_say_the_same(app: BreakEvenApp) -> None:
    before = app.outcome.answer.at_volume
    app.form.start.value = "volume"
    assert app.outcome.answer.at_volume.requests_per_month == pytest.approx(before.requests_per_month, rel=1e-3)
    app.form.start.value = "bill"
    assert app.outcome.answer.at_volume.baseline_usd == pytest.approx(before.baseline_usd, rel=1e-3)
    app.store.change({"options.api.volume_discounts": [{"above_usd_per_month": 10_000, "price_ratio": 0.5}]})
    discounted = app.outcome.answer.at_volume
    app.form.start.value = "volume"
    app.form.start.value = "bill"
    assert app.outcome.answer.at_volume.requests_per_month == pytest.approx(discounted.requests_per_month, rel=1e-3)


def test_a_bad_value_keeps_the_outcome_and_says_why_at_the_control(app: BreakEvenApp, control: Control) -> None:
    good = app.outcome
    field = control("Requests that may wait (batch)")
    field.typed = '["3500", 1]'
    assert app.outcome is good
    assert "from 0 to 1" in field.error
    assert "last good one" in app.words.html
    field.typed = '["1,5", 2]'
    assert "decimal point" in field.error
    field.typed = '["20 %", 3]'
    assert field.error == ""
    assert numbers(app).workload.batch_frac == pytest.approx(0.2)


def test_a_service_that_nothing_meets_is_told_with_what_would_do(app: BreakEvenApp, control: Control) -> None:
    control("Time to first token, at most").value = 20.0
    assert "would do" in app.words.html
    control("Time to first token, at most").value = 2000.0
    assert app.store.faults == ()


def test_a_faulty_file_does_not_trap(app: BreakEvenApp, control: Control) -> None:
    faulty = """
    workload: {bill_usd_per_month: 1000}
    options: {big: {kind: api, sku: openai/gpt-5.4}, mine: {kind: rented, model: nope, gpu_name: H100-SXM}}
    """
    app._open(Scenario.from_yaml(faulty, "mine.yaml"))
    assert app.preset.value == ""
    assert "nope" in app.words.html
    control("Open model").value = "openai/gpt-oss-120b"
    assert app.store.faults == ()
    assert set(numbers(app).options) == {"big", "mine", "hosted"}
    app.preset.value = "support-assistant"
    assert numbers(app).challenger == "self_host"


def test_two_apis_have_no_controls_of_gpus(app: BreakEvenApp) -> None:
    two = """
    workload: {bill_usd_per_month: 1000}
    options: {a: {kind: api, sku: openai/gpt-5.4}, b: {kind: api, sku: together/openai/gpt-oss-120b}}
    """
    app._open(Scenario.from_yaml(two))
    hidden = [c.reach.label for c in app.form.all if hasattr(c, "reach") and "tco-hidden" in c.box._dom_classes]
    assert {"GPU rent", "Spare replicas", "Staging"} <= set(hidden)
    assert [step.effect for step in app.outcome.comparison.bridge] == ["start", "both"]


def test_what_is_saved_opens_the_same(app: BreakEvenApp, monkeypatch: pytest.MonkeyPatch) -> None:
    app.store.change({"as_of": None, "options.self_host.people.run_fte": 0.75})
    given: list[bytes] = []
    monkeypatch.setattr(app.download, "give", lambda name, content, media: given.append(content))
    app._save()
    again = Scenario.from_yaml(given[0].decode())
    assert again.as_of == TODAY
    assert again.get("options.self_host.people.run_fte") == 0.75
