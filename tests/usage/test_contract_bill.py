"""Bills under contracts, worked by hand: USD per million tokens in the sheets, terms as in contracts.csv."""

import csv
import json
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tco.catalog import Catalog
from tco.cli import main
from tco.usage import Bill, bill, import_logs, reconcile

from .conftest import NOW, price, sheets

Log = Callable[..., Path]
HEADER = (
    "provider,model,kind,meter,amount,currency,per,true_up,unit_tok_per_minute,cached_ratio,output_ratio,bought_units,"
    "min_units,step_units,excess,valid_from,valid_to,checked_on,note"
)
LISTED = [
    price("input", 2),
    price("cache_read", 1),
    price("output", 10),
    price("input", 1, tier="batch"),
    price("output", 5, tier="batch"),
    price("input", 8, limit="100000", rule="whole_request"),
    price("output", 20, limit="100000", rule="whole_request"),
]
FLAT = [
    row
    for model in ("large", "small")
    for row in (price("input", 2, model=model), price("cache_read", 1, model=model), price("output", 10, model=model),
                price("input", 1, model=model, tier="batch"), price("output", 5, model=model, tier="batch"))
]  # fmt: skip
ALWAYS = "2026-01-01,"


def term(
    kind: str, amount: float, per: str, *, model: str = "*", meter: str = "", true_up: str = "", units: str = ",,,,,,",
    days: str = ALWAYS, currency: str = "USD",
) -> str:  # fmt: skip
    """One row of contracts.csv; ``units`` are the seven cells of provisioned throughput."""
    return f"acme,{model},{kind},{meter},{amount},{currency},{per},{true_up},{units},{days},2026-01-05,secret-note"


def agreed(folder: Path, rows: list[str], *terms: str) -> Catalog:
    """A catalog of these list prices and these terms."""
    catalog = sheets(folder, rows)
    text = "\n".join([HEADER, *terms, ""])
    (folder / "data" / "price_sheets" / "contracts.csv").write_text(text, encoding="utf-8")
    return catalog


def billed(folder: Path, catalog: Catalog, path: Path, **how: object) -> Bill:
    table = import_logs(path, folder / "t.parquet", catalog=catalog, now=NOW).table_path
    return bill(table, catalog, **how)  # type: ignore[arg-type]


def charges(found: Bill) -> list[tuple[str, str, str, float]]:
    return [(one.month, one.model, one.kind, round(one.usd, 6)) for one in found.charges]


TERMS = (
    term("discount", 50, "percent", days="2026-11-01,2026-12-01"),
    term("price", 4, "1M tokens", model="large", meter="output", days="2026-11-10,"),
    term("price", 0.5, "1M tokens", model="large", meter="input", days="2026-11-20,2026-12-01"),
)


@pytest.mark.parametrize(
    ("day", "tier", "prompt", "micro"),
    [
        ("2026-10-31", "", 1000, 2800),  # the list: 800 x 2 + 200 x 1 + 100 x 10
        ("2026-11-01", "", 1000, 1400),  # half of it
        ("2026-11-10", "", 1000, 1300),  # 800 x 1 + 200 x 0.5 + 100 x 4: a negotiated price is not halved
        ("2026-11-20", "", 1000, 900),  # 800 x 0.5 + 200 x 0.5 + 100 x 4
        ("2026-12-01", "", 1000, 2200),  # without the discount: 800 x 2 + 200 x 1 + 100 x 4
        # batch is not negotiated: half of 1 and 5; its cache, which no list prints, at batch over standard of the list, 1/2 x 0.5
        ("2026-11-20", "batch", 1000, 700),  # 800 x 0.5 + 200 x 0.25 + 100 x 2.5
        # long prompts are not either: half of 8 and 20; their cache at the list's factor 8/2, not at 4/0.5
        ("2026-11-20", "", 100_200, 401_400),  # 100,000 x 4 + 200 x 0.5 x 4 + 100 x 10
    ],
)
def test_each_day_has_its_own_contract(
    tmp_path: Path, log: Log, day: str, tier: str, prompt: int, micro: float
) -> None:
    found = billed(tmp_path, agreed(tmp_path, LISTED, *TERMS), log(f"a,{day}T12:00:00Z,large,{tier},{prompt},200,100"))
    assert found.total_usd == pytest.approx(micro / 1e6, rel=1e-12)
    assert found.charges == ()


