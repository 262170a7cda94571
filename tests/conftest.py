"""What tests share: a clock, the shipped data, cases from trees, the command line without a shell, one Chromium."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

from tco.case import Case
from tco.catalog import Catalog
from tco.cli import main
from tco.resolve import resolve
from tco.scenario import Scenario

settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=40)
settings.load_profile("repeatable")

REPOSITORY = Path(__file__).resolve().parents[1]
TODAY = date(2026, 11, 20)
"""The clock of every test."""
NOBODY = {"run_fte": 0, "build_hours": 0, "oncall_rotations_count": 0, "incidents_per_month": 0, "swaps_per_year": 0}

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NO_COMPILER = "no C compiler here: install one (Debian: apt-get install gcc libc6-dev)"
NO_CHROMIUM = "no Chromium here: install it (Debian: apt-get install chromium)"


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    status: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The answer that ``--json`` printed, alone."""
        return json.loads(self.out)


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return Catalog.open(REPOSITORY)


@pytest.fixture(scope="session")
def case_of(catalog: Catalog) -> Callable[..., Case]:
    """A scenario's tree, with some paths changed, as a case; the clock stands at ``TODAY``."""

    def build(tree: Mapping[str, Any], changes: Mapping[str, Any] | None = None, today: date = TODAY) -> Case:
        scenario = Scenario.from_tree(tree)
        for path, value in (changes or {}).items():
            scenario = scenario.set(path, value)
        return resolve(scenario, catalog, today=today)

    return build


@pytest.fixture(scope="session")
def plain() -> dict[str, Any]:
    """
    A scenario, to be changed through ``case_of``, in which every figure is typed and easy.

    A request is 1,000 prompt tokens, the week is flat. The API takes 5.00 USD a million, so 0.005 USD a request.
    A replica carries a million requests a month for 730 USD, one is spare, and 2,000 USD a month come on top: at a
    million requests 5,000 against 3,460 USD.
    """
    return {
        "scenario": 1,
        "as_of": TODAY,
        "baseline": "api",
        "challenger": "own",
        "finance": {
            "discount_frac": 0.0,
            "wage_escalation_frac": 0.0,
            "tariff_escalation_frac": 0.0,
            "amortise_build_months": 10,
            "horizon_months": 36,
        },
        "service": {"ttft_ms": 1000, "tpot_ms": 50, "slo_percentile": 95},
        "staffing": {"loaded_usd_per_fte_year": 180000, "hours_per_fte_year": 1800},
        "workload": {
            "requests_per_month": 1e6,
            "input_length": {"mean_tok": 1000, "cv": 0},
            "output_length": {"mean_tok": 0, "cv": 0},
            "cacheable_frac": 0,
            "batch_frac": 0,
            "shape": "flat",
            "burst_ratio": 1,
        },
        "options": {
            "api": {
                "kind": "api",
                "price": {"input_usd_per_mtok": 5, "output_usd_per_mtok": 10},
                "cache_hit_frac": 0,
                "people": dict(NOBODY),
                "other_usd_per_month": 0,
                "guardrail_usd_per_mtok": 0,
                "evaluation_usd_per_month": 0,
                "gateway_usd_per_month": 0,
            },
            "own": {
                "kind": "rented",
                "capacity": {
                    "gpus_per_replica": 1,
                    "work": {
                        "prefill_s_per_tok": 2.628e-3,
                        "cached_s_per_tok": 0,
                        "decode_s_per_tok": 1e-3,
                        "context_s_per_tok2": 0,
                    },
                    "target_utilisation_frac": 1,
                    "spare_replicas": 1,
                    "spare_frac": 0,
                },
                "gpu": {"on_demand_usd_per_gpu_hour": 1},
                "cache_hit_frac": 0,
                "people": dict(NOBODY),
                "other_usd_per_month": 2000,
                "guardrail_usd_per_mtok": 0,
                "evaluation_usd_per_month": 0,
                "gateway_usd_per_month": 0,
                "addon_frac": 0,
                "staging_replica_hours_per_month": 0,
                "failover_frac": 0,
            },
        },
    }


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """A command as from a shell: ``run("compare", path, "--json")``."""

    def command(*arguments: object) -> Ran:
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as stop:
            status = int(stop.code or 0)
        printed = capsys.readouterr()
        return Ran(status, printed.out, printed.err)

    return command


# A driver's stand-in: left out where there is no C compiler, required where CI is set


@pytest.fixture(scope="session")
def fake_nvml(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for ``LD_LIBRARY_PATH`` with a scripted ``libnvidia-ml.so.1``; ``tests/fake_nvml/fake_nvml.c`` tells its script."""
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None and os.environ.get("CI"):
        pytest.fail(NO_COMPILER)
    if compiler is None:
        pytest.skip(NO_COMPILER)
    folder = tmp_path_factory.mktemp("fake_nvml")
    source = REPOSITORY / "tests" / "fake_nvml" / "fake_nvml.c"
    library = folder / "libnvidia-ml.so.1"
    flags = ["-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run([compiler, *flags, "-o", str(library), str(source), "-lm"], check=True)
    return folder


# Chromium: left out where there is none, required where CI is set


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None and os.environ.get("CI"):
        pytest.fail(NO_CHROMIUM)
    if found is None:
        pytest.skip(NO_CHROMIUM)
    return found


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()
