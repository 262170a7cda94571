"""
What was used: request logs and vendors' exports to one hourly table, and from it a workload, and the bill they should have cost.

``readers`` has one file a format, ``sql`` every expression of the engine. May import inputs, catalog, model, errors and units; DuckDB
is imported when a log is first asked for.
"""

from tco.usage.billing import bill
from tco.usage.engine import Engine
from tco.usage.fitting import WorkloadFit, workload
from tco.usage.importing import Imported, import_logs
from tco.usage.lines import Bill
from tco.usage.reconciling import Reconciliation, reconcile
from tco.usage.report import Report

__all__ = [
    "Bill",
    "Engine",
    "Imported",
    "Reconciliation",
    "Report",
    "WorkloadFit",
    "bill",
    "import_logs",
    "reconcile",
    "workload",
]