def test_a_model_s_own_discount_beats_the_vendor_s(tmp_path: Path, log: Log) -> None:
    terms = term("discount", 10, "percent"), term("discount", 25, "percent", model="large")
    path = log("a,2026-11-02T00:00:00Z,large,,1000,0,0", "b,2026-11-02T00:00:00Z,small,,1000,0,0")
    found = billed(tmp_path, agreed(tmp_path, FLAT, *terms), path)
    assert found.of_models() == pytest.approx({"acme/small": 0.0018, "acme/large": 0.0015})  # 2,000 less 10 and 25 %
    assert "acme/large, acme/small" in " ".join(found.notes)


def test_a_price_of_a_model_that_no_list_has_that_day(tmp_path: Path, log: Log) -> None:
    terms = (
        term("price", 3, "1M tokens", model="later", meter="input"),
        term("price", 6, "1M tokens", model="later", meter="output"),
    )
    rows = [price(meter, 7, model="later", start="2026-12-01") for meter in ("input", "output")]
    found = billed(tmp_path, agreed(tmp_path, rows, *terms), log("a,2026-11-02T00:00:00Z,later,,1000,0,100"))
    assert found.total_usd == pytest.approx(0.0036)  # 1,000 x 3 + 100 x 6


def test_a_price_in_euros_takes_the_rate_of_the_day(tmp_path: Path, log: Log) -> None:
    catalog = agreed(tmp_path, FLAT, term("price", 1, "1M tokens", model="large", meter="input", currency="EUR"))
    fx = tmp_path / "data" / "price_sheets" / "fx"
    fx.mkdir()
    tail = "list,A,https://bank.example,2026-11-01,hand,"
    head = "currency,usd_per_unit,on,basis,evidence,source_url,checked_on,checked_by,note"
    (fx / "fx.csv").write_text(f"{head}\nEUR,1.1,2025-01-01,{tail}\nEUR,1.2,2026-11-01,{tail}\n")
    path = log("a,2026-10-31T00:00:00Z,large,,1000,0,0", "b,2026-11-01T00:00:00Z,large,,1000,0,0")
    assert billed(tmp_path, catalog, path).total_usd == pytest.approx(0.0011 + 0.0012)


def test_the_list_alone_and_one_day_s_contract(tmp_path: Path, log: Log) -> None:
    catalog = agreed(tmp_path, LISTED, *TERMS, term("minimum", 900, "month"))
    path = log("a,2026-10-31T00:00:00Z,large,,1000,200,100", "b,2026-11-10T00:00:00Z,large,,1000,200,100")
    listed = billed(tmp_path, catalog, path, listed=True)
    assert listed.total_usd == pytest.approx(2 * 0.0028)
    assert (listed.charges, listed.pending) == ((), ())
    assert "contract" in " ".join(listed.notes)
    asked = billed(tmp_path, catalog, path, on=date(2026, 11, 1))
    assert sum(line.usd for line in asked.lines) == pytest.approx(2 * 0.0014)
    assert asked.total_usd == pytest.approx(2 * 900)


def spent(*sums: tuple[str, float], model: str = "large") -> list[str]:
    """Rows of a log whose prompts come to so many USD at 2 USD a million, in parts that one request can have."""
    rows = []
    for day, usd in sums:
        left, number = round(usd * 500_000), 0
        while left > 0:
            part = min(left, 1_000_000_000)
            rows.append(f"{model}-{day}-{number},{day}T00:00:00Z,{model},,{part},0,0")
            left, number = left - part, number + 1
    return rows


def test_the_least_bill_of_a_month_is_a_line_of_its_own(tmp_path: Path, log: Log) -> None:
    path = log(*spent(("2026-10-01", 200), ("2026-10-31", 0.002), ("2026-11-30", 600)))
    found = billed(tmp_path, agreed(tmp_path, FLAT, term("minimum", 500, "month")), path)
    assert charges(found) == [("2026-10", "*", "minimum", 299.998)]  # 500 less 200.002; 600 is more than 500
    assert found.of_months() == pytest.approx({"2026-10": 500, "2026-11": 600})
    assert sum(found.of_models().values()) == pytest.approx(found.total_usd) == pytest.approx(1_100)


