// A box that filters a list: data-filter-list="id of the list". Each row has data-filter-item; data-filter-status in the
// list's parent tells how many are left; data-filter-empty shows when none is. A data-filter-heading shows with its rows.
(() => {
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  const filter = (box) => {
    const list = document.getElementById(box.dataset.filterList);
    if (!list) return;
    const words = plain(box.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of list.querySelectorAll("[data-filter-item]")) {
      const text = plain(row.dataset.filterItem || row.textContent);
      // A chosen row stays in sight: one must see what will be sent.
      row.hidden = !row.querySelector("input:checked") && !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    for (const heading of list.querySelectorAll("[data-filter-heading]")) {
      let row = heading.nextElementSibling;
      while (row?.hidden && !row.hasAttribute("data-filter-heading")) row = row.nextElementSibling;
      heading.hidden = !row?.hasAttribute("data-filter-item");
    }
    const around = box.closest("[data-filter]") || list.parentElement;
    const status = around.querySelector("[data-filter-status]");
    if (status) status.textContent = status.dataset.filterStatus.replace("%n", shown);
    const empty = around.querySelector("[data-filter-empty]");
    if (empty) empty.hidden = shown > 0;
  };

  document.addEventListener("input", (event) => event.target.matches("[data-filter-list]") && filter(event.target));
  document.addEventListener("keydown", (event) => {
    // Enter in the box would send the form around it.
    if (event.key === "Enter" && event.target.matches("[data-filter-list]")) event.preventDefault();
  });
})();
