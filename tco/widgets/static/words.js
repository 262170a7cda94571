// A block of words that is announced when it changes: the element stays, only its inside is replaced.
function render({ model, el }) {
  const region = document.createElement("div");
  region.className = model.get("style_class");
  if (model.get("live")) region.setAttribute("aria-live", "polite");
  if (model.get("label")) { region.setAttribute("role", "region"); region.setAttribute("aria-label", model.get("label")); }
  const draw = () => { region.innerHTML = model.get("html"); };
  model.on("change:html", draw);
  draw();
  el.append(region);
  return () => model.off("change:html", draw);
}

export default { render };