def test_the_least_bill_counts_towards_what_is_committed(tmp_path: Path, log: Log) -> None:
    # used 2,000, at least 3,000 a month, 60,000 a year by the month: 1,000 and 2,000 more (METHODOLOGY 3.3)
    terms = term("minimum", 3_000, "month"), term("commitment", 60_000, "year", true_up="monthly")
    found = billed(tmp_path, agreed(tmp_path, FLAT, *terms), log(*spent(("2026-10-01", 1_000), ("2026-10-31", 1_000))))
    assert charges(found) == [("2026-10", "*", "minimum", 1_000), ("2026-10", "*", "shortfall", 2_000)]
    assert found.total_usd == pytest.approx(5_000)


YEAR = [(f"2026-{month:02d}-{28 if month == 2 else 30}", 4_000.0 if month < 7 else 12_000.0) for month in range(1, 13)]


def test_a_year_is_trued_up_by_the_month_or_at_its_end(tmp_path: Path, log: Log) -> None:
    # six months of 4,000 and six of 12,000, 120,000 committed: 6 x 6,000, or 120,000 - 96,000 in the last month
    path = log(*spent(("2026-01-01", 0.002), *YEAR))
    monthly = agreed(tmp_path / "m", FLAT, term("commitment", 120_000, "year", true_up="monthly"))
    found = billed(tmp_path, monthly, path)
    assert sum(one.usd for one in found.charges) == pytest.approx(36_000, abs=0.01)
    assert {one.kind for one in found.charges} == {"shortfall"}
    annual = agreed(tmp_path / "a", FLAT, term("commitment", 120_000, "year", true_up="annual"))
    found = billed(tmp_path, annual, path)
    assert charges(found) == [("2026-12", "*", "true_up", 23_999.998)]
    assert found.pending == ()


def test_a_year_that_is_not_over_or_not_in_the_log_is_told_and_not_charged(tmp_path: Path, log: Log) -> None:
    path = log(*spent(("2026-01-31", 4_000), ("2026-11-01", 5_000)))
    running = agreed(tmp_path / "r", FLAT, term("commitment", 120_000, "year", true_up="annual"))
    found = billed(tmp_path, running, path)
    assert found.charges == ()
    (open_one,) = found.pending
    assert (open_one.agreed_usd, open_one.used_usd) == (pytest.approx(120_000), pytest.approx(9_000))
    assert "2026-12" in open_one.why
    days = "2025-11-01,2026-11-01"
    begun = agreed(tmp_path / "b", FLAT, term("commitment", 120_000, "year", true_up="annual", days=days))
    found = billed(tmp_path, begun, path)
    assert found.charges == ()
    assert "2025-11-01" in found.pending[0].why
    assert found.pending[0].used_usd == pytest.approx(4_000)


def test_a_month_that_a_term_holds_in_part_counts_by_its_days(tmp_path: Path, log: Log) -> None:
    # 16 of October's 31 days: 310 x 16/31 = 160; the 100 of the 20th counts, the 50 of the 2nd does not
    path = log(*spent(("2026-10-02", 50), ("2026-10-20", 100), ("2026-10-31", 0.002)))
    catalog = agreed(tmp_path, FLAT, term("minimum", 310, "month", days="2026-10-16,2027-10-16"))
    assert charges(billed(tmp_path, catalog, path)) == [("2026-10", "*", "minimum", 59.998)]


def test_a_model_s_own_minimum_takes_it_out_of_the_vendor_s(tmp_path: Path, log: Log) -> None:
    terms = term("minimum", 500, "month"), term("minimum", 100, "month", model="large")
    path = log(*spent(("2026-10-01", 30), ("2026-10-31", 40)), *spent(("2026-10-15", 450), model="small"))
    found = billed(tmp_path, agreed(tmp_path, FLAT, *terms), path)
    # large has 70 of its 100; small alone 450 of the vendor's 500
    assert charges(found) == [("2026-10", "*", "minimum", 50), ("2026-10", "large", "minimum", 30)]


