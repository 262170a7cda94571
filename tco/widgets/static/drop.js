// A place to drop files on, or to choose them with the keys: they travel in pieces, so that no message is too large.
const PIECE_BYTES = 2 ** 21;

function render({ model, el }) {
  const id = "tco-" + Math.random().toString(36).slice(2);
  el.classList.add("tco-drop");
  el.innerHTML = `<label for="${id}"></label><input type="file" id="${id}" multiple><div class="tco-help"></div>
    <div class="tco-note" role="status"></div>`;
  const [label, input, help, note] = ["label", "input", ".tco-help", ".tco-note"].map((s) => el.querySelector(s));
  label.textContent = model.get("label");
  help.textContent = model.get("help");
  input.dataset.lmSuppressShortcuts = "true"; // else JupyterLab takes its keys

  async function give(files) {
    let begin = true;
    for (const file of files) {
      for (let at = 0; at === 0 || at < file.size; at += PIECE_BYTES) {
        note.textContent = `Reading ${file.name} …`;
        const piece = await file.slice(at, at + PIECE_BYTES).arrayBuffer();
        model.send({ name: file.name, begin }, undefined, [piece]);
        begin = false;
      }
    }
    if (!begin) model.send({ end: true });
    note.textContent = [...files].map((file) => file.name).join(", ");
  }

  const stop = (event) => { event.preventDefault(); event.stopPropagation(); };
  for (const name of ["dragenter", "dragover"]) el.addEventListener(name, (event) => { stop(event); el.classList.add("tco-over-drop"); });
  for (const name of ["dragleave", "drop"]) el.addEventListener(name, (event) => { stop(event); el.classList.remove("tco-over-drop"); });
  el.addEventListener("drop", (event) => give([...event.dataTransfer.files]));
  input.addEventListener("change", () => { give([...input.files]); input.value = ""; });
}

export default { render };
