"""Bills worked by hand, then against a loop over rows; sheets as in conftest: prices are USD per million tokens."""

import csv
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tco.catalog import Catalog
from tco.errors import TcoError
from tco.usage import Bill, bill, import_logs, reconcile

from .conftest import NOW, price, sheets

Log = Callable[..., Path]
WORKED = [
    # time, model, tier, prompt, cached, answer, millionths of a USD
    ("2026-10-14T23:59:59Z", "large", "", 1000, 200, 100, 2800),  # 800 x 2 + 200 x 1 + 100 x 10
    ("2026-10-15T00:00:00Z", "large", "", 1000, 200, 100, 4400),  # 800 x 4 from that day on
    ("2026-10-15T01:30:00+02:00", "large", "", 1000, 200, 100, 2800),  # 23:30 UTC of the day before
    ("2026-10-20T00:00:00Z", "large", "", 1001, 200, 100, 8808),  # above 1,000: 801 x 8 + 200 x 1 x 8/4 + 100 x 20
    ("2026-10-14T00:00:00Z", "large", "batch", 1000, 200, 100, 1400),  # 800 x 1 + 200 x 1 x 1/2 + 100 x 5
    # long and batch: batch at the factor that long prompts have, 801 x 1 x 8/2 + 200 x 1 x 1/2 x 8/2 + 100 x 5 x 20/10
    ("2026-10-14T00:00:00Z", "large", "batch", 1001, 200, 100, 4604),
    ("2026-10-14T00:00:00Z", "parted", "", 2500, 0, 100, 7100),  # 1,000 x 1 + 1,000 x 3 + 500 x 6 + 100 x 1
    ("2026-10-14T00:00:00Z", "parted", "", 2500, 500, 100, 7100),  # a cache without a price is charged as input
    ("2026-10-14T00:00:00Z", "parted", "", 1000, 500, 100, 1100),
    (
        "2026-10-19T09:00:00Z",
        "hourly",
        "",
        1000,
        0,
        100,
        503_600,
    ),  # a Monday at nine: 1,000 x 3 + 100 x 6, and half a USD
    ("2026-10-19T17:00:00Z", "hourly", "", 1000, 0, 100, 501_200),  # the window ends before 17:00
    ("2026-10-18T09:00:00Z", "hourly", "", 1000, 0, 100, 501_200),  # a Sunday
    ("2026-12-01T00:00:00Z", "later", "", 100, 0, 0, 700),
]


@pytest.mark.parametrize(("time", "model", "tier", "prompt", "cached", "answer", "micro"), WORKED)
def test_a_request_costs_what_its_own_day_tier_and_hour_say(
    tmp_path: Path,
    catalog: Catalog,
    log: Log,
    time: str,
    model: str,
    tier: str,
    prompt: int,
    cached: int,
    answer: int,
    micro: float,
) -> None:
    path = log(f"a,{time},{model},{tier},{prompt},{cached},{answer}")
    done = import_logs(path, tmp_path / "t.parquet", catalog=catalog, now=NOW)
    assert bill(done.table_path, catalog).total_usd == pytest.approx(micro / 1e6, rel=1e-12)


def test_a_bill_is_the_sum_of_its_requests_and_the_parts_beyond_a_limit_survive_the_hour(
    tmp_path: Path, catalog: Catalog, log: Log
) -> None:
    rows = [
        f"{n},{time},{model},{tier},{prompt},{cached},{answer}"
        for n, (time, model, tier, prompt, cached, answer, _) in enumerate(WORKED)
    ]
    table = import_logs(log(*rows), tmp_path / "t.parquet", catalog=catalog, now=NOW).table_path
    found = bill(table, catalog)
    assert found.total_usd == pytest.approx(sum(row[-1] for row in WORKED) / 1e6, rel=1e-12)
    assert sum(found.of_months().values()) == pytest.approx(found.total_usd)
    assert sum(found.of_models().values()) == pytest.approx(found.total_usd)
    parted = [line for line in found.lines if line.model == "parted" and line.meter == "input"]
    assert parted[0].quantity == 2500 + 2000 + 500  # what several ranges price is counted once
    assert bill(table, catalog, month="2026-12").total_usd == pytest.approx(0.0007)


def test_what_has_no_price_is_listed_with_its_share_and_never_zero(tmp_path: Path, catalog: Catalog, log: Log) -> None:
    path = log(
        "1,2026-11-30T00:00:00Z,later,,600,0,0",
        "2,2026-11-30T00:00:00Z,lagre,,300,0,0",
        "3,2026-11-30T00:00:00Z,large,priority,50,0,0",
        "4,2026-11-30T00:00:00Z,,,50,0,0",
    )
    found = bill(import_logs(path, tmp_path / "t.parquet", catalog=catalog, now=NOW).table_path, catalog)
    assert (found.total_usd, found.lines) == (0, ())
    assert found.unpriced_frac == pytest.approx(1.0)
    told = {item.model: (item.share_frac, item.why, item.mend) for item in found.unpriced}
    assert told["later"][:2] == (
        0.6,
        "acme/later has no price of input in the tier standard from 2026-11-30 to 2026-11-30",
    )
    assert told["lagre"][0] == 0.3
    assert "did you mean acme/large" in told["lagre"][2]
    assert "in the tier priority" in told["large"][1]
    assert told[""][1] == "the log names no model"