def test_a_term_that_a_newer_one_replaces_ends_there(tmp_path: Path, log: Log) -> None:
    terms = term("minimum", 100, "month"), term("minimum", 300, "month", days="2026-11-01,")
    found = billed(tmp_path, agreed(tmp_path, FLAT, *terms), log(*spent(("2026-10-01", 40), ("2026-11-30", 50))))
    assert charges(found) == [("2026-10", "*", "minimum", 60), ("2026-11", "*", "minimum", 250)]


def test_a_vendor_that_the_log_does_not_have_is_not_charged_but_named(tmp_path: Path, log: Log) -> None:
    other = term("minimum", 500, "month").replace("acme", "other", 1)
    found = billed(tmp_path, agreed(tmp_path, FLAT, other), log(*spent(("2026-10-01", 1), ("2026-10-31", 1))))
    assert found.charges == ()
    assert "other" in " ".join(found.notes)


def test_a_log_of_part_of_a_month_says_so(tmp_path: Path, log: Log) -> None:
    catalog = agreed(tmp_path, FLAT, term("minimum", 500, "month"))
    found = billed(tmp_path, catalog, log(*spent(("2026-10-20", 100), ("2026-11-30", 900))))
    assert charges(found) == [("2026-10", "*", "minimum", 400)]
    assert "the log begins on 2026-10-20" in " ".join(found.notes)


# 2 units of 100 weighted tokens a minute: 12,000 an hour. A request of 6,000 fresh, 2,000 cached at 0.5 and 500 out at 2: 8,000 weighted;
# by the token 6,000 x 2 + 2,000 x 1 + 500 x 10 = 19,000 millionths
REQUEST = "large,{tier},8000,2000,500"


def units(bought: str = "2", excess: str = "") -> str:
    return f"100,0.5,2,{bought},,,{excess}"


def asked(log: Log, *times: str, tier: str = "") -> Path:
    return log(*(f"{n},{time},{REQUEST.format(tier=tier)}" for n, time in enumerate(times)))


def test_units_serve_up_to_what_they_hold_and_the_rest_goes_by_the_token(tmp_path: Path, log: Log) -> None:
    # two requests in one hour: 16,000 of which 12,000 fit, a quarter is paid: 38,000 / 4; the third, alone in its hour, is free
    path = asked(log, "2026-10-01T09:10:00Z", "2026-10-01T09:50:00Z", "2026-10-31T10:00:00Z")
    terms = term("provisioned", 50, "unit-month", model="large", units=units())
    found = billed(tmp_path, agreed(tmp_path, FLAT, terms), path)
    assert charges(found) == [("2026-10", "large", "provisioned", 100)]
    assert found.total_usd == pytest.approx(100 + 0.0095)
    tok = dict.fromkeys(("standard", "provisioned"), 0.0)
    for line in found.lines:
        tok[line.service_tier] += line.quantity if line.meter != "request" else 0.0
    assert tok["standard"] == pytest.approx(17_000 / 4)
    assert tok["provisioned"] == pytest.approx(17_000 * 3 / 4 + 8_500)
    assert {line.usd for line in found.lines if line.service_tier == "provisioned"} == {0.0}
    assert found.unpriced == ()


def test_units_by_the_hour_are_paid_for_the_hours_of_the_month(tmp_path: Path, log: Log) -> None:
    path = asked(log, "2026-10-01T09:10:00Z", "2026-10-31T09:50:00Z")
    terms = term("provisioned", 0.25, "unit-hour", model="large", units=units())
    found = billed(tmp_path, agreed(tmp_path, FLAT, terms), path)
    assert found.total_usd == pytest.approx(0.25 * 2 * 744)  # 31 days of 24 hours


