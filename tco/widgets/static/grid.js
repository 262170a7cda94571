// An editable table: native inputs and selects in a table of role grid. Arrow keys move, typing edits, Enter keeps, Escape
// takes back. A row is drawn anew only when it has changed, and what is being typed in it stays.
const PAUSE_MS = 600;
const FAR = 10;
const ACTS = { "new price": "New price", end: "End", correct: "Correct", "put back": "Put back", remove: "Remove", leave: "Leave" };
const HINT = {
  "new price": "A new row of this price, from today; this row stays as it is",
  end: "From a day on this price no longer holds",
  correct: "This row was wrong when it was written: open it for editing",
  "put back": "As it is in the file",
  remove: "Take this new row out again",
  leave: "Close it for editing",
};

function made(tag, attributes = {}, ...inside) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") node.className = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...inside.filter((part) => part));
  return node;
}

// What can be moved to: its place in the row, and JupyterLab must not take its keys.
const at = (place) => ({ "data-at": place, "data-lm-suppress-shortcuts": "true" });

const priced = (name) => name === "price" || name === "base";

function render({ model, el }) {
  const id = "tco-grid-" + Math.random().toString(36).slice(2);
  const columns = new Map();
  const drawn = new Map();
  const timers = new Map();
  let redrawing = false;
  let active = null;

  const table = made("table", { role: "grid", class: "tco-grid-table" });
  const head = made("thead"), body = made("tbody");
  table.append(head, body);
  const scroll = made("div", { class: "tco-grid-scroll", "data-lm-suppress-shortcuts": "true" }, table);
  const help = made("p", { class: "tco-grid-help", id: `${id}-help` }, "Arrow keys move · typing edits · Enter keeps · Escape takes back");
  const nothing = made("p", { class: "tco-grid-empty" });
  el.classList.add("tco-grid");
  el.append(scroll, nothing, help);

  // ---- one row

  const tellId = (key, place) => `${id}-${key}-${place}`;
  const describes = (row, name) => row.told.flatMap(([names], place) => (names.includes(name) ? [tellId(row.key, place)] : [])).join(" ");
  const wrong = (row, name) => row.told.some(([names, level]) => names.includes(name) && level === "error");
  const worst = (row, name) => (wrong(row, name) ? "tco-wrong" : row.told.some(([names]) => names.includes(name)) ? "tco-odd" : "");

  function editor(row, column) {
    const text = row.cells[column.name] ?? "";
    const was = row.was[column.name];
    const shared = {
      ...at(column.name),
      "aria-label": `${column.label} of ${row.name}${was === undefined ? "" : `, was ${was || "blank"}`}`,
      "aria-invalid": wrong(row, column.name) ? "true" : undefined,
      "aria-describedby": describes(row, column.name) || undefined,
      title: column.help || undefined,
    };
    if (column.kind === "choice") {
      const known = column.choices.includes(text) ? column.choices : [text, ...column.choices];
      const select = made("select", shared, ...known.map((value) => made("option", { value }, value || "—")));
      select.value = text;
      return select;
    }
    const input = made("input", {
      ...shared, type: "text", autocomplete: "off", spellcheck: "false",
      inputmode: column.kind === "number" ? "decimal" : undefined,
      placeholder: column.kind === "day" ? "2026-12-31" : undefined,
      class: column.kind === "number" ? "num" : undefined,
    });
    input.value = input.dataset.sent = text;
    return input;
  }

  function cell(row, column, first) {
    const free = row.edit.includes(column.name);
    const text = row.cells[column.name] ?? "";
    const was = row.was[column.name];
    const classes = [column.kind === "number" ? "num" : "", worst(row, column.name), was !== undefined ? "tco-cell-changed" : ""];
    const node = made(first ? "th" : "td", {
      scope: first ? "row" : undefined,
      class: [`tco-col-${column.name}`, ...classes].filter(Boolean).join(" "),
      title: was !== undefined ? `was ${was || "blank"}` : undefined,
    });
    if (free) node.append(editor(row, column));
    else {
      for (const [name, value] of Object.entries(at(column.name))) node.setAttribute(name, value);
      node.tabIndex = -1;
      if (wrong(row, column.name)) node.setAttribute("aria-invalid", "true");
      if (describes(row, column.name)) node.setAttribute("aria-describedby", describes(row, column.name));
      node.append(text);
    }
    if (priced(column.name)) node.append(made("span", { class: "tco-grid-unit" }, row.unit));
    return node;
  }

  function button(row, act, text, hint, send) {
    const node = made("button", { type: "button", ...at(act), title: hint, "aria-label": `${text}: ${row.name}`, tabindex: -1 }, text);
    node.addEventListener("click", send);
    return node;
  }

  function main(row) {
    const shown = model.get("table").shown;
    const cells = shown.map((name, place) => cell(row, columns.get(name), place === 0));
    const more = button(row, "more", row.open ? "▾" : "▸", "The rest of this row", () => model.send({ open: [row.key] }));
    more.className = "tco-grid-more-button";
    more.setAttribute("aria-label", `The rest of ${row.name}`);
    more.setAttribute("aria-expanded", String(row.open));
    cells[0].prepend(more);
    const known = !(row.mark === "new" && row.state === "to mend"); // its faults say so already
    const chip = known && made("span", { class: `tco-state tco-state-${row.state.replace(" ", "-")}` }, row.state);
    const basis = row.basis ? made("span", { class: "tco-mark tco-mark-basis" }, row.basis) : null;
    const mark = row.mark ? made("span", { class: "tco-mark" }, row.mark) : null;
    const state = made("td", { class: "tco-grid-state", ...at("state"), tabindex: -1 }, mark, chip, basis);
    const acts = row.acts.map((act) => button(row, act, ACTS[act], HINT[act], () => model.send({ act: [act, row.key] })));
    const classes = ["tco-grid-row", row.mark ? `tco-row-${row.mark}` : "", row.state === "ended" ? "tco-row-ended" : ""];
    return made("tr", { class: classes.filter(Boolean).join(" ") }, ...cells, state, made("td", { class: "tco-grid-acts" }, ...acts));
  }

  function rest(row) {
    const { shown, columns: all } = model.get("table");
    const fields = all.filter(({ name }) => !shown.includes(name)).map((column) => {
      const free = row.edit.includes(column.name), text = row.cells[column.name] ?? "";
      const value = free ? editor(row, column) : made("span", { class: "tco-grid-value", ...at(column.name), tabindex: -1 });
      if (!free && column.name === "source_url" && /^https?:\/\//.test(text)) {
        value.append(made("a", { href: text, target: "_blank", rel: "noopener noreferrer" }, text));
      } else if (!free) value.append(text || "—");
      const classes = ["tco-grid-field", `tco-grid-field-${column.name}`, worst(row, column.name), row.was[column.name] !== undefined ? "tco-cell-changed" : ""];
      return made("div", { class: classes.filter(Boolean).join(" ") }, made("span", { class: "tco-grid-label" }, column.label), value);
    });
    const box = made("td", { colspan: shown.length + 2 }, made("div", { class: "tco-grid-fields" }, ...fields));
    return made("tr", { class: "tco-grid-rest" }, box);
  }

  function tell(row, [names, level, text, kind], place) {
    const of = names.map((name) => columns.get(name)?.label ?? "Row").join(", ");
    const words = made("span", { id: tellId(row.key, place) }, made("b", {}, `${level === "error" ? "▲" : "△"} ${of} `), text);
    const accept = kind ? button(row, `accept-${place}`, "It is so on the page", `Write in the note: accepted: ${kind}`, () => model.send({ accept: [row.key, kind] })) : null;
    const box = made("td", { colspan: model.get("table").shown.length + 2, class: level === "error" ? "tco-grid-fault" : "tco-grid-caution" }, words, accept);
    return made("tr", { class: "tco-grid-told" }, box);
  }

  function trs(row) {
    const all = [main(row), row.open ? rest(row) : null, ...row.told.map((one, place) => tell(row, one, place))].filter(Boolean);
    for (const tr of all) tr.dataset.key = row.key;
    return all;
  }

  // ---- the whole

  function header() {
    const { shown, sort, falling, unit } = model.get("table");
    const json = JSON.stringify([shown, sort, falling, unit, [...columns.keys()]]);
    if (head.dataset.json === json) return;
    head.dataset.json = json;
    const cells = shown.map((name) => {
      const column = columns.get(name);
      const order = sort === name ? (falling ? "descending" : "ascending") : "none";
      const sorter = made("button", { type: "button", ...at(name), title: column.help || undefined, "aria-label": `Sort by ${column.label}`, tabindex: -1 },
        column.label, priced(name) ? made("span", { class: "tco-grid-unit" }, unit) : null, made("span", { "aria-hidden": "true", class: "tco-sort" }, order === "none" ? "" : falling ? " ▾" : " ▴"));
      sorter.addEventListener("click", () => model.send({ sort: [name] }));
      return made("th", { scope: "col", "aria-sort": order, class: [`tco-col-${name}`, column.kind === "number" ? "num" : ""].join(" ") }, sorter);
    });
    head.replaceChildren(made("tr", {}, ...cells, made("th", { scope: "col" }, "State"), made("th", { scope: "col" }, made("span", { class: "tco-grid-hidden" }, "What to do"))));
  }

  function draw() {
    const { columns: all, rows } = model.get("table");
    if (!all) return;
    columns.clear();
    for (const column of all) columns.set(column.name, column);
    table.setAttribute("aria-label", model.get("caption"));
    table.setAttribute("aria-describedby", `${id}-help`);
    const typing = kept();
    redrawing = true;
    header();
    const { shown } = model.get("table");
    const seen = new Set();
    let next = body.firstChild;
    for (const row of rows) {
      seen.add(String(row.key));
      const json = JSON.stringify([row, shown]);
      let old = drawn.get(String(row.key));
      if (!old || old.json !== json) {
        const nodes = trs(row);
        if (old) {
          if (old.nodes.includes(next)) next = old.nodes.at(-1).nextSibling;
          for (const node of old.nodes) node.remove();
        }
        old = { json, nodes };
        drawn.set(String(row.key), old);
      }
      for (const node of old.nodes) {
        if (node === next) next = next.nextSibling;
        else body.insertBefore(node, next);
      }
    }
    for (const [key, { nodes }] of drawn) {
      if (seen.has(key)) continue;
      for (const node of nodes) node.remove();
      drawn.delete(key);
    }
    nothing.textContent = rows.length ? "" : model.get("empty");
    table.hidden = !rows.length;
    restore(typing);
    redrawing = false;
    settle();
  }

  // ---- what is being typed survives a drawing

  const find = (key, place) => [...body.querySelectorAll(`tr[data-key="${key}"] [data-at]`)].find((node) => node.dataset.at === place);

  function kept() {
    const node = document.activeElement;
    if (!node || !body.contains(node) || !node.dataset.at) return null;
    const text = node.matches("input") ? { value: node.value, from: node.selectionStart, to: node.selectionEnd, sent: node.dataset.sent, before: node.dataset.before } : null;
    return { key: node.closest("tr").dataset.key, place: node.dataset.at, node, text };
  }

  function restore(typing) {
    if (!typing || typing.node.isConnected) return;
    const node = find(typing.key, typing.place);
    if (!node) return;
    node.focus({ preventScroll: true });
    if (typing.text && node.matches("input")) {
      node.value = typing.text.value;
      node.dataset.sent = typing.text.sent;
      node.dataset.before = typing.text.before;
      node.setSelectionRange(typing.text.from, typing.text.to);
    }
  }

  // Exactly one place of the table is in the way of the Tab key, and every box that can be typed in.
  function settle() {
    if (!active || !active.isConnected) active = body.querySelector("[data-at]") ?? head.querySelector("[data-at]");
    for (const node of table.querySelectorAll('[data-at][tabindex="0"]')) if (node !== active && !node.matches("input, select")) node.tabIndex = -1;
    if (active) active.tabIndex = 0;
  }

  // ---- what people do

  function send(node) {
    const key = node.closest("tr").dataset.key;
    clearTimeout(timers.get(node));
    timers.delete(node);
    if (node.matches("input")) {
      if (node.value === node.dataset.sent) return;
      node.dataset.sent = node.value;
    }
    model.send({ set: [Number(key), node.dataset.at, node.value] });
  }

  const editable = (event) => (event.target.matches?.("input[data-at], select[data-at]") && body.contains(event.target) ? event.target : null);
  body.addEventListener("input", (event) => {
    const node = editable(event);
    if (!node || node.matches("select")) return;
    clearTimeout(timers.get(node));
    timers.set(node, setTimeout(() => node.isConnected && send(node), PAUSE_MS));
  });
  body.addEventListener("change", (event) => { if (!redrawing && editable(event)) send(event.target); });
  table.addEventListener("focusin", (event) => {
    const node = event.target.closest("[data-at]");
    if (!node || redrawing) return;
    if (node.matches("input")) node.dataset.before = node.value;
    active = node;
    settle();
  });

  const lines = () => [...table.querySelectorAll("tr")].filter((tr) => tr.querySelector("[data-at]"));
  const places = (tr) => [...tr.querySelectorAll("[data-at]")];

  function go(node) {
    if (!node) return;
    node.focus();
    if (node.matches("input")) node.select();
    node.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  function step(node, by) {
    const all = lines(), index = all.indexOf(node.closest("tr"));
    const wanted = all[Math.min(Math.max(index + by, 0), all.length - 1)];
    if (!wanted || wanted === all[index]) return;
    const own = places(wanted);
    const place = Math.min(places(all[index]).indexOf(node), own.length - 1);
    go(own.find((other) => other.dataset.at === node.dataset.at) ?? own[place]);
  }

  table.addEventListener("keydown", (event) => {
    const node = event.target.closest("[data-at]");
    if (!node || event.altKey || event.metaKey) return;
    const text = node.matches("input"), select = node.matches("select");
    const whole = !text || (node.selectionStart === 0 && node.selectionEnd === node.value.length);
    const row = places(node.closest("tr")), place = row.indexOf(node);
    const all = lines();
    const moves = {
      ArrowUp: () => step(node, -1), ArrowDown: () => step(node, 1), PageUp: () => step(node, -FAR), PageDown: () => step(node, FAR),
      ArrowLeft: () => go(row[Math.max(place - 1, 0)]), ArrowRight: () => go(row[Math.min(place + 1, row.length - 1)]),
      Home: () => go(event.ctrlKey ? places(all[0])[0] : row[0]),
      End: () => go(event.ctrlKey ? places(all.at(-1)).at(-1) : row.at(-1)),
    };
    const move = moves[event.key];
    const sideways = ["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key);
    if (move && !event.shiftKey && !(sideways && !whole) && !(select && !sideways)) {
      event.preventDefault();
      move();
    } else if (text && event.key === "Enter") {
      send(node);
      node.select();
    } else if (text && event.key === "Escape") {
      node.value = node.dataset.before ?? node.value;
      send(node);
      node.select();
    } else if (text && event.key === "F2") {
      node.setSelectionRange(node.value.length, node.value.length);
    } else return;
    event.stopPropagation();
  });

  let heard = 0;
  function look() {
    const [key, place, number] = model.get("focus");
    if (!number || number === heard) return;
    const node = find(key, place) ?? body.querySelector(`tr[data-key="${key}"] [data-at]`);
    if (!node) return;
    heard = number;
    go(node);
  }

  const redraw = () => { draw(); look(); };
  heard = model.get("focus")?.[2] ?? 0; // an old wish does not take the cursor when the page is opened anew
  model.on("change:table change:caption change:empty", redraw);
  model.on("change:focus", look);
  draw();
  return () => {
    for (const timer of timers.values()) clearTimeout(timer);
    model.off(null, redraw);
    model.off(null, look);
  };
}

export default { render };