def test_all_can_be_priced_as_of_one_day(tmp_path: Path, catalog: Catalog, log: Log) -> None:
    path = log("1,2026-10-20T00:00:00Z,large,,1000,0,0")
    table = import_logs(path, tmp_path / "t.parquet", catalog=catalog, now=NOW).table_path
    assert bill(table, catalog).total_usd == pytest.approx(0.004)
    assert bill(table, catalog, on=date(2026, 10, 1)).total_usd == pytest.approx(0.002)


def test_a_contract_beats_the_list_and_is_said(tmp_path: Path, log: Log) -> None:
    rows = [price("input", 2), price("output", 10), price("input", 1, basis="contract", start="2026-11-01")]
    catalog = sheets(tmp_path, rows)
    path = log("1,2026-10-31T00:00:00Z,large,,1000,0,0", "2,2026-11-01T00:00:00Z,large,,1000,0,0")
    found = bill(import_logs(path, tmp_path / "t.parquet", catalog=catalog, now=NOW).table_path, catalog)
    assert found.total_usd == pytest.approx(0.003)
    assert "prices of your contracts are taken for acme/large" in " ".join(found.notes)


def test_other_currencies_take_the_rate_of_their_day(tmp_path: Path, log: Log) -> None:
    catalog = sheets(tmp_path, [price("input", 2, currency="EUR"), price("output", 10, currency="EUR")])
    fx = tmp_path / "data" / "price_sheets" / "fx"
    fx.mkdir()
    tail = "list,A,https://bank.example,2026-11-01,hand,"
    head = "currency,usd_per_unit,on,basis,evidence,source_url,checked_on,checked_by,note"
    (fx / "fx.csv").write_text(f"{head}\nEUR,1.1,2026-01-01,{tail}\nEUR,1.2,2026-11-01,{tail}\n")
    path = log("1,2026-10-31T00:00:00Z,large,,1000,0,0", "2,2026-11-01T00:00:00Z,large,,1000,0,0")
    found = bill(import_logs(path, tmp_path / "t.parquet", catalog=catalog, now=NOW).table_path, catalog)
    assert found.total_usd == pytest.approx(0.0022 + 0.0024)


def expected_micro(at: datetime, model: str, tier: str, prompt: int, cached: int, answer: int) -> float:
    """The same sheet, once more, by hand: one row at a time."""
    if model == "parted":
        beyond = min(max(prompt - 1000, 0), 1000) * 3 + max(prompt - 2000, 0) * 6
        return min(prompt, 1000) + beyond + answer
    if model == "hourly":
        dear = at.weekday() < 5 and 9 <= at.hour < 17
        return prompt * (3 if dear else 1) + answer * (6 if dear else 2) + 500_000
    usual = 2 if at < datetime(2026, 10, 15) else 4
    paid, read, said = (1, 1 / usual, 5) if tier == "batch" else (usual, 1, 10)
    if prompt > 1000:
        paid, read, said = paid * 8 / usual, read * 8 / usual, said * 2
    return (prompt - cached) * paid + cached * read + answer * said


ROW = st.tuples(
    st.datetimes(datetime(2026, 10, 10), datetime(2026, 10, 20)),
    st.sampled_from([("large", ""), ("large", "batch"), ("parted", ""), ("hourly", "")]),
    st.integers(1, 4000),
    st.floats(0, 1),
    st.integers(0, 500),
)


def written(folder: Path, rows: list[tuple[datetime, tuple[str, str], int, float, int]], name: str) -> Path:
    path = folder / name
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["time", "model", "service_tier", "prompt_tokens", "cached_tokens", "completion_tokens"])
        for at, (model, tier), prompt, share, answer in rows:
            out.writerow([at.isoformat(), model, tier, prompt, int(prompt * share), answer])
    return path


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, min_size=2, max_size=40))
def test_pricing_rows_and_adding_is_a_loop_over_rows_and_halves_make_the_whole(
    catalog: Catalog, rows: list[tuple[datetime, tuple[str, str], int, float, int]]
) -> None:
    wanted = sum(
        expected_micro(at, model, tier, prompt, int(prompt * share), answer)
        for at, (model, tier), prompt, share, answer in rows
    )
    with TemporaryDirectory() as name:
        folder = Path(name)
        whole = import_logs(
            written(folder, rows, "all.csv"), folder / "all.parquet", catalog=catalog, now=NOW
        ).table_path
        halves: list[Path | str] = [
            import_logs(written(folder, part, f"{n}.csv"), folder / f"{n}.parquet", catalog=catalog, now=NOW).table_path
            for n, part in enumerate((rows[::2], rows[1::2]))
        ]
        assert bill(whole, catalog).total_usd * 1e6 == pytest.approx(wanted, rel=1e-9, abs=1e-9)
        assert contents([whole]) == contents(halves)


