"""Own GPUs on the screen: rented or bought, any fleet, any GPU, with the estimate's doubt in words."""

from collections.abc import Callable
from datetime import date

import pytest

from tco.catalog import Catalog
from tco.options import option_kinds
from tco.present.lines import grouped
from tco.scenario import Scenario
from tco.widgets.app import BreakEvenApp
from tco.widgets.fields import Choice, Field
from tco.widgets.own_choices import as_kind
from tco.widgets.store import Store

TODAY = date(2026, 11, 20)
Control = Callable[[str], Choice | Field]


@pytest.fixture
def app(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> BreakEvenApp:
    """The screen, its pages drawn at once instead of after a rest."""
    monkeypatch.setattr(BreakEvenApp, "_draw_rest_soon", BreakEvenApp._draw_rest)
    return BreakEvenApp(Store(catalog, Scenario.read(catalog.scenarios()["support-assistant"]), TODAY))


@pytest.fixture
def control(app: BreakEvenApp) -> Control:
    by_label = {c.names.label if hasattr(c, "names") else c.reach.label: c for c in reversed(app.form.all)}
    return lambda label: by_label[label].field


def seen(app: BreakEvenApp) -> set[str]:
    """Labels of the controls that are not hidden."""
    return {c.field.label for c in app.form.all if "tco-hidden" not in c.box._dom_classes}


def own(app: BreakEvenApp):
    return app.outcome.case.numbers.options["self_host"]


def open_page(app: BreakEvenApp, title: str) -> None:
    app.under.tabs.selected = list(app.under.pages).index(title)


def test_switching_keeps_what_both_have_and_drops_the_rest() -> None:
    rented = {
        "kind": "rented", "label": "mine", "model": "m", "gpu_name": "g", "fleet": "autoscaled", "deferrable": "on_spot",
        "gpu": {"provider": "p"}, "capacity": {"spare_replicas": 2}, "people": {"run_fte": 1},
    }  # fmt: skip
    bought = {
        "kind": "owned",
        "model": "m",
        "gpu_name": "g",
        "capacity": {"spare_replicas": 2},
        "people": {"run_fte": 1},
    }
    assert as_kind(rented, "owned") == bought
    assert as_kind({**bought, "site": {"pue": 1.3}, "life_months": 48}, "rented") == {**bought, "kind": "rented"}


def test_every_switch_is_a_scenario(app: BreakEvenApp, control: Control) -> None:
    control("Fleet").value = "autoscaled"
    control("The GPUs are").value = "owned"
    assert app.store.faults == ()
    assert own(app).kind == "owned"
    assert {"Server", "Region", "Electricity is", "Economic life", "Price of a server"} <= seen(app)
    assert not {"Fleet", "Rented from", "GPU rent", "Reserved for"} & seen(app)
    control("The GPUs are").value = "rented"
    assert own(app).fleet == "fixed"  # what only rented GPUs have is looked up anew
    assert "Server" not in seen(app)


def test_the_kind_is_put_back_with_what_it_said(app: BreakEvenApp, control: Control) -> None:
    app.store.change({"options.self_host.gpu.provider": "runpod-secure", "options.self_host.people.run_fte": 0.7})
    app.store.open(app.store.scenario)
    control("The GPUs are").value = "owned"
    app.store.change({"options.self_host.people.run_fte": 0.9})
    kind = next(c for c in app.form.all if c.field is control("The GPUs are"))
    kind._message(None, {"put_back": True}, [])
    assert (own(app).kind, own(app).gpu.provider, own(app).people.run_fte) == ("rented", "runpod-secure", 0.9)


@pytest.mark.parametrize("fleet", ["fixed", "reserved", "autoscaled", "reserved_and_burst"])
def test_every_fleet_is_answered_and_drawn(app: BreakEvenApp, control: Control, fleet: str) -> None:
    control("API bill for tokens").value = 900_000.0
    open_page(app, "Capacity")
    control("Fleet").value = fleet
    assert (app.store.faults, own(app).fleet) == ((), fleet)
    assert ("Reserved for" in seen(app)) == fleet.startswith("reserved")
    assert ("Start of a GPU" in seen(app)) == (fleet in ("autoscaled", "reserved_and_burst"))
    names = [trace["name"] for trace in app.under.week.traces]
    assert names == ["at work", "paid for", "kept all week"]
    assert "replicas, by hour of the week" in str(app.under.week.figure_layout)
    assert ("Starts a week" in app.under.capacity.html) == (fleet in ("autoscaled", "reserved_and_burst"))


@pytest.mark.parametrize("kind", sorted(kind for kind in option_kinds() if kind != "api"))
@pytest.mark.parametrize("waiting", ["as_it_comes", "in_valleys", "on_spot"])
def test_requests_that_may_wait(app: BreakEvenApp, control: Control, kind: str, waiting: str) -> None:
    control("The GPUs are").value = kind
    control("Requests that may wait (batch)").value = 0.4
    choice = control("Requests that may wait are served")
    if waiting in [key for key, *_ in choice.choices]:
        choice.value = waiting
        assert (app.store.faults, own(app).deferrable) == ((), waiting)
    else:
        assert (kind, waiting) == ("owned", "on_spot")


def test_every_gpu_may_be_taken_and_says_what_it_lacks(app: BreakEvenApp, control: Control) -> None:
    gpus = control("GPUs of one replica")
    headings = {heading for _, _, heading in gpus.choices}
    assert headings == {"Measured or published", "ESTIMATED from data sheets"}
    assert {key.partition(":")[2] for key, *_ in gpus.choices} == set(app.store.catalog.gpus())
    gpus.value = ":L40S"
    assert app.store.faults == ()
    assert (own(app).gpu_name, gpus.value) == ("L40S", ":L40S")
    control("Open model").value = "moonshotai/Kimi-K2-Instruct"
    gpus.value = ":L4"  # 8 x 24 GB do not hold a thousand billion parameters
    assert gpus.value == ":L4"
    assert "GB" in gpus.error
    assert "last good one" in app.words.html
    gpus.value = ":B200-SXM"
    assert (app.store.faults, own(app).gpu_name) == ((), "B200-SXM")


def test_an_estimate_wears_its_badge_and_its_doubt(app: BreakEvenApp, control: Control) -> None:
    control("GPUs of one replica").value = ":L40S"
    assert ">ESTIMATED</span>" in app.doubt.html
    assert "in eight of ten cases the break-even lies between" in app.doubt.html
    low, high = app.outcome.case.evidence["self_host"].interval
    assert low < 1 < high
    control("API model").value = "google/gemini-2.5-flash"
    assert "never cheaper" in app.doubt.html or "lies between" in app.doubt.html or "windows" in app.doubt.html


def test_a_model_nobody_measured_stays_on_its_gpu(app: BreakEvenApp, control: Control) -> None:
    control("Open model").value = "meta-llama/Llama-4-Scout-17B-16E-Instruct"
    assert app.store.faults == ()
    assert own(app).gpu_name == "H100-SXM"
    assert "700 million monthly users" in control("Open model").note
    control("Open model").value = "openai/gpt-oss-120b"
    assert control("Open model").note == ""


def test_a_gpu_in_no_server_is_told_at_the_control(app: BreakEvenApp, control: Control) -> None:
    control("GPUs of one replica").value = ":RTX-5090"
    control("The GPUs are").value = "owned"
    assert "not in price_sheets/hardware" in control("GPUs of one replica").error
    control("The GPUs are").value = "rented"
    assert app.store.faults == ()


def test_regions_and_billing_of_what_is_bought(app: BreakEvenApp, control: Control) -> None:
    control("The GPUs are").value = "owned"
    before = own(app).site
    control("Electricity is").value = "all_in"
    assert (app.store.faults, own(app).site.power_billing) == ((), "all_in")
    control("Electricity is").value = "metered"
    control("Region").value = "eu-germany"
    assert own(app).site.electricity_usd_per_kwh > before.electricity_usd_per_kwh
    assert "Worth owning" not in app.under.capacity.html  # a page that is not open is not worked out
    open_page(app, "Capacity")
    for words in ("Present value", "Worth owning", "kWh a month", "Carbon dioxide of one request"):
        assert words in app.under.capacity.html


def test_a_service_level_sets_three_limits(app: BreakEvenApp, control: Control) -> None:
    level = control("Service level")
    assert level.value == "chat"
    level.value = "mlperf-llama2-70b-server"
    service = app.outcome.case.numbers.service
    assert (service.ttft_ms, service.tpot_ms, service.slo_percentile) == (2000, 200, 99)
    assert app.outcome.case.sources["service.tpot_ms"].where.endswith("mlperf-llama2-70b-server.yaml")
    control("Time per output token, at most").value = 120.0
    assert level.value == "own"
    assert ["own", "limits of your own", ""] in level.choices


def test_times_of_both_sides_stand_beside_the_limits(app: BreakEvenApp, control: Control) -> None:
    open_page(app, "Service level")
    assert app.under.served.html.count("not known: measure it") == 2  # both APIs
    control("API's time to first token, as you measured it").value = 2500.0
    assert "2,500\u00a0ms (over)" in app.under.served.html
    assert "typed by you" in app.under.served.html


@pytest.mark.parametrize("kind", ["rented", "owned"])
def test_a_gpu_is_taken_from_the_ranking(app: BreakEvenApp, control: Control, kind: str) -> None:
    assert app.under.gpus.rows == []  # worked out when the tab is opened
    control("The GPUs are").value = kind
    open_page(app, "GPUs")
    rows = app.under.gpus.rows
    assert [row["key"] for row in rows if row["chosen"]] == ["2:H100-SXM"]
    by_key = {row["key"]: row["cells"] for row in rows}
    assert by_key[":L40S"][1].startswith("ESTIMATED")
    assert by_key["2:H100-SXM"][1] != "ESTIMATED"
    app.under.gpus._handle_custom_msg({"pick": ":L40S"}, [])
    assert (app.store.faults, own(app).gpu_name, own(app).kind) == ((), "L40S", kind)
    assert [row["key"] for row in app.under.gpus.rows if row["chosen"]] == [":L40S"]


def test_two_apis_have_nothing_to_rank(app: BreakEvenApp) -> None:
    two = """
    workload: {bill_usd_per_month: 1000}
    options: {a: {kind: api, sku: openai/gpt-5.4}, b: {kind: api, sku: openai/gpt-4.1}}
    """
    open_page(app, "GPUs")
    app._open(Scenario.from_yaml(two))
    assert "no open-weight model" in app.under.ranked.html
    open_page(app, "Capacity")
    assert "No option here runs on GPUs" in app.under.capacity.html
    assert not {"The GPUs are", "Open model", "Fleet"} & seen(app)


def test_the_cost_lines_add_up_in_groups(app: BreakEvenApp, control: Control) -> None:
    control("The GPUs are").value = "owned"
    open_page(app, "Cost lines")
    html = app.under.every_line.html
    for words in (
        "energy and space",
        "hardware, at the cost of capital",
        "space (colocation)",
        "rise of wages",
        "people",
    ):
        assert words in html
    for option in app.outcome.comparison.options:
        total = sum(sum(lines.values()) for lines in grouped(option.lines_usd).values())
        assert total == pytest.approx(option.usd_per_month)
