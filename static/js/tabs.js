// Rows of tabs. Within a page: [data-tabs] holds links to the ids of its panels. Without the script all panels are shown, one
// below the other, and the links jump to them.
(() => {
  const choose = (tabs, chosen, focus) => {
    for (const tab of tabs) {
      const on = tab === chosen;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
      document.getElementById(tab.hash.slice(1)).hidden = !on;
    }
    if (focus) chosen.focus();
  };

  const enhance = (list) => {
    if (list.role === "tablist") return;
    const tabs = [...list.querySelectorAll("a[href^='#']")];
    list.setAttribute("role", "tablist");
    for (const tab of tabs) {
      const panel = document.getElementById(tab.hash.slice(1));
      tab.id ||= `${panel.id}-tab`;
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", panel.id);
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", tab.id);
      panel.tabIndex = 0;
      tab.addEventListener("click", (event) => {
        event.preventDefault();
        choose(tabs, tab, true);
      });
      tab.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        event.preventDefault();
        choose(tabs, tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length], true);
      });
    }
    choose(tabs, tabs.find((tab) => tab.hash === location.hash) || tabs[0], false);
  };

  // A row of tabs that is wider than the screen begins at the one where one is.
  const showCurrent = () => {
    for (const tab of document.querySelectorAll(".tabs > [aria-current]")) {
      const row = tab.parentElement;
      row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
    }
  };

  const all = (root) => root.querySelectorAll("[data-tabs]").forEach(enhance);
  document.addEventListener("DOMContentLoaded", () => {
    all(document);
    showCurrent();
  });
  document.addEventListener("htmx:load", (event) => all(event.detail.elt));
})();