def test_batch_does_not_go_to_the_units_and_refused_requests_are_in_no_log(tmp_path: Path, log: Log) -> None:
    times = ["2026-10-01T09:10:00Z"] * 4
    both = agreed(tmp_path / "b", FLAT, term("provisioned", 50, "unit-month", model="large", units=units()))
    # batch at half the list: 6,000 x 1 + 2,000 x 0.5 + 500 x 5 = 9,500 each
    assert billed(tmp_path, both, asked(log, *times, tier="batch")).total_usd == pytest.approx(100 + 4 * 0.0095)
    refused = term("provisioned", 50, "unit-month", model="large", units=units(excess="refused"))
    assert billed(tmp_path, agreed(tmp_path / "r", FLAT, refused), asked(log, *times)).total_usd == pytest.approx(100)


def test_what_the_log_itself_calls_provisioned_takes_the_units_first(tmp_path: Path, log: Log) -> None:
    # 8,000 of the 12,000 are of the request that says so; of the other two 16,000 ask for the 4,000 left: 3/4 is paid
    rows = [f"{n},2026-10-01T09:00:00Z,{REQUEST.format(tier=tier)}" for n, tier in enumerate(["provisioned", "", ""])]
    terms = term("provisioned", 50, "unit-month", model="large", units=units())
    found = billed(tmp_path, agreed(tmp_path, FLAT, terms), log(*rows))
    assert sum(line.usd for line in found.lines) == pytest.approx(0.038 * 0.75)


def test_units_of_one_day_are_taken_for_all_days(tmp_path: Path, log: Log) -> None:
    days = "2026-11-01,2026-12-01"
    terms = term("provisioned", 50, "unit-month", model="large", units=units(), days=days)
    catalog = agreed(tmp_path, FLAT, terms)
    path = asked(log, "2026-10-01T09:10:00Z", "2026-10-31T10:00:00Z")
    assert billed(tmp_path, catalog, path).total_usd == pytest.approx(2 * 0.019)
    assert billed(tmp_path, catalog, path, on=date(2026, 11, 20)).total_usd == pytest.approx(100)


def test_units_of_all_models_are_shared(tmp_path: Path, log: Log) -> None:
    path = log("1,2026-10-01T09:00:00Z,large,,8000,2000,500", "2,2026-10-01T09:30:00Z,small,,8000,2000,500")
    terms = term("provisioned", 50, "unit-month", units=units())
    found = billed(tmp_path, agreed(tmp_path, FLAT, terms), path)
    assert sum(line.usd for line in found.lines) == pytest.approx(0.038 / 4)


def test_units_whose_number_is_not_told_are_listed_and_never_at_list_price(tmp_path: Path, log: Log) -> None:
    terms = term("provisioned", 50, "unit-month", model="large", units=units(bought=""))
    found = billed(tmp_path, agreed(tmp_path, FLAT, terms), asked(log, "2026-10-01T09:10:00Z"))
    assert (found.total_usd, found.lines) == (0, ())
    assert found.unpriced_frac == pytest.approx(1)
    assert all("not priced: provisioned units" in item.why for item in found.unpriced)
    assert [one.kind for one in found.pending] == ["provisioned"]


def test_a_bucket_of_a_day_does_not_tell_what_units_served(tmp_path: Path) -> None:
    page = {"object": "bucket", "start_time": 1790812800, "end_time": 1790899200, "results": [{  # 2026-10-01, UTC
        "object": "organization.usage.completions.result", "model": "large", "num_model_requests": 1, "batch": False,
        "input_tokens": 8000, "input_cached_tokens": 2000, "output_tokens": 500}]}  # fmt: skip
    path = tmp_path / "usage.json"
    path.write_text(json.dumps({"object": "page", "data": [page], "has_more": False}), encoding="utf-8")
    rows = [row.replace("acme", "openai", 1) for row in FLAT]
    terms = term("provisioned", 50, "unit-month", model="large", units=units()).replace("acme", "openai", 1)
    found = billed(tmp_path, agreed(tmp_path, rows, terms), path)
    assert [one.usd for one in found.charges] == [100]
    assert found.lines == ()
    assert all("not priced: provisioned units" in item.why for item in found.unpriced)


