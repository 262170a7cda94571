// A table whose rows can be taken: a native table, a button in each row, the chosen one marked in words and in colour.
function cellOf(text, tag, place, model) {
  const cell = document.createElement(tag);
  if (model.get("numbers").includes(place)) cell.className = "num";
  const badge = model.get("badge");
  const end = badge && text.includes(badge) ? text.indexOf(badge) + badge.length : 0;
  if (end) {
    const mark = document.createElement("span");
    mark.className = "tco-badge";
    mark.textContent = text.slice(0, end);
    cell.append(mark, text.slice(end));
  } else cell.textContent = text;
  return cell;
}

function render({ model, el }) {
  el.classList.add("tco-page");
  const region = document.createElement("div");
  region.className = "tco-scroll";
  region.tabIndex = 0;
  region.setAttribute("role", "region");
  const table = document.createElement("table");
  table.className = "tco-pick";
  region.append(table);
  el.append(region);
  region.dataset.lmSuppressShortcuts = "true"; // else JupyterLab takes its keys

  function head() {
    const row = document.createElement("tr");
    model.get("headings").forEach((text, place) => {
      const cell = cellOf(text, "th", place, model);
      cell.scope = "col";
      row.append(cell);
    });
    const last = document.createElement("td"); // over the buttons
    row.append(last);
    const made = document.createElement("thead");
    made.append(row);
    return made;
  }

  function line({ key, cells, chosen }) {
    const row = document.createElement("tr");
    cells.forEach((text, place) => {
      const cell = cellOf(text, place ? "td" : "th", place, model);
      if (!place) cell.scope = "row";
      row.append(cell);
    });
    const last = document.createElement("td");
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.key = key;
    button.dataset.lmSuppressShortcuts = "true";
    button.textContent = chosen ? "in use" : model.get("verb");
    button.setAttribute("aria-label", `${button.textContent}: ${cells[0]}`);
    button.setAttribute("aria-pressed", String(chosen));
    button.addEventListener("click", () => model.send({ pick: key }));
    last.append(button);
    row.append(last);
    row.classList.toggle("tco-chosen", chosen);
    return row;
  }

  function draw() {
    const focused = el.contains(document.activeElement) ? document.activeElement.dataset?.key : undefined;
    region.setAttribute("aria-label", model.get("caption"));
    const body = document.createElement("tbody");
    body.append(...model.get("rows").map(line));
    table.replaceChildren(head(), body);
    if (focused !== undefined) [...table.querySelectorAll("button")].find((b) => b.dataset.key === focused)?.focus();
  }
  model.on("change:rows change:headings change:caption", draw);
  draw();
  return () => model.off(null, draw);
}

export default { render };
