// Proposed prices: ours beside each source's, a button at each figure that differs, and one to refuse the row.
function made(tag, attributes = {}, ...inside) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") node.className = value;
    else node.setAttribute(name, value);
  }
  node.append(...inside.filter((part) => part !== null && part !== undefined));
  return node;
}

function render({ model, el }) {
  el.classList.add("tco-page");
  const region = made("div", { class: "tco-scroll tco-proposals", tabindex: "0", role: "region", "data-lm-suppress-shortcuts": "true" });
  const table = made("table");
  region.append(table);
  el.append(region);

  function button(id, text, label, content) {
    const node = made("button", { type: "button", "data-lm-suppress-shortcuts": "true", "aria-label": label, "data-id": id + JSON.stringify(content) }, text);
    node.addEventListener("click", () => model.send(content));
    return node;
  }

  function line({ id, name, ours, ours_row, figures, state, page, taken }) {
    const cells = figures.map(({ source, text, take, differs }) => {
      const mark = differs ? made("span", { class: "tco-differs", title: "not what we have" }, "≠ ") : null;
      const node = made("td", { class: "num" }, mark, text);
      if (taken === source) node.append(made("span", { class: "tco-mark tco-taken" }, "taken"));
      else if (take && !taken) node.append(button(id, "take", `take ${text} of ${source}: ${id}`, { take: [id, source] }));
      return node;
    });
    const link = made("td");
    if (/^https?:\/\//.test(page)) link.append(made("a", { href: page, target: "_blank", rel: "noopener noreferrer", "aria-label": `page of ${id}` }, "page"));
    const last = made("td", {}, taken ? null : button(id, "refuse", `refuse: ${id}`, { refuse: [id] }));
    return made("tr", { class: taken ? "tco-chosen" : undefined },
      made("th", { scope: "row" }, name), made("td", { class: "num", title: ours_row || undefined }, ours), ...cells, made("td", {}, state), link, last);
  }

  function draw() {
    const focused = el.contains(document.activeElement) ? document.activeElement.dataset?.id : undefined;
    region.setAttribute("aria-label", model.get("caption"));
    const [sources, rows] = [model.get("sources"), model.get("rows")];
    region.hidden = !rows.length;
    const heads = ["price, USD", "ours", ...sources, "", ""];
    const cells = heads.map((text, place) => made(text ? "th" : "td", { scope: text ? "col" : undefined, class: place && place < 2 + sources.length ? "num" : undefined }, text));
    cells.splice(2 + sources.length, 0, made("th", { scope: "col" }, "is"));
    table.replaceChildren(made("thead", {}, made("tr", {}, ...cells)), made("tbody", {}, ...rows.map(line)));
    if (focused === undefined) return;
    const all = [...table.querySelectorAll("button")];
    (all.find((one) => one.dataset.id === focused) ?? all[0])?.focus({ preventScroll: true });
  }
  model.on("change:rows change:sources change:caption", draw);
  draw();
  return () => model.off(null, draw);
}

export default { render };
