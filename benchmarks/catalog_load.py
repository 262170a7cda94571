"""How long all sheets and profiles take to read and check, what one scenario needs of them, and the bare reading."""

import csv
from datetime import date
from pathlib import Path

import yaml
from _timing import machine, report, timed_ms

from tco.catalog import Catalog

ROOT = Path(__file__).resolve().parents[1]
REPEATS = 15
TARGET_MS = 150
ONE_TARGET_MS = 75
ON = date(2026, 11, 20)


def unchecked() -> int:
    """The same files as bare text cells and YAML trees, with the fastest reader there is; how many things were read."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    things = 0
    for path in (ROOT / "price_sheets").rglob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            things += len(list(csv.DictReader(file)))
    for path in (ROOT / "hw_profiles").rglob("*.yaml"):
        yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
        things += 1
    return things


def checked() -> None:
    """Everything through the one door; a fault is an error of this benchmark."""
    faults = Catalog.open(ROOT).check()
    if faults:
        raise SystemExit("\n".join(map(str, faults)))


def one_scenario() -> None:
    """What a comparison of one vendor with one rented GPU asks for: all API and rental sheets, one profile of many."""
    catalog = Catalog.open(ROOT)
    catalog.api_price("openai/gpt-5.4", ON)
    catalog.rental("H100-SXM", "", ON)
    catalog.find_profiles("openai/gpt-oss-120b", "H100-SXM")
    catalog.gpu("H100-SXM")
    catalog.model("openai/gpt-oss-120b")
    catalog.defaults()
    catalog.people(catalog.roles(ON)[0], ON)


def main() -> int:
    """Time them in turn."""
    print(machine())
    checked()
    things = unchecked()
    missed = report(f"{things} rows and files, all checked", timed_ms(checked, REPEATS), TARGET_MS)
    missed |= report("what one scenario needs", timed_ms(one_scenario, REPEATS), ONE_TARGET_MS)
    report("all of it unchecked: csv.DictReader, CSafeLoader", timed_ms(unchecked, REPEATS), None)
    return missed


if __name__ == "__main__":
    raise SystemExit(main())
