// One number: a label, a slider (logarithmic where the range is wide), a box that takes "38k" or "1.2M", its unit.
const STEPS = 1000;

function position(model, value) {
  const [low, high] = [model.get("low"), model.get("high")];
  const inside = Math.min(Math.max(value, low), high);
  if (!model.get("log")) return Math.round(((inside - low) / (high - low)) * STEPS);
  return Math.round((Math.log(Math.max(inside, low) / low) / Math.log(high / low)) * STEPS);
}

function valueAt(model, place) {
  const [low, high] = [model.get("low"), model.get("high")];
  const share = place / STEPS;
  const raw = model.get("log") ? low * Math.pow(high / low, share) : low + (high - low) * share;
  const step = model.get("step");
  if (step > 0) return Math.round(raw / step) * step;
  const digits = Math.pow(10, 2 - Math.floor(Math.log10(Math.abs(raw) || 1)));
  return Math.round(raw * digits) / digits;
}

function written(model, value) {
  if (value === null || value === undefined) return "";
  const shown = value * model.get("scale");
  const digits = Math.abs(shown) >= 1000 ? 0 : Math.abs(shown) >= 100 ? 1 : 4;
  return shown.toLocaleString("en-US", { maximumFractionDigits: Math.abs(shown) < 1 ? 6 : digits });
}

function render({ model, el }) {
  const id = "tco-" + Math.random().toString(36).slice(2);
  el.classList.add("tco-field");
  el.innerHTML = `
    <div class="tco-field-head">
      <label for="${id}-box"></label>
      <button type="button" class="tco-info" aria-label="Help">?</button>
      <button type="button" class="tco-undo" aria-label="Put back">↺</button>
    </div>
    <div class="tco-field-body">
      <input type="range" id="${id}-range" min="0" max="${STEPS}" step="1">
      <span class="tco-box"><span class="tco-prefix"></span><input type="text" id="${id}-box" inputmode="decimal"
        autocomplete="off" spellcheck="false" aria-describedby="${id}-error"><span class="tco-unit"></span></span>
    </div>
    <div class="tco-help" hidden></div>
    <div class="tco-error" id="${id}-error" role="alert"></div>`;
  const find = (selector) => el.querySelector(selector);
  const [label, info, undo, range, box, help, error] =
    ["label", ".tco-info", ".tco-undo", "input[type=range]", "input[type=text]", ".tco-help", ".tco-error"].map(find);
  let dragging = false;
  for (const part of [range, box, info, undo]) part.dataset.lmSuppressShortcuts = "true"; // else JupyterLab takes their keys

  function words() {
    const name = model.get("label");
    label.textContent = name;
    find(".tco-prefix").textContent = model.get("prefix");
    find(".tco-unit").textContent = model.get("unit").replace("/", "/\u200b"); // where it may be broken
    range.setAttribute("aria-label", name);
    undo.setAttribute("aria-label", `Put ${name} back`);
    undo.title = `Put back: ${model.get("base_text")}`;
    info.setAttribute("aria-label", `About ${name}`);
    const tip = [model.get("help"), model.get("source")].filter(Boolean).join("\n");
    label.title = box.title = range.title = tip;
    help.textContent = tip;
  }

  function figures() {
    const value = model.get("value");
    if (!dragging) range.value = position(model, value ?? model.get("low"));
    range.setAttribute("aria-valuetext", `${model.get("prefix")}${written(model, value)} ${model.get("unit")}`.trim());
    if (document.activeElement !== box) box.value = written(model, value);
    undo.style.visibility = model.get("changed") ? "visible" : "hidden";
    el.classList.toggle("tco-changed", model.get("changed"));
  }

  function faults() {
    const text = model.get("error");
    error.textContent = text;
    box.setAttribute("aria-invalid", text ? "true" : "false");
    el.classList.toggle("tco-bad", Boolean(text));
    if (!text && document.activeElement !== box) box.value = written(model, model.get("value"));
  }

  range.addEventListener("input", () => {
    dragging = true;
    const value = valueAt(model, Number(range.value));
    box.value = written(model, value);
    model.set("value", value);
    model.save_changes();
  });
  range.addEventListener("change", () => { dragging = false; });
  const commit = () => {
    if (!model.get("error") && box.value.trim() === written(model, model.get("value"))) return;
    model.set("typed", JSON.stringify([box.value, Date.now()]));
    model.save_changes();
  };
  box.addEventListener("change", commit);
  box.addEventListener("keydown", (event) => { if (event.key === "Enter") { commit(); box.select(); } else if (event.key === "Escape") { box.value = written(model, model.get("value")); } });
  box.addEventListener("blur", () => { if (!model.get("error")) figures(); });
  undo.addEventListener("click", () => model.send({ put_back: true }));
  info.addEventListener("click", () => { help.hidden = !help.hidden; info.setAttribute("aria-expanded", String(!help.hidden)); });

  const redraw = { words, figures, faults };
  model.on("change:value change:changed change:low change:high", redraw.figures);
  model.on("change:label change:help change:source change:unit change:base_text", redraw.words);
  model.on("change:error", redraw.faults);
  words(); figures(); faults();
  return () => { model.off(null, redraw.figures); model.off(null, redraw.words); model.off(null, redraw.faults); };
}

export default { render };