def contents(tables: list[Path | str]) -> list[tuple[object, ...]]:
    """Hourly tables merged into one, every number of it."""
    from tco.usage import sql
    from tco.usage.billing import opened
    from tco.usage.engine import connection

    columns = [
        "hour",
        *sql.KEYS,
        "requests",
        *sql.TOKENS,
        *sql.SQUARES,
        "minute_requests",
        "ROUND(cache_read_parts, 9)",
    ]
    with connection() as database:
        opened(database, tables)
        return database.execute(f"SELECT {', '.join(columns)} FROM usage_rows ORDER BY ALL").fetchall()


def billed(tmp_path: Path, catalog: Catalog, log: Log) -> Bill:
    path = log("1,2026-10-20T00:00:00Z,large,,1000,0,0")
    return bill(import_logs(path, tmp_path / "t.parquet", catalog=catalog, now=NOW).table_path, catalog)


@pytest.mark.parametrize(
    ("invoice", "verdict"),
    [
        (0.004, "pass"),
        (0.004 / 0.98, "pass"),
        (0.004 / 1.02, "pass"),
        (0.0041, "warn"),
        (0.004 / 0.9, "warn"),
        (0.0045, "fail"),
        (0.002, "fail"),
    ],
)
def test_an_invoice_passes_warns_or_fails(
    tmp_path: Path, catalog: Catalog, log: Log, invoice: float, verdict: str
) -> None:
    held = reconcile(billed(tmp_path, catalog, log), invoice)
    assert held.verdict == verdict
    if verdict != "pass":
        assert held.unexplained_usd == pytest.approx(invoice - 0.004)
        assert held.hints
    assert ("cached tokens" in " ".join(held.hints)) == (verdict != "pass" and invoice < 0.004)


def test_a_tax_is_suspected_where_it_could_be_one(tmp_path: Path, catalog: Catalog, log: Log) -> None:
    held = reconcile(billed(tmp_path, catalog, log), 0.004 * 1.19)
    assert any(hint.startswith("tax: the invoice is 19.0 % above") for hint in held.hints)


def test_an_invoice_of_nothing_is_refused(tmp_path: Path, catalog: Catalog, log: Log) -> None:
    with pytest.raises(TcoError, match="write its total"):
        reconcile(billed(tmp_path, catalog, log), 0.0)


def test_a_table_made_under_older_sheets_says_so(tmp_path: Path, catalog: Catalog, log: Log) -> None:
    older = sheets(tmp_path / "older", [price("input", 1), price("output", 1)])
    table = import_logs(
        log("1,2026-10-20T00:00:00Z,large,,1500,0,0"), tmp_path / "t.parquet", catalog=older, now=NOW
    ).table_path
    assert "import the log again" in " ".join(bill(table, catalog).notes)


def test_what_is_no_table_of_ours_is_refused(tmp_path: Path, catalog: Catalog) -> None:
    (tmp_path / "x.parquet").write_bytes(b"PAR1")
    with pytest.raises(TcoError, match="no hourly table"):
        bill(tmp_path / "x.parquet", catalog)


def test_a_month_that_is_not_there_names_those_that_are(tmp_path: Path, catalog: Catalog, log: Log) -> None:
    table = import_logs(
        log("1,2026-10-20T00:00:00Z,large,,10,0,0"), tmp_path / "t.parquet", catalog=catalog, now=NOW
    ).table_path
    with pytest.raises(TcoError, match="2026-10"):
        bill(table, catalog, month="2026-09")


def test_less_memory_spills_and_comes_to_the_same(tmp_path: Path, catalog: Catalog) -> None:
    from tco.usage import Engine

    start = datetime(2026, 10, 1)
    rows = [(start + timedelta(seconds=37 * n), ("large", ""), 500 + n % 600, 0.3, n % 90) for n in range(20_000)]
    path = written(tmp_path, rows, "many.csv")
    one = import_logs(
        path, tmp_path / "a.parquet", catalog=catalog, now=NOW, engine=Engine(memory="200MB", spill=tmp_path)
    )
    two = import_logs(path, tmp_path / "b.parquet", catalog=catalog, now=NOW)
    assert bill(one.table_path, catalog).total_usd == pytest.approx(bill(two.table_path, catalog).total_usd, rel=1e-12)
