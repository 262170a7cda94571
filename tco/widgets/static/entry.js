// Some text: a label, a box (or several lines), names it may be completed to, its unit, a note and what to mend.
const PAUSE_MS = 350;

function render({ model, el }) {
  const id = "tco-" + Math.random().toString(36).slice(2);
  const long = model.get("lines") > 1;
  el.classList.add("tco-field", "tco-entry");
  el.innerHTML = `
    <div class="tco-field-head">
      <label for="${id}"></label>
      <button type="button" class="tco-info" aria-label="Help" aria-expanded="false">?</button>
    </div>
    <div class="tco-entry-body">
      ${long ? `<textarea id="${id}" rows="${model.get("lines")}"` : `<input type="text" id="${id}"`}
        autocomplete="off" spellcheck="false" aria-describedby="${id}-unit ${id}-note ${id}-error">${long ? "</textarea>" : ""}
      <span class="tco-unit" id="${id}-unit"></span>
      <datalist id="${id}-names"></datalist>
    </div>
    <div class="tco-help" hidden></div>
    <div class="tco-note" id="${id}-note"></div>
    <div class="tco-error" id="${id}-error" role="alert"></div>`;
  const [label, info, box, unit, names, help, note, error] =
    ["label", ".tco-info", "input, textarea", ".tco-unit", "datalist", ".tco-help", ".tco-note", ".tco-error"].map((s) => el.querySelector(s));
  for (const part of [box, info]) part.dataset.lmSuppressShortcuts = "true"; // else JupyterLab takes their keys
  let later = 0;

  function words() {
    label.textContent = model.get("label");
    label.title = box.title = help.textContent = model.get("help");
    info.setAttribute("aria-label", `About ${model.get("label")}`);
    unit.textContent = model.get("unit");
    box.placeholder = model.get("placeholder");
    names.replaceChildren(...model.get("suggestions").map((name) => {
      const option = document.createElement("option");
      option.value = name;
      return option;
    }));
    if (!long && names.children.length) box.setAttribute("list", names.id); // with a list it is a combobox
    else box.removeAttribute("list");
    note.textContent = model.get("note");
  }
  const text = () => { if (box.value !== model.get("value") && document.activeElement !== box) box.value = model.get("value"); };
  const faults = () => {
    error.textContent = model.get("error");
    box.setAttribute("aria-invalid", error.textContent ? "true" : "false");
    el.classList.toggle("tco-bad", Boolean(error.textContent));
  };
  const commit = () => {
    clearTimeout(later);
    if (box.value === model.get("value")) return;
    model.set("value", box.value);
    model.save_changes();
  };
  box.addEventListener("input", () => { clearTimeout(later); later = setTimeout(commit, PAUSE_MS); });
  box.addEventListener("change", commit);
  info.addEventListener("click", () => { help.hidden = !help.hidden; info.setAttribute("aria-expanded", String(!help.hidden)); });
  model.on("change:label change:help change:unit change:placeholder change:suggestions change:note", words);
  model.on("change:value", text);
  model.on("change:error", faults);
  words(); text(); faults();
  return () => { clearTimeout(later); model.off(null, words); model.off(null, text); model.off(null, faults); };
}

export default { render };
