"""How long `tco prices check` takes over every sheet that ships, from start to end of the process."""

from pathlib import Path

from _timing import machine, process_ms, report, tco_command, timed_ms

from tco.catalog import Catalog
from tco.catalog.edit import Sheet
from tco.catalog.lint import check

REPEATS = 15
TARGET_MS = 500
REPOSITORY = Path(__file__).resolve().parents[1]


def main() -> int:
    """Time the command as tables, as lines and as JSON, and what the notebook asks for after every edit."""
    print(machine())
    rows = sum(len(Sheet.read(path).rows) for path in Catalog.open(REPOSITORY).sheet_files().values())
    print(f"{rows:,} rows")
    missed = 0
    for words in ([], ["--plain"], ["--json"]):
        command = [*tco_command(), "prices", "check", "--data", str(REPOSITORY), *words]
        missed |= report(" ".join(["tco prices check", *words]), process_ms(command, REPEATS), TARGET_MS)
    catalog = Catalog.open(REPOSITORY)
    check(catalog)
    sheet = Sheet.read(REPOSITORY / "price_sheets" / "api" / "openai.csv")
    edited = sheet.replaced(sheet.lines[0], {**sheet.rows[0], "price": "2.4"})
    report("an edit of openai.csv checked among all the others", timed(edited, catalog), None)
    return missed


def timed(edited: Sheet, catalog: Catalog) -> list[float]:
    """How long the check after an edit takes, the other sheets being read already. [ms]"""
    return timed_ms(lambda: edited.faults(catalog), REPEATS)


if __name__ == "__main__":
    raise SystemExit(main())
