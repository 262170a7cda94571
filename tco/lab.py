"""
Behind ``tco lab``: JupyterLab on this machine with a copy of a notebook that is live when it opens.

JupyterLab never runs a notebook by itself. So: start the server, start the kernel and the notebook's session over REST,
open the address, and while the browser loads JupyterLab run the cells on that kernel, save and sign the copy; the
server holds the notebook back until then (``lab_contents``). The tracked notebook is never written.
"""

import argparse
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from tco.errors import Fault, MissingTool, TcoError
from tco.scaffold import find_notebook, notebooks

WARMING = "TCO_LAB_WARMING"
"""Environment variable that tells the server's contents manager (``lab_contents``) which file means "wait"."""
START_S = 60.0
"""How long the server, and then the kernel, may take to answer. [s]"""
CELL_S = 300
"""How long one cell may run before the notebook opens. [s]"""
STOP_S = 10.0
"""How long the server may take to stop by itself. [s]"""

_ENDINGS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]
"""The signals that ask a program to end; which there are depends on the system."""
_QUIET = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
}
_PAGE = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
_LAYOUT = {"left": {"collapsed": True}, "right": {"collapsed": True}, "relativeSizes": [0, 1, 0]}
"""The side panels folded, so that the notebook has the width; one click on an icon unfolds them."""
_DIRECTORIES = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    "IPYTHONDIR": "ipython",
}


def lab(
    notebook: str = "01_break_even", *, browser: bool = True, port: int | None = None, folder: Path | None = None
) -> int:
    """
    Open a notebook in JupyterLab, live at once, and serve it until Ctrl-C or "Shut Down" in its File menu.

    Parameters
    ----------
    notebook : str
        A notebook's name, such as ``01_break_even``, or a path to one.
    browser : bool
        Open the address in the browser; without, only print it.
    port : int, optional
        The port on 127.0.0.1; a free one when not given.
    folder : Path, optional
        The folder with the user's own sheets and profiles; the working directory when not given. The copy of the
        notebook and JupyterLab's own files live in ``.lab`` below it.

    Returns
    -------
    int
        0 when it was stopped in the usual way.

    Raises
    ------
    MissingTool
        JupyterLab is not installed.
    TcoError
        The notebook is unknown, the port is taken, the folder cannot be written, or the server did not start.
    """
    _need_jupyter()
    home = _home(folder)
    source = find_notebook(notebook, home)
    copy, kept = _working_copy(source, _lab_folder(home))
    _copy_others(source, home)
    with _stoppable(), _server(home, _free_port(port)) as server:
        url = f"{server.url}/lab/tree/{quote(copy.relative_to(home).as_posix())}?token={server.token}"
        with _held_back(server):
            kernel = _start_session(server, copy)
            print(
                *filter(None, [f"tco lab: {kept}" if kept else "", f"tco lab: open {url} (Ctrl-C stops it)"]),
                sep="\n",
                flush=True,
            )
            if browser:
                webbrowser.open(url)
            failed = bring_to_life(copy, kernel)
        print(f"tco lab: {failed or 'the notebook is live'}", flush=True)
        while server.process.poll() is None:
            time.sleep(0.2)
    return 0


@dataclass(frozen=True)
class _Server:
    """A running Jupyter server and how to speak to it."""

    process: subprocess.Popen[bytes]
    url: str
    token: str
    runtime: Path

    @property
    def warming(self) -> Path:
        """The file that is there while the cells run."""
        return self.runtime.parent / "warming"

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One REST call; what it answers, read from JSON."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/{path}", data=data, method=method)
        request.add_header("Authorization", f"token {self.token}")
        request.add_header("Content-Type", "application/json")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=START_S) as answer:
            text = answer.read()
        return json.loads(text) if text.strip() else None


def _home(folder: Path | None) -> Path:
    """The folder the kernel works in, so that the catalogue finds the user's own sheets there."""
    if folder is not None and not folder.is_dir():
        raise TcoError(Fault("--data", f"{folder} is no folder", "name one that exists, or write one with `tco init`"))
    return (folder or Path.cwd()).resolve()


def _need_jupyter() -> None:
    missing = [name for name in ("jupyterlab", "nbclient", "ipywidgets") if find_spec(name) is None]
    if missing:
        mend = 'install it with: pip install "llm-tco[notebook]" (on Windows: py -m pip install "llm-tco[notebook]")'
        raise MissingTool(Fault("tco lab", f"{', '.join(missing)} is not installed here", mend))


def _free_port(wanted: int | None) -> int:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", wanted or 0))
        except (OSError, OverflowError) as error:
            mend = "name another port, or none for a free one"
            raise TcoError(Fault("--port", f"{wanted} cannot be used ({error})", mend)) from None
        return int(probe.getsockname()[1])


