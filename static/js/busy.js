// A sent form shows that it is on its way, and is not sent twice. (htmx marks its own requests.)
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "dialog" || form.matches("[hx-post], [hx-get], [hx-put], [hx-patch], [hx-delete]")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
});
// Back from the next page: the form can be sent again. A download never leaves the page, so time frees it too.
const free = () => document.querySelectorAll("form[data-sent]").forEach((form) => {
  delete form.dataset.sent;
  form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
});
addEventListener("pageshow", (event) => event.persisted && free());
document.addEventListener("submit", () => setTimeout(free, 10000));
