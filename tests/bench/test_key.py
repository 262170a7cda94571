"""A server that wants a key: it comes from the environment, goes to that server alone, and is written nowhere."""

import http.server
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tco.bench import server
from tco.bench.settings import free_port
from tco.errors import TcoError

KEY = "sk-only-a-test-7f3a"
MODELS = b'{"data": [{"id": "maker/paper", "max_model_len": 4096}]}'


class Guarded(http.server.BaseHTTPRequestHandler):
    """Answers those who bear the key; /version leads to another address."""

    def do_GET(self) -> None:
        if self.path == "/version":
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{self.server.server_port}/other")  # type: ignore[attr-defined]
            self.end_headers()
            return
        heard.append((self.path, self.headers.get("Authorization")))
        self.send_response(200 if self.headers.get("Authorization") == f"Bearer {KEY}" else 401)
        self.end_headers()
        self.wfile.write(MODELS)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Quiet."""


heard: list[tuple[str, str | None]] = []


@pytest.fixture
def guarded() -> Iterator[str]:
    heard.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Guarded) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()


def test_the_key_of_the_environment_opens_it(guarded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert server.served_models(guarded) == {"maker/paper": 4096}
    assert server.reset_cache(guarded)


def test_without_a_key_or_with_another_it_says_so(guarded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(TcoError, match="answers 401; it wants a key: set OPENAI_API_KEY"):
        server.served_models(guarded)
    monkeypatch.setenv("OPENAI_API_KEY", "another")
    with pytest.raises(TcoError, match="answers 401; it does not take the key in OPENAI_API_KEY") as error:
        server.served_models(guarded)
    assert "another" not in str(error.value)
    assert not server.reset_cache(guarded)


def test_another_address_does_not_get_the_key(guarded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert server.version(guarded) is None
    assert heard == [("/other", None)]


def test_the_key_is_written_nowhere(
    run: Callable[..., Any], fake_vllm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen([str(fake_vllm), "serve", "maker/paper", "--port", str(port)], start_new_session=True)
    try:
        until = time.monotonic() + 20
        while not server.healthy(url) and time.monotonic() < until:
            time.sleep(0.05)
        ran = run(
            "bench", "maker/paper", "--gpu", "H100-SXM", "--gpus", "1", "--url", url, "--vllm", fake_vllm, "--lengths", "16x16", "--slo",
            "ttft=1s,tpot=15ms", "--quick", "--window-seconds", "1", "--concurrency", "2:2", "--cached-frac", "0", "--no-power",
            "--no-open-loop", "--state", tmp_path / "state", "--output", tmp_path / "profiles",
        )  # fmt: skip
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert ran.status == 0, ran.err
    written = [path for folder in ("state", "profiles") for path in (tmp_path / folder).rglob("*") if path.is_file()]
    assert len(written) > 3
    assert [path for path in written if KEY.encode() in path.read_bytes()] == []
    assert KEY not in ran.err + ran.out