def _lab_folder(home: Path) -> Path:
    """``.lab`` below the user's folder, with settings that keep JupyterLab quiet; git ignores it."""
    lab_folder = home / ".lab"
    quiet = {"overrides.json": _QUIET, "page_config.json": _PAGE}
    try:
        for name in ("app_settings", *_DIRECTORIES.values()):
            (lab_folder / ".jupyter" / name).mkdir(parents=True, exist_ok=True)
        (lab_folder / ".gitignore").write_text("*\n", encoding="utf-8")
        for name, content in quiet.items():
            (lab_folder / ".jupyter" / "app_settings" / name).write_text(json.dumps(content), encoding="utf-8")
    except OSError as error:
        found = f"cannot be written ({error.strerror or error})"
        mend = "run `tco lab` in a folder of your own, or name one with --data"
        raise TcoError(Fault(str(lab_folder), found, mend)) from None
    return lab_folder


def _working_copy(source: Path, lab_folder: Path) -> tuple[Path, str]:
    """A fresh copy of the notebook. An earlier copy that a person has edited is kept aside, and said so."""
    copy, last, kept = lab_folder / source.name, lab_folder / ".jupyter" / f"{source.name}.last", ""
    if copy.exists() and last.exists() and _cells(copy) != _cells(last):
        numbers = (f"{source.stem}-kept-{number}.ipynb" for number in range(1, sys.maxsize))
        aside = next(lab_folder / name for name in numbers if not (lab_folder / name).exists())
        copy.rename(aside)
        kept = f"your edited copy is kept as {aside}"
    for target in (copy, last):
        shutil.copyfile(source, target)
    return copy, kept


def _copy_others(source: Path, home: Path) -> None:
    """Copies of the other notebooks beside it, for links to lead to; what a person has edited stays as it is."""
    for other in notebooks(home):
        copy = home / ".lab" / other.name
        if other.name != source.name and (not copy.exists() or untouched(copy)):
            _working_copy(other, copy.parent)


