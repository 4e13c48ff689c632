// Menus are native popovers, so Esc and a click elsewhere close them without us. This puts each under its button and
// lets the arrow keys walk through it.
(() => {
  const GAP = 4;

  const place = (menu, button) => {
    const from = button.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = menu;
    const below = from.bottom + GAP + height <= innerHeight || from.top < height + GAP;
    const left = from.left + width <= innerWidth - GAP ? from.left : from.right - width;
    menu.style.left = `${Math.max(GAP, Math.min(left, innerWidth - width - GAP))}px`;
    menu.style.top = `${Math.max(GAP, below ? Math.min(from.bottom + GAP, innerHeight - height - GAP) : from.top - GAP - height)}px`;
    menu.dataset.placed = "";
  };

  const buttonOf = (menu) => document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]`);
  const items = (menu) => [...menu.querySelectorAll("a[href], button:not(:disabled)")];

  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (!menu.matches?.(".menu")) return;
    const button = buttonOf(menu);
    button?.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState === "open" && button) place(menu, button);
    // htmx carries attributes over to what replaces an element, and the content security policy refuses a style attribute.
    else {
      menu.removeAttribute("style");
      delete menu.dataset.placed;
    }
  }, true);

  document.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const opener = event.target.closest?.("[popovertarget]");
    const menu = event.target.closest?.(".menu:popover-open") || (opener && document.getElementById(opener.getAttribute("popovertarget")));
    if (!menu?.matches(".menu:popover-open")) return;
    event.preventDefault();
    const all = items(menu);
    const here = all.indexOf(document.activeElement);
    const step = event.key === "ArrowDown" ? 1 : -1;
    all[here < 0 ? (step > 0 ? 0 : all.length - 1) : (here + step + all.length) % all.length]?.focus();
  });

  // What a menu opens lies over it: the menu has done its work.
  document.addEventListener("click", (event) => {
    event.target.closest(".menu-item")?.closest(".menu:popover-open")?.hidePopover();
  });

  // It stays with its button while the page or the map scrolls under it.
  const follow = (event) => {
    if (event.target !== window && event.target.closest?.(".menu")) return;
    for (const menu of document.querySelectorAll(".menu:popover-open")) {
      const button = buttonOf(menu);
      if (button) place(menu, button);
    }
  };
  addEventListener("resize", follow);
  document.addEventListener("scroll", follow, { capture: true, passive: true });
})();
