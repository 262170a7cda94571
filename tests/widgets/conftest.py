"""A page with a stand-in for the notebook's model, to drive the chart's JavaScript without a notebook."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest

STUB = """
class StubModel {
  constructor(state) { this.state = state; this.heard = {}; this.sent = []; this.saved = 0; }
  get(name) { return this.state[name]; }
  set(name, value) { this.state[name] = value; }
  on(name, call) { (this.heard[name] ??= []).push(call); }
  off(name, call) { this.heard[name] = (this.heard[name] ?? []).filter((other) => other !== call); }
  save_changes() { this.saved += 1; }
  send(content, callbacks, buffers) { this.sent.push({ content, bytes: buffers?.[0]?.byteLength ?? 0,
    head: buffers ? Array.from(new Uint8Array(buffers[0]).slice(0, 8)) : [] }); }
  fire(name, value) { (this.heard[name] ?? []).forEach((call) => call(value)); }
  listeners() { return Object.values(this.heard).flat().length; }
}
const bytes = (text) => new DataView(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
const moduleOf = (text) => import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
window.start = async (state, chartText, libraryText) => {
  const begun = performance.now();
  window.library ??= (await moduleOf(libraryText)).default;
  window.chart ??= (await moduleOf(chartText)).default;
  window.model = new StubModel({ ...state, buffer: bytes(state.buffer) });
  library.initialize({ model: new StubModel({}) });
  window.stop = [chart.initialize({ model }), chart.render({ model, el: document.getElementById("cell") })];
  await drawn(1);
  return performance.now() - begun;
};
window.plot = () => document.querySelector("#cell .tco-chart-plot");
window.drawn = async (times) => {
  while (Number(plot()?.dataset.drawings ?? 0) < times) await new Promise((go) => requestAnimationFrame(go));
};
window.update = async (changes) => {
  const begun = performance.now(), next = Number(plot().dataset.drawings) + 1;
  if (changes.buffer) changes.buffer = bytes(changes.buffer);
  Object.assign(model.state, changes);
  Object.keys(changes).forEach((name) => model.fire("change:" + name));
  await drawn(next);
  return performance.now() - begun;
};
"""
STATE = ("traces", "figure_layout", "meta", "config", "palettes", "description", "width_px")


def state_of(chart: Any) -> dict[str, Any]:
    """The chart's traits as the page gets them, bytes as base64."""
    state = {name: getattr(chart, name) for name in STATE}
    return {**state, "buffer": base64.b64encode(chart.buffer).decode()}


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """An empty notebook page in JupyterLab's light theme; it fails the test when a script fails in it."""
    page = browser.new_page(viewport={"width": 1000, "height": 640})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.set_content(f'<body data-jp-theme-light="true"><div id="cell"></div><script>{STUB}</script></body>')
    yield page
    page.close()
    assert faults == []
