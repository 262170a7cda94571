"""The benchmark notebook as an engineer uses it: nothing here, asked, started, watched, stopped, gone on, and over to the break-even."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tco.scaffold import init

from .test_break_even import violations

pytestmark = pytest.mark.browser
SLOW_MS = 60_000
TESTS = Path(__file__).resolve().parents[1]
FAKE = TESTS / "bench" / "fake_vllm.py"


@pytest.fixture(scope="module")
def vllm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    script = tmp_path_factory.mktemp("bin") / "vllm"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{FAKE}" "$@"\n')
    script.chmod(0o755)
    return script


@pytest.fixture(scope="module")
def url(open_lab: Callable[..., object], tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("mine")
    init(folder)
    return str(open_lab("02_benchmark", "--data", str(folder)).url)


@pytest.fixture
def screen(page: Page, url: str) -> Page:
    page.goto(url)
    expect(page.locator(".tco-headline")).to_be_visible(timeout=SLOW_MS)
    page.evaluate((Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
    return page


def write(page: Page, name: str, text: str) -> None:
    """Into a box by its name; one with names to complete to is a combobox."""
    form = page.locator(".tco-form")
    box = form.get_by_role("textbox", name=name, exact=True)
    box.or_(form.get_by_role("combobox", name=name, exact=True)).first.fill(text)


def fakes() -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(entry.read_bytes().decode(errors="replace"))
        except OSError:
            continue
    return [line for line in found if str(FAKE) in line]


def test_a_result_of_another_tool_becomes_a_profile(screen: Page) -> None:
    screen.get_by_role("tab", name="Import").click()
    sample = TESTS / "bench" / "samples" / "vllm" / "serve-detailed.json"
    screen.locator(".tco-drop input[type=file]").set_input_files(sample)
    expect(screen.locator(".tco-tabs")).to_contain_text("leave out what is asked above")
    asked = screen.locator(".tco-asked")
    for name, text in (("Model", "meta-llama/Llama-3.1-8B-Instruct"), ("GPU", "H200-SXM"), ("GPUs that served", "1"),
                       ("Engine", "vllm"), ("Version of the engine", "0.32"), ("Format of the weights", "auto")):  # fmt: skip
        asked.get_by_label(name, exact=True).fill(text)
    expect(screen.locator(".tco-tabs")).to_contain_text("Llama-3.1-8B-Instruct on 1 × H200-SXM, vllm 0.32")
    assert violations(screen) == []
    screen.get_by_role("button", name="Save the profile").click()
    expect(screen.locator(".tco-tabs")).to_contain_text("Profile written to hw_profiles/serving/")


def test_asked_started_stopped_gone_on_and_over_to_the_break_even(screen: Page, vllm: Path) -> None:
    expect(screen.get_by_role("button", name="Start", exact=True)).to_be_disabled()
    write(screen, "Model", "maker/paper")
    screen.locator(".tco-form").get_by_role("combobox", name="GPU", exact=True).select_option("H200-SXM")
    screen.get_by_role("combobox", name="How thoroughly").select_option("quick")
    screen.get_by_role("combobox", name="Power from").select_option("none")
    for fold in ("More of the server", "More of the plan"):
        screen.get_by_role("button", name=fold).click()
    write(screen, "The vllm command", str(vllm))
    write(screen, "Length mixes", "16x16")
    write(screen, "Limits", "ttft=1s,tpot=15ms")
    write(screen, "Steady window", "1")
    write(screen, "Prompt found in the prefix cache", "0")
    write(screen, "First and highest load", "2:6")
    expect(screen.locator(".tco-headline")).to_contain_text("paper on 1 × H200-SXM: 1 length mix")
    screen.get_by_role("tab", name="Plan").click()
    expect(screen.locator(".tco-plan")).to_contain_text("doubled from 2 in flight")
    assert violations(screen) == []

    screen.get_by_role("button", name="Start", exact=True).click()
    expect(screen.locator(".tco-meter")).to_contain_text("tok/s", timeout=SLOW_MS)
    expect(screen.get_by_role("tab", name=re.compile(r"Runs \(\d"))).to_be_visible(timeout=SLOW_MS)
    expect(screen.get_by_role("figure", name="Output tokens a second").locator(".main-svg").first).to_be_visible()
    expect(screen.get_by_role("region", name="Finished runs")).to_contain_text("16 in, 16 out")
    assert violations(screen) == []
    screen.get_by_role("button", name="Stop", exact=True).click()
    expect(screen.locator(".tco-headline")).to_have_text("Stopped.", timeout=SLOW_MS)
    assert fakes() == []

    screen.reload()
    expect(screen.locator(".tco-headline")).to_have_text("Stopped.", timeout=SLOW_MS)
    screen.get_by_role("button", name="Go on", exact=True).click()
    expect(screen.locator(".tco-headline")).to_contain_text("is measured", timeout=SLOW_MS)
    expect(screen.locator(".tco-meter")).to_contain_text("kept")
    assert fakes() == []
    screen.evaluate((Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
    for tab in ("Runs", "Capacity", "Doubts"):
        screen.get_by_role("tab", name=tab).click()
        screen.wait_for_timeout(300)
        assert violations(screen) == [], tab

    screen.get_by_role("link", name="Use it in the break-even notebook").click()
    expect(screen.locator(".tco-headline", has_text="cheaper than GPT-5.4")).to_be_visible(timeout=SLOW_MS)
    assert len(screen.context.pages) == 1  # opened in this JupyterLab, live
