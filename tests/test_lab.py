"""`tco lab` without a browser: it never writes the tracked notebook, loses no edit, and leaves no process behind."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest

from tco import lab
from tco.errors import MissingTool, TcoError


def notebook(path: Path, code: str) -> Path:
    cells = [nbformat.v4.new_code_cell(code)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def start(folder: Path, *words: str) -> tuple[subprocess.Popen[str], str]:
    """A running `tco lab` in this folder and everything it said until its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tco.lab", "--no-browser", *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = ""
    for line in process.stdout or []:
        said += line
        if "is live" in line or "failed" in line:
            break
    return process, said


def ended(pid: int) -> bool:
    """Whether a process that is not our child is gone, within five seconds."""
    for _ in range(50):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        status = Path(f"/proc/{pid}/status")
        if status.exists() and "State:\tZ" in status.read_text(encoding="utf-8"):
            return True  # dead, and not yet buried by the process that adopted it
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_kernel_runs_in_the_users_folder_and_nothing_is_left_when_it_stops(tmp_path: Path, how: int) -> None:
    mine = tmp_path / "my figures"
    mine.mkdir()
    small = notebook(mine / "small.ipynb", "import os\nprint(os.getcwd(), os.getpid(), os.getppid())")
    before = small.read_bytes()
    process, said = start(tmp_path, "--notebook", str(small), "--data", str(mine))
    assert process.poll() is None, said
    outputs = json.loads((mine / ".lab/small.ipynb").read_text(encoding="utf-8"))["cells"][0]["outputs"]
    folder, kernel, server = re.fullmatch(r"(.*) (\d+) (\d+)\n", "".join(outputs[0]["text"])).groups()
    assert folder == str(mine)
    process.send_signal(how)
    assert process.wait(timeout=30) == 0
    assert ended(int(kernel))
    assert ended(int(server))
    assert small.read_bytes() == before


def test_the_server_wants_its_token(tmp_path: Path) -> None:
    process, said = start(tmp_path, "--notebook", str(notebook(tmp_path / "small.ipynb", "1 + 1")))
    try:
        base, token = re.search(r"(http://127\.0\.0\.1:\d+)/\S+token=(\S+)", said).groups()
        assert len(token) >= 32
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(f"{base}/api/contents")
        with urllib.request.urlopen(f"{base}/api/sessions?token={token}") as answer:
            assert [session["path"] for session in json.load(answer)] == [".lab/small.ipynb"]
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def test_a_cell_that_fails_is_said_and_the_notebook_opens_all_the_same(tmp_path: Path) -> None:
    process, said = start(tmp_path, "--notebook", str(notebook(tmp_path / "small.ipynb", "1 / 0")))
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0
    assert "cell 1 failed: ZeroDivisionError: division by zero" in said
    assert "http://127.0.0.1" in said


def test_an_edited_copy_is_kept_aside(tmp_path: Path) -> None:
    source, lab_folder = notebook(tmp_path / "small.ipynb", "1"), lab._lab_folder(tmp_path)
    assert lab._working_copy(source, lab_folder)[1] == ""
    assert lab._working_copy(source, lab_folder)[1] == ""
    notebook(lab_folder / "small.ipynb", "2")
    copy, kept = lab._working_copy(source, lab_folder)
    assert kept.endswith("small-kept-1.ipynb")
    assert lab._cells(copy) == [("code", "1")]
    assert lab._cells(lab_folder / "small-kept-1.ipynb") == [("code", "2")]


def test_the_other_notebooks_lie_beside_it_for_links_and_an_edited_one_stays(tmp_path: Path) -> None:
    source, lab_folder = lab.find_notebook("02_benchmark", tmp_path), lab._lab_folder(tmp_path)
    lab._working_copy(source, lab_folder)
    lab._copy_others(source, tmp_path)
    other = lab_folder / "01_break_even.ipynb"
    assert lab.untouched(other)
    notebook(other, "import os")
    assert not lab.untouched(other)  # no cell that a person wrote runs by itself
    lab._copy_others(source, tmp_path)
    assert lab._cells(other) == [("code", "import os")]


def test_a_notebook_opened_by_a_link_is_live_and_an_edited_one_does_not_run(tmp_path: Path) -> None:
    process, said = start(tmp_path, "02_benchmark")
    try:
        base, token = re.search(r"(http://127\.0\.0\.1:\d+)/\S+token=(\S+)", said).groups()
        notebook(tmp_path / ".lab" / "mine.ipynb", "1 / 0")
        for name in ("01_break_even", "mine"):
            with urllib.request.urlopen(f"{base}/api/contents/.lab/{name}.ipynb?token={token}") as answer:
                cells = json.load(answer)["content"]["cells"]
            assert any(cell.get("outputs") for cell in cells) == (name != "mine")
        with urllib.request.urlopen(f"{base}/api/sessions?token={token}") as answer:
            paths = sorted(session["path"] for session in json.load(answer))
        assert paths == [".lab/01_break_even.ipynb", ".lab/02_benchmark.ipynb"]
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(TcoError, match=r"--port: \d+ cannot be used .* name another port"):
            lab.lab(port=taken.getsockname()[1], folder=tmp_path, browser=False)


def test_a_server_that_does_not_start_is_said_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying = [sys.executable, "-c", "raise SystemExit('no room on the disk')"]
    monkeypatch.setattr(lab, "_command", lambda *_: dying)
    small = notebook(tmp_path / "small.ipynb", "1")
    with pytest.raises(TcoError, match=r"did not start: no room on the disk; the whole log is .*server\.log"):
        lab.lab(str(small), folder=tmp_path, browser=False)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(TcoError, match="is no folder; name one that exists"):
        lab.lab(folder=tmp_path / "none", browser=False)


def test_without_jupyterlab_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "find_spec", lambda name: None)
    with pytest.raises(MissingTool, match=re.escape('pip install "llm-tco[notebook]"')):
        lab.lab(browser=False)


def test_an_unknown_notebook_ends_with_2_and_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert lab.main(["--notebook", "01_break_evn", "--no-browser"]) == 2
    assert "did you mean 01_break_even?" in capsys.readouterr().err


def test_a_scenario_gets_a_break_even_notebook_of_its_own(tmp_path: Path) -> None:
    scenario = tmp_path / "scenarios" / "ours.yaml"
    assert lab.break_even_copy(scenario, tmp_path) is None  # no `tco lab` runs here
    lab._lab_folder(tmp_path)
    copy = lab.break_even_copy(scenario, tmp_path)
    assert copy == tmp_path.resolve() / ".lab" / "break_even-ours.ipynb"
    assert "break_even('scenarios/ours.yaml')" in str(lab._cells(copy))
    assert lab.untouched(copy)  # so that its cells run by themselves
    before = copy.stat().st_mtime_ns
    assert lab.break_even_copy(scenario, tmp_path) == copy
    assert copy.stat().st_mtime_ns == before  # one that is open is not written under JupyterLab's hands
