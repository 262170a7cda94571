"""How long all sheets and profiles take to read with every row checked, beside reading them unchecked."""

import csv
from pathlib import Path

import yaml
from _timing import machine, report, timed_ms

from tco.catalog import Catalog

ROOT = Path(__file__).resolve().parents[1]
REPEATS = 15
TARGET_MS = 100


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


def main() -> int:
    """Time both in turn."""
    print(machine())
    checked()
    things = unchecked()
    missed = report(f"{things} rows and files, all checked", timed_ms(checked, REPEATS), TARGET_MS)
    report("the same unchecked: csv.DictReader, CSafeLoader", timed_ms(unchecked, REPEATS), None)
    return missed


if __name__ == "__main__":
    raise SystemExit(main())
