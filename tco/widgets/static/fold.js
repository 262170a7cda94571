// A heading that folds the box after it, or the tabs of a page: buttons only, the boxes are ipywidgets' own.
function fold({ model, el }) {
  el.classList.add("tco-fold");
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.lmSuppressShortcuts = "true";
  const draw = () => {
    button.textContent = model.get("title");
    button.setAttribute("aria-expanded", String(model.get("expanded")));
  };
  button.addEventListener("click", () => { model.set("expanded", !model.get("expanded")); model.save_changes(); draw(); });
  model.on("change:expanded change:title", draw);
  draw();
  el.append(button);
  return () => model.off(null, draw);
}

function tabs({ model, el }) {
  el.classList.add("tco-tablist");
  el.setAttribute("role", "tablist");
  const pick = (index) => { model.set("selected", index); model.save_changes(); draw(); };
  const draw = () => {
    const titles = model.get("titles");
    while (el.children.length > titles.length) el.lastChild.remove();
    titles.forEach((title, index) => {
      let button = el.children[index];
      if (!button) {
        button = document.createElement("button");
        button.type = "button";
        button.dataset.lmSuppressShortcuts = "true";
        button.setAttribute("role", "tab");
        button.addEventListener("click", () => pick(index));
        button.addEventListener("keydown", (event) => {
          const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
          if (!step) return;
          const next = (index + step + model.get("titles").length) % model.get("titles").length;
          pick(next);
          el.children[next].focus();
        });
        el.append(button);
      }
      const chosen = model.get("selected") === index;
      button.textContent = title;
      button.setAttribute("aria-selected", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    });
  };
  model.on("change:titles change:selected", draw);
  draw();
  return () => model.off(null, draw);
}

export default { render: (context) => (context.model.get("kind") === "tabs" ? tabs(context) : fold(context)) };
