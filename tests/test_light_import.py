"""`import tco` loads nothing heavy."""

import json
import subprocess
import sys

HEAVY = {"numpy", "pandas", "plotly", "pydantic", "ipywidgets", "vllm", "scipy", "yaml", "rich", "jupyterlab"}


def test_import_tco_loads_nothing_heavy() -> None:
    code = "import tco, sys, json; tco.__version__; dir(tco); print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert HEAVY.isdisjoint(json.loads(done.stdout))
