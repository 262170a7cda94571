// A plotly.js chart in a notebook. All that is on screen follows from the model's traits, so a reloaded page shows the
// same chart: `traces` and `figure_layout` are JSON, the traces' numbers lie in `buffer` (float64) where `meta` says.
const shared = (globalThis[Symbol.for("tco.plotly")] ??= Promise.withResolvers
  ? Promise.withResolvers()
  : (() => { const d = {}; d.promise = new Promise((resolve) => { d.resolve = resolve; }); return d; })());

const WAIT_FOR_PLOTLY_MS = 15000;
const THEME_ATTRIBUTES = ["data-jp-theme-light", "data-jp-theme-name", "data-theme", "class", "style"];

function floats(buffer) {
  if (!buffer || !buffer.byteLength) return new Float64Array(0);
  if (buffer instanceof ArrayBuffer) return new Float64Array(buffer);
  return new Float64Array(buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength));
}

function drawnFigure(model) {
  const data = structuredClone(model.get("traces"));
  const numbers = floats(model.get("buffer"));
  for (const { trace, key, offset, length } of model.get("meta").arrays ?? []) {
    data[trace][key] = numbers.slice(offset, offset + length);
  }
  return { data, layout: structuredClone(model.get("figure_layout")) };
}

// Dark or light as the page says; null where it says nothing, and the chart stays as it was drawn.
function pageIsDark() {
  const light = document.body.dataset.jpThemeLight;
  return light === "false" ? true : light === "true" ? false : null;
}

function recoloured(node, swaps) {
  if (typeof node === "string") return swaps.get(node) ?? node;
  if (Array.isArray(node)) return node.map((item) => recoloured(item, swaps));
  if (ArrayBuffer.isView(node) || node === null || typeof node !== "object") return node;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, recoloured(value, swaps)]));
}

function themed(figure, palettes) {
  const dark = pageIsDark();
  const wasDark = Boolean(figure.layout.meta?.dark);
  if (dark === null || !palettes?.light) return figure;
  const style = getComputedStyle(document.body);
  const into = { ...palettes[dark ? "dark" : "light"] };
  into.paper = style.getPropertyValue("--jp-layout-color0").trim() || into.paper;
  const from = palettes[wasDark ? "dark" : "light"];
  const swaps = new Map(Object.keys(from).map((name) => [from[name], into[name]]));
  const changed = recoloured(figure, swaps);
  const letters = style.getPropertyValue("--jp-ui-font-family").trim();
  if (letters && changed.layout.font) changed.layout.font.family = letters;
  if (letters && changed.layout.hoverlabel?.font) changed.layout.hoverlabel.font.family = letters;
  return changed;
}

async function image(Plotly, figure, request) {
  const { format, width, height, scale } = request;
  const url = await Plotly.toImage(figure, { format, width, height, scale });
  const [head, body] = [url.slice(0, url.indexOf(",")), url.slice(url.indexOf(",") + 1)];
  if (!head.endsWith("base64")) return new TextEncoder().encode(decodeURIComponent(body));
  return Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0));
}

function download(bytes, format, filename) {
  const type = format === "svg" ? "image/svg+xml" : "image/png";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes], { type }));
  link.download = filename;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function initialize({ model }) {
  const answer = async (request) => {
    if (request?.kind !== "image") return;
    try {
      const Plotly = await shared.promise;
      const bytes = await image(Plotly, request.figure ?? drawnFigure(model), request);
      if (request.filename) download(bytes, request.format, request.filename);
      model.send({ kind: "image", id: request.id }, undefined, [bytes.buffer]);
    } catch (error) {
      model.send({ kind: "image", id: request.id, error: String(error?.message ?? error) });
    }
  };
  model.on("msg:custom", answer);
  return () => model.off("msg:custom", answer);
}

function render({ model, el }) {
  const root = document.createElement("div");
  const plot = document.createElement("div");
  root.className = "tco-chart";
  plot.className = "tco-chart-plot";
  root.setAttribute("role", "figure");
  root.append(plot);
  el.append(root);

  let Plotly = null, alive = true, drawn = false, busy = false, wanted = false, resizing = 0, shownWidth = 0;

  const measure = () => {
    root.setAttribute("aria-label", model.get("description") || "Chart");
    root.style.minHeight = `${model.get("figure_layout").height ?? 0}px`;
  };

  // Changes that come together are drawn together, and never two drawings at once.
  const draw = () => {
    wanted = true;
    if (!busy) queueMicrotask(work);
  };
  const work = async () => {
    if (busy || !wanted || !Plotly || !alive || !root.clientWidth || !model.get("traces").length) return;
    busy = true;
    wanted = false;
    try {
      measure();
      const { data, layout } = themed(drawnFigure(model), model.get("palettes"));
      layout.width = shownWidth = Math.round(root.clientWidth);
      await Plotly.react(plot, data, layout, model.get("config"));
      drawn = true;
      plot.dataset.drawings = String(Number(plot.dataset.drawings ?? 0) + 1);
    } finally {
      busy = false;
      if (wanted && alive) queueMicrotask(work);
    }
  };

  const fit = () => {
    if (!alive || !root.clientWidth) return;
    const width = Math.round(root.clientWidth);
    if (Math.abs(width - model.get("width_px")) > 20) {
      model.set("width_px", width);
      model.save_changes();
    }
    if (width !== shownWidth || wanted) draw(); // wanted while it was hidden: other numbers, another theme
  };
  const sizes = new ResizeObserver(() => {
    cancelAnimationFrame(resizing);
    resizing = requestAnimationFrame(fit);
  });
  const themes = new MutationObserver(draw);
  sizes.observe(root);
  themes.observe(document.body, { attributes: true, attributeFilter: THEME_ATTRIBUTES });

  const events = "change:traces change:figure_layout change:meta change:buffer change:config".split(" ");
  events.forEach((event) => model.on(event, draw));
  model.on("change:description", measure);

  const late = setTimeout(() => {
    plot.className = "tco-chart-message";
    plot.textContent = "The chart's drawing library did not arrive: run the cell again.";
  }, WAIT_FOR_PLOTLY_MS);
  shared.promise.then((library) => {
    clearTimeout(late);
    if (!alive) return;
    plot.className = "tco-chart-plot";
    if (!drawn) plot.textContent = "";
    Plotly = library;
    draw();
  });
  measure();

  return () => {
    alive = false;
    clearTimeout(late);
    sizes.disconnect();
    themes.disconnect();
    events.forEach((event) => model.off(event, draw));
    model.off("change:description", measure);
    if (drawn) Plotly.purge(plot);
  };
}

export default { initialize, render };
