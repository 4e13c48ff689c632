// A form with data-auto-submit is sent as soon as a choice in it changes; its button, marked data-auto-submit-button, is
// for people without the script. Typed text waits for Enter.
(() => {
  const hide = (root) => root.querySelectorAll("[data-auto-submit-button]").forEach((button) => (button.hidden = true));
  document.addEventListener("DOMContentLoaded", () => hide(document));
  document.addEventListener("htmx:load", (event) => hide(event.detail.elt));
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (form?.matches("[data-auto-submit]") && !event.target.matches("[type=text], [type=search], textarea")) form.requestSubmit();
  });
})();
