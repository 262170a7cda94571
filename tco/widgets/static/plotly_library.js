// Holds plotly.js once for a page, however many charts there are: charts await the promise, this model resolves it.
// The line with PLOTLY_SOURCE is replaced by the script that travels with the package.
const shared = (globalThis[Symbol.for("tco.plotly")] ??= Promise.withResolvers
  ? Promise.withResolvers()
  : (() => { const d = {}; d.promise = new Promise((resolve) => { d.resolve = resolve; }); return d; })());

function load() {
  const module = { exports: {} };
  const before = Object.getOwnPropertyDescriptor(window, "Plotly");
  (function (module, exports) {
/* PLOTLY_SOURCE */
  })(module, module.exports);
  // The script also names itself on the window: leave there what another package may have put.
  if (before) Object.defineProperty(window, "Plotly", before);
  else delete window.Plotly;
  return module.exports;
}

function provide() {
  if (!shared.loaded) {
    shared.loaded = true;
    shared.resolve(load());
  }
}

export default { initialize: provide, render: provide };
