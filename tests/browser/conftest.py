"""
A real JupyterLab, started as a person starts it, and a real Chromium that tells of every request it makes.

Fixtures: ``lab_url`` (the break-even notebook, live), ``open_lab`` (any notebook), ``page`` (a fresh browser page whose
test fails when anything was asked of another machine). Without Chromium these tests skip; in CI they fail.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

expect.set_options(timeout=30_000)  # a notebook is live within seconds; a busy machine may take longer
ADDRESS = re.compile(r"open (http://127\.0\.0\.1:\d+/\S+)")


class Lab:
    """A running ``tco lab``: its process, its address, and what it printed until then."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tco.lab", "--no-browser", *words],
            cwd=folder,
            env={**os.environ, "HOME": str(folder), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said, self.url = "", ""
        for line in self.process.stdout or []:
            self.said += line
            found = ADDRESS.search(line)
            if found:
                self.url = found.group(1)
                return
        raise AssertionError(f"`tco lab` ended with {self.process.wait()}: {self.said}")

    def stop(self, how: int = signal.SIGINT) -> int:
        """Ask it to end as a person would; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(timeout=30)


@pytest.fixture(scope="module")
def open_lab(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Lab]]:
    """Start ``tco lab`` with the words given, in a new empty folder; all are stopped when the module is done."""
    started: list[Lab] = []

    def start(*words: str) -> Lab:
        started.append(Lab(tmp_path_factory.mktemp("lab"), *words))
        return started[-1]

    yield start
    for lab in started:
        lab.stop()


@pytest.fixture(scope="module")
def lab_url(open_lab: Callable[..., Lab]) -> str:
    """The break-even notebook, live."""
    return open_lab().url


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of 1280 x 800 with a profile of its own. Everything it asks for must come from this machine."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page, asked = context.new_page(), list[str]()
    context.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.set_default_timeout(30_000)
    yield page
    context.close()
    assert [url for url in asked if not _from_here(url)] == []


def _from_here(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"data", "blob", "about"} or parts.hostname == "127.0.0.1"
