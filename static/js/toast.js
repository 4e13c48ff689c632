// Short messages: those the page came with, and those the server sends with an htmx answer:
// HX-Trigger: {"toast": {"level": "success", "message": "…"}}. Good news leaves by itself, bad news stays.
(() => {
  const STAYS = 7000;
  let region;

  // While a dialog is open everything outside it is out of reach, also for screen readers: the toasts move in with it.
  const moveIn = () => {
    const open = [...document.querySelectorAll("dialog[open]")].pop();
    const home = open || document.body;
    if (region.parentElement !== home) home.append(region);
  };
  const moveHome = () => region && region.parentElement !== document.body && document.body.append(region);

  const letGo = (toast) => {
    if (toast.dataset.level === "error" || toast.dataset.level === "warning") return;
    let timer;
    const release = () => (timer = setTimeout(() => toast.remove(), STAYS));
    const hold = () => clearTimeout(timer);
    toast.addEventListener("pointerenter", hold);
    toast.addEventListener("pointerleave", release);
    toast.addEventListener("focusin", hold);
    toast.addEventListener("focusout", release);
    release();
  };

  const show = ({ level = "info", message }) => {
    const template =
      document.querySelector(`template[data-toast="${CSS.escape(level)}"]`) || document.querySelector("template[data-toast=info]");
    const toast = template.content.firstElementChild.cloneNode(true);
    toast.querySelector("[data-toast-text]").textContent = message;
    moveIn();
    region.append(toast);
    letGo(toast);
  };

  document.addEventListener("DOMContentLoaded", () => {
    region = document.getElementById("toasts");
    region.querySelectorAll(".toast").forEach(letGo);
  });
  document.addEventListener("close", moveHome, true);
  document.addEventListener("htmx:beforeSwap", moveHome);
  document.addEventListener("click", (event) => event.target.closest("[data-toast-close]")?.closest(".toast")?.remove());
  document.addEventListener("toast", (event) => show(event.detail));

  const say = (name) => show({ level: "error", message: region.dataset[name] });
  document.addEventListener("htmx:sendError", () => say("offline"));
  document.addEventListener("htmx:timeout", () => say("offline"));
  document.addEventListener("htmx:responseError", (event) => {
    say({ 403: "forbidden", 404: "gone", 409: "conflict" }[event.detail.xhr.status] || "failed");
  });
})();
