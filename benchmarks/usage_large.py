"""
A log larger than memory: Parquet rows to an hourly table and a bill, on two threads, with 1 GB for the engine.

Ten million rows unless told: `python benchmarks/usage_large.py 100000000` writes some 600 MB to the temporary folder and removes them.
"""

import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

import duckdb
from _timing import machine, report

from tco.catalog import Catalog
from tco.usage import Engine, bill, import_logs

ROOT = Path(__file__).resolve().parents[1]
USUAL_ROWS = 10_000_000
TARGET_MS_PER_ROW = 60_000 / 100_000_000
TARGET_GB = 2.0
BYTES_PER_ROW = 60
"""Room to have free on disk, with some to spare."""
ENGINE = Engine(memory="1GB", threads=2)


def written(count: int, path: Path) -> Path:
    """A month of requests of four models, as Parquet: times in order, random lengths, one in two hundred above 272,000 tokens."""
    with duckdb.connect() as database:
        database.execute("SET memory_limit = '2GB'; SET threads = 2; SET preserve_insertion_order = false")
        database.execute(
            f"""COPY (SELECT TIMESTAMP '2026-10-21' + to_microseconds(CAST(i * (2592000000000 / {count}) AS BIGINT)) AS time,
              ['gpt-5.4', 'gpt-5.4-mini', 'claude-opus-4-6', 'deepseek-flash'][1 + CAST(floor(random() * 4) AS INTEGER)] AS model,
              CASE WHEN random() < 0.02 THEN 'batch' ELSE 'standard' END AS service_tier,
              CAST(200 + random() * 4000 + CASE WHEN random() < 0.005 THEN 280000 ELSE 0 END AS BIGINT) AS prompt_tokens,
              CAST(random() * 200 AS BIGINT) AS cached_tokens, CAST(20 + random() * 800 AS BIGINT) AS completion_tokens
            FROM range({count}) AS numbers(i)) TO '{path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 500000)"""
        )
    return path


def main() -> int:
    """Write the log, then time the import with bursts and the bill; 1 when slower or larger than told."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else USUAL_ROWS
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if shutil.disk_usage(folder).free < count * BYTES_PER_ROW:
            print(f"too little room in {folder}: set TMPDIR")
            return 1
        log = written(count, folder / "log.parquet")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        catalog, start = Catalog.open(ROOT), time.perf_counter()
        table = import_logs(log, folder / "table.parquet", catalog=catalog, engine=ENGINE).table_path
        found = bill(table, catalog, engine=ENGINE)
        took = (time.perf_counter() - start) * 1000
        size, priced = log.stat().st_size / 1e9, found.total_usd
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    slow = report(f"{count:,} rows ({size:.1f} GB) to table and bill", [took], max(TARGET_MS_PER_ROW * count, 1000.0))
    print(
        f"{priced:,.2f} USD; at most {peak:.2f} GB resident in this process ({before:.2f} GB had been when the log was written)"
    )
    return max(slow, int(peak > TARGET_GB))


if __name__ == "__main__":
    raise SystemExit(main())
