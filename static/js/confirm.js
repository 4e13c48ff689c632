// A question before something that cannot be undone: data-confirm="Delete this stage?" on a form or its submit button,
// hx-confirm="…" where htmx sends it. data-confirm-action="Delete stage" names the button. Without the script the form
// is simply sent; the server keeps its own rules.
(() => {
  const ask = (element, question, proceed) => {
    const dialog = document.getElementById("confirm-dialog");
    const action = dialog.querySelector("[data-confirm-yes]");
    const button = element.matches("button") ? element : element.querySelector("button[type=submit]");
    dialog.querySelector("[data-confirm-text]").textContent = question;
    action.textContent = element.dataset.confirmAction || button?.textContent.trim() || action.dataset.default;
    dialog.returnValue = "";
    dialog.addEventListener("close", () => dialog.returnValue === "yes" && proceed(), { once: true });
    dialog.showModal();
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const asked = event.submitter?.closest("[data-confirm]") || form.closest("[data-confirm]");
    if (!asked || form.dataset.confirmed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    ask(asked, asked.dataset.confirm, () => {
      form.dataset.confirmed = "yes";
      form.requestSubmit(event.submitter);
      delete form.dataset.confirmed;
    });
  }, true);

  document.addEventListener("htmx:confirm", (event) => {
    if (!event.detail.question) return;
    event.preventDefault();
    ask(event.detail.elt, event.detail.question, () => event.detail.issueRequest(true));
  });
})();
