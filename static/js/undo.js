// Each tab has operations of its own to take back: its name goes with every request. Ctrl+Z and Ctrl+Shift+Z (or Ctrl+Y) do
// what the buttons do, except where somebody types: there they belong to the text.
(() => {
  const tab = sessionStorage.getItem("tab") ?? crypto.getRandomValues(new Uint32Array(2)).join("-");
  sessionStorage.setItem("tab", tab);
  document.addEventListener("htmx:configRequest", (event) => (event.detail.headers["X-Parcours-Tab"] = tab));

  document.addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || event.altKey || !["z", "y"].includes(key)) return;
    if (event.target.closest("input, textarea, select, [contenteditable], dialog[open]")) return;
    event.preventDefault();
    document.getElementById(key === "y" || event.shiftKey ? "map-redo" : "map-undo")?.click();
  });
})();