def test_units_count_towards_what_is_committed(tmp_path: Path, log: Log) -> None:
    terms = (
        term("provisioned", 50, "unit-month", model="large", units=units()),
        term("commitment", 1_800, "year", true_up="monthly"),
    )
    found = billed(tmp_path, agreed(tmp_path, FLAT, *terms), asked(log, "2026-10-01T09:10:00Z", "2026-10-31T09:00:00Z"))
    assert charges(found) == [("2026-10", "large", "provisioned", 100), ("2026-10", "*", "shortfall", 50)]


def data_and_log(tmp_path: Path, log: Log) -> Sequence[str]:
    terms = (
        term("minimum", 500, "month"),
        term("commitment", 120_000, "year", true_up="annual"),
        term("discount", 50, "percent"),
    )
    agreed(tmp_path, FLAT, *terms)
    path = log(*spent(("2026-10-01", 200), ("2026-10-31", 200)))
    return ["usage", "bill", str(path), "--data", str(tmp_path / "data")]


def test_what_is_handed_on_keeps_the_contract_at_home(
    tmp_path: Path, log: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    command, out = data_and_log(tmp_path, log), tmp_path / "bill.csv"
    assert main([*command, "--json", "--csv", str(out)]) == 0
    quiet = capsys.readouterr().out
    assert json.loads(quiet)["total_usd"] == pytest.approx(500)
    assert [(one["kind"], one["usd"]) for one in json.loads(quiet)["charges"]] == [("minimum", pytest.approx(300))]
    written = out.read_text(encoding="utf-8")
    for text in (quiet, written):
        assert "private contract" in text
        assert not [word for word in ("secret-note", "contracts.csv", "120000", "2026-12", "2027") if word in text]
    rows = list(csv.DictReader(out.open(encoding="utf-8", newline="")))
    assert sum(float(row["usd"] or 0) for row in rows) == pytest.approx(500)
    assert main([*command, "--json", "--csv", str(out), "--with-contracts"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["charges"][0]["where"] == "price_sheets/contracts.csv: row 2"
    assert told["charges"][0]["agreed_usd"] == pytest.approx(500)
    assert told["pending"][0]["agreed_usd"] == pytest.approx(120_000)
    assert "row 3" in out.read_text(encoding="utf-8")


def test_the_screen_tells_terms_and_the_list_can_be_seen(
    tmp_path: Path, log: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    command = data_and_log(tmp_path, log)
    assert main(list(command)) == 0
    out = capsys.readouterr().out
    assert "to the minimum" in out
    assert "300.00" in out
    assert "not in the sum" in out
    assert "annual true-up" in out
    assert main([*command, "--list-prices"]) == 0
    out = capsys.readouterr().out
    assert "400.00 USD for" in out
    assert "minimum" not in out


def test_a_gap_names_the_terms_that_are_not_in_the_sum(tmp_path: Path, log: Log) -> None:
    catalog = agreed(tmp_path, FLAT, term("commitment", 120_000, "year", true_up="annual"))
    found = billed(tmp_path, catalog, log(*spent(("2026-10-01", 200), ("2026-10-31", 200))))
    assert "annual true-up" in " ".join(reconcile(found, 10_000).hints)


@settings(max_examples=10, deadline=None)
@given(
    percent=st.floats(1, 99),
    least=st.floats(1, 5_000),
    sums=st.lists(st.tuples(st.integers(1, 31), st.floats(0.01, 500)), min_size=1, max_size=6),
)
def test_a_month_costs_the_discounted_list_or_the_least_bill(
    percent: float, least: float, sums: list[tuple[int, float]]
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        rows = spent(*((f"2026-10-{day:02d}", usd) for day, usd in sums))
        path = folder / "log.csv"
        head = "request_id,time,model,service_tier,prompt_tokens,cached_tokens,completion_tokens"
        rows = [row.replace("large-", f"{n}-", 1) for n, row in enumerate(rows)]
        path.write_text("\n".join([head, *rows, ""]), encoding="utf-8")
        catalog = agreed(folder, FLAT, term("discount", percent, "percent"), term("minimum", least, "month"))
        listed = billed(folder, catalog, path, listed=True).total_usd
        found = billed(folder, catalog, path)
        assert found.total_usd == pytest.approx(max(least, listed * (1 - percent / 100)), rel=1e-9)
