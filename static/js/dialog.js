// Dialogs: data-dialog-open="id" opens one of the page, data-dialog-close closes the one around it, a click beside it too
// (unless it has data-dialog-keep: a form half filled in is not lost to a slip). Esc and the return of the focus are the
// browser's own. Whatever htmx puts into #dialog opens it: hx-get="…" hx-target="#dialog".
// The server closes it with the header HX-Trigger: {"dialog:close": true}.
(() => {
  const open = (dialog) => {
    if (!dialog.open) dialog.showModal();
    const first =
      dialog.querySelector("[aria-invalid=true]") ||
      dialog.querySelector("[autofocus]") ||
      dialog.querySelector("[data-dialog-heading]");
    first?.focus();
  };

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog-open]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.dialogOpen);
      if (dialog) {
        event.preventDefault();
        open(dialog);
      }
      return;
    }
    const closer = event.target.closest("[data-dialog-close]");
    const around = closer?.closest("dialog");
    if (around) {
      event.preventDefault();
      around.close();
    }
  });

  // A press that began inside and ended outside (selecting text) is not a click beside it.
  let pressedBeside = false;
  document.addEventListener("pointerdown", (event) => {
    pressedBeside = event.target.matches?.("dialog[open]") && !inside(event);
  });
  document.addEventListener("click", (event) => {
    const dialog = event.target;
    if (!dialog.matches?.("dialog[open]:not([data-dialog-keep])") || !pressedBeside || inside(event)) return;
    if (!dialog.querySelector("[data-dialog-keep]")) dialog.close();
  });

  function inside(event) {
    const box = event.target.getBoundingClientRect();
    return event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
  }

  document.addEventListener("htmx:afterSettle", (event) => {
    const dialog = event.detail.target?.closest?.("dialog[data-dialog-host]");
    if (dialog && dialog.childElementCount) open(dialog);
  });
  document.addEventListener("dialog:close", () => {
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  });
  document.addEventListener("close", (event) => {
    if (event.target.matches?.("dialog[data-dialog-host]")) event.target.replaceChildren();
  }, true);
})();
