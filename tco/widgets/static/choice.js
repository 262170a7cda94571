// One choice among names: a label and a native select.
function render({ model, el }) {
  const id = "tco-" + Math.random().toString(36).slice(2);
  el.classList.add("tco-field", "tco-choice");
  el.innerHTML = `
    <div class="tco-field-head"><label for="${id}"></label>
      <button type="button" class="tco-undo" aria-label="Put back">↺</button></div>
    <select id="${id}" aria-describedby="${id}-note ${id}-error"></select>
    <div class="tco-note" id="${id}-note"></div>
    <div class="tco-error" id="${id}-error" role="alert"></div>`;
  const [label, undo, select, note, error] =
    ["label", ".tco-undo", "select", ".tco-note", ".tco-error"].map((s) => el.querySelector(s));
  for (const part of [select, undo]) part.dataset.lmSuppressShortcuts = "true"; // else JupyterLab takes their keys

  function draw() {
    const name = model.get("label");
    label.textContent = name;
    undo.setAttribute("aria-label", `Put ${name} back`);
    select.title = label.title = [model.get("help"), model.get("source")].filter(Boolean).join("\n");
    undo.style.visibility = model.get("changed") ? "visible" : "hidden";
    el.classList.toggle("tco-changed", model.get("changed"));
    note.textContent = model.get("note");
    error.textContent = model.get("error");
  }

  function fill() {
    select.replaceChildren();
    let group = null;
    for (const [key, text, heading] of model.get("choices")) {
      if (heading && (!group || group.label !== heading)) {
        group = document.createElement("optgroup");
        group.label = heading;
        select.append(group);
      }
      const option = document.createElement("option");
      option.value = key;
      option.textContent = text;
      (heading ? group : select).append(option);
    }
    select.value = model.get("value");
  }

  const pick = () => { select.value = model.get("value"); };
  select.addEventListener("change", () => { model.set("value", select.value); model.save_changes(); });
  undo.addEventListener("click", () => model.send({ put_back: true }));
  model.on("change:value", pick);
  model.on("change:choices", fill);
  model.on("change:label change:help change:source change:changed change:note change:error", draw);
  fill(); draw();
  return () => { model.off(null, pick); model.off(null, fill); model.off(null, draw); };
}

export default { render };
