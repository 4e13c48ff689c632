// A map that draws itself anew must not get in the way: an element with data-ask-when-idle asks for news only while the
// page is seen and no menu or dialog is open, and the focus stays where it was.
(() => {
  const isBusy = () => document.hidden || document.querySelector(".menu:popover-open, dialog[open]") !== null;
  let focused = null;

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.matches("[data-ask-when-idle]") && isBusy()) event.preventDefault();
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    const map = document.getElementById("map");
    if (event.detail.target !== map) return;
    const here = document.activeElement;
    const inside = here && here !== map && map.contains(here);
    const href = inside && here.getAttribute("href");
    focused = !inside ? null : here.id ? `#${CSS.escape(here.id)}` : href ? `a[href="${CSS.escape(href)}"]` : null;
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target?.id !== "map" || !focused) return;
    if (document.activeElement === document.body) document.querySelector(`#map ${focused}`)?.focus({ preventScroll: true });
    focused = null;
  });
})();