def break_even_copy(scenario: Path, folder: Path | None = None) -> Path | None:
    """
    A copy of the break-even notebook, beside the others in ``.lab``, that opens a scenario; None where no ``tco lab`` runs.

    Parameters
    ----------
    scenario : Path
        A scenario's file.
    folder : Path, optional
        The folder ``tco lab`` was started in; the working directory when not given.
    """
    home = (folder or Path.cwd()).resolve()
    lab_folder = home / ".lab"
    if not (lab_folder / ".jupyter").is_dir():
        return None
    source = find_notebook("01_break_even", home)
    named = os.path.relpath(scenario.resolve(), home)
    notebook = json.loads(source.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["source"] = "".join(cell["source"]).replace("break_even()", f"break_even({named!r})")
    with TemporaryDirectory() as made:
        draft = Path(made) / f"break_even-{scenario.stem}.ipynb"
        draft.write_text(json.dumps(notebook, indent=1), encoding="utf-8")
        copy = lab_folder / draft.name
        return copy if untouched(copy) and _cells(copy) == _cells(draft) else _working_copy(draft, lab_folder)[0]


def untouched(copy: Path) -> bool:
    """Whether a notebook in ``.lab`` is one of ours as it was copied, so that its cells may run by themselves."""
    last = copy.parent / ".jupyter" / f"{copy.name}.last"
    return copy.is_file() and last.is_file() and _cells(copy) == _cells(last)


def _cells(notebook: Path) -> Any:
    """What a person wrote in a notebook: each cell's kind and text; None when it cannot be read."""
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        return [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
    except (ValueError, KeyError, TypeError):
        return None


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """Let a request to end (a closed window, a service manager) stop the server like Ctrl-C; swallow it when done."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in _ENDINGS}
    try:
        yield
    except KeyboardInterrupt:
        print("\ntco lab: stopped", flush=True)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _server(home: Path, port: int) -> Iterator[_Server]:
    """A JupyterLab server on 127.0.0.1 that answers, and is gone afterwards with every kernel it started."""
    jupyter, token = home / ".lab" / ".jupyter", secrets.token_urlsafe(24)
    environment = {**os.environ, "JUPYTER_TOKEN": token, WARMING: str(jupyter / "warming")}
    environment |= {variable: str(jupyter / name) for variable, name in _DIRECTORIES.items()}
    log = jupyter / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            _command(home, port, jupyter / "app_settings"),
            cwd=home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
    server = _Server(process, f"http://127.0.0.1:{port}", token, jupyter / "runtime")
    try:
        _await(server, log)
        yield server
    finally:
        _stop(server)


def _command(home: Path, port: int, app_settings: Path) -> list[str]:
    """The server's command line. The token goes by the environment, where other users cannot read it."""
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1"),
        *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={home}"),
        *("--ServerApp.password=", "--ServerApp.use_redirect_file=False", "--ContentsManager.allow_hidden=True"),
        "--ServerApp.contents_manager_class=tco.lab_contents.WaitingContents",
        *(f"--LabApp.app_settings_dir={app_settings}", "--LabApp.extension_manager=readonly"),
        *("--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--Application.log_level=WARN"),
    ]
    as_root = getattr(os, "geteuid", lambda: 1)() == 0
    return [*command, "--allow-root"] if as_root else command


def _await(server: _Server, log: Path) -> None:
    """Return when the server answers; say what its log says when it does not."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            server.ask("GET", "api/status")
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
    found = f"JupyterLab did not start: {' | '.join(last) or 'it said nothing'}"
    raise TcoError(Fault("tco lab", found, f"the whole log is {log}"))


@contextlib.contextmanager
def _held_back(server: _Server) -> Iterator[None]:
    """While this lasts the server hands out no notebook."""
    server.warming.touch()
    try:
        yield
    finally:
        server.warming.unlink(missing_ok=True)


def _start_session(server: _Server, copy: Path) -> str:
    """Start the notebook's kernel and session, the side panels folded; the kernel's id."""
    workspace = {"data": {"layout-restorer:data": _LAYOUT}, "metadata": {"id": "default"}}
    server.ask("PUT", "lab/api/workspaces/default", workspace)
    name = copy.relative_to(copy.parent.parent).as_posix()
    kernel = server.ask("POST", "api/kernels", {"name": "python3", "path": ""})["id"]  # works in the user's folder
    session = {"path": name, "name": copy.name, "type": "notebook", "kernel": {"id": kernel}}
    server.ask("POST", "api/sessions", session)
    return str(kernel)


def bring_to_life(copy: Path, kernel: str) -> str:
    """Run the cells of a notebook in ``.lab`` on its kernel, save and sign it; what failed, in a sentence."""
    import nbformat
    from nbformat.sign import NotebookNotary

    jupyter = copy.parent / ".jupyter"
    notebook = nbformat.read(copy, as_version=4)  # type: ignore[no-untyped-call]
    failed = _run_cells(notebook, jupyter / _DIRECTORIES["JUPYTER_RUNTIME_DIR"] / f"kernel-{kernel}.json")
    nbformat.write(notebook, copy)  # type: ignore[no-untyped-call]
    NotebookNotary(data_dir=str(jupyter / _DIRECTORIES["JUPYTER_DATA_DIR"])).sign(notebook)  # type: ignore[no-untyped-call]
    return failed


def _run_cells(notebook: Any, connection_file: Path) -> str:
    """Run every code cell on a kernel that is already there, outputs into the notebook; what failed, in a sentence."""
    from jupyter_client.asynchronous.client import AsyncKernelClient
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    client = NotebookClient(notebook, timeout=CELL_S, store_widget_state=False)
    client.kc = AsyncKernelClient(connection_file=str(connection_file))
    client.kc.load_connection_file()
    client.kc.start_channels()
    cell_number = 0
    try:
        _await_kernel(client.kc)
        for cell_number, cell in enumerate(notebook.cells, start=1):
            client.execute_cell(cell, cell_number - 1)
    except CellExecutionError as error:
        return f"cell {cell_number} failed: {error.ename}: {error.evalue}"
    except (CellTimeoutError, DeadKernelError, RuntimeError) as error:
        return f"cell {cell_number} did not finish: {error}"
    finally:
        client.kc.stop_channels()
    return ""


def _await_kernel(kernel_client: Any) -> None:
    """
    Return when the kernel answers. A kernel that is slow to start is held for dead after a second without a heartbeat: asked again.

    Raises
    ------
    RuntimeError
        It has not answered after ``START_S``.
    """
    from nbclient.util import run_sync

    until = time.monotonic() + START_S
    while True:
        try:
            run_sync(kernel_client.wait_for_ready)(timeout=max(until - time.monotonic(), 1.0))
            return
        except RuntimeError:
            if time.monotonic() >= until:
                raise
            time.sleep(0.1)


def _stop(server: _Server) -> None:
    """Ask the server to end with its kernels; insist when it does not. A second Ctrl-C does not cut this short."""
    for number in _ENDINGS:
        signal.signal(number, signal.SIG_IGN)
    if server.process.poll() is None:
        with contextlib.suppress(OSError, ValueError):
            server.ask("POST", "api/shutdown")
    for insist in (server.process.terminate, server.process.kill):
        try:
            server.process.wait(STOP_S)
            return
        except subprocess.TimeoutExpired:
            insist()
    server.process.wait(STOP_S)


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tco lab", description="Open a notebook in JupyterLab, live at once.")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument("--port", type=int, help="the port on 127.0.0.1; a free one when not given")
    add_notebook(parser)
    parser.add_argument("--data", type=Path, help="the folder with your own price sheets and profiles")
    return parser.parse_args(words)


def add_notebook(parser: argparse.ArgumentParser) -> None:
    """Which notebook: ``tco lab NAME``, or ``--notebook NAME``."""
    words = "a notebook's name, such as 02_benchmark, or a path to one (default: 01_break_even)"
    parser.add_argument("named", nargs="?", metavar="NOTEBOOK", help=words)
    parser.add_argument("--notebook", default="01_break_even", metavar="NOTEBOOK", help="the same")


def main(words: Sequence[str] | None = None) -> int:
    """``python -m tco.lab``: the same as ``tco lab``. 2 when there is something to mend."""
    told = _arguments(words)
    try:
        return lab(told.named or told.notebook, browser=not told.no_browser, port=told.port, folder=told.data)
    except TcoError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    raise SystemExit(main())
